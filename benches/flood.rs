//! From a key to the frame that shows it: at rest, and while a cell prints as fast as it can.

#[path = "support/figures.rs"]
mod figures;
#[path = "support/peers.rs"]
mod peers;
#[path = "support/terminal.rs"]
mod terminal;

use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use figures::Series;
use terminal::{Terminal, at_prompt};

/// Keys in a series.
const KEYS: usize = 300;
/// A fast typist's.
const PAUSE: Duration = Duration::from_millis(50);
/// Longer lines would wrap, and no one types them.
const LINE: usize = 30;
/// Empties the line, in every one of them.
const KILL_LINE: &str = "\x15";
/// Letters and digits, no two neighbours alike.
const ALPHABET: &[u8] = b"price4count7total9";

fn main() -> io::Result<()> {
    figures::print_load();
    let home = tempfile::tempdir()?;
    let config = home.path().join("config");
    fs::create_dir(&config)?;
    fs::write(
        config.join("config.toml"),
        "[limits]\noutput_mib = 65536\ntimeout_s = 0\n",
    )?;
    let data = home.path().join("data");
    let args = ["--config-dir", "config", "--data-dir", "data"];
    let companion = Path::new(env!("CARGO_BIN_EXE_companion"));
    let mut typists = vec![Typist::start(companion, &args, home.path(), "❯ ")?];
    let mut names = vec!["companion"];
    if let Some(python) = peers::python() {
        names.push("python3 -q");
        typists.push(Typist::start(
            &python.program,
            &["-q"],
            home.path(),
            ">>> ",
        )?);
    }
    if let Some(node) = peers::node() {
        names.push("node");
        typists.push(Typist::start(&node.program, &[], home.path(), "> ")?);
    }
    let at_rest = take_turns(&mut typists, &names)?;
    figures::print_table("key to frame, at rest", &at_rest);

    // The peers stay at rest beside the flood: what they take now is the machine's share.
    let flooded = &mut typists[0];
    let flood = format!("{KILL_LINE}while True: print('x' * 100)\r\r");
    flooded.typed.clear();
    flooded.terminal.type_keys(&flood)?;
    flooded
        .terminal
        .wait_for(|rows| rows.iter().any(|row| row.contains(&"x".repeat(40))))?;
    flooded.terminal.idle(Duration::from_secs(1));
    let (bytes, ticks, started) = (size_of(&data), ticks_of(&flooded.terminal), Instant::now());
    let in_flood = take_turns(&mut typists, &names)?;
    let mib = size_of(&data).saturating_sub(bytes) >> 20;
    let seconds = started.elapsed().as_secs_f64();
    let flooded = &mut typists[0];
    let ticks = ticks_of(&flooded.terminal).saturating_sub(ticks);
    figures::print_table("key to frame, while companion's cell floods", &in_flood);
    figures::print_note(&format!(
        "meanwhile the cell printed {mib} MiB in {seconds:.1} s; the UI process had {ticks} \
         hundredths of a second of the processor"
    ));
    let typed_at = flooded.terminal.type_keys("\x03")?;
    let ended_at = flooded
        .terminal
        .wait_for(|rows| rows.iter().any(|row| row.contains("nterrupted")))?;
    let taken = ended_at - typed_at;
    figures::print_note(&format!(
        "Ctrl-C had ended it on the screen after {taken:.1?}"
    ));
    figures::print_load();
    Ok(())
}

/// Someone who types at a prompt.
struct Typist {
    terminal: Terminal,
    mark: &'static str,
    typed: String,
}

impl Typist {
    fn start(program: &Path, args: &[&str], home: &Path, mark: &'static str) -> io::Result<Self> {
        let (mut terminal, _) = Terminal::start(program, args, home, true)?;
        // Nothing is written behind the blank of the mark yet: the screen leaves it out.
        terminal.wait_for(|rows| at_prompt(rows, mark.trim_end()).is_some())?;
        terminal.idle(Duration::from_secs(1));
        Ok(Self {
            terminal,
            mark,
            typed: String::new(),
        })
    }

    /// Types a letter and waits for it.
    fn type_letter(&mut self, letter: char) -> io::Result<Duration> {
        let mark = self.mark;
        if self.typed.len() == LINE {
            let first = self.typed.remove(0);
            self.typed.clear();
            self.terminal.type_keys(KILL_LINE)?;
            let is_empty = |text: &str| !text.trim_start().starts_with(first);
            self.terminal
                .wait_for(|rows| at_prompt(rows, mark.trim_end()).is_some_and(is_empty))?;
        }
        // What comes after this frame is none of the next key's.
        self.terminal.idle(PAUSE);
        self.typed.push(letter);
        let typed = &self.typed;
        let typed_at = self.terminal.type_keys(letter.encode_utf8(&mut [0; 4]))?;
        let shown_at = self
            .terminal
            .wait_for(|rows| at_prompt(rows, mark).is_some_and(|text| text.starts_with(typed)))?;
        Ok(shown_at - typed_at)
    }
}

/// A key for each in turn, until each has had [`KEYS`].
fn take_turns(typists: &mut [Typist], names: &[&'static str]) -> io::Result<Vec<Series>> {
    let peer = names.get(1).copied().unwrap_or_default();
    let mut all: Vec<Series> = names
        .iter()
        .zip(0..)
        .map(|(&name, at)| match at {
            0 => Series::against(name, peer),
            _ => Series::new(name),
        })
        .collect();
    for &letter in ALPHABET.iter().cycle().take(KEYS) {
        for (typist, series) in typists.iter_mut().zip(&mut all) {
            series.push(typist.type_letter(char::from(letter))?);
        }
    }
    Ok(all)
}

/// What a program has had of the processor, in hundredths of a second.
fn ticks_of(terminal: &Terminal) -> u64 {
    let Some(process) = terminal.process() else {
        return 0;
    };
    let line = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name in parentheses may have blanks in it; user and system time are 11 fields behind.
    let fields = line
        .rsplit_once(')')
        .map_or("", |(_, fields)| fields)
        .split_whitespace();
    fields.skip(11).take(2).flat_map(str::parse::<u64>).sum()
}

/// Bytes in a folder and those in it.
fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size_of(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}
