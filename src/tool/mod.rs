//! The framework of tools: one name, one schema and one permission for every ability, wherever it
//! is called from.
//!
//! ```text
//! Toolbox ── registry   which tools there are      ── spec      what a tool says of itself
//!   call     schema     whether arguments fit      ── hostile   schemas that are refused
//!   resume              what is wrong with them    ── violation
//!            answers    the policy and its answers ── policy    allow, ask or deny
//!                       what a rule is about       ── pattern · predicate
//!            rate       how often
//!            cache      results that are known     ── canonical
//!            run        time-outs and retries      ── context   cancel, progress, deadline
//!                                                  ── threads   to leave a tool behind on
//!            audit      what was done, in a chain  ── redact · verification
//! chain     calls in a row: arguments that name earlier results
//! ```
//!
//! Invariants: [`Toolbox::call`] is the only way to a tool's `run`; arguments fit the schema before
//! a policy sees them, and a policy has allowed them before anything runs; asking is a value
//! ([`Pending`]) and holds no thread; deny wins, after an answer as before it; schemas, arguments
//! and outputs may be anybody's, so each has a bound; what is in the audit log has no secrets that
//! are known as such.
//!
//! Absent on purpose: async (a tool blocks, on a thread that its caller chose), the tools
//! themselves, and any knowledge of engines: a tool holds what it needs.

mod answers;
mod audit;
#[cfg(test)]
mod audit_tests;
mod cache;
mod call;
#[cfg(test)]
mod call_tests;
mod canonical;
pub(crate) mod chain;
mod clock;
mod context;
mod error;
mod hostile;
mod output;
mod pattern;
mod policy;
#[cfg(test)]
mod policy_tests;
mod predicate;
mod rate;
mod redact;
mod registry;
mod run;
mod schema;
#[cfg(test)]
mod schema_fuzz_tests;
#[cfg(test)]
mod schema_tests;
mod spec;
mod threads;
mod toolbox;
mod verification;
mod violation;

use serde_json::Value;

pub(crate) use answers::{Decision, PolicyError, Rules, Scope, Width};
pub(crate) use audit::AuditLog;
#[cfg(test)]
pub(crate) use audit::AuditRecord;
#[cfg(test)]
pub(crate) use cache::Reach;
pub(crate) use cache::{CacheKey, PermissionScope, ResultCache, ResultStore};
pub(crate) use call::{CacheUse, Called, Finished, Pending, ToolCall};
pub(crate) use clock::Clock;
pub(crate) use context::{CancelToken, Preview, ToolContext, Update};
pub(crate) use error::ToolError;
pub(crate) use hostile::SchemaError;
pub(crate) use output::{Content, ToolOutput};
pub(crate) use policy::{CallTest, Considered, Ruling};
pub(crate) use predicate::Place;
pub(crate) use registry::{Filter, RegisterError, Registered, Registry, ToolSource};
pub(crate) use schema::Schema;
pub(crate) use spec::{Annotations, Source, ToolSpec};
pub(crate) use toolbox::{LastCall, Toolbox};
pub(crate) use verification::{Verification, records, verify};

/// Something that can be called.
pub(crate) trait Tool: Send + Sync {
    /// What it is. The same for as long as it is registered.
    fn spec(&self) -> &ToolSpec;

    /// Whether the result of this call may be kept, of a tool that says for how long
    /// ([`ToolSpec::keep`]): whether it depends on these arguments alone.
    fn is_pure(&self, _arguments: &Value) -> bool {
        true
    }

    /// Whether a call with these arguments touches nothing of the user's: no file, no record, no
    /// network. It computes, or makes something new. The policy lets such calls pass unless a rule
    /// says otherwise.
    fn is_contained(&self, _arguments: &Value) -> bool {
        false
    }

    /// Does it. The arguments fit the spec's schema and have been allowed. Looks at the context's
    /// token at least every 100 ms or so.
    ///
    /// # Errors
    /// What a person or a model can do something about.
    fn run(&self, arguments: Value, context: &ToolContext) -> Result<ToolOutput, ToolError>;
}
