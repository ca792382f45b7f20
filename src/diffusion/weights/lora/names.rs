//! What LoRA files call their layers.
//!
//! - kohya: `lora_unet_down_blocks_0_…_to_q.lora_down.weight`, `lora_te_…`, `lora_te1_…`, `lora_te2_…`, and for SDXL
//!   with LDM's blocks, `lora_unet_input_blocks_4_1_…`: dots have become underscores, so layers are found by the
//!   flattened names of the weights that there are;
//! - PEFT and diffusers: `unet.….to_q.lora_A.weight`, `base_model.model.…`;
//! - diffusers before PEFT: `unet.….to_q.lora.down.weight`, `….lora_linear_layer.down.weight` and
//!   `unet.….attn1.processor.to_q_lora.down.weight`.

use std::collections::HashMap;

use super::super::StateDict;
use super::super::ldm::{UNET_ENDS, UNET_RESNET, unet_name};

/// Which of a layer's tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A.
    Down,
    /// B.
    Up,
    /// α.
    Alpha,
}

/// Which of the networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Component {
    Unet,
    /// By its place: 0 is the first.
    TextEncoder(usize),
}

const SUFFIXES: &[(&str, Part)] = &[
    (".lora_down.weight", Part::Down),
    (".lora_up.weight", Part::Up),
    (".alpha", Part::Alpha),
    (".lora_A.weight", Part::Down),
    (".lora_B.weight", Part::Up),
    (".lora_A.default.weight", Part::Down),
    (".lora_B.default.weight", Part::Up),
    (".lora.down.weight", Part::Down),
    (".lora.up.weight", Part::Up),
    (".lora_linear_layer.down.weight", Part::Down),
    (".lora_linear_layer.up.weight", Part::Up),
    ("_lora.down.weight", Part::Down),
    ("_lora.up.weight", Part::Up),
];

/// A tensor's layer and its part in it.
pub(super) fn split(name: &str) -> Option<(&str, Part)> {
    SUFFIXES
        .iter()
        .find_map(|(suffix, part)| Some((name.strip_suffix(suffix)?, *part)))
}

const PREFIXES: &[(&str, Component)] = &[
    ("lora_unet_", Component::Unet),
    ("lora_te1_", Component::TextEncoder(0)),
    ("lora_te2_", Component::TextEncoder(1)),
    ("lora_te_", Component::TextEncoder(0)),
    ("unet.", Component::Unet),
    ("text_encoder_2.", Component::TextEncoder(1)),
    ("text_encoder.", Component::TextEncoder(0)),
];

/// The weights that there are, by their flattened names.
pub(super) struct Targets {
    unet: HashMap<String, String>,
    text_encoders: Vec<HashMap<String, String>>,
    blocks_per_level: usize,
}

fn flattened(dict: &StateDict) -> HashMap<String, String> {
    let layer = |name: &str| {
        Some((
            name.strip_suffix(".weight")?.replace('.', "_"),
            name.to_owned(),
        ))
    };
    dict.iter().filter_map(|(name, _)| layer(name)).collect()
}

impl Targets {
    pub fn new(unet: &StateDict, text_encoders: &[&mut StateDict]) -> Self {
        let resnets = (0..).take_while(|i| {
            unet.get(&format!("down_blocks.0.resnets.{i}.conv1.weight"))
                .is_some()
        });
        Self {
            unet: flattened(unet),
            text_encoders: text_encoders.iter().map(|dict| flattened(dict)).collect(),
            blocks_per_level: resnets.count() + 1,
        }
    }

    /// The network and the name of the weight that a layer belongs to.
    pub fn find(&self, layer: &str) -> Option<(Component, String)> {
        let layer = layer.strip_prefix("base_model.model.").unwrap_or(layer);
        let prefixed = PREFIXES
            .iter()
            .find_map(|(prefix, component)| Some((*component, layer.strip_prefix(prefix)?)));
        let (component, name) = prefixed.unwrap_or(if layer.starts_with("text_model.") {
            (Component::TextEncoder(0), layer)
        } else {
            (Component::Unet, layer)
        });
        let name = name.replace('.', "_");
        let weight = match component {
            Component::Unet => self.find_in_unet(&name),
            Component::TextEncoder(i) => {
                // before PEFT the text encoder's layers had the names of the UNet's
                let renamed = ["q", "k", "v", "out"].into_iter().find_map(|part| {
                    let block = name.strip_suffix(&format!("_self_attn_to_{part}"))?;
                    Some(format!("{block}_self_attn_{part}_proj"))
                });
                self.text_encoders
                    .get(i)?
                    .get(renamed.as_ref().unwrap_or(&name))
                    .cloned()
            }
        }?;
        Some((component, weight))
    }

    fn find_in_unet(&self, name: &str) -> Option<String> {
        let found = |name: &str| self.unet.get(name).cloned();
        found(name)
            .or_else(|| found(&name.replace("_processor_", "_")))
            .or_else(|| found(&format!("{}_0", name.replace("_processor_", "_"))))
            .or_else(|| found(&self.diffusers_name(name)?))
    }

    /// The flattened name of diffusers for a flattened one of LDM.
    fn diffusers_name(&self, name: &str) -> Option<String> {
        let flat = |name: &str| name.trim_end_matches('.').replace('.', "_");
        if let Some((_, new)) = UNET_ENDS.iter().find(|(old, _)| flat(old) == name) {
            return Some(flat(new));
        }
        let (kind, rest) = ["input_blocks", "output_blocks", "middle_block"]
            .into_iter()
            .find_map(|kind| Some((kind, name.strip_prefix(kind)?.strip_prefix('_')?)))?;
        // the numbers are apart again, and so are the names of a ResBlock; what is left is the same in both
        let parts = if kind == "middle_block" { 1 } else { 2 };
        let mut words = rest.splitn(parts + 1, '_');
        let mut dotted = kind.to_owned();
        for _ in 0..parts {
            dotted.push('.');
            dotted.push_str(words.next()?);
        }
        let rest = words.next()?;
        let resnet = UNET_RESNET
            .iter()
            .map(|(old, _)| *old)
            .chain(["op.", "conv."])
            .find(|old| flat(old) == rest);
        let dotted = format!("{dotted}.{}", resnet.unwrap_or(rest));
        unet_name(&dotted, self.blocks_per_level).map(|name| flat(&name))
    }
}
