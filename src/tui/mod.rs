//! The full-screen terminal UI. Only here are ratatui, reedline and viuer seen.

pub(crate) mod highlight;
pub(crate) mod keymap;
pub(crate) mod prompt;
pub(crate) mod theme;
