//! Latents that wait for their picture, on disk: whatever ends the decoding, they outlive it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::atomic;
use crate::diffusion::Latents;
use crate::protocol::ImageRequest;

/// The file of the latents that are being decoded.
pub(super) struct Kept<'a> {
    folder: &'a Path,
    file: Option<PathBuf>,
}

impl<'a> Kept<'a> {
    pub fn new(folder: &'a Path) -> Self {
        Self { folder, file: None }
    }

    /// Keeps latents, with the request that makes them again.
    pub fn put(&mut self, latents: &Latents, request: &ImageRequest) {
        let note = serde_json::to_string(request).unwrap_or_default();
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let name = format!(
            "{}-{}.safetensors",
            since.map_or(0, |since| since.as_millis()),
            request.seed.unwrap_or_default()
        );
        let path = self.folder.join(name);
        // A full disk is no reason to give up before the decoder has tried.
        self.file = atomic::write(&path, &latents.to_file(&note))
            .ok()
            .map(|()| path);
    }

    /// The picture is there.
    pub fn remove(&mut self) {
        if let Some(file) = self.file.take() {
            remove(&file);
        }
    }

    /// Where the latents are that did not become a picture.
    pub fn file(self) -> Option<PathBuf> {
        self.file
    }
}

/// Removes a file whose picture is there.
pub(super) fn remove(file: &Path) {
    // At worst somebody decodes it twice.
    let _ = fs::remove_file(file);
}
