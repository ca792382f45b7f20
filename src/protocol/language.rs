//! The languages a cell can be written in.

use std::fmt;
use std::path::Path;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A language that companion runs. What a kernel needs beyond the name is in `kernel::LANGUAGES`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Python 3.14, by RustPython.
    Python,
    /// ECMAScript 2023 and later, by QuickJS.
    JavaScript,
    /// The system's own `sh`, in a jail.
    Shell,
}

impl Language {
    /// Every language, in the order in which they are shown and cycled.
    pub const ALL: [Self; 3] = [Self::Python, Self::JavaScript, Self::Shell];

    /// Where it stands in [`Self::ALL`], and in every array that has an element a language.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }

    /// The name that people read.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::Shell => "shell",
        }
    }

    /// The name that people type: of the slash command, the flag and the prompt.
    #[must_use]
    pub fn short(self) -> &'static str {
        match self {
            Self::Python => "py",
            Self::JavaScript => "js",
            Self::Shell => "sh",
        }
    }

    /// Other spellings that are understood.
    #[must_use]
    pub fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::Python => &["python", "python3"],
            Self::JavaScript => &["javascript", "node", "ecmascript"],
            Self::Shell => &["shell"],
        }
    }

    /// File name extensions, without the dot, that mean this language.
    #[must_use]
    pub fn extensions(self) -> &'static [&'static str] {
        match self {
            Self::Python => &["py", "pyw"],
            Self::JavaScript => &["js", "mjs", "cjs"],
            Self::Shell => &["sh"],
        }
    }

    /// The language that a file's name tells, if it tells one.
    #[must_use]
    pub fn of_path(path: &Path) -> Option<Self> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|language| language.extensions().contains(&extension.as_str()))
    }

    /// The one after this one, around the circle.
    #[must_use]
    pub fn next(self) -> Self {
        Self::ALL[(self.index() + 1) % Self::ALL.len()]
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

/// A name that no language goes by.
#[derive(Debug, thiserror::Error)]
#[error("no language is called {0:?}; there are py, js and sh")]
pub struct UnknownLanguage(String);

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let lower = name.to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|language| language.short() == lower || language.aliases().contains(&&*lower))
            .ok_or_else(|| UnknownLanguage(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_index_is_the_place() {
        for (at, language) in Language::ALL.into_iter().enumerate() {
            assert_eq!(language.index(), at);
            assert_eq!(language.short().parse::<Language>().ok(), Some(language));
        }
    }
}
