//! `tool_search`: which tools there are, for whoever can call them.

use std::fmt::Write as _;
use std::sync::{Arc, Weak};

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::tool::{
    Annotations, Content, Filter, Registry, Source, Tool, ToolContext, ToolError, ToolOutput,
    ToolSpec,
};

/// Longer descriptions are cut: those of servers may be of any length.
const MAX_DESCRIPTION_CHARS: usize = 2000;
/// Of all tools that are told. What is over it is counted.
const MAX_BYTES: usize = 256 << 10;

/// Which tools are looked for.
#[derive(Debug, Deserialize, JsonSchema)]
struct ToolSearch {
    /// Words that a tool has to have in its name, its tags or its description, all of them; upper
    /// and lower case are the same. Without words: every tool.
    #[schemars(length(max = 1000))]
    #[serde(default)]
    words: String,
    /// Those with this tag only.
    #[schemars(length(max = 200))]
    tag: Option<String>,
    /// Those from there only: `builtin`, `cell` (registered by code) or `mcp` (of a server).
    source: Option<From>,
    /// Those of this server only.
    #[schemars(length(max = 200))]
    server: Option<String>,
    /// How many, best first: 1 to 100.
    #[schemars(range(min = 1, max = 100))]
    #[serde(default = "limit")]
    limit: usize,
}

fn limit() -> usize {
    10
}

#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum From {
    Builtin,
    Cell,
    Mcp,
}

/// It is in the registry that it searches, and must not keep it.
struct Search {
    spec: ToolSpec,
    registry: Weak<Registry>,
}

pub(super) fn tool_search(registry: &Weak<Registry>) -> Arc<dyn Tool> {
    let mut spec = ToolSpec::of::<ToolSearch>(
        "tool_search",
        "Finds tools by words, tag and origin, and tells what each does and takes: its name, its \
         description and the JSON Schema of its arguments.",
    )
    .expect("a name of ours");
    spec.title = Some("Find tools".to_owned());
    spec.tags = vec!["records".to_owned()];
    spec.annotations = Annotations::READS;
    Arc::new(Search {
        spec,
        registry: Weak::clone(registry),
    })
}

impl Tool for Search {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn is_contained(&self, _: &Value) -> bool {
        true
    }

    fn run(&self, arguments: Value, _: &ToolContext) -> Result<ToolOutput, ToolError> {
        let arguments: ToolSearch = serde_json::from_value(arguments)
            .map_err(|error| ToolError::failed(format!("the arguments don't fit: {error}")))?;
        let registry = self
            .registry
            .upgrade()
            .ok_or_else(|| ToolError::failed("the tools are gone: companion ends"))?;
        Ok(search(&arguments, &registry))
    }
}

fn search(arguments: &ToolSearch, registry: &Registry) -> ToolOutput {
    let filter = Filter {
        tag: arguments.tag.clone(),
        source: arguments.source.map(|source| match source {
            From::Builtin => Source::Builtin,
            From::Cell => Source::Cell,
            From::Mcp => Source::Mcp,
        }),
        namespace: arguments.server.clone(),
    };
    let found = registry.search(&arguments.words, &filter);
    let (mut text, mut tools, mut size) = (String::new(), Vec::new(), 0);
    for tool in found.iter().take(arguments.limit) {
        let spec = tool.spec();
        let description = shortened(&spec.description);
        let told = json!({
            "name": spec.name,
            "title": spec.title,
            "description": description,
            "tags": spec.tags,
            "source": spec.source,
            "annotations": spec.annotations,
            "input_schema": spec.input_schema,
            "output_schema": spec.output_schema,
        });
        size += told.to_string().len();
        if size > MAX_BYTES {
            break;
        }
        let _ = writeln!(text, "{}: {description}", spec.name);
        tools.push(told);
    }
    let more = found.len() - tools.len();
    if more > 0 {
        let _ = writeln!(
            text,
            "… and {more} more: more words, or limit, tell of others"
        );
    }
    let near = if found.is_empty() {
        text.push_str("no tool is like that");
        let near = near(&arguments.words, registry);
        if near.is_empty() {
            text.push_str(": fewer words find more\n");
        } else {
            let _ = writeln!(text, "; did you mean {}?", near.join(" or "));
        }
        near
    } else {
        Vec::new()
    };
    ToolOutput {
        content: vec![Content::Text { text }],
        structured: Some(json!({ "tools": tools, "more": more, "did_you_mean": near })),
        is_error: false,
    }
}

/// Names that are like what was looked for.
fn near(words: &str, registry: &Registry) -> Vec<String> {
    match registry.get(&words.split_whitespace().collect::<Vec<_>>().join("_")) {
        Err(ToolError::UnknownTool { suggestions, .. }) => suggestions,
        _ => Vec::new(),
    }
}

fn shortened(description: &str) -> String {
    match description.char_indices().nth(MAX_DESCRIPTION_CHARS) {
        Some((at, _)) => format!("{}…", description.get(..at).unwrap_or_default()),
        None => description.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::CallOrigin;
    use crate::tool::Place;

    struct Foreign(ToolSpec);

    impl Tool for Foreign {
        fn spec(&self) -> &ToolSpec {
            &self.0
        }

        fn run(&self, _: Value, _: &ToolContext) -> Result<ToolOutput, ToolError> {
            Err(ToolError::failed("nobody calls it"))
        }
    }

    fn registry(tools: usize) -> Arc<Registry> {
        let registry = Arc::new(Registry::default());
        for number in 0..tools {
            let text = "long words ".repeat(2000);
            let schema = json!({ "type": "object", "description": "x".repeat(5000) });
            let spec = ToolSpec::new(&format!("far/t{number:03}"), &text, schema, Source::Mcp);
            let tool = Arc::new(Foreign(spec.expect("a name")));
            registry.register(tool).expect("new");
        }
        registry
            .register(tool_search(&Arc::downgrade(&registry)))
            .expect("new");
        registry
    }

    fn call(registry: &Registry, arguments: Value) -> Result<ToolOutput, ToolError> {
        let tool = registry.get("tool_search")?;
        let place = Place {
            folder: "/".into(),
            project: "/".into(),
        };
        tool.tool
            .run(arguments, &ToolContext::new(CallOrigin::Model, place))
    }

    #[test]
    fn what_servers_say_is_bounded_and_counted() {
        let registry = registry(100);
        let output = call(&registry, json!({ "words": "long", "limit": 100 })).expect("found");
        let told = output.structured.expect("a value");
        let tools = told["tools"].as_array().map_or(0, Vec::len);
        assert!((10..100).contains(&tools), "{tools}");
        assert_eq!(told["more"], 100 - tools);
        assert!(told.to_string().len() < MAX_BYTES + 10_000);
        let description = told["tools"][0]["description"].as_str().expect("a text");
        assert_eq!(description.chars().count(), MAX_DESCRIPTION_CHARS + 1);
        let mine = call(&registry, json!({ "source": "builtin" })).expect("found");
        let told = mine.structured.expect("a value");
        assert_eq!(told["tools"][0]["name"], "tool_search");
        let of_server = json!({ "server": "far", "limit": 1 });
        let told = call(&registry, of_server).expect("found").structured;
        assert_eq!(told.expect("a value")["more"], 99);
    }

    #[test]
    fn it_does_not_keep_the_registry() {
        let registry = registry(0);
        let tool = registry.get("tool_search").expect("there");
        let weak = Arc::downgrade(&registry);
        drop(registry);
        assert!(weak.upgrade().is_none());
        let place = Place {
            folder: "/".into(),
            project: "/".into(),
        };
        let context = ToolContext::new(CallOrigin::User, place);
        assert!(tool.tool.run(json!({}), &context).is_err());
    }
}
