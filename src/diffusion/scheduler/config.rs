//! `scheduler_config.json`, as diffusers writes it.

use serde::Deserialize;

use super::SchedulerError;
use crate::protocol::{SchedulerName, Sigmas};

/// What the model returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PredictionType {
    /// The noise (arXiv 2006.11239).
    #[default]
    Epsilon,
    /// `sqrt(ᾱ)·noise − sqrt(1 − ᾱ)·x₀` (arXiv 2202.00512, appendix D).
    VPrediction,
    /// The picture without noise.
    #[serde(alias = "original_sample")]
    Sample,
}

/// How the training's noise grows from timestep to timestep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BetaSchedule {
    /// Evenly.
    Linear,
    /// Evenly in the square root.
    ScaledLinear,
    /// The cosine of arXiv 2102.09672, equation 17.
    #[serde(rename = "squaredcos_cap_v2")]
    SquaredcosCapV2,
}

/// Which of the training's timesteps are taken (arXiv 2305.08891, table 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimestepSpacing {
    /// From the last to the first, evenly.
    Linspace,
    /// Multiples of a whole number, from 0 up.
    Leading,
    /// Multiples of a fraction, from the last down.
    Trailing,
}

/// The noise level after the last step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinalSigmasType {
    /// None is left.
    #[default]
    Zero,
    /// The lowest of the training.
    SigmaMin,
}

/// How a second-order step of DPM-Solver++ is made, or which `B(h)` the solver of `UniPCMultistepScheduler` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SolverType {
    /// DPM-Solver++'s midpoint.
    Midpoint,
    /// DPM-Solver++ after Heun.
    Heun,
    /// DEIS's; the others take it for their own default, as diffusers does.
    Logrho,
    /// `B(h) = h` (arXiv 2302.04867, section 3.1).
    Bh1,
    /// `B(h) = exp(h) − 1`.
    Bh2,
}

/// A scheduler's configuration. What is absent is the default of the class that is built from it, which
/// differs from class to class, as with diffusers' `from_config`. Unknown fields are passed over.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct SchedulerConfig {
    #[serde(rename = "_class_name")]
    pub class_name: Option<String>,
    pub num_train_timesteps: Option<usize>,
    pub beta_start: Option<f64>,
    pub beta_end: Option<f64>,
    pub beta_schedule: Option<BetaSchedule>,
    pub trained_betas: Option<Vec<f32>>,
    pub prediction_type: Option<PredictionType>,
    pub timestep_spacing: Option<TimestepSpacing>,
    pub steps_offset: Option<i64>,
    pub set_alpha_to_one: Option<bool>,
    pub clip_sample: Option<bool>,
    pub clip_sample_range: Option<f32>,
    pub rescale_betas_zero_snr: Option<bool>,
    pub final_sigmas_type: Option<FinalSigmasType>,
    pub use_karras_sigmas: Option<bool>,
    pub use_exponential_sigmas: Option<bool>,
    pub use_beta_sigmas: Option<bool>,
    pub use_lu_lambdas: Option<bool>,
    pub use_flow_sigmas: Option<bool>,
    pub sigma_min: Option<f64>,
    pub sigma_max: Option<f64>,
    pub interpolation_type: Option<String>,
    pub timestep_type: Option<String>,
    pub solver_order: Option<usize>,
    pub solver_type: Option<SolverType>,
    pub algorithm_type: Option<String>,
    pub lower_order_final: Option<bool>,
    pub euler_at_final: Option<bool>,
    pub lambda_min_clipped: Option<f64>,
    pub predict_x0: Option<bool>,
    pub disable_corrector: Option<Vec<usize>>,
    pub original_inference_steps: Option<usize>,
    pub timestep_scaling: Option<f64>,
    pub thresholding: Option<bool>,
}

/// Class names of diffusers and the sampler of ours that does their work. `DDPMScheduler`, which takes a
/// thousand steps, is answered with its deterministic counterpart; DPM-Solver's single-step form with the
/// multistep one.
const CLASSES: &[(&str, SchedulerName)] = &[
    ("DDIMScheduler", SchedulerName::Ddim),
    ("DDPMScheduler", SchedulerName::Ddim),
    ("PNDMScheduler", SchedulerName::Pndm),
    ("LMSDiscreteScheduler", SchedulerName::Lms),
    ("EulerDiscreteScheduler", SchedulerName::Euler),
    (
        "EulerAncestralDiscreteScheduler",
        SchedulerName::EulerAncestral,
    ),
    ("HeunDiscreteScheduler", SchedulerName::Heun),
    ("DPMSolverMultistepScheduler", SchedulerName::DpmPp2m),
    ("DPMSolverSinglestepScheduler", SchedulerName::DpmPp2m),
    ("DPMSolverSDEScheduler", SchedulerName::DpmPpSde),
    ("UniPCMultistepScheduler", SchedulerName::UniPc),
    ("LCMScheduler", SchedulerName::Lcm),
];

/// The most timesteps that a configuration may speak of: ten times what any model has.
const MAX_TRAIN_TIMESTEPS: usize = 10_000;

impl SchedulerConfig {
    /// Reads `scheduler_config.json`. Python writes `-Infinity` into it, which is no JSON: it stands for a
    /// default there and is read as absent.
    ///
    /// # Errors
    ///
    /// Text that is no configuration, values that no noise schedule can be made of.
    pub fn from_json(text: &str) -> Result<Self, SchedulerError> {
        let config: Self =
            serde_json::from_str(&without_infinities(text)).map_err(SchedulerError::Json)?;
        config.validate()?;
        Ok(config)
    }

    /// The sampler that the folder's configuration names, and its spacing.
    ///
    /// # Errors
    ///
    /// A class or a spacing that no sampler here stands for.
    pub fn own_scheduler(&self) -> Result<(SchedulerName, Sigmas), SchedulerError> {
        let class_name = self.class_name.as_deref().unwrap_or_default();
        let name = CLASSES
            .iter()
            .find(|(class, _)| *class == class_name)
            .map(|(_, name)| *name)
            .ok_or_else(|| SchedulerError::UnknownClass(class_name.to_owned()))?;
        let name = match (name, self.algorithm_type.as_deref()) {
            (SchedulerName::DpmPp2m, Some("sde-dpmsolver++" | "sde-dpmsolver")) => {
                SchedulerName::DpmPp2mSde
            }
            _ => name,
        };
        for (option, is_set) in [
            ("use_beta_sigmas", self.use_beta_sigmas),
            ("use_lu_lambdas", self.use_lu_lambdas),
            ("use_flow_sigmas", self.use_flow_sigmas),
        ] {
            if is_set == Some(true) {
                return Err(SchedulerError::Unsupported {
                    option,
                    value: "true".to_owned(),
                });
            }
        }
        Ok((name, self.own_sigmas()))
    }

    /// The spacing that the configuration's flags name.
    pub(super) fn own_sigmas(&self) -> Sigmas {
        if self.use_karras_sigmas == Some(true) {
            Sigmas::Karras
        } else if self.use_exponential_sigmas == Some(true) {
            Sigmas::Exponential
        } else {
            Sigmas::Discrete
        }
    }

    /// How many timesteps the training had.
    pub fn num_train_timesteps(&self) -> usize {
        self.num_train_timesteps.unwrap_or(1000)
    }

    /// What the model returns.
    pub fn prediction_type(&self) -> PredictionType {
        self.prediction_type.unwrap_or_default()
    }

    pub(super) fn steps_offset(&self) -> i64 {
        self.steps_offset.unwrap_or(0)
    }

    fn validate(&self) -> Result<(), SchedulerError> {
        let invalid = |field: &'static str, value: String, expected: &'static str| {
            Err(SchedulerError::Invalid {
                field,
                value,
                expected,
            })
        };
        let total = self.num_train_timesteps();
        if !(2..=MAX_TRAIN_TIMESTEPS).contains(&total) {
            return invalid("num_train_timesteps", total.to_string(), "2 to 10000");
        }
        if !(0..total as i64).contains(&self.steps_offset()) {
            return invalid(
                "steps_offset",
                self.steps_offset().to_string(),
                "0 to num_train_timesteps − 1",
            );
        }
        for (field, value) in [("beta_start", self.beta_start), ("beta_end", self.beta_end)] {
            if let Some(value) = value
                && !(value > 0.0 && value < 1.0)
            {
                return invalid(field, value.to_string(), "between 0 and 1");
            }
        }
        if let Some(betas) = &self.trained_betas {
            if betas.len() != total {
                return invalid(
                    "trained_betas",
                    format!("{} values", betas.len()),
                    "num_train_timesteps values",
                );
            }
            if let Some(beta) = betas.iter().find(|beta| !(**beta > 0.0 && **beta < 1.0)) {
                return invalid("trained_betas", beta.to_string(), "between 0 and 1");
            }
        }
        for (field, value) in [("sigma_min", self.sigma_min), ("sigma_max", self.sigma_max)] {
            if let Some(value) = value
                && !(value > 0.0 && value.is_finite())
            {
                return invalid(field, value.to_string(), "above 0");
            }
        }
        if let Some(order) = self.solver_order
            && !(1..=3).contains(&order)
        {
            return invalid("solver_order", order.to_string(), "1, 2 or 3");
        }
        if let Some(steps) = self.original_inference_steps
            && !(1..=total).contains(&steps)
        {
            return invalid(
                "original_inference_steps",
                steps.to_string(),
                "1 to num_train_timesteps",
            );
        }
        if self.thresholding == Some(true) {
            return Err(SchedulerError::Unsupported {
                option: "thresholding",
                value: "true".to_owned(),
            });
        }
        for (option, value, known) in [
            ("interpolation_type", &self.interpolation_type, "linear"),
            ("timestep_type", &self.timestep_type, "discrete"),
        ] {
            if let Some(value) = value
                && value != known
            {
                return Err(SchedulerError::Unsupported {
                    option,
                    value: value.clone(),
                });
            }
        }
        Ok(())
    }
}

/// Python's `Infinity`, `-Infinity` and `NaN`, outside of strings, become `null`.
fn without_infinities(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut in_string = false;
    while let Some(character) = rest.chars().next() {
        let literal = ["-Infinity", "Infinity", "NaN"]
            .into_iter()
            .find(|literal| !in_string && rest.starts_with(literal));
        let length = match (literal, character) {
            (Some(literal), _) => {
                out.push_str("null");
                rest = rest.get(literal.len()..).unwrap_or_default();
                continue;
            }
            (None, '\\') if in_string => 1 + rest.chars().nth(1).map_or(0, char::len_utf8),
            (None, '"') => {
                in_string = !in_string;
                1
            }
            (None, other) => other.len_utf8(),
        };
        let (head, tail) = rest.split_at(length.min(rest.len()));
        out.push_str(head);
        rest = tail;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pythons_infinities_and_unknown_fields_are_read() {
        let config = SchedulerConfig::from_json(
            r#"{"_class_name": "DPMSolverMultistepScheduler", "lambda_min_clipped": -Infinity, "novel": [1],
                "algorithm_type": "sde-dpmsolver++", "use_karras_sigmas": true, "note": "-Infinity \" NaN"}"#,
        )
        .expect("a configuration");
        assert_eq!(config.lambda_min_clipped, None);
        assert_eq!(
            config.own_scheduler().expect("known"),
            (SchedulerName::DpmPp2mSde, Sigmas::Karras)
        );
    }

    #[test]
    fn every_class_of_diffusers_that_is_ours_leads_to_its_name() {
        for (class, name) in CLASSES {
            let config = SchedulerConfig::from_json(&format!(r#"{{"_class_name": "{class}"}}"#))
                .expect("valid");
            assert_eq!(
                config.own_scheduler().expect("known"),
                (*name, Sigmas::Discrete)
            );
        }
        let flow =
            SchedulerConfig::from_json(r#"{"_class_name": "FlowMatchEulerDiscreteScheduler"}"#)
                .expect("valid");
        let error = flow.own_scheduler().expect_err("unknown").to_string();
        assert!(error.contains("FlowMatchEulerDiscreteScheduler"), "{error}");
    }

    #[test]
    fn what_no_schedule_can_be_made_of_is_named() {
        for (text, word) in [
            (
                r#"{"num_train_timesteps": 99999999999}"#,
                "num_train_timesteps",
            ),
            (r#"{"num_train_timesteps": 0}"#, "num_train_timesteps"),
            (r#"{"beta_start": 2.0}"#, "beta_start"),
            (r#"{"beta_end": NaN, "beta_start": -1}"#, "beta_start"),
            (r#"{"trained_betas": [0.1]}"#, "trained_betas"),
            (r#"{"steps_offset": -5}"#, "steps_offset"),
            (r#"{"thresholding": true}"#, "thresholding"),
            (r#"{"prediction_type": "flow"}"#, "flow"),
            (r#"{"solver_order": 9}"#, "solver_order"),
            ("[", "scheduler_config.json"),
        ] {
            let error = SchedulerConfig::from_json(text).expect_err(text);
            let text = format!(
                "{error} {:?}",
                std::error::Error::source(&error).map(ToString::to_string)
            );
            assert!(text.contains(word), "{text}");
        }
    }
}
