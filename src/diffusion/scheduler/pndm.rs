//! PNDM's linear multistep form, PLMS (arXiv 2202.09778, equations 9 and 11–13; diffusers'
//! `scheduling_pndm.py` with `skip_prk_steps`, which every Stable Diffusion sets). The second call repeats the
//! first step with the mean of both outputs, so there is one call more than there are steps.

use std::collections::VecDeque;

use super::config::{PredictionType, SchedulerConfig, TimestepSpacing};
use super::noise_schedule::{BetaDefaults, ZeroTerminalSnr, alphas_cumprod};
use super::prediction::{denoised_in_alpha, noise_in_alpha, roots, zip};
use super::{NoiseSource, Plan, Scheduler, spacing};

pub(super) struct Pndm {
    timesteps: Vec<f32>,
    alphas_cumprod: Vec<f32>,
    final_alpha_cumprod: f32,
    step_ratio: i64,
    prediction: PredictionType,
    /// The outputs of the model, the newest first.
    outputs: VecDeque<Vec<f32>>,
    /// The sample that the second call begins from again.
    first_sample: Vec<f32>,
}

impl Pndm {
    pub fn new(config: &SchedulerConfig, plan: &Plan) -> Self {
        let alphas_cumprod = alphas_cumprod(config, BetaDefaults::DDPM, ZeroTerminalSnr::Ignored);
        let spacing = plan
            .spacing
            .or(config.timestep_spacing)
            .unwrap_or(TimestepSpacing::Leading);
        let mut timesteps: Vec<f32> = spacing::timesteps(config, spacing, plan.num_inference_steps)
            .into_iter()
            .map(|t| t.round_ties_even() as f32)
            .collect();
        if let Some(second) = timesteps.get(1).copied() {
            timesteps.insert(1, second);
        }
        Self {
            timesteps: timesteps.into_iter().skip(plan.skipped).collect(),
            final_alpha_cumprod: if config.set_alpha_to_one.unwrap_or(false) {
                1.0
            } else {
                alphas_cumprod[0]
            },
            step_ratio: (config.num_train_timesteps() / plan.num_inference_steps) as i64,
            prediction: config.prediction_type(),
            outputs: VecDeque::with_capacity(4),
            first_sample: Vec::new(),
            alphas_cumprod,
        }
    }

    fn alpha_cumprod(&self, timestep: i64) -> f32 {
        match usize::try_from(timestep) {
            Ok(timestep) => self.alphas_cumprod[timestep.min(self.alphas_cumprod.len() - 1)],
            Err(_) => self.final_alpha_cumprod,
        }
    }

    /// The weighted sum of the outputs, the newest first.
    fn combined(&self, weights: &[f32]) -> Vec<f32> {
        let mut sum = vec![0.0; self.first_sample.len()];
        for (output, weight) in self.outputs.iter().zip(weights) {
            for (sum, value) in sum.iter_mut().zip(output) {
                *sum += weight * value;
            }
        }
        sum
    }

    /// Equation 9. What is given as `output` is the model's, whatever it predicts.
    fn transfer(&self, sample: &[f32], timestep: i64, previous: i64, output: &[f32]) -> Vec<f32> {
        let (now, then) = (self.alpha_cumprod(timestep), self.alpha_cumprod(previous));
        let epsilon = noise_in_alpha(self.prediction, roots(now), output, sample);
        let (now, then) = (f64::from(now), f64::from(then));
        let scale = (then / now).sqrt() as f32;
        let denominator = now * (1.0 - then).sqrt() + (now * (1.0 - now) * then).sqrt();
        let slope = ((then - now) / denominator) as f32;
        zip(sample, &epsilon, |x, epsilon| scale * x - slope * epsilon)
    }
}

impl Scheduler for Pndm {
    fn timesteps(&self) -> &[f32] {
        &self.timesteps
    }

    #[cfg(test)]
    fn sigmas(&self) -> Option<&[f32]> {
        None
    }

    fn init_noise_sigma(&self) -> f32 {
        1.0
    }

    fn scale_model_input(&self, sample: &[f32], _: usize) -> Vec<f32> {
        sample.to_vec()
    }

    fn pred_original_sample(&self, model_output: &[f32], i: usize, sample: &[f32]) -> Vec<f32> {
        let alpha_sigma = roots(self.alpha_cumprod(self.timesteps[i] as i64));
        denoised_in_alpha(self.prediction, alpha_sigma, model_output, sample)
    }

    fn step(
        &mut self,
        model_output: &[f32],
        i: usize,
        sample: &[f32],
        _: NoiseSource<'_>,
    ) -> Vec<f32> {
        let timestep = self.timesteps[i] as i64;
        if i == 1 {
            let mean = match self.outputs.front() {
                Some(first) => zip(model_output, first, f32::midpoint),
                None => model_output.to_vec(),
            };
            let first_sample = std::mem::take(&mut self.first_sample);
            let next = self.transfer(&first_sample, timestep + self.step_ratio, timestep, &mean);
            self.first_sample = first_sample;
            return next;
        }
        self.outputs.truncate(3);
        self.outputs.push_front(model_output.to_vec());
        if i == 0 {
            self.first_sample = sample.to_vec();
        }
        let output = match self.outputs.len() {
            0 | 1 => model_output.to_vec(),
            2 => self.combined(&[1.5, -0.5]),
            3 => self.combined(&[23.0 / 12.0, -16.0 / 12.0, 5.0 / 12.0]),
            _ => self.combined(&[55.0 / 24.0, -59.0 / 24.0, 37.0 / 24.0, -9.0 / 24.0]),
        };
        self.transfer(sample, timestep, timestep - self.step_ratio, &output)
    }

    fn add_noise(&self, original: &[f32], noise: &[f32], i: usize) -> Vec<f32> {
        let Some(timestep) = self.timesteps.get(i) else {
            return original.to_vec();
        };
        let (alpha, sigma) = roots(self.alpha_cumprod(*timestep as i64));
        zip(original, noise, |x0, noise| alpha * x0 + sigma * noise)
    }
}
