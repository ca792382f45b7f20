//! What a tool gave, as an MCP client reads it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use rmcp::model::{CallToolResult, ContentBlock};

use super::resources::{self, media_type_name};
use super::{Served, Server};
use crate::protocol::Artifact;
use crate::sanitize::sanitize;
use crate::tool::{Content, Finished, ToolError};

/// A larger picture is named and not sent: clients have bounds of their own, and a model's context
/// has one, too. As many bytes in a frame are a third more.
const MAX_IMAGE_BYTES: u64 = 6 << 20;

impl Server {
    /// The result of a call. Reads pictures from the disk: to be called where that may wait.
    pub(super) fn result(&self, finished: Finished) -> CallToolResult {
        let output = finished.output;
        let has_text = output
            .content
            .iter()
            .any(|content| matches!(content, Content::Text { .. } | Content::Json { .. }));
        let mut blocks = Vec::new();
        for content in &output.content {
            blocks.extend(block(content, &self.served));
        }
        // Handles of pictures are in there, for clients that look at text alone.
        if let (Some(value), false) = (&output.structured, has_text) {
            blocks.push(ContentBlock::text(value.to_string()));
        }
        for warning in &finished.warnings {
            blocks.push(ContentBlock::text(format!(
                "warning: {}",
                sanitize(warning)
            )));
        }
        let mut result = CallToolResult::success(blocks);
        result.structured_content = output.structured;
        result.is_error = Some(output.is_error);
        result
    }
}

/// A call that gave no result, for a model to read.
pub(super) fn failure(error: &ToolError) -> CallToolResult {
    refusal(&error.to_string())
}

/// Why nothing was done, for a model to read.
pub(super) fn refusal(message: &str) -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(sanitize(message))])
}

/// A piece of a result: a picture with what names it.
fn block(content: &Content, served: &Served) -> Vec<ContentBlock> {
    match content {
        Content::Text { text } => vec![ContentBlock::text(sanitize(text))],
        Content::Json { value } => vec![ContentBlock::text(value.to_string())],
        Content::Image { artifact } => match image(artifact, served) {
            Ok(data) => vec![ContentBlock::image(
                data,
                media_type_name(artifact.media_type),
            )],
            Err(why) => vec![
                ContentBlock::text(why),
                ContentBlock::resource_link(resources::of_artifact(artifact)),
            ],
        },
        Content::Blob {
            blob,
            media_type,
            size_bytes,
        } => vec![ContentBlock::text(format!(
            "{blob}: {}, {size_bytes} bytes",
            sanitize(media_type)
        ))],
    }
}

/// The bytes of a picture, or why they are not sent.
fn image(artifact: &Artifact, served: &Served) -> Result<String, String> {
    if artifact.size_bytes > MAX_IMAGE_BYTES {
        return Err(format!(
            "the picture {} has {} bytes, more than are sent: read it as a resource, or make a \
             smaller one of it with edit_image",
            artifact.blob, artifact.size_bytes
        ));
    }
    let bytes = served.engines.store().blobs().read(artifact.blob);
    bytes
        .map(|bytes| BASE64_STANDARD.encode(bytes))
        .map_err(|error| format!("the picture {} can't be sent: {error}", artifact.blob))
}
