//! The JavaScript kernel.

use super::{Completeness, KernelSpec, StartError};
use crate::protocol::Language;

/// The row of JavaScript.
pub(crate) const SPEC: KernelSpec = KernelSpec {
    language: Language::JavaScript,
    implementation: "none",
    start: |_| {
        Err(StartError {
            language: Language::JavaScript,
            message: "not written".into(),
        })
    },
    completeness: |_| Completeness::Complete,
};
