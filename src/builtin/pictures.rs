//! `imagine`, `edit_image`, `show_image`, `compare_images` and `image_info`. Pictures go in by path or
//! handle, and come out by handle.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use image::RgbaImage;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::Engines;
use super::function::{contained_function, function, pure_function};
use crate::atomic::Clash;
use crate::files::{self, WriteRequest};
use crate::generator::{GeneratorError, News};
use crate::picture::{self, PictureMetadata, Recipe, edit};
use crate::protocol::{Artifact, BlobId, ImageRequest, MediaType, SchedulerName};
use crate::tool::{Annotations, Content, Tool, ToolContext, ToolError, ToolOutput, Update};

/// A picture's file that is larger is not read.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// So long what is known of pictures is kept.
const KEEP: Duration = Duration::from_hours(24);

/// It makes pictures, and changes nothing that is there.
const MAKES: Annotations = Annotations {
    read_only: false,
    destructive: false,
    idempotent: false,
    open_world: false,
};

/// Makes pictures from words.
#[derive(Debug, Deserialize, JsonSchema)]
struct Imagine {
    /// What is to be seen. `(word:1.2)` and `[word]` weigh.
    #[schemars(length(min = 1, max = 10_000))]
    prompt: String,
    /// What is not to be seen.
    negative_prompt: Option<String>,
    /// A style preset: watercolor, pixel-art, …
    style: Option<String>,
    /// A model; the default one otherwise.
    model: Option<String>,
    /// Width in pixels; the model's otherwise.
    #[schemars(range(min = 8, max = 4096))]
    width: Option<u32>,
    /// Height in pixels; the model's otherwise.
    #[schemars(range(min = 8, max = 4096))]
    height: Option<u32>,
    /// Denoising steps: 1 to 1000; the model's otherwise.
    #[schemars(range(min = 1, max = 1000))]
    steps: Option<u32>,
    /// How strongly the prompt pulls.
    guidance: Option<f32>,
    /// Of the noise: the same seed, the same picture.
    seed: Option<u64>,
    /// The sampler: `ddim`, `euler`, `dpmpp_2m`, …
    scheduler: Option<String>,
    /// How many pictures: 1 to 16.
    #[schemars(range(min = 1, max = 16))]
    count: Option<u32>,
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
            let model = arguments["model"].as_str().unwrap_or_default();
            !model.starts_with(['/', '.', '~'])
        },
        |arguments: Imagine, engines, context| {
            let scheduler = arguments
                .scheduler
                .as_deref()
                .map(str::parse::<SchedulerName>)
                .transpose()
                .map_err(|error| ToolError::failed(error.to_string()))?;
            let size = match (arguments.width, arguments.height) {
                (None, None) => None,
                (Some(side), None) | (None, Some(side)) => Some((side, side)),
                (Some(width), Some(height)) => Some((width, height)),
            };
            let request = ImageRequest {
                prompt: arguments.prompt,
                negative_prompt: arguments.negative_prompt,
                style: arguments.style,
                model: arguments.model,
                size,
                num_inference_steps: arguments.steps,
                guidance_scale: arguments.guidance,
                seed: arguments.seed,
                scheduler,
                count: arguments.count,
                ..ImageRequest::default()
            };
            draw(&request, engines, context)
        },
    )
}

fn draw(
    request: &ImageRequest,
    engines: &Engines,
    context: &ToolContext,
) -> Result<ToolOutput, ToolError> {
    let generator = engines.generator.lock();
    let mut generator = generator.unwrap_or_else(PoisonError::into_inner);
    let mut made = Vec::new();
    let mut failure = None;
    let drawn = generator.generate(request, &mut |news| {
        match news {
            News::Progress(progress, _) => context.report(Update::Progress {
                done: f64::from(progress.done),
                total: (progress.total > 0).then_some(f64::from(progress.total)),
                message: None,
            }),
            News::Image(image) => {
                let name = image.generation.request.file_name();
                match keep(engines, &image.png, MediaType::Png, name) {
                    Ok(artifact) => made.push((artifact, image.generation)),
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
        Err(GeneratorError::Cancelled) => return Err(ToolError::Cancelled),
        Err(error) => return Err(ToolError::failed(error.in_a_line())),
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
    Ok(ToolOutput {
        content: content
            .map(|(artifact, _)| Content::Image { artifact })
            .collect(),
        structured: Some(json!({ "images": pictures })),
        is_error: false,
    })
}

/// In which format a picture is kept.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    #[default]
    Png,
    Jpeg,
    Webp,
    Gif,
}

impl Format {
    fn media_type(self) -> MediaType {
        match self {
            Self::Png => MediaType::Png,
            Self::Jpeg => MediaType::Jpeg,
            Self::Webp => MediaType::Webp,
            Self::Gif => MediaType::Gif,
        }
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
struct EditImage {
    /// The picture: a path, or the handle of an earlier result.
    image: String,
    /// What is done, one after the other.
    #[schemars(length(max = edit::MAX_EDITS))]
    edits: Vec<edit::Edit>,
    /// Other pictures that `paste` names: from name to path or handle.
    #[serde(default)]
    sources: BTreeMap<String, String>,
    /// The format of the result.
    #[serde(default)]
    format: Format,
    /// For JPEG: 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    quality: Option<u8>,
}

pub(super) fn edit_image(engines: &Arc<Engines>) -> Arc<dyn Tool> {
    contained_function(
        engines,
        "edit_image",
        "Edits a picture: crop, resize, thumbnail, rotate, flip, pad, border, brightness, contrast, \
         saturation, hue, grayscale, invert, sepia, gamma, blur, sharpen, paste, text; and converts \
         it. The picture itself stays; the result is a new one.",
        |spec| {
            spec.title = Some("Edit a picture".to_owned());
            spec.tags = vec!["pictures".to_owned()];
            spec.annotations = MAKES;
        },
        |arguments| {
            let sources = arguments["sources"].as_object();
            let mut sources = sources.into_iter().flat_map(|sources| sources.values());
            are_handles(arguments, &["image"]) && sources.all(is_handle)
        },
        |arguments: EditImage, engines, context| {
            let picture = open(&arguments.image, engines, context)?;
            let mut sources = BTreeMap::new();
            for (name, reference) in &arguments.sources {
                sources.insert(name.clone(), open(reference, engines, context)?);
            }
            let is_cancelled = || context.check().is_err();
            let edited = edit::apply(picture, &arguments.edits, &sources, &is_cancelled)
                .map_err(|error| ToolError::failed(error.to_string()))?;
            let media_type = arguments.format.media_type();
            let encoding = edit::Encoding {
                media_type,
                quality: arguments.quality,
            };
            let bytes = edit::encode(&edited, encoding)
                .map_err(|error| ToolError::failed(error.to_string()))?;
            let name = format!("edited.{}", media_type.title().to_lowercase());
            Ok(shown(keep(engines, &bytes, media_type, name)?))
        },
    )
}

#[derive(Debug, Deserialize, JsonSchema)]
struct ShowImage {
    /// The picture: a path, or the handle of an earlier result.
    image: String,
}

pub(super) fn show_image(engines: &Arc<Engines>) -> Arc<dyn Tool> {
    contained_function(
        engines,
        "show_image",
        "Shows a picture to the user, and to a model that can see: a file of the project, or an \
         earlier result. PNG, JPEG, WebP or GIF. Of a file a copy is kept, under the handle in the \
         result.",
        |spec| {
            spec.title = Some("Show a picture".to_owned());
            spec.tags = vec!["pictures".to_owned()];
            spec.annotations = Annotations {
                idempotent: true,
                ..MAKES
            };
        },
        |arguments| are_handles(arguments, &["image"]),
        |arguments: ShowImage, engines, context| {
            let reference = &arguments.image;
            let bytes = read(reference, engines, context)?;
            let unreadable =
                |error: &dyn std::fmt::Display| ToolError::failed(format!("{reference}: {error}"));
            let info = picture::probe(&bytes).map_err(|error| unreadable(&error))?;
            // A front end has nobody to tell that the rest of it is damaged.
            picture::decode(&bytes).map_err(|error| unreadable(&error))?;
            let name = match reference.parse::<BlobId>() {
                Ok(blob) => {
                    let extension = info.media_type.title().to_lowercase();
                    let start: String = blob.to_string().chars().take(8).collect();
                    format!("{start}.{extension}")
                }
                Err(_) => Path::new(reference).file_name().map_or_else(
                    || reference.clone(),
                    |name| name.to_string_lossy().into_owned(),
                ),
            };
            Ok(shown(keep(engines, &bytes, info.media_type, name)?))
        },
    )
}

#[derive(Debug, Deserialize, JsonSchema)]
struct SaveImage {
    /// The picture: a path, or the handle of an earlier result.
    image: String,
    /// The file: .png, .jpg, .webp or .gif. A relative path starts from the working folder.
    #[schemars(length(min = 1, max = 4096))]
    path: String,
    /// Whether the folders above it are made, if they are missing.
    #[serde(default)]
    create_folders: bool,
    /// Whether a file that is there is replaced.
    #[serde(default)]
    overwrite: bool,
    /// For JPEG: 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    quality: Option<u8>,
}

pub(super) fn save_image(engines: &Arc<Engines>) -> Arc<dyn Tool> {
    function(
        engines,
        "save_image",
        "Writes a picture to a file of the project, up to 8 MiB, as what its ending says. A file that \
         is there is replaced only with overwrite, in one step.",
        |spec| {
            spec.title = Some("Save a picture".to_owned());
            spec.tags = vec!["pictures".to_owned(), "files".to_owned()];
            spec.annotations = Annotations {
                destructive: true,
                ..MAKES
            };
        },
        |arguments: SaveImage, engines, context| {
            let path = &arguments.path;
            let media_type = media_type_of(path).ok_or_else(|| {
                ToolError::failed(format!(
                    "{path}: the ending of a picture is .png, .jpg, .webp or .gif"
                ))
            })?;
            let mut bytes = read(&arguments.image, engines, context)?;
            let info = picture::probe(&bytes)
                .map_err(|error| ToolError::failed(format!("{}: {error}", arguments.image)))?;
            if info.media_type != media_type || arguments.quality.is_some() {
                let picture = open(&arguments.image, engines, context)?;
                let encoding = edit::Encoding {
                    media_type,
                    quality: arguments.quality,
                };
                bytes = edit::encode(&picture, encoding)
                    .map_err(|error| ToolError::failed(error.to_string()))?;
            }
            let request = WriteRequest {
                from: &context.place.folder,
                path,
                content: &bytes,
                creates_folders: arguments.create_folders,
                clash: if arguments.overwrite {
                    Clash::Replace
                } else {
                    Clash::Fail
                },
            };
            let is_cancelled = || context.check().is_err();
            let written = files::write(&engines.files, &request, &is_cancelled)
                .map_err(|error| ToolError::failed(error.to_string()))?;
            let what = if written.is_new {
                "created"
            } else {
                "replaced"
            };
            let (path, size_bytes) = (&written.path, written.size_bytes);
            Ok(ToolOutput {
                content: vec![Content::Text {
                    text: format!("{what} {path}: {size_bytes} bytes"),
                }],
                structured: Some(json!({
                    "path": path,
                    "size_bytes": size_bytes,
                    "is_new": written.is_new,
                })),
                is_error: false,
            })
        },
    )
}

/// The format that a file's name promises.
fn media_type_of(path: &str) -> Option<MediaType> {
    let (_, ending) = path.rsplit_once('.')?;
    Some(match ending.to_ascii_lowercase().as_str() {
        "png" => MediaType::Png,
        "jpg" | "jpeg" => MediaType::Jpeg,
        "webp" => MediaType::Webp,
        "gif" => MediaType::Gif,
        _ => return None,
    })
}

#[derive(Debug, Deserialize, JsonSchema)]
struct CompareImages {
    /// A picture: a path, or the handle of an earlier result.
    left: String,
    /// Another one of the same size.
    right: String,
}

pub(super) fn compare_images(engines: &Arc<Engines>) -> Arc<dyn Tool> {
    pure_function(
        engines,
        "compare_images",
        "Tells how much two pictures of the same size differ: largest and mean difference of a \
         value, PSNR and SSIM.",
        |spec| {
            spec.title = Some("Compare pictures".to_owned());
            spec.tags = vec!["pictures".to_owned()];
            spec.annotations = Annotations::READS;
            spec.keep = Some(KEEP);
        },
        |arguments| are_handles(arguments, &["left", "right"]),
        |arguments: CompareImages, engines, context| {
            let left = open(&arguments.left, engines, context)?;
            let right = open(&arguments.right, engines, context)?;
            let difference = edit::compare(&left, &right)
                .map_err(|error| ToolError::failed(error.to_string()))?;
            let value = serde_json::to_value(difference);
            Ok(ToolOutput::structured(value.unwrap_or_default()))
        },
    )
}

#[derive(Debug, Deserialize, JsonSchema)]
struct ImageInfo {
    /// A picture: a path, or the handle of an earlier result.
    image: String,
}

pub(super) fn image_info(engines: &Arc<Engines>) -> Arc<dyn Tool> {
    pure_function(
        engines,
        "image_info",
        "Tells the size and format of a picture, and how it was made, where it says so (companion, \
         A1111, ComfyUI, InvokeAI).",
        |spec| {
            spec.title = Some("Look at a picture".to_owned());
            spec.tags = vec!["pictures".to_owned()];
            spec.annotations = Annotations::READS;
            spec.keep = Some(KEEP);
        },
        |arguments| are_handles(arguments, &["image"]),
        |arguments: ImageInfo, engines, context| {
            let bytes = read(&arguments.image, engines, context)?;
            let info = picture::probe(&bytes)
                .map_err(|error| ToolError::failed(format!("{}: {error}", arguments.image)))?;
            let metadata = PictureMetadata::read(&bytes);
            let mut text = format!(
                "{}, {}×{}, {} bytes",
                info.media_type.title(),
                info.width,
                info.height,
                bytes.len()
            );
            let rows = metadata.recipe.iter().flat_map(Recipe::rows);
            for (key, value) in rows {
                let _ = write!(text, "\n{key}: {value}");
            }
            Ok(ToolOutput {
                content: vec![Content::Text { text }],
                structured: Some(json!({
                    "media_type": info.media_type,
                    "width": info.width,
                    "height": info.height,
                    "size_bytes": bytes.len(),
                })),
                is_error: false,
            })
        },
    )
}

/// Whether these arguments are handles: bytes under their hash are the same for ever, and a file is
/// not.
fn are_handles(arguments: &Value, names: &[&str]) -> bool {
    names.iter().all(|name| is_handle(&arguments[*name]))
}

fn is_handle(reference: &Value) -> bool {
    let reference = reference.as_str();
    reference.is_some_and(|reference| reference.parse::<BlobId>().is_ok())
}

/// A picture by its path or handle, decoded.
fn open(reference: &str, engines: &Engines, context: &ToolContext) -> Result<RgbaImage, ToolError> {
    let bytes = read(reference, engines, context)?;
    let picture = picture::decode(&bytes)
        .map_err(|error| ToolError::failed(format!("{reference}: {error}")))?;
    Ok(picture.to_rgba8())
}

fn read(reference: &str, engines: &Engines, context: &ToolContext) -> Result<Vec<u8>, ToolError> {
    if let Ok(blob) = reference.parse::<BlobId>() {
        let bytes = engines.store().blobs().read(blob);
        return bytes.map_err(|error| ToolError::failed(format!("{reference}: {error}")));
    }
    let is_cancelled = || context.check().is_err();
    let folder = &context.place.folder;
    let bytes = engines
        .files
        .bytes(folder, reference, MAX_FILE_BYTES, &is_cancelled);
    bytes.map_err(|error| ToolError::failed(error.to_string()))
}

fn keep(
    engines: &Engines,
    bytes: &[u8],
    media_type: MediaType,
    name: String,
) -> Result<Artifact, ToolError> {
    let failed = |error: &dyn std::fmt::Display| ToolError::failed(error.to_string());
    let info = picture::probe(bytes).map_err(|error| failed(&error))?;
    let blob = engines.store().blobs().put(bytes);
    Ok(Artifact {
        blob: blob.map_err(|error| failed(&error))?,
        media_type,
        name,
        width: info.width,
        height: info.height,
        size_bytes: bytes.len() as u64,
    })
}

/// What is known of a picture that was kept.
pub(super) fn artifact(handle: &str, engines: &Engines) -> Result<Artifact, ToolError> {
    let failed = |error: &dyn std::fmt::Display| ToolError::failed(format!("{handle}: {error}"));
    let blob: BlobId = handle.parse().map_err(|_| failed(&"no handle of a picture"))?;
    let bytes = engines.store().blobs().read(blob);
    let bytes = bytes.map_err(|error| failed(&error))?;
    let info = picture::probe(&bytes).map_err(|error| failed(&error))?;
    Ok(Artifact {
        blob,
        media_type: info.media_type,
        name: format!("picture.{}", info.media_type.title().to_lowercase()),
        width: info.width,
        height: info.height,
        size_bytes: bytes.len() as u64,
    })
}

fn shown(artifact: Artifact) -> ToolOutput {
    let structured = json!({
        "image": artifact.blob,
        "width": artifact.width,
        "height": artifact.height,
        "size_bytes": artifact.size_bytes,
    });
    ToolOutput {
        content: vec![Content::Image { artifact }],
        structured: Some(structured),
        is_error: false,
    }
}
