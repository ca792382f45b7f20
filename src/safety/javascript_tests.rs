//! What is seen in JavaScript: each row is a program, the rule that sees it, and the line.

use super::findings;
use crate::protocol::Language;

fn seen(source: &str) -> Vec<(String, u32)> {
    let found = findings(Language::JavaScript, source);
    found
        .into_iter()
        .map(|finding| (finding.rule, finding.line))
        .collect()
}

#[test]
fn each_rule_sees_what_it_is_for() {
    let mut wrong = Vec::new();
    for (source, rule, line) in CASES {
        let found = seen(source);
        if !found.iter().any(|(id, at)| id == rule && at == line) {
            wrong.push(format!("{source:?}: {found:?}, not {rule} in line {line}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

const CASES: &[(&str, &str, u32)] = &[
    // Escapes.
    (
        "[].constructor.constructor('return process')()",
        "js-escape",
        1,
    ),
    (
        "x\n;(() => {}).constructor('return this')()",
        "js-escape",
        2,
    ),
    ("(async function(){}).constructor", "js-escape", 1),
    (
        "Object.getPrototypeOf(function*(){}).constructor",
        "js-escape",
        1,
    ),
    ("x['constructor']['constructor']", "js-escape", 1),
    ("x['const' + 'ructor']", "js-escape", 1),
    ("x[`constr${'uctor'}`]", "js-escape", 1),
    ("x[['con', 'structor'].join('')]", "js-escape", 1),
    ("process.binding('fs')", "js-escape", 1),
    ("process.mainModule.require('fs')", "js-escape", 1),
    ("const p = process\np.dlopen(x)", "js-escape", 2),
    ("globalThis.process.binding('x')", "js-escape", 1),
    ("Error.prepareStackTrace = (e, s) => s", "js-escape", 1),
    ("stack[0].getThis()", "js-escape", 1),
    ("arguments.callee.caller", "js-escape", 1),
    ("Reflect.get(f, 'constructor')", "js-escape", 1),
    ("require('vm')", "js-escape", 1),
    // Prototypes.
    ("x.__proto__.y = 1", "js-prototype", 1),
    ("x['__proto__'].y = 1", "js-prototype", 1),
    ("Object.prototype.y = 1", "js-prototype", 1),
    ("x.constructor.prototype.y = 1", "js-prototype", 1),
    (
        "Object.defineProperty(Object.prototype, 'y', {})",
        "js-prototype",
        1,
    ),
    ("x.__defineGetter__('y', f)", "js-prototype", 1),
    // Text as code.
    ("eval(x)", "js-exec", 1),
    ("new Function(x)", "js-exec", 1),
    ("const e = eval\ne(x)", "js-exec", 2),
    ("Function('return this')()", "js-exec", 1),
    ("eval(atob('YQ=='))", "js-hidden-code", 1),
    ("const s = atob('YQ==')\neval(s)", "js-hidden-code", 2),
    ("eval(String.fromCharCode(97))", "js-hidden-code", 1),
    ("eval('a' + 'lert')", "js-hidden-code", 1),
    (
        "Function(Buffer.from('YQ==', 'base64').toString())",
        "js-hidden-code",
        1,
    ),
    (
        "eval('trela'.split('').reverse().join(''))",
        "js-hidden-code",
        1,
    ),
    ("\neval(\"require('child_process')\")", "js-process", 2),
    ("setTimeout(\"require('fs')\", 1)", "js-file", 1),
    // Modules.
    ("require('child_process').exec('ls')", "js-process", 1),
    ("require('node:child_process')", "js-process", 1),
    (
        "const { exec } = require('child_' + 'process')",
        "js-process",
        1,
    ),
    ("import cp from 'child_process'", "js-process", 1),
    ("import * as std from 'std'", "js-process", 1),
    ("Deno.run(x)", "js-process", 1),
    ("const fs = require('fs')", "js-file", 1),
    ("import { readFile } from 'node:fs/promises'", "js-file", 1),
    ("await import('fs')", "js-file", 1),
    ("require('net')", "js-network", 1),
    ("fetch('http://x')", "js-network", 1),
    ("new WebSocket('ws://x')", "js-network", 1),
    ("globalThis.fetch('x')", "js-network", 1),
    ("await import(x)", "js-import", 1),
    ("require(x + 'y')", "js-import", 1),
    // Bombs.
    ("new Array(2**32 - 1)", "js-bomb", 1),
    ("'x'.repeat(2**30)", "js-bomb", 1),
    ("'x'.padEnd(1e10)", "js-bomb", 1),
    ("new Uint8Array(1e12)", "js-bomb", 1),
    ("10n ** 10n ** 10n", "js-bomb", 1),
    ("1n << 100000000000n", "js-bomb", 1),
    ("while (true) {}", "js-endless", 1),
    ("for (;;) x.push(x)", "js-endless", 1),
    (
        "while (1) { for (const y of x) { break } }",
        "js-endless",
        1,
    ),
    // Any language.
    ("const key = 'AKIAIOSFODNN7EXAMPLQ'", "secret", 1),
    ("{ token: 'hG7#kQ9!zR2w' }", "secret", 1),
    ("let x\u{3164} = 1", "bidi", 1),
    (
        "x = '\\u0069\\u006d\\u0070\\u006f\\u0072\\u0074\\u0020\\u006f\\u0073\\u003b\\u006f\\u0073'",
        "escaped-text",
        1,
    ),
    ("function (", "syntax", 1),
];

#[test]
fn every_way_in_which_the_kernel_reads_a_text_is_read() {
    for source in [
        "{ a: fetch('x') }",
        "{ a: 1, b: fetch('x') }",
        "return fetch('x')",
        "await fetch('x')",
        "export const x = fetch('x')",
        "#!/usr/bin/env node\nfetch('x')",
        "with (x) { fetch('x') }",
        "var await = 1; fetch('x')",
    ] {
        let found = seen(source);
        assert!(
            found.iter().any(|(rule, _)| rule == "js-network"),
            "{source:?}: {found:?}"
        );
    }
}

#[test]
fn hostile_text_is_a_finding() {
    for source in [
        "(".repeat(100_000),
        "[".repeat(400),
        "x=>".repeat(50_000),
        "!".repeat(100_000),
        "`${".repeat(1000),
        "if(x)".repeat(50_000),
        "x\n".repeat(600_000),
    ] {
        let found = seen(&source);
        let start = source.get(..20).unwrap_or_default();
        assert!(
            found
                .iter()
                .any(|(rule, _)| matches!(rule.as_str(), "unread" | "syntax")),
            "{start:?}: {found:?}"
        );
    }
}
