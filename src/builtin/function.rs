//! A tool that is a function over a type of arguments.

use std::sync::Arc;

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::Engines;
use crate::tool::{Tool, ToolContext, ToolError, ToolOutput, ToolSpec};

/// What it does with its arguments.
type Run<Arguments> = fn(Arguments, &Engines, &ToolContext) -> Result<ToolOutput, ToolError>;

struct Function<Arguments> {
    spec: ToolSpec,
    engines: Arc<Engines>,
    run: Run<Arguments>,
    is_pure: fn(&Value) -> bool,
    is_contained: fn(&Value) -> bool,
}

impl<Arguments: DeserializeOwned> Tool for Function<Arguments> {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn is_pure(&self, arguments: &Value) -> bool {
        (self.is_pure)(arguments)
    }

    fn is_contained(&self, arguments: &Value) -> bool {
        (self.is_contained)(arguments)
    }

    fn run(&self, arguments: Value, context: &ToolContext) -> Result<ToolOutput, ToolError> {
        // They fit the schema, which is this type's: only what a schema can't say is left.
        let arguments = serde_json::from_value(arguments)
            .map_err(|error| ToolError::failed(format!("the arguments don't fit: {error}")))?;
        (self.run)(arguments, &self.engines, context)
    }
}

/// A tool with the schema of its arguments' type; `describe` fills in the rest of the spec.
pub(super) fn function<Arguments: DeserializeOwned + JsonSchema + 'static>(
    engines: &Arc<Engines>,
    name: &str,
    description: &str,
    describe: impl FnOnce(&mut ToolSpec),
    run: Run<Arguments>,
) -> Arc<dyn Tool> {
    contained_function(engines, name, description, describe, |_| false, run)
}

/// The same for a tool of which some calls touch nothing of the user's.
pub(super) fn contained_function<Arguments: DeserializeOwned + JsonSchema + 'static>(
    engines: &Arc<Engines>,
    name: &str,
    description: &str,
    describe: impl FnOnce(&mut ToolSpec),
    is_contained: fn(&Value) -> bool,
    run: Run<Arguments>,
) -> Arc<dyn Tool> {
    let mut spec = ToolSpec::of::<Arguments>(name, description).expect("a name of ours");
    describe(&mut spec);
    Arc::new(Function {
        spec,
        engines: Arc::clone(engines),
        run,
        is_pure: |_| true,
        is_contained,
    })
}

/// The same for a tool whose results are kept, of calls that depend on their arguments alone.
pub(super) fn pure_function<Arguments: DeserializeOwned + JsonSchema + 'static>(
    engines: &Arc<Engines>,
    name: &str,
    description: &str,
    describe: impl FnOnce(&mut ToolSpec),
    is_pure: fn(&Value) -> bool,
    run: Run<Arguments>,
) -> Arc<dyn Tool> {
    let mut spec = ToolSpec::of::<Arguments>(name, description).expect("a name of ours");
    describe(&mut spec);
    Arc::new(Function {
        spec,
        engines: Arc::clone(engines),
        run,
        is_pure,
        // What depends on its arguments alone touches nothing else.
        is_contained: is_pure,
    })
}
