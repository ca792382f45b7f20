//! Texts from a generator that always makes the same ones: nothing panics, nothing hangs.

use std::time::{Duration, Instant};

use super::findings;
use super::judge::Judge;
use super::pattern::{Pattern, Unknown};
use super::policy::Policy;
use super::shell;
use crate::protocol::{Language, Origin};

/// Longest that one text may take, in a build without optimisation on a busy machine.
const LONGEST: Duration = Duration::from_secs(10);

/// Xorshift: small, and the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or_default()
    }

    fn text(&mut self, parts: &[&str]) -> String {
        let length = self.next() % 40;
        (0..length)
            .map(|_| parts[self.next() % parts.len()])
            .collect()
    }

    /// A text with a few bytes cut, doubled or swapped.
    fn bent(&mut self, text: &str) -> String {
        let mut chars: Vec<char> = text.chars().collect();
        for _ in 0..=self.next() % 4 {
            if chars.is_empty() {
                break;
            }
            let (a, b) = (self.next() % chars.len(), self.next() % chars.len());
            match self.next() % 3 {
                0 => {
                    chars.remove(a);
                }
                1 => chars.swap(a, b),
                _ => {
                    let c = chars[b];
                    chars.insert(a, c);
                }
            }
        }
        chars.into_iter().collect()
    }
}

const SHELL: &[&str] = &[
    "rm ",
    "-rf ",
    "$(",
    ")",
    "`",
    "\"",
    "'",
    "$x",
    "${",
    "}",
    "{ ",
    "; ",
    "\n",
    " | ",
    " && ",
    "(",
    "((",
    "if ",
    "then ",
    "fi ",
    "for x in ",
    "do ",
    "done ",
    "case a in ",
    "esac ",
    ";; ",
    "<<E\n",
    "E\n",
    ">",
    "<",
    "<(",
    "&",
    "\\",
    "#",
    "=",
    "a=",
    "f() ",
    "[[ ",
    "]] ",
    "!",
    "*",
    "é",
    "\t",
    "99999999999>",
    "$'",
    "\\'",
    "sh -c ",
    "eval ",
    "xargs ",
    "find -exec ",
    "sed s/",
    "awk '",
    "env -S ",
    "git -c ",
    "tar -I ",
    "<<-'E' ",
    "&>",
    "|&",
    "$((",
    "\0",
];

const PYTHON: &[&str] = &[
    "def f():\n",
    "    ",
    "while True:",
    "\n",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "'",
    "\"\"\"",
    "f'{",
    "}'",
    "**",
    "9",
    "9e9",
    "exec(",
    "getattr(x, ",
    "'__class__'",
    ".",
    "__globals__",
    "import os",
    "from x import *",
    "+",
    "=",
    ":=",
    ",",
    "lambda:",
    "'x' * ",
    "[::-1]",
    "\\",
    "é",
    "\u{202e}",
    "\\x41",
    "AKIA",
    "if ",
    "else ",
    "await ",
    "yield ",
    ":",
    "#",
    "\0",
    "''.join([",
];

const JAVASCRIPT: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "`",
    "${",
    "'",
    "\"",
    "/",
    "=>",
    "function*",
    "async ",
    "await ",
    "while(true)",
    "for(;;)",
    "eval(",
    "atob(",
    "require(",
    "import(",
    ".constructor",
    "['constr'+'uctor']",
    "__proto__",
    " = ",
    "+",
    "**",
    "1n",
    "1e99",
    "\n",
    ";",
    ",",
    "class A ",
    "const x",
    "é",
    "\u{202e}",
    "\\u0041",
    "//",
    "/*",
    "<!--",
    "new ",
    "x",
    "?.",
    "...",
    "#x",
    "\0",
];

const TOML: &[&str] = &[
    "[[shell]]\n",
    "[[finding]]\n",
    "[severity.user]\n",
    "[default]\n",
    "rule = ",
    "command = ",
    "'deny'\n",
    "\"ask\"\n",
    "id = ",
    "'py-exec'\n",
    "'git push --force*'\n",
    "'rm -rf ...'\n",
    "tests = { deny = ['x'] }\n",
    "from = ['model']\n",
    "'",
    "\"",
    "[",
    "]",
    "=",
    "\n",
    "low",
];

const PATTERN: &[&str] = &[
    "git", " ", "*", "...", "**", "-", "--", "rf", "=", "/", "'", "\"", "\\", "$x", ">", "{a,b}",
    "é", "?",
];

fn timed<T>(text: &str, work: impl FnOnce() -> T) -> T {
    let started = Instant::now();
    let result = work();
    assert!(
        started.elapsed() < LONGEST,
        "{text:?} took {:?}",
        started.elapsed()
    );
    result
}

#[test]
fn validators_take_any_text() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for (language, parts) in [
        (Language::Python, PYTHON),
        (Language::JavaScript, JAVASCRIPT),
        (Language::Shell, SHELL),
    ] {
        for _ in 0..1500 {
            let text = random.text(parts);
            for finding in timed(&text, || findings(language, &text)) {
                // A parser that gave up is a finding, and would hide a panic of ours.
                let is_ours = finding.message.contains("src/safety");
                assert!(!is_ours, "{text:?}: {finding:?}");
                assert!(
                    finding.line > 0 && finding.column > 0,
                    "{text:?}: {finding:?}"
                );
            }
        }
    }
}

#[test]
fn our_own_code_does_not_panic_on_any_script() {
    // On this thread, without the net that catches panics of parsers: brush-parser has one, in
    // file descriptors that are too large, so those are left out here.
    let parts: Vec<&str> = SHELL
        .iter()
        .copied()
        .filter(|part| !part.starts_with('9'))
        .collect();
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let judge = Judge::load(std::path::Path::new("/nonexistent/policy.toml")).expect("empty");
    for _ in 0..3000 {
        let text = random.text(&parts);
        let script = timed(&text, || shell::read(&text));
        for command in &script.commands {
            assert!(!command.words.is_empty(), "{text:?}");
        }
        judge.examine(Language::Shell, &text, Origin::Model);
    }
}

#[test]
fn the_policy_takes_any_text() {
    let mut random = Random(0x1234_5678_9abc_def1);
    let mut sound = 0;
    for _ in 0..20_000 {
        let text = random.text(TOML);
        sound += usize::from(Policy::parse(&text).is_ok());
    }
    let whole = "[[shell]]\nrule = 'deny'\ncommand = 'git push --force*'\n\
                 tests = { deny = ['x'] }\n[severity.user]\nlow = 'ask'\n";
    for _ in 0..5000 {
        let text = random.bent(whole);
        sound += usize::from(Policy::parse(&text).is_ok());
    }
    assert!(sound > 100, "some of them are policies: {sound}");
}

#[test]
fn patterns_take_any_command() {
    let mut random = Random(0xdead_beef_cafe_f00d);
    let mut matched = 0;
    for _ in 0..20_000 {
        let (pattern, command) = (random.text(PATTERN), random.text(PATTERN));
        let (Ok(pattern), Ok(words)) = (Pattern::parse(&pattern), shell::read_words(&command))
        else {
            continue;
        };
        let could = pattern.concerns(&words, Unknown::Could);
        let does = pattern.concerns(&words, Unknown::Never);
        // What it is about for sure, it could be about; what it takes whole, it is about.
        assert!(could || !does, "{pattern:?} {words:?}");
        matched += usize::from(does);
        pattern.covers(&words);
    }
    assert!(matched > 100, "some of them match: {matched}");
}
