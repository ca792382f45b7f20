//! Whether Enter should run a text, as the parser alone can tell.

use super::Completeness;
use super::source::{self, SyntaxError};
use crate::nesting::javascript as scan;

/// Spaces for a level of brackets.
const INDENT: usize = 2;
/// Levels that still move the next line to the right.
const MAX_LEVELS: usize = 20;

/// Judges a text.
pub(super) fn completeness(text: &str) -> Completeness {
    let scan = scan::scan(text);
    if scan.refusal.is_some() {
        return Completeness::Invalid;
    }
    let Err(error) = source::check_cell(text) else {
        return Completeness::Complete;
    };
    let levels = scan.open.clamp(usize::from(!scan.is_inside), MAX_LEVELS);
    let incomplete = Completeness::Incomplete {
        indent: if scan.is_inside { 0 } else { INDENT * levels },
    };
    let is_at_end = |error: &SyntaxError| error.last_offset >= scan.end;
    if scan.is_inside || is_at_end(&error) {
        return incomplete;
    }
    // `{ a: 1, b:` may become an object.
    if text.trim_start().starts_with('{') && scan.open > 0 {
        let object = format!("({text}");
        if let Err(error) = source::check_cell(&object)
            && error.last_offset > scan.end
        {
            return incomplete;
        }
    }
    Completeness::Invalid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Completeness) {
        assert_eq!(completeness(text), expected, "{text:?}");
    }

    #[test]
    fn whole_texts_run() {
        for text in [
            "",
            "  // only a comment",
            "1 + 1",
            "let x = 5",
            "if (x) y",
            "function f() {\n  return 1\n}",
            "{ a: 1, b: 2 }",
            "{ let a = 1; a }",
            "await f()",
            "for await (const x of y) z(x)",
            "`a ${b} c`",
            "a / b / c",
            "x = /[/]}/.test('}')",
            "import x from 'util'",
            "export const a = 1",
            "'it\\'s'",
            "a\n  .b()\n  .c()",
            "class A { #x = 1; static { } }",
            "label: for (;;) { break label }",
            "if (x) {}\n/re/.test(y)",
        ] {
            check(text, Completeness::Complete);
        }
    }

    #[test]
    fn texts_that_go_on_open_a_line() {
        for (text, indent) in [
            ("function f() {", 2),
            ("if (x) {\n  foo(", 4),
            ("[1, 2,", 2),
            ("foo(", 2),
            ("{", 2),
            ("{ a: 1, b:", 2),
            ("{ a: 1, b: [", 4),
            ("`text", 0),
            ("`text ${a", 4),
            ("/* comment", 0),
            ("'text \\\n", 0),
            ("1 +", 2),
            ("x =", 2),
            ("if (x)", 2),
            ("if (x) y; else", 2),
            ("while (x)", 2),
            ("for (const a of b)", 2),
            ("const f = () =>", 2),
            ("a ? b :", 2),
            ("a &&", 2),
            ("class A", 2),
            ("class A {\n  m() {", 4),
            ("try { x }", 2),
            ("foo( // not yet", 2),
            ("x.", 2),
            ("import { a", 2),
            ("async function f() { await", 2),
        ] {
            check(text, Completeness::Incomplete { indent });
        }
    }

    #[test]
    fn errors_before_the_end_are_shown() {
        for text in [
            "let = ;",
            "foo bar",
            "foo)",
            "x = ]",
            "'open",
            "1 2 (",
            "let x = ;",
            "}",
            "if x {",
        ] {
            check(text, Completeness::Invalid);
        }
    }

    #[test]
    fn hostile_texts_are_refused_and_neither_overflow_nor_panic() {
        let deep = 5000;
        for piece in [
            "(",
            "[",
            "{",
            "`${",
            "-",
            "!",
            "typeof ",
            "a=",
            "a=>",
            "a?b:",
            "a**",
            "if(1)",
            "else ",
            "while(1)",
            "for(;;)",
            "new ",
            "a:",
            "x?",
            "{a:",
            "class extends ",
            "if(1)a,b;else ",
            "do ",
            "f(`${",
            "...",
            "await ",
            "=",
            "a\n=",
            "-\n",
            "+ +",
            "- -",
            "function f(){",
            "()=>{",
            "(a,",
            "(a?",
            "[a,[",
            "async x=>",
            "yield ",
            "{ {} /}/; ",
            "{}/\"/;{",
            "{}/`/\n;{",
            "f(function(){}/\"/)\"\n",
            "yield/(",
            "1./(",
            "f(\n<!--)\n",
            "//\u{2028}(",
            "f(a=\u{a0}/)/,",
            "a=function(){}/(",
            "f(\r-->)\r",
            "return\n{}/(",
            "x:{}/(",
            "case 1:",
            "switch(1){case 1:",
        ] {
            check(&piece.repeat(deep), completeness(&piece.repeat(deep)));
            let _ = source::check_cell(&piece.repeat(100));
        }
        check(&"x".repeat(scan::MAX_BYTES + 1), Completeness::Invalid);
        check(&"(".repeat(deep), Completeness::Invalid);
        check(&"-".repeat(deep), Completeness::Invalid);
        check(&"if(1)a,b;else ".repeat(deep), Completeness::Invalid);
    }

    #[test]
    fn long_ordinary_texts_are_not_deep() {
        let lines =
            "const a = b ? c : d\nif (a) b = -c; else d()\nx = () => typeof y\nfoo: for (;;) {}\n";
        check(&lines.repeat(1000), Completeness::Invalid); // declared twice
        let lines =
            "var a = b ? c : d\nif (a) b = -c; else d()\nx = () => typeof y\nf({a: 1, b: !c})\n";
        check(&lines.repeat(1000), Completeness::Complete);
        let one_line = "if (a) b = -c; else d(); x = !y; ";
        check(&one_line.repeat(1000), Completeness::Complete);
        let list = format!("[{}]", "{ a: -1, b: x => y }, ".repeat(2000));
        check(&list, Completeness::Complete);
    }
}
