//! The steps of repairing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::StoreError;
use super::index::{Index, Problem};
use super::journal::Journal;

/// What was copied.
#[derive(Default)]
pub(super) struct Copied {
    /// Records that are in the index now.
    pub records: u64,
    /// Lines that could not be read.
    pub skipped: u64,
}

/// Adds what the journal has beyond the index, in batches of bounded size.
pub(super) fn copy(journal: &Journal, index: &mut Index) -> Result<Copied, Problem> {
    const BATCH_BYTES: u64 = 1 << 20;
    let mut copied = Copied::default();
    let mut batch = Vec::new();
    let mut batch_start = index.mark().end;
    journal.read_after(batch_start, |line| {
        match line.record {
            Some(_) => copied.records += 1,
            None => copied.skipped += 1,
        }
        let end = line.mark.end;
        batch.push((line.record, line.mark));
        if end - batch_start > BATCH_BYTES {
            batch_start = end;
            index.add(&std::mem::take(&mut batch))?;
        }
        Ok::<_, Problem>(())
    })?;
    if !batch.is_empty() {
        index.add(&batch)?;
    }
    Ok(copied)
}

/// Renames a damaged file or folder, so that it can be looked at; `None` if there is none.
pub(super) fn move_aside(path: &Path) -> Result<Option<PathBuf>, StoreError> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(None);
    }
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".damaged-{now}"));
    let mut target = PathBuf::from(&name);
    let mut n = 1;
    while fs::symlink_metadata(&target).is_ok() {
        n += 1;
        let mut numbered = name.clone();
        numbered.push(format!("-{n}"));
        target = PathBuf::from(numbered);
    }
    fs::rename(path, &target).map_err(StoreError::io("move aside", path))?;
    Ok(Some(target))
}

/// Deletes a file, if it is there.
pub(super) fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("delete", path)(error))
        }
        _ => Ok(()),
    }
}
