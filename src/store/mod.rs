//! What outlives a session: what was typed, what happened, blobs of bytes, and results of tools.
//!
//! Invariants: an append that returned is on disk twice, in the index (sled) and in an
//! append-only journal, and each is rebuilt from the other; any number of instances may append
//! at once; nothing is repaired in silence (see [`Store::take_warnings`]); everything blocks, so
//! it is called on a thread that may wait. Results of tools are another matter: they may be lost.
//!
//! Absent on purpose: async, searching, deleting, and any knowledge of where the folders are.

mod blob;
mod error;
mod index;
mod journal;
mod record;
mod repair;
mod results;
mod sled;
#[cfg(test)]
mod tests;
mod view;

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::protocol::{
    Artifact, CellId, Event, Generation, HistoryEntry, ImageRequest, ImageStatus, NewHistoryEntry,
    SessionId, Timestamp,
};

use crate::tool::ResultStore;

pub(crate) use blob::Blobs;
pub(crate) use error::{StoreError, StoreWarning};

/// The longest source that the prompt history keeps, in bytes. A longer one is refused with
/// [`StoreError::TooLarge`]; it is still in the session's events, whole.
pub(crate) const MAX_SOURCE_BYTES: usize = 1 << 20;

/// The most that one append may put on disk, in bytes of JSON.
pub(crate) const MAX_RECORD_BYTES: usize = 64 << 20;

/// Opens the store in a data folder. Nothing is created or read before the first call that
/// needs it.
pub(crate) fn open(data_folder: &Path) -> Box<dyn Store> {
    Box::new(sled::SledStore::new(data_folder))
}

/// The results of tools that a cache folder keeps. Nothing is created or read before the first
/// result.
pub(crate) fn results(cache_folder: &Path) -> Box<dyn ResultStore> {
    let bounds = results::Bounds::default();
    Box::new(results::SledResults::new(cache_folder, bounds))
}

/// A place that keeps histories. Every backend passes `tests::conformance`.
pub(crate) trait Store: Send + Sync {
    /// Adds to the prompt history and gives the entry its id: greater than every id before it,
    /// whichever instance gave that out.
    ///
    /// # Errors
    /// If it is not safely on disk, or the source is over [`MAX_SOURCE_BYTES`].
    fn append_history(&self, entry: NewHistoryEntry) -> Result<HistoryEntry, StoreError>;

    /// The entries with ids greater than `after`, oldest first: all of them after 0.
    ///
    /// # Errors
    /// If they can't be read.
    fn history_since(&self, after: u64) -> Result<Vec<HistoryEntry>, StoreError>;

    /// Adds the durable ones of these events to a session, all or none.
    ///
    /// # Errors
    /// If they are not safely on disk, or are over [`MAX_RECORD_BYTES`].
    fn append_events(&self, session: &SessionId, events: &[Event]) -> Result<(), StoreError>;

    /// The events of a session, in their order; none if there is no such session.
    ///
    /// # Errors
    /// If they can't be read.
    fn replay(&self, session: &SessionId) -> Result<Vec<Event>, StoreError>;

    /// Every session that has events, newest first.
    ///
    /// # Errors
    /// If they can't be read.
    fn sessions(&self) -> Result<Vec<SessionSummary>, StoreError>;

    /// Every picture that was made, newest first.
    ///
    /// # Errors
    /// If they can't be read.
    fn pictures(&self) -> Result<Vec<MadePicture>, StoreError>;

    /// The blobs.
    fn blobs(&self) -> &Blobs;

    /// What was put right since the last call. To be asked after every other call.
    fn take_warnings(&self) -> Vec<StoreWarning>;
}

/// A session in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SessionSummary {
    /// Its id.
    pub id: SessionId,
    /// When it began, as far as its events tell.
    pub started: Timestamp,
    /// Cells submitted.
    pub cells: u64,
    /// When something happened in it for the last time.
    pub last: Timestamp,
}

/// The id of a session that begins now.
pub(crate) fn new_session() -> SessionId {
    SessionId::new(now(), random_bits())
}

/// The clock.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp(since.as_millis().try_into().unwrap_or(u64::MAX))
}

/// 32 bits that differ from process to process: the standard library seeds its hash maps so.
fn random_bits() -> u32 {
    use std::hash::{BuildHasher, RandomState};
    let bits = RandomState::new().hash_one(std::process::id());
    u32::try_from(bits >> 32).unwrap_or(0)
}

/// Keeps pictures that were made outside of a session, as a session of their own.
///
/// # Errors
/// As [`Store::append_events`].
pub(crate) fn remember_pictures(
    store: &dyn Store,
    request: &ImageRequest,
    made: impl IntoIterator<Item = (Artifact, Generation)>,
    status: ImageStatus,
) -> Result<(), StoreError> {
    let (session, at, cell) = (new_session(), now(), CellId(1));
    let mut events = vec![
        Event::SessionStarted {
            session: session.clone(),
            at,
        },
        Event::ImageSubmitted {
            cell,
            request: request.clone(),
            at,
        },
    ];
    let made = made.into_iter();
    events.extend(made.map(|(artifact, generation)| Event::ImageMade {
        cell,
        artifact,
        generation: Box::new(generation),
        at,
    }));
    events.push(Event::ImageFinished { cell, status, at });
    events.push(Event::SessionEnded { at });
    store.append_events(&session, &events)
}

/// A picture in the index of pictures.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MadePicture {
    /// When it was done.
    pub at: Timestamp,
    /// In which session.
    pub session: SessionId,
    /// Its place there.
    pub cell: CellId,
    /// The picture.
    pub artifact: Artifact,
    /// How it came about.
    pub generation: Box<Generation>,
}

impl MadePicture {
    /// The picture that an event of a session tells of.
    fn of(session: &SessionId, event: &Event) -> Option<Self> {
        let Event::ImageMade {
            cell,
            artifact,
            generation,
            at,
        } = event
        else {
            return None;
        };
        Some(Self {
            at: *at,
            session: session.clone(),
            cell: *cell,
            artifact: artifact.clone(),
            generation: generation.clone(),
        })
    }

    /// Whether all words are in its prompts, its style, or its model's name; case does not count.
    pub(crate) fn has_words(&self, words: &str) -> bool {
        let request = &self.generation.request;
        let texts = [
            Some(request.prompt.as_str()),
            request.negative_prompt.as_deref(),
            request.style.as_deref(),
            request.model.as_deref(),
            Some(self.artifact.name.as_str()),
        ];
        let text: Vec<&str> = texts.into_iter().flatten().collect();
        let text = text.join("\n").to_lowercase();
        let mut words = words.split_whitespace();
        words.all(|word| text.contains(&word.to_lowercase()))
    }
}
