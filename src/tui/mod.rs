//! The full-screen terminal UI. Only here are ratatui, reedline and viuer seen.
//!
//! ```text
//! terminal ─┐                      ┌─ App: keys and events in, effects out
//! runtime ──┼─ one channel ─ loop ─┤
//! signals ──┤                      └─ screen: App in, cells out
//! pictures ─┘
//! ```
//!
//! Invariants: the loop waits for one channel and for nothing else; files, pictures and the disk
//! are other threads' work; the terminal is given back however the process ends.
//!
//! Absent on purpose: state of the session that is not a fold over its events.

mod app;
mod approval;
mod commands;
pub(crate) mod highlight;
pub(crate) mod image;
mod imagine;
pub(crate) mod keymap;
mod layers;
mod plain;
pub(crate) mod prompt;
mod run;
mod sandbox;
mod screen;
mod settings;
pub(crate) mod terminal;
#[cfg(test)]
mod tests;
pub(crate) mod theme;
mod tools;
pub(crate) mod view;

use crate::config::GraphicsMode;
use crate::doctor::{Finding, Grade};
use image::ImageBackend as _;

pub(crate) use run::{Options, run};

/// What the terminal can do, for `doctor`. Asks it, if it is one.
pub(crate) fn examine_terminal(graphics: GraphicsMode) -> Vec<Finding> {
    findings(&image::probe().capabilities, graphics)
}

/// What is known of the terminal, told.
fn findings(terminal: &image::Capabilities, graphics: GraphicsMode) -> Vec<Finding> {
    let finding = |name: &str, grade, detail: String| Finding::new("terminal", name, grade, detail);
    let name = terminal.name.clone().or_else(|| std::env::var("TERM").ok());
    let name = crate::sanitize::sanitize(name.as_deref().unwrap_or("unknown")).into_owned();
    let place = match (terminal.in_tmux, terminal.in_screen, terminal.over_ssh) {
        (true, _, true) => ", in tmux, over SSH",
        (true, _, false) => ", in tmux",
        (_, true, _) => ", in screen",
        (_, _, true) => ", over SSH",
        _ => "",
    };
    let answers = if terminal.answered {
        "answers questions"
    } else {
        "answers no questions"
    };
    let colours = match (terminal.no_color, terminal.truecolor) {
        (true, _) => (Grade::Good, "none: NO_COLOR is set".to_owned()),
        (_, true) => (Grade::Good, "16 million".to_owned()),
        _ => (
            Grade::Degraded,
            "256 or fewer; if it can do more, export COLORTERM=truecolor".to_owned(),
        ),
    };
    let backend = backend_choice(graphics).map(|choice| image::Graphics::choose(terminal, choice));
    let half_blocks = |why: &str| (Grade::Degraded, format!("half blocks: {why}"));
    let pictures = match backend {
        None => (Grade::Good, "off: graphics = \"off\"".to_owned()),
        Some(Some(graphics)) => (Grade::Good, format!("pixels, by {}", graphics.name())),
        Some(None) if terminal.in_tmux || terminal.in_screen => {
            half_blocks("tmux and screen let no pixels through")
        }
        Some(None) if terminal.answered => half_blocks("the terminal offers no protocol for more"),
        Some(None) => half_blocks("the terminal did not answer, or there is none"),
    };
    let cell = match terminal.cell_size {
        Some((width, height)) => format!("{width}×{height} pixels"),
        None => "unknown, taken for twice as high as wide".to_owned(),
    };
    vec![
        finding("terminal", Grade::Good, format!("{name}{place}; {answers}")),
        finding("colours", colours.0, colours.1),
        finding("pictures", pictures.0, pictures.1),
        finding("cell", Grade::Good, cell),
    ]
}

pub(crate) use plain::transcript as plain_transcript;

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
