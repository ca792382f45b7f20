//! Editing pictures: a list of operations as plain data, done one after the other.
//!
//! Names, units and results are those of Pillow where it has the operation: angles turn
//! counter-clockwise, factors of 1 change nothing, sizes are pixels. Colours are what the bytes say,
//! sRGB without linearization, and transparent pixels bleed into no others.
//!
//! Invariants: no operation makes a picture of more than [`MAX_EDITED_PIXELS`], and an error names the
//! operation, its place in the list, and what it may be.
//!
//! Absent on purpose: animations, layers, and drawing other than text.

#[expect(
    clippy::cast_precision_loss,
    reason = "levels are a byte, and sums of them stay below 2^53"
)]
mod color;
#[expect(
    clippy::cast_precision_loss,
    reason = "levels are a byte, and sums of them stay below 2^53"
)]
mod compare;
mod compose;
mod encode;
mod error;
mod filter;
mod geometry;
#[expect(
    clippy::cast_precision_loss,
    reason = "pixels are below 2^15; what is further out is not seen"
)]
mod text;

#[cfg(test)]
mod golden_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use image::RgbaImage;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use color::Color;
pub(crate) use compare::compare;
pub(crate) use encode::{Encoding, encode};
pub(crate) use error::{EditError, EditProblem};

/// No edited picture may have more pixels than this, before, between and after.
pub(crate) const MAX_EDITED_PIXELS: u64 = 50_000_000;
/// No side of an edited picture may be longer than this: the longest that WebP can be.
pub(crate) const MAX_SIDE: u32 = 16_383;
/// No list may have more operations than this.
pub(crate) const MAX_EDITS: usize = 64;

/// One operation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Edit {
    /// Keeps a rectangle that is inside the picture.
    Crop {
        /// Left edge, in pixels.
        x: u32,
        /// Upper edge, in pixels.
        y: u32,
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// Scales. With one of width and height, the other follows from the proportions.
    Resize {
        /// Width in pixels.
        #[serde(default)]
        width: Option<u32>,
        /// Height in pixels.
        #[serde(default)]
        height: Option<u32>,
        /// What happens if the proportions differ.
        #[serde(default)]
        mode: ResizeMode,
        /// How pixels are weighed.
        #[serde(default)]
        filter: ResizeFilter,
    },
    /// Scales down to fit into a box, with the proportions kept. What fits stays as it is.
    Thumbnail {
        /// Greatest width in pixels.
        width: u32,
        /// Greatest height in pixels.
        height: u32,
    },
    /// Turns counter-clockwise; quarter turns without any loss.
    Rotate {
        /// The angle: -360 to 360.
        degrees: f64,
        /// Whether the picture grows, so that nothing is cut off.
        #[serde(default = "yes")]
        expand: bool,
        /// What the corners become.
        #[serde(default)]
        background: Color,
    },
    /// Mirrors.
    Flip {
        /// In which direction pixels move.
        direction: FlipDirection,
    },
    /// Adds space on each side.
    Pad {
        /// In pixels.
        #[serde(default)]
        left: u32,
        /// In pixels.
        #[serde(default)]
        top: u32,
        /// In pixels.
        #[serde(default)]
        right: u32,
        /// In pixels.
        #[serde(default)]
        bottom: u32,
        /// What the space is filled with.
        #[serde(default)]
        color: Color,
    },
    /// Adds the same space on all sides.
    Border {
        /// In pixels.
        width: u32,
        /// What it is filled with.
        color: Color,
    },
    /// Multiplies all channels: 0 is black.
    Brightness {
        /// 0 to 100.
        factor: f32,
    },
    /// Stretches away from the mean grey: 0 is that grey.
    Contrast {
        /// 0 to 100.
        factor: f32,
    },
    /// Stretches away from each pixel's grey: 0 is a grey picture.
    Saturation {
        /// 0 to 100.
        factor: f32,
    },
    /// Turns the hues, as CSS's `hue-rotate`.
    Hue {
        /// -360 to 360.
        degrees: f32,
    },
    /// Takes the colours out, by the luma of ITU-R BT.601.
    Grayscale,
    /// Makes a negative.
    Invert,
    /// Tones brown, as CSS's `sepia`.
    Sepia {
        /// 0 (nothing) to 1 (all of it).
        #[serde(default = "one")]
        amount: f32,
    },
    /// Brightens (above 1) or darkens the middle tones.
    Gamma {
        /// 0.1 to 10.
        gamma: f32,
    },
    /// Blurs by a Gaussian.
    Blur {
        /// Its standard deviation in pixels: 0.1 to 250.
        radius: f32,
    },
    /// Sharpens by an unsharp mask.
    Sharpen {
        /// The standard deviation of its blur in pixels: 0.1 to 250.
        #[serde(default = "default_sharpen_radius")]
        radius: f32,
        /// How much, in percent: 0 to 1000.
        #[serde(default = "default_sharpen_percent")]
        percent: f32,
        /// Differences up to this are left alone.
        #[serde(default = "default_sharpen_threshold")]
        threshold: u8,
    },
    /// Puts another picture on top. What is outside is cut off.
    Paste {
        /// The name of the other picture.
        source: String,
        /// Its left edge in this one; may be negative.
        x: i32,
        /// Its upper edge in this one; may be negative.
        y: i32,
        /// 0 (invisible) to 1 (as it is).
        #[serde(default = "one")]
        opacity: f32,
    },
    /// Writes text, left-aligned, a line for each line. What is outside is cut off.
    Text {
        /// The text, up to 2000 characters.
        text: String,
        /// Left edge; may be negative.
        x: i32,
        /// Upper edge; may be negative.
        y: i32,
        /// Height of a line in pixels: 4 to 1000.
        size: f32,
        /// Color of the text.
        #[serde(default)]
        color: Color,
    },
}

/// What a resize does if the proportions differ.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResizeMode {
    /// Stays inside the box.
    #[default]
    Fit,
    /// Fills the box, and cuts off on both sides what is over.
    Fill,
    /// Is squeezed into the box.
    Exact,
}

/// How a resize weighs pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ResizeFilter {
    /// The nearest pixel: for pixel art.
    Nearest,
    /// A triangle.
    Bilinear,
    /// A cubic by Catmull and Rom.
    Bicubic,
    /// A windowed sinc, three lobes wide.
    #[default]
    Lanczos,
}

/// How a picture is mirrored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum FlipDirection {
    /// Left becomes right.
    Horizontal,
    /// Up becomes down.
    Vertical,
}

fn yes() -> bool {
    true
}

fn one() -> f32 {
    1.0
}

fn default_sharpen_radius() -> f32 {
    2.0
}

fn default_sharpen_percent() -> f32 {
    150.0
}

fn default_sharpen_threshold() -> u8 {
    3
}

impl Edit {
    /// The name that it has in a list.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Crop { .. } => "crop",
            Self::Resize { .. } => "resize",
            Self::Thumbnail { .. } => "thumbnail",
            Self::Rotate { .. } => "rotate",
            Self::Flip { .. } => "flip",
            Self::Pad { .. } => "pad",
            Self::Border { .. } => "border",
            Self::Brightness { .. } => "brightness",
            Self::Contrast { .. } => "contrast",
            Self::Saturation { .. } => "saturation",
            Self::Hue { .. } => "hue",
            Self::Grayscale => "grayscale",
            Self::Invert => "invert",
            Self::Sepia { .. } => "sepia",
            Self::Gamma { .. } => "gamma",
            Self::Blur { .. } => "blur",
            Self::Sharpen { .. } => "sharpen",
            Self::Paste { .. } => "paste",
            Self::Text { .. } => "text",
        }
    }
}

/// Does the operations, one after the other. `sources` are the pictures that can be pasted.
///
/// # Errors
/// If one of them is out of bounds; the message names it. Also when it is cancelled, which is looked
/// at before each operation.
pub(crate) fn apply(
    mut picture: RgbaImage,
    edits: &[Edit],
    sources: &BTreeMap<String, RgbaImage>,
    cancel: &dyn Fn() -> bool,
) -> Result<RgbaImage, EditError> {
    if edits.len() > MAX_EDITS {
        return Err(EditError::TooMany { count: edits.len() });
    }
    let (width, height) = picture.dimensions();
    check_size(u64::from(width), u64::from(height)).map_err(EditError::Input)?;
    for (index, edit) in edits.iter().enumerate() {
        if cancel() {
            return Err(EditError::Cancelled);
        }
        picture = one_edit(picture, edit, sources).map_err(|problem| EditError::Edit {
            index,
            op: edit.name(),
            problem,
        })?;
    }
    Ok(picture)
}

fn one_edit(
    picture: RgbaImage,
    edit: &Edit,
    sources: &BTreeMap<String, RgbaImage>,
) -> Result<RgbaImage, EditProblem> {
    match edit {
        Edit::Crop {
            x,
            y,
            width,
            height,
        } => geometry::crop(&picture, [*x, *y], [*width, *height]),
        Edit::Resize {
            width,
            height,
            mode,
            filter,
        } => geometry::resize(picture, [*width, *height], *mode, *filter),
        Edit::Thumbnail { width, height } => geometry::thumbnail(picture, [*width, *height]),
        Edit::Rotate {
            degrees,
            expand,
            background,
        } => geometry::rotate(picture, *degrees, *expand, *background),
        Edit::Flip { direction } => Ok(geometry::flip(picture, *direction)),
        Edit::Pad {
            left,
            top,
            right,
            bottom,
            color,
        } => geometry::pad(&picture, [*left, *top, *right, *bottom], *color),
        Edit::Border { width, color } => geometry::pad(&picture, [*width; 4], *color),
        Edit::Brightness { factor } => color::brightness(picture, *factor),
        Edit::Contrast { factor } => color::contrast(picture, *factor),
        Edit::Saturation { factor } => color::saturation(picture, *factor),
        Edit::Hue { degrees } => color::hue(picture, *degrees),
        Edit::Grayscale => Ok(color::grayscale(picture)),
        Edit::Invert => Ok(color::invert(picture)),
        Edit::Sepia { amount } => color::sepia(picture, *amount),
        Edit::Gamma { gamma } => color::gamma(picture, *gamma),
        Edit::Blur { radius } => filter::blur(&picture, *radius),
        Edit::Sharpen {
            radius,
            percent,
            threshold,
        } => filter::sharpen(picture, *radius, *percent, *threshold),
        Edit::Paste {
            source,
            x,
            y,
            opacity,
        } => compose::paste(picture, source, sources, [*x, *y], *opacity),
        Edit::Text {
            text,
            x,
            y,
            size,
            color,
        } => text::write(picture, text, [*x, *y], *size, *color),
    }
}

/// Checks that a picture of this size may be made.
fn check_size(width: u64, height: u64) -> Result<[u32; 2], EditProblem> {
    let side = |length: u64| {
        let length = u32::try_from(length).ok()?;
        (1..=MAX_SIDE).contains(&length).then_some(length)
    };
    match (side(width), side(height)) {
        (Some(w), Some(h)) if u64::from(w) * u64::from(h) <= MAX_EDITED_PIXELS => Ok([w, h]),
        _ => Err(EditProblem::Size { width, height }),
    }
}

/// Checks that a number is in its range.
fn check_range<T: PartialOrd + Copy + std::fmt::Display>(
    what: &'static str,
    actual: T,
    least: T,
    greatest: T,
) -> Result<(), EditProblem> {
    if (least..=greatest).contains(&actual) {
        return Ok(());
    }
    Err(EditProblem::Range {
        what,
        allowed: format!("{least} to {greatest}"),
        actual: actual.to_string(),
    })
}
