//! The thread that waits for the disk.

use std::io;
use std::sync::Arc;
use std::sync::mpsc as std_mpsc;
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use crate::protocol::{Event, HistoryEntry, NewHistoryEntry, NoticeLevel, SessionId};
use crate::session::Report;
use crate::store::{Store, StoreError};

/// Work for the recorder.
pub(super) enum RecorderJob {
    Events(Vec<Event>),
    Remember(NewHistoryEntry),
    Recall {
        after: u64,
    },
    /// Tells when what was given before is kept.
    Tell(std_mpsc::Sender<()>),
}

/// The recorder's thread, seen from the loop.
pub(super) struct Recorder {
    jobs: std_mpsc::Sender<RecorderJob>,
    thread: JoinHandle<()>,
}

impl Recorder {
    pub fn start(
        session: SessionId,
        store: Arc<dyn Store>,
        reports: mpsc::Sender<Report>,
    ) -> io::Result<Self> {
        let (jobs, inbox) = std_mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("recorder".into())
            .spawn(move || {
                Recording {
                    session,
                    store,
                    reports,
                    begun: Vec::new(),
                    has_complained: false,
                }
                .run(&inbox);
            })?;
        Ok(Self { jobs, thread })
    }

    pub fn give(&self, job: RecorderJob) {
        // The thread lives until `end` drops this sender.
        let _ = self.jobs.send(job);
    }

    /// Waits until everything is on disk.
    pub fn end(self) {
        drop(self.jobs);
        let _ = self.thread.join();
    }
}

struct Recording {
    session: SessionId,
    store: Arc<dyn Store>,
    reports: mpsc::Sender<Report>,
    /// Events of a session in which nothing has been done yet: a session that was only looked at
    /// leaves no trace.
    begun: Vec<Event>,
    has_complained: bool,
}

impl Recording {
    fn run(mut self, inbox: &std_mpsc::Receiver<RecorderJob>) {
        self.store.blobs().sweep();
        while let Ok(job) = inbox.recv() {
            // What waits is written together: one flush for a burst.
            let mut jobs = vec![job];
            jobs.extend(inbox.try_iter());
            let mut events = std::mem::take(&mut self.begun);
            let mut to_tell = Vec::new();
            for job in jobs {
                match job {
                    RecorderJob::Events(more) => events.extend(more),
                    RecorderJob::Tell(who) => to_tell.push(who),
                    RecorderJob::Remember(entry) => {
                        let kept = self.store.append_history(entry);
                        self.complain_about(kept.err());
                    }
                    RecorderJob::Recall { after } => {
                        let entries = match self.store.history_since(after) {
                            Ok(entries) => entries,
                            Err(error) => {
                                self.complain_about(Some(error));
                                Vec::<HistoryEntry>::new()
                            }
                        };
                        self.report(Report::Recalled { entries });
                    }
                }
            }
            let is_idle = |event: &Event| {
                matches!(
                    event,
                    Event::SessionStarted { .. } | Event::SessionEnded { .. }
                )
            };
            if events.iter().all(is_idle) {
                self.begun = events;
            } else {
                let kept = self.store.append_events(&self.session, &events);
                self.complain_about(kept.err());
            }
            for who in to_tell {
                // Who asked may be gone.
                let _ = who.send(());
            }
            for warning in self.store.take_warnings() {
                self.report(Report::Notice {
                    level: NoticeLevel::Warning,
                    text: warning.to_string(),
                });
            }
        }
    }

    /// Tells the first failure, not each of thousands on a full disk.
    fn complain_about(&mut self, error: Option<StoreError>) {
        if let Some(error) = error {
            if !std::mem::replace(&mut self.has_complained, true) {
                let hint = error.hint();
                let text = format!("history is not being kept: {error}; {hint}");
                self.report(Report::Notice {
                    level: NoticeLevel::Error,
                    text,
                });
            }
        } else {
            self.has_complained = false;
        }
    }

    fn report(&self, report: Report) {
        // Nobody listens after the end.
        let _ = self.reports.blocking_send(report);
    }
}
