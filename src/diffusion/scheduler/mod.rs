//! Samplers: how noise is taken away from latents, step by step.
//!
//! Each holds to the numbers of diffusers 0.35.2's class of the same name (`tests/golden/diffusion`), in
//! float32 where it counts in float32. They work on plain slices on the host: latents are small, and the
//! same numbers come out on every device. A slice is a whole batch, in whatever layout.
//!
//! Calls come in order: `step` with i = 0, 1, 2, … up to the length of [`Scheduler::timesteps`]; a sampler
//! that remembers earlier outputs counts on it. What [`Scheduler::step`] is handed has the length of the
//! sample, noise included.
//!
//! Absent on purpose: dynamic thresholding (made for pixels, not for latents), DPM-Solver's third order, which
//! no published configuration asks for, and training.

#![expect(
    clippy::cast_precision_loss,
    reason = "timesteps and their counts are small whole numbers"
)]

mod config;
mod ddim;
mod dpmpp_2m;
mod dpmpp_2m_sde;
mod dpmpp_sde;
mod euler;
mod euler_ancestral;
mod heun;
mod lcm;
mod lms;
mod noise_schedule;
mod pndm;
mod prediction;
mod sigma_space;
mod solver_space;
mod spacing;
mod unipc;

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod reference_tests;

use std::fmt;

pub use config::{BetaSchedule, PredictionType, SchedulerConfig, TimestepSpacing};

use crate::protocol::{SchedulerName, Sigmas};

/// Where a stochastic sampler gets its noise: as many values of unit variance as are asked for.
pub type NoiseSource<'a> = &'a mut dyn FnMut(usize) -> Vec<f32>;

/// One run of a sampler.
pub trait Scheduler: Send {
    /// The timesteps that the model is called with, in order.
    fn timesteps(&self) -> &[f32];

    /// The noise levels of the whole run, where the sampler counts in them; the last is the result's.
    #[cfg(test)]
    fn sigmas(&self) -> Option<&[f32]>;

    /// What noise of unit variance is multiplied by to make the first sample.
    fn init_noise_sigma(&self) -> f32;

    /// The sample as the model wants to see it at step `i`.
    fn scale_model_input(&self, sample: &[f32], i: usize) -> Vec<f32>;

    /// The picture without noise that the model's output at step `i` speaks of.
    fn pred_original_sample(&self, model_output: &[f32], i: usize, sample: &[f32]) -> Vec<f32>;

    /// The sample of the next noise level.
    fn step(
        &mut self,
        model_output: &[f32],
        i: usize,
        sample: &[f32],
        noise: NoiseSource<'_>,
    ) -> Vec<f32>;

    /// A picture with as much noise as the sample has before step `i`. After the last step there is none.
    fn add_noise(&self, original: &[f32], noise: &[f32], i: usize) -> Vec<f32>;
}

/// What a sampler is asked for.
#[derive(Clone, Copy, Debug)]
pub struct SchedulerRequest {
    /// How many steps from pure noise to the picture.
    pub num_inference_steps: usize,
    /// The spacing of the noise levels; without one, the configuration's own.
    pub sigmas: Option<Sigmas>,
    /// Of image-to-image, 0 to 1: the steps before that noise level are left out.
    pub strength: Option<f32>,
}

/// A request, checked and resolved against a configuration.
#[derive(Clone, Copy, Debug)]
struct Plan {
    num_inference_steps: usize,
    sigmas: Sigmas,
    /// In place of the configuration's.
    spacing: Option<TimestepSpacing>,
    /// Steps that are left out at the beginning.
    skipped: usize,
}

/// A line of the table of samplers.
pub struct SchedulerEntry {
    /// The name that people type.
    pub name: SchedulerName,
    /// The spacings that it knows.
    pub sigmas: &'static [Sigmas],
    /// How often the model is called for each step but the last, which takes one call.
    pub order: usize,
    build: fn(&SchedulerConfig, &Plan) -> Box<dyn Scheduler>,
}

impl fmt::Debug for SchedulerEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SchedulerEntry")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

const EVERY_SPACING: &[Sigmas] = Sigmas::ALL;
const BY_TIMESTEP: &[Sigmas] = &[Sigmas::Discrete, Sigmas::SgmUniform];

/// Every sampler.
pub static SCHEDULERS: &[SchedulerEntry] = &[
    SchedulerEntry {
        name: SchedulerName::Ddim,
        sigmas: BY_TIMESTEP,
        order: 1,
        build: |config, plan| Box::new(ddim::Ddim::new(config, plan)),
    },
    SchedulerEntry {
        name: SchedulerName::Pndm,
        sigmas: BY_TIMESTEP,
        order: 1,
        build: |config, plan| Box::new(pndm::Pndm::new(config, plan)),
    },
    SchedulerEntry {
        name: SchedulerName::Lms,
        sigmas: EVERY_SPACING,
        order: 1,
        build: |config, plan| Box::new(lms::Lms::new(config, plan)),
    },
    SchedulerEntry {
        name: SchedulerName::Euler,
        sigmas: EVERY_SPACING,
        order: 1,
        build: |config, plan| Box::new(euler::Euler::new(config, plan)),
    },
    SchedulerEntry {
        name: SchedulerName::EulerAncestral,
        sigmas: EVERY_SPACING,
        order: 1,
        build: |config, plan| Box::new(euler_ancestral::EulerAncestral::new(config, plan)),
    },
    SchedulerEntry {
        name: SchedulerName::Heun,
        sigmas: EVERY_SPACING,
        order: 2,
        build: |config, plan| Box::new(heun::Heun::new(config, plan)),
    },
    SchedulerEntry {
        name: SchedulerName::DpmPp2m,
        sigmas: EVERY_SPACING,
        order: 1,
        build: |config, plan| Box::new(dpmpp_2m::DpmPp2m::new(config, plan)),
    },
    SchedulerEntry {
        name: SchedulerName::DpmPp2mSde,
        sigmas: EVERY_SPACING,
        order: 1,
        build: |config, plan| Box::new(dpmpp_2m_sde::DpmPp2mSde::new(config, plan)),
    },
    SchedulerEntry {
        name: SchedulerName::DpmPpSde,
        sigmas: EVERY_SPACING,
        order: 2,
        build: |config, plan| Box::new(dpmpp_sde::DpmPpSde::new(config, plan)),
    },
    SchedulerEntry {
        name: SchedulerName::UniPc,
        sigmas: EVERY_SPACING,
        order: 1,
        build: |config, plan| Box::new(unipc::UniPc::new(config, plan)),
    },
    SchedulerEntry {
        name: SchedulerName::Lcm,
        sigmas: &[Sigmas::Discrete],
        order: 1,
        build: |config, plan| Box::new(lcm::Lcm::new(config, plan)),
    },
];

/// The line of a name.
pub fn entry(name: SchedulerName) -> &'static SchedulerEntry {
    SCHEDULERS
        .iter()
        .find(|entry| entry.name == name)
        .expect("the table has a line for every name")
}

/// Begins a run.
///
/// # Errors
///
/// More steps than the training had timesteps, a spacing that the sampler does not know, a strength that is
/// not between 0 and 1.
pub fn create(
    name: SchedulerName,
    config: &SchedulerConfig,
    request: &SchedulerRequest,
) -> Result<Box<dyn Scheduler>, SchedulerError> {
    let entry = entry(name);
    let count = request.num_inference_steps;
    let max = max_steps(name, config);
    if !(1..=max).contains(&count) {
        return Err(SchedulerError::Steps {
            scheduler: name,
            expected: max,
            actual: count,
        });
    }
    let sigmas = match request.sigmas {
        Some(sigmas) if entry.sigmas.contains(&sigmas) => sigmas,
        Some(sigmas) => {
            return Err(SchedulerError::Sigmas {
                scheduler: name,
                sigmas,
            });
        }
        // a flag of the folder's own sampler means nothing to one that does not know it
        None => Some(config.own_sigmas())
            .filter(|own| entry.sigmas.contains(own))
            .unwrap_or(Sigmas::Discrete),
    };
    let plan = Plan {
        num_inference_steps: count,
        sigmas,
        // "SGM uniform" is a trailing spacing in diffusers' words
        spacing: (sigmas == Sigmas::SgmUniform).then_some(TimestepSpacing::Trailing),
        skipped: spacing::skipped_steps(count, request.strength)? * entry.order,
    };
    Ok((entry.build)(config, &plan))
}

/// The most steps that a sampler can take.
fn max_steps(name: SchedulerName, config: &SchedulerConfig) -> usize {
    let total = config.num_train_timesteps();
    match name {
        SchedulerName::Lcm => lcm::original_inference_steps(config),
        // the solvers space one more than they take
        SchedulerName::DpmPp2m | SchedulerName::DpmPp2mSde | SchedulerName::UniPc => total - 1,
        _ => total,
    }
}

/// Why there is no sampler.
#[derive(Debug, thiserror::Error)]
pub enum SchedulerError {
    /// Not JSON, or a value of an unknown kind.
    #[error("scheduler_config.json is not understood")]
    Json(#[source] serde_json::Error),
    /// A value that no noise schedule can be made of.
    #[error("{field} in scheduler_config.json is {value}: it has to be {expected}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What it is.
        value: String,
        /// What it has to be.
        expected: &'static str,
    },
    /// An option of diffusers that is not built.
    #[error(
        "{option} = {value} in scheduler_config.json is not supported; choose another --scheduler"
    )]
    Unsupported {
        /// The option.
        option: &'static str,
        /// What it is set to.
        value: String,
    },
    /// A class that none of the samplers stands for.
    #[error("no sampler here does what {0:?} does; choose one with --scheduler")]
    UnknownClass(String),
    /// A spacing that the sampler does not know.
    #[error(
        "{scheduler} does not know {sigmas} sigmas; leave --sigmas out or choose another --scheduler"
    )]
    Sigmas {
        /// The sampler.
        scheduler: SchedulerName,
        /// The spacing.
        sigmas: Sigmas,
    },
    /// None or too many.
    #[error("{scheduler} takes 1 to {expected} steps, not {actual}")]
    Steps {
        /// The sampler.
        scheduler: SchedulerName,
        /// The most.
        expected: usize,
        /// What was asked for.
        actual: usize,
    },
    /// Outside 0 to 1.
    #[error("strength is {0}: it has to be between 0 and 1")]
    Strength(f32),
}
