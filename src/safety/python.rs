//! What can be seen in Python.
//!
//! Names are followed through imports (`from os import system as s`) and strings through `+`,
//! `join` and slices, as far as they are constant. Anything beyond that is a program's business.

use std::collections::{HashMap, HashSet};

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_stmt};
use ruff_python_ast::{
    Expr, ExprCall, ExprContext, InterpolatedStringElement, Mod, Number, Operator, Stmt, StmtWhile,
    UnaryOp,
};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::Ranged;

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
/// Longest string that is put together here.
const MAX_FOLDED: usize = 64 << 10;
/// A number of bytes, elements or bits that no cell has room for.
const TOO_MANY: f64 = 5e8;

/// Attributes that lead from a value to the interpreter.
const ESCAPES: &[&str] = &[
    "__globals__",
    "__builtins__",
    "__loader__",
    "__self__",
    "gi_frame",
    "cr_frame",
    "ag_frame",
    "f_back",
    "f_globals",
    "f_builtins",
    "f_locals",
    "tb_frame",
    "_getframe",
    "_current_frames",
    "co_code",
    "__subclasshook__",
    "__init_subclass__.__func__",
    "__getattribute__.__self__",
    "gi_code",
    "cr_code",
];
/// The same, in strings: as text they have no ordinary use.
const ESCAPES_AS_TEXT: &[&str] = &[
    "__subclasses__",
    "__globals__",
    "__builtins__",
    "__mro__",
    "__bases__",
    "__base__",
    "__class__",
    "__code__",
    "__import__",
    "gi_frame",
    "f_back",
    "f_globals",
    "f_builtins",
    "tb_frame",
    "__loader__",
];

/// Calls and modules by their dotted names; a name ending in `.` stands for all below it.
const USES: &[(&str, &Rule)] = &[
    ("os.system", &rules::PY_PROCESS),
    ("os.popen", &rules::PY_PROCESS),
    ("os.exec", &rules::PY_PROCESS),
    ("os.spawn", &rules::PY_PROCESS),
    ("os.posix_spawn", &rules::PY_PROCESS),
    ("os.fork", &rules::PY_PROCESS),
    ("os.kill", &rules::PY_PROCESS),
    ("os.startfile", &rules::PY_PROCESS),
    ("posix.", &rules::PY_PROCESS),
    ("asyncio.create_subprocess", &rules::PY_PROCESS),
    ("concurrent.futures.ProcessPoolExecutor", &rules::PY_PROCESS),
    ("os.remove", &rules::PY_FILE),
    ("os.unlink", &rules::PY_FILE),
    ("os.rmdir", &rules::PY_FILE),
    ("os.rename", &rules::PY_FILE),
    ("os.replace", &rules::PY_FILE),
    ("os.mkdir", &rules::PY_FILE),
    ("os.makedirs", &rules::PY_FILE),
    ("os.chmod", &rules::PY_FILE),
    ("os.chown", &rules::PY_FILE),
    ("os.symlink", &rules::PY_FILE),
    ("os.link", &rules::PY_FILE),
    ("os.truncate", &rules::PY_FILE),
    ("os.open", &rules::PY_FILE),
    ("shutil.rmtree", &rules::PY_FILE),
    ("shutil.copy", &rules::PY_FILE),
    ("shutil.move", &rules::PY_FILE),
    ("asyncio.open_connection", &rules::PY_NETWORK),
    ("asyncio.start_server", &rules::PY_NETWORK),
    ("pickle.load", &rules::PY_UNPICKLE),
    ("pickle.Unpickler", &rules::PY_UNPICKLE),
    ("_pickle.load", &rules::PY_UNPICKLE),
    ("cPickle.load", &rules::PY_UNPICKLE),
    ("dill.load", &rules::PY_UNPICKLE),
    ("cloudpickle.load", &rules::PY_UNPICKLE),
    ("joblib.load", &rules::PY_UNPICKLE),
    ("jsonpickle.decode", &rules::PY_UNPICKLE),
    ("marshal.load", &rules::PY_UNPICKLE),
    ("shelve.open", &rules::PY_UNPICKLE),
    ("yaml.load", &rules::PY_UNPICKLE),
    ("yaml.unsafe_load", &rules::PY_UNPICKLE),
    ("sys._getframe", &rules::PY_ESCAPE),
    ("sys._current_frames", &rules::PY_ESCAPE),
    ("sys.settrace", &rules::PY_ESCAPE),
    ("sys.setprofile", &rules::PY_ESCAPE),
    ("inspect.currentframe", &rules::PY_ESCAPE),
    ("inspect.stack", &rules::PY_ESCAPE),
    ("gc.get_objects", &rules::PY_ESCAPE),
    ("gc.get_referrers", &rules::PY_ESCAPE),
    ("gc.get_referents", &rules::PY_ESCAPE),
    ("types.CodeType", &rules::PY_ESCAPE),
    ("types.FunctionType", &rules::PY_ESCAPE),
    ("code.InteractiveInterpreter", &rules::PY_EXEC),
    ("code.interact", &rules::PY_EXEC),
    ("runpy.run", &rules::PY_EXEC),
];

/// Modules that have one purpose.
const MODULES: &[(&str, &Rule)] = &[
    ("subprocess", &rules::PY_PROCESS),
    ("_posixsubprocess", &rules::PY_PROCESS),
    ("pty", &rules::PY_PROCESS),
    ("multiprocessing", &rules::PY_PROCESS),
    ("pexpect", &rules::PY_PROCESS),
    ("sh", &rules::PY_PROCESS),
    ("socket", &rules::PY_NETWORK),
    ("_socket", &rules::PY_NETWORK),
    ("socketserver", &rules::PY_NETWORK),
    ("ssl", &rules::PY_NETWORK),
    ("urllib.request", &rules::PY_NETWORK),
    ("http.client", &rules::PY_NETWORK),
    ("http.server", &rules::PY_NETWORK),
    ("requests", &rules::PY_NETWORK),
    ("httpx", &rules::PY_NETWORK),
    ("aiohttp", &rules::PY_NETWORK),
    ("urllib3", &rules::PY_NETWORK),
    ("ftplib", &rules::PY_NETWORK),
    ("smtplib", &rules::PY_NETWORK),
    ("poplib", &rules::PY_NETWORK),
    ("imaplib", &rules::PY_NETWORK),
    ("telnetlib", &rules::PY_NETWORK),
    ("xmlrpc.client", &rules::PY_NETWORK),
    ("paramiko", &rules::PY_NETWORK),
    ("websockets", &rules::PY_NETWORK),
    ("ctypes", &rules::PY_NATIVE),
    ("_ctypes", &rules::PY_NATIVE),
    ("cffi", &rules::PY_NATIVE),
];

/// Calls that turn data into other data or code.
const DECODERS: &[&str] = &[
    "base64.",
    "binascii.",
    "zlib.decompress",
    "gzip.decompress",
    "bz2.decompress",
    "lzma.decompress",
    "codecs.decode",
    "codecs.getdecoder",
    "marshal.loads",
    "bytes.fromhex",
    "bytearray.fromhex",
];

/// Methods that change files, whatever they are called on.
const FILE_METHODS: &[&str] = &[
    "write_text",
    "write_bytes",
    "unlink",
    "symlink_to",
    "hardlink_to",
];

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

/// A constant string, also one that is put together.
fn fold(expr: &Expr) -> Option<String> {
    let folded = match expr {
        Expr::StringLiteral(text) => text.value.to_str().to_owned(),
        Expr::BinOp(operation) if operation.op == Operator::Add => {
            // From the right, in a loop: sums lean to the left.
            let mut parts = vec![fold(&operation.right)?];
            let mut left = &*operation.left;
            while let Expr::BinOp(inner) = left
                && inner.op == Operator::Add
            {
                parts.push(fold(&inner.right)?);
                left = &inner.left;
            }
            parts.push(fold(left)?);
            parts.reverse();
            parts.concat()
        }
        Expr::FString(string) => {
            let mut text = String::new();
            for element in string.value.elements() {
                match element {
                    InterpolatedStringElement::Literal(literal) => text.push_str(&literal.value),
                    InterpolatedStringElement::Interpolation(field) => {
                        text.push_str(&fold(&field.expression)?);
                    }
                }
            }
            // The parts between are plain strings.
            text
        }
        Expr::Subscript(subscript) => {
            let Expr::Slice(slice) = &*subscript.slice else {
                return None;
            };
            let is_reversal = slice.lower.is_none()
                && slice.upper.is_none()
                && slice.step.as_deref().and_then(number) == Some(-1.0);
            let text = fold(&subscript.value)?;
            if !is_reversal {
                return None;
            }
            text.chars().rev().collect()
        }
        Expr::Call(call) => {
            let Expr::Attribute(method) = &*call.func else {
                return None;
            };
            let text = fold(&method.value)?;
            match (method.attr.as_str(), call.arguments.args.first()) {
                ("join", Some(Expr::List(list))) => {
                    let parts: Option<Vec<String>> = list.elts.iter().map(fold).collect();
                    parts?.join(&text)
                }
                ("join", Some(Expr::Tuple(list))) => {
                    let parts: Option<Vec<String>> = list.elts.iter().map(fold).collect();
                    parts?.join(&text)
                }
                ("lower", None) => text.to_lowercase(),
                ("upper", None) => text.to_uppercase(),
                ("strip", None) => text.trim().to_owned(),
                ("replace", Some(from)) => {
                    text.replace(&fold(from)?, &fold(call.arguments.args.get(1)?)?)
                }
                _ => return None,
            }
        }
        _ => return None,
    };
    (folded.len() <= MAX_FOLDED).then_some(folded)
}

/// A constant number; too large ones are infinite.
fn number(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::NumberLiteral(literal) => match &literal.value {
            Number::Int(int) => Some(int.as_u64().map_or(f64::INFINITY, precise)),
            Number::Float(float) => Some(*float),
            Number::Complex { .. } => None,
        },
        Expr::UnaryOp(operation) if operation.op == UnaryOp::USub => {
            number(&operation.operand).map(|number| -number)
        }
        Expr::BinOp(operation) => {
            let (left, right) = (number(&operation.left)?, number(&operation.right)?);
            match operation.op {
                Operator::Add => Some(left + right),
                Operator::Sub => Some(left - right),
                Operator::Mult => Some(left * right),
                Operator::Div | Operator::FloorDiv if right != 0.0 => Some(left / right),
                Operator::Pow => Some(left.powf(right)),
                Operator::LShift => Some(left * right.exp2()),
                _ => None,
            }
        }
        Expr::Call(call) => match &*call.func {
            Expr::Name(name) if name.id == "int" => number(call.arguments.args.first()?),
            _ => None,
        },
        _ => None,
    }
}

/// As a float, as near as floats come.
fn precise(number: u64) -> f64 {
    let high = u32::try_from(number >> 32).unwrap_or(u32::MAX);
    let low = u32::try_from(number & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    f64::from(high) * 4_294_967_296.0 + f64::from(low)
}

/// Whether powers of it are computed to the last digit.
fn is_whole(expr: &Expr) -> bool {
    match expr {
        Expr::NumberLiteral(literal) => matches!(literal.value, Number::Int(_)),
        Expr::UnaryOp(operation) => is_whole(&operation.operand),
        Expr::BinOp(operation) => {
            operation.op != Operator::Div && is_whole(&operation.left) && is_whole(&operation.right)
        }
        _ => false,
    }
}

/// How long a written-out sequence is.
fn length(expr: &Expr) -> Option<f64> {
    let count = match expr {
        Expr::StringLiteral(text) => text.value.to_str().len(),
        Expr::BytesLiteral(bytes) => bytes.value.iter().map(|part| part.value.len()).sum(),
        Expr::List(list) => list.elts.len(),
        Expr::Tuple(tuple) => tuple.elts.len(),
        _ => return None,
    };
    Some(precise(count as u64))
}

fn longest_number(text: &str) -> usize {
    text.split(|c: char| !c.is_ascii_digit())
        .map(str::len)
        .max()
        .unwrap_or_default()
}

/// Whether a format holds a width of nine digits or more.
fn has_long_number(text: &str, start: char) -> bool {
    text.match_indices(start).any(|(at, _)| {
        let field = text.get(at + 1..).unwrap_or_default();
        let end = if start == '{' {
            field.find('}').filter(|_| field.contains(':'))
        } else {
            field.find(|c: char| c.is_ascii_alphabetic())
        };
        let Some(end) = end else { return false };
        let field = &field[..end];
        let field = if start == '{' {
            field.split_once(':').map_or("", |(_, spec)| spec)
        } else {
            field
        };
        field.len() < 40 && longest_number(field) > 8
    })
}
