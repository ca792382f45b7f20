//! x
mod engine;
/// x
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum EditModeKind { /// e
#[default] Emacs, /// v
 Vi }
