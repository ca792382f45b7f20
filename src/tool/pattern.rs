//! Which tools a rule is about.

use regex::Regex;

use crate::protocol::ToolName;

/// A name with `*` in it, which stands for any text but a slash: `read_*`, `github/*`, `*/delete_*`.
/// Without a slash it is about tools without a namespace; `*` alone is about all tools there are.
#[derive(Clone, Debug)]
pub(super) struct ToolPattern {
    text: String,
    regex: Regex,
}

impl ToolPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let is_sound = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-./*".contains(&byte));
        if text.is_empty() || !is_sound || text.matches('/').count() > 1 {
            return Err("a tool is a name, a server/name, or either with * in it".to_owned());
        }
        if text.len() > ToolName::MAX_BYTES * 2 {
            return Err("it is longer than any name".to_owned());
        }
        let regex = if text == "*" {
            ".*".to_owned()
        } else {
            regex::escape(text).replace(r"\*", "[^/]*")
        };
        let regex = Regex::new(&format!("^(?:{regex})$")).map_err(|error| error.to_string())?;
        Ok(Self {
            text: text.to_owned(),
            regex,
        })
    }

    /// Whether it is about a tool.
    pub fn is_about(&self, name: &ToolName) -> bool {
        self.regex.is_match(name.as_str())
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_within_its_namespace() {
        let is_about = |pattern: &str, name: &str| {
            let pattern = ToolPattern::parse(pattern).expect("sound");
            pattern.is_about(&name.parse().expect("a name"))
        };
        assert!(is_about("read_*", "read_file"));
        assert!(!is_about("read_*", "read_evil/delete"));
        assert!(!is_about("*file", "server/file"));
        assert!(is_about("*/file", "server/file") && !is_about("*/file", "file"));
        assert!(is_about("*", "server/file") && is_about("*", "file"));
        assert!(is_about("github/*", "github/x") && !is_about("github/*", "githubs/x"));
        assert!(!is_about("a.b", "aXb"));
        for wrong in ["", "a b", "a/b/c", "(a)"] {
            assert!(ToolPattern::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
