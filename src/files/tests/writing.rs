//! Writing: files are whole, and nobody's work is lost.

use super::*;

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
