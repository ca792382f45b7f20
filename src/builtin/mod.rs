//! The built-in tools: each a thin shell around an engine.
//!
//! Invariants: a tool adds words, a schema and bounds to what an engine does, and no second way of
//! doing it; what it touches on this machine it names in its arguments, so that a policy can see
//! it; pictures and other bytes go in and out by handle.
//!
//! Absent on purpose: asking. Whether a call may run was decided before it gets here.

mod function;
mod web;

use std::sync::Arc;

use crate::tool::Tool;
use crate::web::{Fetcher, SearchEngine};
use function::function;

/// What the tools reach.
pub(crate) struct Engines {
    /// Pages of public hosts.
    pub fetcher: Fetcher,
    /// Who searches, if that is configured.
    pub search: Option<SearchEngine>,
}

/// Every built-in tool.
pub(crate) fn tools(engines: &Arc<Engines>) -> Vec<Arc<dyn Tool>> {
    vec![web::fetch_url(engines), web::web_search(engines)]
}
