//! Convolutions as products of matrices.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use burn_tensor::TensorData;
use rayon::prelude::*;

use super::super::tensor::{Device, Tensor};
use super::winograd;

/// Numbers in the buffer of gathered columns: what the caches of a core hold, and enough for a
/// product to be worth its while.
const COLUMN_NUMBERS: usize = 4 << 20;

/// Bytes of all transformed weights that are alive: they come with use, and stay.
static TRANSFORMED: AtomicU64 = AtomicU64::new(0);

/// What transformed weights take now, in bytes.
pub(crate) fn transformed_bytes() -> u64 {
    TRANSFORMED.load(Ordering::Relaxed)
}

/// What the transformed weights of a 3×3 convolution to maps of `out` take, in bytes.
pub(crate) fn transformed_bytes_of(inputs: usize, outputs: usize, out: [usize; 2]) -> u64 {
    let numbers = winograd::pays(Geometry::SAME, inputs, outputs, out)
        .then(|| winograd::transformed_numbers(inputs, outputs));
    (numbers.unwrap_or(0) * size_of::<f32>()) as u64
}

/// Kernel, stride and padding of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    /// Side of the kernel.
    pub(crate) kernel: usize,
    /// Pixels from one result to the next.
    pub(crate) stride: usize,
    /// Zeros before the first row and column.
    pub(crate) before: usize,
    /// Zeros behind the last row and column.
    pub(crate) after: usize,
}

impl Geometry {
    /// 3×3, with results where there were pixels.
    pub(super) const SAME: Self = Self {
        kernel: 3,
        stride: 1,
        before: 1,
        after: 1,
    };

    /// Side of the result.
    pub(crate) fn output(self, side: usize) -> usize {
        (side + self.before + self.after).saturating_sub(self.kernel) / self.stride + 1
    }
}

/// A convolution with its weights laid out once.
pub(crate) struct CpuConv {
    /// `[out, in · kernel²]`.
    weight: Tensor<2>,
    bias: Vec<f32>,
    inputs: usize,
    geometry: Geometry,
    device: Device,
    /// `[36, out, in]`, made when a map is large enough for it.
    transformed: OnceLock<Tensor<3>>,
}

impl CpuConv {
    /// `weight: [out, in, kernel, kernel]`; without a bias, zeros are added.
    pub(crate) fn new(weight: &Tensor<4>, bias: Option<&Tensor<1>>, geometry: Geometry) -> Self {
        let [outputs, inputs, height, width] = weight.dims();
        let bias = bias.map(|bias| bias.to_data().to_vec().unwrap_or_default());
        Self {
            weight: weight.clone().reshape([outputs, inputs * height * width]),
            bias: bias.unwrap_or_else(|| vec![0.0; outputs]),
            inputs,
            geometry,
            device: weight.device(),
            transformed: OnceLock::new(),
        }
    }

    /// `x: [b, in, h, w]` gives `[b, out, h', w']`.
    pub(crate) fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [batch, inputs, height, width] = x.dims();
        let outputs = self.bias.len();
        let [rows, columns] = [height, width].map(|side| self.geometry.output(side));
        let shape = [batch, outputs, rows, columns];
        let is_pointwise = self.geometry.kernel == 1 && self.geometry.stride == 1;
        if is_pointwise && batch == 1 {
            let product = self
                .weight
                .clone()
                .matmul(x.reshape([inputs, height * width]));
            return self.biased(product).reshape(shape);
        }
        let x = x.into_data();
        let x = x
            .as_slice::<f32>()
            .expect("a tensor of the processor in f32");
        let mut out = vec![0.0_f32; shape.iter().product()];
        let pictures = x.chunks(inputs * height * width);
        for (x, out) in pictures.zip(out.chunks_mut(outputs * rows * columns)) {
            if winograd::pays(self.geometry, inputs, outputs, [rows, columns]) {
                let weight = self.transformed.get_or_init(|| {
                    TRANSFORMED.fetch_add(self.transformed_size(), Ordering::Relaxed);
                    winograd::transform_weight(&self.weight, inputs, &self.device)
                });
                winograd::convolve(weight, &self.bias, x, out, [height, width], &self.device);
            } else {
                self.gather(x, out, [height, width], [rows, columns]);
            }
        }
        Tensor::from_data(TensorData::new(out, shape), &self.device)
    }

    fn transformed_size(&self) -> u64 {
        let numbers = winograd::transformed_numbers(self.inputs, self.bias.len());
        (numbers * size_of::<f32>()) as u64
    }

    /// Adds the bias to `[out, n]`, in place where burn lets go of the numbers.
    fn biased(&self, product: Tensor<2>) -> Tensor<2> {
        let [_, length] = product.dims();
        let mut data = product.into_data();
        let numbers = data
            .as_mut_slice::<f32>()
            .expect("a tensor of the processor in f32");
        numbers
            .par_chunks_mut(length)
            .zip(&self.bias)
            .for_each(|(row, bias)| row.iter_mut().for_each(|number| *number += bias));
        Tensor::from_data(data, &self.device)
    }

    /// Gathers what each result depends on into a column (im2col), some rows at a time.
    fn gather(&self, x: &[f32], out: &mut [f32], size: [usize; 2], [rows, columns]: [usize; 2]) {
        let Geometry { kernel, .. } = self.geometry;
        let area = kernel * kernel;
        let height = self.inputs * area;
        let rows_at_once = (COLUMN_NUMBERS / (height * columns)).clamp(1, rows);
        for first in (0..rows).step_by(rows_at_once) {
            let last = (first + rows_at_once).min(rows);
            let length = (last - first) * columns;
            let mut gathered = vec![0.0_f32; height * length];
            gathered
                .par_chunks_mut(area * length)
                .zip(x.par_chunks(size[0] * size[1]))
                .for_each(|(gathered, plane)| {
                    for (index, row) in gathered.chunks_mut(length).enumerate() {
                        let tap = [index / kernel, index % kernel];
                        self.gather_tap(plane, row, size, first, columns, tap);
                    }
                });
            let gathered = TensorData::new(gathered, [height, length]);
            let gathered = Tensor::<2>::from_data(gathered, &self.device);
            let product = self.weight.clone().matmul(gathered).into_data();
            let product = product
                .as_slice::<f32>()
                .expect("a tensor of the processor in f32");
            out.par_chunks_mut(rows * columns)
                .zip(product.par_chunks(length))
                .zip(&self.bias)
                .for_each(|((out, product), bias)| {
                    let out = &mut out[first * columns..last * columns];
                    for (out, number) in out.iter_mut().zip(product) {
                        *out = number + bias;
                    }
                });
        }
    }

    /// What one tap of the kernel sees, for all results of some rows; the padding stays zero.
    fn gather_tap(
        &self,
        plane: &[f32],
        gathered: &mut [f32],
        [height, width]: [usize; 2],
        first: usize,
        columns: usize,
        [down, right]: [usize; 2],
    ) {
        let Geometry { stride, before, .. } = self.geometry;
        // Results whose tap lies within the picture.
        let from = before.saturating_sub(right).div_ceil(stride);
        let to = (width + before)
            .saturating_sub(right)
            .div_ceil(stride)
            .min(columns);
        for (row, gathered) in gathered.chunks_mut(columns).enumerate() {
            let Some(y) = ((first + row) * stride + down).checked_sub(before) else {
                continue;
            };
            if y >= height || from >= to {
                continue;
            }
            let start = y * width + from * stride + right - before;
            let gathered = &mut gathered[from..to];
            if stride == 1 {
                gathered.copy_from_slice(&plane[start..start + gathered.len()]);
            } else {
                let seen = plane[start..].iter().step_by(stride);
                for (gathered, seen) in gathered.iter_mut().zip(seen) {
                    *gathered = *seen;
                }
            }
        }
    }
}

impl Drop for CpuConv {
    fn drop(&mut self) {
        if self.transformed.get().is_some() {
            TRANSFORMED.fetch_sub(self.transformed_size(), Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use burn_tensor::Distribution;
    use burn_tensor::module::conv2d;
    use burn_tensor::ops::PaddedConvOptions;

    use super::super::super::device::ComputeDevice;
    use super::super::super::tensor::to_host;
    use super::*;

    /// Largest difference to the backend's own convolution, over results of about unit variance.
    fn difference(shape: [usize; 4], outputs: usize, geometry: Geometry) -> f32 {
        let cpu = ComputeDevice::cpu();
        let device = cpu.device();
        let [_, inputs, ..] = shape;
        let Geometry {
            kernel,
            stride,
            before,
            after,
        } = geometry;
        let x = Tensor::<4>::random(shape, Distribution::Normal(0.0, 1.0), device);
        let spread = 1.0 / ((inputs * kernel * kernel) as f64).sqrt();
        let normal = Distribution::Normal(0.0, spread);
        let weight = Tensor::<4>::random([outputs, inputs, kernel, kernel], normal, device);
        let bias = Tensor::<1>::random([outputs], Distribution::Normal(0.0, 1.0), device);
        let ours = CpuConv::new(&weight, Some(&bias), geometry).forward(x.clone());
        let options =
            PaddedConvOptions::asymmetric([stride; 2], [before; 2], [after; 2], [1; 2], 1);
        let theirs = conv2d(x, weight, Some(bias), options);
        assert_eq!(ours.dims(), theirs.dims());
        let worst = (ours - theirs).abs().max();
        to_host(worst, "test").expect("a number")[0]
    }

    #[test]
    fn gathered_convolutions_are_the_backends() {
        for (shape, outputs, kernel, stride, before, after) in [
            ([1, 5, 7, 9], 4, 3, 1, 1, 1),
            ([2, 3, 8, 6], 5, 3, 2, 1, 1),
            ([1, 4, 9, 10], 3, 3, 2, 0, 1),
            ([1, 6, 5, 4], 7, 1, 1, 0, 0),
            ([2, 6, 5, 4], 7, 1, 1, 0, 0),
            ([1, 2, 1, 1], 3, 3, 1, 1, 1),
        ] {
            let geometry = Geometry {
                kernel,
                stride,
                before,
                after,
            };
            let worst = difference(shape, outputs, geometry);
            assert!(worst < 1e-5, "{shape:?} {geometry:?}: {worst:e}");
        }
    }

    #[test]
    fn winograds_convolutions_are_the_backends_but_for_rounding() {
        let geometry = Geometry {
            kernel: 3,
            stride: 1,
            before: 1,
            after: 1,
        };
        for shape in [[1, 64, 32, 32], [2, 70, 33, 47], [1, 128, 130, 34]] {
            assert!(winograd::pays(geometry, shape[1], 64, [shape[2], shape[3]]));
            let worst = difference(shape, 64, geometry);
            // Seldom past 5e-5: the worst of some hundred thousand random sums. A slip is about 1.
            assert!(worst < 2e-4, "{shape:?}: {worst:e}");
        }
    }
}
