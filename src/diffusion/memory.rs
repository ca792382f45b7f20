//! How much memory a picture will take, before it is begun.
//!
//! An estimate from shapes, on the safe side by up to a half. Measured once, on the processor: the
//! resident memory of `bench_diffusion sd1 --size 512`, looked at every 100 ms. A step took
//! 1.08 GB beside the weights, nearly all of it transformed weights; the decoding 1.25 GB. With
//! `--size 256` it was 0.22 and 0.89 GB, for forecasts of 0.28 and 0.97. Other families, and what
//! a GPU takes, were not measured.

use super::config::{AutoencoderKlConfig, UNetConfig};
use super::cpu;
use super::device::ComputeDevice;
use super::pipeline::decode::Tiling;

/// Copies of the widest feature map that are alive at once while a UNet level is computed: input,
/// skip, their concatenation, the convolution's working copy, the result.
const UNET_COPIES: u64 = 8;

/// The same for the decoder's highest level: before and after a convolution, and one for its
/// working copies. Measured: 1.8.
const DECODE_COPIES: u64 = 3;

/// A tile smaller than this shows its seams.
const SMALLEST_TILE: usize = 32;

/// What the processor's transformed weights will take beyond those that are there already, in
/// bytes, for latents of this size.
pub(crate) fn transformed(unet: &UNetConfig, vae: &AutoencoderKlConfig, latent: [usize; 2]) -> u64 {
    let convolutions = unet_convolutions(unet, latent).into_iter();
    let all: u64 = convolutions
        .chain(decoder_convolutions(vae, latent))
        .map(|conv| cpu::transformed_bytes_of(conv.inputs, conv.outputs, conv.out))
        .sum();
    all.saturating_sub(cpu::transformed_bytes())
}

/// A 3×3 convolution of a network.
struct Convolution {
    inputs: usize,
    outputs: usize,
    /// Height and width of its result.
    out: [usize; 2],
}

/// The two convolutions of a resnet.
fn resnet(inputs: usize, outputs: usize, out: [usize; 2]) -> [Convolution; 2] {
    [inputs, outputs].map(|inputs| Convolution {
        inputs,
        outputs,
        out,
    })
}

/// The convolutions of stride 1 in a UNet's blocks, as `unet_blocks` has them.
fn unet_convolutions(config: &UNetConfig, latent: [usize; 2]) -> Vec<Convolution> {
    let channels = &config.block_out_channels;
    let size = |level: usize| latent.map(|side| side.div_ceil(1 << level));
    let mut found = Vec::new();
    let mut before = channels.first().copied().unwrap_or_default();
    for (level, (&own, &layers)) in channels.iter().zip(&config.layers_per_block).enumerate() {
        for _ in 0..layers {
            found.extend(resnet(before, own, size(level)));
            before = own;
        }
    }
    let bottom = size(channels.len().saturating_sub(1));
    found.extend(resnet(before, before, bottom));
    found.extend(resnet(before, before, bottom));
    let levels = channels.iter().zip(&config.layers_per_block).enumerate();
    for (level, (&own, &layers)) in levels.rev() {
        let above = level
            .checked_sub(1)
            .map(|above| (channels[above], size(above)));
        for layer in 0..=layers {
            let last = layer == layers;
            let skip = above.map_or(own, |(above, _)| if last { above } else { own });
            found.extend(resnet(before + skip, own, size(level)));
            before = own;
        }
        found.extend(above.map(|(_, out)| Convolution {
            inputs: own,
            outputs: own,
            out,
        }));
    }
    found
}

/// The convolutions of stride 1 in a VAE's decoder.
fn decoder_convolutions(config: &AutoencoderKlConfig, latent: [usize; 2]) -> Vec<Convolution> {
    let mut out = latent;
    let mut before = config
        .block_out_channels
        .last()
        .copied()
        .unwrap_or_default();
    let mut found = Vec::new();
    found.extend(resnet(before, before, out));
    found.extend(resnet(before, before, out));
    for (level, &own) in config.block_out_channels.iter().enumerate().rev() {
        for _ in 0..=config.layers_per_block {
            found.extend(resnet(before, own, out));
            before = own;
        }
        if level > 0 {
            out = out.map(|side| 2 * side);
            found.push(Convolution {
                inputs: own,
                outputs: own,
                out,
            });
        }
    }
    found
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

/// Bytes that the system would give for this device without swapping. Only the processor's memory
/// can be asked after: a GPU says when it is full.
pub(crate) fn available_on(device: &ComputeDevice) -> Option<u64> {
    if *device != ComputeDevice::cpu() {
        return None;
    }
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

#[cfg(test)]
mod tests {
    use super::super::config::Published;
    use super::*;

    #[test]
    fn the_forecast_is_what_was_measured_or_a_bit_more() {
        let (unet, vae) = (Published::Sd1.unet(4), Published::Sd1.vae());
        let latent = [64; 2];
        let bytes_of = |convolutions: Vec<Convolution>| {
            let all = convolutions
                .iter()
                .map(|conv| cpu::transformed_bytes_of(conv.inputs, conv.outputs, conv.out));
            all.sum::<u64>()
        };
        let step = bytes_of(unet_convolutions(&unet, latent))
            + denoising(&unet, latent, 1, size_of::<f32>());
        let decode =
            bytes_of(decoder_convolutions(&vae, latent)) + decoding(&vae, latent, size_of::<f32>());
        // In millions of bytes; the opening of this module says how they were measured.
        for (what, forecast, measured) in [("step", step, 1080), ("decode", decode, 1250)] {
            let forecast = forecast / 1_000_000;
            let fits = measured..=measured * 3 / 2;
            assert!(
                fits.contains(&forecast),
                "{what}: {forecast} for {measured}"
            );
        }
    }
}
