//! Decoding, scaling and encoding on a thread of its own, and the memory of what came out.
//!
//! Half blocks are ready first, of all pictures that wait; what a graphics protocol needs follows,
//! since encoding sixels takes up to a second.

use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;

use image::{DynamicImage, RgbaImage};

use super::PictureKey;
use super::scale::{Sizes, encode, scale};
use crate::panics::contain;
use crate::picture;
use crate::protocol::BlobId;

/// Scaled pictures may take this much memory together.
pub(super) const MAX_CACHE_BYTES: usize = 64 << 20;
/// The oldest requests beyond this many are dropped; whoever draws will ask again.
const MAX_QUEUE: usize = 64;
/// So many pictures may wait to be encoded: their pixels take memory meanwhile.
const MAX_ENCODE_JOBS: usize = 4;

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

/// What a graphics protocol needs. Where terminals scale up themselves, the picture is not.
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
    /// Sixels: exactly this many.
    Sixel {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
        /// What shines through transparent pixels.
        background: (u8, u8, u8),
    },
}

/// A picture in the sizes of its [`Target`].
#[derive(Debug)]
pub(crate) struct Scaled {
    /// A pixel for each column, two for each row.
    pub blocks: RgbaImage,
    /// What a graphics protocol sends; comes later.
    pub full: OnceLock<Full>,
}

/// What a graphics protocol sends.
#[derive(Debug)]
pub(crate) enum Full {
    /// Nothing: it is not wanted, or cannot be had.
    None,
    /// Pixels, for viuer.
    Pixels(DynamicImage),
    /// A PNG, for kitty.
    Png(Vec<u8>),
    /// The escape sequence.
    Sixel(String),
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

type Request = (PictureKey, Target);

#[derive(Default)]
struct State {
    entries: HashMap<Request, Entry>,
    /// The newest last; it is done first, since it is what the user looks at.
    queue: Vec<Request>,
    /// What is done when the queue is empty; the newest last.
    encode_jobs: Vec<EncodeJob>,
    /// What the thread works on.
    current: Option<Request>,
    bytes: usize,
    clock: u64,
    is_closing: bool,
}

enum Work {
    Load(Request),
    Encode(EncodeJob),
}

struct EncodeJob {
    request: Request,
    picture: Arc<Scaled>,
    pixels: RgbaImage,
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
                while let Some(work) = worker.next_work() {
                    let encode_now = match work {
                        Work::Load(request) => {
                            let result = prepare(&request, &load);
                            let too_much = worker.finish(request, result);
                            wake();
                            too_much
                        }
                        Work::Encode(job) => Some(job),
                    };
                    if let Some(job) = encode_now {
                        worker.encode(job);
                        wake();
                    }
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
        let mut loaded = None;
        if let Some(entry) = state.entries.get_mut(&request) {
            entry.used_at = now;
            let is_done = match &entry.loaded {
                Loaded::Ready(picture) => picture.full.get().is_some(),
                Loaded::Waiting(_) | Loaded::Failed(_) => true,
            };
            if is_done {
                return entry.loaded.clone();
            }
            loaded = Some(entry.loaded.clone());
        }
        if !state.is_under_way(&request) {
            // Only the newest size of a picture counts: the others come from a resize.
            state.queue.retain(|(other, _)| other != key);
            state.encode_jobs.retain(|job| job.request.0 != *key);
            if state.queue.len() >= MAX_QUEUE {
                state.queue.remove(0);
            }
            state.queue.push(request);
            self.shared.changed.notify_one();
        }
        loaded.unwrap_or_else(|| Loaded::Waiting(state.in_any_size(key)))
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

    fn next_work(&self) -> Option<Work> {
        let mut state = self.lock();
        state.current = None;
        loop {
            if state.is_closing {
                return None;
            }
            if let Some(request) = state.queue.pop() {
                state.current = Some(request.clone());
                return Some(Work::Load(request));
            }
            if let Some(job) = state.encode_jobs.pop() {
                state.current = Some(job.request.clone());
                return Some(Work::Encode(job));
            }
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Gives back what has to be encoded at once, because too much waits already.
    fn finish(&self, request: Request, result: Result<Sizes, String>) -> Option<EncodeJob> {
        let mut state = self.lock();
        let sizes = match result {
            Ok(sizes) => sizes,
            Err(message) => {
                state.insert(request, Loaded::Failed(message.into()), 1024);
                return None;
            }
        };
        let bytes = sizes.blocks.as_raw().len();
        let picture = Arc::new(Scaled {
            blocks: sizes.blocks,
            full: OnceLock::new(),
        });
        state.insert(request.clone(), Loaded::Ready(Arc::clone(&picture)), bytes);
        let Some(pixels) = sizes.full else {
            let _ = picture.full.set(Full::None);
            return None;
        };
        let job = EncodeJob {
            request,
            picture,
            pixels,
        };
        if state.encode_jobs.len() >= MAX_ENCODE_JOBS {
            return Some(job);
        }
        state.encode_jobs.push(job);
        None
    }

    fn encode(&self, job: EncodeJob) {
        let EncodeJob {
            request,
            picture,
            pixels,
        } = job;
        let encoded = contain(|| encode(request.1.full, pixels));
        // Half blocks are there in any case.
        let full = encoded.ok().and_then(Result::ok).unwrap_or(Full::None);
        let bytes = full.size_bytes();
        // Only this thread sets it.
        let _ = picture.full.set(full);
        let mut state = self.lock();
        if let Some(entry) = state.entries.get_mut(&request) {
            entry.bytes += bytes;
            state.bytes += bytes;
            state.evict();
        }
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

    fn is_under_way(&self, request: &Request) -> bool {
        self.current.as_ref() == Some(request)
            || self.queue.contains(request)
            || self.encode_jobs.iter().any(|job| job.request == *request)
    }

    fn insert(&mut self, request: Request, loaded: Loaded, bytes: usize) {
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
        self.evict();
    }

    fn evict(&mut self) {
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

impl Full {
    fn size_bytes(&self) -> usize {
        match self {
            Self::None => 0,
            Self::Pixels(pixels) => pixels.as_bytes().len(),
            Self::Png(png) => png.len(),
            Self::Sixel(sequence) => sequence.len(),
        }
    }
}

fn prepare(
    (key, target): &Request,
    load: &impl Fn(BlobId) -> Result<Vec<u8>, String>,
) -> Result<Sizes, String> {
    let prepared = contain(|| {
        let bytes = match key {
            PictureKey::Blob(blob) => load(*blob)?,
            PictureKey::File(path) => picture::read(path).map_err(|error| error.to_string())?.0,
        };
        let decoded = picture::decode(&bytes).map_err(|error| error.to_string())?;
        drop(bytes);
        Ok(scale(decoded, *target))
    });
    prepared.unwrap_or_else(|panic| Err(format!("the picture cannot be scaled: {panic}")))
}
