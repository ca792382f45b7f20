//! One file, written whole.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use rustix::fs::{FileType, Mode, Stat, mkdirat};
use rustix::io::Errno;
use serde::Serialize;

use super::diff::{Diff, diff};
use super::{Access, FilesError, Folders, MAX_WRITTEN_BYTES, open, read_whole, stat_of};
use crate::atomic::{Clash, Staged};
use crate::granted::{Spot, shown};

/// What is to be written where.
pub(crate) struct WriteRequest<'a> {
    /// Where a relative path starts; absolute.
    pub from: &'a Path,
    /// The file.
    pub path: &'a str,
    /// All that will be in it.
    pub content: &'a [u8],
    /// Whether the folders above it are made, if they are missing.
    pub creates_folders: bool,
    /// What becomes of a file that is there.
    pub clash: Clash,
}

/// A file that was written.
#[derive(Debug, Serialize)]
pub(crate) struct Written {
    /// As it was asked for.
    pub path: String,
    /// What is in it now.
    pub size_bytes: u64,
    /// Whether there was none before.
    pub is_new: bool,
    /// What changed.
    pub diff: Diff,
}

/// A file as it was seen, before it is replaced.
pub(super) struct Seen {
    pub bytes: Vec<u8>,
    pub stat: Stat,
}

/// Writes a file: as a whole or not at all.
///
/// # Errors
/// If it may not be written, is there already, or the system says no; it is as it was before.
pub(crate) fn write(
    folders: &Folders,
    request: &WriteRequest<'_>,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Written, FilesError> {
    let path = shown(Path::new(request.path));
    must_fit(&path, request.content)?;
    if request.creates_folders
        && let Some(folder) = Path::new(request.path).parent()
    {
        create_folders(folders, request.from, folder)?;
    }
    let spot = folders.walk(request.from, request.path, Access::Write)?;
    let name = name_of(&spot, &path)?;
    let seen = see(&spot, &path, is_cancelled)?;
    must_be_free(&path, request, seen.as_ref())?;
    let old = seen.as_ref().map(|seen| seen.bytes.as_slice());
    let diff = diff(request.path, old, Some(request.content));
    let mode = seen.as_ref().map(|seen| mode_of(&seen.stat));
    let staged = Staged::new(spot.folder(), request.content, mode)
        .map_err(|error| FilesError::io(&path, &error))?;
    commit(staged, &spot, name, &path, seen.as_ref())?;
    Ok(Written {
        path: request.path.to_owned(),
        size_bytes: request.content.len() as u64,
        is_new: seen.is_none(),
        diff,
    })
}

/// What [`write`] would change.
///
/// # Errors
/// As far as can be told beforehand, why it would not.
pub(crate) fn preview_write(
    folders: &Folders,
    request: &WriteRequest<'_>,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Diff, FilesError> {
    let path = shown(Path::new(request.path));
    must_fit(&path, request.content)?;
    let seen = match folders.walk(request.from, request.path, Access::Write) {
        Ok(spot) => see(&spot, &path, is_cancelled)?,
        Err(FilesError::System { source, .. })
            if request.creates_folders && source.kind() == std::io::ErrorKind::NotFound =>
        {
            None
        }
        Err(error) => return Err(error),
    };
    must_be_free(&path, request, seen.as_ref())?;
    let old = seen.as_ref().map(|seen| seen.bytes.as_slice());
    Ok(diff(request.path, old, Some(request.content)))
}

pub(super) fn must_fit(path: &str, content: &[u8]) -> Result<(), FilesError> {
    if content.len() as u64 > MAX_WRITTEN_BYTES {
        return Err(FilesError::TooBig {
            path: path.to_owned(),
            max_bytes: MAX_WRITTEN_BYTES,
        });
    }
    Ok(())
}

fn must_be_free(
    path: &str,
    request: &WriteRequest<'_>,
    seen: Option<&Seen>,
) -> Result<(), FilesError> {
    if seen.is_some() && request.clash == Clash::Fail {
        return Err(FilesError::Exists {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// The name of a file that can be written.
pub(super) fn name_of<'s>(spot: &'s Spot<'_>, path: &str) -> Result<&'s OsStr, FilesError> {
    match &spot.name {
        Some(name) if !spot.wants_folder => Ok(name),
        _ => Err(FilesError::system(path, Errno::ISDIR)),
    }
}

/// What a file is now; `None` if there is none.
pub(super) fn see(
    spot: &Spot<'_>,
    path: &str,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Option<Seen>, FilesError> {
    match stat_of(spot) {
        Ok(_) => {}
        Err(Errno::NOENT) => return Ok(None),
        Err(errno) => return Err(FilesError::system(path, errno)),
    }
    let (file, stat) = open(spot).map_err(|refusal| FilesError::refused(path, refusal))?;
    let bytes = read_whole(file, path, MAX_WRITTEN_BYTES, is_cancelled)?;
    Ok(Some(Seen { bytes, stat }))
}

/// Gives a staged file its name, if what has that name is still what was seen.
pub(super) fn commit(
    staged: Staged<'_>,
    spot: &Spot<'_>,
    name: &OsStr,
    path: &str,
    seen: Option<&Seen>,
) -> Result<(), FilesError> {
    let clash = match seen {
        Some(seen) => {
            must_be_as_seen(spot, path, seen)?;
            Clash::Replace
        }
        None => Clash::Fail,
    };
    staged.commit(name, clash).map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            FilesError::Changed {
                path: path.to_owned(),
            }
        } else {
            FilesError::io(path, &error)
        }
    })
}

/// Whether a file is still what was seen.
pub(super) fn must_be_as_seen(spot: &Spot<'_>, path: &str, seen: &Seen) -> Result<(), FilesError> {
    let told = |stat: &Stat| {
        (
            (stat.st_dev, stat.st_ino, stat.st_size),
            (stat.st_mtime, stat.st_mtime_nsec),
            (stat.st_ctime, stat.st_ctime_nsec),
        )
    };
    match stat_of(spot) {
        Ok(now) if told(&now) == told(&seen.stat) => Ok(()),
        Ok(_) | Err(Errno::NOENT) => Err(FilesError::Changed {
            path: path.to_owned(),
        }),
        Err(errno) => Err(FilesError::system(path, errno)),
    }
}

/// The permissions of a file, less what lends an identity.
pub(super) fn mode_of(stat: &Stat) -> Mode {
    Mode::from_raw_mode(stat.st_mode & 0o777)
}

/// Makes a folder and those above it, as far as they are missing.
pub(super) fn create_folders(
    folders: &Folders,
    from: &Path,
    folder: &Path,
) -> Result<(), FilesError> {
    let mut missing: Vec<PathBuf> = Vec::new();
    for above in folder.ancestors() {
        if above.as_os_str().is_empty() {
            break;
        }
        let path = above.to_string_lossy();
        match folders.walk(from, &path, Access::Write) {
            Ok(spot) => match stat_of(&spot) {
                Ok(stat) if FileType::from_raw_mode(stat.st_mode) == FileType::Directory => break,
                Ok(_) => return Err(FilesError::system(shown(above), Errno::NOTDIR)),
                Err(Errno::NOENT) => missing.push(above.to_owned()),
                Err(errno) => return Err(FilesError::system(shown(above), errno)),
            },
            Err(FilesError::System { source, .. })
                if source.kind() == std::io::ErrorKind::NotFound =>
            {
                missing.push(above.to_owned());
            }
            Err(error) => return Err(error),
        }
    }
    for folder in missing.iter().rev() {
        let path = shown(folder);
        let spot = folders.walk(from, &folder.to_string_lossy(), Access::Write)?;
        let Some(name) = &spot.name else {
            continue;
        };
        match mkdirat(spot.folder(), name, Mode::from_raw_mode(0o777)) {
            // Somebody else made it.
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(FilesError::system(path, errno)),
        }
    }
    Ok(())
}
