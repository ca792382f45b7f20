//! Small pictures of unfinished latents: a linear map from latents to colours, no decoder.
//!
//! For the published families the factors are known (fitted by the community on pictures and
//! their latents, and in every UI since 2023). Those of another model stand in its TOML, or are
//! fitted by least squares from what its own VAE decodes.

use std::io::ErrorKind;
use std::path::Path;

use serde::Deserialize;

use super::error::DiffusionError;

/// A linear map from one latent to one pixel.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatentRgb {
    /// For each latent channel its share of red, green and blue, each in -1 to 1.
    pub factors: Vec<[f32; 3]>,
    /// What is added.
    #[serde(default)]
    pub bias: [f32; 3],
}

/// A small picture of what is coming, one pixel for each latent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// Red, green and blue, row by row.
    pub rgb: Vec<u8>,
}

impl LatentRgb {
    /// The table `[preview]` of the `companion.toml` beside a model, if there is one.
    ///
    /// # Errors
    /// If it can't be read, or is no such table.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, DiffusionError> {
        /// The rest of the file is not the engine's.
        #[derive(Deserialize)]
        struct Beside {
            preview: Option<LatentRgb>,
        }
        let path = folder.join("companion.toml");
        match std::fs::read_to_string(&path) {
            Ok(text) => match toml::from_str::<Beside>(&text) {
                Ok(beside) => Ok(beside.preview),
                Err(error) => Err(DiffusionError::malformed(&path, error.message())),
            },
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Ok(None)
            }
            Err(error) => Err(DiffusionError::read(&path, error)),
        }
    }

    /// Of Stable Diffusion 1.x and 2.x.
    fn sd1() -> Self {
        Self {
            factors: vec![
                [0.3512, 0.2297, 0.3227],
                [0.3250, 0.4974, 0.2350],
                [-0.2829, 0.1762, 0.2721],
                [-0.2120, -0.2616, -0.7177],
            ],
            bias: [0.0; 3],
        }
    }

    /// Of SDXL.
    fn sdxl() -> Self {
        Self {
            factors: vec![
                [0.3651, 0.4232, 0.4341],
                [-0.2533, -0.0042, 0.1068],
                [0.1076, 0.1111, -0.0362],
                [-0.3165, -0.2492, -0.2188],
            ],
            bias: [0.1084, -0.0175, -0.0011],
        }
    }

    /// The map of a published VAE, known by its scaling factor.
    pub(crate) fn published(scaling_factor: f32, latent_channels: usize) -> Option<Self> {
        let is = |known: f32| (scaling_factor - known).abs() < 1e-6;
        match latent_channels {
            4 if is(0.18215) => Some(Self::sd1()),
            4 if is(0.13025) => Some(Self::sdxl()),
            _ => None,
        }
    }

    /// Fits the map to scaled latents and their picture: `latents: [c, h, w]`,
    /// `picture: [3, s h, s w]` in -1 to 1. `None` if the latents say nothing.
    pub(crate) fn fit(
        latents: &[f32],
        picture: &[f32],
        shape: [usize; 3],
        scale: usize,
    ) -> Option<Self> {
        let [channels, height, width] = shape;
        let pixels = height * width;
        let unknowns = channels + 1;
        // The normal equations, with the three right sides beside the matrix.
        let mut rows = vec![vec![0.0_f64; unknowns + 3]; unknowns];
        for pixel in 0..pixels {
            let (y, x) = (pixel / width, pixel % width);
            let mut known: Vec<f64> = (0..channels)
                .map(|channel| f64::from(latents[channel * pixels + pixel]))
                .collect();
            known.push(1.0);
            let colour = [0, 1, 2].map(|channel| {
                let mut sum = 0.0;
                for row in 0..scale {
                    let start = ((channel * height + y) * scale + row) * width * scale + x * scale;
                    sum += picture[start..start + scale]
                        .iter()
                        .copied()
                        .map(f64::from)
                        .sum::<f64>();
                }
                sum / (scale * scale) as f64
            });
            for (row, left) in rows.iter_mut().zip(&known) {
                let right = known.iter().chain(&colour);
                for (cell, right) in row.iter_mut().zip(right) {
                    *cell += left * right;
                }
            }
        }
        let solved = solve(rows)?;
        let mut factors: Vec<[f32; 3]> = solved
            .iter()
            .map(|row| row.map(|value| value as f32))
            .collect();
        let bias = factors.pop()?;
        Some(Self { factors, bias })
    }

    /// Shows scaled latents, `[c, h, w]`.
    pub(crate) fn show(&self, latents: &[f32], height: usize, width: usize) -> Preview {
        let pixels = height * width;
        let mut rgb = Vec::with_capacity(3 * pixels);
        for pixel in 0..pixels {
            let mut colour = self.bias;
            for (channel, factors) in self.factors.iter().enumerate() {
                let latent = latents
                    .get(channel * pixels + pixel)
                    .copied()
                    .unwrap_or_default();
                for (colour, factor) in colour.iter_mut().zip(factors) {
                    *colour += latent * factor;
                }
            }
            rgb.extend(colour.map(|value| ((value / 2.0 + 0.5).clamp(0.0, 1.0) * 255.0) as u8));
        }
        Preview {
            width: width as u32,
            height: height as u32,
            rgb,
        }
    }
}

/// Gauss's elimination of a square matrix with three right sides, with pivots.
fn solve(mut rows: Vec<Vec<f64>>) -> Option<Vec<[f64; 3]>> {
    let count = rows.len();
    for step in 0..count {
        let by_size = |a: &usize, b: &usize| rows[*a][step].abs().total_cmp(&rows[*b][step].abs());
        let pivot = (step..count).max_by(by_size)?;
        rows.swap(step, pivot);
        let head = rows[step][step];
        if head.abs() < 1e-9 || !head.is_finite() {
            return None;
        }
        let above = rows[step].clone();
        for (index, row) in rows.iter_mut().enumerate() {
            if index != step {
                let factor = row[step] / head;
                for (cell, above) in row.iter_mut().zip(&above) {
                    *cell -= factor * above;
                }
            }
        }
    }
    let solution = rows.iter().enumerate().map(|(index, row)| {
        let head = row[index];
        let right = &row[count..];
        [right[0] / head, right[1] / head, right[2] / head]
    });
    Some(solution.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fit_finds_the_map_that_made_the_picture() {
        let map = LatentRgb {
            factors: vec![[0.5, 0.1, -0.3], [-0.2, 0.4, 0.6]],
            bias: [0.1, -0.2, 0.05],
        };
        let (height, width) = (3, 4);
        let latents: Vec<f32> = (0..24_i16)
            .map(|index| f32::from((index * 7) % 11) / 5.0 - 1.0)
            .collect();
        let mut picture = vec![0.0; 3 * height * 2 * width * 2];
        for channel in 0..3 {
            for row in 0..2 * height {
                for column in 0..2 * width {
                    let at = row / 2 * width + column / 2;
                    picture[(channel * 2 * height + row) * 2 * width + column] = map.bias[channel]
                        + latents[at] * map.factors[0][channel]
                        + latents[12 + at] * map.factors[1][channel];
                }
            }
        }
        let found = LatentRgb::fit(&latents, &picture, [2, height, width], 2).expect("well posed");
        for (found, made) in found.factors.iter().zip(&map.factors) {
            for (found, made) in found.iter().zip(made) {
                assert!((found - made).abs() < 1e-5);
            }
        }
        assert_eq!(
            LatentRgb::fit(&[0.0; 24], &picture, [2, height, width], 2),
            None
        );
    }
}
