//! Where a model lies, in whichever layout, in the words of diffusers.

use std::fs;
use std::path::{Path, PathBuf};

use burn_tensor::DType;

use super::super::config::{
    AutoencoderKlConfig, ClipTextConfig, ModelIndex, Published, UNetConfig,
};
use super::super::error::DiffusionError;
use super::super::scheduler::{BetaSchedule, SchedulerConfig, TimestepSpacing};
use super::super::tensor::Activation;
use super::super::tokenizer::{ClipTokenizer, TokenizerError};
use super::super::weights::{
    LdmCheckpoint, Lora, LoraTargets, StateDict, convert_ldm, is_ldm, open_component, open_file,
};
use super::components::Family;
use super::decode::VAE_DTYPE;

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
    /// One for each encoder.
    pub(crate) tokenizers: Vec<TokenizerSource>,
    /// The name, shape and weights of each text encoder.
    pub(crate) text_encoders: Vec<(&'static str, ClipTextConfig, StateDict)>,
    /// Shape and weights of the UNet.
    pub(crate) unet: (UNetConfig, StateDict),
    /// Shape and weights of the VAE.
    pub(crate) vae: (AutoencoderKlConfig, StateDict),
    /// The model's own sampler.
    pub(crate) scheduler: SchedulerConfig,
    /// Whether nothing says what the UNet returns: it has to be asked.
    pub(crate) hides_its_prediction: bool,
}

/// Where the vocabulary of a text encoder lies.
pub(crate) enum TokenizerSource {
    /// In the model's folder.
    Own(PathBuf),
    /// CLIP's, elsewhere, and what a text is filled up with.
    Published(PathBuf, &'static str),
}

impl TokenizerSource {
    /// CLIP's vocabulary for an encoder. That of `OpenAI` is filled up with the end of the text, that
    /// of `OpenCLIP` with zeros, which stand for `!`; they are told apart by their activation, as the
    /// configurations of SD 1.x, 2.x and SDXL have it.
    fn published(folder: &Path, encoder: &ClipTextConfig) -> Self {
        let pad = match encoder.hidden_act {
            Activation::QuickGelu => "<|endoftext|>",
            Activation::Gelu => "!",
        };
        Self::Published(folder.to_owned(), pad)
    }

    /// Reads the vocabulary.
    ///
    /// # Errors
    /// If its files are missing or malformed.
    pub(crate) fn read(&self) -> Result<ClipTokenizer, TokenizerError> {
        match self {
            Self::Own(folder) => ClipTokenizer::from_folder(folder),
            Self::Published(folder, pad) => ClipTokenizer::from_vocabulary(folder, pad),
        }
    }
}

/// The shapes of the networks of a single file, which has only their weights.
pub(crate) struct Shapes {
    /// `text_encoder`, and SDXL's `text_encoder_2`.
    pub(crate) text_encoders: Vec<ClipTextConfig>,
    /// `unet`.
    pub(crate) unet: UNetConfig,
    /// `vae`.
    pub(crate) vae: AutoencoderKlConfig,
}

impl ModelSource {
    /// What its networks take when all but the VAE compute in this type.
    pub(crate) fn bytes(&self, dtype: DType) -> u64 {
        let encoders = self.text_encoders.iter().map(|(_, _, weights)| weights);
        let networks = encoders.chain([&self.unet.1]);
        let parameters: u64 = networks.map(StateDict::parameters).sum();
        parameters * dtype.size() as u64 + self.vae.1.parameters() * VAE_DTYPE.size() as u64
    }

    /// Opens a diffusers folder, or a single file in LDM's names; `tokenizer` is a folder with
    /// CLIP's vocabulary for a model that has none.
    ///
    /// # Errors
    /// If a file is missing or malformed, or the model is of another family.
    pub(crate) fn open(path: &Path, tokenizer: Option<&Path>) -> Result<Self, DiffusionError> {
        if path.is_dir() {
            return Self::open_folder(path, tokenizer);
        }
        let checkpoint = open_checkpoint(path)?;
        let published = checkpoint.family;
        let shapes = Shapes {
            text_encoders: published.text_encoders(),
            unet: published.unet(checkpoint.in_channels),
            vae: published.vae(),
        };
        let tokenizer = tokenizer.ok_or_else(|| DiffusionError::Unsupported {
            path: path.to_owned(),
            what: "a single file without CLIP's vocabulary beside it".to_owned(),
        })?;
        Ok(Self::of_checkpoint(checkpoint, shapes, tokenizer))
    }

    /// Adds a LoRA file to the weights, which are not read yet.
    ///
    /// # Errors
    /// If the file is missing or malformed, or any of it does not fit the model.
    pub(crate) fn merge_lora(&mut self, path: &Path, strength: f32) -> Result<(), DiffusionError> {
        if !strength.is_finite() {
            let reason = format!("the strength of {} must be a number", path.display());
            return Err(DiffusionError::Request(reason));
        }
        let lora = Lora::new(path, &open_file(path)?)?;
        let encoders = self.text_encoders.iter_mut();
        let mut text_encoders: Vec<_> = encoders.map(|(_, _, weights)| weights).collect();
        lora.merge(
            LoraTargets {
                unet: &mut self.unet.1,
                text_encoders: &mut text_encoders,
            },
            strength,
        )
    }

    fn open_folder(folder: &Path, tokenizer: Option<&Path>) -> Result<Self, DiffusionError> {
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
                .map(|name| folder.join(name))
                .zip(&text_encoders)
                .map(|(own, (_, config, _))| match tokenizer {
                    Some(other) if !own.is_dir() => TokenizerSource::published(other, config),
                    _ => TokenizerSource::Own(own),
                })
                .collect(),
            text_encoders,
            unet: (UNetConfig::read(&unet)?, open_component(&unet)?),
            vae: (AutoencoderKlConfig::read(&vae)?, open_component(&vae)?),
            scheduler: SchedulerConfig::from_json(&text)?,
            hides_its_prediction: false,
        })
    }

    /// The networks of a single file, in these shapes.
    pub(crate) fn of_checkpoint(
        checkpoint: LdmCheckpoint,
        shapes: Shapes,
        tokenizer: &Path,
    ) -> Self {
        let published = checkpoint.family;
        let family = match published {
            Published::Sd1 | Published::Sd2 => Family::StableDiffusion,
            Published::Sdxl => Family::StableDiffusionXl,
        };
        let encoders = shapes.text_encoders.iter();
        let tokenizers = encoders.map(|config| TokenizerSource::published(tokenizer, config));
        let tokenizers = tokenizers.collect();
        let names = family.text_encoders().iter().copied();
        let text_encoders = names
            .zip(shapes.text_encoders)
            .zip(checkpoint.text_encoders)
            .map(|((name, config), weights)| (name, config, weights))
            .collect();
        Self {
            family,
            // As the published base of SDXL has it.
            force_zeros_for_empty_prompt: published == Published::Sdxl,
            tokenizers,
            text_encoders,
            unet: (shapes.unet, checkpoint.unet),
            vae: (shapes.vae, checkpoint.vae),
            hides_its_prediction: checkpoint.prediction_type.is_none(),
            scheduler: SchedulerConfig {
                prediction_type: checkpoint.prediction_type,
                rescale_betas_zero_snr: Some(checkpoint.is_zero_terminal_snr),
                ..published_scheduler(published)
            },
        }
    }
}

/// The networks of a single file in LDM's names.
///
/// # Errors
/// If it is malformed, or holds something else.
pub(crate) fn open_checkpoint(path: &Path) -> Result<LdmCheckpoint, DiffusionError> {
    let dict = open_file(path)?;
    if !is_ldm(&dict) {
        return Err(DiffusionError::Unsupported {
            path: path.to_owned(),
            what: "a file that holds no model of Stable Diffusion".to_owned(),
        });
    }
    convert_ldm(path, &dict)
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
