//! Every sampler against diffusers' own numbers (`tests/golden/diffusion`, made with diffusers 0.35.2 and torch
//! 2.9.1). Timesteps and sigmas hold within 1e-5, relative above 1 (they reach 5e-7);
//! samples within what stands in [`VARIANTS`].

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use super::*;

/// Each variant and the largest absolute difference of its samples, whose values reach 50 in σ-space: what it
/// reaches with either prediction in every one of 10 steps and at the end of 20, and half as much again for
/// other machines' `exp` and `ln`.
const VARIANTS: &[(&str, f32)] = &[
    ("ddim", 1e-5),
    ("ddim_trailing", 2e-5),
    ("dpmpp_2m", 1.7e-5),
    ("dpmpp_2m_karras", 2.6e-5),
    ("dpmpp_2m_leading", 1.5e-5),
    ("dpmpp_2m_sde", 2.9e-5),
    ("euler", 5.8e-6),
    ("euler_a", 1.7e-5),
    ("euler_a_leading", 5.8e-6),
    ("euler_karras", 5.8e-6),
    ("euler_leading", 2.9e-6),
    ("euler_trailing", 5.8e-6),
    ("heun", 5.8e-6),
    ("heun_karras", 5.8e-6),
    ("lcm", 5.8e-6),
    ("lms", 1.7e-5),
    ("lms_karras", 1.5e-5),
    ("pndm", 2e-5),
    ("unipc", 2.3e-5),
    ("unipc_karras", 2.3e-5),
];

const LEVEL_TOLERANCE: f32 = 1e-5;

/// The tensors of a safetensors file that are float32.
struct Golden {
    tensors: HashMap<String, Vec<f32>>,
    json: Value,
}

impl Golden {
    fn read(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/diffusion");
        let bytes =
            std::fs::read(folder.join(format!("{name}.safetensors"))).expect("the golden tensors");
        let length = u64::from_le_bytes(bytes[..8].try_into().expect("eight bytes")) as usize;
        let header: HashMap<String, Value> =
            serde_json::from_slice(&bytes[8..8 + length]).expect("a header");
        let tensors = header
            .into_iter()
            .filter(|(_, entry)| entry["dtype"] == "F32")
            .map(|(name, entry)| {
                let at = |i: usize| {
                    8 + length + entry["data_offsets"][i].as_u64().expect("an offset") as usize
                };
                let values = bytes[at(0)..at(1)]
                    .as_chunks::<4>()
                    .0
                    .iter()
                    .map(|chunk| f32::from_le_bytes(*chunk))
                    .collect();
                (name, values)
            })
            .collect();
        let text =
            std::fs::read_to_string(folder.join(format!("{name}.json"))).expect("the golden notes");
        let json = serde_json::from_str(&text.replace("-Infinity", "null")).expect("JSON");
        Self { tensors, json }
    }

    fn get(&self, name: &str) -> &[f32] {
        self.tensors
            .get(name)
            .unwrap_or_else(|| panic!("no tensor {name}"))
    }
}

fn max_difference(ours: &[f32], theirs: &[f32]) -> f32 {
    assert_eq!(ours.len(), theirs.len());
    ours.iter()
        .zip(theirs)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |max, d| {
            assert!(!d.is_nan());
            f32::max(max, d)
        })
}

/// As [`max_difference`], relative where the numbers are large: float32 has no 1e-5 left at 999.
fn level_difference(ours: &[f32], theirs: &[f32]) -> f32 {
    let scaled = |values: &[f32]| {
        values
            .iter()
            .zip(theirs)
            .map(|(v, t)| v / t.abs().max(1.0))
            .collect::<Vec<_>>()
    };
    assert_eq!(ours.len(), theirs.len(), "{ours:?}\n{theirs:?}");
    max_difference(&scaled(ours), &scaled(theirs))
}

/// The stand-in for a model that the golden numbers were made with.
fn fake_model(input: &[f32], bias: &[f32], timestep: f32) -> Vec<f32> {
    let wave = (timestep / 200.0).cos();
    input
        .iter()
        .zip(bias)
        .map(|(x, bias)| (0.7 * x).tanh() + 0.25 * bias * wave)
        .collect()
}

/// The samples after every call.
fn trajectory(scheduler: &mut dyn Scheduler, golden: &Golden) -> Vec<Vec<f32>> {
    let bias = golden.get("sched.bias").to_vec();
    let noises = golden.get("sched.noises");
    let mut draws = noises.chunks(bias.len()).map(<[f32]>::to_vec).cycle();
    let scale = scheduler.init_noise_sigma();
    let mut sample: Vec<f32> = golden
        .get("sched.init_noise")
        .iter()
        .map(|x| x * scale)
        .collect();
    let timesteps = scheduler.timesteps().to_vec();
    let mut samples = Vec::new();
    for (i, timestep) in timesteps.iter().enumerate() {
        let output = fake_model(&scheduler.scale_model_input(&sample, i), &bias, *timestep);
        sample = scheduler.step(&output, i, &sample, &mut |_| {
            draws.next().expect("it never ends")
        });
        samples.push(sample.clone());
    }
    samples
}

/// What a variant's configuration says, as the class of that name was given it.
fn config_of(golden: &Golden, prediction: &str, variant: &str) -> SchedulerConfig {
    let entry = &golden.json["schedulers"][format!("v_prediction.{variant}.10")];
    let mut config = entry["config"].clone();
    config["_class_name"] = entry["cls"].clone();
    config["prediction_type"] = prediction.into();
    SchedulerConfig::from_json(&config.to_string()).expect("a configuration")
}

#[test]
fn every_golden_run_is_met() {
    let golden = Golden::read("golden");
    let covered = |key: &String| {
        let variant = key.split('.').nth(1).unwrap_or_default();
        // DDPM takes a thousand steps; DDIM stands in for it
        variant == "ddpm" || VARIANTS.iter().any(|(name, _)| *name == variant)
    };
    let schedulers = golden.json["schedulers"].as_object().expect("an object");
    assert!(schedulers.keys().all(covered));
    let mut failures = Vec::new();
    for (variant, tolerance) in VARIANTS {
        let (mut worst_level, mut worst) = (0f32, 0f32);
        for prediction in ["epsilon", "v_prediction"] {
            let config = config_of(&golden, prediction, variant);
            let (name, _) = config.own_scheduler().expect("known");
            for steps in [10, 20] {
                let key = format!("sched.{prediction}.{variant}.{steps}");
                let request = SchedulerRequest {
                    num_inference_steps: steps,
                    sigmas: None,
                    strength: None,
                };
                let mut scheduler = create(name, &config, &request).expect("a run");
                let timesteps = level_difference(
                    scheduler.timesteps(),
                    golden.get(&format!("{key}.timesteps")),
                );
                let sigmas = scheduler.sigmas().map_or(0.0, |sigmas| {
                    level_difference(sigmas, golden.get(&format!("{key}.sigmas")))
                });
                worst_level = worst_level.max(timesteps).max(sigmas);
                let init = golden.json["schedulers"][format!("{prediction}.{variant}.{steps}")]["init_noise_sigma"]
                    .as_f64()
                    .expect("a number") as f32;
                worst_level =
                    worst_level.max(level_difference(&[scheduler.init_noise_sigma()], &[init]));
                let samples = trajectory(scheduler.as_mut(), &golden);
                worst = worst.max(match steps {
                    10 => {
                        max_difference(&samples.concat(), golden.get(&format!("{key}.trajectory")))
                    }
                    _ => max_difference(
                        samples.last().expect("a step"),
                        golden.get(&format!("{key}.final")),
                    ),
                });
            }
        }
        let line = format!("{variant}: levels {worst_level:.1e}, samples {worst:.1e}");
        if worst_level > LEVEL_TOLERANCE || worst > *tolerance {
            failures.push(line);
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn the_table_has_every_name_once() {
    for name in SchedulerName::ALL {
        assert_eq!(
            SCHEDULERS
                .iter()
                .filter(|entry| entry.name == *name)
                .count(),
            1,
            "{name}"
        );
    }
}

#[test]
fn every_sampler_runs_with_every_spacing_that_it_knows_and_any_number_of_steps() {
    let golden = Golden::read("golden");
    for entry in SCHEDULERS {
        for sigmas in Sigmas::ALL {
            for steps in [1, 2, 3, 4, 7, 50] {
                for strength in [None, Some(0.0), Some(0.3), Some(1.0)] {
                    let request = SchedulerRequest {
                        num_inference_steps: steps,
                        sigmas: Some(*sigmas),
                        strength,
                    };
                    let scheduler = create(entry.name, &SchedulerConfig::default(), &request);
                    assert_eq!(
                        scheduler.is_ok(),
                        entry.sigmas.contains(sigmas),
                        "{} {sigmas}",
                        entry.name
                    );
                    let Ok(mut scheduler) = scheduler else {
                        continue;
                    };
                    let samples = trajectory(scheduler.as_mut(), &golden);
                    assert!(
                        samples.iter().flatten().all(|value| value.is_finite()),
                        "{} {sigmas} {steps} {strength:?}",
                        entry.name
                    );
                    assert_eq!(samples.len(), scheduler.timesteps().len());
                    assert_eq!(
                        scheduler.add_noise(&[0.5], &[2.0], samples.len())[0].to_bits(),
                        0.5f32.to_bits()
                    );
                }
            }
        }
    }
}

#[test]
fn too_many_steps_are_refused() {
    for entry in SCHEDULERS {
        for steps in [0, 1001, usize::MAX] {
            let request = SchedulerRequest {
                num_inference_steps: steps,
                sigmas: None,
                strength: None,
            };
            assert!(
                create(entry.name, &SchedulerConfig::default(), &request).is_err(),
                "{} {steps}",
                entry.name
            );
        }
    }
}
