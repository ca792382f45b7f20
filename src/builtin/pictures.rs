//! `edit_image`, `show_image`, `save_image`, `compare_images` and `image_info`. Pictures go in by path or
//! handle, and come out by handle.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use image::RgbaImage;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::Engines;
use super::function::{contained_function, function, pure_function};
use crate::atomic::Clash;
use crate::files::{self, WriteRequest};
use crate::picture::{self, PictureMetadata, Recipe, edit};
use crate::protocol::{Artifact, BlobId, MediaType};
use crate::tool::{Annotations, Content, Tool, ToolContext, ToolError, ToolOutput};

/// A picture's file that is larger is not read.
const MAX_FILE_BYTES: u64 = 64 << 20;

/// Most pictures that one edit pastes from.
const MAX_SOURCES: usize = 16;

/// So long what is known of pictures is kept.
const KEEP: Duration = Duration::from_hours(24);

/// It makes pictures, and changes nothing that is there.
pub(super) const MAKES: Annotations = Annotations {
    read_only: false,
    destructive: false,
    idempotent: false,
    open_world: false,
};

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
    #[schemars(extend("maxProperties" = MAX_SOURCES))]
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
            let mut room = picture::MAX_PIXELS;
            let mut sources = BTreeMap::new();
            for (name, reference) in &arguments.sources {
                context.check()?;
                let source = open_within(&mut room, reference, engines, context)?;
                sources.insert(name.clone(), source);
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
            let rows: Map<String, Value> = rows.map(|(key, value)| (key, value.into())).collect();
            for (key, value) in &rows {
                let _ = write!(text, "\n{key}: {}", value.as_str().unwrap_or_default());
            }
            Ok(ToolOutput {
                content: vec![Content::Text { text }],
                structured: Some(json!({
                    "media_type": info.media_type,
                    "width": info.width,
                    "height": info.height,
                    "size_bytes": bytes.len(),
                    "recipe": metadata.recipe.is_some().then_some(rows),
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

/// Whether a reference is a handle, and no path.
pub(super) fn is_handle(reference: &Value) -> bool {
    let reference = reference.as_str();
    reference.is_some_and(|reference| reference.parse::<BlobId>().is_ok())
}

/// A picture by its path or handle, decoded.
fn open(reference: &str, engines: &Engines, context: &ToolContext) -> Result<RgbaImage, ToolError> {
    open_within(
        &mut picture::MAX_PIXELS.clone(),
        reference,
        engines,
        context,
    )
}

/// A picture of at most `room` pixels, which are taken from it: several are in memory together.
fn open_within(
    room: &mut u64,
    reference: &str,
    engines: &Engines,
    context: &ToolContext,
) -> Result<RgbaImage, ToolError> {
    let bytes = read(reference, engines, context)?;
    let unreadable = |error| ToolError::failed(format!("{reference}: {error}"));
    let info = picture::probe(&bytes).map_err(unreadable)?;
    let pixels = u64::from(info.width) * u64::from(info.height);
    *room = room.checked_sub(pixels).ok_or_else(|| {
        ToolError::failed(format!(
            "{reference}: together the pictures have more than {} million pixels: make them smaller \
             first",
            picture::MAX_PIXELS / 1_000_000
        ))
    })?;
    let picture = picture::decode(&bytes).map_err(unreadable)?;
    Ok(picture.to_rgba8())
}

pub(super) fn read(
    reference: &str,
    engines: &Engines,
    context: &ToolContext,
) -> Result<Vec<u8>, ToolError> {
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

pub(super) fn keep(
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
    let blob: BlobId = handle
        .parse()
        .map_err(|_| failed(&"no handle of a picture"))?;
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
