//! `companion tools pipe`

use std::io::{self, Write as _};

use clap::Args;
use serde_json::{Map, Value, json};

use super::super::Context;
use super::call::{Caller, How, as_json, print, read_json};
use crate::error::Report;
use crate::tool::chain::{self, Step};
use crate::tool::{Finished, ToolOutput};

/// Calls tools in a row: the arguments of each may name results of those before it.
#[derive(Debug, Args)]
#[command(after_help = "\
A call is one argument: NAME KEY=VALUE …, where a value is JSON or a word. A text that begins with $ \
is a result: $ what the call before gave (a picture's handle, else its text), $2 that of the second \
call, $.images[0].image or $2.total a place in a structured result. $$ is a dollar.

  companion tools pipe 'imagine prompt=\"a red apple\"' 'edit_image image=$ edits=[{\"op\":\"invert\"}]'")]
pub(super) struct Pipe {
    /// The calls: NAME KEY=VALUE …, each in quotes
    #[arg(
        value_name = "CALL",
        required_unless_present = "steps",
        conflicts_with = "steps"
    )]
    calls: Vec<String>,
    /// The calls as a JSON array of {"tool": NAME, "arguments": {…}}, or @FILE with one, or @- for
    /// standard input
    #[arg(long, value_name = "JSON|@FILE")]
    steps: Option<String>,
    #[command(flatten)]
    how: How,
}

impl Pipe {
    pub fn start(self, context: &Context) -> Result<u8, Report> {
        let steps = self.steps()?;
        chain::check(&steps).map_err(|(at, error)| {
            let report = Report::usage(error.to_string());
            match steps.get(at.wrapping_sub(1)) {
                Some(step) => report.at(&place(at, step)),
                None => report,
            }
        })?;
        let caller = Caller::new(context, self.how.clone())?;
        // What is wrong from the start is told before anything runs.
        for (at, step) in (1..).zip(&steps) {
            let checked = if chain::is_constant(&step.arguments) {
                let arguments = chain::resolve(&step.arguments, &[]);
                arguments
                    .map_err(|error| Report::usage(error.to_string()))
                    .and_then(|arguments| caller.check(&step.tool, Some(arguments)))
            } else {
                caller.check(&step.tool, None)
            };
            checked.map_err(|report| report.at(&place(at, step)))?;
        }
        let mut done: Vec<Finished> = Vec::new();
        let mut results: Vec<ToolOutput> = Vec::new();
        let mut failed = None;
        for (at, step) in (1..).zip(&steps) {
            let finished = chain::resolve(&step.arguments, &results)
                .map_err(|error| Report::failure(error.to_string()))
                .and_then(|arguments| caller.call(&step.tool, arguments));
            match finished {
                Ok(finished) => {
                    let is_error = finished.output.is_error;
                    results.push(finished.output.clone());
                    done.push(finished);
                    if is_error {
                        failed = Some((at, Report::failure("the tool says that it failed")));
                    }
                }
                Err(report) => failed = Some((at, report)),
            }
            if failed.is_some() {
                break;
            }
        }
        if self.how.json {
            print_json(&steps, &done, failed.as_ref());
        } else if let Some(last) = done.last()
            && (failed.is_none() || last.output.is_error)
        {
            print(last, "");
        }
        match failed {
            None => Ok(0),
            Some((at, report)) => Err(match steps.get(at - 1) {
                Some(step) => report.at(&place(at, step)),
                None => report,
            }),
        }
    }

    fn steps(&self) -> Result<Vec<Step>, Report> {
        let Some(steps) = &self.steps else {
            return (1..)
                .zip(&self.calls)
                .map(|(at, call)| {
                    parse(call).map_err(|why| {
                        Report::usage(format!("call {at}: {why}"))
                            .hint("as in: 'read_file path=notes.txt max_lines=3'")
                    })
                })
                .collect();
        };
        let hint =
            "as in: --steps '[{\"tool\": \"imagine\", \"arguments\": {\"prompt\": \"a cat\"}}]'";
        serde_json::from_value(read_json(steps, "the steps", hint)?).map_err(|error| {
            Report::usage("the steps are no array of calls")
                .cause(error.to_string())
                .hint(hint)
        })
    }
}

fn place(at: usize, step: &Step) -> String {
    format!("step {at} ({})", step.tool)
}

fn print_json(steps: &[Step], done: &[Finished], failed: Option<&(usize, Report)>) {
    let results = steps.iter().zip(done).map(|(step, finished)| {
        let mut result = as_json(finished);
        result["tool"] = json!(step.tool);
        result
    });
    let mut all = json!({ "steps": results.collect::<Vec<_>>() });
    if let Some((at, report)) = failed {
        let tool = steps.get(at - 1).map(|step| &step.tool);
        all["failed"] = json!({ "step": at, "tool": tool, "message": report.message() });
    }
    // A reader that is gone does not want to hear of it.
    let _ = writeln!(io::stdout(), "{all}");
}

/// `NAME KEY=VALUE …`: a value is JSON, or a word without white space.
fn parse(call: &str) -> Result<Step, String> {
    let call = call.trim();
    let (tool, mut rest) = call.split_once(char::is_whitespace).unwrap_or((call, ""));
    if tool.is_empty() {
        return Err("it has no name".to_owned());
    }
    let mut arguments = Map::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() {
            break;
        }
        let (key, value) = rest
            .split_once('=')
            .filter(|(key, _)| !key.is_empty() && !key.contains(char::is_whitespace))
            .ok_or_else(|| {
                let word = rest.split_whitespace().next().unwrap_or_default();
                format!("{word:?} is no KEY=VALUE")
            })?;
        let (value, after) = value_of(value).map_err(|why| format!("{key}: {why}"))?;
        if arguments.insert(key.to_owned(), value).is_some() {
            return Err(format!("{key} is there twice"));
        }
        rest = after;
    }
    Ok(Step {
        tool: tool.to_owned(),
        arguments: Value::Object(arguments),
    })
}

/// The value at the start of a text, and what follows it.
fn value_of(text: &str) -> Result<(Value, &str), String> {
    if text.starts_with(['"', '{', '[']) {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        let value = match values.next() {
            Some(Ok(value)) => value,
            Some(Err(error)) => return Err(format!("that is no JSON: {error}")),
            None => return Err("there is no value".to_owned()),
        };
        let rest = text.get(values.byte_offset()..).unwrap_or_default();
        if !rest.is_empty() && !rest.starts_with(char::is_whitespace) {
            let next: String = rest.chars().take(10).collect();
            return Err(format!("{next:?} follows the value without a space"));
        }
        return Ok((value, rest));
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    let value = serde_json::from_str(word).unwrap_or_else(|_| Value::String(word.to_owned()));
    Ok((value, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_names_and_values() {
        let of = |call: &str| parse(call).map(|step| (step.tool, step.arguments));
        let named = |tool: &str, arguments: Value| Ok((tool.to_owned(), arguments));
        assert_eq!(of(" system_info "), named("system_info", json!({})));
        assert_eq!(
            of("a x=1 y=-2.5 z=true w=null v=word u=a=b"),
            named(
                "a",
                json!({ "x": 1, "y": -2.5, "z": true, "w": null, "v": "word", "u": "a=b" })
            )
        );
        assert_eq!(
            of("m/b  text=\"two words = \\\"x\\\"\"\n list=[1, {\"a b\": \"$\"}] e= r=$1.a[0]"),
            named(
                "m/b",
                json!({ "text": "two words = \"x\"", "list": [1, { "a b": "$" }], "e": "", "r": "$1.a[0]" })
            )
        );
        for (wrong, part) in [
            ("", "no name"),
            ("a b", "\"b\" is no KEY=VALUE"),
            ("a b c=1", "\"b\" is no KEY=VALUE"),
            ("a =1", "no KEY=VALUE"),
            ("a x=1 x=2", "x is there twice"),
            ("a x=\"y", "x: that is no JSON"),
            ("a x=[1]y", "follows the value"),
        ] {
            let error = of(wrong).expect_err(wrong);
            assert!(error.contains(part), "{wrong}: {error}");
        }
    }
}
