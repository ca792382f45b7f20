//! From decoded pixels to the sizes and forms that are shown. Runs on the cache's thread.

use std::io::Cursor;

use image::codecs::png::{CompressionType, FilterType as PngFilter, PngEncoder};
use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageEncoder, RgbaImage};

use super::blocks;
use super::cache::{Full, FullSize, Target};

/// A picture in two sizes.
pub(super) struct Sizes {
    /// For half blocks.
    pub blocks: RgbaImage,
    /// For a graphics protocol, if one needs it.
    pub full: Option<RgbaImage>,
}

/// Brings a picture into the sizes that are wanted.
pub(super) fn scale(picture: DynamicImage, target: Target) -> Sizes {
    let blocks = (u32::from(target.cols), 2 * u32::from(target.rows));
    let full = match target.full {
        FullSize::None => None,
        FullSize::Pixels { width, height } | FullSize::Png { width, height } => {
            Some((width.min(picture.width()), height.min(picture.height())))
        }
        FullSize::Sixel { width, height, .. } => Some((width, height)),
    };
    // Most of the way goes a fast filter.
    let (full_width, full_height) = full.unwrap_or_default();
    let width = 2 * full_width.max(blocks.0);
    let height = 2 * full_height.max(blocks.1);
    let shrinks = picture.width() > width && picture.height() > height;
    let has_alpha = picture.color().has_alpha();
    let pixels = if has_alpha {
        let mut pixels = picture.into_rgba8();
        premultiply(&mut pixels);
        if shrinks {
            pixels = imageops::thumbnail(&pixels, width.max(1), height.max(1));
        }
        pixels
    } else if shrinks {
        // Before each pixel takes four bytes.
        picture
            .thumbnail_exact(width.max(1), height.max(1))
            .into_rgba8()
    } else {
        picture.into_rgba8()
    };
    let resized = |(width, height): (u32, u32)| {
        let mut resized = if pixels.dimensions() == (width, height) {
            pixels.clone()
        } else {
            imageops::resize(&pixels, width.max(1), height.max(1), FilterType::CatmullRom)
        };
        if has_alpha {
            unpremultiply(&mut resized);
        }
        resized
    };
    Sizes {
        blocks: resized(blocks),
        full: full.map(resized),
    }
}

/// Brings pixels into the form that a protocol sends.
///
/// # Errors
/// If the encoder fails.
pub(super) fn encode(size: FullSize, pixels: RgbaImage) -> Result<Full, String> {
    match size {
        FullSize::None => Ok(Full::None),
        FullSize::Pixels { .. } => Ok(Full::Pixels(pixels.into())),
        FullSize::Png { .. } => encode_png(&pixels).map(Full::Png),
        FullSize::Sixel { background, .. } => encode_sixel(&pixels, background).map(Full::Sixel),
    }
}

fn encode_png(pixels: &RgbaImage) -> Result<Vec<u8>, String> {
    let mut png = Cursor::new(Vec::new());
    PngEncoder::new_with_quality(&mut png, CompressionType::Fast, PngFilter::Adaptive)
        .write_image(
            pixels.as_raw(),
            pixels.width(),
            pixels.height(),
            image::ExtendedColorType::Rgba8,
        )
        .map_err(|error| error.to_string())?;
    Ok(png.into_inner())
}

/// The encoder that viuer uses. viuer itself would encode and write in one go, on the UI's thread.
fn encode_sixel(pixels: &RgbaImage, background: (u8, u8, u8)) -> Result<String, String> {
    let flat: Vec<u8> = pixels
        .pixels()
        .flat_map(|&pixel| blocks::blend(pixel, Some(background)).unwrap_or_default())
        .collect();
    let [width, height] = [pixels.width(), pixels.height()].map(i32::try_from);
    let too_large = |error: std::num::TryFromIntError| error.to_string();
    icy_sixel::sixel_string(
        &flat,
        width.map_err(too_large)?,
        height.map_err(too_large)?,
        icy_sixel::PixelFormat::RGB888,
        icy_sixel::DiffusionMethod::Auto,
        icy_sixel::MethodForLargest::Auto,
        icy_sixel::MethodForRep::Auto,
        icy_sixel::Quality::AUTO,
    )
    .map_err(|error| error.to_string())
}

/// Otherwise the invisible colour of transparent pixels would bleed into their neighbours.
fn premultiply(pixels: &mut RgbaImage) {
    for pixel in pixels.pixels_mut() {
        let alpha = u16::from(pixel[3]);
        for channel in pixel.0.iter_mut().take(3) {
            *channel = u8::try_from(u16::from(*channel) * alpha / 255).unwrap_or(u8::MAX);
        }
    }
}

fn unpremultiply(pixels: &mut RgbaImage) {
    for pixel in pixels.pixels_mut() {
        let alpha = u16::from(pixel[3]).max(1);
        for channel in pixel.0.iter_mut().take(3) {
            let value = (u16::from(*channel) * 255 + alpha / 2) / alpha;
            *channel = u8::try_from(value).unwrap_or(u8::MAX);
        }
    }
}
