//! The pure core: commands in, events and effects out.

mod transcript;

pub use transcript::{Body, CellBody, Entry, Phase, ShowBody, Transcript};
