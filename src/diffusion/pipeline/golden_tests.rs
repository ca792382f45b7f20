//! Whole runs against diffusers' pictures, in f32 on the CPU.
//!
//! A run is within 2/255 of every value of diffusers' picture (what they reach stands beside each
//! test); `cargo test -- --nocapture` prints it.

use std::ops::ControlFlow;

use super::super::golden_tests::{Golden, largest_difference};
use super::generate::{Prompts, Start};
use super::prompt::TokenChunks;
use super::*;
use crate::protocol::ImageRequest;

/// Largest difference of a value between 0 and 1.
const PICTURE: f32 = 2.0 / 255.0;

fn load(golden: &Golden) -> Pipeline {
    Pipeline::load(&golden.model, &ComputeDevice::cpu(), &mut |_, _| ()).expect("a model")
}

/// Tokens of a golden prompt, for each encoder.
fn tokens(golden: &Golden, names: &[&str]) -> Vec<TokenChunks> {
    let chunk = |name: &&str| {
        let ids: Vec<u32> = golden.read(name).into_iter().map(|id| id as u32).collect();
        TokenChunks {
            weights: vec![vec![1.0; ids.len()]],
            ids: vec![ids],
        }
    };
    names.iter().map(chunk).collect()
}

struct Run<'a> {
    golden: &'a Golden,
    pipeline: &'a Pipeline,
    prompts: &'a Prompts,
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
        assert!(worst <= PICTURE, "{name}: {worst}");
    }
}

#[expect(clippy::print_stderr, reason = "of a test, on demand")]
fn report(name: &str, latent: f32, picture: f32) {
    eprintln!(
        "run {name}: latents {latent:.1e}, picture {:.3}/255",
        picture * 255.0
    );
}

fn request(scheduler: SchedulerName, sigmas: Option<Sigmas>, steps: u32) -> ImageRequest {
    ImageRequest {
        size: Some((64, 64)),
        scheduler: Some(scheduler),
        sigmas,
        num_inference_steps: Some(steps),
        guidance_scale: Some(5.0),
        ..ImageRequest::default()
    }
}

fn icons(golden: &Golden, pipeline: &Pipeline) -> Prompts {
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
