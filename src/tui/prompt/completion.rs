//! Completion: the popup, and what slash commands can be followed by.

use std::path::PathBuf;

use crate::protocol::slash::{self, SLASH, Slash, Takes};
use crate::protocol::{Completions, DeviceKind, ImageFlags, Language, RequestId};

/// Candidates kept of an answer.
const ITEMS_MAX: usize = 500;
/// Files listed.
const FILES_MAX: usize = 200;
/// Files looked at in one directory.
const FILES_READ_MAX: usize = 10_000;

/// Kinds of grants, for `/allow`.
const GRANTS: &[(&str, &str)] = &[
    ("read", "PATH: a file, or everything below a folder"),
    (
        "write",
        "PATH[:SIZE]: read and write there, that many bytes in all",
    ),
    ("net", "HOST[:PORT]: speak to a host"),
    ("env", "NAME: see a variable of the environment"),
];

/// What a slash command's argument can be, with a word about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choice {
    /// What is typed.
    pub text: String,
    /// What it is.
    pub detail: String,
}

impl Choice {
    /// A choice.
    pub(crate) fn new(text: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            detail: detail.into(),
        }
    }
}

/// What can follow a slash command at the moment. Kept by the application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Choices {
    /// Names of themes.
    pub themes: Vec<Choice>,
    /// Settings, each with the values it can take, if they can be listed.
    pub settings: Vec<(Choice, Vec<Choice>)>,
    /// Numbers of cells, newest first, with their first lines.
    pub cells: Vec<Choice>,
    /// Branches of the kernel.
    pub branches: Vec<Choice>,
    /// What `/deny` can take back.
    pub grants: Vec<Choice>,
    /// Models that make pictures.
    pub models: Vec<Choice>,
    /// Styles of pictures.
    pub styles: Vec<Choice>,
    /// Tools, each with its arguments.
    pub tools: Vec<(Choice, Vec<Choice>)>,
}

/// A question to the kernel that has no answer yet.
#[derive(Debug)]
pub(super) struct Question {
    pub request: RequestId,
    pub source: String,
    pub cursor: usize,
}

/// Who opened the popup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Opened {
    /// The user, with Tab: a row is selected, and Enter accepts it.
    Asked,
    /// Typing: Enter runs the line unless the user has moved to a row.
    ByItself,
}

/// An open popup.
#[derive(Debug)]
pub(super) struct Popup {
    /// Where the text to replace begins.
    pub start: usize,
    /// How much text stands behind what is replaced.
    tail: usize,
    items: Vec<Choice>,
    /// Those that fit what is typed, best first.
    shown: Vec<usize>,
    selected: Option<usize>,
    pub opened: Opened,
    /// Whether the candidates are names of files.
    is_path: bool,
    /// How much was typed when the candidates were found: with less, there would be others.
    typed: usize,
}

impl Popup {
    /// Opens on the candidates for `text[start..end]`; `None` if none fits.
    fn new(
        text: &str,
        start: usize,
        end: usize,
        items: Vec<Choice>,
        opened: Opened,
    ) -> Option<Self> {
        let word = text.get(start..end)?;
        let mut popup = Self {
            start,
            tail: text.len() - end,
            items,
            shown: Vec::new(),
            selected: None,
            opened,
            is_path: false,
            typed: word.len(),
        };
        popup.filter(word).then_some(popup)
    }

    /// The kernel's answer. It comes from a worker: it is checked before it is believed.
    pub(super) fn of_kernel(text: &str, caret: usize, completions: Completions) -> Option<Self> {
        let Completions { start, end, items } = completions;
        if start > caret || end < caret || text.get(start..end).is_none() {
            return None;
        }
        let items = items
            .into_iter()
            .filter(|item| !item.text.is_empty() && !item.text.chars().any(char::is_control))
            .take(ITEMS_MAX)
            .map(|item| Choice::new(item.text, item.kind))
            .collect();
        // What stands between caret and end is replaced too, but only what stands before the
        // caret has to fit.
        let mut popup = Self::new(text, start, caret, items, Opened::Asked)?;
        popup.tail = text.len() - end;
        Some(popup)
    }

    /// What fits a slash command line at the caret. Directories are read only if asked.
    pub(super) fn of_slash(
        text: &str,
        caret: usize,
        choices: &Choices,
        opened: Opened,
    ) -> Option<Self> {
        let before = text.get(..caret)?;
        let slash_at = before.len() - before.trim_start().len();
        let line = before[slash_at..].strip_prefix('/')?;
        if text.contains('\n') {
            return None;
        }
        let name_start = slash_at + 1;
        let Some(name_length) = line.find(char::is_whitespace) else {
            return Self::new(text, name_start, caret, commands(line), opened);
        };
        let spec = slash::find(&line[..name_length])?;
        let argument = &line[name_length..];
        let argument = argument.trim_start();
        let start = caret - argument.len();
        match spec.takes {
            Takes::Path => return Self::of_path(text, start, caret, spec.slash, opened),
            Takes::Grant => {
                if let Some((kind, rest)) = argument.split_once(char::is_whitespace) {
                    let start = caret - rest.trim_start().len();
                    return matches!(kind, "read" | "write")
                        .then(|| Self::of_path(text, start, caret, spec.slash, opened))?;
                }
            }
            Takes::Image => {
                let start = argument.rfind(char::is_whitespace).map_or(0, |at| at + 1);
                let (before, word) = argument.split_at(start);
                let flag = before.split_whitespace().last().unwrap_or_default();
                let start = caret - word.len();
                if matches!(flag, "--init" | "--mask" | "--lora") {
                    return Self::of_path(text, start, caret, spec.slash, opened);
                }
                let items = image_words(flag, word, choices);
                return Self::new(text, start, caret, items, opened);
            }
            Takes::Tool => return Self::of_tool(text, argument, caret, choices, opened),
            Takes::GrantThatHolds => {
                return Self::new(text, start, caret, choices.grants.clone(), opened);
            }
            _ => {}
        }
        let (first, word) = match argument.split_once(char::is_whitespace) {
            Some((first, rest)) => (Some(first), rest.trim_start()),
            None => (None, argument),
        };
        if word.contains(char::is_whitespace) {
            return None;
        }
        let items = match first {
            None => first_words(spec.takes, choices),
            Some(first) => second_words(spec, first, choices),
        };
        Self::new(text, caret - word.len(), caret, items, opened)
    }

    /// The name of a tool, or one of its arguments: `path=`.
    fn of_tool(
        text: &str,
        argument: &str,
        caret: usize,
        choices: &Choices,
        opened: Opened,
    ) -> Option<Self> {
        let start = argument.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let (before, word) = argument.split_at(start);
        let start = caret - word.len();
        let Some(name) = before.split_whitespace().next() else {
            let names = choices.tools.iter().map(|(name, _)| name.clone());
            return Self::new(text, start, caret, names.collect(), opened);
        };
        // JSON is not completed, and a value neither.
        if before.contains(['{', '"']) || word.contains(['{', '=', '"']) {
            return None;
        }
        let (_, arguments) = choices.tools.iter().find(|(tool, _)| tool.text == name)?;
        let is_given = |choice: &&Choice| {
            before
                .split_whitespace()
                .any(|given| given.starts_with(&choice.text))
        };
        let rest = arguments.iter().filter(|choice| !is_given(choice));
        Self::new(text, start, caret, rest.cloned().collect(), opened)
    }

    /// Files that fit the path that stands between `start` and the caret.
    fn of_path(
        text: &str,
        start: usize,
        caret: usize,
        command: Slash,
        opened: Opened,
    ) -> Option<Self> {
        if opened == Opened::ByItself {
            return None;
        }
        let path = text.get(start..caret)?;
        let name_start = path.rfind('/').map_or(0, |at| at + 1);
        let items = files(&path[..name_start], &path[name_start..], command);
        let mut popup = Self::new(text, start + name_start, caret, items, opened)?;
        popup.is_path = true;
        Some(popup)
    }

    /// Keeps what fits `word`; whether anything does.
    fn filter(&mut self, word: &str) -> bool {
        let lower = word.to_lowercase();
        let exact = |at: &usize| self.items[*at].text.starts_with(word);
        let loose = |at: &usize| {
            let text = &self.items[*at].text;
            !text.starts_with(word) && text.to_lowercase().starts_with(&lower)
        };
        let all = 0..self.items.len();
        self.shown = all.clone().filter(exact).chain(all.filter(loose)).collect();
        self.selected = match self.opened {
            Opened::Asked => Some(0),
            Opened::ByItself => None,
        };
        !self.shown.is_empty()
    }

    /// Follows the text; whether the popup can stay open.
    pub(super) fn follow(&mut self, text: &str, caret: usize) -> bool {
        let end = text.len().saturating_sub(self.tail);
        if caret < self.start || caret > end || caret - self.start < self.typed {
            return false;
        }
        let Some(word) = text.get(self.start..caret) else {
            return false;
        };
        let word = word.to_owned();
        self.filter(&word)
    }

    /// What all candidates begin with, if it is more than `word`.
    pub(super) fn common_prefix(&self, word: &str) -> Option<&str> {
        let mut texts = self.shown.iter().map(|&at| self.items[at].text.as_str());
        let first = texts.next()?;
        let mut length = first.len();
        for text in texts {
            let same = first
                .char_indices()
                .zip(text.chars())
                .find(|((_, a), b)| a != b)
                .map_or(first.len().min(text.len()), |((at, _), _)| at);
            length = length.min(same);
        }
        let prefix = first.get(..length)?;
        (prefix.len() > word.len() && prefix.starts_with(word)).then_some(prefix)
    }

    /// The text to replace, as it stands now.
    pub(super) fn range(&self, text: &str) -> (usize, usize) {
        (self.start, text.len().saturating_sub(self.tail))
    }

    pub(super) fn len(&self) -> usize {
        self.shown.len()
    }

    pub(super) fn rows(&self) -> impl ExactSizeIterator<Item = &Choice> {
        self.shown.iter().map(|&at| &self.items[at])
    }

    pub(super) fn selected(&self) -> Option<usize> {
        self.selected
    }

    pub(super) fn chosen(&self) -> Option<&Choice> {
        let at = *self.shown.get(self.selected?)?;
        self.items.get(at)
    }

    /// The only candidate, if there is but one.
    pub(super) fn only(&self) -> Option<&Choice> {
        match self.shown.as_slice() {
            [at] => self.items.get(*at),
            _ => None,
        }
    }

    /// Moves the selection down, or up: negative, around the circle.
    pub(super) fn step(&mut self, rows: isize) {
        let count = self.shown.len().cast_signed();
        let next = match self.selected {
            Some(at) => at.cast_signed() + rows,
            None if rows > 0 => 0,
            None => -1,
        };
        self.selected = (count > 0).then(|| next.rem_euclid(count).cast_unsigned());
    }

    /// What is typed behind an accepted candidate: a space between the words of a slash command,
    /// so that the next can be chosen.
    pub(super) fn ending(&self, text: &str, accepted: &Choice) -> &'static str {
        let before = text.get(..self.start).unwrap_or_default().trim();
        let is_name = before == "/";
        if self.is_path || self.tail > 0 {
            return "";
        }
        if !is_name {
            // What a grant is about follows its kind.
            let spec = before.strip_prefix('/').and_then(slash::find);
            let is_kind = spec.is_some_and(|spec| matches!(spec.takes, Takes::Grant | Takes::Tool));
            return if is_kind { " " } else { "" };
        }
        match slash::find(&accepted.text) {
            Some(spec) if spec.takes != Takes::Nothing => " ",
            _ => "",
        }
    }
}

/// Names of commands; other spellings where only they fit.
fn commands(typed: &str) -> Vec<Choice> {
    let names = SLASH.iter().map(|spec| (spec.name, spec));
    let mut rows: Vec<_> = names.filter(|(name, _)| name.starts_with(typed)).collect();
    if rows.is_empty() {
        rows = SLASH
            .iter()
            .flat_map(|spec| spec.aliases.iter().map(move |alias| (*alias, spec)))
            .filter(|(name, _)| name.starts_with(typed))
            .collect();
    }
    rows.into_iter()
        .map(|(name, spec)| Choice::new(name, spec.summary))
        .collect()
}

/// The flags of a picture, or the values of the flag before.
fn image_words(flag: &str, word: &str, choices: &Choices) -> Vec<Choice> {
    match flag {
        "--model" => return choices.models.clone(),
        "--style" => return choices.styles.clone(),
        _ => {}
    }
    let table = ImageFlags::table();
    if let Some((_, _, values)) = table.iter().find(|(name, ..)| name == flag) {
        return values.iter().map(|value| Choice::new(value, "")).collect();
    }
    if !word.starts_with('-') {
        return Vec::new();
    }
    let flags = table.iter();
    flags
        .map(|(name, help, _)| Choice::new(name, help))
        .collect()
}

fn first_words(takes: Takes, choices: &Choices) -> Vec<Choice> {
    match takes {
        Takes::Nothing | Takes::Text | Takes::Path | Takes::Image | Takes::Tool => Vec::new(),
        Takes::Model => choices.models.clone(),
        Takes::Device => ["auto"]
            .into_iter()
            .chain(DeviceKind::ALL.iter().map(|device| device.name()))
            .map(|name| Choice::new(name, ""))
            .collect(),
        Takes::Grant => GRANTS
            .iter()
            .map(|(kind, what)| Choice::new(*kind, *what))
            .collect(),
        Takes::GrantThatHolds => choices.grants.clone(),
        Takes::Branch => choices.branches.clone(),
        Takes::Theme => choices.themes.clone(),
        Takes::Language => Language::ALL
            .into_iter()
            .map(|language| Choice::new(language.short(), language.title()))
            .collect(),
        Takes::Setting => choices
            .settings
            .iter()
            .map(|(name, _)| name.clone())
            .collect(),
        Takes::Cell => choices.cells.clone(),
        Takes::Slash => commands(""),
    }
}

fn second_words(spec: &slash::SlashSpec, first: &str, choices: &Choices) -> Vec<Choice> {
    if spec.takes == Takes::Setting {
        return choices
            .settings
            .iter()
            .find(|(name, _)| name.text == first)
            .map(|(_, values)| values.clone())
            .unwrap_or_default();
    }
    // `[CELL] [source|output|all]` lists them.
    spec.usage
        .split_whitespace()
        .nth(1)
        .filter(|usage| usage.contains('|'))
        .into_iter()
        .flat_map(|usage| usage.trim_matches(['[', ']']).split('|'))
        .map(|word| Choice::new(word, ""))
        .collect()
}

/// Names in a directory that begin with `typed`, directories first. What can't be read is empty.
fn files(directory: &str, typed: &str, command: Slash) -> Vec<Choice> {
    let Ok(entries) = std::fs::read_dir(expand(directory)) else {
        return Vec::new();
    };
    let mut found: Vec<(bool, String)> = entries
        .take(FILES_READ_MAX)
        .filter_map(Result::ok)
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let is_hidden = name.starts_with('.') && !typed.starts_with('.');
            if is_hidden || name.chars().any(char::is_control) || !name.starts_with(typed) {
                return None;
            }
            let is_directory = entry
                .file_type()
                .is_ok_and(|kind| kind.is_dir() || kind.is_symlink() && entry.path().is_dir());
            let is_wanted = is_directory || command != Slash::Show || is_picture(&name);
            is_wanted.then_some((!is_directory, name))
        })
        .collect();
    found.sort();
    found.truncate(FILES_MAX);
    found
        .into_iter()
        .map(|(is_file, name)| {
            if is_file {
                Choice::new(name, "")
            } else {
                Choice::new(name + "/", "directory")
            }
        })
        .collect()
}

fn is_picture(name: &str) -> bool {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
    ["png", "jpg", "jpeg", "webp", "gif"]
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

/// A typed directory as the system knows it: `~` is the home directory.
fn expand(directory: &str) -> PathBuf {
    match directory.strip_prefix("~/") {
        Some(rest) => match std::env::home_dir() {
            Some(home) => home.join(rest),
            None => PathBuf::from(directory),
        },
        None if directory.is_empty() => PathBuf::from("."),
        None => PathBuf::from(directory),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::Completion;

    fn choices() -> Choices {
        Choices {
            themes: vec![Choice::new("ansi", ""), Choice::new("dark", "")],
            settings: vec![
                (Choice::new("timeout", ""), Vec::new()),
                (Choice::new("keys", ""), vec![Choice::new("vi", "")]),
            ],
            cells: vec![Choice::new("12", "print(1)")],
            branches: vec![Choice::new("main", "here"), Choice::new("fit", "")],
            grants: vec![Choice::new("read /data", ""), Choice::new("all", "")],
            models: vec![Choice::new("icons-64", ""), Choice::new("sd-turbo", "")],
            styles: vec![Choice::new("watercolor", "")],
            tools: vec![(
                Choice::new("read_file", ""),
                vec![Choice::new("path=", ""), Choice::new("max_lines=", "")],
            )],
        }
    }

    fn texts(popup: Option<&Popup>) -> Vec<&str> {
        popup
            .into_iter()
            .flat_map(|popup| popup.rows().map(|row| row.text.as_str()))
            .collect()
    }

    #[test]
    fn slash_lines_are_completed_word_by_word() {
        let check = |text: &str, expected: &[&str]| {
            let popup = Popup::of_slash(text, text.len(), &choices(), Opened::Asked);
            assert_eq!(texts(popup.as_ref()), expected, "{text:?}");
        };
        check("/call ", &["read_file"]);
        check("/why re", &["read_file"]);
        check("/call read_file ", &["path=", "max_lines="]);
        check("/call read_file path=a m", &["max_lines="]);
        check("/call read_file path=a", &[]);
        check("/call read_file {\"p", &[]);
        check("/call nothing p", &[]);
        check("/th", &["theme"]);
        check("/e", &["edit", "export"]);
        check("/fin", &["find"]);
        check("/zzz", &[]);
        check("/theme d", &["dark"]);
        check("/restart ", &["py", "js", "sh"]);
        check("/set ", &["timeout", "keys"]);
        check("/set keys ", &["vi"]);
        check("/copy 12 ", &["source", "output", "all"]);
        check("/copy ", &["12"]);
        check("/help th", &["theme"]);
        check("/py pri", &[]);
        check("/allow ", &["read", "write", "net", "env"]);
        check("/allow net ex", &[]);
        check("/deny ", &["read /data", "all"]);
        check("/deny read /d", &["read /data"]);
        check("/branch f", &["fit"]);
        check("/a+/.test(x)", &[]);
        check("x /th", &[]);
    }

    #[test]
    fn files_are_read_when_asked() {
        let directory = tempfile::tempdir().expect("a directory");
        for name in ["b.png", "a.txt", ".hidden.png"] {
            std::fs::write(directory.path().join(name), "").expect("a file");
        }
        std::fs::create_dir(directory.path().join("deep")).expect("a directory");
        let line = format!("/show {}/", directory.path().display());
        let ask = |line: &str, opened| {
            let popup = Popup::of_slash(line, line.len(), &choices(), opened);
            texts(popup.as_ref()).join(" ")
        };
        assert_eq!(ask(&line, Opened::Asked), "deep/ b.png");
        assert_eq!(ask(&line, Opened::ByItself), "");
        assert_eq!(ask(&format!("{line}.h"), Opened::Asked), ".hidden.png");
        assert_eq!(
            ask(&line.replace("show", "export"), Opened::Asked),
            "deep/ a.txt b.png"
        );
        for grant in ["allow read", "allow write "] {
            let line = line.replace("show", grant);
            assert_eq!(ask(&line, Opened::Asked), "deep/ a.txt b.png", "{grant}");
        }
    }

    #[test]
    fn answers_of_a_worker_are_checked() {
        let item = |text: &str| Completion {
            text: text.to_owned(),
            kind: String::new(),
        };
        let ask = |start, end, items: &[&str]| {
            let completions = Completions {
                start,
                end,
                items: items.iter().map(|text| item(text)).collect(),
            };
            let popup = Popup::of_kernel("é.ap", 5, completions);
            texts(popup.as_ref()).join(" ")
        };
        assert_eq!(ask(3, 5, &["append", "ap\u{1b}[2J", ""]), "append");
        assert_eq!(ask(1, 5, &["append"]), "");
        assert_eq!(ask(5, 3, &["append"]), "");
        assert_eq!(ask(3, 99, &["append"]), "");
    }

    #[test]
    fn typing_narrows() {
        let items = ["append", "apply", "Apex"].map(|text| Choice::new(text, ""));
        let mut popup = Popup::new("x.ap", 2, 4, items.to_vec(), Opened::Asked).expect("fits");
        assert_eq!(texts(Some(&popup)), ["append", "apply", "Apex"]);
        assert!(popup.follow("x.appl", 6));
        assert_eq!(texts(Some(&popup)), ["apply"]);
        assert!(popup.follow("x.app", 5));
        assert_eq!(popup.common_prefix("app"), None);
        assert!(!popup.follow("x.a", 3));
        assert!(!popup.follow("x.ap(", 5));
        popup.step(-1);
    }

    #[test]
    fn the_common_prefix_is_more_than_what_is_typed() {
        let items = ["append", "appraise"].map(|text| Choice::new(text, ""));
        let popup = Popup::new("a", 0, 1, items.to_vec(), Opened::Asked).expect("fits");
        assert_eq!(popup.common_prefix("a"), Some("app"));
        assert_eq!(popup.common_prefix("app"), None);
    }
}
