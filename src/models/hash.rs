//! Content hashes of weights: SHA-256, as hubs and web UIs give it, remembered by size and time.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::error::ModelError;
use super::examine::Model;
use crate::atomic;

const CACHE_FILE: &str = "model-hashes.json";
const CACHE_VERSION: u32 = 1;
/// Of files that are long gone, too.
const MAX_REMEMBERED: usize = 4_000;
const MAX_CACHE_BYTES: u64 = 4 << 20;

/// The hash of a model's weights: of the file, if it is one; of the list of its files' names and
/// hashes, if they are several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContentHash(pub String);

/// Hashes files, and remembers what it hashed.
pub(crate) struct Hasher<'a> {
    cache_file: PathBuf,
    known: BTreeMap<String, Remembered>,
    is_changed: bool,
    cancel: &'a AtomicBool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Remembered {
    size_bytes: u64,
    modified_ns: u64,
    sha256: String,
}

#[derive(Serialize, Deserialize)]
struct CacheFile {
    version: u32,
    files: BTreeMap<String, Remembered>,
}

impl<'a> Hasher<'a> {
    /// With what earlier ones remembered in the cache folder. The flag stops it between two reads.
    pub fn new(cache: &Path, cancel: &'a AtomicBool) -> Self {
        let cache_file = cache.join(CACHE_FILE);
        // What can be lost is allowed to be damaged.
        let known = File::open(&cache_file)
            .ok()
            .and_then(|file| serde_json::from_reader(file.take(MAX_CACHE_BYTES)).ok())
            .filter(|file: &CacheFile| file.version == CACHE_VERSION)
            .map_or_else(BTreeMap::new, |file| file.files);
        Self {
            cache_file,
            known,
            is_changed: false,
            cancel,
        }
    }

    /// The hash of a model's weights. `on_bytes` hears how many bytes were read since the last
    /// call; it hears nothing of files that are known.
    ///
    /// # Errors
    /// If a file cannot be read, or the flag is set.
    pub fn model(
        &mut self,
        model: &Model,
        on_bytes: &mut dyn FnMut(u64),
    ) -> Result<ContentHash, ModelError> {
        let mut list = Sha256::new();
        let mut last = String::new();
        for path in &model.weights {
            last = self.file(path, on_bytes)?;
            let name = path.strip_prefix(&model.path).unwrap_or(path);
            list.update(name.to_string_lossy().as_bytes());
            list.update([0]);
            list.update(&last);
            list.update(b"\n");
        }
        self.remember();
        Ok(ContentHash(match model.weights.len() {
            1 => last,
            _ => hex(&list.finalize()),
        }))
    }

    /// The hash of a file, in lower-case hexadecimal.
    ///
    /// # Errors
    /// If it cannot be read, or the flag is set.
    pub fn file(
        &mut self,
        path: &Path,
        on_bytes: &mut dyn FnMut(u64),
    ) -> Result<String, ModelError> {
        let unreadable = |source| ModelError::io("read", path)(source);
        let whole = fs::canonicalize(path).map_err(unreadable)?;
        let key = whole.to_string_lossy().into_owned();
        let stamp = stamp(&whole).map_err(unreadable)?;
        if let Some(known) = self.known.get(&key)
            && (known.size_bytes, known.modified_ns) == stamp
        {
            return Ok(known.sha256.clone());
        }
        self.fresh(path, on_bytes)
    }

    /// Hashes a file though it is known: whether it is still what it was is the question.
    ///
    /// # Errors
    /// As [`Self::file`].
    pub fn fresh(
        &mut self,
        path: &Path,
        on_bytes: &mut dyn FnMut(u64),
    ) -> Result<String, ModelError> {
        let unreadable = |source| ModelError::io("read", path)(source);
        let whole = fs::canonicalize(path).map_err(unreadable)?;
        let (size_bytes, modified_ns) = stamp(&whole).map_err(unreadable)?;
        let sha256 = hash_file(&whole, self.cancel, on_bytes)?;
        if self.known.len() >= MAX_REMEMBERED {
            self.known.clear();
        }
        let remembered = Remembered {
            size_bytes,
            modified_ns,
            sha256: sha256.clone(),
        };
        self.known
            .insert(whole.to_string_lossy().into_owned(), remembered);
        self.is_changed = true;
        Ok(sha256)
    }

    /// Writes down what is known. What fails costs the next one time, nothing else.
    pub fn remember(&mut self) {
        if !std::mem::take(&mut self.is_changed) {
            return;
        }
        let file = CacheFile {
            version: CACHE_VERSION,
            files: self.known.clone(),
        };
        if let Ok(text) = serde_json::to_vec(&file) {
            let _ = atomic::write(&self.cache_file, &text);
        }
    }
}

/// Size and time of change: if both are as they were, so is the file.
fn stamp(path: &Path) -> std::io::Result<(u64, u64)> {
    let metadata = fs::metadata(path)?;
    let modified = metadata.modified()?.duration_since(UNIX_EPOCH);
    let nanos = modified.map_or(0, |since| since.as_nanos() as u64);
    Ok((metadata.len(), nanos))
}

fn hash_file(
    path: &Path,
    cancel: &AtomicBool,
    on_bytes: &mut dyn FnMut(u64),
) -> Result<String, ModelError> {
    let mut file = File::open(path).map_err(ModelError::io("read", path))?;
    let mut hasher = Sha256::new();
    let mut bytes = vec![0; 1 << 20];
    loop {
        if cancel.load(Ordering::Relaxed) {
            return Err(ModelError::Cancelled);
        }
        let read = file
            .read(&mut bytes)
            .map_err(ModelError::io("read", path))?;
        let Some(piece) = bytes.get(..read).filter(|piece| !piece.is_empty()) else {
            return Ok(hex(&hasher.finalize()));
        };
        hasher.update(piece);
        on_bytes(read as u64);
    }
}

/// Lower-case hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
