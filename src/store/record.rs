//! The unit of the journal, and how values look in the index.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::protocol::{Event, SessionId, Timestamp};

use super::{HistoryEntry, MAX_RECORD_BYTES, SessionSummary, StoreError};

/// The first byte of every value in the index, and `v` in every record of the journal.
const VERSION: u8 = 1;

/// What one append wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Versioned<T> {
    /// Version of the format.
    v: u8,
    /// What it is.
    #[serde(flatten)]
    record: T,
}

/// What one append wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Record {
    /// Something typed.
    History(HistoryEntry),
    /// Things that happened in a session.
    Events {
        /// Which.
        session: SessionId,
        /// What.
        events: Vec<Event>,
    },
}

impl Record {
    /// One line of JSON, of at most [`MAX_RECORD_BYTES`].
    pub(super) fn to_json(&self) -> Result<Vec<u8>, StoreError> {
        let versioned = Versioned {
            v: VERSION,
            record: self,
        };
        let json = serde_json::to_vec(&versioned).map_err(StoreError::Encode)?;
        if json.len() > MAX_RECORD_BYTES {
            return Err(StoreError::TooLarge {
                what: "a record",
                size_bytes: json.len(),
                limit_bytes: MAX_RECORD_BYTES,
            });
        }
        Ok(json)
    }

    /// `None` if a newer version wrote it, or nobody did.
    pub(super) fn from_json(json: &[u8]) -> Option<Self> {
        let versioned: Versioned<Self> = serde_json::from_slice(json).ok()?;
        (versioned.v == VERSION).then_some(versioned.record)
    }
}

/// The bytes of a value in the index.
pub(super) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, StoreError> {
    let mut bytes = vec![VERSION];
    serde_json::to_writer(&mut bytes, value).map_err(StoreError::Encode)?;
    Ok(bytes)
}

/// A value from its bytes in the index; an error tells what is wrong with them.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    match bytes.split_first() {
        Some((&VERSION, json)) => serde_json::from_slice(json).map_err(|error| error.to_string()),
        Some((version, _)) => Err(format!("a value has the version {version}")),
        None => Err("a value is empty".to_owned()),
    }
}

impl SessionSummary {
    /// A session that begins with these events; they are not counted yet.
    pub(super) fn new(id: SessionId, events: &[Event]) -> Self {
        let started = events.iter().find_map(time_of).unwrap_or(Timestamp(0));
        Self {
            id,
            started,
            cells: 0,
            last: started,
        }
    }

    /// Counts the next events in.
    pub(super) fn add(&mut self, events: &[Event]) {
        for event in events {
            self.cells += u64::from(matches!(event, Event::CellSubmitted { .. }));
            self.last = time_of(event).unwrap_or(self.last);
        }
    }
}

/// When an event happened, if it tells.
fn time_of(event: &Event) -> Option<Timestamp> {
    match event {
        Event::SessionStarted { at, .. }
        | Event::CellSubmitted { at, .. }
        | Event::CellStarted { at, .. }
        | Event::CellFinished { at, .. }
        | Event::ImageSubmitted { at, .. }
        | Event::ImageMade { at, .. }
        | Event::ImageFinished { at, .. }
        | Event::CallSubmitted { at, .. }
        | Event::CallFinished { at, .. }
        | Event::ShowStarted { at, .. }
        | Event::SessionEnded { at } => Some(*at),
        _ => None,
    }
}
