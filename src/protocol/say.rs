//! What the rules of a policy say.

use serde::{Deserialize, Serialize};

/// What a rule says of a command, or of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Say {
    /// It may run.
    Allow,
    /// The user is asked.
    Ask,
    /// It may run, also where another rule asks.
    Always,
    /// It may not run.
    Deny,
}

impl Say {
    /// The word in the file.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Always => "always",
            Self::Deny => "deny",
        }
    }
}
