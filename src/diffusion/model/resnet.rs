//! `ResnetBlock2D`.

use super::super::tensor::Tensor;
use super::super::weights::Scope;
use super::layers::{Conv2d, GroupNorm, Linear};

/// Two convolutions around the time, and a way past them.
pub(crate) struct ResnetBlock2D {
    norm1: GroupNorm,
    conv1: Conv2d,
    time_emb_proj: Option<Linear>,
    norm2: GroupNorm,
    conv2: Conv2d,
    conv_shortcut: Option<Conv2d>,
}

/// What the resnets of one network share.
#[derive(Clone, Copy)]
pub(crate) struct ResnetConfig {
    /// Groups of the normalizations.
    pub(crate) groups: usize,
    /// Epsilon of the normalizations.
    pub(crate) epsilon: f64,
    /// Width of the time embedding; a VAE has none.
    pub(crate) time_embed_dim: Option<usize>,
}

impl ResnetBlock2D {
    /// From `inputs` to `outputs` channels.
    pub(crate) fn new(scope: &Scope, config: ResnetConfig, inputs: usize, outputs: usize) -> Self {
        let ResnetConfig {
            groups, epsilon, ..
        } = config;
        Self {
            norm1: GroupNorm::new(&scope.at("norm1"), groups, inputs, epsilon),
            conv1: Conv2d::same(&scope.at("conv1"), inputs, outputs),
            time_emb_proj: config
                .time_embed_dim
                .map(|width| Linear::new(&scope.at("time_emb_proj"), width, outputs)),
            norm2: GroupNorm::new(&scope.at("norm2"), groups, outputs, epsilon),
            conv2: Conv2d::same(&scope.at("conv2"), outputs, outputs),
            conv_shortcut: (inputs != outputs)
                .then(|| Conv2d::pointwise(&scope.at("conv_shortcut"), inputs, outputs)),
        }
    }

    /// `x: [b, in, h, w]`, `time: [b, time_embed_dim]` after its activation; gives `[b, out, h, w]`.
    pub(crate) fn forward(&self, x: Tensor<4>, time: Option<&Tensor<2>>) -> Tensor<4> {
        let mut hidden = self.conv1.forward(self.norm1.forward_silu(x.clone()));
        if let (Some(projection), Some(time)) = (&self.time_emb_proj, time) {
            let time = projection.forward(time.clone());
            let [batch, channels] = time.dims();
            hidden = hidden + time.reshape([batch, channels, 1, 1]);
        }
        let hidden = self.conv2.forward(self.norm2.forward_silu(hidden));
        let past = match &self.conv_shortcut {
            Some(conv) => conv.forward(x),
            None => x,
        };
        past + hidden
    }
}
