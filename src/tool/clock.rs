//! Time: the system's, or one that a test holds.

use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::protocol::Timestamp;

/// Where the time comes from.
#[derive(Clone, Debug, Default)]
pub(crate) enum Clock {
    /// The system's.
    #[default]
    System,
    /// One that stands still until it is put on.
    #[cfg(test)]
    Paused(std::sync::Arc<std::sync::atomic::AtomicU64>),
}

impl Clock {
    /// Milliseconds since the Unix epoch.
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH);
                Timestamp(since.map_or(0, as_ms))
            }
            #[cfg(test)]
            Self::Paused(ms) => Timestamp(ms.load(std::sync::atomic::Ordering::Relaxed)),
        }
    }

    /// Time that only goes on, from any start.
    pub fn elapsed(&self) -> Duration {
        static START: LazyLock<Instant> = LazyLock::new(Instant::now);
        match self {
            Self::System => START.elapsed(),
            #[cfg(test)]
            Self::Paused(_) => Duration::from_millis(self.now().0),
        }
    }

    /// A clock that a test puts on.
    #[cfg(test)]
    pub fn paused() -> Self {
        Self::Paused(std::sync::Arc::new(1_700_000_000_000.into()))
    }

    /// Puts a paused clock on.
    #[cfg(test)]
    pub fn advance(&self, by: Duration) {
        if let Self::Paused(ms) = self {
            ms.fetch_add(as_ms(by), std::sync::atomic::Ordering::Relaxed);
        }
    }
}

/// Whole milliseconds.
pub(super) fn as_ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
