//! A tool of a server, as a tool of the registry.

use std::sync::{Arc, Weak};
use std::time::Duration;

use serde_json::{Value, json};

use super::server::Server;
use crate::protocol::ToolName;
use crate::sanitize::sanitize;
use crate::tool::{Annotations, Source, Tool, ToolContext, ToolError, ToolOutput, ToolSpec};

/// The longest that a call may take.
const TIMEOUT: Duration = Duration::from_mins(10);
/// Longer descriptions are cut: nobody reads them, and a model's context is small.
const MAX_DESCRIPTION_CHARS: usize = 8000;
/// The same for titles.
const MAX_TITLE_CHARS: usize = 100;
/// Schemas nest so deep at most where their words are looked for; deeper ones are refused later.
const MAX_DEPTH: usize = 64;

/// A tool of a server.
#[derive(Clone)]
pub(super) struct ForeignTool {
    spec: ToolSpec,
    /// What the server calls it.
    name: String,
    server: Weak<Server>,
}

impl ForeignTool {
    /// A tool, as a server tells of it. Its hints are not looked at.
    pub fn of(tool: rmcp::model::Tool, server: &Arc<Server>) -> Result<Self, String> {
        let spec = spec(&tool, server.name())?;
        Ok(Self {
            spec,
            name: tool.name.into_owned(),
            server: Arc::downgrade(server),
        })
    }

    /// The same, whose structured output may be anything.
    pub fn without_output(mut self) -> Self {
        self.spec.output_schema = None;
        self
    }
}

impl Tool for ForeignTool {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn run(&self, arguments: Value, context: &ToolContext) -> Result<ToolOutput, ToolError> {
        let server = self
            .server
            .upgrade()
            .ok_or_else(|| ToolError::failed("its server has ended with companion"))?;
        let Value::Object(arguments) = arguments else {
            return Err(ToolError::failed("the arguments are no object"));
        };
        server.call(&self.name, arguments, context)
    }
}

fn spec(tool: &rmcp::model::Tool, namespace: &str) -> Result<ToolSpec, String> {
    let mut schema = Value::Object(tool.input_schema.as_ref().clone());
    if let Some(object) = schema.as_object_mut() {
        object.entry("type").or_insert_with(|| json!("object"));
    }
    clean(&mut schema, 0);
    let description = tool.description.as_deref().unwrap_or_default();
    let name = name(namespace, &tool.name);
    let mut spec = ToolSpec::new(
        &name,
        &cut(description, MAX_DESCRIPTION_CHARS),
        schema,
        Source::Mcp,
    )
    .map_err(|error| error.to_string())?;
    let title = tool.title.as_deref().or_else(|| {
        let hints = tool.annotations.as_ref();
        hints.and_then(|hints| hints.title.as_deref())
    });
    spec.title = title.map(|title| cut(&title.replace('\n', " "), MAX_TITLE_CHARS));
    spec.output_schema = tool.output_schema.as_ref().map(|schema| {
        let mut schema = Value::Object(schema.as_ref().clone());
        clean(&mut schema, 0);
        schema
    });
    spec.annotations = Annotations::default();
    spec.tags = vec!["mcp".to_owned(), namespace.to_owned()];
    spec.timeout = Some(TIMEOUT);
    Ok(spec)
}

/// `server/tool`: what can't be in a name is an underscore.
fn name(namespace: &str, theirs: &str) -> String {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.') {
            c
        } else {
            '_'
        }
    };
    let base: String = theirs.chars().map(safe).take(ToolName::MAX_BYTES).collect();
    format!("{namespace}/{base}")
}

/// The words in a schema, made safe: they are shown and read as the tool's description is.
fn clean(schema: &mut Value, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match schema {
        Value::Object(fields) => {
            for (key, value) in fields {
                if let (Value::String(text), "description" | "title" | "$comment") =
                    (&mut *value, key.as_str())
                {
                    *text = cut(text, MAX_DESCRIPTION_CHARS);
                }
                clean(value, depth + 1);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| clean(item, depth + 1)),
        _ => {}
    }
}

fn cut(text: &str, most: usize) -> String {
    let mut text = sanitize(text).into_owned();
    if let Some((at, _)) = text.char_indices().nth(most) {
        text.truncate(at);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn theirs(value: Value) -> rmcp::model::Tool {
        serde_json::from_value(value).expect("a tool")
    }

    #[test]
    fn what_a_server_says_of_a_tool_is_bounded_safe_and_not_believed() {
        let tool = theirs(json!({
            "name": "get data!",
            "title": "Get\ndata",
            "description": format!("\u{1b}[31mred\u{202e}{}", "x".repeat(20_000)),
            "inputSchema": { "properties": { "a": { "description": "\u{1b}]0;t\u{7}b" } } },
            "annotations": { "readOnlyHint": true, "destructiveHint": false },
        }));
        let spec = spec(&tool, "server").expect("sound");
        assert_eq!(spec.name.as_str(), "server/get_data_");
        assert_eq!(spec.title.as_deref(), Some("Get data"));
        assert_eq!(spec.annotations, Annotations::default());
        assert!(spec.annotations.is_dangerous() && !spec.may_retry());
        assert_eq!(spec.source, Source::Mcp);
        assert!(spec.description.starts_with("red"), "{}", spec.description);
        assert!(!spec.description.contains('\u{202e}'));
        assert!(spec.description.chars().count() <= MAX_DESCRIPTION_CHARS + 1);
        assert_eq!(spec.input_schema["type"], "object");
        let about = spec.input_schema["properties"]["a"]["description"].to_string();
        assert!(
            !about.contains('\u{1b}') && !about.contains("\\u001b"),
            "{about}"
        );
    }
}
