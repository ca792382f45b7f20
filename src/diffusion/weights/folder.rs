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

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    struct Scratch(PathBuf);

    impl Scratch {
        fn new(name: &str) -> Self {
            let path =
                std::env::temp_dir().join(format!("companion-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).expect("a folder");
            Self(path)
        }

        /// A file with one number under a name.
        fn shard(&self, file: &str, tensor: &str, value: f32) {
            let header =
                format!(r#"{{"{tensor}":{{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}}}"#);
            let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
            bytes.extend(header.as_bytes());
            bytes.extend(value.to_le_bytes());
            fs::write(self.0.join(file), bytes).expect("written");
        }

        fn index(&self, map: &str) -> Result<StateDict, String> {
            let text = format!(r#"{{"metadata":{{}},"weight_map":{{{map}}}}}"#);
            let path = self
                .0
                .join("diffusion_pytorch_model.safetensors.index.json");
            fs::write(path, text).expect("written");
            open_component(&self.0).map_err(|error| error.to_string())
        }
    }

    impl Drop for Scratch {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn full_precision_goes_before_a_variant_and_a_variant_before_nothing() {
        let folder = Scratch::new("variants");
        assert!(open_component(&folder.0).is_err());
        folder.shard("model.fp16.safetensors", "half", 1.0);
        let dict = open_component(&folder.0).expect("a variant");
        assert!(dict.get("half").is_some());
        folder.shard("model.safetensors", "full", 1.0);
        let dict = open_component(&folder.0).expect("full precision");
        assert!(dict.get("full").is_some());
    }

    #[test]
    fn shards_come_together_and_an_index_that_lies_is_an_error() {
        let folder = Scratch::new("shards");
        folder.shard("one.safetensors", "a", 1.0);
        folder.shard("two.safetensors", "b", 2.0);
        let dict = folder.index(r#""a":"one.safetensors","b":"two.safetensors""#);
        let dict = dict.expect("both are there");
        let read = |name| dict.get(name).expect("there").read().expect("read");
        assert_eq!((read("a"), read("b")), (vec![1.0], vec![2.0]));
        for (map, expected) in [
            (r#""c":"one.safetensors""#, "c is in none"),
            (r#""a":"../one.safetensors""#, "no name of a file"),
            (r#""a":"/etc/passwd""#, "no name of a file"),
            (r#""a":"three.safetensors""#, "cannot read"),
        ] {
            let error = folder.index(map).err().expect("refused");
            assert!(error.contains(expected), "{error}");
        }
    }
}
