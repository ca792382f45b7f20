//! Calls of tools: who calls, and what is called.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Who calls a tool.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum CallOrigin {
    /// The person, at the prompt or on the command line.
    #[default]
    User,
    /// A language model.
    Model,
    /// Code of a cell, through the worker's pipe.
    Sandbox,
    /// A client that speaks MCP.
    Mcp,
}

impl CallOrigin {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::User, Self::Model, Self::Sandbox, Self::Mcp];

    /// The word in files and in messages.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Model => "model",
            Self::Sandbox => "sandbox",
            Self::Mcp => "mcp",
        }
    }
}

impl fmt::Display for CallOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// The name of a tool: `imagine`, or `server/tool` for one of an MCP server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ToolName(String);

impl ToolName {
    /// The longest name behind the slash, in bytes: as MCP has it.
    pub const MAX_BYTES: usize = 128;
    /// The longest namespace, in bytes.
    pub const MAX_NAMESPACE_BYTES: usize = 64;

    /// The whole name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is before the slash: the server.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.0.split_once('/').map(|(namespace, _)| namespace)
    }

    /// What is behind the slash, or all of it.
    #[must_use]
    pub fn base(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(_, base)| base)
    }
}

impl fmt::Display for ToolName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that can't be the name of a tool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{name:?} can't be a tool's name: letters, digits, _, - and . are allowed, with one / behind \
     the server's name"
)]
pub struct ParseToolNameError {
    /// The text, shortened.
    name: String,
}

impl FromStr for ToolName {
    type Err = ParseToolNameError;

    fn from_str(text: &str) -> Result<Self, ParseToolNameError> {
        let is_part = |part: &str, max_bytes: usize| {
            (1..=max_bytes).contains(&part.len())
                && part
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
                && part.bytes().any(|byte| byte != b'.')
        };
        let is_name = match text.split_once('/') {
            None => is_part(text, Self::MAX_BYTES),
            Some((namespace, base)) => {
                is_part(namespace, Self::MAX_NAMESPACE_BYTES) && is_part(base, Self::MAX_BYTES)
            }
        };
        if is_name {
            Ok(Self(text.to_owned()))
        } else {
            let name = text.chars().take(Self::MAX_BYTES).collect();
            Err(ParseToolNameError { name })
        }
    }
}

impl TryFrom<String> for ToolName {
    type Error = ParseToolNameError;

    fn try_from(text: String) -> Result<Self, ParseToolNameError> {
        text.parse()
    }
}

impl From<ToolName> for String {
    fn from(name: ToolName) -> Self {
        name.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_at_most_one_namespace() {
        let name: ToolName = "github/list.issues".parse().expect("sound");
        assert_eq!(
            (name.namespace(), name.base()),
            (Some("github"), "list.issues")
        );
        let name: ToolName = "imagine".parse().expect("sound");
        assert_eq!((name.namespace(), name.base()), (None, "imagine"));
        let long = "a".repeat(ToolName::MAX_BYTES + 1);
        for wrong in [
            "", "/", "a/", "/a", "a/b/c", "a b", "é", "..", "../x", "a\n", &long,
        ] {
            assert!(wrong.parse::<ToolName>().is_err(), "{wrong:?}");
        }
    }
}
