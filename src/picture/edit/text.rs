//! Text on a picture, in Hack: the one font that comes along. It has Latin, Greek and Cyrillic
//! letters; what it has not is a box.

use ab_glyph::{Font, FontRef, Glyph, PxScale, ScaleFont, point};
use image::RgbaImage;

use super::check_range;
use super::color::{Color, faded, put_over};
use super::error::EditProblem;

const MAX_CHARS: usize = 2000;
const TAB: &str = "    ";

pub(super) fn write(
    mut picture: RgbaImage,
    text: &str,
    [x, y]: [i32; 2],
    size: f32,
    color: Color,
) -> Result<RgbaImage, EditProblem> {
    check_range("size", size, 4.0, 1000.0)?;
    check_range(
        "the number of characters",
        text.chars().count(),
        1,
        MAX_CHARS,
    )?;
    let font = FontRef::try_from_slice(epaint_default_fonts::HACK_REGULAR)
        .map_err(|error| EditProblem::Failed(error.to_string()))?;
    for glyph in glyphs(&font, text, [x as f32, y as f32], size) {
        let Some(outline) = font.outline_glyph(glyph) else {
            // A space.
            continue;
        };
        let bounds = outline.px_bounds();
        let is_seen = bounds.max.x > 0.0
            && bounds.max.y > 0.0
            && bounds.min.x < picture.width() as f32
            && bounds.min.y < picture.height() as f32;
        if !is_seen {
            continue;
        }
        let corner = bounds.min;
        outline.draw(|dx, dy, coverage| {
            let at = |start: f32, offset: u32| u32::try_from(start as i64 + i64::from(offset)).ok();
            let pixel = at(corner.x, dx)
                .zip(at(corner.y, dy))
                .and_then(|(x, y)| picture.get_pixel_mut_checked(x, y));
            if let Some(pixel) = pixel {
                put_over(pixel, faded(color.0, coverage.min(1.0)));
            }
        });
    }
    Ok(picture)
}

/// The glyphs of a text where they belong: `at` is the upper left corner of the first line.
fn glyphs(font: &FontRef<'_>, text: &str, at: [f32; 2], size: f32) -> Vec<Glyph> {
    let scaled = font.as_scaled(PxScale::from(size));
    let mut glyphs = Vec::new();
    let mut baseline = at[1] + scaled.ascent();
    for line in text.lines() {
        let mut x = at[0];
        let line = line.replace('\t', TAB);
        for c in line.chars().filter(|c| !c.is_control()) {
            let id = font.glyph_id(c);
            glyphs.push(id.with_scale_and_position(size, point(x, baseline)));
            x += scaled.h_advance(id);
        }
        baseline += scaled.height() + scaled.line_gap();
    }
    glyphs
}
