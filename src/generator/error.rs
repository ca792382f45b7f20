//! Why there is no picture.

use std::io;
use std::path::PathBuf;

use crate::diffusion::DiffusionError;
use crate::models::ModelError;
use crate::picture::{PictureError, shown_path, shown_size};

/// A request did not become pictures.
#[derive(Debug, thiserror::Error)]
pub enum GeneratorError {
    /// Neither flags nor the environment say where files are.
    #[error("there is no home folder: set HOME")]
    NoHome,
    /// No model is there at all.
    #[error("there is no model; companion models pull OWNER/NAME brings one")]
    NoModel,
    /// The name is that of something else.
    #[error("{name} is {family}, which makes no pictures by itself")]
    NotAGenerator {
        /// The name.
        name: String,
        /// What it is.
        family: &'static str,
    },
    /// A model or a style is not there, or not whole.
    #[error(transparent)]
    Model(ModelProblem),
    /// A picture can't be read.
    #[error(transparent)]
    Picture(PictureProblem),
    /// It would take more memory than there is.
    #[error(
        "these pictures would take {} more memory, and there are {}; ask for a smaller --size",
        shown_size(*needed_bytes), shown_size(*available_bytes)
    )]
    Memory {
        /// What the largest moment takes.
        needed_bytes: u64,
        /// What there is.
        available_bytes: u64,
    },
    /// The engine failed, or can't do what was asked for.
    #[error("{0}")]
    Engine(#[source] DiffusionError),
    /// The picture is drawn, and no device could decode it.
    #[error("the picture could not be decoded: {reason}")]
    Undecoded {
        /// What the last device said.
        reason: String,
        /// The file with its latents, unless the disk refused that.
        latents: Option<PathBuf>,
    },
    /// Whoever asked broke off.
    #[error("interrupted")]
    Cancelled,
    /// The engine said that it was done, and there is no picture.
    #[error("no picture was made")]
    Nothing,
    /// A file can't be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What is wrong with a model or a style.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct ModelProblem(pub(crate) ModelError);

/// What is wrong with a picture.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct PictureProblem(pub(crate) PictureError);

impl From<ModelError> for GeneratorError {
    fn from(error: ModelError) -> Self {
        Self::Model(ModelProblem(error))
    }
}

impl From<PictureError> for GeneratorError {
    fn from(error: PictureError) -> Self {
        Self::Picture(PictureProblem(error))
    }
}

impl GeneratorError {
    /// The whole story in one sentence, with what to try.
    pub(crate) fn in_a_line(&self) -> String {
        let mut line = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let text = error.to_string();
            if !line.contains(&text) {
                line.push_str(": ");
                line.push_str(&text);
            }
            cause = error.source();
        }
        if let Some(hint) = self.hint() {
            line.push_str("; ");
            line.push_str(&hint);
        }
        line
    }

    /// What to try.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Model(ModelProblem(error)) => error.hint().map(str::to_owned),
            Self::Engine(DiffusionError::Device { .. }) => {
                Some("companion doctor tells which devices compute".to_owned())
            }
            Self::Engine(DiffusionError::Weights { .. } | DiffusionError::Malformed { .. }) => {
                Some("companion models verify tells what is wrong with it".to_owned())
            }
            Self::Undecoded {
                latents: Some(path),
                ..
            } => Some(format!(
                "nothing is lost: companion imagine --latents {} decodes it when there is more \
                 memory",
                shown_path(path)
            )),
            _ => None,
        }
    }
}
