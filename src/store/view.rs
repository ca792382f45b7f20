//! The journal, read whole: what the index would say if it could be opened.

use std::collections::BTreeMap;
use std::path::Path;

use super::journal::Journal;
use super::record::Record;
use super::{HistoryEntry, MadePicture, SessionSummary, StoreError};
use crate::protocol::{Event, SessionId};

/// Everything in a journal.
#[derive(Default)]
pub(super) struct View {
    entries: Vec<HistoryEntry>,
    sessions: BTreeMap<SessionId, Vec<Event>>,
}

impl View {
    /// Reads a journal. Needs no lock: what others append at the same time is seen whole or not
    /// at all.
    pub(super) fn read(path: &Path) -> Result<Self, StoreError> {
        let mut view = Self::default();
        Journal::open_to_read(path)?.read_after(0, |line| {
            match line.record {
                Some(Record::History(entry)) => {
                    let last_id = view.entries.last().map_or(0, |last| last.id);
                    let id = entry.id.max(last_id + 1);
                    view.entries.push(HistoryEntry { id, ..entry });
                }
                Some(Record::Events { session, events }) => {
                    view.sessions.entry(session).or_default().extend(events);
                }
                None => {}
            }
            Ok::<_, StoreError>(())
        })?;
        Ok(view)
    }

    pub(super) fn history_since(mut self, after: u64) -> Vec<HistoryEntry> {
        self.entries.retain(|entry| entry.id > after);
        self.entries
    }

    pub(super) fn replay(mut self, session: &SessionId) -> Vec<Event> {
        self.sessions.remove(session).unwrap_or_default()
    }

    pub(super) fn sessions(self) -> Vec<SessionSummary> {
        let newest_first = self.sessions.into_iter().rev();
        newest_first
            .map(|(id, events)| {
                let mut summary = SessionSummary::new(id, &events);
                summary.add(&events);
                summary
            })
            .collect()
    }

    pub(super) fn pictures(self) -> Vec<MadePicture> {
        let mut pictures: Vec<MadePicture> = self
            .sessions
            .iter()
            .flat_map(|(id, events)| events.iter().filter_map(|event| MadePicture::of(id, event)))
            .collect();
        // Stable: those of the same time stay in the order of their sessions, as in the index.
        pictures.sort_by_key(|picture| picture.at);
        pictures.reverse();
        pictures
    }
}
