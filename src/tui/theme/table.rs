//! The table of roles: every role with the key that themes give it.

use ratatui::style::{Modifier, Style};

use super::Role;

/// A row of the table.
pub(super) struct RoleSpec {
    pub role: Role,
    /// Its key in a theme's file.
    pub key: &'static str,
    /// What stands for it where there are no colours.
    pub plain: Modifier,
}

const NONE: Modifier = Modifier::empty();
const BOLD: Modifier = Modifier::BOLD;
const DIM: Modifier = Modifier::DIM;
const REVERSED: Modifier = Modifier::REVERSED;
const UNDERLINED: Modifier = Modifier::UNDERLINED;

const fn row(role: Role, key: &'static str, plain: Modifier) -> RoleSpec {
    RoleSpec { role, key, plain }
}

/// Every role.
#[rustfmt::skip]
pub(super) static ROLES: &[RoleSpec] = &[
    row(Role::Text, "ui.text", NONE),
    row(Role::Dim, "ui.dim", DIM),
    row(Role::Accent, "ui.accent", BOLD),
    row(Role::Error, "ui.error", BOLD),
    row(Role::Warning, "ui.warning", BOLD),
    row(Role::Success, "ui.success", NONE),
    row(Role::Border, "ui.border", DIM),
    row(Role::Selection, "ui.selection", REVERSED),
    row(Role::Status, "status.text", DIM),
    row(Role::StatusLanguage, "status.language", BOLD),
    row(Role::StatusMode, "status.mode", NONE),
    row(Role::StatusBusy, "status.busy", BOLD),
    row(Role::Prompt, "prompt.mark", BOLD),
    row(Role::PromptContinuation, "prompt.continuation", DIM),
    row(Role::Hint, "prompt.hint", DIM),
    row(Role::Result, "cell.result", BOLD),
    row(Role::Stderr, "cell.stderr", NONE),
    row(Role::Popup, "popup.text", NONE),
    row(Role::PopupSelected, "popup.selected", REVERSED),
    row(Role::PopupMatch, "popup.match", UNDERLINED),
    row(Role::SearchMatch, "search.match", UNDERLINED),
    row(Role::SearchCurrent, "search.current", REVERSED),
    row(Role::ImageFrame, "image.frame", DIM),
    row(Role::SyntaxKeyword, "syntax.keyword", BOLD),
    row(Role::SyntaxString, "syntax.string", NONE),
    row(Role::SyntaxNumber, "syntax.number", NONE),
    row(Role::SyntaxComment, "syntax.comment", DIM),
    row(Role::SyntaxFunction, "syntax.function", NONE),
    row(Role::SyntaxType, "syntax.type", NONE),
    row(Role::SyntaxOperator, "syntax.operator", NONE),
    row(Role::SyntaxConstant, "syntax.constant", NONE),
    row(Role::SyntaxVariable, "syntax.variable", NONE),
    row(Role::SyntaxPunctuation, "syntax.punctuation", NONE),
    row(Role::SyntaxSlash, "syntax.slash", BOLD),
];

/// The role that a key means.
pub(super) fn role_of(key: &str) -> Option<Role> {
    let row = ROLES.iter().find(|row| row.key == key)?;
    Some(row.role)
}

/// The styles where there are no colours.
pub(super) fn plain_styles() -> impl Iterator<Item = (Role, Style)> {
    ROLES
        .iter()
        .map(|row| (row.role, Style::new().add_modifier(row.plain)))
}
