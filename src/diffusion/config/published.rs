//! The shapes of the published families, for files that come without a configuration, and for
//! measuring.

use super::super::tensor::Activation;
use super::{AddedConditions, AutoencoderKlConfig, BlockKind, ClipTextConfig, UNetConfig};

/// A published family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Published {
    /// Stable Diffusion 1.x.
    Sd1,
    /// Stable Diffusion 2.x.
    Sd2,
    /// Stable Diffusion XL.
    Sdxl,
}

impl Published {
    /// Every family.
    pub const ALL: [Self; 3] = [Self::Sd1, Self::Sd2, Self::Sdxl];

    /// The name that people type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sd1 => "sd1",
            Self::Sd2 => "sd2",
            Self::Sdxl => "sdxl",
        }
    }

    /// Side of the pictures of the training, in pixels.
    pub const fn side(self) -> u32 {
        match self {
            Self::Sd1 | Self::Sd2 => 512,
            Self::Sdxl => 1024,
        }
    }

    /// `unet/config.json`; 9 channels for a model of inpainting.
    pub(crate) fn unet(self, in_channels: usize) -> UNetConfig {
        use BlockKind::{CrossAttn, Plain};
        let (down_blocks, block_out_channels, transformer_layers, heads) = match self {
            Self::Sd1 => (
                vec![CrossAttn, CrossAttn, CrossAttn, Plain],
                vec![320, 640, 1280, 1280],
                vec![1; 4],
                vec![8; 4],
            ),
            Self::Sd2 => (
                vec![CrossAttn, CrossAttn, CrossAttn, Plain],
                vec![320, 640, 1280, 1280],
                vec![1; 4],
                vec![5, 10, 20, 20],
            ),
            Self::Sdxl => (
                vec![Plain, CrossAttn, CrossAttn],
                vec![320, 640, 1280],
                vec![1, 2, 10],
                vec![5, 10, 20],
            ),
        };
        UNetConfig {
            in_channels,
            out_channels: 4,
            sample_size: Some(self.side() as usize / 8),
            up_blocks: down_blocks.iter().rev().copied().collect(),
            layers_per_block: vec![2; down_blocks.len()],
            up_transformer_layers: transformer_layers.iter().rev().copied().collect(),
            down_blocks,
            block_out_channels,
            transformer_layers,
            heads,
            cross_attention_dim: match self {
                Self::Sd1 => 768,
                Self::Sd2 => 1024,
                Self::Sdxl => 2048,
            },
            use_linear_projection: self != Self::Sd1,
            norm_num_groups: 32,
            norm_eps: 1e-5,
            flip_sin_to_cos: true,
            freq_shift: 0.0,
            time_cond_proj_dim: None,
            added: (self == Self::Sdxl).then_some(AddedConditions {
                time_embed_dim: 256,
                projection_input_dim: 2816,
            }),
        }
    }

    /// `vae/config.json`.
    pub(crate) fn vae(self) -> AutoencoderKlConfig {
        AutoencoderKlConfig {
            in_channels: 3,
            out_channels: 3,
            latent_channels: 4,
            block_out_channels: vec![128, 256, 512, 512],
            layers_per_block: 2,
            norm_num_groups: 32,
            scaling_factor: if self == Self::Sdxl { 0.13025 } else { 0.18215 },
            shift_factor: 0.0,
            use_quant_conv: true,
            use_post_quant_conv: true,
            mid_block_add_attention: true,
        }
    }

    /// `text_encoder/config.json`, and that of SDXL's second.
    pub(crate) fn text_encoders(self) -> Vec<ClipTextConfig> {
        let clip = |hidden_size, layers, heads, hidden_act, projection_dim| ClipTextConfig {
            vocab_size: 49_408,
            hidden_size,
            intermediate_size: 4 * hidden_size,
            num_hidden_layers: layers,
            num_attention_heads: heads,
            max_position_embeddings: 77,
            layer_norm_eps: 1e-5,
            hidden_act,
            projection_dim,
            eos_token_id: 49_407,
        };
        let clip_l = clip(768, 12, 12, Activation::QuickGelu, None);
        match self {
            Self::Sd1 => vec![clip_l],
            // OpenCLIP's ViT-H without its last layer, which SD 2 does not use.
            Self::Sd2 => vec![clip(1024, 23, 16, Activation::Gelu, None)],
            Self::Sdxl => vec![clip_l, clip(1280, 32, 20, Activation::Gelu, Some(1280))],
        }
    }
}
