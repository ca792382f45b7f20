//! Runs a program through the binary, and watches what it starts.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::canary::{self, Canaries, VARIABLE};
use super::process::{self, Process};
use super::{GRACE, SLACK, UNGUARDED};

/// What came of a run.
pub struct Ran {
    /// All of `--json`, and all of standard error.
    pub text: String,
    /// `status`
    pub status: String,
    /// `stdout`
    pub stdout: String,
    /// `result`
    pub result: String,
    /// `error.name`
    pub ename: String,
    /// `error.message`
    pub message: String,
    /// What is wrong with the run itself: it hung, it left something behind.
    pub wrong: Vec<String>,
}

/// How a program is run.
pub struct Bounds {
    /// `--timeout`
    pub timeout: Duration,
    /// `--memory`
    pub memory_mib: u64,
    /// Without the guards inside the language.
    pub is_unguarded: bool,
    /// With `--json`; else its streams are what came of it, and its exit code its status.
    pub as_json: bool,
}

/// `companion run`, with the canaries around it.
pub fn companion_run(canaries: &Canaries, bounds: &Bounds) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_companion"));
    command
        .arg("--config-dir")
        .arg(canaries.folder("config"))
        .arg("--data-dir")
        .arg(canaries.folder("data"))
        .arg("run")
        .arg("--timeout")
        .arg(bounds.timeout.as_secs_f64().to_string())
        .arg("--memory")
        .arg(bounds.memory_mib.to_string())
        .args(["--output", "1"])
        .env(VARIABLE, &canaries.variable_token)
        .env_remove(UNGUARDED)
        .current_dir(canaries.folder("target"))
        .stdin(Stdio::null());
    if bounds.is_unguarded {
        command.env(UNGUARDED, "1");
    }
    command
}

/// Runs a program to its end, or to the end of our patience.
pub fn run(canaries: &Canaries, program: &Path, bounds: &Bounds) -> Ran {
    let folder = tempfile::tempdir().expect("a folder");
    let (out, err) = (folder.path().join("out"), folder.path().join("err"));
    let mut child = companion_run(canaries, bounds)
        .args(bounds.as_json.then_some("--json"))
        .arg(program)
        .stdout(File::create(&out).expect("created"))
        .stderr(File::create(&err).expect("created"))
        .spawn()
        .expect("the binary starts");
    let started = Instant::now();
    let mut wrong = Vec::new();
    let mut family = BTreeSet::new();
    let code = loop {
        process::descendants(child.id(), &mut family);
        if let Some(ended) = child.try_wait().expect("a child of ours") {
            break ended.code();
        }
        if started.elapsed() > bounds.timeout + GRACE + SLACK {
            wrong.push(format!("it still ran after {:.1?}", started.elapsed()));
            let _ = child.kill();
            let _ = child.wait();
            break None;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    for process in process::survivors(&family) {
        wrong.push(format!("it left {} behind", process.command()));
        canary::end(process.pid);
    }
    let read = |path: &Path| {
        let bytes = fs::read(path).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let (out, err) = (read(&out), read(&err));
    let json: Value = if bounds.as_json {
        serde_json::from_str(&out).unwrap_or_default()
    } else {
        let status = match code {
            Some(0) => "ok",
            Some(124) => "limit",
            _ => "error",
        };
        json!({ "status": status, "stdout": out })
    };
    if !json.is_object() && wrong.is_empty() {
        wrong.push(format!("companion itself ended badly: {out}{err}"));
    }
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ran {
        status: word(&json["status"]),
        stdout: word(&json["stdout"]),
        result: word(&json["result"]),
        ename: word(&json["error"]["name"]),
        message: word(&json["error"]["message"]),
        text: out + &err,
        wrong,
    }
}

/// The processes below this one.
pub fn family() -> BTreeSet<Process> {
    let mut family = BTreeSet::new();
    process::descendants(std::process::id(), &mut family);
    family
}
