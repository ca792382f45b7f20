//! The hash of a model, beside the drawing.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use crate::models::{Hasher, Model};

/// The hash of a model's weights, counted while the first picture is drawn.
pub(super) struct HashInProgress {
    thread: Option<JoinHandle<Option<String>>>,
    hash: Option<String>,
    cancel: Arc<AtomicBool>,
}

impl HashInProgress {
    pub fn start(cache: &Path, model: &Model) -> Self {
        let cancel = Arc::new(AtomicBool::new(false));
        let (flag, cache, model) = (Arc::clone(&cancel), cache.to_owned(), model.clone());
        let thread = std::thread::Builder::new()
            .name("hash".into())
            .spawn(move || {
                let mut hasher = Hasher::new(&cache, &flag);
                hasher.model(&model, &mut |_| {}).ok().map(|hash| hash.0)
            });
        Self {
            thread: thread.ok(),
            hash: None,
            cancel,
        }
    }

    pub fn wait(&mut self) -> Option<String> {
        if let Some(thread) = self.thread.take() {
            self.hash = thread.join().ok().flatten();
        }
        self.hash.clone()
    }
}

impl Drop for HashInProgress {
    fn drop(&mut self) {
        self.cancel.store(true, Ordering::SeqCst);
    }
}
