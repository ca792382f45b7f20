//! `text_encoder/config.json`.

use std::path::Path;

use serde::Deserialize;

use super::super::error::DiffusionError;
use super::super::tensor::Activation;
use super::{Check, component_config};

/// The shape of a `CLIPTextModel`.
#[derive(Clone, Debug)]
pub(crate) struct ClipTextConfig {
    /// Tokens that there are.
    pub(crate) vocab_size: usize,
    /// Width of the states.
    pub(crate) hidden_size: usize,
    /// Width within the feed-forward layers.
    pub(crate) intermediate_size: usize,
    /// Layers.
    pub(crate) num_hidden_layers: usize,
    /// Heads of each layer's attention.
    pub(crate) num_attention_heads: usize,
    /// Longest sequence, in tokens.
    pub(crate) max_position_embeddings: usize,
    /// Epsilon of the normalizations.
    pub(crate) layer_norm_eps: f64,
    /// Activation of the feed-forward layers.
    pub(crate) hidden_act: Activation,
    /// Width of the pooled projection, for `CLIPTextModelWithProjection`.
    pub(crate) projection_dim: Option<usize>,
    /// Where the pooled state is taken from: the first of these tokens.
    pub(crate) eos_token_id: u32,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default)]
    architectures: Vec<String>,
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    #[serde(default = "context")]
    max_position_embeddings: usize,
    #[serde(default = "epsilon")]
    layer_norm_eps: f64,
    #[serde(default = "activation")]
    hidden_act: String,
    #[serde(default = "projection")]
    projection_dim: usize,
    #[serde(default = "legacy_eos")]
    eos_token_id: u32,
}

// The defaults of transformers' CLIPTextConfig.
const fn context() -> usize {
    77
}
const fn epsilon() -> f64 {
    1e-5
}
fn activation() -> String {
    "quick_gelu".to_owned()
}
const fn projection() -> usize {
    512
}
const fn legacy_eos() -> u32 {
    2
}

impl ClipTextConfig {
    /// Reads the configuration in a component's folder.
    ///
    /// # Errors
    /// If it can't be read, is malformed, or describes no text encoder of CLIP's kind.
    pub(crate) fn read(folder: &Path) -> Result<Self, DiffusionError> {
        let (raw, path): (Raw, _) = component_config(folder)?;
        Self::validate(raw, &path)
    }

    fn validate(raw: Raw, path: &Path) -> Result<Self, DiffusionError> {
        let check = Check { path };
        let hidden_act = match raw.hidden_act.as_str() {
            "quick_gelu" => Activation::QuickGelu,
            "gelu" => Activation::Gelu,
            other => return check.refuse("hidden_act", format!("{other:?} is not known")),
        };
        let with_projection = match raw.architectures.first().map(String::as_str) {
            Some("CLIPTextModelWithProjection") => true,
            Some("CLIPTextModel") | None => false,
            Some(other) => {
                return check.refuse("architectures", format!("{other} is not supported"));
            }
        };
        check.divides(
            "num_attention_heads",
            raw.num_attention_heads,
            raw.hidden_size,
        )?;
        if !(raw.layer_norm_eps > 0.0 && raw.layer_norm_eps < 1.0) {
            return check.refuse("layer_norm_eps", "it is no small positive number");
        }
        if raw.vocab_size == 0 || raw.vocab_size > 1 << 20 {
            return check.refuse("vocab_size", format!("{} tokens", raw.vocab_size));
        }
        Ok(Self {
            vocab_size: raw.vocab_size,
            hidden_size: check.width("hidden_size", raw.hidden_size)?,
            intermediate_size: check.width("intermediate_size", raw.intermediate_size)?,
            num_hidden_layers: check
                .depth("num_hidden_layers", raw.num_hidden_layers)?
                .max(1),
            num_attention_heads: raw.num_attention_heads,
            max_position_embeddings: check
                .width("max_position_embeddings", raw.max_position_embeddings)?,
            layer_norm_eps: raw.layer_norm_eps,
            hidden_act,
            projection_dim: if with_projection {
                Some(check.width("projection_dim", raw.projection_dim)?)
            } else {
                None
            },
            eos_token_id: raw.eos_token_id,
        })
    }
}
