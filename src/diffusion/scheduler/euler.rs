//! Euler (arXiv 2206.00364, algorithm 2 without churn; diffusers' `scheduling_euler_discrete.py`).

use super::config::SchedulerConfig;
use super::noise_schedule::{BetaDefaults, ZeroTerminalSnr, alphas_cumprod, training_sigmas};
use super::prediction::zip;
use super::sigma_space::{SigmaSpace, in_sigma_space};
use super::spacing::{final_sigma, k_levels};
use super::{NoiseSource, Plan, Scheduler};

pub(super) struct Euler {
    space: SigmaSpace,
}

impl Euler {
    pub fn new(config: &SchedulerConfig, plan: &Plan) -> Self {
        let training = training_sigmas(&alphas_cumprod(
            config,
            BetaDefaults::DDPM,
            ZeroTerminalSnr::NearlyZero,
        ));
        let levels = k_levels(config, &training, plan, final_sigma(config, &training));
        Self {
            space: SigmaSpace::new(config, levels, plan),
        }
    }
}

impl Scheduler for Euler {
    in_sigma_space!();

    fn pred_original_sample(&self, model_output: &[f32], i: usize, sample: &[f32]) -> Vec<f32> {
        self.space
            .denoised(self.space.sigma(i), model_output, sample)
    }

    fn step(
        &mut self,
        model_output: &[f32],
        i: usize,
        sample: &[f32],
        _: NoiseSource<'_>,
    ) -> Vec<f32> {
        let (sigma, next) = (self.space.sigma(i), self.space.sigma(i + 1));
        let denoised = self.space.denoised(sigma, model_output, sample);
        let derivative = SigmaSpace::derivative(sigma, &denoised, sample);
        zip(sample, &derivative, |x, slope| x + slope * (next - sigma))
    }
}
