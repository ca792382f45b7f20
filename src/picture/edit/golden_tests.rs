//! Against Pillow: `tests/golden/make_edits.py` made the pictures, and says what the tolerances are.

use std::collections::BTreeMap;
use std::path::Path;

use image::RgbaImage;
use serde::Deserialize;

use super::color::premultiplied;
use super::{Edit, apply, compare};

#[derive(Deserialize)]
struct Case {
    name: String,
    input: String,
    edits: Vec<Edit>,
    max: u8,
    mean: f64,
}

#[derive(Deserialize)]
struct Pair {
    name: String,
    max: u8,
    mean: f64,
    psnr: f64,
    ssim: f64,
}

fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/edits");
    std::fs::read(folder.join(name)).expect(name)
}

fn picture(name: &str) -> RgbaImage {
    let bytes = golden(&format!("{name}.png"));
    image::load_from_memory(&bytes).expect(name).into_rgba8()
}

#[test]
fn edits_are_what_pillow_makes_of_them() {
    let cases: Vec<Case> = serde_json::from_slice(&golden("cases.json")).expect("cases");
    let sources = BTreeMap::from([("sprite".to_owned(), picture("sprite"))]);
    let mut wrong = Vec::new();
    for case in cases {
        let edited =
            apply(picture(&case.input), &case.edits, &sources, &|| false).expect(&case.name);
        let expected = premultiplied(&picture(&case.name));
        match compare(&premultiplied(&edited), &expected) {
            Ok(found) if found.max <= case.max && found.mean <= case.mean => {}
            found => wrong.push(format!("{}: {found:?}", case.name)),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn differences_are_those_of_scikit_image() {
    let pairs: Vec<Pair> = serde_json::from_slice(&golden("compare.json")).expect("pairs");
    for pair in pairs {
        let found = compare(&picture("photo"), &picture(&pair.name)).expect("one size");
        assert_eq!(found.max, pair.max, "{}", pair.name);
        assert!((found.mean - pair.mean).abs() < 1e-9, "{}", pair.name);
        let psnr = found.psnr.expect("they differ");
        assert!((psnr - pair.psnr).abs() < 1e-6, "{}: {psnr}", pair.name);
        let ssim = found.ssim.expect("large enough");
        assert!(
            (ssim - pair.ssim).abs() < 1e-3,
            "{}: {ssim} for {}",
            pair.name,
            pair.ssim
        );
    }
}
