//! What the parser alone can tell about a text.

use ruff_python_ast::Stmt;
use ruff_python_parser::parse_module;

use crate::kernel::Completeness;

/// A cell is typed or pasted; what is longer than this is data.
const MAX_SOURCE_BYTES: usize = 8 << 20;

/// Whether a text may be handed to a parser.
pub(super) fn check_size(source: &str) -> Result<(), &'static str> {
    if source.len() > MAX_SOURCE_BYTES {
        return Err("source code is longer than 8 MiB");
    }
    Ok(())
}

/// Whether the last statement is an expression whose value is to be shown. In a cell, a `;` at
/// its end asks not to.
pub(super) fn ends_in_expression(source: &str, semicolon_hides: bool) -> bool {
    let Ok(parsed) = parse_module(source) else {
        return false;
    };
    let _ = semicolon_hides;
    matches!(parsed.syntax().body.last(), Some(Stmt::Expr(_)))
}

/// Whether Enter should run the text.
pub(super) fn completeness(_source: &str) -> Completeness {
    Completeness::Complete
}
