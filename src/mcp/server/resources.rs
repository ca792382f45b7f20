//! Resources: pictures by their handle, and what was typed. Each is what a tool gives: reading one
//! is a call of that tool, under its rules and on its record.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use percent_encoding::percent_decode_str;
use rmcp::RoleServer;
use rmcp::model::{
    ErrorData, ListResourceTemplatesResult, ListResourcesResult, ReadResourceRequestParams,
    ReadResourceResponse, ReadResourceResult, Resource, ResourceContents, ResourceTemplate,
};
use rmcp::service::RequestContext;
use serde_json::{Value, json};

use super::Server;
use super::calls::Outcome;
use crate::protocol::{Artifact, BlobId, CallOrigin, MediaType, Say};
use crate::sanitize::sanitize;
use crate::tool::{CacheUse, Called, Content, Finished, ToolCall, ToolContext, ToolError};

const HISTORY: &str = "companion://history/recent";
const HISTORY_SEARCH: &str = "companion://history/search/";
const PICTURES: &str = "companion://artifacts";
const PICTURE: &str = "companion://artifact/";

/// Most pictures in the list, and lines of the history.
const MOST: u64 = 100;
/// A larger picture is not sent.
const MAX_PICTURE_BYTES: usize = 24 << 20;
/// A longer prompt is cut where it describes a picture.
const MAX_DESCRIPTION_CHARS: usize = 200;

/// What a resource is.
enum Kind {
    /// What a tool says, as text.
    Text,
    /// The bytes of a picture.
    Picture(BlobId),
}

impl Server {
    /// The resources. Pictures are among them where the policy lets a client list them unasked.
    pub(super) fn resources(&self) -> ListResourcesResult {
        let mut all = vec![
            Resource::new(HISTORY, "history")
                .with_title("What was typed last")
                .with_description(format!(
                    "The last {MOST} entries of the prompt, newest first."
                ))
                .with_mime_type("text/plain"),
            Resource::new(PICTURES, "pictures")
                .with_title("Pictures that were made")
                .with_description("Handles, sizes and prompts, newest first.")
                .with_mime_type("text/plain"),
        ];
        all.extend(self.pictures());
        ListResourcesResult::with_all_items(all)
    }

    fn pictures(&self) -> Vec<Resource> {
        let context = ToolContext::new(CallOrigin::Mcp, self.served.place.clone());
        let call = call_of("artifacts", json!({ "limit": MOST }));
        let toolbox = &self.served.toolbox;
        // A list is fetched without anybody's wish: it is no reason to ask.
        let is_allowed = toolbox
            .explain(call.clone(), &context)
            .is_ok_and(|(_, ruling)| matches!(ruling.say, Say::Allow | Say::Always));
        if !is_allowed {
            return Vec::new();
        }
        let Ok(Called::Finished(finished)) = toolbox.call(call, &context) else {
            return Vec::new();
        };
        let structured = finished.output.structured.unwrap_or_default();
        let pictures = structured["pictures"].as_array();
        pictures.into_iter().flatten().filter_map(listed).collect()
    }

    /// Reads a resource.
    pub(super) async fn read(
        &self,
        request: ReadResourceRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri;
        let (kind, call) = named(&uri).ok_or_else(|| unknown(&uri))?;
        let finished = match self.call(call, context, request.input_responses).await {
            Outcome::Finished(finished) => finished,
            Outcome::InputRequired(required) => return Ok(required.into()),
            Outcome::Unasked(message) => return Err(ErrorData::invalid_request(message, None)),
            Outcome::Failed(error) => return Err(failed(&uri, &error)),
        };
        let contents = match kind {
            Kind::Text => ResourceContents::text(text(&finished), uri),
            Kind::Picture(blob) => {
                let read = self.blocking(move |server| server.bytes(blob)).await;
                let bytes = read
                    .unwrap_or_else(|| Err("reading it broke down".to_owned()))
                    .map_err(|message| ErrorData::internal_error(message, None))?;
                let structured = finished.output.structured.unwrap_or_default();
                let media_type = structured["media_type"].as_str();
                ResourceContents::blob(BASE64_STANDARD.encode(bytes), uri)
                    .with_mime_type(media_type.unwrap_or("application/octet-stream"))
            }
        };
        Ok(ReadResourceResult::new(vec![contents]).into())
    }

    fn bytes(&self, blob: BlobId) -> Result<Vec<u8>, String> {
        let blobs = self.served.engines.store().blobs();
        let bytes = blobs.read(blob).map_err(|error| error.to_string())?;
        if bytes.len() > MAX_PICTURE_BYTES {
            return Err(format!(
                "the picture has {} bytes, and {MAX_PICTURE_BYTES} are the most that is sent",
                bytes.len()
            ));
        }
        Ok(bytes)
    }
}

/// Resources that have to be filled in.
pub(super) fn templates() -> ListResourceTemplatesResult {
    ListResourceTemplatesResult::with_all_items(vec![
        ResourceTemplate::new(format!("{PICTURE}{{handle}}"), "picture")
            .with_title("A picture by its handle")
            .with_description("The handle is in the result of imagine, edit_image or artifacts."),
        ResourceTemplate::new(format!("{HISTORY_SEARCH}{{words}}"), "history search")
            .with_title("What was typed, with these words")
            .with_description("All of the words, in any order; upper and lower case are the same.")
            .with_mime_type("text/plain"),
    ])
}

/// A picture, as a resource.
pub(super) fn of_artifact(artifact: &Artifact) -> Resource {
    Resource::new(
        format!("{PICTURE}{}", artifact.blob),
        sanitize(&artifact.name),
    )
    .with_mime_type(media_type_name(artifact.media_type))
    .with_size(artifact.size_bytes)
}

/// `image/png`, …
pub(super) fn media_type_name(media_type: MediaType) -> String {
    let name = serde_json::to_value(media_type).unwrap_or_default();
    name.as_str().unwrap_or_default().to_owned()
}

fn listed(made: &Value) -> Option<Resource> {
    let artifact: Artifact = serde_json::from_value(made["artifact"].clone()).ok()?;
    let resource = of_artifact(&artifact);
    Some(match made["generation"]["request"]["prompt"].as_str() {
        Some(prompt) => {
            let prompt: String = sanitize(prompt)
                .chars()
                .take(MAX_DESCRIPTION_CHARS)
                .collect();
            resource.with_description(prompt)
        }
        None => resource,
    })
}

/// What an address means, and the call that it is.
fn named(uri: &str) -> Option<(Kind, ToolCall)> {
    if uri == HISTORY {
        return Some((
            Kind::Text,
            call_of("history_search", json!({ "limit": MOST })),
        ));
    }
    if uri == PICTURES {
        return Some((Kind::Text, call_of("artifacts", json!({ "limit": MOST }))));
    }
    if let Some(words) = uri.strip_prefix(HISTORY_SEARCH) {
        let words = percent_decode_str(words).decode_utf8().ok()?;
        let arguments = json!({ "words": words, "limit": MOST });
        return Some((Kind::Text, call_of("history_search", arguments)));
    }
    let handle = uri.strip_prefix(PICTURE)?;
    let blob: BlobId = handle.parse().ok()?;
    let arguments = json!({ "image": blob });
    Some((Kind::Picture(blob), call_of("image_info", arguments)))
}

fn call_of(name: &str, arguments: Value) -> ToolCall {
    ToolCall {
        name: name.to_owned(),
        arguments,
        cache: CacheUse::default(),
    }
}

fn text(finished: &Finished) -> String {
    let texts = finished.output.content.iter().map(|content| match content {
        Content::Text { text } => sanitize(text).into_owned(),
        Content::Json { value } => value.to_string(),
        Content::Image { artifact } => artifact.blob.to_string(),
        Content::Blob { blob, .. } => blob.to_string(),
    });
    texts.collect::<Vec<_>>().join("\n")
}

fn unknown(uri: &str) -> ErrorData {
    let message = format!(
        "there is no resource {}: {HISTORY}, {HISTORY_SEARCH}WORDS, {PICTURES} and \
         {PICTURE}HANDLE are there",
        sanitize(uri)
    );
    ErrorData::resource_not_found(message, Some(json!({ "uri": uri })))
}

fn failed(uri: &str, error: &ToolError) -> ErrorData {
    let message = sanitize(&error.to_string()).into_owned();
    let data = Some(json!({ "uri": uri }));
    match error {
        ToolError::Denied { .. } | ToolError::RateLimited { .. } | ToolError::Cancelled => {
            ErrorData::invalid_request(message, data)
        }
        // The only reason that these tools have: what is named is not there.
        ToolError::Failed { .. } if uri.starts_with(PICTURE) => {
            ErrorData::resource_not_found(message, data)
        }
        _ => ErrorData::internal_error(message, data),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_name_a_call_or_nothing() {
        let (_, call) = named("companion://history/search/merge%20sort").expect("known");
        assert_eq!(call.name, "history_search");
        assert_eq!(call.arguments["words"], "merge sort");
        let handle = "ab".repeat(32);
        let (kind, call) = named(&format!("{PICTURE}{handle}")).expect("known");
        assert!(matches!(kind, Kind::Picture(_)));
        assert_eq!(call.arguments["image"], handle);
        for wrong in [
            "companion://artifact/",
            "companion://artifact/../../etc/passwd",
            "companion://history",
            "file:///etc/passwd",
            "companion://history/search/%ff",
            "",
        ] {
            assert!(named(wrong).is_none(), "{wrong}");
        }
    }
}
