//! The Python kernel.

use super::{Completeness, KernelSpec, StartError};
use crate::protocol::Language;

/// The row of Python.
pub(crate) const SPEC: KernelSpec = KernelSpec {
    language: Language::Python,
    implementation: "none",
    start: |_| {
        Err(StartError {
            language: Language::Python,
            message: "not written".into(),
        })
    },
    completeness: |_| Completeness::Complete,
};
