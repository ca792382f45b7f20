//! `companion show`

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::{Context, rows};
use crate::config::GraphicsMode;
use crate::error::Report;
use crate::picture::{self, PictureInfo, PictureMetadata, shown_path, shown_size};
use crate::tui::backend_choice;
use crate::tui::image::{ShowOptions, show_to_stdout};

/// Shows pictures where the cursor stands; into a pipe, a line about each. Or tells how they were
/// made.
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
    /// Tell how each was made, instead of showing it: what companion, A1111, ComfyUI and InvokeAI
    /// write into PNG
    #[arg(long, conflicts_with_all = ["width", "height", "graphics"])]
    info: bool,
    /// With --info: one JSON object a line
    #[arg(long, requires = "info")]
    json: bool,
}

impl Show {
    pub fn start(self, context: &Context) -> Result<u8, Report> {
        if self.info {
            return Ok(self.tell());
        }
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

    /// Says how each was made; of what cannot be read, why.
    fn tell(&self) -> u8 {
        let mut out = io::stdout().lock();
        let mut code = 0;
        for (index, path) in self.files.iter().enumerate() {
            let (bytes, info) = match picture::read(path) {
                Ok(read) => read,
                Err(error) => {
                    let report = Report::from(error);
                    let _ = writeln!(io::stderr(), "{report}");
                    code = code.max(report.exit_code());
                    continue;
                }
            };
            let metadata = PictureMetadata::read(&bytes);
            let text = if self.json {
                as_json(path, info, &metadata)
            } else {
                let gap = if index > 0 { "\n" } else { "" };
                format!(
                    "{gap}{}",
                    as_text(path, info, bytes.len() as u64, &metadata)
                )
            };
            // Whoever read us has gone.
            if writeln!(out, "{text}").is_err() {
                break;
            }
        }
        code
    }
}

fn as_text(path: &Path, info: PictureInfo, size_bytes: u64, metadata: &PictureMetadata) -> String {
    let (title, size) = (info.media_type.title(), shown_size(size_bytes));
    let (width, height) = (info.width, info.height);
    let mut text = format!("{}: {title} {width}×{height}, {size}", shown_path(path));
    let mut rows = match &metadata.recipe {
        Some(recipe) => recipe.rows(),
        // What nobody has taught us to read is shown as it is.
        None => metadata.texts.clone(),
    };
    if rows.is_empty() && metadata.problems.is_empty() {
        rows.push((String::new(), "it does not tell how it was made".to_owned()));
    }
    let problems = metadata.problems.iter();
    rows.extend(problems.map(|problem| ("problem".to_owned(), problem.clone())));
    text.push_str(&rows::render(&rows, rows::columns(&io::stdout())));
    text
}

fn as_json(path: &Path, info: PictureInfo, metadata: &PictureMetadata) -> String {
    let recipe = metadata.recipe.as_ref().map(|recipe| {
        json!({
            "made_by": recipe.made_by.to_string(),
            "version": recipe.version,
            "model": recipe.model,
            "model_hash": recipe.model_hash,
            "sampler": recipe.sampler,
            "device": recipe.device,
            "duration_ms": recipe.duration_ms,
            "request": recipe.to_request(),
            "others": recipe.others.iter().map(|(key, value)| json!([key, value])).collect::<Vec<_>>(),
        })
    });
    json!({
        "file": path.to_string_lossy(),
        "media_type": info.media_type,
        "width": info.width,
        "height": info.height,
        "recipe": recipe,
        "texts": metadata.texts.iter().map(|(key, value)| json!([key, value])).collect::<Vec<_>>(),
        "problems": metadata.problems,
    })
    .to_string()
}

fn graphics(name: &str) -> Result<GraphicsMode, String> {
    GraphicsMode::named(name).ok_or_else(|| {
        let known: Vec<_> = GraphicsMode::ALL.iter().map(|(known, _)| *known).collect();
        format!("there are {}", known.join(", "))
    })
}
