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
const AT_REST: &str = "companion, at rest";
const PYTHON: &str = "python3 -q, at rest";
/// Letters and digits, no two neighbours alike.
const ALPHABET: &[u8] = b"price4count7total9";

fn main() -> io::Result<()> {
    figures::print_load();
    let mut all = Vec::new();
    let companion = Path::new(env!("CARGO_BIN_EXE_companion"));
    let home = tempfile::tempdir()?;
    let config = home.path().join("config");
    fs::create_dir(&config)?;
    fs::write(
        config.join("config.toml"),
        "[limits]\noutput_mib = 65536\ntimeout_s = 0\n",
    )?;
    let data = home.path().join("data");
    let args = ["--config-dir", "config", "--data-dir", "data"];
    let (mut terminal, _) = Terminal::start(companion, &args, home.path(), true)?;
    let mark = "❯ ";
    terminal.wait_for(|rows| at_prompt(rows, mark.trim_end()).is_some())?;
    terminal.type_keys("54321*12345\r")?;
    terminal.wait_for(|rows| rows.iter().any(|row| row.contains("670592745")))?;
    terminal.idle(Duration::from_secs(1));
    all.push(type_along(
        &mut terminal,
        mark,
        Series::against(AT_REST, PYTHON),
    )?);

    terminal.type_keys("while True: print('x' * 100)\r\r")?;
    terminal.wait_for(|rows| rows.iter().any(|row| row.contains(&"x".repeat(40))))?;
    terminal.idle(Duration::from_secs(1));
    let (bytes, ticks, started) = (size_of(&data), ticks_of(&terminal), Instant::now());
    all.push(type_along(
        &mut terminal,
        mark,
        Series::against("companion, in a flood", AT_REST),
    )?);
    let mib = size_of(&data).saturating_sub(bytes) >> 20;
    let seconds = started.elapsed().as_secs_f64();
    let ticks = ticks_of(&terminal).saturating_sub(ticks);
    figures::print_note(&format!(
        "meanwhile the cell printed {mib} MiB in {seconds:.1} s; the UI process had {ticks} \
         hundredths of a second of the processor"
    ));
    let typed_at = terminal.type_keys("\x03")?;
    let ended_at = terminal.wait_for(|rows| rows.iter().any(|row| row.contains("nterrupted")))?;
    let taken = ended_at - typed_at;
    figures::print_note(&format!(
        "Ctrl-C had ended it on the screen after {taken:.1?}"
    ));
    drop(terminal);

    let peers = [
        (peers::python(), PYTHON, &["-q"] as &[&str], ">>> "),
        (peers::node(), "node, at rest", &[], "> "),
    ];
    for (peer, name, args, mark) in peers {
        let Some(peer) = peer else { continue };
        let (mut terminal, _) = Terminal::start(&peer.program, args, home.path(), true)?;
        terminal.wait_for(|rows| at_prompt(rows, mark.trim_end()).is_some())?;
        terminal.idle(Duration::from_secs(1));
        all.push(type_along(&mut terminal, mark, Series::new(name))?);
    }
    figures::print_table("key to frame", &all);
    figures::print_load();
    Ok(())
}

/// Types a key at a time and waits for each.
fn type_along(terminal: &mut Terminal, mark: &str, mut series: Series) -> io::Result<Series> {
    let mut typed = String::new();
    for &key in ALPHABET.iter().cycle().take(KEYS) {
        if typed.len() == LINE {
            typed.clear();
            terminal.type_keys(KILL_LINE)?;
            let is_empty = |text: &str| !text.trim().starts_with(char::from(ALPHABET[0]));
            terminal.wait_for(|rows| at_prompt(rows, mark.trim_end()).is_some_and(is_empty))?;
        }
        terminal.idle(PAUSE);
        let key = char::from(key);
        typed.push(key);
        let typed_at = terminal.type_keys(key.encode_utf8(&mut [0; 4]))?;
        let shown_at = terminal
            .wait_for(|rows| at_prompt(rows, mark).is_some_and(|text| text.starts_with(&typed)))?;
        series.push(shown_at - typed_at);
    }
    terminal.type_keys(KILL_LINE)?;
    terminal.idle(PAUSE);
    Ok(series)
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
