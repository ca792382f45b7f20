//! What `torch.save` writes (`.ckpt`, `.pt`, `.bin`): a zip file whose `data.pkl` tells of tensors that lie in other
//! members, uncompressed.
//!
//! The pickle is read, never executed ([`pickle`]): a call in it is a note, and the only ones with a meaning are
//! those that name a tensor, an `OrderedDict` or a parameter. Everything else, lightning's callbacks or a hostile
//! `os.system`, stands in a dictionary that nobody asks for. Every offset, stride and length is held against the file
//! before a byte of a tensor is read.
//!
//! Absent on purpose: files of torch before 1.6, which are no zip files, and big-endian ones.

mod pickle;
mod zip;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use super::{LazyTensor, StateDict, StoredType, WeightFile};
use crate::diffusion::error::DiffusionError;
use pickle::TensorNote;
use zip::Archive;

/// Of SD 1.5 with its optimizer's state it has 1 MB.
const MAX_PICKLE: u64 = 16 << 20;

/// Opens a checkpoint and checks its directory and every tensor's place.
///
/// # Errors
///
/// If it can't be read, is no checkpoint of a known kind, or promises what the file does not hold.
pub(crate) fn open_ckpt(path: &Path) -> Result<StateDict, DiffusionError> {
    let malformed = |reason: String| DiffusionError::malformed(path, reason);
    let file = WeightFile::open(path)?;
    let archive = Archive::read(&file)?;
    let (folder, member) = archive
        .iter()
        .find_map(|(name, member)| Some((name.strip_suffix("/data.pkl")?, member)))
        .ok_or_else(|| malformed("it has no data.pkl".to_owned()))?;
    if let Some(order) = archive.get(&format!("{folder}/byteorder"))
        && order.read(&file, 16)? != b"little"
    {
        return Err(DiffusionError::Unsupported {
            path: path.to_owned(),
            what: "big-endian numbers".to_owned(),
        });
    }
    let pickle = member.read(&file, MAX_PICKLE)?;
    let notes =
        pickle::tensors(&pickle).map_err(|reason| malformed(format!("data.pkl: {reason}")))?;
    let mut dict = StateDict::default();
    for (name, note) in notes {
        let member = archive
            .get(&format!("{folder}/data/{}", note.storage_key))
            .ok_or_else(|| {
                malformed(format!(
                    "{name}: its storage {} is missing",
                    note.storage_key
                ))
            })?;
        let tensor = tensor(&file, member.data_offset(&file)?, member.size(), &note)
            .map_err(|reason| malformed(format!("{name}: {reason}")))?;
        dict.insert(name, tensor);
    }
    Ok(dict)
}

/// Holds a note against the storage that it speaks of.
fn tensor(
    file: &Arc<WeightFile>,
    offset: u64,
    length: u64,
    note: &TensorNote,
) -> Result<LazyTensor, String> {
    let size = note.stored.size() as u64;
    let bad = || {
        format!(
            "its shape {:?} does not fit its storage of {length} bytes",
            note.shape
        )
    };
    if note.shape.len() > super::MAX_RANK || note.shape.len() != note.strides.len() {
        return Err(format!("it has {} dimensions", note.shape.len()));
    }
    let count = note
        .shape
        .iter()
        .try_fold(1u64, |count, extent| count.checked_mul(*extent))
        .ok_or_else(bad)?;
    let shape: Vec<usize> = note.shape.iter().map(|extent| *extent as usize).collect();
    if count == 0 {
        return Ok(LazyTensor::derived(shape, note.stored, || Ok(Vec::new())));
    }
    // the last number that it reaches
    let last = note
        .shape
        .iter()
        .zip(&note.strides)
        .try_fold(note.offset, |at, (extent, stride)| {
            at.checked_add((extent - 1).checked_mul(*stride)?)
        })
        .ok_or_else(bad)?;
    // a stride of zero would make much of little
    if last
        .checked_add(1)
        .and_then(|end| end.checked_mul(size))
        .is_none_or(|end| end > length)
        || count > length / size
    {
        return Err(bad());
    }
    let mut row_major = 1;
    let is_row_major = note
        .shape
        .iter()
        .zip(&note.strides)
        .rev()
        .all(|(extent, stride)| {
            let fits = *extent == 1 || *stride == row_major;
            row_major *= extent;
            fits
        });
    if is_row_major {
        return Ok(LazyTensor::in_file(
            file.clone(),
            offset + note.offset * size,
            note.stored,
            shape,
        ));
    }
    let source = LazyTensor::in_file(file.clone(), offset, note.stored, vec![(last + 1) as usize]);
    let (start, strides) = (
        note.offset as usize,
        note.strides.iter().map(|s| *s as usize).collect::<Vec<_>>(),
    );
    let extents = shape.clone();
    let read = move || {
        let numbers = source.read()?;
        let mut places = vec![start];
        for (extent, stride) in extents.iter().zip(&strides) {
            places = places
                .iter()
                .flat_map(|place| (0..*extent).map(move |i| place + i * stride))
                .collect();
        }
        Ok(places
            .into_iter()
            .filter_map(|place| numbers.get(place).copied())
            .collect())
    };
    Ok(LazyTensor::derived(shape, note.stored, read))
}
