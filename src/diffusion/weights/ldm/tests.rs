//! Against what diffusers' converters make of the same names (`tests/golden/make_ldm.py`).

use std::collections::BTreeMap;

use burn_tensor::DType;
use serde::Deserialize;

use super::*;
use crate::diffusion::device::ComputeDevice;
use crate::diffusion::model::autoencoder_kl::AutoencoderKl;
use crate::diffusion::model::clip::ClipTextModel;
use crate::diffusion::model::unet::UNet2DConditionModel;
use crate::diffusion::weights::StoredType;

#[derive(Deserialize)]
struct Reference {
    ldm: BTreeMap<String, Vec<usize>>,
    /// Of each component's tensors the shape and the first, second and last element.
    diffusers: BTreeMap<String, BTreeMap<String, (Vec<usize>, f32, f32, f32)>>,
}

fn references() -> BTreeMap<String, Reference> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/diffusion/ldm.json");
    serde_json::from_slice(&std::fs::read(path).expect("the reference")).expect("JSON")
}

/// Element e of tensor k is 1000 k + e, in float32.
#[expect(
    clippy::cast_precision_loss,
    reason = "torch.arange in float32 has the same"
)]
fn state_dict(shapes: &BTreeMap<String, Vec<usize>>) -> StateDict {
    let tensor = |(k, (name, shape)): (usize, (&String, &Vec<usize>))| {
        let count = shape.iter().product::<usize>();
        let read = move || Ok((0..count).map(|e| e as f32 + (1000 * k) as f32).collect());
        (
            name.clone(),
            LazyTensor::derived(shape.clone(), StoredType::F32, read),
        )
    };
    shapes.iter().enumerate().map(tensor).collect()
}

fn assert_equal(
    what: &str,
    ours: &StateDict,
    theirs: &BTreeMap<String, (Vec<usize>, f32, f32, f32)>,
) {
    let names: Vec<&str> = ours.iter().map(|(name, _)| name).collect();
    let expected: Vec<&str> = theirs.keys().map(String::as_str).collect();
    assert_eq!(names, expected, "{what}");
    for (name, (shape, first, second, last)) in theirs {
        let tensor = ours.get(name).expect("compared above");
        assert_eq!(tensor.shape(), shape, "{what} {name}");
        let numbers = tensor.read().expect("computed");
        assert_eq!(
            numbers.len(),
            shape.iter().product::<usize>(),
            "{what} {name}"
        );
        let ends = [
            numbers[0],
            numbers[1.min(numbers.len() - 1)],
            numbers[numbers.len() - 1],
        ];
        assert_eq!(
            ends.map(f32::to_bits),
            [first, second, last].map(|v| v.to_bits()),
            "{what} {name}"
        );
    }
}

#[test]
fn names_shapes_and_numbers_are_those_of_diffusers_converters() {
    for (family, reference) in references() {
        let dict = state_dict(&reference.ldm);
        assert!(is_ldm(&dict));
        let checkpoint = convert(Path::new("file.safetensors"), &dict).expect("a known family");
        assert_eq!(checkpoint.family.name(), family);
        assert_eq!(checkpoint.in_channels, 4);
        for (component, theirs) in &reference.diffusers {
            let ours = match component.as_str() {
                "unet" => &checkpoint.unet,
                "vae" => &checkpoint.vae,
                "text_encoder" => &checkpoint.text_encoders[0],
                _ => &checkpoint.text_encoders[1],
            };
            assert_equal(&format!("{family} {component}"), ours, theirs);
        }
    }
}

#[test]
fn published_files_have_every_tensor_of_the_published_shapes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/diffusion/published.json");
    let files: BTreeMap<String, BTreeMap<String, Vec<usize>>> =
        serde_json::from_slice(&std::fs::read(path).expect("the reference")).expect("JSON");
    assert_eq!(files.len(), Published::ALL.len());
    for (name, shapes) in files {
        // Nothing is read of several GB: whatever fits is an error of its own.
        let unread = shapes.into_iter().map(|(name, shape)| {
            let read = || Err(DiffusionError::malformed(Path::new("file"), "unread"));
            (name, LazyTensor::derived(shape, StoredType::F16, read))
        });
        let checkpoint = convert(Path::new("file"), &unread.collect()).expect("a known family");
        let family = checkpoint.family;
        assert_eq!(family.name(), name);
        let cpu = ComputeDevice::cpu();
        let (device, dtype) = (cpu.device(), DType::F32);
        let config = family.unet(checkpoint.in_channels);
        let unet = UNet2DConditionModel::load(&config, &checkpoint.unet, device, dtype);
        let vae = AutoencoderKl::load(&family.vae(), &checkpoint.vae, device, dtype);
        let mut errors = vec![unet.err(), vae.err()];
        let texts = family.text_encoders();
        assert_eq!(texts.len(), checkpoint.text_encoders.len());
        for (config, weights) in texts.iter().zip(&checkpoint.text_encoders) {
            errors.push(ClipTextModel::load(config, weights, device, dtype, "text").err());
        }
        for error in errors {
            let error = error.expect("nothing is read").to_string();
            assert!(error.contains("unread"), "{name}: {error}");
        }
    }
}

#[test]
fn what_is_no_known_family_is_refused() {
    let shapes = |names: &[&str]| {
        names
            .iter()
            .map(|name| ((*name).to_owned(), vec![4, 4]))
            .collect()
    };
    let unet = "model.diffusion_model.input_blocks.0.0.weight";
    for (names, expected) in [
        (vec![unet], "text encoder"),
        (
            vec![unet, "conditioner.embedders.0.model.ln_final.bias"],
            "refiner",
        ),
        (vec!["cond_stage_model.transformer.x"], "first convolution"),
        (
            vec![
                unet,
                "cond_stage_model.model.transformer.resblocks.0.attn.in_proj_weight",
            ],
            "multiple of 3",
        ),
    ] {
        let dict = state_dict(&shapes(&names));
        let error = convert(Path::new("file"), &dict)
            .err()
            .expect("refused")
            .to_string();
        assert!(error.contains(expected), "{error}");
    }
}
