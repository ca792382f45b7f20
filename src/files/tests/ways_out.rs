//! Every way out of what is open that was thought of.

use super::*;

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

pub(super) fn with_ways_out() -> Project {
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
