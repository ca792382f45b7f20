use std::ops::ControlFlow;
use std::path::PathBuf;

use super::*;
use crate::diffusion::fail_decodings;
use crate::picture::PictureMetadata;
use crate::protocol::SchedulerName;

fn generator(folder: &Path) -> ImageGenerator {
    let catalogue = Catalogue::new(folder, None);
    ImageGenerator::with(
        catalogue,
        folder.join("styles.toml"),
        folder.join("cache"),
        folder.join("latents"),
    )
}

fn apple() -> ImageRequest {
    ImageRequest {
        prompt: "a red apple".to_owned(),
        num_inference_steps: Some(2),
        seed: Some(1),
        ..ImageRequest::default()
    }
}

/// Everything that is told, or why not.
fn make(
    generator: &mut ImageGenerator,
    request: &ImageRequest,
) -> Result<(Vec<ImageProgress>, Vec<Image>), GeneratorError> {
    let (mut progress, mut images) = (Vec::new(), Vec::new());
    generator.generate(request, &mut |news| {
        match news {
            News::Progress(one, _) => progress.push(one),
            News::Image(image) => images.push(image),
        }
        ControlFlow::Continue(())
    })?;
    Ok((progress, images))
}

#[test]
fn a_picture_tells_how_it_was_made_and_is_made_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut generator = generator(folder.path());
    let request = ImageRequest {
        count: Some(2),
        style: Some("watercolor".to_owned()),
        ..apple()
    };
    let (progress, images) = make(&mut generator, &request).expect("pictures");
    assert!(progress.iter().any(|one| one.stage == ImageStage::Loading));
    let last = progress.last().expect("steps");
    assert_eq!(
        (last.image, last.images, last.done, last.total),
        (2, 2, 2, 2)
    );
    let [first, second] = images.as_slice() else {
        panic!("{} pictures", images.len());
    };
    assert_eq!((first.width, first.height), (64, 64));
    let told = &second.generation;
    assert_eq!(told.request.seed, Some(2));
    assert_eq!(told.request.prompt, "a red apple");
    assert_eq!(told.request.style.as_deref(), Some("watercolor"));
    assert_eq!(told.request.scheduler, Some(SchedulerName::DpmPp2m));
    assert_eq!(told.request.model.as_deref(), Some("icons-64"));
    assert_eq!(told.device, "cpu");
    assert_eq!(told.model_hash.as_ref().map(String::len), Some(64));
    let written = PictureMetadata::read(&second.png);
    assert_eq!(written.recipe.expect("ours").seed, Some(2));
    let (_, again) = make(&mut generator, &told.request).expect("the same picture");
    let pixels = |image: &Image| picture::decode(&image.png).expect("a PNG").to_rgb8();
    assert_eq!(pixels(&again[0]), pixels(second));
    assert_ne!(pixels(first), pixels(second));
}

#[test]
fn a_picture_is_begun_with_another_and_painted_within_a_mask() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut generator = generator(folder.path());
    let (_, images) = make(&mut generator, &apple()).expect("a picture");
    let init = folder.path().join("init.png");
    images[0].save(&init).expect("written");
    let mask = folder.path().join("mask.png");
    let half =
        image::GrayImage::from_fn(64, 64, |x, _| image::Luma([if x < 32 { 0 } else { 255 }]));
    half.save(&mask).expect("written");
    let request = ImageRequest {
        init: Some(init),
        mask: Some(mask),
        seed: Some(5),
        prompt: "a blue umbrella".to_owned(),
        num_inference_steps: Some(12),
        ..apple()
    };
    let (_, painted) = make(&mut generator, &request).expect("a picture");
    let pixels = |image: &Image| picture::decode(&image.png).expect("a PNG").to_rgb8();
    let (before, after) = (pixels(&images[0]), pixels(&painted[0]));
    let difference = |columns: std::ops::Range<u32>| {
        let points = columns.flat_map(|x| (0..64).map(move |y| (x, y)));
        let all = points.flat_map(|(x, y)| {
            let (one, other) = (before.get_pixel(x, y).0, after.get_pixel(x, y).0);
            one.into_iter().zip(other)
        });
        all.map(|(one, other)| u64::from(one.abs_diff(other)))
            .sum::<u64>()
    };
    let (kept, new) = (difference(8..28), difference(36..56));
    assert!(
        kept * 2 < new,
        "{kept} where it is kept, {new} where it is painted"
    );
}

#[test]
fn what_cannot_be_is_said_in_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut generator = generator(folder.path());
    let missing = PathBuf::from("/nowhere/x.png");
    let cases = [
        (
            ImageRequest {
                size: Some((65, 64)),
                ..apple()
            },
            "64x64",
        ),
        (
            ImageRequest {
                model: Some("nothing".to_owned()),
                ..apple()
            },
            "companion models list",
        ),
        (
            ImageRequest {
                style: Some("nothing".to_owned()),
                ..apple()
            },
            "watercolor",
        ),
        (
            ImageRequest {
                init: Some(missing),
                ..apple()
            },
            "/nowhere/x.png",
        ),
        (
            ImageRequest {
                device: Some(DeviceKind::Cuda),
                ..apple()
            },
            "cuda",
        ),
    ];
    for (request, said) in cases {
        let error = make(&mut generator, &request).expect_err(said).in_a_line();
        assert!(error.contains(said), "{error}");
    }
}

#[test]
fn who_breaks_off_gets_no_picture_and_may_ask_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut generator = generator(folder.path());
    let mut steps = 0;
    let request = ImageRequest {
        num_inference_steps: Some(500),
        ..apple()
    };
    let stopped = generator.generate(&request, &mut |news| match news {
        News::Progress(one, so_far) if one.stage == ImageStage::Denoising && one.done > 0 => {
            steps += 1;
            let so_far = so_far.expect("a preview");
            assert_eq!(so_far.pixels.dimensions(), (16, 16));
            assert_eq!(so_far.size, (64, 64));
            if steps == 2 {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        }
        News::Progress(..) => ControlFlow::Continue(()),
        News::Image(_) => panic!("a picture"),
    });
    assert!(matches!(stopped, Err(GeneratorError::Cancelled)));
    assert_eq!(steps, 2);
    assert_eq!(
        make(&mut generator, &apple()).expect("a picture").1.len(),
        1
    );
}

#[test]
fn who_breaks_off_with_a_picture_waits_for_no_other() {
    let folder = tempfile::tempdir().expect("a folder");
    let request = ImageRequest {
        count: Some(3),
        ..apple()
    };
    let (mut pictures, mut last) = (0, 0);
    let stopped = generator(folder.path()).generate(&request, &mut |news| match news {
        News::Image(_) => {
            pictures += 1;
            ControlFlow::Break(())
        }
        News::Progress(progress, _) => {
            last = progress.image;
            ControlFlow::Continue(())
        }
    });
    assert!(matches!(stopped, Err(GeneratorError::Cancelled)));
    assert_eq!((pictures, last), (1, 1));
}

#[test]
fn what_it_will_take_is_told_before_the_first_step() {
    let folder = tempfile::tempdir().expect("a folder");
    let (progress, _) = make(&mut generator(folder.path()), &apple()).expect("a picture");
    let told = progress.iter().find(|one| one.forecast.is_some());
    let told = told.expect("a forecast");
    assert_eq!((told.done, told.total), (0, 2));
    let forecast = told.forecast.expect("as found");
    assert!(forecast.weights_bytes > 1 << 20 && forecast.decoding_bytes > 0);
    assert!(forecast.fits() && forecast.tile.is_none(), "{forecast:?}");
}

#[test]
fn latents_outlive_a_decoder_that_runs_out_of_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut generator = generator(folder.path());
    let (_, expected) = make(&mut generator, &apple()).expect("a picture");
    let kept = || {
        let folder = std::fs::read_dir(folder.path().join(LATENTS_FOLDER));
        folder.map_or(0, Iterator::count)
    };
    assert_eq!(kept(), 0, "a picture that is there needs no latents");

    // Whole, and in tiles of two sizes.
    fail_decodings(3);
    let error = make(&mut generator, &apple()).expect_err("no decoder");
    let said = error.in_a_line();
    let GeneratorError::Undecoded {
        latents: Some(latents),
        ..
    } = error
    else {
        panic!("{error:?}");
    };
    assert!(
        said.contains("out of memory") && said.contains("--latents"),
        "{said}"
    );
    assert_eq!(kept(), 1);

    fail_decodings(0);
    let request = ImageRequest {
        latents: Some(latents.clone()),
        ..ImageRequest::default()
    };
    let (_, rescued) = make(&mut generator, &request).expect("a picture");
    let pixels = |image: &Image| picture::decode(&image.png).expect("a picture");
    let [rescued] = &rescued[..] else {
        panic!("{} pictures", rescued.len());
    };
    assert_eq!(pixels(rescued), pixels(&expected[0]));
    assert_eq!(rescued.generation.request, expected[0].generation.request);
    assert_eq!(kept(), 0);

    let gone = make(&mut generator, &request).expect_err("removed");
    assert!(gone.in_a_line().contains("cannot read"), "{gone}");
}
