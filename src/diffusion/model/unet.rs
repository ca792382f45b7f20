//! `UNet2DConditionModel`: Stable Diffusion 1.x, 2.x and XL.

use burn_tensor::DType;

use super::super::config::{AddedConditions, UNetConfig};
use super::super::error::DiffusionError;
use super::super::tensor::{Device, Tensor, silu};
use super::super::weights::{Loader, Scope, StateDict};
use super::embeddings::{TimestepEmbedding, Timesteps};
use super::layers::{Conv2d, GroupNorm};
use super::unet_blocks::{DownBlock, MidBlock, UpBlock};

/// Predicts what is noise.
pub(crate) struct UNet2DConditionModel {
    conv_in: Conv2d,
    time_proj: Timesteps,
    time_embedding: TimestepEmbedding,
    add_embedding: Option<AddEmbedding>,
    down_blocks: Vec<DownBlock>,
    mid_block: MidBlock,
    up_blocks: Vec<UpBlock>,
    conv_norm_out: GroupNorm,
    conv_out: Conv2d,
    device: Device,
    dtype: DType,
}

/// SDXL's second way in: the pooled text, and numbers about the picture.
struct AddEmbedding {
    time_proj: Timesteps,
    embedding: TimestepEmbedding,
}

/// What a prediction depends on, beside the latents.
#[derive(Clone)]
pub(crate) struct UNetConditions {
    /// Text states, `[b, n, cross_attention_dim]`.
    pub(crate) encoder_hidden_states: Tensor<3>,
    /// SDXL's pooled text states, `[b, d]`, and time ids, six for each of the batch.
    pub(crate) added: Option<(Tensor<2>, Vec<f32>)>,
    /// The guidance embedding of distilled models, `[b, time_cond_proj_dim]`.
    pub(crate) timestep_cond: Option<Tensor<2>>,
}

/// The names under which [`UNet2DConditionModel::forward_with`] shows what it has computed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// `[b, time_embed_dim, 1, 1]`, without the added conditions.
    TimeEmbedding,
    /// `[b, time_embed_dim, 1, 1]`.
    AddEmbedding,
    /// After the first convolution.
    ConvIn,
    /// After a level going down.
    Down(usize),
    /// After the middle.
    Mid,
    /// After a level going up.
    Up(usize),
    /// After the last normalization.
    ConvNormOut,
}

impl UNet2DConditionModel {
    /// Builds the model.
    ///
    /// # Errors
    /// If the weights do not fit the configuration.
    pub(crate) fn load(
        config: &UNetConfig,
        weights: &StateDict,
        device: &Device,
        dtype: DType,
    ) -> Result<Self, DiffusionError> {
        let loader = Loader::new(weights, device, dtype);
        let model = Self::new(config, &loader.root(), device, dtype);
        loader.finish(model, "unet")
    }

    /// From the weights below `scope`.
    pub(crate) fn new(config: &UNetConfig, scope: &Scope, device: &Device, dtype: DType) -> Self {
        let first = config.block_out_channels[0];
        let time_embed_dim = config.time_embed_dim();
        let timesteps = |width| Timesteps {
            width,
            flip_sin_to_cos: config.flip_sin_to_cos,
            freq_shift: config.freq_shift,
        };
        let add_embedding = |added: &AddedConditions| AddEmbedding {
            time_proj: timesteps(added.time_embed_dim),
            embedding: TimestepEmbedding::new(
                &scope.at("add_embedding"),
                added.projection_input_dim,
                time_embed_dim,
                None,
            ),
        };
        Self {
            conv_in: Conv2d::same(&scope.at("conv_in"), config.in_channels, first),
            time_proj: timesteps(first),
            time_embedding: TimestepEmbedding::new(
                &scope.at("time_embedding"),
                first,
                time_embed_dim,
                config.time_cond_proj_dim,
            ),
            add_embedding: config.added.as_ref().map(add_embedding),
            down_blocks: DownBlock::all(config, &scope.at("down_blocks")),
            mid_block: MidBlock::new(config, &scope.at("mid_block")),
            up_blocks: UpBlock::all(config, &scope.at("up_blocks")),
            conv_norm_out: GroupNorm::new(
                &scope.at("conv_norm_out"),
                config.norm_num_groups,
                first,
                config.norm_eps,
            ),
            conv_out: Conv2d::same(&scope.at("conv_out"), first, config.out_channels),
            device: device.clone(),
            dtype,
        }
    }

    /// `sample: [b, in_channels, h, w]` at one timestep gives `[b, out_channels, h, w]`.
    pub(crate) fn forward(
        &self,
        sample: Tensor<4>,
        timestep: f32,
        conditions: &UNetConditions,
    ) -> Tensor<4> {
        self.forward_with(sample, timestep, conditions, |_, _| ())
    }

    /// As [`Self::forward`], and shows each stage on the way.
    pub(crate) fn forward_with(
        &self,
        sample: Tensor<4>,
        timestep: f32,
        conditions: &UNetConditions,
        mut show: impl FnMut(Stage, &Tensor<4>),
    ) -> Tensor<4> {
        let [batch, ..] = sample.dims();
        let time = self.embed(batch, timestep, conditions, &mut show);
        let context = &conditions.encoder_hidden_states;

        let mut x = self.conv_in.forward(sample);
        show(Stage::ConvIn, &x);
        let mut skips = vec![x.clone()];
        for (level, block) in self.down_blocks.iter().enumerate() {
            x = block.forward(x, &time, context, &mut skips);
            show(Stage::Down(level), &x);
        }
        x = self.mid_block.forward(x, &time, context);
        show(Stage::Mid, &x);
        for (level, block) in self.up_blocks.iter().enumerate() {
            x = block.forward(x, &time, context, &mut skips);
            show(Stage::Up(level), &x);
        }
        let x = self.conv_norm_out.forward(x);
        show(Stage::ConvNormOut, &x);
        self.conv_out.forward(silu(x))
    }

    /// The time, and what SDXL adds to it, after the activation that every resnet begins with:
    /// `[b, time_embed_dim]`.
    fn embed(
        &self,
        batch: usize,
        timestep: f32,
        conditions: &UNetConditions,
        show: &mut impl FnMut(Stage, &Tensor<4>),
    ) -> Tensor<2> {
        let time = vec![timestep; batch];
        let time = self.time_proj.forward(&time, &self.device, self.dtype);
        let time = self
            .time_embedding
            .forward(time, conditions.timestep_cond.clone());
        show(Stage::TimeEmbedding, &time.clone().unsqueeze_dims(&[2, 3]));
        let (Some(add), Some((pooled, time_ids))) = (&self.add_embedding, &conditions.added) else {
            return silu(time);
        };
        let ids = add.time_proj.forward(time_ids, &self.device, self.dtype);
        let [count, width] = ids.dims();
        let ids = ids.reshape([batch, count * width / batch]);
        let added = add
            .embedding
            .forward(Tensor::cat(vec![pooled.clone(), ids], 1), None);
        show(Stage::AddEmbedding, &added.clone().unsqueeze_dims(&[2, 3]));
        silu(time + added)
    }
}
