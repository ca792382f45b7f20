//! Making the two copies agree again: what [`SledStore`] does when they don't.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::index::{Damage, Index, Opened, Problem};
use super::journal::{Journal, Mark};
use super::sled::{PATIENCE, Pause, Session, SledStore, State};
use super::{StoreError, StoreWarning};
use crate::atomic;

impl SledStore {
    /// Adds to the index what the journal has beyond it.
    pub(super) fn catch_up(
        &self,
        state: &mut State,
        mut index: Index,
        journal: Journal,
        lock: File,
    ) -> Result<Session, StoreError> {
        if !journal.goes_on_from(index.mark())? {
            return self.rewrite_journal(state, index, journal, lock);
        }
        self.need_room(journal.len()?.saturating_sub(index.mark().end))?;
        match copy(&journal, &mut index) {
            Ok(copied) => {
                // A crash leaves the index one record behind. More is news.
                if copied.records > 1 {
                    let records = copied.records;
                    state.warnings.push(StoreWarning::CaughtUp { records });
                }
                self.tell_skipped(state, copied.skipped);
                Ok(Session {
                    index,
                    journal,
                    lock,
                })
            }
            Err(Problem::Damage(damage)) => {
                drop(index);
                self.replace(state, journal, lock, damage)
            }
            Err(problem) => Err(self.give_up(&index, problem)),
        }
    }

    /// Replaces the index of what is open.
    pub(super) fn rebuild(
        &self,
        state: &mut State,
        session: Session,
        damage: Damage,
    ) -> Result<Session, StoreError> {
        let Session {
            index,
            journal,
            lock,
        } = session;
        drop(index);
        self.replace(state, journal, lock, damage)
    }

    /// Moves a damaged index aside and builds a new one from the journal.
    pub(super) fn replace(
        &self,
        state: &mut State,
        journal: Journal,
        lock: File,
        damage: Damage,
    ) -> Result<Session, StoreError> {
        if state.has_rebuilt {
            return Err(self.hopeless(Problem::Damage(damage)));
        }
        state.has_rebuilt = true;
        let moved_to = move_aside(&self.paths.index)?;
        match self.open_index(&mut Pause::new(PATIENCE))? {
            Ok(Opened::Known(index) | Opened::New(index)) => {
                self.fill(state, index, journal, lock, damage, moved_to)
            }
            Err(damage) => Err(self.hopeless(Problem::Damage(damage))),
        }
    }

    /// Fills an empty index from the journal.
    pub(super) fn fill(
        &self,
        state: &mut State,
        mut index: Index,
        journal: Journal,
        lock: File,
        damage: Damage,
        moved_to: Option<PathBuf>,
    ) -> Result<Session, StoreError> {
        self.need_room(journal.len()?)?;
        let copied = match copy(&journal, &mut index) {
            Ok(copied) => copied,
            Err(problem) => return Err(self.give_up(&index, problem)),
        };
        state.warnings.push(StoreWarning::Rebuilt {
            reason: damage.reason,
            moved_to,
            records: copied.records,
        });
        self.tell_skipped(state, copied.skipped);
        Ok(Session {
            index,
            journal,
            lock,
        })
    }

    /// Writes a new journal from the index, and moves the one aside that is not the one the
    /// index was made from.
    fn rewrite_journal(
        &self,
        state: &mut State,
        mut index: Index,
        journal: Journal,
        lock: File,
    ) -> Result<Session, StoreError> {
        let path = &self.paths.journal;
        // Under another name first: a crash must not leave half a journal that looks whole.
        let unfinished = path.with_extension("unfinished");
        remove_if_there(&unfinished)?;
        let mut new = Journal::open(&unfinished)?;
        let (mut mark, mut records) = (Mark::default(), 0);
        let exported = index.guard(|index| {
            index.export(|record| {
                mark = new.append(mark.end, &record.to_json()?)?;
                records += 1;
                Ok(())
            })
        });
        match exported {
            Ok(()) => {}
            // Both are damaged: what the journal still has is better than nothing.
            Err(Problem::Damage(damage)) => {
                drop(index);
                return self.replace(state, journal, lock, damage);
            }
            Err(problem) => return Err(self.hopeless(problem)),
        }
        let moved_to = if journal.is_empty()? {
            None
        } else {
            move_aside(path)?
        };
        fs::rename(&unfinished, path)
            .and_then(|()| atomic::sync_folder(&self.paths.folder))
            .map_err(StoreError::io("write", path))?;
        if let Err(problem) = index.set_mark(mark) {
            return Err(self.give_up(&index, problem));
        }
        state
            .warnings
            .push(StoreWarning::JournalRewritten { moved_to, records });
        Ok(Session {
            index,
            journal: Journal::open(path)?,
            lock,
        })
    }

    fn tell_skipped(&self, state: &mut State, lines: u64) {
        if lines > 0 {
            let path = self.paths.journal.clone();
            state
                .warnings
                .push(StoreWarning::LinesSkipped { path, lines });
        }
    }

    /// The error of a problem that a new index would not help against. An index that could not
    /// be written stays locked by this process; out of the way it hinders nobody, and the next
    /// to come builds another from the journal.
    pub(super) fn give_up(&self, index: &Index, problem: Problem) -> StoreError {
        if index.has_failed() {
            // If even this fails, others will find it locked and say so.
            let _ = move_aside(&self.paths.index);
        }
        self.hopeless(problem)
    }
}

/// What was copied.
#[derive(Default)]
struct Copied {
    /// Records that are in the index now.
    records: u64,
    /// Lines that could not be read.
    skipped: u64,
}

/// Adds what the journal has beyond the index, in batches of bounded size.
fn copy(journal: &Journal, index: &mut Index) -> Result<Copied, Problem> {
    const BATCH_BYTES: u64 = 1 << 20;
    let mut copied = Copied::default();
    let mut batch = Vec::new();
    let mut batch_start = index.mark().end;
    journal.read_after(batch_start, |line| {
        match line.record {
            Some(_) => copied.records += 1,
            None => copied.skipped += 1,
        }
        let end = line.mark.end;
        batch.push((line.record, line.mark));
        if end - batch_start > BATCH_BYTES {
            batch_start = end;
            index.add(&std::mem::take(&mut batch))?;
        }
        Ok::<_, Problem>(())
    })?;
    if !batch.is_empty() {
        index.add(&batch)?;
    }
    Ok(copied)
}

/// Renames a damaged file or folder, so that it can be looked at; `None` if there is none.
fn move_aside(path: &Path) -> Result<Option<PathBuf>, StoreError> {
    if fs::symlink_metadata(path).is_err() {
        return Ok(None);
    }
    let now = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".damaged-{now}"));
    let mut target = PathBuf::from(&name);
    let mut n = 1;
    while fs::symlink_metadata(&target).is_ok() {
        n += 1;
        let mut numbered = name.clone();
        numbered.push(format!("-{n}"));
        target = PathBuf::from(numbered);
    }
    fs::rename(path, &target).map_err(StoreError::io("move aside", path))?;
    Ok(Some(target))
}

/// Deletes a file, if it is there.
fn remove_if_there(path: &Path) -> Result<(), StoreError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(StoreError::io("delete", path)(error))
        }
        _ => Ok(()),
    }
}
