//! What the samplers of k-diffusion have in common: they count in σ, where `sample = x₀ + σ·noise`.

use super::Plan;
use super::config::{PredictionType, SchedulerConfig};
use super::prediction::{denoised_in_sigma, zip};
use super::spacing::Levels;

/// The levels of a run and where in them it begins.
pub(super) struct SigmaSpace {
    levels: Levels,
    skipped: usize,
    prediction: PredictionType,
}

impl SigmaSpace {
    pub fn new(config: &SchedulerConfig, levels: Levels, plan: &Plan) -> Self {
        Self {
            skipped: plan.skipped.min(levels.timesteps.len()),
            levels,
            prediction: config.prediction_type(),
        }
    }

    pub fn timesteps(&self) -> &[f32] {
        &self.levels.timesteps[self.skipped..]
    }

    #[cfg(test)]
    pub fn sigmas(&self) -> &[f32] {
        &self.levels.sigmas
    }

    pub fn init_noise_sigma(&self) -> f32 {
        self.levels.init_noise_sigma()
    }

    /// The noise level before step `i` of this run; after the last step, the result's.
    pub fn sigma(&self, i: usize) -> f32 {
        let sigmas = &self.levels.sigmas;
        sigmas
            .get(self.skipped + i)
            .or(sigmas.last())
            .copied()
            .unwrap_or(0.0)
    }

    /// `x / sqrt(σ² + 1)`: what the model sees has unit variance (arXiv 2206.00364, table 1, `c_in`).
    pub fn scale_model_input(sigma: f32, sample: &[f32]) -> Vec<f32> {
        let scale = (sigma * sigma + 1.0).sqrt();
        sample.iter().map(|x| x / scale).collect()
    }

    pub fn denoised(&self, sigma: f32, model_output: &[f32], sample: &[f32]) -> Vec<f32> {
        denoised_in_sigma(self.prediction, sigma, model_output, sample)
    }

    /// `dx/dσ = (x − x₀) / σ` (arXiv 2206.00364, equation 3).
    pub fn derivative(sigma: f32, denoised: &[f32], sample: &[f32]) -> Vec<f32> {
        zip(sample, denoised, |x, x0| (x - x0) / sigma)
    }

    pub fn add_noise(&self, original: &[f32], noise: &[f32], i: usize) -> Vec<f32> {
        let sigma = self.sigma(i);
        zip(original, noise, |x0, noise| x0 + noise * sigma)
    }
}

/// The parts of [`super::Scheduler`] that are the same for every sampler with a field `space: SigmaSpace`.
macro_rules! in_sigma_space {
    () => {
        in_sigma_space!(all but scale_model_input);

        fn scale_model_input(&self, sample: &[f32], i: usize) -> Vec<f32> {
            SigmaSpace::scale_model_input(self.space.sigma(i), sample)
        }
    };
    (all but scale_model_input) => {
        fn timesteps(&self) -> &[f32] {
            self.space.timesteps()
        }

        #[cfg(test)]
        fn sigmas(&self) -> Option<&[f32]> {
            Some(self.space.sigmas())
        }

        fn init_noise_sigma(&self) -> f32 {
            self.space.init_noise_sigma()
        }

        fn add_noise(&self, original: &[f32], noise: &[f32], i: usize) -> Vec<f32> {
            self.space.add_noise(original, noise, i)
        }
    };
}
pub(super) use in_sigma_space;
