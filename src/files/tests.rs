//! Reading, listing, searching and changing: a project to try it on, and the tests by subject.

mod looking;
mod patches;
mod reading;
mod ways_out;
mod writing;

use std::fs;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _, symlink};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::*;
use crate::atomic::Clash;

const SECRET: &str = "the secret of the test";

/// A folder that is open, one that may only be read, and a secret beside them.
struct Project {
    folder: tempfile::TempDir,
    folders: Folders,
}

fn never() -> bool {
    false
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = fs::canonicalize(folder.path()).expect("it is there");
        for name in ["data/sub", "other", "outside"] {
            fs::create_dir_all(at.join(name)).expect("a folder");
        }
        fs::write(at.join("data/a.txt"), "alpha\nbeta\n").expect("a file");
        fs::write(at.join("data/sub/b.txt"), "gamma\n").expect("a file");
        fs::write(at.join("other/o.txt"), "omega\n").expect("a file");
        fs::write(at.join("outside/secret.txt"), SECRET).expect("a file");
        let open = [
            (at.join("data"), Access::Write),
            (at.join("other"), Access::Read),
        ];
        Self {
            folders: Folders::open(open).expect("they are there"),
            folder,
        }
    }

    fn at(&self, name: &str) -> PathBuf {
        let root = fs::canonicalize(self.folder.path()).expect("it is there");
        root.join(name)
    }

    fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.at("data").join(name);
        fs::create_dir_all(path.parent().expect("it has a folder")).expect("a folder");
        fs::write(path, content).expect("a file");
    }

    fn content(&self, name: &str) -> String {
        fs::read_to_string(self.at("data").join(name)).expect("it is there")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.at("data")).expect("listed");
        let names = entries.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<_> = names
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn read(&self, path: &str) -> Result<FileReadOf, FilesError> {
        self.read_part(path, 0, 1000, 1 << 20)
    }

    fn read_part(
        &self,
        path: &str,
        offset_lines: u64,
        max_lines: u64,
        max_bytes: usize,
    ) -> Result<FileReadOf, FilesError> {
        let from = self.at("data");
        let request = ReadRequest {
            from: &from,
            path,
            offset_lines,
            max_lines,
            max_bytes,
        };
        read(&self.folders, &request, &never).map(|read| match read.contents {
            Contents::Text {
                text,
                first_line,
                last_line,
                total_lines,
                is_whole,
                is_lossy,
                line_ending,
                ..
            } => FileReadOf {
                text,
                lines: (first_line, last_line, total_lines),
                is_whole,
                is_lossy,
                line_ending: format!("{line_ending:?}"),
            },
            Contents::Binary { media_type, sha256 } => FileReadOf {
                text: format!("{media_type} {sha256}"),
                ..FileReadOf::default()
            },
        })
    }

    fn write(&self, path: &str, content: &str) -> Result<write::Written, FilesError> {
        self.write_with(path, content, false, Clash::Replace)
    }

    fn write_with(
        &self,
        path: &str,
        content: &str,
        creates_folders: bool,
        clash: Clash,
    ) -> Result<write::Written, FilesError> {
        let from = self.at("data");
        let request = WriteRequest {
            from: &from,
            path,
            content: content.as_bytes(),
            creates_folders,
            clash,
        };
        write(&self.folders, &request, &never)
    }

    fn patch(&self, patch: &str) -> Result<Vec<Patched>, FilesError> {
        let from = self.at("data");
        let request = PatchRequest {
            from: &from,
            path: ".",
            patch,
        };
        let before = self.snapshot();
        let preview = preview_patch(&self.folders, &request, &never);
        assert_eq!(self.snapshot(), before, "a preview writes nothing");
        let result = super::patch(&self.folders, &request, &never);
        if result.is_err() {
            assert_eq!(self.snapshot(), before, "what fails changes nothing");
        }
        assert_eq!(preview.is_ok(), result.is_ok(), "{preview:?} {result:?}");
        result
    }

    /// All files with their contents.
    fn snapshot(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn into(folder: &Path, all: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in fs::read_dir(folder).expect("listed") {
                let path = entry.expect("an entry").path();
                let metadata = fs::symlink_metadata(&path).expect("it is there");
                if metadata.is_dir() {
                    all.push((path.clone(), Vec::new()));
                    into(&path, all);
                } else if metadata.is_file() {
                    all.push((path.clone(), fs::read(&path).expect("read")));
                }
            }
        }
        let mut all = Vec::new();
        into(&self.at(""), &mut all);
        all.sort();
        all
    }

    fn list(&self, change: impl FnOnce(&mut ListRequest<'_>)) -> Vec<String> {
        let from = self.at("data");
        let mut request = ListRequest {
            from: &from,
            path: ".",
            pattern: None,
            max_depth: 64,
            max_entries: 1000,
            hidden: false,
            ignored: false,
        };
        change(&mut request);
        let listing = list(&self.folders, &request, &never).expect("listed");
        listing
            .entries
            .into_iter()
            .map(|entry| entry.path)
            .collect()
    }

    fn search(
        &self,
        pattern: &str,
        change: impl FnOnce(&mut SearchRequest<'_>),
    ) -> Result<search::Searched, FilesError> {
        let from = self.at("data");
        let mut request = SearchRequest {
            from: &from,
            path: ".",
            pattern,
            ignores_case: false,
            glob: None,
            context_lines: 0,
            max_matches: 100,
            hidden: false,
            ignored: false,
            max_time: Duration::from_secs(20),
        };
        change(&mut request);
        search(&self.folders, &request, &never)
    }
}

#[derive(Debug, Default, PartialEq)]
struct FileReadOf {
    text: String,
    lines: (u64, u64, Option<u64>),
    is_whole: bool,
    is_lossy: bool,
    line_ending: String,
}

fn found(searched: &search::Searched) -> Vec<(&str, u64, &str)> {
    let matches = searched.matches.iter();
    matches
        .map(|found| (found.path.as_str(), found.line, found.text.as_str()))
        .collect()
}
