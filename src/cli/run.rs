//! `companion run`

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::{Context, tools};
use crate::error::Report;
use crate::headless::{self, Program, RunOptions, Vetting};
use crate::protocol::{Grant, Language, Origin};

/// Runs a program; its output streams as it comes, unchanged into pipes and files.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "the flags of a command line")]
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
    /// Seconds that it may compute, on all processors together; 0 is no bound
    /// [config: `limits.cpu_time_s`]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    cpu_time: Option<Duration>,
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
    /// Run it though this system lacks a wall of the jail that code needs; companion doctor names
    /// them. For code that you trust [config: `jail.accept_missing`]
    #[arg(long)]
    accept_missing_walls: bool,
    /// Let it read a file, or everything below a folder, which it may name as you do here.
    /// Repeatable, as are the next three
    #[arg(long, value_name = "PATH", help_heading = GRANTS)]
    allow_read: Vec<PathBuf>,
    /// Let it read and write a file, or everything below a folder; at most SIZE bytes in all
    /// [default: 64M]
    #[arg(long, value_name = "PATH[:SIZE]", help_heading = GRANTS)]
    allow_write: Vec<String>,
    /// Let it speak HTTP to a host. Names open public addresses only; others by address, or
    /// localhost
    #[arg(long, value_name = "HOST[:PORT]", help_heading = GRANTS, value_parser = net)]
    allow_net: Vec<Grant>,
    /// Let it see a variable of the environment
    #[arg(long, value_name = "NAME", help_heading = GRANTS, value_parser = env)]
    allow_env: Vec<Grant>,
    /// Print one JSON object when it ends: status, stdout, stderr, result, error,
    /// `execution_time_ms`, `waited_ms` (for tools), `peak_memory_bytes`, `fuel_used`, findings
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

const GRANTS: &str = "What the program may do";

impl Run {
    pub fn start(self, context: &Arc<Context>) -> Result<u8, Report> {
        let mut limits = context.config.limits();
        if let Some(timeout) = self.timeout {
            limits.timeout = Some(timeout).filter(|timeout| !timeout.is_zero());
        }
        if let Some(cpu_time) = self.cpu_time {
            limits.cpu_time = Some(cpu_time).filter(|cpu_time| !cpu_time.is_zero());
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
        limits.accept_missing_walls |= self.accept_missing_walls;
        let grants = grants(
            self.allow_read,
            self.allow_write,
            self.allow_net,
            self.allow_env,
        )?;
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
            grants,
            desk: Arc::new(tools::desk(context)),
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

/// The grants of the flags, with paths that begin at the current folder made absolute.
fn grants(
    reads: Vec<PathBuf>,
    writes: Vec<String>,
    hosts: Vec<Grant>,
    names: Vec<Grant>,
) -> Result<Vec<Grant>, Report> {
    let absolute = |path: PathBuf| {
        std::path::absolute(&path).map_err(|error| Report::unreadable(&path, &error))
    };
    let mut grants = Vec::new();
    for path in reads {
        grants.push(Grant::Read {
            path: absolute(path)?,
        });
    }
    for text in writes {
        grants.push(match Grant::write(&text) {
            Grant::Write { path, max_bytes } => Grant::Write {
                path: absolute(path)?,
                max_bytes,
            },
            other => other,
        });
    }
    grants.extend(hosts);
    grants.extend(names);
    Ok(grants)
}

/// A host for clap.
fn net(text: &str) -> Result<Grant, String> {
    Grant::net(text).map_err(|error| error.to_string())
}

/// The name of a variable for clap.
fn env(text: &str) -> Result<Grant, String> {
    format!("env {text}")
        .parse()
        .map_err(|error: crate::protocol::ParseGrantError| error.to_string())
}

/// A number of seconds, with or without a fraction.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text
        .parse()
        .map_err(|_| format!("{text:?} is not a number of seconds"))?;
    Duration::try_from_secs_f64(seconds).map_err(|_| format!("{text} is not a time to wait"))
}
