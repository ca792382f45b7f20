//! A JSON Schema that was compiled, and arguments against it.
//!
//! Draft 2020-12, or the older draft that `$schema` names. Patterns run in linear time, so those
//! with look-around or back references are refused. `format` is an annotation, as the draft has
//! it.
//!
//! A value is put into another type only where its schema says `"x-coerce": true`, and only if
//! nothing is lost:
//!
//! | the schema's type | takes also |
//! |---|---|
//! | `integer` | `"5"`, `"-5"` |
//! | `number` | `"5"`, `"2.5"`, `"1e3"` |
//! | `boolean` | `"true"`, `"false"` |
//! | `string` | a number, `true`, `false` |
//! | `array` | a value alone, as its only item |
//!
//! That holds for what `properties`, `items`, `additionalProperties`, `allOf` and `$ref` lead to.
//! `anyOf` and `oneOf` are not looked into: they take values as they come. Also without our
//! keyword, an `integer` that is written `1.0` becomes `1`: it is the same number to JSON Schema,
//! and not to serde.

use jsonschema::{PatternOptions, ValidationOptions, Validator};
use serde_json::{Number, Value};

use super::canonical::whole;
use super::hostile::{self, MAX_ARGUMENT_DEPTH, SchemaError, Work};
use super::violation::{Violation, shown};
use crate::panics;

/// Our keyword: the value may be put into the schema's type.
pub(crate) const COERCE: &str = "x-coerce";

/// The largest compiled pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 1 << 20;
/// Most violations that are told of one call.
const MAX_VIOLATIONS: usize = 50;
/// Most steps of a validation: about a second's.
const MAX_STEPS: u64 = 5_000_000;

/// A schema that was compiled.
#[derive(Debug)]
pub(crate) struct Schema {
    document: Value,
    validator: Validator,
    work: Work,
}

impl Schema {
    /// Looks at a schema and compiles it.
    ///
    /// # Errors
    /// If it is none, refers to something outside, or would take too long.
    pub fn compile(document: &Value) -> Result<Self, SchemaError> {
        let work = hostile::inspect(document)?;
        let invalid = |path: String, message: String| {
            let message = message.chars().take(300).collect();
            SchemaError::Invalid { path, message }
        };
        let validator = panics::contain(|| options().build(document))
            .map_err(|panic| invalid(String::new(), panic))?
            .map_err(|error| invalid(error.instance_path().to_string(), error.to_string()))?;
        Ok(Self {
            document: document.clone(),
            validator,
            work,
        })
    }

    /// Checks arguments; gives them back as the tool gets them, with what was coerced.
    ///
    /// # Errors
    /// All that is wrong with them, up to a bound.
    pub fn validate(&self, mut arguments: Value) -> Result<Value, Vec<Violation>> {
        let (depth, steps) = self.cost(&arguments);
        if steps.is_none_or(|steps| steps > MAX_STEPS) {
            let depth = depth.map_or_else(
                || format!("more than {MAX_ARGUMENT_DEPTH} levels"),
                |depth| format!("{depth} levels"),
            );
            let expected = "something smaller: checking this would take too long".to_owned();
            return Err(vec![Violation::new("", "maxDepth", expected, depth)]);
        }
        self.coerce(&self.document, &mut arguments);
        // The validator loses schemas that refer to each other in some circles, and then panics:
        // what can't be checked does not fit.
        let found = panics::contain(|| self.violations(&arguments)).unwrap_or_else(|panic| {
            let expected = "a schema that can be checked".to_owned();
            vec![Violation::new("", "$ref", expected, panic)]
        });
        if found.is_empty() {
            Ok(arguments)
        } else {
            Err(found)
        }
    }

    fn violations(&self, arguments: &Value) -> Vec<Violation> {
        let mut found = Vec::new();
        if self.validator.is_valid(arguments) {
            return found;
        }
        for error in self.validator.iter_errors(arguments).take(MAX_VIOLATIONS) {
            Violation::of(&error, &self.document, &mut found);
        }
        found.truncate(MAX_VIOLATIONS);
        found.dedup();
        if found.is_empty() {
            let expected = "what the schema says".to_owned();
            found.push(Violation::new("", "", expected, shown(arguments)));
        }
        found
    }

    /// How deep a value is, and the steps that it takes.
    fn cost(&self, value: &Value) -> (Option<usize>, Option<u64>) {
        let depth = hostile::depth_of(value, MAX_ARGUMENT_DEPTH);
        // The depth is bounded by now, so counting may recurse.
        let steps = depth.and_then(|depth| self.work.of(depth - 1, count(value)));
        (depth, steps)
    }

    fn coerce(&self, schema: &Value, value: &mut Value) {
        let Some(schema) = schema.as_object() else {
            return;
        };
        // `inspect` has bounded the chain already.
        let reference = schema.get("$ref").and_then(Value::as_str);
        let target = reference.and_then(|reference| reference.strip_prefix('#'));
        if let Some(target) = target.and_then(|target| self.document.pointer(target)) {
            self.coerce(target, value);
        }
        for part in schema
            .get("allOf")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            self.coerce(part, value);
        }
        if let Some(wanted) = schema.get("type").and_then(Value::as_str) {
            as_integer(wanted, value);
            if schema.get(COERCE) == Some(&Value::Bool(true)) {
                coerce_one(wanted, value);
            }
        }
        match value {
            Value::Array(items) => {
                let first = schema.get("prefixItems").and_then(Value::as_array);
                let rest = schema.get("items");
                for (at, item) in items.iter_mut().enumerate() {
                    let schema = first.and_then(|first| first.get(at)).or(rest);
                    if let Some(schema) = schema {
                        self.coerce(schema, item);
                    }
                }
            }
            Value::Object(fields) => {
                let known = schema.get("properties").and_then(Value::as_object);
                let rest = schema.get("additionalProperties");
                for (name, field) in fields {
                    let schema = known.and_then(|known| known.get(name)).or(rest);
                    if let Some(schema) = schema {
                        self.coerce(schema, field);
                    }
                }
            }
            _ => {}
        }
    }
}

/// The validator as it is used here.
pub(super) fn options<'i>() -> ValidationOptions<'i> {
    let patterns = PatternOptions::regex()
        .size_limit(MAX_PATTERN_BYTES)
        .dfa_size_limit(MAX_PATTERN_BYTES);
    jsonschema::options()
        .offline()
        .with_pattern_options(patterns)
}

/// Writes a whole number as one.
fn as_integer(wanted: &str, value: &mut Value) {
    if wanted == "integer"
        && let Value::Number(number) = &*value
        && let Some(whole) = whole(number)
    {
        *value = Value::from(whole);
    }
}

/// Puts a value into the only type that the schema has, if that loses nothing.
fn coerce_one(wanted: &str, value: &mut Value) {
    let coerced = match (wanted, &*value) {
        ("integer", Value::String(text)) => {
            let number: Option<Number> = text.parse().ok();
            number.filter(|number| !number.is_f64()).map(Value::Number)
        }
        ("number", Value::String(text)) => text.parse().ok().map(Value::Number),
        ("boolean", Value::String(text)) => text.parse().ok().map(Value::Bool),
        ("string", Value::Number(number)) => Some(Value::String(number.to_string())),
        ("string", Value::Bool(truth)) => Some(Value::String(truth.to_string())),
        ("array", Value::Array(_) | Value::Null) => None,
        ("array", alone) => Some(Value::Array(vec![alone.clone()])),
        _ => None,
    };
    if let Some(coerced) = coerced {
        *value = coerced;
    }
}

/// Values in a value, itself too, and the bytes of large texts.
fn count(value: &Value) -> u64 {
    let inner: u64 = match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(fields) => fields.values().map(count).sum(),
        Value::String(text) => text.len() as u64 / 1024,
        _ => 0,
    };
    inner + 1
}
