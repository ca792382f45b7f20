//! HTTP for code: one request, one response, to hosts that were granted.
//!
//! The host is checked three times: in the URL that was asked for, in every redirect, and where
//! the connection is made. There the addresses are looked at, too: a name that was granted does
//! not open the machine itself or its network, whatever it resolves to. Who wants those grants
//! them by address, or as `localhost`.

use std::io::Read;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::io::Errno;
use ureq::config::Config;
use ureq::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Body};
use url::Url;

use super::error::because;
use crate::address::{self, NoAddress, ResolveWith, canonical, is_public};
use crate::kernel::call::{FetchRequest, HostCallError, MAX_BODY_BYTES};
use crate::protocol::Grant;

/// The longest that a request may take, whatever the code asks for.
const MAX_TIME: Duration = Duration::from_mins(1);
/// Requests under way, those included that nobody waits for any more.
const MAX_UNDER_WAY: usize = 8;
/// Redirects that are followed.
const MAX_REDIRECTS: usize = 10;
/// Headers of a request, names and values together.
const MAX_HEADER_BYTES: usize = 64 << 10;

/// The hosts that were granted.
#[derive(Clone, Debug, Default)]
pub(super) struct Hosts {
    granted: Vec<(String, Option<u16>)>,
    under_way: Arc<AtomicUsize>,
}

/// A response, whole.
#[derive(Debug)]
pub(super) struct Fetched {
    pub status: u16,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Hosts {
    /// The hosts of the grants. Requests that are under way go on.
    pub fn set(&mut self, grants: &[Grant]) {
        self.granted = grants
            .iter()
            .filter_map(|grant| match grant {
                Grant::Net { host, port } => Some((canonical(host), *port)),
                _ => None,
            })
            .collect();
    }

    fn allows(&self, host: &str, port: u16) -> bool {
        let host = canonical(host);
        self.granted
            .iter()
            .any(|(granted, only)| *granted == host && only.is_none_or(|only| only == port))
    }

    /// Checks the host of a URL, and gives the URL back as it will be asked for.
    fn check(&self, url: &Url) -> Result<(), HostCallError> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(because(
                Errno::INVAL,
                format!("{}: is no http and no https URL", shown(url)),
            ));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(because(
                Errno::INVAL,
                "a URL with a user's name in it: send an Authorization header instead",
            ));
        }
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(because(Errno::INVAL, format!("{}: no host", shown(url))));
        };
        if self.allows(host, port) {
            return Ok(());
        }
        let what = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let closed = if self.granted.is_empty() {
            "the network is closed in the sandbox"
        } else {
            "the host is not granted"
        };
        Err(HostCallError::denied(format!(
            "{closed}; allow it with --allow-net {what} or /allow net {what}"
        )))
    }
}

/// Starts a request on a thread of its own, which calls `done` once.
///
/// # Errors
/// When the request is refused; then nothing has been sent, and `done` is not called.
pub(super) fn fetch(
    hosts: &Hosts,
    request: FetchRequest,
    done: impl FnOnce(Result<Fetched, HostCallError>) + Send + 'static,
) -> Result<(), HostCallError> {
    let url = Url::parse(&request.url)
        .map_err(|error| because(Errno::INVAL, format!("{:?}: {error}", request.url)))?;
    hosts.check(&url)?;
    let method = Method::from_bytes(request.method.to_ascii_uppercase().as_bytes())
        .ok()
        .filter(|method| {
            [
                Method::GET,
                Method::HEAD,
                Method::POST,
                Method::PUT,
                Method::PATCH,
                Method::DELETE,
                Method::OPTIONS,
            ]
            .contains(method)
        })
        .ok_or_else(|| {
            because(
                Errno::INVAL,
                format!("{:?} is no method that is offered", request.method),
            )
        })?;
    let headers = headers(&request.headers)?;
    let body = request.body.map(|body| body.0);
    if body
        .as_ref()
        .is_some_and(|body| body.len() > MAX_BODY_BYTES)
    {
        return Err(because(
            Errno::FBIG,
            format!("the body is over the cap of {} MiB", MAX_BODY_BYTES >> 20),
        ));
    }
    let slot = Slot::take(&hosts.under_way)?;
    let timeout = request
        .timeout_ms
        .map_or(MAX_TIME, |ms| Duration::from_millis(ms).min(MAX_TIME));
    let asked = Asked {
        hosts: hosts.clone(),
        method,
        url,
        headers,
        body,
        follows: request.follows,
        deadline: Instant::now() + timeout,
        timeout,
    };
    std::thread::Builder::new()
        .name("fetch".to_owned())
        .spawn(move || {
            let outcome = asked.run();
            drop(slot);
            done(outcome);
        })
        .map(drop)
        .map_err(|error| super::error::of_io(&error))
}

/// One of the requests that may be under way.
struct Slot(Arc<AtomicUsize>);

impl Slot {
    fn take(under_way: &Arc<AtomicUsize>) -> Result<Self, HostCallError> {
        if under_way.fetch_add(1, Ordering::Relaxed) >= MAX_UNDER_WAY {
            under_way.fetch_sub(1, Ordering::Relaxed);
            return Err(because(
                Errno::AGAIN,
                format!("{MAX_UNDER_WAY} requests are under way still; try again later"),
            ));
        }
        Ok(Self(Arc::clone(under_way)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A request that has been checked.
struct Asked {
    hosts: Hosts,
    method: Method,
    url: Url,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Option<Vec<u8>>,
    follows: bool,
    deadline: Instant,
    timeout: Duration,
}

impl Asked {
    fn run(mut self) -> Result<Fetched, HostCallError> {
        for _ in 0..=MAX_REDIRECTS {
            let response = self.send()?;
            let Some(to) = self.redirect(&response)? else {
                return self.finish(response);
            };
            if matches!(
                response.status(),
                StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER
            ) && self.method != Method::HEAD
            {
                self.method = Method::GET;
                self.body = None;
                self.headers
                    .retain(|(name, _)| *name != header::CONTENT_TYPE);
            }
            if to.origin() != self.url.origin() {
                // What was meant for one host is no other's business.
                self.headers
                    .retain(|(name, _)| ![header::AUTHORIZATION, header::COOKIE].contains(name));
            }
            self.url = to;
        }
        Err(because(
            Errno::LOOP,
            format!("more than {MAX_REDIRECTS} redirects"),
        ))
    }

    fn send(&self) -> Result<Response<Body>, HostCallError> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(self.late());
        }
        let config = Config::builder()
            .proxy(None)
            .max_redirects(0)
            .http_status_as_error(false)
            .allow_non_standard_methods(true)
            .max_idle_connections(0)
            .user_agent(concat!("companion/", env!("CARGO_PKG_VERSION")))
            .timeout_global(Some(left))
            .build();
        let hosts = self.hosts.clone();
        let resolver = ResolveWith(move |host: &str, port| resolve_granted(&hosts, host, port));
        let agent = Agent::with_parts(config, DefaultConnector::default(), resolver);
        let mut url = self.url.clone();
        url.set_fragment(None);
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(url.as_str());
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let wrong = |error: ureq::http::Error| because(Errno::INVAL, error.to_string());
        let sent = match &self.body {
            Some(body) => agent.run(request.body(body.as_slice()).map_err(wrong)?),
            None => agent.run(request.body(()).map_err(wrong)?),
        };
        sent.map_err(|error| self.explain(&error))
    }

    /// Where a response sends us, if it does and we follow.
    fn redirect(&self, response: &Response<Body>) -> Result<Option<Url>, HostCallError> {
        let is_redirect = matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308);
        let location = response.headers().get(header::LOCATION);
        let Some(location) = location.filter(|_| is_redirect && self.follows) else {
            return Ok(None);
        };
        let wrong = || because(Errno::INVAL, "a redirect to what is no URL");
        let location = location.to_str().map_err(|_| wrong())?;
        let to = self.url.join(location).map_err(|_| wrong())?;
        self.hosts.check(&to).map_err(|error| HostCallError {
            message: format!(
                "{} redirects to {}: {}",
                shown(&self.url),
                shown(&to),
                error.message
            ),
            ..error
        })?;
        Ok(Some(to))
    }

    fn finish(&self, response: Response<Body>) -> Result<Fetched, HostCallError> {
        let status = response.status().as_u16();
        let is_coded = response.headers().contains_key(header::CONTENT_ENCODING);
        let headers = response
            .headers()
            .iter()
            // The body is decoded: these would tell of another one.
            .filter(|(name, _)| {
                !is_coded || ![header::CONTENT_ENCODING, header::CONTENT_LENGTH].contains(name)
            })
            .map(|(name, value)| {
                let value = value.as_bytes().iter().copied().map(char::from).collect();
                (name.as_str().to_owned(), value)
            })
            .collect();
        let mut body = Vec::new();
        let read = response
            .into_body()
            .into_reader()
            .take(MAX_BODY_BYTES as u64 + 1)
            .read_to_end(&mut body);
        if let Err(error) = read {
            let error = ureq::Error::from(error);
            return Err(self.explain(&error));
        }
        if body.len() > MAX_BODY_BYTES {
            return Err(because(
                Errno::FBIG,
                format!(
                    "the response is over the cap of {} MiB",
                    MAX_BODY_BYTES >> 20
                ),
            ));
        }
        Ok(Fetched {
            status,
            url: self.url.to_string(),
            headers,
            body,
        })
    }

    fn late(&self) -> HostCallError {
        HostCallError {
            errno: TIMED_OUT,
            message: format!(
                "{} did not answer within {} s",
                shown(&self.url),
                self.timeout.as_secs_f64()
            ),
        }
    }

    fn explain(&self, error: &ureq::Error) -> HostCallError {
        let with = |errno: i32, message: &str| HostCallError {
            errno,
            message: format!("{}: {message}", shown(&self.url)),
        };
        match error {
            ureq::Error::Timeout(_) => self.late(),
            ureq::Error::HostNotFound => with(NO_SUCH_HOST, "the host is not known"),
            ureq::Error::ConnectionFailed => with(REFUSED, "no connection"),
            ureq::Error::Io(error) => match error.kind() {
                std::io::ErrorKind::PermissionDenied => HostCallError::denied(error.to_string()),
                std::io::ErrorKind::TimedOut => self.late(),
                std::io::ErrorKind::ConnectionRefused => with(REFUSED, "connection refused"),
                std::io::ErrorKind::ConnectionReset => with(RESET, "connection reset"),
                _ => with(INPUT_OUTPUT, &error.to_string()),
            },
            other => with(INPUT_OUTPUT, &other.to_string()),
        }
    }
}

/// `EAI_NONAME`, as `socket.gaierror` numbers it.
const NO_SUCH_HOST: i32 = -2;
/// `EIO`
const INPUT_OUTPUT: i32 = 5;
/// `ECONNRESET`
const RESET: i32 = 104;
/// `ETIMEDOUT`
const TIMED_OUT: i32 = 110;
/// `ECONNREFUSED`
const REFUSED: i32 = 111;

/// The headers that code may set. Those that frame the message are the client's.
fn headers(asked: &[(String, String)]) -> Result<Vec<(HeaderName, HeaderValue)>, HostCallError> {
    const OURS: [&str; 10] = [
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    ];
    let bytes: usize = asked
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if bytes > MAX_HEADER_BYTES {
        return Err(because(Errno::FBIG, "the headers are too long"));
    }
    let mut headers = Vec::new();
    for (name, value) in asked {
        let wrong = || {
            because(
                Errno::INVAL,
                format!("{name:?} is no header that can be sent"),
            )
        };
        let lower = name.to_ascii_lowercase();
        if OURS.contains(&lower.as_str()) || lower.starts_with("proxy-") {
            continue;
        }
        let name = HeaderName::from_bytes(lower.as_bytes()).map_err(|_| wrong())?;
        let value = HeaderValue::from_str(value).map_err(|_| wrong())?;
        headers.push((name, value));
    }
    Ok(headers)
}

/// The addresses of a granted host that it may have.
fn resolve_granted(hosts: &Hosts, host: &str, port: u16) -> Result<Vec<SocketAddr>, NoAddress> {
    if !hosts.allows(host, port) {
        return Err(NoAddress::Refused(format!("{host} is not granted")));
    }
    let mut addresses = address::resolve(host, port)?;
    let found = addresses.first().map(SocketAddr::ip);
    addresses.retain(|address| fits(host, address.ip()));
    match found {
        Some(address) if addresses.is_empty() => Err(NoAddress::Refused(format!(
            "{host} is at {address}, which is no public address; if that is meant, allow it with \
             --allow-net {address} or /allow net {address}"
        ))),
        _ => Ok(addresses),
    }
}

/// Whether a granted host may be at an address: its own, this machine for `localhost`, and a
/// public one for every other name.
fn fits(host: &str, address: IpAddr) -> bool {
    if let Ok(own) = host.parse::<IpAddr>() {
        return own == address;
    }
    if host == "localhost" {
        return address.is_loopback();
    }
    is_public(address)
}

/// A URL for a message, without what may be secret in it.
fn shown(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map_or(String::new(), |port| format!(":{port}"));
    format!("{}://{host}{port}", url.scheme())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_not_let_into_the_local_network() {
        let cases = [
            ("93.184.216.34", true),
            ("8.8.8.8", true),
            ("127.0.0.1", false),
            ("127.9.9.9", false),
            ("10.0.0.1", false),
            ("172.16.0.1", false),
            ("172.32.0.1", true),
            ("192.168.1.1", false),
            ("169.254.169.254", false),
            ("100.64.0.1", false),
            ("0.0.0.0", false),
            ("224.0.0.1", false),
            ("255.255.255.255", false),
            ("2606:2800:220:1::1", true),
            ("::1", false),
            ("::", false),
            ("::ffff:127.0.0.1", false),
            ("::ffff:8.8.8.8", true),
            ("64:ff9b::7f00:1", false),
            ("2002:7f00:1::", false),
            ("2001:db8::1", false),
            ("fc00::1", false),
            ("fe80::1", false),
            ("ff02::1", false),
        ];
        for (address, is_public) in cases {
            let address = address.parse().expect(address);
            assert_eq!(fits("example.org", address), is_public, "{address}");
            assert!(fits(&address.to_string(), address), "granted by address");
        }
        let loopback = IpAddr::from([127, 0, 0, 1]);
        assert!(fits("localhost", loopback));
        assert!(!fits("localhost", IpAddr::from([10, 0, 0, 1])));
        assert!(!fits("127.0.0.2", loopback));
    }

    #[test]
    fn hosts_are_compared_in_one_spelling() {
        let mut hosts = Hosts::default();
        hosts.set(&[
            Grant::net("Example.ORG:443").expect("a grant"),
            Grant::net("[::1]:80").expect("a grant"),
            Grant::net("127.0.0.1").expect("a grant"),
            Grant::net("bücher.example").expect("a grant"),
        ]);
        for (url, is_allowed) in [
            ("https://example.org/x", true),
            ("https://EXAMPLE.org./x", true),
            ("http://example.org/x", false),
            ("https://example.org:444/", false),
            ("https://evil-example.org/", false),
            ("https://example.org.evil.net/", false),
            ("https://example.org@evil.net/", false),
            ("https://example.org:443@evil.net/", false),
            ("https://evil.net/https://example.org", false),
            ("https://evil.net\\@example.org/", false),
            ("http://[::1]/", true),
            ("http://[::1]:81/", false),
            ("http://127.0.0.1:8080/", true),
            ("http://2130706433/", true),
            ("http://0x7f.1/", true),
            ("http://127.0.0.2/", false),
            ("http://xn--bcher-kva.example/", true),
            ("ftp://127.0.0.1/", false),
            ("file:///etc/passwd", false),
            ("data:,x", false),
        ] {
            let url = Url::parse(url).expect(url);
            assert_eq!(hosts.check(&url).is_ok(), is_allowed, "{url}");
        }
    }

    #[test]
    fn headers_do_not_frame_the_message() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let kept = headers(&[
            pair("Host", "evil"),
            pair("Content-Length", "1"),
            pair("Proxy-Authorization", "x"),
            pair("X-Own", "y"),
        ])
        .expect("they can be sent");
        assert_eq!(kept.len(), 1);
        assert_eq!(kept[0].0, "x-own");
        for (name, value) in [
            ("X-Own", "a\r\nHost: evil"),
            ("X Own", "a"),
            ("X-Own\r\nHost", "a"),
            ("", "a"),
        ] {
            assert!(headers(&[pair(name, value)]).is_err(), "{name:?}");
        }
    }
}
