//! DDIM without variance (arXiv 2010.02502, equation 12 with η = 0; diffusers' `scheduling_ddim.py`).

use super::config::{PredictionType, SchedulerConfig, TimestepSpacing};
use super::noise_schedule::{BetaDefaults, ZeroTerminalSnr, alphas_cumprod};
use super::prediction::{denoised_in_alpha, noise_in_alpha, roots, zip};
use super::{NoiseSource, Plan, Scheduler, spacing};

pub(super) struct Ddim {
    timesteps: Vec<f32>,
    alphas_cumprod: Vec<f32>,
    final_alpha_cumprod: f32,
    /// The distance between two steps, as diffusers counts it with every spacing.
    step_ratio: i64,
    prediction: PredictionType,
    /// Values beyond it are cut off.
    clip: Option<f32>,
}

impl Ddim {
    pub fn new(config: &SchedulerConfig, plan: &Plan) -> Self {
        let alphas_cumprod = alphas_cumprod(config, BetaDefaults::DDPM, ZeroTerminalSnr::Exact);
        let spacing = plan
            .spacing
            .or(config.timestep_spacing)
            .unwrap_or(TimestepSpacing::Leading);
        let timesteps = spacing::timesteps(config, spacing, plan.num_inference_steps);
        Self {
            timesteps: timesteps
                .into_iter()
                .skip(plan.skipped)
                .map(|t| t.round_ties_even() as f32)
                .collect(),
            final_alpha_cumprod: if config.set_alpha_to_one.unwrap_or(true) {
                1.0
            } else {
                alphas_cumprod[0]
            },
            step_ratio: (config.num_train_timesteps() / plan.num_inference_steps) as i64,
            prediction: config.prediction_type(),
            clip: config
                .clip_sample
                .unwrap_or(true)
                .then(|| config.clip_sample_range.unwrap_or(1.0)),
            alphas_cumprod,
        }
    }

    /// `ᾱ` of a timestep; before the first one it is the final one's.
    fn alpha_cumprod(&self, timestep: i64) -> f32 {
        match usize::try_from(timestep) {
            // an offset can push a timestep past the end of the training
            Ok(timestep) => self.alphas_cumprod[timestep.min(self.alphas_cumprod.len() - 1)],
            Err(_) => self.final_alpha_cumprod,
        }
    }
}

impl Scheduler for Ddim {
    fn timesteps(&self) -> &[f32] {
        &self.timesteps
    }

    #[cfg(test)]
    fn sigmas(&self) -> Option<&[f32]> {
        None
    }

    fn init_noise_sigma(&self) -> f32 {
        1.0
    }

    fn scale_model_input(&self, sample: &[f32], _: usize) -> Vec<f32> {
        sample.to_vec()
    }

    fn pred_original_sample(&self, model_output: &[f32], i: usize, sample: &[f32]) -> Vec<f32> {
        let alpha_sigma = roots(self.alpha_cumprod(self.timesteps[i] as i64));
        let mut denoised = denoised_in_alpha(self.prediction, alpha_sigma, model_output, sample);
        if let Some(range) = self.clip {
            for value in &mut denoised {
                *value = value.clamp(-range, range);
            }
        }
        denoised
    }

    fn step(
        &mut self,
        model_output: &[f32],
        i: usize,
        sample: &[f32],
        _: NoiseSource<'_>,
    ) -> Vec<f32> {
        let timestep = self.timesteps[i] as i64;
        let denoised = self.pred_original_sample(model_output, i, sample);
        let alpha_sigma = roots(self.alpha_cumprod(timestep));
        let epsilon = noise_in_alpha(self.prediction, alpha_sigma, model_output, sample);
        let (alpha, sigma) = roots(self.alpha_cumprod(timestep - self.step_ratio));
        zip(&denoised, &epsilon, |x0, epsilon| {
            alpha * x0 + sigma * epsilon
        })
    }

    fn add_noise(&self, original: &[f32], noise: &[f32], i: usize) -> Vec<f32> {
        let Some(timestep) = self.timesteps.get(i) else {
            return original.to_vec();
        };
        let (alpha, sigma) = roots(self.alpha_cumprod(*timestep as i64));
        zip(original, noise, |x0, noise| alpha * x0 + sigma * noise)
    }
}
