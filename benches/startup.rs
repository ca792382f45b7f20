//! From the start to the first prompt and the first answer, in a terminal; and what stays in
//! memory then.

#[path = "support/figures.rs"]
mod figures;
#[path = "support/peers.rs"]
mod peers;
#[path = "support/terminal.rs"]
mod terminal;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use figures::Series;
use terminal::{Terminal, at_prompt};

const ROUNDS: usize = 30;
const QUESTION: &str = "54321*12345";
/// Nothing else on a screen looks like it.
const ANSWER: &str = "670592745";

/// Something with a prompt.
struct Contender {
    program: PathBuf,
    args: &'static [&'static str],
    mark: &'static str,
    /// Whether its terminal tells what it is.
    answers: bool,
    prompt: Series,
    answer: Series,
    memory: String,
}

fn main() -> io::Result<()> {
    figures::print_load();
    let companion = || PathBuf::from(env!("CARGO_BIN_EXE_companion"));
    let mut contenders = vec![
        Contender {
            program: companion(),
            args: &[],
            mark: "❯ ",
            answers: true,
            prompt: Series::against("companion", "python3 -q"),
            answer: Series::against("companion", "python3 -q"),
            memory: String::new(),
        },
        Contender {
            program: companion(),
            args: &[],
            mark: "❯ ",
            answers: false,
            prompt: Series::against("companion, silent terminal", "python3 -q"),
            answer: Series::against("companion, silent terminal", "python3 -q"),
            memory: String::new(),
        },
    ];
    contenders.extend(peers::python().map(|python| Contender {
        program: python.program,
        args: &["-q"],
        mark: ">>> ",
        answers: true,
        prompt: Series::new("python3 -q"),
        answer: Series::new("python3 -q"),
        memory: String::new(),
    }));
    contenders.extend(peers::node().map(|node| Contender {
        program: node.program,
        args: &[],
        mark: "> ",
        answers: true,
        prompt: Series::new("node"),
        answer: Series::new("node"),
        memory: String::new(),
    }));
    for round in 0..=ROUNDS {
        for contender in &mut contenders {
            contender.measure(round > 0)?;
        }
    }
    for contender in &contenders {
        figures::print_note(&format!("at rest: {}", contender.memory));
    }
    let bytes = fs::metadata(companion())?.len();
    figures::print_note(&format!("binary: {} KiB, as cargo leaves it", bytes / 1024));
    let (prompts, answers): (Vec<_>, Vec<_>) = contenders
        .into_iter()
        .map(|one| (one.prompt, one.answer))
        .unzip();
    figures::print_table("startup: until the prompt is on the screen", &prompts);
    figures::print_table(
        "startup: until a product, asked for at the first prompt, is on the screen",
        &answers,
    );
    figures::print_load();
    Ok(())
}

impl Contender {
    fn measure(&mut self, counts: bool) -> io::Result<()> {
        let home = tempfile::tempdir()?;
        let mark = self.mark;
        let (mut terminal, started) =
            Terminal::start(&self.program, self.args, home.path(), self.answers)?;
        let prompt = terminal
            // vt100 leaves blanks at the end of a row out if nothing was written there.
            .wait_for(|rows| at_prompt(rows, mark.trim_end()).is_some())?;
        terminal.type_keys(&format!("{QUESTION}\r"))?;
        let answer = terminal.wait_for(|rows| rows.iter().any(|row| row.contains(ANSWER)))?;
        if counts {
            self.prompt.push(prompt - started);
            self.answer.push(answer - started);
        } else {
            terminal.idle(Duration::from_secs(2));
            self.memory = memory(&terminal);
        }
        Ok(())
    }
}

/// Resident memory of a program and of the processes that it started.
fn memory(terminal: &Terminal) -> String {
    let Some(process) = terminal.process() else {
        return "unknown".to_owned();
    };
    let mut lines = Vec::new();
    for process in children(process).into_iter().chain([process]).rev() {
        let folder = Path::new("/proc").join(process.to_string());
        let command = fs::read(folder.join("cmdline")).unwrap_or_default();
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        let status = fs::read_to_string(folder.join("status")).unwrap_or_default();
        let sizes = ["VmRSS:", "VmHWM:", "RssAnon:"].map(|name| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            format!("{name} {}", line.unwrap_or(" unknown").trim())
        });
        lines.push(format!("{} {}", command.trim(), sizes.join(", ")));
    }
    lines.join("; ")
}

fn children(process: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{process}/task")) else {
        return Vec::new();
    };
    threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|list| list.split(' ').flat_map(str::parse).collect::<Vec<u32>>())
        .collect()
}
