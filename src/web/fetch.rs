//! Fetching a page of a public host: the URL is checked, then the addresses of its host, then the
//! connection goes to these addresses; and all of it again for every redirect.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use ureq::Body;
use ureq::http::{Response, header};
use url::Url;

use super::error::{Refusal, WebError};
use super::exchange::{Ask, Waiting, apart, read_body};
use super::target::{check, shortened, shown, target};
use crate::address::{NoAddress, canonical, is_public, resolve};

const ACCEPT: &str =
    "text/html, application/xhtml+xml, application/json;q=0.9, text/*;q=0.8, */*;q=0.5";

type Resolve = dyn Fn(&str, u16) -> Result<Vec<SocketAddr>, NoAddress> + Send + Sync;

/// How much, how long, how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FetchLimits {
    /// The longest body, decompressed.
    pub max_bytes: u64,
    /// The longest time for all of it: names, redirects, body.
    pub timeout: Duration,
    /// Redirects that are followed.
    pub max_redirects: usize,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self {
            max_bytes: 5 << 20,
            timeout: Duration::from_secs(20),
            max_redirects: 5,
        }
    }
}

/// Fetches pages of public hosts.
#[derive(Clone)]
pub(crate) struct Fetcher {
    limits: FetchLimits,
    resolve: Arc<Resolve>,
    is_allowed: fn(IpAddr) -> bool,
}

/// A URL that may be fetched, and where its host is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Allowed {
    /// The URL, in its one spelling.
    pub url: Url,
    /// The addresses of its host, all of them public.
    pub addresses: Vec<IpAddr>,
}

/// A response, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fetched {
    /// Where it came from, after all redirects.
    pub url: Url,
    /// HTTP's status; errors are responses, too.
    pub status: u16,
    /// What the server says it is.
    pub content_type: Option<String>,
    /// The body, decompressed.
    pub body: Vec<u8>,
    /// The redirects on the way.
    pub hops: Vec<Hop>,
}

/// A redirect that was followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hop {
    /// The URL that redirects.
    pub from: Url,
    /// HTTP's status.
    pub status: u16,
}

impl Fetcher {
    /// A fetcher that asks the system's resolver, and takes public addresses only.
    pub fn new(limits: FetchLimits) -> Self {
        Self {
            limits,
            resolve: Arc::new(resolve),
            is_allowed: is_public,
        }
    }

    /// With another resolver, and other addresses that are taken for public.
    #[cfg(test)]
    pub(super) fn with(
        limits: FetchLimits,
        resolve: Arc<Resolve>,
        is_allowed: fn(IpAddr) -> bool,
    ) -> Self {
        Self {
            limits,
            resolve,
            is_allowed,
        }
    }

    /// Whether a URL would be fetched, and why not. Nothing is fetched; the host's name is resolved,
    /// which the servers of its domain may see. Where redirects lead can't be told.
    ///
    /// # Errors
    /// [`WebError::is_refusal`] tells whether a rule says no; the name may also be unknown.
    pub fn dry_run(&self, url: &str, cancel: &dyn Fn() -> bool) -> Result<Allowed, WebError> {
        let url = asked_for(url)?;
        let (this, asked) = (self.clone(), url.clone());
        let addresses = apart(&url, self.limits.timeout, cancel, move |_| {
            this.addresses(&asked).map_err(|no| no.of(&asked))
        })?;
        let addresses = addresses.iter().map(SocketAddr::ip).collect();
        Ok(Allowed { url, addresses })
    }

    /// Fetches a URL. A response with an error's status is a response. Redirects to other hosts are
    /// followed where `may_follow` lets them.
    ///
    /// # Errors
    /// If a rule says no, here or at a redirect, if it is too large, takes too long or breaks off,
    /// and when it is cancelled.
    pub fn fetch(
        &self,
        url: &str,
        cancel: &dyn Fn() -> bool,
        may_follow: impl Fn(&Url) -> Result<(), String> + Send + 'static,
    ) -> Result<Fetched, WebError> {
        let url = asked_for(url)?;
        let (this, asked) = (self.clone(), url.clone());
        apart(&url, self.limits.timeout, cancel, move |waiting| {
            this.follow(asked, waiting, &may_follow)
        })
    }

    fn follow(
        &self,
        mut url: Url,
        waiting: &Waiting,
        may_follow: &dyn Fn(&Url) -> Result<(), String>,
    ) -> Result<Fetched, WebError> {
        let mut hops: Vec<Hop> = Vec::new();
        loop {
            let addresses = self.addresses(&url).map_err(|no| match hops.last() {
                Some(hop) => no.at_redirect(&hop.from, &url),
                None => no.of(&url),
            })?;
            let response = Ask {
                url: &url,
                addresses,
                headers: &[("accept", ACCEPT)],
                body: None,
            }
            .send(waiting)?;
            let status = response.status().as_u16();
            let Some(to) = redirect(&url, &response)? else {
                check_encoding(&url, &response)?;
                let content_type = header_text(&response, header::CONTENT_TYPE);
                let body = read_body(response, &url, self.limits.max_bytes, waiting)?;
                return Ok(Fetched {
                    url,
                    status,
                    content_type,
                    body,
                    hops,
                });
            };
            if to.host() != url.host() {
                may_follow(&to).map_err(|no| WebError::RedirectRefused {
                    from: shown(&url),
                    to: shown(&to),
                    reason: Refusal::Caller(no),
                })?;
            }
            hops.push(Hop { from: url, status });
            if hops.len() > self.limits.max_redirects {
                return Err(WebError::TooManyRedirects {
                    url: hops
                        .first()
                        .map_or_else(String::new, |hop| shown(&hop.from)),
                    max: self.limits.max_redirects,
                });
            }
            url = to;
        }
    }

    /// The addresses of a URL's host. One that is not public spoils the others: a public host has
    /// no business with it.
    fn addresses(&self, url: &Url) -> Result<Vec<SocketAddr>, NoConnection> {
        let host = canonical(url.host_str().unwrap_or_default());
        let port = url.port_or_known_default().unwrap_or_default();
        let found = (self.resolve)(&host, port).map_err(|_| NoConnection::Unknown)?;
        match found.iter().find(|found| !(self.is_allowed)(found.ip())) {
            Some(address) => Err(NoConnection::Refused(Refusal::NotPublic {
                host,
                address: address.ip(),
            })),
            None if found.is_empty() => Err(NoConnection::Unknown),
            None => Ok(found),
        }
    }
}

/// The URL that somebody asks for, checked.
fn asked_for(text: &str) -> Result<Url, WebError> {
    target(text).map_err(|reason| {
        let url = Url::parse(text).map_or_else(|_| shortened(text, 200), |url| shown(&url));
        WebError::Refused { url, reason }
    })
}

/// Why no connection is made.
enum NoConnection {
    Unknown,
    Refused(Refusal),
}

impl NoConnection {
    fn of(self, url: &Url) -> WebError {
        match self {
            Self::Unknown => WebError::UnknownHost {
                host: url.host_str().unwrap_or_default().to_owned(),
            },
            Self::Refused(reason) => WebError::Refused {
                url: shown(url),
                reason,
            },
        }
    }

    fn at_redirect(self, from: &Url, to: &Url) -> WebError {
        match self {
            Self::Unknown => self.of(to),
            Self::Refused(reason) => WebError::RedirectRefused {
                from: shown(from),
                to: shown(to),
                reason,
            },
        }
    }
}

/// Where a response leads, if it does; the URL has been checked.
fn redirect(url: &Url, response: &Response<Body>) -> Result<Option<Url>, WebError> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let Some(location) = header_text(response, header::LOCATION) else {
        return Ok(None);
    };
    let refused = |to: String, reason| WebError::RedirectRefused {
        from: shown(url),
        to,
        reason,
    };
    let to = url
        .join(&location)
        .map_err(|error| refused(shortened(&location, 200), Refusal::NoUrl(error.to_string())))?;
    let seen = shown(&to);
    check(to).map(Some).map_err(|reason| refused(seen, reason))
}

/// gzip is what was asked for, and is unpacked on the way; anything else would be read as text.
fn check_encoding(url: &Url, response: &Response<Body>) -> Result<(), WebError> {
    let encoding = header_text(response, header::CONTENT_ENCODING).unwrap_or_default();
    let encoding = encoding.trim().to_ascii_lowercase();
    if matches!(encoding.as_str(), "" | "identity" | "gzip") {
        return Ok(());
    }
    Err(WebError::Unreadable {
        url: shown(url),
        reason: format!("it is packed as {}", shortened(&encoding, 40)),
    })
}

fn header_text(response: &Response<Body>, name: header::HeaderName) -> Option<String> {
    let value = response.headers().get(name)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}
