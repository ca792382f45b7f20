//! The command line.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use crate::error::Report;
use crate::headless::{self, Program, RunOptions};
use crate::protocol::{Language, Limits};

/// A terminal REPL for Python and JavaScript, both compiled in.
///
/// Without a command it opens the full-screen UI.
#[derive(Debug, Parser)]
#[command(version, about, propagate_version = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Option<Sub>,
}

#[derive(Debug, Subcommand)]
enum Sub {
    /// Run a program from a file or a pipe, in a sandboxed kernel
    Run(Run),
}

/// `companion run`
#[derive(Debug, Args)]
struct Run {
    /// The program; - is standard input. Its extension tells the language
    #[arg(value_name = "FILE", default_value = "-")]
    file: PathBuf,
    /// Run this text instead of a file
    #[arg(
        short = 'c',
        long,
        value_name = "CODE",
        conflicts_with = "file",
        allow_hyphen_values = true
    )]
    code: Option<String>,
    /// The language: py or js
    #[arg(short, long, value_name = "LANGUAGE")]
    lang: Option<Language>,
    /// Wall-clock seconds that it may take; 0 is no bound
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Heap memory that it may hold
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(16..=1 << 20))]
    memory: Option<u64>,
    /// How much it may print
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    output: Option<u64>,
    /// Print one JSON object: status, stdout, stderr, result, error, execution_time_ms, peak_memory_bytes
    #[arg(long)]
    json: bool,
}

/// Parses the command line, does what it says, and tells what went wrong.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let done = match cli.command {
        Some(Sub::Run(run)) => run.start(),
        None => Err(Report::failure("no UI yet")),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(report) => {
            let _ = writeln!(std::io::stderr(), "{report}");
            ExitCode::from(report.exit_code())
        }
    }
}

impl Run {
    fn start(self) -> Result<u8, Report> {
        let mut limits = Limits::default();
        if let Some(timeout) = self.timeout {
            limits.timeout = Some(timeout).filter(|timeout| !timeout.is_zero());
        }
        if let Some(mib) = self.memory {
            limits.memory_bytes = mib << 20;
        }
        if let Some(mib) = self.output {
            limits.output_bytes = mib << 20;
        }
        let program = match self.code {
            Some(code) => Program::Text(code),
            None if self.file.as_os_str() == "-" => Program::Stdin,
            None => Program::File(self.file),
        };
        headless::run(RunOptions {
            program,
            language: self.lang,
            limits,
            json: self.json,
        })
    }
}

/// A number of seconds, with or without a fraction.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| format!("{text:?} is not a number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("{text} is not a time to wait"))
}
