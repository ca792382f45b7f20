//! The graphs that ComfyUI writes: `prompt`, as it was run, and `workflow`, as it was drawn. The
//! sampler's node is looked for, and from there upstream what it was given.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::{Map, Value, json};

use super::{Program, Recipe, as_f32, as_text, as_u32, as_u64};
use crate::protocol::{SchedulerName, Sigmas};

/// How far a graph is followed.
const MAX_NODES: usize = 5_000;
const MAX_VISITS: usize = 400;

const SAMPLERS: &[(&str, SchedulerName)] = &[
    ("ddim", SchedulerName::Ddim),
    ("lms", SchedulerName::Lms),
    ("euler", SchedulerName::Euler),
    ("euler_ancestral", SchedulerName::EulerAncestral),
    ("heun", SchedulerName::Heun),
    ("dpmpp_2m", SchedulerName::DpmPp2m),
    ("dpmpp_2m_sde", SchedulerName::DpmPp2mSde),
    ("dpmpp_2m_sde_gpu", SchedulerName::DpmPp2mSde),
    ("dpmpp_sde", SchedulerName::DpmPpSde),
    ("dpmpp_sde_gpu", SchedulerName::DpmPpSde),
    ("uni_pc", SchedulerName::UniPc),
    ("lcm", SchedulerName::Lcm),
];

const SPACINGS: &[(&str, Sigmas)] = &[
    ("normal", Sigmas::Discrete),
    ("karras", Sigmas::Karras),
    ("exponential", Sigmas::Exponential),
    ("sgm_uniform", Sigmas::SgmUniform),
];

/// Reads the graph as it was run.
pub(super) fn parse_prompt(text: &str) -> Option<Recipe> {
    let value: Value = serde_json::from_str(&without_nan(text)).ok()?;
    Graph::new(value)?.recipe()
}

/// Reads the graph as it was drawn: the values of its nodes have no names there, so that only the
/// usual nodes can be understood.
pub(super) fn parse_workflow(text: &str) -> Option<Recipe> {
    let value: Value = serde_json::from_str(&without_nan(text)).ok()?;
    Graph::new(named(&value)?)?.recipe()
}

struct Graph {
    nodes: Map<String, Value>,
}

impl Graph {
    fn new(value: Value) -> Option<Self> {
        let Value::Object(nodes) = value else {
            return None;
        };
        let is_graph = nodes.values().any(|node| node.get("class_type").is_some());
        (is_graph && nodes.len() <= MAX_NODES).then_some(Self { nodes })
    }

    fn class(&self, id: &str) -> &str {
        let class = self.nodes.get(id).and_then(|node| node.get("class_type"));
        class.and_then(Value::as_str).unwrap_or_default()
    }

    fn input(&self, id: &str, name: &str) -> Option<&Value> {
        self.nodes.get(id)?.get("inputs")?.get(name)
    }

    /// The node that an input is connected with: inputs are values, or `[node, output]`.
    fn linked(&self, id: &str, name: &str) -> Option<String> {
        link(self.input(id, name)?)
    }

    /// The value of an input, or of what it is connected with.
    fn value(&self, id: &str, names: &[&str]) -> Option<&Value> {
        let mut id = id.to_owned();
        let mut names = names.to_vec();
        for _ in 0..16 {
            let input = names.iter().find_map(|name| self.input(&id, name))?;
            let Some(next) = link(input) else {
                return Some(input);
            };
            id = next;
            // What primitive nodes call theirs.
            names.extend([
                "value",
                "seed",
                "noise_seed",
                "int",
                "float",
                "text",
                "string",
            ]);
        }
        None
    }

    fn recipe(&self) -> Option<Recipe> {
        let sampler = self.sampler()?;
        let mut recipe = Recipe::new(Program::ComfyUi);
        // SamplerCustomAdvanced has its settings in nodes of their own.
        let part = |name: &str| {
            self.linked(&sampler, name)
                .unwrap_or_else(|| sampler.clone())
        };
        let (noise, guider) = (part("noise"), part("guider"));
        let (method, sigmas) = (part("sampler"), part("sigmas"));
        recipe.seed = self.value(&noise, &["seed", "noise_seed"]).and_then(as_u64);
        recipe.num_inference_steps = self.value(&sigmas, &["steps"]).and_then(as_u32);
        recipe.guidance_scale = self.value(&guider, &["cfg"]).and_then(as_f32);
        recipe.strength = self
            .value(&sigmas, &["denoise"])
            .and_then(as_f32)
            .filter(|strength| *strength < 1.0);
        recipe.sampler = self.value(&method, &["sampler_name"]).and_then(as_text);
        let spacing = self.value(&sigmas, &["scheduler"]).and_then(as_text);
        recipe.scheduler = recipe.sampler.as_ref().and_then(|name| {
            let row = SAMPLERS.iter().find(|(known, _)| known == name);
            row.map(|(_, scheduler)| *scheduler)
        });
        recipe.sigmas = spacing.as_ref().and_then(|name| {
            let row = SPACINGS.iter().find(|(known, _)| known == name);
            row.map(|(_, sigmas)| *sigmas)
        });
        if let (Some(sampler), Some(spacing)) = (&mut recipe.sampler, &spacing) {
            let _ = write!(sampler, ", {spacing}");
        }
        let positive = ["positive", "conditioning"];
        let texts = |names: &[&str]| {
            let from = names.iter().find_map(|name| self.linked(&guider, name))?;
            let texts = self.texts(from, names);
            (!texts.is_empty()).then(|| texts.join("\n"))
        };
        recipe.prompt = texts(&positive).unwrap_or_default();
        recipe.negative_prompt = texts(&["negative"]);
        let latents = self
            .linked(&sampler, "latent_image")
            .or_else(|| self.linked(&sampler, "latent"));
        recipe.size = latents.and_then(|from| {
            self.upstream(from, &[]).into_iter().find_map(|id| {
                let side = |name| self.value(&id, &[name]).and_then(as_u32);
                Some((side("width")?, side("height")?))
            })
        });
        let model = self
            .linked(&guider, "model")
            .or_else(|| self.linked(&sigmas, "model"));
        for id in model
            .map(|from| self.upstream(from, &["model"]))
            .unwrap_or_default()
        {
            let named = |name| self.value(&id, &[name]).and_then(as_text);
            let file = named("ckpt_name").or_else(|| named("unet_name"));
            recipe.model = recipe.model.or(file);
            if let Some(lora) = named("lora_name") {
                let strength = self.value(&id, &["strength_model"]).and_then(as_f32);
                let strength = strength.map_or_else(String::new, |it| format!(" at {it}"));
                recipe
                    .others
                    .push(("LoRA".to_owned(), format!("{lora}{strength}")));
            }
        }
        Some(recipe)
    }

    /// The sampler whose picture was saved; else any.
    fn sampler(&self) -> Option<String> {
        let is_sampler = |id: &String| {
            let class = self.class(id);
            (class.contains("KSampler") && class != "KSamplerSelect")
                || class.starts_with("SamplerCustom")
                || self.input(id, "sampler_name").is_some() && self.input(id, "steps").is_some()
        };
        let saved = self.nodes.keys().filter(|id| {
            let class = self.class(id);
            class.contains("SaveImage") || class.contains("PreviewImage")
        });
        saved
            .flat_map(|id| self.upstream(id.clone(), &[]))
            .find(is_sampler)
            .or_else(|| self.nodes.keys().find(|id| is_sampler(id)).cloned())
    }

    /// The nodes that one depends on, nearest first; through inputs of these names only, if some
    /// are given and the node has one of them.
    fn upstream(&self, from: String, names: &[&str]) -> Vec<String> {
        let mut seen = BTreeSet::from([from.clone()]);
        let mut order = vec![from];
        let mut at = 0;
        while let Some(id) = order.get(at).cloned() {
            at += 1;
            let inputs = self.nodes.get(&id).and_then(|node| node.get("inputs"));
            let Some(inputs) = inputs.and_then(Value::as_object) else {
                continue;
            };
            let named: Vec<_> = names.iter().filter_map(|name| inputs.get(*name)).collect();
            let followed = if named.is_empty() {
                inputs.values().collect()
            } else {
                named
            };
            for next in followed.into_iter().filter_map(link) {
                if order.len() < MAX_VISITS && seen.insert(next.clone()) {
                    order.push(next);
                }
            }
        }
        order
    }

    /// The texts that went into a conditioning, in order, each once.
    fn texts(&self, from: String, names: &[&str]) -> Vec<String> {
        let mut texts: Vec<String> = Vec::new();
        for id in self.upstream(from, names) {
            if !self.class(&id).contains("TextEncode") {
                continue;
            }
            for name in ["text", "text_g", "text_l", "t5xxl", "clip_l", "prompt"] {
                let text = self.value(&id, &[name]).and_then(as_text);
                if let Some(text) = text.filter(|text| !texts.contains(text)) {
                    texts.push(text);
                }
            }
        }
        texts
    }
}

/// `["4", 1]`
fn link(value: &Value) -> Option<String> {
    match value.as_array()?.as_slice() {
        [Value::String(id), Value::Number(_)] => Some(id.clone()),
        [Value::Number(id), Value::Number(_)] => Some(id.to_string()),
        _ => None,
    }
}

/// Makes of the drawn form what the other one would be, as far as the usual nodes go.
fn named(workflow: &Value) -> Option<Value> {
    /// The values of a node stand in this order.
    const WIDGETS: &[(&str, &[&str])] = &[
        (
            "KSampler",
            &[
                "seed",
                "",
                "steps",
                "cfg",
                "sampler_name",
                "scheduler",
                "denoise",
            ],
        ),
        (
            "KSamplerAdvanced",
            &[
                "",
                "noise_seed",
                "",
                "steps",
                "cfg",
                "sampler_name",
                "scheduler",
            ],
        ),
        ("CLIPTextEncode", &["text"]),
        ("EmptyLatentImage", &["width", "height"]),
        ("CheckpointLoaderSimple", &["ckpt_name"]),
        ("UNETLoader", &["unet_name"]),
        ("LoraLoader", &["lora_name", "strength_model"]),
    ];
    let links = workflow.get("links")?.as_array()?;
    // The number of a link → the node that it comes from.
    let sources: BTreeMap<u64, &Value> = links
        .iter()
        .filter_map(|link| Some((link.get(0)?.as_u64()?, link.get(1)?)))
        .collect();
    let mut nodes = Map::new();
    for node in workflow.get("nodes")?.as_array()?.iter().take(MAX_NODES) {
        let (Some(id), Some(class)) = (node.get("id"), node.get("type").and_then(Value::as_str))
        else {
            continue;
        };
        let mut inputs = Map::new();
        for input in node
            .get("inputs")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
        {
            let source = input.get("link").and_then(Value::as_u64);
            let source = source.and_then(|number| sources.get(&number));
            if let (Some(name), Some(source)) = (input.get("name").and_then(Value::as_str), source)
            {
                inputs.insert(name.to_owned(), json!([source, 0]));
            }
        }
        let row = WIDGETS.iter().find(|(known, _)| *known == class);
        let values = node.get("widgets_values").and_then(Value::as_array);
        for (name, value) in row
            .into_iter()
            .flat_map(|(_, names)| *names)
            .zip(values.into_iter().flatten())
        {
            if !name.is_empty() && !inputs.contains_key(*name) {
                inputs.insert((*name).to_owned(), value.clone());
            }
        }
        let entry = json!({ "class_type": class, "inputs": inputs });
        nodes.insert(id.to_string().trim_matches('"').to_owned(), entry);
    }
    Some(Value::Object(nodes))
}

/// Python writes NaN, which is no JSON: where it stands outside of text it becomes null.
fn without_nan(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let (mut is_inside, mut is_escaped) = (false, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if !is_inside && let Some(after) = rest.strip_prefix("NaN") {
            clean.push_str("null");
            rest = after;
            continue;
        }
        is_inside ^= c == '"' && !is_escaped;
        is_escaped = is_inside && c == '\\' && !is_escaped;
        clean.push(c);
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    clean
}
