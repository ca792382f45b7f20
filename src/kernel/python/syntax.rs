//! What the parser alone can tell about a text: whether it is a whole cell, and whether it ends
//! in an expression. Runs in the parent process too, so that nothing here may overflow or panic
//! on hostile text.

use ruff_python_ast::{Stmt, token::TokenKind};
use ruff_python_parser::{Mode, ParseErrorType, ParseOptions, parse_module, parse_unchecked};
use ruff_text_size::Ranged;

use crate::kernel::Completeness;
use crate::nesting::python::{End, MAX_BRACKETS, MAX_OPERATORS, Scan};

/// A cell is typed or pasted; what is longer than this is data.
const MAX_SOURCE_BYTES: usize = 8 << 20;
/// The same at the prompt, where every key press asks.
const MAX_PROMPT_BYTES: usize = 1 << 20;
/// Spaces to a level.
const INDENT: usize = 4;

/// Whether a text may be handed to a parser.
pub(super) fn check_source(source: &str) -> Result<(), &'static str> {
    if source.len() > MAX_SOURCE_BYTES {
        return Err("source code is longer than 8 MiB");
    }
    let scan = Scan::of(source);
    if scan.deepest > MAX_BRACKETS {
        return Err("too many nested parentheses");
    }
    if scan.most_operators > MAX_OPERATORS {
        return Err("expression is nested too deeply");
    }
    Ok(())
}

/// Whether the last statement is an expression whose value is to be shown. In a cell
/// (`semicolon_hides`), a `;` at its end asks not to.
pub(super) fn ends_in_expression(source: &str, semicolon_hides: bool) -> bool {
    let Ok(parsed) = parse_module(source) else {
        return false;
    };
    let hidden = semicolon_hides
        && parsed
            .tokens()
            .iter()
            .rfind(|token| is_significant(token.kind()))
            .is_some_and(|token| token.kind() == TokenKind::Semi);
    !hidden && matches!(parsed.suite().last(), Some(Stmt::Expr(_)))
}

/// Whether Enter should run the text. A block at its end waits for an empty line.
pub(super) fn completeness(source: &str) -> Completeness {
    let scan = Scan::of(source);
    if source.len() > MAX_PROMPT_BYTES
        || scan.deepest > MAX_BRACKETS
        || scan.most_operators > MAX_OPERATORS
    {
        return Completeness::Invalid;
    }
    let parsed = parse_unchecked(source, ParseOptions::from(Mode::Module));
    let last_line = source.rsplit('\n').next().unwrap_or_default();
    let tokens: Vec<_> = parsed
        .tokens()
        .iter()
        .filter(|token| is_significant(token.kind()))
        .collect();
    let incomplete = Completeness::Incomplete {
        indent: next_indent(source, scan.last),
    };
    if let Some(error) = parsed.errors().first() {
        let place = usize::from(error.location.start());
        let end = tokens.last().map_or(0, |token| usize::from(token.end()));
        let wants_more = match &scan.end {
            End::Brackets { first } => place >= *first,
            End::TripleQuoted { first } => {
                if place >= *first {
                    return Completeness::Incomplete { indent: 0 };
                }
                false
            }
            End::Code if last_line.ends_with('\\') => place >= source.len() - last_line.len(),
            End::Code | End::Comment => place >= end && wants_a_block(&error.error),
            End::Other => last_line.ends_with('\\'),
        };
        return if wants_more {
            incomplete
        } else {
            Completeness::Invalid
        };
    }
    if last_line.ends_with('\\') && matches!(scan.end, End::Code) {
        return incomplete;
    }
    let block_at_end = match &parsed.into_syntax() {
        ruff_python_ast::Mod::Module(module) => module.body.last().is_some_and(is_compound),
        ruff_python_ast::Mod::Expression(_) => false,
    };
    let empty_line_at_end = source.contains('\n') && last_line.trim().is_empty();
    if block_at_end && !empty_line_at_end {
        incomplete
    } else {
        Completeness::Complete
    }
}

/// Whether a parser that met the end of the text says that a block has to follow.
fn wants_a_block(error: &ParseErrorType) -> bool {
    let ParseErrorType::OtherError(message) = error else {
        return false;
    };
    [
        "Expected an indented block",
        "Expected `except` or `finally`",
        "Expected `case`",
        "Expected class, function definition",
    ]
    .iter()
    .any(|start| message.starts_with(start))
}

fn is_compound(statement: &Stmt) -> bool {
    matches!(
        statement,
        Stmt::FunctionDef(_)
            | Stmt::ClassDef(_)
            | Stmt::For(_)
            | Stmt::While(_)
            | Stmt::If(_)
            | Stmt::With(_)
            | Stmt::Match(_)
            | Stmt::Try(_)
    )
}

fn is_significant(kind: TokenKind) -> bool {
    !kind.is_trivia()
        && !matches!(
            kind,
            TokenKind::Newline | TokenKind::Indent | TokenKind::Dedent | TokenKind::EndOfFile
        )
}

/// Where the line after the last one should begin.
fn next_indent(source: &str, last: u8) -> usize {
    let line = source
        .lines()
        .rev()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let text = line.trim_start();
    let indent: usize = line
        .chars()
        .map_while(|c| match c {
            ' ' => Some(1),
            '\t' => Some(INDENT),
            _ => None,
        })
        .sum();
    if matches!(last, b':' | b'(' | b'[' | b'{') {
        return indent + INDENT;
    }
    let first_word = text
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .next()
        .unwrap_or_default();
    if matches!(
        first_word,
        "return" | "pass" | "raise" | "break" | "continue"
    ) {
        return indent.saturating_sub(INDENT);
    }
    indent
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMPLETE: Completeness = Completeness::Complete;
    const INVALID: Completeness = Completeness::Invalid;

    const fn more(indent: usize) -> Completeness {
        Completeness::Incomplete { indent }
    }

    #[test]
    fn whole_cells_are_told_from_parts() {
        let mut wrong = Vec::new();
        for (source, expected) in [
            ("", COMPLETE),
            ("\n\n", COMPLETE),
            ("1", COMPLETE),
            ("x = 1;", COMPLETE),
            ("# only a comment", COMPLETE),
            ("# (", COMPLETE),
            ("x = 1 # \\", COMPLETE),
            ("a = 1\nb = 2", COMPLETE),
            ("f(", more(4)),
            ("f(1,", more(0)),
            ("x = [\n    1,", more(4)),
            ("x = [\n    1,\n]", COMPLETE),
            ("d = {", more(4)),
            ("s = '''abc", more(0)),
            ("s = '''abc\n  def", more(0)),
            ("s = '''abc'''", COMPLETE),
            ("s = \"\"\"it's (", more(0)),
            ("f'''{x}", more(0)),
            ("print('(')", COMPLETE),
            ("f\"{d['a']}\"", COMPLETE),
            ("f\"{d[\"a\"]}\"", COMPLETE),
            ("x = 1 + \\", more(0)),
            ("x = 1 + \\\n2", COMPLETE),
            ("def f():", more(4)),
            ("def f(): # why", more(4)),
            ("def f():\n    return 1", more(0)),
            ("def f():\n    x = 1", more(4)),
            ("def f():\n    x = 1\n", COMPLETE),
            ("def f():\n    x = 1\n    ", COMPLETE),
            ("def f():\n    x = 1\nf()", COMPLETE),
            ("def f(a,\n      b", more(6)),
            ("class A:\n    def f(self):", more(8)),
            ("class A: pass", more(0)),
            ("class A: pass\n", COMPLETE),
            ("if x:\n    pass\nelse:", more(4)),
            ("if x:\n    a\nelse:\n    b", more(4)),
            ("try:\n    f()", more(4)),
            ("try:\n    f()\n", more(4)),
            ("try:\n    f()\nexcept E:", more(4)),
            ("try:\n    f()\nexcept E:\n    pass\n", COMPLETE),
            ("@decorator", more(0)),
            ("@decorator\ndef f():", more(4)),
            ("for i in x: print(i)", more(0)),
            ("for i in x: print(i)\n", COMPLETE),
            ("while True:\n    break", more(0)),
            ("match x:", more(4)),
            ("match x:\n    case 1:", more(8)),
            ("match x:\n    case 1:\n        y\n", COMPLETE),
            ("with a as b:", more(4)),
            ("async def f():\n    await g()", more(4)),
            ("if x:\n    y = [1,\n", more(4)),
            ("lambda x: x", COMPLETE),
            ("d = {1:", more(4)),
            ("x =", INVALID),
            ("1 +", INVALID),
            ("if x", INVALID),
            ("else:", INVALID),
            (")", INVALID),
            ("f(]", INVALID),
            ("'abc", INVALID),
            ("'abc\\", more(0)),
            ("a b", INVALID),
            ("a b (", INVALID),
            ("def f():\nx", INVALID),
            ("for", INVALID),
            ("return 1", COMPLETE),
            ("ünï = 'ü'", COMPLETE),
            ("print(\"\u{1f600}\"", more(0)),
        ] {
            let found = completeness(source);
            if found != expected {
                wrong.push(format!("{source:?}: {found:?}, not {expected:?}"));
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn hostile_text_is_judged_without_a_crash() {
        let deep = 2_000_000;
        for source in [
            "(".repeat(201),
            "(".repeat(1_000_000),
            "-".repeat(deep),
            "not ".repeat(deep),
            "lambda:".repeat(100_000),
            "x if x else ".repeat(50_000),
            "2**".repeat(300_000),
            "x.".repeat(300_000),
            "[-(".repeat(100_000),
            " ".repeat(deep),
        ] {
            assert_eq!(
                completeness(&source),
                INVALID,
                "{:?}…",
                source.get(..20).unwrap_or_default()
            );
        }
        for source in [
            "\0",
            "\u{feff}x",
            "\\",
            "'",
            "\"\"\"",
            "f'{",
            "f\"{x:{y:{",
            "\r",
            "$",
            "0x",
        ] {
            completeness(source);
        }
    }

    #[test]
    fn long_data_may_be_parsed() {
        let table = format!("x = [{}]", "-1.5, ".repeat(100_000));
        assert_eq!(check_source(&table), Ok(()));
        let text = format!("x = '''{}'''", "-+(".repeat(100_000));
        assert_eq!(check_source(&text), Ok(()));
        assert!(check_source(&"-".repeat(100_000)).is_err());
        assert!(check_source(&"(".repeat(300)).is_err());
    }

    #[test]
    fn a_last_expression_is_found() {
        for (source, in_cell, in_program) in [
            ("1", true, true),
            ("x = 1", false, false),
            ("x = 1\nx", true, true),
            ("x;", false, true),
            ("x; # shown?", false, true),
            ("';'", true, true),
            ("def f(): pass", false, false),
            ("x\n# end", true, true),
            ("", false, false),
            ("x =", false, false),
        ] {
            assert_eq!(ends_in_expression(source, true), in_cell, "{source:?}");
            assert_eq!(ends_in_expression(source, false), in_program, "{source:?}");
        }
    }
}
