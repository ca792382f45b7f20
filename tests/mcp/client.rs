//! A client of MCP that the tests speak for.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::home::Home;

/// Nothing here takes so long.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// Rules that let a client call everything.
pub const OPEN: &str = "[default]\nmcp = \"allow\"\n";

/// A client that the tests speak for, line by line.
pub struct Client {
    pub child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Value>,
    next: u64,
    /// What came beside answers.
    pub notified: Vec<Value>,
    /// What is answered when the server asks.
    pub decision: Option<&'static str>,
    pub asked: Vec<Value>,
}

impl Client {
    pub fn start(home: &Home, capabilities: &Value) -> Self {
        Self::start_with(home, capabilities, &[])
    }

    /// A client of a server that was started with these flags.
    pub fn start_with(home: &Home, capabilities: &Value, flags: &[&str]) -> Self {
        let mut client = Self::spawn_with(home, flags);
        let greeting = client.request(
            "initialize",
            &json!({
                "protocolVersion": "2025-06-18",
                "capabilities": capabilities,
                "clientInfo": { "name": "test", "version": "1" },
            }),
        );
        assert_eq!(greeting["result"]["serverInfo"]["name"], "companion");
        assert_eq!(greeting["result"]["protocolVersion"], "2025-06-18");
        client.notify("notifications/initialized", &json!({}));
        client
    }

    pub fn spawn(home: &Home) -> Self {
        Self::spawn_with(home, &[])
    }

    fn spawn_with(home: &Home, flags: &[&str]) -> Self {
        let mut child = home
            .command(&[&["mcp"], flags].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let stdout = child.stdout.take().expect("piped");
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines() {
                let line = line.expect("text");
                // Frames, and nothing else.
                let frame: Value = serde_json::from_str(&line).expect("a frame");
                assert_eq!(frame["jsonrpc"], "2.0", "{line}");
                if sender.send(frame).is_err() {
                    return;
                }
            }
        });
        Self {
            stdin: child.stdin.take(),
            child,
            lines,
            next: 0,
            notified: Vec::new(),
            decision: None,
            asked: Vec::new(),
        }
    }

    pub fn send(&mut self, frame: &Value) {
        let stdin = self.stdin.as_mut().expect("open");
        writeln!(stdin, "{frame}").expect("it reads");
    }

    pub fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    pub fn begin(&mut self, method: &str, params: &Value) -> u64 {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    pub fn request(&mut self, method: &str, params: &Value) -> Value {
        let id = self.begin(method, params);
        self.wait(id)
    }

    /// Waits for an answer, and answers what the server asks meanwhile.
    pub fn wait(&mut self, id: u64) -> Value {
        loop {
            let frame = self.lines.recv_timeout(PATIENCE).expect("an answer");
            if frame["method"] == "elicitation/create" {
                let result = match self.decision {
                    Some(word) => json!({ "action": "accept", "content": { "decision": word } }),
                    None => json!({ "action": "decline" }),
                };
                let answer = json!({ "jsonrpc": "2.0", "id": frame["id"], "result": result });
                self.asked.push(frame["params"].clone());
                self.send(&answer);
            } else if frame.get("method").is_some() {
                self.notified.push(frame);
            } else if frame["id"] == id {
                return frame;
            } else {
                panic!("nobody asked for {frame}");
            }
        }
    }

    pub fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let params = json!({ "name": tool, "arguments": arguments });
        let answer = self.request("tools/call", &params);
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].clone()
    }

    /// The first text of what a call gives.
    pub fn text(&mut self, tool: &str, arguments: &Value) -> String {
        let result = self.call(tool, arguments);
        result["content"][0]["text"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Waits for a notification of a method.
    pub fn wait_for(&mut self, method: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.notified.iter().any(|frame| frame["method"] == method) {
            let left = until.saturating_duration_since(Instant::now());
            let frame = self.lines.recv_timeout(left).expect("a notification");
            assert!(frame.get("method").is_some(), "{frame}");
            self.notified.push(frame);
        }
    }

    /// Closes its standard input: the server ends.
    pub fn end(mut self) {
        drop(self.stdin.take());
        ends_well(&mut self.child);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub fn ends_well(child: &mut Child) {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(status) = child.try_wait().expect("it is ours") {
            assert_eq!(status.code(), Some(0), "{status}");
            return;
        }
        assert!(Instant::now() < until, "it does not end");
        thread::sleep(Duration::from_millis(10));
    }
}

pub fn terminate(child: &Child) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(sent.expect("kill starts").success());
}
