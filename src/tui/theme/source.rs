//! Where the text of a theme comes from.

use std::path::{Path, PathBuf};

use super::ThemeError;

/// The themes that are compiled in, the default first.
static BUILT_IN: &[(&str, &str)] = &[
    ("dark", include_str!("../../../themes/dark.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    ("ansi", include_str!("../../../themes/ansi.toml")),
    ("ember", include_str!("../../../themes/ember.toml")),
    ("beacon", include_str!("../../../themes/beacon.toml")),
];

/// A file that is larger is no theme.
const FILE_BYTES: u64 = 256 << 10;

/// The themes that there are: those compiled in, and then the user's own.
pub(crate) fn names(user_dir: Option<&Path>) -> Vec<String> {
    let mut names: Vec<String> = BUILT_IN
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    let files = user_dir.and_then(|dir| std::fs::read_dir(dir).ok());
    let mut own: Vec<String> = files
        .into_iter()
        .flatten()
        .filter_map(|file| {
            let path = file.ok()?.path();
            let name = path.file_stem()?.to_str()?;
            let is_new = is_name(name) && !names.iter().any(|known| known == name);
            (path.extension()? == "toml" && is_new).then(|| name.to_owned())
        })
        .collect();
    own.sort_unstable();
    names.append(&mut own);
    names
}

/// A name that can be a file's and nothing else: no path leads out of the folder.
fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || c == '-' || c == '_')
}

/// Where a theme's text comes from.
pub(super) struct Source {
    pub name: String,
    /// The user's file; none is the text that is compiled in.
    pub path: Option<PathBuf>,
}

impl Source {
    pub fn find(name: &str, user_dir: Option<&Path>) -> Result<Self, ThemeError> {
        let path = user_dir
            .filter(|_| is_name(name))
            .map(|dir| dir.join(format!("{name}.toml")))
            .filter(|path| path.is_file());
        if path.is_some() {
            let name = name.to_owned();
            return Ok(Self { name, path });
        }
        Self::built_in(name).ok_or_else(|| ThemeError::Unknown {
            name: name.to_owned(),
            known: names(user_dir),
        })
    }

    pub fn built_in(name: &str) -> Option<Self> {
        let is_known = BUILT_IN.iter().any(|(known, _)| *known == name);
        is_known.then(|| Self {
            name: name.to_owned(),
            path: None,
        })
    }

    pub fn file(&self) -> String {
        match &self.path {
            Some(path) => path.display().to_string(),
            None => format!("{} (built in)", self.name),
        }
    }

    pub fn text(&self) -> Result<String, ThemeError> {
        let Some(path) = &self.path else {
            let built_in = BUILT_IN.iter().find(|(known, _)| *known == self.name);
            return Ok(built_in.map_or_else(String::new, |(_, text)| (*text).to_owned()));
        };
        let read = |source| ThemeError::Read {
            path: path.clone(),
            source,
        };
        let size_bytes = std::fs::metadata(path).map_err(read)?.len();
        if size_bytes > FILE_BYTES {
            let path = path.clone();
            return Err(ThemeError::TooLarge { path, size_bytes });
        }
        std::fs::read_to_string(path).map_err(read)
    }
}
