//! `unet/config.json`.

use std::path::Path;

use serde::Deserialize;

use super::super::error::DiffusionError;
use super::{Check, PerBlock, component_config};

/// Whether a level looks at the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlockKind {
    /// `DownBlock2D`, `UpBlock2D`: resnets only.
    Plain,
    /// `CrossAttnDownBlock2D`, `CrossAttnUpBlock2D`.
    CrossAttn,
}

/// What SDXL is told beside the text: `addition_embed_type: text_time`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AddedConditions {
    /// Width of the embedding of each of the time ids.
    pub(crate) time_embed_dim: usize,
    /// Width of the pooled text state and all time ids together.
    pub(crate) projection_input_dim: usize,
}

/// The shape of a `UNet2DConditionModel`.
#[derive(Clone, Debug)]
pub(crate) struct UNetConfig {
    /// Channels that go in: 4, or 9 for a model of inpainting.
    pub(crate) in_channels: usize,
    /// Channels that come out.
    pub(crate) out_channels: usize,
    /// Side of the latents of the training.
    pub(crate) sample_size: Option<usize>,
    /// Kinds of the levels going down.
    pub(crate) down_blocks: Vec<BlockKind>,
    /// Kinds of the levels going up.
    pub(crate) up_blocks: Vec<BlockKind>,
    /// Channels of each level going down.
    pub(crate) block_out_channels: Vec<usize>,
    /// Resnets of each level going down.
    pub(crate) layers_per_block: Vec<usize>,
    /// `BasicTransformerBlock`s of each attention, by level going down.
    pub(crate) transformer_layers: Vec<usize>,
    /// The same, by level going up.
    pub(crate) up_transformer_layers: Vec<usize>,
    /// Attention heads of each level going down.
    pub(crate) heads: Vec<usize>,
    /// Width of the text states.
    pub(crate) cross_attention_dim: usize,
    /// Linear layers instead of 1×1 convolutions around the transformers.
    pub(crate) use_linear_projection: bool,
    /// Groups of the normalizations.
    pub(crate) norm_num_groups: usize,
    /// Epsilon of the normalizations.
    pub(crate) norm_eps: f64,
    /// Cosines before sines in the time embedding.
    pub(crate) flip_sin_to_cos: bool,
    /// Shift of the frequencies of the time embedding.
    pub(crate) freq_shift: f32,
    /// Width of the guidance embedding of distilled models.
    pub(crate) time_cond_proj_dim: Option<usize>,
    /// What SDXL is told beside the text.
    pub(crate) added: Option<AddedConditions>,
}

#[derive(Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "as diffusers writes it")]
struct Raw {
    #[serde(default = "four")]
    in_channels: usize,
    #[serde(default = "four")]
    out_channels: usize,
    sample_size: Option<PerBlock<usize>>,
    down_block_types: Vec<String>,
    up_block_types: Vec<String>,
    #[serde(default = "mid_block")]
    mid_block_type: Option<String>,
    block_out_channels: Vec<usize>,
    #[serde(default = "two")]
    layers_per_block: PerBlock<usize>,
    #[serde(default = "one")]
    transformer_layers_per_block: PerBlock<usize>,
    reverse_transformer_layers_per_block: Option<PerBlock<usize>>,
    #[serde(default = "eight")]
    attention_head_dim: PerBlock<usize>,
    num_attention_heads: Option<PerBlock<usize>>,
    cross_attention_dim: usize,
    #[serde(default)]
    use_linear_projection: bool,
    #[serde(default = "groups")]
    norm_num_groups: usize,
    #[serde(default = "epsilon")]
    norm_eps: f64,
    #[serde(default = "yes")]
    flip_sin_to_cos: bool,
    #[serde(default)]
    freq_shift: f32,
    time_cond_proj_dim: Option<usize>,
    addition_embed_type: Option<String>,
    addition_time_embed_dim: Option<usize>,
    projection_class_embeddings_input_dim: Option<usize>,
    // Keys that ask for what this engine has not.
    class_embed_type: Option<String>,
    num_class_embeds: Option<usize>,
    encoder_hid_dim: Option<usize>,
    encoder_hid_dim_type: Option<String>,
    timestep_post_act: Option<String>,
    time_embedding_act_fn: Option<String>,
    time_embedding_dim: Option<usize>,
    cross_attention_norm: Option<String>,
    #[serde(default)]
    time_embedding_type: Option<String>,
    #[serde(default)]
    only_cross_attention: Option<serde_json::Value>,
    #[serde(default)]
    dual_cross_attention: bool,
    #[serde(default)]
    center_input_sample: bool,
    #[serde(default)]
    resnet_skip_time_act: bool,
    resnet_time_scale_shift: Option<String>,
    resnet_out_scale_factor: Option<f64>,
    mid_block_scale_factor: Option<f64>,
    downsample_padding: Option<usize>,
    conv_in_kernel: Option<usize>,
    conv_out_kernel: Option<usize>,
    act_fn: Option<String>,
    attention_type: Option<String>,
}

// The defaults of diffusers' UNet2DConditionModel.
const fn four() -> usize {
    4
}
const fn one() -> PerBlock<usize> {
    PerBlock::Same(1)
}
const fn two() -> PerBlock<usize> {
    PerBlock::Same(2)
}
const fn eight() -> PerBlock<usize> {
    PerBlock::Same(8)
}
const fn groups() -> usize {
    32
}
const fn epsilon() -> f64 {
    1e-5
}
const fn yes() -> bool {
    true
}
#[expect(
    clippy::unnecessary_wraps,
    reason = "null is a value of its own in the file"
)]
fn mid_block() -> Option<String> {
    Some("UNetMidBlock2DCrossAttn".to_owned())
}

impl UNetConfig {
    /// Reads the configuration in a component's folder.
    ///
    /// # Errors
    /// If it can't be read, is malformed, or asks for what this engine has not.
    pub(crate) fn read(folder: &Path) -> Result<Self, DiffusionError> {
        let (raw, path): (Raw, _) = component_config(folder)?;
        Self::validate(raw, &Check { path: &path })
    }

    fn validate(raw: Raw, check: &Check) -> Result<Self, DiffusionError> {
        refuse_the_unknown(&raw, check)?;
        let levels = raw.block_out_channels.len();
        if levels == 0 || levels > 8 {
            return check.refuse("block_out_channels", "it must have one to eight values");
        }
        let kinds = |key, types: &[String], plain: &str, cross: &str| {
            if types.len() != levels {
                return check.refuse(key, format!("it must have {levels} values"));
            }
            let kind = |name: &String| match name.as_str() {
                name if name == plain => Ok(BlockKind::Plain),
                name if name == cross => Ok(BlockKind::CrossAttn),
                other => check.refuse(key, format!("{other} is not supported")),
            };
            types.iter().map(kind).collect::<Result<Vec<_>, _>>()
        };
        let down_blocks = kinds(
            "down_block_types",
            &raw.down_block_types,
            "DownBlock2D",
            "CrossAttnDownBlock2D",
        )?;
        let up_blocks = kinds(
            "up_block_types",
            &raw.up_block_types,
            "UpBlock2D",
            "CrossAttnUpBlock2D",
        )?;
        // What is called attention_head_dim is the number of heads: a naming error of diffusers
        // that its files can't be rid of any more (huggingface/diffusers, issue 2011).
        let heads = raw
            .num_attention_heads
            .as_ref()
            .unwrap_or(&raw.attention_head_dim);
        let heads = check.per_block("attention_head_dim", heads, levels)?;
        for (channels, heads) in raw.block_out_channels.iter().zip(&heads) {
            check.width("block_out_channels", *channels)?;
            check.divides("norm_num_groups", raw.norm_num_groups, *channels)?;
            check.divides("attention_head_dim", *heads, *channels)?;
        }
        let layers = check.per_block("layers_per_block", &raw.layers_per_block, levels)?;
        let key = "transformer_layers_per_block";
        let transformer_layers = check.per_block(key, &raw.transformer_layers_per_block, levels)?;
        let up_transformer_layers = match &raw.reverse_transformer_layers_per_block {
            Some(values) => {
                check.per_block("reverse_transformer_layers_per_block", values, levels)?
            }
            None => transformer_layers.iter().rev().copied().collect(),
        };
        for depth in layers
            .iter()
            .chain(&transformer_layers)
            .chain(&up_transformer_layers)
        {
            check.depth("layers_per_block", *depth)?;
        }
        if !(raw.norm_eps > 0.0 && raw.norm_eps < 1.0) {
            return check.refuse("norm_eps", "it is no small positive number");
        }
        check.divides("block_out_channels", 2, raw.block_out_channels[0])?;
        let sample_size = match &raw.sample_size {
            Some(PerBlock::Same(size)) => Some(check.width("sample_size", *size)?),
            _ => None,
        };
        if let Some(width) = raw.time_cond_proj_dim {
            check.width("time_cond_proj_dim", width)?;
            check.divides("time_cond_proj_dim", 2, width)?;
        }
        Ok(Self {
            in_channels: check.width("in_channels", raw.in_channels)?,
            out_channels: check.width("out_channels", raw.out_channels)?,
            sample_size,
            down_blocks,
            up_blocks,
            layers_per_block: layers,
            transformer_layers,
            up_transformer_layers,
            heads,
            cross_attention_dim: check.width("cross_attention_dim", raw.cross_attention_dim)?,
            use_linear_projection: raw.use_linear_projection,
            norm_num_groups: raw.norm_num_groups,
            norm_eps: raw.norm_eps,
            flip_sin_to_cos: raw.flip_sin_to_cos,
            freq_shift: raw.freq_shift,
            time_cond_proj_dim: raw.time_cond_proj_dim,
            added: added_conditions(&raw, check)?,
            block_out_channels: raw.block_out_channels,
        })
    }

    /// Width of the time embedding.
    pub(crate) fn time_embed_dim(&self) -> usize {
        4 * self.block_out_channels[0]
    }
}

fn added_conditions(raw: &Raw, check: &Check) -> Result<Option<AddedConditions>, DiffusionError> {
    match raw.addition_embed_type.as_deref() {
        None => Ok(None),
        Some("text_time") => {
            let time = raw.addition_time_embed_dim.unwrap_or_default();
            let all = raw
                .projection_class_embeddings_input_dim
                .unwrap_or_default();
            check.width("addition_time_embed_dim", time)?;
            check.divides("addition_time_embed_dim", 2, time)?;
            Ok(Some(AddedConditions {
                time_embed_dim: time,
                projection_input_dim: check.width("projection_class_embeddings_input_dim", all)?,
            }))
        }
        Some(other) => check.refuse("addition_embed_type", format!("{other:?} is not supported")),
    }
}

fn refuse_the_unknown(raw: &Raw, check: &Check) -> Result<(), DiffusionError> {
    let unlike = |value: &Option<String>, known: &[&str]| {
        value
            .as_deref()
            .is_some_and(|value| !known.contains(&value))
    };
    let unlike_one = |value: Option<f64>| value.is_some_and(|value| (value - 1.0).abs() > 1e-9);
    let only_cross = match &raw.only_cross_attention {
        None | Some(serde_json::Value::Null | serde_json::Value::Bool(false)) => false,
        Some(serde_json::Value::Array(each)) => {
            each.iter().any(|value| value.as_bool() != Some(false))
        }
        Some(_) => true,
    };
    for (key, is_asked_for) in [
        ("class_embed_type", raw.class_embed_type.is_some()),
        ("num_class_embeds", raw.num_class_embeds.is_some()),
        ("encoder_hid_dim", raw.encoder_hid_dim.is_some()),
        ("encoder_hid_dim_type", raw.encoder_hid_dim_type.is_some()),
        ("timestep_post_act", raw.timestep_post_act.is_some()),
        ("time_embedding_act_fn", raw.time_embedding_act_fn.is_some()),
        ("time_embedding_dim", raw.time_embedding_dim.is_some()),
        ("cross_attention_norm", raw.cross_attention_norm.is_some()),
        (
            "time_embedding_type",
            unlike(&raw.time_embedding_type, &["positional"]),
        ),
        ("only_cross_attention", only_cross),
        ("dual_cross_attention", raw.dual_cross_attention),
        ("center_input_sample", raw.center_input_sample),
        ("resnet_skip_time_act", raw.resnet_skip_time_act),
        (
            "resnet_time_scale_shift",
            unlike(&raw.resnet_time_scale_shift, &["default"]),
        ),
        (
            "resnet_out_scale_factor",
            unlike_one(raw.resnet_out_scale_factor),
        ),
        (
            "mid_block_scale_factor",
            unlike_one(raw.mid_block_scale_factor),
        ),
        (
            "downsample_padding",
            raw.downsample_padding.is_some_and(|padding| padding != 1),
        ),
        (
            "conv_in_kernel",
            raw.conv_in_kernel.is_some_and(|kernel| kernel != 3),
        ),
        (
            "conv_out_kernel",
            raw.conv_out_kernel.is_some_and(|kernel| kernel != 3),
        ),
        ("act_fn", unlike(&raw.act_fn, &["silu", "swish"])),
        ("attention_type", unlike(&raw.attention_type, &["default"])),
        (
            "mid_block_type",
            raw.mid_block_type.as_deref() != Some("UNetMidBlock2DCrossAttn"),
        ),
    ] {
        check.absent(key, is_asked_for)?;
    }
    Ok(())
}
