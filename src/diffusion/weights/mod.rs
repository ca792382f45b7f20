//! Weights on disk: names that lead to tensors, read when a model asks for them.
//!
//! A [`StateDict`] knows each tensor's name, shape and place, and holds no data. Whatever the
//! file is called and however it names things (a diffusers folder, one LDM-named file, with LoRA
//! on top), what comes out of `weights` speaks diffusers' names.
//!
//! Invariants: a file is judged by its header before anything is allocated for its tensors; no
//! length in a file is believed before it has been held against the file's size.

mod ckpt;
mod folder;
mod ldm;
mod loader;
mod lora;
mod safetensors;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use half::{bf16, f16};

use super::error::DiffusionError;
use crate::safetensors::{self as safetensors_file, Header, HeaderError};

use ckpt::open_ckpt;
pub(crate) use folder::open_component;
pub(crate) use ldm::{LdmCheckpoint, convert as convert_ldm, is_ldm};
pub(crate) use loader::{Loader, Scope};
pub(crate) use lora::{Lora, LoraTargets};
use safetensors::open_safetensors;
pub(crate) use safetensors::open_with_note;

/// A convolution over time has five dimensions.
const MAX_RANK: usize = 8;

/// Opens one file of tensors in whatever names, by its first bytes: a checkpoint of torch is a zip
/// file, anything else is taken for safetensors.
///
/// # Errors
/// If it can't be read or is malformed.
pub(crate) fn open_file(path: &Path) -> Result<StateDict, DiffusionError> {
    let file = WeightFile::open(path)?;
    if file.length() >= 4 && file.read(0, 4)? == b"PK\x03\x04" {
        open_ckpt(path)
    } else {
        open_safetensors(path)
    }
}

/// How a number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StoredType {
    /// IEEE 754 double precision.
    F64,
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 half precision.
    F16,
    /// The upper half of an [`Self::F32`].
    Bf16,
    /// Integers of 64 bits, as token ids are stored.
    I64,
    /// Anything that is no weight: other integers, booleans, 8-bit floats. The size in bytes.
    Other(u8),
}

impl StoredType {
    /// Bytes of one number.
    pub(crate) const fn size(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
            Self::Other(size) => size as usize,
        }
    }
}

/// A file that tensors are read from, piece by piece.
///
/// Read, not mapped: a file that somebody truncates meanwhile is then an error, not a SIGBUS.
#[derive(Debug)]
pub(crate) struct WeightFile {
    path: PathBuf,
    length: u64,
    file: Mutex<File>,
}

impl WeightFile {
    /// Opens a file for reading.
    ///
    /// # Errors
    /// If the system refuses.
    pub(crate) fn open(path: &Path) -> Result<Arc<Self>, DiffusionError> {
        let read = |source| DiffusionError::read(path, source);
        let file = File::open(path).map_err(read)?;
        let metadata = file.metadata().map_err(read)?;
        if !metadata.is_file() {
            return Err(DiffusionError::malformed(path, "it is no regular file"));
        }
        Ok(Arc::new(Self {
            path: path.to_owned(),
            length: metadata.len(),
            file: Mutex::new(file),
        }))
    }

    /// The header of a safetensors file.
    ///
    /// # Errors
    /// If it can't be read, or promises what the file does not hold.
    pub(crate) fn header(&self) -> Result<Header, DiffusionError> {
        let file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        safetensors_file::read_header(&file).map_err(|error| match error {
            HeaderError::Io(source) => DiffusionError::read(&self.path, source),
            HeaderError::Malformed(reason) => DiffusionError::malformed(&self.path, reason),
        })
    }

    /// The file's size in bytes when it was opened.
    pub(crate) const fn length(&self) -> u64 {
        self.length
    }

    /// Reads `length` bytes from `offset`.
    ///
    /// # Errors
    /// If the file is not that long, or the system refuses.
    pub(crate) fn read(&self, offset: u64, length: usize) -> Result<Vec<u8>, DiffusionError> {
        if offset
            .checked_add(length as u64)
            .is_none_or(|end| end > self.length)
        {
            return Err(DiffusionError::malformed(&self.path, "it ends too early"));
        }
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let mut bytes = vec![0; length];
        file.seek(SeekFrom::Start(offset))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(|source| DiffusionError::read(&self.path, source))?;
        Ok(bytes)
    }
}

/// A tensor that is not read yet.
#[derive(Clone)]
pub(crate) struct LazyTensor {
    shape: Vec<usize>,
    stored: StoredType,
    read: Arc<dyn Fn() -> Result<Vec<f32>, DiffusionError> + Send + Sync>,
}

impl LazyTensor {
    /// A tensor at a place in a file, row-major, little-endian. The caller has held
    /// `offset` and `shape` against the file's length.
    pub(crate) fn in_file(
        file: Arc<WeightFile>,
        offset: u64,
        stored: StoredType,
        shape: Vec<usize>,
    ) -> Self {
        let count: usize = shape.iter().product();
        let read = move || {
            let bytes = file.read(offset, count * stored.size())?;
            to_f32(&bytes, stored)
                .ok_or_else(|| DiffusionError::malformed(&file.path, "a weight is no float"))
        };
        Self {
            shape,
            stored,
            read: Arc::new(read),
        }
    }

    /// A tensor that is computed from others when it is read. `read` must give as many numbers
    /// as `shape` has.
    pub(crate) fn derived(
        shape: Vec<usize>,
        stored: StoredType,
        read: impl Fn() -> Result<Vec<f32>, DiffusionError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            shape,
            stored,
            read: Arc::new(read),
        }
    }

    /// The extents, outermost first.
    pub(crate) fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// How its numbers are stored.
    pub(crate) const fn stored(&self) -> StoredType {
        self.stored
    }

    /// Reads the numbers, row-major.
    ///
    /// # Errors
    /// If the file can't be read any more, or what it holds are no floats.
    pub(crate) fn read(&self) -> Result<Vec<f32>, DiffusionError> {
        (self.read)()
    }
}

/// Little-endian floats of any width; `None` if they are no floats.
fn to_f32(bytes: &[u8], stored: StoredType) -> Option<Vec<f32>> {
    let pairs = || bytes.as_chunks::<2>().0.iter();
    Some(match stored {
        StoredType::F64 => {
            let all = bytes.as_chunks::<8>().0.iter();
            all.map(|bytes| f64::from_le_bytes(*bytes) as f32).collect()
        }
        StoredType::F32 => {
            let all = bytes.as_chunks::<4>().0.iter();
            all.map(|bytes| f32::from_le_bytes(*bytes)).collect()
        }
        StoredType::F16 => pairs()
            .map(|bytes| f16::from_le_bytes(*bytes).to_f32())
            .collect(),
        StoredType::Bf16 => pairs()
            .map(|bytes| bf16::from_le_bytes(*bytes).to_f32())
            .collect(),
        StoredType::I64 => {
            let all = bytes.as_chunks::<8>().0.iter();
            all.map(|bytes| i64::from_le_bytes(*bytes) as f32).collect()
        }
        StoredType::Other(_) => return None,
    })
}

/// The tensors of a model by name.
#[derive(Clone, Default)]
pub(crate) struct StateDict {
    tensors: BTreeMap<String, LazyTensor>,
}

impl StateDict {
    /// Adds a tensor; gives back the one that had the name before.
    pub(crate) fn insert(&mut self, name: String, tensor: LazyTensor) -> Option<LazyTensor> {
        self.tensors.insert(name, tensor)
    }

    /// The tensor of that name.
    pub(crate) fn get(&self, name: &str) -> Option<&LazyTensor> {
        self.tensors.get(name)
    }

    /// Leaves out what is not wanted.
    pub(crate) fn retain(&mut self, is_wanted: impl Fn(&str) -> bool) {
        self.tensors.retain(|name, _| is_wanted(name));
    }

    /// Every name with its tensor, in the order of names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &LazyTensor)> {
        self.tensors
            .iter()
            .map(|(name, tensor)| (name.as_str(), tensor))
    }

    /// How many numbers there are in all.
    pub(crate) fn parameters(&self) -> u64 {
        let count = |tensor: &LazyTensor| tensor.shape.iter().product::<usize>() as u64;
        self.tensors.values().map(count).sum()
    }
}

impl FromIterator<(String, LazyTensor)> for StateDict {
    fn from_iter<T: IntoIterator<Item = (String, LazyTensor)>>(tensors: T) -> Self {
        Self {
            tensors: tensors.into_iter().collect(),
        }
    }
}
