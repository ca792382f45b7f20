//! What can go wrong between a request and a picture.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::pipeline::Latents;
use super::prompt::PromptError;
use super::scheduler::SchedulerError;
use super::tokenizer::TokenizerError;

/// An error of the picture engine.
#[derive(Debug, thiserror::Error)]
pub enum DiffusionError {
    /// A file of a model is not there, or the system refuses it.
    #[error("cannot read {}", .path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file of a model is not what its name says.
    #[error("{} is malformed: {reason}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A `config.json` asks for what can't be.
    #[error("{}: {key}: {reason}", .path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// The key in it.
        key: &'static str,
        /// Why its value is refused.
        reason: String,
    },
    /// The model is of a kind that this engine has not.
    #[error("{} is not supported: {what}", .path.display())]
    Unsupported {
        /// The model.
        path: PathBuf,
        /// What it would need.
        what: String,
    },
    /// The weights are not those of the architecture that the configuration describes.
    #[error("the weights of {model} do not fit its configuration: {faults}")]
    Weights {
        /// Which of the models: `unet`, `vae`, `text_encoder`.
        model: String,
        /// What is missing, surplus or misshaped.
        faults: WeightFaults,
    },
    /// The request can't be carried out as it stands.
    #[error("{0}")]
    Request(String),
    /// The model has no pictures of this size.
    #[error(
        "{width}x{height} is no size that this model can do: both sides must be multiples of {multiple}; the nearest is {}x{}",
        .nearest.0, .nearest.1
    )]
    Size {
        /// Width that was asked for, in pixels.
        width: u32,
        /// Height that was asked for, in pixels.
        height: u32,
        /// What both must be multiples of.
        multiple: u32,
        /// Width and height of the nearest possible size.
        nearest: (u32, u32),
    },
    /// The device is not there, or does not compute.
    #[error("the device {device} cannot be used: {reason}")]
    Device {
        /// The device as people name it.
        device: String,
        /// What its probe said.
        reason: String,
    },
    /// The model is larger than the memory that is free.
    #[error(
        "{} takes {:.1} GiB of memory, and {:.1} GiB are free; a smaller model may fit, or end other programs",
        .path.display(), gibibytes(*.needed_bytes), gibibytes(*.available_bytes)
    )]
    Memory {
        /// The model.
        path: PathBuf,
        /// What its networks take.
        needed_bytes: u64,
        /// What there is.
        available_bytes: u64,
    },
    /// A computation failed on the device.
    #[error("{stage} failed on {device}: {reason}")]
    Execution {
        /// What was being computed.
        stage: &'static str,
        /// The device as people name it.
        device: String,
        /// What burn said.
        reason: String,
    },
    /// The picture is done but for its decoding, which the device could not do.
    #[error("the picture could not be decoded: {reason}")]
    Decode {
        /// The finished latents: [`super::Pipeline::decode`] takes them, on this device or another.
        latents: Box<Latents>,
        /// What the last try said.
        reason: String,
    },
    /// The sampler can't be had as asked for.
    #[error(transparent)]
    Scheduler(#[from] SchedulerError),
    /// The vocabulary of the model can't be read.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// The prompt is too long.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// `on_step` broke off.
    #[error("cancelled")]
    Cancelled,
}

fn gibibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 30)
}

impl DiffusionError {
    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read {
            path: path.to_owned(),
            source,
        }
    }

    pub(crate) fn malformed(path: &Path, reason: impl fmt::Display) -> Self {
        Self::Malformed {
            path: path.to_owned(),
            reason: reason.to_string(),
        }
    }
}

/// The names of tensors that stand between a file and a running model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WeightFaults {
    /// The architecture has them, the file has not.
    pub missing: Vec<String>,
    /// The file has them, the architecture has not.
    pub surplus: Vec<String>,
    /// Name, expected shape, actual shape.
    pub misshaped: Vec<(String, Vec<usize>, Vec<usize>)>,
}

impl WeightFaults {
    /// Whether the file and the architecture agree.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.surplus.is_empty() && self.misshaped.is_empty()
    }
}

/// How many names a message holds before it counts the rest.
const NAMES_TOLD: usize = 4;

impl fmt::Display for WeightFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let misshaped: Vec<String> = self
            .misshaped
            .iter()
            .map(|(name, expected, actual)| format!("{name} ({actual:?} for {expected:?})"))
            .collect();
        let mut separator = "";
        for (what, names) in [
            ("missing", &self.missing),
            ("misshaped", &misshaped),
            ("surplus", &self.surplus),
        ] {
            if names.is_empty() {
                continue;
            }
            write!(f, "{separator}{what}: ")?;
            separator = "; ";
            let told = names.iter().take(NAMES_TOLD).cloned().collect::<Vec<_>>();
            f.write_str(&told.join(", "))?;
            if let Some(rest) = names.len().checked_sub(NAMES_TOLD).filter(|rest| *rest > 0) {
                write!(f, " and {rest} more")?;
            }
        }
        Ok(())
    }
}
