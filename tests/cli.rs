//! The command line: exit codes, streams, `--json`.

use std::fs;
use std::io::{Read, Write};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The binary, with its folders in a place of its own.
pub fn companion() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_companion"));
    command.stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    companion()
        .args(arguments)
        .output()
        .expect("the binary starts")
}

fn run_with_stdin(arguments: &[&str], stdin: &str) -> Output {
    let mut child = companion()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    child
        .stdin
        .take()
        .expect("piped")
        .write_all(stdin.as_bytes())
        .expect("taken");
    child.wait_with_output().expect("it ends")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A row: arguments, exit code, what stdout is, what stderr contains.
fn check(arguments: &[&str], code: i32, out: &str, err: &str) {
    let output = run(arguments);
    let seen = (output.status.code(), stdout(&output), stderr(&output));
    assert_eq!(seen.0, Some(code), "{arguments:?}: {seen:?}");
    assert_eq!(seen.1, out, "{arguments:?}: {seen:?}");
    assert!(seen.2.contains(err), "{arguments:?}: {seen:?}");
    if err.is_empty() {
        assert_eq!(seen.2, "", "{arguments:?}");
    }
}

#[test]
fn exit_codes_and_streams() {
    check(&["run", "-c", "print(55)"], 0, "55\n", "");
    check(&["run", "-l", "js", "-c", "console.log(55)"], 0, "55\n", "");
    check(&["run", "-c", "1 + 1"], 0, "", "");
    check(
        &["run", "-c", "import sys; print('e', file=sys.stderr)"],
        0,
        "",
        "e\n",
    );
    check(
        &["run", "-c", "1 / 0"],
        1,
        "",
        "ZeroDivisionError: division by zero\n",
    );
    check(&["run", "-c", "def"], 1, "", "SyntaxError");
    check(&["run", "-l", "js", "-c", "null.x"], 1, "", "TypeError");
    check(&["run", "-l", "js", "-c", "let let"], 1, "", "SyntaxError");
    check(&["run", "-c", "import sys; sys.exit(7)"], 7, "", "");
    check(&["run", "-c", "raise SystemExit('bye')"], 1, "", "bye\n");
    check(&["run", "-l", "js", "-c", "process.exit(7)"], 7, "", "");
    check(
        &["run", "--timeout", "0.3", "-c", "while True: pass"],
        124,
        "",
        "time limit of 0.3 s",
    );
    check(
        &["run", "--timeout", "0.3", "-l", "js", "-c", "while (true);"],
        124,
        "",
        "time limit of 0.3 s",
    );
    check(
        &[
            "run",
            "--memory",
            "64",
            "-c",
            "s = 'x'\nwhile True: s = s + s",
        ],
        124,
        "",
        "memory limit of 64 MiB",
    );
    check(
        &["run", "--lang", "cobol", "-c", ""],
        2,
        "",
        "no language is called",
    );
    check(&["run", "--no-such-flag"], 2, "", "unexpected argument");
    check(
        &["run", "/no/such/file.py"],
        2,
        "",
        "can't read /no/such/file.py",
    );
    check(&["run", "/"], 2, "", "--lang");
    check(&["run", "--lang", "py", "/"], 2, "", "is a folder");
    check(
        &["run", "--timeout", "soon", "-c", ""],
        2,
        "",
        "not a number of seconds",
    );
}

#[test]
fn arguments_reach_the_program() {
    let folder = tempfile::tempdir().expect("a folder");
    let cases = [
        (
            "a.py",
            "import sys\nprint(sys.argv[1:])",
            "['x', '--json', '-']\n",
        ),
        (
            "a.js",
            "console.log(process.argv.slice(2))",
            "[ 'x', '--json', '-' ]\n",
        ),
    ];
    for (name, source, expected) in cases {
        let file = folder.path().join(name);
        fs::write(&file, source).expect("written");
        let path = file.to_str().expect("UTF-8");
        check(
            &["run", "--timeout", "9", path, "x", "--json", "-"],
            0,
            expected,
            "",
        );
    }
    let code = "import sys; print(sys.argv[1:])";
    check(&["run", "-c", code, "one", "-t"], 0, "['one', '-t']\n", "");
    check(&["run", "-c", code], 0, "[]\n", "");
}

#[test]
fn the_output_limit_cuts_and_says_so() {
    let code = "while True: print('x' * 1000)";
    let output = run(&["run", "--output", "1", "-c", code]);
    assert_eq!(output.status.code(), Some(124), "{}", stderr(&output));
    assert_eq!(output.stdout.len(), 1 << 20);
    assert!(
        stderr(&output).contains("output limit of 1 MiB"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_file_s_name_tells_its_language() {
    let folder = tempfile::tempdir().expect("a folder");
    let python = folder.path().join("a b.py");
    fs::write(
        &python,
        "import sys\nprint(sys.argv, __name__)\nraise KeyError('k')\n",
    )
    .expect("written");
    let output = run(&["run", python.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        stdout(&output),
        format!("['{}'] __main__\n", python.display())
    );
    let expected = format!(
        "Traceback (most recent call last):\n  File \"{}\", line 3, in <module>\n    raise KeyError('k')\nKeyError: 'k'\n",
        python.display()
    );
    assert_eq!(stderr(&output), expected);

    let module = folder.path().join("m.mjs");
    fs::write(&module, "export const x = await 41;\nconsole.log(x + 1);\n").expect("written");
    let output = run(&["run", module.to_str().expect("UTF-8")]);
    assert_eq!(
        (output.status.code(), stdout(&output)),
        (Some(0), "42\n".into())
    );

    let unknown = folder.path().join("a.txt");
    fs::write(&unknown, "print(1)").expect("written");
    let output = run(&["run", unknown.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--lang"));

    let binary = folder.path().join("b.py");
    fs::write(&binary, b"print('\xff')").expect("written");
    let output = run(&["run", binary.to_str().expect("UTF-8")]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("not UTF-8"));
}

#[test]
fn a_pipe_is_a_program() {
    let output = run_with_stdin(&["run"], "print('from a pipe')");
    assert_eq!(
        (output.status.code(), stdout(&output)),
        (Some(0), "from a pipe\n".into())
    );
    let output = run_with_stdin(&["run", "-l", "js", "-"], "console.log([1, 2])");
    assert_eq!(stdout(&output), "[ 1, 2 ]\n");
    // The program is standard input: nobody is there to ask.
    let output = run_with_stdin(&["run"], "input('? ')");
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("EOFError"), "{}", stderr(&output));
}

#[test]
fn input_reads_our_standard_input() {
    let code = "a = input('? ')\nb = input()\nprint(a + b)";
    let output = run_with_stdin(&["run", "-c", code], "one\ntwo\n");
    assert_eq!(stdout(&output), "? onetwo\n", "{}", stderr(&output));
}

#[test]
fn bytes_pass_unchanged_into_a_pipe() {
    let output = run(&[
        "run",
        "-c",
        "print('\\x1b]0;title\\x07\\x1b[31mred\\u202e')",
    ]);
    assert_eq!(stdout(&output), "\x1b]0;title\x07\x1b[31mred\u{202e}\n");
}

#[test]
fn json_is_one_object() {
    let object = |arguments: &[&str]| -> (Option<i32>, Value) {
        let output = run(arguments);
        let text = stdout(&output);
        assert_eq!(text.lines().count(), 1, "{text}");
        (
            output.status.code(),
            serde_json::from_str(&text).expect("JSON"),
        )
    };
    let (code, value) = object(&["run", "--json", "-c", "print('hi')\n6 * 7"]);
    assert_eq!(code, Some(0));
    assert_eq!(value["status"], "ok");
    assert_eq!(value["stdout"], "hi\n");
    assert_eq!(value["stderr"], "");
    assert_eq!(value["result"], "42");
    assert_eq!(value["error"], Value::Null);
    assert!(
        value["execution_time_ms"]
            .as_f64()
            .is_some_and(|ms| ms > 0.0)
    );
    assert!(
        value["peak_memory_bytes"]
            .as_u64()
            .is_some_and(|bytes| bytes > 1 << 20)
    );

    let (code, value) = object(&["run", "--json", "-c", "{}['k']"]);
    assert_eq!((code, &value["status"]), (Some(1), &Value::from("error")));
    assert_eq!(value["error"]["name"], "KeyError");
    assert_eq!(value["error"]["message"], "'k'");

    let (code, value) = object(&["run", "--json", "--timeout", "0.2", "-c", "while 1: pass"]);
    assert_eq!((code, &value["status"]), (Some(124), &Value::from("limit")));
    assert_eq!(value["error"]["limit"], "time");

    let (code, value) = object(&["run", "--json", "-l", "js", "-c", "[1, {a: 2}]"]);
    assert_eq!(
        (code, &value["result"]),
        (Some(0), &Value::from("[ 1, { a: 2 } ]"))
    );
}

#[test]
fn a_closed_pipe_ends_it_quietly() {
    let mut child = companion()
        .args(["run", "-c", "while True: print('y')"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut first = [0; 2];
    child
        .stdout
        .take()
        .expect("piped")
        .read_exact(&mut first)
        .expect("output");
    let started = Instant::now();
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(&first, b"y\n");
    assert_eq!(
        (output.status.code(), stderr(&output)),
        (Some(0), String::new())
    );
    assert!(started.elapsed() < Duration::from_secs(10));
}

#[test]
fn the_worker_sees_no_environment_and_no_files() {
    let output = companion()
        .env("COMPANION_SECRET", "s3cret")
        .args([
            "run",
            "-c",
            "import os; print(dict(os.environ)); open('/etc/passwd')",
        ])
        .output()
        .expect("the binary starts");
    assert_eq!(stdout(&output), "{}\n");
    assert!(
        stderr(&output).contains("PermissionError"),
        "{}",
        stderr(&output)
    );
}
