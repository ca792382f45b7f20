//! What a tool says of itself.

use std::time::Duration;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::protocol::{ParseToolNameError, ToolName};

/// Where a tool comes from. What is not ours is not trusted: neither its words nor its hints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Source {
    /// Compiled in.
    Builtin,
    /// Registered by the code of a cell.
    Cell,
    /// Of an MCP server.
    Mcp,
}

/// MCP's hints about what a call does. The defaults are MCP's: the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "MCP has four hints")]
pub(crate) struct Annotations {
    /// It changes nothing.
    #[serde(rename = "readOnlyHint")]
    pub read_only: bool,
    /// It may take something away.
    #[serde(rename = "destructiveHint")]
    pub destructive: bool,
    /// Twice is as good as once.
    #[serde(rename = "idempotentHint")]
    pub idempotent: bool,
    /// It reaches things outside this machine.
    #[serde(rename = "openWorldHint")]
    pub open_world: bool,
}

impl Default for Annotations {
    fn default() -> Self {
        Self {
            read_only: false,
            destructive: true,
            idempotent: false,
            open_world: true,
        }
    }
}

impl Annotations {
    /// It looks, and changes nothing on this machine.
    pub const READS: Self = Self {
        read_only: true,
        destructive: false,
        idempotent: true,
        open_world: false,
    };

    /// Whether a call is worth an fsync of the audit log.
    pub fn is_dangerous(self) -> bool {
        !self.read_only && (self.destructive || self.open_world)
    }
}

/// What a tool says of itself. Plain data; the texts of a foreign tool are untrusted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ToolSpec {
    /// Its name; the only one of that name in a registry.
    pub name: ToolName,
    /// Changes when the same arguments may give another result: part of the cache's key.
    pub version: String,
    /// The name for people.
    pub title: Option<String>,
    /// What it does, for people and models.
    pub description: String,
    /// JSON Schema of the arguments: an object.
    pub input_schema: Value,
    /// JSON Schema of the structured output.
    pub output_schema: Option<Value>,
    /// What a call does.
    pub annotations: Annotations,
    /// Words to filter by.
    pub tags: Vec<String>,
    /// Where it comes from.
    pub source: Source,
    /// For a tool whose result depends on its arguments alone: how long a result may be kept.
    pub keep: Option<Duration>,
    /// The longest that a call may take, with all its attempts. Without it the tool runs on the
    /// caller's thread, for as long as it likes.
    pub timeout: Option<Duration>,
    /// How often a call that failed is tried again, if the tool is idempotent.
    pub retries: u32,
}

impl ToolSpec {
    /// A tool of ours whose arguments are a Rust type: its fields, their docs and their types
    /// are the schema. Other fields are refused; types inside it say so themselves, by
    /// `#[serde(deny_unknown_fields)]`.
    ///
    /// # Errors
    /// If the name can't be one.
    pub fn of<Arguments: JsonSchema>(
        name: &str,
        description: &str,
    ) -> Result<Self, ParseToolNameError> {
        let mut schema = schema_of::<Arguments>();
        if let Some(object) = schema.as_object_mut() {
            // What a `$ref` or an `allOf` names is known to `unevaluatedProperties` alone.
            let is_plain = object.contains_key("properties")
                && ["$ref", "allOf", "anyOf", "oneOf"]
                    .iter()
                    .all(|key| !object.contains_key(*key));
            let close = if is_plain {
                "additionalProperties"
            } else {
                "unevaluatedProperties"
            };
            if !object.contains_key("additionalProperties") {
                object.entry(close).or_insert(Value::Bool(false));
            }
        }
        Self::new(name, description, schema, Source::Builtin)
    }

    /// A tool with a schema that came from somewhere else. It is checked when the tool is
    /// registered.
    ///
    /// # Errors
    /// If the name can't be one.
    pub fn new(
        name: &str,
        description: &str,
        input_schema: Value,
        source: Source,
    ) -> Result<Self, ParseToolNameError> {
        Ok(Self {
            name: name.parse()?,
            version: "1".to_owned(),
            title: None,
            description: description.to_owned(),
            input_schema,
            output_schema: None,
            annotations: Annotations::default(),
            tags: Vec::new(),
            source,
            keep: None,
            timeout: None,
            retries: 0,
        })
    }

    /// What a call does.
    #[cfg(any(test, feature = "measure"))]
    #[must_use]
    pub fn with_annotations(mut self, annotations: Annotations) -> Self {
        self.annotations = annotations;
        self
    }

    /// Whether a call touches nothing, by our own word.
    pub fn is_harmless(&self) -> bool {
        let Annotations {
            read_only,
            open_world,
            ..
        } = self.annotations;
        self.source == Source::Builtin && read_only && !open_world
    }

    /// What a call can touch, in words; whose word that is, if it is not ours.
    pub fn touches(&self) -> String {
        let Annotations {
            read_only,
            destructive,
            open_world,
            ..
        } = self.annotations;
        let mut words = if read_only {
            "changes nothing".to_owned()
        } else if destructive {
            "may change or take away what is there".to_owned()
        } else {
            "makes something new, and changes nothing that is there".to_owned()
        };
        if open_world {
            words.push_str("; reaches outside this machine");
        }
        match self.source {
            Source::Builtin => words,
            Source::Cell => format!("{words} (so says the cell that made it)"),
            Source::Mcp => format!("{words} (so says its server)"),
        }
    }

    /// Whether a call may be made twice: for retries, which foreign hints can't ask for.
    pub fn may_retry(&self) -> bool {
        let is_trusted = self.source != Source::Mcp;
        is_trusted && (self.annotations.idempotent || self.annotations.read_only)
    }
}

fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12();
    let schema = settings.into_generator().into_root_schema_for::<T>();
    let mut schema = schema.to_value();
    if let Some(object) = schema.as_object_mut() {
        object.remove("$schema");
        object.remove("title");
        // A unit has no properties, and is still an object of arguments.
        if object.get("type") == Some(&json!("null")) {
            object.insert("type".to_owned(), json!("object"));
        }
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What to add.
    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Add {
        /// The first number.
        a: i64,
        b: Option<i64>,
    }

    #[test]
    fn a_rust_type_is_a_closed_schema_with_docs() {
        let spec = ToolSpec::of::<Add>("add", "Adds").expect("sound");
        let schema = &spec.input_schema;
        assert_eq!(schema["type"], "object");
        assert_eq!(
            schema["properties"]["a"]["description"],
            "The first number."
        );
        assert_eq!(schema["required"], json!(["a"]));
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(
            ToolSpec::of::<()>("now", "The time")
                .expect("sound")
                .input_schema,
            json!({"type": "object", "unevaluatedProperties": false})
        );
    }

    #[test]
    fn hints_are_the_worst_unless_said_and_are_mcps() {
        let spec = ToolSpec::of::<Add>("add", "Adds").expect("sound");
        assert!(spec.annotations.is_dangerous());
        assert!(!Annotations::READS.is_dangerous());
        let text = serde_json::to_value(Annotations::READS).expect("plain data");
        assert_eq!(text["readOnlyHint"], true);
    }
}
