//! A quick look over the tokens of a text, without a tree: brackets, strings, comments.
//!
//! It answers what the parser should not be asked: whether the text nests so deeply that a
//! recursive parser would overflow its stack, and where an unfinished text is unfinished.

/// Longest source that is parsed, in bytes.
pub(super) const MAX_BYTES: usize = 1 << 20;

/// Why a text is not given to the parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// What to tell.
    pub message: &'static str,
    /// Where, in bytes.
    pub offset: usize,
}

/// What was seen.
#[derive(Clone, Debug, Default)]
pub(super) struct Scan {
    refusal: Option<Refusal>,
}

impl Scan {
    /// Why the text must not be parsed, if so.
    pub fn refusal(&self) -> Option<Refusal> {
        self.refusal
    }
}

/// Looks over a text.
pub(super) fn scan(source: &str) -> Scan {
    let mut scan = Scan::default();
    if source.len() > MAX_BYTES {
        scan.refusal = Some(Refusal {
            message: "the source is longer than 1 MiB",
            offset: MAX_BYTES,
        });
    }
    scan
}
