//! From the text of a cell or a program to what `QuickJS` is given.
//!
//! A cell becomes a block, `{ $companion({ x: [() => x, …] }); … }`, with one line of ours before
//! the user's first: `let`, `const` and `class` keep their own rules inside it, the block's value
//! is the cell's value, and the accessors that the first line publishes on the global object let
//! later cells see the same variables, live. A later cell that declares the name again replaces
//! the accessor. No character of the user's is moved, so columns stay and lines are off by one,
//! which `core.js` subtracts. A program becomes the function that node makes of a `CommonJS` file,
//! or a module as it stands.

use std::borrow::Cow;

use oxc_allocator::Allocator;
use oxc_ast::ast::{
    BindingIdentifier, BindingPattern, Declaration, ExportDefaultDeclarationKind, Expression,
    ForStatementInit, ForStatementLeft, ImportDeclaration, ImportDeclarationSpecifier,
    ObjectPropertyKind, Statement, VariableDeclaration, VariableDeclarationKind,
};
use oxc_parser::{ParseOptions, Parser, ParserReturn};
use oxc_span::{GetSpan, SourceType, Span};
use serde::Serialize;

use crate::kernel::ExecuteMode;
use crate::nesting::javascript as scan;

/// What is evaluated, and how.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// What `QuickJS` is given.
    pub text: String,
    /// How it runs.
    pub form: Form,
    /// Names of `var` and functions, for which the global object has to make way.
    pub declared: Vec<String>,
}

/// The ways to run a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// A block of global code whose value is the result.
    Cell {
        /// It awaits.
        is_async: bool,
        /// It begins with `"use strict"`.
        is_strict: bool,
    },
    /// A function expression that takes `exports, require, module, __filename, __dirname`.
    CommonJs {
        /// It awaits.
        is_async: bool,
    },
    /// A module.
    Module,
}

impl Form {
    /// Whether a line of ours comes before the user's first.
    pub fn is_shifted(self) -> bool {
        self != Self::Module
    }
}

/// Text that is not JavaScript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SyntaxError {
    /// What is wrong, without the class.
    pub message: String,
    /// Where, in bytes of the source.
    pub offset: usize,
    /// How many bytes are wrong.
    pub len: usize,
    /// The last place that the message speaks of, in bytes of the source.
    pub last_offset: usize,
}

/// Plans how to run a source.
pub(super) fn plan(source: &str, mode: &ExecuteMode) -> Result<Plan, SyntaxError> {
    let source = without_hashbang(source);
    if let Some(refusal) = scan::scan(&source).refusal {
        return Err(SyntaxError {
            message: refusal.message.to_owned(),
            offset: refusal.offset,
            last_offset: refusal.offset,
            len: 1,
        });
    }
    match mode {
        ExecuteMode::Cell { .. } => plan_cell(&source),
        ExecuteMode::Tool { name } => plan_cell(&format!(
            "await globalThis[Symbol.for('companion.require')]('companion')\
             [Symbol.for('companion.run')]({}, {})",
            quoted(name),
            quoted(&source)
        )),
        ExecuteMode::Program {
            name, wants_result, ..
        } => {
            let is_mjs = std::path::Path::new(name)
                .extension()
                .is_some_and(|extension| extension.eq_ignore_ascii_case("mjs"));
            plan_program(&source, is_mjs, *wants_result)
        }
    }
}

/// Whether a text would run as a cell. The caller has looked at its size and depth.
pub(super) fn check_cell(source: &str) -> Result<(), SyntaxError> {
    plan_cell(&without_hashbang(source)).map(|_| ())
}

fn plan_program(source: &str, is_mjs: bool, wants_result: bool) -> Result<Plan, SyntaxError> {
    let allocator = Allocator::default();
    let kind = if is_mjs {
        SourceType::mjs()
    } else {
        SourceType::unambiguous()
    };
    let parsed = parse(&allocator, source, kind, true)
        .or_else(|error| parse_awaiting(&allocator, source).ok_or(error))?;
    // What only awaits is node's kind of program still: it may `require`.
    let has_declarations = parsed
        .program
        .body
        .iter()
        .any(Statement::is_module_declaration);
    let has_meta = !parsed.module_record.import_metas.is_empty();
    let is_module = is_mjs || has_declarations || has_meta;
    let is_async = parsed.program.source_type.is_module();
    let exports = !parsed.module_record.exported_bindings.is_empty()
        || !parsed.module_record.indirect_export_entries.is_empty()
        || !parsed.module_record.star_export_entries.is_empty();
    if is_module && (exports || !wants_result) {
        return Ok(Plan {
            text: source.to_owned(),
            form: Form::Module,
            declared: Vec::new(),
        });
    }
    if wants_result && let Ok(plan) = plan_cell(source) {
        return Ok(plan);
    }
    Ok(Plan {
        text: format!(
            "({}function (exports, require, module, __filename, __dirname) {{\n{source}\n}})",
            if is_async { "async " } else { "" }
        ),
        form: Form::CommonJs { is_async },
        declared: Vec::new(),
    })
}

fn plan_cell(source: &str) -> Result<Plan, SyntaxError> {
    let trimmed = source.trim();
    if trimmed.starts_with('{') && !trimmed.ends_with(';') {
        // `{ a: 1 }` alone is an object, as node's REPL takes it.
        let expression = format!("($companion(), (\n{source}\n))");
        let allocator = Allocator::default();
        if let Ok(parsed) = parse(&allocator, &expression, SourceType::unambiguous(), false) {
            let form = Form::Cell {
                is_async: parsed.program.source_type.is_module(),
                is_strict: false,
            };
            return Ok(Plan {
                text: expression,
                form,
                declared: Vec::new(),
            });
        }
    }

    let allocator = Allocator::default();
    let mut parsed = parse(&allocator, source, SourceType::unambiguous(), false)
        .or_else(|error| parse_awaiting(&allocator, source).ok_or(error))?;
    // `await (x)` could be a call in a script; in a cell nobody means that.
    if parsed.program.source_type.is_script()
        && let Some(module) = parse_awaiting(&allocator, source)
    {
        parsed = module;
    }
    let is_async = parsed.program.source_type.is_module();
    let is_strict = parsed
        .program
        .directives
        .iter()
        .any(|directive| directive.directive.as_str() == "use strict");

    let mut names = Names::default();
    let mut edits = Vec::new();
    for statement in &parsed.program.body {
        names.top_level(statement, &mut edits)?;
    }
    let mut bindings = String::new();
    for name in &names.published {
        let parameter = if name == "$0" { "$1" } else { "$0" };
        bindings.extend([
            name, ":[()=>", name, ",", parameter, "=>", name, "=", parameter, "],",
        ]);
    }
    Ok(Plan {
        text: format!(
            "{{$companion({{__proto__:null,{bindings}}});\n{}\n}}",
            edited(source, &edits)
        ),
        form: Form::Cell {
            is_async,
            is_strict,
        },
        declared: names.declared,
    })
}

/// A parameter of a function, as `companion.js` reads it.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Parameter {
    /// Its name; none of one that is taken apart.
    pub name: Option<String>,
    /// It takes an array apart, or something else that goes by places.
    pub is_array: bool,
    /// It has a default.
    pub is_optional: bool,
    /// It takes the rest.
    pub is_rest: bool,
}

/// The parameters of a function, of its text; nothing for one that is compiled in or bound.
pub(super) fn parameters(function: &str) -> Option<Vec<Parameter>> {
    // A method is one in an object only.
    let texts = [format!("({function})"), format!("({{{function}}})")];
    texts.iter().find_map(|text| {
        if scan::scan(text).refusal.is_some() {
            return None;
        }
        let allocator = Allocator::default();
        let parsed = parse(&allocator, text, SourceType::cjs(), false).ok()?;
        let [Statement::ExpressionStatement(statement)] = parsed.program.body.as_slice() else {
            return None;
        };
        let parameters = match statement.expression.get_inner_expression() {
            Expression::FunctionExpression(function) => &function.params,
            Expression::ArrowFunctionExpression(function) => &function.params,
            Expression::ObjectExpression(object) => match object.properties.as_slice() {
                [ObjectPropertyKind::ObjectProperty(property)] => match &property.value {
                    Expression::FunctionExpression(function) => &function.params,
                    _ => return None,
                },
                _ => return None,
            },
            _ => return None,
        };
        let of = |pattern: &BindingPattern<'_>, is_optional, is_rest| Parameter {
            name: match pattern {
                BindingPattern::BindingIdentifier(id) => Some(id.name.to_string()),
                _ => None,
            },
            is_array: matches!(pattern, BindingPattern::ArrayPattern(_)),
            is_optional,
            is_rest,
        };
        let items = parameters.items.iter();
        let rest = parameters.rest.iter();
        Some(
            items
                .map(|item| of(&item.pattern, item.initializer.is_some(), false))
                .chain(rest.map(|rest| of(&rest.rest.argument, false, true)))
                .collect(),
        )
    })
}

fn parse<'a>(
    allocator: &'a Allocator,
    source: &'a str,
    kind: SourceType,
    allow_return: bool,
) -> Result<ParserReturn<'a>, SyntaxError> {
    let options = ParseOptions {
        allow_return_outside_function: allow_return,
        ..ParseOptions::default()
    };
    let parsed = Parser::new(allocator, source, kind)
        .with_options(options)
        .parse();
    let error = parsed.diagnostics.errors().next().map(|error| {
        let span = error.labels.first();
        SyntaxError {
            message: error.message.to_string(),
            offset: span.map_or(source.len(), |label| label.offset() as usize),
            len: span.map_or(0, |label| label.len() as usize),
            last_offset: error
                .labels
                .iter()
                .map(|label| label.offset() as usize)
                .max()
                .unwrap_or(source.len()),
        }
    });
    match error {
        Some(error) => Err(error),
        None => Ok(parsed),
    }
}

/// The text as a module, if it has an `await` that the guess of the parser overlooked.
fn parse_awaiting<'a>(allocator: &'a Allocator, source: &'a str) -> Option<ParserReturn<'a>> {
    if !source.contains("await") {
        return None;
    }
    parse(allocator, source, SourceType::mjs(), true).ok()
}

/// A leading `#!` line becomes a comment of the same length.
fn without_hashbang(source: &str) -> Cow<'_, str> {
    match source.strip_prefix("#!") {
        Some(rest) => Cow::Owned(format!("//{rest}")),
        None => Cow::Borrowed(source),
    }
}

/// A stretch of source and what comes in its place.
type Edit = (Span, String);

fn edited(source: &str, edits: &[Edit]) -> String {
    let mut text = String::with_capacity(source.len());
    let mut at = 0;
    for (span, replacement) in edits {
        let (start, end) = (span.start as usize, span.end as usize);
        text.push_str(source.get(at..start).unwrap_or_default());
        text.push_str(replacement);
        // Line numbers stay.
        let replaced = source.get(start..end).unwrap_or_default();
        text.extend(replaced.matches('\n').map(|_| '\n'));
        at = end;
    }
    text.push_str(source.get(at..).unwrap_or_default());
    text
}

/// The names that a cell declares at its top level.
#[derive(Default)]
struct Names {
    /// Bindings of the block: published as accessors.
    published: Vec<String>,
    /// `var` and functions: properties of the global object.
    declared: Vec<String>,
}

impl Names {
    fn top_level(
        &mut self,
        statement: &Statement<'_>,
        edits: &mut Vec<Edit>,
    ) -> Result<(), SyntaxError> {
        match statement {
            Statement::VariableDeclaration(declaration) => self.variables(declaration)?,
            Statement::FunctionDeclaration(function) => {
                if let Some(id) = &function.id {
                    self.function(&id.name);
                }
            }
            Statement::ClassDeclaration(class) => {
                if let Some(id) = &class.id {
                    self.lexical(&id.name, id.span)?;
                }
            }
            Statement::ImportDeclaration(import) => {
                for id in import_ids(import) {
                    self.lexical(&id.name, id.span)?;
                }
                edits.push((import.span, as_dynamic_import(import)));
            }
            Statement::ExportDeclaration(export) => {
                match &export.declaration {
                    Declaration::VariableDeclaration(variables) => self.variables(variables)?,
                    Declaration::FunctionDeclaration(function) => {
                        if let Some(id) = &function.id {
                            self.function(&id.name);
                        }
                    }
                    Declaration::ClassDeclaration(class) => {
                        if let Some(id) = &class.id {
                            self.lexical(&id.name, id.span)?;
                        }
                    }
                    _ => {}
                }
                let keyword = Span::new(export.span.start, export.declaration.span().start);
                edits.push((keyword, blank(keyword)));
            }
            Statement::ExportNamedDeclaration(export) => {
                edits.push((export.span, ";".to_owned()));
            }
            Statement::ExportFromDeclaration(export) => return Err(no_export(export.span)),
            Statement::ExportDefaultDeclaration(export) => {
                let keyword = Span::new(export.span.start, export.declaration.span().start);
                match &export.declaration {
                    ExportDefaultDeclarationKind::FunctionDeclaration(function) => {
                        match &function.id {
                            Some(id) => self.function(&id.name),
                            None => return Err(no_export(export.span)),
                        }
                    }
                    ExportDefaultDeclarationKind::ClassDeclaration(class) => match &class.id {
                        Some(id) => self.lexical(&id.name, id.span)?,
                        None => return Err(no_export(export.span)),
                    },
                    _ => {}
                }
                edits.push((keyword, blank(keyword)));
            }
            Statement::ExportAllDeclaration(export) => return Err(no_export(export.span)),
            Statement::LabeledStatement(labeled) => {
                if let Statement::FunctionDeclaration(function) = &labeled.body
                    && let Some(id) = &function.id
                {
                    self.function(&id.name);
                } else {
                    self.nested(&labeled.body);
                }
            }
            other => self.nested(other),
        }
        Ok(())
    }

    fn publish(&mut self, name: &str) {
        if !self.published.iter().any(|known| known == name) {
            self.published.push(name.to_owned());
        }
    }

    fn declare(&mut self, name: &str) {
        if !self.declared.iter().any(|known| known == name) {
            self.declared.push(name.to_owned());
        }
    }

    /// A function is a binding of the block, and in sloppy code a property of the global object.
    fn function(&mut self, name: &str) {
        self.publish(name);
        self.declare(name);
    }

    /// A binding that no other of the same cell may share its name with. `QuickJS` knows that too,
    /// but says neither the name nor the place.
    fn lexical(&mut self, name: &str, span: Span) -> Result<(), SyntaxError> {
        if self.published.iter().any(|known| known == name) {
            return Err(SyntaxError {
                message: format!("Identifier '{name}' has already been declared"),
                offset: span.start as usize,
                len: span.size() as usize,
                last_offset: span.start as usize,
            });
        }
        self.publish(name);
        Ok(())
    }

    fn variables(&mut self, declaration: &VariableDeclaration<'_>) -> Result<(), SyntaxError> {
        if declaration.kind == VariableDeclarationKind::Var {
            self.only_var(declaration);
            return Ok(());
        }
        for declarator in &declaration.declarations {
            for id in declarator.id.get_binding_identifiers() {
                self.lexical(&id.name, id.span)?;
            }
        }
        Ok(())
    }

    /// `var` and functions inside of statements belong to the whole cell.
    fn nested(&mut self, statement: &Statement<'_>) {
        match statement {
            Statement::VariableDeclaration(declaration) => self.only_var(declaration),
            Statement::FunctionDeclaration(function) => {
                if let Some(id) = &function.id {
                    self.declare(&id.name);
                }
            }
            Statement::BlockStatement(block) => self.all_nested(&block.body),
            Statement::IfStatement(branch) => {
                self.nested(&branch.consequent);
                if let Some(alternate) = &branch.alternate {
                    self.nested(alternate);
                }
            }
            Statement::ForStatement(looped) => {
                if let Some(ForStatementInit::VariableDeclaration(declaration)) = &looped.init {
                    self.only_var(declaration);
                }
                self.nested(&looped.body);
            }
            Statement::ForInStatement(looped) => {
                self.loop_variable(&looped.left);
                self.nested(&looped.body);
            }
            Statement::ForOfStatement(looped) => {
                self.loop_variable(&looped.left);
                self.nested(&looped.body);
            }
            Statement::WhileStatement(looped) => self.nested(&looped.body),
            Statement::DoWhileStatement(looped) => self.nested(&looped.body),
            Statement::LabeledStatement(labeled) => self.nested(&labeled.body),
            Statement::WithStatement(with) => self.nested(&with.body),
            Statement::SwitchStatement(switch) => {
                for case in &switch.cases {
                    self.all_nested(&case.consequent);
                }
            }
            Statement::TryStatement(attempt) => {
                self.all_nested(&attempt.block.body);
                if let Some(handler) = &attempt.handler {
                    self.all_nested(&handler.body.body);
                }
                if let Some(finalizer) = &attempt.finalizer {
                    self.all_nested(&finalizer.body);
                }
            }
            _ => {}
        }
    }

    fn all_nested(&mut self, statements: &[Statement<'_>]) {
        for statement in statements {
            self.nested(statement);
        }
    }

    fn loop_variable(&mut self, left: &ForStatementLeft<'_>) {
        if let ForStatementLeft::VariableDeclaration(declaration) = left {
            self.only_var(declaration);
        }
    }

    fn only_var(&mut self, declaration: &VariableDeclaration<'_>) {
        if declaration.kind == VariableDeclarationKind::Var {
            for declarator in &declaration.declarations {
                for id in declarator.id.get_binding_identifiers() {
                    self.declare(&id.name);
                }
            }
        }
    }
}

fn no_export(span: Span) -> SyntaxError {
    SyntaxError {
        message: "this form of export has no meaning in a cell".to_owned(),
        offset: span.start as usize,
        len: span.size() as usize,
        last_offset: span.start as usize,
    }
}

fn blank(span: Span) -> String {
    " ".repeat(span.size() as usize)
}

fn import_ids<'a, 'b>(
    import: &'b ImportDeclaration<'a>,
) -> impl Iterator<Item = &'b BindingIdentifier<'a>> {
    import
        .specifiers
        .iter()
        .flatten()
        .map(|specifier| match specifier {
            ImportDeclarationSpecifier::ImportSpecifier(named) => &named.local,
            ImportDeclarationSpecifier::ImportDefaultSpecifier(default) => &default.local,
            ImportDeclarationSpecifier::ImportNamespaceSpecifier(all) => &all.local,
        })
}

/// `import a, { b as c } from "m"` as `const { "default": a, "b": c } = await import("m");`.
fn as_dynamic_import(import: &ImportDeclaration<'_>) -> String {
    let mut module = format!("await import({})", quoted(&import.source.value));
    if matches!(import.source.value.as_str(), "companion" | "node:companion") {
        // A module has the names of the day it was loaded, its default export those of today.
        module = format!("({module}).default");
    }
    let mut fields = String::new();
    let mut namespace = None;
    for specifier in import.specifiers.iter().flatten() {
        match specifier {
            ImportDeclarationSpecifier::ImportSpecifier(named) => {
                let imported = quoted(&named.imported.name());
                fields.extend([&imported, ": ", &named.local.name, ", "]);
            }
            ImportDeclarationSpecifier::ImportDefaultSpecifier(default) => {
                fields.extend(["\"default\": ", &default.local.name, ", "]);
            }
            ImportDeclarationSpecifier::ImportNamespaceSpecifier(all) => {
                namespace = Some(all.local.name.as_str());
            }
        }
    }
    match (namespace, fields.is_empty()) {
        (Some(all), true) => format!("const {all} = {module};"),
        (Some(all), false) => format!("const {all} = {module}, {{ {fields}}} = {all};"),
        (None, false) => format!("const {{ {fields}}} = {module};"),
        (None, true) => format!("{module};"),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_of_any_function() {
        let named = |text: &str| {
            let of = |parameter: Parameter| {
                let name = parameter
                    .name
                    .unwrap_or_else(|| if parameter.is_array { "[]" } else { "{}" }.to_owned());
                let before = if parameter.is_rest { "..." } else { "" };
                let after = if parameter.is_optional { "=" } else { "" };
                format!("{before}{name}{after}")
            };
            let parameters = parameters(text)?.into_iter().map(of);
            Some(parameters.collect::<Vec<_>>().join(" "))
        };
        let cases = [
            ("function f() {}", ""),
            ("function f(a, sep = ',') {}", "a sep="),
            (
                "async function* f(a, xs = [1, 2], ...rest) {}",
                "a xs= ...rest",
            ),
            ("(a /* , b */, c = `${(1, ')')}`) => a", "a c="),
            ("async x => x", "x"),
            ("({ w, h } = {}, [a], b = /[,)]/) => w", "{}= [] b="),
            ("run(a, b) { return a; }", "a b"),
            ("async *['a' + 1](a) {}", "a"),
        ];
        for (text, expected) in cases {
            assert_eq!(named(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "function f() {\n    [native code]\n}",
            "class A {}",
            "x",
            "",
        ] {
            assert_eq!(named(text), None, "{text}");
        }
    }

    #[test]
    fn what_awaits_may_require_and_what_imports_is_a_module() {
        let form = |source: &str, is_mjs| plan_program(source, is_mjs, false).map(|plan| plan.form);
        let common = |is_async| Ok(Form::CommonJs { is_async });
        assert_eq!(form("require('fs')", false), common(false));
        assert_eq!(form("await require('fs')", false), common(true));
        assert_eq!(form("await require('fs')", true), Ok(Form::Module));
        for source in ["import 'fs'; await 1", "export {}", "await import.meta"] {
            assert_eq!(form(source, false), Ok(Form::Module), "{source}");
        }
    }
}
