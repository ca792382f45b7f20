//! The built-in tools: each a thin shell around an engine.
//!
//! Invariants: a tool adds words, a schema and bounds to what an engine does, and no second way of
//! doing it; what it touches on this machine it names in its arguments, so that a policy can see
//! it; pictures and other bytes go in and out by handle.
//!
//! Absent on purpose: asking. Whether a call may run was decided before it gets here.

mod files;
#[cfg(test)]
mod files_tests;
mod function;
mod web;

use std::sync::Arc;

use crate::files::Folders;
use crate::tool::Tool;
use crate::web::{Fetcher, SearchEngine};
use function::function;

pub(crate) use files::preview;

/// What the tools reach.
pub(crate) struct Engines {
    /// Pages of public hosts.
    pub fetcher: Fetcher,
    /// Who searches, if that is configured.
    pub search: Option<SearchEngine>,
    /// The folders whose files are read and changed: the project's.
    pub files: Folders,
}

/// Every built-in tool.
pub(crate) fn tools(engines: &Arc<Engines>) -> Vec<Arc<dyn Tool>> {
    vec![
        files::read_file(engines),
        files::write_file(engines),
        files::list_files(engines),
        files::search_files(engines),
        files::apply_patch(engines),
        web::fetch_url(engines),
        web::web_search(engines),
    ]
}
