//! Whole runs against diffusers' pictures, in f32 on the CPU.
//!
//! A run is within 2/255 of every value of diffusers' picture (what they reach stands beside each
//! test); `cargo test -- --nocapture` prints it.

use std::ops::ControlFlow;

use super::super::golden_tests::{Golden, largest_difference};
use super::super::prompt::Chunk;
use super::generate::{Prompts, Start};
use super::*;
use crate::protocol::ImageRequest;

/// Largest difference of a value between 0 and 1.
pub(super) const PICTURE: f32 = 2.0 / 255.0;

pub(super) fn load(golden: &Golden) -> Pipeline {
    load_onto(golden, &ComputeDevice::cpu())
}

pub(super) fn load_onto(golden: &Golden, device: &ComputeDevice) -> Pipeline {
    let request = LoadRequest::folder(&golden.model);
    Pipeline::load(&request, device, &mut |_, _| ()).expect("a model")
}

/// Tokens of a golden prompt, for each encoder.
fn tokens(golden: &Golden, names: &[&str]) -> Vec<Vec<Chunk>> {
    let chunk = |name: &&str| {
        let ids: Vec<u32> = golden.read(name).into_iter().map(|id| id as u32).collect();
        vec![Chunk {
            weights: vec![1.0; ids.len()],
            ids,
        }]
    };
    names.iter().map(chunk).collect()
}

pub(super) struct Run<'a> {
    pub(super) golden: &'a Golden,
    pub(super) pipeline: &'a Pipeline,
    pub(super) prompts: &'a Prompts,
}

impl Run<'_> {
    /// Final latents of a run with golden noise.
    fn latents(&self, request: &ImageRequest, start: Option<Start>) -> Latents {
        let pictures = Pictures::default();
        let mut settings = self.pipeline.settle(request, &pictures).expect("a request");
        settings.strength = request.strength;
        let scheduler = self.pipeline.scheduler(&settings).expect("a sampler");
        let noise = self.golden.read("run.init_noise");
        let count = noise.len();
        let later = self
            .golden
            .numbers
            .get("run.noises")
            .map(|_| self.golden.read("run.noises"));
        let mut later = later.into_iter().flatten();
        let mut step_noise = |asked: usize| {
            assert_eq!(asked, count);
            later.by_ref().take(count).collect()
        };
        let mut on_step = |_: denoise::Step<'_>| ControlFlow::Continue(());
        self.pipeline
            .denoise(
                &settings,
                self.prompts,
                start,
                scheduler,
                noise,
                &mut step_noise,
                &mut on_step,
            )
            .expect("a run")
    }

    /// Holds a run against the golden picture.
    fn check(&self, name: &str, request: &ImageRequest) {
        let worst = self.difference(name, request);
        assert!(worst <= PICTURE, "{name}: {worst}");
    }

    /// The largest difference of a run to the golden picture.
    pub(super) fn difference(&self, name: &str, request: &ImageRequest) -> f32 {
        let latents = self.latents(request, None);
        let expected = self.golden.read(&format!("run.{name}.final_latents"));
        let worst_latent = largest_difference(&latents.0.numbers, &expected);
        let planes = self
            .pipeline
            .components
            .vae
            .decode(&latents.0, Tiling::Whole)
            .expect("decoded");
        let picture: Vec<f32> = planes
            .numbers
            .iter()
            .map(|value| (value / 2.0 + 0.5).clamp(0.0, 1.0))
            .collect();
        let worst = largest_difference(&picture, &self.golden.read(&format!("run.{name}.image")));
        report(name, worst_latent, worst);
        worst
    }
}

#[expect(clippy::print_stderr, reason = "of a test, on demand")]
fn report(name: &str, latent: f32, picture: f32) {
    eprintln!(
        "run {name}: latents {latent:.1e}, picture {:.3}/255",
        picture * 255.0
    );
}

pub(super) fn request(
    scheduler: SchedulerName,
    sigmas: Option<Sigmas>,
    steps: u32,
) -> ImageRequest {
    ImageRequest {
        size: Some((64, 64)),
        scheduler: Some(scheduler),
        sigmas,
        num_inference_steps: Some(steps),
        guidance_scale: Some(5.0),
        ..ImageRequest::default()
    }
}

pub(super) fn icons(golden: &Golden, pipeline: &Pipeline) -> Prompts {
    let encode = |name| {
        pipeline
            .encode_tokens(&tokens(golden, &[name]), 0)
            .expect("states")
    };
    Prompts {
        prompt: encode("tokens.p0"),
        negative: Some(encode("tokens.empty")),
    }
}

#[test]
fn guided_runs_give_the_pictures_of_diffusers() {
    let golden = Golden::open("icons-64");
    let pipeline = load(&golden);
    let prompts = icons(&golden, &pipeline);
    let run = Run {
        golden: &golden,
        pipeline: &pipeline,
        prompts: &prompts,
    };
    for (name, scheduler, sigmas) in [
        ("ddim", SchedulerName::Ddim, None),
        ("euler", SchedulerName::Euler, None),
        (
            "dpmpp_2m_karras",
            SchedulerName::DpmPp2m,
            Some(Sigmas::Karras),
        ),
        ("pndm", SchedulerName::Pndm, None),
        ("euler_a", SchedulerName::EulerAncestral, None),
        ("dpmpp_2m", SchedulerName::DpmPp2m, None),
        ("unipc", SchedulerName::UniPc, None),
        ("heun", SchedulerName::Heun, None),
        ("lms", SchedulerName::Lms, None),
        ("lcm", SchedulerName::Lcm, None),
    ] {
        run.check(name, &request(scheduler, sigmas, 10));
    }
}

#[test]
fn image_to_image_ends_where_diffusers_ends() {
    let golden = Golden::open("icons-64");
    let pipeline = load(&golden);
    let prompts = icons(&golden, &pipeline);
    let picture = Planes {
        numbers: golden.read("vae.encode.image"),
        shape: [3, 64, 64],
    };
    let vae = &pipeline.components.vae;
    let original = vae
        .latents_of(&picture, Tiling::Whole, None)
        .expect("encoded")
        .numbers;
    let mut request = request(SchedulerName::Ddim, None, 10);
    request.strength = Some(0.6);
    let run = Run {
        golden: &golden,
        pipeline: &pipeline,
        prompts: &prompts,
    };
    let start = Start {
        original,
        mask: None,
    };
    let latents = run.latents(&request, Some(start));
    let worst = largest_difference(&latents.0.numbers, &golden.read("img2img.final_latents"));
    report("img2img", worst, 0.0);
    assert!(worst < 1e-4, "{worst}");
}

#[test]
fn other_families_give_the_pictures_of_diffusers() {
    let golden = Golden::open("tiny-sd21");
    let pipeline = load(&golden);
    let prompts = icons(&golden, &pipeline);
    let run = Run {
        golden: &golden,
        pipeline: &pipeline,
        prompts: &prompts,
    };
    run.check("ddim", &request(SchedulerName::Ddim, None, 5));

    let golden = Golden::open("tiny-sdxl");
    let pipeline = load(&golden);
    let prompt = tokens(&golden, &["tokens_1.p0", "tokens_2.p0"]);
    let prompt = pipeline.encode_tokens(&prompt, 0).expect("states");
    let negative = prompt.zeros();
    let prompts = Prompts {
        prompt,
        negative: Some(negative),
    };
    let run = Run {
        golden: &golden,
        pipeline: &pipeline,
        prompts: &prompts,
    };
    run.check("euler", &request(SchedulerName::Euler, None, 5));
}

/// Remembers what it is told, and breaks off where it is asked to.
#[derive(Default)]
struct Listener {
    steps: Vec<StepInfo>,
    images: Vec<GeneratedImage>,
    break_after: Option<usize>,
}

impl Observer for Listener {
    fn on_step(&mut self, step: StepInfo) -> ControlFlow<()> {
        self.steps.push(step);
        if self.break_after == Some(self.steps.len()) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn on_image(&mut self, image: GeneratedImage) {
        self.images.push(image);
    }
}

fn generate(pipeline: &Pipeline, request: &ImageRequest, pictures: &Pictures) -> Listener {
    let mut listener = Listener::default();
    pipeline
        .generate(request, pictures, &mut listener)
        .expect("pictures");
    listener
}

fn apple(steps: u32) -> ImageRequest {
    ImageRequest {
        prompt: "a red apple".to_owned(),
        num_inference_steps: Some(steps),
        seed: Some(1),
        ..ImageRequest::default()
    }
}

#[test]
fn a_batch_is_the_pictures_of_the_seeds_that_follow() {
    let golden = Golden::open("icons-64");
    let pipeline = load(&golden);
    let mut request = apple(4);
    request.count = Some(2);
    let batch = generate(&pipeline, &request, &Pictures::default());
    assert_eq!(batch.steps.len(), 8);
    assert_eq!(batch.steps[7].step, 4);
    let preview = &batch.steps[3].preview;
    assert_eq!(
        (preview.width, preview.height, preview.rgb.len()),
        (16, 16, 3 * 256)
    );
    request.count = None;
    request.seed = Some(2);
    let second = generate(&pipeline, &request, &Pictures::default());
    assert_eq!(batch.images[1].seed, 2);
    assert_eq!(batch.images[1].image, second.images[0].image);
    assert_ne!(batch.images[0].image, second.images[0].image);
}

#[test]
fn who_breaks_off_gets_no_picture() {
    let golden = Golden::open("icons-64");
    let pipeline = load(&golden);
    let mut listener = Listener {
        break_after: Some(2),
        ..Listener::default()
    };
    let result = pipeline.generate(&apple(4), &Pictures::default(), &mut listener);
    assert!(matches!(result, Err(DiffusionError::Cancelled)));
    assert_eq!((listener.steps.len(), listener.images.len()), (2, 0));
}

#[test]
fn what_can_not_be_is_refused_with_the_nearest_that_can() {
    let golden = Golden::open("icons-64");
    let pipeline = load(&golden);
    let mut request = apple(4);
    request.size = Some((63, 5000));
    let error = pipeline
        .settle(&request, &Pictures::default())
        .expect_err("no such size");
    assert!(error.to_string().contains("64x4096"), "{error}");
    let settings = pipeline
        .settle(&apple(4), &Pictures::default())
        .expect("a request");
    assert_eq!((settings.width, settings.height), (64, 64));
    assert_eq!(settings.scheduler, SchedulerName::Ddim, "the folder's own");
    let masked = Pictures {
        mask: Some(GrayImage::new(64, 64)),
        init: None,
    };
    assert!(pipeline.settle(&apple(4), &masked).is_err());
}

#[test]
fn a_painted_picture_keeps_what_is_masked() {
    let golden = Golden::open("icons-64");
    let pipeline = load(&golden);
    let mut first = apple(10);
    first.scheduler = Some(SchedulerName::DpmPp2m);
    let init = generate(&pipeline, &first, &Pictures::default())
        .images
        .remove(0)
        .image;
    let pictures = Pictures {
        mask: Some(GrayImage::from_fn(64, 64, |x, _| {
            image::Luma([if x < 32 { 0 } else { 255 }])
        })),
        init: Some(init.clone()),
    };
    let mut request = apple(6);
    request.prompt = "a blue umbrella".to_owned();
    request.seed = Some(7);
    request.guidance_scale = Some(3.5);
    request.scheduler = Some(SchedulerName::DpmPp2m);
    let painted = generate(&pipeline, &request, &pictures)
        .images
        .remove(0)
        .image;
    let difference = |columns: std::ops::Range<u32>| {
        let count = (columns.len() * 64 * 3) as f32;
        let pixels = columns.flat_map(|x| (0..64).map(move |y| (x, y)));
        let all = pixels.flat_map(|(x, y)| {
            let (a, b) = (init.get_pixel(x, y).0, painted.get_pixel(x, y).0);
            [0, 1, 2].map(|channel| f32::from(a[channel].abs_diff(b[channel])))
        });
        all.sum::<f32>() / count
    };
    let (kept, new) = (difference(0..24), difference(40..64));
    assert!(kept < 8.0 && new > 2.0 * kept, "kept {kept}, painted {new}");
}
