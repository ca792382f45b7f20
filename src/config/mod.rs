//! What the user has set, and where files are.
//!
//! Invariants: every key may be left out; a key that is not known is a warning, so that a file
//! for a newer version works; a value that is wrong is an error, so that nobody runs with a limit
//! they believe to have changed.
//!
//! Absent on purpose: environment variables of our own, and writing: `config.toml` is the user's.

mod folders;
mod keys;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use crate::protocol::{Language, Limits, slash};
use keys::{BINDINGS, KEYS};

pub(crate) use folders::{FolderOverrides, Folders};

/// The largest `config.toml` that is read.
const MAX_FILE_BYTES: u64 = 1 << 20;

/// What searches the web. Whether it can is for the tool to tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SearchConfig {
    /// `searxng`, `brave` or `tavily`; empty for none.
    pub engine: String,
    /// Its address, if it is another than the published one.
    pub url: String,
    /// The variable of the environment that holds its token.
    pub token_variable: String,
}

/// What the user has set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// The language that the prompt starts in.
    pub language: Language,
    /// The name of a theme, or `auto`.
    pub theme: String,
    /// The keys of the prompt.
    pub edit_mode: EditMode,
    /// How pictures are shown.
    pub graphics: GraphicsMode,
    /// Whether the session is printed as plain text on leaving.
    pub transcript_on_exit: bool,
    /// Whether the mouse is captured.
    pub mouse: bool,
    /// Where more models are.
    pub models_dir: Option<PathBuf>,
    /// What a cell may use.
    pub limits: Limits,
    /// The hub that models come from.
    pub hub_url: String,
    /// What searches the web.
    pub search: SearchConfig,
    /// Action → keys. What they name is not checked here.
    pub keys: BTreeMap<String, String>,
}

/// The keys of the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EditMode {
    /// As in Emacs and readline.
    Emacs,
    /// As in vi.
    Vi,
}

/// How pictures are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GraphicsMode {
    /// As the terminal can, as far as it tells.
    Auto,
    /// Two pixels a cell, in any terminal with colours.
    HalfBlocks,
    /// kitty's protocol.
    Kitty,
    /// iTerm2's protocol.
    Iterm,
    /// Sixel.
    Sixel,
    /// By their names and sizes only.
    Off,
}

impl GraphicsMode {
    /// Every mode, with the name that files and flags give it.
    pub(crate) const ALL: [(&'static str, Self); 6] = [
        ("auto", Self::Auto),
        ("half-blocks", Self::HalfBlocks),
        ("kitty", Self::Kitty),
        ("iterm", Self::Iterm),
        ("sixel", Self::Sixel),
        ("off", Self::Off),
    ];

    /// The mode of this name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, mode)| *mode)
    }
}

/// The configuration can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// There is no home folder.
    #[error("there is no home folder: set $HOME, or name --data-dir, --config-dir and --cache-dir")]
    NoHome,
    /// A folder that a flag names can't be one.
    #[error("{path:?} can't be a folder")]
    Folder {
        /// As it was given.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file can't be read.
    #[error("can't read {}: check who may read it, or name another folder with --config-dir", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file is not TOML.
    #[error("{}:{line}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What the parser said.
        message: String,
    },
    /// A key has a value that it does not take.
    #[error("{}:{line}: {key} can't be {found}; it takes {takes}", path.display())]
    Value {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key, with its section.
        key: String,
        /// What was there.
        found: String,
        /// What it takes.
        takes: &'static str,
    },
}

/// Something in the file that has no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Warning {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The key that is not known, with its section.
    pub key: String,
    /// The known key that may have been meant.
    pub near: Option<&'static str>,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            line,
            key,
            near,
        } = self;
        write!(f, "{}:{line}: there is no key {key:?}", path.display())?;
        match near {
            Some(near) => write!(f, "; did you mean {near}?"),
            None => f.write_str("; it is left out"),
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            language: Language::Python,
            theme: "auto".to_owned(),
            edit_mode: EditMode::Emacs,
            graphics: GraphicsMode::Auto,
            transcript_on_exit: true,
            mouse: false,
            models_dir: None,
            limits: Limits::default(),
            hub_url: "https://huggingface.co".to_owned(),
            search: SearchConfig {
                token_variable: "COMPANION_SEARCH_TOKEN".to_owned(),
                ..SearchConfig::default()
            },
            keys: BTreeMap::new(),
        }
    }
}

impl Config {
    /// Reads `config.toml`, if there is one.
    ///
    /// # Errors
    /// If it can't be read, is not TOML, or gives a key a wrong value.
    pub(crate) fn load(folders: &Folders) -> Result<(Self, Vec<Warning>), ConfigError> {
        let path = folders.config_file();
        match read(&path) {
            Ok(text) => Self::parse(&path, &text),
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                Ok((Self::default(), Vec::new()))
            }
            Err(source) => Err(ConfigError::Read { path, source }),
        }
    }

    /// What a cell may use.
    pub(crate) fn limits(&self) -> Limits {
        self.limits
    }

    /// A `config.toml` that changes nothing, with every key in it and what it means.
    pub(crate) fn template() -> String {
        keys::template()
    }

    /// The keys as a table in Markdown, for the docs.
    pub(crate) fn markdown() -> String {
        keys::markdown()
    }

    fn parse(path: &Path, text: &str) -> Result<(Self, Vec<Warning>), ConfigError> {
        let table = DeTable::parse(text).map_err(|error| ConfigError::Syntax {
            path: path.to_owned(),
            line: line_of(text, error.span().map_or(0, |span| span.start)),
            message: error.message().to_owned(),
        })?;
        let mut reader = Reader {
            path,
            text,
            config: Self::default(),
            warnings: Vec::new(),
        };
        reader.table("", table.get_ref())?;
        reader.warnings.sort_by_key(|warning| warning.line);
        Ok((reader.config, reader.warnings))
    }
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    config: Config,
    warnings: Vec<Warning>,
}

impl Reader<'_> {
    fn table(&mut self, section: &str, table: &DeTable<'_>) -> Result<(), ConfigError> {
        for (key, value) in table {
            let name = match section {
                "" => key.get_ref().to_string(),
                section => format!("{section}.{}", key.get_ref()),
            };
            let line = line_of(self.text, key.span().start);
            let inside = format!("{name}.");
            let is_section = name == BINDINGS || KEYS.iter().any(|s| s.name.starts_with(&inside));
            if section == BINDINGS {
                let DeValue::String(keys) = value.get_ref() else {
                    return Err(self.wrong(line, name, value.get_ref(), "a string of keys"));
                };
                let action = key.get_ref().to_string();
                self.config.keys.insert(action, keys.to_string());
            } else if is_section {
                let DeValue::Table(inner) = value.get_ref() else {
                    return Err(self.wrong(line, name, value.get_ref(), "a table of keys"));
                };
                self.table(&name, inner)?;
            } else if let Some(spec) = KEYS.iter().find(|spec| spec.name == name) {
                if (spec.set)(&mut self.config, value.get_ref()).is_none() {
                    return Err(self.wrong(line, name, value.get_ref(), spec.takes));
                }
            } else {
                self.warnings.push(Warning {
                    path: self.path.to_owned(),
                    line,
                    near: nearest(&name),
                    key: name,
                });
            }
        }
        Ok(())
    }

    fn wrong(
        &self,
        line: usize,
        key: String,
        found: &DeValue<'_>,
        takes: &'static str,
    ) -> ConfigError {
        ConfigError::Value {
            path: self.path.to_owned(),
            line,
            key,
            found: match found {
                DeValue::String(text) => format!("{text:?}"),
                DeValue::Integer(number) => number.to_string(),
                DeValue::Float(number) => number.to_string(),
                DeValue::Boolean(truth) => truth.to_string(),
                DeValue::Datetime(time) => time.to_string(),
                DeValue::Array(_) => "an array".to_owned(),
                DeValue::Table(_) => "a table".to_owned(),
            },
            takes,
        }
    }
}

/// The known key that a name resembles, with its section or without.
fn nearest(name: &str) -> Option<&'static str> {
    let leaf = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let distance = |known: &str| {
        let (name, known_leaf) = (name.to_ascii_lowercase(), leaf(known));
        let name_leaf = leaf(&name);
        if name_leaf.len() > 2 && known_leaf.starts_with(&name_leaf) {
            return 0;
        }
        slash::edit_distance(&name, known).min(slash::edit_distance(&name_leaf, &known_leaf))
    };
    let names = KEYS.iter().map(|spec| spec.name);
    names
        .chain(["limits", BINDINGS])
        .map(|known| (distance(known), known))
        .min_by_key(|&(distance, _)| distance)
        .filter(|&(distance, known)| distance <= 2.min(known.len() / 2))
        .map(|(_, known)| known)
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    let read = file.take(MAX_FILE_BYTES + 1).read_to_string(&mut text)?;
    if read as u64 > MAX_FILE_BYTES {
        let message = "it is larger than 1 MiB";
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(text)
}

fn line_of(text: &str, at: usize) -> usize {
    let before = text.as_bytes().iter().take(at);
    before.filter(|&&byte| byte == b'\n').count() + 1
}
