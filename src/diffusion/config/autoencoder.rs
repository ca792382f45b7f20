//! `vae/config.json`.

use std::path::Path;

use serde::Deserialize;

use super::super::error::DiffusionError;
use super::{Check, component_config};

/// The shape of an `AutoencoderKL`.
#[derive(Clone, Debug)]
pub(crate) struct AutoencoderKlConfig {
    /// Channels of pictures.
    pub(crate) in_channels: usize,
    /// Channels of decoded pictures.
    pub(crate) out_channels: usize,
    /// Channels of latents.
    pub(crate) latent_channels: usize,
    /// Channels of each level, from the picture to the latents.
    pub(crate) block_out_channels: Vec<usize>,
    /// Resnets of each level.
    pub(crate) layers_per_block: usize,
    /// Groups of the normalizations.
    pub(crate) norm_num_groups: usize,
    /// What latents are multiplied by, to have unit variance.
    pub(crate) scaling_factor: f32,
    /// What is taken from latents before that.
    pub(crate) shift_factor: f32,
    /// Whether there is a convolution behind the encoder.
    pub(crate) use_quant_conv: bool,
    /// Whether there is a convolution before the decoder.
    pub(crate) use_post_quant_conv: bool,
    /// Whether the middle has attention.
    pub(crate) mid_block_add_attention: bool,
}

#[derive(Deserialize)]
struct Raw {
    #[serde(default = "three")]
    in_channels: usize,
    #[serde(default = "three")]
    out_channels: usize,
    #[serde(default = "four")]
    latent_channels: usize,
    block_out_channels: Vec<usize>,
    #[serde(default = "one")]
    layers_per_block: usize,
    #[serde(default = "thirty_two")]
    norm_num_groups: usize,
    #[serde(default = "sd1_scaling")]
    scaling_factor: f32,
    shift_factor: Option<f32>,
    latents_mean: Option<Vec<f32>>,
    latents_std: Option<Vec<f32>>,
    #[serde(default = "yes")]
    use_quant_conv: bool,
    #[serde(default = "yes")]
    use_post_quant_conv: bool,
    #[serde(default = "yes")]
    mid_block_add_attention: bool,
    #[serde(default = "silu")]
    act_fn: String,
    #[serde(default)]
    down_block_types: Vec<String>,
    #[serde(default)]
    up_block_types: Vec<String>,
}

// The defaults of diffusers' AutoencoderKL.
const fn one() -> usize {
    1
}
const fn three() -> usize {
    3
}
const fn four() -> usize {
    4
}
const fn thirty_two() -> usize {
    32
}
const fn sd1_scaling() -> f32 {
    0.18215
}
const fn yes() -> bool {
    true
}
fn silu() -> String {
    "silu".to_owned()
}

impl AutoencoderKlConfig {
    /// Reads the configuration in a component's folder.
    ///
    /// # Errors
    /// If it can't be read, is malformed, or describes another network.
    pub(crate) fn read(folder: &Path) -> Result<Self, DiffusionError> {
        let (raw, path): (Raw, _) = component_config(folder)?;
        let check = Check { path: &path };
        let other_block = |types: &[String], known: &str| types.iter().any(|name| name != known);
        check.absent(
            "down_block_types",
            other_block(&raw.down_block_types, "DownEncoderBlock2D"),
        )?;
        check.absent(
            "up_block_types",
            other_block(&raw.up_block_types, "UpDecoderBlock2D"),
        )?;
        check.absent("act_fn", !matches!(raw.act_fn.as_str(), "silu" | "swish"))?;
        check.absent("latents_mean", raw.latents_mean.is_some())?;
        check.absent("latents_std", raw.latents_std.is_some())?;
        if raw.block_out_channels.is_empty() || raw.block_out_channels.len() > 8 {
            return check.refuse("block_out_channels", "it must have one to eight values");
        }
        for channels in &raw.block_out_channels {
            check.width("block_out_channels", *channels)?;
            check.divides("norm_num_groups", raw.norm_num_groups, *channels)?;
        }
        if !raw.scaling_factor.is_normal() {
            return check.refuse("scaling_factor", format!("{}", raw.scaling_factor));
        }
        Ok(Self {
            in_channels: check.width("in_channels", raw.in_channels)?,
            out_channels: check.width("out_channels", raw.out_channels)?,
            latent_channels: check.width("latent_channels", raw.latent_channels)?,
            layers_per_block: check.depth("layers_per_block", raw.layers_per_block)?,
            block_out_channels: raw.block_out_channels,
            norm_num_groups: raw.norm_num_groups,
            scaling_factor: raw.scaling_factor,
            shift_factor: raw.shift_factor.unwrap_or_default(),
            use_quant_conv: raw.use_quant_conv,
            use_post_quant_conv: raw.use_post_quant_conv,
            mid_block_add_attention: raw.mid_block_add_attention,
        })
    }

    /// How many pixels a side of a latent stands for.
    pub(crate) fn scale(&self) -> usize {
        1 << (self.block_out_channels.len() - 1)
    }
}

/// The shape of the decoder of an `AutoencoderTiny` (TAESD).
#[derive(Clone, Debug)]
pub(crate) struct AutoencoderTinyConfig {
    /// Channels of latents.
    pub(crate) latent_channels: usize,
    /// Channels of each level.
    pub(crate) decoder_block_out_channels: Vec<usize>,
    /// Blocks of each level.
    pub(crate) num_decoder_blocks: Vec<usize>,
}

#[derive(Deserialize)]
struct RawTiny {
    #[serde(default = "four")]
    latent_channels: usize,
    #[serde(default = "taesd_channels")]
    decoder_block_out_channels: Vec<usize>,
    #[serde(default = "taesd_decoder")]
    num_decoder_blocks: Vec<usize>,
    #[serde(default = "relu")]
    act_fn: String,
}

fn taesd_channels() -> Vec<usize> {
    vec![64; 4]
}
fn taesd_decoder() -> Vec<usize> {
    vec![3, 3, 3, 1]
}
fn relu() -> String {
    "relu".to_owned()
}

impl AutoencoderTinyConfig {
    /// Reads the configuration in a component's folder.
    ///
    /// # Errors
    /// If it can't be read, is malformed, or describes another network.
    pub(crate) fn read(folder: &Path) -> Result<Self, DiffusionError> {
        let (raw, path): (RawTiny, _) = component_config(folder)?;
        let check = Check { path: &path };
        check.absent("act_fn", raw.act_fn != "relu")?;
        let (channels, blocks) = (&raw.decoder_block_out_channels, &raw.num_decoder_blocks);
        if channels.is_empty() || channels.len() > 8 || channels.len() != blocks.len() {
            let reason = "it must have as many values as num_decoder_blocks, at most eight";
            return check.refuse("decoder_block_out_channels", reason);
        }
        // The convolutions between levels keep the channels, so all levels have the same.
        for number in channels {
            check.width("decoder_block_out_channels", *number)?;
            check.absent("decoder_block_out_channels", *number != channels[0])?;
        }
        for number in blocks {
            check.depth("num_decoder_blocks", *number)?;
        }
        Ok(Self {
            latent_channels: check.width("latent_channels", raw.latent_channels)?,
            decoder_block_out_channels: raw.decoder_block_out_channels,
            num_decoder_blocks: raw.num_decoder_blocks,
        })
    }
}
