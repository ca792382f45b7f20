//! The slash commands: one table, read by completion, `/help`, the command line and the docs.

use super::Language;

/// A slash command. Closed, so that a front end's `match` knows them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Slash {
    /// Lists the commands and keys.
    Help,
    /// Switches to Python, or runs one line of it.
    Python,
    /// Switches to JavaScript, or runs one line of it.
    JavaScript,
    /// Switches to the shell, or runs one line of it.
    Shell,
    /// Shows a picture.
    Show,
    /// Makes pictures.
    Imagine,
    /// Looks through the tools.
    Tools,
    /// Calls a tool.
    Call,
    /// Tells which rule decides about a call.
    Why,
    /// Lists pictures that were made.
    Gallery,
    /// Tells how a picture was made.
    Info,
    /// Takes another model for pictures.
    Model,
    /// Takes another device for pictures.
    Device,
    /// Lists what runs and waits.
    Jobs,
    /// Lists the kernels.
    Kernels,
    /// Replaces a kernel.
    Restart,
    /// Stops what runs.
    Interrupt,
    /// Takes cells back.
    Undo,
    /// Takes an undo back.
    Redo,
    /// Lists branches, goes to one, or begins one.
    Branch,
    /// Lets cells do something beyond their jail.
    Allow,
    /// Takes grants back.
    Deny,
    /// Lists the grants.
    Grants,
    /// Shows or changes a setting.
    Set,
    /// Changes the colours.
    Theme,
    /// Writes the prompt in `$EDITOR`.
    Edit,
    /// Looks through what was typed, over all sessions.
    History,
    /// Looks for text in the transcript.
    Search,
    /// Folds or unfolds the output of a cell.
    Fold,
    /// Opens the whole output of a cell.
    Open,
    /// Copies a cell to the clipboard.
    Copy,
    /// Writes the transcript to a file.
    Export,
    /// Empties the screen.
    Clear,
    /// Tells what this terminal and system can do.
    Doctor,
    /// Leaves.
    Quit,
}

/// What the argument of a slash command is, for its completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// There is none.
    Nothing,
    /// Source code or free text: not completed.
    Text,
    /// A file.
    Path,
    /// A prompt for a picture, with flags.
    Image,
    /// The name of a model.
    Model,
    /// The name of a device.
    Device,
    /// The name of a theme.
    Theme,
    /// A language.
    Language,
    /// A setting, and then its value.
    Setting,
    /// The number of a cell.
    Cell,
    /// The name of a branch.
    Branch,
    /// A grant that may be given.
    Grant,
    /// A grant that holds, or all of them.
    GrantThatHolds,
    /// A tool, and then its arguments.
    Tool,
    /// A slash command.
    Slash,
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SlashSpec {
    /// Which command this row describes.
    pub slash: Slash,
    /// What is typed after the slash.
    pub name: &'static str,
    /// Other spellings.
    pub aliases: &'static [&'static str],
    /// Its argument as the help shows it, empty if there is none; `[…]` may be left out.
    pub usage: &'static str,
    /// What the argument is.
    pub takes: Takes,
    /// What it does: one line.
    pub summary: &'static str,
}

const fn row(
    slash: Slash,
    name: &'static str,
    aliases: &'static [&'static str],
    usage: &'static str,
    takes: Takes,
    summary: &'static str,
) -> SlashSpec {
    SlashSpec {
        slash,
        name,
        aliases,
        usage,
        takes,
        summary,
    }
}

/// Every slash command, in the order in which help and docs list them.
#[rustfmt::skip]
pub static SLASH: &[SlashSpec] = &[
    row(Slash::Help, "help", &["?"], "[COMMAND]", Takes::Slash, "list commands and keys, or tell about one command"),
    row(Slash::Python, "py", &["python"], "[CODE]", Takes::Text, "switch to Python, or run one line of it and stay where you are"),
    row(Slash::JavaScript, "js", &["javascript"], "[CODE]", Takes::Text, "switch to JavaScript, or run one line of it and stay where you are"),
    row(Slash::Shell, "sh", &["shell"], "[CODE]", Takes::Text, "switch to the shell, or run one line of it, in Python also by !CODE; files and the folder stay, variables don't"),
    row(Slash::Show, "show", &["image"], "PATH", Takes::Path, "show a picture: PNG, JPEG, WebP or GIF"),
    row(Slash::Imagine, "imagine", &["paint"], "PROMPT [FLAGS]", Takes::Image, "make pictures: --size 512x512 --steps 20 --seed 1 --negative TEXT --init IMAGE …; tab after -- lists the flags"),
    row(Slash::Tools, "tools", &["tool"], "[WORDS] [tag:TAG] [from:SOURCE]", Takes::Text, "look through the tools, with a search as you type; from:builtin, from:cell or from:mcp are those from there"),
    row(Slash::Call, "call", &[], "NAME [JSON | KEY=VALUE …]", Takes::Tool, "call a tool: /call read_file path=notes.txt, or with a JSON object; --no-cache after the name finds a known result out anew"),
    row(Slash::Why, "why", &[], "[NAME [JSON | KEY=VALUE …]]", Takes::Tool, "tell which rule let the last call pass or stopped it; of a call that is named, which rule would, and call nothing"),
    row(Slash::Gallery, "gallery", &["pictures"], "[WORDS]", Takes::Text, "show the pictures that were made, of all sessions: the newest, or those with these words in their prompts"),
    row(Slash::Info, "info", &[], "[CELL]", Takes::Cell, "tell how a picture was made: the last one, or that of the cell"),
    row(Slash::Model, "model", &[], "[NAME]", Takes::Model, "make pictures with another model; without a name, tell which"),
    row(Slash::Device, "device", &[], "[NAME]", Takes::Device, "compute pictures elsewhere: auto, cuda, vulkan or cpu; without a name, tell where"),
    row(Slash::Jobs, "jobs", &["queue"], "", Takes::Nothing, "list what runs and what waits: cells and pictures"),
    row(Slash::Kernels, "kernels", &["sessions"], "", Takes::Nothing, "list the kernels: language, state, cells run"),
    row(Slash::Restart, "restart", &[], "[LANGUAGE]", Takes::Language, "replace a kernel by a fresh one; its variables are gone"),
    row(Slash::Interrupt, "interrupt", &["stop"], "[CELL]", Takes::Cell, "stop what runs and drop what waits behind it, or stop one cell"),
    row(Slash::Undo, "undo", &[], "[N]", Takes::Text, "take back the last cell, or N: variables are as before; files and the network are not"),
    row(Slash::Redo, "redo", &[], "[N]", Takes::Text, "bring back what /undo took back"),
    row(Slash::Branch, "branch", &["branches"], "[NAME]", Takes::Branch, "go to a branch of the variables, or begin one; without a name, list them"),
    row(Slash::Allow, "allow", &[], "read|write|net|env WHAT [once]", Takes::Grant, "let cells do more until the session ends, or once: read PATH, write PATH[:SIZE], net HOST[:PORT], env NAME"),
    row(Slash::Deny, "deny", &[], "[GRANT|all]", Takes::GrantThatHolds, "take back what was allowed: one thing, or everything"),
    row(Slash::Grants, "grants", &[], "", Takes::Nothing, "list what cells may do beyond their jail"),
    row(Slash::Set, "set", &[], "[NAME [VALUE]]", Takes::Setting, "show the settings, or change one for this run"),
    row(Slash::Theme, "theme", &[], "[NAME]", Takes::Theme, "change the colours; without a name, choose from a list with a preview"),
    row(Slash::Edit, "edit", &[], "", Takes::Nothing, "write the next cell in $VISUAL or $EDITOR"),
    row(Slash::History, "history", &[], "[TEXT]", Takes::Text, "look through what was typed, over all sessions"),
    row(Slash::Search, "search", &["find"], "[TEXT]", Takes::Text, "look for text in the transcript"),
    row(Slash::Fold, "fold", &["unfold"], "[CELL]", Takes::Cell, "fold or unfold the output of a cell: the last one, or the one named"),
    row(Slash::Open, "open", &[], "[CELL]", Takes::Cell, "open the whole output of a cell in a pager"),
    row(Slash::Copy, "copy", &["yank"], "[CELL] [source|output|all]", Takes::Cell, "copy a cell to the clipboard of your terminal (OSC 52)"),
    row(Slash::Export, "export", &["save"], "PATH", Takes::Path, "write the transcript to a text file"),
    row(Slash::Clear, "clear", &["cls"], "", Takes::Nothing, "empty the screen; variables and history stay"),
    row(Slash::Doctor, "doctor", &[], "", Takes::Nothing, "tell what this terminal and this system can do"),
    row(Slash::Quit, "quit", &["exit", "q"], "", Takes::Nothing, "leave"),
];

/// The row of a name or alias, without its slash.
#[must_use]
pub fn find(name: &str) -> Option<&'static SlashSpec> {
    SLASH
        .iter()
        .find(|spec| spec.name == name || spec.aliases.contains(&name))
}

/// The row of a command.
///
/// # Panics
/// Never: a test holds that every command has a row.
#[must_use]
pub fn spec(slash: Slash) -> &'static SlashSpec {
    SLASH
        .iter()
        .find(|spec| spec.slash == slash)
        .expect("every command has a row")
}

/// A line that begins with a slash, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line<'a> {
    /// A command, and the text after its name, trimmed.
    Known(&'static SlashSpec, &'a str),
    /// No command goes by this name; the nearest ones do.
    Unknown {
        /// What was typed, without the slash.
        name: &'a str,
        /// Names that are near it, best first.
        near: Vec<&'static str>,
    },
}

/// Takes a prompt apart that begins with a slash; `None` if it does not begin with one, or is a
/// regular expression or a comment of JavaScript: `/a+/.test(x)`, `// note`, `/* note */`.
#[must_use]
pub fn parse(text: &str) -> Option<Line<'_>> {
    let rest = text.trim().strip_prefix('/')?;
    let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
    let (name, argument) = rest.split_at(end);
    if let Some(spec) = find(name) {
        return Some(Line::Known(spec, argument.trim()));
    }
    let looks_like_a_name = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphabetic() || c == '-' || c == '_');
    looks_like_a_name.then(|| Line::Unknown {
        name,
        near: near(name),
    })
}

/// The line of shell that stands behind a `!` at the very start of a prompt. In Python only,
/// where nothing else begins so: in JavaScript and in the shell `!` is an operator.
#[must_use]
pub fn shell_line(language: Language, text: &str) -> Option<&str> {
    text.strip_prefix('!')
        .filter(|command| language == Language::Python && !command.trim().is_empty())
}

/// The language that a prompt in `language` is written in.
#[must_use]
pub fn language_of(language: Language, text: &str) -> Language {
    match shell_line(language, text) {
        Some(_) => Language::Shell,
        None => language,
    }
}

/// Names within two edits of `name`, or that it begins, best first.
fn near(name: &str) -> Vec<&'static str> {
    let mut scored: Vec<_> = SLASH
        .iter()
        .flat_map(|spec| std::iter::once(spec.name).chain(spec.aliases.iter().copied()))
        .filter_map(|known| {
            let distance = if known.starts_with(name) {
                0
            } else {
                edit_distance(name, known)
            };
            (distance <= 2 && distance < name.len()).then_some((distance, known))
        })
        .collect();
    scored.sort_unstable();
    scored.into_iter().map(|(_, known)| known).take(3).collect()
}

/// Levenshtein's distance over bytes: names are ASCII.
pub(crate) fn edit_distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_are_unique() {
        let mut names: Vec<_> = SLASH
            .iter()
            .flat_map(|s| s.aliases.iter().chain(std::iter::once(&s.name)))
            .collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn an_exclamation_mark_means_the_shell_in_python_alone() {
        let of = |language, text| shell_line(language, text);
        assert_eq!(of(Language::Python, "!ls -l"), Some("ls -l"));
        for text in ["", "!", "! ", " !ls", "x != 1", "f'{x!r}'"] {
            assert_eq!(of(Language::Python, text), None, "{text}");
        }
        assert_eq!(of(Language::JavaScript, "!x"), None);
        assert_eq!(of(Language::Shell, "! true"), None);
        assert_eq!(language_of(Language::Python, "!ls"), Language::Shell);
        assert_eq!(language_of(Language::Python, "ls"), Language::Python);
    }

    #[test]
    fn lines_are_taken_apart() {
        let Some(Line::Known(spec, argument)) = parse(" /show  ~/a b.png ") else {
            panic!("not known");
        };
        assert_eq!((spec.slash, argument), (Slash::Show, "~/a b.png"));
        assert_eq!(parse("1 / 2"), None);
        assert_eq!(parse("/a+/.test('aa')"), None);
        assert_eq!(parse("// a comment"), None);
        assert_eq!(parse("/* a comment */"), None);
        assert_eq!(
            parse("/hlep"),
            Some(Line::Unknown {
                name: "hlep",
                near: vec!["help"]
            })
        );
        assert_eq!(
            parse("/zzzzzz"),
            Some(Line::Unknown {
                name: "zzzzzz",
                near: vec![]
            })
        );
    }
}
