//! The command line, with folders of its own for one test.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::cli::companion;

/// Folders of its own for one test, and a folder to work in.
pub struct Home(tempfile::TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder"))
    }

    /// The folder to work in.
    pub fn folder(&self) -> &Path {
        self.0.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = companion();
        command
            .current_dir(self.0.path())
            .args(arguments)
            .arg("--data-dir")
            .arg(self.path("data"))
            .arg("--config-dir")
            .arg(self.path("config"))
            .arg("--cache-dir")
            .arg(self.path("cache"))
            .env_remove("HF_TOKEN")
            .stdin(Stdio::null());
        command
    }

    /// What comes of a command, which has to end with that code.
    pub fn run(&self, arguments: &[&str], code: i32) -> Output {
        let output = self.command(arguments).output().expect("the binary starts");
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {err}");
        output
    }

    pub fn out(&self, arguments: &[&str], code: i32) -> String {
        String::from_utf8_lossy(&self.run(arguments, code).stdout).into_owned()
    }

    pub fn err(&self, arguments: &[&str], code: i32) -> String {
        String::from_utf8_lossy(&self.run(arguments, code).stderr).into_owned()
    }

    pub fn json(&self, arguments: &[&str], code: i32) -> Value {
        serde_json::from_slice(&self.run(arguments, code).stdout).expect("one object")
    }

    /// What a tool gives, called with these arguments.
    pub fn call(&self, name: &str, arguments: &Value, code: i32) -> Value {
        let arguments = arguments.to_string();
        self.json(
            &["tools", "call", name, "--args", &arguments, "--json"],
            code,
        )
    }

    /// Rules for tools.
    pub fn policy(&self, text: &str) {
        fs::create_dir_all(self.path("config")).expect("a folder");
        fs::write(self.path("config/tools.toml"), text).expect("written");
    }
}
