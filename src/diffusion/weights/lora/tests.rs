//! Against what diffusers fuses from the same files (`tests/golden/make_lora.py`).

use std::path::{Path, PathBuf};

use super::*;
use crate::diffusion::weights::{open_component, open_safetensors};

const STRENGTH: f32 = 0.7;

/// Weights of up to 1; diffusers computes B·A in another order.
const TOLERANCE: f32 = 1e-6;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/diffusion")
}

fn model() -> (StateDict, [StateDict; 2]) {
    let open =
        |name: &str| open_component(&folder().join("tiny-sdxl/model").join(name)).expect("weights");
    (open("unet"), [open("text_encoder"), open("text_encoder_2")])
}

fn lora(name: &str) -> Lora {
    let path = folder().join("lora").join(format!("{name}.safetensors"));
    Lora::new(&path, &open_safetensors(&path).expect("well formed")).expect("a LoRA")
}

#[test]
fn every_naming_is_merged_as_diffusers_does() {
    let fused = open_safetensors(&folder().join("lora/fused.safetensors")).expect("the reference");
    for name in ["kohya", "kohya_ldm", "peft", "older", "processor"] {
        let (mut unet, mut text_encoders) = model();
        let [first, second] = &mut text_encoders;
        let targets = LoraTargets {
            unet: &mut unet,
            text_encoders: &mut [first, second],
        };
        lora(name).merge(targets, STRENGTH).expect("it fits");
        let (before_unet, before_text) = model();
        let pairs = [
            ("unet", &unet, &before_unet),
            ("text_encoder", &text_encoders[0], &before_text[0]),
            ("text_encoder_2", &text_encoders[1], &before_text[1]),
        ];
        for (component, after, before) in pairs {
            for (weight, tensor) in after.iter() {
                let ours = tensor.read().expect("read");
                let key = format!("{name}.{component}.{weight}");
                let unchanged = before.get(weight).expect("the same names");
                let theirs = fused.get(&key).unwrap_or(unchanged).read().expect("read");
                assert_eq!(tensor.shape(), unchanged.shape(), "{key}");
                let worst = ours
                    .iter()
                    .zip(&theirs)
                    .map(|(a, b)| (a - b).abs())
                    .fold(0.0, f32::max);
                assert!(
                    worst <= TOLERANCE && ours.len() == theirs.len(),
                    "{key}: {worst:e}"
                );
            }
        }
    }
}

#[test]
fn two_are_merged_one_after_the_other() {
    let (mut unet, mut text_encoders) = model();
    let name = "down_blocks.1.resnets.0.conv1.weight";
    let before = unet.get(name).expect("there").read().expect("read");
    for strength in [0.5, -0.5] {
        let [first, second] = &mut text_encoders;
        let targets = LoraTargets {
            unet: &mut unet,
            text_encoders: &mut [first, second],
        };
        lora("kohya").merge(targets, strength).expect("it fits");
        let changed = unet.get(name).expect("there").read().expect("read");
        let distance = before
            .iter()
            .zip(&changed)
            .map(|(a, b)| (a - b).abs())
            .fold(0.0, f32::max);
        assert_eq!(distance > 1e-3, strength > 0.0, "{distance}");
    }
}

#[test]
fn what_does_not_fit_is_named_and_nothing_is_merged() {
    let tensor = |shape: &[usize]| {
        let count = shape.iter().product();
        LazyTensor::derived(shape.to_vec(), StoredType::F32, move || {
            Ok(vec![1.0; count])
        })
    };
    let dict = |tensors: &[(&str, &[usize])]| -> StateDict {
        tensors
            .iter()
            .map(|(name, shape)| ((*name).to_owned(), tensor(shape)))
            .collect()
    };
    let merge = |tensors: &[(&str, &[usize])]| {
        let (mut unet, mut text_encoders) = model();
        let [first, second] = &mut text_encoders;
        let targets = LoraTargets {
            unet: &mut unet,
            text_encoders: &mut [first, second],
        };
        Lora::new(Path::new("file"), &dict(tensors)).and_then(|lora| lora.merge(targets, 1.0))
    };
    let layer = "unet.mid_block.attentions.0.proj_in";
    let (down, up) = (
        format!("{layer}.lora_A.weight"),
        format!("{layer}.lora_B.weight"),
    );
    for (tensors, expected) in [
        (
            vec![
                (down.as_str(), &[2usize, 7] as &[usize]),
                (up.as_str(), &[32, 2]),
            ],
            "misshaped",
        ),
        (
            vec![(down.as_str(), &[2, 32]), (up.as_str(), &[32, 3])],
            "misshaped",
        ),
        (
            vec![(down.as_str(), &[0, 32]), (up.as_str(), &[32, 0])],
            "misshaped",
        ),
        (vec![(down.as_str(), &[]), (up.as_str(), &[])], "misshaped"),
        (vec![(down.as_str(), &[2, 32])], "missing"),
        (
            vec![
                ("unet.nowhere.lora_A.weight", &[2, 32]),
                ("unet.nowhere.lora_B.weight", &[32, 2]),
            ],
            "surplus",
        ),
        (
            vec![(
                "lora_unet_mid_block_attentions_0_proj_in.hada_w1_a",
                &[2, 32],
            )],
            "hada_w1_a",
        ),
        (vec![], "no tensors"),
    ] {
        let error = merge(&tensors).expect_err(expected).to_string();
        assert!(error.contains(expected), "{error}");
    }
    let tensors: [(&str, &[usize]); 4] = [
        (&down, &[2, 32]),
        (&up, &[32, 2]),
        ("unet.nowhere.lora_A.weight", &[2, 32]),
        ("unet.nowhere.lora_B.weight", &[32, 2]),
    ];
    let error = merge(&tensors).expect_err("half of it").to_string();
    assert!(error.contains("surplus: unet.nowhere"), "{error}");
}
