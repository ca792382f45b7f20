//! Standard error while the screen is ours: drivers and libraries write there what they like, into
//! the middle of a frame.

use std::fs::File;
use std::io::{self, IsTerminal as _, Write as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt as _;
use std::sync::Mutex;

use super::lock;
use crate::sanitize::sanitize_for_terminal;

/// More than this is told to nobody.
const MAX_TOLD: usize = 4 << 10;

/// Where standard error leads meanwhile.
struct Diverted {
    /// The terminal.
    terminal: OwnedFd,
    /// What is said.
    said: File,
}

static DIVERTED: Mutex<Option<Diverted>> = Mutex::new(None);
/// What was said, until somebody tells it.
static SAID: Mutex<Vec<u8>> = Mutex::new(Vec::new());

/// Keeps what is written to standard error off the screen, if that is where it would appear.
///
/// # Errors
/// What the system says; then it stays as it is.
pub(super) fn divert() -> io::Result<()> {
    let mut diverted = lock(&DIVERTED);
    if diverted.is_some() || !io::stderr().is_terminal() {
        return Ok(());
    }
    let said = tempfile::tempfile()?;
    let terminal = rustix::io::fcntl_dupfd_cloexec(io::stderr(), 3)?;
    rustix::stdio::dup2_stderr(&said)?;
    *diverted = Some(Diverted { terminal, said });
    Ok(())
}

/// Gives standard error its terminal back.
pub(super) fn restore() {
    let Some(Diverted { terminal, said }) = lock(&DIVERTED).take() else {
        return;
    };
    // Without it nothing could be said about that.
    let _ = rustix::stdio::dup2_stderr(&terminal);
    let mut all = lock(&SAID);
    let mut bytes = vec![0; MAX_TOLD.saturating_sub(all.len())];
    let read = said.read_at(&mut bytes, 0).unwrap_or(0);
    all.extend_from_slice(&bytes[..read]);
}

/// Tells what was said, on the terminal that is nobody's screen any more.
pub(super) fn tell() {
    let said = std::mem::take(&mut *lock(&SAID));
    let said = String::from_utf8_lossy(&said);
    for line in said.lines().filter(|line| !line.trim().is_empty()) {
        let _ = writeln!(io::stderr(), "{}", sanitize_for_terminal(line));
    }
}
