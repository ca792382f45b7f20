//! Fuel: counted, the same each time, and out of reach of the code that burns it.

use std::time::{Duration, Instant};

use super::{Ran, Session, cell_mode, session};
use crate::kernel::{Ending, ExecuteMode};

fn with_fuel(python: &mut Session, source: &str, fuel: u64) -> Ran {
    python.count += 1;
    let mode = cell_mode(python.count);
    python.run_with(source, mode, Some(fuel))
}

/// Runs a cell that would not end until its fuel ends it, and looks whether the next one is fine.
#[track_caller]
fn check(python: &mut Session, source: &str) {
    const FUEL: u64 = 300_000;
    python.cell("kept = 'kept'");
    let start = Instant::now();
    let ran = with_fuel(python, source, FUEL);
    assert_eq!(ran.reply.ending, Ending::OutOfFuel, "{source}");
    assert!(ran.fuel_used >= FUEL, "{source} took {}", ran.fuel_used);
    assert!(ran.fuel_used < FUEL * 2, "{source} took {}", ran.fuel_used);
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{source} took {:?}",
        start.elapsed()
    );
    let after = python.cell("[i for i in range(1000)][-1], kept");
    assert_eq!(after.reply.ending, Ending::Ok, "after {source}");
    assert_eq!(after.reply.result.as_deref(), Some("(999, 'kept')"));
}

#[test]
fn steps_are_counted() {
    session(|python| {
        let loops = |n: u64| format!("i = 0\nwhile i < {n}:\n    i += 1");
        let [few, more, most] = [1000, 2000, 10_000].map(|n| python.cell(&loops(n)).fuel_used);
        assert_eq!(most - few, 9 * (more - few), "each turn costs the same");
        assert!(
            (1000 * 5..1000 * 20).contains(&(more - few)),
            "{}",
            more - few
        );
        let again = python.cell(&loops(2000)).fuel_used;
        assert_eq!(again, more, "a second run costs the same");
        // What is in a loop or a function weighs.
        let body = |n: usize| format!("for i in range(100):\n    {}", "x = i + 1; ".repeat(n));
        let [thin, thick] = [1, 50].map(|n| python.cell(&body(n)).fuel_used);
        assert!(thick > 20 * thin, "{thin} {thick}");
        python.cell("def one(): return 1\ndef two(): return one() + one()");
        let [one, two] = ["one()", "two()"].map(|source| python.cell(source).fuel_used);
        assert!(two > one, "{one} {two}");
    });
}

#[test]
fn the_same_program_costs_the_same_everywhere() {
    let program = "import json, re, collections, dataclasses\n\
        def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)\n\
        @dataclasses.dataclass\nclass P:\n    x: int\n    y: int\n\
        d = collections.Counter(str(i % 7) for i in range(500))\n\
        for w in {'a', 'b', 'c', ('d', 1)}: d[str(w)] += hash(str(w)) % 3\n\
        print(fib(12), P(1, 2), json.dumps(dict(d)), re.sub('[0-9]', lambda m: 'x', 'a1b2'))";
    let used: Vec<u64> = (0..3)
        .map(|_| session(|python| python.cell(program).fuel_used))
        .collect();
    assert_eq!(used[0], used[1]);
    assert_eq!(used[0], used[2]);
    assert!(used[0] > 10_000, "{used:?}");
}

#[test]
fn what_would_not_end_ends_when_its_fuel_does() {
    session(|python| {
        python.cell("import asyncio, contextlib, itertools, functools");
        for source in [
            "while True: pass",
            "def f():\n    while True:\n        yield 1\nfor _ in f(): pass",
            "def f():\n    while True:\n        yield 1\nlist(zip(f(), f(), strict=False))",
            "def f():\n    yield from itertools.count()\nsum(f())",
            "[0 for _ in itertools.count()]",
            "sum(1 for _ in itertools.count())",
            "any(x < 0 for x in itertools.count())",
            "list(map(lambda x: x, itertools.count()))",
            "sorted(range(10**6), key=lambda x: -x)",
            "functools.reduce(lambda a, b: a, itertools.count())",
            "exec('while True: pass')",
            "eval('[0 for _ in itertools.count()]')",
            "exec(compile('while True: pass', 'x', 'exec'))",
            "import ast\nexec(compile(ast.parse('while True: pass'), 'x', 'exec'))",
            "exec(b'while True: pass')",
            "async def f():\n    while True:\n        await asyncio.sleep(0)\nasyncio.run(f())",
            "async def f():\n    while True:\n        yield 1\nasync def g():\n    async for _ in f(): pass\nasyncio.run(g())",
            "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
            "while True:\n    try:\n        pass\n    finally:\n        continue",
            "def g():\n    while True:\n        try:\n            yield\n        finally:\n            continue\nfor _ in g(): pass",
            "class C:\n    def __enter__(self): return self\n    def __exit__(self, *a): return True\nwhile True:\n    with C():\n        while True: pass",
            "def again():\n    try:\n        while True: pass\n    except BaseException:\n        again()\nagain()",
            "while True:\n    with contextlib.suppress(BaseException):\n        while True: pass",
            "class D:\n    def __del__(self):\n        while True: pass\nD()\nwhile True: pass",
            "class D:\n    def __del__(self): D()\nD()\nwhile True: D()",
            "class M(type):\n    def __getattr__(cls, name):\n        while True: pass\nclass A(metaclass=M): pass\nA.x",
            "class A:\n    def __eq__(self, other):\n        while True: pass\n    __hash__ = lambda self: 1\n{A(), A()}",
            "class A:\n    def __repr__(self):\n        while True: pass\nA()",
            "class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E",
            "import threading\nthreading.Thread(target=lambda: [0 for _ in itertools.count()]).start()\nwhile True: pass",
            "match 1:\n    case _:\n        while True: pass",
            "def f(n):\n    try: f(n + 1)\n    except RecursionError: pass\n    f(n)\nwhile True: f(0)",
            "import re\nwhile True: re.sub('a+', lambda m: 'b', 'aaab')",
            "def f(): return 1\nx = f\nfor i in itertools.count(): x()",
            "x = iter(int, 1)\nfor _ in x: pass",
            "[*(i for i in itertools.count())]",
            "import builtins\nbuiltins.exec('while 1: pass')",
        ] {
            check(python, source);
        }
    });
}

#[test]
fn an_error_is_shown_whatever_that_takes() {
    session(|python| {
        let ran = with_fuel(python, "def f(): return 1 / 0\nf()", 1_000);
        let Ending::Error { traceback, .. } = &ran.reply.ending else {
            panic!("{ran:?}");
        };
        assert!(traceback.contains("in f"), "{traceback}");
        assert!(ran.fuel_used < 1_000, "{}", ran.fuel_used);
    });
}

#[test]
fn swallowing_the_end_is_of_no_use() {
    session(|python| {
        let source = "try:\n    while True: pass\nexcept BaseException: caught = 1\n'done'";
        let ran = with_fuel(python, source, 10_000);
        assert_eq!(ran.reply.ending, Ending::OutOfFuel);
        assert_eq!(ran.reply.result, None);
        assert_eq!(python.cell("caught").reply.result.as_deref(), Some("1"));
        // What cleans up gets time to.
        let source = "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()):\n    while True: pass";
        let ran = with_fuel(python, source, 500_000);
        assert_eq!(ran.reply.ending, Ending::OutOfFuel);
        assert_eq!(python.cell("print('out')").stdout, "out\n");
        // A program is judged like a cell.
        let mode = ExecuteMode::Program {
            name: "x.py".to_owned(),
            arguments: Vec::new(),
            wants_result: false,
        };
        let source = "import atexit\natexit.register(print, 'bye')\nwhile True: pass";
        let ran = python.run_with(source, mode, Some(50_000));
        assert_eq!(ran.reply.ending, Ending::OutOfFuel);
    });
}

#[test]
fn nobody_gets_around_the_meter() {
    session(|python| {
        python.cell(
            "import itertools\ndef f():\n    for i in itertools.count(): pass\ncode = f.__code__",
        );
        for source in [
            // Code objects that no compiler made.
            "import types\ntypes.CodeType(0, 0, 0, 0, 1, 0, b'', (), (), (), '', '', '', 1, b'', b'')",
            "code.__class__.__new__(code.__class__, 0, 0, 0, 0, 1, 0, b'', (), (), (), '', '', '', 1, b'', b'')",
            "object.__new__(code.__class__)",
            "code.replace(co_code=b'')",
            "code.replace(co_consts=())",
            "code.__replace__(co_code=b'')",
            "import copy\ncopy.replace(code, co_code=b'')",
            "import marshal\nmarshal.loads(marshal.dumps(code))",
            "import sys\ndel sys.modules['marshal']\nimport marshal\nmarshal.loads(marshal.dumps(compile))",
            "import sys, builtins as old\ndel sys.modules['builtins']\ntry:\n    import builtins\n    assert old is builtins\nfinally:\n    sys.modules['builtins'] = old\n1/0",
            "import _imp, importlib.machinery as m, sys, builtins as old\ndel sys.modules['builtins']\ntry:\n    new = _imp.create_builtin(m.ModuleSpec('builtins', None))\n    assert old is new\nfinally:\n    sys.modules['builtins'] = old\n1/0",
            "import sys, marshal as old\ndel sys.modules['marshal']\ntry:\n    import marshal\n    assert old.loads is marshal.loads\nfinally:\n    sys.modules['marshal'] = old\n1/0",
            "step = code.co_consts[-1]\nstep.weight = 0",
            "step = code.co_consts[-1]\ntype(step).__bool__ = lambda self: True",
            "step = code.co_consts[-1]\ntype(step)()",
            "step = code.co_consts[-1]\nstep.__class__ = object",
            "step = code.co_consts[-1]\nclass S(type(step)): pass",
        ] {
            let ran = python.cell(source);
            let Ending::Error { ename, .. } = &ran.reply.ending else {
                panic!("{source}: {:?}", ran.reply);
            };
            assert_ne!(ename, "AssertionError", "{source}");
            check(python, "f()");
        }
        for source in [
            "__builtins__['exec']('while True: pass') if isinstance(__builtins__, dict) else __builtins__.exec('while True: pass')",
            "f.__code__ = code.replace(co_name='other')\nf()",
            "import types\ntypes.FunctionType(code, {'itertools': itertools})()",
            "import functools, types\ntypes.FunctionType(code.replace(co_filename='x'), globals())()",
            "import runpy, code as c\nc.InteractiveInterpreter().runsource('while True: pass')\nwhile True: pass",
            "import timeit\ntimeit.timeit('while True: pass', number=1)",
            "bool(code.co_consts[-1]) and f()",
            "True if code.co_consts[-1] else 0\nwhile code.co_consts[-1]: pass",
        ] {
            check(python, source);
        }
    });
}

#[test]
fn code_looks_the_same() {
    session(|python| {
        let ran = python.cell(
            "'''doc of no one'''\nfrom __future__ import annotations\n\
             def f(a: int, b=1):\n    '''The doc.\n\n    >>> f(1)\n    2\n    '''\n    for i in range(a):\n        pass\n    return a + b\n\
             import doctest, inspect, types\n\
             assert f.__doc__.startswith('The doc.')\n\
             assert inspect.getsource(f).startswith('def f(a: int, b=1):'), inspect.getsource(f)\n\
             assert f.__annotations__ == {'a': 'int'}\n\
             assert f.__code__.co_varnames == ('a', 'b', 'i'), f.__code__.co_varnames\n\
             finder = doctest.DocTestFinder().find(f, 'f', globs=globals())\n\
             assert doctest.DocTestRunner().run(finder[0]).failed == 0\n\
             class A:\n    'doc of A'\n    while True:\n        break\n\
             assert A.__doc__ == 'doc of A'\n\
             assert __debug__\n\
             lines = [line for *_, line in f.__code__.co_lines() if line]\n\
             assert set(lines) == {3, 9, 10, 11}, lines\n\
             assert len(list(f.__code__.co_positions())) * 2 == len(f.__code__.co_code)\n\
             eval('  1 + 1'), eval(b' 2'), exec('x = 1'), x",
        );
        assert_eq!(
            ran.reply.result.as_deref(),
            Some("(2, 2, None, 1)"),
            "{:?}",
            ran.reply.ending
        );
    });
}

#[test]
fn tracebacks_point_where_they_did() {
    session(|python| {
        let source = "def f(n):\n    for i in range(3):\n        while True:\n            if i == 2:\n                try:\n                    raise ValueError('x')\n                except ValueError:\n                    [1 // (j - n) for j in range(9)]\n            break\n\nf(5)";
        let Ending::Error { traceback, .. } = python.run(source, cell_mode(7)).reply.ending else {
            panic!("it divides by zero");
        };
        for part in [
            "File \"<cell 7>\", line 11, in <module>\n    f(5)\n    ~^^^\n",
            "File \"<cell 7>\", line 6, in f\n    raise ValueError('x')\n",
            "File \"<cell 7>\", line 8, in f\n    [1 // (j - n) for j in range(9)]\n     ~~^^~~~",
        ] {
            assert!(traceback.contains(part), "{part}\nin\n{traceback}");
        }
        for (source, message) in [
            ("x = = 1", "invalid syntax"),
            ("exec('x = = 1')", "invalid syntax"),
            ("eval('1 +')", "invalid syntax"),
            ("compile('if x', 'n', 'exec')", "expected ':'"),
            ("return 1", "'return' outside function"),
        ] {
            let Ending::Error { evalue, .. } = python.cell(source).reply.ending else {
                panic!("{source} is wrong");
            };
            assert!(evalue.contains(message), "{source}: {evalue}");
        }
    });
}
