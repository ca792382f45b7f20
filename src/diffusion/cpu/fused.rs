//! Operations that the backend makes of many passes, in one or two.

#![expect(
    clippy::inline_always,
    reason = "a function that is not inlined is compiled for the oldest processor"
)]

use burn_tensor::TensorData;
use pulp::Arch;
use rayon::prelude::*;

use super::super::tensor::Tensor;
use super::math::{exp, gelu, silu};

/// Numbers in the attention scores that are alive at once.
const SCORE_NUMBERS: usize = 4 << 20;

/// What follows a normalization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Nothing.
    Nothing,
    /// `x σ(x)`.
    Silu,
}

/// Group normalization of `[b, c, h, w]`, and what follows it.
pub(crate) fn group_norm(
    x: Tensor<4>,
    groups: usize,
    weight: &[f32],
    bias: &[f32],
    epsilon: f64,
    then: Then,
) -> Tensor<4> {
    let arch = Arch::new();
    let device = x.device();
    let [_, channels, height, width] = x.dims();
    let (plane, members) = (height * width, channels / groups);
    let mut data = x.into_data();
    let numbers = data
        .as_mut_slice::<f32>()
        .expect("a tensor of the processor in f32");
    numbers
        .par_chunks_mut(members * plane)
        .enumerate()
        .for_each(|(index, group)| {
            arch.dispatch(|| {
                let (mean, deviation) = moments(group, epsilon);
                let first = index % groups * members;
                let channels = weight[first..first + members]
                    .iter()
                    .zip(&bias[first..first + members]);
                for (numbers, (weight, bias)) in group.chunks_exact_mut(plane).zip(channels) {
                    let factor = weight / deviation;
                    let summand = bias - mean * factor;
                    match then {
                        Then::Nothing => {
                            for number in numbers {
                                *number = *number * factor + summand;
                            }
                        }
                        Then::Silu => {
                            for number in numbers {
                                *number = silu(*number * factor + summand);
                            }
                        }
                    }
                }
            });
        });
    Tensor::from_data(data, &device)
}

/// Mean and deviation.
#[inline(always)]
fn moments(numbers: &[f32], epsilon: f64) -> (f32, f32) {
    let count = numbers.len() as f64;
    let mean = (total(numbers, |number| number) / count) as f32;
    let variance = total(numbers, |number| (number - mean) * (number - mean)) / count;
    (mean, (variance + epsilon).sqrt() as f32)
}

/// A sum of sums that are short enough for f32.
#[inline(always)]
fn total(numbers: &[f32], measure: impl Fn(f32) -> f32 + Copy) -> f64 {
    const BLOCK: usize = 1024;
    let blocks = numbers.chunks(BLOCK);
    blocks.map(|block| f64::from(sum(block, measure))).sum()
}

/// A sum in sixteen lanes.
#[inline(always)]
fn sum(numbers: &[f32], measure: impl Fn(f32) -> f32 + Copy) -> f32 {
    let mut lanes = [0.0_f32; 16];
    let (chunks, rest) = numbers.as_chunks::<16>();
    for chunk in chunks {
        for (lane, number) in lanes.iter_mut().zip(chunk) {
            *lane += measure(*number);
        }
    }
    lanes.iter().sum::<f32>() + rest.iter().map(|number| measure(*number)).sum::<f32>()
}

/// `GEGLU`: `[.., 2 n]` to `[.., n]`, the first half times GELU of the second.
pub(crate) fn geglu(x: Tensor<3>) -> Tensor<3> {
    let arch = Arch::new();
    let device = x.device();
    let [batch, length, both] = x.dims();
    let data = x.into_data();
    let numbers = data
        .as_slice::<f32>()
        .expect("a tensor of the processor in f32");
    let mut out = vec![0.0_f32; numbers.len() / 2];
    out.par_chunks_mut(both / 2)
        .zip(numbers.par_chunks(both))
        .for_each(|(out, both)| {
            arch.dispatch(|| {
                let (hidden, gate) = both.split_at(out.len());
                for ((out, hidden), gate) in out.iter_mut().zip(hidden).zip(gate) {
                    *out = hidden * gelu(*gate);
                }
            });
        });
    Tensor::from_data(TensorData::new(out, [batch, length, both / 2]), &device)
}

/// Softmax(q kᵀ / √d) v, each `[b, heads, n, d]`, some queries at a time.
pub(crate) fn attention(q: Tensor<4>, k: Tensor<4>, v: Tensor<4>) -> Tensor<4> {
    let arch = Arch::new();
    let device = q.device();
    let [batch, heads, queries, width] = q.dims();
    let [_, _, keys, _] = k.dims();
    let keys_across = k.swap_dims(2, 3);
    let scale = 1.0 / (width as f32).sqrt();
    let at_once = (SCORE_NUMBERS / (batch * heads * keys)).clamp(1, queries);
    let mut parts = Vec::with_capacity(queries.div_ceil(at_once));
    for first in (0..queries).step_by(at_once) {
        let last = (first + at_once).min(queries);
        let some = q.clone().slice([0..batch, 0..heads, first..last, 0..width]);
        let mut scores = some.matmul(keys_across.clone()).into_data();
        let rows = scores
            .as_mut_slice::<f32>()
            .expect("a tensor of the processor in f32");
        let sums: Vec<f32> = rows
            .par_chunks_mut(keys)
            .map(|row| arch.dispatch(|| exponentiate(row, scale)))
            .collect();
        let mut seen = Tensor::<4>::from_data(scores, &device)
            .matmul(v.clone())
            .into_data();
        let rows = seen
            .as_mut_slice::<f32>()
            .expect("a tensor of the processor in f32");
        for (row, sum) in rows.chunks_exact_mut(width).zip(sums) {
            for number in row {
                *number /= sum;
            }
        }
        parts.push(Tensor::from_data(seen, &device));
    }
    Tensor::cat(parts, 2)
}

/// `exp(scale (x − max))` in place; gives the sum.
#[inline(always)]
fn exponentiate(row: &mut [f32], scale: f32) -> f32 {
    let mut most = [f32::NEG_INFINITY; 16];
    let (chunks, rest) = row.as_chunks::<16>();
    for chunk in chunks {
        for (most, number) in most.iter_mut().zip(chunk) {
            *most = if *number > *most { *number } else { *most };
        }
    }
    let most = most
        .iter()
        .chain(rest)
        .fold(f32::NEG_INFINITY, |most, next| most.max(*next));
    for number in row.iter_mut() {
        *number = exp((*number - most) * scale);
    }
    sum(row, |number| number)
}
