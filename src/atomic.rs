//! Files that are whole or not there: a crash or a full disk never leaves half a file behind.

use std::fs::{self, DirBuilder, File};
use std::io::{self, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

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
    fn a_path_under_a_file_is_an_error() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        assert!(write(&file.path().join("x/y"), b"z").is_err());
    }
}
