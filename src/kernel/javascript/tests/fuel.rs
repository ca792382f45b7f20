//! Fuel: counted in lots of ten thousand, the same each time, and out of reach of the code.

use std::time::{Duration, Instant};

use super::Session;
use crate::kernel::{Ending, ExecuteMode};

const FUEL: u64 = 300_000;

fn with_fuel(session: &mut Session, source: &str, fuel: u64) -> (Ending, u64) {
    session.count += 1;
    let execution_count = session.count;
    let mode = ExecuteMode::Cell { execution_count };
    let reply = session.run_with(source, mode, Some(fuel));
    (reply.ending, session.host.meter.used())
}

#[test]
fn what_would_not_end_ends_when_its_fuel_does() {
    let mut session = Session::new();
    for source in [
        "while (true) {}",
        "for (;;) { try { while (true) {} } catch {} finally { continue } }",
        "const f = () => { try { f() } catch {} f() }; f()",
        "while (true) try { (function g() { g() })() } catch {}",
        "const spin = async () => { while (true) await null }; await spin()",
        "const again = () => Promise.resolve().then(again); again(); await new Promise(() => {})",
        "const flood = () => { for (let i = 0; i < 100; i++) Promise.resolve().then(flood) }; flood()",
        "const tick = () => setTimeout(tick, 0); tick()",
        "const now = () => setImmediate(now); now()",
        "const next = () => process.nextTick(next); next()",
        "queueMicrotask(function q() { queueMicrotask(q) })",
        "process.on('uncaughtException', () => { while (true) {} }); setTimeout(() => { throw 1 })",
        "process.on('exit', () => { while (true) {} }); process.exit(1); while (true) {}",
        "(function* () { while (true) yield 1 })().next(); for (const x of (function* () { while (true) yield 1 })()) {}",
        "Array.from({ length: 1e9 }, () => 0)",
        "[...(function* () { while (true) yield 1 })()].length",
        "/(a+)+$/.test('a'.repeat(40) + 'b')",
        "[1, 2].sort(() => { while (true) {} })",
        "JSON.stringify({ toJSON() { while (true) {} } })",
        "({ get a() { while (true) {} } }).a",
        "new Proxy({}, { get() { while (true) {} } }).x",
        "`${{ toString() { while (true) {} } }}`",
        "({ [Symbol.for('nodejs.util.inspect.custom')]() { while (true) {} } })",
        "const e = new Error('x'); Object.defineProperty(e, 'message', { get() { while (true) {} } }); throw e",
        "eval('while (true) {}')",
        "new Function('while (true) {}')()",
        "class A { static { while (true) {} } }",
        "Promise.reject(1).catch(() => { while (true) {} }); await new Promise(() => {})",
        "await import('data:text/javascript,while (true) {}')",
    ] {
        session.run(
            "var kept = 'kept'",
            ExecuteMode::Cell { execution_count: 0 },
        );
        let start = Instant::now();
        let (ending, used) = with_fuel(&mut session, source, FUEL);
        assert_eq!(ending, Ending::OutOfFuel, "{source}");
        assert!((FUEL..2 * FUEL).contains(&used), "{source} took {used}");
        let took = start.elapsed();
        assert!(took < Duration::from_secs(20), "{source} took {took:?}");
        // Nothing of it is left to run, and the variables are.
        let (ending, used) = with_fuel(&mut session, "if (kept !== 'kept') throw 1", 50_000);
        assert_eq!(ending, Ending::Ok, "after {source}");
        assert!(used <= 20_000, "after {source}: {used}");
    }
}

#[test]
fn the_same_program_costs_the_same() {
    let program = "const fib = n => n < 2 ? n : fib(n - 1) + fib(n - 2); fib(20)";
    let used: Vec<u64> = (0..3)
        .map(|_| with_fuel(&mut Session::new(), program, 1 << 40).1)
        .collect();
    assert!(used[0] >= 20_000, "{used:?}");
    assert_eq!(used[0] % 10_000, 0);
    assert_eq!(used, [used[0]; 3]);
    let (ending, used) = with_fuel(&mut Session::new(), "1 + 1", 1);
    assert_eq!((ending, used), (Ending::Ok, 0));
}
