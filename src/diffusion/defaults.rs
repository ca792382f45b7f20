//! What a model is used with when nobody says otherwise: `companion.toml` beside its weights.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;

use super::error::DiffusionError;
use super::preview::LatentRgb;
use crate::protocol::{SchedulerName, Sigmas};

/// The file's name.
pub(crate) const FILE: &str = "companion.toml";

/// A model's own defaults.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ModelDefaults {
    /// A line about the model, for lists.
    pub description: Option<String>,
    /// Width and height in pixels.
    pub size: Option<(u32, u32)>,
    /// How many steps.
    pub num_inference_steps: Option<u32>,
    /// How strongly the prompt pulls.
    pub guidance_scale: Option<f32>,
    /// The sampler.
    pub scheduler: Option<SchedulerName>,
    /// How it spaces its noise levels.
    pub sigmas: Option<Sigmas>,
    /// How many of the text encoder's last layers are left out.
    pub clip_skip: Option<u32>,
    /// What is not wanted, when nothing is said of it.
    pub negative_prompt: Option<String>,
    /// From latents to the colours of a preview.
    pub preview: Option<LatentRgb>,
}

impl ModelDefaults {
    /// Reads the file in a model's folder, or beside a model in one file (`name.toml` beside
    /// `name.safetensors`); a model without one has none.
    ///
    /// # Errors
    /// If it can't be read, or says what is not understood.
    pub fn read(model: &Path) -> Result<Self, DiffusionError> {
        let path = if model.is_dir() {
            model.join(FILE)
        } else {
            model.with_extension("toml")
        };
        match fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text)
                .map_err(|error| DiffusionError::malformed(&path, error.message())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(DiffusionError::read(&path, error)),
        }
    }
}
