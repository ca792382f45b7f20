//! Noise that equals torch's: `torch.randn` of a CPU generator, and of a CUDA one.
//!
//! The same seed then gives the same picture as diffusers on that device, whatever device this engine computes on.
//! Values agree to the last bits of float32 (2.4e-7): `ln`, `sin` and `cos` differ between libraries.

use std::f32::consts::TAU;

use crate::protocol::NoiseGenerator;

/// A stream of normal numbers.
#[derive(Clone, Debug)]
pub enum NoiseRng {
    /// `torch.Generator("cpu")`.
    TorchCpu(Box<TorchCpuGenerator>),
    /// `torch.Generator("cuda")`.
    TorchCuda(TorchCudaGenerator),
}

impl NoiseRng {
    /// `torch.Generator(…).manual_seed(seed)`.
    pub fn new(generator: NoiseGenerator, seed: u64) -> Self {
        match generator {
            NoiseGenerator::TorchCpu => Self::TorchCpu(Box::new(TorchCpuGenerator::new(seed))),
            NoiseGenerator::TorchCuda => Self::TorchCuda(TorchCudaGenerator::new(seed)),
        }
    }

    /// `torch.randn(count)` in float32: mean 0, variance 1. One call is one tensor, in row-major order; two calls of
    /// half the size give other numbers.
    pub fn randn(&mut self, count: usize) -> Vec<f32> {
        match self {
            Self::TorchCpu(generator) => generator.randn(count),
            Self::TorchCuda(generator) => generator.randn(count),
        }
    }
}

/// The Mersenne Twister with torch's transformation to normal numbers (`aten/src/ATen/native/cpu/
/// DistributionTemplates.h`, `normal_fill`).
#[derive(Clone, Debug)]
pub struct TorchCpuGenerator {
    twister: Mt19937,
    /// The second of a pair of which a small tensor has used the first.
    spare: Option<f64>,
}

impl TorchCpuGenerator {
    /// Takes the low 32 bits of the seed, as torch does.
    pub fn new(seed: u64) -> Self {
        Self {
            twister: Mt19937::new(seed as u32),
            spare: None,
        }
    }

    /// `torch.randn(count)` in float32.
    pub fn randn(&mut self, count: usize) -> Vec<f32> {
        const BLOCK: usize = 16;
        if count < BLOCK {
            return (0..count).map(|_| self.small() as f32).collect();
        }
        let mut values: Vec<f32> = (0..count).map(|_| self.uniform()).collect();
        let (blocks, rest) = values.as_chunks_mut::<BLOCK>();
        for block in blocks {
            box_muller(block);
        }
        if !rest.is_empty() {
            // the last sixteen are drawn again, those of the last whole block among them
            let mut block = [0.0; BLOCK];
            block.fill_with(|| self.uniform());
            box_muller(&mut block);
            for (value, drawn) in values.iter_mut().rev().zip(block.into_iter().rev()) {
                *value = drawn;
            }
        }
        values
    }

    /// 24 bits of one word.
    #[expect(clippy::cast_precision_loss, reason = "24 bits fit")]
    fn uniform(&mut self) -> f32 {
        (self.twister.next() & 0x00FF_FFFF) as f32 / 16_777_216.0
    }

    /// One normal number by way of doubles, for tensors of less than sixteen (`normal_distribution<double>`).
    fn small(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        let (angle, length) = (self.uniform_f64(), self.uniform_f64());
        let radius = (-2.0 * (-length).ln_1p()).sqrt();
        let angle = std::f64::consts::TAU * angle;
        self.spare = Some(radius * angle.sin());
        radius * angle.cos()
    }

    /// 53 bits of two words.
    #[expect(clippy::cast_precision_loss, reason = "53 bits fit")]
    fn uniform_f64(&mut self) -> f64 {
        let (high, low) = (
            u64::from(self.twister.next()),
            u64::from(self.twister.next()),
        );
        ((high << 32 | low) & ((1 << 53) - 1)) as f64 / (1u64 << 53) as f64
    }
}

/// The eight pairs of a block: value `j` with value `j + 8`.
fn box_muller(block: &mut [f32; 16]) {
    let (lengths, angles) = block.split_at_mut(8);
    for (length, angle) in lengths.iter_mut().zip(angles) {
        let radius = (-2.0 * (1.0 - *length).ln()).sqrt();
        let theta = TAU * *angle;
        *length = radius * theta.cos();
        *angle = radius * theta.sin();
    }
}

/// MT19937 (Matsumoto and Nishimura, 1998), seeded with `init_genrand`.
#[derive(Clone, Debug)]
struct Mt19937 {
    state: [u32; Self::N],
    index: usize,
}

impl Mt19937 {
    const N: usize = 624;
    const M: usize = 397;

    fn new(seed: u32) -> Self {
        let mut state = [seed; Self::N];
        let mut previous = seed;
        for (i, word) in (0u32..).zip(&mut state).skip(1) {
            previous = 1_812_433_253u32
                .wrapping_mul(previous ^ previous >> 30)
                .wrapping_add(i);
            *word = previous;
        }
        Self {
            state,
            index: Self::N,
        }
    }

    fn next(&mut self) -> u32 {
        if self.index == Self::N {
            self.refill();
        }
        let mut word = self.state[self.index];
        self.index += 1;
        word ^= word >> 11;
        word ^= word << 7 & 0x9D2C_5680;
        word ^= word << 15 & 0xEFC6_0000;
        word ^ word >> 18
    }

    fn refill(&mut self) {
        for i in 0..Self::N {
            let joined = self.state[i] & 0x8000_0000 | self.state[(i + 1) % Self::N] & 0x7FFF_FFFF;
            let odd = if joined & 1 == 1 { 0x9908_B0DF } else { 0 };
            self.state[i] = self.state[(i + Self::M) % Self::N] ^ joined >> 1 ^ odd;
        }
        self.index = 0;
    }
}

/// Philox 4x32-10 (Salmon et al., SC 2011) as torch's CUDA kernels draw from it.
///
/// Each value has a thread of its own, whose number is the upper half of the counter; the lower half counts the
/// calls. That holds while a tensor is no larger than one grid of threads, which depends on the GPU: 221,184
/// values on an A100, 4 latents of 1024×1024 are more. Beyond it torch's own numbers differ from GPU to GPU.
#[derive(Clone, Debug)]
pub struct TorchCudaGenerator {
    seed: u64,
    /// How many tensors were drawn.
    offset: u64,
}

impl TorchCudaGenerator {
    /// `torch.Generator("cuda").manual_seed(seed)`.
    pub fn new(seed: u64) -> Self {
        Self { seed, offset: 0 }
    }

    /// `torch.randn(count, device="cuda")` in float32.
    #[expect(
        clippy::cast_precision_loss,
        reason = "cuRAND rounds 32 bits to float32 as well"
    )]
    pub fn randn(&mut self, count: usize) -> Vec<f32> {
        const TO_UNIT: f32 = 1.0 / 4_294_967_296.0;
        let (key, offset) = (halves(self.seed), halves(self.offset));
        self.offset += 1;
        (0..count as u64)
            .map(|thread| {
                let thread = halves(thread);
                let [length, angle, ..] =
                    philox_4x32_10([offset[0], offset[1], thread[0], thread[1]], key);
                // cuRAND's `_curand_box_muller`: the middle of each of 2³² intervals, so never 0
                let length = length as f32 * TO_UNIT + TO_UNIT / 2.0;
                let angle = angle as f32 * (TO_UNIT * TAU) + TO_UNIT * TAU / 2.0;
                (-2.0 * length.ln()).sqrt() * angle.sin()
            })
            .collect()
    }
}

/// The low and the high word.
fn halves(value: u64) -> [u32; 2] {
    [value as u32, (value >> 32) as u32]
}

fn philox_4x32_10(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for round in 0..10 {
        if round > 0 {
            key = [
                key[0].wrapping_add(0x9E37_79B9),
                key[1].wrapping_add(0xBB67_AE85),
            ];
        }
        let [low0, high0] = halves(u64::from(counter[0]) * 0xD251_1F53);
        let [low1, high1] = halves(u64::from(counter[2]) * 0xCD9E_8D57);
        counter = [
            high1 ^ counter[1] ^ key[0],
            low1,
            high0 ^ counter[3] ^ key[1],
            low0,
        ];
    }
    counter
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use serde_json::Value;

    use super::*;

    /// Of values up to 5, in float32: the published ones of CUDA were computed in doubles.
    const TOLERANCE: f32 = 1e-6;

    fn assert_close(ours: &[f32], theirs: &[f32], what: &str) {
        assert_eq!(ours.len(), theirs.len(), "{what}");
        for (a, b) in ours.iter().zip(theirs) {
            assert!((a - b).abs() <= TOLERANCE, "{what}: {a} {b}");
        }
    }

    #[test]
    fn the_cpu_generator_equals_torch() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/diffusion/host.json");
        let golden: Value =
            serde_json::from_slice(&std::fs::read(path).expect("golden numbers")).expect("JSON");
        let runs = golden["randn"].as_array().expect("an array");
        assert!(runs.len() >= 5);
        for run in runs {
            let mut rng = NoiseRng::new(
                NoiseGenerator::TorchCpu,
                run["seed"].as_u64().expect("a seed"),
            );
            for draw in run["draws"].as_array().expect("an array") {
                let values = rng.randn(draw["count"].as_u64().expect("a count") as usize);
                let theirs: Vec<f32> =
                    serde_json::from_value(draw["tail"].clone()).expect("numbers");
                assert_close(
                    &values[values.len() - theirs.len()..],
                    &theirs,
                    &draw.to_string(),
                );
            }
        }
    }

    #[test]
    fn philox_gives_the_known_answers() {
        // Random123's kat_vectors
        for (counter, key, answer) in [
            (
                [0; 4],
                [0; 2],
                [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8],
            ),
            (
                [u32::MAX; 4],
                [u32::MAX; 2],
                [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD],
            ),
            (
                [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344],
                [0xA409_3822, 0x299F_31D0],
                [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1],
            ),
        ] {
            assert_eq!(philox_4x32_10(counter, key), answer);
        }
    }

    #[test]
    fn the_cuda_generator_gives_what_is_published_of_torch() {
        // torch.randn((3, 4), device="cuda") with seed 0, as the documentation of AUTOMATIC1111's web UI has it
        let published = [
            -0.924_662_6,
            -0.425_344_15,
            -2.643_845_7,
            0.145_183_88,
            -0.120_866_47,
            -0.579_725_6,
            -0.622_851_2,
            -0.328_387_1,
            -1.074_542_3,
            -0.363_144_07,
            -1.671_050_7,
            2.265_505,
        ];
        let mut rng = NoiseRng::new(NoiseGenerator::TorchCuda, 0);
        assert_close(&rng.randn(12), &published, "seed 0");
        assert_ne!(rng.randn(12), rng.clone().randn(12));
    }

    #[test]
    fn noise_is_normal() {
        for generator in NoiseGenerator::ALL {
            let values = NoiseRng::new(*generator, 7).randn(65_536);
            let mean = values.iter().sum::<f32>() / 65_536.0;
            let variance = values
                .iter()
                .map(|value| (value - mean).powi(2))
                .sum::<f32>()
                / 65_536.0;
            assert!(
                mean.abs() < 0.02 && (variance - 1.0).abs() < 0.02,
                "{generator}: {mean} {variance}"
            );
        }
    }
}
