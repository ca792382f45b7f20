//! One request and its response, to addresses that were decided on before. The work is done on a
//! thread of its own, so that whoever waits can leave while a server or a resolver keeps silent.

use std::io::Read as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::{Request, Response};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body};
use url::Url;

use super::error::WebError;
use super::target::shown;
use crate::address::ResolveWith;

/// How often the flag is looked at while nothing comes.
const PATIENCE: Duration = Duration::from_millis(50);
/// Requests under way, those included that nobody waits for any more.
const MAX_UNDER_WAY: usize = 32;
const PIECE_BYTES: usize = 64 << 10;

/// Until when all of it has to be done, and whether somebody waits for it still.
#[derive(Clone)]
pub(super) struct Waiting {
    url: Url,
    limit: Duration,
    until: Instant,
    is_left: Arc<AtomicBool>,
}

impl Waiting {
    /// What is left of the time.
    ///
    /// # Errors
    /// If nothing is, or nobody waits any more.
    pub fn left(&self) -> Result<Duration, WebError> {
        if self.is_left.load(Ordering::Relaxed) {
            return Err(WebError::Cancelled);
        }
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(self.late());
        }
        Ok(left)
    }

    fn late(&self) -> WebError {
        WebError::TimedOut {
            url: shown(&self.url),
            limit: self.limit,
        }
    }
}

/// Does something for a URL on another thread, and waits for it: until it is done, the time is over
/// or it is cancelled.
///
/// # Errors
/// What the work gives, or that it took too long or was cancelled.
pub(super) fn apart<T: Send + 'static>(
    url: &Url,
    limit: Duration,
    cancel: &dyn Fn() -> bool,
    work: impl FnOnce(&Waiting) -> Result<T, WebError> + Send + 'static,
) -> Result<T, WebError> {
    let waiting = Waiting {
        url: url.clone(),
        limit,
        until: Instant::now() + limit,
        is_left: Arc::default(),
    };
    let slot = Slot::take()?;
    let (done, outcome) = sync_channel(1);
    let theirs = waiting.clone();
    std::thread::Builder::new()
        .name("web".to_owned())
        .spawn(move || {
            let outcome = work(&theirs);
            drop(slot);
            // Nobody may wait any more.
            let _ = done.send(outcome);
        })
        .map_err(|error| WebError::Connection {
            url: shown(url),
            reason: error.to_string(),
        })?;
    let outcome = loop {
        if cancel() {
            break Err(WebError::Cancelled);
        }
        match waiting.left() {
            Ok(left) => match outcome.recv_timeout(left.min(PATIENCE)) {
                Ok(outcome) => break outcome,
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    break Err(WebError::Connection {
                        url: shown(url),
                        reason: "the request broke off".to_owned(),
                    });
                }
            },
            Err(late) => break Err(late),
        }
    };
    waiting.is_left.store(true, Ordering::Relaxed);
    outcome
}

/// What is asked of a server.
pub(super) struct Ask<'a> {
    pub url: &'a Url,
    /// Where the connection goes, and nowhere else.
    pub addresses: Vec<SocketAddr>,
    pub headers: &'a [(&'a str, &'a str)],
    /// With a body it is a `POST`, otherwise a `GET`.
    pub body: Option<&'a [u8]>,
}

impl Ask<'_> {
    /// Sends it, and gives the response whose body has not been read. Redirects are responses.
    ///
    /// # Errors
    /// If there is none within the time.
    pub fn send(self, waiting: &Waiting) -> Result<Response<Body>, WebError> {
        let config = Config::builder()
            .proxy(None)
            .max_redirects(0)
            .http_status_as_error(false)
            .max_idle_connections(0)
            .user_agent(concat!("companion/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(waiting.left()?))
            .build();
        let addresses = self.addresses;
        let resolver = ResolveWith(move |_: &str, _| Ok(addresses.clone()));
        let agent = Agent::with_parts(config, DefaultConnector::default(), resolver);
        let mut request = Request::builder().uri(self.url.as_str());
        for (name, value) in self.headers {
            request = request.header(*name, *value);
        }
        let wrong = |error: ureq::http::Error| WebError::Connection {
            url: shown(self.url),
            reason: error.to_string(),
        };
        let sent = match self.body {
            Some(body) => agent.run(request.method("POST").body(body).map_err(wrong)?),
            None => agent.run(request.body(()).map_err(wrong)?),
        };
        sent.map_err(|error| explain(&error, self.url, waiting))
    }
}

/// Reads a body up to a bound, decompressed.
///
/// # Errors
/// If it is longer, breaks off, or is not there within the time.
pub(super) fn read_body(
    response: Response<Body>,
    url: &Url,
    max_bytes: u64,
    waiting: &Waiting,
) -> Result<Vec<u8>, WebError> {
    let mut reader = response.into_body().into_reader();
    let mut body = Vec::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        waiting.left()?;
        let count = match reader.read(&mut piece) {
            Ok(0) => return Ok(body),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(explain(&ureq::Error::from(error), url, waiting)),
        };
        if (body.len() + count) as u64 > max_bytes {
            let url = shown(url);
            return Err(WebError::TooLarge { url, max_bytes });
        }
        body.extend(piece.iter().take(count));
    }
}

fn explain(error: &ureq::Error, url: &Url, waiting: &Waiting) -> WebError {
    let reason = match error {
        ureq::Error::Timeout(_) => return waiting.late(),
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            return waiting.late();
        }
        ureq::Error::HostNotFound => {
            let host = url.host_str().unwrap_or_default().to_owned();
            return WebError::UnknownHost { host };
        }
        ureq::Error::ConnectionFailed => "no connection".to_owned(),
        other => other.to_string(),
    };
    WebError::Connection {
        url: shown(url),
        reason,
    }
}

/// One of the requests that may be under way.
struct Slot;

static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

impl Slot {
    fn take() -> Result<Self, WebError> {
        let slot = Self;
        if UNDER_WAY.fetch_add(1, Ordering::Relaxed) >= MAX_UNDER_WAY {
            return Err(WebError::Busy { max: MAX_UNDER_WAY });
        }
        Ok(slot)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        UNDER_WAY.fetch_sub(1, Ordering::Relaxed);
    }
}
