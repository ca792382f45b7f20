//! Decoding and scaling on a thread of its own, and the memory of what came out.

use std::collections::HashMap;
use std::io::Cursor;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use image::codecs::png::{CompressionType, FilterType as PngFilter, PngEncoder};
use image::imageops::{self, FilterType};
use image::{DynamicImage, ImageEncoder, ImageError, RgbaImage};

use super::PictureKey;
use crate::picture::{self, contain_panic};
use crate::protocol::BlobId;

/// Scaled pictures may take this much memory together.
pub(super) const MAX_CACHE_BYTES: usize = 64 << 20;
/// The oldest requests beyond this many are dropped; whoever draws will ask again.
const MAX_QUEUE: usize = 64;

/// The sizes in which a picture is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Target {
    /// Columns of cells: pixels across for half blocks.
    pub cols: u16,
    /// Rows of cells: half the pixels down for half blocks.
    pub rows: u16,
    /// What a graphics protocol needs besides.
    pub full: FullSize,
}

/// What a graphics protocol needs. The picture is never scaled up: terminals do that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FullSize {
    /// Nothing.
    None,
    /// Pixels, at most this many.
    Pixels {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// A PNG of at most this many pixels.
    Png {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
}

/// A picture in the sizes of its [`Target`].
#[derive(Debug)]
pub(crate) struct Scaled {
    /// A pixel for each column, two for each row.
    pub blocks: RgbaImage,
    /// What a graphics protocol sends.
    pub full: Full,
}

/// What a graphics protocol sends.
#[derive(Debug)]
pub(crate) enum Full {
    /// Nothing.
    None,
    /// Pixels, for viuer.
    Pixels(DynamicImage),
    /// A PNG, for kitty.
    Png(Vec<u8>),
}

/// How far a picture has come.
#[derive(Clone, Debug)]
pub(crate) enum Loaded {
    /// It will be there later: the cache wakes whoever waits. Until then, the same picture in
    /// another size may do.
    Waiting(Option<Arc<Scaled>>),
    /// It is there.
    Ready(Arc<Scaled>),
    /// It never will be, and this is why.
    Failed(Arc<str>),
}

/// Scaled pictures, made on demand on another thread.
pub(crate) struct ImageCache {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    entries: HashMap<(PictureKey, Target), Entry>,
    /// The newest last; it is done first, since it is what the user looks at.
    queue: Vec<(PictureKey, Target)>,
    /// What the thread works on.
    current: Option<(PictureKey, Target)>,
    bytes: usize,
    clock: u64,
    is_closing: bool,
}

struct Entry {
    loaded: Loaded,
    bytes: usize,
    used_at: u64,
}

impl ImageCache {
    /// Starts the thread. `load` gives the bytes of a blob; `wake` is called from the thread
    /// whenever a picture is ready or has failed.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn start(
        load: impl Fn(BlobId) -> Result<Vec<u8>, String> + Send + 'static,
        wake: impl Fn() + Send + 'static,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let worker = Arc::clone(&shared);
        thread::Builder::new()
            .name("pictures".into())
            .spawn(move || {
                while let Some((key, target)) = worker.next_request() {
                    let result = prepare(&key, target, &load);
                    worker.finish((key, target), result);
                    wake();
                }
            })?;
        Ok(Self { shared })
    }

    /// The picture if it is there; otherwise it is asked for, and this returns at once.
    pub fn get(&self, key: &PictureKey, target: Target) -> Loaded {
        let mut state = self.shared.lock();
        state.clock += 1;
        let now = state.clock;
        let request = (key.clone(), target);
        if let Some(entry) = state.entries.get_mut(&request) {
            entry.used_at = now;
            return entry.loaded.clone();
        }
        if state.current.as_ref() != Some(&request) && !state.queue.contains(&request) {
            // Only the newest size of a picture counts: the others come from a resize.
            state.queue.retain(|(other, _)| other != key);
            if state.queue.len() >= MAX_QUEUE {
                state.queue.remove(0);
            }
            state.queue.push(request);
            self.shared.changed.notify_one();
        }
        Loaded::Waiting(state.in_any_size(key))
    }

    /// Memory that scaled pictures take, in bytes.
    #[cfg(test)]
    pub fn size_bytes(&self) -> usize {
        self.shared.lock().bytes
    }
}

impl Drop for ImageCache {
    fn drop(&mut self) {
        // The thread is not waited for: it may be in the middle of a large picture.
        self.shared.lock().is_closing = true;
        self.shared.changed.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that panics runs under this lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next_request(&self) -> Option<(PictureKey, Target)> {
        let mut state = self.lock();
        loop {
            if state.is_closing {
                return None;
            }
            if let Some(request) = state.queue.pop() {
                state.current = Some(request.clone());
                return Some(request);
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn finish(&self, request: (PictureKey, Target), result: Result<Scaled, String>) {
        let (loaded, bytes) = match result {
            Ok(scaled) => {
                let bytes = scaled.size_bytes();
                (Loaded::Ready(Arc::new(scaled)), bytes)
            }
            Err(message) => (Loaded::Failed(message.into()), 1024),
        };
        let mut state = self.lock();
        state.current = None;
        state.insert(request, loaded, bytes);
    }
}

impl State {
    /// The size that was used last.
    fn in_any_size(&self, key: &PictureKey) -> Option<Arc<Scaled>> {
        let same = self.entries.iter().filter(|((other, _), _)| other == key);
        let ready = same.filter_map(|(_, entry)| match &entry.loaded {
            Loaded::Ready(picture) => Some((entry.used_at, picture)),
            Loaded::Waiting(_) | Loaded::Failed(_) => None,
        });
        let (_, picture) = ready.max_by_key(|(used_at, _)| *used_at)?;
        Some(Arc::clone(picture))
    }

    fn insert(&mut self, request: (PictureKey, Target), loaded: Loaded, bytes: usize) {
        self.clock += 1;
        self.bytes += bytes;
        let entry = Entry {
            loaded,
            bytes,
            used_at: self.clock,
        };
        if let Some(before) = self.entries.insert(request, entry) {
            self.bytes -= before.bytes;
        }
        // One picture alone may be larger than all may be together: it is still shown.
        while self.bytes > MAX_CACHE_BYTES && self.entries.len() > 1 {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used_at);
            let Some(oldest) = oldest.map(|(request, _)| request.clone()) else {
                return;
            };
            if let Some(entry) = self.entries.remove(&oldest) {
                self.bytes -= entry.bytes;
            }
        }
    }
}

impl Scaled {
    fn size_bytes(&self) -> usize {
        let full = match &self.full {
            Full::None => 0,
            Full::Pixels(pixels) => pixels.as_bytes().len(),
            Full::Png(png) => png.len(),
        };
        self.blocks.as_raw().len() + full
    }
}

fn prepare(
    key: &PictureKey,
    target: Target,
    load: &impl Fn(BlobId) -> Result<Vec<u8>, String>,
) -> Result<Scaled, String> {
    let prepared = contain_panic(|| {
        let bytes = match key {
            PictureKey::Blob(blob) => load(*blob)?,
            PictureKey::File(path) => picture::read(path).map_err(|error| error.to_string())?.0,
        };
        let decoded = picture::decode(&bytes).map_err(|error| error.to_string())?;
        drop(bytes);
        scale(decoded, target).map_err(|error| error.to_string())
    });
    prepared.unwrap_or_else(|panic| Err(format!("the picture cannot be scaled: {panic}")))
}

/// Brings a picture into the sizes that are wanted.
///
/// # Errors
/// If the scaled picture cannot be encoded.
pub(super) fn scale(picture: DynamicImage, target: Target) -> Result<Scaled, ImageError> {
    let blocks = (u32::from(target.cols), 2 * u32::from(target.rows));
    let full = match target.full {
        FullSize::None => (0, 0),
        FullSize::Pixels { width, height } | FullSize::Png { width, height } => {
            (width.min(picture.width()), height.min(picture.height()))
        }
    };
    let has_alpha = picture.color().has_alpha();
    let mut pixels = if has_alpha {
        let mut pixels = picture.into_rgba8();
        premultiply(&mut pixels);
        pixels
    } else {
        // Most of the way with a fast filter, before each pixel takes four bytes.
        let (width, height) = (2 * full.0.max(blocks.0), 2 * full.1.max(blocks.1));
        if picture.width() > width && picture.height() > height {
            picture.thumbnail_exact(width, height).into_rgba8()
        } else {
            picture.into_rgba8()
        }
    };
    let (width, height) = (2 * full.0.max(blocks.0), 2 * full.1.max(blocks.1));
    if pixels.width() > width && pixels.height() > height {
        pixels = imageops::thumbnail(&pixels, width, height);
    }
    let resized = |(width, height): (u32, u32)| {
        let mut resized = if pixels.dimensions() == (width, height) {
            pixels.clone()
        } else {
            imageops::resize(&pixels, width.max(1), height.max(1), FilterType::CatmullRom)
        };
        if has_alpha {
            unpremultiply(&mut resized);
        }
        resized
    };
    let full = match target.full {
        FullSize::None => Full::None,
        FullSize::Pixels { .. } => Full::Pixels(resized(full).into()),
        FullSize::Png { .. } => Full::Png(encode(&resized(full))?),
    };
    Ok(Scaled {
        blocks: resized(blocks),
        full,
    })
}

fn encode(pixels: &RgbaImage) -> Result<Vec<u8>, ImageError> {
    let mut png = Cursor::new(Vec::new());
    PngEncoder::new_with_quality(&mut png, CompressionType::Fast, PngFilter::Adaptive)
        .write_image(
            pixels.as_raw(),
            pixels.width(),
            pixels.height(),
            image::ExtendedColorType::Rgba8,
        )?;
    Ok(png.into_inner())
}

/// Otherwise the invisible colour of transparent pixels would bleed into their neighbours.
fn premultiply(pixels: &mut RgbaImage) {
    for pixel in pixels.pixels_mut() {
        let alpha = u16::from(pixel[3]);
        for channel in pixel.0.iter_mut().take(3) {
            *channel = u8::try_from(u16::from(*channel) * alpha / 255).unwrap_or(u8::MAX);
        }
    }
}

fn unpremultiply(pixels: &mut RgbaImage) {
    for pixel in pixels.pixels_mut() {
        let alpha = u16::from(pixel[3]).max(1);
        for channel in pixel.0.iter_mut().take(3) {
            let value = (u16::from(*channel) * 255 + alpha / 2) / alpha;
            *channel = u8::try_from(value).unwrap_or(u8::MAX);
        }
    }
}
