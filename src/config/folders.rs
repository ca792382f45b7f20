//! Where files are.

use std::path::{Path, PathBuf};

use etcetera::base_strategy::{BaseStrategy as _, Xdg};

use super::ConfigError;

/// Folders that flags name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FolderOverrides {
    /// `--data-dir`
    pub data: Option<PathBuf>,
    /// `--config-dir`
    pub config: Option<PathBuf>,
    /// `--cache-dir`
    pub cache: Option<PathBuf>,
}

/// The folders that companion writes to: these, and nothing else. Each is created by the first
/// write to it, for the user's eyes only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Folders {
    /// History and blobs.
    pub data: PathBuf,
    /// `config.toml`, and the user's own themes.
    pub config: PathBuf,
    /// What can be lost.
    pub cache: PathBuf,
}

impl Folders {
    /// The folders that the flags name, and for the others those of XDG: `$XDG_DATA_HOME` or
    /// `~/.local/share` and so on, each with `companion` in it.
    ///
    /// # Errors
    /// If there is no home folder and not all of them are named.
    pub(crate) fn resolve(overrides: FolderOverrides) -> Result<Self, ConfigError> {
        let or_xdg = |flag: Option<PathBuf>, of_xdg: fn(&Xdg) -> PathBuf| match flag {
            // A later change of the working folder must not move it.
            Some(path) => {
                std::path::absolute(&path).map_err(|source| ConfigError::Folder { path, source })
            }
            None => match Xdg::new() {
                Ok(xdg) => Ok(of_xdg(&xdg).join("companion")),
                Err(_) => Err(ConfigError::NoHome),
            },
        };
        Ok(Self {
            data: or_xdg(overrides.data, Xdg::data_dir)?,
            config: or_xdg(overrides.config, Xdg::config_dir)?,
            cache: or_xdg(overrides.cache, Xdg::cache_dir)?,
        })
    }

    /// The configuration file.
    pub(crate) fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// What is done about findings in code and about commands.
    pub(crate) fn policy_file(&self) -> PathBuf {
        self.config.join("policy.toml")
    }

    /// Rules about calls of tools.
    pub(crate) fn tools_file(&self) -> PathBuf {
        self.config.join("tools.toml")
    }

    /// Servers whose tools are used.
    pub(crate) fn mcp_file(&self) -> PathBuf {
        self.config.join("mcp.json")
    }

    /// What tools did.
    pub(crate) fn audit_file(&self) -> PathBuf {
        self.data.join("audit.jsonl")
    }

    /// Style presets of the user.
    pub(crate) fn styles_file(&self) -> PathBuf {
        self.config.join("styles.toml")
    }

    /// The three, with their names.
    pub(crate) fn all(&self) -> [(&'static str, &Path); 3] {
        [
            ("data", &self.data),
            ("config", &self.config),
            ("cache", &self.cache),
        ]
    }
}
