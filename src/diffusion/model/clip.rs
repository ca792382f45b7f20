//! `CLIPTextModel` and `CLIPTextModelWithProjection` of transformers.

use burn_tensor::{DType, Int, TensorData, module};

use super::super::config::ClipTextConfig;
use super::super::error::DiffusionError;
use super::super::tensor::{Activation, AttentionMask, Device, Tensor, attention};
use super::super::weights::{Loader, Scope, StateDict};
use super::layers::{LayerNorm, Linear};

/// The text encoder of Stable Diffusion.
pub(crate) struct ClipTextModel {
    token_embedding: Tensor<2>,
    position_embedding: Tensor<2>,
    layers: Vec<EncoderLayer>,
    final_layer_norm: LayerNorm,
    text_projection: Option<Linear>,
    eos_token_id: u32,
    device: Device,
}

/// What the encoder makes of a text.
pub(crate) struct ClipTextOutput {
    /// The embeddings, and the states after each layer: `[b, n, d]` each, not normalized.
    pub(crate) hidden_states: Vec<Tensor<3>>,
    /// The last states, normalized: `[b, n, d]`.
    pub(crate) last_hidden_state: Tensor<3>,
    /// `last_hidden_state` at the end of the text, projected if the model has a projection:
    /// `[b, d]`, transformers' `pooler_output` or `text_embeds`.
    pub(crate) pooled: Tensor<2>,
}

impl ClipTextModel {
    /// Builds the model.
    ///
    /// # Errors
    /// If the weights do not fit the configuration.
    pub(crate) fn load(
        config: &ClipTextConfig,
        weights: &StateDict,
        device: &Device,
        dtype: DType,
        name: &str,
    ) -> Result<Self, DiffusionError> {
        let loader = Loader::new(weights, device, dtype);
        let model = Self::new(config, &loader.root(), device);
        loader.finish(model, name)
    }

    /// From the weights below `scope`.
    pub(crate) fn new(config: &ClipTextConfig, scope: &Scope, device: &Device) -> Self {
        let text = scope.at("text_model");
        let embeddings = text.at("embeddings");
        let width = config.hidden_size;
        let table = |name: &str, rows| embeddings.at(name).parameter("weight", [rows, width]);
        Self {
            token_embedding: table("token_embedding", config.vocab_size),
            position_embedding: table("position_embedding", config.max_position_embeddings),
            layers: (0..config.num_hidden_layers)
                .map(|layer| EncoderLayer::new(&text.at("encoder.layers").at(layer), config))
                .collect(),
            final_layer_norm: LayerNorm::new(
                &text.at("final_layer_norm"),
                width,
                config.layer_norm_eps,
            ),
            text_projection: config
                .projection_dim
                .map(|out| Linear::without_bias(&scope.at("text_projection"), width, out)),
            eos_token_id: config.eos_token_id,
            device: device.clone(),
        }
    }

    /// Width of the states.
    pub(crate) fn width(&self) -> usize {
        self.token_embedding.dims()[1]
    }

    /// Width of the pooled state.
    pub(crate) fn pooled_width(&self) -> usize {
        self.text_projection
            .as_ref()
            .map_or(self.width(), Linear::outputs)
    }

    /// How many layers there are.
    pub(crate) fn depth(&self) -> usize {
        self.layers.len()
    }

    /// Encodes texts of one length, at most the model's own.
    ///
    /// # Errors
    /// If the texts differ in length, are longer than the model's, or have tokens that it has not.
    pub(crate) fn forward(&self, texts: &[Vec<u32>]) -> Result<ClipTextOutput, DiffusionError> {
        let [vocabulary, width] = self.token_embedding.dims();
        let length = texts.first().map_or(0, Vec::len);
        let fits = |text: &Vec<u32>| {
            text.len() == length && text.iter().all(|token| (*token as usize) < vocabulary)
        };
        if length == 0 || length > self.position_embedding.dims()[0] || !texts.iter().all(fits) {
            return Err(DiffusionError::Request(
                "the tokens of the prompt are not those of the text encoder".to_owned(),
            ));
        }
        let ids: Vec<i32> = texts.iter().flatten().map(|token| *token as i32).collect();
        let ids =
            Tensor::<2, Int>::from_data(TensorData::new(ids, [texts.len(), length]), &self.device);
        let positions = self.position_embedding.clone().slice([0..length, 0..width]);
        let mut hidden =
            module::embedding(self.token_embedding.clone(), ids) + positions.unsqueeze::<3>();
        let mut hidden_states = vec![hidden.clone()];
        for layer in &self.layers {
            hidden = layer.forward(hidden);
            hidden_states.push(hidden.clone());
        }
        let last_hidden_state = self.final_layer_norm.forward(hidden);
        let ends = texts.iter().enumerate().map(|(row, text)| {
            let end = self.end_of(text);
            let state = last_hidden_state
                .clone()
                .slice([row..row + 1, end..end + 1, 0..width]);
            state.reshape([1, width])
        });
        let pooled = Tensor::cat(ends.collect(), 0);
        let pooled = match &self.text_projection {
            Some(projection) => projection.forward(pooled),
            None => pooled,
        };
        Ok(ClipTextOutput {
            hidden_states,
            last_hidden_state,
            pooled,
        })
    }

    /// The last normalization, for states of an earlier layer (clip skip).
    pub(crate) fn normalize(&self, states: Tensor<3>) -> Tensor<3> {
        self.final_layer_norm.forward(states)
    }

    /// Where the pooled state stands.
    fn end_of(&self, text: &[u32]) -> usize {
        // Old configurations say 2, which no vocabulary means: transformers then takes the
        // highest id, because CLIP's end is its last token.
        let end = match self.eos_token_id {
            2 => text.iter().copied().max().unwrap_or_default(),
            id => id,
        };
        text.iter()
            .position(|token| *token == end)
            .unwrap_or_default()
    }
}

struct EncoderLayer {
    layer_norm1: LayerNorm,
    q_proj: Linear,
    k_proj: Linear,
    v_proj: Linear,
    out_proj: Linear,
    layer_norm2: LayerNorm,
    fc1: Linear,
    fc2: Linear,
    heads: usize,
    activation: Activation,
}

impl EncoderLayer {
    fn new(scope: &Scope, config: &ClipTextConfig) -> Self {
        let width = config.hidden_size;
        let norm = |name: &str| LayerNorm::new(&scope.at(name), width, config.layer_norm_eps);
        let attention = scope.at("self_attn");
        let projection = |name: &str| Linear::new(&attention.at(name), width, width);
        Self {
            layer_norm1: norm("layer_norm1"),
            q_proj: projection("q_proj"),
            k_proj: projection("k_proj"),
            v_proj: projection("v_proj"),
            out_proj: projection("out_proj"),
            layer_norm2: norm("layer_norm2"),
            fc1: Linear::new(&scope.at("mlp.fc1"), width, config.intermediate_size),
            fc2: Linear::new(&scope.at("mlp.fc2"), config.intermediate_size, width),
            heads: config.num_attention_heads,
            activation: config.hidden_act,
        }
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let normed = self.layer_norm1.forward(x.clone());
        let looked = attention(
            self.q_proj.forward(normed.clone()),
            self.k_proj.forward(normed.clone()),
            self.v_proj.forward(normed),
            self.heads,
            AttentionMask::Causal,
        );
        let x = x + self.out_proj.forward(looked);
        let hidden = self.fc1.forward(self.layer_norm2.forward(x.clone()));
        x + self.fc2.forward(self.activation.forward(hidden))
    }
}
