//! DPM-Solver++ (2M) (arXiv 2211.01095, algorithm 2; diffusers' `scheduling_dpmsolver_multistep.py` with
//! `dpmsolver++`).

use super::config::{FinalSigmasType, SchedulerConfig, SolverType};
use super::noise_schedule::{BetaDefaults, ZeroTerminalSnr, alphas_cumprod};
use super::prediction::{accumulate, lambda, lerp};
use super::solver_space::{SolverSpace, in_solver_space};
use super::{NoiseSource, Plan, Scheduler};

/// What both forms of DPM-Solver++ (2M) have in common.
pub(super) struct Multistep {
    pub space: SolverSpace,
    pub solver_type: SolverType,
    solver_order: usize,
    lower_order_final: bool,
    euler_at_final: bool,
    is_final_zero: bool,
    /// What the step before said of `x₀`.
    previous: Option<Vec<f32>>,
}

/// The past that a second-order step looks at.
pub(super) struct Slope {
    /// `D₁ = (m₀ − m₁) / r`, where `r` is the last step's length over this one's in λ.
    pub d1: Vec<f32>,
}

impl Multistep {
    pub fn new(config: &SchedulerConfig, plan: &Plan) -> Self {
        let alphas_cumprod =
            alphas_cumprod(config, BetaDefaults::DDPM, ZeroTerminalSnr::NearlyZero);
        let last = timesteps_above(&alphas_cumprod, config.lambda_min_clipped);
        Self {
            space: SolverSpace::new(config, &alphas_cumprod, plan, last),
            solver_type: match config.solver_type {
                Some(SolverType::Heun) => SolverType::Heun,
                _ => SolverType::Midpoint,
            },
            solver_order: config.solver_order.unwrap_or(2),
            lower_order_final: config.lower_order_final.unwrap_or(true),
            euler_at_final: config.euler_at_final.unwrap_or(false),
            is_final_zero: config.final_sigmas_type.unwrap_or_default() == FinalSigmasType::Zero,
            previous: None,
        }
    }

    /// `h = λ_next − λ` of step `i`; infinite where the result has no noise.
    pub fn h(&self, i: usize) -> f64 {
        lambda(self.space.sigma(i + 1)) - lambda(self.space.sigma(i))
    }

    /// Remembers `m₀`. Gives the slope where the step is of second order.
    pub fn slope(&mut self, denoised: &[f32], i: usize) -> Option<Slope> {
        let previous = self.previous.replace(denoised.to_vec())?;
        let is_last = self.space.steps_left(i) == 1;
        let is_short = self.space.num_inference_steps() < 15;
        let is_first_order = self.solver_order == 1
            || is_last
                && (self.euler_at_final
                    || self.is_final_zero
                    || self.lower_order_final && is_short);
        if is_first_order {
            return None;
        }
        let inverse_r = self.h(i) / (lambda(self.space.sigma(i)) - lambda(self.space.sigma(i - 1)));
        Some(Slope {
            d1: lerp(inverse_r, denoised, -inverse_r, &previous),
        })
    }
}

/// How many timesteps there are with `λ ≥ min`: the cosine schedule's last ones are too noisy for the solver.
fn timesteps_above(alphas_cumprod: &[f32], lambda_min_clipped: Option<f64>) -> usize {
    let Some(min) = lambda_min_clipped else {
        return alphas_cumprod.len();
    };
    let lambda = |alpha: f32| f64::from(alpha.sqrt().ln() - (1.0 - alpha).sqrt().ln());
    alphas_cumprod
        .partition_point(|alpha| lambda(*alpha) >= min)
        .max(2)
}

pub(super) struct DpmPp2m {
    multistep: Multistep,
}

impl DpmPp2m {
    pub fn new(config: &SchedulerConfig, plan: &Plan) -> Self {
        Self {
            multistep: Multistep::new(config, plan),
        }
    }
}

impl Scheduler for DpmPp2m {
    in_solver_space!(multistep);

    fn step(
        &mut self,
        model_output: &[f32],
        i: usize,
        sample: &[f32],
        _: NoiseSource<'_>,
    ) -> Vec<f32> {
        let denoised = self.multistep.space.denoised(model_output, i, sample);
        let slope = self.multistep.slope(&denoised, i);
        let h = self.multistep.h(i);
        let (alpha, sigma) = self.multistep.space.alpha_sigma(i + 1);
        let (_, sigma_before) = self.multistep.space.alpha_sigma(i);
        let decay = (-h).exp() - 1.0;
        let mut next = lerp(sigma / sigma_before, sample, -alpha * decay, &denoised);
        if let Some(slope) = slope {
            let weight = match self.multistep.solver_type {
                SolverType::Heun => alpha * (decay / h + 1.0),
                _ => -0.5 * alpha * decay,
            };
            accumulate(&mut next, weight, &slope.d1);
        }
        next
    }
}
