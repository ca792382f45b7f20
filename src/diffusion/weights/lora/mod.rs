//! LoRA files, merged into the weights: `W += strength · α/r · B·A` (arXiv 2106.09685, section 4.1).
//!
//! Whatever the file calls its layers ([`names`]), the sum is the same for linear layers and convolutions: A has
//! `r` rows, B has `r` columns, and a kernel counts as part of a row. A merge is computed when its weight is read,
//! so it costs no memory beside the LoRA itself.
//!
//! Absent on purpose: `LoHa`, `LoKr`, `DoRA`, mid matrices of `LoCon` and `lora_B.bias`, which are refused by name,
//! and the α of diffusers' `lora_adapter_metadata` (without an alpha tensor α = r).

mod names;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use burn_tensor::DType;

use super::{LazyTensor, StateDict, StoredType};
use crate::diffusion::device::ComputeDevice;
use crate::diffusion::error::{DiffusionError, WeightFaults};
use crate::diffusion::tensor::{to_device, to_host};
use names::{Component, Part, Targets};

/// The networks that a LoRA is merged into.
pub(crate) struct LoraTargets<'a> {
    /// `unet`.
    pub(crate) unet: &'a mut StateDict,
    /// `text_encoder`, and SDXL's `text_encoder_2`.
    pub(crate) text_encoders: &'a mut [&'a mut StateDict],
}

/// The layers of a file by the names that it gives them.
pub(crate) struct Lora {
    path: PathBuf,
    layers: BTreeMap<String, Layer>,
}

#[derive(Default)]
struct Layer {
    down: Option<LazyTensor>,
    up: Option<LazyTensor>,
    alpha: Option<LazyTensor>,
}

impl Lora {
    /// Sorts a file's tensors into layers.
    ///
    /// # Errors
    ///
    /// If the file holds something else than down, up and alpha, or nothing.
    pub(crate) fn new(path: &Path, dict: &StateDict) -> Result<Self, DiffusionError> {
        let mut layers: BTreeMap<String, Layer> = BTreeMap::new();
        for (name, tensor) in dict.iter() {
            let Some((layer, part)) = names::split(name) else {
                return Err(DiffusionError::Unsupported {
                    path: path.to_owned(),
                    what: format!("{name} in a LoRA"),
                });
            };
            let layer = layers.entry(layer.to_owned()).or_default();
            let place = match part {
                Part::Down => &mut layer.down,
                Part::Up => &mut layer.up,
                Part::Alpha => &mut layer.alpha,
            };
            *place = Some(tensor.clone());
        }
        if layers.is_empty() {
            return Err(DiffusionError::malformed(path, "it has no tensors"));
        }
        Ok(Self {
            path: path.to_owned(),
            layers,
        })
    }

    /// Merges every layer into its weight.
    ///
    /// # Errors
    ///
    /// If a layer has no weight to go to, or a matrix another shape than its weight; then nothing is merged.
    pub(crate) fn merge(
        &self,
        targets: LoraTargets<'_>,
        strength: f32,
    ) -> Result<(), DiffusionError> {
        let index = Targets::new(targets.unet, targets.text_encoders);
        let mut faults = WeightFaults::default();
        let mut merged = Vec::new();
        for (name, layer) in &self.layers {
            let Some((component, weight)) = index.find(name) else {
                faults.surplus.push(name.clone());
                continue;
            };
            let (Some(down), Some(up)) = (&layer.down, &layer.up) else {
                faults.missing.push(name.clone());
                continue;
            };
            let dict = match component {
                Component::Unet => Some(&*targets.unet),
                Component::TextEncoder(i) => targets.text_encoders.get(i).map(|dict| &**dict),
            };
            let Some(base) = dict.and_then(|dict| dict.get(&weight)) else {
                faults.surplus.push(name.clone());
                continue;
            };
            let alpha = layer.alpha.as_ref().map(LazyTensor::read).transpose()?;
            let alpha = alpha.and_then(|alpha| alpha.first().copied());
            match add(base, down, up, alpha, strength) {
                Some(tensor) => merged.push((component, weight, tensor)),
                None => faults.misshaped.push((
                    name.clone(),
                    base.shape().to_vec(),
                    up.shape().to_vec(),
                )),
            }
        }
        if !faults.is_empty() {
            return Err(DiffusionError::Weights {
                model: format!("LoRA {}", self.path.display()),
                faults,
            });
        }
        for (component, weight, tensor) in merged {
            match component {
                Component::Unet => targets.unet.insert(weight, tensor),
                Component::TextEncoder(i) => targets
                    .text_encoders
                    .get_mut(i)
                    .and_then(|dict| dict.insert(weight, tensor)),
            };
        }
        Ok(())
    }
}

/// A weight with a layer added to it, or `None` if the shapes do not fit.
fn add(
    base: &LazyTensor,
    down: &LazyTensor,
    up: &LazyTensor,
    alpha: Option<f32>,
    strength: f32,
) -> Option<LazyTensor> {
    let (&rows, row) = base.shape().split_first()?;
    let (&rank, down_row) = down.shape().split_first()?;
    let (&up_rows, up_row) = up.shape().split_first()?;
    let columns = row.iter().product::<usize>();
    let fits = down_row.iter().product::<usize>() == columns
        && up_row.iter().product::<usize>() == rank
        && up_rows == rows
        && rank > 0
        && columns > 0;
    if !fits {
        return None;
    }
    #[expect(clippy::cast_precision_loss, reason = "a rank is a small number")]
    let scale = strength * alpha.map_or(1.0, |alpha| alpha / rank as f32);
    let (source, down, up) = (base.clone(), down.clone(), up.clone());
    let read = move || {
        let cpu = ComputeDevice::cpu();
        let matrix =
            |numbers, shape: [usize; 2]| to_device(numbers, shape, cpu.device(), DType::F32);
        let (mut weight, down, up) = (source.read()?, down.read()?, up.read()?);
        let product = matrix(up, [rows, rank]).matmul(matrix(down, [rank, columns]));
        for (weight, change) in weight.iter_mut().zip(to_host(product, "merging a LoRA")?) {
            *weight += scale * change;
        }
        Ok(weight)
    };
    Some(LazyTensor::derived(
        base.shape().to_vec(),
        StoredType::F32,
        read,
    ))
}
