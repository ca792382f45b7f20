//! What a tool knows of the call that it runs for.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::{Content, PermissionScope, Place, ToolError};
use crate::protocol::{Artifact, CallOrigin, Generation, ImageProgress, Status};

/// Tells those who work that nobody waits for them any more. Clones are one token.
#[derive(Clone, Debug, Default)]
pub(crate) struct CancelToken {
    cancelled: Arc<AtomicBool>,
    parent: Option<Arc<Self>>,
}

impl CancelToken {
    /// Cancels this token and its children. Can't be taken back.
    pub fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    /// Whether it was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
            || self
                .parent
                .as_ref()
                .is_some_and(|parent| parent.is_cancelled())
    }

    /// A token that is cancelled with this one, and also on its own.
    #[must_use]
    pub fn child(&self) -> Self {
        Self {
            cancelled: Arc::default(),
            parent: Some(Arc::new(self.clone())),
        }
    }
}

/// News of a call that runs.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Update {
    /// How far it is.
    Progress {
        /// What is done, in the tool's own unit; only grows.
        done: f64,
        /// What there is to do, if that is known.
        total: Option<f64>,
        /// What it is at. Untrusted.
        message: Option<String>,
    },
    /// A picture has come further: told beside [`Self::Progress`], for who can show it.
    Image {
        /// How far. Its own preview is empty.
        progress: Box<ImageProgress>,
        /// What the picture looks like so far.
        preview: Option<Preview>,
    },
    /// A picture is done, and kept; there may be more to come.
    Picture {
        /// The picture.
        artifact: Artifact,
        /// How it came about.
        generation: Box<Generation>,
    },
    /// A piece of the result, before the rest is there.
    Output(Content),
}

/// What a picture looks like so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Preview {
    /// A small PNG.
    pub png: Vec<u8>,
    /// The size that the picture will have, in pixels.
    pub width: u32,
    /// The same downwards.
    pub height: u32,
}

/// What a tool knows of the call that it runs for.
#[derive(Clone)]
pub(crate) struct ToolContext {
    /// Who calls.
    pub origin: CallOrigin,
    /// From where.
    pub place: Place,
    /// What the caller may do, as far as results depend on it.
    pub scope: PermissionScope,
    /// Asks it to stop.
    pub cancel: CancelToken,
    /// When nobody waits any longer.
    pub deadline: Option<Instant>,
    /// Steps that code may take that is run; `None` is no bound of the caller's.
    pub fuel: Option<u64>,
    /// Steps that such code took.
    spent: Arc<AtomicU64>,
    /// Whether the caller puts the pictures that are made into the gallery; the tool does it otherwise.
    pub has_gallery: bool,
    progress: Arc<dyn Fn(Update) + Send + Sync>,
    judge: Option<Arc<Judge>>,
}

/// Whether the rules let the tool pass with other arguments, or why not.
type Judge = dyn Fn(&Value) -> Result<(), String> + Send + Sync;

impl fmt::Debug for ToolContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ToolContext")
            .field("origin", &self.origin)
            .field("place", &self.place)
            .field("scope", &self.scope)
            .field("cancel", &self.cancel)
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

impl ToolContext {
    /// A context whose updates nobody reads, without a deadline and without special rights.
    pub fn new(origin: CallOrigin, place: Place) -> Self {
        Self {
            origin,
            place,
            scope: PermissionScope::default(),
            cancel: CancelToken::default(),
            deadline: None,
            fuel: None,
            spent: Arc::default(),
            has_gallery: false,
            progress: Arc::new(|_| {}),
            judge: None,
        }
    }

    /// Who knows the rules.
    #[must_use]
    pub(super) fn with_judge(
        mut self,
        judge: impl Fn(&Value) -> Result<(), String> + Send + Sync + 'static,
    ) -> Self {
        self.judge = Some(Arc::new(judge));
        self
    }

    /// For a tool that is led to something else than it was called for: whether a call with these
    /// arguments would pass without a question.
    ///
    /// # Errors
    /// Why not.
    pub fn would_pass(&self, arguments: &Value) -> Result<(), String> {
        self.judge.as_ref().map_or(Ok(()), |judge| judge(arguments))
    }

    /// Where updates go. It is called on the tool's thread, and should return soon.
    #[must_use]
    pub fn with_progress(mut self, progress: impl Fn(Update) + Send + Sync + 'static) -> Self {
        self.progress = Arc::new(progress);
        self
    }

    /// Tells of an update. Nobody hears of those of a call that was given up.
    pub fn report(&self, update: Update) {
        if !self.cancel.is_cancelled() {
            (self.progress)(update);
        }
    }

    /// The time that is left; `None` is no bound.
    pub fn remaining(&self) -> Option<Duration> {
        let deadline = self.deadline?;
        Some(deadline.saturating_duration_since(Instant::now()))
    }

    /// Tells of code that was run: how it ended, and the steps that were counted.
    pub fn charge(&self, status: &Status, counted: u64, bound: Option<u64>) {
        let steps = match status {
            // Who was ended before it could tell may have had all.
            Status::Limit { .. } | Status::Died { .. } | Status::Interrupted { .. }
                if counted == 0 =>
            {
                bound.unwrap_or(0)
            }
            _ => counted,
        };
        self.spent.fetch_add(steps, Ordering::Relaxed);
    }

    /// Steps that code took that was run.
    pub fn spent(&self) -> u64 {
        self.spent.load(Ordering::Relaxed)
    }

    /// To be called often by whoever works long.
    ///
    /// # Errors
    /// If nobody waits for the result any more.
    pub fn check(&self) -> Result<(), ToolError> {
        if self.cancel.is_cancelled() {
            Err(ToolError::Cancelled)
        } else if self.remaining() == Some(Duration::ZERO) {
            Err(ToolError::TimedOut { after: None })
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_is_cancelled_with_its_parent_and_alone() {
        let parent = CancelToken::default();
        let (first, second) = (parent.child(), parent.child());
        first.cancel();
        assert!(first.is_cancelled() && !second.is_cancelled() && !parent.is_cancelled());
        parent.clone().cancel();
        assert!(second.is_cancelled());
    }
}
