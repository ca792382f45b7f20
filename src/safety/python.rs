//! What can be seen in Python.
//!
//! Names are followed through imports (`from os import system as s`) and strings through `+`,
//! `join` and slices, as far as they are constant. Anything beyond that is a program's business.

mod constant;
mod names;

use std::collections::{HashMap, HashSet};

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{
    Expr, ExprCall, ExprContext, InterpolatedStringElement, Mod, Operator, Stmt, StmtWhile,
};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::Ranged;

use constant::{fold, has_long_number, is_whole, length, longest_number, number};
use names::{DECODERS, ESCAPES, ESCAPES_AS_TEXT, FILE_METHODS, MODULES, USES};

use super::rules::{self, Rule};
use super::{Lines, MAX_BYTES, text};
use crate::nesting::python::{MAX_BRACKETS, Scan};
use crate::protocol::Finding;

/// Operators of one expression: fewer than the kernel takes, since the tree is walked here, too.
const MAX_OPERATORS: usize = 5000;
/// Levels of indentation.
const MAX_INDENT: usize = 300;
/// `eval("eval('…')")`.
const MAX_INNER: usize = 3;
/// A number of bytes, elements or bits that no cell has room for.
const TOO_MANY: f64 = 5e8;

/// Looks at a program.
pub(super) fn examine(source: &str) -> Vec<Finding> {
    let lines = Lines::of(source);
    let mut findings = text::examine(source, &lines);
    inside(source, 0, &mut findings, None);
    findings
}

/// Looks at a program, or at one in a string, which stands at a place of the outer one.
fn inside(source: &str, depth: usize, findings: &mut Vec<Finding>, at: Option<(u32, u32)>) {
    let unread = |problem: &str| rules::UNREAD.finding(at.unwrap_or((1, 1)), problem);
    if source.len() > MAX_BYTES {
        return findings.push(unread("the source is longer than 1 MiB"));
    }
    let scan = Scan::of(source);
    let indent = source
        .lines()
        .map(|line| line.len() - line.trim_start_matches([' ', '\t', '\u{c}']).len())
        .max()
        .unwrap_or_default();
    // Each level takes a space at least; deep ones take a text that nobody typed.
    let is_deep = indent > MAX_INDENT && {
        let mut levels: Vec<usize> = Vec::new();
        let mut deepest = 0;
        for line in source.lines() {
            let body = line.trim_start_matches([' ', '\t', '\u{c}']);
            if body.is_empty() || body.starts_with('#') {
                continue;
            }
            let width = line.len() - body.len();
            while levels.last().is_some_and(|last| *last >= width) {
                levels.pop();
            }
            levels.push(width);
            deepest = deepest.max(levels.len());
        }
        deepest > MAX_INDENT
    };
    if scan.deepest > MAX_BRACKETS || scan.most_operators > MAX_OPERATORS || is_deep {
        return findings.push(unread("the source is nested too deeply"));
    }
    let lines = Lines::of(source);
    // The tree of what could be understood, also where the rest does not parse.
    let parsed = parse_unchecked(source, ParseOptions::from(Mode::Module));
    if let Some(error) = parsed.errors().first()
        && at.is_none()
    {
        let place = lines.place(usize::from(error.location.start()));
        findings.push(rules::SYNTAX.finding(place, &error.error.to_string()));
    }
    let Mod::Module(module) = parsed.into_syntax() else {
        return;
    };
    let mut reader = Reader {
        lines: &lines,
        at,
        depth,
        findings,
        names: HashMap::new(),
        stars: Vec::new(),
        classes: HashSet::new(),
        decoded: HashSet::new(),
        loops: 0,
    };
    reader.visit_body(&module.body);
}

struct Reader<'a> {
    lines: &'a Lines<'a>,
    /// The place of the string that holds the program, if one does.
    at: Option<(u32, u32)>,
    depth: usize,
    findings: &'a mut Vec<Finding>,
    /// What names were imported as, or stand for.
    names: HashMap<String, String>,
    /// `from m import *`.
    stars: Vec<String>,
    /// Classes that the program defines.
    classes: HashSet<String>,
    /// Names that hold what was decoded.
    decoded: HashSet<String>,
    /// Loops around the current place.
    loops: usize,
}

impl Reader<'_> {
    fn tell(&mut self, rule: &Rule, place: &impl Ranged, seen: &str) {
        let place = self
            .at
            .unwrap_or_else(|| self.lines.place(usize::from(place.start())));
        self.findings.push(rule.finding(place, seen));
    }

    /// The dotted name of what an expression stands for: `os.system`.
    fn path(&self, expr: &Expr) -> Option<String> {
        // Long chains are walked in a loop, from the end.
        let mut parts = Vec::new();
        let mut expr = expr;
        let head = loop {
            match expr {
                Expr::Attribute(attribute) => {
                    parts.push(attribute.attr.as_str());
                    expr = &attribute.value;
                }
                Expr::Name(name) => {
                    let name = name.id.as_str();
                    break self
                        .names
                        .get(name)
                        .cloned()
                        .unwrap_or_else(|| name.to_owned());
                }
                Expr::Call(call) => break self.imported_by_call(call)?,
                _ => return None,
            }
        };
        parts.push(&head);
        parts.reverse();
        Some(parts.join("."))
    }

    /// The module of `__import__("os")`.
    fn imported_by_call(&self, call: &ExprCall) -> Option<String> {
        let is_import = match &*call.func {
            Expr::Name(name) => {
                name.id == "__import__"
                    || self
                        .names
                        .get(name.id.as_str())
                        .is_some_and(|path| path == "importlib.import_module")
            }
            Expr::Attribute(attribute) => {
                matches!(attribute.attr.as_str(), "import_module" | "__import__")
            }
            _ => false,
        };
        let argument = call.arguments.find_argument_value("name", 0)?;
        if is_import { fold(argument) } else { None }
    }

    fn import(&mut self, module: &str, place: &impl Ranged) {
        let found = MODULES.iter().find(|(name, _)| {
            module == *name
                || module
                    .strip_prefix(name)
                    .is_some_and(|rest| rest.starts_with('.'))
        });
        if let Some((_, rule)) = found {
            self.tell(rule, place, module);
        }
    }

    fn call(&mut self, call: &ExprCall) {
        let arguments = &call.arguments;
        let first = arguments.args.first();
        if let Some(module) = self.imported_by_call(call) {
            self.import(&module, call);
        }
        let Some(path) = self.path(&call.func) else {
            if let Expr::Attribute(attribute) = &*call.func {
                self.method(attribute.attr.as_str(), call);
            }
            return;
        };
        let mut paths = vec![path.clone()];
        if !path.contains('.') {
            paths.extend(self.stars.iter().map(|module| format!("{module}.{path}")));
        }
        for path in &paths {
            let used = USES.iter().find(|(name, _)| path.starts_with(name));
            if let Some((_, rule)) = used {
                let is_safe_yaml = path.starts_with("yaml.load")
                    && arguments.keywords.iter().any(|keyword| {
                        self.path(&keyword.value)
                            .is_some_and(|path| path.contains("Safe"))
                    });
                if !is_safe_yaml {
                    self.tell(rule, call, path);
                }
                if path == "os.fork" && self.loops > 0 {
                    self.tell(&rules::PY_BOMB, call, "fork in a loop");
                }
            }
            if DECODERS.iter().any(|name| path.starts_with(name)) {
                self.tell(&rules::PY_DECODE, call, path);
            }
        }
        let path = path.strip_prefix("builtins.").unwrap_or(&path);
        match path {
            "exec" | "eval" | "compile" | "execfile" => self.run_text(path, call),
            "__import__" | "importlib.import_module" if first.is_some() => {
                if first.and_then(fold).is_none() {
                    self.tell(
                        &rules::PY_EXEC,
                        call,
                        "an import by a name that is put together",
                    );
                }
            }
            "open" | "io.open" | "codecs.open" | "gzip.open" | "bz2.open" | "lzma.open"
            | "os.fdopen" => {
                self.open(call, 1);
            }
            "getattr"
            | "setattr"
            | "delattr"
            | "hasattr"
            | "operator.attrgetter"
            | "operator.methodcaller" => {
                let at = usize::from(!path.starts_with("operator."));
                if let Some(name) = arguments.args.get(at).and_then(fold)
                    && ESCAPES_AS_TEXT.iter().any(|escape| name.contains(escape))
                {
                    self.tell(&rules::PY_ESCAPE, call, &format!("{path} of {name:?}"));
                }
            }
            "list" | "tuple" | "set" | "frozenset" | "sorted" | "sum" | "max" | "min" | "dict"
            | "deque" | "collections.deque" | "bytes" | "bytearray" | "any" | "all" => {
                self.collected(path, call);
            }
            "math.factorial" => {
                if first.and_then(number).is_some_and(|n| n > 1e7) {
                    self.tell(&rules::PY_BOMB, call, "a factorial of millions");
                }
            }
            "range" | "print" | "len" => {}
            _ => {
                if let Expr::Attribute(attribute) = &*call.func {
                    self.method(attribute.attr.as_str(), call);
                }
            }
        }
    }

    fn method(&mut self, name: &str, call: &ExprCall) {
        let first = call.arguments.args.first();
        if FILE_METHODS.contains(&name) {
            self.tell(&rules::PY_FILE, call, &format!(".{name}()"));
        }
        match name {
            "open" => self.open(call, 0),
            "zfill" | "ljust" | "rjust" | "center"
                if first.and_then(number).is_some_and(|n| n > TOO_MANY) =>
            {
                self.tell(&rules::PY_BOMB, call, &format!(".{name}() to gigabytes"));
            }
            "mro" => {
                if let Expr::Attribute(method) = &*call.func
                    && is_class_of(&method.value)
                {
                    self.tell(&rules::PY_ESCAPE, call, ".__class__.mro()");
                }
            }
            _ => {}
        }
    }

    /// `exec`, `eval` and `compile`.
    fn run_text(&mut self, name: &str, call: &ExprCall) {
        let Some(argument) = call.arguments.args.first() else {
            return;
        };
        if let Expr::StringLiteral(text) = argument {
            if self.depth < MAX_INNER {
                let place = self
                    .at
                    .unwrap_or_else(|| self.lines.place(usize::from(call.start())));
                inside(
                    text.value.to_str(),
                    self.depth + 1,
                    self.findings,
                    Some(place),
                );
            } else {
                self.tell(&rules::PY_EXEC, call, name);
            }
            return;
        }
        // exec(compile(…)) is told of once.
        if let Expr::Call(inner) = argument
            && let Some(path) = self.path(&inner.func)
            && path == "compile"
        {
            return;
        }
        if self.is_decoded(argument) {
            self.tell(
                &rules::PY_HIDDEN,
                call,
                &format!("{name} of text that is decoded or put together"),
            );
        } else {
            self.tell(&rules::PY_EXEC, call, name);
        }
    }

    /// Whether an expression decodes something, or puts text together letter by letter.
    fn is_decoded(&self, expr: &Expr) -> bool {
        struct Decoders<'a, 'b>(&'a Reader<'b>, bool);
        impl<'e> Visitor<'e> for Decoders<'_, '_> {
            fn visit_expr(&mut self, expr: &'e Expr) {
                self.1 |= match expr {
                    Expr::Call(call) => {
                        let path = self.0.path(&call.func).unwrap_or_default();
                        let method = match &*call.func {
                            Expr::Attribute(attribute) => attribute.attr.as_str(),
                            _ => "",
                        };
                        DECODERS.iter().any(|name| path.starts_with(name))
                            || path == "chr"
                            || matches!(
                                method,
                                "decode" | "fromhex" | "join" | "translate" | "decompress"
                            )
                    }
                    Expr::Name(name) => {
                        self.0.decoded.contains(name.id.as_str())
                            || matches!(name.id.as_str(), "chr")
                    }
                    Expr::Subscript(subscript) => matches!(
                        &*subscript.slice,
                        Expr::Slice(slice) if slice.step.is_some()
                    ),
                    Expr::BinOp(operation) => {
                        operation.op == Operator::Add
                            && matches!(&*operation.left, Expr::StringLiteral(_))
                            && matches!(&*operation.right, Expr::StringLiteral(_))
                    }
                    _ => false,
                };
                if !self.1 {
                    walk_expr(self, expr);
                }
            }
        }
        let mut decoders = Decoders(self, false);
        decoders.visit_expr(expr);
        decoders.1
    }

    fn open(&mut self, call: &ExprCall, at: usize) {
        let mode = call.arguments.find_argument_value("mode", at);
        let writes = mode
            .and_then(fold)
            .is_some_and(|mode| mode.len() <= 4 && mode.contains(['w', 'a', 'x', '+']));
        if writes {
            self.tell(&rules::PY_FILE, call, "open for writing");
        } else if at == 1 {
            self.tell(&rules::PY_FILE_READ, call, "open");
        }
    }

    /// Something that takes all elements of what it is given.
    fn collected(&mut self, name: &str, call: &ExprCall) {
        let Some(argument) = call.arguments.args.first() else {
            return;
        };
        if matches!(name, "bytes" | "bytearray") && number(argument).is_some_and(|n| n > TOO_MANY) {
            return self.tell(&rules::PY_BOMB, call, "a buffer of gigabytes");
        }
        let Expr::Call(inner) = argument else {
            return;
        };
        let path = self.path(&inner.func).unwrap_or_default();
        let arguments = inner.arguments.args.len();
        let is_endless = match path.as_str() {
            "itertools.count" | "itertools.cycle" => true,
            "itertools.repeat" => arguments == 1,
            _ => false,
        };
        let keeps = !matches!(name, "sum" | "max" | "min" | "any" | "all");
        let is_long = path == "range"
            && keeps
            && inner
                .arguments
                .args
                .iter()
                .filter_map(number)
                .any(|n| n > TOO_MANY);
        let stops_early = matches!(name, "any" | "all");
        if (is_endless && !stops_early) || is_long {
            self.tell(&rules::PY_BOMB, call, &format!("{name} of {path}"));
        }
    }

    fn attribute(&mut self, expr: &ruff_python_ast::ExprAttribute) {
        let name = expr.attr.as_str();
        let is_own_class = |expr: &Expr| {
            matches!(expr, Expr::Name(name) if self.classes.contains(name.id.as_str())
                || matches!(name.id.as_str(), "cls" | "self"))
        };
        let is_escape = match name {
            "__subclasses__" => !is_own_class(&expr.value),
            "__code__" => matches!(expr.ctx, ExprContext::Store),
            _ => ESCAPES.contains(&name),
        };
        if is_escape {
            self.tell(&rules::PY_ESCAPE, expr, &format!(".{name}"));
        }
        // `x.__class__.__base__`, `x.__mro__[1]` are climbed; `C.__mro__` is looked at.
        if let Expr::Attribute(inner) = &*expr.value
            && matches!(name, "__base__" | "__bases__" | "__mro__")
            && inner.attr.as_str() == "__class__"
        {
            self.tell(&rules::PY_ESCAPE, expr, &format!(".__class__.{name}"));
        }
    }

    fn binary(&mut self, expr: &ruff_python_ast::ExprBinOp) {
        let (left, right) = (&*expr.left, &*expr.right);
        match expr.op {
            Operator::Pow => {
                let bits = number(left)
                    .filter(|base| base.abs() >= 2.0)
                    .and_then(|base| Some(number(right)? * base.abs().log2()));
                if bits.is_some_and(|bits| bits > TOO_MANY) && is_whole(left) && is_whole(right) {
                    self.tell(&rules::PY_BOMB, expr, "a power with more digits than fit");
                }
            }
            Operator::LShift if number(right).is_some_and(|n| n > 8.0 * TOO_MANY) => {
                self.tell(&rules::PY_BOMB, expr, "a shift by more bits than fit");
            }
            Operator::Mult => {
                let count =
                    |sequence: &Expr, times: &Expr| Some(length(sequence)? * number(times)?);
                let size = count(left, right).or_else(|| count(right, left));
                if size.is_some_and(|size| size > TOO_MANY) {
                    self.tell(
                        &rules::PY_BOMB,
                        expr,
                        "a repetition that is larger than the memory",
                    );
                }
            }
            Operator::Mod => {
                if let Expr::StringLiteral(format) = left
                    && has_long_number(format.value.to_str(), '%')
                {
                    self.tell(
                        &rules::PY_BOMB,
                        expr,
                        "a format that is wider than the memory",
                    );
                }
            }
            _ => {}
        }
    }

    fn endless(&mut self, statement: &StmtWhile) {
        let is_true = match &*statement.test {
            Expr::BooleanLiteral(literal) => literal.value,
            Expr::NumberLiteral(_) => number(&statement.test).is_some_and(|n| n != 0.0),
            Expr::StringLiteral(literal) => !literal.value.is_empty(),
            _ => false,
        };
        if !is_true {
            return;
        }
        let mut exits = Exits {
            found: false,
            loops: 0,
        };
        exits.visit_body(&statement.body);
        if !exits.found {
            self.tell(&rules::PY_ENDLESS, statement, "while True");
        }
    }

    fn assigned(&mut self, target: &Expr, value: &Expr) {
        let Expr::Name(name) = target else {
            return;
        };
        let name = name.id.to_string();
        if self.is_decoded(value) {
            self.decoded.insert(name.clone());
        }
        // `e = exec`, `s = os.system`
        if let Expr::Name(_) | Expr::Attribute(_) = value
            && let Some(path) = self.path(value)
        {
            let is_known = matches!(
                path.as_str(),
                "exec" | "eval" | "compile" | "open" | "getattr" | "__import__"
            ) || USES.iter().any(|(known, _)| path.starts_with(known));
            if is_known {
                self.names.insert(name, path);
            }
        }
    }
}

impl<'a> Visitor<'a> for Reader<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let module = alias.name.as_str();
                    self.import(module, alias);
                    if let Some(name) = &alias.asname {
                        self.names.insert(name.to_string(), module.to_owned());
                    }
                }
            }
            Stmt::ImportFrom(import) => {
                let module = import.module.as_ref().map_or("", |module| module.as_str());
                let before = self.findings.len();
                self.import(module, import);
                for alias in &import.names {
                    let name = alias.name.as_str();
                    if name == "*" {
                        self.stars.push(module.to_owned());
                        continue;
                    }
                    let path = format!("{module}.{name}");
                    if self.findings.len() == before {
                        self.import(&path, alias);
                    }
                    let local = alias.asname.as_ref().unwrap_or(&alias.name);
                    self.names.insert(local.to_string(), path);
                }
            }
            Stmt::ClassDef(class) => {
                self.classes.insert(class.name.to_string());
            }
            Stmt::FunctionDef(function) => {
                if matches!(function.name.as_str(), "__reduce__" | "__reduce_ex__") {
                    let seen = format!("{} is defined", function.name.as_str());
                    self.tell(&rules::PY_UNPICKLE, function, &seen);
                }
            }
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    self.assigned(target, &assign.value);
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.assigned(&assign.target, value);
                }
            }
            Stmt::While(statement) => self.endless(statement),
            _ => {}
        }
        let is_loop = matches!(statement, Stmt::While(_) | Stmt::For(_));
        self.loops += usize::from(is_loop);
        walk_stmt(self, statement);
        self.loops -= usize::from(is_loop);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Call(call) => self.call(call),
            Expr::Attribute(attribute) => self.attribute(attribute),
            Expr::BinOp(operation) => self.binary(operation),
            Expr::Name(name) if matches!(name.id.as_str(), "__builtins__" | "__loader__") => {
                self.tell(&rules::PY_ESCAPE, name, name.id.as_str());
            }
            Expr::Named(named) => self.assigned(&named.target, &named.value),
            Expr::Subscript(subscript) => {
                let key = fold(&subscript.slice).unwrap_or_default();
                if ESCAPES_AS_TEXT.contains(&key.as_str()) {
                    self.tell(&rules::PY_ESCAPE, subscript, &format!("[{key:?}]"));
                }
                let path = self.path(&subscript.value).unwrap_or_default();
                if path == "sys.modules"
                    && matches!(
                        key.as_str(),
                        "os" | "posix" | "builtins" | "subprocess" | "socket" | "_io" | "sys"
                    )
                {
                    self.tell(
                        &rules::PY_ESCAPE,
                        subscript,
                        &format!("sys.modules[{key:?}]"),
                    );
                }
                if let Expr::Attribute(attribute) = &*subscript.value
                    && matches!(attribute.attr.as_str(), "__mro__" | "__bases__")
                {
                    let seen = format!(".{}[…]", attribute.attr.as_str());
                    self.tell(&rules::PY_ESCAPE, subscript, &seen);
                }
            }
            Expr::StringLiteral(text) => {
                let text_value = text.value.to_str();
                let is_format = text_value.match_indices('{').any(|(at, _)| {
                    let field = text_value.get(at..).unwrap_or_default();
                    let field = field.find('}').map_or("", |end| &field[..end]);
                    field.contains(".__") || field.contains("[__")
                });
                if is_format {
                    self.tell(
                        &rules::PY_ESCAPE,
                        text,
                        "a format that reads hidden attributes",
                    );
                }
                if has_long_number(text_value, '{') {
                    self.tell(
                        &rules::PY_BOMB,
                        text,
                        "a format that is wider than the memory",
                    );
                }
            }
            Expr::FString(string) => {
                for element in string.value.elements() {
                    if let InterpolatedStringElement::Interpolation(field) = element
                        && let Some(spec) = &field.format_spec
                    {
                        let is_wide = spec.elements.iter().any(|element| match element {
                            InterpolatedStringElement::Literal(literal) => {
                                longest_number(&literal.value) > 8
                            }
                            InterpolatedStringElement::Interpolation(inner) => {
                                number(&inner.expression).is_some_and(|n| n > TOO_MANY)
                            }
                        });
                        if is_wide {
                            self.tell(
                                &rules::PY_BOMB,
                                string,
                                "a format that is wider than the memory",
                            );
                        }
                    }
                }
            }
            _ => {}
        }
        walk_expr(self, expr);
    }
}

/// Whether a loop's body can leave it.
struct Exits {
    found: bool,
    loops: usize,
}

impl<'a> Visitor<'a> for Exits {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Return(_) | Stmt::Raise(_) => self.found = true,
            Stmt::Break(_) => self.found |= self.loops == 0,
            // What is defined in the loop runs elsewhere.
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            Stmt::While(_) | Stmt::For(_) => {
                self.loops += 1;
                walk_stmt(self, statement);
                self.loops -= 1;
            }
            _ => walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Yield(_) | Expr::YieldFrom(_) | Expr::Await(_) => self.found = true,
            Expr::Call(call) => {
                let name = match &*call.func {
                    Expr::Name(name) => name.id.as_str(),
                    Expr::Attribute(attribute) => attribute.attr.as_str(),
                    _ => "",
                };
                // Whoever asks a person or an iterator is ended by them.
                self.found |=
                    matches!(name, "exit" | "_exit" | "quit" | "input" | "next" | "abort");
            }
            _ => {}
        }
        walk_expr(self, expr);
    }
}

fn is_class_of(expr: &Expr) -> bool {
    matches!(expr, Expr::Attribute(attribute) if attribute.attr.as_str() == "__class__")
}
