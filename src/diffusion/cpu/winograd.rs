//! Winograd's F(4×4, 3×3): sixteen results of a 3×3 kernel for 36 products instead of 144
//! (Lavin and Gray, arXiv 1509.09308, section 4.3).
//!
//! Rounding is worse than of the plain sum, about 1e-5 of results of unit variance: no more than
//! the order of a sum over thousands of products makes.

#![expect(
    clippy::inline_always,
    reason = "a function that is not inlined is compiled for the oldest processor"
)]

use burn_tensor::TensorData;
use pulp::Arch;
use rayon::prelude::*;

use super::super::tensor::{Device, Tensor};
use super::conv::Geometry;

/// Side of a tile of results.
const OUT: usize = 4;

/// Side of what a tile depends on.
const IN: usize = 6;

/// Products for a tile.
const POINTS: usize = IN * IN;

/// Numbers in the transformed inputs of some rows of tiles.
const CHUNK_NUMBERS: usize = 6 << 20;

/// Maps of fewer pixels have too few tiles for the size that the weights grow to.
const FEWEST_PIXELS: usize = 28 * 28;

/// Fewer channels do not repay the transformation.
const FEWEST_CHANNELS: usize = 32;

/// Weights past this grow fourfold for maps that are never large.
const MOST_WEIGHTS: usize = 1920 * 640;

/// Whether the transformation pays.
pub(super) fn pays(geometry: Geometry, inputs: usize, outputs: usize, out: [usize; 2]) -> bool {
    geometry == Geometry::SAME
        && inputs.min(outputs) >= FEWEST_CHANNELS
        && inputs * outputs <= MOST_WEIGHTS
        && out[0] * out[1] >= FEWEST_PIXELS
}

/// How many numbers [`transform_weight`] gives.
pub(super) const fn transformed_numbers(inputs: usize, outputs: usize) -> usize {
    POINTS * outputs * inputs
}

/// `G g Gᵀ` of each kernel: `[out, in · 9]` to `[36, out, in]`.
pub(super) fn transform_weight(weight: &Tensor<2>, inputs: usize, device: &Device) -> Tensor<3> {
    const G: [[f32; 3]; IN] = [
        [1.0 / 4.0, 0.0, 0.0],
        [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
        [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
        [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
        [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
        [0.0, 0.0, 1.0],
    ];
    let [outputs, _] = weight.dims();
    let data = weight.clone().into_data();
    let kernels = data
        .as_slice::<f32>()
        .expect("a tensor of the processor in f32");
    let mut transformed = vec![0.0; POINTS * outputs * inputs];
    transformed
        .par_chunks_mut(outputs * inputs)
        .enumerate()
        .for_each(|(point, plane)| {
            let (left, right) = (G[point / IN], G[point % IN]);
            for (number, kernel) in plane.iter_mut().zip(kernels.as_chunks::<9>().0) {
                let rows = kernel.as_chunks::<3>().0.iter().zip(left);
                *number = rows
                    .map(|(row, left)| {
                        left * (row[0] * right[0] + row[1] * right[1] + row[2] * right[2])
                    })
                    .sum();
            }
        });
    Tensor::from_data(
        TensorData::new(transformed, [POINTS, outputs, inputs]),
        device,
    )
}

/// Convolves one picture: `x: [in, h, w]`, `out: [out, h, w]`.
pub(super) fn convolve(
    weight: &Tensor<3>,
    bias: &[f32],
    x: &[f32],
    out: &mut [f32],
    [height, width]: [usize; 2],
    device: &Device,
) {
    let arch = Arch::new();
    let [_, outputs, inputs] = weight.dims();
    let across = width.div_ceil(OUT);
    let down = height.div_ceil(OUT);
    let at_once = (CHUNK_NUMBERS / (POINTS * inputs.max(outputs) * across)).clamp(1, down);
    for first in (0..down).step_by(at_once) {
        let last = (first + at_once).min(down);
        let tiles = (last - first) * across;
        let mut seen = vec![0.0_f32; inputs * POINTS * tiles];
        seen.par_chunks_mut(POINTS * tiles)
            .zip(x.par_chunks(height * width))
            .for_each_init(
                || Scratch::new(across),
                |scratch, (seen, plane)| {
                    arch.dispatch(|| {
                        for row in first..last {
                            let at = (row - first) * across;
                            scratch.look(plane, [height, width], row);
                            scratch.transform(seen, tiles, at);
                        }
                    });
                },
            );
        let seen = Tensor::<3>::from_data(TensorData::new(seen, [inputs, POINTS, tiles]), device);
        let product = weight.clone().matmul(seen.swap_dims(0, 1)).into_data();
        let product = product
            .as_slice::<f32>()
            .expect("a tensor of the processor in f32");
        out.par_chunks_mut(height * width)
            .zip(bias)
            .enumerate()
            .for_each_init(
                || Scratch::new(across),
                |scratch, (channel, (plane, bias))| {
                    arch.dispatch(|| {
                        for row in first..last {
                            let at = channel * tiles + (row - first) * across;
                            scratch.fold(product, outputs * tiles, at);
                            scratch.write(plane, [height, width], row, *bias);
                        }
                    });
                },
            );
    }
}

/// Room for one row of tiles of one channel.
struct Scratch {
    across: usize,
    /// Six rows of the padded picture, each taken apart by column modulo 4, a tile and a bit long.
    rows: Vec<f32>,
    /// The same after the transformation down the columns; also results before their last one.
    mixed: Vec<f32>,
    /// One row of results, taken apart in the same way.
    line: Vec<f32>,
}

impl Scratch {
    fn new(across: usize) -> Self {
        let length = across + 1;
        Self {
            across,
            rows: vec![0.0; IN * OUT * length],
            mixed: vec![0.0; IN * OUT * length],
            line: vec![0.0; OUT * length],
        }
    }

    /// Takes the six rows that a row of tiles depends on apart.
    #[inline(always)]
    fn look(&mut self, plane: &[f32], [height, width]: [usize; 2], tile_row: usize) {
        let length = self.across + 1;
        for (index, row) in self.rows.chunks_exact_mut(OUT * length).enumerate() {
            let y = (tile_row * OUT + index).wrapping_sub(1);
            let Some(line) = plane.chunks_exact(width).nth(y).filter(|_| y < height) else {
                row.fill(0.0);
                continue;
            };
            // Column x of the picture is column x + 1 of the padded one.
            for (phase, part) in row.chunks_exact_mut(length).enumerate() {
                let skip = (phase + OUT - 1) % OUT;
                let (pad, part) = part.split_at_mut(usize::from(phase == 0));
                pad.fill(0.0);
                let mut seen = line.get(skip..).unwrap_or_default().iter().step_by(OUT);
                for number in part {
                    *number = seen.next().copied().unwrap_or_default();
                }
            }
        }
    }

    /// `Bᵀ d B`, written to `out: [36, tiles]` from `at`.
    #[inline(always)]
    fn transform(&mut self, out: &mut [f32], tiles: usize, at: usize) {
        let length = self.across + 1;
        let wide = OUT * length;
        {
            let mut rows = self.rows.chunks_exact(wide);
            let rows: [&[f32]; IN] = std::array::from_fn(|_| rows.next().unwrap_or_default());
            let mut mixed = self.mixed.chunks_exact_mut(wide);
            let mixed: [&mut [f32]; IN] = std::array::from_fn(|_| mixed.next().unwrap_or_default());
            input_transform(rows, mixed);
        }
        let across = self.across;
        for (mixed, out) in self
            .mixed
            .chunks_exact(wide)
            .zip(out.chunks_exact_mut(IN * tiles))
        {
            let mut phases = mixed.chunks_exact(length);
            let phases: [&[f32]; OUT] = std::array::from_fn(|_| phases.next().unwrap_or_default());
            let columns = [
                &phases[0][..across],
                &phases[1][..across],
                &phases[2][..across],
                &phases[3][..across],
                &phases[0][1..],
                &phases[1][1..],
            ];
            let mut points = out.chunks_exact_mut(tiles);
            let points = std::array::from_fn(|_| {
                let point = points.next().unwrap_or_default();
                &mut point[at..at + across]
            });
            input_transform(columns, points);
        }
    }

    /// The first half of `Aᵀ m A`: along the rows. `product: [36, stride]`, read from `at`.
    #[inline(always)]
    fn fold(&mut self, product: &[f32], stride: usize, at: usize) {
        let (across, length) = (self.across, self.across + 1);
        for (row, mixed) in self.mixed.chunks_exact_mut(OUT * length).enumerate() {
            let points = std::array::from_fn(|column| {
                let start = (row * IN + column) * stride + at;
                &product[start..start + across]
            });
            let mut phases = mixed.chunks_exact_mut(length);
            let phases = std::array::from_fn(|_| {
                let phase = phases.next().unwrap_or_default();
                &mut phase[..across]
            });
            output_transform(points, phases);
        }
    }

    /// The second half: down the columns, and to the picture.
    #[inline(always)]
    fn write(
        &mut self,
        plane: &mut [f32],
        [height, width]: [usize; 2],
        tile_row: usize,
        bias: f32,
    ) {
        const A: [[f32; IN]; OUT] = [
            [1.0, 1.0, 1.0, 1.0, 1.0, 0.0],
            [0.0, 1.0, -1.0, 2.0, -2.0, 0.0],
            [0.0, 1.0, 1.0, 4.0, 4.0, 0.0],
            [0.0, 1.0, -1.0, 8.0, -8.0, 1.0],
        ];
        let length = self.across + 1;
        let wide = OUT * length;
        let lines = plane
            .chunks_exact_mut(width)
            .take(height)
            .skip(tile_row * OUT);
        for (factors, out) in A.iter().zip(lines) {
            self.line.fill(bias);
            for (factor, mixed) in factors.iter().zip(self.mixed.chunks_exact(wide)) {
                for (sum, number) in self.line.iter_mut().zip(mixed) {
                    *sum += factor * number;
                }
            }
            let mut phases = self.line.chunks_exact(length);
            let phases: [&[f32]; OUT] = std::array::from_fn(|_| phases.next().unwrap_or_default());
            for (index, pixels) in out.chunks_mut(OUT).enumerate() {
                for (pixel, phase) in pixels.iter_mut().zip(phases) {
                    *pixel = phase[index];
                }
            }
        }
    }
}

/// `Bᵀ` times six columns of numbers.
#[inline(always)]
fn input_transform(d: [&[f32]; IN], out: [&mut [f32]; IN]) {
    let [o0, o1, o2, o3, o4, o5] = out;
    let count = o0.len();
    let d = d.map(|d| &d[..count]);
    let (o1, o2, o3) = (&mut o1[..count], &mut o2[..count], &mut o3[..count]);
    let (o4, o5) = (&mut o4[..count], &mut o5[..count]);
    for index in 0..count {
        let [d0, d1, d2, d3, d4, d5] = d.map(|d| d[index]);
        let (even, odd) = (d4 - 4.0 * d2, d3 - 4.0 * d1);
        let (near, far) = (d4 - d2, 2.0 * (d3 - d1));
        o0[index] = 4.0 * d0 - 5.0 * d2 + d4;
        o1[index] = even + odd;
        o2[index] = even - odd;
        o3[index] = near + far;
        o4[index] = near - far;
        o5[index] = 4.0 * d1 - 5.0 * d3 + d5;
    }
}

/// `Aᵀ` times six columns of numbers.
#[inline(always)]
fn output_transform(m: [&[f32]; IN], out: [&mut [f32]; OUT]) {
    let [o0, o1, o2, o3] = out;
    let count = o0.len();
    let m = m.map(|m| &m[..count]);
    let (o1, o2, o3) = (&mut o1[..count], &mut o2[..count], &mut o3[..count]);
    for index in 0..count {
        let [m0, m1, m2, m3, m4, m5] = m.map(|m| m[index]);
        let (plus, minus) = (m1 + m2, m1 - m2);
        let (sum, difference) = (m3 + m4, m3 - m4);
        o0[index] = m0 + plus + sum;
        o1[index] = minus + 2.0 * difference;
        o2[index] = plus + 4.0 * sum;
        o3[index] = minus + 8.0 * difference + m5;
    }
}
