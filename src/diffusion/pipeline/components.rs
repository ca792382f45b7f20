//! The parts of a pipeline, loaded from a diffusers folder.

use std::fs;
use std::path::Path;

use burn_tensor::DType;

use super::super::config::{AutoencoderKlConfig, ClipTextConfig, ModelIndex, UNetConfig};
use super::super::device::ComputeDevice;
use super::super::error::DiffusionError;
use super::super::model::autoencoder_kl::AutoencoderKl;
use super::super::model::clip::ClipTextModel;
use super::super::model::unet::UNet2DConditionModel;
use super::super::scheduler::SchedulerConfig;
use super::super::tokenizer::ClipTokenizer;
use super::super::weights::{StateDict, open_component};
use super::decode::Vae;
use super::execute;

/// A family of models: how its text is encoded, and what else its UNet is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Stable Diffusion 1.x and 2.x.
    StableDiffusion,
    /// Stable Diffusion XL.
    StableDiffusionXl,
}

/// The classes of `model_index.json` that this engine runs, with the family of each.
const PIPELINES: &[(&str, Family)] = &[
    ("StableDiffusionPipeline", Family::StableDiffusion),
    ("StableDiffusionImg2ImgPipeline", Family::StableDiffusion),
    ("StableDiffusionInpaintPipeline", Family::StableDiffusion),
    ("LatentConsistencyModelPipeline", Family::StableDiffusion),
    (
        "LatentConsistencyModelImg2ImgPipeline",
        Family::StableDiffusion,
    ),
    ("StableDiffusionXLPipeline", Family::StableDiffusionXl),
    (
        "StableDiffusionXLImg2ImgPipeline",
        Family::StableDiffusionXl,
    ),
    (
        "StableDiffusionXLInpaintPipeline",
        Family::StableDiffusionXl,
    ),
];

/// The networks of a pipeline and their configurations.
pub(crate) struct Components {
    /// How they belong together.
    pub(crate) family: Family,
    /// `model_index.json`.
    pub(crate) index: ModelIndex,
    /// `tokenizer`, and SDXL's `tokenizer_2`.
    pub(crate) tokenizers: Vec<ClipTokenizer>,
    /// `text_encoder`, and SDXL's `text_encoder_2`.
    pub(crate) text_encoders: Vec<ClipTextModel>,
    /// `unet`.
    pub(crate) unet: UNet2DConditionModel,
    /// Its shape.
    pub(crate) unet_config: UNetConfig,
    /// `vae`.
    pub(crate) vae: Vae,
    /// `scheduler`.
    pub(crate) scheduler: SchedulerConfig,
    /// What the networks take, in bytes.
    pub(crate) weight_bytes: u64,
    /// In what the UNet and the text encoders compute.
    pub(crate) dtype: DType,
}

impl Components {
    /// Loads every network of a diffusers folder onto a device.
    ///
    /// `on_progress` is told how many of how many networks are there.
    ///
    /// # Errors
    /// If a file is missing or malformed, or weights do not fit their configuration.
    pub(crate) fn load(
        folder: &Path,
        device: &ComputeDevice,
        on_progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, DiffusionError> {
        let index = ModelIndex::read(folder)?;
        let unsupported = |what: String| DiffusionError::Unsupported {
            path: folder.to_owned(),
            what,
        };
        let family = PIPELINES
            .iter()
            .find(|(class, _)| *class == index.class_name)
            .map(|(_, family)| *family)
            .ok_or_else(|| unsupported(format!("the pipeline {}", index.class_name)))?;
        if index.requires_aesthetics_score {
            return Err(unsupported("a refiner's aesthetic score".to_owned()));
        }
        let encoders: &[(&str, &str)] = match family {
            Family::StableDiffusion => &[("tokenizer", "text_encoder")],
            Family::StableDiffusionXl => {
                &[("tokenizer", "text_encoder"), ("tokenizer_2", "text_encoder_2")]
            }
        };
        let total = encoders.len() + 2;
        let (dtype, burn) = (device.dtype(), device.device());
        let mut weight_bytes = 0;
        let mut count = |weights: &StateDict, dtype: DType| {
            weight_bytes += weights.parameters() * dtype.size() as u64;
        };

        let mut text_encoders = Vec::with_capacity(encoders.len());
        let mut tokenizers = Vec::with_capacity(encoders.len());
        for (done, (tokenizer, name)) in encoders.iter().enumerate() {
            on_progress(done, total);
            tokenizers.push(ClipTokenizer::from_folder(&folder.join(tokenizer))?);
            let folder = folder.join(name);
            let config = ClipTextConfig::read(&folder)?;
            let weights = open_component(&folder)?;
            count(&weights, dtype);
            text_encoders.push(execute("loading the text encoder", burn, || {
                ClipTextModel::load(&config, &weights, burn, dtype, name)
            })?);
        }

        on_progress(encoders.len(), total);
        let unet_folder = folder.join("unet");
        let unet_config = UNetConfig::read(&unet_folder)?;
        let weights = open_component(&unet_folder)?;
        count(&weights, dtype);
        let unet = execute("loading the UNet", burn, || {
            UNet2DConditionModel::load(&unet_config, &weights, burn, dtype)
        })?;

        on_progress(encoders.len() + 1, total);
        let vae_folder = folder.join("vae");
        let vae_config = AutoencoderKlConfig::read(&vae_folder)?;
        let weights = open_component(&vae_folder)?;
        // SDXL's VAE overflows halves, and nobody's decoder is slow enough to risk it.
        let vae_dtype = DType::F32;
        count(&weights, vae_dtype);
        let model = execute("loading the VAE", burn, || {
            AutoencoderKl::load(&vae_config, &weights, burn, vae_dtype)
        })?;
        on_progress(total, total);

        let components = Self {
            family,
            index,
            tokenizers,
            text_encoders,
            unet,
            unet_config,
            vae: Vae {
                model,
                config: vae_config,
                device: burn.clone(),
                dtype: vae_dtype,
            },
            scheduler: read_scheduler(folder)?,
            weight_bytes,
            dtype,
        };
        components.agree().map_err(unsupported)?;
        Ok(components)
    }

    /// Whether the parts fit each other; each alone has been checked.
    fn agree(&self) -> Result<(), String> {
        let unet = &self.unet_config;
        let latents = self.vae.config.latent_channels;
        if self.vae.config.in_channels != 3 || self.vae.config.out_channels != 3 {
            return Err("pictures that are not of three colours".to_owned());
        }
        if unet.out_channels != latents {
            return Err(format!(
                "a UNet that gives {} channels for {latents}",
                unet.out_channels
            ));
        }
        if unet.in_channels != latents && unet.in_channels != 2 * latents + 1 {
            return Err(format!(
                "a UNet of {} channels for latents of {latents}",
                unet.in_channels
            ));
        }
        let text: usize = self.text_encoders.iter().map(ClipTextModel::width).sum();
        if text != unet.cross_attention_dim {
            return Err(format!(
                "texts of {text} for a UNet of {}",
                unet.cross_attention_dim
            ));
        }
        if unet.added.is_some() != (self.family == Family::StableDiffusionXl) {
            return Err("a UNet of another family than the pipeline's".to_owned());
        }
        if let (Some(added), Some(last)) = (unet.added, self.text_encoders.last()) {
            let told = last.pooled_width() + 6 * added.time_embed_dim;
            if told != added.projection_input_dim {
                return Err(format!(
                    "{told} added numbers for {}",
                    added.projection_input_dim
                ));
            }
        }
        Ok(())
    }
}

fn read_scheduler(folder: &Path) -> Result<SchedulerConfig, DiffusionError> {
    let path = folder.join("scheduler").join("scheduler_config.json");
    let text = fs::read_to_string(&path).map_err(|source| DiffusionError::read(&path, source))?;
    Ok(SchedulerConfig::from_json(&text)?)
}
