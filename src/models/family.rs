//! Of which family a model is, by its configs or by the names and shapes of its tensors.

use std::fmt;

use serde_json::Value;

use crate::safetensors::TensorInfo;

/// The architectures that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// Stable Diffusion 1.x: the text encoder of CLIP ViT-L.
    Sd1,
    /// Stable Diffusion 2.x: that of OpenCLIP ViT-H, linear projections.
    Sd2,
    /// Stable Diffusion XL: two text encoders, added time ids.
    Sdxl,
    /// The refiner of SDXL: its second text encoder only.
    SdxlRefiner,
    /// Changes to a model's weights: no model of its own.
    Lora,
    /// An autoencoder alone.
    Vae,
    /// Something else.
    Unknown,
}

impl Family {
    /// Its name for people.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Sd1 => "SD 1.x",
            Self::Sd2 => "SD 2.x",
            Self::Sdxl => "SDXL",
            Self::SdxlRefiner => "SDXL refiner",
            Self::Lora => "LoRA",
            Self::Vae => "VAE",
            Self::Unknown => "unknown",
        }
    }

    /// Whether it makes pictures by itself.
    pub(crate) const fn is_generator(self) -> bool {
        match self {
            Self::Sd1 | Self::Sd2 | Self::Sdxl => true,
            Self::SdxlRefiner | Self::Lora | Self::Vae | Self::Unknown => false,
        }
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

/// What the denoising network takes beside the latents, told by its input channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// Nothing: 4 channels.
    TextToImage,
    /// A mask and the masked latents: 9 channels.
    Inpaint,
    /// The latents of a picture to be edited: 8 channels.
    Edit,
    /// It is not known, or has no denoising network.
    Unknown,
}

impl Task {
    /// Its name for people.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::TextToImage => "text-to-image",
            Self::Inpaint => "inpaint",
            Self::Edit => "edit",
            Self::Unknown => "unknown",
        }
    }

    fn of_channels(channels: u64) -> Self {
        match channels {
            4 => Self::TextToImage,
            9 => Self::Inpaint,
            8 => Self::Edit,
            _ => Self::Unknown,
        }
    }
}

/// Tells the family by `unet/config.json` and `text_encoder/config.json` of a diffusers folder.
pub(super) fn of_configs(
    unet: &Value,
    text_encoder: Option<&Value>,
    has_second_encoder: bool,
) -> (Family, Task) {
    let is_unet = unet.get("_class_name").and_then(Value::as_str) == Some("UNet2DConditionModel");
    let task = unet
        .get("in_channels")
        .and_then(Value::as_u64)
        .map_or(Task::Unknown, Task::of_channels);
    if !is_unet {
        return (Family::Unknown, Task::Unknown);
    }
    let takes_added = unet.get("addition_embed_type").and_then(Value::as_str) == Some("text_time");
    if takes_added {
        return match (text_encoder, has_second_encoder) {
            (Some(_), true) => (Family::Sdxl, task),
            (None, true) => (Family::SdxlRefiner, task),
            (_, false) => (Family::Unknown, task),
        };
    }
    let Some(text_encoder) = text_encoder else {
        return (Family::Unknown, task);
    };
    // CLIP's own activation is the quick one, OpenCLIP's is not; some configs leave it out.
    let is_open_clip = match text_encoder.get("hidden_act").and_then(Value::as_str) {
        Some(name) => name != "quick_gelu",
        None => unet.get("use_linear_projection").and_then(Value::as_bool) == Some(true),
    };
    let is_clip = text_encoder
        .get("model_type")
        .and_then(Value::as_str)
        .is_none_or(|name| name == "clip_text_model");
    match (is_clip, is_open_clip) {
        (false, _) => (Family::Unknown, task),
        (true, true) => (Family::Sd2, task),
        (true, false) => (Family::Sd1, task),
    }
}

/// Tells the family of a single file by its tensors' names and shapes.
pub(super) fn of_tensors(tensors: &[TensorInfo]) -> (Family, Task) {
    const FIRST_CONV: &str = "model.diffusion_model.input_blocks.0.0.weight";
    let shape_of = |is_it: &dyn Fn(&str) -> bool| {
        let tensor = tensors.iter().find(|tensor| is_it(&tensor.name))?;
        tensor.shape.get(1).copied()
    };
    let family = of_names(tensors.iter().map(|tensor| tensor.name.as_str()));
    let task = shape_of(&|name| name == FIRST_CONV).map_or(Task::Unknown, Task::of_channels);
    // Without its text encoders the width of what the attention takes from them has to tell.
    let family = match family {
        Family::Unknown => match shape_of(&|name| {
            name.starts_with("model.diffusion_model.") && name.ends_with(".attn2.to_k.weight")
        }) {
            Some(768) => Family::Sd1,
            Some(1024) => Family::Sd2,
            Some(2048) => Family::Sdxl,
            Some(1280) => Family::SdxlRefiner,
            _ => Family::Unknown,
        },
        family => family,
    };
    (family, task)
}

/// Tells the family by names alone: those of CompVis' and Stability's checkpoints.
pub(super) fn of_names<'a>(names: impl Iterator<Item = &'a str>) -> Family {
    let (mut has_unet, mut has_vae, mut has_lora) = (false, false, false);
    let (mut has_first, mut has_second) = (false, false);
    let (mut has_clip, mut has_open_clip) = (false, false);
    for name in names {
        has_unet |= name.starts_with("model.diffusion_model.");
        has_vae |= name.starts_with("first_stage_model.")
            || name.starts_with("decoder.conv_in.")
            || name.starts_with("decoder.up_blocks.");
        has_lora |= [
            ".lora_down.",
            ".lora_up.",
            ".lora_A.",
            ".lora_B.",
            ".lora.down.",
            ".lora.up.",
        ]
        .iter()
        .any(|part| name.contains(part));
        has_first |= name.starts_with("conditioner.embedders.0.");
        has_second |= name.starts_with("conditioner.embedders.1.");
        has_clip |= name.starts_with("cond_stage_model.transformer.");
        has_open_clip |= name.starts_with("cond_stage_model.model.");
    }
    if has_lora {
        Family::Lora
    } else if has_unet {
        match (has_first, has_second) {
            (true, true) => Family::Sdxl,
            (true, false) => Family::SdxlRefiner,
            _ if has_clip => Family::Sd1,
            _ if has_open_clip => Family::Sd2,
            _ => Family::Unknown,
        }
    } else if has_vae {
        Family::Vae
    } else {
        Family::Unknown
    }
}
