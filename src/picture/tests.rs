//! Fixtures are made here: no binary files in the tree.

use std::os::unix::fs::PermissionsExt;

use image::{Rgba, RgbaImage};

use super::*;

fn encoded(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
    let picture = RgbaImage::from_fn(width, height, |x, y| {
        let [r, g] = [x * 255 / width, y * 255 / height].map(|v| u8::try_from(v).expect("a byte"));
        Rgba([r, g, 40, 255])
    });
    let picture = DynamicImage::ImageRgba8(picture);
    let picture = match format {
        ImageFormat::Jpeg => DynamicImage::ImageRgb8(picture.to_rgb8()),
        _ => picture,
    };
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).expect("encodes");
    bytes.into_inner()
}

/// A PNG whose header says what it likes, with a good checksum.
fn png_claiming(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = encoded(1, 1, ImageFormat::Png);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let crc = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    bytes
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

/// Puts an EXIF block that asks for a rotation behind the JPEG's first marker.
fn jpeg_with_orientation(width: u32, height: u32, orientation: u8) -> Vec<u8> {
    let mut exif =
        b"\xff\xe1\x00\x22Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01".to_vec();
    exif.extend([0, orientation, 0, 0, 0, 0, 0, 0]);
    let mut bytes = encoded(width, height, ImageFormat::Jpeg);
    bytes.splice(2..2, exif);
    bytes
}

fn message<T: std::fmt::Debug>(result: Result<T, PictureError>) -> String {
    result.expect_err("no picture").to_string()
}

#[test]
fn every_kind_is_told_by_its_bytes_and_decoded() {
    let kinds = [
        (ImageFormat::Png, MediaType::Png),
        (ImageFormat::Jpeg, MediaType::Jpeg),
        (ImageFormat::WebP, MediaType::Webp),
        (ImageFormat::Gif, MediaType::Gif),
    ];
    for (format, media_type) in kinds {
        let bytes = encoded(31, 17, format);
        let info = probe(&bytes).expect("a header");
        let expected = PictureInfo {
            media_type,
            width: 31,
            height: 17,
        };
        assert_eq!(info, expected);
        let picture = decode(&bytes).expect("pixels").to_rgba8();
        assert_eq!(picture.dimensions(), (31, 17), "{format:?}");
        assert_eq!(picture.get_pixel(15, 8)[3], 255, "{format:?}");
    }
}

#[test]
fn only_the_first_frame_of_an_animation_is_shown() {
    let mut bytes = Vec::new();
    {
        let mut encoder = image::codecs::gif::GifEncoder::new(&mut bytes);
        for color in [[255, 0, 0, 255], [0, 0, 255, 255]] {
            let frame = image::Frame::new(RgbaImage::from_pixel(4, 4, Rgba(color)));
            encoder.encode_frame(frame).expect("encodes");
        }
    }
    let picture = decode(&bytes).expect("pixels").to_rgba8();
    assert_eq!(picture.get_pixel(1, 1), &Rgba([255, 0, 0, 255]));
}

#[test]
fn the_rotation_that_a_photograph_asks_for_is_done() {
    let bytes = jpeg_with_orientation(40, 20, 6);
    let info = probe(&bytes).expect("a header");
    assert_eq!((info.width, info.height), (20, 40));
    let picture = decode(&bytes).expect("pixels");
    assert_eq!((picture.width(), picture.height()), (20, 40));
}

#[test]
fn bombs_are_refused_by_their_header() {
    let bomb = png_claiming(1_000_000, 1_000_000);
    assert!(bomb.len() < 200);
    let text = message(decode(&bomb));
    assert!(text.contains("1000000×1000000"), "{text}");
    assert_eq!(text, message(probe(&bomb)));

    // Below the bound on pixels, but without the data: the decoder must not trust the header.
    let text = message(decode(&png_claiming(9_000, 9_000)));
    assert!(text.contains("damaged"), "{text}");

    let mut gif = encoded(2, 2, ImageFormat::Gif);
    gif[6..10].copy_from_slice(&[0xff; 4]);
    assert!(message(decode(&gif)).contains("65535×65535"));
}

#[test]
fn pictures_that_were_cut_short_are_said_to_be() {
    for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
        let bytes = encoded(64, 64, format);
        for length in [bytes.len() / 2, 30, 13] {
            let text = message(decode(&bytes[..length]));
            assert!(text.contains("damaged or cut short"), "{format:?} {text}");
        }
    }
    // JPEG decoders fill what is missing; without a frame there is nothing to fill.
    let bytes = encoded(64, 64, ImageFormat::Jpeg);
    assert!(message(decode(&bytes[..100])).contains("JPEG data is damaged"));
}

#[test]
fn flipped_bytes_never_panic() {
    for format in [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::WebP,
        ImageFormat::Gif,
    ] {
        let good = encoded(16, 16, format);
        for at in 0..good.len() {
            let mut bytes = good.clone();
            bytes[at] ^= 0xff;
            if let Ok(picture) = decode(&bytes) {
                assert!(u64::from(picture.width()) * u64::from(picture.height()) <= MAX_PIXELS);
            }
        }
    }
}

#[test]
fn other_things_are_named() {
    assert!(matches!(probe(b""), Err(PictureError::Empty)));
    assert!(message(probe(b"hello\n")).starts_with("not a picture"));
    assert!(message(probe(b"BM\x3a\0\0\0\0\0\0\0")).starts_with("BMP pictures cannot be shown"));
}

#[test]
fn files_are_read_whatever_they_are_called() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("really-a-png.jpg");
    std::fs::write(&path, encoded(3, 2, ImageFormat::Png)).expect("written");
    let (bytes, info) = read(&path).expect("a picture");
    assert_eq!(info.media_type, MediaType::Png);
    assert_eq!(decode(&bytes).expect("pixels").width(), 3);
}

#[test]
fn what_is_no_picture_file_is_refused_with_its_path() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe.png");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo").success());
    let empty = folder.path().join("empty.png");
    std::fs::write(&empty, b"").expect("written");
    let cases = [
        (folder.path().join("gone.png"), "no such file"),
        (empty.join("below.png"), "no such file"),
        (folder.path().to_owned(), "a directory, not a file"),
        (pipe, "a pipe, not a file"),
        (PathBuf::from("/dev/zero"), "a device, not a file"),
        (empty, "the file is empty"),
    ];
    for (path, expected) in cases {
        let text = message(read(&path));
        assert!(text.starts_with(&*path.to_string_lossy()), "{text}");
        assert!(text.contains(expected), "{text}");
    }
}

#[test]
fn a_file_that_may_not_be_read_is_said_to_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secret.png");
    std::fs::write(&path, encoded(1, 1, ImageFormat::Png)).expect("written");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).expect("changed");
    // The superuser may read everything.
    match read(&path) {
        Ok((_, info)) => assert!(rustix::process::geteuid().is_root() && info.width == 1),
        Err(error) => assert!(error.to_string().contains("permission denied")),
    }
}

#[test]
fn a_huge_file_is_refused_before_it_is_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("huge.png");
    let file = File::create(&path).expect("created");
    file.set_len(MAX_FILE_BYTES + 1).expect("sparse");
    assert!(message(read(&path)).contains("too large"));
}

#[test]
fn names_cannot_steer_the_terminal() {
    let text = message(read(Path::new("/no\x1b[2Jwhere\n.png")));
    assert!(!text.contains(char::is_control), "{text:?}");
}

#[test]
fn sizes_for_people() {
    let sizes = [
        0,
        1023,
        1024,
        1536,
        10 << 10,
        123 << 10,
        (5 << 20) + (1 << 19),
        20 << 30,
    ];
    let shown = sizes.map(shown_size);
    let expected = [
        "0 B", "1023 B", "1 KiB", "1.5 KiB", "10 KiB", "123 KiB", "5.5 MiB", "20 GiB",
    ];
    assert_eq!(shown, expected);
}

#[test]
fn decoders_are_quoted_without_their_structures() {
    let cases = [
        (
            "Format error decoding Png: Unrecognized critical chunk: ChunkType { type: x, y: 1 }",
            "Unrecognized critical chunk",
        ),
        ("Format error decoding Jpeg: no marker\n", "no marker "),
        ("unexpected end of file", "unexpected end of file"),
        ("{ brace first", "{ brace first"),
        (" {", ""),
    ];
    for (said, quoted) in cases {
        assert_eq!(reason(said), quoted, "{said}");
    }
}
