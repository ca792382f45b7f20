//! The text of AUTOMATIC1111's web UI, which most programs can read: the prompt, a line of what is
//! not to be seen, and a line of settings. As `modules/infotext_utils.py` there writes and reads it.

use std::fmt::Write as _;

use super::{Program, Recipe};
use crate::protocol::{NoiseGenerator, SchedulerName, Sigmas};

const NEGATIVE: &str = "Negative prompt:";

/// Samplers by the names that they have there.
const SAMPLERS: &[(&str, SchedulerName)] = &[
    ("DDIM", SchedulerName::Ddim),
    ("PLMS", SchedulerName::Pndm),
    ("LMS", SchedulerName::Lms),
    ("Euler", SchedulerName::Euler),
    ("Euler a", SchedulerName::EulerAncestral),
    ("Heun", SchedulerName::Heun),
    ("DPM++ 2M", SchedulerName::DpmPp2m),
    ("DPM++ 2M SDE", SchedulerName::DpmPp2mSde),
    ("DPM++ SDE", SchedulerName::DpmPpSde),
    ("UniPC", SchedulerName::UniPc),
    ("LCM", SchedulerName::Lcm),
];

/// Spacings by the names that they have there.
const SPACINGS: &[(&str, Sigmas)] = &[
    ("Uniform", Sigmas::Discrete),
    ("Karras", Sigmas::Karras),
    ("Exponential", Sigmas::Exponential),
    ("SGM Uniform", Sigmas::SgmUniform),
];

/// The text for a recipe of ours.
pub(super) fn write(recipe: &Recipe) -> String {
    let sampler = recipe.scheduler.and_then(|ours| {
        let row = SAMPLERS.iter().find(|(_, known)| *known == ours)?;
        Some(row.0.to_owned())
    });
    let spacing = recipe.sigmas.and_then(|ours| {
        let row = SPACINGS.iter().find(|(_, known)| *known == ours)?;
        Some(row.0.to_owned())
    });
    let settings = [
        ("Steps", recipe.num_inference_steps.map(|it| it.to_string())),
        ("Sampler", sampler),
        ("Schedule type", spacing),
        ("CFG scale", recipe.guidance_scale.map(|it| it.to_string())),
        ("Seed", recipe.seed.map(|it| it.to_string())),
        (
            "Size",
            recipe
                .size
                .map(|(width, height)| format!("{width}x{height}")),
        ),
        (
            "Model hash",
            recipe
                .model_hash
                .as_ref()
                .map(|hash| hash.get(..10).unwrap_or(hash).to_owned()),
        ),
        ("Model", recipe.model.clone()),
        // There, 1 leaves out none.
        (
            "Clip skip",
            recipe.clip_skip.map(|it| it.saturating_add(1).to_string()),
        ),
        (
            "Denoising strength",
            recipe.strength.map(|it| it.to_string()),
        ),
        (
            "RNG",
            recipe.generator.map(|generator| {
                let name = match generator {
                    NoiseGenerator::TorchCpu => "CPU",
                    NoiseGenerator::TorchCuda => "NV",
                };
                name.to_owned()
            }),
        ),
        (
            "Version",
            recipe
                .version
                .as_ref()
                .map(|version| format!("companion {version}")),
        ),
    ];
    let settings: Vec<_> = settings
        .into_iter()
        .filter_map(|(key, value)| Some(format!("{key}: {}", quoted(&value?))))
        .collect();
    let mut text = recipe.prompt.trim().to_owned();
    if let Some(negative) = recipe.negative_prompt.as_deref().map(str::trim)
        && !negative.is_empty()
    {
        let _ = write!(text, "\n{NEGATIVE} {negative}");
    }
    text.push('\n');
    text.push_str(&settings.join(", "));
    text
}

/// Reads such a text.
pub(super) fn parse(text: &str) -> Option<Recipe> {
    let text = text.trim();
    let (before, last) = text.rsplit_once('\n').unwrap_or(("", text));
    let mut settings = settings(last);
    // A prompt may end with words and colons, too.
    let is_settings = settings.len() >= 3 || settings.iter().any(|(key, _)| key == "Steps");
    let prompts = if is_settings {
        before
    } else {
        settings.clear();
        text
    };
    if text.is_empty() {
        return None;
    }
    let mut recipe = Recipe::new(Program::A1111);
    let at_line_start = |at: &usize| *at == 0 || prompts[..*at].ends_with('\n');
    let negative = prompts
        .match_indices(NEGATIVE)
        .map(|(at, _)| at)
        .find(at_line_start);
    if let Some(at) = negative {
        prompts[..at].trim().clone_into(&mut recipe.prompt);
        let rest = prompts[at + NEGATIVE.len()..].trim();
        recipe.negative_prompt = (!rest.is_empty()).then(|| rest.to_owned());
    } else {
        prompts.trim().clone_into(&mut recipe.prompt);
    }
    for (key, value) in settings {
        take(&mut recipe, key, value);
    }
    Some(recipe)
}

fn take(recipe: &mut Recipe, key: String, value: String) {
    let is_taken = match key.as_str() {
        "Steps" => set(&mut recipe.num_inference_steps, value.parse().ok()),
        "CFG scale" => set(&mut recipe.guidance_scale, value.parse().ok()),
        "Seed" => set(&mut recipe.seed, value.parse().ok()),
        "Size" => set(&mut recipe.size, size(&value)),
        "Model hash" => set(&mut recipe.model_hash, Some(value.clone())),
        "Model" => set(&mut recipe.model, Some(value.clone())),
        "Denoising strength" => set(&mut recipe.strength, value.parse().ok()),
        "Version" => set(&mut recipe.version, Some(value.clone())),
        "Clip skip" => {
            let layers = value.parse::<u32>().ok();
            set(
                &mut recipe.clip_skip,
                layers.and_then(|it| it.checked_sub(1)),
            )
        }
        "Sampler" => {
            let (scheduler, sigmas) = sampler(&value);
            recipe.scheduler = scheduler;
            recipe.sigmas = recipe.sigmas.or(sigmas);
            set(&mut recipe.sampler, Some(value.clone()))
        }
        "Schedule type" => {
            let row = SPACINGS.iter().find(|(name, _)| *name == value);
            set(&mut recipe.sigmas, row.map(|(_, sigmas)| *sigmas))
        }
        "RNG" => {
            let generator = match value.as_str() {
                "CPU" => Some(NoiseGenerator::TorchCpu),
                "NV" | "GPU" => Some(NoiseGenerator::TorchCuda),
                _ => None,
            };
            set(&mut recipe.generator, generator)
        }
        _ => false,
    };
    if !is_taken {
        recipe.others.push((key, value));
    }
}

fn set<T>(place: &mut Option<T>, value: Option<T>) -> bool {
    let is_set = value.is_some();
    *place = value.or(place.take());
    is_set
}

/// A sampler there; before 1.9 the spacing stood behind its name.
fn sampler(name: &str) -> (Option<SchedulerName>, Option<Sigmas>) {
    let find = |name: &str| {
        let row = SAMPLERS.iter().find(|(known, _)| *known == name);
        row.map(|(_, scheduler)| *scheduler)
    };
    for (word, sigmas) in SPACINGS {
        if let Some(plain) = name.strip_suffix(word).map(str::trim_end)
            && let Some(scheduler) = find(plain)
        {
            return (Some(scheduler), Some(*sigmas));
        }
    }
    (find(name), None)
}

fn size(text: &str) -> Option<(u32, u32)> {
    let (width, height) = text.split_once('x')?;
    Some((width.trim().parse().ok()?, height.trim().parse().ok()?))
}

/// As `json.dumps`, where a comma, a colon or a line would be taken for the next setting.
fn quoted(value: &str) -> String {
    if value.contains([',', ':', '\n', '"']) {
        serde_json::Value::from(value).to_string()
    } else {
        value.to_owned()
    }
}

/// `Key: value, Key: "a value, quoted", Key: {"a": "JSON object"}`
fn settings(line: &str) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    let mut rest = line.trim();
    while let Some((key, after)) = rest.split_once(':') {
        let key = key.trim();
        let is_key = (1..=60).contains(&key.len())
            && key.chars().all(|c| {
                c.is_alphanumeric() || matches!(c, ' ' | '_' | '-' | '/' | '.' | '(' | ')')
            });
        if !is_key {
            break;
        }
        let after = after.trim_start();
        // A value that is JSON may hold commas.
        let mut json = serde_json::Deserializer::from_str(after).into_iter::<serde_json::Value>();
        let structured = match (after.chars().next(), json.next()) {
            (Some('"'), Some(Ok(serde_json::Value::String(text)))) => Some(text),
            (Some('{' | '['), Some(Ok(value))) => Some(value.to_string()),
            _ => None,
        };
        let (value, next) = if let Some(value) = structured {
            let next = after.get(json.byte_offset()..).unwrap_or_default();
            let next = next.trim_start();
            (value, next.strip_prefix(',').unwrap_or_default())
        } else {
            let (value, next) = after.split_once(',').unwrap_or((after, ""));
            (value.trim().to_owned(), next)
        };
        pairs.push((key.to_owned(), value));
        rest = next.trim_start();
    }
    pairs
}
