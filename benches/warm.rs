//! A cell in a kernel that is up: what the worker process and its protocol cost.

#[path = "support/figures.rs"]
mod figures;
#[path = "support/monty.rs"]
mod monty;
#[path = "support/peers.rs"]
mod peers;

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use companion::CodeExecutor;
use companion::protocol::Language;
use figures::Series;

#[global_allocator]
static ALLOCATOR: companion::CountingAllocator = companion::CountingAllocator;

const ROUNDS: usize = 3000;
const WARM_UP: usize = 200;
const SNAPSHOT_ROUNDS: usize = 200;

/// The least that answers a line with its value: no session, no limits, no clock.
const PYTHON_LOOP: &str = "
import sys
names = {}
for line in sys.stdin:
    print(repr(eval(compile(line, 'cell', 'eval'), names)), flush=True)
";
const NODE_LOOP: &str = "
const vm = require('vm'), fs = require('fs'), bytes = Buffer.alloc(1 << 16);
for (let read; (read = fs.readSync(0, bytes)) > 0;)
    fs.writeSync(1, vm.runInThisContext(bytes.toString('utf8', 0, read)) + '\\n');
";

/// A peer in a loop, at the other end of two pipes.
struct Loop {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Loop {
    fn start(program: &Path, args: &[&str]) -> io::Result<Self> {
        let mut command = Command::new(program);
        command
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let (Some(input), Some(output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("no pipe to the peer"));
        };
        Ok(Self {
            child,
            input,
            output: BufReader::new(output),
        })
    }

    fn round_trip(&mut self) -> io::Result<Duration> {
        let started = Instant::now();
        self.input.write_all(b"1+1\n")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let taken = started.elapsed();
        is_two(Some(line.trim_end())).map(|()| taken)
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn is_two(answer: Option<&str>) -> io::Result<()> {
    match answer {
        Some("2") => Ok(()),
        other => Err(io::Error::other(format!("1+1 is {other:?}"))),
    }
}

fn main() -> io::Result<()> {
    companion::become_worker_if_asked();
    figures::print_load();
    let executor = CodeExecutor::new().map_err(io::Error::other)?;
    let python = peers::python()
        .map(|python| Loop::start(&python.program, &["-I", "-S", "-c", PYTHON_LOOP]));
    let node = peers::node().map(|node| Loop::start(&node.program, &["-e", NODE_LOOP]));
    let kinds = [
        (
            Language::Python,
            "companion py",
            "python3 loop",
            python.transpose()?,
        ),
        (
            Language::JavaScript,
            "companion js",
            "node loop",
            node.transpose()?,
        ),
    ];
    let mut all = Vec::new();
    for (language, own_name, peer_name, mut peer) in kinds {
        let mut own = Series::against(own_name, peer_name);
        let mut inside = Series::against(format!("{own_name}, in the worker"), peer_name);
        let mut other = Series::new(peer_name);
        for round in 0..ROUNDS + WARM_UP {
            let started = Instant::now();
            let execution = executor
                .execute(language, "1+1")
                .map_err(io::Error::other)?;
            let taken = started.elapsed();
            is_two(execution.result.as_deref())?;
            let taken_by_peer = peer.as_mut().map(Loop::round_trip).transpose()?;
            if round >= WARM_UP {
                own.push(taken);
                inside.push(execution.execution_time);
                if let Some(taken) = taken_by_peer {
                    other.push(taken);
                }
            }
        }
        all.extend([own, inside, other]);
    }
    if let Some(python) = monty::find() {
        let mut series = Series::against("pydantic-monty, a session", "companion py");
        for taken in monty::times(&python, "1+1", ROUNDS)? {
            series.push(taken);
        }
        all.push(series);
    }
    figures::print_table("warm: `1+1`, there and back", &all);
    figures::print_table("snapshots: a cell and its undo", &snapshots()?);
    figures::print_load();
    Ok(())
}

/// What a snapshot after each cell costs with much and with little to keep: the next cell waits for
/// the fork, so cells back to back have it in them.
fn snapshots() -> io::Result<Vec<Series>> {
    let mut all = Vec::new();
    for held_mib in [0, 16, 128, 384] {
        let executor = CodeExecutor::new().map_err(io::Error::other)?;
        let run = |code: &str| {
            let started = Instant::now();
            let execution = executor.execute(Language::Python, code);
            let execution = execution.map_err(io::Error::other)?;
            if execution.is_ok() {
                Ok(started.elapsed())
            } else {
                Err(io::Error::other(format!("{execution:?}")))
            }
        };
        run(&format!(
            "held = bytearray(b'x' * 1024) * ({held_mib} << 10)"
        ))?;
        let mut cell = Series::new(format!("cell, {held_mib} MiB held"));
        let mut undo = Series::new(format!("undo, {held_mib} MiB held"));
        for _ in 0..SNAPSHOT_ROUNDS {
            cell.push(run("n = 1")?);
            cell.push(run("n = 2")?);
            let started = Instant::now();
            executor
                .undo(Language::Python, 1)
                .map_err(io::Error::other)?;
            undo.push(started.elapsed());
        }
        all.extend([cell, undo]);
    }
    Ok(all)
}
