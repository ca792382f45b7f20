//! `AutoencoderKL`: between pictures and latents.

use burn_tensor::DType;

use super::super::config::AutoencoderKlConfig;
use super::super::error::DiffusionError;
use super::super::tensor::{AttentionMask, Device, Tensor, attention};
use super::super::weights::{Loader, Scope, StateDict};
use super::layers::{Conv2d, GroupNorm, Linear, Upsample2D};
use super::resnet::{ResnetBlock2D, ResnetConfig};
use super::transformer::{to_picture, to_tokens};

/// The autoencoder's normalizations.
const EPSILON: f64 = 1e-6;

/// diffusers clamps the logarithm of the variance there.
const LOGVAR: (f64, f64) = (-30.0, 20.0);

/// Makes latents of pictures and pictures of latents.
pub(crate) struct AutoencoderKl {
    encoder: Encoder,
    quant_conv: Option<Conv2d>,
    post_quant_conv: Option<Conv2d>,
    decoder: Decoder,
}

/// Mean and logarithm of the variance of latents, `[b, latent_channels, h, w]` each.
pub(crate) struct Posterior {
    /// `latent_dist.mean`.
    pub(crate) mean: Tensor<4>,
    /// `latent_dist.logvar`, clamped.
    pub(crate) logvar: Tensor<4>,
}

impl AutoencoderKl {
    /// Builds the model.
    ///
    /// # Errors
    /// If the weights do not fit the configuration.
    pub(crate) fn load(
        config: &AutoencoderKlConfig,
        weights: &StateDict,
        device: &Device,
        dtype: DType,
    ) -> Result<Self, DiffusionError> {
        let loader = Loader::new(weights, device, dtype);
        let model = Self::new(config, &loader.root());
        loader.finish(model, "vae")
    }

    /// From the weights below `scope`.
    pub(crate) fn new(config: &AutoencoderKlConfig, scope: &Scope) -> Self {
        let latents = config.latent_channels;
        let both = 2 * latents;
        Self {
            encoder: Encoder::new(config, &scope.at("encoder")),
            quant_conv: config
                .use_quant_conv
                .then(|| Conv2d::pointwise(&scope.at("quant_conv"), both, both)),
            post_quant_conv: config
                .use_post_quant_conv
                .then(|| Conv2d::pointwise(&scope.at("post_quant_conv"), latents, latents)),
            decoder: Decoder::new(config, &scope.at("decoder")),
        }
    }

    /// `x: [b, 3, h, w]` in -1 to 1.
    pub(crate) fn encode(&self, x: Tensor<4>) -> Posterior {
        let moments = self.encoder.forward(x);
        let moments = match &self.quant_conv {
            Some(conv) => conv.forward(moments),
            None => moments,
        };
        let [batch, both, height, width] = moments.dims();
        let part = |from: usize, to: usize| {
            moments
                .clone()
                .slice([0..batch, from..to, 0..height, 0..width])
        };
        Posterior {
            mean: part(0, both / 2),
            logvar: part(both / 2, both).clamp(LOGVAR.0, LOGVAR.1),
        }
    }

    /// `z: [b, latent_channels, h, w]`, unscaled; gives `[b, 3, 8 h, 8 w]`, about -1 to 1.
    pub(crate) fn decode(&self, z: Tensor<4>) -> Tensor<4> {
        let z = match &self.post_quant_conv {
            Some(conv) => conv.forward(z),
            None => z,
        };
        self.decoder.forward(z)
    }
}

fn resnet_config(config: &AutoencoderKlConfig) -> ResnetConfig {
    ResnetConfig {
        groups: config.norm_num_groups,
        epsilon: EPSILON,
        time_embed_dim: None,
    }
}

fn resnets(
    config: &AutoencoderKlConfig,
    scope: &Scope,
    count: usize,
    inputs: usize,
    outputs: usize,
) -> Vec<ResnetBlock2D> {
    let resnet = |layer| {
        let inputs = if layer == 0 { inputs } else { outputs };
        ResnetBlock2D::new(
            &scope.at("resnets").at(layer),
            resnet_config(config),
            inputs,
            outputs,
        )
    };
    (0..count).map(resnet).collect()
}

struct Encoder {
    conv_in: Conv2d,
    down_blocks: Vec<(Vec<ResnetBlock2D>, Option<Conv2d>)>,
    mid_block: MidBlock,
    conv_norm_out: GroupNorm,
    conv_out: Conv2d,
}

impl Encoder {
    fn new(config: &AutoencoderKlConfig, scope: &Scope) -> Self {
        let channels = &config.block_out_channels;
        let last = channels.len() - 1;
        let level = |level: usize| {
            let scope = scope.at("down_blocks").at(level);
            let (inputs, outputs) = (channels[level.saturating_sub(1)], channels[level]);
            let downsampler = (level < last)
                .then(|| Conv2d::halving_aside(&scope.at("downsamplers.0.conv"), outputs, outputs));
            let layers = config.layers_per_block;
            (
                resnets(config, &scope, layers, inputs, outputs),
                downsampler,
            )
        };
        Self {
            conv_in: Conv2d::same(&scope.at("conv_in"), config.in_channels, channels[0]),
            down_blocks: (0..=last).map(level).collect(),
            mid_block: MidBlock::new(config, &scope.at("mid_block")),
            conv_norm_out: norm_out(config, scope, channels[last]),
            conv_out: Conv2d::same(
                &scope.at("conv_out"),
                channels[last],
                2 * config.latent_channels,
            ),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let mut x = self.conv_in.forward(x);
        for (resnets, downsampler) in &self.down_blocks {
            for resnet in resnets {
                x = resnet.forward(x, None);
            }
            if let Some(conv) = downsampler {
                x = conv.forward(x);
            }
        }
        let x = self.mid_block.forward(x);
        self.conv_out.forward(self.conv_norm_out.forward_silu(x))
    }
}

struct Decoder {
    conv_in: Conv2d,
    mid_block: MidBlock,
    up_blocks: Vec<(Vec<ResnetBlock2D>, Option<Upsample2D>)>,
    conv_norm_out: GroupNorm,
    conv_out: Conv2d,
}

impl Decoder {
    fn new(config: &AutoencoderKlConfig, scope: &Scope) -> Self {
        let channels: Vec<usize> = config.block_out_channels.iter().rev().copied().collect();
        let last = channels.len() - 1;
        let level = |level: usize| {
            let scope = scope.at("up_blocks").at(level);
            let (inputs, outputs) = (channels[level.saturating_sub(1)], channels[level]);
            let upsampler =
                (level < last).then(|| Upsample2D::new(&scope.at("upsamplers.0"), outputs));
            let layers = config.layers_per_block + 1;
            (resnets(config, &scope, layers, inputs, outputs), upsampler)
        };
        Self {
            conv_in: Conv2d::same(&scope.at("conv_in"), config.latent_channels, channels[0]),
            mid_block: MidBlock::new(config, &scope.at("mid_block")),
            up_blocks: (0..=last).map(level).collect(),
            conv_norm_out: norm_out(config, scope, channels[last]),
            conv_out: Conv2d::same(&scope.at("conv_out"), channels[last], config.out_channels),
        }
    }

    fn forward(&self, z: Tensor<4>) -> Tensor<4> {
        let mut x = self.mid_block.forward(self.conv_in.forward(z));
        for (resnets, upsampler) in &self.up_blocks {
            for resnet in resnets {
                x = resnet.forward(x, None);
            }
            if let Some(upsampler) = upsampler {
                x = upsampler.forward(x, None);
            }
        }
        self.conv_out.forward(self.conv_norm_out.forward_silu(x))
    }
}

fn norm_out(config: &AutoencoderKlConfig, scope: &Scope, channels: usize) -> GroupNorm {
    GroupNorm::new(
        &scope.at("conv_norm_out"),
        config.norm_num_groups,
        channels,
        EPSILON,
    )
}

/// `UNetMidBlock2D`.
struct MidBlock {
    first: ResnetBlock2D,
    attention: Option<MidAttention>,
    second: ResnetBlock2D,
}

impl MidBlock {
    fn new(config: &AutoencoderKlConfig, scope: &Scope) -> Self {
        let channels = config.block_out_channels[config.block_out_channels.len() - 1];
        let resnet = |index| {
            let scope = scope.at("resnets").at(index);
            ResnetBlock2D::new(&scope, resnet_config(config), channels, channels)
        };
        Self {
            first: resnet(0),
            attention: config.mid_block_add_attention.then(|| {
                MidAttention::new(&scope.at("attentions.0"), config.norm_num_groups, channels)
            }),
            second: resnet(1),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let x = self.first.forward(x, None);
        let x = match &self.attention {
            Some(attention) => attention.forward(x),
            None => x,
        };
        self.second.forward(x, None)
    }
}

/// One head over all pixels of the lowest level.
struct MidAttention {
    group_norm: GroupNorm,
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Linear,
}

impl MidAttention {
    fn new(scope: &Scope, groups: usize, channels: usize) -> Self {
        // Files from before diffusers 0.18 say `query`, `key`, `value` and `proj_attn`.
        let linear =
            |names: &[&'static str]| Linear::new(&scope.at_one_of(names), channels, channels);
        Self {
            group_norm: GroupNorm::new(&scope.at("group_norm"), groups, channels, EPSILON),
            to_q: linear(&["to_q", "query"]),
            to_k: linear(&["to_k", "key"]),
            to_v: linear(&["to_v", "value"]),
            to_out: linear(&["to_out.0", "proj_attn"]),
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let tokens = to_tokens(self.group_norm.forward(x.clone()));
        let q = self.to_q.forward(tokens.clone());
        let k = self.to_k.forward(tokens.clone());
        let v = self.to_v.forward(tokens);
        let looked = self
            .to_out
            .forward(attention(q, k, v, 1, AttentionMask::None));
        to_picture(looked, x.dims()) + x
    }
}
