//! Which walls can be had here, found out by putting them up in a process made for it.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Bounds, Missing, Wall, WallState, confine_interpreter, confine_keeper, separate};

/// What `argv[1]` of that process says.
const ARGUMENT: &str = "__companion-jail";

/// Serves the examination, or a probe of the tests, if this process was started for it; does not
/// return then.
pub(crate) fn serve_if_asked() {
    let mut arguments = std::env::args_os().skip(1);
    let first = arguments.next();
    if first.as_deref().is_some_and(|first| first == ARGUMENT) {
        std::process::exit(serve());
    }
    #[cfg(all(debug_assertions, target_os = "linux"))]
    if first
        .as_deref()
        .is_some_and(|first| first == super::probe::ARGUMENT)
    {
        std::process::exit(super::probe::run(
            &arguments
                .map(|argument| argument.to_string_lossy().into_owned())
                .collect::<Vec<_>>(),
        ));
    }
}

/// Puts every wall up and prints what is missing.
fn serve() -> i32 {
    let mut missing = separate();
    missing.extend(confine_keeper());
    missing.extend(confine_interpreter(&Bounds {
        address_space_bytes: 8 << 30,
        open_files: 16,
    }));
    let printed = serde_json::to_string(&missing)
        .ok()
        .and_then(|text| writeln!(std::io::stdout(), "{text}").ok());
    i32::from(printed.is_none())
}

/// Puts the walls up in a process of their own and tells which stand. `program` is this binary.
pub(crate) fn examine(program: &Path) -> Vec<WallState> {
    let missing = ask(program);
    Wall::ALL
        .into_iter()
        .map(|wall| WallState {
            wall,
            missing: match &missing {
                Ok(missing) => missing
                    .iter()
                    .find(|missing| missing.wall == wall)
                    .map(|missing| missing.reason.clone()),
                Err(reason) => Some(reason.clone()),
            },
        })
        .collect()
}

fn ask(program: &Path) -> Result<Vec<Missing>, String> {
    let output = Command::new(program)
        .arg(ARGUMENT)
        .env_clear()
        .current_dir("/")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{} could not be started: {error}", program.display()))?;
    if !output.status.success() {
        return Err(format!(
            "the process that tried the walls ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        ));
    }
    serde_json::from_slice(&output.stdout)
        .map_err(|error| format!("the process that tried the walls said nothing clear: {error}"))
}
