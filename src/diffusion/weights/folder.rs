//! One component of a diffusers folder: a file, or shards with their index, in any variant.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path};

use super::super::error::DiffusionError;
use super::{StateDict, open_safetensors};

/// An index of the largest published model has 0.3 MB.
const MAX_INDEX: u64 = 16 << 20;

/// The stems that diffusers and transformers save under.
const STEMS: [&str; 2] = ["diffusion_pytorch_model", "model"];

/// The variants, in the order in which they are taken: none is the full precision.
const VARIANTS: [&str; 4] = ["", ".fp16", ".bf16", ".non_ema"];

#[derive(serde::Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// Opens the weights in a component's folder (`unet`, `vae`, `text_encoder`).
///
/// # Errors
/// If there are none, or one of the files is malformed.
pub(crate) fn open_component(folder: &Path) -> Result<StateDict, DiffusionError> {
    for variant in VARIANTS {
        for stem in STEMS {
            let single = folder.join(format!("{stem}{variant}.safetensors"));
            if single.is_file() {
                return open_safetensors(&single);
            }
            // diffusers puts the variant before `.index`, transformers puts it after.
            for name in [
                format!("{stem}.safetensors.index{variant}.json"),
                format!("{stem}{variant}.safetensors.index.json"),
            ] {
                let index = folder.join(name);
                if index.is_file() {
                    return open_shards(folder, &index);
                }
            }
        }
    }
    Err(DiffusionError::malformed(
        folder,
        "it has no safetensors file of weights",
    ))
}

fn open_shards(folder: &Path, index_path: &Path) -> Result<StateDict, DiffusionError> {
    let read = |source| DiffusionError::read(index_path, source);
    if fs::metadata(index_path).map_err(read)?.len() > MAX_INDEX {
        return Err(DiffusionError::malformed(
            index_path,
            "it is too large for an index",
        ));
    }
    let text = fs::read(index_path).map_err(read)?;
    let index: Index = serde_json::from_slice(&text)
        .map_err(|error| DiffusionError::malformed(index_path, error))?;
    let mut dict = StateDict::default();
    for shard in index.weight_map.values().collect::<BTreeSet<_>>() {
        // An index must not lead out of its folder.
        let mut parts = Path::new(shard).components();
        if !matches!(
            (parts.next(), parts.next()),
            (Some(Component::Normal(_)), None)
        ) {
            return Err(DiffusionError::malformed(
                index_path,
                format!("{shard:?} is no name of a file"),
            ));
        }
        for (name, tensor) in open_safetensors(&folder.join(shard))?.iter() {
            dict.insert(name.to_owned(), tensor.clone());
        }
    }
    if let Some(name) = index
        .weight_map
        .keys()
        .find(|name| dict.get(name).is_none())
    {
        return Err(DiffusionError::malformed(
            index_path,
            format!("{name} is in none of its files"),
        ));
    }
    Ok(dict)
}
