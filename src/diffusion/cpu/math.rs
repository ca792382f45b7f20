//! Functions of one number that a compiler can spread over wide registers: no branches, no calls.

#![expect(
    clippy::inline_always,
    reason = "a function that is not inlined is compiled for the oldest processor"
)]
#![expect(clippy::excessive_precision, reason = "as published")]

/// eˣ to 2 units in the last place (Cephes, `expf`), 0 or huge where it leaves f32's range.
#[inline(always)]
pub(super) fn exp(x: f32) -> f32 {
    /// Adding it rounds to a whole number, in the low bits of the sum.
    const SHIFT: f32 = 12_582_912.0;
    /// ln 2 in two parts, of which the first has few bits.
    const LN_2: (f32, f32) = (0.693_359_375, -2.121_944_4e-4);
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + SHIFT;
    let whole = shifted - SHIFT;
    let rest = x - whole * LN_2.0 - whole * LN_2.1;
    let mut sum = 1.987_569_150_0e-4;
    for factor in [
        1.398_199_950_7e-3,
        8.333_451_907_3e-3,
        4.166_579_589_4e-2,
        1.666_666_545_9e-1,
        5.000_000_120_1e-1,
    ] {
        sum = sum * rest + factor;
    }
    let power = shifted
        .to_bits()
        .wrapping_sub(SHIFT.to_bits())
        .wrapping_add(127)
        << 23;
    (sum * rest * rest + rest + 1.0) * f32::from_bits(power)
}

/// `x σ(x)`.
#[inline(always)]
pub(super) fn silu(x: f32) -> f32 {
    x / (1.0 + exp(-x))
}

/// `x Φ(x)`, with the error function to 1.5e-7 (Abramowitz and Stegun, 7.1.26).
#[inline(always)]
pub(super) fn gelu(x: f32) -> f32 {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let mut sum = 1.061_405_429;
    for factor in [-1.453_152_027, 1.421_413_741, -0.284_496_736, 0.254_829_592] {
        sum = sum * t + factor;
    }
    let tail = sum * t * exp(-z * z);
    0.5 * x * (1.0 + (1.0 - tail).copysign(x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_what_they_are_called() {
        for step in -8700..8800_i16 {
            let x = f32::from(step) / 100.0;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp(x)) / exact - 1.0).abs();
            assert!(error < 3e-7, "exp({x}): {error:e}");
            let exact = f64::from(x) / (1.0 + (-f64::from(x)).exp());
            let error = (f64::from(silu(x)) - exact).abs() / exact.abs().max(1.0);
            assert!(error < 3e-7, "silu({x}): {error:e}");
        }
        // Φ from tables, to ten places.
        for (x, phi) in [
            (0.0_f32, 0.5),
            (0.5, 0.691_462_461_3),
            (1.0, 0.841_344_746_1),
            (2.0, 0.977_249_868_1),
            (3.0, 0.998_650_102_0),
            (-1.0, 0.158_655_253_9),
            (-3.0, 0.001_349_898_0),
        ] {
            let error = (f64::from(gelu(x)) - f64::from(x) * phi).abs();
            assert!(error < 1e-6, "gelu({x}): {error:e}");
        }
    }
}
