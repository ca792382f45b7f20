//! Euler with ancestral noise: `sample_euler_ancestral` of k-diffusion (diffusers'
//! `scheduling_euler_ancestral_discrete.py`). diffusers knows only discrete sigmas for it; the other spacings
//! are those of Euler.

use super::config::SchedulerConfig;
use super::noise_schedule::{BetaDefaults, ZeroTerminalSnr, alphas_cumprod, training_sigmas};
use super::prediction::accumulate;
use super::sigma_space::{SigmaSpace, in_sigma_space};
use super::spacing::k_levels;
use super::{NoiseSource, Plan, Scheduler};

pub(super) struct EulerAncestral {
    space: SigmaSpace,
}

impl EulerAncestral {
    pub fn new(config: &SchedulerConfig, plan: &Plan) -> Self {
        let training = training_sigmas(&alphas_cumprod(
            config,
            BetaDefaults::DDPM,
            ZeroTerminalSnr::NearlyZero,
        ));
        let levels = k_levels(config, &training, plan, 0.0);
        Self {
            space: SigmaSpace::new(config, levels, plan),
        }
    }
}

/// `(σ_down, σ_up)`: a step to `to` is made as one to `σ_down` and then noise of `σ_up` is added, so that
/// `σ_down² + σ_up² = to²`, with as much noise as the process itself has between the two levels.
pub(super) fn ancestral_step(from: f64, to: f64) -> (f64, f64) {
    let up = (to * to * (from * from - to * to) / (from * from))
        .sqrt()
        .min(to);
    ((to * to - up * up).max(0.0).sqrt(), up)
}

impl Scheduler for EulerAncestral {
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
        noise: NoiseSource<'_>,
    ) -> Vec<f32> {
        let (sigma, next) = (self.space.sigma(i), self.space.sigma(i + 1));
        let (down, up) = ancestral_step(f64::from(sigma), f64::from(next));
        let denoised = self.space.denoised(sigma, model_output, sample);
        let derivative = SigmaSpace::derivative(sigma, &denoised, sample);
        let mut sample = sample.to_vec();
        accumulate(&mut sample, down - f64::from(sigma), &derivative);
        accumulate(&mut sample, up, &noise(model_output.len()));
        sample
    }
}
