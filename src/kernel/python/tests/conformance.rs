//! The corpus: small ordinary programs, with what CPython prints for them.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::{interrupted_after, session};
use crate::kernel::{Ending, ExecuteMode};

#[test]
fn conformance() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/python");
    let mut programs: Vec<_> = std::fs::read_dir(&folder)
        .expect("the corpus is there")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .collect();
    programs.sort();
    assert!(programs.len() >= 100, "only {} programs", programs.len());
    let known = std::fs::read_to_string(folder.join("known-failures.txt"))
        .expect("known-failures.txt is there");
    let known: BTreeMap<_, _> = known
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .collect();
    let mut surprises = Vec::new();
    let mut failures = 0;
    for program in &programs {
        let name = program
            .file_stem()
            .and_then(|name| name.to_str())
            .expect("names are plain");
        let problem = conforms(program);
        failures += usize::from(problem.is_some());
        match (problem, known.get(name)) {
            (Some(problem), None) => surprises.push(format!("{name} fails: {problem}")),
            (None, Some(reason)) => surprises.push(format!(
                "{name} passes, but known-failures.txt names it: {reason}"
            )),
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    assert!(
        surprises.is_empty(),
        "{} of {} programs fail\n{}",
        failures,
        programs.len(),
        surprises.join("\n")
    );
}

/// Runs a program of the corpus; says what is wrong, if anything.
fn conforms(program: &Path) -> Option<String> {
    let source = std::fs::read_to_string(program).expect("readable");
    let expected = std::fs::read_to_string(program.with_extension("out")).expect("recorded");
    let name = program
        .file_name()
        .and_then(|name| name.to_str())
        .expect("names are plain")
        .to_owned();
    let mode = ExecuteMode::Program {
        name,
        arguments: Vec::new(),
        wants_result: false,
    };
    let ran = session(|python| interrupted_after(Duration::from_secs(20), python, &source, mode));
    if !matches!(ran.reply.ending, Ending::Ok | Ending::Exit { code: 0 }) {
        let Ending::Error { traceback, .. } = &ran.reply.ending else {
            return Some(format!("{:?}", ran.reply.ending));
        };
        return Some(format!("{traceback}{}", ran.stderr));
    }
    let difference = ran
        .stdout
        .lines()
        .zip(expected.lines())
        .find(|(found, wanted)| found != wanted);
    match difference {
        Some((found, wanted)) => Some(format!("printed {found:?}\n      instead of {wanted:?}")),
        None if ran.stdout != expected => Some("printed more or less than it should".to_owned()),
        None => None,
    }
}
