//! Whether Enter should run a text, as a parser alone can tell.

use brush_parser::{ParseError, Parser, ParserOptions};

use crate::kernel::Completeness;

/// Spaces that a line inside an unfinished command begins with.
const INDENT: usize = 2;
/// Longer texts are run as they are: nobody waits for a parser at the prompt.
const TEXT_BYTES_MAX: usize = 16 << 10;
/// So are texts with more brackets and words that open something: the parser recurses.
const OPENERS_MAX: usize = 40;

/// Judges a text.
pub(super) fn completeness(text: &str) -> Completeness {
    if text.len() > TEXT_BYTES_MAX || openers(text) > OPENERS_MAX {
        return Completeness::Complete;
    }
    if ends_in_backslash(text) {
        return Completeness::Incomplete { indent: INDENT };
    }
    match parse(text) {
        Ok(()) => Completeness::Complete,
        Err(ParseError::ParsingAtEndOfInput) => {
            // A wrong word that is the last one is "at the end" as well: see what one more says.
            let lines = text.lines().count();
            match parse(&format!("{text}\n:\n")) {
                Err(ParseError::ParsingNear(at)) if at.line <= lines => Completeness::Invalid,
                _ => Completeness::Incomplete { indent: INDENT },
            }
        }
        // Inside quotes and here-documents spaces would be part of the text.
        Err(ParseError::Tokenizing { inner, .. }) if inner.is_incomplete() => {
            Completeness::Incomplete { indent: 0 }
        }
        // The shell says what is wrong, in its own words.
        Err(ParseError::Tokenizing { .. } | ParseError::ParsingNear(_)) => Completeness::Invalid,
    }
}

fn parse(text: &str) -> Result<(), ParseError> {
    let options = ParserOptions {
        sh_mode: true,
        posix_mode: true,
        ..ParserOptions::default()
    };
    Parser::new(text.as_bytes(), &options)
        .parse_program()
        .map(drop)
}

fn openers(text: &str) -> usize {
    let brackets = text.matches(['(', '{', '`']).count();
    let words = text
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter(|word| matches!(*word, "if" | "while" | "until" | "for" | "case"))
        .count();
    brackets + words
}

/// Whether the last line goes on in the next one.
fn ends_in_backslash(text: &str) -> bool {
    let backslashes = text.bytes().rev().take_while(|byte| *byte == b'\\').count();
    backslashes % 2 == 1
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Completeness) {
        assert_eq!(completeness(text), expected, "{text:?}");
    }

    #[test]
    fn whole_texts_run() {
        for text in [
            "",
            "# only a comment",
            "ls -l | wc -l",
            "! true",
            "!ls",
            "for i in 1 2 3; do echo $i; done",
            "if true; then echo yes; fi",
            "f() { echo hi; }",
            "cat <<END\na\nEND\n",
            "echo $(( 1 + 2 )) `date` \"$(ls)\"",
            "case $x in a) b ;; *) c ;; esac",
            "echo a\\\\",
        ] {
            check(text, Completeness::Complete);
        }
    }

    #[test]
    fn unfinished_texts_go_on() {
        for text in [
            "for i in 1 2 3; do",
            "if true; then",
            "f() {",
            "ls |",
            "a &&",
            "( ls",
            "ls \\",
        ] {
            check(text, Completeness::Incomplete { indent: INDENT });
        }
        for text in ["echo 'a", "echo \"a", "cat <<END\na", "echo $(ls"] {
            check(text, Completeness::Incomplete { indent: 0 });
        }
    }

    #[test]
    fn nonsense_runs_so_that_the_shell_says_so() {
        for text in ["done", ") ls", "if ; fi"] {
            check(text, Completeness::Invalid);
        }
    }

    #[test]
    fn no_text_takes_long_or_breaks_the_parser() {
        let started = Instant::now();
        for piece in [
            "(",
            "{ ",
            "$(",
            "((",
            "`",
            "if ",
            "\"$(",
            "${a:-",
            "case x in (",
            "<<a ",
        ] {
            for times in [1, 8, 20, 39, 5000] {
                completeness(&piece.repeat(times));
            }
        }
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}
