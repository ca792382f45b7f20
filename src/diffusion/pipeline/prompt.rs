//! From tokens to the states that the UNet attends to.

use burn_tensor::DType;

use super::super::error::DiffusionError;
use super::super::model::clip::ClipTextModel;
use super::super::prompt::Chunk;
use super::super::tensor::{Device, Tensor, as_f32, to_device, to_host};
use super::execute;

/// What the UNet is told of a prompt.
pub(crate) struct PromptEmbeds {
    /// `[1, n, cross_attention_dim]`.
    pub(crate) states: Tensor<3>,
    /// SDXL's pooled state, `[1, d]`.
    pub(crate) pooled: Option<Tensor<2>>,
}

impl PromptEmbeds {
    /// As SDXL takes no negative prompt: `force_zeros_for_empty_prompt`.
    pub(crate) fn zeros(&self) -> Self {
        Self {
            states: self.states.zeros_like(),
            pooled: self.pooled.as_ref().map(Tensor::zeros_like),
        }
    }
}

/// Which states of an encoder a family takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextLayer {
    /// Stable Diffusion 1.x and 2.x: the last, normalized; with so many layers left out.
    Normalized(usize),
    /// SDXL: those before so many of the last layers, as they are.
    Raw(usize),
}

/// A text encoder, and how its family reads it.
pub(crate) struct TextEncoder<'a> {
    /// The network.
    pub(crate) model: &'a ClipTextModel,
    /// Which of its states.
    pub(crate) layer: TextLayer,
    /// Whether its pooled state is wanted.
    pub(crate) pools: bool,
}

/// Encodes a prompt with every encoder of the model, side by side.
///
/// # Errors
/// If the tokens are not the encoder's, or the device fails.
pub(crate) fn encode(
    encoders: &[(TextEncoder<'_>, &[Chunk])],
    device: &Device,
    dtype: DType,
) -> Result<PromptEmbeds, DiffusionError> {
    execute("the text encoder", device, || {
        let mut states = Vec::with_capacity(encoders.len());
        let mut pooled = None;
        for (encoder, chunks) in encoders {
            let ids: Vec<Vec<u32>> = chunks.iter().map(|chunk| chunk.ids.clone()).collect();
            let out = encoder.model.forward(&ids)?;
            let left_out = match encoder.layer {
                TextLayer::Normalized(layers) | TextLayer::Raw(layers) => layers,
            };
            let layer = out.hidden_states.len().checked_sub(left_out + 1);
            let Some(hidden) = layer.and_then(|layer| out.hidden_states.get(layer)) else {
                return Err(DiffusionError::Request(format!(
                    "the text encoder has only {} layers to leave out",
                    encoder.model.depth()
                )));
            };
            let hidden = match encoder.layer {
                TextLayer::Normalized(0) => out.last_hidden_state,
                TextLayer::Normalized(_) => encoder.model.normalize(hidden.clone()),
                TextLayer::Raw(_) => hidden.clone(),
            };
            let [count, length, width] = hidden.dims();
            let hidden = weigh(hidden, chunks)?;
            states.push(to_device(hidden, [1, count * length, width], device, dtype));
            if encoder.pools {
                let [_, width] = out.pooled.dims();
                pooled = Some(out.pooled.slice([0..1, 0..width]));
            }
        }
        Ok(PromptEmbeds {
            states: Tensor::cat(states, 2),
            pooled,
        })
    })
}

/// Multiplies each token's state by its weight, and keeps the mean of each chunk, as A1111's web UI
/// does: `states: [chunks, n, d]`.
fn weigh(states: Tensor<3>, chunks: &[Chunk]) -> Result<Vec<f32>, DiffusionError> {
    let [_, length, width] = states.dims();
    let mut numbers = to_host(as_f32(states), "the text encoder")?;
    let weighted = numbers.chunks_mut(length * width).zip(chunks);
    for (states, chunk) in weighted.filter(|(_, chunk)| chunk.is_weighted()) {
        let before = mean(states);
        for (state, weight) in states.chunks_mut(width).zip(&chunk.weights) {
            for number in state {
                *number *= weight;
            }
        }
        let after = mean(states);
        if after.abs() > 1e-9 {
            let factor = (before / after) as f32;
            for number in states {
                *number *= factor;
            }
        }
    }
    Ok(numbers)
}

fn mean(numbers: &[f32]) -> f64 {
    numbers.iter().copied().map(f64::from).sum::<f64>() / numbers.len().max(1) as f64
}
