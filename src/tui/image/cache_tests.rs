//! Scaling, encoding, and the cache around them.

use std::sync::mpsc;

use image::{DynamicImage, Rgba, RgbaImage};

use super::cache::{Full, MAX_CACHE_BYTES};
use super::scale::{encode, scale};
use super::*;

pub(super) fn png(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    DynamicImage::ImageRgba8(RgbaImage::from_pixel(width, height, Rgba([1, 2, 3, 255])))
        .write_to(&mut bytes, image::ImageFormat::Png)
        .expect("encodes");
    bytes.into_inner()
}

pub(super) fn blob(n: u8) -> PictureKey {
    PictureKey::Blob(BlobId([n; 32]))
}

fn cache_of(
    load: impl Fn(BlobId) -> Result<Vec<u8>, String> + Send + 'static,
) -> (ImageCache, mpsc::Receiver<()>) {
    let (send, woken) = mpsc::channel();
    let cache =
        ImageCache::start(load, move || send.send(()).unwrap_or_default()).expect("a thread");
    (cache, woken)
}

pub(super) fn wait(woken: &mpsc::Receiver<()>) {
    woken
        .recv_timeout(Duration::from_secs(20))
        .expect("a wake-up");
}

pub(super) fn target(cols: u16, rows: u16) -> Target {
    HalfBlocks.target(cols, rows, &Look::default())
}

pub(super) fn four_by_four() -> RgbaImage {
    RgbaImage::from_fn(4, 4, |x, y| {
        let alpha = if x == 3 { [255, 0, 0, 255] } else { [255; 4] };
        let [x, y] = [x, y].map(|v| u8::try_from(v).expect("small") * 80);
        Rgba([x, y, 128, alpha[usize::from(y / 80)]])
    })
}

#[test]
fn scaling_gives_the_sizes_asked_for() {
    let big = DynamicImage::ImageRgb8(image::RgbImage::from_pixel(900, 600, image::Rgb([9, 8, 7])));
    let (width, height) = (240, 160);
    let target = |full| Target {
        cols: 30,
        rows: 10,
        full,
    };
    let sizes = scale(big, target(FullSize::Pixels { width, height }));
    assert_eq!(sizes.blocks.dimensions(), (30, 20));
    assert_eq!(sizes.blocks.get_pixel(15, 10), &Rgba([9, 8, 7, 255]));
    let full = sizes.full.expect("asked for");
    assert_eq!(full.dimensions(), (width, height));

    // A small one is not scaled up for the wire, if the terminal can do that.
    let small = DynamicImage::ImageRgba8(four_by_four());
    let sizes = scale(small.clone(), target(FullSize::Png { width, height }));
    assert_eq!(sizes.full.expect("asked for").dimensions(), (4, 4));
    let background = (0, 0, 0);
    let sixel = FullSize::Sixel {
        width,
        height,
        background,
    };
    let sizes = scale(small.clone(), target(sixel));
    assert_eq!(sizes.full.expect("asked for").dimensions(), (width, height));
    assert!(scale(small, target(FullSize::None)).full.is_none());
}

#[test]
fn encoders_keep_what_they_get() {
    let (width, height) = (4, 4);
    let png = encode(FullSize::Png { width, height }, four_by_four());
    let Ok(Full::Png(png)) = png else {
        panic!("no PNG: {png:?}");
    };
    let sent = crate::picture::decode(&png).expect("a PNG").to_rgba8();
    assert_eq!(sent, four_by_four());

    let sixel = FullSize::Sixel {
        width: 12,
        height: 12,
        background: (0, 0, 255),
    };
    // The encoder counts in 32 steps for each colour, the brightest of which is 97%.
    let red = RgbaImage::from_pixel(12, 12, Rgba([255, 0, 0, 255]));
    let clear = RgbaImage::new(12, 12);
    for (pixels, color) in [(red, ";2;97;0;0"), (clear, ";2;0;0;97")] {
        let sequence = encode(sixel, pixels);
        let Ok(Full::Sixel(sequence)) = sequence else {
            panic!("no sixels: {sequence:?}");
        };
        assert!(sequence.starts_with("\x1bP"), "{sequence:?}");
        assert!(sequence.ends_with("\x1b\\"), "{sequence:?}");
        assert!(sequence.contains(color), "{sequence:?}");
    }
}

#[test]
fn invisible_colours_do_not_bleed() {
    // White beside transparent black.
    let picture = RgbaImage::from_fn(64, 64, |x, _| Rgba(if x < 33 { [255; 4] } else { [0; 4] }));
    let scaled = scale(DynamicImage::ImageRgba8(picture), target(8, 4));
    for pixel in scaled.blocks.pixels().filter(|pixel| pixel[3] > 8) {
        assert!(pixel[0] > 240, "{pixel:?}");
    }
}

#[test]
fn the_cache_answers_at_once_and_wakes_later() {
    let (cache, woken) = cache_of(|_| Ok(png(40, 20)));
    assert!(matches!(
        cache.get(&blob(1), target(20, 5)),
        Loaded::Waiting(None)
    ));
    wait(&woken);
    let Loaded::Ready(picture) = cache.get(&blob(1), target(20, 5)) else {
        panic!("not ready");
    };
    assert_eq!(picture.blocks.dimensions(), (20, 10));
    assert_eq!(cache.size_bytes(), 20 * 10 * 4);
    // After a resize there is something to look at in the meantime.
    let Loaded::Waiting(Some(other)) = cache.get(&blob(1), target(10, 3)) else {
        panic!("nothing to look at");
    };
    assert_eq!(other.blocks.dimensions(), (20, 10));
}

#[test]
fn what_cannot_be_decoded_fails_with_a_reason() {
    let (cache, woken) = cache_of(|id| match id.0[0] {
        1 => Err("the store has no such blob".into()),
        2 => Ok(png(8, 8)[..40].to_vec()),
        _ => panic!("a bug"),
    });
    for (n, expected) in [(1, "no such blob"), (2, "damaged"), (3, "a bug")] {
        cache.get(&blob(n), target(2, 1));
        wait(&woken);
        let Loaded::Failed(message) = cache.get(&blob(n), target(2, 1)) else {
            panic!("not failed");
        };
        assert!(message.contains(expected), "{message}");
    }
}

#[test]
fn only_the_newest_size_is_made() {
    let (go, gate) = mpsc::channel::<()>();
    let (cache, woken) = cache_of(move |_| {
        gate.recv().map_err(|error| error.to_string())?;
        Ok(png(40, 20))
    });
    // The first occupies the thread, if it was quick enough to take it.
    for cols in 1..=20 {
        cache.get(&blob(1), target(cols, 5));
    }
    (0..20).for_each(|_| go.send(()).unwrap_or_default());
    wait(&woken);
    while !matches!(cache.get(&blob(1), target(20, 5)), Loaded::Ready(_)) {
        wait(&woken);
    }
    assert!(cache.size_bytes() <= 2 * 20 * 10 * 4, "at most two sizes");
}

#[test]
fn the_cache_forgets_what_was_not_seen_for_long() {
    let (cache, woken) = cache_of(|_| Ok(png(2, 2)));
    // 20 MiB each.
    let large = target(1024, 2560);
    for n in 1..=4 {
        cache.get(&blob(n), large);
        wait(&woken);
        assert!(matches!(cache.get(&blob(1), large), Loaded::Ready(_)));
    }
    assert!(cache.size_bytes() <= MAX_CACHE_BYTES);
    assert!(matches!(cache.get(&blob(1), large), Loaded::Ready(_)));
    assert!(matches!(cache.get(&blob(2), large), Loaded::Waiting(None)));
}

#[test]
fn half_blocks_come_first_and_the_rest_follows() {
    let (cache, woken) = cache_of(|_| Ok(png(200, 200)));
    let target = Target {
        full: FullSize::Png {
            width: 80,
            height: 80,
        },
        ..target(20, 10)
    };
    cache.get(&blob(1), target);
    wait(&woken);
    let Loaded::Ready(picture) = cache.get(&blob(1), target) else {
        panic!("no half blocks");
    };
    wait(&woken);
    assert!(matches!(picture.full.get(), Some(Full::Png(_))));
    assert!(cache.size_bytes() > picture.blocks.as_raw().len());
    // Many at once all get there, although few may wait.
    let mut left: Vec<u8> = (2..30).collect();
    while !left.is_empty() {
        left.retain(|&n| match cache.get(&blob(n), target) {
            Loaded::Ready(picture) => picture.full.get().is_none(),
            _ => true,
        });
        let _ = woken.recv_timeout(Duration::from_millis(20));
    }
    assert!(woken.try_iter().count() < 60, "nothing was done in vain");
}
