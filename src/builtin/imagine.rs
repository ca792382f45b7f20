//! `imagine`: the one way to pictures, for the prompt's `/imagine` as for code and models.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Arc, MutexGuard, PoisonError, TryLockError};
use std::thread;
use std::time::Duration;

use image::codecs::png::PngEncoder;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Engines;
use super::function::contained_function;
use super::pictures::{MAKES, is_handle, keep, read};
use crate::generator::{GeneratorError, ImageGenerator, News, SoFar};
use crate::protocol::{
    BlobId, CallOrigin, DeviceKind, ImageProgress, ImageRequest, ImageStatus, MediaType,
    NoiseGenerator, SchedulerName, Sigmas, UnknownName,
};
use crate::store;
use crate::tool::{Content, Preview, Tool, ToolContext, ToolError, ToolOutput, Update};

/// Who waits for the engine looks so often whether it is free, and whether to stop.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Makes pictures from words.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Imagine {
    /// What is to be seen. `(word:1.2)` and `[word]` weigh.
    #[schemars(length(max = 10_000))]
    prompt: String,
    /// What is not to be seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    negative_prompt: Option<String>,
    /// A style preset: watercolor, pixel-art, …
    #[serde(skip_serializing_if = "Option::is_none")]
    style: Option<String>,
    /// A model; the default one otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    /// Width in pixels; the model's otherwise.
    #[schemars(range(min = 8, max = 4096))]
    #[serde(skip_serializing_if = "Option::is_none")]
    width: Option<u32>,
    /// Height in pixels; the model's otherwise.
    #[schemars(range(min = 8, max = 4096))]
    #[serde(skip_serializing_if = "Option::is_none")]
    height: Option<u32>,
    /// Denoising steps: 1 to 1000; the model's otherwise.
    #[schemars(range(min = 1, max = 1000))]
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<u32>,
    /// How strongly the prompt pulls.
    #[serde(skip_serializing_if = "Option::is_none")]
    guidance: Option<f64>,
    /// Counters the overexposure of strong guidance: 0 to 1.
    #[schemars(range(min = 0, max = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    guidance_rescale: Option<f64>,
    /// Of the noise: the same seed, the same picture.
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    /// The sampler: `ddim`, `euler`, `dpmpp_2m`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    scheduler: Option<String>,
    /// How the sampler spaces its noise levels: `discrete`, `karras`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    sigmas: Option<String>,
    /// How many pictures: 1 to 64.
    #[schemars(range(min = 1, max = 64))]
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
    /// A picture to begin with: a path, or the handle of an earlier result.
    #[serde(skip_serializing_if = "Option::is_none")]
    init: Option<String>,
    /// How far from that picture: 0 is not at all, 1 ignores it.
    #[schemars(range(min = 0, max = 1))]
    #[serde(skip_serializing_if = "Option::is_none")]
    strength: Option<f64>,
    /// A picture of where to paint: white is painted anew, black is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    mask: Option<String>,
    /// How many of the text encoder's last layers are left out.
    #[schemars(range(max = 12))]
    #[serde(skip_serializing_if = "Option::is_none")]
    clip_skip: Option<u32>,
    /// LoRA files with their strengths; for a person's own calls.
    #[schemars(length(max = 16))]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    loras: Vec<Lora>,
    /// A file of finished latents to decode instead of drawing; for a person's own calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    latents: Option<String>,
    /// Whose random numbers: `cpu` as diffusers draws them there, or `cuda`.
    #[serde(skip_serializing_if = "Option::is_none")]
    generator: Option<String>,
    /// Where to compute: `cuda`, `vulkan` or `cpu`; the best that there is otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<String>,
}

/// A change of a model's weights.
#[derive(Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Lora {
    /// The file.
    path: String,
    /// How strong it is; 1 otherwise.
    #[serde(default = "whole")]
    strength: f64,
}

fn whole() -> f64 {
    1.0
}

/// The arguments of the call that a request for pictures is.
///
/// # Errors
/// If one of its files has a name that is no text.
pub(crate) fn imagine_arguments(request: &ImageRequest) -> Result<Value, String> {
    let path = |path: &PathBuf| match path.to_str() {
        Some(path) => Ok(path.to_owned()),
        None => Err(format!("the name of {} is no text", path.display())),
    };
    // As it is written, not as the nearest double has it.
    let number = |number: f32| number.to_string().parse().unwrap_or(f64::from(number));
    let default = NoiseGenerator::default();
    let arguments = Imagine {
        prompt: request.prompt.clone(),
        negative_prompt: request.negative_prompt.clone(),
        style: request.style.clone(),
        model: request.model.clone(),
        width: request.size.map(|(width, _)| width),
        height: request.size.map(|(_, height)| height),
        steps: request.num_inference_steps,
        guidance: request.guidance_scale.map(number),
        guidance_rescale: (request.guidance_rescale != 0.0)
            .then(|| number(request.guidance_rescale)),
        seed: request.seed,
        scheduler: request.scheduler.map(|name| name.to_string()),
        sigmas: request.sigmas.map(|name| name.to_string()),
        count: request.count,
        init: request.init.as_ref().map(path).transpose()?,
        strength: request.strength.map(number),
        mask: request.mask.as_ref().map(path).transpose()?,
        clip_skip: request.clip_skip,
        loras: request
            .loras
            .iter()
            .map(|(file, strength)| {
                let (path, strength) = (path(file)?, number(*strength));
                Ok(Lora { path, strength })
            })
            .collect::<Result<_, String>>()?,
        latents: request.latents.as_ref().map(path).transpose()?,
        generator: (request.generator != default).then(|| request.generator.to_string()),
        device: request.device.map(|device| device.to_string()),
    };
    serde_json::to_value(arguments).map_err(|error| error.to_string())
}

pub(super) fn imagine(engines: &Arc<Engines>) -> Arc<dyn Tool> {
    contained_function(
        engines,
        "imagine",
        "Makes pictures from a prompt with Stable Diffusion, on this machine. The result holds their \
         handles; show_image, edit_image and image_info take them.",
        |spec| {
            spec.title = Some("Make pictures".to_owned());
            spec.tags = vec!["pictures".to_owned()];
            spec.annotations = MAKES;
        },
        // A path is a file of the user's.
        |arguments| {
            let names_no_file =
                |name: &str| arguments[name].is_null() || is_handle(&arguments[name]);
            let model = arguments["model"].as_str().unwrap_or_default();
            let loras = arguments["loras"].as_array();
            !model.starts_with(['/', '.', '~'])
                && loras.is_none_or(Vec::is_empty)
                && ["init", "mask", "latents"].into_iter().all(names_no_file)
        },
        |arguments: Imagine, engines, context| {
            let request = arguments.request(engines, context)?;
            draw(&request, engines, context)
        },
    )
}

impl Imagine {
    fn request(self, engines: &Engines, context: &ToolContext) -> Result<ImageRequest, ToolError> {
        let is_own = context.origin == CallOrigin::User;
        if !is_own && (self.latents.is_some() || !self.loras.is_empty()) {
            return Err(ToolError::failed(
                "latents and loras are files of the user's: only a person's own call may name them",
            ));
        }
        let size = match (self.width, self.height) {
            (None, None) => None,
            (Some(side), None) | (None, Some(side)) => Some((side, side)),
            (Some(width), Some(height)) => Some((width, height)),
        };
        let picture = |reference: Option<String>| {
            let path = reference.map(|reference| picture_file(&reference, engines, context));
            path.transpose()
        };
        Ok(ImageRequest {
            prompt: self.prompt,
            negative_prompt: self.negative_prompt,
            style: self.style,
            model: self.model,
            size,
            num_inference_steps: self.steps,
            guidance_scale: self.guidance.map(|scale| scale as f32),
            guidance_rescale: self.guidance_rescale.unwrap_or_default() as f32,
            seed: self.seed,
            generator: named::<NoiseGenerator>(self.generator)?.unwrap_or_default(),
            scheduler: named::<SchedulerName>(self.scheduler)?,
            sigmas: named::<Sigmas>(self.sigmas)?,
            clip_skip: self.clip_skip,
            count: self.count,
            init: picture(self.init)?,
            latents: self.latents.map(PathBuf::from),
            strength: self.strength.map(|strength| strength as f32),
            mask: picture(self.mask)?,
            loras: self
                .loras
                .into_iter()
                .map(|lora| (PathBuf::from(lora.path), lora.strength as f32))
                .collect(),
            device: named::<DeviceKind>(self.device)?,
        })
    }
}

fn named<Name: FromStr<Err = UnknownName>>(
    name: Option<String>,
) -> Result<Option<Name>, ToolError> {
    name.map(|name| name.parse())
        .transpose()
        .map_err(|error: UnknownName| ToolError::failed(error.to_string()))
}

/// The file of a picture that is named by path or handle. A person's own call may name any; others
/// those of the granted folders.
fn picture_file(
    reference: &str,
    engines: &Engines,
    context: &ToolContext,
) -> Result<PathBuf, ToolError> {
    let blobs = engines.store().blobs();
    if let Ok(blob) = reference.parse::<BlobId>() {
        return Ok(blobs.path(blob));
    }
    if context.origin == CallOrigin::User {
        return Ok(context.place.folder.join(reference));
    }
    let bytes = read(reference, engines, context)?;
    let blob = blobs.put(&bytes);
    let blob = blob.map_err(|error| ToolError::failed(format!("{reference}: {error}")))?;
    Ok(blobs.path(blob))
}

fn draw(
    request: &ImageRequest,
    engines: &Engines,
    context: &ToolContext,
) -> Result<ToolOutput, ToolError> {
    let mut generator = free_engine(engines, context)?;
    let mut made = Vec::new();
    let mut failure = None;
    let drawn = generator.generate(request, &mut |news| {
        match news {
            News::Progress(progress, so_far) => tell(progress, so_far, context),
            News::Image(image) => {
                let name = image.generation.request.file_name();
                match keep(engines, &image.png, MediaType::Png, name) {
                    Ok(artifact) => {
                        context.report(Update::Picture {
                            artifact: artifact.clone(),
                            generation: Box::new(image.generation.clone()),
                        });
                        made.push((artifact, image.generation));
                    }
                    Err(error) => {
                        failure = Some(error);
                        return ControlFlow::Break(());
                    }
                }
            }
        }
        if context.check().is_err() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    if let Some(failure) = failure {
        return Err(failure);
    }
    match drawn {
        Ok(()) => {}
        Err(GeneratorError::Cancelled) => {
            return Err(context.check().err().unwrap_or(ToolError::Cancelled));
        }
        Err(error) => {
            let failed = ToolError::failed(error.in_a_line());
            let failure = engines.failure.lock();
            *failure.unwrap_or_else(PoisonError::into_inner) = Some(error);
            return Err(failed);
        }
    }
    let mut note = None;
    if !context.has_gallery {
        let (made, status) = (made.iter().cloned(), ImageStatus::Ok);
        let kept = store::remember_pictures(engines.store(), request, made, status);
        // The pictures are there, whatever becomes of the index.
        note = kept.err().map(|error| Content::Text {
            text: format!("not in the gallery: {error}; {}", error.hint()),
        });
    }
    let pictures: Vec<_> = made
        .iter()
        .map(|(artifact, generation)| {
            json!({
                "image": artifact.blob,
                "width": artifact.width,
                "height": artifact.height,
                "generation": generation,
            })
        })
        .collect();
    let content = made.into_iter();
    let content = content.map(|(artifact, _)| Content::Image { artifact });
    Ok(ToolOutput {
        content: content.chain(note).collect(),
        structured: Some(json!({ "images": pictures })),
        is_error: false,
    })
}

/// The engine, once nobody else uses it.
fn free_engine<'a>(
    engines: &'a Engines,
    context: &ToolContext,
) -> Result<MutexGuard<'a, ImageGenerator>, ToolError> {
    loop {
        match engines.generator.try_lock() {
            Ok(generator) => return Ok(generator),
            Err(TryLockError::Poisoned(poisoned)) => return Ok(PoisonError::into_inner(poisoned)),
            Err(TryLockError::WouldBlock) => {
                context.check()?;
                thread::sleep(LOOK_EVERY);
            }
        }
    }
}

/// Tells how far it is: in numbers for everybody, and as a picture for who can show one.
fn tell(progress: ImageProgress, so_far: Option<&SoFar>, context: &ToolContext) {
    context.report(Update::Progress {
        done: f64::from(progress.done),
        total: (progress.total > 0).then_some(f64::from(progress.total)),
        message: None,
    });
    let preview = so_far.and_then(|so_far| {
        let (width, height) = so_far.size;
        let mut png = Vec::new();
        let encoder = PngEncoder::new(&mut png);
        so_far.pixels.write_with_encoder(encoder).ok()?;
        Some(Preview { png, width, height })
    });
    let progress = Box::new(progress);
    context.report(Update::Image { progress, preview });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::Place;

    #[test]
    fn a_request_is_the_same_after_its_call() {
        let engines = Engines::nowhere();
        let place = Place {
            folder: PathBuf::from("/work"),
            project: PathBuf::from("/work"),
        };
        let context = ToolContext::new(CallOrigin::User, place.clone());
        let all: ImageRequest = "a fox --size 64x96 --steps 7 --guidance 7.1 \
            --guidance-rescale 0.7 --seed 18446744073709551615 --scheduler euler_a \
            --sigmas karras --model m --negative dog --style s --init /a.png --strength 0.3 \
            --mask /b.png --count 64 --lora /c.safetensors:0.5 --clip-skip 2 --generator cuda \
            --device cpu"
            .parse()
            .expect("flags");
        let latents = "--latents /a.latents".parse().expect("flags");
        for request in [all, latents, "a fox".parse().expect("a prompt")] {
            let arguments = imagine_arguments(&request).expect("texts");
            let tool = imagine(&Arc::new(Engines::nowhere()));
            let schema = crate::tool::Schema::compile(&tool.spec().input_schema).expect("sound");
            let arguments = schema.validate(arguments).expect("they fit");
            let back: Imagine = serde_json::from_value(arguments).expect("they fit");
            assert_eq!(back.request(&engines, &context), Ok(request));
        }
        let of_a_model = ToolContext::new(CallOrigin::Model, place);
        let lora = Imagine {
            latents: Some("/a.latents".to_owned()),
            ..Imagine::default()
        };
        assert!(lora.request(&engines, &of_a_model).is_err());
        let elsewhere = Imagine {
            init: Some("/etc/passwd".to_owned()),
            ..Imagine::default()
        };
        assert!(elsewhere.request(&engines, &of_a_model).is_err());
    }
}
