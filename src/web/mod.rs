//! The web: pages of public hosts as text, Markdown, links and code, and searches by an engine that
//! the user configured.
//!
//! Invariants: a page comes from an address of the public internet that was checked, and the
//! connection is made to that very address; every redirect is checked as the first URL was. Proxies
//! of the environment are not asked. Everything has a bound in bytes and in time, decompressed and
//! parsed text too, and can be cancelled. What a page or an engine says is untrusted text.
//!
//! Absent on purpose: cookies, JavaScript, sending forms, and a search engine without configuration.

mod charset;
mod code;
mod error;
mod exchange;
mod fetch;
mod page;
mod search;
mod target;
mod tree;

#[cfg(test)]
mod fetch_tests;
#[cfg(test)]
mod page_tests;
#[cfg(test)]
mod search_tests;
#[cfg(test)]
mod server;

pub(crate) use error::WebError;
pub(crate) use fetch::{FetchLimits, Fetcher};
pub(crate) use page::Page;
pub(crate) use search::{SearchEngine, SearchRequest, TimeRange, search};
pub(crate) use target::shown;
