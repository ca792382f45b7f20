//! The parts of a pipeline, on their device.

use std::path::Path;

use burn_tensor::DType;

use super::super::config::UNetConfig;
use super::super::device::ComputeDevice;
use super::super::error::DiffusionError;
use super::super::memory;
use super::super::model::clip::ClipTextModel;
use super::super::model::unet::UNet2DConditionModel;
use super::super::scheduler::SchedulerConfig;
use super::super::tokenizer::ClipTokenizer;
use super::decode::Vae;
use super::execute;
use super::source::{ModelSource, TokenizerSource};

/// A family of models: how its text is encoded, and what else its UNet is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Stable Diffusion 1.x and 2.x.
    StableDiffusion,
    /// Stable Diffusion XL.
    StableDiffusionXl,
}

impl Family {
    /// The folders of its text encoders.
    pub(crate) const fn text_encoders(self) -> &'static [&'static str] {
        match self {
            Self::StableDiffusion => &["text_encoder"],
            Self::StableDiffusionXl => &["text_encoder", "text_encoder_2"],
        }
    }
}

/// The networks of a pipeline and their configurations.
pub(crate) struct Components {
    /// How they belong together.
    pub(crate) family: Family,
    /// Whether SDXL's absent negative prompt is zeros.
    pub(crate) force_zeros_for_empty_prompt: bool,
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
    /// Builds every network of a model on a device.
    ///
    /// `on_progress` is told how many of how many networks are there.
    ///
    /// # Errors
    /// If weights do not fit their configuration, the networks do not fit each other, or a file
    /// can't be read any more.
    pub(crate) fn build(
        source: ModelSource,
        path: &Path,
        device: &ComputeDevice,
        on_progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, DiffusionError> {
        let total = source.text_encoders.len() + 2;
        let (dtype, burn) = (device.dtype(), device.device());
        let weight_bytes = source.bytes(dtype);
        if let Some(available_bytes) = memory::available_on(device).filter(|it| *it < weight_bytes)
        {
            return Err(DiffusionError::Memory {
                path: path.to_owned(),
                needed_bytes: weight_bytes,
                available_bytes,
            });
        }
        let tokenizers = source.tokenizers.iter().map(TokenizerSource::read);
        let tokenizers = tokenizers.collect::<Result<Vec<_>, _>>()?;

        let mut text_encoders = Vec::with_capacity(total);
        for (done, (name, config, weights)) in source.text_encoders.iter().enumerate() {
            on_progress(done, total);
            text_encoders.push(execute("loading the text encoder", burn, || {
                ClipTextModel::load(config, weights, burn, dtype, name)
            })?);
        }

        on_progress(total - 2, total);
        let (unet_config, weights) = source.unet;
        let unet = execute("loading the UNet", burn, || {
            UNet2DConditionModel::load(&unet_config, &weights, burn, dtype)
        })?;

        on_progress(total - 1, total);
        let vae = Vae::load(source.vae, burn)?;
        on_progress(total, total);

        let components = Self {
            family: source.family,
            force_zeros_for_empty_prompt: source.force_zeros_for_empty_prompt,
            tokenizers,
            text_encoders,
            unet,
            unet_config,
            vae,
            scheduler: source.scheduler,
            weight_bytes,
            dtype,
        };
        components
            .agree()
            .map_err(|what| DiffusionError::Unsupported {
                path: path.to_owned(),
                what,
            })?;
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
