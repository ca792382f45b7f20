//! One picture on top of another.

use std::collections::BTreeMap;

use image::RgbaImage;

use super::check_range;
use super::color::{faded, put_over};
use super::error::EditProblem;

pub(super) fn paste(
    mut picture: RgbaImage,
    name: &str,
    sources: &BTreeMap<String, RgbaImage>,
    [x, y]: [i32; 2],
    opacity: f32,
) -> Result<RgbaImage, EditProblem> {
    check_range("opacity", opacity, 0.0, 1.0)?;
    let source = sources.get(name).ok_or_else(|| EditProblem::NoSource {
        name: name.to_owned(),
        known: if sources.is_empty() {
            "are none".to_owned()
        } else {
            let names: Vec<&str> = sources.keys().map(String::as_str).collect();
            format!("are: {}", names.join(", "))
        },
    })?;
    for (dx, dy, top) in source.enumerate_pixels() {
        let at = |start: i32, offset: u32| u32::try_from(i64::from(start) + i64::from(offset)).ok();
        let pixel = at(x, dx)
            .zip(at(y, dy))
            .and_then(|(x, y)| picture.get_pixel_mut_checked(x, y));
        if let Some(pixel) = pixel {
            put_over(pixel, faded(top.0, opacity));
        }
    }
    Ok(picture)
}
