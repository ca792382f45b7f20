//! Reading, listing, searching and changing, and every way out that was thought of.

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

/// Paths from the folder `data` that lead out of what is open, or to what is no file of it.
const WAYS_OUT: &[&str] = &[
    "../outside/secret.txt",
    "sub/../../outside/secret.txt",
    "out",
    "out-relative",
    "out-folder/secret.txt",
    "up/outside/secret.txt",
    "sub/../up/outside/secret.txt",
    "in-folder/../../outside/secret.txt",
    "proc/etc/hostname",
    "/proc/self/environ",
    "/proc/self/fd/0",
    "/proc/1/environ",
    "/dev/stdin",
    "/dev/null",
    "/etc/passwd",
    "//etc/passwd",
    "new-out",
];

fn with_ways_out() -> Project {
    let project = Project::new();
    let link = |target: &Path, name: &str| {
        symlink(target, project.at("data").join(name)).expect("a link");
    };
    link(&project.at("outside/secret.txt"), "out");
    link("../outside/secret.txt".as_ref(), "out-relative");
    link(&project.at("outside"), "out-folder");
    link("..".as_ref(), "up");
    link("sub".as_ref(), "in-folder");
    link("a.txt".as_ref(), "in");
    link(&project.at("data/a.txt"), "in-absolute");
    link("loop".as_ref(), "loop");
    link("/proc/self/root".as_ref(), "proc");
    link(&project.at("outside/new.txt"), "new-out");
    project
}

#[test]
fn what_is_inside_is_read_and_nothing_else() {
    let project = with_ways_out();
    let absolute = project.at("data/a.txt").display().to_string();
    for inside in [
        "a.txt",
        "./sub/../a.txt",
        "in",
        "in-absolute",
        "in-folder/../a.txt",
        &absolute,
        "../data/a.txt",
    ] {
        let read = project.read(inside);
        assert_eq!(read.expect(inside).text, "alpha\nbeta\n", "{inside}");
    }
    assert_eq!(
        project.read("../other/o.txt").expect("it is open").text,
        "omega\n"
    );
    for outside in WAYS_OUT {
        let error = project.read(outside).expect_err(outside);
        assert!(
            matches!(error, FilesError::Outside { .. }),
            "{outside}: {error}"
        );
    }
    for (path, says) in [
        ("loop", "symbolic link"),
        ("nothing", "No such file"),
        ("sub", "directory"),
        ("a.txt/x", "Not a directory"),
        ("a.txt/", "Not a directory"),
        ("", "No such file"),
        ("a\0b", "Invalid argument"),
        ("in/../x", "Not a directory"),
        ("sub/../../../../../../../x", "outside"),
    ] {
        let error = project.read(path).expect_err(path).to_string();
        assert!(error.contains(says), "{path}: {error}");
    }
    let long = "x/".repeat(3000);
    assert!(project.read(&long).is_err());
    let long = "x".repeat(300);
    assert!(project.read(&long).is_err());
}

#[test]
fn nothing_is_written_outside() {
    let project = with_ways_out();
    let before = project.snapshot();
    for outside in WAYS_OUT {
        for clash in [Clash::Replace, Clash::Fail] {
            for creates in [true, false] {
                let result = project.write_with(outside, "x", creates, clash);
                assert!(result.is_err(), "{outside}");
            }
        }
        let created = format!("--- /dev/null\n+++ b/{outside}\n@@ -0,0 +1 @@\n+x\n");
        assert!(project.patch(&created).is_err(), "{outside}");
        let changed = format!("--- a/{outside}\n+++ b/{outside}\n@@ -1 +1 @@\n-{SECRET}\n+x\n");
        assert!(project.patch(&changed).is_err(), "{outside}");
    }
    let error = project.write("../other/o.txt", "x").expect_err("only read");
    assert!(matches!(error, FilesError::ReadOnly { .. }), "{error}");
    for path in ["sub", "sub/", ".", "..", "", "new/", "a.txt/x", "loop"] {
        let result = project.write(path, "x");
        assert!(result.is_err(), "{path}");
    }
    for path in ["../elsewhere/x", "out-folder/new/x", "a.txt/new/x"] {
        let result = project.write_with(path, "x", true, Clash::Fail);
        assert!(result.is_err(), "{path}");
    }
    assert_eq!(project.snapshot(), before);
}

#[test]
fn pipes_sockets_and_devices_are_not_opened() {
    let project = Project::new();
    let pipe = project.at("data/pipe");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    let _socket =
        std::os::unix::net::UnixListener::bind(project.at("data/socket")).expect("a socket");
    for (path, says) in [("pipe", "a named pipe"), ("socket", "a socket")] {
        let error = project.read(path).expect_err(path).to_string();
        assert!(error.contains(says), "{error}");
        let error = project.write(path, "x").expect_err(path).to_string();
        assert!(error.contains(says), "{error}");
        let error = project.search("x", |request| request.path = path);
        assert!(error.expect_err(path).to_string().contains(says));
    }
    let searched = project.search(".", |_| {}).expect("it does not wait");
    assert_eq!(searched.text_files, 2);
    let metadata = fs::symlink_metadata(pipe).expect("it is there");
    assert!(metadata.file_type().is_fifo());
}

#[test]
fn companions_own_folders_stay_closed() {
    let project = Project::new();
    let own = project.at("data/own");
    fs::create_dir_all(own.join("deep")).expect("a folder");
    fs::write(own.join("deep/policy.toml"), SECRET).expect("a file");
    symlink("own", project.at("data/alias")).expect("a link");
    granted::protect_folders([own.clone()]);
    // What is protected stays so for this process: its number may go to no other folder.
    std::mem::forget(fs::File::open(&own).expect("opened"));
    for path in ["own/deep/policy.toml", "alias/deep/policy.toml"] {
        let error = project.read(path).expect_err(path);
        assert!(error.to_string().contains("companion's own"), "{error}");
        assert!(project.write(path, "x").is_err());
        assert!(
            project
                .write_with("own/new/x", "x", true, Clash::Fail)
                .is_err()
        );
    }
    let listed = project.list(|_| {});
    assert!(
        !listed.iter().any(|path| path.starts_with("own/")),
        "{listed:?}"
    );
    let searched = project.search("secret", |_| {}).expect("searched");
    assert_eq!(found(&searched), []);
    assert_eq!(
        fs::read_to_string(own.join("deep/policy.toml")).expect("it is there"),
        SECRET
    );
    assert!(Folders::open([(own, Access::Read)]).is_err());
}

#[test]
fn a_link_that_is_swapped_in_is_not_followed() {
    let project = Project::new();
    let (inner, aside) = (project.at("data/sub"), project.at("data/aside"));
    fs::write(project.at("outside/b.txt"), SECRET).expect("a file");
    let stop = AtomicBool::new(false);
    let swaps = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Acquire) {
                fs::rename(&inner, &aside).expect("moved");
                symlink(project.at("outside"), &inner).expect("a link");
                fs::remove_file(&inner).expect("removed");
                fs::rename(&aside, &inner).expect("moved");
                swaps.fetch_add(1, Ordering::AcqRel);
            }
        });
        for round in 0..2000 {
            if let Ok(read) = project.read("sub/b.txt") {
                assert_ne!(read.text, SECRET);
            }
            if round % 10 == 0 {
                let searched = project.search("secret", |_| {}).expect("searched");
                assert_eq!(found(&searched), []);
                let _ = project.write("sub/c.txt", "mine");
            }
        }
        stop.store(true, Ordering::Release);
    });
    assert!(swaps.load(Ordering::Acquire) > 10);
    let mut outside: Vec<_> = fs::read_dir(project.at("outside"))
        .expect("listed")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    outside.sort();
    assert_eq!(outside, ["b.txt", "secret.txt"]);
}

#[test]
fn parts_of_files_are_read_and_told() {
    let project = Project::new();
    let read = project.read("a.txt").expect("read");
    assert_eq!(read.lines, (1, 2, Some(2)));
    assert!(read.is_whole && !read.is_lossy);
    let lines: Vec<String> = (1..=100).map(|number| format!("line {number}\n")).collect();
    let lines = lines.concat();
    project.put("long", &lines);
    let read = project.read_part("long", 10, 2, 1000).expect("read");
    assert_eq!(
        (read.text.as_str(), read.lines, read.is_whole),
        ("line 11\nline 12\n", (11, 12, Some(100)), false)
    );
    let read = project.read_part("long", 0, 100, 18).expect("read");
    assert_eq!(
        (read.text.as_str(), read.lines),
        ("line 1\nline 2\n", (1, 2, Some(100)))
    );
    let read = project.read_part("long", 100, 5, 18).expect("read");
    assert_eq!(
        (read.text.as_str(), read.lines),
        ("", (101, 100, Some(100)))
    );
    let read = project.read_part("long", u64::MAX, u64::MAX, usize::MAX);
    assert_eq!(read.expect("read").text, "");
    let read = project.read_part("long", 98, 5, 100).expect("read");
    assert_eq!(read.lines, (99, 100, Some(100)));

    project.put("empty", "");
    let read = project.read("empty").expect("read");
    assert_eq!(
        (read.lines, read.is_whole, read.line_ending.as_str()),
        ((1, 0, Some(0)), true, "None")
    );
    project.put("no-newline", "a\r\nb");
    let read = project.read("no-newline").expect("read");
    assert_eq!(
        (read.text.as_str(), read.lines, read.line_ending.as_str()),
        ("a\r\nb", (1, 2, Some(2)), "Crlf")
    );
    project.put("mixed", "a\r\nb\n");
    assert_eq!(project.read("mixed").expect("read").line_ending, "Mixed");
    project.put("latin", b"caf\xe9\n");
    let read = project.read("latin").expect("read");
    assert_eq!((read.text.as_str(), read.is_lossy), ("caf\u{fffd}\n", true));
    project.put("wide", "é".repeat(1000));
    let read = project.read_part("wide", 0, 1, 101).expect("read");
    assert_eq!(
        (read.text, read.is_lossy, read.is_whole),
        ("é".repeat(50), false, false)
    );
    project.put("Ünï/名前 🦀.txt", "crab\n");
    assert_eq!(
        project.read("Ünï/名前 🦀.txt").expect("read").text,
        "crab\n"
    );
}

#[test]
fn what_is_no_text_is_told_by_kind_and_hash() {
    let project = Project::new();
    project.put("binary", b"\0\x01\x02");
    let hash = "ae4b3280e56e2faf83f414a6e3dabe9d5fbe18976544c05fed121accb85b53fc";
    assert_eq!(
        project.read("binary").expect("read").text,
        format!("application/octet-stream {hash}")
    );
    project.put("p.png", b"\x89PNG\r\n\x1a\n\0\0");
    let text = project.read("p.png").expect("read").text;
    assert!(text.starts_with("image/png "), "{text}");
}

#[test]
fn big_files_are_read_in_parts_and_can_be_given_up() {
    let project = Project::new();
    let file = fs::File::create(project.at("data/big")).expect("a file");
    file.set_len(8 << 30).expect("a sparse file");
    let from = project.at("data");
    let request = ReadRequest {
        from: &from,
        path: "big",
        offset_lines: 0,
        max_lines: 10,
        max_bytes: 1000,
    };
    let looks = AtomicUsize::new(0);
    let soon = || looks.fetch_add(1, Ordering::AcqRel) > 20;
    let error = read(&project.folders, &request, &soon).expect_err("given up");
    assert!(matches!(error, FilesError::Cancelled));
    let line = "a line of some length to be repeated\n";
    project.put("lines", line.repeat(2_000_000));
    let read = project.read_part("lines", 10, 2, 1000).expect("read");
    assert_eq!(read.lines, (11, 12, None), "too long to be counted");
    let searched = project.search("some", |_| {}).expect("searched");
    assert_eq!((searched.large_files, found(&searched).len()), (2, 0));
    assert!(matches!(
        project.write("lines", "x").expect_err("too big to be seen"),
        FilesError::TooBig { .. }
    ));
}

#[test]
fn files_are_written_whole_and_keep_their_permissions() {
    let project = Project::new();
    let path = project.at("data/a.txt");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o751)).expect("set");
    let error = project.write_with("a.txt", "x", false, Clash::Fail);
    let error = error.expect_err("it is there").to_string();
    assert!(
        error.contains("a.txt is there already: set overwrite"),
        "{error}"
    );
    let before = fs::metadata(&path).expect("there").ino();
    let written = project.write("a.txt", "alpha\nBETA\n").expect("written");
    assert_eq!((written.size_bytes, written.is_new), (11, false));
    assert_eq!(
        written.diff.text,
        "--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n alpha\n-beta\n+BETA\n"
    );
    assert_eq!((written.diff.added, written.diff.removed), (1, 1));
    let metadata = fs::metadata(&path).expect("there");
    assert_eq!(metadata.permissions().mode() & 0o777, 0o751);
    assert_ne!(metadata.ino(), before, "it is another file, renamed");
    let written = project.write("new.txt", "no newline").expect("written");
    assert!(written.is_new);
    assert_eq!(
        written.diff.text,
        "--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1 @@\n+no newline\n\\ No newline at end of file\n"
    );
    let error = project.write("x/y/z.txt", "deep").expect_err("no folder");
    assert!(error.to_string().contains("No such file"), "{error}");
    project
        .write_with("x/y/z.txt", "deep", true, Clash::Fail)
        .expect("written");
    assert_eq!(project.content("x/y/z.txt"), "deep");
    symlink("a.txt", project.at("data/link")).expect("a link");
    project.write("link", "through\n").expect("written");
    let link = fs::symlink_metadata(project.at("data/link")).expect("there");
    assert!(link.is_symlink());
    assert_eq!(project.content("a.txt"), "through\n");
    project.put("blob", b"\0\0");
    let written = project.write("blob", "text\n").expect("written");
    assert!(written.diff.text.starts_with("Binary files"), "{written:?}");
    assert_eq!(
        project.names(),
        ["a.txt", "blob", "link", "new.txt", "sub", "x"],
        "no temporary file stays"
    );
    let big = "x".repeat(9 << 20);
    assert!(matches!(
        project.write("big", &big).expect_err("too big"),
        FilesError::TooBig { .. }
    ));
}

#[test]
fn a_folder_that_can_t_be_written_changes_nothing() {
    let project = Project::new();
    let folder = project.at("data/sub");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o500)).expect("set");
    // The superuser writes anyway.
    if fs::write(folder.join("probe"), "").is_err() {
        assert!(project.write("sub/b.txt", "x").is_err());
        let patch = "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-alpha\n+ALPHA\n\
                     --- a/sub/b.txt\n+++ b/sub/b.txt\n@@ -1 +1 @@\n-gamma\n+GAMMA\n";
        let from = project.at("data");
        let request = PatchRequest {
            from: &from,
            path: ".",
            patch,
        };
        assert!(super::patch(&project.folders, &request, &never).is_err());
        assert_eq!(project.content("a.txt"), "alpha\nbeta\n");
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("set");
    assert_eq!(project.content("sub/b.txt"), "gamma\n");
    let names = project.names();
    assert!(!names.iter().any(|name| name.contains(".tmp")), "{names:?}");
}

#[test]
fn what_somebody_else_wrote_is_not_overwritten() {
    let project = Project::new();
    let path = project.at("data/a.txt");
    let spot = project
        .folders
        .walk(&project.at("data"), "a.txt", Access::Write)
        .expect("it is open");
    let seen = write::see(&spot, "a.txt", &never).expect("seen");
    let staged = crate::atomic::Staged::new(spot.folder(), b"mine", None).expect("staged");
    fs::write(&path, "theirs").expect("written");
    let error = write::commit(staged, &spot, "a.txt".as_ref(), "a.txt", seen.as_ref());
    assert!(matches!(
        error.expect_err("it changed"),
        FilesError::Changed { .. }
    ));
    let staged = crate::atomic::Staged::new(spot.folder(), b"mine", None).expect("staged");
    let error = write::commit(staged, &spot, "a.txt".as_ref(), "a.txt", None);
    assert!(matches!(
        error.expect_err("it came"),
        FilesError::Changed { .. }
    ));
    assert_eq!(project.content("a.txt"), "theirs");
    assert_eq!(project.names(), ["a.txt", "sub"]);
}

#[test]
fn folders_are_listed_in_order_and_gitignore_is_minded() {
    let project = with_ways_out();
    for name in [
        ".hidden/x",
        ".git/config",
        "target/debug/big.o",
        "src/main.rs",
        "src/deep/er/mod.rs",
        "src/notes.log",
        "src/keep.log",
        "ünï/名.rs",
    ] {
        project.put(name, "x");
    }
    project.put(".gitignore", "/target\n*.log\n!keep.log\n");
    project.put("src/.gitignore", "deep/er/\n");
    let links = [
        "in",
        "in-absolute",
        "in-folder",
        "loop",
        "new-out",
        "out",
        "out-folder",
        "out-relative",
        "proc",
    ];
    let listed = project.list(|_| {});
    let plain: Vec<_> = listed
        .iter()
        .filter(|path| !links.contains(&path.as_str()) && *path != "up")
        .collect();
    assert_eq!(
        plain,
        [
            "a.txt",
            "src",
            "src/deep",
            "src/keep.log",
            "src/main.rs",
            "sub",
            "sub/b.txt",
            "ünï",
            "ünï/名.rs"
        ]
    );
    let rust = project.list(|request| {
        request.pattern = Some("*.rs");
        request.ignored = true;
    });
    assert_eq!(rust, ["src/deep/er/mod.rs", "src/main.rs", "ünï/名.rs"]);
    let rust = project.list(|request| request.pattern = Some("src/*.rs"));
    assert_eq!(rust, ["src/main.rs"]);
    let below = project.list(|request| request.path = "./src/");
    assert_eq!(below, ["src/deep", "src/keep.log", "src/main.rs"]);
    let ignored = project.list(|request| request.path = "target");
    assert_eq!(ignored, ["target/debug", "target/debug/big.o"]);
    let hidden = project.list(|request| {
        request.hidden = true;
        request.pattern = Some(".*");
    });
    assert_eq!(hidden, [".git", ".gitignore", ".hidden", "src/.gitignore"]);
    let shallow = project.list(|request| {
        request.max_depth = 1;
        request.pattern = Some("s*");
    });
    assert_eq!(shallow, ["src", "sub"]);
    let from = project.at("data");
    let request = ListRequest {
        from: &from,
        path: ".",
        pattern: None,
        max_depth: 64,
        max_entries: 3,
        hidden: false,
        ignored: false,
    };
    let listing = list(&project.folders, &request, &never).expect("listed");
    assert_eq!((listing.entries.len(), listing.is_whole), (3, false));
    let link = listing.entries.iter().find(|entry| entry.path == "in");
    let link = link.expect("it is listed");
    assert_eq!(
        (link.kind, link.target.as_deref()),
        (Kind::Link, Some("a.txt"))
    );
    for outside in ["..", "/", "/proc", "out-folder", "up"] {
        let request = ListRequest {
            path: outside,
            ..request
        };
        assert!(
            list(&project.folders, &request, &never).is_err(),
            "{outside}"
        );
    }
    for pattern in ["[", "{a", &"x".repeat(2000)] {
        let request = ListRequest {
            path: ".",
            pattern: Some(pattern),
            ..request
        };
        let error = list(&project.folders, &request, &never).expect_err(pattern);
        assert!(matches!(error, FilesError::Pattern { .. }), "{error}");
    }
}

#[test]
fn lines_are_found_with_their_numbers() {
    let project = with_ways_out();
    project.put("src/one.rs", "fn one() {}\r\n// two\r\nfn two() {}\r\n");
    project.put("src/two.txt", "fn three\n");
    project.put("latin", b"caf\xe9 fn\n");
    project.put("binary", b"fn\0fn\n");
    let searched = project
        .search("^fn (one|two).*\\}$", |_| {})
        .expect("searched");
    assert_eq!(
        found(&searched),
        [
            ("src/one.rs", 1, "fn one() {}"),
            ("src/one.rs", 3, "fn two() {}")
        ]
    );
    assert_eq!(searched.binary_files, 1);
    let searched = project.search("FN", |request| {
        request.ignores_case = true;
        request.glob = Some("*.{txt,md}");
    });
    assert_eq!(
        found(&searched.expect("searched")),
        [("src/two.txt", 1, "fn three")]
    );
    let searched = project.search("caf", |_| {}).expect("searched");
    assert_eq!(found(&searched), [("latin", 1, "caf\u{fffd} fn")]);
    let searched = project.search("two$", |request| {
        request.context_lines = 5;
        request.path = "src/one.rs";
    });
    let searched = searched.expect("searched");
    let one = searched.matches.first().expect("it is found");
    assert_eq!(
        (one.before.as_slice(), one.after.as_slice()),
        (
            &["fn one() {}".to_owned()][..],
            &["fn two() {}".to_owned()][..]
        )
    );
    let searched = project.search("fn", |request| request.max_matches = 2);
    let searched = searched.expect("searched");
    assert_eq!(
        (searched.matches.len(), searched.stopped_by),
        (2, Some("matches"))
    );
    let searched = project.search("secret", |_| {}).expect("searched");
    assert_eq!(found(&searched), [], "no link is followed");
    for pattern in ["(", "(?=x)", r"(x)\1", "((((x{100}){100}){100}){100})"] {
        let error = project.search(pattern, |_| {}).expect_err(pattern);
        assert!(matches!(error, FilesError::Pattern { .. }), "{error}");
    }
}

#[test]
fn a_search_has_an_end() {
    let project = Project::new();
    project.put("slow", "a".repeat(4 << 20));
    let started = std::time::Instant::now();
    let searched = project
        .search("(a*)*q|(a|aa)+$x", |_| {})
        .expect("searched");
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(found(&searched), []);
    project.put(
        "long-line",
        format!("{}needle{}", "é".repeat(1000), "x".repeat(5000)),
    );
    let searched = project.search("needle", |_| {}).expect("searched");
    let text = &searched.matches.first().expect("found").text;
    assert!(text.contains("needle") && text.len() < 600, "{text}");
    for number in 0..200 {
        project.put(&format!("many/{number}"), "x\n".repeat(1000));
    }
    let searched = project.search("nothing", |request| request.max_time = Duration::ZERO);
    assert_eq!(searched.expect("searched").stopped_by, Some("time"));
    let from = project.at("data");
    let request = SearchRequest {
        from: &from,
        path: ".",
        pattern: "x",
        ignores_case: false,
        glob: None,
        context_lines: 0,
        max_matches: 100,
        hidden: false,
        ignored: false,
        max_time: Duration::from_secs(20),
    };
    let error = search(&project.folders, &request, &|| true).expect_err("cancelled");
    assert!(matches!(error, FilesError::Cancelled));
}

mod patches;
