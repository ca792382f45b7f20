//! What we write into a picture: A1111's text for everybody, and all parameters as JSON for us.

use std::path::{Path, PathBuf};
use std::time::Duration;

use image::RgbImage;
use serde::{Deserialize, Serialize};

use super::super::PictureError;
use super::{Program, Recipe, a1111};
use crate::protocol::ImageRequest;

/// The keyword of our JSON.
pub(super) const KEYWORD: &str = "companion";
const VERSION: u32 = 1;

/// How a picture of ours was made.
#[derive(Clone, Debug)]
pub(crate) struct Made<'a> {
    /// What was done: every default filled in, the seed that of this one picture.
    pub request: &'a ImageRequest,
    /// The model's name.
    pub model: &'a str,
    /// The SHA-256 of its weights.
    pub model_hash: Option<&'a str>,
    /// On which device.
    pub device: &'a str,
    /// How long it took.
    pub duration: Duration,
}

/// The JSON in the chunk.
#[derive(Debug, Serialize, Deserialize)]
struct Chunk {
    version: u32,
    program: String,
    model: String,
    model_sha256: Option<String>,
    device: String,
    duration_ms: u64,
    width: u32,
    height: u32,
    request: ImageRequest,
}

/// Encodes a picture as PNG, with how it was made.
///
/// # Errors
/// If it has no pixels.
pub(crate) fn encode_png(pixels: &RgbImage, made: &Made<'_>) -> Result<Vec<u8>, PictureError> {
    let wrong = |error: png::EncodingError| PictureError::Encode(error.to_string());
    let (width, height) = pixels.dimensions();
    let chunk = Chunk {
        version: VERSION,
        program: concat!("companion ", env!("CARGO_PKG_VERSION")).to_owned(),
        model: made.model.to_owned(),
        model_sha256: made.model_hash.map(str::to_owned),
        device: made.device.to_owned(),
        duration_ms: u64::try_from(made.duration.as_millis()).unwrap_or(u64::MAX),
        width,
        height,
        request: without_folders(made.request.clone()),
    };
    let json = serde_json::to_string(&chunk).expect("plain data");
    let parameters = a1111::write(&recipe(chunk));
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // As Pillow writes it: tEXt where Latin-1 is enough, else iTXt.
    let is_latin1 = parameters.chars().all(|c| u32::from(c) < 256 && c != '\0');
    let parameters = parameters.replace('\0', "");
    if is_latin1 {
        encoder.add_text_chunk("parameters".to_owned(), parameters)
    } else {
        encoder.add_itxt_chunk("parameters".to_owned(), parameters)
    }
    .map_err(wrong)?;
    encoder
        .add_itxt_chunk(KEYWORD.to_owned(), json)
        .map_err(wrong)?;
    let mut writer = encoder.write_header().map_err(wrong)?;
    writer.write_image_data(pixels.as_raw()).map_err(wrong)?;
    writer.finish().map_err(wrong)?;
    Ok(bytes)
}

/// Reads our JSON; of a later version what we know of it.
pub(super) fn parse(json: &str) -> Option<Recipe> {
    serde_json::from_str(json).ok().map(recipe)
}

fn recipe(chunk: Chunk) -> Recipe {
    let request = chunk.request;
    let mut recipe = Recipe::new(Program::Companion);
    let version = chunk.program.strip_prefix("companion ");
    recipe.version = version.map(str::to_owned);
    recipe.prompt = request.prompt;
    recipe.negative_prompt = request.negative_prompt;
    recipe.model = Some(chunk.model);
    recipe.model_hash = chunk.model_sha256;
    recipe.scheduler = request.scheduler;
    recipe.sigmas = request.sigmas;
    recipe.num_inference_steps = request.num_inference_steps;
    recipe.guidance_scale = request.guidance_scale;
    recipe.seed = request.seed;
    recipe.generator = Some(request.generator);
    recipe.size = request.size.or(Some((chunk.width, chunk.height)));
    recipe.clip_skip = request.clip_skip;
    recipe.strength = request.strength;
    recipe.device = Some(chunk.device);
    recipe.duration_ms = Some(chunk.duration_ms);
    let mut other = |name: &str, value: Option<String>| {
        let value = value.map(|value| (name.to_owned(), value));
        recipe.others.extend(value);
    };
    let shown = |path: PathBuf| path.to_string_lossy().into_owned();
    other("style", request.style);
    other(
        "rescale",
        (request.guidance_rescale > 0.0).then(|| request.guidance_rescale.to_string()),
    );
    other("init", request.init.map(shown));
    other("mask", request.mask.map(shown));
    for (path, strength) in request.loras {
        other("LoRA", Some(format!("{} at {strength}", shown(path))));
    }
    recipe
}

/// A picture is given to others: how the folders of its maker are called is none of their business.
fn without_folders(mut request: ImageRequest) -> ImageRequest {
    let name_of = |path: &Path| path.file_name().map(PathBuf::from).unwrap_or_default();
    request.init = request.init.as_deref().map(name_of);
    request.mask = request.mask.as_deref().map(name_of);
    request.model = request.model.map(|model| {
        let is_path = model.starts_with(['/', '.', '~']);
        let name = model.rsplit('/').next().unwrap_or_default();
        if is_path { name.to_owned() } else { model }
    });
    for (path, _) in &mut request.loras {
        *path = name_of(path);
    }
    request
}
