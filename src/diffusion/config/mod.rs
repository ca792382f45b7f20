//! The `config.json` files of a diffusers folder.
//!
//! Unknown keys are passed over: every release adds some. A key that changes what the network
//! computes, and that this engine has no code for, is an error and not a wrong picture. All sizes
//! are bounded here, so that nothing below has to ask again.

mod autoencoder;
mod clip;
mod published;
mod unet;

use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::error::DiffusionError;

pub(crate) use autoencoder::{AutoencoderKlConfig, AutoencoderTinyConfig};
pub(crate) use clip::ClipTextConfig;
pub use published::Published;
pub(crate) use unet::{AddedConditions, BlockKind, UNetConfig};

/// A configuration of a few kilobytes is long.
const MAX_CONFIG: u64 = 1 << 20;

/// Widths past this are no network that was ever trained.
const MAX_WIDTH: usize = 1 << 16;

/// Levels and layers past this are none either.
const MAX_DEPTH: usize = 128;

/// One value for every block, or one for each.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum PerBlock<T> {
    Same(T),
    Each(Vec<T>),
}

impl<T: Clone> PerBlock<T> {
    /// A value for each of `count` blocks, or `None` if there are not so many.
    fn spread(&self, count: usize) -> Option<Vec<T>> {
        match self {
            Self::Same(value) => Some(vec![value.clone(); count]),
            Self::Each(values) => (values.len() == count).then(|| values.clone()),
        }
    }
}

/// Reads a JSON file of bounded size.
///
/// # Errors
/// If it can't be read, or is no such JSON.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, DiffusionError> {
    let read = |source| DiffusionError::read(path, source);
    if fs::metadata(path).map_err(read)?.len() > MAX_CONFIG {
        return Err(DiffusionError::malformed(
            path,
            "it is too large for a configuration",
        ));
    }
    let text = fs::read(path).map_err(read)?;
    serde_json::from_slice(&text).map_err(|error| DiffusionError::malformed(path, error))
}

/// Checks values and remembers whose they are.
struct Check<'a> {
    path: &'a Path,
}

impl Check<'_> {
    fn refuse<T>(&self, key: &'static str, reason: impl Into<String>) -> Result<T, DiffusionError> {
        Err(DiffusionError::Config {
            path: self.path.to_owned(),
            key,
            reason: reason.into(),
        })
    }

    fn width(&self, key: &'static str, value: usize) -> Result<usize, DiffusionError> {
        if (1..=MAX_WIDTH).contains(&value) {
            Ok(value)
        } else {
            self.refuse(key, format!("{value} is not between 1 and {MAX_WIDTH}"))
        }
    }

    fn depth(&self, key: &'static str, value: usize) -> Result<usize, DiffusionError> {
        if value <= MAX_DEPTH {
            Ok(value)
        } else {
            self.refuse(key, format!("{value} is more than {MAX_DEPTH}"))
        }
    }

    fn divides(&self, key: &'static str, part: usize, whole: usize) -> Result<(), DiffusionError> {
        if part > 0 && whole.is_multiple_of(part) {
            Ok(())
        } else {
            self.refuse(key, format!("{part} does not divide {whole}"))
        }
    }

    fn per_block<T: Clone>(
        &self,
        key: &'static str,
        values: &PerBlock<T>,
        count: usize,
    ) -> Result<Vec<T>, DiffusionError> {
        match values.spread(count) {
            Some(values) => Ok(values),
            None => self.refuse(key, format!("it must have {count} values")),
        }
    }

    /// Refuses a key that asks for what is not implemented.
    fn absent(&self, key: &'static str, is_asked_for: bool) -> Result<(), DiffusionError> {
        if is_asked_for {
            self.refuse(key, "this engine has no such thing")
        } else {
            Ok(())
        }
    }
}

/// `model_index.json`: which components there are.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ModelIndex {
    /// The pipeline's class.
    #[serde(rename = "_class_name")]
    pub(crate) class_name: String,
    /// Whether SDXL's empty negative prompt is zeros instead of the states of an empty text.
    #[serde(default)]
    pub(crate) force_zeros_for_empty_prompt: bool,
    /// Whether SDXL's refiner takes an aesthetic score.
    #[serde(default)]
    pub(crate) requires_aesthetics_score: bool,
}

impl ModelIndex {
    /// Reads the index of a folder.
    ///
    /// # Errors
    /// If it can't be read, or is malformed.
    pub(crate) fn read(folder: &Path) -> Result<Self, DiffusionError> {
        read_json(&folder.join("model_index.json"))
    }
}

/// The configuration of a component, and its path for messages.
pub(crate) fn component_config<T: DeserializeOwned>(
    folder: &Path,
) -> Result<(T, PathBuf), DiffusionError> {
    let path = folder.join("config.json");
    Ok((read_json(&path)?, path))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::env;

    fn unet(change: impl FnOnce(&mut serde_json::Value)) -> Result<UNetConfig, String> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/icons-64/unet/config.json");
        let mut json: serde_json::Value = read_json(&path).expect("a configuration");
        change(&mut json);
        let name = std::thread::current()
            .name()
            .unwrap_or_default()
            .replace("::", "-");
        let folder = env::temp_dir().join(format!("companion-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("config.json"), json.to_string()).expect("written");
        let config = UNetConfig::read(&folder).map_err(|error| error.to_string());
        fs::remove_dir_all(&folder).expect("removed");
        config
    }

    #[test]
    fn unknown_keys_pass_and_keys_that_change_the_network_do_not() {
        let config = unet(|json| json["a_key_of_tomorrow"] = 1.into()).expect("passed over");
        assert_eq!(config.heads, [4, 4, 4]);
        assert_eq!(config.time_embed_dim(), 256);
        let cases: [(&str, serde_json::Value); 9] = [
            ("class_embed_type", "timestep".into()),
            ("mid_block_type", "UNetMidBlock2D".into()),
            ("block_out_channels", serde_json::json!([64, 128])),
            ("block_out_channels", serde_json::json!([])),
            ("norm_num_groups", 0.into()),
            ("attention_head_dim", 5.into()),
            ("cross_attention_dim", 1_000_000.into()),
            ("layers_per_block", serde_json::json!([1, 1, 1_000_000])),
            (
                "only_cross_attention",
                serde_json::json!([true, false, false]),
            ),
        ];
        for (key, value) in cases {
            let error = unet(|json| json[key] = value).expect_err("refused");
            assert!(
                error.contains(key) || error.contains("types") || error.contains("divide"),
                "{key}: {error}"
            );
        }
    }
}
