//! What secrets look like: keys and tokens with a shape of their own, and the names of what holds
//! others.

use std::ops::Range;

/// Parts of names, in lower case, whose values are secrets.
pub(crate) const NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "api_key",
    "apikey",
    "access_key",
    "accesskey",
    "private_key",
    "privatekey",
    "auth_key",
    "authkey",
];

/// How sure one has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Care {
    /// Sure enough to warn somebody: as long as real ones are, and mixed as drawn ones are.
    Sure,
    /// Enough to leave it out: half as long will do.
    Likely,
}

/// A secret in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Secret {
    /// What it is, for people.
    pub what: &'static str,
    /// Where it is, in bytes.
    pub range: Range<usize>,
}

/// A secret with a shape of its own.
struct Shape {
    what: &'static str,
    start: &'static str,
    /// How many characters follow the start, at least.
    least: usize,
    /// What they are.
    is_part: fn(char) -> bool,
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

/// What nobody warns of, because it opens little, and what is left out all the same.
const MINOR_SHAPES: &[Shape] = &[
    shape("a test key of Stripe", "sk_test_", 20, is_alphanumeric),
    shape("a test key of Stripe", "rk_test_", 20, is_alphanumeric),
    shape("a token of Slack", "xoxe-", 20, is_key_char),
    shape("a token of Slack", "xoxo-", 20, is_key_char),
    shape("a token of Slack", "xoxr-", 20, is_key_char),
    shape("a token of Slack", "xoxs-", 20, is_key_char),
];

/// A part of a JSON web token has at least so many characters.
const TOKEN_PART: usize = 10;

/// The secrets in a text that are known by their looks.
pub(crate) fn find(text: &str, care: Care) -> Vec<Secret> {
    let minor = if care == Care::Likely {
        MINOR_SHAPES
    } else {
        &[]
    };
    let shapes = SHAPES.iter().chain(minor);
    let mut found: Vec<_> = shapes.flat_map(|shape| shape.find(text, care)).collect();
    found.extend(private_keys(text, care));
    found.extend(web_tokens(text, care));
    found
}

impl Shape {
    fn find(&self, text: &str, care: Care) -> impl Iterator<Item = Secret> {
        let (what, start) = (self.what, self.start);
        let least = match care {
            Care::Sure => self.least,
            Care::Likely => self.least / 2,
        };
        text.match_indices(start).filter_map(move |(at, _)| {
            let body = at + start.len();
            let length = length_of(text.get(body..)?, self.is_part);
            let secret = text.get(body..body + length)?;
            let is_one = is_word_start(text, at)
                && length >= least
                && (care == Care::Likely || is_random(secret));
            is_one.then(|| Secret {
                what,
                range: at..body + length,
            })
        })
    }
}

/// From the first line of a key in PEM to its last one, or to the end.
fn private_keys(text: &str, care: Care) -> impl Iterator<Item = Secret> {
    text.match_indices("-----BEGIN ")
        .filter_map(move |(at, _)| {
            let rest = text.get(at..)?;
            let first = rest.lines().next()?;
            let close = first.find("PRIVATE KEY-----")?;
            let is_one = care == Care::Likely || close < 60;
            let end = rest.find("-----END ").and_then(|end| {
                let last = rest.get(end..)?.find("PRIVATE KEY-----")?;
                Some(end + last + "PRIVATE KEY-----".len())
            });
            is_one.then(|| Secret {
                what: "a private key",
                range: at..at + end.unwrap_or(rest.len()),
            })
        })
}

fn web_tokens(text: &str, care: Care) -> impl Iterator<Item = Secret> {
    text.match_indices("eyJ").filter_map(move |(at, _)| {
        let rest = text.get(at..)?;
        let length = length_of(rest, |c| is_key_char(c) || c == '.');
        let token = rest.get(..length)?;
        let parts: Vec<&str> = token.split('.').collect();
        let is_one = match care {
            Care::Sure => parts.len() == 3 && parts.iter().all(|part| part.len() >= TOKEN_PART),
            // The last part is the signature, and may be cut off.
            Care::Likely => {
                let mut long = parts.iter().take(2).filter(|part| part.len() >= TOKEN_PART);
                is_word_start(text, at) && parts.len() >= 3 && long.nth(1).is_some()
            }
        };
        is_one.then(|| Secret {
            what: "a JSON web token",
            range: at..at + length,
        })
    })
}

/// Bytes until the first character that is none of those.
fn length_of(text: &str, is_part: impl Fn(char) -> bool) -> usize {
    text.find(|c| !is_part(c)).unwrap_or(text.len())
}

fn is_word_start(text: &str, at: usize) -> bool {
    let before = text.get(..at).and_then(|text| text.chars().next_back());
    !before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
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

/// Whether a text is mixed as drawn ones are: by its Shannon entropy, in bits a character.
pub(crate) fn is_random(text: &str) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, care: Care) -> Vec<&str> {
        let found = find(text, care).into_iter();
        found.filter_map(|secret| text.get(secret.range)).collect()
    }

    #[test]
    fn those_that_look_real_are_found_whole() {
        let github = format!("ghp_{}", "a1B2c3D4e5".repeat(4));
        let text = format!("x = '{github}' # and {github}");
        assert_eq!(texts(&text, Care::Sure), [&github, &github]);
        let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.SflKxwRJSMeKKF2QT4";
        assert_eq!(texts(&format!("t={token};"), Care::Sure), [token]);
        let pem = "-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE KEY-----";
        assert_eq!(texts(&format!("{pem}\nrest"), Care::Sure), [pem]);
        assert_eq!(
            texts("-----BEGIN PRIVATE KEY-----\nMII", Care::Likely).len(),
            1
        );
        assert_eq!(
            texts("-----BEGIN CERTIFICATE-----\nMII", Care::Likely),
            [""; 0]
        );
    }

    #[test]
    fn half_of_one_is_left_out_and_not_warned_of() {
        for text in [
            "sk-0123456789abcdef",
            "sk_test_0123456789abcdefghij",
            "xoxr-0123456789",
            "AKIAAAAAAAAAAAAAAAAA",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc",
        ] {
            assert_eq!(texts(text, Care::Sure), [""; 0], "{text}");
            assert_eq!(texts(text, Care::Likely), [text]);
        }
        for text in [
            "ask-0123456789abcdefghijklmnop",
            "sk-short",
            "task_test_",
            "AKIAx",
        ] {
            assert_eq!(texts(text, Care::Likely), [""; 0], "{text}");
        }
    }
}
