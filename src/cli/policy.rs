//! `companion policy`

use std::io::{self, Write};

use clap::{Args, Subcommand};

use super::Context;
use super::run::Who;
use super::tools::{Explain, failed_tests};
use crate::error::Report;
use crate::protocol::Say;
use crate::safety::{Judge, TestOutcome};
use crate::sanitize::sanitize_for_terminal;
use crate::tool::Rules;

/// Shows, tests and tries the rules of policy.toml and tools.toml.
#[derive(Debug, Args)]
pub(super) struct Policy {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Run the tests that stand in policy.toml, in tools.toml and in the built-in rules; ends with 1
    /// if one fails
    Test,
    /// Tell what the policy says of shell commands, and which rule says it; runs nothing
    Check {
        /// The commands, as they would be typed
        #[arg(value_name = "COMMANDS", allow_hyphen_values = true)]
        commands: String,
        /// Whose commands
        #[arg(long, value_name = "WHO", value_enum, default_value_t = Who::User)]
        origin: Who,
    },
    /// Tell whether a call of a tool would be allowed, and which rule of tools.toml says so; calls
    /// nothing
    Explain(Explain),
    /// List the rules that hold
    Show,
}

impl Policy {
    pub fn start(self, context: &Context) -> Result<u8, Report> {
        let judge = || Judge::load(&context.folders.policy_file());
        let (lines, code) = match self.what {
            What::Show => {
                let mut lines = judge()?.describe();
                let rules = Rules::load(&context.folders.tools_file())?;
                lines.push(String::new());
                lines.push("Calls of tools (tools.toml):".to_owned());
                lines.extend(rules.describe());
                (lines, 0)
            }
            What::Test => test(&judge()?, context)?,
            What::Check { commands, origin } => check(&judge()?, &commands, origin)?,
            What::Explain(explain) => explain.lines(context)?,
        };
        let mut out = io::stdout().lock();
        for line in lines {
            // A reader that is gone does not want to hear of it.
            let _ = writeln!(out, "{}", sanitize_for_terminal(&line));
        }
        Ok(code)
    }
}

fn test(judge: &Judge, context: &Context) -> Result<(Vec<String>, u8), Report> {
    let outcomes = judge.test();
    let mut lines: Vec<String> = outcomes
        .iter()
        .filter(|outcome| !outcome.has_passed())
        .map(|TestOutcome { test, found, by }| {
            format!(
                "FAILED {}: {:?} should be {}, and is {found} by {by}",
                test.rule, test.command, test.expected
            )
        })
        .collect();
    let (mut of_calls, calls) = failed_tests(context)?;
    lines.append(&mut of_calls);
    let failed = lines.len();
    lines.push(format!(
        "{} passed, {failed} failed",
        outcomes.len() + calls - failed
    ));
    Ok((lines, u8::from(failed > 0)))
}

fn check(judge: &Judge, commands: &str, origin: Who) -> Result<(Vec<String>, u8), Report> {
    let opinions = judge
        .weigh(commands, origin.into())
        .map_err(|problem| Report::failure("can't judge the commands").cause(problem))?;
    let lines = opinions.iter().map(|opinion| {
        let why = opinion
            .reason
            .as_ref()
            .map_or_else(String::new, |reason| format!(": {reason}"));
        format!(
            "{:<6} {}  ({}){why}",
            opinion.say.word(),
            opinion.command,
            opinion.by
        )
    });
    let is_denied = opinions.iter().any(|opinion| opinion.say == Say::Deny);
    Ok((lines.collect(), u8::from(is_denied)))
}
