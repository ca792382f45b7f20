//! What the golden runs leave out: other spacings, image-to-image, zero terminal SNR, options of the solvers.
//! The numbers are diffusers', made by `tests/golden/make_diffusion.py`.

use std::path::Path;

use serde::Deserialize;

use super::*;
use crate::diffusion::rng::NoiseRng;
use crate::protocol::NoiseGenerator;

/// Relative above 1: of timesteps and sigmas, as of the golden runs.
const LEVEL_TOLERANCE: f32 = 1e-5;

/// Absolute, relative above 1. Reached: 1.9e-5 by Euler at zero terminal SNR, where σ begins at 4096; 5e-6 by
/// the others.
const TOLERANCE: f32 = 3e-5;

#[derive(Deserialize)]
struct Reference {
    schedulers: Schedulers,
}

#[derive(Deserialize)]
struct Schedulers {
    start: Vec<f32>,
    bias: Vec<f32>,
    picture: Vec<f32>,
    runs: Vec<Run>,
}

#[derive(Deserialize)]
struct Run {
    name: SchedulerName,
    config: serde_json::Value,
    steps: usize,
    strength: Option<f32>,
    timesteps: Vec<f32>,
    sigmas: Option<Vec<f32>>,
    init_noise_sigma: f32,
    first: Vec<f32>,
    r#final: Vec<f32>,
}

fn difference(ours: &[f32], theirs: &[f32]) -> f32 {
    assert_eq!(ours.len(), theirs.len(), "{ours:?}\n{theirs:?}");
    let relative = |(a, b): (&f32, &f32)| (a - b).abs() / b.abs().max(1.0);
    ours.iter().zip(theirs).map(relative).fold(0.0, |max, d| {
        if d.is_nan() {
            f32::INFINITY
        } else {
            max.max(d)
        }
    })
}

#[test]
fn every_reference_run_is_met() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/diffusion/host.json");
    let reference: Reference =
        serde_json::from_slice(&std::fs::read(path).expect("the numbers")).expect("JSON");
    let Schedulers {
        start,
        bias,
        picture,
        runs,
    } = reference.schedulers;
    let mut failures = Vec::new();
    for run in &runs {
        let config = SchedulerConfig::from_json(&run.config.to_string()).expect("a configuration");
        let request = SchedulerRequest {
            num_inference_steps: run.steps,
            sigmas: None,
            strength: run.strength,
        };
        let mut scheduler = create(run.name, &config, &request).expect("a run");
        let mut noise = NoiseRng::new(NoiseGenerator::TorchCpu, 7);
        let init = scheduler.init_noise_sigma();
        let mut levels = difference(scheduler.timesteps(), &run.timesteps)
            .max(difference(&[init], &[run.init_noise_sigma]));
        if let (Some(ours), Some(theirs)) = (scheduler.sigmas(), &run.sigmas) {
            levels = levels.max(difference(ours, theirs));
        }
        let mut sample = match run.strength {
            None => start.iter().map(|x| x * init).collect(),
            Some(_) => scheduler.add_noise(&picture, &start, 0),
        };
        let mut worst = difference(&sample, &run.first);
        for (i, timestep) in scheduler.timesteps().to_vec().into_iter().enumerate() {
            let wave = 0.25 * (timestep / 200.0).cos();
            let seen = scheduler.scale_model_input(&sample, i);
            let output: Vec<f32> = seen
                .iter()
                .zip(&bias)
                .map(|(x, bias)| (0.7 * x).tanh() + bias * wave)
                .collect();
            sample = scheduler.step(&output, i, &sample, &mut |count| noise.randn(count));
        }
        worst = worst.max(difference(&sample, &run.r#final));
        if levels > LEVEL_TOLERANCE || worst > TOLERANCE {
            failures.push(format!(
                "{} {} steps {:?} {}: levels {levels:.1e}, samples {worst:.1e}",
                run.name, run.steps, run.strength, run.config
            ));
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {}:\n{}",
        failures.len(),
        runs.len(),
        failures.join("\n")
    );
}
