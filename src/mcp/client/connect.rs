//! Reaching a server: a child process, or an address.

use std::collections::{HashMap, VecDeque};
use std::env;
use std::error::Error;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use rmcp::service::{ClientInitializeError, RunningService};
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::transport::{StreamableHttpClientTransport, TokioChildProcess};
use rmcp::{ClientHandler, RoleClient, ServiceExt as _};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::Command;
use tokio::sync::watch;
use tokio::time::timeout;

use super::config::Transport;
use crate::sanitize::sanitize;

/// What every program gets of the environment; the rest is companion's own business, keys of
/// others among it.
const INHERITED: [&str; 11] = [
    "HOME",
    "LANG",
    "LC_ALL",
    "LOGNAME",
    "PATH",
    "SHELL",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
    "XDG_RUNTIME_DIR",
];
/// So much of what a program wrote to standard error is kept.
const TAIL_BYTES: usize = 2 << 10;

/// A program that has ended may have said why: what it wrote is waited for so long.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// The end of what a program wrote to standard error.
#[derive(Clone, Debug)]
pub(super) struct Tail {
    bytes: Arc<Mutex<VecDeque<u8>>>,
    /// Whether nothing more will come.
    has_ended: watch::Sender<bool>,
}

impl Default for Tail {
    fn default() -> Self {
        Self {
            bytes: Arc::default(),
            has_ended: watch::Sender::new(true),
        }
    }
}

impl Tail {
    /// Waits a little for the end of a program that is about to end.
    pub async fn settle(&self) {
        let mut has_ended = self.has_ended.subscribe();
        let _ = timeout(LAST_WORDS, has_ended.wait_for(|has_ended| *has_ended)).await;
    }

    /// It, as text for a message; nothing if there was none.
    pub fn said(&self) -> Option<String> {
        let tail = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = tail.iter().copied().collect();
        let text = String::from_utf8_lossy(&bytes);
        let text = sanitize(text.trim()).into_owned();
        (!text.is_empty()).then_some(text)
    }

    fn push(&self, bytes: &[u8]) {
        let mut tail = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        tail.extend(bytes);
        let over = tail.len().saturating_sub(TAIL_BYTES);
        tail.drain(..over);
    }

    /// Reads until the end, so that the program never waits for a reader.
    fn follow(&self, mut stderr: impl AsyncRead + Unpin + Send + 'static) {
        let tail = self.clone();
        tail.has_ended.send_replace(false);
        tokio::spawn(async move {
            let mut buffer = vec![0; 4 << 10];
            while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
                tail.push(buffer.get(..read).unwrap_or_default());
            }
            tail.has_ended.send_replace(true);
        });
    }
}

/// Starts a program or connects to an address, and greets the server.
pub(super) async fn connect<H: ClientHandler>(
    transport: &Transport,
    folder: &Path,
    handler: H,
    tail: &Tail,
) -> Result<RunningService<RoleClient, H>, String> {
    match transport {
        Transport::Stdio {
            command,
            args,
            env,
            cwd,
        } => {
            let mut program = Command::new(command);
            program
                .args(args)
                .env_clear()
                .envs(
                    INHERITED
                        .iter()
                        .filter_map(|name| Some((name, env::var_os(name)?))),
                )
                .envs(env)
                .current_dir(cwd.as_deref().unwrap_or(folder))
                // Ctrl-C in a terminal is for companion, which ends its servers itself.
                .process_group(0)
                .kill_on_drop(true);
            let (child, stderr) = TokioChildProcess::builder(program)
                .stderr(Stdio::piped())
                .spawn()
                .map_err(|error| format!("{command:?} can't be started: {error}"))?;
            if let Some(stderr) = stderr {
                tail.follow(stderr);
            }
            greeted(Box::pin(handler.serve(child)).await)
        }
        Transport::Http { url, headers } => {
            use_ring();
            let mut all = HashMap::new();
            for (name, value) in headers {
                let name: HeaderName = name
                    .parse()
                    .map_err(|_| format!("{:?} can't be the name of a header", sanitize(name)))?;
                let mut value: HeaderValue = value
                    .parse()
                    .map_err(|_| format!("the header {name} has a value that can't be sent"))?;
                value.set_sensitive(true);
                all.insert(name, value);
            }
            let config =
                StreamableHttpClientTransportConfig::with_uri(url.as_str()).custom_headers(all);
            let transport = StreamableHttpClientTransport::from_config(config);
            greeted(Box::pin(handler.serve(transport)).await)
        }
    }
}

fn greeted<H: ClientHandler>(
    running: Result<RunningService<RoleClient, H>, ClientInitializeError>,
) -> Result<RunningService<RoleClient, H>, String> {
    running.map_err(|error| match error {
        ClientInitializeError::TransportError { error, .. } => with_causes(&*error.error),
        ClientInitializeError::ConnectionClosed(_) => "it has ended".to_owned(),
        ClientInitializeError::JsonRpcError(error) => {
            format!("it refused: {}", sanitize(&error.message))
        }
        other => sanitize(&other.to_string()).into_owned(),
    })
}

/// An error and what lies behind it, each once.
pub(super) fn with_causes(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        next = cause.source();
    }
    sanitize(&text).into_owned()
}

/// TLS by ring, as everywhere in companion: the HTTP client of MCP brings none of its own.
fn use_ring() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Somebody else's is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_standard_error_is_kept_and_safe() {
        let tail = Tail::default();
        assert_eq!(tail.said(), None);
        tail.push("x".repeat(3 * TAIL_BYTES).as_bytes());
        tail.push(b"\n\x1b[2Jno such module\n");
        let said = tail.said().expect("something");
        assert!(
            said.ends_with("no such module") && !said.contains('\x1b'),
            "{said}"
        );
        assert!(said.len() <= TAIL_BYTES + 16);
    }
}
