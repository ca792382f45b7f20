//! What InvokeAI writes: `invokeai_metadata` since version 3, `sd-metadata` before, and the line of
//! a command, `Dream`, in the first ones.

use serde_json::Value;

use super::{Program, Recipe, as_f32, as_text, as_u32, as_u64};
use crate::protocol::{SchedulerName, Sigmas};

/// Samplers by the names that they have there: version 3's, and those before.
const SAMPLERS: &[(&str, SchedulerName, Option<Sigmas>)] = &[
    ("ddim", SchedulerName::Ddim, None),
    ("pndm", SchedulerName::Pndm, None),
    ("plms", SchedulerName::Pndm, None),
    ("lms", SchedulerName::Lms, None),
    ("k_lms", SchedulerName::Lms, None),
    ("euler", SchedulerName::Euler, None),
    ("euler_k", SchedulerName::Euler, Some(Sigmas::Karras)),
    ("k_euler", SchedulerName::Euler, None),
    ("euler_a", SchedulerName::EulerAncestral, None),
    ("k_euler_a", SchedulerName::EulerAncestral, None),
    ("heun", SchedulerName::Heun, None),
    ("heun_k", SchedulerName::Heun, Some(Sigmas::Karras)),
    ("k_heun", SchedulerName::Heun, None),
    ("dpmpp_2m", SchedulerName::DpmPp2m, None),
    ("dpmpp_2m_k", SchedulerName::DpmPp2m, Some(Sigmas::Karras)),
    ("k_dpmpp_2", SchedulerName::DpmPp2m, None),
    ("dpmpp_2m_sde", SchedulerName::DpmPp2mSde, None),
    (
        "dpmpp_2m_sde_k",
        SchedulerName::DpmPp2mSde,
        Some(Sigmas::Karras),
    ),
    ("dpmpp_sde", SchedulerName::DpmPpSde, None),
    ("dpmpp_sde_k", SchedulerName::DpmPpSde, Some(Sigmas::Karras)),
    ("unipc", SchedulerName::UniPc, None),
    ("unipc_k", SchedulerName::UniPc, Some(Sigmas::Karras)),
    ("lcm", SchedulerName::Lcm, None),
];

/// Since version 3.
pub(super) fn parse(text: &str) -> Option<Recipe> {
    let value: Value = serde_json::from_str(text).ok()?;
    value.as_object()?;
    let get = |name: &str| value.get(name);
    let mut recipe = Recipe::new(Program::InvokeAi);
    recipe.version = get("app_version").and_then(as_text);
    recipe.prompt = get("positive_prompt").and_then(as_text).unwrap_or_default();
    recipe.negative_prompt = get("negative_prompt").and_then(as_text);
    recipe.seed = get("seed").and_then(as_u64);
    recipe.num_inference_steps = get("steps").and_then(as_u32);
    recipe.guidance_scale = get("cfg_scale").and_then(as_f32);
    recipe.size = size(&value);
    recipe.strength = get("strength").and_then(as_f32);
    recipe.clip_skip = get("clip_skip").and_then(as_u32).filter(|skip| *skip > 0);
    take_sampler(&mut recipe, get("scheduler").and_then(as_text));
    if let Some(model) = get("model") {
        let name = model.get("name").or_else(|| model.get("model_name"));
        recipe.model = name.and_then(as_text).or_else(|| as_text(model));
        let hash = model.get("hash").and_then(as_text);
        // `blake3:…`, `sha256:…`
        recipe.model_hash = hash.map(|hash| {
            hash.rsplit_once(':')
                .map_or(hash.clone(), |(_, hash)| hash.to_owned())
        });
    }
    let loras = get("loras").and_then(Value::as_array);
    for lora in loras.into_iter().flatten().take(50) {
        let model = lora.get("model").or_else(|| lora.get("lora"));
        let name = model.and_then(|model| model.get("name").or_else(|| model.get("model_name")));
        if let Some(name) = name.and_then(as_text) {
            let weight = lora.get("weight").and_then(as_f32);
            let weight = weight.map_or_else(String::new, |it| format!(" at {it}"));
            recipe
                .others
                .push(("LoRA".to_owned(), format!("{name}{weight}")));
        }
    }
    is_something(recipe)
}

/// Before version 3.
pub(super) fn parse_old(text: &str) -> Option<Recipe> {
    let value: Value = serde_json::from_str(text).ok()?;
    let image = value.get("image")?;
    let get = |name: &str| image.get(name);
    let mut recipe = Recipe::new(Program::InvokeAi);
    recipe.version = value.get("app_version").and_then(as_text);
    recipe.model = value
        .get("model_weights")
        .or_else(|| value.get("model"))
        .and_then(as_text);
    recipe.model_hash = value.get("model_hash").and_then(as_text);
    let prompt = match get("prompt") {
        Some(Value::Array(parts)) => {
            let parts = parts.iter().filter_map(|part| part.get("prompt")?.as_str());
            parts.collect::<Vec<_>>().join(" ")
        }
        Some(Value::String(text)) => text.clone(),
        _ => String::new(),
    };
    (recipe.prompt, recipe.negative_prompt) = split_negative(&prompt);
    recipe.seed = get("seed").and_then(as_u64);
    recipe.num_inference_steps = get("steps").and_then(as_u32);
    recipe.guidance_scale = get("cfg_scale").and_then(as_f32);
    recipe.size = size(image);
    recipe.strength = get("strength").and_then(as_f32);
    take_sampler(&mut recipe, get("sampler").and_then(as_text));
    is_something(recipe)
}

/// `"a prompt [not this]" -s 50 -S 1234 -W 512 -H 512 -C 7.5 -A k_lms`
pub(super) fn parse_dream(text: &str) -> Option<Recipe> {
    let (prompt, flags) = text.trim().strip_prefix('"')?.rsplit_once('"')?;
    let mut recipe = Recipe::new(Program::InvokeAi);
    (recipe.prompt, recipe.negative_prompt) = split_negative(prompt);
    let (mut width, mut height) = (None, None);
    for flag in flags
        .split_whitespace()
        .filter_map(|flag| flag.strip_prefix('-'))
    {
        let Some((name, value)) = flag.split_at_checked(1) else {
            continue;
        };
        match name {
            "s" => recipe.num_inference_steps = value.parse().ok(),
            "S" => recipe.seed = value.parse().ok(),
            "W" => width = value.parse().ok(),
            "H" => height = value.parse().ok(),
            "C" => recipe.guidance_scale = value.parse().ok(),
            "A" => take_sampler(&mut recipe, Some(value.to_owned())),
            _ => {}
        }
    }
    // A flag may stand before its value, too.
    let words: Vec<_> = flags.split_whitespace().collect();
    for pair in words.windows(2) {
        match *pair {
            ["-s", value] => recipe.num_inference_steps = value.parse().ok(),
            ["-S", value] => recipe.seed = value.parse().ok(),
            ["-W", value] => width = value.parse().ok(),
            ["-H", value] => height = value.parse().ok(),
            ["-C", value] => recipe.guidance_scale = value.parse().ok(),
            ["-A", value] => take_sampler(&mut recipe, Some(value.to_owned())),
            _ => {}
        }
    }
    recipe.size = width.zip(height);
    is_something(recipe)
}

fn take_sampler(recipe: &mut Recipe, name: Option<String>) {
    let row = name
        .as_ref()
        .and_then(|name| SAMPLERS.iter().find(|(known, ..)| known == name));
    if let Some(&(_, scheduler, sigmas)) = row {
        recipe.scheduler = Some(scheduler);
        recipe.sigmas = sigmas;
    }
    recipe.sampler = name;
}

/// What is not to be seen stood in brackets.
fn split_negative(prompt: &str) -> (String, Option<String>) {
    let (mut plain, mut negative) = (String::new(), Vec::new());
    let mut rest = prompt;
    while let Some((before, after)) = rest.split_once('[') {
        let Some((inside, behind)) = after.split_once(']') else {
            break;
        };
        plain.push_str(before);
        negative.push(inside.trim());
        rest = behind;
    }
    plain.push_str(rest);
    let negative = negative.join(", ");
    (
        plain.trim().to_owned(),
        (!negative.is_empty()).then_some(negative),
    )
}

fn size(value: &Value) -> Option<(u32, u32)> {
    let side = |name: &str| value.get(name).and_then(as_u32);
    Some((side("width")?, side("height")?))
}

fn is_something(recipe: Recipe) -> Option<Recipe> {
    (!recipe.prompt.is_empty() || recipe.seed.is_some()).then_some(recipe)
}
