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
/// Lines that are read in one go while someone types. A line takes a fraction of a millisecond.
const LINES_PER_UPDATE: usize = 12;

/// Byte ranges with their roles, in order, without overlap; what is not named is [`Role::Text`].
pub(crate) type Spans = Vec<(Range<usize>, Role)>;

/// Byte ranges of `source` with the role of each, in order, without overlap; what is not named is
/// [`Role::Text`]. Plain until [`warm`] is through.
pub(crate) fn highlight(language: Language, source: &str) -> Spans {
    let mut highlighter = Highlighter::default();
    highlighter.update_by(language, source, usize::MAX);
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
                state = state.read(&grammars, line).after;
            }
        }
        let grammars = GRAMMARS.get_or_init(|| grammars);
        done();
        // Once more as it looks while it is typed: what is not finished has expressions of its
        // own.
        for (language, sample) in SAMPLES {
            let mut state = LineState::first(grammars, *language);
            for line in sample.split_inclusive('\n') {
                for (end, _) in line.char_indices() {
                    let _ = state.clone().read(grammars, &line[..end]);
                }
                state = state.read(grammars, line).after;
            }
        }
    };
    // Without the thread there are no colours, and nothing else is lost.
    let _ = std::thread::Builder::new()
        .name("highlight".into())
        .spawn(warming);
}

/// Whether [`warm`] is through: what was plain before has its colours from now on.
pub(crate) fn is_ready() -> bool {
    GRAMMARS.get().is_some()
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
    (
        Language::Shell,
        "#!/bin/sh\nset -eu; export A=1 B=\"x ${A:-y} $(date +%s)\" # note\nfor f in *.txt; do [ -f \"$f\" ] && wc -l < \"$f\" | sort -n 2>/dev/null || echo 'no'; done\nif test $((1 + 2)) -gt 2; then ls -la; elif ! false; then :; else exit 1; fi\nf() { local x=`pwd`; return 0; }\nwhile read -r l; do case $l in a*) echo a ;; *) ;; esac; done <<END\ntext\nEND\n",
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
    fn read(mut self, grammars: &Grammars, text: &str) -> Reading {
        let before = self.clone();
        // The grammars want to see the end of a line, the last one too.
        let ended = if text.ends_with('\n') {
            Cow::Borrowed(text)
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
        Reading {
            before,
            after: self,
            spans,
        }
    }
}

/// A line, and what it was read as.
struct Line {
    text: String,
    reading: Option<Reading>,
}

/// What a line is if the parser comes to it in a certain state.
struct Reading {
    before: LineState,
    after: LineState,
    /// Counted from the line's start.
    spans: Spans,
}

/// Colours of a text that changes a little at a time: only lines that changed are read again, and
/// those after them as far as it matters; and not too many at once.
#[derive(Default)]
pub(crate) struct Highlighter {
    language: Option<Language>,
    source: String,
    lines: Vec<Line>,
    /// Lines from the start that are read as they should be.
    read: usize,
    spans: Spans,
    state: Progress,
}

/// How far the spans belong to the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Progress {
    /// They don't, or there are no grammars yet.
    #[default]
    Stale,
    /// The lines further down are still to be read.
    Begun,
    /// Altogether.
    Done,
}

impl Highlighter {
    /// The spans of a source. Some may be missing or old if there is much to read: see
    /// [`Self::wants_more`].
    pub(crate) fn update(&mut self, language: Language, source: &str) -> &Spans {
        self.update_by(language, source, LINES_PER_UPDATE)
    }

    /// Whether the same source should be given to [`Self::update`] again.
    pub(crate) fn wants_more(&self) -> bool {
        self.state == Progress::Begun
    }

    fn update_by(&mut self, language: Language, source: &str, lines_max: usize) -> &Spans {
        let is_same = self.language == Some(language) && self.source == source;
        if is_same && self.state == Progress::Done {
            return &self.spans;
        }
        if self.language != Some(language) {
            self.lines.clear();
        }
        self.language = Some(language);
        self.state = Progress::Done;
        if !is_same {
            source.clone_into(&mut self.source);
        }
        if source.len() > SOURCE_BYTES_MAX
            || source.split('\n').any(|line| line.len() > LINE_BYTES_MAX)
        {
            self.lines.clear();
            self.spans.clear();
        } else if let Some(spans) = slash_spans(source) {
            self.spans = spans;
        } else if let Some(grammars) = GRAMMARS.get() {
            self.take_lines(source);
            self.read_lines(grammars, language, lines_max);
            self.collect();
        } else {
            self.spans.clear();
            self.state = Progress::Stale;
        }
        &self.spans
    }

    /// Takes the lines of a source; those at the head and the tail that are the same keep their
    /// readings.
    fn take_lines(&mut self, source: &str) {
        let texts: Vec<&str> = source.split_inclusive('\n').collect();
        let same = |(line, text): &(&Line, &&str)| line.text == **text;
        let head = self.lines.iter().zip(&texts).take_while(same).count();
        let tail_max = self.lines.len().min(texts.len()) - head;
        let ends = self.lines.iter().rev().zip(texts.iter().rev());
        let tail = ends.take(tail_max).take_while(same).count();

        let changed = texts[head..texts.len() - tail].iter();
        let changed = changed.map(|text| Line {
            text: (*text).to_owned(),
            reading: None,
        });
        let changed_end = self.lines.len() - tail;
        self.lines.splice(head..changed_end, changed);
        self.read = self.read.min(head);
    }

    /// Reads on, up to so many lines. A line whose reading began in the state that the parser is
    /// in is right already.
    fn read_lines(&mut self, grammars: &Grammars, language: Language, mut lines_max: usize) {
        let before = self.read.checked_sub(1).and_then(|at| self.lines.get(at));
        let mut state = if let Some(reading) = before.and_then(|line| line.reading.as_ref()) {
            reading.after.clone()
        } else {
            self.read = 0;
            LineState::first(grammars, language)
        };
        for line in &mut self.lines[self.read..] {
            match &line.reading {
                Some(reading) if reading.before == state => {}
                _ if lines_max == 0 => {
                    self.state = Progress::Begun;
                    break;
                }
                _ => {
                    lines_max -= 1;
                    line.reading = Some(state.clone().read(grammars, &line.text));
                }
            }
            if let Some(reading) = &line.reading {
                state = reading.after.clone();
            }
            self.read += 1;
        }
    }

    fn collect(&mut self) {
        self.spans.clear();
        let mut offset = 0;
        for line in &self.lines {
            let spans = line.reading.iter().flat_map(|reading| &reading.spans);
            let moved =
                spans.map(|(range, role)| (range.start + offset..range.end + offset, *role));
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
            kept.update_by(Language::Python, text, 1);
            while kept.wants_more() {
                kept.update_by(Language::Python, text, 1);
            }
            assert_eq!(kept.spans, highlight(Language::Python, text), "{text}");
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
