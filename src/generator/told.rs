//! From what the engine tells to news.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use image::RgbImage;

use super::hash::HashInProgress;
use super::kept::Kept;
use super::{GeneratorError, Image, News, SoFar};
use crate::diffusion::{GeneratedImage, Latents, Observer, Preview, Settings, StepInfo};
use crate::models::Model;
use crate::picture;
use crate::protocol::{Generation, ImageProgress, ImageRequest, ImageStage, MemoryForecast};

/// Who is told what comes of a request.
pub(super) type Listener<'a> = dyn FnMut(News<'_>) -> ControlFlow<()> + 'a;

/// Turns what the engine tells into news.
pub(super) struct Told<'a, 'b> {
    pub on_news: &'a mut Listener<'b>,
    pub settings: &'a Settings,
    pub asked: &'a ImageRequest,
    pub model: &'a Model,
    pub hash: &'a mut HashInProgress,
    pub device: &'static str,
    pub forecast: MemoryForecast,
    /// Where latents wait for their picture.
    pub kept: Kept<'a>,
    /// When this picture was begun.
    pub began: Instant,
    /// When this step was begun.
    pub step_began: Instant,
    /// Steps in a second, smoothed.
    pub rate: Option<f32>,
    pub failure: Option<GeneratorError>,
    /// Whoever listens broke off with a picture: nothing after it is wanted.
    pub is_over: bool,
}

impl Told<'_, '_> {
    /// What makes the picture of this seed again, alone.
    fn request(&self, seed: u64) -> ImageRequest {
        ImageRequest {
            // As it was typed: the style is told by its name.
            prompt: self.asked.prompt.clone(),
            negative_prompt: self.asked.negative_prompt.clone(),
            model: Some(self.model.name.clone()),
            seed: Some(seed),
            count: None,
            device: None,
            ..settled(self.asked.clone(), self.settings)
        }
    }

    fn image(&mut self, made: &GeneratedImage) -> Result<Image, GeneratorError> {
        let generation = Generation {
            request: self.request(made.seed),
            model_hash: self.hash.wait(),
            device: self.device.to_owned(),
            time_ms: milliseconds(self.began.elapsed()),
        };
        finish(&made.image, generation)
    }
}

/// A picture as a file, with how it was made in it.
pub(super) fn finish(image: &RgbImage, generation: Generation) -> Result<Image, GeneratorError> {
    let request = &generation.request;
    let png = picture::encode_png(
        image,
        &picture::Made {
            request,
            model: request.model.as_deref().unwrap_or_default(),
            model_hash: generation.model_hash.as_deref(),
            device: &generation.device,
            duration: Duration::from_millis(generation.time_ms),
        },
    )?;
    let (width, height) = image.dimensions();
    Ok(Image {
        png,
        width,
        height,
        generation,
    })
}

pub(super) fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Observer for Told<'_, '_> {
    fn on_step(&mut self, step: StepInfo) -> ControlFlow<()> {
        if self.is_over {
            return ControlFlow::Break(());
        }
        let took = self.step_began.elapsed().max(Duration::from_micros(1));
        self.step_began = Instant::now();
        // The first step has prompts and kernels in it.
        if step.step > 1 {
            let now = 1.0 / took.as_secs_f32();
            self.rate = Some(self.rate.map_or(now, |rate| rate * 0.7 + now * 0.3));
        }
        let (done, total) = (small(step.step), small(step.total));
        let progress = ImageProgress {
            stage: if done == total {
                ImageStage::Decoding
            } else {
                ImageStage::Denoising
            },
            image: step.image + 1,
            images: step.images,
            done,
            total,
            steps_per_second: self.rate,
            forecast: Some(self.forecast),
            preview: None,
        };
        let Preview { width, height, rgb } = step.preview;
        let so_far = RgbImage::from_raw(width, height, rgb).map(|pixels| SoFar {
            pixels,
            size: (self.settings.width, self.settings.height),
        });
        (self.on_news)(News::Progress(progress, so_far.as_ref()))
    }

    fn on_latents(&mut self, latents: &Latents, seed: u64) {
        self.kept.put(latents, &self.request(seed));
    }

    fn on_image(&mut self, made: GeneratedImage) {
        let image = self.image(&made);
        self.began = Instant::now();
        self.step_began = self.began;
        match image {
            Ok(image) => {
                // A listener that could not keep the picture breaks off.
                match (self.on_news)(News::Image(image)) {
                    ControlFlow::Continue(()) => self.kept.remove(),
                    ControlFlow::Break(()) => self.is_over = true,
                }
            }
            Err(error) => {
                self.failure = Some(error);
                self.is_over = true;
            }
        }
    }
}

/// The request with everything that the settings decided.
pub(super) fn settled(request: ImageRequest, settings: &Settings) -> ImageRequest {
    ImageRequest {
        prompt: settings.prompt.clone(),
        negative_prompt: settings.negative_prompt.clone(),
        size: Some((settings.width, settings.height)),
        num_inference_steps: Some(settings.num_inference_steps),
        guidance_scale: Some(settings.guidance_scale),
        guidance_rescale: settings.guidance_rescale,
        seed: Some(settings.seed),
        generator: settings.generator,
        scheduler: Some(settings.scheduler),
        sigmas: settings.sigmas,
        clip_skip: Some(settings.clip_skip),
        count: Some(settings.count),
        strength: settings.strength,
        ..request
    }
}

pub(super) fn small(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}
