//! A call of a tool, in process: what checking, permission, record and cache cost. Next to `FastMCP`
//! (`PyPI`), if `$FASTMCP` is a Python that has it.

#[path = "support/figures.rs"]
mod figures;

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use companion::measure::tools::{Case, Timer};
use figures::Series;

#[global_allocator]
static ALLOCATOR: companion::CountingAllocator = companion::CountingAllocator;

/// Each case has a block of calls, then the next one, so that all meet the same disturbance.
const BLOCKS: usize = 50;
const BLOCK: u64 = 100;
const PEER: &str = "FastMCP, a call by its client in process";

const CASES: &[(Case, &str)] = &[
    (Case::Call, "call"),
    (Case::Audited, "call, with the audit log"),
    (Case::TimeOut, "call with a time-out, on another thread"),
    (Case::Memory, "hit in memory"),
    (Case::Sled, "hit in sled"),
    (Case::Validation, "validation: two integers"),
    (Case::LargeValidation, "validation: edit_image, four edits"),
];

/// `FastMCP`, at the other end of two pipes: it times itself.
struct Peer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Peer {
    fn start() -> io::Result<Option<Self>> {
        let Some(python) = std::env::var_os("FASTMCP") else {
            figures::print_note("no FASTMCP, a Python that has fastmcp: absolute figures only");
            return Ok(None);
        };
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/fastmcp_peer.py");
        let mut child = Command::new(python)
            .arg(script)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("no pipe to the peer"));
        };
        let mut peer = Self {
            child,
            input,
            output: BufReader::new(output),
        };
        let versions = peer.line()?;
        figures::print_note(&format!("peer: {}", versions.trim()));
        Ok(Some(peer))
    }

    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.output.read_line(&mut line)? == 0 {
            return Err(io::Error::other("the Python of $FASTMCP has no fastmcp"));
        }
        Ok(line)
    }

    fn time(&mut self, rounds: u64) -> io::Result<Vec<Duration>> {
        writeln!(self.input, "{rounds}")?;
        let line = self.line()?;
        line.split_whitespace()
            .map(|time| time.parse().map(Duration::from_secs_f64))
            .collect::<Result<_, _>>()
            .map_err(io::Error::other)
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It has been measured; how it ends is another matter.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn main() -> io::Result<()> {
    figures::print_load();
    let folder = tempfile::tempdir()?;
    let mut contenders: Vec<(Timer, Series)> = CASES
        .iter()
        .map(|(case, name)| {
            let folder = folder.path().join(format!("{case:?}"));
            (Timer::new(*case, &folder), Series::against(*name, PEER))
        })
        .collect();
    let mut peer = Peer::start()?;
    let mut theirs = Series::new(PEER);
    for block in 0..=BLOCKS {
        // The first block warms up.
        let is_counted = block > 0;
        for (timer, series) in &mut contenders {
            let times = timer.time(BLOCK);
            times
                .into_iter()
                .filter(|_| is_counted)
                .for_each(|time| series.push(time));
        }
        if let Some(peer) = &mut peer {
            let times = peer.time(BLOCK)?;
            times
                .into_iter()
                .filter(|_| is_counted)
                .for_each(|time| theirs.push(time));
        }
    }
    let mut all: Vec<Series> = contenders.into_iter().map(|(_, series)| series).collect();
    all.push(theirs);
    figures::print_table("a tool that adds two numbers", &all);
    figures::print_load();
    Ok(())
}
