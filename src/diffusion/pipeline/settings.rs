//! What a request leaves open, filled in.

use std::hash::{BuildHasher, RandomState};

use super::super::error::DiffusionError;
use super::components::Family;
use super::{Pictures, Pipeline};
use crate::protocol::{ImageRequest, NoiseGenerator, SchedulerName, Sigmas};

/// No side is longer, in pixels: the attention of the first level grows with its fourth power.
const MAX_SIDE: u32 = 4096;

/// No side is shorter, in latents.
const MIN_LATENTS: u32 = 8;

/// No request takes more steps.
const MAX_STEPS: u32 = 1000;

/// No request makes more pictures.
const MAX_COUNT: u32 = 64;

/// Everything that decides what a picture looks like, beside the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// What is to be seen.
    pub prompt: String,
    /// What is not to be seen, if anything was said of it.
    pub negative_prompt: Option<String>,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// From pure noise to the picture; image-to-image takes fewer.
    pub num_inference_steps: u32,
    /// How strongly the prompt pulls.
    pub guidance_scale: f32,
    /// Counters overexposure, 0 to 1.
    pub guidance_rescale: f32,
    /// Of the first picture; the others follow.
    pub seed: u64,
    /// Whose random numbers.
    pub generator: NoiseGenerator,
    /// The sampler.
    pub scheduler: SchedulerName,
    /// How it spaces its noise levels; `None` is as the model's configuration has it.
    pub sigmas: Option<Sigmas>,
    /// How many of the text encoder's last layers are left out.
    pub clip_skip: u32,
    /// How many pictures.
    pub count: u32,
    /// How far from the first picture, where there is one.
    pub strength: Option<f32>,
}

impl Pipeline {
    /// Fills in what a request leaves open, and refuses what can't be.
    ///
    /// # Errors
    /// With what is wrong about the request; a wrong size comes with the nearest possible one.
    pub fn settle(
        &self,
        request: &ImageRequest,
        pictures: &Pictures,
    ) -> Result<Settings, DiffusionError> {
        let refuse = |reason: &str| Err(DiffusionError::Request(reason.to_owned()));
        let init_size = pictures
            .init
            .as_ref()
            .map(|picture| self.near(picture.dimensions()));
        let size = request.size.or(init_size);
        let (width, height) = size.unwrap_or_else(|| self.trained_size());
        self.check_size(width, height)?;
        if pictures.mask.is_some() && pictures.init.is_none() {
            return refuse("a mask needs a picture to begin with: say which with --init");
        }
        let paints =
            self.components.unet_config.in_channels != self.components.unet_config.out_channels;
        if paints && pictures.mask.is_none() {
            return refuse("this model only paints into pictures: give it --init and --mask");
        }
        let strength = request
            .strength
            .unwrap_or(if pictures.mask.is_some() { 1.0 } else { 0.8 });
        if pictures.init.is_some() && !(strength > 0.0 && strength <= 1.0) {
            return refuse("the strength must be above 0 and at most 1");
        }
        if !(0.0..=1.0).contains(&request.guidance_rescale) {
            return refuse("the guidance rescale must be between 0 and 1");
        }
        let (own, _) = self.own_scheduler()?;
        let scheduler = request.scheduler.unwrap_or(own);
        let sigmas = request.sigmas;
        let steps = request
            .num_inference_steps
            .unwrap_or(if scheduler == SchedulerName::Lcm {
                4
            } else {
                25
            });
        if !(1..=MAX_STEPS).contains(&steps) {
            return refuse("the number of steps must be between 1 and 1000");
        }
        let count = request.count.unwrap_or(1);
        if !(1..=MAX_COUNT).contains(&count) {
            return refuse("the number of pictures must be between 1 and 64");
        }
        let guidance_scale = request
            .guidance_scale
            .unwrap_or_else(|| self.usual_guidance(scheduler));
        if !guidance_scale.is_finite() {
            return refuse("the guidance must be a number");
        }
        let clip_skip = request.clip_skip.unwrap_or_default();
        Ok(Settings {
            prompt: request.prompt.clone(),
            negative_prompt: request.negative_prompt.clone(),
            width,
            height,
            num_inference_steps: steps,
            guidance_scale,
            guidance_rescale: request.guidance_rescale,
            seed: request.seed.unwrap_or_else(draw_seed),
            generator: request.generator,
            scheduler,
            sigmas,
            clip_skip,
            count,
            strength: pictures.init.is_some().then_some(strength),
        })
    }

    /// What both sides of a picture must be multiples of.
    pub fn size_multiple(&self) -> u32 {
        self.components.vae.config.scale() as u32
    }

    /// The size of the pictures of the training, in pixels.
    fn trained_size(&self) -> (u32, u32) {
        let vae = &self.components.vae.config;
        let latents = self.components.unet_config.sample_size.unwrap_or(64);
        let side = (latents * vae.scale()) as u32;
        self.near((side, side))
    }

    fn near(&self, (width, height): (u32, u32)) -> (u32, u32) {
        let multiple = self.size_multiple();
        let near = |side: u32| {
            let rounded = side.saturating_add(multiple / 2) / multiple * multiple;
            rounded.clamp(MIN_LATENTS * multiple, MAX_SIDE)
        };
        (near(width), near(height))
    }

    fn check_size(&self, width: u32, height: u32) -> Result<(), DiffusionError> {
        let nearest = self.near((width, height));
        if nearest == (width, height) {
            return Ok(());
        }
        Err(DiffusionError::Size {
            width,
            height,
            multiple: self.size_multiple(),
            nearest,
        })
    }

    /// diffusers' defaults.
    fn usual_guidance(&self, scheduler: SchedulerName) -> f32 {
        if self.components.unet_config.time_cond_proj_dim.is_some() {
            return 8.5;
        }
        match (scheduler, self.components.family) {
            (SchedulerName::Lcm, _) => 1.0,
            (_, Family::StableDiffusion) => 7.5,
            (_, Family::StableDiffusionXl) => 5.0,
        }
    }
}

/// A seed that nobody chose, of the 32 bits that torch's generator takes.
fn draw_seed() -> u64 {
    RandomState::new().hash_one(0_u8) >> 32
}
