//! `companion policy explain` and `test`, as far as they are about calls of tools.

use clap::{Args, ValueEnum};

use super::super::Context;
use super::{Functions, call, toolbox};
use crate::error::Report;
use crate::protocol::{CallOrigin, Say};
use crate::tool::{CacheUse, CallTest, Considered, Rules, Ruling, ToolCall, ToolContext};

/// A call that is not made.
#[derive(Debug, Args)]
pub(in crate::cli) struct Explain {
    /// The tool
    #[arg(value_name = "NAME")]
    name: String,
    /// Its arguments: a JSON object, or @FILE with one, or @- for standard input
    #[arg(long, value_name = "JSON|@FILE", default_value = "{}")]
    args: String,
    /// Whose call
    #[arg(long, value_name = "WHO", value_enum, default_value_t = Who::User)]
    origin: Who,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Who {
    User,
    Model,
    Sandbox,
    Mcp,
}

impl From<Who> for CallOrigin {
    fn from(who: Who) -> Self {
        match who {
            Who::User => Self::User,
            Who::Model => Self::Model,
            Who::Sandbox => Self::Sandbox,
            Who::Mcp => Self::Mcp,
        }
    }
}

impl Explain {
    /// What each rule makes of the call, and what comes of it.
    pub fn lines(&self, context: &Context) -> Result<(Vec<String>, u8), Report> {
        let hint = "as in: --args '{\"path\": \"notes.txt\"}'";
        let call = ToolCall {
            name: self.name.clone(),
            arguments: call::read_json(&self.args, "the arguments", hint)?,
            cache: CacheUse::default(),
        };
        let tool_context = ToolContext::new(self.origin.into(), call::place()?);
        let (considered, ruling) = toolbox(context, &Functions::default())?
            .0
            .explain(call, &tool_context)?;
        let considered = considered.into_iter().map(|considered| {
            let Considered {
                rule,
                is_about,
                why,
            } = considered;
            if is_about {
                format!("+ {rule}")
            } else {
                format!("- {rule}: {why}")
            }
        });
        let mut lines: Vec<String> = considered.collect();
        let Ruling { say, rule, reason } = ruling;
        let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
        lines.push(format!("{}, by {rule}{reason}", say.word()));
        let code = if say == Say::Deny { Report::REFUSED } else { 0 };
        Ok((lines, code))
    }
}

/// Those tests of tools.toml that fail, and how many there are.
pub(in crate::cli) fn failed_tests(context: &Context) -> Result<(Vec<String>, usize), Report> {
    let rules = Rules::load(&context.folders.tools_file())?;
    if rules.tests().is_empty() {
        return Ok((Vec::new(), 0));
    }
    let (toolbox, _) = toolbox(context, &Functions::default())?;
    let place = call::place()?;
    let mut failed = Vec::new();
    for test in rules.tests() {
        let CallTest {
            tool,
            arguments,
            from,
            says,
            line,
        } = test;
        let call = ToolCall {
            name: tool.clone(),
            arguments: arguments.clone(),
            cache: CacheUse::default(),
        };
        let found = match toolbox.explain(call, &ToolContext::new(*from, place.clone())) {
            Ok((_, ruling)) => {
                let say = match ruling.say {
                    Say::Always => Say::Allow,
                    say => say,
                };
                if say == *says {
                    continue;
                }
                format!("is {} by {}", say.word(), ruling.rule)
            }
            Err(error) => format!("can't be called so: {error}"),
        };
        failed.push(format!(
            "FAILED line {line} of tools.toml: {tool} {arguments} from {from} should be {}, and {found}",
            says.word()
        ));
    }
    Ok((failed, rules.tests().len()))
}
