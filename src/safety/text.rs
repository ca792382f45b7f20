//! What can be seen without a parser: secrets, and characters that show another text than the one
//! that runs.

use super::Lines;
use super::rules;
use crate::protocol::Finding;

/// Letters of a secret that a finding shows.
const SHOWN: usize = 4;

/// A secret with a shape of its own.
struct Shape {
    what: &'static str,
    start: &'static str,
    /// How many characters follow the start, at least.
    least: usize,
    /// What they are.
    is_part: fn(char) -> bool,
}

fn is_upper_or_digit(c: char) -> bool {
    c.is_ascii_uppercase() || c.is_ascii_digit()
}

fn is_key_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn is_alphanumeric(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

const fn shape(
    what: &'static str,
    start: &'static str,
    least: usize,
    is_part: fn(char) -> bool,
) -> Shape {
    Shape {
        what,
        start,
        least,
        is_part,
    }
}

const SHAPES: &[Shape] = &[
    shape("an access key of AWS", "AKIA", 16, is_upper_or_digit),
    shape("an access key of AWS", "ASIA", 16, is_upper_or_digit),
    shape("a token of GitHub", "ghp_", 30, is_alphanumeric),
    shape("a token of GitHub", "gho_", 30, is_alphanumeric),
    shape("a token of GitHub", "ghu_", 30, is_alphanumeric),
    shape("a token of GitHub", "ghs_", 30, is_alphanumeric),
    shape("a token of GitHub", "ghr_", 30, is_alphanumeric),
    shape("a token of GitHub", "github_pat_", 30, is_alphanumeric),
    shape("a token of GitLab", "glpat-", 18, is_key_char),
    shape("an API key", "sk-", 24, is_key_char),
    shape("an API key of Stripe", "sk_live_", 20, is_alphanumeric),
    shape("an API key of Stripe", "rk_live_", 20, is_alphanumeric),
    shape("a token of Slack", "xoxb-", 20, is_key_char),
    shape("a token of Slack", "xoxp-", 20, is_key_char),
    shape("a token of Slack", "xoxa-", 20, is_key_char),
    shape("a token of Slack", "xapp-", 20, is_key_char),
    shape("an API key of Google", "AIza", 35, is_key_char),
    shape("a token of npm", "npm_", 36, is_alphanumeric),
    shape("a token of PyPI", "pypi-", 50, is_key_char),
    shape("a token of Hugging Face", "hf_", 30, is_alphanumeric),
];

/// Names of variables that hold secrets.
const SECRET_NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "api_key",
    "apikey",
    "access_key",
    "private_key",
    "auth_key",
    "client_secret",
];

/// What a text shows to a reader who knows no language.
pub(super) fn examine(source: &str, lines: &Lines<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    secrets(source, lines, &mut findings);
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

fn secrets(source: &str, lines: &Lines<'_>, findings: &mut Vec<Finding>) {
    for shape in SHAPES {
        for (at, _) in source.match_indices(shape.start) {
            let before = source.get(..at).and_then(|text| text.chars().next_back());
            let after = source.get(at + shape.start.len()..).unwrap_or_default();
            let secret: &str = after
                .find(|c| !(shape.is_part)(c))
                .map_or(after, |end| &after[..end]);
            let is_word_start = !before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
            if is_word_start && secret.len() >= shape.least && is_random(secret) {
                let seen = format!("{} ({})", shape.what, hint(shape.start));
                findings.push(rules::SECRET.finding(lines.place(at), &seen));
            }
        }
    }
    for (at, _) in source.match_indices("-----BEGIN ") {
        let rest: String = source
            .get(at..)
            .unwrap_or_default()
            .chars()
            .take(60)
            .collect();
        if rest
            .lines()
            .next()
            .is_some_and(|line| line.contains("PRIVATE KEY-----"))
        {
            findings.push(rules::SECRET.finding(lines.place(at), "a private key"));
        }
    }
    for (at, _) in source.match_indices("eyJ") {
        let rest = source.get(at..).unwrap_or_default();
        let token = rest
            .find(|c: char| !is_key_char(c) && c != '.')
            .map_or(rest, |end| &rest[..end]);
        let parts: Vec<&str> = token.split('.').collect();
        if parts.len() == 3 && parts.iter().all(|part| part.len() >= 10) {
            let seen = format!("a JSON web token ({})", hint(token));
            findings.push(rules::SECRET.finding(lines.place(at), &seen));
        }
    }
}

/// `password = "…"`, where the text looks drawn rather than written.
fn assigned_secrets(source: &str, lines: &Lines<'_>, findings: &mut Vec<Finding>) {
    let mut offset = 0;
    for line in source.split_inclusive('\n') {
        // Longer lines are data.
        if line.len() < 2000 {
            let lower = line.to_ascii_lowercase();
            for name in SECRET_NAMES {
                let Some(at) = lower.find(name) else { continue };
                let rest = line.get(at + name.len()..).unwrap_or_default();
                let rest = rest.trim_start_matches(|c: char| is_alphanumeric(c));
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
                if value.len() >= 8 && is_random(value) && !looks_written(value) {
                    let seen = format!("a text that is assigned to {name:?} ({})", hint(value));
                    findings.push(rules::SECRET.finding(lines.place(offset + at), &seen));
                    break;
                }
            }
        }
        offset += line.len();
    }
}

/// Whether a text is mixed as drawn ones are: by its Shannon entropy, in bits a character.
fn is_random(text: &str) -> bool {
    let mut counts = [0_u32; 256];
    for byte in text.bytes() {
        counts[usize::from(byte)] += 1;
    }
    let length = f64::from(u32::try_from(text.len()).unwrap_or(u32::MAX));
    let entropy: f64 = counts
        .iter()
        .filter(|&&count| count > 0)
        .map(|&count| {
            let share = f64::from(count) / length;
            -share * share.log2()
        })
        .sum();
    entropy >= 2.9
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
