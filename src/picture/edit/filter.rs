//! What pixels make of their neighbours: blur and sharpen.

use image::{RgbaImage, imageops};

use super::check_range;
use super::color::{byte, premultiplied, unmultiplied};
use super::error::EditProblem;

/// Above, a Gaussian takes too long, and three boxes in its place are as good.
const MAX_EXACT_RADIUS: f32 = 4.0;

pub(super) fn blur(picture: &RgbaImage, radius: f32) -> Result<RgbaImage, EditProblem> {
    check_range("radius", radius, 0.1, 250.0)?;
    let source = premultiplied(picture);
    let mut blurred = if radius <= MAX_EXACT_RADIUS {
        imageops::blur(&source, radius)
    } else {
        imageops::fast_blur(&source, radius)
    };
    for pixel in blurred.pixels_mut() {
        *pixel = unmultiplied(*pixel);
    }
    Ok(blurred)
}

pub(super) fn sharpen(
    mut picture: RgbaImage,
    radius: f32,
    percent: f32,
    threshold: u8,
) -> Result<RgbaImage, EditProblem> {
    check_range("percent", percent, 0.0, 1000.0)?;
    let blurred = blur(&picture, radius)?;
    for (pixel, soft) in picture.pixels_mut().zip(blurred.pixels()) {
        for (level, soft) in pixel.0.iter_mut().zip(soft.0).take(3) {
            if level.abs_diff(soft) > threshold {
                let difference = f32::from(*level) - f32::from(soft);
                *level = byte(f32::from(*level) + difference * percent / 100.0);
            }
        }
    }
    Ok(picture)
}
