//! What the screen shows, besides the prompt and the pixels of pictures.
//!
//! Invariants: to draw is to read. No view does I/O, knows a clock or changes what it shows; times
//! come as arguments, and colours only through [`super::theme::Role`]. Text from programs is
//! sanitized before it is laid out.
//!
//! Absent on purpose: keys. The app turns them into calls of the methods that change a view's
//! state.

pub(crate) mod approval;
mod calls;
mod content;
mod draw;
mod examined;
pub(crate) mod help;
mod images;
mod layout;
pub(crate) mod notice;
pub(crate) mod pager;
mod place;
pub(crate) mod popup;
mod rows;
mod search;
pub(crate) mod select;
pub(crate) mod status;
pub(crate) mod text;
pub(crate) mod tools;
mod transcript;
pub(crate) mod welcome;

#[cfg(test)]
pub(super) mod tests;

pub(crate) use calls::cost as cost_of_call;
pub(crate) use place::gutter;

pub(crate) use search::Search;
pub(crate) use transcript::{Placement, Screen, TranscriptView, is_animated};
