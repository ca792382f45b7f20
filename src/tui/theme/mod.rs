//! Colours: semantic roles, and themes that give them styles.
//!
//! Invariants: views ask for a [`Role`] and never for a colour; a theme is plain data.
//!
//! Absent on purpose: reading the environment. Whoever starts the UI says how many colours there
//! are, and whether any are wanted.

mod depth;
mod load;
mod source;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};

pub(crate) use depth::{ColorDepth, nearest_256};
pub(crate) use load::ThemeError;
pub(crate) use source::names;

use crate::sanitize::{SgrColor, SgrStyle};

/// What a piece of the screen is: the only way to a colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Role {
    /// Ordinary text.
    #[default]
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
    styles: BTreeMap<Role, Style>,
    background: Option<Color>,
    paints_background: bool,
    /// What the terminal can show; none where colours are not wanted.
    depth: Option<ColorDepth>,
}

impl Theme {
    /// The style of a role.
    pub fn style(&self, role: Role) -> Style {
        self.styles.get(&role).copied().unwrap_or_default()
    }

    /// The colour that the theme is made for, which the terminal may or may not have.
    #[cfg(test)]
    pub fn background(&self) -> Option<Color> {
        self.background
    }

    /// What the whole screen is painted with: none leaves the terminal's own ground, as most
    /// themes do.
    pub fn screen_style(&self) -> Option<Style> {
        let background = self.background.filter(|_| self.paints_background)?;
        let foreground = self.style(Role::Text);
        Some(foreground.bg(background))
    }

    /// What a program asked for, with the colours that the terminal has.
    pub fn program_style(&self, sgr: SgrStyle) -> Style {
        let color = |color: Option<SgrColor>| {
            let color = match color? {
                SgrColor::Indexed(index) => Color::Indexed(index),
                SgrColor::Rgb(r, g, b) => Color::Rgb(r, g, b),
            };
            self.depth.map(|depth| depth.nearest(color))
        };
        let modifiers = [
            (sgr.bold, Modifier::BOLD),
            (sgr.dim, Modifier::DIM),
            (sgr.italic, Modifier::ITALIC),
            (sgr.underline, Modifier::UNDERLINED),
            (sgr.reverse, Modifier::REVERSED),
            (sgr.crossed_out, Modifier::CROSSED_OUT),
        ];
        let wanted = modifiers.into_iter().filter(|(on, _)| *on);
        Style {
            fg: color(sgr.foreground),
            bg: color(sgr.background),
            ..Style::new().add_modifier(wanted.map(|(_, modifier)| modifier).collect())
        }
    }

    /// No colours at all, only bold, dim, underlined and reversed: `NO_COLOR`.
    pub fn plain() -> Self {
        Self {
            name: "plain".into(),
            styles: table::plain_styles().collect(),
            background: None,
            paints_background: false,
            depth: None,
        }
    }

    /// The same with the colours that the terminal has.
    #[must_use]
    pub fn reduced(mut self, depth: ColorDepth) -> Self {
        self.depth = self.depth.map(|old| old.min(depth));
        for style in self.styles.values_mut() {
            style.fg = style.fg.map(|color| depth.nearest(color));
            style.bg = style.bg.map(|color| depth.nearest(color));
        }
        self.background = self.background.map(|color| depth.nearest(color));
        self
    }
}
