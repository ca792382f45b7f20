//! Linear multistep, Adams–Bashforth on uneven steps (diffusers' `scheduling_lms_discrete.py`): the slope is
//! the polynomial through the last four, integrated over the step.
//!
//! In image-to-image diffusers takes the coefficients of four slopes before it has that many, which overshoots
//! (the first step by 2.3 times); here the order grows with the slopes that there are. From pure noise both agree.

use std::collections::VecDeque;

use super::config::SchedulerConfig;
use super::noise_schedule::{BetaDefaults, ZeroTerminalSnr, alphas_cumprod, training_sigmas};
use super::prediction::accumulate;
use super::sigma_space::{SigmaSpace, in_sigma_space};
use super::spacing::k_levels;
use super::{NoiseSource, Plan, Scheduler};

const ORDER: usize = 4;

pub(super) struct Lms {
    space: SigmaSpace,
    /// The newest first.
    derivatives: VecDeque<Vec<f32>>,
}

impl Lms {
    pub fn new(config: &SchedulerConfig, plan: &Plan) -> Self {
        let training = training_sigmas(&alphas_cumprod(
            config,
            BetaDefaults::DDPM,
            ZeroTerminalSnr::Ignored,
        ));
        let levels = k_levels(config, &training, plan, 0.0);
        Self {
            space: SigmaSpace::new(config, levels, plan),
            derivatives: VecDeque::with_capacity(ORDER),
        }
    }

    /// The integral over step `i` of the Lagrange polynomial that is 1 at the slope `which` steps ago and 0 at
    /// the others. Gauss–Legendre's two points are exact for its third degree.
    fn coefficient(&self, order: usize, i: usize, which: usize) -> f64 {
        let sigma = |back: usize| f64::from(self.space.sigma(i - back));
        let (from, to) = (sigma(0), f64::from(self.space.sigma(i + 1)));
        let polynomial = |tau: f64| {
            (0..order)
                .filter(|k| *k != which)
                .map(|k| (tau - sigma(k)) / (sigma(which) - sigma(k)))
                .product::<f64>()
        };
        let (middle, half) = (f64::midpoint(from, to), (to - from) / 2.0);
        let offset = half / 3f64.sqrt();
        half * (polynomial(middle - offset) + polynomial(middle + offset))
    }
}

impl Scheduler for Lms {
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
        let denoised = self.pred_original_sample(model_output, i, sample);
        self.derivatives.truncate(ORDER - 1);
        self.derivatives.push_front(SigmaSpace::derivative(
            self.space.sigma(i),
            &denoised,
            sample,
        ));
        let order = self.derivatives.len().min(i + 1);
        let mut sample = sample.to_vec();
        for (which, derivative) in self.derivatives.iter().take(order).enumerate() {
            accumulate(&mut sample, self.coefficient(order, i, which), derivative);
        }
        sample
    }
}
