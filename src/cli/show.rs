//! `companion show`

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use super::Context;
use crate::config::GraphicsMode;
use crate::error::Report;
use crate::tui::backend_choice;
use crate::tui::image::{ShowOptions, show_to_stdout};

/// Shows pictures where the cursor stands; into a pipe, a line about each.
#[derive(Debug, Args)]
pub(super) struct Show {
    /// The pictures
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Columns to fill at most [default: the terminal's]
    #[arg(long, value_name = "COLUMNS", value_parser = clap::value_parser!(u16).range(1..=2000))]
    width: Option<u16>,
    /// Rows to fill at most [default: the terminal's]
    #[arg(long, value_name = "ROWS", value_parser = clap::value_parser!(u16).range(1..=2000))]
    height: Option<u16>,
    /// auto, half-blocks, kitty, iterm, sixel or off [config: graphics]
    #[arg(long, value_name = "HOW", value_parser = graphics)]
    graphics: Option<GraphicsMode>,
}

impl Show {
    pub fn start(self, context: &Context) -> Result<u8, Report> {
        // Whoever asks for pictures by name wants to see them: `off` is for the transcript.
        let backend =
            backend_choice(self.graphics.unwrap_or(context.config.graphics)).unwrap_or_default();
        let options = ShowOptions {
            width: self.width,
            height: self.height,
            backend,
        };
        let failures = match show_to_stdout(&self.files, options, &mut io::stdout().lock()) {
            Ok(failures) => failures,
            // Whoever read us has gone.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(0),
            Err(error) => return Err(Report::failure("can't write").cause(error.to_string())),
        };
        let mut code = 0;
        for failure in failures {
            let report = Report::from(failure);
            let _ = writeln!(io::stderr(), "{report}");
            code = code.max(report.exit_code());
        }
        Ok(code)
    }
}

fn graphics(name: &str) -> Result<GraphicsMode, String> {
    GraphicsMode::named(name).ok_or_else(|| {
        let known: Vec<_> = GraphicsMode::ALL.iter().map(|(known, _)| *known).collect();
        format!("there are {}", known.join(", "))
    })
}
