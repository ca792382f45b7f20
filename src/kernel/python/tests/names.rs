//! Completion in a live session.

use super::{Session, session};

const SETUP: &str = r#"
import os.path, json
alpha_number = 1
alpha_list = []
def alpha_function(): pass
class Alpha:
    """Runs code wherever it can."""
    attr = 1
    def __init__(self): self.own = 2
    def method(self): pass
    @property
    def expensive(self): raise SystemExit("evaluated")
    def __getattr__(self, name): raise SystemExit("asked for " + name)
    def __eq__(self, other): raise SystemExit("compared")
    def __hash__(self): return hash("alpha_number")
    def _hidden(self): pass
alpha = Alpha()
alpha.inner = Alpha()
table = {"key one": 1, "key_two": 2, 3: 4, Alpha(): 5}
"#;

/// `name:kind` of the candidates at the end of the source.
fn at_end(python: &mut Session, source: &str) -> Vec<String> {
    let completions = python.interpreter.complete(source, source.len());
    assert_eq!(completions.end, source.len());
    completions
        .items
        .into_iter()
        .map(|item| format!("{}:{}", item.text, item.kind))
        .collect()
}

#[test]
fn names_fit_the_place() {
    session(|python| {
        assert!(python.cell(SETUP).reply.ending == crate::kernel::Ending::Ok);
        for (source, expected) in [
            (
                "alp",
                &[
                    "alpha:Alpha",
                    "alpha_function:function",
                    "alpha_list:list",
                    "alpha_number:int",
                ][..],
            ),
            ("x = [alpha_n", &["alpha_number:int"]),
            ("prin", &["print:function"]),
            ("whil", &["while:keyword"]),
            ("ZeroDiv", &["ZeroDivisionError:class"]),
            (
                "alpha.",
                &[
                    "attr:int",
                    "expensive:property",
                    "inner:Alpha",
                    "method:function",
                    "own:int",
                ],
            ),
            ("alpha.inner.ow", &["own:int"]),
            ("alpha.expensive.", &[]),
            ("alpha._h", &["_hidden:function"]),
            ("Alpha.me", &["method:function"]),
            ("alpha_list.app", &["append:function"]),
            ("\"text\".upp", &["upper:function"]),
            ("os.path.joi", &["join:function"]),
            ("import jso", &["json:module"]),
            ("import os, jso", &["json:module"]),
            ("import collections.ab", &["abc:module"]),
            ("from json import lo", &["load:function", "loads:function"]),
            (
                "from json import dumps, lo",
                &["load:function", "loads:function"],
            ),
            ("from math import sqr", &["sqrt:function"]),
            ("from urllib import par", &["parse:module"]),
            ("table[\"key", &["key one\"]:int", "key_two\"]:int"]),
            ("table['key_", &["key_two']:int"]),
            ("'alp", &[]),
            ("# alp", &[]),
            ("x = 1\nalpha.ow", &["own:int"]),
            ("", &[]),
            ("1.", &[]),
            ("nothing.x", &[]),
        ] {
            assert_eq!(at_end(python, source), expected, "{source:?}");
        }
        assert!(python.cell("alpha.own").reply.result.is_some());
    });
}

#[test]
fn any_cursor_is_answered() {
    session(|python| {
        let source = "é = 'ü'; é.upper(é[\"a";
        for cursor in 0..source.len() + 3 {
            let completions = python.interpreter.complete(source, cursor);
            assert!(completions.start <= completions.end);
            assert!(completions.items.len() <= 200);
        }
        assert!(at_end(python, "_").len() <= 200);
    });
}
