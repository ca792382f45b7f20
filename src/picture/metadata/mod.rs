//! How a picture was made, as far as its file tells: written for our own, read for those of
//! others too.
//!
//! Invariants: what is in a file is not trusted: text chunks are bounded in size and number, a
//! compressed one is unpacked up to that bound, graphs are followed a bounded way. The texts are
//! not sanitised: who shows them does that.

mod a1111;
mod chunks;
mod comfy;
mod invoke;
mod ours;
#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

use serde_json::Value;

use crate::protocol::{ImageRequest, NoiseGenerator, SchedulerName, Sigmas};

pub(crate) use ours::{Made, encode_png};

/// Who made a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// We did.
    Companion,
    /// AUTOMATIC1111's web UI, or one of the many that write as it does.
    A1111,
    /// ComfyUI.
    ComfyUi,
    /// InvokeAI.
    InvokeAi,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Companion => "companion",
            Self::A1111 => "A1111",
            Self::ComfyUi => "ComfyUI",
            Self::InvokeAi => "InvokeAI",
        })
    }
}

/// How a picture was made. All text in it is untrusted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Recipe {
    /// Who made it.
    pub made_by: Program,
    /// Which version of that.
    pub version: Option<String>,
    /// What is to be seen.
    pub prompt: String,
    /// What is not to be seen.
    pub negative_prompt: Option<String>,
    /// The model's name.
    pub model: Option<String>,
    /// Its hash, or the beginning of it.
    pub model_hash: Option<String>,
    /// The sampler, as that program calls it.
    pub sampler: Option<String>,
    /// The sampler, as we call it.
    pub scheduler: Option<SchedulerName>,
    /// Its spacing, as we call it.
    pub sigmas: Option<Sigmas>,
    /// How many denoising steps.
    pub num_inference_steps: Option<u32>,
    /// How strongly the prompt pulled.
    pub guidance_scale: Option<f32>,
    /// Of the noise.
    pub seed: Option<u64>,
    /// Whose random numbers, if it is told.
    pub generator: Option<NoiseGenerator>,
    /// Width and height that were asked for, in pixels.
    pub size: Option<(u32, u32)>,
    /// How many of the text encoder's last layers were left out.
    pub clip_skip: Option<u32>,
    /// How far from a first picture it went.
    pub strength: Option<f32>,
    /// On which device, and how long it took.
    pub device: Option<String>,
    /// Milliseconds.
    pub duration_ms: Option<u64>,
    /// What else is told, as it is told.
    pub others: Vec<(String, String)>,
}

impl Recipe {
    pub(super) fn new(made_by: Program) -> Self {
        Self {
            made_by,
            version: None,
            prompt: String::new(),
            negative_prompt: None,
            model: None,
            model_hash: None,
            sampler: None,
            scheduler: None,
            sigmas: None,
            num_inference_steps: None,
            guidance_scale: None,
            seed: None,
            generator: None,
            size: None,
            clip_skip: None,
            strength: None,
            device: None,
            duration_ms: None,
            others: Vec::new(),
        }
    }

    /// What to ask for to make it again, as far as we know how. The model is left open: another
    /// program's name for it may be none of ours.
    pub fn to_request(&self) -> ImageRequest {
        ImageRequest {
            prompt: self.prompt.clone(),
            negative_prompt: self.negative_prompt.clone(),
            size: self.size,
            num_inference_steps: self.num_inference_steps,
            guidance_scale: self.guidance_scale,
            seed: self.seed,
            generator: self.generator.unwrap_or_default(),
            scheduler: self.scheduler,
            sigmas: self.sigmas,
            clip_skip: self.clip_skip,
            ..ImageRequest::default()
        }
    }

    /// What is told, row by row: a word, and the text for it. The one list that is printed.
    pub fn rows(&self) -> Vec<(String, String)> {
        let number = |number: Option<f32>| number.map(|number| number.to_string());
        let made_by = match &self.version {
            Some(version) => format!("{} {version}", self.made_by),
            None => self.made_by.to_string(),
        };
        let model = self.model.as_ref().map(|model| match &self.model_hash {
            Some(hash) => format!("{model} ({})", hash.get(..10).unwrap_or(hash)),
            None => model.clone(),
        });
        let ours = [
            self.scheduler.map(SchedulerName::name),
            self.sigmas.map(Sigmas::name),
        ];
        let ours: Vec<_> = ours.into_iter().flatten().collect();
        let sampler = match (&self.sampler, ours.as_slice()) {
            (Some(sampler), []) => Some(sampler.clone()),
            (Some(sampler), ours) if self.made_by != Program::Companion => {
                Some(format!("{} ({sampler})", ours.join(", ")))
            }
            (_, []) => None,
            (_, ours) => Some(ours.join(", ")),
        };
        let rows = [
            ("made by", Some(made_by)),
            ("prompt", Some(self.prompt.clone())),
            ("negative", self.negative_prompt.clone()),
            ("model", model.or_else(|| self.model_hash.clone())),
            ("scheduler", sampler),
            ("steps", self.num_inference_steps.map(|it| it.to_string())),
            ("guidance", number(self.guidance_scale)),
            ("seed", self.seed.map(|it| it.to_string())),
            ("generator", self.generator.map(|it| it.to_string())),
            (
                "size",
                self.size.map(|(width, height)| format!("{width}×{height}")),
            ),
            ("clip skip", self.clip_skip.map(|it| it.to_string())),
            ("strength", number(self.strength)),
            ("device", self.device.clone()),
            (
                "took",
                self.duration_ms
                    .map(|ms| format!("{:.1} s", Duration::from_millis(ms).as_secs_f64())),
            ),
        ];
        let told = rows
            .into_iter()
            .filter_map(|(name, text)| Some((name.to_owned(), text?)))
            .filter(|(_, text)| !text.trim().is_empty());
        told.chain(self.others.iter().cloned()).collect()
    }
}

/// What the text chunks of a picture tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct PictureMetadata {
    /// How it was made, if one of the formats that we know is there.
    pub recipe: Option<Recipe>,
    /// Every text with its keyword, untrusted.
    pub texts: Vec<(String, String)>,
    /// What was not read, and why.
    pub problems: Vec<String>,
}

impl PictureMetadata {
    /// Reads what a PNG tells of itself. Other bytes tell nothing.
    pub fn read(bytes: &[u8]) -> Self {
        let (texts, problems) = chunks::read_texts(bytes);
        let text_of = |keyword: &str| {
            let found = texts.iter().find(|(known, _)| known == keyword);
            found.map(|(_, text)| text.as_str())
        };
        // What says the most goes first: ours, then what names its maker, then the loose ones.
        let recipe = text_of(ours::KEYWORD)
            .and_then(ours::parse)
            .or_else(|| text_of("invokeai_metadata").and_then(invoke::parse))
            .or_else(|| text_of("sd-metadata").and_then(invoke::parse_old))
            .or_else(|| text_of("parameters").and_then(a1111::parse))
            .or_else(|| text_of("prompt").and_then(comfy::parse_prompt))
            .or_else(|| text_of("workflow").and_then(comfy::parse_workflow))
            .or_else(|| text_of("Dream").and_then(invoke::parse_dream));
        Self {
            recipe,
            texts,
            problems,
        }
    }
}

/// JSON that says numbers as numbers or as text.
fn as_f32(value: &Value) -> Option<f32> {
    let number = match value {
        Value::Number(number) => number.as_f64()? as f32,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// As [`as_f32`], for what is counted.
fn as_u64(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

fn as_u32(value: &Value) -> Option<u32> {
    as_u64(value)?.try_into().ok()
}

/// Text that says something.
fn as_text(value: &Value) -> Option<String> {
    value
        .as_str()
        .filter(|text| !text.trim().is_empty())
        .map(str::to_owned)
}
