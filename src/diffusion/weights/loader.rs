//! From a [`StateDict`] to the parameters of a model, with every fault by its name.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt::Display;

use burn_tensor::{DType, Distribution, TensorData};

use super::super::error::{DiffusionError, WeightFaults};
use super::super::tensor::{Device, Tensor};
use super::StateDict;

/// Tensors that files carry and that no forward pass needs: buffers of old versions of
/// transformers, the other half of CLIP.
const HARMLESS: [&str; 4] = [
    "position_ids",
    "logit_scale",
    "num_batches_tracked",
    "text_projection.weight",
];

/// Hands out the parameters of one model, and remembers what it could not hand out.
///
/// A fault does not stop the construction: the model that comes of it is dropped by
/// [`Self::finish`], which then tells all the faults at once.
pub(crate) struct Loader<'a> {
    source: Source<'a>,
    device: &'a Device,
    dtype: DType,
    used: RefCell<BTreeSet<String>>,
    faults: RefCell<WeightFaults>,
    error: RefCell<Option<DiffusionError>>,
    parameters: Cell<u64>,
}

enum Source<'a> {
    Dict(&'a StateDict),
    /// Weights for measuring: of the right shape and scale, and without sense.
    Random,
}

impl<'a> Loader<'a> {
    /// Takes the parameters from `dict`, onto `device`, as `dtype`.
    pub(crate) fn new(dict: &'a StateDict, device: &'a Device, dtype: DType) -> Self {
        Self::with_source(Source::Dict(dict), device, dtype)
    }

    /// Draws the parameters at random, for measuring a model without its weights.
    pub(crate) fn random(device: &'a Device, dtype: DType) -> Self {
        Self::with_source(Source::Random, device, dtype)
    }

    fn with_source(source: Source<'a>, device: &'a Device, dtype: DType) -> Self {
        Self {
            source,
            device,
            dtype,
            used: RefCell::default(),
            faults: RefCell::default(),
            error: RefCell::default(),
            parameters: Cell::new(0),
        }
    }

    /// The names without a prefix.
    pub(crate) fn root(&self) -> Scope<'_> {
        Scope {
            loader: self,
            prefix: String::new(),
        }
    }

    /// Gives the model if every parameter was there and nothing was left over.
    ///
    /// # Errors
    /// With what is missing, surplus or misshaped, or with what the disk said.
    pub(crate) fn finish<M>(self, model: M, name: &str) -> Result<M, DiffusionError> {
        let mut faults = self.faults.into_inner();
        if let Source::Dict(dict) = self.source {
            let used = self.used.into_inner();
            faults.surplus = dict
                .iter()
                .map(|(name, _)| name)
                .filter(|name| !used.contains(*name))
                .filter(|name| !HARMLESS.iter().any(|harmless| name.ends_with(harmless)))
                .map(str::to_owned)
                .collect();
        }
        if !faults.is_empty() {
            return Err(DiffusionError::Weights {
                model: name.to_owned(),
                faults,
            });
        }
        match self.error.into_inner() {
            Some(error) => Err(error),
            None => Ok(model),
        }
    }

    fn parameter<const D: usize>(&self, name: String, shape: [usize; D]) -> Tensor<D> {
        let dict = match self.source {
            Source::Dict(dict) => dict,
            Source::Random => return self.draw(shape),
        };
        let Some(tensor) = dict.get(&name) else {
            self.faults.borrow_mut().missing.push(name);
            return self.placeholder();
        };
        let fits = tensor.shape() == shape
            // Attention of the VAE is stored as a 1×1 convolution or as a linear layer, by age.
            || (tensor.shape().iter().filter(|extent| **extent != 1)).eq(shape.iter().filter(|extent| **extent != 1));
        self.used.borrow_mut().insert(name.clone());
        if !fits {
            let misshaped = (name, shape.to_vec(), tensor.shape().to_vec());
            self.faults.borrow_mut().misshaped.push(misshaped);
            return self.placeholder();
        }
        match tensor.read() {
            Ok(numbers) => {
                self.parameters
                    .set(self.parameters.get() + numbers.len() as u64);
                let data = TensorData::new(numbers, shape);
                Tensor::from_data(data, (self.device, self.dtype))
            }
            Err(error) => {
                self.error.borrow_mut().get_or_insert(error);
                self.placeholder()
            }
        }
    }

    /// Stands in for a parameter of a model that will not be handed out.
    fn placeholder<const D: usize>(&self) -> Tensor<D> {
        Tensor::zeros([1; D], self.device)
    }

    fn draw<const D: usize>(&self, shape: [usize; D]) -> Tensor<D> {
        let fan_in = shape.iter().skip(1).product::<usize>().max(1);
        let spread = 1.0 / (fan_in as f64).sqrt();
        Tensor::random(
            shape,
            Distribution::Uniform(-spread, spread),
            (self.device, self.dtype),
        )
    }
}

/// A place in the tree of names.
pub(crate) struct Scope<'a> {
    loader: &'a Loader<'a>,
    prefix: String,
}

impl Scope<'_> {
    /// The place below, as in PyTorch's dotted names.
    pub(crate) fn at(&self, name: impl Display) -> Self {
        Self {
            loader: self.loader,
            prefix: self.name(name),
        }
    }

    /// The parameter of that name and shape.
    pub(crate) fn parameter<const D: usize>(&self, name: &str, shape: [usize; D]) -> Tensor<D> {
        self.loader.parameter(self.name(name), shape)
    }

    /// Which of several names, oldest convention last, the file has; the first if it has none.
    pub(crate) fn at_one_of(&self, names: &[&'static str]) -> Self {
        let exists = |name: &&&str| match self.loader.source {
            Source::Dict(dict) => dict.get(&self.name(format!("{name}.weight"))).is_some(),
            Source::Random => true,
        };
        let name = names.iter().find(exists).or(names.first());
        self.at(name.copied().unwrap_or_default())
    }

    fn name(&self, name: impl Display) -> String {
        if self.prefix.is_empty() {
            name.to_string()
        } else {
            format!("{}.{name}", self.prefix)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::device::ComputeDevice;
    use super::super::super::model::layers::Linear;
    use super::super::{LazyTensor, StoredType};
    use super::*;

    fn tensor(shape: &[usize]) -> LazyTensor {
        let count = shape.iter().product();
        LazyTensor::derived(shape.to_vec(), StoredType::F32, move || {
            Ok(vec![1.0; count])
        })
    }

    fn load(tensors: &[(&str, &[usize])]) -> Result<Linear, DiffusionError> {
        let tensors = tensors
            .iter()
            .map(|(name, shape)| ((*name).to_owned(), tensor(shape)));
        let dict: StateDict = tensors.collect();
        let cpu = ComputeDevice::cpu();
        let loader = Loader::new(&dict, cpu.device(), DType::F32);
        let linear = Linear::new(&loader.root().at("net").at(0), 3, 2);
        loader.finish(linear, "unet")
    }

    #[test]
    fn what_is_missing_surplus_or_misshaped_is_named_and_nothing_runs() {
        assert!(load(&[("net.0.weight", &[2, 3]), ("net.0.bias", &[2])]).is_ok());
        assert!(
            load(&[
                ("net.0.weight", &[2, 3, 1, 1]),
                ("net.0.bias", &[2]),
                ("embeddings.position_ids", &[1, 77]),
            ])
            .is_ok()
        );
        let error = load(&[("net.0.weight", &[3, 2]), ("net.1.weight", &[1])]);
        let Err(DiffusionError::Weights { model, faults }) = error else {
            panic!("half a model was handed out");
        };
        assert_eq!(model, "unet");
        assert_eq!(faults.missing, ["net.0.bias"]);
        assert_eq!(faults.surplus, ["net.1.weight"]);
        assert_eq!(
            faults.misshaped,
            [("net.0.weight".to_owned(), vec![2, 3], vec![3, 2])]
        );
        assert_eq!(
            faults.to_string(),
            "missing: net.0.bias; misshaped: net.0.weight ([3, 2] for [2, 3]); surplus: net.1.weight"
        );
    }
}
