//! Why there is no page.

use std::net::IpAddr;
use std::time::Duration;

/// Why a URL is not fetched.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// It can't be read as a URL.
    #[error("it is no URL ({0}); give one that begins with https://")]
    NoUrl(String),
    /// It is longer than servers take.
    #[error("it is longer than {max_bytes} bytes")]
    TooLong {
        /// The bound.
        max_bytes: usize,
    },
    /// Another scheme than HTTP's.
    #[error("only http and https are fetched, not {scheme}")]
    Scheme {
        /// What it was.
        scheme: String,
    },
    /// A user's name or password, which often hides where a URL really leads.
    #[error("it has a user's name or a password in it; leave them out")]
    Userinfo,
    /// A port at which web servers don't listen.
    #[error("port {port} is none of 80, 443 and from 1024 on, or belongs to another protocol")]
    Port {
        /// The port.
        port: u16,
    },
    /// A name that only this machine or its network knows.
    #[error("{host} is a name of the local network; only public hosts are fetched")]
    LocalName {
        /// The host.
        host: String,
    },
    /// What the caller says no to.
    #[error("{0}")]
    Caller(String),
    /// A host in this machine's own network, or in another range that is set apart.
    #[error("{host} is at {address}, which is no public address")]
    NotPublic {
        /// The host.
        host: String,
        /// The address that is not public.
        address: IpAddr,
    },
}

/// Why there is no page, or no result.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WebError {
    /// The URL may not be fetched.
    #[error("{url} is refused: {reason}")]
    Refused {
        /// The URL, as shown.
        url: String,
        /// Why.
        #[source]
        reason: Refusal,
    },
    /// A redirect leads where nothing may be fetched.
    #[error("{from} redirects to {to}, which is refused: {reason}")]
    RedirectRefused {
        /// The URL that redirects.
        from: String,
        /// Where to.
        to: String,
        /// Why not.
        #[source]
        reason: Refusal,
    },
    /// Redirects without an end.
    #[error("{url} redirects more than {max} times")]
    TooManyRedirects {
        /// The URL that was asked for.
        url: String,
        /// The bound.
        max: usize,
    },
    /// The name is not known.
    #[error("the host {host} is not known; check its spelling")]
    UnknownHost {
        /// The host.
        host: String,
    },
    /// No connection, or one that broke.
    #[error("{url}: {reason}")]
    Connection {
        /// The URL.
        url: String,
        /// What the connection's end said.
        reason: String,
    },
    /// Not within the time.
    #[error("{url} was not there within {} s", limit.as_secs_f64())]
    TimedOut {
        /// The URL.
        url: String,
        /// The bound, redirects and body included.
        limit: Duration,
    },
    /// More than the cap.
    #[error("{url} is larger than the cap of {max_bytes} bytes")]
    TooLarge {
        /// The URL.
        url: String,
        /// The bound, decompressed.
        max_bytes: u64,
    },
    /// The user stopped it.
    #[error("stopped")]
    Cancelled,
    /// Too many requests at once.
    #[error("{max} requests are under way still; try again later")]
    Busy {
        /// The bound.
        max: usize,
    },
    /// Something else than text.
    #[error("{url} is {media_type}, not text; only pages, text and JSON are read")]
    NotText {
        /// The URL.
        url: String,
        /// What the server says it is.
        media_type: String,
    },
    /// A page that the parser can't cope with.
    #[error("{url} can't be read: {reason}")]
    Unreadable {
        /// The URL.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// Nothing to search with.
    #[error(
        "no search engine is configured: set search.engine in config.toml to searxng (and search.url to \
         its address), or to brave or tavily (and the variable COMPANION_SEARCH_TOKEN to your key)"
    )]
    NoSearchEngine,
    /// A search that can't be asked.
    #[error("{what} must be {allowed}, not {actual}")]
    BadSearch {
        /// The argument.
        what: &'static str,
        /// What it may be.
        allowed: &'static str,
        /// What it is.
        actual: String,
    },
    /// The engine refuses, or answers in another form than documented.
    #[error("{engine}: {reason}")]
    Engine {
        /// The engine.
        engine: &'static str,
        /// What it said, and what to try.
        reason: String,
    },
}

impl WebError {
    /// Whether it is a rule that says no, rather than the network.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused { .. } | Self::RedirectRefused { .. })
    }

    /// Whether the same may work in a moment.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Connection { .. } | Self::TimedOut { .. } | Self::Busy { .. }
        )
    }
}
