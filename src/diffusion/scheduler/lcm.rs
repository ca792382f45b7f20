//! Multistep consistency sampling (arXiv 2310.04378, algorithm 3; diffusers' `scheduling_lcm.py`).

use super::config::{PredictionType, SchedulerConfig};
use super::noise_schedule::{BetaDefaults, ZeroTerminalSnr, alphas_cumprod};
use super::prediction::{denoised_in_alpha, lerp, roots, zip};
use super::{NoiseSource, Plan, Scheduler};

pub(super) struct Lcm {
    timesteps: Vec<f32>,
    alphas_cumprod: Vec<f32>,
    prediction: PredictionType,
    timestep_scaling: f64,
    clip: Option<f32>,
}

/// How many steps the distilled solver had.
pub(super) fn original_inference_steps(config: &SchedulerConfig) -> usize {
    config
        .original_inference_steps
        .unwrap_or(50)
        .clamp(1, config.num_train_timesteps())
}

impl Lcm {
    pub fn new(config: &SchedulerConfig, plan: &Plan) -> Self {
        let original = original_inference_steps(config);
        let ratio = config.num_train_timesteps() / original;
        let distilled: Vec<usize> = (1..=original).rev().map(|i| i * ratio - 1).collect();
        let stride = original as f64 / plan.num_inference_steps as f64;
        Self {
            timesteps: (0..plan.num_inference_steps)
                .skip(plan.skipped)
                .map(|i| distilled[(i as f64 * stride) as usize] as f32)
                .collect(),
            alphas_cumprod: alphas_cumprod(config, BetaDefaults::LCM, ZeroTerminalSnr::Exact),
            prediction: config.prediction_type(),
            timestep_scaling: config.timestep_scaling.unwrap_or(10.0),
            clip: config
                .clip_sample
                .unwrap_or(false)
                .then(|| config.clip_sample_range.unwrap_or(1.0)),
        }
    }

    fn roots(&self, i: usize) -> (f32, f32) {
        roots(self.alphas_cumprod[self.timesteps[i] as usize])
    }
}

impl Scheduler for Lcm {
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

    /// The consistency function `c_skip·x + c_out·x₀` (arXiv 2310.04378, equation 9), with `σ_data` = 0.5.
    fn pred_original_sample(&self, model_output: &[f32], i: usize, sample: &[f32]) -> Vec<f32> {
        const SIGMA_DATA: f64 = 0.5;
        let mut x0 = denoised_in_alpha(self.prediction, self.roots(i), model_output, sample);
        if let Some(range) = self.clip {
            for value in &mut x0 {
                *value = value.clamp(-range, range);
            }
        }
        let scaled = f64::from(self.timesteps[i]) * self.timestep_scaling;
        let variance = scaled * scaled + SIGMA_DATA * SIGMA_DATA;
        lerp(
            scaled / variance.sqrt(),
            &x0,
            SIGMA_DATA * SIGMA_DATA / variance,
            sample,
        )
    }

    fn step(
        &mut self,
        model_output: &[f32],
        i: usize,
        sample: &[f32],
        noise: NoiseSource<'_>,
    ) -> Vec<f32> {
        let denoised = self.pred_original_sample(model_output, i, sample);
        if i + 1 >= self.timesteps.len() {
            return denoised;
        }
        let (alpha, sigma) = self.roots(i + 1);
        let noise = noise(sample.len());
        zip(&denoised, &noise, |x0, noise| alpha * x0 + sigma * noise)
    }

    fn add_noise(&self, original: &[f32], noise: &[f32], i: usize) -> Vec<f32> {
        if i >= self.timesteps.len() {
            return original.to_vec();
        }
        let (alpha, sigma) = self.roots(i);
        zip(original, noise, |x0, noise| alpha * x0 + sigma * noise)
    }
}
