//! The full-screen terminal UI. Only here are ratatui, reedline and viuer seen.

pub(crate) mod highlight;
pub(crate) mod theme;
pub(crate) mod view;
