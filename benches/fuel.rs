//! What counting steps costs: the same programs in interpreters with and without a meter, and in
//! python3 and `pydantic-monty`. Wall-clock time inside the interpreter, warm.
//!
//! `cargo bench --features measure --bench fuel`

#[path = "support/figures.rs"]
mod figures;
#[path = "support/monty.rs"]
mod monty;
#[path = "support/peers.rs"]
#[expect(dead_code, reason = "other benchmarks ask for node, too")]
mod peers;

use std::io;
use std::process::Command;
use std::time::Duration;

use companion::measure::times;
use companion::protocol::Language;
use figures::Series;

#[global_allocator]
static ALLOCATOR: companion::CountingAllocator = companion::CountingAllocator;

/// Interpreters of each kind, in turns, …
const TURNS: usize = 5;
/// … and runs in each.
const ROUNDS: usize = 8;

struct Task {
    name: &'static str,
    python: &'static str,
    javascript: &'static str,
}

const TASKS: [Task; 5] = [
    Task {
        name: "fib(24)",
        python: "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\nfib(24) and None",
        javascript: "var fib = n => n < 2 ? n : fib(n - 1) + fib(n - 2);\nfib(24); undefined",
    },
    Task {
        name: "1 million steps of while",
        python: "def main():\n    i = 0\n    while i < 1000000:\n        i += 1\nmain()",
        javascript: "var main = () => { let i = 0; while (i < 1000000) i += 1 };\nmain()",
    },
    Task {
        name: "200000 steps with a dict",
        python: "def main():\n    counts = {}\n    for i in range(200000):\n        \
                 key = 'k%d' % (i % 1000)\n        counts[key] = counts.get(key, 0) + i\nmain()",
        javascript: "var main = () => { const counts = new Map(); for (let i = 0; i < 200000; i++) \
                     { const key = 'k' + i % 1000; counts.set(key, (counts.get(key) ?? 0) + i) } };\n\
                     main()",
    },
    Task {
        name: "300000 steps of a comprehension",
        python: "def main():\n    return sum([i * i for i in range(300000) if i % 3])\nmain() and None",
        javascript: "var main = () => Array.from({length: 300000}, (_, i) => i * i).length;\n\
                     main(); undefined",
    },
    Task {
        name: "20 times JSON with an indent, in native code",
        python: "import json\ndata = [{'id': i, 'tags': ['a', 'b']} for i in range(300)]\n\
                 for _ in range(20):\n    text = json.dumps(data, indent=1)",
        javascript: "var data = Array.from({length: 300}, (_, i) => ({id: i, tags: ['a', 'b']}));\n\
                     for (let i = 0; i < 20; i++) JSON.stringify(data, null, 1); undefined",
    },
];

fn main() -> io::Result<()> {
    figures::print_load();
    let peer = peers::python();
    let sandbox = monty::find();
    for task in TASKS {
        let languages = [
            (Language::Python, "py", task.python),
            (Language::JavaScript, "js", task.javascript),
        ];
        let mut table = Vec::new();
        for (language, short, code) in languages {
            let unmetered = match short {
                "py" => "py without a meter",
                _ => "js without a meter",
            };
            let mut plain = Series::new(unmetered);
            let mut metered = Series::against(format!("{short} metered"), unmetered);
            let mut steps = 0;
            for _ in 0..TURNS {
                let (found, _) = times(language, code, false, ROUNDS);
                for time in found {
                    plain.push(time);
                }
                let (found, used) = times(language, code, true, ROUNDS);
                for time in found {
                    metered.push(time);
                }
                assert!(steps == 0 || steps == used, "{steps} steps, then {used}");
                steps = used;
            }
            figures::print_note(&format!("{}, {short}: {steps} steps", task.name));
            table.push(plain);
            table.push(metered);
        }
        if let Some(peer) = &peer {
            let mut series = Series::against("python3 -I -S", "py metered");
            for time in python3(&peer.program, task.python)? {
                series.push(time);
            }
            table.push(series);
        }
        if let Some(python) = &sandbox {
            let mut series = Series::against("pydantic-monty", "py metered");
            for time in monty::times(python, task.python, TURNS * ROUNDS)? {
                series.push(time);
            }
            table.push(series);
        }
        figures::print_table(&format!("fuel: {}", task.name), &table);
    }
    figures::print_load();
    Ok(())
}

/// The same code in another Python, timed inside it.
fn python3(program: &std::path::Path, code: &str) -> io::Result<Vec<Duration>> {
    let rounds = TURNS * ROUNDS;
    let timer = format!(
        "import time, sys\ncode = compile(sys.argv[1], 'x', 'exec')\nexec(code, {{}})\n\
         for _ in range({rounds}):\n    start = time.perf_counter()\n    exec(code, {{}})\n    \
         print(time.perf_counter() - start)"
    );
    let said = Command::new(program)
        .args(["-I", "-S", "-c", &timer, code])
        .output()?;
    String::from_utf8_lossy(&said.stdout)
        .lines()
        .map(|line| line.parse().map(Duration::from_secs_f64))
        .collect::<Result<_, _>>()
        .map_err(io::Error::other)
}
