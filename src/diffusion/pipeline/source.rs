//! Where a model lies, in whichever layout, in the words of diffusers.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::config::{
    AutoencoderKlConfig, ClipTextConfig, ModelIndex, Published, UNetConfig,
};
use super::super::error::DiffusionError;
use super::super::scheduler::{BetaSchedule, SchedulerConfig, TimestepSpacing};
use super::super::weights::{StateDict, convert_ldm, is_ldm, open_component, open_safetensors};
use super::components::Family;

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

/// The networks of a model: configurations, and weights that are not read yet.
pub(crate) struct ModelSource {
    /// How the networks belong together.
    pub(crate) family: Family,
    /// Whether SDXL's absent negative prompt is zeros.
    pub(crate) force_zeros_for_empty_prompt: bool,
    /// Folders with a tokenizer's files, one for each encoder.
    pub(crate) tokenizers: Vec<PathBuf>,
    /// The name, shape and weights of each text encoder.
    pub(crate) text_encoders: Vec<(&'static str, ClipTextConfig, StateDict)>,
    /// Shape and weights of the UNet.
    pub(crate) unet: (UNetConfig, StateDict),
    /// Shape and weights of the VAE.
    pub(crate) vae: (AutoencoderKlConfig, StateDict),
    /// The model's own sampler.
    pub(crate) scheduler: SchedulerConfig,
}

impl ModelSource {
    /// Opens a diffusers folder, or a single file in LDM's names; `tokenizer` is a folder with
    /// CLIP's vocabulary for a file, which has none.
    ///
    /// # Errors
    /// If a file is missing or malformed, or the model is of another family.
    pub(crate) fn open(path: &Path, tokenizer: Option<&Path>) -> Result<Self, DiffusionError> {
        if path.is_dir() {
            Self::open_folder(path)
        } else {
            Self::open_file(path, tokenizer)
        }
    }

    fn open_folder(folder: &Path) -> Result<Self, DiffusionError> {
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
        let mut text_encoders = Vec::new();
        for name in family.text_encoders() {
            let component = folder.join(name);
            let config = ClipTextConfig::read(&component)?;
            text_encoders.push((*name, config, open_component(&component)?));
        }
        let (unet, vae) = (folder.join("unet"), folder.join("vae"));
        let scheduler = folder.join("scheduler").join("scheduler_config.json");
        let text = fs::read_to_string(&scheduler)
            .map_err(|source| DiffusionError::read(&scheduler, source))?;
        Ok(Self {
            family,
            force_zeros_for_empty_prompt: index.force_zeros_for_empty_prompt,
            tokenizers: ["tokenizer", "tokenizer_2"]
                .iter()
                .take(text_encoders.len())
                .map(|name| folder.join(name))
                .collect(),
            text_encoders,
            unet: (UNetConfig::read(&unet)?, open_component(&unet)?),
            vae: (AutoencoderKlConfig::read(&vae)?, open_component(&vae)?),
            scheduler: SchedulerConfig::from_json(&text)?,
        })
    }

    fn open_file(path: &Path, tokenizer: Option<&Path>) -> Result<Self, DiffusionError> {
        let dict = open_safetensors(path)?;
        let unsupported = |what: &str| DiffusionError::Unsupported {
            path: path.to_owned(),
            what: what.to_owned(),
        };
        if !is_ldm(&dict) {
            return Err(unsupported(
                "a file that holds no model of Stable Diffusion",
            ));
        }
        let checkpoint = convert_ldm(path, &dict)?;
        let tokenizer = tokenizer
            .ok_or_else(|| unsupported("a single file without CLIP's vocabulary beside it"))?;
        let published = checkpoint.family;
        let family = match published {
            Published::Sd1 | Published::Sd2 => Family::StableDiffusion,
            Published::Sdxl => Family::StableDiffusionXl,
        };
        let names = family.text_encoders().iter().copied();
        let text_encoders: Vec<_> = names
            .zip(published.text_encoders())
            .zip(checkpoint.text_encoders)
            .map(|((name, config), weights)| (name, config, weights))
            .collect();
        Ok(Self {
            family,
            // As the published base of SDXL has it.
            force_zeros_for_empty_prompt: published == Published::Sdxl,
            tokenizers: vec![tokenizer.to_owned(); text_encoders.len()],
            text_encoders,
            unet: (published.unet(checkpoint.in_channels), checkpoint.unet),
            vae: (published.vae(), checkpoint.vae),
            scheduler: SchedulerConfig {
                prediction_type: Some(checkpoint.prediction_type),
                rescale_betas_zero_snr: Some(checkpoint.is_zero_terminal_snr),
                ..published_scheduler(published)
            },
        })
    }
}

/// `scheduler_config.json` of the published models.
fn published_scheduler(family: Published) -> SchedulerConfig {
    let class = match family {
        Published::Sd1 => "PNDMScheduler",
        Published::Sd2 => "DDIMScheduler",
        Published::Sdxl => "EulerDiscreteScheduler",
    };
    SchedulerConfig {
        class_name: Some(class.to_owned()),
        num_train_timesteps: Some(1000),
        beta_start: Some(0.00085),
        beta_end: Some(0.012),
        beta_schedule: Some(BetaSchedule::ScaledLinear),
        timestep_spacing: Some(TimestepSpacing::Leading),
        steps_offset: Some(1),
        set_alpha_to_one: Some(false),
        clip_sample: Some(false),
        ..SchedulerConfig::default()
    }
}
