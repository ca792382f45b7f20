//! Cells: results, output, tracebacks, input, exits, walls.

use super::{Ran, Session, cell_mode, session};
use crate::kernel::{Ending, ExecuteMode};

/// Runs a cell that should end well; gives its result.
#[track_caller]
fn value(python: &mut Session, source: &str) -> Option<String> {
    let ran = python.cell(source);
    assert_eq!(ran.reply.ending, Ending::Ok, "{source}\n{}", ran.stderr);
    ran.reply.result
}

/// Runs a cell that should fail; gives the traceback.
#[track_caller]
fn traceback(python: &mut Session, source: &str) -> String {
    match python.cell(source).reply.ending {
        Ending::Error { traceback, .. } => traceback,
        other => panic!("{source} ended in {other:?}"),
    }
}

#[test]
fn the_last_expression_is_the_result() {
    session(|python| {
        for (source, expected) in [
            ("1 + 1", Some("2")),
            ("'text'", Some("'text'")),
            ("x = 5", None),
            ("x\n", Some("5")),
            ("x;", None),
            ("None", None),
            ("def f(): return 7", None),
            ("class A: pass", None),
            ("f()", Some("7")),
            ("for i in range(3): i", None),
            ("'a\\ud800b'", Some("'a\\ud800b'")),
            ("", None),
            ("# nothing", None),
            ("if True:\n    x", None),
            ("__name__", Some("'__main__'")),
            ("import sys; sys.modules['__main__'].x", Some("5")),
        ] {
            assert_eq!(value(python, source).as_deref(), expected, "{source:?}");
        }
        assert_eq!(value(python, "41 + 1").as_deref(), Some("42"));
        assert_eq!(value(python, "_ + 1").as_deref(), Some("43"));
        assert_eq!(
            value(python, "Out[17], In[17], In[1]").as_deref(),
            Some("(42, '41 + 1', '1 + 1')")
        );
    });
}

#[test]
fn output_comes_as_it_is_written() {
    session(|python| {
        for (source, stdout, stderr) in [
            ("print('a', 1)", "a 1\n", ""),
            ("print('no end', end='')", "no end", ""),
            (
                "import sys; print('e', file=sys.stderr, flush=True)",
                "",
                "e\n",
            ),
            ("sys.stdout.write('w') and None", "w", ""),
            (
                "sys.stdout.buffer.write(b'\\xc3') + sys.stdout.buffer.write(b'\\xa9\\xff\\n') and None",
                "é\\xff\n",
                "",
            ),
            ("print('\\ud83d|\\U0001f600')", "\\ud83d|😀\n", ""),
            ("sys.stdout.writelines(['a', 'b'])", "ab", ""),
            (
                "print(sys.stdout.encoding, sys.stdout.isatty(), sys.stdout.closed)",
                "utf-8 False False\n",
                "",
            ),
            (
                "import warnings; warnings.warn('careful')",
                "",
                "<cell 9>:1: UserWarning: careful\n  import warnings; warnings.warn('careful')\n",
            ),
        ] {
            let Ran {
                reply,
                stdout: out,
                stderr: err,
                ..
            } = python.cell(source);
            assert_eq!(reply.ending, Ending::Ok, "{source}");
            assert_eq!((out.as_str(), err.as_str()), (stdout, stderr), "{source}");
        }
    });
}

#[test]
fn tracebacks_are_those_of_cpython() {
    session(|python| {
        for (source, expected) in [
            (
                "def f(x):\n    return 1 / x\n\nf(0)",
                "Traceback (most recent call last):\n  File \"<cell 1>\", line 4, in <module>\n    f(0)\n    ~^^^\n  File \"<cell 1>\", line 2, in f\n    return 1 / x\n           ~~^~~\nZeroDivisionError: division by zero\n",
            ),
            (
                "f(0)",
                "Traceback (most recent call last):\n  File \"<cell 2>\", line 1, in <module>\n    f(0)\n    ~^^^\n  File \"<cell 1>\", line 2, in f\n    return 1 / x\n           ~~^~~\nZeroDivisionError: division by zero\n",
            ),
            (
                "x = ",
                "  File \"<cell 3>\", line 1\n    x = \n        ^\nSyntaxError: invalid syntax\n",
            ),
            (
                "try:\n    {}['k']\nexcept KeyError as e:\n    e.add_note('a note')\n    raise ValueError('v') from e",
                "Traceback (most recent call last):\n  File \"<cell 4>\", line 2, in <module>\n    {}['k']\n    ~~^^^^^\nKeyError: 'k'\na note\n\nThe above exception was the direct cause of the following exception:\n\nTraceback (most recent call last):\n  File \"<cell 4>\", line 5, in <module>\n    raise ValueError('v') from e\nValueError: v\n",
            ),
            (
                "input('?')",
                "Traceback (most recent call last):\n  File \"<cell 5>\", line 1, in <module>\n    input('?')\n    ~~~~~^^^^^\nEOFError: EOF when reading a line\n",
            ),
            (
                "import no_such_module",
                "Traceback (most recent call last):\n  File \"<cell 6>\", line 1, in <module>\n    import no_such_module\nModuleNotFoundError: No module named 'no_such_module'\n",
            ),
            (
                "raise ExceptionGroup('g', [ValueError(1)])",
                "  + Exception Group Traceback (most recent call last):\n  |   File \"<cell 7>\", line 1, in <module>\n  |     raise ExceptionGroup('g', [ValueError(1)])\n  | ExceptionGroup: g (1 sub-exception)\n  +-+---------------- 1 ----------------\n    | ValueError: 1\n    +------------------------------------\n",
            ),
            (
                "raise KeyboardInterrupt",
                "Traceback (most recent call last):\n  File \"<cell 8>\", line 1, in <module>\n    raise KeyboardInterrupt\nKeyboardInterrupt\n",
            ),
        ] {
            assert_eq!(traceback(python, source), expected, "{source}");
        }
        let ran = python.cell("int('x')");
        let Ending::Error { ename, evalue, .. } = ran.reply.ending else {
            panic!("{:?}", ran.reply.ending);
        };
        assert_eq!(ename, "ValueError");
        assert_eq!(evalue, "invalid literal for int() with base 10: 'x'");
        // Nothing of the machinery is in what the code itself can print either.
        let ran = python.cell(
            "import traceback\ntry:\n    open('f')\nexcept OSError:\n    traceback.print_exc()",
        );
        assert_eq!(
            ran.stderr,
            "Traceback (most recent call last):\n  File \"<cell 10>\", line 3, in <module>\n    open('f')\n    ~~~~^^^^^\nPermissionError: [Errno 13] files are closed in the sandbox: 'f'\n"
        );
    });
}

#[test]
fn deep_recursion_is_an_ordinary_error() {
    session(|python| {
        for source in [
            "def f(): return f()\nf()",
            "class A:\n    def __repr__(self): return repr(self)\nA()",
            "class B:\n    def __getattr__(self, name): return getattr(self, name + 'x')\nB().y",
            "def key(x): return sorted([1, 2], key=key)[0]\nsorted([1, 2], key=key)",
            "class C:\n    def __add__(self, other): return self + other\nC() + 1",
            "class D:\n    def __eq__(self, other): return self == other\nD() == D()",
            "def g(): yield from g()\nlist(g())",
            "class E(Exception):\n    def __str__(self): return str(self)\nstr(E())",
            "import sys; sys.setrecursionlimit(10**6)\nf()",
        ] {
            let ran = python.cell(source);
            let Ending::Error {
                ename, traceback, ..
            } = ran.reply.ending
            else {
                panic!("{source}: {:?}", ran.reply.ending);
            };
            assert_eq!(ename, "RecursionError", "{source}");
            assert!(traceback.starts_with("Traceback"), "{source}");
            assert!(
                traceback.len() < 10_000,
                "{source}: {} bytes",
                traceback.len()
            );
        }
        assert_eq!(value(python, "1").as_deref(), Some("1"));
        // Deep data, without a deep call.
        value(python, "l = []\nfor _ in range(100_000): l = [l]\nl = None");
    });
}

#[test]
fn hostile_source_is_refused() {
    session(|python| {
        for (source, ename) in [
            ("(".repeat(1000), "SyntaxError"),
            ("-".repeat(1_000_000), "SyntaxError"),
            ("eval('-' * 3_000_000)".into(), "SyntaxError"),
            ("eval('(' * 1000)".into(), "SyntaxError"),
            ("exec('not ' * 1_000_000)".into(), "SyntaxError"),
            (
                "compile(b'~' * 1_000_000, 'f', 'eval')".into(),
                "SyntaxError",
            ),
            (
                "import ast; ast.parse('lambda: ' * 1_000_000)".into(),
                "SyntaxError",
            ),
            (
                "'x'.join(['+'] * 9 + ['1']) and eval('1' + '+1' * 9_000)".into(),
                "RecursionError",
            ),
            ("'\0'\0".into(), "SyntaxError"),
        ] {
            let ran = python.cell(&source);
            let Ending::Error { ename: found, .. } = ran.reply.ending else {
                panic!("{:?}: {:?}", source.get(..30), ran.reply.ending);
            };
            assert_eq!(found, ename, "{:?}", source.get(..30));
        }
    });
}

#[test]
fn input_asks_the_host() {
    session(|python| {
        super::lock(&python.host.lines)
            .extend(["Ada", "two", "rest"].map(|line| Ok(line.to_owned())));
        assert_eq!(value(python, "input('name? ')").as_deref(), Some("'Ada'"));
        assert_eq!(*super::lock(&python.host.prompts), ["name? "]);
        assert_eq!(
            value(
                python,
                "import sys; sys.stdin.readline(), sys.stdin.read(), input.__name__"
            )
            .as_deref(),
            Some("('two\\n', 'rest\\n', 'input')")
        );
        assert!(traceback(python, "input()").ends_with("EOFError: EOF when reading a line\n"));
        assert_eq!(
            value(
                python,
                "import io; sys.stdin = io.StringIO('from a string\\n'); input()"
            )
            .as_deref(),
            Some("'from a string'")
        );
    });
}

#[test]
fn exits_have_the_codes_of_cpython() {
    session(|python| {
        for (source, code, stderr) in [
            ("exit()", 0, ""),
            ("quit(3)", 3, ""),
            ("import sys; sys.exit(None)", 0, ""),
            ("sys.exit(True)", 1, ""),
            ("sys.exit('a message')", 1, "a message\n"),
            ("raise SystemExit([1])", 1, "[1]\n"),
            ("import os; os._exit(4)", 4, ""),
        ] {
            let ran = python.cell(source);
            assert_eq!(ran.reply.ending, Ending::Exit { code }, "{source}");
            assert_eq!(ran.stderr, stderr, "{source}");
        }
    });
}

#[test]
fn a_program_runs_as_main() {
    session(|python| {
        let program = |wants_result| ExecuteMode::Program {
            name: "demo.py".into(),
            arguments: Vec::new(),
            wants_result,
        };
        let source = "import sys, atexit\natexit.register(print, 'bye')\nprint(sys.argv, __name__, __file__)\n6 * 7;";
        let ran = python.run(source, program(false));
        assert_eq!((ran.reply.ending, ran.reply.result), (Ending::Ok, None));
        assert_eq!(ran.stdout, "['demo.py'] __main__ demo.py\nbye\n");
        let ran = python.run("6 * 7", program(true));
        assert_eq!(ran.reply.result.as_deref(), Some("42"));
        let ran = python.run("1 / 0", program(false));
        let Ending::Error { traceback, .. } = ran.reply.ending else {
            panic!("{:?}", ran.reply.ending);
        };
        assert!(
            traceback.contains("File \"demo.py\", line 1, in <module>\n    1 / 0\n"),
            "{traceback}"
        );
    });
}

#[test]
fn the_machine_is_out_of_reach() {
    session(|python| {
        for (source, error) in [
            (
                "open('/etc/passwd')",
                "PermissionError: [Errno 13] files are closed in the sandbox: '/etc/passwd'",
            ),
            (
                "import io; io.open('f', 'w')",
                "PermissionError: [Errno 13] files are closed in the sandbox: 'f'",
            ),
            (
                "import pathlib; pathlib.Path('f').read_text()",
                "PermissionError: [Errno 13] files are closed in the sandbox",
            ),
            (
                "import os; os.listdir('.')",
                "PermissionError: [Errno 13] files are closed in the sandbox: '.'",
            ),
            (
                "os.open('f', 0)",
                "PermissionError: [Errno 13] files are closed in the sandbox: 'f'",
            ),
            (
                "os.system('ls')",
                "PermissionError: [Errno 13] processes are closed in the sandbox: 'ls'",
            ),
            (
                "os.fork()",
                "PermissionError: [Errno 13] processes are closed in the sandbox",
            ),
            (
                "import subprocess; subprocess.run(['ls'])",
                "PermissionError: [Errno 13] processes are closed in the sandbox",
            ),
            (
                "import socket; socket.socket()",
                "PermissionError: [Errno 13] the network is closed in the sandbox",
            ),
            (
                "import ctypes",
                "ModuleNotFoundError: No module named '_ctypes': native code is closed in the sandbox",
            ),
            (
                "import ssl",
                "ModuleNotFoundError: No module named '_ssl': the network is closed in the sandbox",
            ),
            (
                "import _interpreters",
                "ModuleNotFoundError: No module named '_interpreters': other interpreters are closed in the sandbox",
            ),
            (
                "import tempfile; tempfile.mkdtemp()",
                "PermissionError: [Errno 13] files are closed in the sandbox",
            ),
            (
                "import sys; sys.settrace(print)",
                "PermissionError: [Errno 13] tracing is closed in the sandbox",
            ),
        ] {
            let text = traceback(python, source);
            let last = text.lines().last().unwrap_or_default();
            assert!(last.starts_with(error), "{source}: {text}");
        }
        assert_eq!(
            value(
                python,
                "sys.executable, sys.prefix, sys.path, dict(os.environ), os.getpid()"
            )
            .as_deref(),
            Some("('', '', [], {}, 1)")
        );
        assert_eq!(
            value(python, "len(os.urandom(8)), os.urandom(8) != os.urandom(8)").as_deref(),
            Some("(8, True)")
        );
        assert_eq!(
            value(python, "[name for name in ('/', 'rust', 'cargo') if name in repr(vars(sys)).lower() and name != '/']").as_deref(),
            Some("['rust']")
        );
    });
}

#[test]
fn the_standard_library_imports() {
    session(|python| {
        let source = "
import sys
refused = {}
for name in '''json re math datetime dataclasses collections itertools functools random statistics
    decimal fractions string textwrap enum typing heapq bisect hashlib base64 csv io contextlib
    traceback inspect logging pathlib uuid zoneinfo time asyncio unittest unittest.mock operator
    copy pprint abc types numbers calendar secrets struct zlib gzip bz2 lzma html urllib.parse
    xml.etree.ElementTree difflib shlex argparse warnings weakref queue threading tempfile ast
    pickle doctest configparser tomllib graphlib ipaddress array contextvars codecs unicodedata
    concurrent.futures socket select selectors signal subprocess shutil glob fnmatch timeit'''.split():
    try:
        __import__(name)
    except BaseException as error:
        refused[name] = repr(error)
refused";
        assert_eq!(value(python, source).as_deref(), Some("{}"));
    });
}

#[test]
fn help_is_printed_without_a_pager() {
    session(|python| {
        let ran = python.cell("def documented(a, b=1):\n    '''What it does.'''\nhelp(documented)");
        assert_eq!(ran.reply.ending, Ending::Ok);
        assert!(
            ran.stdout.contains("documented(a, b=1)\n    What it does."),
            "{}",
            ran.stdout
        );
    });
}

#[test]
fn memory_errors_are_ordinary_errors() {
    session(|python| {
        let ran = python.run("raise MemoryError('x')", cell_mode(1));
        let Ending::Error {
            ename, traceback, ..
        } = ran.reply.ending
        else {
            panic!("{:?}", ran.reply.ending);
        };
        assert_eq!(ename, "MemoryError");
        assert!(traceback.ends_with("MemoryError: x\n"), "{traceback}");
    });
}
