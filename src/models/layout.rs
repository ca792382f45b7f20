//! The diffusers layout: which files of a folder, or of a repository, a model consists of.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

/// The file that makes a folder a model.
pub(super) const INDEX_FILE: &str = "model_index.json";

/// Components that pipelines have and that companion has no use for.
const UNUSED: &[&str] = &["safety_checker", "feature_extractor", "image_encoder"];
/// What weights are called, less their variant, shard and extension.
const WEIGHT_STEMS: &[&str] = &["diffusion_pytorch_model", "model", "pytorch_model"];
/// What a tokenizer may bring along.
const TOKENIZER_FILES: &[&str] = &[
    "tokenizer.json",
    "vocab.json",
    "merges.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
];

/// `model_index.json`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Index {
    /// The pipeline's class in diffusers.
    pub class_name: String,
    /// The folders of its components, in order.
    pub components: Vec<String>,
}

impl Index {
    /// Takes the index over; `None` if it is none.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let value: Value = serde_json::from_slice(bytes).ok()?;
        let object = value.as_object()?;
        let class_name = object.get("_class_name")?.as_str()?.to_owned();
        let components = object.iter().filter_map(|(name, value)| {
            // ["library", "Class"], or [null, null] for what is left out.
            let is_there = matches!(
                value.as_array().map(Vec::as_slice),
                Some([Value::String(_), Value::String(_)])
            );
            let is_plain = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            (is_there && is_plain && !name.starts_with('_') && !UNUSED.contains(&name.as_str()))
                .then(|| name.clone())
        });
        Some(Self {
            class_name,
            components: components.collect(),
        })
    }
}

/// What a model needs of the files that there are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Needed {
    /// Configs, tokenizers and indexes of shards, relative to the model's folder.
    pub small: Vec<String>,
    /// Weights.
    pub weights: Vec<String>,
    /// What should be there and is not, in words.
    pub missing: Vec<String>,
    /// Components that do not have the variant that was asked for.
    pub without_variant: Vec<String>,
}

/// Chooses the files of a model: for each component its config, and its weights in the variant
/// that is asked for if it has that one; safetensors before pickles.
pub(super) fn select(index: &Index, files: &BTreeSet<String>, variant: Option<&str>) -> Needed {
    let mut needed = Needed {
        small: vec![INDEX_FILE.to_owned()],
        ..Needed::default()
    };
    for component in &index.components {
        if component.starts_with("tokenizer") {
            tokenizer(component, files, &mut needed);
        } else if component.starts_with("scheduler") {
            require(
                format!("{component}/scheduler_config.json"),
                files,
                &mut needed,
            );
        } else {
            require(format!("{component}/config.json"), files, &mut needed);
            weights(component, files, variant, &mut needed);
        }
    }
    needed
}

fn require(file: String, files: &BTreeSet<String>, needed: &mut Needed) {
    if files.contains(&file) {
        needed.small.push(file);
    } else {
        needed.missing.push(file);
    }
}

fn tokenizer(component: &str, files: &BTreeSet<String>, needed: &mut Needed) {
    let has = |name: &str| files.contains(&format!("{component}/{name}"));
    let has_parts = has("vocab.json") && has("merges.txt");
    if !has("tokenizer.json") && !has_parts {
        needed.missing.push(format!(
            "{component}/tokenizer.json, or vocab.json with merges.txt"
        ));
    }
    let present = TOKENIZER_FILES.iter().filter(|name| has(name));
    needed
        .small
        .extend(present.map(|name| format!("{component}/{name}")));
}

/// What the name of a weight file says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct WeightName<'a> {
    is_pickle: bool,
    variant: Option<&'a str>,
    /// Which of how many.
    shard: Option<(u32, u32)>,
}

impl<'a> WeightName<'a> {
    /// `diffusion_pytorch_model.fp16-00001-of-00002.safetensors`
    fn parse(name: &'a str) -> Option<Self> {
        let (mut rest, is_pickle) = match name.strip_suffix(".safetensors") {
            Some(rest) => (rest, false),
            None => (name.strip_suffix(".bin")?, true),
        };
        let (mut shard, mut variant) = (None, None);
        // The variant stands before the shard in newer names, behind it in older ones.
        for _ in 0..3 {
            if WEIGHT_STEMS.contains(&rest) {
                return Some(Self {
                    is_pickle,
                    variant,
                    shard,
                });
            }
            if let Some((before, number)) = split_shard(rest) {
                (rest, shard) = (before, Some(number));
            } else {
                let (before, name) = rest.rsplit_once('.')?;
                (rest, variant) = (before, Some(name));
            }
        }
        None
    }
}

fn split_shard(name: &str) -> Option<(&str, (u32, u32))> {
    let (rest, count) = name.rsplit_once("-of-")?;
    let (rest, number) = rest.rsplit_once('-')?;
    let digits = |text: &str| (text.len() == 5).then(|| text.parse().ok()).flatten();
    Some((rest, (digits(number)?, digits(count)?)))
}

fn weights(component: &str, files: &BTreeSet<String>, wanted: Option<&str>, needed: &mut Needed) {
    let prefix = format!("{component}/");
    let names: Vec<&str> = files
        .iter()
        .filter_map(|file| file.strip_prefix(&prefix))
        .collect();
    let mut groups: BTreeMap<(bool, Option<&str>), Vec<(&str, Option<(u32, u32)>)>> =
        BTreeMap::new();
    for name in &names {
        if let Some(parsed) = WeightName::parse(name) {
            let key = (parsed.is_pickle, parsed.variant);
            groups.entry(key).or_default().push((name, parsed.shard));
        }
    }
    let mut order = vec![(false, wanted), (false, None), (true, wanted), (true, None)];
    // A half is better than nothing; what an optimiser kept is not meant for pictures.
    order.extend(
        groups
            .keys()
            .filter(|(_, variant)| *variant != Some("non_ema")),
    );
    let Some((key, group)) = order
        .iter()
        .find_map(|key| groups.get(key).map(|group| (*key, group)))
    else {
        needed.missing.push(format!("weights in {component}/"));
        return;
    };
    if wanted.is_some() && key.1 != wanted {
        needed.without_variant.push(component.to_owned());
    }
    if let Some((whole, _)) = group.iter().find(|(_, shard)| shard.is_none()) {
        needed.weights.push(format!("{prefix}{whole}"));
        return;
    }
    let count = group
        .iter()
        .filter_map(|(_, shard)| shard.map(|(_, count)| count));
    let count = count.max().unwrap_or_default();
    if group.len() < count as usize {
        needed.missing.push(format!(
            "{} of {count} shards in {prefix}",
            count as usize - group.len()
        ));
    }
    needed
        .weights
        .extend(group.iter().map(|(name, _)| format!("{prefix}{name}")));
    let indexes = names
        .iter()
        .filter(|name| name.contains(".index.") && name.strip_suffix(".json").is_some());
    needed
        .small
        .extend(indexes.map(|name| format!("{prefix}{name}")));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(files: &[&str], variant: Option<&str>) -> Needed {
        let index = Index {
            class_name: "StableDiffusionPipeline".to_owned(),
            components: vec!["unet".to_owned()],
        };
        let files = files.iter().map(|file| format!("unet/{file}"));
        let files = files.chain(["unet/config.json".to_owned()]).collect();
        select(&index, &files, variant)
    }

    fn weights_of(files: &[&str], variant: Option<&str>) -> Vec<String> {
        let needed = chosen(files, variant);
        assert_eq!(needed.missing, [""; 0], "{files:?}");
        let names = needed.weights.iter();
        names.map(|name| name["unet/".len()..].to_owned()).collect()
    }

    const PLAIN: &str = "diffusion_pytorch_model.safetensors";
    const HALF: &str = "diffusion_pytorch_model.fp16.safetensors";
    const PICKLE: &str = "diffusion_pytorch_model.bin";
    const NON_EMA: &str = "diffusion_pytorch_model.non_ema.safetensors";

    #[test]
    fn one_set_of_weights_is_chosen() {
        let all = [
            PLAIN,
            HALF,
            PICKLE,
            NON_EMA,
            "openvino_model.bin",
            "model.onnx",
        ];
        assert_eq!(weights_of(&all, None), [PLAIN]);
        assert_eq!(weights_of(&all, Some("fp16")), [HALF]);
        assert_eq!(weights_of(&[PICKLE, PLAIN], Some("fp16")), [PLAIN]);
        assert_eq!(weights_of(&[PICKLE], None), [PICKLE]);
        assert_eq!(weights_of(&[HALF], None), [HALF]);
        assert_eq!(chosen(&[PLAIN], Some("fp16")).without_variant, ["unet"]);
        assert_eq!(chosen(&[NON_EMA], None).missing, ["weights in unet/"]);
    }

    #[test]
    fn shards_come_together_with_their_index() {
        let one = "diffusion_pytorch_model-00001-of-00002.safetensors";
        let two = "diffusion_pytorch_model-00002-of-00002.safetensors";
        let index = "diffusion_pytorch_model.safetensors.index.json";
        assert_eq!(weights_of(&[two, one, index], None), [one, two]);
        let small = chosen(&[one, two, index], None).small;
        assert!(small.contains(&format!("unet/{index}")), "{small:?}");
        assert_eq!(chosen(&[one], None).missing, ["1 of 2 shards in unet/"]);
        let new = "diffusion_pytorch_model.fp16-00001-of-00001.safetensors";
        let old = "diffusion_pytorch_model-00001-of-00001.fp16.safetensors";
        assert_eq!(weights_of(&[new], Some("fp16")), [new]);
        assert_eq!(weights_of(&[old], Some("fp16")), [old]);
    }

    #[test]
    fn an_index_names_what_is_used() {
        let index = Index::parse(
            br#"{"_class_name": "StableDiffusionPipeline", "_diffusers_version": "0.35",
                 "unet": ["diffusers", "UNet2DConditionModel"], "safety_checker": ["x", "Y"],
                 "image_encoder": [null, null], "../x": ["a", "B"], "requires_safety_checker": true}"#,
        )
        .expect("an index");
        assert_eq!(index.components, ["unet"]);
        for wrong in [&b"[]"[..], b"{", b"", b"{\"_class_name\": 1}"] {
            assert_eq!(Index::parse(wrong), None);
        }
    }
}
