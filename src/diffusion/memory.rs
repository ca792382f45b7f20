//! How much memory a picture will take, before it is begun.
//!
//! An estimate from shapes: good to a third, and on the safe side. The factors were measured with
//! `examples/bench_diffusion.rs`.

use super::config::{AutoencoderKlConfig, UNetConfig};
use super::pipeline::decode::Tiling;

/// Copies of the widest feature map that are alive at once while a UNet level is computed: input,
/// skip, their concatenation, the convolution's working copy, the result.
const UNET_COPIES: u64 = 8;

/// The same for the decoder's highest level: before and after an upsampling, with the working
/// copies of a convolution.
const DECODE_COPIES: u64 = 5;

/// A tile smaller than this shows its seams.
const SMALLEST_TILE: usize = 32;

/// What a picture will take, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forecast {
    /// All networks.
    pub weights: u64,
    /// The UNet's largest moment, without its weights.
    pub denoising: u64,
    /// The VAE's largest moment, without its weights, with the chosen tiling.
    pub decoding: u64,
    /// How it will be decoded.
    pub tiling: Tiling,
    /// What there is, where it is known.
    pub available: Option<u64>,
}

impl Forecast {
    /// The largest moment of all.
    pub fn peak(&self) -> u64 {
        self.weights
            .saturating_add(self.denoising.max(self.decoding))
    }

    /// Whether it should fit. What is not known is believed.
    pub fn fits(&self) -> bool {
        let beside_the_weights = self.denoising.max(self.decoding);
        self.available
            .is_none_or(|available| beside_the_weights <= available)
    }
}

/// The largest moment of a UNet step: `latent` is height and width, `batch` how many at once.
pub(crate) fn denoising(config: &UNetConfig, latent: [usize; 2], batch: usize, size: usize) -> u64 {
    let [height, width] = latent.map(|extent| extent as u64);
    let widest = config
        .block_out_channels
        .iter()
        .enumerate()
        .map(|(level, channels)| {
            let pixels = (height >> level).max(1) * (width >> level).max(1);
            *channels as u64 * pixels
        });
    let skips: u64 = widest
        .clone()
        .zip(&config.layers_per_block)
        .map(|(map, layers)| map * (*layers as u64 + 1))
        .sum();
    let working = widest.max().unwrap_or_default() * UNET_COPIES;
    (skips + working) * batch as u64 * size as u64
}

/// The largest moment of a decoding at once.
pub(crate) fn decoding(config: &AutoencoderKlConfig, latent: [usize; 2], size: usize) -> u64 {
    let [height, width] = latent.map(|extent| (extent * config.scale()) as u64);
    let channels = config
        .block_out_channels
        .iter()
        .take(2)
        .max()
        .copied()
        .unwrap_or(1) as u64;
    height * width * channels * DECODE_COPIES * size as u64
}

/// The largest tiles that fit into `available` bytes, or the whole.
pub(crate) fn tiling(
    config: &AutoencoderKlConfig,
    latent: [usize; 2],
    size: usize,
    available: Option<u64>,
) -> Tiling {
    let Some(available) = available else {
        return Tiling::Whole;
    };
    if decoding(config, latent, size) <= available {
        return Tiling::Whole;
    }
    let longest = latent.iter().max().copied().unwrap_or(SMALLEST_TILE);
    let mut side = longest.next_power_of_two();
    while side > SMALLEST_TILE && decoding(config, [side; 2], size) > available {
        side /= 2;
    }
    Tiling::Tiles(side)
}

/// Bytes that the system would give without swapping.
pub(crate) fn available() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}
