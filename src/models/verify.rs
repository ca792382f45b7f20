//! Whether a model is whole: every file that it needs is there, is what it claims to be, and is
//! what came from the hub.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::checkpoint;
use super::error::{ModelError, shown_text};
use super::examine::{self, Model, reason_of};
use super::hash::Hasher;

/// What a download leaves in its folder: whence it came, and what every file was.
pub(super) const RECORD_FILE: &str = ".companion.json";
pub(super) const RECORD_VERSION: u32 = 1;

/// Whence a model came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    pub version: u32,
    pub repo: String,
    /// The commit.
    pub revision: String,
    pub files: BTreeMap<String, RecordedFile>,
}

/// What a file was when it came.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RecordedFile {
    pub size_bytes: u64,
    pub sha256: String,
}

impl Record {
    /// Reads the record of a folder, if it has one that we can read.
    pub fn read(folder: &Path) -> Option<Self> {
        let bytes = examine::read_small(&folder.join(RECORD_FILE)).ok()?;
        let record: Self = serde_json::from_slice(&bytes).ok()?;
        (record.version == RECORD_VERSION).then_some(record)
    }
}

/// What was found out about one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checked {
    /// Relative to the model's folder; the name of a single file.
    pub file: String,
    /// Its size, if it is there.
    pub size_bytes: Option<u64>,
    /// The hash of a weight file.
    pub sha256: Option<String>,
    /// How it is.
    pub verdict: Verdict,
}

/// How a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As it came from the hub.
    AsPulled,
    /// Well-formed; nobody has told its hash.
    WellFormed,
    /// Not there.
    Missing,
    /// Broken, in words.
    Broken(String),
}

impl Verdict {
    /// Whether the model can be used as far as this file goes.
    pub fn is_fine(&self) -> bool {
        match self {
            Self::AsPulled | Self::WellFormed => true,
            Self::Missing | Self::Broken(_) => false,
        }
    }
}

impl Model {
    /// The repository and the commit that it came from, if it was downloaded.
    pub fn origin(&self) -> Option<(String, String)> {
        let folder = if self.is_folder {
            &self.path
        } else {
            self.path.parent()?
        };
        let record = Record::read(folder)?;
        Some((shown_text(&record.repo), shown_text(&record.revision)))
    }

    /// Reads every file of the model anew: headers, JSON, hashes. `on_bytes` hears how many bytes
    /// were hashed since the last call.
    ///
    /// # Errors
    /// If the hasher's flag is set. What is wrong with files is in the answer.
    pub fn verify(
        &self,
        hasher: &mut Hasher<'_>,
        on_bytes: &mut dyn FnMut(u64),
    ) -> Result<Vec<Checked>, ModelError> {
        let mut files: Vec<PathBuf> = Vec::new();
        let mut checked = Vec::new();
        let folder = if self.is_folder {
            self.path.as_path()
        } else {
            self.path.parent().unwrap_or(Path::new("."))
        };
        let record = Record::read(folder);
        if self.is_folder {
            match examine::needed_files(&self.path) {
                Ok((_, needed)) => {
                    files.extend(needed.small.iter().map(PathBuf::from));
                    let missing = needed.missing.into_iter().map(|file| Checked {
                        file,
                        size_bytes: None,
                        sha256: None,
                        verdict: Verdict::Missing,
                    });
                    checked.extend(missing);
                }
                Err(error) => checked.push(Checked {
                    file: super::layout::INDEX_FILE.to_owned(),
                    size_bytes: None,
                    sha256: None,
                    verdict: Verdict::Broken(reason_of(&error)),
                }),
            }
            let settings = self.settings_file();
            if settings.exists() {
                files.extend(settings.file_name().map(PathBuf::from));
            }
        }
        for weights in &self.weights {
            let inside = weights.strip_prefix(folder).unwrap_or(weights);
            files.push(inside.to_owned());
        }
        for file in files {
            let name = file.to_string_lossy().into_owned();
            let recorded = record.as_ref().and_then(|record| record.files.get(&name));
            checked.push(check(
                &folder.join(&file),
                name,
                recorded,
                hasher,
                on_bytes,
            )?);
        }
        hasher.remember();
        Ok(checked)
    }
}

fn check(
    path: &Path,
    file: String,
    recorded: Option<&RecordedFile>,
    hasher: &mut Hasher<'_>,
    on_bytes: &mut dyn FnMut(u64),
) -> Result<Checked, ModelError> {
    let mut checked = Checked {
        file,
        size_bytes: std::fs::metadata(path).ok().map(|metadata| metadata.len()),
        sha256: None,
        verdict: Verdict::WellFormed,
    };
    if checked.size_bytes.is_none() {
        checked.verdict = Verdict::Missing;
        return Ok(checked);
    }
    if let Err(error) = examine_content(path) {
        checked.verdict = Verdict::Broken(reason_of(&error));
        // A file that is cut short is not worth the hashing.
        return Ok(checked);
    }
    let sha256 = match hasher.fresh(path, on_bytes) {
        Ok(sha256) => sha256,
        Err(ModelError::Cancelled) => return Err(ModelError::Cancelled),
        Err(error) => {
            checked.verdict = Verdict::Broken(reason_of(&error));
            return Ok(checked);
        }
    };
    if let Some(recorded) = recorded {
        checked.verdict = if recorded.sha256 == sha256 {
            Verdict::AsPulled
        } else {
            Verdict::Broken("changed since it came from the hub: its hash is another".to_owned())
        };
    }
    checked.sha256 = Some(sha256);
    Ok(checked)
}

/// Whether a file is what its name says.
fn examine_content(path: &Path) -> Result<(), ModelError> {
    let extension = path.extension().and_then(|it| it.to_str());
    match extension.unwrap_or_default() {
        "safetensors" => examine::read_header(path).map(drop),
        "ckpt" | "bin" | "pt" => checkpoint::read_names(path).map(drop),
        "json" => {
            let value = examine::read_json(path)?;
            shards_are_named(path, &value)
        }
        "toml" => super::Defaults::read(path).map(drop),
        // merges.txt
        _ => {
            let bytes = examine::read_small(path)?;
            match std::str::from_utf8(&bytes) {
                Ok(text) if !text.trim().is_empty() => Ok(()),
                Ok(_) => Err(ModelError::malformed(path, "it is empty")),
                Err(_) => Err(ModelError::malformed(path, "it is no text")),
            }
        }
    }
}

/// An index of shards may only name files that are there.
fn shards_are_named(path: &Path, index: &Value) -> Result<(), ModelError> {
    let Some(map) = index.get("weight_map").and_then(Value::as_object) else {
        return Ok(());
    };
    let folder = path.parent().unwrap_or(Path::new("."));
    for shard in map.values().filter_map(Value::as_str) {
        if shard.contains('/') || !folder.join(shard).is_file() {
            let reason = format!("it names the shard {}, which is missing", shown_text(shard));
            return Err(ModelError::malformed(path, reason));
        }
    }
    Ok(())
}
