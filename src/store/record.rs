//! The unit of the journal, and how values look in the index.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::protocol::{Event, SessionId, Timestamp};

use super::{HistoryEntry, StoreError};

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
    pub(super) fn to_json(&self) -> Result<Vec<u8>, StoreError> {
        let versioned = Versioned {
            v: VERSION,
            record: self,
        };
        serde_json::to_vec(&versioned).map_err(StoreError::Encode)
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

/// When an event happened, if it tells.
pub(super) fn time_of(event: &Event) -> Option<Timestamp> {
    match event {
        Event::SessionStarted { at, .. }
        | Event::CellSubmitted { at, .. }
        | Event::CellStarted { at, .. }
        | Event::CellFinished { at, .. }
        | Event::ShowStarted { at, .. }
        | Event::SessionEnded { at } => Some(*at),
        _ => None,
    }
}
