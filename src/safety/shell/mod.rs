//! Which commands a script holds, wherever they stand: in pipelines, lists, subshells, functions,
//! substitutions, here-documents, and inside of other commands that run them.
//!
//! ```text
//! text ── brush-parser (as bash, and as sh) ── walk ── word: what the program would get
//!                                               └──── wrappers: the commands inside of a command
//!                                                       └──── findings
//! ```
//!
//! `sh` is dash on one system and bash on the next, and they read some texts differently
//! (`a &>f b` is one command or two). So a text is read both ways, and what either finds counts.

mod findings;
mod walk;
mod word;
mod wrappers;

use crate::protocol::Finding;

pub(crate) use word::{Piece, Word};

/// What a script holds.
#[derive(Debug, Default)]
pub(crate) struct Script {
    /// Every command, outer ones before those inside of them.
    pub commands: Vec<Invocation>,
    /// What is to be told about it.
    pub findings: Vec<Finding>,
    /// Why not all of it could be read.
    pub unread: Option<String>,
    /// Functions that it defines.
    pub functions: Vec<String>,
}

/// A command, as the shell would start it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Invocation {
    /// The program and its arguments. A redirection is `>` or `<` and the file's name.
    pub words: Vec<Word>,
    /// Line and column, from 1. Of commands inside of a word, those of the outer command.
    pub place: (u32, u32),
    /// What it is.
    pub kind: Kind,
}

/// What a command is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A program or something built into the shell.
    Plain,
    /// A file that is written to.
    Write,
    /// Something that only runs the commands that follow in the list, a function of the script, or
    /// a file that is read.
    SeenThrough,
    /// It runs something that can't be seen; why.
    Hidden(String),
}

/// Reads a script.
pub(crate) fn read(source: &str) -> Script {
    let mut script = walk::script(source);
    findings::examine(source, &mut script);
    if let Some(problem) = &script.unread {
        script.findings.push(super::unread(problem));
    }
    script
}

/// The words of one command without operators: a pattern of a rule.
///
/// # Errors
/// When a quote does not end.
pub(crate) fn read_words(text: &str) -> Result<Vec<Word>, String> {
    let mut words = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let mut quote = None;
        let mut is_escaped = false;
        let end = rest.find(|c: char| {
            if is_escaped {
                is_escaped = false;
                return false;
            }
            match (quote, c) {
                (Some(q), c) if c == q => quote = None,
                (Some('\''), _) => {}
                (_, '\\') => is_escaped = true,
                (None, '\'' | '"') => quote = Some(c),
                (None, c) => return c.is_whitespace(),
                _ => {}
            }
            false
        });
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        let (word, inside) = word::read(word)?;
        if !inside.is_empty() {
            return Err("a pattern can't hold $(…) or ${…}".to_owned());
        }
        words.push(word);
        rest = after.trim_start();
    }
    Ok(words)
}
