//! What is wrong with an argument: where, what was expected, what came.

use std::fmt;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind as Kind};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A value is shown up to so many characters.
const MAX_SHOWN_CHARS: usize = 60;
/// So many values of an `enum` are named.
const MAX_OPTIONS: usize = 12;
/// Most alternatives of which it is told what each wants.
const MAX_FORMS: usize = 24;

/// Something that is wrong with the arguments of a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Violation {
    /// Where: a JSON pointer into the arguments, empty for all of them.
    pub path: String,
    /// The keyword of the schema that it is about.
    pub keyword: String,
    /// What the schema wants.
    pub expected: String,
    /// What came, shortened.
    pub got: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            expected,
            got,
            ..
        } = self;
        let path = if path.is_empty() { "(root)" } else { path };
        write!(f, "{path}: expected {expected}, got {got}")
    }
}

impl Violation {
    pub(super) fn new(path: &str, keyword: &str, expected: String, got: String) -> Self {
        Self {
            path: path.to_owned(),
            keyword: keyword.to_owned(),
            expected,
            got,
        }
    }

    /// What the validator found with the schema of `document`, in our words. An alternative that
    /// was meant, though it does not fit, is told from within.
    pub(super) fn of(error: &ValidationError<'_>, document: &Value, found: &mut Vec<Self>) {
        if let Kind::AnyOf { context } | Kind::OneOfNotValid { context } = error.kind()
            && let Some(meant) = meant(error, context)
        {
            for error in meant {
                Self::of(error, document, found);
            }
            return;
        }
        let got = match error.kind() {
            Kind::AdditionalProperties { unexpected }
            | Kind::UnevaluatedProperties { unexpected } => listed_names(unexpected),
            Kind::Required { .. } => "nothing".to_owned(),
            Kind::AdditionalItems { .. }
            | Kind::UnevaluatedItems { .. }
            | Kind::MaxItems { .. }
            | Kind::MinItems { .. } => counted(error.instance().as_array().map(Vec::len)),
            Kind::MaxProperties { .. } | Kind::MinProperties { .. } => {
                counted(error.instance().as_object().map(serde_json::Map::len))
            }
            _ => shown(error.instance()),
        };
        found.push(Self::new(
            error.instance_path().as_str(),
            error.kind().keyword(),
            known_fields(error, document).unwrap_or_else(|| expected(error.kind())),
            got,
        ));
    }
}

/// For those who wrote a field that there is not: the fields that there are.
fn known_fields(error: &ValidationError<'_>, document: &Value) -> Option<String> {
    if !matches!(error.kind(), Kind::AdditionalProperties { .. }) {
        return None;
    }
    let (schema, _keyword) = error.schema_path().as_str().rsplit_once('/')?;
    let known = document.pointer(schema)?.get("properties")?.as_object()?;
    let names: Vec<String> = known
        .keys()
        .take(MAX_OPTIONS)
        .map(|name| quoted(name))
        .collect();
    let more = if known.len() > MAX_OPTIONS {
        ", …"
    } else {
        ""
    };
    Some(format!("only the fields {}{more}", names.join(", ")))
}

/// The alternative that came furthest, if there is one: its errors are deeper than those of all
/// others, or it is alone in taking a value of this type.
fn meant<'a>(
    error: &ValidationError<'_>,
    context: &'a [Vec<ValidationError<'static>>],
) -> Option<&'a [ValidationError<'static>]> {
    let here = error.instance_path().as_str();
    // A wrong type or a wrong tag right here says that something else was meant.
    let is_refusal = |error: &ValidationError<'_>| match error.kind() {
        Kind::Type { .. } => error.instance_path().as_str() == here,
        kind => is_tag(kind),
    };
    let mut rest = context
        .iter()
        .filter(|errors| !errors.is_empty() && !errors.iter().any(is_refusal));
    match (rest.next(), rest.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

/// Whether only one value would have done.
fn is_tag(kind: &Kind) -> bool {
    match kind {
        Kind::Constant { .. } | Kind::FalseSchema => true,
        Kind::Enum { options } => options.as_array().is_some_and(|options| options.len() == 1),
        _ => false,
    }
}

fn expected(kind: &Kind) -> String {
    match kind {
        Kind::Type { kind } => type_words(kind),
        Kind::Required { property } => format!("the field {property}"),
        Kind::AdditionalProperties { .. } | Kind::UnevaluatedProperties { .. } => {
            "no unknown fields".to_owned()
        }
        Kind::AdditionalItems { limit } => {
            format!("at most {}", several(*limit as u64, "item"))
        }
        Kind::UnevaluatedItems { .. } => "no more items".to_owned(),
        Kind::AnyOf { context } => format!("one of {}", alternatives(context)),
        Kind::OneOfNotValid { context } => format!("exactly one of {}", alternatives(context)),
        Kind::OneOfMultipleValid { .. } => "exactly one alternative, and several fit".to_owned(),
        Kind::Constant { expected_value } => shown(expected_value),
        Kind::Enum { options } => listed(options),
        Kind::Contains => "the right number of items that fit `contains`".to_owned(),
        Kind::ContentEncoding { content_encoding } => format!("text in {content_encoding}"),
        Kind::ContentMediaType { content_media_type } => format!("text of {content_media_type}"),
        Kind::Maximum { limit } => format!("at most {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("less than {limit}"),
        Kind::Minimum { limit } => format!("at least {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("more than {limit}"),
        Kind::MultipleOf { multiple_of } => format!("a multiple of {multiple_of}"),
        Kind::MaxItems { limit } => format!("at most {}", several(*limit, "item")),
        Kind::MinItems { limit } => format!("at least {}", several(*limit, "item")),
        Kind::MaxLength { limit } => format!("at most {}", several(*limit, "character")),
        Kind::MinLength { limit } => format!("at least {}", several(*limit, "character")),
        Kind::MaxProperties { limit } => format!("at most {}", several(*limit, "field")),
        Kind::MinProperties { limit } => format!("at least {}", several(*limit, "field")),
        Kind::Pattern { pattern } => format!("text that matches {pattern}"),
        Kind::Format { format } => format!("text of the format {format}"),
        Kind::PropertyNames { error } => {
            let mut inner = Vec::new();
            Violation::of(error, &Value::Null, &mut inner);
            let wanted = inner.into_iter().map(|violation| violation.expected);
            format!(
                "names of fields that are {}",
                wanted.collect::<Vec<_>>().join(" and ")
            )
        }
        Kind::UniqueItems => "items that differ".to_owned(),
        Kind::FalseSchema => "nothing here".to_owned(),
        Kind::Not { schema } => format!("something that does not fit {}", shown(schema)),
        Kind::Custom { message, .. } => message.clone(),
        Kind::BacktrackLimitExceeded { .. }
        | Kind::RegexEngineFailure { .. }
        | Kind::FromUtf8 { .. }
        | Kind::Referencing(_) => "something that can be checked".to_owned(),
    }
}

fn type_words(kind: &TypeKind) -> String {
    let words = match kind {
        TypeKind::Single(one) => vec![one.to_string()],
        TypeKind::Multiple(many) => many.iter().map(|one| one.to_string()).collect(),
    };
    let words: Vec<String> = words.iter().map(|word| with_article(word)).collect();
    words.join(" or ")
}

fn with_article(word: &str) -> String {
    match word {
        "null" => word.to_owned(),
        "array" | "integer" | "object" => format!("an {word}"),
        _ => format!("a {word}"),
    }
}

fn several(count: u64, what: &str) -> String {
    if count == 1 {
        format!("1 {what}")
    } else {
        format!("{count} {what}s")
    }
}

/// The number of alternatives, and what each wants: its tag, if it has one.
fn alternatives(context: &[Vec<ValidationError<'static>>]) -> String {
    let first = |errors: &Vec<ValidationError<'static>>| {
        let tag = errors.iter().find(|error| is_tag(error.kind()));
        let error = tag.or(errors.first())?;
        let words = match error.kind() {
            // They would be told without end.
            Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => "more alternatives".to_owned(),
            kind => expected(kind),
        };
        let name = error
            .instance_path()
            .as_str()
            .rsplit('/')
            .next()
            .unwrap_or_default();
        Some(if tag.is_some() {
            format!("{name}: {words}")
        } else {
            words
        })
    };
    let mut wanted: Vec<String> = context.iter().take(MAX_FORMS).filter_map(first).collect();
    wanted.dedup();
    if context.len() > MAX_FORMS {
        wanted.push("…".to_owned());
    }
    format!(
        "{} ({})",
        several(context.len() as u64, "alternative"),
        wanted.join("; ")
    )
}

fn listed(options: &Value) -> String {
    let Some(options) = options.as_array() else {
        return shown(options);
    };
    let named: Vec<String> = options.iter().take(MAX_OPTIONS).map(shown).collect();
    let more = if options.len() > MAX_OPTIONS {
        ", …"
    } else {
        ""
    };
    format!("one of {}{more}", named.join(", "))
}

fn listed_names(names: &[String]) -> String {
    let names: Vec<String> = names
        .iter()
        .take(MAX_OPTIONS)
        .map(|name| quoted(name))
        .collect();
    names.join(", ")
}

fn quoted(name: &str) -> String {
    shown(&Value::from(name))
}

fn counted(count: Option<usize>) -> String {
    count.map_or_else(|| "something else".to_owned(), |count| count.to_string())
}

/// A value as JSON, shortened. Long texts are cut before they are written.
pub(super) fn shown(value: &Value) -> String {
    let text = match value {
        Value::Array(items) if items.len() > MAX_SHOWN_CHARS => {
            return format!("an array of {} items", items.len());
        }
        Value::Object(fields) if fields.len() > MAX_SHOWN_CHARS => {
            return format!("an object of {} fields", fields.len());
        }
        Value::String(text) => {
            let short: String = text.chars().take(MAX_SHOWN_CHARS + 1).collect();
            Value::String(short).to_string()
        }
        other => other.to_string(),
    };
    match text.char_indices().nth(MAX_SHOWN_CHARS) {
        Some((cut, _)) => format!("{}…", text.get(..cut).unwrap_or_default()),
        None => text,
    }
}
