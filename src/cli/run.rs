//! `companion run`

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::Context;
use crate::error::Report;
use crate::headless::{self, Program, RunOptions, Vetting};
use crate::protocol::{Language, Origin};

/// Runs a program; its output streams as it comes, unchanged into pipes and files.
#[derive(Debug, Args)]
pub(super) struct Run {
    /// The program; - is standard input. Its extension tells the language
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// What the program finds in sys.argv, process.argv or $1, $2, …; flags for companion stand before FILE
    #[arg(
        value_name = "ARGUMENT",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    arguments: Vec<String>,
    /// Run this text instead of a file; everything behind it are arguments
    #[arg(short, long, value_name = "CODE", allow_hyphen_values = true)]
    code: Option<String>,
    /// py, js or sh [default: by the file's extension, else py]
    #[arg(short, long, value_name = "LANGUAGE", value_parser = super::language)]
    lang: Option<Language>,
    /// Wall-clock seconds that it may take; 0 is no bound [config: `limits.timeout_s`]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    timeout: Option<Duration>,
    /// Heap memory that it may hold [config: `limits.memory_mib`]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(16..=1 << 20))]
    memory: Option<u64>,
    /// How much it may print [config: `limits.output_mib`]
    #[arg(long, value_name = "MIB", value_parser = clap::value_parser!(u64).range(1..=1 << 20))]
    output: Option<u64>,
    /// Steps that it may take; 0 is no bound. The same program takes the same number everywhere
    /// [config: `limits.fuel`]
    #[arg(long, value_name = "STEPS")]
    fuel: Option<u64>,
    /// Print one JSON object when it ends: status, stdout, stderr, result, error,
    /// `execution_time_ms`, `peak_memory_bytes`, `fuel_used`, findings
    #[arg(long)]
    json: bool,
    /// Tell what is seen in the program and what policy.toml would do with it; run nothing. Ends
    /// with 1 if there are findings of medium or high severity
    #[arg(long)]
    check: bool,
    /// Whose code it is: policy.toml may ask or deny by it
    #[arg(long, value_name = "WHO", value_enum, default_value_t = Who::User)]
    origin: Who,
    /// Run what policy.toml would ask about; what it denies is refused all the same
    #[arg(long)]
    yes: bool,
}

/// Who wrote a program.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Who {
    /// The person who types
    User,
    /// A language model
    Model,
    /// A page, somebody else
    Web,
}

impl From<Who> for Origin {
    fn from(who: Who) -> Self {
        match who {
            Who::User => Self::User,
            Who::Model => Self::Model,
            Who::Web => Self::Web,
        }
    }
}

impl Run {
    pub fn start(self, context: &Context) -> Result<u8, Report> {
        let mut limits = context.config.limits();
        if let Some(timeout) = self.timeout {
            limits.timeout = Some(timeout).filter(|timeout| !timeout.is_zero());
        }
        if let Some(mib) = self.memory {
            limits.memory_bytes = mib << 20;
        }
        if let Some(mib) = self.output {
            limits.output_bytes = mib << 20;
        }
        if let Some(fuel) = self.fuel {
            limits.fuel = Some(fuel).filter(|&fuel| fuel > 0);
        }
        let mut arguments = self.arguments;
        let program = match (self.code, self.file) {
            (Some(code), first) => {
                let first = first.map(|first| first.to_string_lossy().into_owned());
                arguments.splice(0..0, first);
                Program::Text(code)
            }
            (None, None) => Program::Stdin,
            (None, Some(file)) if file.as_os_str() == "-" => Program::Stdin,
            (None, Some(file)) => Program::File(file),
        };
        let policy_file = context.folders.policy_file();
        let options = RunOptions {
            program,
            arguments,
            language: self.lang,
            limits,
            json: self.json,
            vetting: Vetting {
                policy_file: &policy_file,
                origin: self.origin.into(),
                assumes_yes: self.yes,
            },
        };
        if self.check {
            headless::check(&options)
        } else {
            headless::run(options)
        }
    }
}

/// A number of seconds, with or without a fraction.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| format!("{text:?} is not a number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("{text} is not a time to wait"))
}
