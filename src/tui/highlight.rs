//! Syntax colours.
//!
//! The grammars are loaded by a thread of their own ([`warm`]); until they are there, text is
//! plain: the path from key to screen never waits for them.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use super::theme::Role;
use crate::protocol::{Language, slash};

/// Longer sources stay plain.
const SOURCE_BYTES_MAX: usize = 64 << 10;
/// Sources with a longer line stay plain: the grammars' regular expressions are slow on them.
const LINE_BYTES_MAX: usize = 2000;

/// Byte ranges with their roles, in order, without overlap; what is not named is [`Role::Text`].
pub(crate) type Spans = Vec<(Range<usize>, Role)>;

/// Byte ranges of `source` with the role of each, in order, without overlap; what is not named is
/// [`Role::Text`]. Plain until [`warm`] is through.
pub(crate) fn highlight(language: Language, source: &str) -> Spans {
    let mut highlighter = Highlighter::default();
    highlighter.update(language, source);
    highlighter.spans
}

/// Loads the grammars on a thread, and runs them over samples, which compiles the regular
/// expressions that ordinary code needs. Call it once, at the start; `done` is called when
/// colours are there.
pub(crate) fn warm(done: impl FnOnce() + Send + 'static) {
    static STARTED: AtomicBool = AtomicBool::new(false);
    if STARTED.swap(true, Ordering::Relaxed) {
        return;
    }
    let warming = move || {
        let grammars = Grammars::load();
        for (language, sample) in SAMPLES {
            let mut state = LineState::first(&grammars, *language);
            for line in sample.split_inclusive('\n') {
                let _ = state.read(&grammars, line.to_owned());
            }
        }
        let _ = GRAMMARS.set(grammars);
        done();
    };
    // Without the thread there are no colours, and nothing else is lost.
    let _ = std::thread::Builder::new()
        .name("highlight".into())
        .spawn(warming);
}

/// Code that visits the usual corners of the grammars.
const SAMPLES: &[(Language, &str)] = &[
    (
        Language::Python,
        "import os, sys as s\nfrom a.b import (c, d)\n@wrap(1)\nclass A(B, metaclass=M):\n    '''doc'''\n    async def f(self, x: int = 0, *args, **kw) -> str:\n        return f\"{x!r:>{3}} \\n\" + r'\\d+' + b\"x\"\nfor i, j in enumerate([1, 0x2, 3.5e1j]):\n    if not i and j or None is True: pass\n    else: print(i % 2, {k: v for k, v in z}, lambda q: q ** 2)\ntry:\n    with open(p) as h: yield await h\nexcept (E, F) as e: raise X from e\nfinally: del a[1:2], b.c; global g; assert x != 1 # done\nwhile x <= 1: x += 1; break\n",
    ),
    (
        Language::JavaScript,
        "import { a as b } from 'm';\nexport default class A extends B { static #p = 1; get x() { return this.y ?? super.z; } async *g() { yield* await f(); } }\nconst f = async (x, { y, ...z } = {}, [w]) => x?.y + `t ${x + 1} \\n`;\nlet r = /a[b-c]+\\d/gi.test(\"s\\u0041\"), n = [0x1f, 1e3, 10n, NaN, null, undefined, true];\nfunction h(a = 1) { if (a === 1 && !b || c >= 2) { throw new Error('e'); } else for (const k of n) { console.log(k, typeof k); } }\ntry { switch (x) { case 1: break; default: delete o.p; } } catch (e) { } finally { }\nwhile (i-- > 0) { o = { a, b: 1, 'c': 2, [d]: 3, m() { }, f: function () { } }; } // done\n/* block */ label: do { i++; } while (a ? b : c);\n",
    ),
];

struct Grammars {
    set: SyntaxSet,
    roles: Vec<(Scope, Option<Role>)>,
}

static GRAMMARS: OnceLock<Grammars> = OnceLock::new();

/// Scopes and their roles. The innermost scope that a row is a prefix of decides; among the rows
/// the first one. `None` leaves it to the scope around it.
const ROLES: &[(&str, Option<Role>)] = &[
    ("punctuation.definition", None),
    ("punctuation.separator.decimal", None),
    (
        "punctuation.section.interpolation",
        Some(Role::SyntaxOperator),
    ),
    ("punctuation", Some(Role::SyntaxPunctuation)),
    ("comment", Some(Role::SyntaxComment)),
    ("constant.numeric", Some(Role::SyntaxNumber)),
    ("constant", Some(Role::SyntaxConstant)),
    ("string", Some(Role::SyntaxString)),
    ("source.regexp", Some(Role::SyntaxString)),
    ("meta.interpolation", Some(Role::Text)),
    ("meta.template.expression", Some(Role::Text)),
    ("keyword.operator.logical.python", Some(Role::SyntaxKeyword)),
    ("keyword.operator.word", Some(Role::SyntaxKeyword)),
    ("keyword.operator", Some(Role::SyntaxOperator)),
    ("keyword", Some(Role::SyntaxKeyword)),
    ("storage.type.function.arrow", Some(Role::SyntaxOperator)),
    ("storage", Some(Role::SyntaxKeyword)),
    ("entity.name.function", Some(Role::SyntaxFunction)),
    ("entity.name", Some(Role::SyntaxType)),
    ("entity.other.inherited-class", Some(Role::SyntaxType)),
    ("variable.function", Some(Role::SyntaxFunction)),
    ("variable.annotation", Some(Role::SyntaxFunction)),
    ("support.function", Some(Role::SyntaxFunction)),
    ("support.type", Some(Role::SyntaxType)),
    ("support.class", Some(Role::SyntaxType)),
    ("support.constant", Some(Role::SyntaxConstant)),
    ("variable.language", Some(Role::SyntaxConstant)),
    ("variable.parameter", Some(Role::SyntaxVariable)),
    ("variable.type", Some(Role::SyntaxType)),
];

impl Grammars {
    fn load() -> Self {
        Self {
            set: SyntaxSet::load_defaults_newlines(),
            roles: ROLES
                .iter()
                .filter_map(|(name, role)| Some((Scope::new(name).ok()?, *role)))
                .collect(),
        }
    }

    fn syntax(&self, language: Language) -> &SyntaxReference {
        language
            .extensions()
            .iter()
            .find_map(|extension| self.set.find_syntax_by_extension(extension))
            .unwrap_or_else(|| self.set.find_syntax_plain_text())
    }

    fn role(&self, stack: &ScopeStack) -> Role {
        stack
            .as_slice()
            .iter()
            .rev()
            .find_map(|scope| {
                self.roles
                    .iter()
                    .find(|(prefix, _)| prefix.is_prefix_of(*scope))
                    .and_then(|(_, role)| *role)
            })
            .unwrap_or(Role::Text)
    }
}

/// Where the parser stands between two lines.
#[derive(Clone, PartialEq)]
struct LineState {
    parser: ParseState,
    stack: ScopeStack,
}

impl LineState {
    fn first(grammars: &Grammars, language: Language) -> Self {
        Self {
            parser: ParseState::new(grammars.syntax(language)),
            stack: ScopeStack::new(),
        }
    }

    /// Reads a line, with its end if it has one.
    fn read(&mut self, grammars: &Grammars, text: String) -> Line {
        // The grammars want to see the end of a line, the last one too.
        let ended = if text.ends_with('\n') {
            Cow::Borrowed(&*text)
        } else {
            Cow::Owned(format!("{text}\n"))
        };
        let mut spans = Spans::new();
        let mut push = |start: usize, end: usize, role: Role| {
            let end = end.min(text.len());
            if role == Role::Text || start >= end {
                return;
            }
            match spans.last_mut() {
                Some((last, same)) if *same == role && last.end == start => last.end = end,
                _ => spans.push((start..end, role)),
            }
        };
        let mut from = 0;
        for (at, operation) in self
            .parser
            .parse_line(&ended, &grammars.set)
            .unwrap_or_default()
        {
            push(from, at, grammars.role(&self.stack));
            from = at;
            if self.stack.apply(&operation).is_err() {
                break;
            }
        }
        push(from, ended.len(), grammars.role(&self.stack));
        Line {
            spans,
            after: self.clone(),
            text,
        }
    }
}

/// A line that was read.
struct Line {
    text: String,
    /// Counted from the line's start.
    spans: Spans,
    after: LineState,
}

/// Colours of a text that changes a little at a time: only lines that changed are read again, and
/// those after them as far as it matters.
#[derive(Default)]
pub(crate) struct Highlighter {
    language: Option<Language>,
    source: String,
    lines: Vec<Line>,
    spans: Spans,
    /// Whether the spans belong to `source`.
    is_current: bool,
}

impl Highlighter {
    /// The spans of a source.
    pub(crate) fn update(&mut self, language: Language, source: &str) -> &Spans {
        if self.is_current && self.language == Some(language) && self.source == source {
            return &self.spans;
        }
        if self.language != Some(language) {
            self.lines.clear();
        }
        self.language = Some(language);
        source.clone_into(&mut self.source);
        self.spans.clear();
        self.is_current = true;
        if source.len() > SOURCE_BYTES_MAX
            || source.split('\n').any(|line| line.len() > LINE_BYTES_MAX)
        {
            self.lines.clear();
        } else if let Some(spans) = slash_spans(source) {
            self.spans = spans;
        } else if let Some(grammars) = GRAMMARS.get() {
            self.read(grammars, language, source);
        } else {
            // Ask again: the grammars may be there the next time.
            self.is_current = false;
        }
        &self.spans
    }

    /// Keeps the lines at the head that are the same, reads those that changed, and goes on until
    /// the parser stands where it stood before.
    fn read(&mut self, grammars: &Grammars, language: Language, source: &str) {
        let texts: Vec<&str> = source.split_inclusive('\n').collect();
        let same = |(line, text): &(&Line, &&str)| line.text == **text;
        let head = self.lines.iter().zip(&texts).take_while(same).count();
        let tail_max = self.lines.len().min(texts.len()) - head;
        let tail = self
            .lines
            .iter()
            .rev()
            .zip(texts.iter().rev())
            .take(tail_max)
            .take_while(same)
            .count();

        let after_last = |lines: &[Line]| {
            lines.last().map_or_else(
                || LineState::first(grammars, language),
                |line| line.after.clone(),
            )
        };
        let old_tail = self.lines.split_off(self.lines.len() - tail);
        let mut old_state = after_last(&self.lines);
        self.lines.truncate(head);
        let mut state = after_last(&self.lines);
        for text in &texts[head..texts.len() - tail] {
            let line = state.read(grammars, (*text).to_owned());
            self.lines.push(line);
        }
        let mut old_tail = old_tail.into_iter();
        while let Some(line) = old_tail.next() {
            if state == old_state {
                self.lines.push(line);
                self.lines.extend(old_tail);
                break;
            }
            old_state = line.after;
            let line = state.read(grammars, line.text);
            self.lines.push(line);
        }

        let mut offset = 0;
        for line in &self.lines {
            let moved = line
                .spans
                .iter()
                .map(|(range, role)| (range.start + offset..range.end + offset, *role));
            self.spans.extend(moved);
            offset += line.text.len();
        }
    }
}

/// The name of a slash command; its argument is plain.
fn slash_spans(source: &str) -> Option<Spans> {
    slash::parse(source)?;
    let start = source.find('/')?;
    let length = source[start..]
        .find(char::is_whitespace)
        .unwrap_or(source.len() - start);
    Some(vec![(start..start + length, Role::SyntaxSlash)])
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::time::Duration;

    use super::*;

    /// Waits for the grammars, which other tests may have asked for already.
    fn ready() {
        warm(|| {});
        for _ in 0..1000 {
            if GRAMMARS.get().is_some() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("no grammars after ten seconds");
    }

    fn show(source: &str, spans: &Spans) -> String {
        let mut text = String::new();
        for (range, role) in spans {
            let name = format!("{role:?}");
            let name = name.trim_start_matches("Syntax");
            let _ = writeln!(text, "{name} {:?}", &source[range.clone()]);
        }
        text
    }

    #[test]
    fn python_has_its_colours() {
        ready();
        let source = "def f(x):  # say\n    return f\"{x} \\n\" and None or 1.5";
        insta::assert_snapshot!(show(source, &highlight(Language::Python, source)), @r##"
        Keyword "def"
        Function "f"
        Punctuation "("
        Variable "x"
        Punctuation "):"
        Comment "# say\n"
        Keyword "return"
        Keyword "f"
        String "\""
        Operator "{"
        Operator "}"
        String " "
        Constant "\\n"
        String "\""
        Keyword "and"
        Constant "None"
        Keyword "or"
        Number "1.5"
        "##);
    }

    #[test]
    fn javascript_has_its_colours() {
        ready();
        let source = "const f = async (x) => `a ${x + 1}` // say\nclass A extends B {}\nf(null)";
        insta::assert_snapshot!(show(source, &highlight(Language::JavaScript, source)), @r##"
        Keyword "const"
        Function "f"
        Operator "="
        Keyword "async"
        Punctuation "("
        Variable "x"
        Punctuation ")"
        Operator "=>"
        String "`a "
        Operator "+"
        Number "1"
        String "`"
        Comment "// say\n"
        Keyword "class"
        Type "A"
        Keyword "extends"
        Type "B"
        Punctuation "{}"
        Function "f"
        Punctuation "("
        Constant "null"
        Punctuation ")"
        "##);
    }

    #[test]
    fn slash_commands_are_told_by_their_name() {
        let source = "/theme dark";
        let spans = highlight(Language::Python, source);
        assert_eq!(spans, [(0..6, Role::SyntaxSlash)]);
        assert!(slash_spans("1 / 2").is_none());
    }

    #[test]
    fn long_sources_stay_plain() {
        ready();
        let long_line = format!("x = '{}'", "a".repeat(LINE_BYTES_MAX));
        assert!(highlight(Language::Python, &long_line).is_empty());
        let long = "x = 1\n".repeat(SOURCE_BYTES_MAX / 6 + 1);
        assert!(highlight(Language::Python, &long).is_empty());
        assert!(!highlight(Language::Python, "x = 1").is_empty());
    }

    #[test]
    fn changes_give_the_same_colours_as_a_fresh_start() {
        ready();
        let mut text = String::from("a = 1\n'''\nb\n'''\nc = 'x'\nd = [1, 2]\n");
        let mut kept = Highlighter::default();
        kept.update(Language::Python, &text);
        let mut check = |text: &str| {
            assert_eq!(
                kept.update(Language::Python, text),
                &highlight(Language::Python, text),
                "{text}"
            );
        };
        for (at, insert) in [(6, "'''\n"), (0, "# "), (3, "\n\n"), (12, "'''"), (5, "é")] {
            text.insert_str(at, insert);
            check(&text);
        }
        while let Some(last) = text.pop() {
            if last == '\n' {
                check(&text);
            }
        }
    }
}
