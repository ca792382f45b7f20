//! Where pixels are: crop, resize, rotate, flip, pad.

use image::imageops::{self, FilterType};
use image::{Rgba, RgbaImage};

use super::color::{Color, byte, premultiplied, unmultiplied};
use super::error::EditProblem;
use super::{FlipDirection, ResizeFilter, ResizeMode, check_range, check_size};

pub(super) fn crop(
    picture: &RgbaImage,
    [x, y]: [u32; 2],
    [width, height]: [u32; 2],
) -> Result<RgbaImage, EditProblem> {
    let (across, down) = picture.dimensions();
    check_range("x", x, 0, across - 1)?;
    check_range("y", y, 0, down - 1)?;
    check_range("width", width, 1, across - x)?;
    check_range("height", height, 1, down - y)?;
    Ok(imageops::crop_imm(picture, x, y, width, height).to_image())
}

pub(super) fn resize(
    picture: RgbaImage,
    asked: [Option<u32>; 2],
    mode: ResizeMode,
    filter: ResizeFilter,
) -> Result<RgbaImage, EditProblem> {
    let (width, height) = picture.dimensions();
    let [asked_width, asked_height] = match asked {
        [Some(w), Some(h)] => [w, h],
        [Some(w), None] => [w, scaled(height, w, width)],
        [None, Some(h)] => [scaled(width, h, height), h],
        [None, None] => {
            return Err(EditProblem::Missing {
                what: "width or height",
            });
        }
    };
    let [w, h] = check_size(u64::from(asked_width), u64::from(asked_height))?;
    match mode {
        ResizeMode::Exact => Ok(scale(picture, [w, h], filter)),
        ResizeMode::Fit => Ok(scale(picture, inside([width, height], [w, h]), filter)),
        ResizeMode::Fill => {
            // The part with the box's proportions, from the middle.
            let [cut_width, cut_height] = inside([w, h], [width, height]);
            let (x, y) = ((width - cut_width) / 2, (height - cut_height) / 2);
            let part = imageops::crop_imm(&picture, x, y, cut_width, cut_height).to_image();
            Ok(scale(part, [w, h], filter))
        }
    }
}

pub(super) fn thumbnail(picture: RgbaImage, asked: [u32; 2]) -> Result<RgbaImage, EditProblem> {
    let (width, height) = picture.dimensions();
    let asked = check_size(u64::from(asked[0]), u64::from(asked[1]))?;
    if width <= asked[0] && height <= asked[1] {
        return Ok(picture);
    }
    let size = inside([width, height], asked);
    Ok(scale(picture, size, ResizeFilter::Lanczos))
}

pub(super) fn flip(mut picture: RgbaImage, direction: FlipDirection) -> RgbaImage {
    match direction {
        FlipDirection::Horizontal => imageops::flip_horizontal_in_place(&mut picture),
        FlipDirection::Vertical => imageops::flip_vertical_in_place(&mut picture),
    }
    picture
}

pub(super) fn pad(
    picture: &RgbaImage,
    [left, top, right, bottom]: [u32; 4],
    color: Color,
) -> Result<RgbaImage, EditProblem> {
    let (width, height) = picture.dimensions();
    let sum = |parts: [u32; 3]| parts.into_iter().map(u64::from).sum();
    let [w, h] = check_size(sum([left, width, right]), sum([top, height, bottom]))?;
    let mut padded = RgbaImage::from_pixel(w, h, color.into());
    imageops::replace(&mut padded, picture, i64::from(left), i64::from(top));
    Ok(padded)
}

pub(super) fn rotate(
    picture: RgbaImage,
    degrees: f64,
    expand: bool,
    background: Color,
) -> Result<RgbaImage, EditProblem> {
    check_range("degrees", degrees, -360.0, 360.0)?;
    let is_square = picture.width() == picture.height();
    // imageops turns clockwise.
    match degrees.rem_euclid(360.0) {
        0.0 => Ok(picture),
        180.0 => Ok(imageops::rotate180(&picture)),
        90.0 if expand || is_square => Ok(imageops::rotate270(&picture)),
        270.0 if expand || is_square => Ok(imageops::rotate90(&picture)),
        degrees => turn(&picture, degrees.to_radians(), expand, background),
    }
}

/// Turns by any angle, with bilinear interpolation, as Pillow does: each pixel of the result looks
/// where it comes from, around the middle of both pictures.
fn turn(
    picture: &RgbaImage,
    radians: f64,
    expand: bool,
    background: Color,
) -> Result<RgbaImage, EditProblem> {
    let (sin, cos) = radians.sin_cos();
    let (width, height) = picture.dimensions();
    let middle = [f64::from(width) / 2.0, f64::from(height) / 2.0];
    let [w, h] = if expand {
        let reach = [
            cos.abs() * middle[0] + sin.abs() * middle[1],
            sin.abs() * middle[0] + cos.abs() * middle[1],
        ];
        let side = |middle: f64, reach: f64| {
            // A hair's breadth of rounding makes no pixel.
            let (low, high) = (middle - reach + 1e-9, middle + reach - 1e-9);
            (high.ceil() - low.floor()) as u64
        };
        check_size(side(middle[0], reach[0]), side(middle[1], reach[1]))?
    } else {
        [width, height]
    };
    let background = Rgba::from(background);
    let source = premultiplied(picture);
    let turned = RgbaImage::from_fn(w, h, |x, y| {
        let dx = f64::from(x) + 0.5 - f64::from(w) / 2.0;
        let dy = f64::from(y) + 0.5 - f64::from(h) / 2.0;
        let from_x = cos * dx - sin * dy + middle[0];
        let from_y = sin * dx + cos * dy + middle[1];
        let is_inside =
            (0.0..f64::from(width)).contains(&from_x) && (0.0..f64::from(height)).contains(&from_y);
        if is_inside {
            unmultiplied(bilinear(&source, from_x - 0.5, from_y - 0.5))
        } else {
            background
        }
    });
    Ok(turned)
}

/// Between four pixels; those beyond the edge are as the edge.
fn bilinear(picture: &RgbaImage, x: f64, y: f64) -> Rgba<u8> {
    let (left, top) = (x.floor(), y.floor());
    let (along, down) = ((x - left) as f32, (y - top) as f32);
    let at = |dx: f64, dy: f64| {
        let x = (left + dx).clamp(0.0, f64::from(picture.width() - 1)) as u32;
        let y = (top + dy).clamp(0.0, f64::from(picture.height() - 1)) as u32;
        picture.get_pixel(x, y).0.map(f32::from)
    };
    let corners = [at(0.0, 0.0), at(1.0, 0.0), at(0.0, 1.0), at(1.0, 1.0)];
    Rgba(std::array::from_fn(|channel| {
        let levels = corners.map(|corner| corner[channel]);
        let upper = levels[0] + (levels[1] - levels[0]) * along;
        let lower = levels[2] + (levels[3] - levels[2]) * along;
        byte(upper + (lower - upper) * down)
    }))
}

/// Scales to a size that was checked.
fn scale(picture: RgbaImage, [w, h]: [u32; 2], filter: ResizeFilter) -> RgbaImage {
    let (width, height) = picture.dimensions();
    if (width, height) == (w, h) {
        return picture;
    }
    let filter = match filter {
        ResizeFilter::Nearest => return nearest(&picture, [w, h]),
        ResizeFilter::Bilinear => FilterType::Triangle,
        ResizeFilter::Bicubic => FilterType::CatmullRom,
        ResizeFilter::Lanczos => FilterType::Lanczos3,
    };
    let mut source = premultiplied(&picture);
    drop(picture);
    if w < width && h > height {
        // imageops scales the height first, which would be huge in between.
        source = imageops::resize(&source, w, height, filter);
    }
    let mut scaled = imageops::resize(&source, w, h, filter);
    for pixel in scaled.pixels_mut() {
        *pixel = unmultiplied(*pixel);
    }
    scaled
}

/// The pixel at the middle of each new one, as Pillow takes it.
fn nearest(picture: &RgbaImage, [w, h]: [u32; 2]) -> RgbaImage {
    let (width, height) = picture.dimensions();
    let from = |at: u32, new: u32, old: u32| {
        let middle = (2 * u64::from(at) + 1) * u64::from(old) / (2 * u64::from(new));
        middle.min(u64::from(old - 1)) as u32
    };
    RgbaImage::from_fn(w, h, |x, y| {
        *picture.get_pixel(from(x, w, width), from(y, h, height))
    })
}

/// The greatest size with the proportions of `size` inside `room`.
fn inside(size: [u32; 2], room: [u32; 2]) -> [u32; 2] {
    let is_wider =
        u64::from(size[0]) * u64::from(room[1]) >= u64::from(size[1]) * u64::from(room[0]);
    if is_wider {
        [room[0], scaled(size[1], room[0], size[0]).min(room[1])]
    } else {
        [scaled(size[0], room[1], size[1]).min(room[0]), room[1]]
    }
}

/// `length × numerator / denominator`, rounded, at least 1.
fn scaled(length: u32, numerator: u32, denominator: u32) -> u32 {
    let (length, numerator, denominator) = (
        u64::from(length),
        u64::from(numerator),
        u64::from(denominator),
    );
    let rounded = (2 * length * numerator + denominator) / (2 * denominator);
    u32::try_from(rounded.max(1)).unwrap_or(u32::MAX)
}
