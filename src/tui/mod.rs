//! The full-screen terminal UI. Only here are ratatui, reedline and viuer seen.

pub(crate) mod highlight;
pub(crate) mod image;
pub(crate) mod keymap;
pub(crate) mod prompt;
pub(crate) mod terminal;
pub(crate) mod theme;
pub(crate) mod view;

use crate::config::GraphicsMode;
use crate::doctor::Finding;

/// What the terminal can do.
pub(crate) fn examine_terminal(_graphics: GraphicsMode) -> Vec<Finding> {
    Vec::new()
}

/// `docs/keys.md`.
pub(crate) fn keys_markdown() -> String {
    keymap::Keymap::default().markdown()
}

/// What draws the pictures of a mode; nothing does if it is off.
pub(crate) fn backend_choice(mode: GraphicsMode) -> Option<image::BackendChoice> {
    match mode {
        GraphicsMode::Auto => Some(image::BackendChoice::Auto),
        GraphicsMode::HalfBlocks => Some(image::BackendChoice::Blocks),
        GraphicsMode::Kitty => Some(image::BackendChoice::Kitty),
        GraphicsMode::Iterm => Some(image::BackendChoice::Iterm),
        GraphicsMode::Sixel => Some(image::BackendChoice::Sixel),
        GraphicsMode::Off => None,
    }
}
