//! What a change to a file is, as a unified diff.

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

use super::kind;

/// The longest diff that is given, in bytes.
const MAX_DIFF_BYTES: usize = 64 << 10;
/// After this the diff is a coarse one: still right, and longer than it could be.
const MAX_SEARCH: Duration = Duration::from_millis(500);

/// What changes in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Diff {
    /// The unified diff; empty if nothing changes, or if it is no text.
    pub text: String,
    /// Lines that are new.
    pub added: u64,
    /// Lines that are gone.
    pub removed: u64,
    /// Whether the text is all of it.
    pub is_whole: bool,
}

/// The diff between two contents of a file; `None` is no file.
pub(super) fn diff(path: &str, old: Option<&[u8]>, new: Option<&[u8]>) -> Diff {
    let name = |prefix: &str, content: Option<&[u8]>| match content {
        Some(_) => format!("{prefix}/{}", in_header(path)),
        None => "/dev/null".to_owned(),
    };
    let (from, to) = (name("a", old), name("b", new));
    let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
    if kind::binary(old).is_some() || kind::binary(new).is_some() {
        return Diff {
            text: format!(
                "Binary files {from} and {to} differ: {} bytes become {}\n",
                old.len(),
                new.len()
            ),
            is_whole: false,
            ..Diff::default()
        };
    }
    let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
    let changes = TextDiff::configure()
        .timeout(MAX_SEARCH)
        .diff_lines(old.as_ref(), new.as_ref());
    let (mut added, mut removed) = (0, 0);
    for change in changes.iter_all_changes() {
        match change.tag() {
            ChangeTag::Insert => added += 1,
            ChangeTag::Delete => removed += 1,
            ChangeTag::Equal => {}
        }
    }
    let unified = changes.unified_diff().header(&from, &to).to_string();
    let (text, is_whole) = bound(unified);
    Diff {
        text,
        added,
        removed,
        is_whole,
    }
}

/// At most so many bytes of whole lines.
pub(super) fn bound(mut text: String) -> (String, bool) {
    if text.len() <= MAX_DIFF_BYTES {
        return (text, true);
    }
    let cut = text.floor_char_boundary(MAX_DIFF_BYTES);
    let cut = text.get(..cut).and_then(|head| head.rfind('\n'));
    text.truncate(cut.map_or(0, |at| at + 1));
    text.push_str("… the diff goes on\n");
    (text, false)
}

/// A path as headers have it: git's quotes around what would break the line.
fn in_header(path: &str) -> Cow<'_, str> {
    if path
        .chars()
        .any(|c| c.is_control() || c == '"' || c == '\\')
    {
        Cow::Owned(path.escape_debug().to_string())
    } else {
        Cow::Borrowed(path)
    }
}
