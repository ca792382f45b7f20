//! Keys: one table of what they do, read by the event loop, the configuration, help and the docs.
//!
//! The defaults need no keyboard protocol: every one of them arrives as told in a plain terminal,
//! inside tmux, and over SSH. With Vi keys, Alt and a letter are Esc and the letter (terminals send
//! the same bytes), so every action has another key or a slash command.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fmt;
use std::fmt::Write as _;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

/// What a key can be bound to. Closed, so that the event loop's `match` knows them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Action {
    /// Scrolls the transcript by a line.
    ScrollUp,
    /// Scrolls the transcript by a line.
    ScrollDown,
    /// Scrolls the transcript by a screen.
    PageUp,
    /// Scrolls the transcript by a screen.
    PageDown,
    /// Goes to the first cell.
    ScrollToTop,
    /// Goes back to the last line, and follows new output.
    ScrollToBottom,
    /// Selects the cell before.
    PreviousCell,
    /// Selects the cell after.
    NextCell,
    /// Folds or unfolds the output of the selected cell.
    FoldCell,
    /// Opens the whole output of the selected cell.
    OpenOutput,
    /// Copies the selected cell through OSC 52.
    CopyCell,
    /// Looks for text in the transcript.
    Search,
    /// Goes to the next match.
    SearchNext,
    /// Switches to the next language.
    SwitchLanguage,
    /// Lists the kernels.
    ShowKernels,
    /// Stops what runs.
    Interrupt,
    /// Takes the last cell back.
    UndoCell,
    /// Brings back what was taken back last.
    RedoCell,
    /// Runs the prompt as it stands, complete or not.
    RunNow,
    /// Looks through the history.
    HistorySearch,
    /// Writes the prompt in `$EDITOR`.
    Editor,
    /// Switches between Emacs and Vi keys.
    SwitchEditMode,
    /// Shows the keys and commands.
    Help,
    /// Chooses a theme.
    ChooseTheme,
    /// Lets the mouse scroll, or leaves it to the terminal's own selection.
    ToggleMouse,
    /// Draws the whole screen afresh.
    Redraw,
    /// Goes to the background.
    Suspend,
    /// Leaves.
    Quit,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeySpec {
    /// What is done.
    pub action: Action,
    /// Its name in the configuration.
    pub name: &'static str,
    /// The keys that do it unless the configuration says otherwise.
    pub keys: &'static [&'static str],
    /// What it does: one line.
    pub summary: &'static str,
}

const fn row(
    action: Action,
    name: &'static str,
    keys: &'static [&'static str],
    summary: &'static str,
) -> KeySpec {
    KeySpec {
        action,
        name,
        keys,
        summary,
    }
}

/// Every action, in the order in which help and docs list them.
#[rustfmt::skip]
pub(crate) static KEYS: &[KeySpec] = &[
    row(Action::ScrollUp, "scroll-up", &["ctrl-up"], "scroll up by a line"),
    row(Action::ScrollDown, "scroll-down", &["ctrl-down"], "scroll down by a line"),
    row(Action::PageUp, "page-up", &["pageup"], "scroll up by a screen"),
    row(Action::PageDown, "page-down", &["pagedown"], "scroll down by a screen"),
    row(Action::ScrollToTop, "scroll-to-top", &["ctrl-pageup", "alt-home"], "go to the first cell"),
    row(Action::ScrollToBottom, "scroll-to-bottom", &["ctrl-pagedown", "alt-end"], "go to the last line and follow the output"),
    row(Action::PreviousCell, "previous-cell", &["alt-up"], "select the cell before"),
    row(Action::NextCell, "next-cell", &["alt-down"], "select the cell after"),
    row(Action::FoldCell, "fold-cell", &["alt-z", "f4"], "fold or unfold the output of the selected cell"),
    row(Action::OpenOutput, "open-output", &["alt-o", "f9"], "open the whole output of the selected cell"),
    row(Action::CopyCell, "copy-cell", &["alt-y"], "copy the selected cell to the clipboard (OSC 52)"),
    row(Action::Search, "search", &["alt-s", "f3"], "look for text in the transcript"),
    row(Action::SearchNext, "search-next", &["alt-n", "ctrl-s"], "go to the next match"),
    row(Action::SwitchLanguage, "switch-language", &["f2", "alt-l"], "switch to the next language"),
    row(Action::ShowKernels, "show-kernels", &["f5"], "list the kernels"),
    row(Action::Interrupt, "interrupt", &["ctrl-c"], "stop what runs; at rest, clear the prompt (undo brings it back)"),
    row(Action::UndoCell, "undo-cell", &[], "take the last cell back, as /undo does"),
    row(Action::RedoCell, "redo-cell", &[], "bring back the cell that was taken back last, as /redo does"),
    row(Action::RunNow, "run-now", &["alt-x", "f12", "ctrl-enter"], "run the prompt as it stands, complete or not"),
    row(Action::HistorySearch, "history-search", &["ctrl-r"], "look through what was typed, over all sessions"),
    row(Action::Editor, "editor", &["alt-e", "ctrl-o"], "write the prompt in $VISUAL or $EDITOR"),
    row(Action::SwitchEditMode, "switch-edit-mode", &["f7"], "switch between Emacs and Vi keys"),
    row(Action::Help, "help", &["f1"], "show the keys and commands"),
    row(Action::ChooseTheme, "choose-theme", &["f8", "alt-t"], "choose the colours"),
    row(Action::ToggleMouse, "toggle-mouse", &["f6"], "let the mouse scroll, or leave it to the terminal"),
    row(Action::Redraw, "redraw", &["ctrl-l"], "draw the screen afresh"),
    row(Action::Suspend, "suspend", &["ctrl-z"], "go to the background; fg comes back"),
    row(Action::Quit, "quit", &["ctrl-q"], "leave"),
];

/// Keys that the prompt reads itself, for help and docs. They can't be bound to anything else.
#[rustfmt::skip]
pub(crate) static PROMPT_KEYS: &[(&str, &str)] = &[
    ("enter", "wherever the caret is: run the cell if it is complete, else open a line; run a slash command"),
    ("alt-enter, ctrl-j, shift-enter", "open a line, whatever the parser says (shift-enter where the terminal tells it from enter)"),
    ("tab", "complete; before the first letter of a line, indent"),
    ("shift-tab", "the completion before; without a popup, take indentation away"),
    ("up, down", "move by a line; at the edge, walk the history of this session that begins with what stands before the caret"),
    ("right, ctrl-f, end, ctrl-e", "at the end of the text, accept the hint"),
    ("alt-f, alt-right, ctrl-right", "at the end of the text, accept a word of the hint"),
    ("esc, ctrl-g", "close the popup; in Vi, esc leaves insert mode"),
    ("ctrl-d", "delete the letter under the caret; at an empty prompt, leave"),
    ("ctrl-_, ctrl-/, alt-r", "undo, undo, redo"),
    ("ctrl-a, ctrl-e, ctrl-k, ctrl-u, ctrl-w, ctrl-y", "as in Emacs and readline"),
    ("ctrl-x ctrl-e", "write the prompt in $VISUAL or $EDITOR"),
];

/// The row of an action.
pub(crate) fn spec(action: Action) -> &'static KeySpec {
    KEYS.iter()
        .find(|spec| spec.action == action)
        .expect("every action has a row")
}

/// A key with its modifiers, in the one form in which all terminals' spellings meet: letters are
/// lower case, shift stands among the modifiers for letters and named keys only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Key {
    fn new(code: KeyCode, modifiers: KeyModifiers) -> Self {
        let kept = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        let mut modifiers = modifiers & kept;
        let code = match code {
            KeyCode::BackTab => {
                modifiers |= KeyModifiers::SHIFT;
                KeyCode::Tab
            }
            KeyCode::Char(c) if c.is_uppercase() => {
                modifiers |= KeyModifiers::SHIFT;
                KeyCode::Char(c.to_lowercase().next().unwrap_or(c))
            }
            KeyCode::Char(c) => {
                if !c.is_alphabetic() {
                    modifiers -= KeyModifiers::SHIFT;
                }
                KeyCode::Char(c)
            }
            other => other,
        };
        Self { code, modifiers }
    }

    /// Whether binding it would take away a key that the prompt can't do without.
    fn is_reserved(self) -> bool {
        let bare = (self.modifiers - KeyModifiers::SHIFT).is_empty();
        match self.code {
            KeyCode::Char(_) => bare,
            KeyCode::Enter
            | KeyCode::Tab
            | KeyCode::Backspace
            | KeyCode::Delete
            | KeyCode::Esc
            | KeyCode::Up
            | KeyCode::Down
            | KeyCode::Left
            | KeyCode::Right
            | KeyCode::Home
            | KeyCode::End => self.modifiers.is_empty(),
            _ => false,
        }
    }
}

/// The event of a key, by its name; or of a single letter.
#[cfg(test)]
pub(crate) fn event(name: &str) -> KeyEvent {
    let key: Key = name.parse().expect("a key");
    let code = match key.code {
        KeyCode::Tab if key.modifiers.contains(KeyModifiers::SHIFT) => KeyCode::BackTab,
        code => code,
    };
    KeyEvent::new(code, key.modifiers)
}

impl From<KeyEvent> for Key {
    fn from(event: KeyEvent) -> Self {
        Self::new(event.code, event.modifiers)
    }
}

/// Names of keys that are no letters. The first of a code is the one that is shown.
const NAMES: &[(&str, KeyCode)] = &[
    ("enter", KeyCode::Enter),
    ("return", KeyCode::Enter),
    ("tab", KeyCode::Tab),
    ("esc", KeyCode::Esc),
    ("escape", KeyCode::Esc),
    ("space", KeyCode::Char(' ')),
    ("minus", KeyCode::Char('-')),
    ("comma", KeyCode::Char(',')),
    ("backspace", KeyCode::Backspace),
    ("delete", KeyCode::Delete),
    ("del", KeyCode::Delete),
    ("insert", KeyCode::Insert),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pgup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("pgdown", KeyCode::PageDown),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
];

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, name) in [
            (KeyModifiers::CONTROL, "ctrl-"),
            (KeyModifiers::ALT, "alt-"),
            (KeyModifiers::SHIFT, "shift-"),
        ] {
            if self.modifiers.contains(modifier) {
                f.write_str(name)?;
            }
        }
        if let Some((name, _)) = NAMES.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(c) => f.write_char(c),
            KeyCode::F(n) => write!(f, "f{n}"),
            other => write!(f, "{other}"),
        }
    }
}

/// What is wrong with a binding of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeymapError {
    /// No such key.
    #[error(
        "there is no key {name:?}; keys are written like ctrl-o, alt-enter, f2, shift-pageup{}",
        suggestion(near.as_deref())
    )]
    UnknownKey {
        /// As it was written.
        name: String,
        /// What may have been meant.
        near: Option<String>,
    },
    /// No such action.
    #[error("there is no action {name:?} to bind a key to{}", suggestion(near.as_deref()))]
    UnknownAction {
        /// As it was written.
        name: String,
        /// What may have been meant.
        near: Option<String>,
    },
    /// The prompt needs it.
    #[error("{key} can't be bound to {action}: the prompt needs it for typing; add ctrl or alt")]
    Reserved {
        /// The key.
        key: String,
        /// The action.
        action: String,
    },
    /// Two actions ask for the same key.
    #[error("{key} is bound to both {first} and {second}; change one of them")]
    Conflict {
        /// The key.
        key: String,
        /// One action.
        first: String,
        /// The other.
        second: String,
    },
}

fn suggestion(near: Option<&str>) -> String {
    near.map_or_else(String::new, |name| format!("; did you mean {name}?"))
}

impl FromStr for Key {
    type Err = KeymapError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = text.trim().to_lowercase();
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = name.as_str();
        // A lone "-" is a key, so a separator must have something behind it.
        while let Some((head, tail)) = rest.split_once(['-', '+']).filter(|(_, t)| !t.is_empty()) {
            modifiers |= match head {
                "ctrl" | "control" | "c" => KeyModifiers::CONTROL,
                "alt" | "meta" | "option" | "a" | "m" => KeyModifiers::ALT,
                "shift" | "s" => KeyModifiers::SHIFT,
                _ => return Err(unknown_key(&name)),
            };
            rest = tail;
        }
        let mut letters = rest.chars();
        let code = match (letters.next(), letters.next()) {
            (Some(c), None) if !c.is_control() => KeyCode::Char(c),
            (Some('f'), Some(_)) => match rest[1..].parse() {
                Ok(n @ 1..=24) => KeyCode::F(n),
                _ => return Err(unknown_key(&name)),
            },
            (Some(_), Some(_)) if rest == "backtab" => KeyCode::BackTab,
            _ => NAMES
                .iter()
                .find(|(known, _)| *known == rest)
                .map(|&(_, code)| code)
                .ok_or_else(|| unknown_key(&name))?,
        };
        Ok(Self::new(code, modifiers))
    }
}

fn unknown_key(name: &str) -> KeymapError {
    let parts: Vec<&str> = name.split(['-', '+']).collect();
    let (last, heads) = parts.split_last().unwrap_or((&"", &[]));
    let modifiers = ["ctrl", "alt", "shift"];
    let mended: Option<Vec<&str>> = heads
        .iter()
        .map(|head| nearest(head, modifiers.into_iter()))
        .chain([if last.chars().count() == 1 {
            Some(*last)
        } else {
            nearest(last, NAMES.iter().map(|&(known, _)| known))
        }])
        .collect();
    KeymapError::UnknownKey {
        name: name.to_owned(),
        near: mended
            .map(|parts| parts.join("-"))
            .filter(|near| near != name),
    }
}

/// The known name within two edits of `name`, if there is one.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (edit_distance(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 2 && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Levenshtein's distance, row by row.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// Which key does what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Keymap {
    actions: HashMap<Key, Action>,
    /// Keys that the configuration names.
    configured: HashSet<Key>,
}

impl Default for Keymap {
    fn default() -> Self {
        Self::with_overrides(&BTreeMap::new()).expect("a test holds that the table is sound")
    }
}

impl Keymap {
    /// The table, changed by the configuration: action → keys, separated by commas or spaces;
    /// `none` leaves an action without a key. A key that is given away is taken from the action
    /// that has it by default.
    ///
    /// # Errors
    /// For names that don't exist, keys that the prompt needs, and keys given away twice.
    pub(crate) fn with_overrides(
        overrides: &BTreeMap<String, String>,
    ) -> Result<Self, KeymapError> {
        let mut actions: HashMap<Key, Action> = HashMap::new();
        let mut overridden = Vec::new();
        for (name, keys) in overrides {
            let spec = KEYS.iter().find(|spec| spec.name == name).ok_or_else(|| {
                KeymapError::UnknownAction {
                    name: name.clone(),
                    near: nearest(name, KEYS.iter().map(|spec| spec.name)).map(str::to_owned),
                }
            })?;
            overridden.push(spec.action);
            let names = keys
                .split([',', ' '])
                .filter(|key| !key.is_empty() && *key != "none");
            for key in names {
                bind(&mut actions, key, spec)?;
            }
        }
        let given_away = actions.clone();
        for spec in KEYS.iter().filter(|s| !overridden.contains(&s.action)) {
            for key in spec.keys {
                if !given_away.contains_key(&key.parse()?) {
                    bind(&mut actions, key, spec)?;
                }
            }
        }
        Ok(Self {
            actions,
            configured: given_away.into_keys().collect(),
        })
    }

    /// What a key does outside the prompt; `None` leaves it to the prompt.
    pub(crate) fn action(&self, event: KeyEvent) -> Option<Action> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        self.actions.get(&Key::from(event)).copied()
    }

    /// Whether the configuration, rather than the table, says what a key does.
    pub(crate) fn is_configured(&self, event: KeyEvent) -> bool {
        self.configured.contains(&Key::from(event))
    }

    /// The keys of an action as they are written, the default ones first.
    pub(crate) fn keys(&self, action: Action) -> Vec<String> {
        let mut keys: Vec<String> = self
            .actions
            .iter()
            .filter(|(_, bound)| **bound == action)
            .map(|(key, _)| key.to_string())
            .collect();
        let defaults = spec(action).keys;
        keys.sort_by_key(|key| {
            let place = defaults.iter().position(|default| default == key);
            (place.unwrap_or(usize::MAX), key.clone())
        });
        keys
    }

    /// The tables as Markdown, for `docs/keys.md`.
    pub(crate) fn markdown(&self) -> String {
        let mut text = String::from("| Key | Name | What it does |\n|---|---|---|\n");
        for spec in KEYS {
            let keys: Vec<String> = self
                .keys(spec.action)
                .iter()
                .map(|key| format!("`{key}`"))
                .collect();
            let _ = writeln!(
                text,
                "| {} | `{}` | {} |",
                if keys.is_empty() {
                    "none".to_owned()
                } else {
                    keys.join(", ")
                },
                spec.name,
                spec.summary
            );
        }
        text.push_str(
            "\nWith Vi keys, Alt and a letter mean Esc and the letter, unless the configuration \
             binds them: use the other key, or the slash command.\n",
        );
        text.push_str("\nAt the prompt:\n\n| Key | What it does |\n|---|---|\n");
        for (keys, summary) in PROMPT_KEYS {
            let keys: Vec<String> = keys.split(", ").map(|key| format!("`{key}`")).collect();
            let _ = writeln!(text, "| {} | {summary} |", keys.join(", "));
        }
        text
    }
}

fn bind(actions: &mut HashMap<Key, Action>, name: &str, to: &KeySpec) -> Result<(), KeymapError> {
    let key: Key = name.parse()?;
    if key.is_reserved() {
        return Err(KeymapError::Reserved {
            key: key.to_string(),
            action: to.name.to_owned(),
        });
    }
    match actions.insert(key, to.action) {
        Some(other) if other != to.action => Err(KeymapError::Conflict {
            key: key.to_string(),
            first: spec(other).name.to_owned(),
            second: to.name.to_owned(),
        }),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overrides(rows: &[(&str, &str)]) -> Result<Keymap, KeymapError> {
        let rows = rows
            .iter()
            .map(|(name, keys)| ((*name).to_owned(), (*keys).to_owned()))
            .collect();
        Keymap::with_overrides(&rows)
    }

    fn event(code: KeyCode, modifiers: KeyModifiers) -> KeyEvent {
        KeyEvent::new(code, modifiers)
    }

    #[test]
    fn the_table_has_no_conflicts_and_every_key_is_written_as_it_is_shown() {
        let keymap = overrides(&[]).expect("sound");
        for spec in KEYS {
            assert_eq!(keymap.keys(spec.action), spec.keys, "{}", spec.name);
        }
        let mut names: Vec<_> = KEYS.iter().map(|spec| spec.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), KEYS.len());
    }

    #[test]
    fn keys_have_one_form() {
        let check = |written: &str, shown: &str| {
            let key: Key = written.parse().expect(written);
            assert_eq!(key.to_string(), shown, "{written}");
        };
        check("Ctrl-O", "ctrl-o");
        check("alt+enter", "alt-enter");
        check("f2", "f2");
        check("shift-pgup", "shift-pageup");
        check("backtab", "shift-tab");
        check("alt-shift-x", "alt-shift-x");
        check("ctrl--", "ctrl-minus");
        check("shift-?", "?");
        assert_eq!(
            Key::from(event(KeyCode::Char('L'), KeyModifiers::ALT)),
            "alt-shift-l".parse().expect("a key")
        );
    }

    #[test]
    fn mistakes_name_what_is_near() {
        let check = |rows: &[(&str, &str)], message: &str| {
            let error = overrides(rows).expect_err("a mistake");
            assert_eq!(error.to_string(), message);
        };
        check(
            &[("help", "crtl-pageupp")],
            "there is no key \"crtl-pageupp\"; keys are written like ctrl-o, alt-enter, f2, shift-pageup; did you mean ctrl-pageup?",
        );
        check(
            &[("help", "f99")],
            "there is no key \"f99\"; keys are written like ctrl-o, alt-enter, f2, shift-pageup",
        );
        check(
            &[("scrol-up", "f9")],
            "there is no action \"scrol-up\" to bind a key to; did you mean scroll-up?",
        );
        check(
            &[("help", "h")],
            "h can't be bound to help: the prompt needs it for typing; add ctrl or alt",
        );
        check(
            &[("help", "f9"), ("quit", "f9")],
            "f9 is bound to both help and quit; change one of them",
        );
    }

    #[test]
    fn the_configuration_takes_keys_away_and_gives_them() {
        let keymap = overrides(&[("fold-cell", "f1, alt-f"), ("quit", "none")]).expect("sound");
        let f1 = event(KeyCode::F(1), KeyModifiers::NONE);
        assert_eq!(keymap.action(f1), Some(Action::FoldCell));
        assert!(keymap.keys(Action::Help).is_empty());
        let ctrl_q = event(KeyCode::Char('q'), KeyModifiers::CONTROL);
        assert_eq!(keymap.action(ctrl_q), None);
        assert_eq!(keymap.keys(Action::FoldCell), ["alt-f", "f1"]);
        let mut release = f1;
        release.kind = KeyEventKind::Release;
        assert_eq!(keymap.action(release), None);
    }

    #[test]
    fn the_docs_name_every_action() {
        let docs = Keymap::default().markdown();
        assert!(
            docs.contains("| `f2`, `alt-l` | `switch-language` | switch to the next language |")
        );
        assert!(docs.contains("| `ctrl-x ctrl-e` |"));
    }
}
