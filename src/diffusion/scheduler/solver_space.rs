//! What the multistep solvers have in common: they count in `λ = ln(α/σ)`, where `sample = α·x₀ + σ·noise` and
//! `α² + σ² = 1`, and remember what the model said of `x₀`.

use super::Plan;
use super::config::{PredictionType, SchedulerConfig};
use super::noise_schedule::training_sigmas;
use super::prediction::{alpha_sigma, alpha_sigma_f32, denoised_in_alpha, zip};
use super::spacing::{Levels, solver_levels};

/// The levels of a run and where in them it begins.
pub(super) struct SolverSpace {
    levels: Levels,
    skipped: usize,
    prediction: PredictionType,
}

impl SolverSpace {
    /// `last` is how many of the training's timesteps count.
    pub fn new(config: &SchedulerConfig, alphas_cumprod: &[f32], plan: &Plan, last: usize) -> Self {
        let levels = solver_levels(config, &training_sigmas(alphas_cumprod), plan, last);
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

    /// The noise level before step `i` of this run; after the last step, the result's.
    pub fn sigma(&self, i: usize) -> f32 {
        let sigmas = &self.levels.sigmas;
        sigmas
            .get(self.skipped + i)
            .or(sigmas.last())
            .copied()
            .unwrap_or(0.0)
    }

    /// How many steps are still to come, step `i` included.
    pub fn steps_left(&self, i: usize) -> usize {
        self.timesteps().len().saturating_sub(i)
    }

    /// How many steps the whole run has, those that are left out included.
    pub fn num_inference_steps(&self) -> usize {
        self.levels.timesteps.len()
    }

    /// The number of step `i` in the whole run.
    pub fn step_index(&self, i: usize) -> usize {
        self.skipped + i
    }

    pub fn prediction(&self) -> PredictionType {
        self.prediction
    }

    pub fn denoised(&self, model_output: &[f32], i: usize, sample: &[f32]) -> Vec<f32> {
        denoised_in_alpha(
            self.prediction,
            alpha_sigma_f32(self.sigma(i)),
            model_output,
            sample,
        )
    }

    /// `(α, σ)` before step `i`.
    pub fn alpha_sigma(&self, i: usize) -> (f64, f64) {
        alpha_sigma(self.sigma(i))
    }

    pub fn add_noise(&self, original: &[f32], noise: &[f32], i: usize) -> Vec<f32> {
        let (alpha, sigma) = alpha_sigma_f32(self.sigma(i));
        zip(original, noise, |x0, noise| alpha * x0 + sigma * noise)
    }
}

/// The parts of [`super::Scheduler`] that are the same for every sampler whose `space: SolverSpace` is found on
/// the given path of fields.
macro_rules! in_solver_space {
    ($($field:ident)?) => {
        fn timesteps(&self) -> &[f32] {
            self.$($field.)?space.timesteps()
        }

        #[cfg(test)]
        fn sigmas(&self) -> Option<&[f32]> {
            Some(self.$($field.)?space.sigmas())
        }

        fn init_noise_sigma(&self) -> f32 {
            1.0
        }

        fn scale_model_input(&self, sample: &[f32], _: usize) -> Vec<f32> {
            sample.to_vec()
        }

        fn pred_original_sample(&self, model_output: &[f32], i: usize, sample: &[f32]) -> Vec<f32> {
            self.$($field.)?space.denoised(model_output, i, sample)
        }

        fn add_noise(&self, original: &[f32], noise: &[f32], i: usize) -> Vec<f32> {
            self.$($field.)?space.add_noise(original, noise, i)
        }
    };
}
pub(super) use in_solver_space;
