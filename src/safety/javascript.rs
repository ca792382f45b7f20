//! What can be seen in JavaScript.
//!
//! As for Python: names are followed through declarations, strings through `+` and templates, as
//! far as they are constant.

mod constant;

use std::collections::{HashMap, HashSet};

use oxc_allocator::Allocator;
use oxc_ast::ast::{
    Argument, AssignmentExpression, AssignmentTarget, BindingPattern, CallExpression, Expression,
    ForStatement, ImportDeclaration, ImportExpression, NewExpression, SimpleAssignmentTarget,
    Statement, VariableDeclarator, WhileStatement,
};
use oxc_ast_visit::{Visit, walk};
use oxc_parser::{ParseOptions, Parser, ParserReturn};
use oxc_span::{SourceType, Span};

use constant::{big, fold, literal, number};

use super::rules::{self, Rule};
use super::{Lines, text};
use crate::nesting::javascript::scan;
use crate::protocol::Finding;

/// `eval("eval('…')")`.
const MAX_INNER: usize = 3;
/// A number of elements or bytes that no cell has room for.
const TOO_MANY: f64 = 5e8;

/// Modules that have one purpose.
const MODULES: &[(&str, &Rule)] = &[
    ("child_process", &rules::JS_PROCESS),
    ("cluster", &rules::JS_PROCESS),
    ("worker_threads", &rules::JS_PROCESS),
    ("process", &rules::JS_PROCESS),
    ("os", &rules::JS_PROCESS),
    ("std", &rules::JS_PROCESS),
    ("execa", &rules::JS_PROCESS),
    ("shelljs", &rules::JS_PROCESS),
    ("vm", &rules::JS_ESCAPE),
    ("vm2", &rules::JS_ESCAPE),
    ("v8", &rules::JS_ESCAPE),
    ("inspector", &rules::JS_ESCAPE),
    ("module", &rules::JS_ESCAPE),
    ("fs", &rules::JS_FILE),
    ("fs-extra", &rules::JS_FILE),
    ("net", &rules::JS_NETWORK),
    ("http", &rules::JS_NETWORK),
    ("https", &rules::JS_NETWORK),
    ("http2", &rules::JS_NETWORK),
    ("dgram", &rules::JS_NETWORK),
    ("tls", &rules::JS_NETWORK),
    ("dns", &rules::JS_NETWORK),
    ("undici", &rules::JS_NETWORK),
    ("ws", &rules::JS_NETWORK),
    ("axios", &rules::JS_NETWORK),
    ("node-fetch", &rules::JS_NETWORK),
    ("got", &rules::JS_NETWORK),
    ("request", &rules::JS_NETWORK),
];

/// Names by their dotted paths; all that begin so.
const USES: &[(&str, &Rule)] = &[
    ("process.binding", &rules::JS_ESCAPE),
    ("process._linkedBinding", &rules::JS_ESCAPE),
    ("process.dlopen", &rules::JS_ESCAPE),
    ("process.mainModule", &rules::JS_ESCAPE),
    ("process.getBuiltinModule", &rules::JS_ESCAPE),
    ("module.constructor", &rules::JS_ESCAPE),
    ("require.main", &rules::JS_ESCAPE),
    ("require.cache", &rules::JS_ESCAPE),
    ("process.kill", &rules::JS_PROCESS),
    ("Deno.", &rules::JS_PROCESS),
    ("Bun.", &rules::JS_PROCESS),
    ("navigator.sendBeacon", &rules::JS_NETWORK),
];

/// Functions of the network.
const NETWORK: &[&str] = &[
    "fetch",
    "XMLHttpRequest",
    "WebSocket",
    "EventSource",
    "importScripts",
    "RTCPeerConnection",
];

/// Looks at a program.
pub(super) fn examine(source: &str) -> Vec<Finding> {
    let lines = Lines::of(source);
    let mut findings = text::examine(source, &lines);
    inside(source, 0, &mut findings, None);
    findings
}

fn inside(source: &str, depth: usize, findings: &mut Vec<Finding>, at: Option<(u32, u32)>) {
    let lines = Lines::of(source);
    let place = at.unwrap_or((1, 1));
    // A leading `#!` line becomes a comment of the same length.
    let whole = source.strip_prefix("#!").map(|rest| format!("//{rest}"));
    let source = whole.as_deref().unwrap_or(source);
    if let Some(refusal) = scan(source).refusal {
        let place = at.unwrap_or_else(|| lines.place(refusal.offset));
        return findings.push(rules::UNREAD.finding(place, refusal.message));
    }
    let allocator = Allocator::default();
    let mut reader = Reader {
        lines: &lines,
        at,
        depth,
        shift: 0,
        findings,
        names: HashMap::new(),
        decoded: HashSet::new(),
    };
    let kinds = [
        SourceType::unambiguous(),
        SourceType::mjs(),
        SourceType::cjs(),
    ];
    let mut problem = None;
    for kind in kinds {
        match parse(&allocator, source, kind) {
            Ok(parsed) => return reader.visit_program(&parsed.program),
            Err(error) => problem = problem.or(Some(error)),
        }
    }
    // `{ a: 1 }` alone is an object at the prompt.
    let expression = format!("({source}\n)");
    if source.trim_start().starts_with('{')
        && let Ok(parsed) = parse(&allocator, &expression, SourceType::unambiguous())
    {
        reader.shift = 1;
        return reader.visit_program(&parsed.program);
    }
    if let Some((offset, message)) = problem
        && at.is_none()
    {
        findings.push(rules::SYNTAX.finding(lines.place(offset), &message));
    } else if at.is_some() {
        findings.push(rules::SYNTAX.finding(place, "the text that it runs"));
    }
}

fn parse<'a>(
    allocator: &'a Allocator,
    source: &'a str,
    kind: SourceType,
) -> Result<ParserReturn<'a>, (usize, String)> {
    let options = ParseOptions {
        allow_return_outside_function: true,
        ..ParseOptions::default()
    };
    let parsed = Parser::new(allocator, source, kind)
        .with_options(options)
        .parse();
    let error = parsed.diagnostics.errors().next().map(|error| {
        let offset = error
            .labels
            .first()
            .map_or(0, |label| label.offset() as usize);
        (offset, error.message.to_string())
    });
    error.map_or(Ok(parsed), Err)
}

struct Reader<'s> {
    lines: &'s Lines<'s>,
    /// The place of the string that holds the program, if one does.
    at: Option<(u32, u32)>,
    depth: usize,
    /// Characters that were put before the source.
    shift: usize,
    findings: &'s mut Vec<Finding>,
    /// What names stand for.
    names: HashMap<String, String>,
    /// Names that hold what was decoded.
    decoded: HashSet<String>,
}

impl Reader<'_> {
    fn tell(&mut self, rule: &Rule, span: Span, seen: &str) {
        let offset = (span.start as usize).saturating_sub(self.shift);
        let place = self.at.unwrap_or_else(|| self.lines.place(offset));
        self.findings.push(rule.finding(place, seen));
    }

    /// The dotted name of what an expression stands for: `process.binding`.
    fn path(&self, expr: &Expression<'_>) -> Option<String> {
        let mut parts: Vec<String> = Vec::new();
        let mut expr = expr.get_inner_expression();
        let head = loop {
            match expr {
                Expression::StaticMemberExpression(member) => {
                    parts.push(member.property.name.to_string());
                    expr = member.object.get_inner_expression();
                }
                Expression::ComputedMemberExpression(member) => {
                    parts.push(fold(&member.expression)?);
                    expr = member.object.get_inner_expression();
                }
                Expression::Identifier(name) => {
                    let name = name.name.as_str();
                    break self
                        .names
                        .get(name)
                        .cloned()
                        .unwrap_or_else(|| name.to_owned());
                }
                Expression::CallExpression(call) => break required(call)?,
                Expression::ThisExpression(_) => break "this".to_owned(),
                _ => return None,
            }
        };
        parts.push(head);
        parts.reverse();
        // The global object's names are names.
        while parts.len() > 1
            && matches!(
                parts[0].as_str(),
                "globalThis" | "window" | "self" | "global" | "this"
            )
        {
            parts.remove(0);
        }
        Some(parts.join("."))
    }

    fn module(&mut self, name: &str, span: Span) {
        let name = name.trim_start_matches("node:");
        let head = name.split('/').next().unwrap_or(name);
        if let Some((_, rule)) = MODULES.iter().find(|(known, _)| *known == head) {
            self.tell(rule, span, &format!("module {name}"));
        }
    }

    fn used(&mut self, path: &str, span: Span) {
        if let Some((_, rule)) = USES.iter().find(|(name, _)| path.starts_with(name)) {
            self.tell(rule, span, path);
        }
    }

    /// A call, or `new`.
    fn call(&mut self, callee: &Expression<'_>, arguments: &[Argument<'_>], span: Span) {
        let first = arguments.first().and_then(Argument::as_expression);
        let last = arguments.last().and_then(Argument::as_expression);
        let path = self.path(callee).unwrap_or_default();
        let path = path
            .strip_suffix(".call")
            .or(path.strip_suffix(".apply"))
            .unwrap_or(&path);
        match path {
            "require" => match first.and_then(fold) {
                Some(name) => self.module(&name, span),
                None => self.tell(
                    &rules::JS_IMPORT,
                    span,
                    "require of a name that is put together",
                ),
            },
            "eval" | "Function" | "GeneratorFunction" | "AsyncFunction" => {
                if let Some(code) = last {
                    self.run_text(path, code, span);
                }
            }
            "setTimeout" | "setInterval" | "setImmediate" => {
                let is_text = first.is_some_and(|first| fold(first).is_some());
                if let Some(code) = first.filter(|_| is_text) {
                    self.run_text(path, code, span);
                }
            }
            "Reflect.get"
            | "Object.getOwnPropertyDescriptor"
            | "Reflect.getOwnPropertyDescriptor" => {
                let name = arguments
                    .get(1)
                    .and_then(Argument::as_expression)
                    .and_then(fold);
                if name.as_deref() == Some("constructor") {
                    self.tell(
                        &rules::JS_ESCAPE,
                        span,
                        &format!("{path} of \"constructor\""),
                    );
                }
            }
            "Object.defineProperty"
            | "Object.defineProperties"
            | "Object.assign"
            | "Reflect.defineProperty"
            | "Reflect.set"
            | "Object.setPrototypeOf"
                if first.and_then(|first| self.path(first)).as_deref()
                    == Some("Object.prototype") =>
            {
                let seen = format!("{path} on Object.prototype");
                self.tell(&rules::JS_PROTO, span, &seen);
            }
            "Array" | "ArrayBuffer" | "SharedArrayBuffer" | "Uint8Array" | "Uint16Array"
            | "Uint32Array" | "Int8Array" | "Int16Array" | "Int32Array" | "Float32Array"
            | "Float64Array" | "BigInt64Array" | "Buffer.alloc" | "Buffer.allocUnsafe"
                if arguments.len() == 1 && first.and_then(number).is_some_and(|n| n > TOO_MANY) =>
            {
                self.tell(&rules::JS_BOMB, span, &format!("{path} of billions"));
            }
            _ if NETWORK.contains(&path) => self.tell(&rules::JS_NETWORK, span, path),
            _ => {}
        }
        let Some(method) = method_of(callee) else {
            return;
        };
        match method.as_str() {
            "repeat" | "padStart" | "padEnd"
                if first.and_then(number).is_some_and(|n| n > TOO_MANY) =>
            {
                self.tell(&rules::JS_BOMB, span, &format!(".{method}() to gigabytes"));
            }
            "constructor" if first.is_some_and(|first| fold(first).is_some()) => {
                self.tell(&rules::JS_ESCAPE, span, ".constructor() of text");
            }
            "getThis" | "getFunction" => {
                self.tell(
                    &rules::JS_ESCAPE,
                    span,
                    &format!(".{method}() of a stack frame"),
                );
            }
            "__defineGetter__" | "__defineSetter__" | "__lookupGetter__" | "__lookupSetter__" => {
                self.tell(&rules::JS_PROTO, span, &method);
            }
            _ => {}
        }
    }

    fn run_text(&mut self, name: &str, code: &Expression<'_>, span: Span) {
        if let Some(code) = literal(code)
            && self.depth < MAX_INNER
        {
            let offset = (span.start as usize).saturating_sub(self.shift);
            let place = self.at.unwrap_or_else(|| self.lines.place(offset));
            if name == "Function" {
                // The constructor itself leads out of a scope, whatever the text.
                self.tell(&rules::JS_EXEC, span, "Function");
            }
            inside(&code, self.depth + 1, self.findings, Some(place));
        } else if self.is_decoded(code) {
            let seen = format!("{name} of text that is decoded or put together");
            self.tell(&rules::JS_HIDDEN, span, &seen);
        } else {
            self.tell(&rules::JS_EXEC, span, name);
        }
    }

    fn is_decoded(&self, expr: &Expression<'_>) -> bool {
        struct Decoders<'a, 'b>(&'a Reader<'b>, bool);
        impl<'e> Visit<'e> for Decoders<'_, '_> {
            fn visit_call_expression(&mut self, call: &CallExpression<'e>) {
                let path = self.0.path(&call.callee).unwrap_or_default();
                let method = method_of(&call.callee).unwrap_or_default();
                self.1 |= matches!(
                    path.as_str(),
                    "atob"
                        | "unescape"
                        | "decodeURIComponent"
                        | "decodeURI"
                        | "Buffer.from"
                        | "String.fromCharCode"
                        | "String.fromCodePoint"
                ) || matches!(
                    method.as_str(),
                    "join" | "reverse" | "fromCharCode" | "decode"
                );
                walk::walk_call_expression(self, call);
            }
            fn visit_identifier_reference(&mut self, name: &oxc_ast::ast::IdentifierReference<'e>) {
                self.1 |= self.0.decoded.contains(name.name.as_str());
            }
            fn visit_binary_expression(&mut self, it: &oxc_ast::ast::BinaryExpression<'e>) {
                self.1 |= it.operator.as_str() == "+"
                    && literal(&it.left).is_some()
                    && literal(&it.right).is_some();
                walk::walk_binary_expression(self, it);
            }
        }
        let mut decoders = Decoders(self, false);
        decoders.visit_expression(expr);
        decoders.1
    }

    /// A member that is read or written.
    fn member(&mut self, object: &Expression<'_>, name: &str, span: Span) {
        let inner = method_of(object).unwrap_or_default();
        match name {
            "constructor" => {
                let of_function = match object.get_inner_expression() {
                    Expression::FunctionExpression(_)
                    | Expression::ArrowFunctionExpression(_)
                    | Expression::ClassExpression(_) => true,
                    Expression::CallExpression(call) => {
                        matches!(
                            self.path(&call.callee).as_deref(),
                            Some("Object.getPrototypeOf" | "Reflect.getPrototypeOf")
                        ) && matches!(
                            call.arguments.first(),
                            Some(
                                Argument::FunctionExpression(_)
                                    | Argument::ArrowFunctionExpression(_)
                            )
                        )
                    }
                    _ => false,
                };
                if inner == "constructor" || of_function {
                    self.tell(&rules::JS_ESCAPE, span, "the constructor of functions");
                }
            }
            "prepareStackTrace" => self.tell(&rules::JS_ESCAPE, span, "Error.prepareStackTrace"),
            "caller" if inner == "callee" => {
                self.tell(&rules::JS_ESCAPE, span, "arguments.callee.caller");
            }
            _ => {}
        }
    }

    /// Something that is assigned to.
    fn target(&mut self, target: &AssignmentTarget<'_>) {
        let Some(SimpleTarget { path, span }) = simple_target(target) else {
            return;
        };
        let parts: Vec<&str> = path.split('.').collect();
        let has_proto = parts.contains(&"__proto__");
        let is_object =
            path.contains("Object.prototype.") || path.contains("constructor.prototype");
        if has_proto || is_object {
            self.tell(&rules::JS_PROTO, span, &format!("an assignment to {path}"));
        }
    }

    fn endless(&mut self, body: &Statement<'_>, span: Span, seen: &str) {
        let mut exits = Exits {
            found: false,
            loops: 0,
        };
        exits.visit_statement(body);
        if !exits.found {
            self.tell(&rules::JS_ENDLESS, span, seen);
        }
    }
}

struct SimpleTarget {
    path: String,
    span: Span,
}

/// The path of a member that is assigned to, whatever it begins with.
fn simple_target(target: &AssignmentTarget<'_>) -> Option<SimpleTarget> {
    let target = target.as_simple_assignment_target()?;
    let (object, last, span) = match target {
        SimpleAssignmentTarget::StaticMemberExpression(member) => (
            &member.object,
            member.property.name.to_string(),
            member.span,
        ),
        SimpleAssignmentTarget::ComputedMemberExpression(member) => {
            let name = fold(&member.expression).unwrap_or_else(|| "…".to_owned());
            (&member.object, name, member.span)
        }
        _ => return None,
    };
    let mut parts = vec![last];
    let mut expr = object.get_inner_expression();
    loop {
        match expr {
            Expression::StaticMemberExpression(member) => {
                parts.push(member.property.name.to_string());
                expr = member.object.get_inner_expression();
            }
            Expression::ComputedMemberExpression(member) => {
                parts.push(fold(&member.expression).unwrap_or_else(|| "…".to_owned()));
                expr = member.object.get_inner_expression();
            }
            Expression::Identifier(name) => {
                parts.push(name.name.to_string());
                break;
            }
            _ => {
                parts.push("…".to_owned());
                break;
            }
        }
    }
    parts.reverse();
    Some(SimpleTarget {
        path: parts.join("."),
        span,
    })
}

impl<'a> Visit<'a> for Reader<'_> {
    fn visit_call_expression(&mut self, call: &CallExpression<'a>) {
        self.call(&call.callee, &call.arguments, call.span);
        walk::walk_call_expression(self, call);
    }

    fn visit_new_expression(&mut self, new: &NewExpression<'a>) {
        self.call(&new.callee, &new.arguments, new.span);
        walk::walk_new_expression(self, new);
    }

    fn visit_import_declaration(&mut self, import: &ImportDeclaration<'a>) {
        self.module(import.source.value.as_str(), import.span);
        walk::walk_import_declaration(self, import);
    }

    fn visit_import_expression(&mut self, import: &ImportExpression<'a>) {
        match fold(&import.source) {
            Some(name) => self.module(&name, import.span),
            None => self.tell(
                &rules::JS_IMPORT,
                import.span,
                "import of a name that is put together",
            ),
        }
        walk::walk_import_expression(self, import);
    }

    fn visit_static_member_expression(&mut self, it: &oxc_ast::ast::StaticMemberExpression<'a>) {
        self.member(&it.object, it.property.name.as_str(), it.span);
        let whole = self
            .path(&it.object)
            .map(|path| format!("{path}.{}", it.property.name));
        if let Some(path) = whole {
            self.used(&path, it.span);
        }
        walk::walk_static_member_expression(self, it);
    }

    fn visit_computed_member_expression(
        &mut self,
        it: &oxc_ast::ast::ComputedMemberExpression<'a>,
    ) {
        if let Some(name) = fold(&it.expression) {
            self.member(&it.object, &name, it.span);
            let whole = self.path(&it.object).map(|path| format!("{path}.{name}"));
            if let Some(path) = whole {
                self.used(&path, it.span);
            }
            // `x["__proto__"]`, `x["constr" + "uctor"]`: nobody writes it so to be read.
            let is_put_together = literal(&it.expression).is_none();
            if is_put_together
                && matches!(
                    name.as_str(),
                    "constructor" | "__proto__" | "prototype" | "eval" | "process" | "require"
                )
            {
                self.tell(
                    &rules::JS_ESCAPE,
                    it.span,
                    &format!("[{name:?}], put together"),
                );
            }
        }
        walk::walk_computed_member_expression(self, it);
    }

    fn visit_assignment_expression(&mut self, it: &AssignmentExpression<'a>) {
        self.target(&it.left);
        if let Some(SimpleAssignmentTarget::AssignmentTargetIdentifier(name)) =
            it.left.as_simple_assignment_target()
            && self.is_decoded(&it.right)
        {
            self.decoded.insert(name.name.to_string());
        }
        walk::walk_assignment_expression(self, it);
    }

    fn visit_variable_declarator(&mut self, it: &VariableDeclarator<'a>) {
        if let (BindingPattern::BindingIdentifier(name), Some(init)) = (&it.id, &it.init) {
            let name = name.name.to_string();
            if self.is_decoded(init) {
                self.decoded.insert(name.clone());
            }
            if let Some(path) = self.path(init) {
                let is_known = matches!(
                    path.as_str(),
                    "eval" | "Function" | "require" | "process" | "fetch"
                ) || matches!(init, Expression::CallExpression(_));
                if is_known {
                    self.names.insert(name, path);
                }
            }
        }
        walk::walk_variable_declarator(self, it);
    }

    fn visit_while_statement(&mut self, it: &WhileStatement<'a>) {
        if is_true(&it.test) {
            self.endless(&it.body, it.span, "while (true)");
        }
        walk::walk_while_statement(self, it);
    }

    fn visit_for_statement(&mut self, it: &ForStatement<'a>) {
        if it.test.as_ref().is_none_or(is_true) {
            self.endless(&it.body, it.span, "for (;;)");
        }
        walk::walk_for_statement(self, it);
    }

    fn visit_binary_expression(&mut self, it: &oxc_ast::ast::BinaryExpression<'a>) {
        // Only powers of big integers are computed to the last digit.
        if it.operator.as_str() == "**"
            && let (Some(base), Some(exponent)) = (big(&it.left), big(&it.right))
            && base.abs() >= 2.0
            && exponent * base.abs().log2() > TOO_MANY
        {
            self.tell(
                &rules::JS_BOMB,
                it.span,
                "a power with more digits than fit",
            );
        }
        if it.operator.as_str() == "<<" && big(&it.right).is_some_and(|n| n > 8.0 * TOO_MANY) {
            self.tell(&rules::JS_BOMB, it.span, "a shift by more bits than fit");
        }
        walk::walk_binary_expression(self, it);
    }
}

/// Whether a loop's body can leave it.
struct Exits {
    found: bool,
    loops: usize,
}

impl<'a> Visit<'a> for Exits {
    fn visit_statement(&mut self, it: &Statement<'a>) {
        match it {
            Statement::FunctionDeclaration(_) => {}
            Statement::ReturnStatement(_) | Statement::ThrowStatement(_) => self.found = true,
            // A label names a loop further out, or this one.
            Statement::BreakStatement(it) => self.found |= self.loops == 0 || it.label.is_some(),
            Statement::WhileStatement(_)
            | Statement::DoWhileStatement(_)
            | Statement::ForStatement(_)
            | Statement::ForInStatement(_)
            | Statement::ForOfStatement(_)
            | Statement::SwitchStatement(_) => {
                self.loops += 1;
                walk::walk_statement(self, it);
                self.loops -= 1;
            }
            _ => walk::walk_statement(self, it),
        }
    }

    fn visit_expression(&mut self, it: &Expression<'a>) {
        // What is defined in the loop runs elsewhere.
        let is_code = matches!(
            it,
            Expression::FunctionExpression(_) | Expression::ArrowFunctionExpression(_)
        );
        if !is_code {
            walk::walk_expression(self, it);
        }
    }

    fn visit_class(&mut self, _: &oxc_ast::ast::Class<'a>) {}

    fn visit_await_expression(&mut self, _: &oxc_ast::ast::AwaitExpression<'a>) {
        self.found = true;
    }

    fn visit_yield_expression(&mut self, _: &oxc_ast::ast::YieldExpression<'a>) {
        self.found = true;
    }

    fn visit_call_expression(&mut self, it: &CallExpression<'a>) {
        let method = method_of(&it.callee).unwrap_or_default();
        self.found |= method == "exit";
        walk::walk_call_expression(self, it);
    }
}

/// The module of `require("fs")`.
fn required(call: &CallExpression<'_>) -> Option<String> {
    let is_require = matches!(
        &call.callee,
        Expression::Identifier(name) if name.name == "require"
    );
    let name = call.arguments.first()?.as_expression().and_then(fold)?;
    is_require.then(|| name.trim_start_matches("node:").to_owned())
}

/// The name of the member that an expression ends in.
fn method_of(expr: &Expression<'_>) -> Option<String> {
    match expr.get_inner_expression() {
        Expression::StaticMemberExpression(member) => Some(member.property.name.to_string()),
        Expression::ComputedMemberExpression(member) => fold(&member.expression),
        _ => None,
    }
}

fn is_true(expr: &Expression<'_>) -> bool {
    match expr.get_inner_expression() {
        Expression::BooleanLiteral(literal) => literal.value,
        Expression::NumericLiteral(literal) => literal.value != 0.0,
        _ => false,
    }
}
