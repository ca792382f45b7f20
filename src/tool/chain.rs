//! Calls in a row, whose arguments name results of earlier ones.
//!
//! In the arguments of a step, a text that begins with `$` is a reference, and `$$` begins a text
//! with one dollar:
//!
//! | reference | what it stands for |
//! |---|---|
//! | `$` | what the step before gave: the handle of its first picture or blob, else its text, else its value |
//! | `$2` | the same of the second step |
//! | `$.images[0].image` | a place in the structured result of the step before |
//! | `$1.total`, `$1["a key"]` | a place in that of the first step |
//!
//! Pictures and blobs go on by their handles, so that bytes never become text.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value;

use super::{Content, ToolOutput};

/// Most steps of a chain.
const MAX_STEPS: usize = 100;
/// So many fields are named for one that is not there.
const MAX_FIELDS: usize = 12;

/// A call whose arguments may hold references.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Step {
    /// The tool's name.
    pub tool: String,
    /// Its arguments: an object.
    #[serde(default = "nothing")]
    pub arguments: Value,
}

fn nothing() -> Value {
    Value::Object(serde_json::Map::new())
}

/// Why a chain can't be called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChainError {
    /// A text begins with a dollar and is no reference.
    #[error("{text:?} begins with $ and names no result: {why}; $$ begins a text with a dollar")]
    Syntax {
        /// The text, shortened.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It names a step that is not before this one.
    #[error("{reference} names step {step}, and only {before} steps come before")]
    NotBefore {
        /// The reference.
        reference: String,
        /// The step that it names.
        step: usize,
        /// How many there are.
        before: usize,
    },
    /// The result has nothing there.
    #[error("{reference}: {why}")]
    NotThere {
        /// The reference.
        reference: String,
        /// What is there.
        why: String,
    },
    /// There are too many steps, or none.
    #[error("{0} steps: 1 to {MAX_STEPS} can be called in a row")]
    Count(usize),
}

/// A place in a value.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Key {
    Field(String),
    Item(usize),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Reference {
    text: String,
    /// From 1; the step before without it.
    step: Option<usize>,
    /// Into the structured result; the main value without it.
    path: Vec<Key>,
}

/// Checks all that can be known of a chain before it runs: the place of the step that is wrong,
/// from 1, and why.
pub(crate) fn check(steps: &[Step]) -> Result<(), (usize, ChainError)> {
    if steps.is_empty() || steps.len() > MAX_STEPS {
        return Err((steps.len(), ChainError::Count(steps.len())));
    }
    for (before, step) in steps.iter().enumerate() {
        let mut wrong = Ok(());
        each_text(&step.arguments, &mut |text| {
            let found = Reference::parse(text).and_then(|reference| match reference {
                Some(reference) => reference.index(before).map(drop),
                None => Ok(()),
            });
            if wrong.is_ok() {
                wrong = found;
            }
        });
        wrong.map_err(|error| (before + 1, error))?;
    }
    Ok(())
}

/// Whether arguments are the same whatever came before.
pub(crate) fn is_constant(arguments: &Value) -> bool {
    let mut is_constant = true;
    each_text(arguments, &mut |text| {
        is_constant &= matches!(Reference::parse(text), Ok(None));
    });
    is_constant
}

/// The arguments with the results that they name, of the steps so far.
///
/// # Errors
/// If a result has nothing at that place.
pub(crate) fn resolve(arguments: &Value, results: &[ToolOutput]) -> Result<Value, ChainError> {
    Ok(match arguments {
        Value::String(text) => {
            if let Some(reference) = Reference::parse(text)? {
                reference.value(results)?
            } else {
                let is_escaped = text.starts_with("$$");
                let text = text.get(usize::from(is_escaped)..).unwrap_or_default();
                Value::String(text.to_owned())
            }
        }
        Value::Array(items) => {
            let items = items.iter().map(|item| resolve(item, results));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Value::Object(fields) => {
            let fields = fields.iter();
            let fields = fields.map(|(name, field)| Ok((name.clone(), resolve(field, results)?)));
            Value::Object(fields.collect::<Result<_, _>>()?)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => arguments.clone(),
    })
}

fn each_text(value: &Value, each: &mut dyn FnMut(&str)) {
    match value {
        Value::String(text) => each(text),
        Value::Array(items) => items.iter().for_each(|item| each_text(item, each)),
        Value::Object(fields) => fields.values().for_each(|field| each_text(field, each)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

impl Reference {
    /// The reference that a text is, if it is one.
    fn parse(text: &str) -> Result<Option<Self>, ChainError> {
        let Some(rest) = text.strip_prefix('$') else {
            return Ok(None);
        };
        if rest.starts_with('$') {
            return Ok(None);
        }
        let wrong = |why| ChainError::Syntax {
            text: text.chars().take(60).collect(),
            why,
        };
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, mut rest) = rest.split_at(digits);
        let step = match number {
            "" => None,
            number => match number.parse() {
                Ok(step @ 1..) => Some(step),
                _ => return Err(wrong("steps are counted from 1")),
            },
        };
        let mut path = Vec::new();
        while !rest.is_empty() {
            let (key, after) = next_key(rest).map_err(wrong)?;
            path.push(key);
            rest = after;
        }
        Ok(Some(Self {
            text: text.to_owned(),
            step,
            path,
        }))
    }

    /// Which result it is about, of so many.
    fn index(&self, before: usize) -> Result<usize, ChainError> {
        let step = self.step.unwrap_or(before);
        if (1..=before).contains(&step) {
            return Ok(step - 1);
        }
        Err(ChainError::NotBefore {
            reference: self.text.clone(),
            step,
            before,
        })
    }

    fn value(&self, results: &[ToolOutput]) -> Result<Value, ChainError> {
        let not_there = |why: String| ChainError::NotThere {
            reference: self.text.clone(),
            why,
        };
        let output = results.get(self.index(results.len())?);
        let output = output.ok_or_else(|| not_there("it did not run".to_owned()))?;
        if self.path.is_empty() {
            return main_value(output).ok_or_else(|| not_there("the step gave nothing".to_owned()));
        }
        let structured = output.structured.as_ref();
        let mut value = structured
            .ok_or_else(|| not_there("the step gave text only, which is $ alone".to_owned()))?;
        for key in &self.path {
            value = key.of(value).map_err(not_there)?;
        }
        Ok(value.clone())
    }
}

/// What stands at the start of a path, and the rest of it.
fn next_key(path: &str) -> Result<(Key, &str), &'static str> {
    if let Some(rest) = path.strip_prefix('.') {
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-')))
            .unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        if name.is_empty() {
            return Err("a field's name has to follow the dot");
        }
        return Ok((Key::Field(name.to_owned()), rest));
    }
    let Some(rest) = path.strip_prefix('[') else {
        return Err("a number, .field or [item] may follow the dollar");
    };
    let unclosed = "there is no ] behind the [";
    if rest.starts_with('"') {
        let mut texts = serde_json::Deserializer::from_str(rest).into_iter::<String>();
        let name = texts.next().and_then(Result::ok);
        let name = name.ok_or("a name in [\"…\"] is a JSON string")?;
        let after = rest.get(texts.byte_offset()..).unwrap_or_default();
        let after = after.strip_prefix(']').ok_or(unclosed)?;
        return Ok((Key::Field(name), after));
    }
    let (number, after) = rest.split_once(']').ok_or(unclosed)?;
    let number = number
        .parse()
        .map_err(|_| "an item is [0], [1] and so on")?;
    Ok((Key::Item(number), after))
}

impl Key {
    fn of<'v>(&self, value: &'v Value) -> Result<&'v Value, String> {
        match (self, value) {
            (Self::Field(name), Value::Object(fields)) => fields.get(name).ok_or_else(|| {
                let mut why = format!("there is no field {name:?}; there are ");
                let names: Vec<_> = fields.keys().map(String::as_str).collect();
                let shown = names.len().min(MAX_FIELDS);
                why.push_str(&names.get(..shown).unwrap_or_default().join(", "));
                if names.len() > shown {
                    let _ = write!(why, " and {} more", names.len() - shown);
                }
                why
            }),
            (Self::Item(at), Value::Array(items)) => items
                .get(*at)
                .ok_or_else(|| format!("there is no item {at}: there are {}", items.len())),
            (Self::Field(name), other) => Err(format!("{} has no field {name:?}", kind_of(other))),
            (Self::Item(at), other) => Err(format!("{} has no item {at}", kind_of(other))),
        }
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// What a result is, if one value has to stand for it.
fn main_value(output: &ToolOutput) -> Option<Value> {
    let handle = output.content.iter().find_map(|content| match content {
        Content::Image { artifact } => Some(artifact.blob),
        Content::Blob { blob, .. } => Some(*blob),
        Content::Text { .. } | Content::Json { .. } => None,
    });
    if let Some(handle) = handle {
        return Some(Value::String(handle.to_string()));
    }
    let texts = output.content.iter().filter_map(|content| match content {
        Content::Text { text } => Some(text.as_str()),
        _ => None,
    });
    let texts: Vec<_> = texts.collect();
    if !texts.is_empty() {
        return Some(Value::String(texts.concat()));
    }
    output.structured.clone()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::protocol::BlobId;

    fn steps(steps: Value) -> Vec<Step> {
        serde_json::from_value(steps).expect("steps")
    }

    fn results() -> Vec<ToolOutput> {
        let blob = Content::Blob {
            blob: BlobId([0xab; 32]),
            media_type: "text/csv".to_owned(),
            size_bytes: 9,
        };
        vec![
            ToolOutput {
                content: vec![
                    Content::Text {
                        text: "told".to_owned(),
                    },
                    blob,
                ],
                structured: Some(json!({ "rows": [{ "a": 1 }, { "a key": [true] }], "n-1": "$5" })),
                is_error: false,
            },
            ToolOutput::text("one\n"),
            ToolOutput::structured(json!([1, 2])),
            ToolOutput::default(),
        ]
    }

    #[test]
    fn references_are_results_and_other_texts_stay() {
        let results = results();
        let handle = "ab".repeat(32);
        for (so_far, argument, expected) in [
            (1, json!("$"), json!(handle)),
            (2, json!("$1"), json!(handle)),
            (2, json!("$"), json!("one\n")),
            (3, json!("$"), json!([1, 2])),
            (3, json!("$[1]"), json!(2)),
            (1, json!("$.rows[0].a"), json!(1)),
            (3, json!(r#"$1.rows[1]["a key"][0]"#), json!(true)),
            // What comes of a reference is no reference.
            (2, json!("$1.n-1"), json!("$5")),
            (
                2,
                json!({ "x": ["$", { "y": "$$5" }], "$": 1 }),
                json!({ "x": ["one\n", { "y": "$5" }], "$": 1 }),
            ),
            (1, json!("costs $5"), json!("costs $5")),
        ] {
            let resolved = resolve(&argument, &results[..so_far]);
            assert_eq!(resolved, Ok(expected), "{argument}");
        }
        assert!(is_constant(&json!(["$$HOME", "a$"])) && !is_constant(&json!({ "a": ["$"] })));
    }

    #[test]
    fn what_is_not_there_is_told() {
        let results = results();
        for (argument, part) in [
            ("$.x", "a list has no field \"x\""),
            ("$[2]", "no item 2: there are 2"),
            ("$1.rwos", "there are n-1, rows"),
            ("$2.a", "text only"),
            ("$9", "names step 9, and only 3 steps"),
        ] {
            let error = resolve(&json!(argument), &results[..3]).expect_err(argument);
            assert!(error.to_string().contains(part), "{error}");
        }
        let error = resolve(&json!("$"), &results).expect_err("it gave nothing");
        assert!(error.to_string().contains("gave nothing"), "{error}");
    }

    #[test]
    fn a_chain_is_checked_before_it_runs() {
        let of = |argument: &str| {
            check(&steps(json!([
                { "tool": "a", "arguments": { "x": 1 } },
                { "tool": "b", "arguments": { "x": [{ "y": argument }] } },
                { "tool": "c" }
            ])))
        };
        for sound in ["$", "$1", "$.a", "$1.a[0][\"b\"]", "$$", "$$HOME", "x"] {
            assert_eq!(of(sound), Ok(()), "{sound}");
        }
        for wrong in [
            "$2",
            "$0",
            "$HOME",
            "$(date)",
            "$.",
            "$[x]",
            "$[0",
            "$[\"a\"",
            "$1x",
            "$99999999999999999999",
        ] {
            assert_eq!(of(wrong).map_err(|(step, _)| step), Err(2), "{wrong}");
        }
        assert_eq!(check(&[]), Err((0, ChainError::Count(0))));
        let first = check(&steps(json!([{ "tool": "a", "arguments": { "x": "$" } }])));
        assert!(matches!(first, Err((1, ChainError::NotBefore { .. }))));
    }
}
