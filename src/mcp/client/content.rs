//! What a server's tool gave, as a tool's output: pictures decoded and kept, text bounded and made
//! safe.

use std::fmt::Display;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rmcp::model::{CallToolResult, ContentBlock, ResourceContents};

use crate::builtin::Engines;
use crate::picture;
use crate::protocol::Artifact;
use crate::sanitize::sanitize;
use crate::tool::{Content, ToolError, ToolOutput};

/// Most pieces of a result.
const MAX_BLOCKS: usize = 200;
/// The most bytes of a picture or a file, decoded.
const MAX_BINARY_BYTES: usize = 24 << 20;
/// Longer names and addresses are cut.
const MAX_NAME_CHARS: usize = 200;

/// The output of a call.
///
/// # Errors
/// If the structured part of it is over the bound: half a value is none.
pub(super) fn output(result: CallToolResult, engines: &Engines) -> Result<ToolOutput, ToolError> {
    let left_out = result.content.len().saturating_sub(MAX_BLOCKS);
    let mut content: Vec<Content> = result
        .content
        .into_iter()
        .take(MAX_BLOCKS)
        .map(|block| piece(block, engines))
        .collect();
    if left_out > 0 {
        content.push(text(&format!("… {left_out} pieces left out")));
    }
    let structured = result.structured_content.filter(|value| !value.is_null());
    if let Some(value) = &structured
        && value.to_string().len() > ToolOutput::MAX_TEXT_BYTES
    {
        return Err(ToolError::failed(format!(
            "the structured result has more than {} bytes",
            ToolOutput::MAX_TEXT_BYTES
        )));
    }
    Ok(ToolOutput {
        content,
        structured,
        is_error: result.is_error.unwrap_or(false),
    })
}

fn piece(block: ContentBlock, engines: &Engines) -> Content {
    match block {
        ContentBlock::Text(said) => text(&said.text),
        ContentBlock::Image(image) => match kept_picture(&image.data, engines) {
            Ok(artifact) => Content::Image { artifact },
            Err(why) => text(&format!("a picture came that can't be used: {why}")),
        },
        ContentBlock::Audio(audio) => bytes(&audio.data, &audio.mime_type, engines),
        ContentBlock::Resource(embedded) => match embedded.resource {
            ResourceContents::TextResourceContents {
                uri, text: said, ..
            } => text(&format!("{}:\n{said}", named(&uri))),
            ResourceContents::BlobResourceContents {
                mime_type, blob, ..
            } => {
                let media_type = mime_type.unwrap_or_default();
                match kept_picture(&blob, engines) {
                    Ok(artifact) => Content::Image { artifact },
                    Err(_) => bytes(&blob, &media_type, engines),
                }
            }
            _ => text("a resource of an unknown kind"),
        },
        ContentBlock::ResourceLink(link) => {
            text(&format!("{}: {}", named(&link.name), named(&link.uri)))
        }
        _ => text("a piece of an unknown kind"),
    }
}

fn text(said: &str) -> Content {
    Content::Text {
        text: sanitize(said).into_owned(),
    }
}

/// A name or an address, on one line.
fn named(name: &str) -> String {
    let line = sanitize(name).replace('\n', " ");
    line.chars().take(MAX_NAME_CHARS).collect()
}

/// Keeps a picture, if it is one. What it is its bytes say, and not the server.
fn kept_picture(data: &str, engines: &Engines) -> Result<Artifact, String> {
    let bytes = decoded(data)?;
    let wrong = |error: &dyn Display| error.to_string();
    let info = picture::probe(&bytes).map_err(|error| wrong(&error))?;
    picture::decode(&bytes).map_err(|error| wrong(&error))?;
    let blob = engines.store().blobs().put(&bytes);
    let extension = info.media_type.title().to_lowercase();
    Ok(Artifact {
        blob: blob.map_err(|error| wrong(&error))?,
        media_type: info.media_type,
        name: format!("received.{extension}"),
        width: info.width,
        height: info.height,
        size_bytes: bytes.len() as u64,
    })
}

/// Keeps other bytes.
fn bytes(data: &str, media_type: &str, engines: &Engines) -> Content {
    let kept = decoded(data).and_then(|bytes| {
        let blob = engines.store().blobs().put(&bytes);
        let blob = blob.map_err(|error| error.to_string())?;
        Ok((blob, bytes.len() as u64))
    });
    match kept {
        Ok((blob, size_bytes)) => Content::Blob {
            blob,
            media_type: named(media_type),
            size_bytes,
        },
        Err(why) => text(&format!("bytes came that can't be used: {why}")),
    }
}

fn decoded(data: &str) -> Result<Vec<u8>, String> {
    if data.len() / 4 * 3 > MAX_BINARY_BYTES {
        return Err(format!("they are over {MAX_BINARY_BYTES} bytes"));
    }
    BASE64_STANDARD
        .decode(data.trim())
        .map_err(|error| format!("they are no base64: {error}"))
}

#[cfg(test)]
mod tests {
    use std::sync::OnceLock;

    use serde_json::json;

    use super::*;

    fn of(value: serde_json::Value, data: &std::path::Path) -> Result<ToolOutput, ToolError> {
        let engines = Engines {
            data: data.to_owned(),
            store: OnceLock::new(),
            ..Engines::nowhere()
        };
        output(serde_json::from_value(value).expect("a result"), &engines)
    }

    #[test]
    fn text_is_safe_and_pictures_are_what_their_bytes_are() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut png = Vec::new();
        image::RgbaImage::new(3, 2)
            .write_to(&mut std::io::Cursor::new(&mut png), image::ImageFormat::Png)
            .expect("encoded");
        let data = BASE64_STANDARD.encode(&png);
        let half = BASE64_STANDARD.encode(&png[..png.len() / 2]);
        let output = of(
            json!({ "content": [
                { "type": "text", "text": "\u{1b}[31mhello\u{202e}" },
                { "type": "image", "data": data, "mimeType": "text/html" },
                { "type": "image", "data": half, "mimeType": "image/png" },
                { "type": "image", "data": "?", "mimeType": "image/png" },
                { "type": "audio", "data": "AAAA", "mimeType": "audio/wav" },
                { "type": "resource_link", "uri": "file:///x", "name": "x\ny" },
                { "type": "resource", "resource": { "uri": "demo://1", "text": "inside" } },
            ], "isError": true }),
            folder.path(),
        );
        let output = output.expect("sound");
        assert!(output.is_error);
        let [said, picture, half, none, audio, link, inside] = &output.content[..] else {
            panic!("{:?}", output.content);
        };
        let Content::Text { text: said } = said else {
            panic!("{said:?}");
        };
        assert!(said.starts_with("hello"), "{said}");
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said}");
        let Content::Image { artifact } = picture else {
            panic!("{picture:?}");
        };
        assert_eq!((artifact.width, artifact.height), (3, 2));
        assert_eq!(artifact.name, "received.png");
        for wrong in [half, none] {
            assert!(matches!(wrong, Content::Text { text } if text.contains("can't be used")));
        }
        assert!(matches!(audio, Content::Blob { size_bytes: 3, .. }));
        assert_eq!(*link, text("x y: file:///x"));
        assert_eq!(*inside, text("demo://1:\ninside"));
    }

    #[test]
    fn a_structured_result_has_a_bound() {
        let folder = tempfile::tempdir().expect("a folder");
        let long = "x".repeat(ToolOutput::MAX_TEXT_BYTES);
        let result = json!({ "content": [], "structuredContent": { "a": long } });
        assert!(of(result, folder.path()).is_err());
        let many: Vec<_> = (0..300)
            .map(|_| json!({ "type": "text", "text": "x" }))
            .collect();
        let output = of(json!({ "content": many }), folder.path()).expect("cut");
        assert_eq!(output.content.len(), MAX_BLOCKS + 1);
    }
}
