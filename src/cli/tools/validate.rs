//! `companion tools validate`

use std::io::{self, Read as _, Write as _};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::error::Report;
use crate::tool::Schema;

/// More is not read.
const MAX_INPUT_BYTES: u64 = 8 << 20;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Input {
    schema: Value,
    arguments: Value,
}

/// Prints `{"valid": true, "arguments": …}`, or every error with its path.
pub(super) fn start() -> Result<u8, Report> {
    let mut text = Vec::new();
    let unreadable =
        |error: io::Error| Report::usage("can't read standard input").cause(error.to_string());
    let mut input = io::stdin().lock().take(MAX_INPUT_BYTES + 1);
    input.read_to_end(&mut text).map_err(unreadable)?;
    if text.len() as u64 > MAX_INPUT_BYTES {
        return Err(Report::usage(format!(
            "more than {MAX_INPUT_BYTES} bytes of input"
        )));
    }
    let input: Input = serde_json::from_slice(&text).map_err(|error| {
        Report::usage("standard input is not {\"schema\": …, \"arguments\": …}")
            .cause(error.to_string())
    })?;
    let schema = Schema::compile(&input.schema)
        .map_err(|error| Report::usage("the schema can't be used").cause(error.to_string()))?;
    let (verdict, code) = match schema.validate(input.arguments) {
        Ok(arguments) => (json!({ "valid": true, "arguments": arguments }), 0),
        Err(violations) => (json!({ "valid": false, "errors": violations }), 1),
    };
    let _ = writeln!(io::stdout(), "{verdict}");
    Ok(code)
}
