//! The methods of MCP.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, TryLockError};
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CompleteRequestParams, CompleteResult, CompletionInfo,
    ErrorData, GetPromptRequestParams, GetPromptResponse, Implementation, JsonObject,
    ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult,
    PaginatedRequestParams, ReadResourceRequestParams, ReadResourceResponse, Reference,
    ServerCapabilities, ServerConfig, SubscriptionFilter, Tool, ToolAnnotations,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{RoleServer, ServerHandler};
use serde_json::Value;
use tokio::sync::watch;
use tokio::time::timeout;

use super::calls::Outcome;
use super::{Server, content, prompts, resources};
use crate::mcp::names::wire_name;
use crate::sanitize::sanitize;
use crate::tool::{CacheUse, Filter, Registered, ToolCall, ToolSpec};

/// Changes of the tools within this time are told as one: a server that starts has many tools.
const CHANGES_WITHIN: Duration = Duration::from_millis(200);
/// How often it is looked whether a session is still there.
const LOOK_EVERY: Duration = Duration::from_mins(1);
/// Tools a page.
const PAGE: usize = 500;

const INSTRUCTIONS: &str = "companion runs Python, JavaScript and shell in a jail (no files, no \
network; each call begins afresh), makes and edits pictures on this machine with Stable Diffusion, \
reads public web pages, and works on the files of one folder. Pictures go from tool to tool by their \
handle, 64 hexadecimal digits that results tell. The user's rules may ask before a call, or refuse \
it: what then comes says why.";

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_completions()
            .enable_prompts()
            .enable_resources()
            .enable_tools()
            .enable_tool_list_changed()
            .build();
        let implementation = Implementation::new("companion", env!("CARGO_PKG_VERSION"))
            .with_title("companion")
            .with_description(env!("CARGO_PKG_DESCRIPTION"));
        ServerConfig::new(capabilities)
            .with_server_info(implementation)
            .with_instructions(INSTRUCTIONS)
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        let mut changes = self.changes.clone();
        changes.mark_unchanged();
        tokio::spawn(async move {
            while !context.peer.is_transport_closed() {
                // A session says nothing when it ends: it is looked for.
                let Ok(changed) = timeout(LOOK_EVERY, changes.changed()).await else {
                    continue;
                };
                settle(&mut changes).await;
                if changed.is_err() || context.peer.notify_tool_list_changed().await.is_err() {
                    return;
                }
            }
        });
    }

    fn accepted_subscription_filter(
        &self,
        requested: &SubscriptionFilter,
    ) -> Option<SubscriptionFilter> {
        let offered = SubscriptionFilter::builder().tools_list_changed().build();
        Some(requested.intersection(&offered))
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        let mut changes = self.changes.clone();
        changes.mark_unchanged();
        loop {
            tokio::select! {
                () = context.cancelled() => return Ok(()),
                changed = changes.changed() => {
                    settle(&mut changes).await;
                    if changed.is_err() || context.sink().notify_tool_list_changed().await.is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }

    async fn list_tools(
        &self,
        request: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let cursor = request.and_then(|request| request.cursor);
        // The first list may start servers whose tools are in it.
        let page = self.blocking(move |server| server.page(cursor.as_deref()));
        page.await.ok_or_else(broken)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let wire = request.name.into_owned();
        let asked = wire.clone();
        let found = self.blocking(move |server| server.named(&asked)).await;
        let Some(tool) = found.ok_or_else(broken)? else {
            let wire: String = sanitize(&wire).chars().take(128).collect();
            let message = format!("Unknown tool: {wire}");
            return Err(ErrorData::invalid_params(message, None));
        };
        let call = ToolCall {
            name: tool.spec().name.to_string(),
            arguments: Value::Object(request.arguments.unwrap_or_default()),
            cache: CacheUse::default(),
        };
        Ok(
            match self.call(call, &context, request.input_responses).await {
                Outcome::Finished(finished) => {
                    let result = self.blocking(move |server| server.result(finished));
                    result.await.ok_or_else(broken)?.into()
                }
                Outcome::Failed(error) => content::failure(&error).into(),
                Outcome::Unasked(message) => content::refusal(&message).into(),
                Outcome::InputRequired(required) => required.into(),
            },
        )
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        self.blocking(Self::resources).await.ok_or_else(broken)
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(resources::templates())
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        self.read(request, &context).await
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(prompts::list())
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        prompts::get(&request.name, request.arguments.as_ref()).map(Into::into)
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        let Reference::Prompt(prompt) = &request.r#ref else {
            return Ok(CompleteResult::default());
        };
        let argument = request.argument.name.as_str();
        let mut values = prompts::languages(&prompt.name, argument).unwrap_or_default();
        if prompts::is_style(&prompt.name, argument) {
            values = self.blocking(Self::styles).await.unwrap_or_default();
        }
        let begun = request.argument.value.to_lowercase();
        values.retain(|value| value.to_lowercase().starts_with(&begun));
        values.truncate(CompletionInfo::MAX_VALUES);
        let info = CompletionInfo::with_all_values(values);
        Ok(info.map(CompleteResult::new).unwrap_or_default())
    }
}

impl Server {
    /// The tools behind a cursor, which is the last name before them.
    fn page(&self, cursor: Option<&str>) -> ListToolsResult {
        let tools = self.served.toolbox.registry.list(&Filter::default());
        let mut rest = tools
            .iter()
            .filter(|tool| cursor.is_none_or(|cursor| tool.spec().name.as_str() > cursor));
        let page: Vec<_> = rest.by_ref().take(PAGE).collect();
        let next = rest.next().and(page.last());
        let mut result =
            ListToolsResult::with_all_items(page.iter().map(|tool| told(tool.spec())).collect());
        result.next_cursor = next.map(|tool| tool.spec().name.to_string());
        result
    }

    /// The tool of a name on the wire.
    fn named(&self, wire: &str) -> Option<Arc<Registered>> {
        let registry = &self.served.toolbox.registry;
        let is_it = |tool: &Arc<Registered>| wire_name(&tool.spec().name) == wire;
        // Most names are the same here and there.
        if let Ok(tool) = registry.get(wire)
            && is_it(&tool)
        {
            return Some(tool);
        }
        if let Some((namespace, base)) = wire.split_once("__")
            && let Ok(tool) = registry.get(&format!("{namespace}/{base}"))
            && is_it(&tool)
        {
            return Some(tool);
        }
        registry.list(&Filter::default()).into_iter().find(is_it)
    }

    fn styles(&self) -> Vec<String> {
        let generator = &self.served.engines.generator;
        // One that is at work has its lock for minutes.
        let names = match generator.try_lock() {
            Ok(generator) => generator.names(),
            Err(TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned).names(),
            Err(TryLockError::WouldBlock) => return Vec::new(),
        };
        let (_, styles) = names();
        styles.into_iter().map(|(name, _)| name).collect()
    }
}

/// Waits a moment after a change: one is told for all that come meanwhile.
async fn settle(changes: &mut watch::Receiver<u64>) {
    tokio::time::sleep(CHANGES_WITHIN).await;
    changes.mark_unchanged();
}

/// A tool, as a client reads it.
fn told(spec: &ToolSpec) -> Tool {
    let schema = |value: &Value| -> Arc<JsonObject> {
        let mut value = value.clone();
        simplify(&mut value);
        Arc::new(value.as_object().cloned().unwrap_or_default())
    };
    let hints = ToolAnnotations::from_raw(
        spec.title.clone(),
        Some(spec.annotations.read_only),
        Some(spec.annotations.destructive),
        Some(spec.annotations.idempotent),
        Some(spec.annotations.open_world),
    );
    let description: Cow<'static, str> = Cow::Owned(spec.description.clone());
    let mut tool = Tool::new(
        wire_name(&spec.name),
        description,
        schema(&spec.input_schema),
    )
    .with_annotations(hints);
    tool.title.clone_from(&spec.title);
    // Older clients take objects only. As it stands: what a client sees is what results have to fit.
    let output = spec.output_schema.as_ref().and_then(Value::as_object);
    tool.output_schema = output
        .filter(|output| output.get("type").is_some_and(|is| is == "object"))
        .map(|output| Arc::new(output.clone()));
    tool
}

/// What may be left out need not be `null`, too: models behind some clients take one type a field.
/// Whatever fits the schema that a client sees fits the tool's own.
fn simplify(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(simplify),
        Value::Object(fields) => {
            let required = fields.get("required").cloned().unwrap_or_default();
            let is_required = |name: &str| {
                let mut names = required.as_array().into_iter().flatten();
                names.any(|required| required == name)
            };
            if let Some(Value::Object(properties)) = fields.get_mut("properties") {
                let optional = properties.iter_mut().filter(|(name, _)| !is_required(name));
                for (_, property) in optional {
                    without_null(property);
                }
            }
            fields.values_mut().for_each(simplify);
        }
        _ => {}
    }
}

fn without_null(property: &mut Value) {
    let only = match property["type"].as_array().map(Vec::as_slice) {
        Some([one, null] | [null, one]) if null == "null" => one.clone(),
        _ => return,
    };
    if let Some(property) = property.as_object_mut()
        && !property.contains_key("enum")
        && !property.contains_key("const")
    {
        property.insert("type".to_owned(), only);
        if property.get("default").is_some_and(Value::is_null) {
            property.remove("default");
        }
    }
}

fn broken() -> ErrorData {
    ErrorData::internal_error("a thread of the server broke down", None)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_may_be_left_out_has_one_type() {
        let mut schema = json!({
            "type": "object",
            "properties": {
                "a": { "type": ["integer", "null"], "minimum": 1, "default": null },
                "b": { "type": ["string", "null"] },
                "c": { "type": ["string", "null"], "enum": ["x", null] },
                "d": { "type": "array", "items": { "properties": { "e": { "type": ["null", "number"] } } } },
            },
            "required": ["b"],
        });
        simplify(&mut schema);
        let properties = &schema["properties"];
        assert_eq!(properties["a"], json!({ "type": "integer", "minimum": 1 }));
        assert_eq!(properties["b"]["type"], json!(["string", "null"]));
        assert_eq!(properties["c"]["type"], json!(["string", "null"]));
        assert_eq!(
            properties["d"]["items"]["properties"]["e"]["type"],
            "number"
        );
    }
}
