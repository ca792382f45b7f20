//! Things that cells and commands make or show: pictures.

use serde::{Deserialize, Serialize};

use super::BlobId;

/// Something that can be looked at again: metadata here, bytes in the store under their hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Where the bytes are.
    pub blob: BlobId,
    /// What they are.
    pub media_type: MediaType,
    /// A name for people: the file's, usually. Untrusted text.
    pub name: String,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Size of the bytes.
    pub size_bytes: u64,
}

/// The kinds of picture that can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MediaType {
    /// `image/png`
    #[serde(rename = "image/png")]
    Png,
    /// `image/jpeg`
    #[serde(rename = "image/jpeg")]
    Jpeg,
    /// `image/webp`
    #[serde(rename = "image/webp")]
    Webp,
    /// `image/gif`
    #[serde(rename = "image/gif")]
    Gif,
}

impl MediaType {
    /// The name that people use.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Webp => "WebP",
            Self::Gif => "GIF",
        }
    }
}
