//! Which timesteps and which sigmas a run takes.

use super::config::{FinalSigmasType, SchedulerConfig, TimestepSpacing};
use super::{Plan, SchedulerError};
use crate::protocol::Sigmas;

/// The timesteps and sigmas of a run, highest first.
#[derive(Clone, Debug)]
pub(super) struct Levels {
    pub timesteps: Vec<f32>,
    /// One more than there are timesteps: the last is the level of the result.
    pub sigmas: Vec<f32>,
    /// The spacing decides how strong the first noise is.
    pub spacing: TimestepSpacing,
}

impl Levels {
    /// How strong the first noise is, as the samplers in σ-space have it: a spacing that begins at the highest
    /// noise level takes that level, another one counts the picture's own variance too.
    pub fn init_noise_sigma(&self) -> f32 {
        let max = self.sigmas.iter().copied().fold(0.0, f32::max);
        match self.spacing {
            TimestepSpacing::Linspace | TimestepSpacing::Trailing => max,
            TimestepSpacing::Leading => (max * max + 1.0).sqrt(),
        }
    }

    /// Each level but the first and the last twice: samplers of second order call the model twice a step.
    pub fn doubled(self) -> Self {
        let twice = |values: &[f32]| {
            values
                .iter()
                .flat_map(|value| [*value, *value])
                .collect::<Vec<_>>()
        };
        let mut timesteps = twice(&self.timesteps);
        let mut sigmas = twice(&self.sigmas);
        timesteps.remove(0);
        sigmas.remove(0);
        sigmas.pop();
        Self {
            timesteps,
            sigmas,
            spacing: self.spacing,
        }
    }
}

/// `count` timesteps with both ends, highest first: the spacing of all samplers but the multistep solvers.
///
/// A linear spacing is not rounded here: samplers in σ-space take fractions.
pub(super) fn timesteps(
    config: &SchedulerConfig,
    spacing: TimestepSpacing,
    count: usize,
) -> Vec<f64> {
    let total = config.num_train_timesteps();
    match spacing {
        TimestepSpacing::Linspace => reversed(linspace(0.0, (total - 1) as f64, count)),
        TimestepSpacing::Leading => {
            let ratio = total / count;
            (0..count)
                .rev()
                .map(|i| (i * ratio) as f64 + config.steps_offset() as f64)
                .collect()
        }
        TimestepSpacing::Trailing => trailing(total, total, count),
    }
}

/// `count` timesteps of `count + 1` whose lowest is left out: the spacing of the multistep solvers
/// (`DPMSolverMultistepScheduler`, `UniPCMultistepScheduler`). `last` is how many timesteps count at all.
pub(super) fn solver_timesteps(
    config: &SchedulerConfig,
    spacing: TimestepSpacing,
    count: usize,
    last: usize,
) -> Vec<f64> {
    let mut steps = match spacing {
        TimestepSpacing::Linspace => reversed(linspace(0.0, (last - 1) as f64, count + 1))
            .into_iter()
            .map(f64::round_ties_even)
            .collect(),
        TimestepSpacing::Leading => {
            let ratio = last / (count + 1);
            (0..=count)
                .rev()
                .map(|i| (i * ratio) as f64 + config.steps_offset() as f64)
                .collect::<Vec<_>>()
        }
        TimestepSpacing::Trailing => trailing(config.num_train_timesteps(), last, count),
    };
    steps.truncate(count);
    steps
}

/// The levels of the samplers that k-diffusion brought (Euler, Heun, LMS and their like): fractions of
/// timesteps are taken, and another spacing reaches between the first and the last of the discrete sigmas. `last_sigma` is the level of
/// the result.
pub(super) fn k_levels(
    config: &SchedulerConfig,
    training_sigmas: &[f32],
    plan: &Plan,
    last_sigma: f64,
) -> Levels {
    let spacing = plan
        .spacing
        .or(config.timestep_spacing)
        .unwrap_or(TimestepSpacing::Linspace);
    let mut timesteps: Vec<f64> = timesteps(config, spacing, plan.num_inference_steps)
        .into_iter()
        .map(|timestep| f64::from(timestep as f32))
        .collect();
    let mut sigmas: Vec<f64> = timesteps
        .iter()
        .map(|t| interpolate(*t, training_sigmas))
        .collect();
    if let Some(respaced) = respace(config, plan, &sigmas) {
        sigmas = respaced;
        timesteps = sigmas
            .iter()
            .map(|sigma| sigma_to_t(*sigma, training_sigmas))
            .collect();
    }
    finish(timesteps, sigmas, last_sigma, spacing)
}

/// The levels of the multistep solvers: whole timesteps, and another spacing reaches over all of the training.
pub(super) fn solver_levels(
    config: &SchedulerConfig,
    training_sigmas: &[f32],
    plan: &Plan,
    last: usize,
) -> Levels {
    let spacing = plan
        .spacing
        .or(config.timestep_spacing)
        .unwrap_or(TimestepSpacing::Linspace);
    let mut timesteps = solver_timesteps(config, spacing, plan.num_inference_steps, last);
    let mut sigmas: Vec<f64> = timesteps
        .iter()
        .map(|t| interpolate(*t, training_sigmas))
        .collect();
    let all: Vec<f64> = training_sigmas
        .iter()
        .rev()
        .map(|sigma| f64::from(*sigma))
        .collect();
    if let Some(respaced) = respace(config, plan, &all) {
        sigmas = respaced;
        timesteps = sigmas
            .iter()
            .map(|sigma| whole_timestep(sigma_to_t(*sigma, training_sigmas), config, plan.sigmas))
            .collect();
    }
    finish(
        timesteps,
        sigmas,
        final_sigma(config, training_sigmas),
        spacing,
    )
}

/// The solvers round the timesteps of Karras' sigmas and cut off the fraction of the others.
fn whole_timestep(timestep: f64, config: &SchedulerConfig, sigmas: Sigmas) -> f64 {
    let is_cosine = config.beta_schedule == Some(super::config::BetaSchedule::SquaredcosCapV2);
    if sigmas == Sigmas::Karras && !is_cosine {
        timestep.round_ties_even()
    } else {
        timestep.trunc()
    }
}

fn finish(
    timesteps: Vec<f64>,
    mut sigmas: Vec<f64>,
    last: f64,
    spacing: TimestepSpacing,
) -> Levels {
    sigmas.push(last);
    Levels {
        timesteps: timesteps.into_iter().map(|t| t as f32).collect(),
        sigmas: sigmas.into_iter().map(|sigma| sigma as f32).collect(),
        spacing,
    }
}

/// The level of the result, for the samplers that know `final_sigmas_type`.
pub(super) fn final_sigma(config: &SchedulerConfig, training_sigmas: &[f32]) -> f64 {
    match config.final_sigmas_type.unwrap_or_default() {
        FinalSigmasType::Zero => 0.0,
        FinalSigmasType::SigmaMin => training_sigmas.first().copied().map_or(0.0, f64::from),
    }
}

/// `count` sigmas between the first and the last of `sigmas`, or `None` where the discrete ones stay.
fn respace(config: &SchedulerConfig, plan: &Plan, sigmas: &[f64]) -> Option<Vec<f64>> {
    let min = config.sigma_min.or_else(|| sigmas.last().copied())?;
    let max = config.sigma_max.or_else(|| sigmas.first().copied())?;
    let count = plan.num_inference_steps;
    match plan.sigmas {
        Sigmas::Discrete | Sigmas::SgmUniform => None,
        Sigmas::Karras => {
            // arXiv 2206.00364, equation 5, with its ρ
            const RHO: f64 = 7.0;
            let (low, high) = (min.powf(1.0 / RHO), max.powf(1.0 / RHO));
            Some(
                linspace(0.0, 1.0, count)
                    .into_iter()
                    .map(|ramp| (high + ramp * (low - high)).powf(RHO))
                    .collect(),
            )
        }
        Sigmas::Exponential => Some(
            linspace(max.ln(), min.ln(), count)
                .into_iter()
                .map(f64::exp)
                .collect(),
        ),
    }
}

/// The sigma at a fractional timestep (`numpy.interp`).
pub(super) fn interpolate(timestep: f64, training_sigmas: &[f32]) -> f64 {
    let top = training_sigmas.len() - 1;
    let at = timestep.clamp(0.0, top as f64);
    let low = at as usize;
    let high = (low + 1).min(top);
    let (a, b) = (
        f64::from(training_sigmas[low]),
        f64::from(training_sigmas[high]),
    );
    a + (b - a) * (at - low as f64)
}

/// The fractional timestep of a sigma: linear between the logarithms of the training's (`_sigma_to_t`).
pub(super) fn sigma_to_t(sigma: f64, training_sigmas: &[f32]) -> f64 {
    let log_sigma = sigma.max(1e-10).ln();
    // numpy takes the logarithm of float32 in float32
    let log_at = |i: usize| f64::from(training_sigmas[i].ln());
    let below = training_sigmas.partition_point(|known| f64::from(known.ln()) <= log_sigma);
    let low = below.saturating_sub(1).min(training_sigmas.len() - 2);
    let weight = ((log_at(low) - log_sigma) / (log_at(low) - log_at(low + 1))).clamp(0.0, 1.0);
    low as f64 + weight
}

/// How many steps img2img leaves out at the beginning: `get_timesteps` of diffusers' pipelines.
///
/// # Errors
///
/// A strength that is not between 0 and 1.
pub(super) fn skipped_steps(
    num_inference_steps: usize,
    strength: Option<f32>,
) -> Result<usize, SchedulerError> {
    let Some(strength) = strength else {
        return Ok(0);
    };
    if !(0.0..=1.0).contains(&strength) {
        return Err(SchedulerError::Strength(strength));
    }
    // 0.7 in float32 is less than 0.7: the decimal number that was typed is what Python multiplies
    let typed = strength
        .to_string()
        .parse::<f64>()
        .unwrap_or(f64::from(strength));
    let kept = (num_inference_steps as f64 * typed) as usize;
    Ok(num_inference_steps - kept.min(num_inference_steps))
}

fn reversed(mut values: Vec<f64>) -> Vec<f64> {
    values.reverse();
    values
}

/// `last, last − total/count, …`, rounded, less one. What rounding errors would add below 0 is left out.
fn trailing(total: usize, last: usize, count: usize) -> Vec<f64> {
    let ratio = total as f64 / count as f64;
    (0..count)
        .map(|i| (last as f64 - i as f64 * ratio).round_ties_even() - 1.0)
        .take_while(|timestep| *timestep >= 0.0)
        .collect()
}

/// `numpy.linspace`.
fn linspace(start: f64, stop: f64, count: usize) -> Vec<f64> {
    let step = (stop - start) / count.saturating_sub(1).max(1) as f64;
    let mut values: Vec<f64> = (0..count).map(|i| i as f64 * step + start).collect();
    if count > 1
        && let Some(last) = values.last_mut()
    {
        *last = stop;
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strength_keeps_as_many_steps_as_in_python() {
        for (steps, strength, skipped) in [
            (10, 0.6, 4),
            (10, 0.7, 3),
            (10, 0.3, 7),
            (50, 0.8, 10),
            (4, 0.1, 4),
        ] {
            assert_eq!(
                skipped_steps(steps, Some(strength)).expect("valid"),
                skipped,
                "{steps} {strength}"
            );
        }
        assert!(skipped_steps(10, Some(1.5)).is_err());
        assert!(skipped_steps(10, Some(f32::NAN)).is_err());
        assert_eq!(skipped_steps(10, None).expect("valid"), 0);
    }

    #[test]
    fn trailing_never_falls_below_the_first_timestep() {
        for count in 1..=1000 {
            let steps = trailing(1000, 1000, count);
            assert_eq!(steps.len(), count);
            assert!(
                steps.iter().all(|t| (0.0..1000.0).contains(t)),
                "{count}: {steps:?}"
            );
        }
    }
}
