//! What is seen in Python: each row is a program, the rule that sees it, and the line.

use super::{findings, python};
use crate::protocol::{Language, Severity};

fn seen(source: &str) -> Vec<(String, u32)> {
    let found = findings(Language::Python, source);
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
    ("().__class__.__base__.__subclasses__()", "py-escape", 1),
    (
        "x = 1\n\"\".__class__.__mro__[1].__subclasses__()[40]('/etc/passwd')",
        "py-escape",
        2,
    ),
    ("object.__subclasses__()", "py-escape", 1),
    (
        "[c for c in ().__class__.__bases__[0].__subclasses__() if c.__name__ == 'x']",
        "py-escape",
        1,
    ),
    ("print.__self__.exec('1')", "py-escape", 1),
    ("(lambda: 0).__globals__['os']", "py-escape", 1),
    ("f.__init__.__globals__", "py-escape", 1),
    ("__builtins__['eval']", "py-escape", 1),
    ("globals()['__builtins__']", "py-escape", 1),
    ("getattr(x, '__class__')", "py-escape", 1),
    ("getattr(x, '__sub' + 'classes__')", "py-escape", 1),
    ("getattr(x, '__slabolg__'[::-1])", "py-escape", 1),
    ("getattr(x, ''.join(['__glo', 'bals__']))", "py-escape", 1),
    ("getattr(x, f'__{\"globals\"}__')", "py-escape", 1),
    (
        "from operator import attrgetter as g\ng('__class__.__base__')(x)",
        "py-escape",
        2,
    ),
    (
        "'{0.__class__.__init__.__globals__}'.format(x)",
        "py-escape",
        1,
    ),
    ("'{x[__builtins__]}'.format_map(y)", "py-escape", 1),
    ("def g():\n    yield g.gi_frame.f_back\n", "py-escape", 2),
    (
        "try:\n    1/0\nexcept E as e:\n    e.__traceback__.tb_frame.f_globals\n",
        "py-escape",
        4,
    ),
    ("import sys\nsys._getframe(1)", "py-escape", 2),
    (
        "import inspect\ninspect.currentframe().f_back",
        "py-escape",
        2,
    ),
    ("import gc\ngc.get_objects()", "py-escape", 2),
    ("import sys\nsys.modules['os'].system('id')", "py-escape", 2),
    ("f.__code__ = g.__code__", "py-escape", 1),
    ("import types\ntypes.CodeType()", "py-escape", 2),
    ("().__class__.mro()[1]", "py-escape", 1),
    ("__loader__.load_module('os')", "py-escape", 1),
    // Processes.
    ("import os\nos.system('ls')", "py-process", 2),
    ("from os import system as s\ns('ls')", "py-process", 2),
    ("from os import *\nsystem('ls')", "py-process", 2),
    ("import os as o\no.popen('ls')", "py-process", 2),
    ("import subprocess", "py-process", 1),
    ("from subprocess import run", "py-process", 1),
    ("__import__('os').system('ls')", "py-process", 1),
    ("__import__('o' + 's').system('ls')", "py-process", 1),
    (
        "import importlib\nimportlib.import_module('subprocess')",
        "py-process",
        2,
    ),
    ("import os\nos.execv('/bin/sh', [])", "py-process", 2),
    ("import os\nx = os.system\nx('ls')", "py-process", 3),
    ("import pty", "py-process", 1),
    // Files.
    ("open('x', 'w')", "py-file-write", 1),
    (
        "with open('x', mode='ab') as f:\n    pass\n",
        "py-file-write",
        1,
    ),
    ("open('x')", "py-file-read", 1),
    ("import os\nos.remove('x')", "py-file-write", 2),
    ("import shutil\nshutil.rmtree('/')", "py-file-write", 2),
    (
        "from pathlib import Path\nPath('x').write_text('y')",
        "py-file-write",
        2,
    ),
    ("Path('x').open('w')", "py-file-write", 1),
    // Network.
    ("import socket", "py-network", 1),
    ("x = 1\nimport urllib.request", "py-network", 2),
    ("from urllib import request", "py-network", 1),
    ("import requests as r", "py-network", 1),
    ("import http.client", "py-network", 1),
    ("__import__('socket')", "py-network", 1),
    // Native code, unpickling.
    ("import ctypes", "py-native", 1),
    ("from ctypes.util import find_library", "py-native", 1),
    ("import pickle\npickle.loads(x)", "py-unpickle", 2),
    (
        "class A:\n    def __reduce__(self):\n        return (f, ())\n",
        "py-unpickle",
        2,
    ),
    ("import yaml\nyaml.load(x)", "py-unpickle", 2),
    // Text as code.
    ("exec(x)", "py-exec", 1),
    ("e = eval\ne(x)", "py-exec", 2),
    ("exec(compile(x, 'f', 'exec'))", "py-exec", 1),
    (
        "import base64\nexec(base64.b64decode('cHJpbnQ='))",
        "py-hidden-code",
        2,
    ),
    (
        "from base64 import b64decode as d\nx = d('cHJpbnQ=')\nexec(x)",
        "py-hidden-code",
        3,
    ),
    (
        "import codecs\nexec(codecs.decode('cevag', 'rot13'))",
        "py-hidden-code",
        2,
    ),
    ("exec(''.join(map(chr, [112])))", "py-hidden-code", 1),
    ("exec('tnirp'[::-1])", "py-hidden-code", 1),
    ("import zlib\nexec(zlib.decompress(x))", "py-hidden-code", 2),
    (
        "import marshal\nexec(marshal.loads(x))",
        "py-hidden-code",
        2,
    ),
    ("exec('im' + 'port os')", "py-hidden-code", 1),
    ("exec(bytes.fromhex('70').decode())", "py-hidden-code", 1),
    (
        "\n\neval(\"__import__('os').system('id')\")",
        "py-process",
        3,
    ),
    (
        "exec('eval(\"().__class__.__base__.__subclasses__()\")')",
        "py-escape",
        1,
    ),
    ("__import__(x)", "py-exec", 1),
    ("import base64\nbase64.b64decode('aGk=')", "py-decode", 2),
    // Bombs.
    ("9**9**9", "py-bomb", 1),
    ("x = 10 ** (10 ** 10)", "py-bomb", 1),
    ("'x' * 10**10", "py-bomb", 1),
    ("10_000_000_000 * [0]", "py-bomb", 1),
    ("1 << 10**12", "py-bomb", 1),
    ("list(range(10**10))", "py-bomb", 1),
    ("import itertools\nlist(itertools.count())", "py-bomb", 2),
    ("from itertools import cycle\nsum(cycle([1]))", "py-bomb", 2),
    ("bytearray(10**12)", "py-bomb", 1),
    ("import os\nwhile True:\n    os.fork()\n", "py-bomb", 3),
    ("'{:>9999999999}'.format('x')", "py-bomb", 1),
    ("f'{x:>9999999999}'", "py-bomb", 1),
    ("'%9999999999d' % 1", "py-bomb", 1),
    ("'x'.ljust(10**10)", "py-bomb", 1),
    ("import math\nmath.factorial(10**9)", "py-bomb", 2),
    ("while True:\n    pass\n", "py-endless", 1),
    ("x = []\nwhile 1:\n    x.append(x)\n", "py-endless", 2),
    (
        "while True:\n    for i in x:\n        break\n",
        "py-endless",
        1,
    ),
    // Any language.
    ("k = 'AKIAIOSFODNN7EXAMPLQ'", "secret", 1),
    ("t = 'ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3f'", "secret", 1),
    ("# -----BEGIN RSA PRIVATE KEY-----", "secret", 1),
    ("\npassword = 'hG7#kQ9!zR2w'", "secret", 2),
    (
        "if access != 'user\u{202e} \u{2066}# ok\u{2069} \u{2066}':\n    pass\n",
        "bidi",
        1,
    ),
    ("x = 1\ny\u{200b} = 2", "bidi", 2),
    (
        "x = '\\x69\\x6d\\x70\\x6f\\x72\\x74\\x20\\x6f\\x73\\x3b\\x6f\\x73'",
        "escaped-text",
        1,
    ),
    ("def f(:\n  pass", "syntax", 1),
];

#[test]
fn secrets_are_not_repeated() {
    for secret in [
        "AKIAIOSFODNN7EXAMPLQ",
        "ghp_aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3f",
        "sk-aB3dE5gH7jK9mN1pQ3sT5vW7yZ9bC1dE3f",
        "xoxb-123456789012-aB3dE5gH7jK9mN1p",
        "AIzaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NSJ9.SflKxwRJSMeKKF2QT4",
    ] {
        let found = findings(Language::Python, &format!("key = '{secret}'"));
        let told: Vec<_> = found
            .iter()
            .filter(|finding| finding.rule == "secret")
            .collect();
        assert!(!told.is_empty(), "{secret}");
        for finding in told {
            assert!(
                !finding.message.contains(&secret[..9]),
                "{}",
                finding.message
            );
        }
    }
}

#[test]
fn what_does_not_parse_is_looked_at_all_the_same() {
    let found = seen("import os\nos.system('x')\ndef (");
    assert!(found.contains(&("py-process".to_owned(), 2)), "{found:?}");
}

#[test]
fn hostile_text_is_a_finding() {
    for source in [
        "(".repeat(300),
        "-".repeat(100_000),
        "x = ".repeat(40_000) + "1",
        "not ".repeat(50_000),
        "x if x else ".repeat(20_000),
        (0..400).fold(String::new(), |text, n| text + &" ".repeat(n) + "if x:\n"),
        "x\n".repeat(600_000),
    ] {
        let found = findings(Language::Python, &source);
        let start = source.get(..20).unwrap_or_default();
        assert!(
            found
                .iter()
                .any(|finding| matches!(finding.rule.as_str(), "unread" | "syntax")),
            "{start:?}: {found:?}"
        );
    }
    // Within the bounds everything is walked.
    let deep = format!("{}x{}", "(".repeat(199), ")".repeat(199));
    assert_eq!(python::examine(&deep), []);
    let chain = "x".to_owned() + &".y".repeat(4000);
    assert_eq!(findings(Language::Python, &chain), []);
    assert!(findings(Language::Python, "eval('9**9**9')")[0].severity == Severity::High);
}
