//! Blobs: plain files under the BLAKE3 hash of their bytes.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::NamedTempFile;

use super::StoreError;
use crate::atomic;
use crate::protocol::BlobId;

const SPOOL_PREFIX: &str = "spool-";

/// Older ones belong to nobody.
const SPOOL_AGE: Duration = Duration::from_hours(24);

/// The blobs of a data folder: `blobs/ab/cdef…`.
#[derive(Clone, Debug)]
pub(crate) struct Blobs {
    folder: PathBuf,
}

impl Blobs {
    pub(super) fn new(data_folder: &Path) -> Self {
        Self {
            folder: data_folder.join("blobs"),
        }
    }

    /// Where the bytes of a blob are, if they are there.
    pub(crate) fn path(&self, id: BlobId) -> PathBuf {
        let name = id.to_string();
        let (first, rest) = name.split_at(2);
        self.folder.join(first).join(rest)
    }

    /// Stores bytes.
    ///
    /// # Errors
    /// If they are not safely on disk.
    pub(crate) fn put(&self, bytes: &[u8]) -> Result<BlobId, StoreError> {
        let id = BlobId(*blake3::hash(bytes).as_bytes());
        let path = self.path(id);
        if !has_size(&path, bytes.len() as u64) {
            atomic::write(&path, bytes).map_err(StoreError::io("write", &path))?;
        }
        Ok(id)
    }

    /// A temporary file beside the blobs, to be filled and handed to [`Self::put_file`]. It is
    /// deleted when it is dropped.
    ///
    /// # Errors
    /// If it can't be created.
    pub(crate) fn spool(&self) -> Result<NamedTempFile, StoreError> {
        atomic::create_folder(&self.folder)
            .and_then(|()| {
                tempfile::Builder::new()
                    .prefix(SPOOL_PREFIX)
                    .tempfile_in(&self.folder)
            })
            .map_err(StoreError::io("create a file in", &self.folder))
    }

    /// Deletes the temporary files that killed instances left: those that nobody has written to
    /// for a day. One that can't be deleted stays.
    pub(crate) fn sweep(&self) {
        let entries = fs::read_dir(&self.folder).into_iter().flatten().flatten();
        for entry in entries {
            let is_spooled = entry
                .file_name()
                .to_string_lossy()
                .starts_with(SPOOL_PREFIX);
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            let age = modified.ok().and_then(|time| time.elapsed().ok());
            if is_spooled && age.is_some_and(|age| age > SPOOL_AGE) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Stores what is in a spooled file, without holding it in memory. The file must not be
    /// written any more.
    ///
    /// # Errors
    /// If it is not safely on disk; the spooled file is gone all the same.
    pub(crate) fn put_file(&self, spooled: NamedTempFile) -> Result<BlobId, StoreError> {
        let (id, size) = hash_file(spooled.path())?;
        let path = self.path(id);
        if has_size(&path, size) {
            return Ok(id);
        }
        atomic::folder_of(&path)
            .and_then(atomic::create_folder)
            .and_then(|()| atomic::persist(spooled, &path))
            .map_err(StoreError::io("write", &path))?;
        Ok(id)
    }

    /// The bytes of a blob, with their hash checked.
    ///
    /// # Errors
    /// If there are none, or other ones.
    pub(crate) fn read(&self, id: BlobId) -> Result<Vec<u8>, StoreError> {
        let path = self.path(id);
        let bytes = fs::read(&path).map_err(|source| {
            if source.kind() == io::ErrorKind::NotFound {
                let path = path.clone();
                StoreError::BlobMissing { id, path }
            } else {
                StoreError::io("read", &path)(source)
            }
        })?;
        if blake3::hash(&bytes).as_bytes() == &id.0 {
            Ok(bytes)
        } else {
            Err(StoreError::BlobDamaged { path })
        }
    }
}

/// Whether there is a file of this size already. One of another size is damaged, and replaced.
fn has_size(path: &Path, size: u64) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() == size)
}

fn hash_file(path: &Path) -> Result<(BlobId, u64), StoreError> {
    let hashed = || -> io::Result<_> {
        let (mut file, mut hasher) = (File::open(path)?, blake3::Hasher::new());
        let mut buffer = vec![0; 128 << 10];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok((BlobId(*hasher.finalize().as_bytes()), hasher.count())),
                read => hasher.write_all(buffer.get(..read).unwrap_or_default())?,
            }
        }
    };
    hashed().map_err(StoreError::io("read", path))
}
