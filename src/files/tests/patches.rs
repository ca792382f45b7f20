//! Patches: ordinary ones, those that don't fit, and those that mean harm.

use std::fmt::Write as _;

use super::*;

/// What a patch that does not fit says.
fn refused(project: &Project, patch: &str) -> String {
    project.patch(patch).expect_err(patch).to_string()
}

#[test]
fn numbers_of_lines_that_no_file_has_are_of_no_account() {
    let project = Project::new();
    let patch = "--- a/a.txt\n+++ b/a.txt\n@@ -9223372036854775809,1 +1,1 @@\n-alpha\n+ALPHA\n";
    project.patch(patch).expect("it fits");
}

#[test]
fn several_files_are_changed_created_and_deleted() {
    let project = Project::new();
    project.put("gone.txt", "one\ntwo\n");
    let patch = "\
From 0123456789 Mon Sep 17 00:00:00 2001
Subject: [PATCH] words

- a list in the message
---
 a.txt | 3 ++-
 3 files changed

diff --git a/a.txt b/a.txt
index 111..222 100644
--- a/a.txt
+++ b/a.txt
@@ -1,2 +1,3 @@
 alpha
-beta
+BETA
+delta
diff --git a/new/Ü 🦀.txt b/new/Ü 🦀.txt
new file mode 100644
--- /dev/null
+++ b/new/Ü 🦀.txt
@@ -0,0 +1,2 @@
+first
+second
\\ No newline at end of file
diff --git a/gone.txt b/gone.txt
deleted file mode 100644
--- a/gone.txt
+++ /dev/null
@@ -1,2 +0,0 @@
-one
-two
-- 
2.40.0
";
    let patched = project.patch(patch).expect("it fits");
    let told: Vec<_> = patched
        .iter()
        .map(|file| (file.path.as_str(), file.change, file.added, file.removed))
        .collect();
    assert_eq!(
        told,
        [
            ("a.txt", Change::Modified, 2, 1),
            ("new/Ü 🦀.txt", Change::Created, 2, 0),
            ("gone.txt", Change::Deleted, 0, 2),
        ]
    );
    assert_eq!(project.content("a.txt"), "alpha\nBETA\ndelta\n");
    assert_eq!(project.content("new/Ü 🦀.txt"), "first\nsecond");
    assert_eq!(project.names(), ["a.txt", "new", "sub"]);
}

#[test]
fn plain_names_and_another_folder_work() {
    let project = Project::new();
    let patch =
        "--- b.txt\t2024-01-01 00:00:00\n+++ b.txt\t2024-01-02\n@@ -1 +1 @@\n-gamma\n+GAMMA";
    let from = project.at("data");
    let request = PatchRequest {
        from: &from,
        path: "sub",
        patch,
    };
    let diff = preview_patch(&project.folders, &request, &never).expect("it fits");
    assert_eq!(
        diff,
        "--- a/sub/b.txt\n+++ b/sub/b.txt\n@@ -1 +1 @@\n-gamma\n+GAMMA\n"
    );
    super::super::patch(&project.folders, &request, &never).expect("it fits");
    assert_eq!(project.content("sub/b.txt"), "GAMMA\n");
    let out = PatchRequest {
        patch: "--- a/in.txt\n+++ b/in.txt\n@@ -1 +1 @@\n-alpha\n+x\n",
        ..request
    };
    symlink("../a.txt", project.at("data/sub/in.txt")).expect("a link");
    let error = super::super::patch(&project.folders, &out, &never).expect_err("it leads out");
    assert!(error.to_string().contains("by a link"), "{error}");
    symlink("a.txt", project.at("data/alias")).expect("a link");
    let twice = "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-alpha\n+x\n\
                 --- a/alias\n+++ b/alias\n@@ -2 +2 @@\n-beta\n+y\n";
    assert!(refused(&project, twice).contains("alias is another name"));
}

#[test]
fn only_line_numbers_may_be_off() {
    let project = Project::new();
    let lines: Vec<String> = (1..=60).map(|number| format!("{number}\n")).collect();
    let lines = lines.concat();
    project.put("n", &lines);
    let patch =
        "--- a/n\n+++ b/n\n@@ -5,3 +5,4 @@\n 20\n 21\n+new\n 22\n@@ -33,2 +34,1 @@\n 48\n-49\n";
    project.patch(patch).expect("it fits");
    let expected = lines
        .replace("21\n22\n", "21\nnew\n22\n")
        .replace("49\n", "");
    assert_eq!(project.content("n"), expected);

    let error = refused(
        &project,
        "--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n alpha\n-gamma\n+x\n",
    );
    assert_eq!(
        error,
        "a.txt: hunk 1 (@@ -1,2 +1,2 @@) does not fit: line 2 should be \"gamma\\n\", and is \
         \"beta\\n\"; nothing was changed"
    );
    let error = refused(
        &project,
        "--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n alpha\n beta\n-gamma\n+x\n",
    );
    assert!(
        error.contains("line 3 should be \"gamma\\n\", and is the end of the file"),
        "{error}"
    );
    let error = refused(
        &project,
        "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n- alpha\n+x\n",
    );
    assert!(error.contains("should be \" alpha"), "{error}");
    let error = refused(&project, "--- a/a.txt\n+++ b/a.txt\n@@ -9,0 +10 @@\n+x\n");
    assert!(
        error.contains("after line 9, and the file has 2 lines"),
        "{error}"
    );
}

#[test]
fn the_hunk_that_is_nearest_wins_and_none_goes_back() {
    let project = Project::new();
    project.put("n", "x\ny\nx\ny\nx\ny\n");
    project
        .patch("--- a/n\n+++ b/n\n@@ -3 +3 @@\n-x\n+X\n")
        .expect("it fits");
    assert_eq!(project.content("n"), "x\ny\nX\ny\nx\ny\n");
    project.put("n", "a\nb\nc\n");
    let back = "--- a/n\n+++ b/n\n@@ -1 +1 @@\n-b\n+B\n@@ -2 +2 @@\n-a\n+A\n";
    assert!(refused(&project, back).contains("hunk 2"));
    let twice = "--- a/n\n+++ b/n\n@@ -1 +1 @@\n-b\n+B\n@@ -2 +2 @@\n-b\n+C\n";
    assert!(refused(&project, twice).contains("hunk 2"));
}

#[test]
fn if_one_file_does_not_fit_none_is_changed() {
    let project = Project::new();
    let patch = "\
--- a/a.txt
+++ b/a.txt
@@ -1 +1 @@
-alpha
+ALPHA
--- /dev/null
+++ b/made/up.txt
@@ -0,0 +1 @@
+x
--- a/sub/b.txt
+++ b/sub/b.txt
@@ -1 +1 @@
-delta
+DELTA
";
    let error = refused(&project, patch);
    assert!(error.starts_with("sub/b.txt: hunk 1"), "{error}");
    assert!(!project.at("data/made").exists());
}

#[test]
fn ends_of_lines_and_of_files_are_exact() {
    let project = Project::new();
    project.put("dos", "one\r\ntwo\r\n");
    let error = refused(
        &project,
        "--- a/dos\n+++ b/dos\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n",
    );
    assert!(error.contains("the lines end otherwise"), "{error}");
    project
        .patch("--- a/dos\n+++ b/dos\n@@ -1,2 +1,2 @@\n one\r\n-two\r\n+2\r\n")
        .expect("it fits");
    assert_eq!(project.content("dos"), "one\r\n2\r\n");

    project.put("end", "one\ntwo");
    let error = refused(
        &project,
        "--- a/end\n+++ b/end\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n",
    );
    assert!(error.contains("the newline at the end"), "{error}");
    project
        .patch(
            "--- a/end\n+++ b/end\n@@ -1,2 +1,2 @@\n one\n-two\n\\ No newline at end of file\n+2\n",
        )
        .expect("it fits");
    assert_eq!(project.content("end"), "one\n2\n");
    project
        .patch(
            "--- a/end\n+++ b/end\n@@ -1,2 +1,2 @@\n one\n-2\n+2\n\\ No newline at end of file\n",
        )
        .expect("it fits");
    assert_eq!(project.content("end"), "one\n2");
    let glued = "--- a/end\n+++ b/end\n@@ -2,0 +3 @@\n+three\n";
    assert!(refused(&project, glued).contains("no newline"));
    project.put("latin", b"caf\xe9\nx\n");
    project
        .patch("--- a/latin\n+++ b/latin\n@@ -2 +2 @@\n-x\n+y\n")
        .expect("it fits");
    let bytes = fs::read(project.at("data/latin")).expect("read");
    assert_eq!(bytes, b"caf\xe9\ny\n");
}

#[test]
fn what_a_patch_can_t_do_is_said_and_not_passed_over() {
    let project = Project::new();
    for (patch, says) in [
        ("", "no valid patches"),
        ("some words\n", "no valid patches"),
        ("--- a/a.txt\n+++ b/a.txt\n", "no hunks"),
        (
            "--- a/a.txt\n+++ b/c.txt\n@@ -1 +1 @@\n-alpha\n+x\n",
            "renames a.txt to c.txt",
        ),
        (
            "diff --git a/a.txt b/c.txt\nrename from a.txt\nrename to c.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-alpha\n+x\n",
            "rename from",
        ),
        (
            "diff --git a/x b/x\nnew file mode 100644\ndiff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-alpha\n+x\n",
            "2 files, and 1 with",
        ),
        (
            "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-alpha\n+x\njunk\n@@ -2 +2 @@\n-beta\n+y\n",
            "2 lines that begin with @@",
        ),
        (
            "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-alpha\n+x\n\n+y\n",
            "goes on after the lines that its @@ counts, with \"+y\"",
        ),
        (
            "--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n-alpha\n+x\n",
            "can't be read",
        ),
        (
            "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-alpha\n+x\n--- a/a.txt\n+++ b/a.txt\n@@ -2 +2 @@\n-beta\n+y\n",
            "a.txt twice",
        ),
        (
            "--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1 @@\n+x\n",
            "creates a.txt, and it is there",
        ),
        (
            "--- a/nothing\n+++ b/nothing\n@@ -1 +1 @@\n-x\n+y\n",
            "and it is not there",
        ),
        (
            "--- a/a.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-alpha\n",
            "lines in it that the patch does not have",
        ),
        ("--- a/sub\n+++ b/sub\n@@ -1 +1 @@\n-x\n+y\n", "directory"),
        (
            "--- /dev/null\n+++ /dev/null\n@@ -0,0 +1 @@\n+x\n",
            "/dev/null",
        ),
        (
            "--- a/../outside/secret.txt\n+++ b/../outside/secret.txt\n@@ -1 +1 @@\n-x\n+y\n",
            "without ..",
        ),
        (
            "--- /dev/null\n+++ /etc/x\n@@ -0,0 +1 @@\n+x\n",
            "leads out",
        ),
    ] {
        let error = refused(&project, patch);
        assert!(error.contains(says), "{patch}\n{error}");
        assert!(
            error.ends_with("nothing was changed") || says == "directory",
            "{error}"
        );
    }
}

#[test]
fn numbers_that_lie_do_no_harm() {
    let project = Project::new();
    for header in [
        "@@ -1,99999999999 +1,99999999999 @@",
        "@@ -18446744073709551615,1 +1 @@",
        "@@ -18446744073709551614,1 +18446744073709551614,1 @@",
        "@@ -99999999999999999999999 +1 @@",
        "@@ --1,1 +1,1 @@",
        "@@ -1,-1 +1,-1 @@",
        "@@ -1,1 +1,1",
        "@@ @@",
        "@@",
        "@@ -0,1 +0,1 @@",
        "@@ -9223372036854775807,1 +9223372036854775807,1 @@",
        "@@ -1,0 +1,0 @@",
    ] {
        let patch = format!("--- a/a.txt\n+++ b/a.txt\n{header}\n-alpha\n+x\n");
        // Where the number is the only thing wrong, the line is found.
        if project.patch(&patch).is_ok() {
            assert_eq!(project.content("a.txt"), "x\nbeta\n", "{header}");
            project.put("a.txt", "alpha\nbeta\n");
        }
        let patch = format!("--- a/a.txt\n+++ b/a.txt\n{header}\n+x\n");
        let _ = project.patch(&patch);
        project.put("a.txt", "alpha\nbeta\n");
    }
    let mut many = String::new();
    for number in 0..300 {
        let _ = write!(many, "--- /dev/null\n+++ b/{number}\n@@ -0,0 +1 @@\n+x\n");
    }
    assert!(refused(&project, &many).contains("more than 200 files"));
    assert!(refused(&project, &"x".repeat(5 << 20)).contains("over"));
}

#[test]
fn a_patch_that_is_made_to_take_long_is_stopped() {
    let project = Project::new();
    project.put("same", "x\n".repeat(200_000));
    let mut patch = "--- a/same\n+++ b/same\n".to_owned();
    for number in 0..1000 {
        let at = number * 60 + 1;
        let _ = write!(patch, "@@ -{at},51 +{at},51 @@\n{} y\n", " x\n".repeat(50));
    }
    let started = std::time::Instant::now();
    let from = project.at("data");
    let request = PatchRequest {
        from: &from,
        path: ".",
        patch: &patch,
    };
    let error = super::super::patch(&project.folders, &request, &never);
    assert!(error.is_err());
    assert!(started.elapsed() < Duration::from_secs(20));
    let error = super::super::patch(&project.folders, &request, &|| true);
    assert!(matches!(error, Err(FilesError::Cancelled)));
}

/// Random changes, as a diff of ours, back through the patch: the result is the new text.
#[test]
fn our_own_diffs_apply() {
    let project = Project::new();
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % below
    };
    for round in 0..200 {
        let count = random(40);
        let mut lines: Vec<String> = (0..count).map(|_| format!("{}\n", random(8))).collect();
        let old = lines.concat();
        for _ in 0..=random(6) {
            let at = random(lines.len() as u64 + 1) as usize;
            if random(2) == 0 || at >= lines.len() {
                lines.insert(at, format!("new {}\n", random(8)));
            } else {
                lines.remove(at);
            }
        }
        let mut new = lines.concat();
        if random(4) == 0 {
            new.pop();
        }
        if old == new {
            continue;
        }
        project.put("r", &old);
        let diff = super::super::diff::diff("r", Some(old.as_bytes()), Some(new.as_bytes()));
        project.patch(&diff.text).expect("it fits");
        assert_eq!(project.content("r"), new, "round {round}\n{}", diff.text);
        let theirs = diffy::Patch::from_str(&diff.text).expect("a patch");
        let theirs = diffy::apply(&old, &theirs).expect("it fits");
        assert_eq!(theirs, new);
    }
}
