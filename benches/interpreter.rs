//! Small programs: the interpreters themselves, against python3 and node. Processor time of the
//! whole process; the row `nothing` is what of it is no program.

#[path = "support/figures.rs"]
mod figures;
#[path = "support/peers.rs"]
mod peers;
#[path = "support/process.rs"]
mod process;

use std::io;
use std::process::Command;

use figures::Series;

const ROUNDS: usize = 12;

/// A program in two languages, and what it prints.
struct Task {
    name: &'static str,
    python: &'static str,
    javascript: &'static str,
    prints: &'static str,
}

const TASKS: [Task; 5] = [
    Task {
        name: "nothing",
        python: "print(0)",
        javascript: "console.log(0)",
        prints: "0\n",
    },
    Task {
        name: "fib(24)",
        python: "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\nprint(fib(24))",
        javascript: "const fib = n => n < 2 ? n : fib(n - 1) + fib(n - 2);\nconsole.log(fib(24))",
        prints: "46368\n",
    },
    Task {
        name: "1 million steps of while",
        python: "def main():\n    i = 0\n    while i < 1000000:\n        i += 1\n    print(i)\nmain()",
        javascript: "function main() {\n    let i = 0;\n    while (i < 1000000) i += 1;\n    \
                     console.log(i)\n}\nmain()",
        prints: "1000000\n",
    },
    Task {
        name: "200000 steps with a dict",
        python: "def main():\n    counts = {}\n    for i in range(200000):\n        \
                 key = 'k%d' % (i % 1000)\n        counts[key] = counts.get(key, 0) + i\n    \
                 print(sum(counts.values()))\nmain()",
        javascript: "function main() {\n    const counts = new Map();\n    \
                     for (let i = 0; i < 200000; i++) {\n        const key = 'k' + i % 1000;\n        \
                     counts.set(key, (counts.get(key) ?? 0) + i)\n    }\n    let sum = 0;\n    \
                     for (const count of counts.values()) sum += count;\n    \
                     console.log(sum)\n}\nmain()",
        prints: "19999900000\n",
    },
    Task {
        name: "JSON there and back, 20 times",
        python: "import json\ndata = [{'id': i, 'name': 'n%d' % i, 'tags': ['a', 'b']} for i in \
                 range(1000)]\nfor _ in range(20):\n    data = json.loads(json.dumps(data))\n\
                 print(len(data), data[999]['id'])",
        javascript: "let data = Array.from({length: 1000}, (_, i) => ({id: i, name: 'n' + i, \
                     tags: ['a', 'b']}));\nfor (let i = 0; i < 20; i++) data = \
                     JSON.parse(JSON.stringify(data));\nconsole.log(data.length, data[999].id)",
        prints: "1000 999\n",
    },
];

fn main() -> io::Result<()> {
    figures::print_load();
    let home = tempfile::tempdir()?;
    let companion = |language: &str, code: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_companion"));
        command
            .env_clear()
            .env("HOME", home.path())
            .args(["run", "-l", language, "-c", code]);
        command
    };
    let (python, node) = (peers::python(), peers::node());
    for task in TASKS {
        let kinds = [
            (
                companion("py", task.python),
                Series::against("companion py", "python3 -I -S"),
                python.as_ref().map(|python| {
                    let mut command = Command::new(&python.program);
                    command.args(["-I", "-S", "-c", task.python]);
                    (command, Series::new("python3 -I -S"))
                }),
            ),
            (
                companion("js", task.javascript),
                Series::against("companion js", "node"),
                node.as_ref().map(|node| {
                    let mut command = Command::new(&node.program);
                    command.args(["-e", task.javascript]);
                    (command, Series::new("node"))
                }),
            ),
        ];
        let mut runners: Vec<(Command, Series)> = kinds
            .into_iter()
            .flat_map(|(command, series, peer)| [Some((command, series)), peer])
            .flatten()
            .collect();
        for _ in 0..ROUNDS {
            for (command, series) in &mut runners {
                series.push(process::run(command, task.prints)?);
            }
        }
        let series: Vec<Series> = runners.into_iter().map(|(_, series)| series).collect();
        figures::print_table(&format!("interpreter: {}, processor", task.name), &series);
    }
    figures::print_load();
    Ok(())
}
