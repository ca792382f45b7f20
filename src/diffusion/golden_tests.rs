//! Every network against diffusers' own numbers, in f32 on the CPU.
//!
//! The numbers are those of `tests/golden/diffusion`; its README says how they were made. The
//! tolerance of a module is [`MODULE`]; what each reaches stands beside its test.

use std::path::{Path, PathBuf};

use burn_dispatch::DispatchDevice;
use burn_flex::FlexDevice;
use burn_tensor::DType;

use super::config::{AutoencoderKlConfig, AutoencoderTinyConfig, ClipTextConfig, UNetConfig};
use super::model::autoencoder_kl::AutoencoderKl;
use super::model::autoencoder_tiny::AutoencoderTiny;
use super::model::clip::ClipTextModel;
use super::model::unet::{Stage, UNet2DConditionModel, UNetConditions};
use super::tensor::{Device, Tensor, to_device, to_host};
use super::weights::{StateDict, open_component, open_file};

/// Largest difference to diffusers that a module may have, in f32.
pub(super) const MODULE: f32 = 1e-4;

/// The same for inner states, whose numbers go up to 113, as a part of the largest of them: eight
/// units in the last place of an f32.
const INNER: f32 = 4e-6;

const CPU: Device = DispatchDevice::Flex(FlexDevice);

fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A model and the numbers that diffusers gets from it.
pub(super) struct Golden {
    pub(super) model: PathBuf,
    pub(super) numbers: StateDict,
}

impl Golden {
    pub(super) fn open(name: &str) -> Self {
        let data = checkout().join("tests/golden/diffusion");
        let (model, numbers) = match name {
            "icons-64" => (checkout().join("models/icons-64"), data),
            _ => (data.join(name).join("model"), data.join(name)),
        };
        Self {
            model,
            numbers: open_file(&numbers.join("golden.safetensors")).expect("golden numbers"),
        }
    }

    pub(super) fn read(&self, name: &str) -> Vec<f32> {
        let tensor = self.numbers.get(name);
        let tensor = tensor.unwrap_or_else(|| panic!("no golden number is called {name}"));
        tensor.read().expect("readable")
    }

    pub(super) fn tensor<const D: usize>(&self, name: &str) -> Tensor<D> {
        self.tensor_on(name, &CPU, DType::F32)
    }

    pub(super) fn tensor_on<const D: usize>(
        &self,
        name: &str,
        device: &Device,
        dtype: DType,
    ) -> Tensor<D> {
        let shape = self.numbers.get(name).map(|tensor| tensor.shape().to_vec());
        let shape = shape.and_then(|shape| shape.try_into().ok());
        let shape = shape.unwrap_or_else(|| panic!("{name} is no tensor of rank {D}"));
        to_device(self.read(name), shape, device, dtype)
    }

    pub(super) fn tokens(&self, name: &str) -> Vec<u32> {
        self.read(name).into_iter().map(|id| id as u32).collect()
    }

    fn text_encoder(&self, folder: &str) -> ClipTextModel {
        let folder = self.model.join(folder);
        let config = ClipTextConfig::read(&folder).expect("a configuration");
        let weights = open_component(&folder).expect("weights");
        ClipTextModel::load(&config, &weights, &CPU, DType::F32, "text_encoder").expect("a model")
    }

    fn unet(&self) -> UNet2DConditionModel {
        let folder = self.model.join("unet");
        let config = UNetConfig::read(&folder).expect("a configuration");
        let weights = open_component(&folder).expect("weights");
        UNet2DConditionModel::load(&config, &weights, &CPU, DType::F32).expect("a model")
    }

    fn vae(&self) -> AutoencoderKl {
        let folder = self.model.join("vae");
        let config = AutoencoderKlConfig::read(&folder).expect("a configuration");
        let weights = open_component(&folder).expect("weights");
        AutoencoderKl::load(&config, &weights, &CPU, DType::F32).expect("a model")
    }

    /// Holds a tensor against the golden numbers of that name; gives the largest difference.
    fn check<const D: usize>(&self, name: &str, actual: Tensor<D>) -> f32 {
        let expected = self.read(name);
        let worst = largest_difference(&to_host(actual, "test").expect("numbers"), &expected);
        let magnitude = expected
            .iter()
            .fold(0.0, |most: f32, next| most.max(next.abs()));
        assert!(
            worst <= MODULE.max(INNER * magnitude),
            "{name}: {worst:e} of {magnitude}"
        );
        worst
    }
}

pub(super) fn largest_difference(actual: &[f32], expected: &[f32]) -> f32 {
    assert_eq!(actual.len(), expected.len());
    let differences = actual.iter().zip(expected).map(|(a, b)| (a - b).abs());
    // A NaN must not pass for a small number.
    differences.fold(
        0.0,
        |worst: f32, next| if next <= worst { worst } else { next },
    )
}

/// Shows with `--nocapture` what a test reaches.
#[expect(clippy::print_stderr, reason = "of a test, on demand")]
fn report(what: &str, worst: f32) {
    eprintln!("{what}: {worst:.1e}");
}

#[test]
fn text_encoders_give_what_transformers_gives() {
    let golden = Golden::open("icons-64");
    let encoder = golden.text_encoder("text_encoder");
    let mut worst = 0.0_f32;
    for prompt in ["p0", "p1", "p2", "empty"] {
        let out = encoder
            .forward(&[golden.tokens(&format!("tokens.{prompt}"))])
            .expect("tokens");
        let penultimate = out.hidden_states[out.hidden_states.len() - 2].clone();
        worst = worst
            .max(golden.check(
                &format!("text.last_hidden_state.{prompt}"),
                out.last_hidden_state,
            ))
            .max(golden.check(&format!("text.pooler_output.{prompt}"), out.pooled))
            .max(golden.check(
                &format!("text.hidden_states.penultimate.{prompt}"),
                penultimate,
            ))
            .max(golden.check(
                &format!("text.hidden_states.0.{prompt}"),
                out.hidden_states[0].clone(),
            ));
    }
    report("icons-64 text", worst);

    let golden = Golden::open("tiny-sd21");
    let encoder = golden.text_encoder("text_encoder");
    worst = 0.0;
    for prompt in ["p0", "p1", "empty"] {
        let out = encoder
            .forward(&[golden.tokens(&format!("tokens.{prompt}"))])
            .expect("tokens");
        let penultimate = out.hidden_states[out.hidden_states.len() - 2].clone();
        let skipped = encoder.normalize(penultimate.clone());
        worst = worst
            .max(golden.check(
                &format!("text.last_hidden_state.{prompt}"),
                out.last_hidden_state,
            ))
            .max(golden.check(&format!("text.pooler_output.{prompt}"), out.pooled))
            .max(golden.check(&format!("text.clip_skip1.{prompt}"), skipped))
            .max(golden.check(&format!("text.penultimate.{prompt}"), penultimate));
    }
    report("tiny-sd21 text", worst);

    let golden = Golden::open("tiny-sdxl");
    worst = 0.0;
    for (number, folder) in [(1, "text_encoder"), (2, "text_encoder_2")] {
        let encoder = golden.text_encoder(folder);
        for prompt in ["p0", "p1", "empty"] {
            let tokens = golden.tokens(&format!("tokens_{number}.{prompt}"));
            let out = encoder.forward(&[tokens]).expect("tokens");
            let penultimate = out.hidden_states[out.hidden_states.len() - 2].clone();
            let name = |what: &str| format!("text_{number}.{what}.{prompt}");
            worst = worst
                .max(golden.check(&name("penultimate"), penultimate))
                .max(golden.check(&name("last_hidden_state"), out.last_hidden_state));
            if number == 2 {
                worst = worst.max(golden.check(&name("text_embeds"), out.pooled));
            }
        }
    }
    report("tiny-sdxl text", worst);
}

fn conditions(golden: &Golden, prompt: &str) -> UNetConditions {
    let is_sdxl = golden.numbers.get("unet.time_ids").is_some();
    let (states, added) = if is_sdxl {
        let pooled = golden.tensor(&format!("pooled_prompt_embeds.{prompt}"));
        let added = Some((pooled, golden.read("unet.time_ids")));
        (format!("prompt_embeds.{prompt}"), added)
    } else {
        (format!("text.last_hidden_state.{prompt}"), None)
    };
    UNetConditions {
        encoder_hidden_states: golden.tensor(&states),
        added,
        timestep_cond: None,
    }
}

#[test]
fn unets_give_what_diffusers_gives_block_by_block() {
    for (model, prompts) in [
        ("icons-64", &["p1", "p2", "empty"][..]),
        ("tiny-sd21", &["p1", "empty"]),
        ("tiny-sdxl", &["p1", "empty"]),
    ] {
        let golden = Golden::open(model);
        let unet = golden.unet();
        let mut worst = 0.0_f32;
        let show = |stage: Stage, tensor: &Tensor<4>| {
            let name = match stage {
                Stage::TimeEmbedding => "time_embedding".to_owned(),
                Stage::AddEmbedding => "add_embedding".to_owned(),
                Stage::ConvIn => "conv_in".to_owned(),
                Stage::Down(level) => format!("down_blocks.{level}"),
                Stage::Mid => "mid_block".to_owned(),
                Stage::Up(level) => format!("up_blocks.{level}"),
                Stage::ConvNormOut => "conv_norm_out".to_owned(),
            };
            let difference = golden.check(&format!("unet.p0.{name}"), tensor.clone());
            worst = worst.max(difference);
        };
        let latent = golden.tensor::<4>("unet.latent");
        let out = unet.forward_with(latent.clone(), 500.0, &conditions(&golden, "p0"), show);
        worst = worst.max(golden.check("unet.out.p0", out));
        for prompt in prompts {
            let out = unet.forward(latent.clone(), 500.0, &conditions(&golden, prompt));
            worst = worst.max(golden.check(&format!("unet.out.{prompt}"), out));
        }
        if model == "icons-64" {
            for timestep in [1.0, 999.0] {
                let out = unet.forward(latent.clone(), timestep, &conditions(&golden, "p0"));
                worst = worst.max(golden.check(&format!("unet.out.p0.t{timestep}"), out));
            }
        }
        report(&format!("{model} unet"), worst);
    }
}

#[test]
fn autoencoders_give_what_diffusers_gives() {
    for model in ["icons-64", "tiny-sd21", "tiny-sdxl"] {
        let golden = Golden::open(model);
        let vae = golden.vae();
        let posterior = vae.encode(golden.tensor("vae.encode.image"));
        let mut worst = golden
            .check("vae.encode.mean", posterior.mean.clone())
            .max(golden.check("vae.encode.logvar", posterior.logvar));
        let decoded = vae.decode(golden.tensor("vae.decode.latent"));
        worst = worst.max(golden.check("vae.decode.image", decoded));
        if model == "icons-64" {
            let decoded = vae.decode(posterior.mean);
            worst = worst.max(golden.check("vae.decode.of_mean", decoded));
        }
        report(&format!("{model} vae"), worst);
    }
}

#[test]
fn the_tiny_autoencoder_decodes_as_diffusers_does() {
    let folder = checkout().join("tests/golden/diffusion/taesd");
    let golden = Golden {
        numbers: open_file(&folder.join("golden.safetensors")).expect("golden numbers"),
        model: folder.clone(),
    };
    let config = AutoencoderTinyConfig::read(&folder).expect("a configuration");
    let weights = open_component(&folder).expect("weights");
    let tiny = AutoencoderTiny::load(&config, weights, &CPU, DType::F32).expect("a model");
    let worst = golden.check("image", tiny.decode(golden.tensor("latent")));
    report("taesd", worst);
}
