//! What can be seen without a parser: secrets, and characters that show another text than the one
//! that runs.

use super::Lines;
use super::rules;
use crate::protocol::Finding;
use crate::secrets::{self, Care, Secret};

/// Letters of a secret that a finding shows.
const SHOWN: usize = 4;

/// What a text shows to a reader who knows no language.
pub(super) fn examine(source: &str, lines: &Lines<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    shaped_secrets(source, lines, &mut findings);
    assigned_secrets(source, lines, &mut findings);
    invisible(source, lines, &mut findings);
    escapes(source, lines, &mut findings);
    findings
}

/// The first letters, and no more.
fn hint(secret: &str) -> String {
    let start: String = secret.chars().take(SHOWN).collect();
    format!("{start}…")
}

fn shaped_secrets(source: &str, lines: &Lines<'_>, findings: &mut Vec<Finding>) {
    for Secret { what, range } in secrets::find(source, Care::Sure) {
        let at = range.start;
        let seen = match what {
            // All of them begin alike.
            "a private key" => what.to_owned(),
            _ => format!("{what} ({})", hint(source.get(range).unwrap_or_default())),
        };
        findings.push(rules::SECRET.finding(lines.place(at), &seen));
    }
}

/// `password = "…"`, where the text looks drawn rather than written.
fn assigned_secrets(source: &str, lines: &Lines<'_>, findings: &mut Vec<Finding>) {
    let mut offset = 0;
    for line in source.split_inclusive('\n') {
        // Longer lines are data.
        if line.len() < 2000 {
            let lower = line.to_ascii_lowercase();
            for name in secrets::NAMES {
                let Some(at) = lower.find(name) else { continue };
                let rest = line.get(at + name.len()..).unwrap_or_default();
                let rest = rest.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
                let rest = rest.trim_start_matches(['"', '\'', ']']).trim_start();
                let Some(value) = rest.strip_prefix(['=', ':']) else {
                    continue;
                };
                let value = value.trim_start_matches(['=', ' ', '\t']);
                let Some(quote) = value
                    .chars()
                    .next()
                    .filter(|c| matches!(c, '"' | '\'' | '`'))
                else {
                    continue;
                };
                let value = value.get(1..).unwrap_or_default();
                let Some(end) = value.find(quote) else {
                    continue;
                };
                let value = &value[..end];
                if value.len() >= 8 && secrets::is_random(value) && !looks_written(value) {
                    let seen = format!("a text that is assigned to {name:?} ({})", hint(value));
                    findings.push(rules::SECRET.finding(lines.place(offset + at), &seen));
                    break;
                }
            }
        }
        offset += line.len();
    }
}

/// Placeholders, sentences, paths, templates: what people write where a secret would be.
fn looks_written(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let is_placeholder = [
        "example",
        "changeme",
        "placeholder",
        "your",
        "xxxx",
        "...",
        "<",
        "{",
        "$",
        "test",
        "dummy",
        "env",
        "secret",
        "password",
        "token",
        "http",
        "/",
        "12345",
        "abc",
    ]
    .iter()
    .any(|part| lower.contains(part));
    let has = |is: fn(char) -> bool| value.contains(is);
    let kinds = [
        has(|c| c.is_ascii_lowercase()),
        has(|c| c.is_ascii_uppercase()),
        has(|c| c.is_ascii_digit()),
        has(|c| c.is_ascii_punctuation()),
    ];
    is_placeholder || value.contains(' ') || kinds.iter().filter(|kind| **kind).count() < 2
}

/// What does not show, or changes the order in which the rest shows.
fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{202a}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
            | '\u{200b}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2060}'..='\u{2064}'
            | '\u{061c}'
            | '\u{180e}'
            | '\u{3164}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{ffa0}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

fn invisible(source: &str, lines: &Lines<'_>, findings: &mut Vec<Finding>) {
    let mut last = 0;
    for (at, c) in source.char_indices() {
        // At the very start of a file it is the mark of its encoding.
        let is_mark = c == '\u{feff}' && at > 0;
        if is_mark || is_hidden(c) {
            let place = lines.place(at);
            if place.0 != last {
                let seen = format!("U+{:04X} in the text", u32::from(c));
                findings.push(rules::BIDI.finding(place, &seen));
                last = place.0;
            }
        }
    }
}

/// Strings that are escapes nearly from end to end, of letters that need none.
fn escapes(source: &str, lines: &Lines<'_>, findings: &mut Vec<Finding>) {
    let bytes = source.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        let mut letters = 0;
        while let Some(length) = escape_of_letter(bytes.get(at..).unwrap_or_default()) {
            at += length;
            letters += 1;
        }
        if letters >= 12 {
            let seen = format!("{letters} letters in a row are written as escapes");
            findings.push(rules::ESCAPED.finding(lines.place(start), &seen));
        }
        at = at.max(start + 1);
    }
}

/// The length of `\x41` or `\u0041`, if a text begins so and it is a printable letter.
fn escape_of_letter(bytes: &[u8]) -> Option<usize> {
    let (skip, digits) = match bytes {
        [b'\\', b'x', ..] => (2, 2),
        [b'\\', b'u', b'{', ..] => (3, 2),
        [b'\\', b'u', ..] => (2, 4),
        _ => return None,
    };
    let text = std::str::from_utf8(bytes.get(skip..skip + digits)?).ok()?;
    let value = u32::from_str_radix(text, 16).ok()?;
    let closing = usize::from(skip == 3);
    (0x20..0x7f)
        .contains(&value)
        .then_some(skip + digits + closing)
}
