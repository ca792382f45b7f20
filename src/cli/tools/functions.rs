//! `--functions FILE`: programs whose functions are tools, for the time of a command.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;

use super::super::Context;
use super::call::place;
use crate::builtin::{Engines, FunctionProgram};
use crate::error::Report;
use crate::headless::{Program, read_source};
use crate::kernel::find_program;
use crate::protocol::Language;
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
    /// Runs the programs, which add their functions to the tools.
    pub fn load(
        &self,
        context: &Context,
        toolbox: &Arc<Toolbox>,
        engines: &Arc<Engines>,
    ) -> Result<(), Report> {
        for path in &self.files {
            let program = FunctionProgram {
                language: language_of(path)?,
                source: read_source(&Program::File(path.clone()))?.0,
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
