//! Syntax colours.

use std::ops::Range;

use super::theme::Role;
use crate::protocol::Language;

/// Byte ranges of `source` with the role of each, in order, without overlap; what is not named is
/// [`Role::Text`].
pub(crate) fn highlight(_language: Language, _source: &str) -> Vec<(Range<usize>, Role)> {
    Vec::new()
}
