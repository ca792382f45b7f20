//! `--functions FILE`: programs whose functions are tools, for the time of a command.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::super::Context;
use super::call::place;
use crate::builtin::{Engines, FunctionProgram};
use crate::error::Report;
use crate::headless::{Vetting, admit};
use crate::kernel::find_program;
use crate::protocol::{Language, Origin};
use crate::sanitize::sanitize_for_terminal;
use crate::tool::Toolbox;

#[derive(Clone, Debug, Default, Args)]
pub(in crate::cli) struct Functions {
    /// A Python or JavaScript program whose functions are tools (`@tool`): it is run in the jail
    /// first; can be given more than once
    #[arg(long = "functions", value_name = "FILE")]
    files: Vec<PathBuf>,
}

impl Functions {
    /// Makes the paths independent of the folder.
    pub fn pin(&mut self) -> io::Result<()> {
        for path in &mut self.files {
            *path = std::path::absolute(&path)?;
        }
        Ok(())
    }

    /// Runs the programs, which add their functions to the tools.
    pub fn load(
        &self,
        context: &Context,
        toolbox: &Arc<Toolbox>,
        engines: &Arc<Engines>,
    ) -> Result<(), Report> {
        let policy_file = context.folders.policy_file();
        let vetting = Vetting {
            policy_file: &policy_file,
            origin: Origin::User,
            assumes_yes: false,
        };
        for path in &self.files {
            let program = FunctionProgram {
                name: path.display().to_string(),
                language: language_of(path)?,
                source: admit(&vetting, language_of(path)?, path)?,
                worker: find_program().map_err(|error| {
                    Report::failure("can't start a worker").cause(error.to_string())
                })?,
                limits: context.config.limits,
                place: place()?,
            };
            // Standard output may be a client's.
            let mut write = |_, text: &str| {
                let _ = write!(io::stderr(), "{}", sanitize_for_terminal(text));
            };
            program
                .load(toolbox, engines, &mut write)
                .map_err(|problem| {
                    Report::failure(format!("{} failed", path.display()))
                        .cause(sanitize_for_terminal(problem.trim_end()).into_owned())
                })?;
        }
        Ok(())
    }
}

fn language_of(path: &Path) -> Result<Language, Report> {
    match Language::of_path(path) {
        Some(language @ (Language::Python | Language::JavaScript)) => Ok(language),
        _ => Err(Report::usage(format!(
            "{} is no program with functions: its name should end in .py or .js",
            path.display()
        ))),
    }
}
