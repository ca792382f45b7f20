//! Files that are whole or not there: a crash or a full disk never leaves half a file behind.

use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use tempfile::NamedTempFile;

/// Creates a folder, and those above it, for the user's eyes only. Folders that exist stay as
/// they are.
///
/// # Errors
/// What the system says.
pub(crate) fn create_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Replaces a file in one step and puts it on disk before it returns. Its folder is created if
/// it is missing; a file that was there keeps its permissions.
///
/// # Errors
/// What the system says; the file is as it was before.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link is followed: dotfiles are often links into a repository, and should stay so.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = folder_of(&target)?;
    create_folder(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(bytes)?;
    if let Ok(metadata) = fs::metadata(&target) {
        file.as_file().set_permissions(metadata.permissions())?;
    }
    persist(file, &target)
}

/// Gives a finished temporary file, made in the target's own folder, its name.
///
/// # Errors
/// What the system says; the target is as it was before.
pub(crate) fn persist(file: NamedTempFile, target: &Path) -> io::Result<()> {
    file.as_file().sync_all()?;
    file.persist(target).map_err(|error| error.error)?;
    sync_folder(folder_of(target)?)
}

/// Puts the names in a folder on disk: without it a crash may take a new file back.
///
/// # Errors
/// What the system says.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// A file that is on disk, in the folder where it belongs, and has a temporary name: for those who
/// hold the folder and do not trust its path. It is removed unless it gets its own name.
#[derive(Debug)]
pub(crate) struct Staged<'f> {
    folder: BorrowedFd<'f>,
    temporary: String,
    is_named: bool,
}

/// What becomes of a file that has the name already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clash {
    /// It is replaced.
    Replace,
    /// It stays, and the new one gets no name.
    Fail,
}

impl<'f> Staged<'f> {
    /// Writes a file and puts it on disk. Without a mode it has the one that new files have.
    ///
    /// # Errors
    /// What the system says; nothing stays behind.
    pub fn new(folder: BorrowedFd<'f>, bytes: &[u8], mode: Option<Mode>) -> io::Result<Self> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW;
        let at_first = match mode {
            Some(_) => Mode::RUSR | Mode::WUSR,
            None => Mode::from_raw_mode(0o666),
        };
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let temporary = format!(".companion-{:016x}.tmp", u64::from_ne_bytes(random));
        let file = rustix::fs::openat(
            folder,
            temporary.as_str(),
            flags | OFlags::CLOEXEC,
            at_first,
        )?;
        let staged = Self {
            folder,
            temporary,
            is_named: false,
        };
        let mut file = File::from(file);
        file.write_all(bytes)?;
        if let Some(mode) = mode {
            rustix::fs::fchmod(&file, mode)?;
        }
        file.sync_all()?;
        Ok(staged)
    }

    /// Gives it its name in the folder, in one step.
    ///
    /// # Errors
    /// What the system says; what had the name is as it was before.
    pub fn commit(mut self, name: &OsStr, clash: Clash) -> io::Result<()> {
        let (folder, temporary) = (self.folder, self.temporary.as_str());
        match clash {
            Clash::Replace => rustix::fs::renameat(folder, temporary, folder, name)?,
            Clash::Fail => {
                let flags = RenameFlags::NOREPLACE;
                match rustix::fs::renameat_with(folder, temporary, folder, name, flags) {
                    // Not every file system knows how.
                    Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
                        rustix::fs::linkat(folder, temporary, folder, name, AtFlags::empty())?;
                        rustix::fs::unlinkat(folder, temporary, AtFlags::empty())?;
                    }
                    result => result?,
                }
            }
        }
        self.is_named = true;
        sync_held_folder(folder)
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if !self.is_named {
            // It may be gone: somebody else can see it, too.
            let _ = rustix::fs::unlinkat(self.folder, self.temporary.as_str(), AtFlags::empty());
        }
    }
}

/// Puts the names in a folder that is held open on disk.
///
/// # Errors
/// What the system says.
pub(crate) fn sync_held_folder(folder: BorrowedFd<'_>) -> io::Result<()> {
    // It may be held for what is in it alone.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let folder = rustix::fs::openat(folder.as_fd(), ".", flags, Mode::empty())?;
    rustix::fs::fsync(folder)?;
    Ok(())
}

/// The folder that holds `path`.
///
/// # Errors
/// If there is none: the root, or an empty path.
pub(crate) fn folder_of(path: &Path) -> io::Result<&Path> {
    match path.parent() {
        Some(folder) if folder.as_os_str().is_empty() => Ok(Path::new(".")),
        Some(folder) => Ok(folder),
        None => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "the path names no file",
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("is there").permissions().mode() & 0o777
    }

    #[test]
    fn a_file_is_replaced_whole_and_in_private() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a/b/file");
        write(&path, b"one").expect("written");
        write(&path, b"two").expect("written again");
        assert_eq!(fs::read(&path).expect("read"), b"two");
        assert_eq!(mode(&folder.path().join("a")), 0o700);
        assert_eq!(mode(&path), 0o600);
        let names = fs::read_dir(folder.path().join("a/b")).expect("listed");
        assert_eq!(names.count(), 1, "no temporary file stays");
    }

    #[test]
    fn a_link_stays_a_link_and_permissions_stay() {
        let folder = tempfile::tempdir().expect("a folder");
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, "one").expect("written");
        fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).expect("set");
        symlink(&target, &link).expect("linked");
        write(&link, b"two").expect("written");
        assert!(fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(fs::read(&target).expect("read"), b"two");
        assert_eq!(mode(&target), 0o640);
    }

    #[test]
    fn a_staged_file_gets_its_name_or_goes_away() {
        let folder = tempfile::tempdir().expect("a folder");
        let held = File::open(folder.path()).expect("opened");
        let names = || fs::read_dir(folder.path()).expect("listed").count();
        let staged = Staged::new(held.as_fd(), b"one", None).expect("staged");
        assert_eq!(names(), 1);
        staged.commit("a".as_ref(), Clash::Fail).expect("named");
        let staged = Staged::new(held.as_fd(), b"two", None).expect("staged");
        let error = staged.commit("a".as_ref(), Clash::Fail);
        assert_eq!(
            error.expect_err("is there").kind(),
            io::ErrorKind::AlreadyExists
        );
        let mode_of_it = Some(Mode::from_raw_mode(0o640));
        let staged = Staged::new(held.as_fd(), b"three", mode_of_it).expect("staged");
        staged.commit("a".as_ref(), Clash::Replace).expect("named");
        drop(Staged::new(held.as_fd(), b"four", None).expect("staged"));
        assert_eq!(fs::read(folder.path().join("a")).expect("read"), b"three");
        assert_eq!(mode(&folder.path().join("a")), 0o640);
        assert_eq!(names(), 1, "no temporary file stays");
    }

    #[test]
    fn a_path_under_a_file_is_an_error() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        assert!(write(&file.path().join("x/y"), b"z").is_err());
    }
}
