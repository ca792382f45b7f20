//! `Transformer2DModel`: attention within a picture, and from a picture to its text.

use super::super::tensor::{AttentionMask, Tensor, attention, geglu};
use super::super::weights::Scope;
use super::layers::{Conv2d, GroupNorm, LayerNorm, Linear};

/// `Transformer2DModel` has this epsilon whatever the network's own.
const GROUP_EPSILON: f64 = 1e-6;

/// `BasicTransformerBlock`'s normalizations.
const LAYER_EPSILON: f64 = 1e-5;

/// The shape of a `Transformer2DModel`.
#[derive(Clone, Copy)]
pub(crate) struct TransformerConfig {
    /// Channels of the picture.
    pub(crate) channels: usize,
    /// Attention heads.
    pub(crate) heads: usize,
    /// How many `BasicTransformerBlock`s.
    pub(crate) layers: usize,
    /// Width of the text states.
    pub(crate) cross_attention_dim: usize,
    /// Groups of the first normalization.
    pub(crate) groups: usize,
    /// Whether tokens are projected by linear layers instead of 1×1 convolutions.
    pub(crate) use_linear_projection: bool,
}

/// Attention over the pixels of a feature map, each a token.
pub(crate) struct Transformer2DModel {
    norm: GroupNorm,
    proj_in: Projection,
    transformer_blocks: Vec<BasicTransformerBlock>,
    proj_out: Projection,
}

enum Projection {
    Conv(Conv2d),
    Linear(Linear),
}

impl Projection {
    fn new(scope: &Scope, config: &TransformerConfig) -> Self {
        let channels = config.channels;
        if config.use_linear_projection {
            Self::Linear(Linear::new(scope, channels, channels))
        } else {
            Self::Conv(Conv2d::pointwise(scope, channels, channels))
        }
    }
}

impl Transformer2DModel {
    /// From the weights below `scope`.
    pub(crate) fn new(scope: &Scope, config: &TransformerConfig) -> Self {
        let blocks = scope.at("transformer_blocks");
        Self {
            norm: GroupNorm::new(
                &scope.at("norm"),
                config.groups,
                config.channels,
                GROUP_EPSILON,
            ),
            proj_in: Projection::new(&scope.at("proj_in"), config),
            transformer_blocks: (0..config.layers)
                .map(|layer| BasicTransformerBlock::new(&blocks.at(layer), config))
                .collect(),
            proj_out: Projection::new(&scope.at("proj_out"), config),
        }
    }

    /// `x: [b, c, h, w]`, `context: [b, n, cross_attention_dim]`; same shape as `x`.
    pub(crate) fn forward(&self, x: Tensor<4>, context: &Tensor<3>) -> Tensor<4> {
        let shape = x.dims();
        let normed = self.norm.forward(x.clone());
        let mut tokens = match &self.proj_in {
            Projection::Conv(conv) => to_tokens(conv.forward(normed)),
            Projection::Linear(linear) => linear.forward(to_tokens(normed)),
        };
        for block in &self.transformer_blocks {
            tokens = block.forward(tokens, context);
        }
        let out = match &self.proj_out {
            Projection::Conv(conv) => conv.forward(to_picture(tokens, shape)),
            Projection::Linear(linear) => to_picture(linear.forward(tokens), shape),
        };
        out + x
    }
}

/// `[b, c, h, w]` to `[b, h · w, c]`.
pub(crate) fn to_tokens(x: Tensor<4>) -> Tensor<3> {
    let [batch, channels, height, width] = x.dims();
    x.reshape([batch, channels, height * width]).swap_dims(1, 2)
}

/// `[b, h · w, c]` to `[b, c, h, w]`.
pub(crate) fn to_picture(tokens: Tensor<3>, shape: [usize; 4]) -> Tensor<4> {
    tokens.swap_dims(1, 2).reshape(shape)
}

struct BasicTransformerBlock {
    norm1: LayerNorm,
    attn1: Attention,
    norm2: LayerNorm,
    attn2: Attention,
    norm3: LayerNorm,
    ff: FeedForward,
}

impl BasicTransformerBlock {
    fn new(scope: &Scope, config: &TransformerConfig) -> Self {
        let width = config.channels;
        let norm = |name: &str| LayerNorm::new(&scope.at(name), width, LAYER_EPSILON);
        let attention =
            |name: &str, context| Attention::new(&scope.at(name), width, context, config.heads);
        Self {
            norm1: norm("norm1"),
            attn1: attention("attn1", width),
            norm2: norm("norm2"),
            attn2: attention("attn2", config.cross_attention_dim),
            norm3: norm("norm3"),
            ff: FeedForward::new(&scope.at("ff.net"), width),
        }
    }

    fn forward(&self, x: Tensor<3>, context: &Tensor<3>) -> Tensor<3> {
        let normed = self.norm1.forward(x.clone());
        let x = x + self.attn1.forward(normed.clone(), normed);
        let x = x.clone() + self.attn2.forward(self.norm2.forward(x), context.clone());
        x.clone() + self.ff.forward(self.norm3.forward(x))
    }
}

/// `Attention` without biases of its inputs.
struct Attention {
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Linear,
    heads: usize,
}

impl Attention {
    fn new(scope: &Scope, width: usize, context: usize, heads: usize) -> Self {
        let linear = |name: &str, inputs| Linear::without_bias(&scope.at(name), inputs, width);
        Self {
            to_q: linear("to_q", width),
            to_k: linear("to_k", context),
            to_v: linear("to_v", context),
            to_out: Linear::new(&scope.at("to_out.0"), width, width),
            heads,
        }
    }

    fn forward(&self, x: Tensor<3>, context: Tensor<3>) -> Tensor<3> {
        let q = self.to_q.forward(x);
        let k = self.to_k.forward(context.clone());
        let v = self.to_v.forward(context);
        self.to_out
            .forward(attention(q, k, v, self.heads, AttentionMask::None))
    }
}

/// `FeedForward` with `GEGLU`.
struct FeedForward {
    proj: Linear,
    out: Linear,
}

impl FeedForward {
    fn new(scope: &Scope, width: usize) -> Self {
        Self {
            proj: Linear::new(&scope.at("0.proj"), width, 8 * width),
            out: Linear::new(&scope.at(2), 4 * width, width),
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        self.out.forward(geglu(self.proj.forward(x)))
    }
}
