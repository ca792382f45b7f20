//! What pixels are: brightness, contrast, saturation, hue, and tones.

use image::{Rgba, RgbaImage};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check_range;
use super::error::EditProblem;

/// A colour: `#rgb`, `#rrggbb`, `#rrggbbaa`, or one of a few names. Black by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(with = "String")]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Color(pub [u8; 4]);

/// The sixteen names of HTML 4, and `transparent`.
const NAMES: [(&str, [u8; 4]); 19] = [
    ("black", [0, 0, 0, 255]),
    ("silver", [192, 192, 192, 255]),
    ("gray", [128, 128, 128, 255]),
    ("grey", [128, 128, 128, 255]),
    ("white", [255, 255, 255, 255]),
    ("maroon", [128, 0, 0, 255]),
    ("red", [255, 0, 0, 255]),
    ("purple", [128, 0, 128, 255]),
    ("fuchsia", [255, 0, 255, 255]),
    ("green", [0, 128, 0, 255]),
    ("lime", [0, 255, 0, 255]),
    ("olive", [128, 128, 0, 255]),
    ("yellow", [255, 255, 0, 255]),
    ("navy", [0, 0, 128, 255]),
    ("blue", [0, 0, 255, 255]),
    ("teal", [0, 128, 128, 255]),
    ("aqua", [0, 255, 255, 255]),
    ("orange", [255, 165, 0, 255]),
    ("transparent", [0, 0, 0, 0]),
];

impl Default for Color {
    fn default() -> Self {
        Self([0, 0, 0, 255])
    }
}

impl From<Color> for Rgba<u8> {
    fn from(color: Color) -> Self {
        Rgba(color.0)
    }
}

impl From<Color> for String {
    fn from(Color([r, g, b, a]): Color) -> Self {
        format!("#{r:02x}{g:02x}{b:02x}{a:02x}")
    }
}

impl TryFrom<String> for Color {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let lower = text.trim().to_ascii_lowercase();
        if let Some((_, color)) = NAMES.iter().find(|(name, _)| *name == lower) {
            return Ok(Self(*color));
        }
        of_digits(&lower).map(Self).ok_or_else(|| {
            format!("{text:?} is no color: give #rgb, #rrggbb, #rrggbbaa, or a name like red")
        })
    }
}

fn of_digits(text: &str) -> Option<[u8; 4]> {
    let digits: Vec<u8> = text
        .strip_prefix('#')?
        .chars()
        .map(|c| Some(c.to_digit(16)? as u8))
        .collect::<Option<_>>()?;
    let pairs = |digits: &[u8]| {
        let mut levels = [255; 4];
        for (level, pair) in levels.iter_mut().zip(digits.chunks_exact(2)) {
            *level = pair.iter().fold(0, |level, digit| level * 16 + digit);
        }
        levels
    };
    match digits.len() {
        3 => Some(pairs(
            &digits
                .iter()
                .flat_map(|digit| [*digit; 2])
                .collect::<Vec<_>>(),
        )),
        6 | 8 => Some(pairs(&digits)),
        _ => None,
    }
}

pub(super) fn brightness(picture: RgbaImage, factor: f32) -> Result<RgbaImage, EditProblem> {
    check_factor(factor)?;
    Ok(map_levels(picture, |level| level * factor))
}

pub(super) fn contrast(picture: RgbaImage, factor: f32) -> Result<RgbaImage, EditProblem> {
    check_factor(factor)?;
    let sum: u64 = picture.pixels().map(|pixel| u64::from(grey(pixel.0))).sum();
    let count = picture.pixels().len() as u64;
    let mean = ((2 * sum + count) / (2 * count)) as f32;
    Ok(map_levels(picture, |level| mean + (level - mean) * factor))
}

pub(super) fn saturation(picture: RgbaImage, factor: f32) -> Result<RgbaImage, EditProblem> {
    check_factor(factor)?;
    Ok(map(picture, |pixel| {
        let grey = f32::from(grey(pixel));
        let [r, g, b, _] = pixel.map(f32::from);
        [r, g, b].map(|level| grey + (level - grey) * factor)
    }))
}

/// <https://www.w3.org/TR/filter-effects-1/#feColorMatrixElement>, `hueRotate`.
pub(super) fn hue(picture: RgbaImage, degrees: f32) -> Result<RgbaImage, EditProblem> {
    check_range("degrees", degrees, -360.0, 360.0)?;
    let (s, c) = degrees.to_radians().sin_cos();
    let rows = [
        [
            0.213 + c * 0.787 - s * 0.213,
            0.715 - c * 0.715 - s * 0.715,
            0.072 - c * 0.072 + s * 0.928,
        ],
        [
            0.213 - c * 0.213 + s * 0.143,
            0.715 + c * 0.285 + s * 0.140,
            0.072 - c * 0.072 - s * 0.283,
        ],
        [
            0.213 - c * 0.213 - s * 0.787,
            0.715 - c * 0.715 + s * 0.715,
            0.072 + c * 0.928 + s * 0.072,
        ],
    ];
    Ok(matrix(picture, rows))
}

/// <https://www.w3.org/TR/filter-effects-1/#sepiaEquivalent>
pub(super) fn sepia(picture: RgbaImage, amount: f32) -> Result<RgbaImage, EditProblem> {
    check_range("amount", amount, 0.0, 1.0)?;
    let rest = 1.0 - amount;
    let rows = [
        [
            0.393 + 0.607 * rest,
            0.769 - 0.769 * rest,
            0.189 - 0.189 * rest,
        ],
        [
            0.349 - 0.349 * rest,
            0.686 + 0.314 * rest,
            0.168 - 0.168 * rest,
        ],
        [
            0.272 - 0.272 * rest,
            0.534 - 0.534 * rest,
            0.131 + 0.869 * rest,
        ],
    ];
    Ok(matrix(picture, rows))
}

pub(super) fn gamma(picture: RgbaImage, gamma: f32) -> Result<RgbaImage, EditProblem> {
    check_range("gamma", gamma, 0.1, 10.0)?;
    Ok(map_levels(picture, |level| {
        255.0 * (level / 255.0).powf(1.0 / gamma)
    }))
}

pub(super) fn grayscale(mut picture: RgbaImage) -> RgbaImage {
    for pixel in picture.pixels_mut() {
        let grey = grey(pixel.0);
        pixel.0 = [grey, grey, grey, pixel.0[3]];
    }
    picture
}

pub(super) fn invert(picture: RgbaImage) -> RgbaImage {
    map_levels(picture, |level| 255.0 - level)
}

/// Luma by ITU-R BT.601, in Pillow's integers.
pub(super) fn grey([r, g, b, _]: [u8; 4]) -> u8 {
    let [r, g, b] = [r, g, b].map(u32::from);
    ((r * 19_595 + g * 38_470 + b * 7_471 + 0x8000) >> 16) as u8
}

/// A level as a byte: rounded, and cut off at both ends.
pub(super) fn byte(level: f32) -> u8 {
    (level + 0.5).clamp(0.0, 255.0) as u8
}

/// The same colour with a part of its alpha: `share` is 0 to 1.
pub(super) fn faded([r, g, b, a]: [u8; 4], share: f32) -> [u8; 4] {
    [r, g, b, byte(f32::from(a) * share)]
}

/// Puts a colour over a pixel: Porter and Duff's `over`, rounded once.
pub(super) fn put_over(pixel: &mut Rgba<u8>, top: [u8; 4]) {
    let [top_alpha, alpha] = [top[3], pixel.0[3]].map(u32::from);
    let below = alpha * (255 - top_alpha);
    let sum = top_alpha * 255 + below;
    if sum == 0 {
        return;
    }
    for (level, top) in pixel.0.iter_mut().zip(top).take(3) {
        let weighed = u32::from(top) * top_alpha * 255 + u32::from(*level) * below;
        *level = ((weighed + sum / 2) / sum) as u8;
    }
    pixel.0[3] = ((sum + 127) / 255) as u8;
}

/// Colours weighed by their alpha, so that what is transparent counts for nothing.
pub(super) fn premultiplied(picture: &RgbaImage) -> RgbaImage {
    let mut picture = picture.clone();
    for pixel in picture.pixels_mut() {
        let [r, g, b, a] = pixel.0;
        let weighed = |level: u8| ((u32::from(level) * u32::from(a) + 127) / 255) as u8;
        pixel.0 = [weighed(r), weighed(g), weighed(b), a];
    }
    picture
}

/// The colour of a pixel of [`premultiplied`].
pub(super) fn unmultiplied(pixel: Rgba<u8>) -> Rgba<u8> {
    let [r, g, b, a] = pixel.0;
    if a == 255 {
        return pixel;
    }
    let alpha = u32::from(a);
    let weighed = |level: u8| {
        let level = (u32::from(level) * 255 + alpha / 2).checked_div(alpha);
        level.unwrap_or_default().min(255) as u8
    };
    Rgba([weighed(r), weighed(g), weighed(b), a])
}

fn check_factor(factor: f32) -> Result<(), EditProblem> {
    check_range("factor", factor, 0.0, 100.0)
}

/// Changes each channel by itself; alpha stays.
fn map_levels(mut picture: RgbaImage, change: impl Fn(f32) -> f32) -> RgbaImage {
    let table: [u8; 256] = std::array::from_fn(|level| byte(change(level as f32)));
    for pixel in picture.pixels_mut() {
        let [r, g, b, a] = pixel.0;
        let [r, g, b] = [r, g, b].map(|level| table[usize::from(level)]);
        pixel.0 = [r, g, b, a];
    }
    picture
}

fn map(mut picture: RgbaImage, change: impl Fn([u8; 4]) -> [f32; 3]) -> RgbaImage {
    for pixel in picture.pixels_mut() {
        let [r, g, b] = change(pixel.0).map(byte);
        pixel.0 = [r, g, b, pixel.0[3]];
    }
    picture
}

fn matrix(picture: RgbaImage, rows: [[f32; 3]; 3]) -> RgbaImage {
    map(picture, |pixel| {
        let [r, g, b, _] = pixel.map(f32::from);
        rows.map(|[from_r, from_g, from_b]| from_r * r + from_g * g + from_b * b)
    })
}
