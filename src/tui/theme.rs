//! Colours: semantic roles, and themes that give them styles.

use ratatui::style::Style;

/// What a piece of the screen is: the only way to a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    /// Ordinary text.
    Text,
    /// Text that may be overlooked: cost lines, folded counts.
    Dim,
    /// What should catch the eye: titles, the cell that is selected.
    Accent,
    /// Failures.
    Error,
    /// What is degraded.
    Warning,
    /// What went well.
    Success,
    /// Frames and rules.
    Border,
    /// The selected cell, and selected text at the prompt.
    Selection,
    /// The status line.
    Status,
    /// The language in the status line.
    StatusLanguage,
    /// The mode in the status line.
    StatusMode,
    /// What runs, in the status line.
    StatusBusy,
    /// The prompt's mark, and `In [n]`.
    Prompt,
    /// The mark of continuation lines.
    PromptContinuation,
    /// The fish-style hint behind the caret.
    Hint,
    /// `Out [n]` and the value.
    Result,
    /// What went to standard error.
    Stderr,
    /// A popup's text and ground.
    Popup,
    /// The selected row of a popup.
    PopupSelected,
    /// The letters that matched, in a popup.
    PopupMatch,
    /// A match of the search.
    SearchMatch,
    /// The match that the search stands on.
    SearchCurrent,
    /// The frame and caption of a picture.
    ImageFrame,
    /// Keywords.
    SyntaxKeyword,
    /// Strings.
    SyntaxString,
    /// Numbers.
    SyntaxNumber,
    /// Comments.
    SyntaxComment,
    /// Names of functions.
    SyntaxFunction,
    /// Names of types and classes.
    SyntaxType,
    /// Operators.
    SyntaxOperator,
    /// `None`, `true`.
    SyntaxConstant,
    /// Names of variables.
    SyntaxVariable,
    /// Brackets, commas.
    SyntaxPunctuation,
    /// Slash commands at the prompt.
    SyntaxSlash,
}

/// A set of colours.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Theme {
    /// Its name, from the file's.
    pub name: String,
    styles: std::collections::BTreeMap<Role, Style>,
}

impl Theme {
    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(&role).copied().unwrap_or_default()
    }

    /// No colours at all: `NO_COLOR`.
    pub fn plain() -> Self {
        Self {
            name: "plain".into(),
            styles: std::collections::BTreeMap::new(),
        }
    }
}
