//! OpenCLIP's text encoder, whose attention keeps query, key and value in one matrix.

use std::path::Path;

use super::{LazyTensor, StateDict, replace_prefix};
use crate::diffusion::config::Published;
use crate::diffusion::error::DiffusionError;

/// SD 2.x takes the state before the last of OpenCLIP's 24 layers, and diffusers' encoder ends there.
const SD2_LEFT_OUT: &str = "transformer.resblocks.23.";

const OPEN_CLIP_ENDS: &[(&str, &str)] = &[
    (
        "positional_embedding",
        "text_model.embeddings.position_embedding.weight",
    ),
    (
        "token_embedding.weight",
        "text_model.embeddings.token_embedding.weight",
    ),
    ("ln_final.", "text_model.final_layer_norm."),
];

const OPEN_CLIP_LAYER: &[(&str, &str)] = &[
    ("ln_1.", "layer_norm1."),
    ("ln_2.", "layer_norm2."),
    ("mlp.c_fc.", "mlp.fc1."),
    ("mlp.c_proj.", "mlp.fc2."),
    ("attn.out_proj.", "self_attn.out_proj."),
];

/// `text_encoder` of SD 2.x, `text_encoder_2` of SDXL.
pub(super) fn open_clip(
    path: &Path,
    dict: &StateDict,
    prefix: &str,
    family: Published,
) -> Result<StateDict, DiffusionError> {
    let mut out = StateDict::default();
    for (full_name, tensor) in dict.iter() {
        let Some(name) = full_name.strip_prefix(prefix) else {
            continue;
        };
        if let Some(name) = replace_prefix(name, OPEN_CLIP_ENDS) {
            out.insert(name, tensor.clone());
        } else if name == "text_projection" && family == Published::Sdxl {
            out.insert(
                "text_projection.weight".to_owned(),
                transposed(path, full_name, tensor)?,
            );
        } else if family != Published::Sd2 || !name.starts_with(SD2_LEFT_OUT) {
            let layer = name
                .strip_prefix("transformer.resblocks.")
                .and_then(|rest| rest.split_once('.'));
            let Some((layer, rest)) = layer else { continue };
            let layer = format!("text_model.encoder.layers.{layer}");
            if let Some(name) = replace_prefix(rest, OPEN_CLIP_LAYER) {
                out.insert(format!("{layer}.{name}"), tensor.clone());
            } else if let Some(kind) = rest.strip_prefix("attn.in_proj_") {
                let thirds = thirds(path, full_name, tensor)?;
                for (part, third) in ["q_proj", "k_proj", "v_proj"].into_iter().zip(thirds) {
                    out.insert(format!("{layer}.self_attn.{part}.{kind}"), third);
                }
            }
        }
    }
    Ok(out)
}

/// `nn.MultiheadAttention` stacks the weights of query, key and value.
fn thirds(path: &Path, name: &str, tensor: &LazyTensor) -> Result<[LazyTensor; 3], DiffusionError> {
    let [rows, rest @ ..] = tensor.shape() else {
        return Err(DiffusionError::malformed(
            path,
            format!("{name} has no rows"),
        ));
    };
    if rows % 3 != 0 {
        return Err(DiffusionError::malformed(
            path,
            format!("{name} has {rows} rows, which is no multiple of 3"),
        ));
    }
    let shape: Vec<usize> = [&[rows / 3], rest].concat();
    let count = shape.iter().product::<usize>();
    Ok([0, 1, 2].map(|third| {
        let source = tensor.clone();
        LazyTensor::derived(shape.clone(), tensor.stored(), move || {
            let mut numbers = source.read()?;
            numbers.truncate((third + 1) * count);
            Ok(numbers.split_off((third * count).min(numbers.len())))
        })
    }))
}

/// OpenCLIP multiplies from the other side.
fn transposed(path: &Path, name: &str, tensor: &LazyTensor) -> Result<LazyTensor, DiffusionError> {
    let &[rows, columns] = tensor.shape() else {
        return Err(DiffusionError::malformed(
            path,
            format!("{name} is no matrix"),
        ));
    };
    let source = tensor.clone();
    Ok(LazyTensor::derived(
        vec![columns, rows],
        tensor.stored(),
        move || {
            let numbers = source.read()?;
            Ok((0..columns)
                .flat_map(|column| numbers.iter().skip(column).step_by(columns.max(1)).copied())
                .collect())
        },
    ))
}
