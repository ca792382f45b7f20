//! Single files in the names of CompVis' latent-diffusion and Stability's generative-models, as CivitAI has
//! them, in diffusers' names (`loaders/single_file_utils.py`).
//!
//! The family is found from the tensors: which text encoder lies beside the UNet, and how wide the texts are
//! that its cross-attention takes. What training left behind (EMA, losses, schedules) is passed over.

mod open_clip;

#[cfg(test)]
mod tests;

use std::path::Path;

use super::{LazyTensor, StateDict};
use crate::diffusion::config::Published;
use crate::diffusion::error::DiffusionError;
use crate::diffusion::scheduler::PredictionType;
use open_clip::open_clip;

const UNET: &str = "model.diffusion_model.";
const VAE: &str = "first_stage_model.";
/// Transformers' CLIP, of SD 1.x and of SDXL.
const CLIP: [&str; 2] = [
    "cond_stage_model.transformer.",
    "conditioner.embedders.0.transformer.",
];
/// OpenCLIP's, of SD 2.x and of SDXL.
const OPEN_CLIP_SD2: &str = "cond_stage_model.model.";
const OPEN_CLIP_SDXL: &str = "conditioner.embedders.1.model.";
/// SDXL's refiner has only OpenCLIP.
const OPEN_CLIP_REFINER: &str = "conditioner.embedders.0.model.";

/// The networks of one file.
pub(crate) struct LdmCheckpoint {
    /// The published family whose shapes the networks have.
    pub(crate) family: Published,
    /// Channels that the UNet takes: 4, or 9 for inpainting.
    pub(crate) in_channels: usize,
    /// What the UNet returns; `None` for SD 2.x, whose files do not say it: the published ones for 768
    /// pixels return v, those for 512 epsilon.
    pub(crate) prediction_type: Option<PredictionType>,
    /// Whether the file asks for `rescale_betas_zero_snr`, by a tensor named `ztsnr`.
    pub(crate) is_zero_terminal_snr: bool,
    /// `unet`.
    pub(crate) unet: StateDict,
    /// `vae`; empty where the file has none.
    pub(crate) vae: StateDict,
    /// `text_encoder`, and SDXL's `text_encoder_2`.
    pub(crate) text_encoders: Vec<StateDict>,
}

/// Whether a file's names are LDM's.
pub(crate) fn is_ldm(dict: &StateDict) -> bool {
    dict.iter().any(|(name, _)| name.starts_with(UNET))
}

/// Takes a file apart.
///
/// # Errors
///
/// A family that this engine has not, tensors that can't be split as their names ask.
pub(crate) fn convert(path: &Path, dict: &StateDict) -> Result<LdmCheckpoint, DiffusionError> {
    let unsupported = |what: &str| DiffusionError::Unsupported {
        path: path.to_owned(),
        what: what.to_owned(),
    };
    let has = |prefix: &str| dict.iter().any(|(name, _)| name.starts_with(prefix));
    let family = if has(OPEN_CLIP_SDXL) {
        Published::Sdxl
    } else if has(OPEN_CLIP_REFINER) {
        return Err(unsupported("SDXL's refiner"));
    } else if has(OPEN_CLIP_SD2) {
        Published::Sd2
    } else if has(CLIP[0]) {
        Published::Sd1
    } else {
        return Err(unsupported(
            "a file without the text encoder of SD 1.x, 2.x or SDXL",
        ));
    };
    let in_channels = dict
        .get("model.diffusion_model.input_blocks.0.0.weight")
        .and_then(|tensor| tensor.shape().get(1).copied())
        .ok_or_else(|| DiffusionError::malformed(path, "its UNet has no first convolution"))?;
    let text_encoders = match family {
        Published::Sd1 => vec![clip(dict, CLIP[0])],
        Published::Sd2 => vec![open_clip(path, dict, OPEN_CLIP_SD2, family)?],
        Published::Sdxl => vec![
            clip(dict, CLIP[1]),
            open_clip(path, dict, OPEN_CLIP_SDXL, family)?,
        ],
    };
    Ok(LdmCheckpoint {
        family,
        in_channels,
        prediction_type: if dict.get("v_pred").is_some() {
            Some(PredictionType::VPrediction)
        } else {
            (family != Published::Sd2).then_some(PredictionType::Epsilon)
        },
        is_zero_terminal_snr: dict.get("ztsnr").is_some(),
        unet: unet(dict),
        vae: vae(dict),
        text_encoders,
    })
}

/// Every tensor under a prefix whose name there leads to another.
fn renamed(dict: &StateDict, prefix: &str, rename: impl Fn(&str) -> Option<String>) -> StateDict {
    dict.iter()
        .filter_map(|(name, tensor)| Some((rename(name.strip_prefix(prefix)?)?, tensor.clone())))
        .collect()
}

fn unet(dict: &StateDict) -> StateDict {
    // the first block ends with a downsampler, one after its last layer
    let first_downsampler = dict
        .iter()
        .filter_map(|(name, _)| {
            name.strip_prefix(UNET)?
                .strip_prefix("input_blocks.")?
                .split_once(".0.op.")
        })
        .filter_map(|(block, _)| block.parse::<usize>().ok())
        .min();
    let blocks_per_level = first_downsampler.filter(|block| *block > 0).unwrap_or(3);
    renamed(dict, UNET, |name| unet_name(name, blocks_per_level))
}

/// `ResBlock`'s names (`ldm/modules/diffusionmodules/openaimodel.py`).
pub(super) const UNET_RESNET: &[(&str, &str)] = &[
    ("in_layers.0.", "norm1."),
    ("in_layers.2.", "conv1."),
    ("out_layers.0.", "norm2."),
    ("out_layers.3.", "conv2."),
    ("emb_layers.1.", "time_emb_proj."),
    ("skip_connection.", "conv_shortcut."),
];

/// The names before the first block and after the last.
pub(super) const UNET_ENDS: &[(&str, &str)] = &[
    ("time_embed.0.", "time_embedding.linear_1."),
    ("time_embed.2.", "time_embedding.linear_2."),
    ("label_emb.0.0.", "add_embedding.linear_1."),
    ("label_emb.0.2.", "add_embedding.linear_2."),
    ("input_blocks.0.0.", "conv_in."),
    ("out.0.", "conv_norm_out."),
    ("out.2.", "conv_out."),
];

fn replace_prefix(name: &str, table: &[(&str, &str)]) -> Option<String> {
    table
        .iter()
        .find_map(|(old, new)| Some(format!("{new}{}", name.strip_prefix(old)?)))
}

/// The name in diffusers of one in LDM. `blocks_per_level` counts the layers of a level and its downsampler.
pub(super) fn unet_name(name: &str, blocks_per_level: usize) -> Option<String> {
    if let Some(name) = replace_prefix(name, UNET_ENDS) {
        return Some(name);
    }
    let (kind, rest) = name.split_once('.')?;
    let (block, rest) = rest.split_once('.')?;
    let block: usize = block.parse().ok()?;
    if kind == "middle_block" {
        return match block {
            1 => Some(format!("mid_block.attentions.0.{rest}")),
            0 | 2 => Some(format!(
                "mid_block.resnets.{}.{}",
                block / 2,
                replace_prefix(rest, UNET_RESNET)?
            )),
            _ => None,
        };
    }
    let (part, rest) = rest.split_once('.')?;
    let (side, index) = match kind {
        "input_blocks" => ("down_blocks", block.checked_sub(1)?),
        "output_blocks" => ("up_blocks", block),
        _ => return None,
    };
    let (level, layer) = (index / blocks_per_level, index % blocks_per_level);
    Some(match (part, rest.split_once('.')) {
        ("0", Some(("op", rest))) => format!("{side}.{level}.downsamplers.0.conv.{rest}"),
        ("0", _) => format!(
            "{side}.{level}.resnets.{layer}.{}",
            replace_prefix(rest, UNET_RESNET)?
        ),
        ("1" | "2", Some(("conv", rest))) => format!("{side}.{level}.upsamplers.0.conv.{rest}"),
        ("1", _) => format!("{side}.{level}.attentions.{layer}.{rest}"),
        _ => return None,
    })
}

/// Names of the VAE that are the same in both halves (`ldm/modules/diffusionmodules/model.py`).
const VAE_PARTS: &[(&str, &str)] = &[
    ("norm_out.", "conv_norm_out."),
    ("mid.block_1.", "mid_block.resnets.0."),
    ("mid.block_2.", "mid_block.resnets.1."),
    ("mid.attn_1.norm.", "mid_block.attentions.0.group_norm."),
    ("mid.attn_1.q.", "mid_block.attentions.0.to_q."),
    ("mid.attn_1.k.", "mid_block.attentions.0.to_k."),
    ("mid.attn_1.v.", "mid_block.attentions.0.to_v."),
    ("mid.attn_1.proj_out.", "mid_block.attentions.0.to_out.0."),
    ("conv_in.", "conv_in."),
    ("conv_out.", "conv_out."),
];

fn vae(dict: &StateDict) -> StateDict {
    let top = dict
        .iter()
        .filter_map(|(name, _)| {
            name.strip_prefix(VAE)?
                .strip_prefix("decoder.up.")?
                .split_once('.')
        })
        .filter_map(|(block, _)| block.parse::<usize>().ok())
        .max()
        .unwrap_or(0);
    dict.iter()
        .filter_map(|(name, tensor)| {
            let name = vae_name(name.strip_prefix(VAE)?, top)?;
            // a 1×1 convolution where diffusers has a linear layer
            let tensor = match (name.contains(".attentions."), tensor.shape()) {
                (true, [rows, columns, 1, 1] | [rows, columns, 1]) => {
                    reshaped(tensor, vec![*rows, *columns])
                }
                _ => tensor.clone(),
            };
            Some((name, tensor))
        })
        .collect()
}

fn vae_name(name: &str, top: usize) -> Option<String> {
    if name.starts_with("quant_conv.") || name.starts_with("post_quant_conv.") {
        return Some(name.to_owned());
    }
    let (half, rest) = name.split_once('.')?;
    if !matches!(half, "encoder" | "decoder") {
        return None;
    }
    let shortcut = |name: &str| name.replace("nin_shortcut.", "conv_shortcut.");
    if let Some(name) = replace_prefix(rest, VAE_PARTS) {
        return Some(format!("{half}.{}", shortcut(&name)));
    }
    let (side, rest) = rest.split_once('.')?;
    let (level, rest) = rest.split_once('.')?;
    let level: usize = level.parse().ok()?;
    let (part, rest) = rest.split_once('.')?;
    Some(match (side, part) {
        ("down", "block") => format!("{half}.down_blocks.{level}.resnets.{}", shortcut(rest)),
        ("down", "downsample") => format!("{half}.down_blocks.{level}.downsamplers.0.{rest}"),
        // LDM counts the decoder's levels from the picture down, diffusers in the order of the work
        ("up", "block") => format!(
            "{half}.up_blocks.{}.resnets.{}",
            top.checked_sub(level)?,
            shortcut(rest)
        ),
        ("up", "upsample") => format!(
            "{half}.up_blocks.{}.upsamplers.0.{rest}",
            top.checked_sub(level)?
        ),
        _ => return None,
    })
}

/// Some files leave `text_model` out.
fn clip(dict: &StateDict, prefix: &str) -> StateDict {
    renamed(dict, prefix, |name| {
        let is_short = ["embeddings.", "encoder.", "final_layer_norm."]
            .iter()
            .any(|part| name.starts_with(part));
        Some(if is_short {
            format!("text_model.{name}")
        } else {
            name.to_owned()
        })
    })
}

/// The same numbers in another shape of as many.
fn reshaped(tensor: &LazyTensor, shape: Vec<usize>) -> LazyTensor {
    let source = tensor.clone();
    LazyTensor::derived(shape, tensor.stored(), move || source.read())
}
