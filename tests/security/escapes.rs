//! Programs that try to get out.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::time::{Duration, Instant};

use companion::CodeExecutor;
use companion::protocol::{Limits, Status};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use super::canary::Canaries;
use super::case::{self, Case};
use super::run::{self, Bounds};
use super::{GRACE, SLACK, UNGUARDED, run_again, run_group};

const TIMEOUT: Duration = Duration::from_secs(5);
const MEMORY_MIB: u64 = 256;
/// What a program prints when it has tried what it came for.
const ATTEMPTED: &str = "ATTEMPTED";
/// What a program prints when it sees that it got out.
const ESCAPED: &str = "ESCAPED";

#[test]
fn python_stays_inside() {
    programs("escapes/python", false);
}

#[test]
fn python_stays_inside_without_its_guards() {
    programs("escapes/python", true);
}

#[test]
fn javascript_stays_inside() {
    programs("escapes/javascript", false);
}

#[test]
fn javascript_stays_inside_without_its_guards() {
    programs("escapes/javascript", true);
}

#[test]
fn the_shell_stays_inside() {
    programs("escapes/shell", false);
}

#[test]
fn the_shell_stays_inside_without_its_policy() {
    programs("escapes/shell", true);
}

#[test]
fn sessions_stay_apart() {
    let cases: Vec<Case> = all().filter(|case| case.cells.len() > 1).collect();
    run_group(&cases, check_cells);
}

#[test]
fn sessions_stay_apart_without_the_guards() {
    run_again(
        "security::escapes::sessions_stay_apart",
        &[(UNGUARDED, "1")],
    );
}

#[test]
fn a_terminal_is_not_taken_over() {
    let cases: Vec<Case> = all().filter(Case::wants_terminal).collect();
    run_group(&cases, check_terminal);
}

fn all() -> impl Iterator<Item = Case> {
    ["python", "javascript", "shell"]
        .into_iter()
        .flat_map(|language| case::load(&format!("escapes/{language}")))
}

/// Runs the cases of a folder that are programs of one piece.
fn programs(folder: &str, is_unguarded: bool) {
    let mut cases = case::load(folder);
    cases.retain(|case| case.cells.len() == 1 && !case.wants_terminal());
    run_group(&cases, |case, canaries| {
        if case.is_shell() && is_unguarded {
            // The library asks no policy: what is left is the jail.
            check_cells(case, canaries)
        } else {
            check_program(case, canaries, is_unguarded)
        }
    });
}

fn check_program(case: &Case, canaries: &mut Canaries, is_unguarded: bool) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder
        .path()
        .join(case.path.file_name().expect("it is a file"));
    let source = canaries.fill(&format!("{}{}", reach(case), case.source()));
    fs::write(&program, source).expect("written");
    let bounds = Bounds {
        timeout: case.timeout(TIMEOUT),
        memory_mib: MEMORY_MIB,
        is_unguarded,
        as_json: true,
    };
    let ran = run::run(canaries, &program, &bounds);
    let mut wrong = ran.wrong;
    wrong.extend(canaries.leak(&ran.text));
    wrong.extend(canaries.look());
    wrong.extend(own_words(&ran.stdout));
    wrong.extend(own_words(&ran.result));
    if ran.message.contains("protocol") {
        wrong.push("it reached the wire".to_owned());
    }
    let has_tried = ran.stdout.contains(ATTEMPTED)
        || match ran.status.as_str() {
            "error" => ran.ename != "SyntaxError" || case.expects("syntax-error", ""),
            "limit" => true,
            // By the policy; without it the wall has to hold alone.
            "refused" => case.is_shell(),
            // The system ended it in mid-attempt.
            "died" => is_unguarded || case.expects("died", ""),
            _ => false,
        };
    if !has_tried {
        wrong.push(format!(
            "it never tried ({}): {}",
            ran.status,
            ran.text.chars().take(600).collect::<String>()
        ));
    }
    told(wrong)
}

/// What a program says of itself.
fn own_words(text: &str) -> Option<String> {
    let at = text.find(ESCAPED)?;
    let line = text[at..].lines().next().unwrap_or_default();
    Some(format!("it says: {line}"))
}

fn told(wrong: Vec<String>) -> Result<(), String> {
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(wrong.join("; "))
    }
}

/// What all programs of a language can call: `reach`, which tries every door with what a route
/// has found.
fn reach(case: &Case) -> String {
    let name = match case.name.split('/').nth(1) {
        Some("python") => "reach.py",
        Some("javascript") => "reach.js",
        _ => return String::new(),
    };
    fs::read_to_string(super::root().join("support").join(name)).expect("readable")
}

/// Runs the cells of a case one after another, each in the session that it names.
fn check_cells(case: &Case, canaries: &mut Canaries) -> Result<(), String> {
    let language = case.language().expect("the group has only such");
    let limits = Limits {
        timeout: Some(case.timeout(TIMEOUT)),
        memory_bytes: MEMORY_MIB << 20,
        output_bytes: 1 << 20,
        fuel: None,
        ..Limits::default()
    };
    let mut sessions: BTreeMap<&str, CodeExecutor> = BTreeMap::new();
    let (mut wrong, mut has_tried) = (Vec::new(), false);
    for cell in &case.cells {
        let executor = sessions
            .entry(&cell.session)
            .or_insert_with(|| CodeExecutor::with_limits(limits).expect("the binary is there"));
        let started = Instant::now();
        let execution = match executor.execute(language, &canaries.fill(&cell.source)) {
            Ok(execution) => execution,
            Err(error) => {
                wrong.push(format!("there was no kernel for it: {error}"));
                break;
            }
        };
        let late = limits.timeout.unwrap_or_default() + GRACE + SLACK;
        if started.elapsed() > late {
            wrong.push(format!("a cell took {:.1?}", started.elapsed()));
        }
        let text = format!("{execution:?}");
        has_tried |= execution.output.contains(ATTEMPTED)
            || matches!(execution.status, Status::Limit { .. });
        wrong.extend(canaries.leak(&text));
        wrong.extend(own_words(&execution.output));
        wrong.extend(own_words(execution.result.as_deref().unwrap_or_default()));
        if matches!(&execution.status, Status::Died { message, .. } if message.contains("protocol"))
        {
            wrong.push("it reached the wire".to_owned());
        }
    }
    drop(sessions);
    if !has_tried {
        wrong.push("it never tried".to_owned());
    }
    wrong.extend(canaries.look());
    told(wrong)
}

/// Runs a program with a terminal as its output: nothing but text and colours may arrive there.
fn check_terminal(case: &Case, canaries: &mut Canaries) -> Result<(), String> {
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder
        .path()
        .join(case.path.file_name().expect("it is a file"));
    fs::write(&program, canaries.fill(&case.source())).expect("written");
    let pair = native_pty_system()
        .openpty(PtySize::default())
        .expect("a terminal");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_companion"));
    command.args(["run", "--timeout", "5"]);
    command.arg(&program);
    let mut child = pair.slave.spawn_command(command).expect("it starts");
    let mut reader = pair.master.try_clone_reader().expect("its output");
    drop(pair.slave);
    let mut bytes = Vec::new();
    // At the end of the last writer a terminal gives an error, not an end of file.
    let _ = reader.read_to_end(&mut bytes);
    let _ = child.wait();
    let mut wrong = Vec::new();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if !text.contains(ATTEMPTED) {
        wrong.push(format!("it never tried: {text}"));
    }
    wrong.extend(canaries.leak(&text));
    wrong.extend(raw(&text));
    told(wrong)
}

/// What would act on a terminal, or hide on it.
fn raw(text: &str) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        let sequence = &rest[at + 1..];
        let is_colour = sequence.strip_prefix('[').is_some_and(|sequence| {
            let end = sequence.find(|c: char| !c.is_ascii_digit() && !";:".contains(c));
            end.is_some_and(|end| sequence[end..].starts_with('m'))
        });
        if !is_colour {
            let shown: String = sequence.chars().take(12).collect();
            return Some(format!("ESC {shown:?} reached the terminal"));
        }
        rest = sequence;
    }
    let is_raw = |c: char| {
        c.is_control() && !"\n\r\t\u{1b}".contains(c)
            || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}' | '\u{feff}')
    };
    let found = text.chars().find(|&c| is_raw(c))?;
    Some(format!("{found:?} reached the terminal"))
}
