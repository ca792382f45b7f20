//! The flags of `companion imagine` and `/imagine`: one table for both.

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, CommandFactory, Parser};

use super::image::{DeviceKind, ImageRequest, NoiseGenerator, SchedulerName, Sigmas, UnknownName};

/// What can be said about pictures besides the prompt.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct ImageFlags {
    /// Width and height in pixels, as 512x512 [default: the model's]
    #[arg(long, value_name = "WxH", value_parser = size)]
    size: Option<(u32, u32)>,
    /// Denoising steps [default: the model's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    steps: Option<u32>,
    /// How strongly the prompt pulls; 1 is no guidance [default: the model's]
    #[arg(long, value_name = "SCALE", value_parser = number)]
    guidance: Option<f32>,
    /// Counters the overexposure of strong guidance, 0 to 1
    #[arg(long, value_name = "SHARE", value_parser = share)]
    guidance_rescale: Option<f32>,
    /// Of the noise: the same seed, the same picture [default: drawn and told]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The sampler [default: the model's]
    #[arg(long, value_name = "NAME", value_parser = named(SchedulerName::ALL, SchedulerName::name))]
    scheduler: Option<SchedulerName>,
    /// How the sampler spaces its noise levels [default: the model's]
    #[arg(long, value_name = "NAME", value_parser = named(Sigmas::ALL, Sigmas::name))]
    sigmas: Option<Sigmas>,
    /// A model: `companion models list` has them [default: /model, or the one that comes along]
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// What is not to be seen
    #[arg(long, value_name = "TEXT")]
    negative: Option<String>,
    /// A style that wraps the prompt: watercolor, pixel-art, … [default: none]
    #[arg(long, value_name = "NAME")]
    style: Option<String>,
    /// A picture to begin with
    #[arg(long, value_name = "IMAGE")]
    init: Option<PathBuf>,
    /// How far from that picture: 0 is not at all, 1 ignores it [default: 0.8]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    strength: Option<f32>,
    /// A picture of where to paint: white is painted anew, black is kept
    #[arg(long, value_name = "IMAGE")]
    mask: Option<PathBuf>,
    /// A file of finished latents to decode instead of drawing: what is left when memory ran out
    #[arg(long, value_name = "FILE")]
    latents: Option<PathBuf>,
    /// How many pictures, with seeds that follow each other
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=64))]
    count: Option<u32>,
    /// A LoRA file, with its strength if that is not 1; may be repeated
    #[arg(long, value_name = "FILE[:STRENGTH]", value_parser = |text: &str| Ok::<_, String>(lora(text)))]
    lora: Vec<(PathBuf, f32)>,
    /// How many of the text encoder's last layers are left out
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=12))]
    clip_skip: Option<u32>,
    /// Whose random numbers: as diffusers draws them on a CPU, or as on a GPU [default: cpu]
    #[arg(long, value_name = "NAME", value_parser = named(NoiseGenerator::ALL, NoiseGenerator::name))]
    generator: Option<NoiseGenerator>,
    /// Where to compute [default: the best that there is]
    #[arg(long, value_name = "NAME", value_parser = named(DeviceKind::ALL, DeviceKind::name))]
    device: Option<DeviceKind>,
}

/// The flags and the words of the prompt.
#[derive(Debug, Parser)]
#[command(name = "imagine", no_binary_name = true, disable_help_flag = true)]
struct Line {
    #[command(flatten)]
    flags: ImageFlags,
    #[arg(value_name = "PROMPT", required_unless_present = "latents")]
    words: Vec<String>,
}

impl ImageFlags {
    /// The request that they make with this prompt.
    #[must_use]
    pub fn with_prompt(self, prompt: String) -> ImageRequest {
        ImageRequest {
            prompt,
            negative_prompt: self.negative,
            style: self.style,
            model: self.model,
            size: self.size,
            num_inference_steps: self.steps,
            guidance_scale: self.guidance,
            guidance_rescale: self.guidance_rescale.unwrap_or_default(),
            seed: self.seed,
            generator: self.generator.unwrap_or_default(),
            scheduler: self.scheduler,
            sigmas: self.sigmas,
            clip_skip: self.clip_skip,
            count: self.count,
            init: self.init,
            strength: self.strength,
            mask: self.mask,
            latents: self.latents,
            loras: self.lora,
            device: self.device,
        }
    }

    /// The names of the flags with what they mean and the values that can be listed, for
    /// completion.
    #[must_use]
    pub fn table() -> Vec<(String, String, Vec<String>)> {
        let command = Line::command();
        let flags = command.get_arguments().filter_map(|flag| {
            let name = format!("--{}", flag.get_long()?);
            let help = flag.get_help().map(ToString::to_string).unwrap_or_default();
            let values = flag.get_possible_values();
            let values = values.iter().map(|value| value.get_name().to_owned());
            Some((name, help, values.collect()))
        });
        flags.collect()
    }
}

impl FromStr for ImageRequest {
    type Err = String;

    /// Reads `a red apple --steps 20 --negative "text, logo"`: the prompt needs no quotes.
    fn from_str(line: &str) -> Result<Self, String> {
        let line = Line::try_parse_from(words(line)).map_err(|error| in_a_line(&error))?;
        Ok(line.flags.with_prompt(line.words.join(" ")))
    }
}

/// Words, separated by spaces; between double quotes, spaces belong to the word. A single quote is
/// an apostrophe.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut word: Option<String> = None;
    let mut is_quoted = false;
    for c in line.chars() {
        match c {
            // Within a word, as in 12" wide, it is itself.
            '"' if is_quoted
                || word.is_none()
                || word.as_ref().is_some_and(|word| word.ends_with('=')) =>
            {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            c if c.is_whitespace() && !is_quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// What clap says, as a sentence for one line.
fn in_a_line(error: &clap::Error) -> String {
    let text = error.render().to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let words: Vec<&str> = first.split_whitespace().collect();
    if error.kind() == clap::error::ErrorKind::MissingRequiredArgument {
        return "say what is to be seen, as in: /imagine a red apple".to_owned();
    }
    let mut lines = text.lines().map(str::trim);
    let tip = lines.find_map(|line| line.strip_prefix("tip: "));
    let tip = tip.map(|tip| format!("; {tip}")).unwrap_or_default();
    words.join(" ") + &tip
}

fn named<T>(all: &'static [T], name: fn(T) -> &'static str) -> impl TypedValueParser<Value = T>
where
    T: Copy + FromStr<Err = UnknownName> + Send + Sync + 'static,
{
    PossibleValuesParser::new(all.iter().map(|one| name(*one))).try_map(|name| name.parse::<T>())
}

fn size(text: &str) -> Result<(u32, u32), String> {
    let sides = text.split_once(['x', 'X', '×']);
    let (width, height) = sides.unwrap_or((text, text));
    let side = |side: &str| side.trim().parse::<u32>().ok().filter(|side| *side > 0);
    match (side(width), side(height)) {
        (Some(width), Some(height)) => Ok((width, height)),
        _ => Err("a size is two numbers of pixels, as in 512x768".to_owned()),
    }
}

fn number(text: &str) -> Result<f32, String> {
    let number = text.parse().ok().filter(|number: &f32| number.is_finite());
    number.ok_or_else(|| "not a number".to_owned())
}

fn share(text: &str) -> Result<f32, String> {
    let number = number(text)
        .ok()
        .filter(|share| (0.0..=1.0).contains(share));
    number.ok_or_else(|| "not a number from 0 to 1".to_owned())
}

/// What is no number behind a colon is a part of the path.
fn lora(text: &str) -> (PathBuf, f32) {
    let parts = text.rsplit_once(':');
    let parts = parts.and_then(|(path, strength)| Some((path, number(strength).ok()?)));
    let (path, strength) = parts.unwrap_or((text, 1.0));
    (path.into(), strength)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_prompt_with_flags_anywhere() {
        let request: ImageRequest = "a worker's 12\" helmet --seed 7 --negative \"text, logo\" \
             --size 64x96 --scheduler euler_a --lora a:b.safetensors --lora c:0.5 on a shelf"
            .parse()
            .expect("a request");
        assert_eq!(request.prompt, "a worker's 12\" helmet on a shelf");
        assert_eq!(request.negative_prompt.as_deref(), Some("text, logo"));
        assert_eq!((request.seed, request.size), (Some(7), Some((64, 96))));
        assert_eq!(request.scheduler, Some(SchedulerName::EulerAncestral));
        let loras = [("a:b.safetensors".into(), 1.0), ("c".into(), 0.5)];
        assert_eq!(request.loras, loras);
        let request: ImageRequest = "x --negative=\"a b\"".parse().expect("one");
        assert_eq!(request.negative_prompt.as_deref(), Some("a b"));
    }

    #[test]
    fn what_is_wrong_is_said_in_a_line() {
        for (line, what) in [
            ("", "say what is to be seen"),
            ("--steps 3", "say what is to be seen"),
            ("x --stepps 3", "--steps"),
            ("x --steps 0", "1..=1000"),
            ("x --size big", "512x768"),
            ("x --scheduler magic", "dpmpp_2m_sde"),
            ("x --strength 2", "from 0 to 1"),
        ] {
            let error = line.parse::<ImageRequest>().expect_err(line);
            assert!(
                error.contains(what) && !error.contains('\n'),
                "{line}: {error}"
            );
        }
    }

    #[test]
    fn every_flag_says_what_it_is() {
        let table = ImageFlags::table();
        assert!(table.iter().all(|(_, help, _)| !help.is_empty()));
        let values = |name: &str| {
            let row = table.iter().find(|(flag, ..)| flag == name).expect(name);
            row.2.len()
        };
        assert_eq!(values("--scheduler"), SchedulerName::ALL.len());
        assert_eq!(values("--seed"), 0);
    }
}
