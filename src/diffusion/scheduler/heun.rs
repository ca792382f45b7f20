//! Heun's second-order step (arXiv 2206.00364, algorithm 1; diffusers' `scheduling_heun_discrete.py`): the model
//! is called at both ends of each step but the last.

use super::config::SchedulerConfig;
use super::noise_schedule::{BetaDefaults, ZeroTerminalSnr, alphas_cumprod, training_sigmas};
use super::prediction::zip;
use super::sigma_space::{SigmaSpace, in_sigma_space};
use super::spacing::k_levels;
use super::{NoiseSource, Plan, Scheduler};

pub(super) struct Heun {
    space: SigmaSpace,
    clip: Option<f32>,
    /// What the first of a step's two calls left.
    first: Option<FirstCall>,
}

struct FirstCall {
    derivative: Vec<f32>,
    dt: f32,
    sample: Vec<f32>,
}

impl Heun {
    pub fn new(config: &SchedulerConfig, plan: &Plan) -> Self {
        let training = training_sigmas(&alphas_cumprod(
            config,
            BetaDefaults::HEUN,
            ZeroTerminalSnr::Ignored,
        ));
        let levels = k_levels(config, &training, plan, 0.0).doubled();
        Self {
            space: SigmaSpace::new(config, levels, plan),
            clip: config
                .clip_sample
                .unwrap_or(false)
                .then(|| config.clip_sample_range.unwrap_or(1.0)),
            first: None,
        }
    }
}

impl Scheduler for Heun {
    in_sigma_space!();

    fn pred_original_sample(&self, model_output: &[f32], i: usize, sample: &[f32]) -> Vec<f32> {
        // the level is that of the sample in both calls: the second one's sigma is the first one's next
        let mut denoised = self
            .space
            .denoised(self.space.sigma(i), model_output, sample);
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
        let sigma = self.space.sigma(i);
        let denoised = self.pred_original_sample(model_output, i, sample);
        let derivative = SigmaSpace::derivative(sigma, &denoised, sample);
        let Some(first) = self.first.take() else {
            let dt = self.space.sigma(i + 1) - sigma;
            let next = zip(sample, &derivative, |x, slope| x + slope * dt);
            self.first = Some(FirstCall {
                derivative,
                dt,
                sample: sample.to_vec(),
            });
            return next;
        };
        let mean = zip(&first.derivative, &derivative, f32::midpoint);
        zip(&first.sample, &mean, |x, slope| x + slope * first.dt)
    }
}
