use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use image::{Rgba, RgbaImage};
use serde_json::{Value, json};

use super::*;
use crate::protocol::MediaType;

const RED: Rgba<u8> = Rgba([255, 0, 0, 255]);
const CLEAR: Rgba<u8> = Rgba([0, 0, 255, 0]);

fn plain(width: u32, height: u32) -> RgbaImage {
    RgbaImage::from_pixel(width, height, RED)
}

fn edits(list: Value) -> Vec<Edit> {
    serde_json::from_value(list).expect("edits")
}

fn edited(picture: RgbaImage, list: Value) -> Result<RgbaImage, EditError> {
    let sources = BTreeMap::from([("logo".to_owned(), plain(4, 4))]);
    apply(picture, &edits(list), &sources, &|| false)
}

#[test]
fn operations_follow_each_other() {
    let made = edited(
        plain(100, 50),
        json!([
            {"op": "crop", "x": 10, "y": 0, "width": 60, "height": 50},
            {"op": "resize", "width": 30},
            {"op": "rotate", "degrees": 90},
            {"op": "border", "width": 2, "color": "white"},
        ]),
    )
    .expect("edited");
    assert_eq!(made.dimensions(), (29, 34));
    assert_eq!(made.get_pixel(0, 0), &Rgba([255; 4]));
    assert_eq!(made.get_pixel(14, 17), &RED);
    assert_eq!(
        edited(plain(3, 3), json!([])).expect("nothing to do"),
        plain(3, 3)
    );
}

#[test]
fn operations_are_plain_data() {
    let list = json!([
        {"op": "resize", "width": 30, "height": null, "mode": "fill", "filter": "nearest"},
        {"op": "grayscale"},
        {"op": "text", "text": "hi", "x": 1, "y": -2, "size": 12.0, "color": "#ff8000ff"},
    ]);
    assert_eq!(
        serde_json::to_value(edits(list.clone())).expect("plain data"),
        list
    );
    for wrong in [
        json!({"op": "explode"}),
        json!({"op": "crop", "x": 1}),
        json!({"op": "crop", "x": -1, "y": 0, "width": 1, "height": 1}),
        json!({"op": "resize", "width": 3, "colour": "red"}),
        json!({"op": "border", "width": 1, "color": "#12345"}),
        json!({"op": "flip", "direction": "sideways"}),
    ] {
        assert!(
            serde_json::from_value::<Edit>(wrong.clone()).is_err(),
            "{wrong}"
        );
    }
    let every: Vec<Edit> = edits(json!([{"op": "invert"}, {"op": "sepia"}]));
    for edit in every {
        let value = serde_json::to_value(&edit).expect("plain data");
        assert_eq!(value["op"], edit.name());
    }
}

#[test]
fn errors_name_the_operation_its_place_and_its_range() {
    for (edit, expected) in [
        (
            json!({"op": "crop", "x": 0, "y": 0, "width": 41, "height": 1}),
            "(crop): width must be 1 to 40, not 41",
        ),
        (
            json!({"op": "crop", "x": 40, "y": 0, "width": 1, "height": 1}),
            "(crop): x must be 0 to 39, not 40",
        ),
        (
            json!({"op": "crop", "x": 0, "y": 29, "width": 1, "height": 2}),
            "(crop): height must be 1 to 1, not 2",
        ),
        (
            json!({"op": "resize", "width": 100_000, "height": 100_000}),
            "(resize): 100000×100000 is no size",
        ),
        (
            json!({"op": "resize", "width": 16_000, "height": 16_000}),
            "all of it 50 million",
        ),
        (
            json!({"op": "resize", "width": 0}),
            "(resize): 0×1 is no size",
        ),
        (
            json!({"op": "resize"}),
            "(resize): width or height is missing",
        ),
        (
            json!({"op": "resize", "width": 4_294_967_295_u32}),
            "is no size",
        ),
        (
            json!({"op": "thumbnail", "width": 0, "height": 5}),
            "(thumbnail): 0×5 is no size",
        ),
        (
            json!({"op": "rotate", "degrees": 361}),
            "degrees must be -360 to 360, not 361",
        ),
        (
            json!({"op": "border", "width": 4_294_967_295_u32, "color": "red"}),
            "(border): 8589934630×8589934620",
        ),
        (
            json!({"op": "pad", "left": 20_000}),
            "(pad): 20040×30 is no size",
        ),
        (
            json!({"op": "brightness", "factor": -0.5}),
            "factor must be 0 to 100, not -0.5",
        ),
        (
            json!({"op": "gamma", "gamma": 0}),
            "gamma must be 0.1 to 10, not 0",
        ),
        (
            json!({"op": "blur", "radius": 1e9}),
            "radius must be 0.1 to 250",
        ),
        (
            json!({"op": "sharpen", "percent": 1001}),
            "percent must be 0 to 1000",
        ),
        (
            json!({"op": "sepia", "amount": 2}),
            "amount must be 0 to 1, not 2",
        ),
        (
            json!({"op": "hue", "degrees": 400}),
            "degrees must be -360 to 360",
        ),
        (
            json!({"op": "paste", "source": "cat", "x": 0, "y": 0}),
            "no picture \"cat\" to paste; there are: logo",
        ),
        (
            json!({"op": "paste", "source": "logo", "x": 0, "y": 0, "opacity": 1.5}),
            "opacity must be 0 to 1",
        ),
        (
            json!({"op": "text", "text": "", "x": 0, "y": 0, "size": 12}),
            "characters must be 1 to 2000, not 0",
        ),
        (
            json!({"op": "text", "text": "x", "x": 0, "y": 0, "size": 1}),
            "size must be 4 to 1000, not 1",
        ),
    ] {
        let told = edited(plain(40, 30), json!([{"op": "invert"}, edit]))
            .expect_err(expected)
            .to_string();
        assert!(told.starts_with("edits[1] ("), "{told}");
        assert!(told.contains(expected), "{told}");
    }
    let many = vec![Edit::Invert; MAX_EDITS + 1];
    let none = BTreeMap::new();
    let error = apply(plain(1, 1), &many, &none, &|| false).expect_err("too many");
    assert_eq!(error, EditError::TooMany { count: 65 });
    let error = apply(plain(20_000, 1), &[], &none, &|| false).expect_err("too wide");
    assert!(
        error.to_string().starts_with("the picture: 20000×1"),
        "{error}"
    );
    let error = apply(plain(1, 1), &[Edit::Invert], &none, &|| true);
    assert_eq!(error, Err(EditError::Cancelled));
}

/// A picture that is wide and low becomes one that is narrow and high: what is in between must not
/// be both.
#[test]
fn no_picture_in_between_is_huge() {
    let begun = Instant::now();
    let list = json!([{"op": "resize", "width": 1, "height": 16_383, "mode": "exact"}]);
    let made = edited(plain(16_383, 1), list).expect("resized");
    assert_eq!(made.dimensions(), (1, 16_383));
    assert!(made.pixels().all(|pixel| *pixel == RED));
    assert!(begun.elapsed() < Duration::from_secs(10));
}

#[test]
fn the_smallest_picture_survives_everything() {
    let list = json!([
        {"op": "resize", "width": 3, "height": 2, "mode": "fill"}, {"op": "resize", "width": 1, "height": 1},
        {"op": "rotate", "degrees": 45}, {"op": "rotate", "degrees": 90, "expand": false},
        {"op": "flip", "direction": "horizontal"}, {"op": "contrast", "factor": 2}, {"op": "saturation", "factor": 0},
        {"op": "blur", "radius": 250}, {"op": "blur", "radius": 0.1}, {"op": "sharpen"}, {"op": "hue", "degrees": 10},
        {"op": "gamma", "gamma": 2}, {"op": "grayscale"}, {"op": "invert"}, {"op": "sepia"},
        {"op": "paste", "source": "logo", "x": -2_147_483_648_i64, "y": 2_147_483_647},
        {"op": "text", "text": "x\n\ty\u{1b}", "x": -2_147_483_648_i64, "y": 2_147_483_647, "size": 1000},
        {"op": "thumbnail", "width": 1, "height": 1}, {"op": "crop", "x": 0, "y": 0, "width": 1, "height": 1},
    ]);
    assert_eq!(
        edited(plain(1, 1), list).expect("edited").dimensions(),
        (1, 1)
    );
}

#[test]
fn what_is_transparent_bleeds_into_nothing() {
    let half = RgbaImage::from_fn(40, 40, |x, _| if x < 20 { RED } else { CLEAR });
    for edit in [
        json!({"op": "resize", "width": 13}),
        json!({"op": "blur", "radius": 3}),
        json!({"op": "blur", "radius": 9}),
        json!({"op": "rotate", "degrees": 20, "background": "transparent"}),
    ] {
        let made = edited(half.clone(), json!([edit])).expect("edited");
        for pixel in made.pixels().filter(|pixel| pixel.0[3] > 8) {
            assert!(pixel.0[2] < 16, "{edit}: {pixel:?} is blueish");
        }
    }
}

#[test]
fn a_picture_is_pasted_with_its_transparency() {
    let list = json!([{"op": "paste", "source": "logo", "x": 6, "y": -2, "opacity": 0.5}]);
    let made = edited(RgbaImage::from_pixel(8, 8, Rgba([0, 0, 0, 255])), list).expect("pasted");
    assert_eq!(made.get_pixel(6, 0), &Rgba([128, 0, 0, 255]));
    assert_eq!(made.get_pixel(6, 2), &Rgba([0, 0, 0, 255]));
    let list = json!([{"op": "paste", "source": "logo", "x": 0, "y": 0, "opacity": 0.5}]);
    let made = edited(RgbaImage::from_pixel(4, 4, CLEAR), list).expect("pasted");
    assert_eq!(made.get_pixel(0, 0), &Rgba([255, 0, 0, 128]));
}

#[test]
fn text_is_written_where_it_belongs() {
    let ground = RgbaImage::from_pixel(200, 60, Rgba([255; 4]));
    let write = |text: &str, size: f32| {
        let list = json!([{"op": "text", "text": text, "x": 20, "y": 10, "size": size}]);
        edited(ground.clone(), list).expect("written")
    };
    let inked = |picture: &RgbaImage| -> [u32; 4] {
        let dark: Vec<_> = picture
            .enumerate_pixels()
            .filter(|(_, _, pixel)| pixel.0[0] < 128)
            .collect();
        let x = || dark.iter().map(|(x, _, _)| *x);
        let y = || dark.iter().map(|(_, y, _)| *y);
        [x().min(), y().min(), x().max(), y().max()].map(|edge| edge.expect("some ink"))
    };
    let [left, top, right, bottom] = inked(&write("Hello", 20.0));
    assert!(
        (20..24).contains(&left) && (10..16).contains(&top),
        "{left} {top}"
    );
    // Five letters of a font whose letters are all as wide.
    assert!(
        (60..80).contains(&right) && (24..31).contains(&bottom),
        "{right} {bottom}"
    );
    let two_lines = inked(&write("Hello\nHello", 20.0));
    assert!((44..51).contains(&two_lines[3]), "{two_lines:?}");
    assert_eq!(write("Grüße, Ωμ, Мир", 12.0), write("Grüße, Ωμ, Мир", 12.0));
    assert_ne!(write("a", 12.0), write("b", 12.0));
    assert_eq!(write("\u{7}\n\n", 12.0), ground);
}

#[test]
fn pictures_are_written_in_every_format() {
    let picture = RgbaImage::from_fn(32, 24, |x, y| match (x < 16, y < 12) {
        (true, _) => RED,
        (_, true) => Rgba([0, 128, 0, 255]),
        _ => CLEAR,
    });
    for media_type in [
        MediaType::Png,
        MediaType::Jpeg,
        MediaType::Webp,
        MediaType::Gif,
    ] {
        let written = |quality| {
            encode(
                &picture,
                Encoding {
                    media_type,
                    quality,
                },
            )
        };
        let bytes = written(None).expect("encoded");
        let back = image::load_from_memory(&bytes)
            .expect("decodes")
            .into_rgba8();
        assert_eq!(back.dimensions(), (32, 24));
        assert!(back.get_pixel(4, 4).0[0] > 240, "{media_type:?}");
        let corner = back.get_pixel(30, 22).0;
        match media_type {
            MediaType::Jpeg => assert!(corner.iter().all(|level| *level > 240), "{corner:?}"),
            _ => assert_eq!(corner[3], 0),
        }
        match media_type {
            MediaType::Jpeg => {
                let sizes = [written(Some(1)), written(Some(100))]
                    .map(|bytes| bytes.expect("encoded").len());
                assert!(sizes[0] < sizes[1]);
                let told = written(Some(0)).expect_err("no quality").to_string();
                assert_eq!(
                    told,
                    "can't be written as JPEG: quality must be 1 to 100, not 0"
                );
            }
            _ => assert!(written(Some(80)).is_err()),
        }
    }
}

#[test]
fn differences_have_figures() {
    let same = compare(&plain(20, 20), &plain(20, 20)).expect("one size");
    assert_eq!((same.max, same.psnr), (0, None));
    assert!((same.ssim.expect("large enough") - 1.0).abs() < 1e-12);
    let clear = RgbaImage::from_pixel(2, 2, Rgba([255, 0, 0, 0]));
    let seen = compare(&plain(2, 2), &clear).expect("one size");
    assert_eq!((seen.max, seen.ssim), (255, None));
    assert!((seen.mean - 63.75).abs() < 1e-9);
    let told = compare(&plain(2, 2), &plain(2, 3))
        .expect_err("two sizes")
        .to_string();
    assert!(told.contains("2×2") && told.contains("2×3"), "{told}");
}

#[test]
fn colors_are_read_as_in_css() {
    let read = |text: &str| Color::try_from(text.to_owned()).map(|color| color.0);
    assert_eq!(read("#1aF"), Ok([0x11, 0xaa, 0xff, 255]));
    assert_eq!(read(" #102030 "), Ok([16, 32, 48, 255]));
    assert_eq!(read("#10203040"), Ok([16, 32, 48, 64]));
    assert_eq!(read("Transparent"), Ok([0; 4]));
    for text in [
        "",
        "#",
        "#1",
        "#12345",
        "#gggggg",
        "#é0é",
        "rgb(1,2,3)",
        "reddish",
    ] {
        assert!(read(text).expect_err(text).contains("#rrggbb"), "{text}");
    }
}
