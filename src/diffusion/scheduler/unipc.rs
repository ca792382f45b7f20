//! `UniPC` (arXiv 2302.04867, algorithms 5 to 8; diffusers' `scheduling_unipc_multistep.py`): a predictor, and a
//! corrector that mends the step before with what the model says of its result, at no further call.

use std::collections::VecDeque;

use super::config::{SchedulerConfig, SolverType};
use super::noise_schedule::{BetaDefaults, ZeroTerminalSnr, alphas_cumprod};
use super::prediction::{accumulate, alpha_sigma_f32, lambda, lerp, noise_in_alpha, zip};
use super::solver_space::{SolverSpace, in_solver_space};
use super::{NoiseSource, Plan, Scheduler};

pub(super) struct UniPc {
    space: SolverSpace,
    is_bh1: bool,
    predict_x0: bool,
    solver_order: usize,
    lower_order_final: bool,
    disable_corrector: Vec<usize>,
    /// What the model said at earlier steps, converted, the newest first.
    outputs: VecDeque<Vec<f32>>,
    /// The sample that the last step began from, and the order that it had.
    last: Option<(Vec<f32>, usize)>,
}

/// A step from one level to another, in the paper's terms.
struct Update {
    /// `h·φ₁(h)` with the sign that belongs to the prediction.
    h_phi_1: f64,
    /// `B(h)`.
    b_h: f64,
    /// `r_k` of the earlier levels; the last is 1, the target itself.
    ratios: Vec<f64>,
    /// The right side of equation 5.
    b: Vec<f64>,
}

impl UniPc {
    pub fn new(config: &SchedulerConfig, plan: &Plan) -> Self {
        let alphas_cumprod =
            alphas_cumprod(config, BetaDefaults::DDPM, ZeroTerminalSnr::NearlyZero);
        Self {
            space: SolverSpace::new(config, &alphas_cumprod, plan, alphas_cumprod.len()),
            is_bh1: config.solver_type == Some(SolverType::Bh1),
            predict_x0: config.predict_x0.unwrap_or(true),
            solver_order: config.solver_order.unwrap_or(2),
            lower_order_final: config.lower_order_final.unwrap_or(true),
            disable_corrector: config.disable_corrector.clone().unwrap_or_default(),
            outputs: VecDeque::new(),
            last: None,
        }
    }

    /// `x₀` or the noise, as the solver has it.
    fn converted(&self, model_output: &[f32], i: usize, sample: &[f32]) -> Vec<f32> {
        if self.predict_x0 {
            return self.space.denoised(model_output, i, sample);
        }
        noise_in_alpha(
            self.space.prediction(),
            alpha_sigma_f32(self.space.sigma(i)),
            model_output,
            sample,
        )
    }

    /// The update from the level before step `from` to the one after it, with the outputs of `order` levels.
    fn update(&self, from: usize, order: usize) -> Update {
        let start = lambda(self.space.sigma(from));
        let h = lambda(self.space.sigma(from + 1)) - start;
        let mut ratios: Vec<f64> = (1..order)
            .map(|k| (lambda(self.space.sigma(from - k)) - start) / h)
            .collect();
        ratios.push(1.0);
        let signed = if self.predict_x0 { -h } else { h };
        let h_phi_1 = signed.exp_m1();
        let b_h = if self.is_bh1 { signed } else { h_phi_1 };
        let mut phi = h_phi_1 / signed - 1.0;
        let mut factorial = 1.0;
        let mut b = Vec::with_capacity(order);
        for k in 1..=order {
            b.push(phi * factorial / b_h);
            factorial *= (k + 1) as f64;
            phi = phi / signed - 1.0 / factorial;
        }
        Update {
            h_phi_1,
            b_h,
            ratios,
            b,
        }
    }

    /// The part that every update has: the sample carried over and the newest output, then the weighted slopes.
    fn apply(
        &self,
        from: usize,
        update: &Update,
        sample: &[f32],
        slopes: &[(f64, Vec<f32>)],
    ) -> Vec<f32> {
        let (alpha, sigma) = self.space.alpha_sigma(from + 1);
        let (alpha_before, sigma_before) = self.space.alpha_sigma(from);
        let (carry, scale) = if self.predict_x0 {
            (sigma / sigma_before, alpha)
        } else {
            (alpha / alpha_before, sigma)
        };
        let newest = self.outputs.front().map_or(&[][..], Vec::as_slice);
        let mut next = lerp(carry, sample, -scale * update.h_phi_1, newest);
        for (weight, slope) in slopes {
            accumulate(&mut next, -scale * update.b_h * weight, slope);
        }
        next
    }

    /// `(m_k − m₀) / r_k` of the earlier outputs.
    fn slopes(&self, update: &Update, order: usize) -> Vec<Vec<f32>> {
        let Some(newest) = self.outputs.front() else {
            return Vec::new();
        };
        self.outputs
            .iter()
            .skip(1)
            .zip(&update.ratios)
            .take(order - 1)
            .map(|(output, ratio)| lerp(1.0 / ratio, output, -1.0 / ratio, newest))
            .collect()
    }

    fn predict(&self, i: usize, order: usize, sample: &[f32]) -> Vec<f32> {
        let update = self.update(i, order);
        let weights = match order {
            1 => Vec::new(),
            // with two levels a half is as accurate and more stable (section 3.3)
            2 => vec![0.5],
            _ => solve(&update.ratios[..order - 1], &update.b[..order - 1]),
        };
        let slopes: Vec<_> = weights
            .into_iter()
            .zip(self.slopes(&update, order))
            .collect();
        self.apply(i, &update, sample, &slopes)
    }

    /// The sample before step `i`, made again from the one before it now that the model has seen it.
    fn correct(&self, i: usize, order: usize, last_sample: &[f32], output: &[f32]) -> Vec<f32> {
        let update = self.update(i - 1, order);
        let weights = if order == 1 {
            vec![0.5]
        } else {
            solve(&update.ratios, &update.b)
        };
        let mut slopes = self.slopes(&update, order);
        slopes.push(match self.outputs.front() {
            Some(newest) => zip(output, newest, |now, before| now - before),
            None => output.to_vec(),
        });
        let slopes: Vec<_> = weights.into_iter().zip(slopes).collect();
        self.apply(i - 1, &update, last_sample, &slopes)
    }
}

/// `ρ` with `Σ_j r_j^k ρ_j = b_k` for k = 0, 1, …: at most three unknowns, by elimination with pivots.
fn solve(ratios: &[f64], b: &[f64]) -> Vec<f64> {
    let count = ratios.len();
    let mut rows: Vec<Vec<f64>> = (0..count)
        .map(|k| {
            ratios
                .iter()
                .map(|r| r.powi(k as i32))
                .chain([b[k]])
                .collect()
        })
        .collect();
    for column in 0..count {
        let pivot = (column..count)
            .max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))
            .unwrap_or(column);
        rows.swap(column, pivot);
        let top = rows[column].clone();
        for (k, row) in rows.iter_mut().enumerate() {
            if k != column {
                let factor = row[column] / top[column];
                for (value, above) in row.iter_mut().zip(&top) {
                    *value -= factor * above;
                }
            }
        }
    }
    rows.iter()
        .enumerate()
        .map(|(k, row)| row[count] / row[k])
        .collect()
}

impl Scheduler for UniPc {
    in_solver_space!();

    fn step(
        &mut self,
        model_output: &[f32],
        i: usize,
        sample: &[f32],
        _: NoiseSource<'_>,
    ) -> Vec<f32> {
        let output = self.converted(model_output, i, sample);
        let corrected = match &self.last {
            Some((last_sample, order)) if !self.is_corrector_off(i) => {
                self.correct(i, *order, last_sample, &output)
            }
            _ => sample.to_vec(),
        };
        self.outputs.truncate(self.solver_order - 1);
        self.outputs.push_front(output);
        let is_last_noiseless = self.space.sigma(i + 1) == 0.0;
        let limit = if self.lower_order_final || is_last_noiseless {
            self.space.steps_left(i)
        } else {
            usize::MAX
        };
        let order = self.solver_order.min(limit).min(self.outputs.len()).max(1);
        let next = self.predict(i, order, &corrected);
        self.last = Some((corrected, order));
        next
    }
}

impl UniPc {
    /// diffusers names the steps of the whole run whose results are not to be corrected.
    fn is_corrector_off(&self, i: usize) -> bool {
        self.space
            .step_index(i)
            .checked_sub(1)
            .is_none_or(|before| self.disable_corrector.contains(&before))
    }
}
