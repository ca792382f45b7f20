//! From what the model returns to the picture without noise, and the arithmetic on slices.

use super::config::PredictionType;

/// `x₀` in σ-space, where `sample = x₀ + σ·noise` (arXiv 2206.00364, table 1; `scheduling_euler_discrete.py`).
pub(super) fn denoised_in_sigma(
    prediction: PredictionType,
    sigma: f32,
    model_output: &[f32],
    sample: &[f32],
) -> Vec<f32> {
    let variance = sigma * sigma + 1.0;
    match prediction {
        PredictionType::Epsilon => zip(model_output, sample, |output, x| x - sigma * output),
        PredictionType::VPrediction => {
            let c_out = -sigma / variance.sqrt();
            zip(model_output, sample, |output, x| {
                output * c_out + x / variance
            })
        }
        PredictionType::Sample => model_output.to_vec(),
    }
}

/// `x₀` where `sample = α·x₀ + σ·noise` with `α² + σ² = 1` (`scheduling_ddim.py`).
pub(super) fn denoised_in_alpha(
    prediction: PredictionType,
    (alpha, sigma): (f32, f32),
    model_output: &[f32],
    sample: &[f32],
) -> Vec<f32> {
    match prediction {
        PredictionType::Epsilon => zip(model_output, sample, |output, x| {
            (x - sigma * output) / alpha
        }),
        PredictionType::VPrediction => {
            zip(model_output, sample, |output, x| alpha * x - sigma * output)
        }
        PredictionType::Sample => model_output.to_vec(),
    }
}

/// The noise where `sample = α·x₀ + σ·noise` with `α² + σ² = 1`.
pub(super) fn noise_in_alpha(
    prediction: PredictionType,
    (alpha, sigma): (f32, f32),
    model_output: &[f32],
    sample: &[f32],
) -> Vec<f32> {
    match prediction {
        PredictionType::Epsilon => model_output.to_vec(),
        PredictionType::VPrediction => {
            zip(model_output, sample, |output, x| alpha * output + sigma * x)
        }
        PredictionType::Sample => zip(model_output, sample, |output, x| {
            (x - alpha * output) / sigma
        }),
    }
}

/// `(α, σ)` of the variance-preserving form of a σ (arXiv 2211.01095).
pub(super) fn alpha_sigma(sigma: f32) -> (f64, f64) {
    let sigma = f64::from(sigma);
    let alpha = 1.0 / (sigma * sigma + 1.0).sqrt();
    (alpha, sigma * alpha)
}

/// [`alpha_sigma`] in float32.
pub(super) fn alpha_sigma_f32(sigma: f32) -> (f32, f32) {
    let (alpha, sigma) = alpha_sigma(sigma);
    (alpha as f32, sigma as f32)
}

/// `λ = ln α − ln σ`, half of the logarithm of the signal-to-noise ratio. Of no noise it is infinite.
pub(super) fn lambda(sigma: f32) -> f64 {
    -f64::from(sigma).ln()
}

/// `sqrt(ᾱ)` and `sqrt(1 − ᾱ)`.
pub(super) fn roots(alpha_cumprod: f32) -> (f32, f32) {
    (alpha_cumprod.sqrt(), (1.0 - alpha_cumprod).sqrt())
}

/// `f` of both, element by element.
pub(super) fn zip(a: &[f32], b: &[f32], f: impl Fn(f32, f32) -> f32) -> Vec<f32> {
    debug_assert_eq!(a.len(), b.len(), "both are whole batches of the same shape");
    a.iter().zip(b).map(|(a, b)| f(*a, *b)).collect()
}

/// `scale·a + other·b`.
pub(super) fn lerp(scale: f64, a: &[f32], other: f64, b: &[f32]) -> Vec<f32> {
    let (scale, other) = (scale as f32, other as f32);
    zip(a, b, |a, b| scale * a + other * b)
}

/// Adds `scale·b` to `a`.
pub(super) fn accumulate(a: &mut [f32], scale: f64, b: &[f32]) {
    let scale = scale as f32;
    for (a, b) in a.iter_mut().zip(b) {
        *a += scale * b;
    }
}
