//! Results of tools as the transcript keeps them: not without end.

use crate::protocol::{BlobId, ToolContent};
use crate::store::Blobs;
use crate::tool::ToolOutput;

/// Text of a result that the transcript keeps, in bytes.
const MAX_TEXT_BYTES: usize = 128 << 10;
/// Pieces of a result that it keeps.
const MAX_PIECES: usize = 256;

/// A result for eyes; and all of its text, if that is more than is kept of it.
pub(super) fn bounded(
    output: ToolOutput,
    blobs: &Blobs,
    warnings: &mut Vec<String>,
) -> (Vec<ToolContent>, Option<BlobId>) {
    let ToolOutput {
        mut content,
        structured,
        ..
    } = output;
    if content.is_empty()
        && let Some(value) = structured
    {
        content.push(ToolContent::Json { value });
    }
    let texts: Vec<Option<String>> = content.iter().map(text_of).collect();
    let total: usize = texts.iter().flatten().map(String::len).sum();
    if total <= MAX_TEXT_BYTES && content.len() <= MAX_PIECES {
        return (content, None);
    }
    let whole: Vec<&str> = texts.iter().flatten().map(String::as_str).collect();
    let whole = match blobs.put(whole.join("\n").as_bytes()) {
        Ok(blob) => Some(blob),
        Err(error) => {
            warnings.push(format!("the whole result is not kept: {error}"));
            None
        }
    };
    let mut room = MAX_TEXT_BYTES;
    let mut left_out = content.len().saturating_sub(MAX_PIECES);
    let mut kept = Vec::new();
    for (piece, text) in content.into_iter().zip(texts).take(MAX_PIECES) {
        let Some(text) = text else {
            kept.push(piece);
            continue;
        };
        if text.len() <= room {
            room -= text.len();
            kept.push(piece);
        } else if room > 0 {
            let end = text.floor_char_boundary(room);
            let (start, rest) = text.split_at(end);
            let text = format!("{start}\n… {} bytes left out", rest.len());
            kept.push(ToolContent::Text { text });
            room = 0;
        } else {
            left_out += 1;
        }
    }
    if left_out > 0 {
        let text = format!("… {left_out} pieces left out");
        kept.push(ToolContent::Text { text });
    }
    (kept, whole)
}

fn text_of(content: &ToolContent) -> Option<String> {
    match content {
        ToolContent::Text { text } => Some(text.clone()),
        ToolContent::Json { value } => Some(format!("{value:#}")),
        ToolContent::Image { .. } | ToolContent::Blob { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_long_is_cut_and_kept_elsewhere() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = crate::store::open(folder.path());
        let mut warnings = Vec::new();
        let short = ToolOutput {
            structured: Some(json!({ "a": 1 })),
            ..ToolOutput::default()
        };
        let (content, whole) = bounded(short, store.blobs(), &mut warnings);
        let value = json!({ "a": 1 });
        assert_eq!(content, [ToolContent::Json { value }]);
        assert_eq!(whole, None);

        let long = "é".repeat(MAX_TEXT_BYTES);
        let mut output = ToolOutput::text(long.clone());
        output.content.push(ToolContent::Text {
            text: "end".to_owned(),
        });
        let (content, whole) = bounded(output, store.blobs(), &mut warnings);
        let [ToolContent::Text { text }, ToolContent::Text { text: rest }] = &content[..] else {
            panic!("{}", content.len());
        };
        assert!(text.len() < MAX_TEXT_BYTES + 100 && text.ends_with("bytes left out"));
        assert_eq!(rest, "… 1 pieces left out");
        let whole = store
            .blobs()
            .read(whole.expect("it was cut"))
            .expect("kept");
        assert_eq!(whole, format!("{long}\nend").into_bytes());
        assert_eq!(warnings, [""; 0]);
    }
}
