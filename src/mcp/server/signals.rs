//! Ctrl-C and SIGTERM: the first one ends the server in good order, the second one at once.

use std::thread;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use tokio::sync::watch;

use crate::mcp::McpError;

/// Tells when the process is to stop.
#[derive(Clone)]
pub(super) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Waits for it.
    pub async fn wait(&mut self) {
        // Without a sender no signal comes any more, and nothing is to be waited for.
        if self.0.wait_for(|is_stopped| *is_stopped).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Listens for the signals, on a thread of its own.
pub(super) fn stop() -> Result<Stop, McpError> {
    let (sender, receiver) = watch::channel(false);
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(McpError::Threads)?;
    thread::Builder::new()
        .name("mcp signals".to_owned())
        .spawn(move || {
            for signal in signals.forever() {
                if sender.send_replace(true) {
                    let _ = emulate_default_handler(signal);
                }
            }
        })
        .map_err(McpError::Threads)?;
    Ok(Stop(receiver))
}
