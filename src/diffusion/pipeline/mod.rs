//! From a request to pictures: text-to-image, image-to-image and inpainting.
//!
//! Invariants: latents live on the host between steps, noise is drawn there and the samplers
//! count there, so that a seed begins from the same noise on every device. Whatever burn or a
//! driver does, a panic ends in an error that names the stage. Finished latents outlive a
//! decoder that runs out of memory.

mod components;
pub(crate) mod decode;
mod denoise;
mod generate;
mod latents;
mod prediction;
mod prompt;
mod settings;
mod source;

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod reference_tests;
#[cfg(all(test, feature = "vulkan"))]
mod vulkan_tests;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use burn_tensor::DType;
use image::{GrayImage, RgbImage};

pub use components::Family;
pub use decode::Tiling;
#[cfg(test)]
pub(crate) use decode::faults::fail_decodings;
pub use latents::Latents;
pub use settings::Settings;

use super::config::AutoencoderTinyConfig;
use super::device::ComputeDevice;
use super::error::DiffusionError;
use super::memory;
use super::model::autoencoder_tiny::AutoencoderTiny;
use super::preview::{LatentRgb, Preview};
use super::rng::NoiseRng;
use super::tensor::{Device, to_device, to_host};
use super::weights::open_component;
use crate::protocol::{MemoryForecast, NoiseGenerator, SchedulerName, Sigmas};
use components::Components;
use decode::Planes;
use source::ModelSource;

/// Where a model's folder has a tiny autoencoder (TAESD), if it has one.
const TINY_FOLDER: &str = "taesd";

/// A model on a device, ready to draw.
pub struct Pipeline {
    components: Components,
    device: ComputeDevice,
    latent_rgb: LatentRgb,
    /// Makes better previews, where its weights lie in the model's folder.
    tiny: Option<AutoencoderTiny>,
    /// Where it came from, should a part be needed again.
    path: PathBuf,
    tokenizer: Option<PathBuf>,
}

/// Which model, and what is added to it.
#[derive(Clone, Copy, Debug)]
pub struct LoadRequest<'a> {
    /// A diffusers folder, or a single file in LDM's names.
    pub path: &'a Path,
    /// A folder with CLIP's vocabulary, for a model that has none: a single file.
    pub tokenizer: Option<&'a Path>,
    /// LoRA files and their strengths, merged in this order.
    pub loras: &'a [(PathBuf, f32)],
}

impl<'a> LoadRequest<'a> {
    /// A diffusers folder, as it is.
    pub const fn folder(path: &'a Path) -> Self {
        Self {
            path,
            tokenizer: None,
            loras: &[],
        }
    }
}

/// The pictures that a request names, decoded.
#[derive(Clone, Debug, Default)]
pub struct Pictures {
    /// What to begin with.
    pub init: Option<RgbImage>,
    /// Where to paint: white is painted, black is kept.
    pub mask: Option<GrayImage>,
}

/// Who is told how it goes.
pub trait Observer {
    /// After each step. To break off ends the request with [`DiffusionError::Cancelled`].
    fn on_step(&mut self, step: StepInfo) -> ControlFlow<()>;

    /// Before each picture is decoded: these are worth keeping until [`Self::on_image`].
    fn on_latents(&mut self, _latents: &Latents, _seed: u64) {}

    /// After each picture.
    fn on_image(&mut self, image: GeneratedImage);
}

/// A step that is done.
#[derive(Clone, Debug)]
pub struct StepInfo {
    /// Which picture, from 0.
    pub image: u32,
    /// How many pictures there will be.
    pub images: u32,
    /// Which step, from 1.
    pub step: usize,
    /// How many steps the picture takes.
    pub total: usize,
    /// What is coming.
    pub preview: Preview,
}

/// A picture that is done.
#[derive(Clone, Debug)]
pub struct GeneratedImage {
    /// The picture.
    pub image: RgbImage,
    /// Which one, from 0.
    pub index: u32,
    /// The seed that makes it again, alone.
    pub seed: u64,
}

impl Pipeline {
    /// Loads a model onto a device. `on_progress` is told how many of how many networks are there.
    ///
    /// # Errors
    /// If a file is missing or malformed, the model is of another family, or weights or LoRA files
    /// do not fit.
    pub fn load(
        request: &LoadRequest<'_>,
        device: &ComputeDevice,
        on_progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, DiffusionError> {
        let path = request.path;
        let mut source = ModelSource::open(path, request.tokenizer)?;
        for (lora, strength) in request.loras {
            source.merge_lora(lora, *strength)?;
        }
        Self::of_source(source, path, request.tokenizer, device, on_progress)
    }

    /// Loads an opened model onto a device. A folder at `path` may have more for it.
    fn of_source(
        source: ModelSource,
        path: &Path,
        tokenizer: Option<&Path>,
        device: &ComputeDevice,
        on_progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, DiffusionError> {
        let hides_its_prediction = source.hides_its_prediction;
        let components = Components::build(source, path, device, on_progress)?;
        let latent_rgb = latent_rgb(&components, LatentRgb::read(path)?)?;
        let mut pipeline = Self {
            components,
            device: device.clone(),
            latent_rgb,
            tiny: tiny_autoencoder(path, device)?,
            path: path.to_owned(),
            tokenizer: tokenizer.map(Path::to_owned),
        };
        if hides_its_prediction {
            let prediction_type = pipeline.probe_prediction()?;
            pipeline.components.scheduler.prediction_type = Some(prediction_type);
        }
        Ok(pipeline)
    }

    /// A small picture of latents: scaled, `[c, h, w]`.
    fn preview(&self, latents: &[f32], [channels, height, width]: [usize; 3]) -> Preview {
        let decode = |tiny: &AutoencoderTiny| {
            let device = self.device.device();
            execute("the tiny autoencoder", device, || {
                let shape = [1, channels, height, width];
                let picture = tiny.decode(to_device(latents.to_vec(), shape, device, DType::F32));
                let [_, channels, height, width] = picture.dims();
                Ok(decode::to_picture(&Planes {
                    numbers: to_host(picture, "the tiny autoencoder")?,
                    shape: [channels, height, width],
                }))
            })
        };
        // A preview is no reason to lose a picture.
        match self.tiny.as_ref().map(decode) {
            Some(Ok(picture)) => Preview {
                width: picture.width(),
                height: picture.height(),
                rgb: picture.into_raw(),
            },
            _ => self.latent_rgb.show(latents, height, width),
        }
    }

    /// How the model belongs to others.
    pub fn family(&self) -> Family {
        self.components.family
    }

    /// Where it computes.
    pub fn device(&self) -> &ComputeDevice {
        &self.device
    }

    /// What its networks take, in bytes.
    pub fn weight_bytes(&self) -> u64 {
        self.components.weight_bytes
    }

    /// From its latents to the colours of a preview.
    pub fn latent_rgb(&self) -> &LatentRgb {
        &self.latent_rgb
    }

    /// What a picture of these settings will take.
    pub fn forecast(&self, settings: &Settings) -> MemoryForecast {
        let Components {
            unet_config, vae, ..
        } = &self.components;
        let scale = vae.config.scale();
        let latent = [settings.height, settings.width].map(|side| side as usize / scale);
        let batch = if self.batches() && settings.guidance_scale > 1.0 {
            2
        } else {
            1
        };
        let (tiling, available) = self.tiling(latent);
        let decoded = match tiling {
            Tiling::Whole => latent,
            Tiling::Tiles(side) => [side; 2],
        };
        MemoryForecast {
            weights_bytes: self.components.weight_bytes,
            transformed_bytes: self.transformed(latent),
            denoising_bytes: memory::denoising(
                unet_config,
                latent,
                batch,
                self.components.dtype.size(),
            ),
            decoding_bytes: memory::decoding(&vae.config, decoded, vae.dtype.size()),
            tile: match tiling {
                Tiling::Whole => None,
                Tiling::Tiles(side) => u32::try_from(side * scale).ok(),
            },
            available_bytes: available,
        }
    }

    /// How latents of a size will be decoded, and the memory that there is, where it is known.
    fn tiling(&self, latent: [usize; 2]) -> (Tiling, Option<u64>) {
        let vae = &self.components.vae;
        let available = memory::available_on(&self.device);
        let for_decoding = available.map(|bytes| bytes.saturating_sub(self.transformed(latent)));
        let tiling = memory::tiling(&vae.config, latent, vae.dtype.size(), for_decoding);
        (tiling, available)
    }

    fn transformed(&self, latent: [usize; 2]) -> u64 {
        if self.device == ComputeDevice::cpu() {
            let Components {
                unet_config, vae, ..
            } = &self.components;
            memory::transformed(unet_config, &vae.config, latent)
        } else {
            0
        }
    }

    /// Whether a guided step goes through the UNet as a batch of two.
    fn batches(&self) -> bool {
        self.device != ComputeDevice::cpu()
    }

    fn own_scheduler(&self) -> Result<(SchedulerName, Sigmas), DiffusionError> {
        Ok(self.components.scheduler.own_scheduler()?)
    }
}

/// The tiny autoencoder in a model's folder, if there is one.
fn tiny_autoencoder(
    path: &Path,
    device: &ComputeDevice,
) -> Result<Option<AutoencoderTiny>, DiffusionError> {
    let folder = path.join(TINY_FOLDER);
    if !folder.is_dir() {
        return Ok(None);
    }
    let config = AutoencoderTinyConfig::read(&folder)?;
    let weights = open_component(&folder)?;
    execute("loading the tiny autoencoder", device.device(), || {
        AutoencoderTiny::load(&config, weights, device.device(), DType::F32).map(Some)
    })
}

/// The map of previews: the model's own, a published one, or one fitted to what its VAE makes of
/// noise.
fn latent_rgb(
    components: &Components,
    own: Option<LatentRgb>,
) -> Result<LatentRgb, DiffusionError> {
    let vae = &components.vae;
    let channels = vae.config.latent_channels;
    if let Some(own) = own.filter(|own| own.factors.len() == channels) {
        return Ok(own);
    }
    if let Some(published) = LatentRgb::published(vae.config.scaling_factor, channels) {
        return Ok(published);
    }
    let shape = [channels, 16, 16];
    let noise = NoiseRng::new(NoiseGenerator::TorchCpu, 0).randn(shape.iter().product());
    let latents = Planes {
        numbers: noise,
        shape,
    };
    let picture = vae.decode(&latents, Tiling::Whole)?;
    let fitted = LatentRgb::fit(
        &latents.numbers,
        &picture.numbers,
        shape,
        vae.config.scale(),
    );
    Ok(fitted.unwrap_or_else(|| LatentRgb {
        factors: vec![[0.0; 3]; channels],
        bias: [0.0; 3],
    }))
}

/// Runs what may panic inside burn or a driver.
fn execute<T>(
    stage: &'static str,
    device: &Device,
    risky: impl FnOnce() -> Result<T, DiffusionError>,
) -> Result<T, DiffusionError> {
    crate::panics::contain(risky).unwrap_or_else(|reason| {
        Err(DiffusionError::Execution {
            stage,
            device: format!("{device:?}"),
            reason,
        })
    })
}
