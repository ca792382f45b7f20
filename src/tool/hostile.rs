//! Schemas that would cost more than a tool is worth: looked at before the validator sees them.
//!
//! A schema becomes a graph. An edge *in place* leads to a schema that looks at the same value
//! (`$ref`, `allOf`, `not`); an edge *inward* to one that looks at a part of it (`properties`,
//! `items`). A circle of edges in place never ends; many edges between few schemas are work that
//! grows by a power with each step, and is counted here without being done.
//!
//! A `$ref` has to point into its own document, and an `$id` may stand at the root alone: so no
//! schema is ever fetched, and a pointer means what it says.

use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// The largest schema, in bytes of JSON.
const MAX_BYTES: usize = 512 << 10;
/// The longest paths to the places of a schema, together: whoever compiles it keeps them all.
const MAX_PATH_BYTES: usize = 4 << 20;
/// The deepest schema, in values within values.
const MAX_DEPTH: usize = 64;
/// Most schemas in place for one value: a `$ref` to an `allOf` of `$ref`s, and so on.
const MAX_CHAIN: usize = 32;
/// Most schemas that may look at one value.
const MAX_VISITS: u64 = 10_000;
/// The deepest arguments that are validated, in values within values.
pub(super) const MAX_ARGUMENT_DEPTH: usize = 96;

/// Keywords whose value is a schema, or a list or a map of schemas.
const KEYWORDS: &[(&str, Edge)] = &[
    ("allOf", Edge::InPlace),
    ("anyOf", Edge::InPlace),
    ("oneOf", Edge::InPlace),
    ("not", Edge::InPlace),
    ("if", Edge::InPlace),
    ("then", Edge::InPlace),
    ("else", Edge::InPlace),
    ("items", Edge::Inward),
    ("prefixItems", Edge::Inward),
    ("additionalItems", Edge::Inward),
    ("unevaluatedItems", Edge::Inward),
    ("contains", Edge::Inward),
    ("additionalProperties", Edge::Inward),
    ("unevaluatedProperties", Edge::Inward),
    ("propertyNames", Edge::Inward),
    ("contentSchema", Edge::None),
];

/// Keywords whose value maps names to schemas.
const MAPS: &[(&str, Edge)] = &[
    ("dependentSchemas", Edge::InPlace),
    ("dependencies", Edge::InPlace),
    ("properties", Edge::Key),
    ("patternProperties", Edge::Inward),
    ("$defs", Edge::None),
    ("definitions", Edge::None),
];

/// Keywords that name another schema.
const REFERENCES: &[&str] = &["$ref", "$dynamicRef", "$recursiveRef"];

/// What a schema does with the value that it looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    /// Hands it on.
    InPlace,
    /// Hands on a part of it.
    Inward,
    /// Hands on the one part with a certain key.
    Key,
    /// Nothing.
    None,
}

/// Why a schema is not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SchemaError {
    /// Larger or deeper than any tool needs.
    #[error("the schema is too large: {0}")]
    TooLarge(String),
    /// A reference that leads outside, or nowhere.
    #[error("{keyword} {target:?} at {path:?}: a schema may refer to places within itself alone")]
    Reference {
        /// `$ref` or its like.
        keyword: String,
        /// Where it points.
        target: String,
        /// Where it stands.
        path: String,
    },
    /// It would never come to an end.
    #[error("the schema at {path:?} leads back to itself without looking at a part of the value")]
    Loop {
        /// Where.
        path: String,
    },
    /// It looks at one value too often.
    #[error("the schema at {path:?} looks at the same value more than {MAX_VISITS} times")]
    Exponential {
        /// Where.
        path: String,
    },
    /// It is no schema, or has a pattern that can't be matched in linear time.
    #[error("at {path:?}: {message}")]
    Invalid {
        /// Where.
        path: String,
        /// What the validator says.
        message: String,
    },
}

/// How often a schema looks at one value, by how deep the value has others in it.
#[derive(Clone, Debug)]
pub(super) struct Work {
    /// `visits[depth]`; the last holds for all that are deeper.
    visits: Vec<u64>,
    /// The longest way in place.
    chain: usize,
}

impl Work {
    /// The steps that validating takes, at most, and whether the stack holds.
    pub(super) fn of(&self, depth: usize, values: u64) -> Option<u64> {
        let fits = depth * self.chain.max(1) <= MAX_ARGUMENT_DEPTH * 4;
        let visits = self.visits.get(depth).or(self.visits.last()).copied()?;
        fits.then(|| visits.saturating_mul(values))
    }
}

/// Looks at a schema.
///
/// # Errors
/// If it can't be used.
pub(super) fn inspect(document: &Value) -> Result<Work, SchemaError> {
    if depth_of(document, MAX_DEPTH).is_none() {
        return Err(SchemaError::TooLarge(format!(
            "it is deeper than {MAX_DEPTH}"
        )));
    }
    let bytes = document.to_string().len();
    if bytes > MAX_BYTES {
        let message = format!("{bytes} bytes, where {MAX_BYTES} are the most");
        return Err(SchemaError::TooLarge(message));
    }
    Graph::of(document)?.work()
}

/// How deep values are in each other, 1 for a bare one; `None` if that is more than `most`.
pub(super) fn depth_of(value: &Value, most: usize) -> Option<usize> {
    let rest = most.checked_sub(1)?;
    let inner = match value {
        Value::Array(items) => items
            .iter()
            .try_fold(0, |deepest, item| Some(depth_of(item, rest)?.max(deepest))),
        Value::Object(fields) => fields.values().try_fold(0, |deepest, field| {
            Some(depth_of(field, rest)?.max(deepest))
        }),
        _ => Some(0),
    };
    Some(inner? + 1)
}

/// A schema of the document, and where it leads.
struct Node<'a> {
    path: String,
    schema: &'a Map<String, Value>,
    in_place: Vec<usize>,
    inward: Vec<usize>,
    /// One for each key: of these, only one looks at a part.
    by_key: Vec<usize>,
}

struct Graph<'a> {
    document: &'a Value,
    nodes: Vec<Node<'a>>,
    /// By the path.
    index: HashMap<String, usize>,
    anchors: HashMap<&'a str, Vec<String>>,
    path_bytes: usize,
}

impl<'a> Graph<'a> {
    fn of(document: &'a Value) -> Result<Self, SchemaError> {
        let mut graph = Self {
            document,
            nodes: Vec::new(),
            index: HashMap::new(),
            anchors: HashMap::new(),
            path_bytes: 0,
        };
        graph.node(String::new(), document)?;
        // References are followed when all anchors are known; that may bring more schemas.
        let mut walked = 0;
        let mut referred = 0;
        while referred < graph.nodes.len() {
            while walked < graph.nodes.len() {
                graph.walk(walked)?;
                walked += 1;
            }
            graph.refer(referred)?;
            referred += 1;
        }
        Ok(graph)
    }

    /// The number of a schema; `true` and `false` have none.
    fn node(&mut self, path: String, schema: &'a Value) -> Result<Option<usize>, SchemaError> {
        if let Some(&at) = self.index.get(&path) {
            return Ok(Some(at));
        }
        self.path_bytes += path.len() * places(schema);
        if self.path_bytes > MAX_PATH_BYTES {
            let message = format!("the paths in it have more than {MAX_PATH_BYTES} bytes");
            return Err(SchemaError::TooLarge(message));
        }
        let Some(schema) = schema.as_object() else {
            return Ok(None);
        };
        for keyword in ["$anchor", "$dynamicAnchor"] {
            if let Some(anchor) = schema.get(keyword).and_then(Value::as_str) {
                self.anchors.entry(anchor).or_default().push(path.clone());
            }
        }
        let at = self.nodes.len();
        self.index.insert(path.clone(), at);
        self.nodes.push(Node {
            path,
            schema,
            in_place: Vec::new(),
            inward: Vec::new(),
            by_key: Vec::new(),
        });
        Ok(Some(at))
    }

    /// Finds the schemas within a schema.
    fn walk(&mut self, at: usize) -> Result<(), SchemaError> {
        let schema = self.nodes[at].schema;
        let path = self.nodes[at].path.clone();
        if let Some(id) = schema.get("$id").and_then(Value::as_str)
            && !path.is_empty()
        {
            return Err(reference("$id", id, &path));
        }
        for (keyword, edge) in KEYWORDS {
            match schema.get(*keyword) {
                Some(Value::Array(schemas)) => {
                    for (number, schema) in schemas.iter().enumerate() {
                        let node = self.node(format!("{path}/{keyword}/{number}"), schema)?;
                        self.lead(at, *edge, node);
                    }
                }
                Some(schema) => {
                    let node = self.node(format!("{path}/{keyword}"), schema)?;
                    self.lead(at, *edge, node);
                }
                None => {}
            }
        }
        for (keyword, edge) in MAPS {
            let schemas = schema.get(*keyword).and_then(Value::as_object);
            for (name, schema) in schemas.into_iter().flatten() {
                let name = name.replace('~', "~0").replace('/', "~1");
                let node = self.node(format!("{path}/{keyword}/{name}"), schema)?;
                self.lead(at, *edge, node);
            }
        }
        Ok(())
    }

    /// Follows the references of a schema.
    fn refer(&mut self, at: usize) -> Result<(), SchemaError> {
        let schema = self.nodes[at].schema;
        let path = self.nodes[at].path.clone();
        for keyword in REFERENCES {
            let Some(target) = schema.get(*keyword).and_then(Value::as_str) else {
                continue;
            };
            let wrong = || reference(keyword, target, &path);
            let fragment = target.strip_prefix('#').ok_or_else(wrong)?;
            let fragment = percent_decode_str(fragment).decode_utf8();
            let fragment = fragment.map_err(|_| wrong())?.into_owned();
            let targets = if fragment.is_empty() || fragment.starts_with('/') {
                vec![fragment]
            } else {
                self.anchors
                    .get(fragment.as_str())
                    .cloned()
                    .ok_or_else(wrong)?
            };
            for target in targets {
                let schema = self.document.pointer(&target).ok_or_else(wrong)?;
                let node = self.node(target, schema)?;
                self.lead(at, Edge::InPlace, node);
            }
        }
        Ok(())
    }

    fn lead(&mut self, from: usize, edge: Edge, to: Option<usize>) {
        let (node, Some(to)) = (&mut self.nodes[from], to) else {
            return;
        };
        match edge {
            Edge::InPlace => node.in_place.push(to),
            Edge::Inward => node.inward.push(to),
            Edge::Key => node.by_key.push(to),
            Edge::None => {}
        }
    }

    /// Every schema behind those that it leads to in place.
    fn in_order(&self) -> Result<Vec<usize>, SchemaError> {
        let mut waits: Vec<usize> = self.nodes.iter().map(|node| node.in_place.len()).collect();
        let mut led_from = vec![Vec::new(); self.nodes.len()];
        for (at, node) in self.nodes.iter().enumerate() {
            for &to in &node.in_place {
                led_from[to].push(at);
            }
        }
        let mut order: Vec<usize> = (0..waits.len()).filter(|&at| waits[at] == 0).collect();
        let mut next = 0;
        while let Some(&at) = order.get(next) {
            next += 1;
            for &from in &led_from[at] {
                waits[from] -= 1;
                if waits[from] == 0 {
                    order.push(from);
                }
            }
        }
        match waits.iter().position(|&waits| waits > 0) {
            Some(at) => Err(SchemaError::Loop {
                path: self.nodes[at].path.clone(),
            }),
            None => Ok(order),
        }
    }

    fn work(&self) -> Result<Work, SchemaError> {
        let order = self.in_order()?;
        let mut chains = vec![1; self.nodes.len()];
        for &at in &order {
            let longest = self.nodes[at].in_place.iter().map(|&to| chains[to]).max();
            chains[at] = 1 + longest.unwrap_or(0);
        }
        let chain = chains.iter().copied().max().unwrap_or(1);
        if chain > MAX_CHAIN {
            let message = format!("{chain} schemas stand behind each other, {MAX_CHAIN} may");
            return Err(SchemaError::TooLarge(message));
        }
        let mut visits = Vec::new();
        let mut below = vec![0; self.nodes.len()];
        // Depth 1 is a value with nothing in it.
        for depth in 0..=MAX_ARGUMENT_DEPTH {
            let mut now = vec![0_u64; self.nodes.len()];
            for &at in &order {
                let node = &self.nodes[at];
                let sum = |to: &[usize], of: &[u64]| {
                    to.iter().fold(0_u64, |sum, &to| sum.saturating_add(of[to]))
                };
                // To know what was looked at, the validator looks a second time.
                let has_rest = ["unevaluatedProperties", "unevaluatedItems"]
                    .iter()
                    .any(|keyword| node.schema.contains_key(*keyword));
                let times = if has_rest { 2 } else { 1 };
                let of_key = node.by_key.iter().map(|&to| below[to]).max().unwrap_or(0);
                now[at] = 1_u64
                    .saturating_add(sum(&node.in_place, &now).saturating_mul(times))
                    .saturating_add(sum(&node.inward, &below))
                    .saturating_add(of_key);
                if depth == 0 && now[at] > MAX_VISITS {
                    let path = node.path.clone();
                    return Err(SchemaError::Exponential { path });
                }
            }
            visits.push(now.first().copied().unwrap_or(1));
            if now == below {
                break;
            }
            below = now;
        }
        Ok(Work { visits, chain })
    }
}

/// The places that have a path of their own: the schema, its keywords, and what these list.
fn places(schema: &Value) -> usize {
    let within = |value: &Value| match value {
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        _ => 0,
    };
    let keywords = schema.as_object().into_iter().flatten();
    1 + keywords.map(|(_, value)| 1 + within(value)).sum::<usize>()
}

fn reference(keyword: &str, target: &str, path: &str) -> SchemaError {
    SchemaError::Reference {
        keyword: keyword.to_owned(),
        target: target.chars().take(200).collect(),
        path: path.to_owned(),
    }
}
