//! Kernels through the library: limits, deaths, and what is left afterwards.

use std::time::{Duration, Instant};

use companion::protocol::{Language, LimitKind, Limits, Status, Variables};
use companion::{CodeExecutor, Execution};

fn executor(change: impl FnOnce(&mut Limits)) -> CodeExecutor {
    let mut limits = Limits {
        timeout: Some(Duration::from_mins(1)),
        ..Limits::default()
    };
    change(&mut limits);
    CodeExecutor::with_limits(limits).expect("companion stands beside the tests")
}

fn run(executor: &CodeExecutor, language: Language, code: &str) -> Execution {
    executor.execute(language, code).expect("a kernel")
}

#[test]
fn the_example_of_the_plan() {
    let executor = executor(|_| {});
    let code = "
def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)

print(fibonacci(10))
";
    let execution = executor.execute_python(code).expect("a kernel");
    assert_eq!(execution.output, "55\n");
    assert!(execution.is_ok() && execution.error().is_none());
    assert!(
        execution.execution_time < Duration::from_millis(500),
        "{execution:?}"
    );
    let execution = executor.execute_python("fibonacci(20)").expect("a kernel");
    assert_eq!(execution.result.as_deref(), Some("6765"));
    let execution = executor
        .execute_javascript("'a'.repeat(3)")
        .expect("a kernel");
    assert_eq!(execution.result.as_deref(), Some("'aaa'"));
    let execution = executor.execute_python("1 / 0").expect("a kernel");
    assert!(
        matches!(&execution.status, Status::Error { ename, .. } if ename == "ZeroDivisionError")
    );
    assert!(
        execution
            .error()
            .is_some_and(|error| error.starts_with("Traceback"))
    );
}

#[test]
fn a_time_limit_ends_the_cell_and_keeps_the_variables() {
    let cases = [
        (Language::Python, "kept = 1", "while True: pass", "kept"),
        (
            Language::JavaScript,
            "let kept = 1",
            "while (true);",
            "kept",
        ),
    ];
    for (language, before, endless, after) in cases {
        let executor = executor(|limits| limits.timeout = Some(Duration::from_millis(300)));
        run(&executor, language, before);
        let started = Instant::now();
        let execution = run(&executor, language, endless);
        let Status::Limit {
            kind,
            message,
            variables,
        } = execution.status
        else {
            panic!("{language}: {execution:?}");
        };
        assert_eq!(
            (kind, variables),
            (LimitKind::Time, Variables::Kept),
            "{language}"
        );
        assert_eq!(message, "time limit of 0.3 s reached");
        assert!(started.elapsed() < Duration::from_secs(5), "{language}");
        assert_eq!(
            run(&executor, language, after).result.as_deref(),
            Some("1"),
            "{language}"
        );
    }
}

#[test]
fn computing_is_bounded_and_waiting_is_free() {
    let executor = executor(|limits| limits.cpu_time = Some(Duration::from_millis(300)));
    let cases = [
        (
            Language::Python,
            "import time; kept = 1; time.sleep(1); kept",
            "while True: pass",
        ),
        // Nothing interrupts it: the runner is killed, and its snapshot takes over.
        (Language::Python, "kept", "sum(range(10**12))"),
        (
            Language::JavaScript,
            "let kept = 1; await new Promise(wake => setTimeout(wake, 1000)); kept",
            "while (true) {}",
        ),
        (
            Language::Shell,
            "sleep 1",
            "(while :; do :; done) & (while :; do :; done) & wait",
        ),
        // The processor's time of children that ended counts too.
        (
            Language::Shell,
            ":",
            "while :; do (i=0; while [ $i -lt 9999 ]; do i=$((i + 1)); done); done",
        ),
    ];
    for (language, waits, computes) in cases {
        let execution = run(&executor, language, waits);
        assert!(execution.is_ok(), "{waits}: {execution:?}");
        let started = Instant::now();
        let execution = run(&executor, language, computes);
        let Status::Limit { kind, message, .. } = &execution.status else {
            panic!("{computes}: {execution:?}");
        };
        assert_eq!(*kind, LimitKind::Cpu, "{computes}");
        assert_eq!(message, "limit of 0.3 s on the processor reached");
        assert!(started.elapsed() < Duration::from_secs(20), "{computes}");
        if language != Language::Shell {
            let execution = run(&executor, language, "kept");
            assert_eq!(execution.result.as_deref(), Some("1"), "{computes}");
        }
    }
}

#[test]
fn a_loop_that_nothing_interrupts_is_killed_and_the_next_cell_works() {
    let executor = executor(|limits| limits.timeout = Some(Duration::from_millis(300)));
    run(&executor, Language::Python, "kept = 1");
    let started = Instant::now();
    // A native loop: no bytecode runs in it.
    let execution = run(&executor, Language::Python, "sum(iter(int, 1))");
    assert!(
        matches!(
            execution.status,
            Status::Limit {
                kind: LimitKind::Time,
                variables: Variables::RolledBack,
                ..
            }
        ),
        "{execution:?}"
    );
    assert!(started.elapsed() < Duration::from_secs(5));
    let execution = run(&executor, Language::Python, "kept");
    assert_eq!(execution.result.as_deref(), Some("1"), "{execution:?}");
}

#[test]
fn memory_is_bounded() {
    let cases = [
        (Language::Python, "s = 'x'\nwhile True: s = s + s"),
        (Language::Python, "a = []\nwhile True: a.append([0] * 1000)"),
        (
            Language::JavaScript,
            "let a = []; while (true) a.push(new Array(1000).fill(1.5))",
        ),
        (
            Language::JavaScript,
            "let s = 'x'; while (true) s += s + 'y'",
        ),
    ];
    for (language, code) in cases {
        let executor = executor(|limits| limits.memory_bytes = 96 << 20);
        let execution = run(&executor, language, code);
        // Either the language's own error, or the limit: never another end, and never a hang.
        let is_told = match &execution.status {
            Status::Limit {
                kind: LimitKind::Memory,
                ..
            } => true,
            Status::Error { ename, evalue, .. } => {
                ename == "MemoryError"
                    || evalue.contains("out of memory")
                    || evalue.contains("string")
                    || ename == "RangeError"
            }
            _ => false,
        };
        assert!(is_told, "{code}: {execution:?}");
        // What filled the heap is still there, and can be let go of.
        let tidy = match language {
            Language::Python => "a = s = None",
            Language::JavaScript => "a = s = null; 0",
            Language::Shell => unreachable!("no case is written in it"),
        };
        let _ = run(&executor, language, tidy);
        assert!(
            execution.peak_memory_bytes <= 96 << 20,
            "{code}: {execution:?}"
        );
        assert_eq!(
            run(&executor, language, "6 * 7").result.as_deref(),
            Some("42"),
            "{code}"
        );
    }
}

#[test]
fn output_is_bounded() {
    let executor = executor(|limits| limits.output_bytes = 1 << 20);
    let execution = run(
        &executor,
        Language::Python,
        "kept = 1\nwhile True: print('x' * 99)",
    );
    assert!(
        matches!(
            execution.status,
            Status::Limit {
                kind: LimitKind::Output,
                variables: Variables::Kept,
                ..
            }
        ),
        "{:?}",
        execution.status
    );
    assert_eq!(execution.output.len(), 1 << 20);
    assert_eq!(
        run(&executor, Language::Python, "kept").result.as_deref(),
        Some("1")
    );
}

#[test]
fn both_streams_keep_their_order_and_their_bytes() {
    let executor = executor(|_| {});
    let code = "import sys\nfor i in range(2000):\n    print(i, '\\x1b[31m\\u202e')\n    print(i, file=sys.stderr)";
    let execution = run(&executor, Language::Python, code);
    assert_eq!(execution.output.lines().count(), 2000);
    assert!(execution.output.ends_with("1999 \x1b[31m\u{202e}\n"));
    assert_eq!(execution.stderr.lines().last(), Some("1999"));
}

#[cfg(target_os = "linux")]
mod processes {
    use std::fs;
    use std::io::Read;
    use std::process::{Child, Command, Stdio};

    use crate::cli::companion;

    /// A program that sleeps in its kernel, and the process of that kernel.
    fn sleeping() -> (Child, u32) {
        let mut child = companion()
            .env("COMPANION_SECRET", "s3cret")
            .args(["run", "-c", "import time\nprint('up')\ntime.sleep(50)"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut up = [0; 3];
        let output = child.stdout.as_mut().expect("piped");
        output.read_exact(&mut up).expect("it prints");
        assert_eq!(&up, b"up\n");
        let children = format!("/proc/{0}/task/{0}/children", child.id());
        let worker = fs::read_to_string(children).expect("Linux");
        let worker = worker.trim().parse().expect("one worker");
        (child, worker)
    }

    fn kill(pid: u32) {
        let status = Command::new("kill").args(["-9", &pid.to_string()]).status();
        assert!(status.expect("kill is there").success());
    }

    #[test]
    fn a_worker_that_is_killed_is_reported() {
        let (child, worker) = sleeping();
        kill(worker);
        let output = child.wait_with_output().expect("it ends");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(
            error.contains("the kernel was ended by signal 9"),
            "{error}"
        );
    }

    #[test]
    fn a_worker_does_not_outlive_its_parent() {
        let (mut child, worker) = sleeping();
        kill(child.id());
        child.wait().expect("it ends");
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while fs::metadata(format!("/proc/{worker}/cmdline")).is_ok() {
            // An orphan that has ended waits for whoever adopted it.
            let stat = fs::read_to_string(format!("/proc/{worker}/stat")).unwrap_or_default();
            if stat
                .rsplit(')')
                .next()
                .is_some_and(|rest| rest.trim_start().starts_with('Z'))
            {
                break;
            }
            assert!(
                std::time::Instant::now() < deadline,
                "{worker} lives on: {stat}"
            );
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }

    /// A process and what it has started, parents first.
    fn tree(root: u32) -> Vec<u32> {
        let mut found = vec![root];
        let mut at = 0;
        while let Some(process) = found.get(at) {
            let children = format!("/proc/{process}/task/{process}/children");
            let children = fs::read_to_string(children).unwrap_or_default();
            found.extend(children.split_whitespace().flat_map(str::parse::<u32>));
            at += 1;
        }
        found
    }

    #[test]
    fn a_worker_starts_with_nothing() {
        let (child, worker) = sleeping();
        let tree = tree(worker);
        assert!(
            tree.len() >= 3,
            "who waits outside, a keeper, a runner: {tree:?}"
        );
        for process in &tree[1..] {
            let proc = |name: &str| fs::read_to_string(format!("/proc/{process}/{name}"));
            assert_eq!(proc("environ").expect("ours"), "");
            let limits = proc("limits").expect("ours");
            let limit = |name: &str| {
                let line = limits
                    .lines()
                    .find(|line| line.starts_with(name))
                    .expect("listed");
                line.trim_start_matches(name)
                    .split_whitespace()
                    .next()
                    .map(str::to_owned)
            };
            assert_eq!(limit("Max core file size").as_deref(), Some("0"));
            assert_eq!(limit("Max file size").as_deref(), Some("0"));
            let files = limit("Max open files").and_then(|files| files.parse::<u64>().ok());
            assert!(files.is_some_and(|files| files <= 256), "{files:?}");
            if Some(process) == tree.last() {
                let space = limit("Max address space").and_then(|bytes| bytes.parse::<u64>().ok());
                assert!(space.is_some_and(|bytes| bytes < 2 << 30), "{space:?}");
            }
            // Nothing but pipes and /dev/null: no file, no socket, no terminal.
            let open: Vec<_> = fs::read_dir(format!("/proc/{process}/fd"))
                .expect("ours")
                .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
                .map(|target| target.display().to_string())
                .collect();
            let is_harmless = |target: &String| {
                target.starts_with("pipe:")
                    || target == "/dev/null"
                    || target == "anon_inode:[signalfd]"
            };
            assert!(!open.is_empty() && open.iter().all(is_harmless), "{open:?}");
        }
        kill(worker);
        drop(child.wait_with_output());
    }

    #[test]
    fn what_the_parent_forgot_to_close_is_closed() {
        // A descriptor without close-on-exec, as a careless shell would leave one.
        let output = Command::new("sh")
            .arg("-c")
            .arg("exec 9</etc/passwd; exec \"$0\" run -c \"$1\"")
            .arg(env!("CARGO_BIN_EXE_companion"))
            .arg("import time\nprint('up')\ntime.sleep(50)")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = output.expect("sh is there");
        let mut up = [0; 3];
        child
            .stdout
            .as_mut()
            .expect("piped")
            .read_exact(&mut up)
            .expect("it prints");
        let children = format!("/proc/{0}/task/{0}/children", child.id());
        let worker: u32 = fs::read_to_string(children)
            .expect("Linux")
            .trim()
            .parse()
            .expect("one worker");
        let leaked = fs::read_dir(format!("/proc/{worker}/fd"))
            .expect("ours")
            .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
            .any(|target| target.ends_with("passwd"));
        assert!(!leaked);
        kill(worker);
        drop(child.wait_with_output());
    }
}
