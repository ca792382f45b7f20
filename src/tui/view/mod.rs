//! What the screen shows, besides the prompt and the pixels of pictures.
//!
//! Invariants: to draw is to read. No view does I/O, knows a clock or changes what it shows; times
//! come as arguments, and colours only through [`super::theme::Role`]. Text from programs is
//! sanitized before it is laid out.
//!
//! Absent on purpose: keys. The app turns them into calls of the methods that change a view's
//! state.

mod content;
mod draw;
mod layout;
mod search;
pub(crate) mod text;
mod transcript;

#[cfg(test)]
mod tests;

pub(crate) use content::Part;
pub(crate) use layout::{Fold, PictureSize};
pub(crate) use search::{Match, Search, find};
pub(crate) use transcript::{Placement, Position, Screen, Scroll, TranscriptView};
