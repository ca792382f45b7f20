//! The loop: latents in, latents with less noise out, step by step.

use std::ops::ControlFlow;

use burn_tensor::DType;

use super::super::error::DiffusionError;
use super::super::model::embeddings::Timesteps;
use super::super::model::unet::{UNet2DConditionModel, UNetConditions};
use super::super::scheduler::{NoiseSource, Scheduler};
use super::super::tensor::{Device, Tensor, to_device, to_host};
use super::execute;
use super::prompt::PromptEmbeds;

/// What the loop needs beside the latents.
pub(crate) struct Denoising<'a> {
    /// The network.
    pub(crate) unet: &'a UNet2DConditionModel,
    /// Where it computes.
    pub(crate) device: &'a Device,
    /// In what it computes.
    pub(crate) dtype: DType,
    /// What is wanted.
    pub(crate) prompt: &'a PromptEmbeds,
    /// What is not wanted, and how strongly; `None` is without guidance.
    pub(crate) guidance: Option<Guidance<'a>>,
    /// SDXL's time ids.
    pub(crate) time_ids: Option<[f32; 6]>,
    /// The guidance embedding of distilled models: its width and the scale.
    pub(crate) embedded_guidance: Option<(usize, f32)>,
    /// Where it paints.
    pub(crate) inpaint: Option<&'a Inpaint>,
    /// Whether both halves of a guided step go through the network at once: faster on a GPU, and
    /// twice the memory.
    pub(crate) batched: bool,
}

/// Classifier-free guidance (arXiv 2207.12598).
#[derive(Clone, Copy)]
pub(crate) struct Guidance<'a> {
    /// The states of the negative prompt.
    pub(crate) negative: &'a PromptEmbeds,
    /// `guidance_scale`.
    pub(crate) scale: f32,
    /// `guidance_rescale`, 0 to 1.
    pub(crate) rescale: f32,
}

/// A picture that is kept where the mask is 0.
pub(crate) struct Inpaint {
    /// 1 where it is painted, `[h · w]`.
    pub(crate) mask: Vec<f32>,
    /// The latents that are kept, `[4 · h · w]`.
    pub(crate) original: Vec<f32>,
    /// The noise that they are mixed with.
    pub(crate) noise: Vec<f32>,
    /// For a UNet of nine channels: the latents of the picture with a hole, `[4 · h · w]`.
    pub(crate) masked: Option<Vec<f32>>,
}

/// One step of the loop, as [`Denoising::run`] shows it.
pub(crate) struct Step<'a> {
    /// From 0.
    pub(crate) index: usize,
    /// How many there are.
    pub(crate) total: usize,
    /// The network's estimate of the latents without noise, `[4 · h · w]`.
    pub(crate) estimate: &'a [f32],
}

impl Denoising<'_> {
    /// `latents: [c, h, w]` as the scheduler's first step wants them; gives them without noise.
    ///
    /// # Errors
    /// If `on_step` breaks off, or the device fails.
    pub(crate) fn run(
        &self,
        scheduler: &mut dyn Scheduler,
        mut latents: Vec<f32>,
        shape: [usize; 3],
        noise: NoiseSource<'_>,
        on_step: &mut dyn FnMut(Step<'_>) -> ControlFlow<()>,
    ) -> Result<Vec<f32>, DiffusionError> {
        let timesteps = scheduler.timesteps().to_vec();
        let conditions = self.conditions();
        for (index, timestep) in timesteps.iter().enumerate() {
            let sample = scheduler.scale_model_input(&latents, index);
            let input = self.input(sample, shape);
            let output = self.predict(input, *timestep, &conditions)?;
            let estimate = scheduler.pred_original_sample(&output, index, &latents);
            latents = scheduler.step(&output, index, &latents, noise);
            if let Some(inpaint) = self.inpaint.filter(|inpaint| inpaint.masked.is_none()) {
                let original = if index + 1 < timesteps.len() {
                    scheduler.add_noise(&inpaint.original, &inpaint.noise, index + 1)
                } else {
                    inpaint.original.clone()
                };
                keep(&mut latents, &original, &inpaint.mask);
            }
            let step = Step {
                index,
                total: timesteps.len(),
                estimate: &estimate,
            };
            if on_step(step).is_break() {
                return Err(DiffusionError::Cancelled);
            }
        }
        Ok(latents)
    }

    /// What goes into the network: `[1, in_channels, h, w]`.
    fn input(&self, mut sample: Vec<f32>, [channels, height, width]: [usize; 3]) -> Tensor<4> {
        let mut total = channels;
        if let Some((inpaint, masked)) = self
            .inpaint
            .and_then(|inpaint| Some((inpaint, inpaint.masked.as_ref()?)))
        {
            sample.extend_from_slice(&inpaint.mask);
            sample.extend_from_slice(masked);
            total += 1 + channels;
        }
        to_device(sample, [1, total, height, width], self.device, self.dtype)
    }

    /// The network's word on one sample, guided: `[c · h · w]`.
    fn predict(
        &self,
        input: Tensor<4>,
        timestep: f32,
        conditions: &[UNetConditions],
    ) -> Result<Vec<f32>, DiffusionError> {
        let forward = |input, conditions| {
            execute("the UNet", self.device, || {
                to_host(self.unet.forward(input, timestep, conditions), "the UNet")
            })
        };
        let Some(guidance) = self.guidance else {
            let conditions = conditions.first().expect("the prompt's are always there");
            return forward(input, conditions);
        };
        let (text, negative) = match conditions {
            [both] => {
                let twice = Tensor::cat(vec![input.clone(), input], 0);
                let mut both = forward(twice, both)?;
                let text = both.split_off(both.len() / 2);
                (text, both)
            }
            conditions => {
                let mut outputs = conditions
                    .iter()
                    .map(|conditions| forward(input.clone(), conditions));
                let negative = outputs.next().expect("two with guidance")?;
                (outputs.next().expect("two with guidance")?, negative)
            }
        };
        Ok(guide(&text, &negative, guidance.scale, guidance.rescale))
    }

    /// One for each forward pass of a step, the negative one first, as in diffusers.
    fn conditions(&self) -> Vec<UNetConditions> {
        let each: Vec<&PromptEmbeds> = self
            .guidance
            .map(|guidance| guidance.negative)
            .into_iter()
            .chain([self.prompt])
            .collect();
        if self.batched {
            return vec![self.condition(&each)];
        }
        each.into_iter()
            .map(|embeds| self.condition(&[embeds]))
            .collect()
    }

    fn condition(&self, embeds: &[&PromptEmbeds]) -> UNetConditions {
        let states = embeds.iter().map(|embeds| embeds.states.clone()).collect();
        let added = self.time_ids.and_then(|time_ids| {
            let pooled: Option<Vec<_>> =
                embeds.iter().map(|embeds| embeds.pooled.clone()).collect();
            Some((Tensor::cat(pooled?, 0), time_ids.repeat(embeds.len())))
        });
        let timestep_cond = self.embedded_guidance.map(|(width, scale)| {
            // get_guidance_scale_embedding of diffusers' LatentConsistencyModelPipeline.
            let timesteps = Timesteps {
                width,
                flip_sin_to_cos: false,
                freq_shift: 1.0,
            };
            let values = vec![(scale - 1.0) * 1000.0; embeds.len()];
            timesteps.forward(&values, self.device, self.dtype)
        });
        UNetConditions {
            encoder_hidden_states: Tensor::cat(states, 0),
            added,
            timestep_cond,
        }
    }
}

/// `negative + scale (text − negative)`, and if wanted with the spread of `text` (arXiv 2305.08891,
/// section 3.4).
fn guide(text: &[f32], negative: &[f32], scale: f32, rescale: f32) -> Vec<f32> {
    let mut guided: Vec<f32> = negative
        .iter()
        .zip(text)
        .map(|(negative, text)| negative + scale * (text - negative))
        .collect();
    if rescale > 0.0 {
        let ratio = deviation(text) / deviation(&guided).max(f64::MIN_POSITIVE);
        let factor = (f64::from(rescale) * ratio + 1.0 - f64::from(rescale)) as f32;
        for value in &mut guided {
            *value *= factor;
        }
    }
    guided
}

fn deviation(values: &[f32]) -> f64 {
    let count = values.len().max(1) as f64;
    let mean = values.iter().copied().map(f64::from).sum::<f64>() / count;
    let square = |value: &f32| (f64::from(*value) - mean).powi(2);
    (values.iter().map(square).sum::<f64>() / count).sqrt()
}

/// Puts the original back where nothing is painted. `mask` is of one channel.
fn keep(latents: &mut [f32], original: &[f32], mask: &[f32]) {
    let all = latents.iter_mut().zip(original).zip(mask.iter().cycle());
    for ((latent, original), mask) in all {
        *latent = (1.0 - mask) * original + mask * *latent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rescaled_guess_has_the_spread_of_the_text() {
        let (text, negative) = ([1.0, -1.0, 2.0, 0.5], [0.5, 0.0, 1.0, -0.5]);
        let plain = guide(&text, &negative, 3.0, 0.0);
        assert_eq!(plain.as_slice(), [2.0, -3.0, 4.0, 2.5]);
        let rescaled = guide(&text, &negative, 3.0, 1.0);
        assert!((deviation(&rescaled) - deviation(&text)).abs() < 1e-6);
    }

    #[test]
    fn what_is_masked_stays() {
        let mut latents = [1.0, 2.0, 3.0, 4.0];
        keep(&mut latents, &[9.0, 8.0, 7.0, 6.0], &[0.0, 1.0]);
        assert_eq!(latents.as_slice(), [9.0, 2.0, 7.0, 4.0]);
    }
}
