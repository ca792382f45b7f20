//! What is done with files and folders, once the way to them is walked.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use rustix::fs::{
    AtFlags, Dir, FileType, Mode, OFlags, Stat, Timespec, Timestamps, fchmod, fstat, ftruncate,
    futimens, mkdirat, openat, readlinkat, renameat, statat, unlinkat,
};
use rustix::io::Errno;

use super::Allowances;
use super::error::{because, failed, of_io};
use crate::granted::{self, Allowance, Root, Spot, must_be_regular, open_regular};
use crate::kernel::call::{
    Bytes, Entry, HostCallError, HostReturn, MAX_PIECE_BYTES, Metadata, OpenHow, Whence,
};

/// Files and folders that one grant makes, at most: a disk has an end to those, too.
const MAX_CREATED: u64 = 10_000;
/// Entries of a folder that fit in one answer.
const MAX_ENTRIES: usize = 100_000;

/// An open file of a grant.
pub(super) struct OpenFile {
    /// [`Root::id`]
    pub root: u32,
    file: File,
    how: OpenHow,
}

/// What is told about the folders above a grant: that they are folders.
pub(super) const METADATA_OF_A_FOLDER_ABOVE: Metadata = Metadata {
    mode: 0o040_555,
    inode: 0,
    device: 0,
    links: 1,
    size_bytes: 0,
    accessed_ns: 0,
    modified_ns: 0,
    changed_ns: 0,
};

/// Whether a file can only be opened so under a grant to write.
pub(super) fn needs_write(how: OpenHow) -> bool {
    how.writes || how.appends || how.creates || how.truncates
}

/// Opens a regular file. The root's number is filled in by the place that it is under.
pub(super) fn open(
    allowances: &mut Allowances,
    spot: Spot<'_>,
    how: OpenHow,
) -> Result<OpenFile, HostCallError> {
    let Some(name) = &spot.name else {
        return Err(failed(Errno::ISDIR));
    };
    // Looked at first: opening a device is an act in itself.
    let there = match statat(spot.folder(), name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Some(stat),
        Err(Errno::NOENT) if how.creates => None,
        Err(error) => return Err(failed(error)),
    };
    match &there {
        Some(_) if how.creates && how.is_exclusive => return Err(failed(Errno::EXIST)),
        Some(stat) => must_be_regular(stat)?,
        None => {}
    }
    if spot.wants_folder {
        return Err(failed(if there.is_some() {
            Errno::NOTDIR
        } else {
            Errno::ISDIR
        }));
    }
    let mut flags = match (how.reads, how.writes || how.appends) {
        (true, true) => OFlags::RDWR,
        (false, true) => OFlags::WRONLY,
        _ => OFlags::RDONLY,
    };
    flags.set(OFlags::APPEND, how.appends);
    if there.is_none() {
        check_creation(allowances, &spot)?;
        // Exclusive, so that nothing is opened unseen that came in the meantime.
        flags |= OFlags::CREATE | OFlags::EXCL;
    }
    let mode = permissions(how.mode & 0o666);
    let (file, _) = open_regular(spot.folder(), name, flags, mode)?;
    if there.is_none()
        && let Some(allowance) = allowances.of(&spot)
    {
        allowance.created += 1;
    }
    // Not with the opening: what is emptied has to be a regular file first.
    if how.truncates && there.is_some() {
        ftruncate(&file, 0).map_err(failed)?;
    }
    Ok(OpenFile {
        root: spot.root_id,
        file: file.into(),
        how,
    })
}

pub(super) fn read(file: &mut OpenFile, max_bytes: usize) -> Result<Vec<u8>, HostCallError> {
    if !file.how.reads {
        return Err(because(Errno::BADF, "the file is not open for reading"));
    }
    let mut bytes = vec![0; max_bytes];
    let mut filled = 0;
    while filled < max_bytes {
        match file.file.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(of_io(&error)),
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}

/// Writes as much as one call may carry, and says how much that was.
pub(super) fn write(
    file: &mut OpenFile,
    roots: &mut [Root],
    data: &[u8],
) -> Result<u64, HostCallError> {
    let data = &data[..data.len().min(MAX_PIECE_BYTES)];
    must_write(file)?;
    let size = fstat(&file.file).map_err(failed)?.st_size;
    let size = u64::try_from(size).unwrap_or_default();
    let at = if file.how.appends {
        size
    } else {
        file.file.stream_position().map_err(|error| of_io(&error))?
    };
    // What is skipped over grows the file as well.
    let grows = (at + data.len() as u64).saturating_sub(size);
    let (path, allowance) = allowance_of(file, roots)?;
    spend(path, allowance, grows.max(data.len() as u64))?;
    file.file.write_all(data).map_err(|error| of_io(&error))?;
    Ok(data.len() as u64)
}

pub(super) fn seek(file: &mut OpenFile, offset: i64, whence: Whence) -> Result<u64, HostCallError> {
    let to = match whence {
        Whence::Start => SeekFrom::Start(u64::try_from(offset).map_err(|_| failed(Errno::INVAL))?),
        Whence::Current => SeekFrom::Current(offset),
        Whence::End => SeekFrom::End(offset),
    };
    file.file.seek(to).map_err(|error| of_io(&error))
}

pub(super) fn truncate(
    file: &mut OpenFile,
    roots: &mut [Root],
    size_bytes: u64,
) -> Result<(), HostCallError> {
    must_write(file)?;
    let size = fstat(&file.file).map_err(failed)?.st_size;
    let grows = size_bytes.saturating_sub(u64::try_from(size).unwrap_or_default());
    let (path, allowance) = allowance_of(file, roots)?;
    spend(path, allowance, grows)?;
    ftruncate(&file.file, size_bytes).map_err(failed)
}

fn must_write(file: &OpenFile) -> Result<(), HostCallError> {
    if file.how.writes || file.how.appends {
        Ok(())
    } else {
        Err(because(Errno::BADF, "the file is not open for writing"))
    }
}

fn allowance_of<'r>(
    file: &OpenFile,
    roots: &'r mut [Root],
) -> Result<(String, &'r mut Allowance), HostCallError> {
    roots
        .iter_mut()
        .find(|root| root.id == file.root)
        .and_then(|root| Some((granted::shown(&root.path), root.allowance.as_mut()?)))
        .ok_or_else(|| HostCallError::denied("its grant is gone"))
}

/// Takes bytes from what a grant has left.
fn spend(path: String, allowance: &mut Allowance, bytes: u64) -> Result<(), HostCallError> {
    let left = allowance.max_bytes.saturating_sub(allowance.written_bytes);
    if bytes > left {
        let (cap, written) = (allowance.max_bytes, allowance.written_bytes);
        return Err(because(
            Errno::DQUOT,
            format!(
                "the grant to write {path} is capped at {cap} bytes, of which {written} are \
                 written; allow more with --allow-write {path}:SIZE or /allow write {path}:SIZE"
            ),
        ));
    }
    allowance.written_bytes += bytes;
    Ok(())
}

fn check_creation(allowances: &mut Allowances, spot: &Spot<'_>) -> Result<(), HostCallError> {
    match allowances.of(spot) {
        Some(allowance) if allowance.created >= MAX_CREATED => Err(because(
            Errno::DQUOT,
            format!("the grant has made {MAX_CREATED} files and folders: that is the most"),
        )),
        Some(_) => Ok(()),
        None => Err(HostCallError::denied("only reading is granted")),
    }
}

pub(super) fn metadata(spot: &Spot<'_>) -> Result<Metadata, HostCallError> {
    stat_of(spot).map(|stat| told(&stat))
}

pub(super) fn handle_metadata(file: &OpenFile) -> Result<Metadata, HostCallError> {
    fstat(&file.file).map(|stat| told(&stat)).map_err(failed)
}

fn stat_of(spot: &Spot<'_>) -> Result<Stat, HostCallError> {
    let stat = match &spot.name {
        None => fstat(spot.folder()),
        Some(name) => statat(spot.folder(), name, AtFlags::SYMLINK_NOFOLLOW),
    }
    .map_err(failed)?;
    if spot.wants_folder && FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
        return Err(failed(Errno::NOTDIR));
    }
    Ok(stat)
}

#[expect(
    clippy::unnecessary_cast,
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "the numbers have other types on other systems; sizes are not negative"
)]
fn told(stat: &Stat) -> Metadata {
    let ns = |seconds: i64, rest: i64| seconds.saturating_mul(1_000_000_000).saturating_add(rest);
    Metadata {
        mode: stat.st_mode as u32,
        inode: stat.st_ino as u64,
        device: stat.st_dev as u64,
        links: stat.st_nlink as u64,
        size_bytes: stat.st_size as u64,
        accessed_ns: ns(stat.st_atime as i64, stat.st_atime_nsec as i64),
        modified_ns: ns(stat.st_mtime as i64, stat.st_mtime_nsec as i64),
        changed_ns: ns(stat.st_ctime as i64, stat.st_ctime_nsec as i64),
    }
}

pub(super) fn list(spot: &Spot<'_>) -> Result<Vec<Entry>, HostCallError> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let name = spot.name.as_deref().unwrap_or(".".as_ref());
    let folder = openat(spot.folder(), name, flags, Mode::empty()).map_err(failed)?;
    let mut entries = Vec::new();
    for entry in Dir::read_from(&folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name().to_bytes();
        if name == b"." || name == b".." {
            continue;
        }
        if entries.len() == MAX_ENTRIES {
            return Err(because(
                Errno::NOMEM,
                format!("the folder has more than {MAX_ENTRIES} entries"),
            ));
        }
        entries.push(Entry {
            name: Bytes(name.to_vec()),
            kind: match entry.file_type() {
                FileType::Unknown => 0,
                #[expect(
                    clippy::unnecessary_cast,
                    reason = "the mode has another type on other systems"
                )]
                kind => kind.as_raw_mode() as u32,
            },
            inode: entry.ino(),
        });
    }
    Ok(entries)
}

pub(super) fn create_folder(
    allowances: &mut Allowances,
    spot: &Spot<'_>,
) -> Result<HostReturn, HostCallError> {
    let Some(name) = &spot.name else {
        return Err(failed(Errno::EXIST));
    };
    check_creation(allowances, spot)?;
    mkdirat(spot.folder(), name, Mode::from_raw_mode(0o777)).map_err(failed)?;
    if let Some(allowance) = allowances.of(spot) {
        allowance.created += 1;
    }
    Ok(HostReturn::Done)
}

pub(super) fn remove(spot: &Spot<'_>, is_folder: bool) -> Result<HostReturn, HostCallError> {
    let name = movable(spot)?;
    let flags = if is_folder {
        AtFlags::REMOVEDIR
    } else {
        // Linux says EISDIR for a folder here, other systems EPERM.
        if FileType::from_raw_mode(stat_of(spot)?.st_mode) == FileType::Directory {
            return Err(failed(Errno::ISDIR));
        }
        AtFlags::empty()
    };
    unlinkat(spot.folder(), name, flags).map_err(failed)?;
    Ok(HostReturn::Done)
}

pub(super) fn rename(from: &Spot<'_>, to: &Spot<'_>) -> Result<(), HostCallError> {
    let (old, new) = (movable(from)?, movable(to)?);
    if from.wants_folder || to.wants_folder {
        let stat = stat_of(from)?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
            return Err(failed(Errno::NOTDIR));
        }
    }
    renameat(from.folder(), old, to.folder(), new).map_err(failed)
}

/// The name of what may go away: not the granted folder itself, nor one that companion's own
/// files are in.
fn movable<'s>(spot: &'s Spot<'_>) -> Result<&'s std::ffi::OsStr, HostCallError> {
    if granted::is_around(&spot.real) {
        return Err(HostCallError::denied("companion's own files are in it"));
    }
    spot.name.as_deref().ok_or_else(|| {
        because(
            Errno::BUSY,
            "it is the granted folder itself: only what is in it can be moved and removed",
        )
    })
}

pub(super) fn read_link(spot: &Spot<'_>) -> Result<HostReturn, HostCallError> {
    let Some(name) = &spot.name else {
        return Err(failed(Errno::INVAL));
    };
    let target = readlinkat(spot.folder(), name, Vec::new()).map_err(failed)?;
    Ok(HostReturn::Bytes(Bytes(target.into_bytes())))
}

/// Sets the permission bits, less those that would make something executable that is not, and
/// those that lend an identity.
pub(super) fn set_mode(spot: &Spot<'_>, mode: u32) -> Result<HostReturn, HostCallError> {
    let (file, stat) = reopen(spot)?;
    #[expect(
        clippy::unnecessary_cast,
        reason = "the mode has another type on other systems"
    )]
    let old = stat.st_mode as u32;
    let executable = if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
        0o111
    } else {
        old & 0o111
    };
    let mode = (mode & 0o666) | (mode & executable);
    fchmod(&file, permissions(mode)).map_err(failed)?;
    Ok(HostReturn::Done)
}

/// The nine bits that say who may do what.
fn permissions(mode: u32) -> Mode {
    [
        (0o400, Mode::RUSR),
        (0o200, Mode::WUSR),
        (0o100, Mode::XUSR),
        (0o040, Mode::RGRP),
        (0o020, Mode::WGRP),
        (0o010, Mode::XGRP),
        (0o004, Mode::ROTH),
        (0o002, Mode::WOTH),
        (0o001, Mode::XOTH),
    ]
    .into_iter()
    .filter_map(|(bit, flag)| (mode & bit != 0).then_some(flag))
    .collect()
}

pub(super) fn set_times(
    spot: &Spot<'_>,
    accessed_ns: i64,
    modified_ns: i64,
) -> Result<HostReturn, HostCallError> {
    let (file, _) = reopen(spot)?;
    let time = |ns: i64| Timespec {
        tv_sec: ns.div_euclid(1_000_000_000),
        tv_nsec: ns.rem_euclid(1_000_000_000),
    };
    let times = Timestamps {
        last_access: time(accessed_ns),
        last_modification: time(modified_ns),
    };
    futimens(&file, &times).map_err(failed)?;
    Ok(HostReturn::Done)
}

/// A file or folder, opened to change what is known about it.
fn reopen(spot: &Spot<'_>) -> Result<(std::os::fd::OwnedFd, Stat), HostCallError> {
    let stat = stat_of(spot)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
        must_be_regular(&stat)?;
    }
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let name = spot.name.as_deref().unwrap_or(".".as_ref());
    let file = openat(spot.folder(), name, flags, Mode::empty()).map_err(failed)?;
    let stat = fstat(&file).map_err(failed)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::Directory {
        must_be_regular(&stat)?;
    }
    Ok((file, stat))
}
