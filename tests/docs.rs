//! The printed parts of the docs are what the program prints. `UPDATE_DOCS=1 cargo verify docs`
//! writes them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::companion;

fn check(file: &str, page: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("docs")
        .join(file);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, page).expect("docs can be written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        written == page,
        "docs/{file} is stale: UPDATE_DOCS=1 cargo verify docs"
    );
}

#[test]
fn pages_are_what_is_printed() {
    for (file, what) in [
        ("commands.md", "commands"),
        ("keys.md", "keys"),
        ("config.md", "settings"),
        ("rules.md", "rules"),
        ("tools.md", "tools"),
    ] {
        let output = companion()
            .args(["print", what])
            .output()
            .expect("the binary starts");
        assert!(output.status.success());
        check(file, &String::from_utf8(output.stdout).expect("UTF-8"));
    }
}

#[test]
fn the_pass_rates_are_those_of_the_tests() {
    let mut page = String::from(
        "# Conformance\n\n<!-- written by `UPDATE_DOCS=1 cargo verify docs`; a test compares -->\n\n\
         Small ordinary programs, written for this project, and what the real interpreters print\n\
         for them: `tests/conformance/record.sh` recorded it. The tests run every one and compare\n\
         the whole output; a program that fails has to be named with its reason, and one that is\n\
         named has to fail.\n\n\
         | language | recorded with | programs | pass | fail |\n|---|---|---|---|---|\n",
    );
    let mut failures = String::new();
    for (folder, title, peer, extensions) in [
        ("python", "Python", "CPython 3.11", &["py"][..]),
        ("javascript", "JavaScript", "node 20", &["js", "mjs"][..]),
    ] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/conformance")
            .join(folder);
        let programs = fs::read_dir(&folder)
            .expect("the corpus")
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| {
                let extension = path.extension().and_then(|extension| extension.to_str());
                extension.is_some_and(|extension| extensions.contains(&extension))
            })
            .count();
        let known = fs::read_to_string(folder.join("known-failures.txt")).expect("the list");
        let known: Vec<_> = known
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        let (failing, passing) = (known.len(), programs - known.len());
        let _ = writeln!(
            page,
            "| {title} | {peer} | {programs} | {passing} | {failing} |"
        );
        let _ = write!(failures, "\n## What fails in {title}\n\n");
        for line in known {
            let (name, reason) = line.split_once(": ").expect("name: reason");
            let _ = writeln!(failures, "- `{name}`: {reason}");
        }
    }
    page.push_str(&failures);
    check("conformance.md", &page);
}
