//! What users see when something fails: what happened, why, and what to try.

use std::fmt;
use std::io;
use std::path::Path;

use crate::config::ConfigError;
use crate::diffusion::DiffusionError;
use crate::executor::ExecutorError;
use crate::generator::GeneratorError;
use crate::kernel::{GrantError, KernelError};
use crate::mcp::McpError;
use crate::models::ModelError;
use crate::picture::{PictureError, shown_size};
use crate::safety::PolicyError;
use crate::store::StoreError;
use crate::tool::{self, ToolError};

/// A failure, told to the user. The one form in which errors leave the front ends.
#[derive(Debug)]
pub struct Report {
    message: String,
    causes: Vec<String>,
    hints: Vec<String>,
    exit_code: u8,
}

/// Exit code: something on this side failed.
const FAILURE: u8 = 1;
/// Exit code: asked for in a way that can't be done.
const USAGE: u8 = 2;
/// Exit code: it took too long.
const TIMED_OUT: u8 = 124;
/// Exit code: the user stopped it.
const INTERRUPTED: u8 = 130;

impl Report {
    /// Something was asked for in a way that can't be done.
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            exit_code: USAGE,
            ..Self::failure(message)
        }
    }

    /// Something failed.
    pub fn failure(message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            message,
            causes: Vec::new(),
            hints: Vec::new(),
            exit_code: FAILURE,
        }
    }

    /// Exit code: the policy says no.
    pub(crate) const REFUSED: u8 = 3;
    /// Exit code: interrupted from the keyboard.
    pub(crate) const INTERRUPTED: u8 = INTERRUPTED;

    /// The policy says no.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self {
            exit_code: Self::REFUSED,
            ..Self::failure(message)
        }
    }

    /// The user stopped it.
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self {
            exit_code: INTERRUPTED,
            ..Self::failure(message)
        }
    }

    /// What happened, without why.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }

    /// A file that was named can't be read.
    pub fn unreadable(path: &Path, error: &io::Error) -> Self {
        let report = Self::usage(format!("can't read {}", path.display())).cause(error.to_string());
        match error.kind() {
            io::ErrorKind::NotFound => {
                report.hint("is the path right? relative ones begin at the current folder")
            }
            io::ErrorKind::PermissionDenied => report.hint("check its owner and mode with ls -l"),
            _ => report,
        }
    }

    /// Says where it happened, before what happened.
    #[must_use]
    pub(crate) fn at(mut self, place: &str) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// Adds what lies behind it.
    #[must_use]
    pub fn cause(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Adds what to try.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// With which code the process should end.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        self.exit_code
    }

    /// Takes an error and what lies behind it.
    fn chain(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut report = Self::failure(error.to_string());
        let mut next = error.source();
        while let Some(cause) = next {
            report.causes.push(cause.to_string());
            next = cause.source();
        }
        report
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "companion: {}", self.message)?;
        for cause in &self.causes {
            write!(f, "\n  because: {cause}")?;
        }
        for hint in &self.hints {
            write!(f, "\n  try: {hint}")?;
        }
        Ok(())
    }
}

impl From<KernelError> for Report {
    fn from(error: KernelError) -> Self {
        Self::failure(error.to_string()).hint("companion doctor tells what is missing")
    }
}

impl From<GrantError> for Report {
    fn from(error: GrantError) -> Self {
        Self::usage(error.to_string())
            .hint("a path to read must be there; of a path to write, the folder that it is in")
    }
}

impl From<StoreError> for Report {
    fn from(error: StoreError) -> Self {
        Self::chain(&error).hint(error.hint())
    }
}

impl From<ExecutorError> for Report {
    fn from(error: ExecutorError) -> Self {
        Self::failure(error.to_string())
    }
}

impl From<ConfigError> for Report {
    fn from(error: ConfigError) -> Self {
        Self {
            exit_code: USAGE,
            ..Self::chain(&error)
        }
    }
}

impl From<PolicyError> for Report {
    fn from(error: PolicyError) -> Self {
        Self {
            exit_code: USAGE,
            ..Self::chain(&error).hint("companion policy show tells which rules hold")
        }
    }
}

impl From<tool::PolicyError> for Report {
    fn from(error: tool::PolicyError) -> Self {
        Self {
            exit_code: USAGE,
            ..Self::chain(&error).hint("docs/policy.md tells what tools.toml can say")
        }
    }
}

impl From<ToolError> for Report {
    fn from(error: ToolError) -> Self {
        let exit_code = match &error {
            ToolError::UnknownTool { .. } | ToolError::InvalidArguments { .. } => USAGE,
            ToolError::Denied { .. } | ToolError::RateLimited { .. } => Self::REFUSED,
            ToolError::TimedOut { .. } => TIMED_OUT,
            ToolError::Cancelled => INTERRUPTED,
            ToolError::Failed { .. } => FAILURE,
        };
        let report = Self {
            exit_code,
            ..Self::failure(error.to_string())
        };
        match error {
            ToolError::UnknownTool { .. } => report.hint("companion tools list has them all"),
            ToolError::InvalidArguments { tool, .. } => report.hint(format!(
                "companion tools describe {tool} tells what it takes"
            )),
            ToolError::Denied { .. } => report.hint("the rules are in tools.toml"),
            _ => report,
        }
    }
}

impl From<McpError> for Report {
    fn from(error: McpError) -> Self {
        let exit_code = match &error {
            McpError::NoToken { .. } | McpError::Config { .. } | McpError::Read { .. } => USAGE,
            McpError::Threads(_) | McpError::Listen { .. } | McpError::Connection(_) => FAILURE,
        };
        let mut report = Self {
            exit_code,
            ..Self::chain(&error)
        };
        report.hints.extend(error.hint().map(str::to_owned));
        report
    }
}

impl From<ModelError> for Report {
    fn from(error: ModelError) -> Self {
        let hint = error.hint();
        let exit_code = match &error {
            ModelError::Cancelled => INTERRUPTED,
            ModelError::Unknown { .. }
            | ModelError::Ambiguous { .. }
            | ModelError::NotAModel { .. }
            | ModelError::Settings { .. }
            | ModelError::UnknownStyle { .. }
            | ModelError::Exists { .. }
            | ModelError::BadName { .. }
            | ModelError::Selection { .. } => USAGE,
            _ => FAILURE,
        };
        let mut report = Self::chain(&error);
        if let ModelError::NoRoom {
            path,
            free_bytes,
            needed_bytes,
        } = &error
        {
            let (free, needed) = (shown_size(*free_bytes), shown_size(*needed_bytes));
            report.message = format!(
                "the disk of {} has {free} free, and {needed} more are needed",
                path.display()
            );
        }
        report.hints.extend(hint.map(str::to_owned));
        report.exit_code = exit_code;
        report
    }
}

impl From<GeneratorError> for Report {
    fn from(error: GeneratorError) -> Self {
        match error {
            GeneratorError::Model(problem) => problem.0.into(),
            GeneratorError::Picture(problem) => problem.0.into(),
            error => {
                let exit_code = match &error {
                    GeneratorError::Cancelled => INTERRUPTED,
                    GeneratorError::NotAGenerator { .. }
                    | GeneratorError::Memory { .. }
                    | GeneratorError::Engine(
                        DiffusionError::Request(_)
                        | DiffusionError::Memory { .. }
                        | DiffusionError::Size { .. }
                        | DiffusionError::Device { .. }
                        | DiffusionError::Scheduler(_),
                    ) => USAGE,
                    _ => FAILURE,
                };
                let mut report = Self {
                    exit_code,
                    ..Self::chain(&error)
                };
                // The engine's words are the message already.
                report.causes.retain(|cause| *cause != report.message);
                report.hints.extend(error.hint());
                report
            }
        }
    }
}

impl From<PictureError> for Report {
    fn from(error: PictureError) -> Self {
        Self {
            exit_code: USAGE,
            ..Self::chain(&error)
        }
    }
}
