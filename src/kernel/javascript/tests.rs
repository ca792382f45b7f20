//! Tests of the kernel as a whole: cells in, output and replies out.

mod fuel;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::kernel::{
    Ending, ExecuteMode, ExecuteReply, ExecuteRequest, Host, Interpreter, Meter, ReadLineError,
};
use crate::protocol::Stream;

/// A host that keeps what is printed.
#[derive(Default)]
struct TestHost {
    printed: Mutex<String>,
    stdout: Mutex<String>,
    lines: Mutex<Vec<String>>,
    is_interrupted: AtomicBool,
    meter: Arc<Meter>,
}

impl Host for TestHost {
    fn write(&self, stream: Stream, text: &str) {
        let mut printed = self.printed.lock().expect("no test panics while it prints");
        if stream == Stream::Stderr {
            printed.push_str("[err] ");
        } else {
            let mut stdout = self.stdout.lock().expect("no test panics while it prints");
            stdout.push_str(text);
        }
        printed.push_str(text);
    }

    fn read_line(&self, prompt: &str) -> Result<String, ReadLineError> {
        self.write(Stream::Stdout, prompt);
        let mut lines = self.lines.lock().expect("no test panics while it reads");
        lines.pop().ok_or(ReadLineError::EndOfFile)
    }

    fn is_interrupted(&self) -> bool {
        self.is_interrupted.load(Ordering::Relaxed)
    }

    fn on_interrupt(&self, _wake: Box<dyn Fn() + Send + Sync>) {}

    fn meter(&self) -> &Arc<Meter> {
        &self.meter
    }
}

/// A session in this process.
struct Session {
    host: Arc<TestHost>,
    interpreter: Box<dyn Interpreter>,
    count: u64,
}

impl Session {
    fn new() -> Self {
        let host = Arc::new(TestHost::default());
        let interpreter = (super::engine::start)(Arc::clone(&host) as Arc<dyn Host>)
            .expect("the interpreter starts");
        Self {
            host,
            interpreter,
            count: 0,
        }
    }

    fn run(&mut self, source: &str, mode: ExecuteMode) -> ExecuteReply {
        self.run_with(source, mode, None)
    }

    fn run_with(&mut self, source: &str, mode: ExecuteMode, fuel: Option<u64>) -> ExecuteReply {
        self.host.is_interrupted.store(false, Ordering::Relaxed);
        self.host.meter.begin(fuel);
        self.interpreter.execute(&ExecuteRequest {
            source: source.to_owned(),
            mode,
            fuel,
            cpu_time: None,
        })
    }

    fn cell(&mut self, source: &str) -> ExecuteReply {
        self.count += 1;
        let execution_count = self.count;
        self.run(source, ExecuteMode::Cell { execution_count })
    }

    fn program(&mut self, name: &str, source: &str) -> ExecuteReply {
        self.run(
            source,
            ExecuteMode::Program {
                name: name.to_owned(),
                arguments: Vec::new(),
                wants_result: false,
            },
        )
    }

    fn printed(&self) -> String {
        std::mem::take(
            &mut self
                .host
                .printed
                .lock()
                .expect("no test panics while it prints"),
        )
    }

    /// What a cell printed, and its result, error or other ending in one text.
    fn transcript(&mut self, source: &str) -> String {
        let reply = self.cell(source);
        self.printed() + &shown(reply)
    }
}

fn shown(reply: ExecuteReply) -> String {
    match reply.ending {
        Ending::Ok => reply.result.unwrap_or_default(),
        Ending::Error { traceback, .. } => traceback,
        other => format!("{other:?}"),
    }
}

/// Runs cells one after the other in one session, and compares the transcript of each.
#[track_caller]
fn check(cells: &[(&str, &str)]) {
    let mut session = Session::new();
    for (source, expected) in cells {
        assert_eq!(session.transcript(source), *expected, "after: {source}");
    }
}

/// Interrupts a cell after a while, and sees that the session goes on.
#[track_caller]
fn check_interrupt(source: &str) {
    let mut session = Session::new();
    session.cell("let kept = 7; globalThis.late = 0");
    let host = Arc::clone(&session.host);
    let watch = thread::spawn(move || {
        thread::sleep(Duration::from_millis(60));
        host.is_interrupted.store(true, Ordering::Relaxed);
    });
    let start = Instant::now();
    let reply = session.cell(source);
    assert_eq!(reply.ending, Ending::Interrupted, "{source}");
    assert!(start.elapsed() < Duration::from_secs(2), "{source}");
    watch.join().expect("the watch only sleeps");
    assert_eq!(session.transcript("late + kept"), "7", "after: {source}");
}

#[test]
fn variables_stay_and_may_be_declared_again() {
    check(&[
        (
            "let x = 1; const y = 2; class A { v = 3 }; function f() { return x + y }",
            "",
        ),
        ("x + y + new A().v + f()", "9"),
        ("x = 10; f()", "12"),
        ("let x = 5; const y = 6; x + y", "11"),
        ("f()", "12"),
        ("function f() { return 'new' }; f()", "'new'"),
        ("class A {}; new A()", "A {}"),
        ("var v = 1; for (var i = 0; i < 3; i++) {}; i", "3"),
        ("let i = 'let', v = 'let'; [i, v]", "[ 'let', 'let' ]"),
        ("var i; [i, v]", "[ 'let', 'let' ]"),
        (
            "async function g() { return 1 }; function* h() { yield 2 }",
            "",
        ),
        ("[await g(), ...h()]", "[ 1, 2 ]"),
        ("const { a, b: [c, ...d] } = { a: 1, b: [2, 3, 4] }", ""),
        ("[a, c, d]", "[ 1, 2, [ 3, 4 ] ]"),
        ("undeclared = 4", "4"),
        ("let undeclared = 5; undeclared", "5"),
        ("const URL = 1; let console2 = console; URL", "1"),
    ]);
}

#[test]
fn values_are_results() {
    check(&[
        ("1 + 1", "2"),
        ("undefined", ""),
        ("'text'", "'text'"),
        ("{a: 1}", "{ a: 1 }"),
        ("{}", "{}"),
        ("{ let q = 1; q }", "1"),
        ("if (true) { 5 } else { 6 }", "5"),
        ("7; let z = 8", "7"),
        ("Promise.resolve(1)", "Promise { 1 }"),
        ("new Promise(() => {})", "Promise { <pending> }"),
        ("await Promise.resolve(2)", "2"),
        ("await (3)", "3"),
        ("{ a: await 4 }", "{ a: 4 }"),
        ("for await (const x of [1, 2]) console.log(x)", "1\n2\n"),
        ("_", "{ a: 4 }"),
        ("Out[1] + out[6]", "3"),
        ("In[1]", "'1 + 1'"),
        ("'use strict'; (function () { return this })()", ""),
        ("(function () { return this === globalThis })()", "true"),
        ("let _ = 'mine'", ""),
        ("5", "5"),
        ("_", "'mine'"),
    ]);
}

#[test]
fn endless_code_is_interrupted() {
    for source in [
        "while (true) {}",
        "for (;;) { try { while (true) {} } finally { continue } }",
        "/(a+)+$/.test('a'.repeat(40) + 'b')",
        "(function f() { Promise.resolve().then(f) })()",
        "await new Promise(() => setTimeout(() => {}, 1e9))",
        "setInterval(() => {}, 1)",
        "setInterval(() => { late++ }, 1e6); for (;;);",
        "for (let i = 0; i < 10; i++) Promise.resolve().then(() => { late++ }); for (;;);",
        "process.nextTick(function f() { process.nextTick(f) })",
        "(async () => { try { for (;;); } finally { late = 1 } })()",
    ] {
        check_interrupt(source);
    }
}

#[track_caller]
fn check_completion(setup: &str, source: &str, expected: &[(&str, &str)]) {
    let mut session = Session::new();
    assert_eq!(session.transcript(setup), "", "{setup}");
    let found = session.interpreter.complete(source, source.len());
    let found: Vec<(&str, &str)> = found
        .items
        .iter()
        .map(|item| (item.text.as_str(), item.kind.as_str()))
        .take(expected.len().max(1))
        .collect();
    assert_eq!(found, expected, "{source}");
    assert_eq!(session.printed(), "", "completion ran code: {source}");
}

#[test]
fn the_module_of_tools_is_one_however_it_is_loaded() {
    let mut session = Session::new();
    let loaded = session.transcript(
        "import c, { call as k, Image } from 'companion'; import * as all from 'node:companion'; \
         [typeof c.call, k === c.call, Image === all.Image, all === require('companion')]",
    );
    assert_eq!(loaded, "[ 'function', true, true, true ]");
    // There may be such a tool by now, so it is looked for.
    let looked = session.transcript("c.imagine");
    assert!(looked.contains("there are no tools here"), "{looked}");
    check_completion(
        "var m = require('companion')",
        "m.sho",
        &[("show", "function")],
    );
}

#[test]
fn completion_knows_globals_and_properties_and_runs_nothing() {
    check_completion("", "structuredC", &[("structuredClone", "function")]);
    check_completion("", "UR", &[("URIError", "function"), ("URL", "class")]);
    check_completion("", "whi", &[("while", "keyword")]);
    check_completion(
        "let abcdef = 1; class abcClass {}; function abcFunction() {}; abcGlobal = {}; undefined",
        "f(abc",
        &[
            ("abcClass", "class"),
            ("abcFunction", "function"),
            ("abcdef", "number"),
            ("abcGlobal", "object"),
        ],
    );
    check_completion(
        "const o = { b: 1, a: { deep: 'x' } }",
        "o.",
        &[
            ("a", "object"),
            ("b", "number"),
            ("__defineGetter__", "function"),
        ],
    );
    check_completion(
        "const o = { a: { deep: 'x' } }",
        "o.a.d",
        &[("deep", "string")],
    );
    check_completion(
        "const o = { a: { deep: 'x' } }",
        "o?.a.deep.toUp",
        &[("toUpperCase", "function")],
    );
    check_completion("", "'x'.padS", &[("padStart", "function")]);
    check_completion("", "console.lo", &[("log", "function")]);
    check_completion(
        "const o = { get g() { console.log('ran'); return { x: 1 } } }",
        "o.g",
        &[("g", "property")],
    );
    check_completion(
        "const o = { get g() { console.log('ran'); return { x: 1 } } }",
        "o.g.x",
        &[],
    );
    check_completion(
        "const p = new Proxy({ x: 1 }, { ownKeys() { console.log('ran'); return [] }, get() { console.log('ran') } })",
        "p.",
        &[],
    );
    check_completion(
        "Object.defineProperty(globalThis, 'trap', { get() { console.log('ran'); return {} } }); undefined",
        "trap.",
        &[],
    );
    check_completion(
        "Array.prototype.sort = RegExp.prototype.exec = Map.prototype.get = Set.prototype.has = String.prototype.startsWith = Object.getOwnPropertyNames = () => { console.log('ran') }; undefined",
        "structuredC",
        &[("structuredClone", "function")],
    );
    check_completion(
        "const big = new Array(1e6).fill(0)",
        "big.len",
        &[("length", "number")],
    );
}

/// The blocks of `inspect_cases.txt`: an expression and what node shows.
fn inspect_cases() -> Vec<(&'static str, String)> {
    let mut cases: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in include_str!("inspect_cases.txt").lines() {
        if let Some(expression) = line.strip_prefix("> ") {
            cases.push((expression, Vec::new()));
        } else if let Some((_, shown)) = cases.last_mut()
            && let Some(row) = line.strip_prefix('|')
        {
            shown.push(row.strip_prefix(' ').unwrap_or(row));
        }
    }
    let cases = cases.into_iter();
    cases
        .map(|(expression, shown)| (expression, shown.join("\n")))
        .collect()
}

#[test]
fn inspect_shows_what_node_shows() {
    let mut session = Session::new();
    session.cell("const { inspect } = require('util')");
    let cases = inspect_cases();
    assert!(cases.len() > 300, "the table was read");
    for (expression, expected) in cases {
        let source = format!(
            "process.stdout.write(inspect(({expression}), {{ showProxy: true }})); undefined"
        );
        assert_eq!(session.transcript(&source), expected, "{expression}");
    }
}

fn conformance() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance/javascript")
}

#[test]
fn programs_print_what_node_prints() {
    let known = fs::read_to_string(conformance().join("known-failures.txt"))
        .expect("the list is committed");
    let known: BTreeMap<&str, &str> = known
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .collect();
    let mut programs: Vec<PathBuf> = fs::read_dir(conformance())
        .expect("the programs are committed")
        .map(|entry| entry.expect("a directory can be listed").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "js" || extension == "mjs")
        })
        .collect();
    programs.sort();
    assert!(programs.len() >= 70, "the programs were found");
    let mut surprises = Vec::new();
    for path in programs {
        let source = fs::read_to_string(&path).expect("a program is text");
        let expected = fs::read_to_string(path.with_extension("out")).expect("it was recorded");
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .unwrap_or_default();
        let mut session = Session::new();
        let reply = session.program(name, &source);
        let stdout = std::mem::take(&mut *session.host.stdout.lock().expect("nothing prints now"));
        match (stdout == expected, known.contains_key(stem)) {
            (true, false) | (false, true) => {}
            (true, true) => surprises.push(format!("{stem} passes, but is listed")),
            (false, false) => surprises.push(format!(
                "{stem}: ended with {:?}\n--- ours\n{stdout}\n--- node\n{expected}",
                reply.ending
            )),
        }
    }
    assert!(surprises.is_empty(), "{}", surprises.join("\n"));
}

#[test]
fn errors_look_as_in_node() {
    check(&[
        (
            "function f() { null.x }\nf()",
            "Uncaught TypeError: Cannot read properties of null (reading 'x')\n    at f (<cell 1>:1:16)\n    at <cell 1>:2:1\n",
        ),
        ("throw 'text'", "Uncaught 'text'\n"),
        ("throw { a: 1 }", "Uncaught { a: 1 }\n"),
        (
            "let x = ;",
            "<cell 4>:1\nlet x = ;\n        ^\n\nUncaught SyntaxError: Unexpected token\n",
        ),
        (
            "let a; let a",
            "<cell 5>:1\nlet a; let a\n           ^\n\nUncaught SyntaxError: Identifier 'a' has already been declared\n",
        ),
        (
            "Promise.reject(new RangeError('no'))",
            "Uncaught RangeError: no\n    at <cell 6>:1:20\n",
        ),
        ("Promise.reject(5)", "Uncaught 5\n"),
        (
            "setTimeout(() => { throw new Error('late') })",
            "Uncaught Error: late\n    at <cell 8>:1:30\n",
        ),
        (
            "queueMicrotask(() => { throw new Error('micro') })",
            "Uncaught Error: micro\n    at <cell 9>:1:34\n",
        ),
        (
            "await new Promise(() => {})",
            "Uncaught Error: unsettled top-level await: nothing is left that could settle it\n",
        ),
        (
            "await 1; throw new Error('a', { cause: 'b' })",
            "Uncaught Error: a\n    at <cell 11>:1:20 {\n  [cause]: 'b'\n}\n",
        ),
        (
            "(function f() { f() })()",
            "Uncaught RangeError: Maximum call stack size exceeded\n",
        ),
        (
            "class E extends Error { name = 'Mine' }; throw new E('m')",
            "Uncaught Mine: m\n    at E (<cell 13>:1:1)\n    at <cell 13>:1:52\n",
        ),
        (
            "require('net')",
            "Uncaught Error: Cannot find module 'net'\nPackages and modules of one's own are closed in the sandbox; there are: assert, assert/strict, companion, console, events, fs, fs/promises, path, path/posix, perf_hooks, process, timers, timers/promises, url, util\n    at <cell 14>:1:1 {\n  code: 'MODULE_NOT_FOUND'\n}\n",
        ),
        ("process.exit(3)", "Exit { code: 3 }"),
        (
            "try { process.exit(4) } finally { console.log('no') }",
            "Exit { code: 4 }",
        ),
        ("throw null", "Uncaught null\n"),
        (
            "x1; let x1",
            "Uncaught ReferenceError: Cannot access 'x1' before initialization\n    at <cell 18>:1:1\n",
        ),
        ("prompt('name? ')", "name? null"),
        (
            "process.on('uncaughtException', (e) => console.log('took', e.message)); void setTimeout(() => { throw new Error('it') })",
            "took it\n",
        ),
    ]);
}

#[test]
fn a_program_fails_as_under_node() {
    let mut session = Session::new();
    let reply = session.program(
        "a.js",
        "#!/usr/bin/env node\nconst f = () => {\n  throw new TypeError('bad');\n};\nf();\n",
    );
    assert_eq!(
        shown(reply),
        "a.js:3\n  throw new TypeError('bad');\n            ^\n\nTypeError: bad\n    at f (a.js:3:13)\n    at a.js:5:1\n"
    );
    let reply = session.program("a.mjs", "export const x = 1;\nx.y.z;\n");
    assert_eq!(
        shown(reply),
        "a.mjs:2\nx.y.z;\n^\n\nTypeError: Cannot read properties of undefined (reading 'z')\n    at a.mjs:2:1\n"
    );
    let reply = session.program("b.js", "process.exitCode = 7");
    assert_eq!(reply.ending, Ending::Exit { code: 7 });
    let mode = ExecuteMode::Program {
        name: "c.js".into(),
        arguments: Vec::new(),
        wants_result: true,
    };
    assert_eq!(
        session.run("let a = 1\na + 1", mode).result.as_deref(),
        Some("2")
    );
}

#[test]
fn input_comes_from_the_host() {
    let mut session = Session::new();
    session
        .host
        .lines
        .lock()
        .expect("nothing reads now")
        .push("Ann".into());
    assert_eq!(session.transcript("prompt('name? ')"), "name? 'Ann'");
}

#[test]
fn hostile_values_end_as_values() {
    check(&[
        (
            "new Proxy({}, { get() { throw 1 }, ownKeys() { throw 2 }, getPrototypeOf() { throw 3 } })",
            "Proxy [\n  {},\n  {\n    get: [Function: get],\n    ownKeys: [Function: ownKeys],\n    getPrototypeOf: [Function: getPrototypeOf]\n  }\n]",
        ),
        (
            "({ get [Symbol.toStringTag]() { throw 1 } })",
            "{ [Symbol(Symbol.toStringTag)]: [Getter] }",
        ),
        (
            "throw { get message() { throw 1 } }",
            "Uncaught { message: [Getter] }\n",
        ),
        (
            "throw Object.create(null)",
            "Uncaught [Object: null prototype] {}\n",
        ),
        (
            "let deep = {}; for (let i = 0; i < 1e5; i++) deep = { deep }; deep",
            "{ deep: { deep: { deep: [Object] } } }",
        ),
        ("'\\ud800'", "'\\ud800'"),
        ("console.log('\\ud800')", "\u{fffd}\n"),
    ]);
}
