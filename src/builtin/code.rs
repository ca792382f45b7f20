//! `run_python`, `run_javascript` and `run_shell`: each call in a fresh worker, in the jail, without
//! grants.

use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::json;

use super::Engines;
use super::function::contained_function;
use super::functions::least;
use crate::executor::CodeExecutor;
use crate::protocol::{Language, Limits, Status, Stream};
use crate::tool::{Annotations, Content, Tool, ToolContext, ToolError, ToolOutput, Update};

/// Longest time that can be asked for, in seconds.
const MAX_SECONDS: u32 = 600;

/// It computes, and can touch nothing.
pub(super) const JAILED: Annotations = Annotations {
    read_only: true,
    destructive: false,
    idempotent: false,
    open_world: false,
};

#[derive(Debug, Deserialize, JsonSchema)]
struct RunCode {
    /// The program.
    #[schemars(length(max = 1_000_000))]
    code: String,
    /// Seconds until it is ended: 1 to 600; what the configuration says otherwise.
    #[schemars(range(min = 1, max = MAX_SECONDS))]
    timeout_s: Option<u32>,
}

pub(super) fn run_python(engines: &Arc<Engines>) -> Arc<dyn Tool> {
    let description = "Runs Python 3.14 (RustPython, with the standard library) in a jail: no files, \
                       no network, no environment. Gives what it printed and the value of the last \
                       expression. Each call begins afresh.";
    tool(
        engines,
        "run_python",
        "Run Python",
        description,
        |arguments, engines, context| run(Language::Python, arguments, engines, context),
    )
}

pub(super) fn run_javascript(engines: &Arc<Engines>) -> Arc<dyn Tool> {
    let description = "Runs JavaScript (QuickJS) in a jail: no files, no network, no environment. \
                       Gives what it printed and the value of the last expression. Each call begins \
                       afresh.";
    tool(
        engines,
        "run_javascript",
        "Run JavaScript",
        description,
        |arguments, engines, context| run(Language::JavaScript, arguments, engines, context),
    )
}

pub(super) fn run_shell(engines: &Arc<Engines>) -> Arc<dyn Tool> {
    let description = "Runs a sh script in a jail: this system's programs, read-only, an empty \
                       scratch folder, no network, none of the user's files. Gives what it printed \
                       and its exit code. Each call begins afresh.";
    tool(
        engines,
        "run_shell",
        "Run shell",
        description,
        |arguments, engines, context| run(Language::Shell, arguments, engines, context),
    )
}

fn tool(
    engines: &Arc<Engines>,
    name: &str,
    title: &str,
    description: &str,
    run: fn(RunCode, &Engines, &ToolContext) -> Result<ToolOutput, ToolError>,
) -> Arc<dyn Tool> {
    contained_function(
        engines,
        name,
        description,
        |spec| {
            spec.title = Some(title.to_owned());
            spec.tags = vec!["code".to_owned()];
            spec.annotations = JAILED;
        },
        |_| true,
        run,
    )
}

fn run(
    language: Language,
    arguments: RunCode,
    engines: &Engines,
    context: &ToolContext,
) -> Result<ToolOutput, ToolError> {
    let RunCode { code, timeout_s } = arguments;
    let asked = timeout_s.map(|seconds| Duration::from_secs(seconds.into()));
    let limits = Limits {
        timeout: least(asked.or(engines.limits.timeout), context.remaining()),
        fuel: least(engines.limits.fuel, context.fuel),
        ..engines.limits
    };
    let failed = |error: crate::executor::ExecutorError| ToolError::failed(error.to_string());
    let executor = CodeExecutor::with_limits(limits).map_err(failed)?;
    let is_over = || context.cancel.is_cancelled();
    let execution = executor
        .execute_until(language, &code, &is_over, &mut |stream, text| {
            // The rest follows when it is clear where it belongs.
            if stream == Stream::Stdout {
                let text = text.to_owned();
                context.report(Update::Output(Content::Text { text }));
            }
        })
        .map_err(failed)?;
    if language != Language::Shell {
        context.charge(&execution.status, execution.fuel_used, limits.fuel);
    }
    if context.cancel.is_cancelled() {
        return Err(ToolError::Cancelled);
    }
    let exit_code = match execution.status {
        Status::Ok => Some(0),
        Status::Exit { code } => Some(code),
        _ => None,
    };
    let error = execution.error();
    let parts = [
        Some(execution.output.clone()),
        Some(execution.stderr.clone()),
        execution.result.clone(),
        error.clone(),
    ];
    let mut text = String::new();
    for part in parts.into_iter().flatten().filter(|part| !part.is_empty()) {
        text.push_str(&part);
        if !text.ends_with('\n') {
            text.push('\n');
        }
    }
    Ok(ToolOutput {
        content: vec![Content::Text { text }],
        structured: Some(json!({
            "output": execution.output,
            "stderr": execution.stderr,
            "result": execution.result,
            "error": error,
            "exit_code": exit_code,
            "status": execution.status,
            "time_ms": u64::try_from(execution.execution_time.as_millis()).unwrap_or(u64::MAX),
            "peak_memory_bytes": execution.peak_memory_bytes,
            "fuel_used": execution.fuel_used,
        })),
        is_error: !execution.is_ok(),
    })
}
