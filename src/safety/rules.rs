//! What the validator knows: one row a rule.

use std::fmt::Write as _;

use crate::protocol::{Finding, Severity};

/// A thing that the validator can see.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rule {
    /// Its name in findings and in `policy.toml`.
    pub id: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it means: a sentence.
    pub reason: &'static str,
}

macro_rules! rules {
    ($($name:ident = $id:literal, $severity:ident, $reason:literal;)*) => {
        $(pub(super) const $name: Rule = Rule {
            id: $id,
            severity: Severity::$severity,
            reason: $reason,
        };)*
        /// Every rule.
        pub(crate) const RULES: &[Rule] = &[$($name),*];
    };
}

rules! {
    // Any language.
    UNREAD = "unread", Medium, "it could not be examined, so nothing is known about it";
    SYNTAX = "syntax", Low, "it does not parse, so that the kernel will refuse it, too";
    SECRET = "secret", Medium, "a secret in source ends up in history and in transcripts";
    BIDI = "bidi", High, "invisible or direction-changing characters show another program than the one that runs";
    ESCAPED = "escaped-text", Medium, "text that is nearly all escapes hides what it says";
    // Python.
    PY_ESCAPE = "py-escape", High, "reaches for the insides of the interpreter, as escapes from sandboxes do";
    PY_EXEC = "py-exec", Medium, "runs text as code; what it runs can't be examined";
    PY_HIDDEN = "py-hidden-code", High, "runs code that is decoded or put together first, which hides it";
    PY_DECODE = "py-decode", Low, "decodes data";
    PY_PROCESS = "py-process", Medium, "starts programs; there are none in the jail";
    PY_FILE = "py-file-write", Medium, "changes files; the jail has none unless they were granted";
    PY_FILE_READ = "py-file-read", Low, "reads files; the jail has none unless they were granted";
    PY_NETWORK = "py-network", Medium, "speaks to the network; the jail has none unless it was granted";
    PY_NATIVE = "py-native", High, "calls native code, past the interpreter";
    PY_UNPICKLE = "py-unpickle", Medium, "unpickling runs whatever the data says";
    PY_BOMB = "py-bomb", High, "takes more time or memory than there is";
    PY_ENDLESS = "py-endless", Low, "only a limit ends it";
    // JavaScript.
    JS_ESCAPE = "js-escape", High, "reaches for the insides of the engine, as escapes from sandboxes do";
    JS_PROTO = "js-prototype", Medium, "changes what all objects inherit";
    JS_EXEC = "js-exec", Medium, "runs text as code; what it runs can't be examined";
    JS_HIDDEN = "js-hidden-code", High, "runs code that is decoded or put together first, which hides it";
    JS_PROCESS = "js-process", Medium, "starts programs or asks for the process; there is none in the jail";
    JS_FILE = "js-file", Medium, "uses files; the jail has none unless they were granted";
    JS_NETWORK = "js-network", Medium, "speaks to the network; the jail has none unless it was granted";
    JS_IMPORT = "js-import", Medium, "loads code by a name that is not known before it runs";
    JS_BOMB = "js-bomb", High, "takes more time or memory than there is";
    JS_ENDLESS = "js-endless", Low, "only a limit ends it";
    // Shell.
    SH_DESTROY = "sh-destroy", High, "deletes or overwrites whole trees or devices";
    SH_HIDDEN = "sh-hidden-code", High, "runs text that is fetched, decoded or put together first, which hides it";
    SH_EVAL = "sh-eval", Medium, "runs text as commands; what it runs can't be examined";
    SH_BOMB = "sh-bomb", High, "starts itself again without end";
    SH_RIGHTS = "sh-rights", Medium, "asks for rights that the jail does not have, or gives them to everybody";
    SH_PERSIST = "sh-persist", High, "leaves something behind that runs later";
    SH_NETWORK = "sh-network", Medium, "speaks to the network; the jail has none";
    SH_SECRETS = "sh-secrets", High, "reads keys, passwords or other people's environment";
    SH_DETACH = "sh-detach", Medium, "tries to outlive its cell; nothing does";
    SH_SHADOW = "sh-shadow", Medium, "changes what the names of commands mean";
}

impl Rule {
    /// A finding of this rule. `seen` is the subject of the sentence.
    pub(super) fn finding(&self, (line, column): (u32, u32), seen: &str) -> Finding {
        Finding {
            rule: self.id.to_owned(),
            severity: self.severity,
            line,
            column,
            message: format!("{seen}: {}", self.reason),
        }
    }
}

/// The rules as a table in Markdown, for the docs.
pub(crate) fn markdown() -> String {
    let mut table = String::from("| rule | severity | why it is told |\n|---|---|---|\n");
    for rule in RULES {
        let severity = word(rule.severity);
        let _ = writeln!(table, "| `{}` | {severity} | {} |", rule.id, rule.reason);
    }
    table
}

/// The word for a severity.
pub(crate) fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
    }
}
