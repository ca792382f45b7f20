//! The arguments of a tool as people read them, from its schema.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// Of more words that an argument may be, the first are told.
const MAX_WORDS: usize = 24;
/// References that are followed, one behind the other: they may lead in a circle.
const MAX_REFERENCES: usize = 8;

/// A property of a schema, for people.
pub(crate) struct Argument<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its type: `integer`, or the words that it may be.
    pub kind: String,
    /// Whether it has to be there.
    pub is_required: bool,
    /// What it is.
    pub about: &'a str,
    /// What it, or each item of it, may look like, if it is one of several objects.
    pub forms: Vec<Form<'a>>,
    /// Something of its type, as JSON.
    pub empty: &'static str,
}

/// One of several objects that tell themselves apart by the word in one field.
pub(crate) struct Form<'a> {
    /// The word, and the other fields; those that may be missing in brackets.
    pub fields: String,
    /// What it means.
    pub about: &'a str,
}

/// The properties of a schema of arguments, those that have to be there first.
pub(crate) fn spec_arguments(schema: &Value) -> Vec<Argument<'_>> {
    let properties = schema["properties"].as_object();
    let all = properties.into_iter().flatten().map(|(name, property)| {
        let meant = resolved(schema, property);
        let item = resolved(schema, &meant["items"]);
        let of_items = forms(schema, item);
        Argument {
            name,
            kind: kind(schema, property),
            is_required: is_required(schema, name),
            about: about(property, meant),
            forms: if of_items.is_empty() {
                forms(schema, meant)
            } else {
                of_items
            },
            empty: empty(meant),
        }
    });
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|argument| place(schema, argument.name));
    all
}

/// Those that have to be there come first, as they are listed.
fn place(schema: &Value, name: &str) -> usize {
    let names = schema["required"].as_array().into_iter().flatten();
    let mut names = names.filter_map(Value::as_str);
    names.position(|other| other == name).unwrap_or(usize::MAX)
}

/// The same as a table, and its forms as further ones.
pub(super) fn markdown(schema: &Value) -> String {
    let all = spec_arguments(schema);
    if all.is_empty() {
        return "It takes nothing.\n\n".to_owned();
    }
    let cell = |text: &str| text.replace('|', "\\|").replace('\n', " ");
    let mut text = String::from("| argument | type | what |\n|---|---|---|\n");
    for argument in &all {
        let must = if argument.is_required {
            ", required"
        } else {
            ""
        };
        let (kind, about) = (cell(&argument.kind), cell(argument.about));
        let _ = writeln!(text, "| `{}` | {kind}{must} | {about} |", argument.name);
    }
    text.push('\n');
    for argument in all.iter().filter(|argument| !argument.forms.is_empty()) {
        let _ = write!(text, "| `{}`: one of | what |\n|---|---|\n", argument.name);
        for form in &argument.forms {
            let _ = writeln!(text, "| `{}` | {} |", cell(&form.fields), cell(form.about));
        }
        text.push('\n');
    }
    text
}

fn is_required(schema: &Value, name: &str) -> bool {
    place(schema, name) != usize::MAX
}

fn about<'a>(property: &'a Value, meant: &'a Value) -> &'a str {
    let own = property["description"].as_str();
    own.or(meant["description"].as_str()).unwrap_or_default()
}

/// What a schema means: behind its references, and without the null that it may be instead.
fn resolved<'a>(document: &'a Value, mut schema: &'a Value) -> &'a Value {
    for _ in 0..MAX_REFERENCES {
        let target = schema["$ref"].as_str().and_then(|to| to.strip_prefix('#'));
        let but_null = schema["anyOf"].as_array().and_then(|any| {
            let mut others = any.iter().filter(|one| one["type"] != "null");
            others.next().filter(|_| others.next().is_none())
        });
        match target.and_then(|to| document.pointer(to)).or(but_null) {
            Some(meant) => schema = meant,
            None => break,
        }
    }
    schema
}

fn kind(document: &Value, schema: &Value) -> String {
    let schema = resolved(document, schema);
    if let Some(words) = words(schema) {
        return words;
    }
    match types(schema).as_slice() {
        [] if !forms(document, schema).is_empty() => "object".to_owned(),
        [] => "value".to_owned(),
        ["array"] => {
            let item = resolved(document, &schema["items"]);
            match types(item).as_slice() {
                _ if words(item).is_some() => format!("array of {}", kind(document, item)),
                [of] if *of != "array" => format!("array of {of}s"),
                _ => "array".to_owned(),
            }
        }
        types => types.join(" or "),
    }
}

fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => {
            let kinds = kinds.iter().filter_map(Value::as_str);
            kinds.filter(|kind| *kind != "null").collect()
        }
        _ => Vec::new(),
    }
}

/// The words that it may be, if it is one of some.
fn words(schema: &Value) -> Option<String> {
    let listed = schema["enum"].as_array().map(|all| all.iter().collect());
    let constants = || {
        let all = schema["oneOf"].as_array().or(schema["anyOf"].as_array())?;
        all.iter().map(|one| one.get("const")).collect()
    };
    let alone = || schema.get("const").map(|one| vec![one]);
    let all: Vec<&Value> = listed.or_else(constants).or_else(alone)?;
    let shown = all.iter().filter(|one| !one.is_null()).take(MAX_WORDS);
    let mut words: Vec<String> = shown
        .map(|one| match one {
            Value::String(word) => word.clone(),
            other => other.to_string(),
        })
        .collect();
    if all.len() > MAX_WORDS {
        words.push("…".to_owned());
    }
    Some(words.join(" | "))
}

/// The alternatives of a schema, if each is an object with a word of its own in one field.
fn forms<'a>(document: &'a Value, schema: &'a Value) -> Vec<Form<'a>> {
    let all = schema["oneOf"].as_array().or(schema["anyOf"].as_array());
    let forms: Option<Vec<_>> = all
        .into_iter()
        .flatten()
        .map(|one| form(document, one))
        .collect();
    forms.unwrap_or_default()
}

fn form<'a>(document: &'a Value, schema: &'a Value) -> Option<Form<'a>> {
    let meant = resolved(document, schema);
    let fields: &Map<String, Value> = meant["properties"].as_object()?;
    let (tag, word) = fields
        .iter()
        .find_map(|(name, field)| Some((name, field["const"].as_str()?)))?;
    let mut text = format!("{tag}: {word}");
    let mut others: Vec<_> = fields.iter().filter(|(name, _)| *name != tag).collect();
    others.sort_by_key(|(name, _)| place(meant, name));
    for (name, field) in others {
        let words = words(resolved(document, field));
        let told = words.map_or_else(|| name.clone(), |words| format!("{name}: {words}"));
        let _ = if is_required(meant, name) {
            write!(text, ", {told}")
        } else {
            write!(text, ", [{told}]")
        };
    }
    Some(Form {
        fields: text,
        about: about(schema, meant),
    })
}

fn empty(schema: &Value) -> &'static str {
    match types(schema).as_slice() {
        ["integer" | "number"] => "0",
        ["boolean"] => "false",
        ["array"] => "[]",
        ["object"] => "{}",
        ["null"] => "null",
        _ => "\"\"",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_and_forms_are_told() {
        let schema = json!({
            "properties": {
                "a": { "$ref": "#/$defs/Word", "description": "Which." },
                "b": { "anyOf": [{ "$ref": "#/$defs/Word" }, { "type": "null" }] },
                "c": { "type": "array", "items": { "$ref": "#/$defs/Step" } },
                "d": { "type": ["integer", "null"] },
                "e": { "$ref": "#/$defs/Round" },
                "f": { "type": "array", "items": { "type": "string" } },
            },
            "required": ["c"],
            "$defs": {
                "Word": { "oneOf": [{ "const": "x" }, { "const": "y" }] },
                "Round": { "$ref": "#/$defs/Round" },
                "Step": { "oneOf": [{
                    "description": "Cuts.",
                    "properties": { "op": { "const": "crop" }, "w": { "$ref": "#/$defs/Word" }, "h": {} },
                    "required": ["op", "h"],
                }] },
            },
        });
        let told: Vec<_> = spec_arguments(&schema)
            .iter()
            .map(|one| format!("{} {} {}", one.name, one.kind, one.about))
            .collect();
        let expected = [
            "c array ",
            "a x | y Which.",
            "b x | y ",
            "d integer ",
            "e value ",
            "f array of strings ",
        ];
        assert_eq!(told, expected);
        let page = markdown(&schema);
        assert!(
            page.contains("| `op: crop, h, [w: x \\| y]` | Cuts. |"),
            "{page}"
        );
    }
}
