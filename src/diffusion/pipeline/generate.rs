//! One request from its text to its pictures.

use super::super::device::ComputeDevice;
use super::super::error::DiffusionError;
use super::super::prompt::{self, Chunk};
use super::super::rng::NoiseRng;
use super::super::scheduler::{Scheduler, SchedulerRequest, create};
use super::components::{Components, Family};
use super::decode::{self, Planes, Tiling, Vae};
use super::denoise::{Denoising, Guidance, Inpaint, Step};
use super::prompt::{PromptEmbeds, TextEncoder, TextLayer, encode};
use super::source::ModelSource;
use super::{GeneratedImage, Latents, Observer, Pictures, Pipeline, Settings, StepInfo};
use crate::protocol::ImageRequest;

/// Side of the tiles, in latents, that are tried when a decoder has run out of memory.
const RESCUE_TILES: [usize; 2] = [64, 32];

/// Both prompts as the UNet wants them.
pub(crate) struct Prompts {
    /// What is wanted.
    pub(crate) prompt: PromptEmbeds,
    /// What is not wanted, if there is guidance.
    pub(crate) negative: Option<PromptEmbeds>,
}

/// What a picture begins with, on top of noise.
pub(crate) struct Start {
    /// Scaled latents of the first picture; empty if nothing of it is kept.
    pub(crate) original: Vec<f32>,
    /// What is painted where.
    pub(crate) mask: Option<StartMask>,
}

/// Where it is painted.
pub(crate) struct StartMask {
    /// 1 where it is painted, one for each latent.
    pub(crate) mask: Vec<f32>,
    /// For a UNet of nine channels: the latents of the picture with a hole.
    pub(crate) masked: Option<Vec<f32>>,
}

impl Pipeline {
    /// Draws what a request asks for, and tells `observer` of each step and picture.
    ///
    /// # Errors
    /// If the request can't be, `observer` breaks off, or the device fails.
    pub fn generate(
        &self,
        request: &ImageRequest,
        pictures: &Pictures,
        observer: &mut dyn Observer,
    ) -> Result<Settings, DiffusionError> {
        let settings = self.settle(request, pictures)?;
        let prompts = self.encode_prompts(&settings)?;
        for index in 0..settings.count {
            let seed = settings.seed.wrapping_add(u64::from(index));
            let mut rng = NoiseRng::new(settings.generator, seed);
            let latents = self.draw(&settings, &prompts, pictures, &mut rng, index, observer)?;
            observer.on_latents(&latents, seed);
            let image = self.decode(&latents)?;
            observer.on_image(GeneratedImage { image, index, seed });
        }
        Ok(settings)
    }

    /// Decodes finished latents: in tiles where memory is short, on the processor where no tile is
    /// small enough for the device.
    ///
    /// # Errors
    /// If nothing of that helps; the error has the latents.
    pub fn decode(&self, latents: &Latents) -> Result<image::RgbImage, DiffusionError> {
        let [_, height, width] = latents.0.shape;
        let (first, _) = self.tiling([height, width]);
        let mut reason = String::new();
        for tiling in [first].into_iter().chain(RESCUE_TILES.map(Tiling::Tiles)) {
            match self.components.vae.decode(&latents.0, tiling) {
                Ok(planes) => return Ok(decode::to_picture(&planes)),
                Err(error) => reason = error.to_string(),
            }
        }
        if self.device != ComputeDevice::cpu() {
            match self.decode_on_the_processor(latents) {
                Ok(image) => return Ok(image),
                Err(error) => reason = format!("{reason}; {error}"),
            }
        }
        Err(DiffusionError::Decode {
            latents: Box::new(latents.clone()),
            reason,
        })
    }

    fn decode_on_the_processor(
        &self,
        latents: &Latents,
    ) -> Result<image::RgbImage, DiffusionError> {
        let source = ModelSource::open(&self.path, self.tokenizer.as_deref())?;
        let vae = Vae::load(source.vae, ComputeDevice::cpu().device())?;
        let tiling = Tiling::Tiles(RESCUE_TILES[0]);
        Ok(decode::to_picture(&vae.decode(&latents.0, tiling)?))
    }

    /// One picture's latents.
    ///
    /// Noise is drawn in diffusers' order, so that a seed means the same picture: for the first
    /// picture's latents, for the beginning, for the latents with a hole, for the steps.
    ///
    /// # Errors
    /// As [`Self::generate`].
    pub(crate) fn draw(
        &self,
        settings: &Settings,
        prompts: &Prompts,
        pictures: &Pictures,
        rng: &mut NoiseRng,
        index: u32,
        observer: &mut dyn Observer,
    ) -> Result<Latents, DiffusionError> {
        let shape = self.latent_shape(settings);
        let count = shape.iter().product();
        // At full strength a UNet that sees the hole needs nothing of what was there.
        let needs_original =
            pictures.init.is_some() && !(self.paints_by_nature() && is_full(settings));
        let original_noise = needs_original.then(|| rng.randn(count));
        let noise = rng.randn(count);
        // Drawn, and encoded in diffusers, even if the UNet does not look at it.
        let masked_noise = pictures.mask.is_some().then(|| rng.randn(count));
        let start = self.start(settings, pictures, original_noise, masked_noise)?;
        let scheduler = self.scheduler(settings)?;
        let mut on_step = |step: Step<'_>| {
            observer.on_step(StepInfo {
                image: index,
                images: settings.count,
                step: step.index + 1,
                total: step.total,
                preview: self.preview(step.estimate, shape),
            })
        };
        self.denoise(
            settings,
            prompts,
            start,
            scheduler,
            noise,
            &mut |count| rng.randn(count),
            &mut on_step,
        )
    }

    /// The loop from noise to finished latents.
    ///
    /// # Errors
    /// If `on_step` breaks off, or the device fails.
    #[expect(
        clippy::too_many_arguments,
        reason = "each has another owner; golden tests set every one"
    )]
    pub(crate) fn denoise(
        &self,
        settings: &Settings,
        prompts: &Prompts,
        start: Option<Start>,
        mut scheduler: Box<dyn Scheduler>,
        noise: Vec<f32>,
        step_noise: &mut dyn FnMut(usize) -> Vec<f32>,
        on_step: &mut dyn FnMut(Step<'_>) -> std::ops::ControlFlow<()>,
    ) -> Result<Latents, DiffusionError> {
        let shape = self.latent_shape(settings);
        // At full strength inpainting begins with pure noise, and image-to-image never does.
        let latents = match &start {
            Some(start) if !(is_full(settings) && start.mask.is_some()) => {
                scheduler.add_noise(&start.original, &noise, 0)
            }
            _ => {
                let sigma = scheduler.init_noise_sigma();
                noise.iter().map(|noise| noise * sigma).collect()
            }
        };
        let inpaint = start.and_then(|start| {
            let StartMask { mask, masked } = start.mask?;
            Some(Inpaint {
                mask,
                original: start.original,
                noise,
                masked,
            })
        });
        let unet_config = &self.components.unet_config;
        let guidance = prompts.negative.as_ref().map(|negative| Guidance {
            negative,
            scale: settings.guidance_scale,
            rescale: settings.guidance_rescale,
        });
        let denoising = Denoising {
            unet: &self.components.unet,
            device: self.device.device(),
            dtype: self.components.dtype,
            prompt: &prompts.prompt,
            guidance,
            time_ids: unet_config.added.map(|_| time_ids(settings)),
            embedded_guidance: unet_config
                .time_cond_proj_dim
                .map(|width| (width, settings.guidance_scale)),
            inpaint: inpaint.as_ref(),
            batched: self.batches(),
        };
        let numbers = denoising.run(scheduler.as_mut(), latents, shape, step_noise, on_step)?;
        Ok(Latents(Planes { numbers, shape }))
    }

    /// The sampler of these settings.
    ///
    /// # Errors
    /// If it can't take so many steps, or does not know the spacing.
    pub(crate) fn scheduler(
        &self,
        settings: &Settings,
    ) -> Result<Box<dyn Scheduler>, DiffusionError> {
        let request = SchedulerRequest {
            num_inference_steps: settings.num_inference_steps as usize,
            sigmas: settings.sigmas,
            strength: settings.strength,
        };
        Ok(create(
            settings.scheduler,
            &self.components.scheduler,
            &request,
        )?)
    }

    /// Whether the UNet sees the mask itself.
    fn paints_by_nature(&self) -> bool {
        let config = &self.components.unet_config;
        config.in_channels != config.out_channels
    }

    fn latent_shape(&self, settings: &Settings) -> [usize; 3] {
        let config = &self.components.vae.config;
        let side = |pixels: u32| pixels as usize / config.scale();
        [
            config.latent_channels,
            side(settings.height),
            side(settings.width),
        ]
    }

    /// What the pictures of a request become. Without `original_noise` the first picture is not
    /// looked at; `masked_noise` is there if there is a mask.
    fn start(
        &self,
        settings: &Settings,
        pictures: &Pictures,
        original_noise: Option<Vec<f32>>,
        masked_noise: Option<Vec<f32>>,
    ) -> Result<Option<Start>, DiffusionError> {
        let Some(init) = &pictures.init else {
            return Ok(None);
        };
        let vae = &self.components.vae;
        let [_, height, width] = self.latent_shape(settings);
        let (tiling, _) = self.tiling([height, width]);
        let picture = decode::from_picture(init, settings.width, settings.height);
        let latents_of = |picture: &Planes, noise: &[f32]| {
            Ok::<_, DiffusionError>(vae.latents_of(picture, tiling, Some(noise))?.numbers)
        };
        let original = match &original_noise {
            Some(noise) => latents_of(&picture, noise)?,
            None => Vec::new(),
        };
        let mask = match &pictures.mask {
            Some(mask) => {
                let mask = decode::from_mask(mask, settings.width, settings.height);
                let masked = match masked_noise.filter(|_| self.paints_by_nature()) {
                    Some(noise) => Some(latents_of(&decode::punch(&picture, &mask), &noise)?),
                    None => None,
                };
                Some(StartMask {
                    mask: decode::shrink_mask(&mask, vae.config.scale()),
                    masked,
                })
            }
            None => None,
        };
        Ok(Some(Start { original, mask }))
    }

    /// Both prompts through every text encoder.
    ///
    /// # Errors
    /// If a prompt is too long, or the device fails.
    pub(crate) fn encode_prompts(&self, settings: &Settings) -> Result<Prompts, DiffusionError> {
        let components = &self.components;
        // A distilled model has its guidance inside.
        let is_guided =
            settings.guidance_scale > 1.0 && components.unet_config.time_cond_proj_dim.is_none();
        let mut prompt = self.chunks(&settings.prompt)?;
        let mut negative = self.chunks(settings.negative_prompt.as_deref().unwrap_or_default())?;
        // SDXL's encoders see a prompt side by side, and guidance has both prompts go through the
        // UNet together: all are as long as the longest.
        let lengths = prompt
            .iter()
            .chain(negative.iter().filter(|_| is_guided))
            .map(Vec::len);
        let longest = lengths.max().unwrap_or(1);
        for chunks in [&mut prompt, &mut negative] {
            for (chunks, tokenizer) in chunks.iter_mut().zip(&components.tokenizers) {
                chunks.resize_with(longest.max(chunks.len()), || Chunk::empty(tokenizer));
            }
        }
        let prompt = self.encode_tokens(&prompt, settings.clip_skip)?;
        let zeros = components.force_zeros_for_empty_prompt
            && components.family == Family::StableDiffusionXl
            && settings.negative_prompt.is_none();
        let negative = match (is_guided, zeros) {
            (false, _) => None,
            (true, true) => Some(prompt.zeros()),
            // diffusers leaves out layers for what is wanted alone.
            (true, false) => Some(self.encode_tokens(&negative, 0)?),
        };
        Ok(Prompts { prompt, negative })
    }

    /// A text in chunks, for each encoder.
    pub(super) fn chunks(&self, text: &str) -> Result<Vec<Vec<Chunk>>, DiffusionError> {
        let tokenizers = self.components.tokenizers.iter();
        let chunks = tokenizers.map(|tokenizer| prompt::chunks(tokenizer, text));
        Ok(chunks.collect::<Result<_, _>>()?)
    }

    /// Tokens, one set of chunks for each encoder, through the encoders.
    ///
    /// # Errors
    /// If the tokens are not the encoders', or the device fails.
    pub(crate) fn encode_tokens(
        &self,
        chunks: &[Vec<Chunk>],
        clip_skip: u32,
    ) -> Result<PromptEmbeds, DiffusionError> {
        let Components {
            text_encoders,
            family,
            dtype,
            ..
        } = &self.components;
        let last = text_encoders.len() - 1;
        let encoder = |(index, model)| TextEncoder {
            model,
            layer: match family {
                Family::StableDiffusion => TextLayer::Normalized(clip_skip as usize),
                Family::StableDiffusionXl => TextLayer::Raw(clip_skip as usize + 1),
            },
            pools: *family == Family::StableDiffusionXl && index == last,
        };
        let chunks = chunks.iter().map(Vec::as_slice);
        let encoders: Vec<_> = text_encoders
            .iter()
            .enumerate()
            .map(encoder)
            .zip(chunks)
            .collect();
        encode(&encoders, self.device.device(), *dtype)
    }
}

/// Whether nothing is kept of a picture to begin with.
fn is_full(settings: &Settings) -> bool {
    settings.strength.is_none_or(|strength| strength >= 1.0)
}

/// SDXL's `original_size`, `crops_coords_top_left` and `target_size`, height before width.
fn time_ids(settings: &Settings) -> [f32; 6] {
    let (height, width) = (settings.height as f32, settings.width as f32);
    [height, width, 0.0, 0.0, height, width]
}
