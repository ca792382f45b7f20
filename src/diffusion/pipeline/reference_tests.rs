//! From a seed to the picture, against diffusers' pipelines (`tests/golden/make_pipelines.py`), in
//! f32 on the CPU.
//!
//! Each picture is within 2/255 of every value of diffusers'; `cargo test -- --nocapture` prints
//! what it reaches.

use std::fs;
use std::path::Path;

use serde::Deserialize;

use super::super::config::{AutoencoderKlConfig, ClipTextConfig, UNetConfig};
use super::super::golden_tests::largest_difference;
use super::super::weights::{LazyTensor, StateDict, StoredType, open_file};
use super::source::{Shapes, open_checkpoint};
use super::*;
use crate::protocol::ImageRequest;

/// Largest difference of a value between 0 and 1.
const PICTURE: f32 = 2.0 / 255.0;

#[derive(Deserialize)]
struct Case {
    name: String,
    model: String,
    request: Asked,
    /// Names of pictures among the references.
    init: Option<String>,
    mask: Option<String>,
    #[serde(default)]
    loras: Vec<(String, f32)>,
}

#[derive(Deserialize)]
struct Asked {
    prompt: String,
    negative: Option<String>,
    seed: u64,
    steps: u32,
    guidance: f32,
    #[serde(default)]
    rescale: f32,
    scheduler: Option<SchedulerName>,
    clip_skip: Option<u32>,
    size: Option<(u32, u32)>,
    strength: Option<f32>,
}

impl Asked {
    fn request(&self) -> ImageRequest {
        ImageRequest {
            prompt: self.prompt.clone(),
            negative_prompt: self.negative.clone(),
            seed: Some(self.seed),
            num_inference_steps: Some(self.steps),
            guidance_scale: Some(self.guidance),
            guidance_rescale: self.rescale,
            scheduler: self.scheduler,
            clip_skip: self.clip_skip,
            size: Some(self.size.unwrap_or((64, 64))),
            strength: self.strength,
            ..ImageRequest::default()
        }
    }
}

struct References {
    cases: Vec<Case>,
    pictures: StateDict,
}

fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn data() -> PathBuf {
    checkout().join("tests/golden/diffusion")
}

impl References {
    fn open() -> Self {
        let folder = data().join("pipelines");
        let cases = fs::read(folder.join("cases.json")).expect("cases");
        Self {
            cases: serde_json::from_slice(&cases).expect("JSON"),
            pictures: open_file(&folder.join("pictures.safetensors")).expect("pictures"),
        }
    }

    fn read(&self, name: &str) -> (Vec<f32>, Vec<usize>) {
        let tensor = self.pictures.get(name).unwrap_or_else(|| panic!("{name}"));
        (tensor.read().expect("readable"), tensor.shape().to_vec())
    }

    fn pixels(&self, name: &str) -> (Vec<u8>, u32, u32) {
        let (numbers, shape) = self.read(name);
        let bytes = numbers.into_iter().map(|number| number as u8).collect();
        (bytes, shape[1] as u32, shape[0] as u32)
    }

    fn pictures(&self, case: &Case) -> Pictures {
        let init = case.init.as_ref().map(|name| {
            let (bytes, width, height) = self.pixels(name);
            RgbImage::from_raw(width, height, bytes).expect("three colours")
        });
        let mask = case.mask.as_ref().map(|name| {
            let (bytes, width, height) = self.pixels(name);
            GrayImage::from_raw(width, height, bytes).expect("one colour")
        });
        Pictures { init, mask }
    }

    /// Draws every case of a model, without and with its LoRA files.
    fn check(&self, model: &str, count: usize) {
        let of_model: Vec<&Case> = self.cases.iter().filter(|c| c.model == model).collect();
        assert_eq!(of_model.len(), count, "cases of {model}");
        let plain = self.load(model, &[]);
        for case in of_model {
            if case.loras.is_empty() {
                self.check_case(&plain, case);
            } else {
                self.check_case(&self.load(model, &case.loras), case);
            }
        }
    }

    fn load(&self, model: &str, loras: &[(String, f32)]) -> Pipeline {
        let cpu = ComputeDevice::cpu();
        let quiet = &mut |_, _| ();
        let icons = checkout().join("models/icons-64");
        let file = |name: &str| data().join("pipelines").join(name);
        let (path, source) = match model {
            "single-sd1" => {
                let path = file("single-sd1.ckpt");
                let source = single(&path, &file("single-sd1-shapes"));
                (path, source)
            }
            "single-sdxl" => {
                let path = file("single-sdxl.safetensors");
                let source = single(&path, &file("single-sdxl-shapes"));
                (path, source)
            }
            "paint" => {
                let source = self.painting(&icons);
                (icons, source)
            }
            _ => {
                let tiny = data().join("tiny-sdxl/model");
                let path = if model == "icons-64" { icons } else { tiny };
                let lora = |(name, strength): &(String, f32)| {
                    (
                        data().join("lora").join(format!("{name}.safetensors")),
                        *strength,
                    )
                };
                let request = LoadRequest {
                    path: &path,
                    tokenizer: None,
                    loras: &loras.iter().map(lora).collect::<Vec<_>>(),
                };
                return Pipeline::load(&request, &cpu, quiet).expect("a model");
            }
        };
        Pipeline::of_source(source, &path, None, &cpu, quiet).expect("a model")
    }

    /// A model with the first convolution of one that sees mask and hole.
    fn painting(&self, path: &Path) -> ModelSource {
        let mut source = ModelSource::open(path, None).expect("a model");
        let (numbers, shape) = self.read("paint.conv_in");
        let weight = LazyTensor::derived(shape, StoredType::F32, move || Ok(numbers.clone()));
        source.unet.0.in_channels = 9;
        source.unet.1.insert("conv_in.weight".to_owned(), weight);
        source
    }

    fn check_case(&self, pipeline: &Pipeline, case: &Case) {
        let pictures = self.pictures(case);
        let settings = pipeline
            .settle(&case.request.request(), &pictures)
            .expect("a request");
        let prompts = pipeline.encode_prompts(&settings).expect("states");
        let mut rng = NoiseRng::new(settings.generator, settings.seed);
        let latents = pipeline
            .draw(&settings, &prompts, &pictures, &mut rng, 0, &mut Silent)
            .expect("latents");
        let vae = &pipeline.components.vae;
        let planes = vae.decode(&latents.0, Tiling::Whole).expect("decoded");
        let values = planes.numbers.iter();
        let picture: Vec<f32> = values.map(|v| (v / 2.0 + 0.5).clamp(0.0, 1.0)).collect();
        let (expected, shape) = self.read(&case.name);
        assert_eq!(planes.shape.as_slice(), shape, "{}", case.name);
        let worst = largest_difference(&picture, &expected);
        report(&case.name, worst);
        assert!(worst <= PICTURE, "{}: {worst}", case.name);
    }
}

/// A small model in one file, whose shapes are no published ones.
fn single(path: &Path, shapes: &Path) -> ModelSource {
    let checkpoint = open_checkpoint(path).expect("a checkpoint");
    let names = ["text_encoder", "text_encoder_2"].map(|name| shapes.join(name));
    let encoders = names.iter().filter(|folder| folder.is_dir());
    let shapes = Shapes {
        text_encoders: encoders
            .map(|folder| ClipTextConfig::read(folder).expect("a configuration"))
            .collect(),
        unet: UNetConfig::read(&shapes.join("unet")).expect("a configuration"),
        vae: AutoencoderKlConfig::read(&shapes.join("vae")).expect("a configuration"),
    };
    let tokenizer = checkout().join("models/icons-64/tokenizer");
    ModelSource::of_checkpoint(checkpoint, shapes, &tokenizer)
}

#[expect(clippy::print_stderr, reason = "of a test, on demand")]
fn report(name: &str, picture: f32) {
    eprintln!("pipeline {name}: {:.4}/255", picture * 255.0);
}

/// Hears, and says nothing.
struct Silent;

impl Observer for Silent {
    fn on_step(&mut self, _: StepInfo) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn on_image(&mut self, _: GeneratedImage) {}
}

#[test]
fn pictures_begun_with_pictures_masks_and_long_prompts_are_those_of_diffusers() {
    References::open().check("icons-64", 12);
}

#[test]
fn a_unet_that_sees_the_hole_paints_as_in_diffusers() {
    References::open().check("paint", 2);
}

#[test]
fn sdxl_with_its_sizes_pictures_and_loras_draws_what_diffusers_draws() {
    References::open().check("tiny-sdxl", 4);
}

#[test]
fn single_files_draw_what_diffusers_draws_from_them() {
    let references = References::open();
    references.check("single-sd1", 1);
    references.check("single-sdxl", 1);
}

#[test]
fn a_lora_of_another_model_is_refused_by_names() {
    let lora = [(data().join("lora/kohya.safetensors"), 1.0)];
    let path = checkout().join("models/icons-64");
    let request = LoadRequest {
        loras: &lora,
        ..LoadRequest::folder(&path)
    };
    let error = Pipeline::load(&request, &ComputeDevice::cpu(), &mut |_, _| ()).err();
    let error = error.expect("refused").to_string();
    assert!(
        error.contains("kohya.safetensors") && error.contains("lora_te2_"),
        "{error}"
    );
    let lora = [(data().join("lora/peft.safetensors"), f32::NAN)];
    let request = LoadRequest {
        loras: &lora,
        ..LoadRequest::folder(&path)
    };
    let error = Pipeline::load(&request, &ComputeDevice::cpu(), &mut |_, _| ()).err();
    assert!(matches!(error, Some(DiffusionError::Request(_))));
}

#[test]
fn what_is_no_model_or_has_no_vocabulary_is_refused() {
    for (path, expected) in [
        ("lora/kohya.safetensors", "holds no model"),
        ("ckpt/model.ckpt", "holds no model"),
        ("pipelines/single-sd1.ckpt", "without CLIP's vocabulary"),
    ] {
        let path = data().join(path);
        let request = LoadRequest::folder(&path);
        let error = Pipeline::load(&request, &ComputeDevice::cpu(), &mut |_, _| ()).err();
        let error = error.expect("refused").to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[cfg(unix)]
#[test]
fn a_folder_without_a_tokenizer_takes_the_one_that_is_given() {
    let icons = checkout().join("models/icons-64");
    let folder = std::env::temp_dir().join(format!("companion-bare-model-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    for part in [
        "model_index.json",
        "scheduler",
        "text_encoder",
        "unet",
        "vae",
    ] {
        std::os::unix::fs::symlink(icons.join(part), folder.join(part)).expect("a link");
    }
    let tokenizer = icons.join("tokenizer");
    let given = ModelSource::open(&folder, Some(&tokenizer)).map(|source| {
        let tokenizer = source.tokenizers[0].read().expect("a tokenizer");
        tokenizer.encode("a red apple")
    });
    let without = ModelSource::open(&folder, None).map(|source| source.tokenizers[0].read());
    fs::remove_dir_all(&folder).expect("removed");
    let own = ModelSource::open(&icons, None).expect("a model").tokenizers[0]
        .read()
        .expect("a tokenizer");
    assert_eq!(given.expect("a model"), own.encode("a red apple"));
    assert!(without.expect("a model").is_err());
}
