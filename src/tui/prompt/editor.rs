//! Writing the prompt in an editor of the user's choice.

use std::fs;
use std::io::{self, Write as _};
use std::process::Command;

use crate::protocol::Language;

/// What comes back from an editor must not be longer.
const TEXT_BYTES_MAX: u64 = 8 << 20;

/// Lets the user edit `text` in `$VISUAL`, or `$EDITOR`, or vi, and waits for it. The caller gives
/// the terminal away before, and takes it back after. The text goes through a file that only its
/// owner can read, which is removed.
///
/// # Errors
/// When the file can't be written or read, the editor can't be started, or it reports failure:
/// then the text at the prompt should stay as it is.
pub(crate) fn edit_in_editor(text: &str, language: Language) -> io::Result<String> {
    let chosen = ["VISUAL", "EDITOR"]
        .into_iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|value| !value.trim().is_empty())
        .unwrap_or_else(|| "vi".to_owned());
    edit_with(&chosen, text, language)
}

fn edit_with(editor: &str, text: &str, language: Language) -> io::Result<String> {
    let words = words(editor);
    let Some((program, arguments)) = words.split_first() else {
        return Err(io::Error::other("the editor's name is empty: set $EDITOR"));
    };
    let extension = language.extensions().first().copied().unwrap_or("txt");
    let mut file = tempfile::Builder::new()
        .prefix("companion-")
        .suffix(&format!(".{extension}"))
        .tempfile()?;
    file.write_all(text.as_bytes())?;
    if !text.is_empty() && !text.ends_with('\n') {
        file.write_all(b"\n")?;
    }
    let path = file.into_temp_path();
    let status = Command::new(program)
        .args(arguments)
        .arg(&path)
        .status()
        .map_err(|error| {
            let message =
                format!("the editor {program:?} did not start: {error}; set $VISUAL or $EDITOR");
            io::Error::new(error.kind(), message)
        })?;
    if !status.success() {
        return Err(io::Error::other(format!(
            "the editor {program:?} ended with {status}; the prompt is as it was"
        )));
    }
    // Some editors write a new file in place of the old one: look by name.
    if fs::metadata(&path)?.len() > TEXT_BYTES_MAX {
        return Err(io::Error::other(format!(
            "the edited text is longer than {} MiB; the prompt is as it was",
            TEXT_BYTES_MAX >> 20
        )));
    }
    let edited = fs::read_to_string(&path).map_err(|error| {
        io::Error::new(
            error.kind(),
            format!("the edited text could not be read: {error}; the prompt is as it was"),
        )
    })?;
    Ok(edited.trim_end().to_owned())
}

/// Words of a command line: separated by white space, kept together by quotes; a backslash takes
/// the next letter as it is, save inside single quotes.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            (_, Some(open)) if letter == open => quote = None,
            ('\'' | '"', None) => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            ('\\', None | Some('"')) => word.get_or_insert_default().extend(letters.next()),
            (_, None) if letter.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn command_lines_are_split_like_a_shell_does() {
        let check = |line: &str, expected: &[&str]| assert_eq!(words(line), expected, "{line}");
        check("vim", &["vim"]);
        check("  code  --wait ", &["code", "--wait"]);
        check(
            "'/my editor' -c \"set ft=py\"",
            &["/my editor", "-c", "set ft=py"],
        );
        check(r"a\ b 'c\d' ''", &["a b", r"c\d", ""]);
    }

    #[test]
    fn an_editor_gets_the_text_and_gives_it_back() {
        let edited = edit_with(
            "sh -c 'test \"$(cat \"$0\")\" = old && case \"$0\" in *.py) printf \"new\\n\\n\" > \"$0\";; esac'",
            "old",
            Language::Python,
        );
        assert_eq!(edited.expect("it works"), "new");
    }

    #[test]
    fn failures_are_told() {
        let failed = edit_with("false", "x", Language::Python).expect_err("it fails");
        assert_eq!(
            failed.to_string(),
            "the editor \"false\" ended with exit status: 1; the prompt is as it was"
        );
        let missing = edit_with("/no/such/editor", "x", Language::Python).expect_err("not there");
        assert!(missing.to_string().contains("did not start"), "{missing}");
    }
}
