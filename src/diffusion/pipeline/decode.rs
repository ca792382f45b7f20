//! From latents to a picture and back, whole or in tiles.

use burn_tensor::DType;
use image::imageops::FilterType;
use image::{GrayImage, Rgb, RgbImage};

use super::super::config::AutoencoderKlConfig;
use super::super::error::DiffusionError;
use super::super::model::autoencoder_kl::AutoencoderKl;
use super::super::tensor::{Device, Tensor, to_device, to_host};
use super::super::weights::StateDict;
use super::execute;

/// How much of a tile lies over its neighbour: `tile_overlap_factor` of diffusers.
const OVERLAP: f64 = 0.25;

/// In what it computes everywhere: SDXL's overflows halves, and nobody's decoder is slow enough to
/// risk it.
pub(crate) const VAE_DTYPE: DType = DType::F32;

/// An autoencoder on its device.
pub(crate) struct Vae {
    /// The network.
    pub(crate) model: AutoencoderKl,
    /// Its shape.
    pub(crate) config: AutoencoderKlConfig,
    /// Where it computes.
    pub(crate) device: Device,
    /// In what it computes.
    pub(crate) dtype: DType,
}

/// Whether a picture is decoded at once or piece by piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tiling {
    /// At once.
    Whole,
    /// In squares of this many latents, which overlap by a quarter.
    Tiles(usize),
}

/// Numbers of `[c, h, w]`, row-major.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Planes {
    /// The numbers.
    pub(crate) numbers: Vec<f32>,
    /// Channels, height, width.
    pub(crate) shape: [usize; 3],
}

impl Planes {
    fn zeros(shape: [usize; 3]) -> Self {
        Self {
            numbers: vec![0.0; shape.iter().product()],
            shape,
        }
    }

    fn at(&self, channel: usize, row: usize, column: usize) -> f32 {
        let [_, height, width] = self.shape;
        self.numbers[(channel * height + row) * width + column]
    }

    fn at_mut(&mut self, channel: usize, row: usize, column: usize) -> &mut f32 {
        let [_, height, width] = self.shape;
        &mut self.numbers[(channel * height + row) * width + column]
    }

    /// The part from `top`, `left`, at most of that size.
    fn crop(&self, top: usize, left: usize, height: usize, width: usize) -> Self {
        let [channels, full_height, full_width] = self.shape;
        let height = height.min(full_height - top);
        let width = width.min(full_width - left);
        let mut part = Self::zeros([channels, height, width]);
        for channel in 0..channels {
            for row in 0..height {
                for column in 0..width {
                    *part.at_mut(channel, row, column) = self.at(channel, top + row, left + column);
                }
            }
        }
        part
    }

    fn paste(&mut self, part: &Self, top: usize, left: usize) {
        let [channels, height, width] = part.shape;
        for channel in 0..channels {
            for row in 0..height {
                for column in 0..width {
                    *self.at_mut(channel, top + row, left + column) = part.at(channel, row, column);
                }
            }
        }
    }

    /// Fades from the last rows of `above` into the first rows of this one.
    fn blend_below(&mut self, above: &Self, extent: usize) {
        let [channels, height, width] = self.shape;
        let above_height = above.shape[1];
        let extent = extent.min(height).min(above_height);
        for row in 0..extent {
            let share = row as f32 / extent as f32;
            for channel in 0..channels {
                for column in 0..width.min(above.shape[2]) {
                    let old = above.at(channel, above_height - extent + row, column);
                    let new = self.at_mut(channel, row, column);
                    *new = old * (1.0 - share) + *new * share;
                }
            }
        }
    }

    /// Fades from the last columns of `left` into the first columns of this one.
    fn blend_right(&mut self, left: &Self, extent: usize) {
        let [channels, height, width] = self.shape;
        let left_width = left.shape[2];
        let extent = extent.min(width).min(left_width);
        for column in 0..extent {
            let share = column as f32 / extent as f32;
            for channel in 0..channels {
                for row in 0..height.min(left.shape[1]) {
                    let old = left.at(channel, row, left_width - extent + column);
                    let new = self.at_mut(channel, row, column);
                    *new = old * (1.0 - share) + *new * share;
                }
            }
        }
    }
}

impl Vae {
    /// Loads it onto a device.
    ///
    /// # Errors
    /// If the weights are not those of the configuration, or the device has no room for them.
    pub(crate) fn load(
        (config, weights): (AutoencoderKlConfig, StateDict),
        device: &Device,
    ) -> Result<Self, DiffusionError> {
        let model = execute("loading the VAE", device, || {
            AutoencoderKl::load(&config, &weights, device, VAE_DTYPE)
        })?;
        Ok(Self {
            model,
            config,
            device: device.clone(),
            dtype: VAE_DTYPE,
        })
    }

    /// `latents: [c, h, w]` as the UNet has them; gives `[3, 8 h, 8 w]`, about -1 to 1.
    ///
    /// # Errors
    /// If the device fails, for want of memory most of the time.
    pub(crate) fn decode(
        &self,
        latents: &Planes,
        tiling: Tiling,
    ) -> Result<Planes, DiffusionError> {
        #[cfg(test)]
        faults::fail_if_told()?;
        let unscaled = latents
            .numbers
            .iter()
            .map(|latent| latent / self.config.scaling_factor + self.config.shift_factor);
        let z = Planes {
            numbers: unscaled.collect(),
            shape: latents.shape,
        };
        let decode =
            |z: &Planes| self.pass(z, "the VAE's decoder", |tensor| self.model.decode(tensor));
        let [_, height, width] = z.shape;
        match tiling {
            Tiling::Tiles(side) if side < height.max(width) => {
                let (scale, channels) = (self.config.scale(), self.config.out_channels);
                tiled(&z, side, channels, |extent| extent * scale, decode)
            }
            _ => decode(&z),
        }
    }

    /// `picture: [3, h, w]` in -1 to 1; gives mean and logarithm of the variance of its unscaled
    /// latents, `[2 c, h / 8, w / 8]`.
    ///
    /// # Errors
    /// If the device fails.
    pub(crate) fn encode(
        &self,
        picture: &Planes,
        tiling: Tiling,
    ) -> Result<Planes, DiffusionError> {
        let encode = |picture: &Planes| {
            self.pass(picture, "the VAE's encoder", |tensor| {
                let posterior = self.model.encode(tensor);
                Tensor::cat(vec![posterior.mean, posterior.logvar], 1)
            })
        };
        let scale = self.config.scale();
        let [_, height, width] = picture.shape;
        match tiling {
            Tiling::Tiles(side) if side * scale < height.max(width) => {
                let channels = 2 * self.config.latent_channels;
                tiled(
                    picture,
                    side * scale,
                    channels,
                    |extent| extent / scale,
                    encode,
                )
            }
            _ => encode(picture),
        }
    }

    /// Scaled latents of a picture: the mean, or with `noise` (one number for each latent) drawn
    /// from its distribution, as diffusers draws them.
    ///
    /// # Errors
    /// If the device fails.
    pub(crate) fn latents_of(
        &self,
        picture: &Planes,
        tiling: Tiling,
        noise: Option<&[f32]>,
    ) -> Result<Planes, DiffusionError> {
        let Planes { mut numbers, shape } = self.encode(picture, tiling)?;
        let logvar = numbers.split_off(numbers.len() / 2);
        if let Some(noise) = noise {
            for ((mean, logvar), noise) in numbers.iter_mut().zip(logvar).zip(noise) {
                *mean += (0.5 * logvar).exp() * noise;
            }
        }
        for latent in &mut numbers {
            *latent = (*latent - self.config.shift_factor) * self.config.scaling_factor;
        }
        let [both, height, width] = shape;
        Ok(Planes {
            numbers,
            shape: [both / 2, height, width],
        })
    }

    fn pass(
        &self,
        planes: &Planes,
        stage: &'static str,
        forward: impl FnOnce(Tensor<4>) -> Tensor<4>,
    ) -> Result<Planes, DiffusionError> {
        let [channels, height, width] = planes.shape;
        execute(stage, &self.device, || {
            let numbers = planes.numbers.clone();
            let out = forward(to_device(
                numbers,
                [1, channels, height, width],
                &self.device,
                self.dtype,
            ));
            let [_, channels, height, width] = out.dims();
            Ok(Planes {
                numbers: to_host(out, stage)?,
                shape: [channels, height, width],
            })
        })
    }
}

/// `tiled_decode` and `tiled_encode` of diffusers: squares that overlap, faded into each other.
/// `map` says how long a side of the result is for a side of `whole`.
fn tiled(
    whole: &Planes,
    side: usize,
    channels: usize,
    map: impl Fn(usize) -> usize,
    pass: impl Fn(&Planes) -> Result<Planes, DiffusionError>,
) -> Result<Planes, DiffusionError> {
    let stride = ((side as f64 * (1.0 - OVERLAP)) as usize).max(1);
    let extent = (map(side) as f64 * OVERLAP) as usize;
    let limit = map(side) - extent;
    let [_, height, width] = whole.shape;
    let mut out = Planes::zeros([channels, map(height), map(width)]);
    let mut above: Vec<Planes> = Vec::new();
    for (row, top) in (0..height).step_by(stride).enumerate() {
        let mut tiles: Vec<Planes> = Vec::new();
        for (column, left) in (0..width).step_by(stride).enumerate() {
            let mut tile = pass(&whole.crop(top, left, side, side))?;
            if let Some(above) = above.get(column) {
                tile.blend_below(above, extent);
            }
            if let Some(left) = tiles.last() {
                tile.blend_right(left, extent);
            }
            out.paste(&tile.crop(0, 0, limit, limit), row * limit, column * limit);
            tiles.push(tile);
        }
        above = tiles;
    }
    Ok(out)
}

/// `[3, h, w]` in -1 to 1 as a picture.
pub(crate) fn to_picture(planes: &Planes) -> RgbImage {
    let [_, height, width] = planes.shape;
    RgbImage::from_fn(width as u32, height as u32, |x, y| {
        Rgb([0, 1, 2].map(|channel| {
            let value = planes.at(channel, y as usize, x as usize);
            // numpy rounds halves to even.
            ((value / 2.0 + 0.5).clamp(0.0, 1.0) * 255.0).round_ties_even() as u8
        }))
    })
}

/// A picture as `[3, height, width]` in -1 to 1, resized if it must be.
pub(crate) fn from_picture(picture: &RgbImage, width: u32, height: u32) -> Planes {
    let resized = (picture.dimensions() != (width, height))
        .then(|| image::imageops::resize(picture, width, height, FilterType::Lanczos3));
    let picture = resized.as_ref().unwrap_or(picture);
    let mut planes = Planes::zeros([3, height as usize, width as usize]);
    for (x, y, pixel) in picture.enumerate_pixels() {
        for (channel, value) in pixel.0.iter().enumerate() {
            *planes.at_mut(channel, y as usize, x as usize) = f32::from(*value) / 127.5 - 1.0;
        }
    }
    planes
}

/// A mask as `[1, height, width]`: 1 where it is painted, white or nearly.
pub(crate) fn from_mask(mask: &GrayImage, width: u32, height: u32) -> Planes {
    let resized = (mask.dimensions() != (width, height))
        .then(|| image::imageops::resize(mask, width, height, FilterType::Lanczos3));
    let mask = resized.as_ref().unwrap_or(mask);
    let mut planes = Planes::zeros([1, height as usize, width as usize]);
    for (x, y, pixel) in mask.enumerate_pixels() {
        *planes.at_mut(0, y as usize, x as usize) = f32::from(u8::from(pixel.0[0] >= 128));
    }
    planes
}

/// A mask at the size of the latents: the pixel at the upper left stands for its square, as in
/// torch's `interpolate`.
pub(crate) fn shrink_mask(mask: &Planes, scale: usize) -> Vec<f32> {
    let [_, height, width] = mask.shape;
    let rows = 0..height / scale;
    rows.flat_map(|row| (0..width / scale).map(move |column| (row, column)))
        .map(|(row, column)| mask.at(0, row * scale, column * scale))
        .collect()
}

/// The picture with a hole where it is painted: grey there.
pub(crate) fn punch(picture: &Planes, mask: &Planes) -> Planes {
    let mut punched = picture.clone();
    let all = punched.numbers.iter_mut().zip(mask.numbers.iter().cycle());
    for (value, mask) in all {
        *value *= 1.0 - mask;
    }
    punched
}

/// Devices that run out of memory when a test wants it.
#[cfg(test)]
pub(crate) mod faults {
    use std::cell::Cell;

    use super::DiffusionError;

    thread_local! {
        static LEFT: Cell<u32> = const { Cell::new(0) };
    }

    /// The next decodings of this thread fail.
    pub(crate) fn fail_decodings(count: u32) {
        LEFT.set(count);
    }

    pub(super) fn fail_if_told() -> Result<(), DiffusionError> {
        let left = LEFT.get();
        LEFT.set(left.saturating_sub(1));
        if left == 0 {
            return Ok(());
        }
        Err(DiffusionError::Request("out of memory".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_of_a_local_function_join_without_seams() {
        let mut whole = Planes::zeros([1, 21, 13]);
        for (index, value) in whole.numbers.iter_mut().enumerate() {
            *value = index as f32;
        }
        let double = |part: &Planes| {
            let [channels, height, width] = part.shape;
            let mut out = Planes::zeros([channels, 2 * height, 2 * width]);
            for row in 0..2 * height {
                for column in 0..2 * width {
                    *out.at_mut(0, row, column) = part.at(0, row / 2, column / 2);
                }
            }
            Ok(out)
        };
        let joined = tiled(&whole, 8, 1, |extent| 2 * extent, double).expect("no device");
        assert_eq!(joined.shape, [1, 42, 26]);
        let expected = double(&whole).expect("no device");
        let close = |(a, b): (&f32, &f32)| (a - b).abs() < 1e-3;
        assert!(joined.numbers.iter().zip(&expected.numbers).all(close));
    }

    #[test]
    fn a_picture_survives_the_way_to_planes_and_back() {
        let picture = RgbImage::from_fn(5, 3, |x, y| Rgb([x as u8 * 50, y as u8 * 90, 255]));
        assert_eq!(to_picture(&from_picture(&picture, 5, 3)), picture);
    }

    #[test]
    fn masks_are_black_and_white_and_shrink_by_picking() {
        let mask = GrayImage::from_fn(4, 4, |x, _| image::Luma([if x < 2 { 200 } else { 100 }]));
        let mask = from_mask(&mask, 4, 4);
        assert_eq!(shrink_mask(&mask, 2), [1.0, 0.0, 1.0, 0.0]);
    }
}
