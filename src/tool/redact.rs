//! Arguments without their secrets, and not without end: as they go into the audit log.

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use crate::secrets::{self, Care, Secret};

/// In the place of a secret.
const REDACTED: &str = "[redacted]";
/// Longer texts are cut.
const MAX_CHARS: usize = 500;
/// Of longer lists and objects, the first are kept.
const MAX_ITEMS: usize = 50;
/// What is deeper is left out.
const MAX_DEPTH: usize = 12;
/// All of it has about so many bytes at most: what comes behind is left out.
const MAX_BYTES: usize = 16 << 10;
/// What a value costs beside its text: commas, quotes, braces.
const VALUE_BYTES: usize = 4;

/// Parts of names of fields and headers whose values are secrets, too: without `_` and `-` and in
/// lower case.
const FIELDS: &[&str] = &[
    "authorization",
    "cookie",
    "credential",
    "sessionid",
    "signature",
];

/// Names that hold one of those parts, and count things.
const HARMLESS_NAMES: &[&str] = &[
    "maxtokens",
    "numtokens",
    "tokencount",
    "tokens",
    "maxnewtokens",
];

/// Texts that are secrets because of what stands before them.
static NAMED_TEXTS: LazyLock<Regex> = LazyLock::new(|| {
    let names = secrets::NAMES.join("|").replace('_', "[_-]?");
    let pattern = format!(
        r#"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9+/_.~=-]{{8,}}|(?:{names})["']?\s*[=:]\s*["']?[^\s"'&]{{6,}}"#
    );
    Regex::new(&pattern).expect("the pattern is sound")
});

/// A name and a password before the host of an address.
static USER_OF_URL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"://[^\s/@]+@").expect("the pattern is sound"));

/// A value without the secrets that are known as such, shortened.
pub(super) fn redacted(value: &Value) -> Value {
    redact(value, MAX_DEPTH, &mut MAX_BYTES.clone())
}

/// A text without the secrets that are known as such, shortened.
pub(super) fn redacted_text(text: &str) -> String {
    // A little more than is kept, so that no secret is cut into something that is not known.
    let cut = text
        .char_indices()
        .nth(MAX_CHARS * 4)
        .map_or(text.len(), |(at, _)| at);
    let start = text.get(..cut).unwrap_or(text);
    let clean = USER_OF_URL.replace_all(start, format!("://{REDACTED}@"));
    let clean = without_shapes(&clean);
    let clean = NAMED_TEXTS.replace_all(&clean, REDACTED);
    match clean.char_indices().nth(MAX_CHARS) {
        Some((at, _)) => {
            let kept = clean.get(..at).unwrap_or_default();
            format!("{kept}… ({} bytes)", text.len())
        }
        None if cut < text.len() => format!("{clean}… ({} bytes)", text.len()),
        None => clean.into_owned(),
    }
}

fn without_shapes(text: &str) -> Cow<'_, str> {
    let mut found = secrets::find(text, Care::Likely);
    if found.is_empty() {
        return Cow::Borrowed(text);
    }
    found.sort_by_key(|secret| secret.range.start);
    let (mut clean, mut at) = (String::new(), 0);
    for Secret { range, .. } in found {
        // One may be within another.
        if range.start >= at {
            clean.push_str(text.get(at..range.start).unwrap_or_default());
            clean.push_str(REDACTED);
        }
        at = at.max(range.end);
    }
    clean.push_str(text.get(at..).unwrap_or_default());
    Cow::Owned(clean)
}

fn redact(value: &Value, depth: usize, room: &mut usize) -> Value {
    let left_out = || Value::String("…".to_owned());
    let Some(deeper) = depth.checked_sub(1).filter(|_| *room > 0) else {
        return left_out();
    };
    *room = room.saturating_sub(VALUE_BYTES);
    match value {
        Value::String(text) => {
            let text = redacted_text(text);
            *room = room.saturating_sub(written_bytes(&text));
            Value::String(text)
        }
        Value::Array(items) => {
            let mut kept = Vec::new();
            for item in items.iter().take(MAX_ITEMS) {
                if *room == 0 {
                    break;
                }
                kept.push(redact(item, deeper, room));
            }
            if items.len() > kept.len() {
                kept.push(Value::String(format!("… ({} items)", items.len())));
            }
            Value::Array(kept)
        }
        Value::Object(fields) => {
            let mut kept = Map::new();
            for (name, field) in fields.iter().take(MAX_ITEMS) {
                if *room == 0 {
                    break;
                }
                let known = redacted_text(name);
                *room = room.saturating_sub(written_bytes(&known));
                let field = if is_secret(name) && !field.is_null() {
                    Value::String(REDACTED.to_owned())
                } else {
                    redact(field, deeper, room)
                };
                kept.insert(known, field);
            }
            if fields.len() > kept.len() {
                kept.insert(
                    "…".to_owned(),
                    Value::String(format!("{} fields", fields.len())),
                );
            }
            Value::Object(kept)
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {
            *room = room.saturating_sub(VALUE_BYTES);
            value.clone()
        }
    }
}

/// What a text takes in JSON: a control character is written as six.
fn written_bytes(text: &str) -> usize {
    text.len() + 5 * text.bytes().filter(u8::is_ascii_control).count()
}

fn is_secret(name: &str) -> bool {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    let name: String = letters.flat_map(char::to_lowercase).collect();
    !HARMLESS_NAMES.contains(&name.as_str())
        && (secrets::NAMES.iter().chain(FIELDS)).any(|secret| name.contains(secret))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_go_by_their_names_and_by_their_looks() {
        let arguments = json!({
            "Authorization": "Basic abc", "apiKey": "k", "x-api-key": 5, "password": ["a"],
            "client_secret": { "a": 1 }, "refreshToken": "t", "max_tokens": 100, "token": null,
            "text": "use sk-proj-0123456789abcdefghij please",
            "headers": ["Cookie: a=b", "authorization: Bearer abcdefghijkl"],
            "url": "https://me:hunter22@example.org/x?api_key=1234567890",
            "key": "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nxyz",
            "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc-DEF",
            "aws": "AKIAABCDEFGHIJKLMNOP", "path": "/home/me/token.txt"
        });
        let clean = redacted(&arguments);
        let text = clean.to_string();
        for secret in [
            "abc\"",
            "\"k\"",
            "456789abc",
            "abcdefghijkl",
            "hunter22",
            "1234567890",
            "MIIE",
            "xyz",
            "eyJ",
            "AKIA",
            "\"t\"",
        ] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        assert_eq!(clean["max_tokens"], 100);
        assert_eq!(clean["token"], Value::Null);
        assert_eq!(clean["path"], "/home/me/token.txt");
        assert_eq!(clean["text"], "use [redacted] please");
        assert!(
            clean["url"]
                .as_str()
                .is_some_and(|url| url.contains("@example.org/x?"))
        );
    }

    #[test]
    fn much_is_cut() {
        let deep = (0..40).fold(json!("x"), |inner, _| json!([inner]));
        let many = json!({ "a": "é".repeat(100_000), "b": vec![1; 10_000], "c": deep });
        let text = redacted(&many).to_string();
        assert!(text.len() < 3000, "{}", text.len());
        assert!(text.contains("(200000 bytes)") && text.contains("(10000 items)"));
        let wide = (0..2).fold(json!("\u{1}".repeat(500)), |inner, _| {
            json!(vec![inner; 50])
        });
        let text = redacted(&wide).to_string();
        assert!(text.len() < 32 << 10, "{}", text.len());
        assert!(text.contains("… (50 items)"));
    }
}
