//! How much two pictures differ.

use std::collections::VecDeque;

use image::RgbaImage;
use serde::Serialize;

use super::color::grey;
use super::error::EditError;

/// The window of SSIM: 11 pixels, a Gaussian with σ = 1.5.
const WINDOW: usize = 11;
const SIGMA: f64 = 1.5;

/// How much two pictures differ. Levels are 0 to 255, of red, green and blue, and of alpha if one of
/// the pictures is transparent somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Difference {
    /// The greatest difference of a level.
    pub max: u8,
    /// The mean difference of all levels.
    pub mean: f64,
    /// Peak signal-to-noise ratio in dB; none if they are equal.
    pub psnr: Option<f64>,
    /// Structural similarity of the grey pictures, up to 1; none if a side is under 11 pixels.
    /// Wang et al. 2004, "Image Quality Assessment", with its constants, over whole windows.
    pub ssim: Option<f64>,
}

/// Compares two pictures of one size.
///
/// # Errors
/// If their sizes differ.
pub(crate) fn compare(left: &RgbaImage, right: &RgbaImage) -> Result<Difference, EditError> {
    if left.dimensions() != right.dimensions() {
        return Err(EditError::OtherSize {
            left: left.dimensions(),
            right: right.dimensions(),
        });
    }
    let is_opaque = |picture: &RgbaImage| picture.pixels().all(|pixel| pixel.0[3] == 255);
    let channels = if is_opaque(left) && is_opaque(right) {
        3
    } else {
        4
    };
    let (mut max, mut sum, mut squares) = (0, 0_u64, 0_u64);
    for (a, b) in left.pixels().zip(right.pixels()) {
        for (a, b) in a.0.iter().zip(b.0).take(channels) {
            let difference = a.abs_diff(b);
            max = max.max(difference);
            sum += u64::from(difference);
            squares += u64::from(difference).pow(2);
        }
    }
    let count = (left.pixels().len() * channels).max(1) as f64;
    let psnr = (squares > 0).then(|| 10.0 * (255.0 * 255.0 * count / squares as f64).log10());
    Ok(Difference {
        max,
        mean: sum as f64 / count,
        psnr,
        ssim: ssim(left, right),
    })
}

/// Sums over a window: of a, b, a², b², ab.
type Moments = [f64; 5];

fn ssim(left: &RgbaImage, right: &RgbaImage) -> Option<f64> {
    const C1: f64 = (0.01 * 255.0) * (0.01 * 255.0);
    const C2: f64 = (0.03 * 255.0) * (0.03 * 255.0);
    let weights = weights();
    let mut rows: VecDeque<Vec<Moments>> = VecDeque::with_capacity(WINDOW);
    let (mut sum, mut count) = (0.0, 0_u64);
    for (left, right) in left.rows().zip(right.rows()) {
        if rows.len() == WINDOW {
            rows.pop_front();
        }
        let pairs: Vec<Moments> = left
            .zip(right)
            .map(|(a, b)| {
                let (a, b) = (f64::from(grey(a.0)), f64::from(grey(b.0)));
                [a, b, a * a, b * b, a * b]
            })
            .collect();
        let windows = pairs.windows(WINDOW);
        rows.push_back(
            windows
                .map(|window| weigh(window.iter(), &weights))
                .collect(),
        );
        if rows.len() < WINDOW {
            continue;
        }
        let across = rows.front().map_or(0, Vec::len);
        for x in 0..across {
            let column = rows.iter().filter_map(|row| row.get(x));
            let [a, b, aa, bb, ab] = weigh(column, &weights);
            let (var_a, var_b, covariance) = (aa - a * a, bb - b * b, ab - a * b);
            sum += ((2.0 * a * b + C1) * (2.0 * covariance + C2))
                / ((a * a + b * b + C1) * (var_a + var_b + C2));
            count += 1;
        }
    }
    (count > 0).then(|| sum / count as f64)
}

fn weigh<'a>(window: impl Iterator<Item = &'a Moments>, weights: &[f64; WINDOW]) -> Moments {
    let mut sums = [0.0; 5];
    for (moments, weight) in window.zip(weights) {
        for (sum, moment) in sums.iter_mut().zip(moments) {
            *sum += moment * weight;
        }
    }
    sums
}

fn weights() -> [f64; WINDOW] {
    let weights: [f64; WINDOW] = std::array::from_fn(|at| {
        let distance = at as f64 - (WINDOW / 2) as f64;
        (-distance * distance / (2.0 * SIGMA * SIGMA)).exp()
    });
    let sum: f64 = weights.iter().sum();
    weights.map(|weight| weight / sum)
}
