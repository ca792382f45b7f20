//! DPM-Solver++ of the stochastic equation, single-step with a midpoint: `sample_dpmpp_sde` of k-diffusion
//! (diffusers' `scheduling_dpmsolver_sde.py`).
//!
//! The two calls of a step look at the same Brownian path: from the step's level to the midpoint, and from its
//! level to the next one. diffusers takes the path from torchsde's tree, whose numbers depend on that library's
//! own seeding; here the path is put together from one draw for each half, in order. As the halves do not overlap
//! that is the same process, exactly, with other numbers: the picture of a seed is not diffusers'. Given the same
//! path, every number is.

use super::config::SchedulerConfig;
use super::euler_ancestral::ancestral_step;
use super::noise_schedule::{BetaDefaults, ZeroTerminalSnr, alphas_cumprod, training_sigmas};
use super::prediction::{accumulate, lerp};
use super::sigma_space::{SigmaSpace, in_sigma_space};
use super::spacing::{Levels, k_levels, sigma_to_t};
use super::{NoiseSource, Plan, Scheduler};

pub(super) struct DpmPpSde {
    space: SigmaSpace,
    /// What the first of a step's two calls left.
    first: Option<FirstCall>,
}

struct FirstCall {
    sample: Vec<f32>,
    sigma: f64,
    next: f64,
    /// Of unit variance: the path's first half.
    noise: Vec<f32>,
}

/// Halfway in `−ln σ`.
fn midpoint(sigma: f64, next: f64) -> f64 {
    (sigma * next).sqrt()
}

impl DpmPpSde {
    pub fn new(config: &SchedulerConfig, plan: &Plan) -> Self {
        let training = training_sigmas(&alphas_cumprod(
            config,
            BetaDefaults::HEUN,
            ZeroTerminalSnr::Ignored,
        ));
        let levels = with_midpoints(k_levels(config, &training, plan, 0.0), &training);
        Self {
            space: SigmaSpace::new(config, levels, plan),
            first: None,
        }
    }

    /// The noise level of the sample that call `i` is made with.
    fn input_sigma(&self, i: usize) -> f32 {
        match &self.first {
            Some(first) => midpoint(first.sigma, first.next) as f32,
            None => self.space.sigma(i),
        }
    }

    /// From `sigma` to `next` with the ancestral step's noise.
    fn advance(sample: &[f32], denoised: &[f32], sigma: f64, next: f64, noise: &[f32]) -> Vec<f32> {
        let (down, up) = ancestral_step(sigma, next);
        let mut out = lerp(down / sigma, sample, 1.0 - down / sigma, denoised);
        accumulate(&mut out, up, noise);
        out
    }
}

/// The levels twice, with the midpoint's timestep at each second call. The sigmas stay those of the steps.
fn with_midpoints(levels: Levels, training: &[f32]) -> Levels {
    let count = levels.timesteps.len();
    let middles: Vec<f32> = levels.sigmas[..count]
        .windows(2)
        .map(|pair| sigma_to_t(midpoint(f64::from(pair[0]), f64::from(pair[1])), training) as f32)
        .collect();
    let mut doubled = levels.doubled();
    for (timestep, middle) in doubled.timesteps.iter_mut().skip(1).step_by(2).zip(middles) {
        *timestep = middle;
    }
    doubled
}

impl Scheduler for DpmPpSde {
    in_sigma_space!(all but scale_model_input);

    fn scale_model_input(&self, sample: &[f32], i: usize) -> Vec<f32> {
        SigmaSpace::scale_model_input(self.input_sigma(i), sample)
    }

    fn pred_original_sample(&self, model_output: &[f32], i: usize, sample: &[f32]) -> Vec<f32> {
        self.space
            .denoised(self.input_sigma(i), model_output, sample)
    }

    fn step(
        &mut self,
        model_output: &[f32],
        i: usize,
        sample: &[f32],
        noise: NoiseSource<'_>,
    ) -> Vec<f32> {
        let denoised = self.pred_original_sample(model_output, i, sample);
        if let Some(FirstCall {
            sample,
            sigma,
            next,
            noise: half,
        }) = self.first.take()
        {
            // the increments of the halves have the variances of their lengths; the whole is of unit variance again
            let middle = midpoint(sigma, next);
            let whole = sigma - next;
            let other = noise(sample.len());
            let path = lerp(
                ((sigma - middle) / whole).sqrt(),
                &half,
                ((middle - next) / whole).sqrt(),
                &other,
            );
            return Self::advance(&sample, &denoised, sigma, next, &path);
        }
        let (sigma, next) = (
            f64::from(self.space.sigma(i)),
            f64::from(self.space.sigma(i + 1)),
        );
        if next == 0.0 {
            // a plain Euler step down to no noise lands on the picture itself
            return denoised;
        }
        let half = noise(sample.len());
        let out = Self::advance(sample, &denoised, sigma, midpoint(sigma, next), &half);
        self.first = Some(FirstCall {
            sample: sample.to_vec(),
            sigma,
            next,
            noise: half,
        });
        out
    }
}
