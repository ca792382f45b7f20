//! The noise of the training: β, α and ᾱ of every timestep (arXiv 2006.11239, section 2).

use std::f64::consts::FRAC_PI_2;

use super::config::{BetaSchedule, SchedulerConfig};

/// What a class takes for β where the configuration is silent.
#[derive(Clone, Copy, Debug)]
pub(super) struct BetaDefaults {
    pub start: f64,
    pub end: f64,
    pub schedule: BetaSchedule,
}

impl BetaDefaults {
    /// Most of diffusers' classes.
    pub const DDPM: Self = Self {
        start: 0.0001,
        end: 0.02,
        schedule: BetaSchedule::Linear,
    };
    /// `HeunDiscreteScheduler` and `DPMSolverSDEScheduler`.
    pub const HEUN: Self = Self {
        start: 0.000_85,
        end: 0.012,
        schedule: BetaSchedule::Linear,
    };
    /// `LCMScheduler`.
    pub const LCM: Self = Self {
        start: 0.000_85,
        end: 0.012,
        schedule: BetaSchedule::ScaledLinear,
    };
}

/// What a class makes of `rescale_betas_zero_snr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ZeroTerminalSnr {
    /// It does not know it.
    Ignored,
    /// The last ᾱ becomes 0.
    Exact,
    /// The last ᾱ becomes 2⁻²⁴, so that the highest sigma is not infinite.
    NearlyZero,
}

/// `ᾱ` of every timestep, in float32 as diffusers has it.
pub(super) fn alphas_cumprod(
    config: &SchedulerConfig,
    defaults: BetaDefaults,
    snr: ZeroTerminalSnr,
) -> Vec<f32> {
    let betas = match &config.trained_betas {
        Some(betas) => betas.clone(),
        None => betas(config, defaults),
    };
    let is_rescaled =
        snr != ZeroTerminalSnr::Ignored && config.rescale_betas_zero_snr == Some(true);
    let betas = if is_rescaled {
        rescale_zero_terminal_snr(&betas)
    } else {
        betas
    };
    let mut alphas_cumprod = cumprod(&betas);
    if is_rescaled
        && snr == ZeroTerminalSnr::NearlyZero
        && let Some(last) = alphas_cumprod.last_mut()
    {
        *last = 2f32.powi(-24);
    }
    alphas_cumprod
}

/// `σ = sqrt((1 − ᾱ) / ᾱ)` of every timestep, lowest first.
pub(super) fn training_sigmas(alphas_cumprod: &[f32]) -> Vec<f32> {
    alphas_cumprod
        .iter()
        .map(|alpha| ((1.0 - alpha) / alpha).sqrt())
        .collect()
}

fn betas(config: &SchedulerConfig, defaults: BetaDefaults) -> Vec<f32> {
    let total = config.num_train_timesteps();
    let start = config.beta_start.unwrap_or(defaults.start);
    let end = config.beta_end.unwrap_or(defaults.end);
    match config.beta_schedule.unwrap_or(defaults.schedule) {
        BetaSchedule::Linear => linspace(start as f32, end as f32, total),
        BetaSchedule::ScaledLinear => linspace(start.sqrt() as f32, end.sqrt() as f32, total)
            .into_iter()
            .map(|root| root * root)
            .collect(),
        BetaSchedule::SquaredcosCapV2 => {
            let alpha_bar = |t: f64| ((t + 0.008) / 1.008 * FRAC_PI_2).cos().powi(2);
            let at = |i: usize| alpha_bar(i as f64 / total as f64);
            (0..total)
                .map(|i| (1.0 - at(i + 1) / at(i)).min(0.999) as f32)
                .collect()
        }
    }
}

/// `torch.linspace` in float32: from both ends to the middle, so that both are exact.
fn linspace(start: f32, end: f32, count: usize) -> Vec<f32> {
    let step = (end - start) / (count - 1) as f32;
    (0..count)
        .map(|i| {
            if i < count / 2 {
                step.mul_add(i as f32, start)
            } else {
                (-step).mul_add((count - i - 1) as f32, end)
            }
        })
        .collect()
}

/// `torch.cumprod(1 − β)`: float32 in and out, with a double in between.
fn cumprod(betas: &[f32]) -> Vec<f32> {
    betas
        .iter()
        .scan(1.0f64, |product, beta| {
            *product *= f64::from(1.0 - beta);
            Some(*product as f32)
        })
        .collect()
}

/// Algorithm 1 of arXiv 2305.08891: shifts and scales `sqrt(ᾱ)` so that its last value is 0 and its first stays.
fn rescale_zero_terminal_snr(betas: &[f32]) -> Vec<f32> {
    let roots: Vec<f32> = cumprod(betas).into_iter().map(f32::sqrt).collect();
    let (Some(&first), Some(&last)) = (roots.first(), roots.last()) else {
        return Vec::new();
    };
    let scale = first / (first - last);
    let mut previous = 1.0;
    roots
        .into_iter()
        .map(|root| {
            let alpha_bar = ((root - last) * scale).powi(2);
            let alpha = alpha_bar / previous;
            previous = alpha_bar;
            1.0 - alpha
        })
        .collect()
}
