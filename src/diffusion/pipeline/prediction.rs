//! What a UNet returns, where its file does not say: the single files of SD 2.x.

use super::super::error::DiffusionError;
use super::super::model::unet::UNetConditions;
use super::super::rng::NoiseRng;
use super::super::scheduler::PredictionType;
use super::super::tensor::{to_device, to_host};
use super::{Pipeline, execute};
use crate::protocol::NoiseGenerator;

/// Side of the sample, in latents.
const SIDE: usize = 32;
/// The last timestep of training.
const LAST: f32 = 999.0;
/// The correlation of the answer with the noise above which it is that noise. The model that comes
/// along, which predicts v, reaches -0.09; as epsilon the same answer would reach 1.00.
const ALIKE: f64 = 0.5;

impl Pipeline {
    /// Asks the UNet about pure noise. At the last timestep there is hardly anything else in a
    /// sample, so a network that predicts epsilon gives it back; one that predicts v (arXiv
    /// 2202.00512, appendix D) gives minus the picture that it imagines there.
    ///
    /// # Errors
    /// If the device fails.
    pub(super) fn probe_prediction(&self) -> Result<PredictionType, DiffusionError> {
        let (noise, answer) = self.answer_to_noise()?;
        Ok(if correlation(&noise, &answer) > ALIKE {
            PredictionType::Epsilon
        } else {
            PredictionType::VPrediction
        })
    }

    /// Noise, and the UNet's answer to it.
    fn answer_to_noise(&self) -> Result<(Vec<f32>, Vec<f32>), DiffusionError> {
        let components = &self.components;
        let config = &components.unet_config;
        let device = self.device.device();
        let nothing = self.encode_tokens(&self.chunks("")?, 0)?;
        let noise =
            NoiseRng::new(NoiseGenerator::TorchCpu, 0).randn(config.out_channels * SIDE * SIDE);
        let mut sample = noise.clone();
        if config.in_channels > config.out_channels {
            // A UNet that inpaints: everything is painted, nothing is kept.
            sample.extend([1.0; SIDE * SIDE]);
            sample.resize(config.in_channels * SIDE * SIDE, 0.0);
        }
        let conditions = UNetConditions {
            encoder_hidden_states: nothing.states,
            added: None,
            timestep_cond: None,
        };
        let answer = execute("the UNet", device, || {
            let shape = [1, config.in_channels, SIDE, SIDE];
            let sample = to_device(sample, shape, device, components.dtype);
            to_host(
                components.unet.forward(sample, LAST, &conditions),
                "the UNet",
            )
        })?;
        Ok((noise, answer))
    }
}

fn correlation(a: &[f32], b: &[f32]) -> f64 {
    let mean = |all: &[f32]| {
        let sum: f64 = all.iter().copied().map(f64::from).sum();
        sum / all.len().max(1) as f64
    };
    let (mean_a, mean_b) = (mean(a), mean(b));
    let (mut both, mut own_a, mut own_b) = (0.0, 0.0, 0.0);
    for (a, b) in a.iter().zip(b) {
        let (a, b) = (f64::from(*a) - mean_a, f64::from(*b) - mean_b);
        both += a * b;
        own_a += a * a;
        own_b += b * b;
    }
    both / (own_a * own_b).sqrt().max(f64::MIN_POSITIVE)
}

#[cfg(test)]
mod tests {
    use super::super::super::golden_tests::Golden;
    use super::super::golden_tests::load;
    use super::*;

    /// `alphas_cumprod` of the last timestep, in the schedule of Stable Diffusion.
    const ALPHA_BAR: f32 = 0.00466;

    #[test]
    fn a_network_that_predicts_v_is_told_from_one_that_predicts_epsilon() {
        // Trained to predict v.
        let pipeline = load(&Golden::open("icons-64"));
        let (noise, v) = pipeline.answer_to_noise().expect("no device");
        assert!(correlation(&noise, &v).abs() < 0.2);
        let prediction = pipeline.probe_prediction().expect("no device");
        assert_eq!(prediction, PredictionType::VPrediction);
        // What the same network would say if it had been trained to predict epsilon.
        let both = noise.iter().zip(&v);
        let epsilon: Vec<f32> = both
            .map(|(noise, v)| ALPHA_BAR.sqrt() * v + (1.0 - ALPHA_BAR).sqrt() * noise)
            .collect();
        assert!(correlation(&noise, &epsilon) > 0.9);
    }

    #[test]
    fn a_picture_is_not_like_noise() {
        let noise = NoiseRng::new(NoiseGenerator::TorchCpu, 0).randn(SIDE * SIDE);
        let picture: Vec<f32> = (0..SIDE * SIDE)
            .map(|index| ((index % SIDE) as f32 / 5.0).sin() - 0.3)
            .collect();
        assert!(correlation(&noise, &picture).abs() < 0.2);
        let opposite: Vec<f32> = noise.iter().map(|noise| 1.0 - 2.0 * noise).collect();
        assert!((correlation(&noise, &opposite) + 1.0).abs() < 1e-6);
    }
}
