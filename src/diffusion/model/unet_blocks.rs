//! The levels of a UNet: `CrossAttnDownBlock2D`, `UNetMidBlock2DCrossAttn`, `CrossAttnUpBlock2D`
//! and their kin without attention.

use super::super::config::{BlockKind, UNetConfig};
use super::super::tensor::Tensor;
use super::super::weights::Scope;
use super::layers::{Conv2d, Upsample2D};
use super::resnet::{ResnetBlock2D, ResnetConfig};
use super::transformer::{Transformer2DModel, TransformerConfig};

fn resnet_config(config: &UNetConfig) -> ResnetConfig {
    ResnetConfig {
        groups: config.norm_num_groups,
        epsilon: config.norm_eps,
        time_embed_dim: Some(config.time_embed_dim()),
    }
}

fn transformer(
    config: &UNetConfig,
    scope: &Scope,
    channels: usize,
    heads: usize,
    layers: usize,
) -> Transformer2DModel {
    let config = TransformerConfig {
        channels,
        heads,
        layers,
        cross_attention_dim: config.cross_attention_dim,
        groups: config.norm_num_groups,
        use_linear_projection: config.use_linear_projection,
    };
    Transformer2DModel::new(scope, &config)
}

/// A level going down.
pub(crate) struct DownBlock {
    resnets: Vec<ResnetBlock2D>,
    attentions: Vec<Transformer2DModel>,
    downsampler: Option<Conv2d>,
}

impl DownBlock {
    /// Every level, from the first.
    pub(crate) fn all(config: &UNetConfig, scope: &Scope) -> Vec<Self> {
        let levels = config.block_out_channels.len();
        let mut inputs = config.block_out_channels[0];
        let mut blocks = Vec::with_capacity(levels);
        for level in 0..levels {
            blocks.push(Self::new(config, &scope.at(level), level, inputs));
            inputs = config.block_out_channels[level];
        }
        blocks
    }

    fn new(config: &UNetConfig, scope: &Scope, level: usize, inputs: usize) -> Self {
        let outputs = config.block_out_channels[level];
        let layers = config.layers_per_block[level];
        let resnet = |layer| {
            let inputs = if layer == 0 { inputs } else { outputs };
            let scope = scope.at("resnets").at(layer);
            ResnetBlock2D::new(&scope, resnet_config(config), inputs, outputs)
        };
        let attention = |layer| {
            let scope = scope.at("attentions").at(layer);
            let (heads, depth) = (config.heads[level], config.transformer_layers[level]);
            transformer(config, &scope, outputs, heads, depth)
        };
        let attentions = match config.down_blocks[level] {
            BlockKind::Plain => 0,
            BlockKind::CrossAttn => layers,
        };
        let is_last = level + 1 == config.block_out_channels.len();
        Self {
            resnets: (0..layers).map(resnet).collect(),
            attentions: (0..attentions).map(attention).collect(),
            downsampler: (!is_last)
                .then(|| Conv2d::halving(&scope.at("downsamplers.0.conv"), outputs, outputs)),
        }
    }

    /// `x: [b, in, h, w]` gives `[b, out, h', w']`; leaves what the way up will want in `skips`.
    pub(crate) fn forward(
        &self,
        mut x: Tensor<4>,
        time: &Tensor<2>,
        context: &Tensor<3>,
        skips: &mut Vec<Tensor<4>>,
    ) -> Tensor<4> {
        for (layer, resnet) in self.resnets.iter().enumerate() {
            x = resnet.forward(x, Some(time));
            if let Some(attention) = self.attentions.get(layer) {
                x = attention.forward(x, context);
            }
            skips.push(x.clone());
        }
        if let Some(conv) = &self.downsampler {
            x = conv.forward(x);
            skips.push(x.clone());
        }
        x
    }
}

/// The lowest level.
pub(crate) struct MidBlock {
    first: ResnetBlock2D,
    attention: Transformer2DModel,
    second: ResnetBlock2D,
}

impl MidBlock {
    /// With the width of the last level.
    pub(crate) fn new(config: &UNetConfig, scope: &Scope) -> Self {
        let level = config.block_out_channels.len() - 1;
        let channels = config.block_out_channels[level];
        let resnet = |index| {
            let scope = scope.at("resnets").at(index);
            ResnetBlock2D::new(&scope, resnet_config(config), channels, channels)
        };
        let (heads, depth) = (config.heads[level], config.transformer_layers[level]);
        Self {
            first: resnet(0),
            attention: transformer(config, &scope.at("attentions.0"), channels, heads, depth),
            second: resnet(1),
        }
    }

    /// Same shape.
    pub(crate) fn forward(&self, x: Tensor<4>, time: &Tensor<2>, context: &Tensor<3>) -> Tensor<4> {
        let x = self.first.forward(x, Some(time));
        let x = self.attention.forward(x, context);
        self.second.forward(x, Some(time))
    }
}

/// A level going up.
pub(crate) struct UpBlock {
    resnets: Vec<ResnetBlock2D>,
    attentions: Vec<Transformer2DModel>,
    upsampler: Option<Upsample2D>,
}

impl UpBlock {
    /// Every level, from the lowest.
    pub(crate) fn all(config: &UNetConfig, scope: &Scope) -> Vec<Self> {
        let levels = config.block_out_channels.len();
        let mut inputs = config.block_out_channels[levels - 1];
        let mut blocks = Vec::with_capacity(levels);
        for index in 0..levels {
            blocks.push(Self::new(config, &scope.at(index), index, inputs));
            inputs = config.block_out_channels[levels - 1 - index];
        }
        blocks
    }

    /// `index` counts from the lowest level; `inputs` are the channels that come from below.
    fn new(config: &UNetConfig, scope: &Scope, index: usize, inputs: usize) -> Self {
        let channels = &config.block_out_channels;
        let level = channels.len() - 1 - index;
        let outputs = channels[level];
        // The last resnet meets what the level above left behind, or the first convolution.
        let above = channels[level.saturating_sub(1)];
        let layers = config.layers_per_block[level] + 1;
        let resnet = |layer| {
            let below = if layer == 0 { inputs } else { outputs };
            let skip = if layer + 1 == layers { above } else { outputs };
            let scope = scope.at("resnets").at(layer);
            ResnetBlock2D::new(&scope, resnet_config(config), below + skip, outputs)
        };
        let attention = |layer| {
            let scope = scope.at("attentions").at(layer);
            let (heads, depth) = (config.heads[level], config.up_transformer_layers[index]);
            transformer(config, &scope, outputs, heads, depth)
        };
        let attentions = match config.up_blocks[index] {
            BlockKind::Plain => 0,
            BlockKind::CrossAttn => layers,
        };
        Self {
            resnets: (0..layers).map(resnet).collect(),
            attentions: (0..attentions).map(attention).collect(),
            upsampler: (level > 0).then(|| Upsample2D::new(&scope.at("upsamplers.0"), outputs)),
        }
    }

    /// `x: [b, in, h, w]` gives `[b, out, h', w']`; takes from `skips` what the way down left.
    pub(crate) fn forward(
        &self,
        mut x: Tensor<4>,
        time: &Tensor<2>,
        context: &Tensor<3>,
        skips: &mut Vec<Tensor<4>>,
    ) -> Tensor<4> {
        for (layer, resnet) in self.resnets.iter().enumerate() {
            let skip = skips
                .pop()
                .expect("the way down leaves one for each resnet");
            x = resnet.forward(Tensor::cat(vec![x, skip], 1), Some(time));
            if let Some(attention) = self.attentions.get(layer) {
                x = attention.forward(x, context);
            }
        }
        if let Some(upsampler) = &self.upsampler {
            // Halving an odd side loses half a pixel: the size is the skip's, not twice this.
            let size = skips.last().map(|skip| {
                let [_, _, height, width] = skip.dims();
                [height, width]
            });
            x = upsampler.forward(x, size);
        }
        x
    }
}
