//! Pictures as bytes: PNG, JPEG, WebP, GIF.

use std::io::Cursor;

use image::codecs::gif::GifEncoder;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage, RgbaImage};
use serde::{Deserialize, Serialize};

use super::check_range;
use super::error::{EditError, EditProblem};
use crate::protocol::MediaType;

/// Quality of a JPEG if none is asked for.
const DEFAULT_QUALITY: u8 = 85;
/// The encoder's choice between speed and colours, 1 (best) to 30.
const GIF_SPEED: i32 = 10;

/// How a picture is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Encoding {
    /// The format. WebP is written without loss; GIF has 256 colours.
    pub media_type: MediaType,
    /// Of JPEG only: 1 to 100, usually 85.
    #[serde(default)]
    pub quality: Option<u8>,
}

/// Writes a picture. JPEG has no transparency: it gets a white ground.
///
/// # Errors
/// If the quality is out of range, or the format has none.
pub(crate) fn encode(picture: &RgbaImage, encoding: Encoding) -> Result<Vec<u8>, EditError> {
    let mut bytes = Vec::new();
    write(picture, encoding, &mut bytes).map_err(|problem| EditError::Encode {
        format: encoding.media_type.title(),
        problem,
    })?;
    Ok(bytes)
}

fn write(picture: &RgbaImage, encoding: Encoding, bytes: &mut Vec<u8>) -> Result<(), EditProblem> {
    if let Some(quality) = encoding.quality {
        check_range("quality", quality, 1, 100)?;
        if encoding.media_type != MediaType::Jpeg {
            return Err(EditProblem::Failed(
                "quality is for JPEG; the others are written as well as they can be".to_owned(),
            ));
        }
    }
    let failed = |error: image::ImageError| EditProblem::Failed(error.to_string());
    match encoding.media_type {
        MediaType::Jpeg => {
            let quality = encoding.quality.unwrap_or(DEFAULT_QUALITY);
            JpegEncoder::new_with_quality(bytes, quality)
                .encode_image(&on_white(picture))
                .map_err(failed)
        }
        MediaType::Gif => GifEncoder::new_with_speed(bytes, GIF_SPEED)
            .encode_frame(image::Frame::new(picture.clone()))
            .map_err(failed),
        MediaType::Png | MediaType::Webp => {
            let format = if encoding.media_type == MediaType::Png {
                ImageFormat::Png
            } else {
                ImageFormat::WebP
            };
            let mut cursor = Cursor::new(bytes);
            if picture.pixels().all(|pixel| pixel.0[3] == 255) {
                let opaque = DynamicImage::ImageRgba8(picture.clone()).into_rgb8();
                opaque.write_to(&mut cursor, format).map_err(failed)
            } else {
                picture.write_to(&mut cursor, format).map_err(failed)
            }
        }
    }
}

fn on_white(picture: &RgbaImage) -> RgbImage {
    let mut opaque = RgbImage::new(picture.width(), picture.height());
    for (pixel, from) in opaque.pixels_mut().zip(picture.pixels()) {
        let [r, g, b, a] = from.0.map(u32::from);
        *pixel = Rgb([r, g, b].map(|level| ((level * a + 255 * (255 - a) + 127) / 255) as u8));
    }
    opaque
}
