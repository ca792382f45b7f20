//! DPM-Solver++ (2M) of the stochastic equation (arXiv 2211.01095, section 5; diffusers'
//! `scheduling_dpmsolver_multistep.py` with `sde-dpmsolver++`).

use super::config::{SchedulerConfig, SolverType};
use super::dpmpp_2m::Multistep;
use super::prediction::{accumulate, lerp};
use super::solver_space::in_solver_space;
use super::{NoiseSource, Plan, Scheduler};

pub(super) struct DpmPp2mSde {
    multistep: Multistep,
}

impl DpmPp2mSde {
    pub fn new(config: &SchedulerConfig, plan: &Plan) -> Self {
        Self {
            multistep: Multistep::new(config, plan),
        }
    }
}

impl Scheduler for DpmPp2mSde {
    in_solver_space!(multistep);

    fn step(
        &mut self,
        model_output: &[f32],
        i: usize,
        sample: &[f32],
        noise: NoiseSource<'_>,
    ) -> Vec<f32> {
        let denoised = self.multistep.space.denoised(model_output, i, sample);
        let slope = self.multistep.slope(&denoised, i);
        let h = self.multistep.h(i);
        let (alpha, sigma) = self.multistep.space.alpha_sigma(i + 1);
        let (_, sigma_before) = self.multistep.space.alpha_sigma(i);
        let gain = 1.0 - (-2.0 * h).exp();
        let mut next = lerp(
            sigma / sigma_before * (-h).exp(),
            sample,
            alpha * gain,
            &denoised,
        );
        if let Some(slope) = slope {
            let weight = match self.multistep.solver_type {
                SolverType::Heun => alpha * (gain / (-2.0 * h) + 1.0),
                _ => 0.5 * alpha * gain,
            };
            accumulate(&mut next, weight, &slope.d1);
        }
        accumulate(&mut next, sigma * gain.sqrt(), &noise(model_output.len()));
        next
    }
}
