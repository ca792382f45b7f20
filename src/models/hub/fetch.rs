//! Requests: redirects followed by hand, so that the token stays at home; the body on a thread of
//! its own, so that Ctrl-C works while a server keeps silent.

use std::io::Read as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::Duration;

use ureq::config::{AutoHeaderValue, Config};
use ureq::http::{HeaderMap, Request, header};
use url::{Host, Url};

use super::super::error::{ModelError, shown_text};

const MAX_REDIRECTS: usize = 5;
/// How often the flag is looked at while nothing comes.
const PATIENCE: Duration = Duration::from_millis(100);
const PIECE_BYTES: usize = 256 << 10;
/// Pieces that wait for the disk.
const PIECES_AHEAD: usize = 8;

/// A hub: where it is, and who asks.
#[derive(Clone)]
pub(crate) struct Hub {
    base: Url,
    token: Option<String>,
    /// How long a server may keep silent.
    pub(super) silence: Duration,
    /// What is waited before the second attempt; twice as much before each that follows.
    pub(super) backoff: Duration,
}

impl std::fmt::Debug for Hub {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The token is a secret.
        write!(f, "Hub({})", self.base)
    }
}

/// A response: status, headers, and the body as it comes.
pub(super) struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    body: Receiver<Piece>,
}

/// What the thread of a request tells.
enum Piece {
    Head(u16, HeaderMap),
    Bytes(Vec<u8>),
    End,
    Failed(String),
}

/// Why no further bytes come.
pub(super) enum Broken {
    /// The user stopped it.
    Cancelled,
    /// The connection broke, in words.
    Lost(String),
}

impl Hub {
    /// The hub at an address, with a token if the user has one.
    ///
    /// # Errors
    /// If the address is none of HTTP.
    pub fn new(base: &str, token: Option<String>) -> Result<Self, ModelError> {
        let mut base = Url::parse(base)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| ModelError::BadName {
                name: base.to_owned(),
                what: "a hub: hub.url takes an address that begins with https://",
            })?;
        // `join` replaces what stands behind the last slash.
        if !base.path().ends_with('/') {
            base.set_path(&format!("{}/", base.path()));
        }
        let token = token
            .map(|token| token.trim().to_owned())
            .filter(|token| !token.is_empty() && token.chars().all(|c| c.is_ascii_graphic()));
        Ok(Self {
            base,
            token,
            silence: Duration::from_secs(30),
            backoff: Duration::from_millis(500),
        })
    }

    /// Its host, for messages.
    pub fn host(&self) -> String {
        self.base.host_str().unwrap_or_default().to_owned()
    }

    /// Whether a token will be sent.
    pub(super) fn has_token(&self) -> bool {
        self.token.is_some()
    }

    /// An address on this hub. Segments are escaped where they have to be: a `/` in one, too.
    pub(super) fn url<'a>(
        &self,
        segments: impl IntoIterator<Item = &'a str>,
        query: Option<&str>,
    ) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url.set_query(query);
        url
    }

    /// Asks, following redirects, for the bytes from a place on.
    pub(super) fn get(&self, url: Url, from: u64, cancel: &AtomicBool) -> Result<Reply, Broken> {
        let (pieces, body) = sync_channel(PIECES_AHEAD);
        let hub = self.clone();
        std::thread::Builder::new()
            .name("hub".to_owned())
            .spawn(move || hub.transfer(url, from, &pieces))
            .map_err(|error| Broken::Lost(error.to_string()))?;
        match next(&body, cancel)? {
            Piece::Head(status, headers) => Ok(Reply {
                status,
                headers,
                body,
            }),
            Piece::Failed(reason) => Err(Broken::Lost(reason)),
            Piece::Bytes(_) | Piece::End => Err(Broken::Lost("no answer".to_owned())),
        }
    }

    /// Ends early when nobody takes the pieces any more.
    fn transfer(&self, url: Url, from: u64, pieces: &SyncSender<Piece>) {
        if let Err(reason) = self.try_transfer(url, from, pieces) {
            let _ = pieces.send(Piece::Failed(reason));
        }
    }

    fn try_transfer(
        &self,
        mut url: Url,
        from: u64,
        pieces: &SyncSender<Piece>,
    ) -> Result<(), String> {
        let mut config = Config::builder();
        if is_local(&self.base) {
            // A proxy would look for it on its own machine.
            config = config.proxy(None);
        }
        let config = config
            .max_redirects(0)
            .http_status_as_error(false)
            .accept_encoding(AutoHeaderValue::Provided("identity".to_owned().into()))
            .user_agent(concat!("companion/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(self.silence))
            .timeout_recv_response(Some(self.silence))
            .timeout_per_read(Some(self.silence))
            .build();
        let agent = config.new_agent();
        for _ in 0..=MAX_REDIRECTS {
            let mut request = Request::builder().uri(url.as_str());
            if from > 0 {
                request = request.header(header::RANGE, format!("bytes={from}-"));
            }
            if let Some(token) = self.token.as_ref().filter(|_| self.is_home(&url)) {
                request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
            }
            let request = request.body(()).map_err(|error| error.to_string())?;
            let response = agent.run(request).map_err(|error| explain(&error))?;
            let status = response.status().as_u16();
            let location = response.headers().get(header::LOCATION);
            let is_redirect = matches!(status, 301 | 302 | 303 | 307 | 308);
            if let Some(location) = location.filter(|_| is_redirect) {
                let to = location.to_str().ok().and_then(|to| url.join(to).ok());
                url = Self::followed(&url, to)?;
                continue;
            }
            let head = Piece::Head(status, response.headers().clone());
            if pieces.send(head).is_err() {
                return Ok(());
            }
            let mut reader = response.into_body().into_reader();
            loop {
                let mut bytes = vec![0; PIECE_BYTES];
                let read = reader
                    .read(&mut bytes)
                    .map_err(|error| explain(&ureq::Error::from(error)))?;
                bytes.truncate(read);
                let is_end = bytes.is_empty();
                let piece = if is_end {
                    Piece::End
                } else {
                    Piece::Bytes(bytes)
                };
                if pieces.send(piece).is_err() || is_end {
                    return Ok(());
                }
            }
        }
        Err(format!("more than {MAX_REDIRECTS} redirects"))
    }

    /// Where a redirect leads, if we go there.
    fn followed(from: &Url, to: Option<Url>) -> Result<Url, String> {
        let to = to.ok_or("a redirect to what is no address")?;
        match (from.scheme(), to.scheme()) {
            (_, "https") | ("http", "http") => Ok(to),
            // What was asked for in secret is not fetched in the open.
            _ => Err(format!(
                "a redirect from {} to {}://, which is refused",
                from.scheme(),
                shown_text(to.scheme())
            )),
        }
    }

    /// Whether the token may be sent there: to the hub's own origin, and not in the open.
    fn is_home(&self, url: &Url) -> bool {
        url.origin() == self.base.origin() && (url.scheme() == "https" || is_local(url))
    }
}

impl Reply {
    /// The next bytes; `None` at the end.
    pub fn next(&self, cancel: &AtomicBool) -> Result<Option<Vec<u8>>, Broken> {
        match next(&self.body, cancel)? {
            Piece::Bytes(bytes) => Ok(Some(bytes)),
            Piece::End => Ok(None),
            Piece::Failed(reason) => Err(Broken::Lost(reason)),
            Piece::Head(..) => Err(Broken::Lost("a second answer".to_owned())),
        }
    }

    /// The whole body, if it is no larger than that.
    pub fn body(&self, max_bytes: usize, cancel: &AtomicBool) -> Result<Vec<u8>, Broken> {
        let mut all = Vec::new();
        while let Some(bytes) = self.next(cancel)? {
            if all.len() + bytes.len() > max_bytes {
                return Err(Broken::Lost(format!("an answer over {max_bytes} bytes")));
            }
            all.extend(bytes);
        }
        Ok(all)
    }

    /// A header that is text.
    pub fn header(&self, name: header::HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// Whether an address is on this machine.
fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

fn next(pieces: &Receiver<Piece>, cancel: &AtomicBool) -> Result<Piece, Broken> {
    loop {
        if cancel.load(Ordering::Relaxed) {
            return Err(Broken::Cancelled);
        }
        match pieces.recv_timeout(PATIENCE) {
            Ok(piece) => return Ok(piece),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                return Err(Broken::Lost("the transfer ended unexpectedly".to_owned()));
            }
        }
    }
}

fn explain(error: &ureq::Error) -> String {
    let text = match error {
        ureq::Error::HostNotFound => "the host is not known".to_owned(),
        ureq::Error::ConnectionFailed => "no connection".to_owned(),
        ureq::Error::Timeout(_) => "it keeps silent".to_owned(),
        ureq::Error::Io(error) => match error.kind() {
            std::io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
            std::io::ErrorKind::ConnectionReset => "connection reset".to_owned(),
            std::io::ErrorKind::TimedOut => "it keeps silent".to_owned(),
            std::io::ErrorKind::UnexpectedEof => "the connection broke off".to_owned(),
            _ => error.to_string(),
        },
        other => other.to_string(),
    };
    shown_text(&text)
}
