//! Interruptions: nothing that Python code does with them keeps it running.

use std::time::{Duration, Instant};

use super::{Session, cell_mode, interrupted_after, session};
use crate::kernel::{Ending, ReadLineError};

/// Runs a cell that would not end, interrupts it, and looks whether the variables are there.
#[track_caller]
fn check(python: &mut Session, source: &str) {
    python.cell("kept = 'kept'");
    let start = Instant::now();
    let limit = Duration::from_millis(100);
    let ran = interrupted_after(limit, python, source, cell_mode(50));
    assert_eq!(ran.reply.ending, Ending::Interrupted, "{source}");
    assert!(
        start.elapsed() < Duration::from_secs(10),
        "{source} took {:?}",
        start.elapsed()
    );
    // The cells after it run to their end, with the variables of those before.
    let after = python.cell("[i for i in range(1000)][-1], kept");
    assert_eq!(after.reply.ending, Ending::Ok, "after {source}");
    assert_eq!(after.reply.result.as_deref(), Some("(999, 'kept')"));
}

#[test]
fn loops_end() {
    session(|python| {
        // A package whose import is cut short can't be imported again, in CPython either.
        python.cell("import asyncio");
        for source in [
            "while True: pass",
            "def f():\n    while True:\n        yield 1\nfor _ in f(): pass",
            "import time\ntime.sleep(1000)",
            "import asyncio\nasyncio.run(asyncio.sleep(1000))",
            "import asyncio\nasyncio.run(asyncio.Event().wait())",
            "import re\nwhile True: re.sub('a+', 'b', 'aaab')",
            "class E(Exception):\n    def __str__(self):\n        while True: pass\nraise E",
            "class A:\n    def __repr__(self):\n        while True: pass\nA()",
        ] {
            check(python, source);
        }
    });
}

#[test]
fn an_interruption_cannot_be_swallowed() {
    session(|python| {
        for source in [
            "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
            "while True:\n    try:\n        pass\n    finally:\n        continue",
            "def g():\n    while True:\n        try:\n            yield\n        finally:\n            continue\nfor _ in g(): pass",
            "class C:\n    def __enter__(self): return self\n    def __exit__(self, *a): return True\nwhile True:\n    with C():\n        while True: pass",
            "def again():\n    try:\n        while True: pass\n    except KeyboardInterrupt:\n        again()\nagain()",
            "import time\nwhile True:\n    try:\n        time.sleep(1000)\n    except KeyboardInterrupt: pass",
            "import contextlib\nwhile True:\n    with contextlib.suppress(BaseException):\n        while True: pass",
        ] {
            check(python, source);
        }
    });
}

#[test]
fn what_was_interrupted_can_clean_up() {
    session(|python| {
        check(
            python,
            "import contextlib, io, time\ncleaned = []\nwith contextlib.redirect_stdout(io.StringIO()):\n    try:\n        while True: pass\n    finally:\n        for i in range(100): cleaned.append(i)",
        );
        let ran = python.cell("print(len(cleaned))");
        assert_eq!(ran.stdout, "100\n");
        python.cell("import asyncio");
        check(python, "asyncio.run(asyncio.sleep(1000))");
        let ran = python.cell("asyncio.run(asyncio.sleep(0, 'again'))");
        assert_eq!(ran.reply.result.as_deref(), Some("'again'"));
        // An import that was interrupted starts anew.
        for limit in [1, 5, 10, 20] {
            let source = "import sys\nfor name in [n for n in sys.modules if n.startswith('email')]: del sys.modules[name]\nimport email.message, email.parser";
            interrupted_after(Duration::from_millis(limit), python, source, cell_mode(70));
            let ran = python.cell("import email.message; email.message.EmailMessage()['x']");
            assert_eq!(ran.reply.ending, Ending::Ok, "after {limit} ms");
        }
    });
}

#[test]
fn a_wait_for_input_ends() {
    session(|python| {
        super::lock(&python.host.lines).push_back(Err(ReadLineError::Interrupted));
        let ran = python.cell("input()");
        let Ending::Error { ename, .. } = ran.reply.ending else {
            panic!("{:?}", ran.reply.ending);
        };
        assert_eq!(ename, "KeyboardInterrupt");
    });
}

#[test]
fn a_late_interruption_misses_the_next_cell() {
    session(|python| {
        python.cell("1");
        python.host.interrupt();
        let ran = python.cell("sum(range(100000))");
        assert_eq!(ran.reply.ending, Ending::Ok);
        assert_eq!(ran.reply.result.as_deref(), Some("4999950000"));
    });
}
