//! Numbers as vectors: `Timesteps` and `TimestepEmbedding`.

use burn_tensor::DType;

use super::super::tensor::{Device, Tensor, silu, to_device};
use super::super::weights::Scope;
use super::layers::Linear;

/// Sines and cosines of falling frequency (arXiv 1706.03762, section 3.5).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timesteps {
    /// Width of the result; even.
    pub(crate) width: usize,
    /// Cosines before sines.
    pub(crate) flip_sin_to_cos: bool,
    /// `downscale_freq_shift` of `get_timestep_embedding`.
    pub(crate) freq_shift: f32,
}

impl Timesteps {
    /// `[values.len(), width]`, in f32 on the host as diffusers computes it.
    pub(crate) fn forward(&self, values: &[f32], device: &Device, dtype: DType) -> Tensor<2> {
        let half = self.width / 2;
        let scale = -10_000_f32.ln() / (half as f32 - self.freq_shift);
        let mut numbers = Vec::with_capacity(values.len() * self.width);
        for value in values {
            let angle = |index: usize| value * (index as f32 * scale).exp();
            let sines = (0..half).map(|index| angle(index).sin());
            let cosines = (0..half).map(|index| angle(index).cos());
            if self.flip_sin_to_cos {
                numbers.extend(cosines.chain(sines));
            } else {
                numbers.extend(sines.chain(cosines));
            }
        }
        to_device(numbers, [values.len(), 2 * half], device, dtype)
    }
}

/// Two linear layers over a [`Timesteps`] vector.
pub(crate) struct TimestepEmbedding {
    linear_1: Linear,
    cond_proj: Option<Linear>,
    linear_2: Linear,
}

impl TimestepEmbedding {
    /// From `inputs` to `outputs`; `condition` is the width of the guidance embedding that
    /// distilled models take.
    pub(crate) fn new(
        scope: &Scope,
        inputs: usize,
        outputs: usize,
        condition: Option<usize>,
    ) -> Self {
        Self {
            linear_1: Linear::new(&scope.at("linear_1"), inputs, outputs),
            cond_proj: condition
                .map(|width| Linear::without_bias(&scope.at("cond_proj"), width, inputs)),
            linear_2: Linear::new(&scope.at("linear_2"), outputs, outputs),
        }
    }

    /// `x: [b, inputs]`, `condition: [b, condition]`; gives `[b, outputs]`.
    pub(crate) fn forward(&self, x: Tensor<2>, condition: Option<Tensor<2>>) -> Tensor<2> {
        let x = match (&self.cond_proj, condition) {
            (Some(projection), Some(condition)) => x + projection.forward(condition),
            _ => x,
        };
        self.linear_2.forward(silu(self.linear_1.forward(x)))
    }
}
