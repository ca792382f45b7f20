//! A whole process for one line of code: `companion run` against `python3` and `node`.

#[path = "support/figures.rs"]
mod figures;
#[path = "support/peers.rs"]
mod peers;
#[path = "support/process.rs"]
mod process;

use std::io;
use std::process::Command;
use std::time::Instant;

use figures::Series;

const ROUNDS: usize = 60;

/// Someone who runs a line.
struct Runner {
    command: Command,
    wall: Series,
    cpu: Series,
}

impl Runner {
    fn new(mut command: Command, args: &[&str], series: [Series; 2]) -> Self {
        command.args(args);
        let [wall, cpu] = series;
        Self { command, wall, cpu }
    }
}

fn main() -> io::Result<()> {
    figures::print_load();
    let home = tempfile::tempdir()?;
    let companion = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_companion"));
        // Private folders, so that nobody's configuration is measured.
        command.env_clear().env("HOME", home.path());
        command
    };
    let own = |name, peer| [Series::against(name, peer), Series::against(name, peer)];
    let other = |name| [Series::new(name), Series::new(name)];
    let (python, node) = (peers::python(), peers::node());
    let pairs = [
        (
            Runner::new(
                companion(),
                &["run", "-c", "print(55)"],
                own("companion py", "python3 -I -S"),
            ),
            python.map(|python| {
                let args = ["-I", "-S", "-c", "print(55)"];
                Runner::new(Command::new(python.program), &args, other("python3 -I -S"))
            }),
        ),
        (
            Runner::new(
                companion(),
                &["run", "-l", "js", "-c", "console.log(55)"],
                own("companion js", "node"),
            ),
            node.map(|node| {
                Runner::new(
                    Command::new(node.program),
                    &["-e", "console.log(55)"],
                    other("node"),
                )
            }),
        ),
    ];
    let mut runners: Vec<Runner> = pairs
        .into_iter()
        .flat_map(|(companion, peer)| [Some(companion), peer])
        .flatten()
        .collect();
    for round in 0..=ROUNDS {
        for runner in &mut runners {
            let started = Instant::now();
            let cpu = process::run(&mut runner.command, "55\n")?;
            let wall = started.elapsed();
            // The first fills the page cache.
            if round > 0 {
                runner.wall.push(wall);
                runner.cpu.push(cpu);
            }
        }
    }
    let (wall, cpu): (Vec<_>, Vec<_>) = runners
        .into_iter()
        .map(|runner| (runner.wall, runner.cpu))
        .unzip();
    figures::print_table("cold: one line, wall clock", &wall);
    figures::print_table("cold: one line, processor", &cpu);
    figures::print_load();
    Ok(())
}
