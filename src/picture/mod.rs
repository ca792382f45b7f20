//! Pictures: from untrusted bytes or files to pixels.
//!
//! Invariants: nothing here hangs (pipes and devices are refused before they are opened), nothing
//! allocates more than [`MAX_ALLOC_BYTES`] for one picture, and a panic in a decoder is an error.
//!
//! [`edit`] changes them and compares them.
//!
//! Absent on purpose: how a picture is shown.

pub(crate) mod edit;
mod metadata;

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Cursor, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use image::{
    DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, metadata::Orientation,
};

use crate::panics::contain;
use crate::protocol::MediaType;

pub(crate) use metadata::{Made, PictureMetadata, Recipe, encode_png};

/// No picture may have more pixels than this.
pub(crate) const MAX_PIXELS: u64 = 100_000_000;
/// No decoder may hold more memory than this.
pub(crate) const MAX_ALLOC_BYTES: u64 = 512 << 20;
/// No picture file may be larger than this.
pub(crate) const MAX_FILE_BYTES: u64 = 256 << 20;

/// What the header of a picture says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PictureInfo {
    /// How it is encoded.
    pub media_type: MediaType,
    /// Width in pixels, as shown: after the rotation that the file asks for.
    pub width: u32,
    /// Height in pixels, as shown.
    pub height: u32,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PictureError {
    /// Something is wrong with one file.
    #[error("{}: {problem}", shown_path(path))]
    File {
        /// The file, as given.
        path: PathBuf,
        /// What is wrong.
        problem: Box<PictureError>,
    },
    /// The path leads nowhere.
    #[error("no such file; check the path")]
    Missing,
    /// The path leads to something that is no file.
    #[error("{what}, not a file; give the path of a picture file")]
    NotAFile {
        /// What it is.
        what: &'static str,
    },
    /// The file may not be read.
    #[error("permission denied; check who may read it")]
    Forbidden,
    /// Reading failed in another way.
    #[error("cannot be read: {0}")]
    Unreadable(#[source] io::Error),
    /// There are no bytes.
    #[error("the file is empty; was it written completely?")]
    Empty,
    /// There are too many bytes.
    #[error("{} is too large: a picture file may have up to {}", shown_size(*size_bytes), shown_size(MAX_FILE_BYTES))]
    TooManyBytes {
        /// Size of the file.
        size_bytes: u64,
    },
    /// The bytes are no picture at all.
    #[error("not a picture: PNG, JPEG, WebP and GIF can be shown")]
    NotAPicture,
    /// The bytes are a picture of another kind.
    #[error("{format} pictures cannot be shown; convert it to PNG, JPEG, WebP or GIF")]
    Unsupported {
        /// What it is.
        format: String,
    },
    /// The header promises too many pixels.
    #[error("{width}×{height} pixels are too many: a picture may have up to {} million; scale it down first", MAX_PIXELS / 1_000_000)]
    TooManyPixels {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// Decoding would take too much memory.
    #[error(
        "decoding takes more than {}; scale it down first",
        shown_size(MAX_ALLOC_BYTES)
    )]
    TooMuchMemory,
    /// The encoder gave up.
    #[error("can't be written as PNG: {0}")]
    Encode(String),
    /// The decoder gave up.
    #[error("the {} data is damaged or cut short ({reason}); was the file copied completely?", media_type.title())]
    Corrupt {
        /// What it looked like.
        media_type: MediaType,
        /// What the decoder says.
        reason: String,
    },
}

/// Reads the header only; the pixels may still turn out to be damaged.
///
/// # Errors
/// If the bytes are no picture, or one that is too large to be decoded.
pub(crate) fn probe(bytes: &[u8]) -> Result<PictureInfo, PictureError> {
    with_decoder(bytes, |media_type, mut decoder| {
        let (width, height) = decoder.dimensions();
        let (width, height) = if turns_sideways(orientation(&mut *decoder)) {
            (height, width)
        } else {
            (width, height)
        };
        Ok(PictureInfo {
            media_type,
            width,
            height,
        })
    })
}

/// Decodes a picture; of an animation, the first frame. Rotated as the file asks for.
///
/// # Errors
/// If the bytes are no picture, or damaged, or too large.
pub(crate) fn decode(bytes: &[u8]) -> Result<DynamicImage, PictureError> {
    with_decoder(bytes, |media_type, mut decoder| {
        let orientation = orientation(&mut *decoder);
        let mut picture = DynamicImage::from_decoder(decoder)
            .map_err(|error| PictureError::from_decoder(media_type, &error))?;
        picture.apply_orientation(orientation);
        Ok(picture)
    })
}

/// Reads a picture file, and what its header says.
///
/// # Errors
/// If it is no regular file, cannot be read, or does not begin like a picture; the path is in the
/// message.
pub(crate) fn read(path: &Path) -> Result<(Vec<u8>, PictureInfo), PictureError> {
    read_file(path)
        .and_then(|bytes| probe(&bytes).map(|info| (bytes, info)))
        .map_err(|problem| problem.of(path))
}

/// A size in bytes for people: `512 B`, `1.5 KiB`, `21 MiB`.
pub(crate) fn shown_size(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut tenths = u128::from(count) * 10 / 1024;
    let mut unit = 0;
    // 1023.95 and more would be shown as 1024.
    while tenths >= 10_240 && unit + 1 < UNITS.len() {
        tenths /= 1024;
        unit += 1;
    }
    if tenths >= 100 || tenths % 10 == 0 {
        format!("{} {}", tenths / 10, UNITS[unit])
    } else {
        format!("{}.{} {}", tenths / 10, tenths % 10, UNITS[unit])
    }
}

/// A path for people: without the control characters that a file name may hold.
pub(crate) fn shown_path(path: &Path) -> String {
    path.to_string_lossy().replace(char::is_control, "\u{fffd}")
}

impl PictureError {
    /// Says which file it is about.
    pub fn of(self, path: &Path) -> Self {
        match self {
            Self::File { .. } => self,
            problem => Self::File {
                path: path.to_owned(),
                problem: Box::new(problem),
            },
        }
    }

    fn from_open(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Self::Missing,
            io::ErrorKind::PermissionDenied => Self::Forbidden,
            _ => Self::Unreadable(error),
        }
    }

    fn from_decoder(media_type: MediaType, error: &ImageError) -> Self {
        match error {
            ImageError::Limits(_) => Self::TooMuchMemory,
            error => Self::Corrupt {
                media_type,
                reason: reason(&error.to_string()),
            },
        }
    }
}

/// What a decoder says, without what is meant for its authors: the name of the format once more,
/// and the fields of its structures.
fn reason(text: &str) -> String {
    let text = match text.split_once(": ") {
        Some((start, rest)) if start.starts_with("Format error decoding") => rest,
        _ => text,
    };
    let end = text.find(" {").map_or(text.len(), |brace| {
        text[..brace].rfind(':').unwrap_or(brace)
    });
    text[..end].replace(char::is_control, " ")
}

fn read_file(path: &Path) -> Result<Vec<u8>, PictureError> {
    // Opening a pipe waits for its writer, and opening a device may do anything: look first.
    check_is_file(&std::fs::metadata(path).map_err(PictureError::from_open)?)?;
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(nonblocking)
        .open(path)
        .map_err(PictureError::from_open)?;
    let metadata = file.metadata().map_err(PictureError::Unreadable)?;
    check_is_file(&metadata)?;
    if metadata.len() > MAX_FILE_BYTES {
        return Err(PictureError::TooManyBytes {
            size_bytes: metadata.len(),
        });
    }
    read_bounded(&file)
}

/// A file may grow while it is read, and those under `/proc` all claim to be empty.
fn read_bounded(file: &File) -> Result<Vec<u8>, PictureError> {
    let mut bytes = Vec::new();
    let read = file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes);
    let size_bytes = read.map_err(PictureError::Unreadable)? as u64;
    if size_bytes > MAX_FILE_BYTES {
        return Err(PictureError::TooManyBytes { size_bytes });
    }
    Ok(bytes)
}

fn check_is_file(metadata: &Metadata) -> Result<(), PictureError> {
    let kind = metadata.file_type();
    let what = if kind.is_file() {
        return Ok(());
    } else if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a pipe"
    } else if kind.is_socket() {
        "a socket"
    } else {
        "a device"
    };
    Err(PictureError::NotAFile { what })
}

fn with_decoder<T>(
    bytes: &[u8],
    then: impl FnOnce(MediaType, Box<dyn ImageDecoder + '_>) -> Result<T, PictureError>,
) -> Result<T, PictureError> {
    let media_type = media_type_of(bytes)?;
    contain(|| {
        let corrupt = |error: ImageError| PictureError::from_decoder(media_type, &error);
        let mut limits = image::Limits::default();
        limits.max_alloc = Some(MAX_ALLOC_BYTES);
        let mut reader = ImageReader::with_format(Cursor::new(bytes), format_of(media_type));
        reader.limits(limits.clone());
        let mut decoder = reader.into_decoder().map_err(corrupt)?;
        let (width, height) = decoder.dimensions();
        if u64::from(width) * u64::from(height) > MAX_PIXELS {
            return Err(PictureError::TooManyPixels { width, height });
        }
        limits.reserve(decoder.total_bytes()).map_err(corrupt)?;
        decoder.set_limits(limits).map_err(corrupt)?;
        then(media_type, Box::new(decoder))
    })
    .unwrap_or_else(|reason| Err(PictureError::Corrupt { media_type, reason }))
}

/// Tells the kind by the first bytes: the file's name may be wrong.
fn media_type_of(bytes: &[u8]) -> Result<MediaType, PictureError> {
    if bytes.is_empty() {
        return Err(PictureError::Empty);
    }
    match image::guess_format(bytes) {
        Ok(ImageFormat::Png) => Ok(MediaType::Png),
        Ok(ImageFormat::Jpeg) => Ok(MediaType::Jpeg),
        Ok(ImageFormat::WebP) => Ok(MediaType::Webp),
        Ok(ImageFormat::Gif) => Ok(MediaType::Gif),
        Ok(other) => Err(PictureError::Unsupported {
            format: format!("{other:?}").to_uppercase(),
        }),
        Err(_) => Err(PictureError::NotAPicture),
    }
}

fn format_of(media_type: MediaType) -> ImageFormat {
    match media_type {
        MediaType::Png => ImageFormat::Png,
        MediaType::Jpeg => ImageFormat::Jpeg,
        MediaType::Webp => ImageFormat::WebP,
        MediaType::Gif => ImageFormat::Gif,
    }
}

/// A damaged EXIF block is no reason to show nothing.
fn orientation(decoder: &mut dyn ImageDecoder) -> Orientation {
    decoder.orientation().unwrap_or(Orientation::NoTransforms)
}

fn turns_sideways(orientation: Orientation) -> bool {
    match orientation {
        Orientation::Rotate90
        | Orientation::Rotate270
        | Orientation::Rotate90FlipH
        | Orientation::Rotate270FlipH => true,
        Orientation::NoTransforms
        | Orientation::Rotate180
        | Orientation::FlipHorizontal
        | Orientation::FlipVertical => false,
    }
}

#[cfg(test)]
mod tests;
