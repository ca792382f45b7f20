//! The decoder of `AutoencoderTiny` (TAESD), for previews.

use burn_tensor::{DType, activation};

use super::super::config::AutoencoderTinyConfig;
use super::super::error::DiffusionError;
use super::super::tensor::{Device, Tensor, upsample};
use super::super::weights::{Loader, Scope, StateDict};
use super::layers::Conv2d;

/// Latents are softly clamped to this before they are decoded.
const LATENT_MAGNITUDE: f64 = 3.0;

/// A small decoder that takes latents as the UNet has them, scaled.
pub(crate) struct AutoencoderTiny {
    decoder: Vec<Layer>,
}

enum Layer {
    Conv(Conv2d),
    Relu,
    Block(Block),
    Upsample,
}

impl AutoencoderTiny {
    /// Builds the model; of the weights only the decoder's are looked at.
    ///
    /// # Errors
    /// If the weights do not fit the configuration.
    pub(crate) fn load(
        config: &AutoencoderTinyConfig,
        mut weights: StateDict,
        device: &Device,
        dtype: DType,
    ) -> Result<Self, DiffusionError> {
        weights.retain(|name| name.starts_with("decoder."));
        let loader = Loader::new(&weights, device, dtype);
        let model = Self::new(config, &loader.root());
        loader.finish(model, "tiny autoencoder")
    }

    /// From the weights below `scope`.
    pub(crate) fn new(config: &AutoencoderTinyConfig, scope: &Scope) -> Self {
        Self {
            decoder: decoder(config, &scope.at("decoder.layers")),
        }
    }

    /// `z: [b, latent_channels, h, w]`; gives `[b, 3, 8 h, 8 w]`, about -1 to 1.
    pub(crate) fn decode(&self, z: Tensor<4>) -> Tensor<4> {
        let z = z
            .div_scalar(LATENT_MAGNITUDE)
            .tanh()
            .mul_scalar(LATENT_MAGNITUDE);
        run(&self.decoder, z).mul_scalar(2.0).sub_scalar(1.0)
    }
}

fn run(layers: &[Layer], x: Tensor<4>) -> Tensor<4> {
    layers.iter().fold(x, |x, layer| match layer {
        Layer::Conv(conv) => conv.forward(x),
        Layer::Relu => activation::relu(x),
        Layer::Block(block) => block.forward(x),
        Layer::Upsample => {
            let [_, _, height, width] = x.dims();
            upsample(x, 2 * height, 2 * width)
        }
    })
}

/// Layers have their number in the sequence for a name, those without weights included.
fn decoder(config: &AutoencoderTinyConfig, scope: &Scope) -> Vec<Layer> {
    let first = config.decoder_block_out_channels[0];
    let mut layers = vec![
        Layer::Conv(Conv2d::same(&scope.at(0), config.latent_channels, first)),
        Layer::Relu,
    ];
    let levels = config
        .decoder_block_out_channels
        .iter()
        .zip(&config.num_decoder_blocks);
    let count = levels.len();
    for (level, (channels, blocks)) in levels.enumerate() {
        for _ in 0..*blocks {
            let block = Block::new(&scope.at(layers.len()), *channels);
            layers.push(Layer::Block(block));
        }
        if level + 1 < count {
            layers.push(Layer::Upsample);
            let conv = Conv2d::unbiased(&scope.at(layers.len()), *channels, *channels);
            layers.push(Layer::Conv(conv));
        } else {
            let conv_out = Conv2d::same(&scope.at(layers.len()), *channels, 3);
            layers.push(Layer::Conv(conv_out));
        }
    }
    layers
}

/// `AutoencoderTinyBlock`: three convolutions and a way past them.
struct Block {
    convs: [Conv2d; 3],
}

impl Block {
    fn new(scope: &Scope, channels: usize) -> Self {
        let conv = |index: usize| Conv2d::same(&scope.at("conv").at(index), channels, channels);
        Self {
            convs: [conv(0), conv(2), conv(4)],
        }
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [first, second, third] = &self.convs;
        let hidden = activation::relu(first.forward(x.clone()));
        let hidden = activation::relu(second.forward(hidden));
        activation::relu(third.forward(hidden) + x)
    }
}
