//! Streamable HTTP: who may connect, and how a question comes.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::thread;

use serde_json::{Value, json};

use super::client::{PATIENCE, ends_well, terminate};
use crate::home::Home;

/// A server that listens on a port of its own.
pub struct Listening {
    child: Child,
    pub address: String,
}

impl Listening {
    pub fn start(home: &Home, token: Option<&str>) -> Self {
        let mut arguments = vec!["mcp", "--http", "127.0.0.1:0"];
        if token.is_some() {
            arguments.extend(["--token-variable", "TEST_TOKEN"]);
        }
        let mut child = home
            .command(&arguments)
            .env("TEST_TOKEN", token.unwrap_or_default())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        let mut stderr = BufReader::new(child.stderr.take().expect("piped"));
        stderr.read_line(&mut line).expect("a line");
        // The rest is read, so that it never waits for a reader.
        thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        let address = line.trim().rsplit("http://").next().expect("an address");
        let address = address.strip_suffix("/mcp").expect("the path").to_owned();
        Self { child, address }
    }

    /// Greets the server; the status, and what came.
    fn greet(&self, headers: &[(&str, &str)]) -> (u16, String) {
        let mut answer = String::new();
        let mut stream = self.post(headers, &greeting(&json!({})));
        stream.read_to_string(&mut answer).expect("text");
        let status = answer.split(' ').nth(1).and_then(|code| code.parse().ok());
        (status.expect("a status"), answer)
    }

    /// Sends a frame, and gives what comes, headers first.
    fn post(&self, headers: &[(&str, &str)], frame: &Value) -> BufReader<TcpStream> {
        let body = frame.to_string();
        let mut request = format!(
            "POST /mcp HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Accept: application/json, text/event-stream\r\nConnection: close\r\n",
            body.len()
        );
        if !headers.iter().any(|(name, _)| *name == "Host") {
            let _ = write!(request, "Host: {}\r\n", self.address);
        }
        for (name, value) in headers {
            let _ = write!(request, "{name}: {value}\r\n");
        }
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time");
        write!(stream, "{request}\r\n{body}").expect("sent");
        BufReader::new(stream)
    }
}

fn greeting(capabilities: &Value) -> Value {
    json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18", "capabilities": capabilities,
            "clientInfo": { "name": "test", "version": "1" },
        },
    })
}

/// The next frame of a stream of events.
fn next_frame(stream: &mut BufReader<TcpStream>) -> Value {
    loop {
        let mut line = String::new();
        assert_ne!(
            stream.read_line(&mut line).expect("text"),
            0,
            "the stream ends"
        );
        let data = line.strip_prefix("data:").map(str::trim);
        if let Some(frame) = data.and_then(|data| serde_json::from_str(data).ok()) {
            return frame;
        }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn http_is_for_this_machine_and_for_who_has_the_token() {
    let home = Home::new();
    let mut open = Listening::start(&home, None);
    let (status, answer) = open.greet(&[]);
    assert_eq!(status, 200, "{answer}");
    assert!(answer.contains("\"companion\""), "{answer}");
    let own = format!("http://{}", open.address);
    assert_eq!(open.greet(&[("Origin", own.as_str())]).0, 200);
    for wrong in [
        ("Host", "attacker.example"),
        ("Origin", "http://attacker.example"),
        ("Origin", "null"),
        ("Origin", "http://localhost:1"),
    ] {
        let (status, answer) = open.greet(&[wrong]);
        assert_eq!(status, 403, "{wrong:?}: {answer}");
    }
    terminate(&open.child);
    ends_well(&mut open.child);

    let closed = Listening::start(&home, Some("a long secret"));
    assert_eq!(closed.greet(&[]).0, 401);
    assert_eq!(
        closed.greet(&[("Authorization", "Bearer a long secre")]).0,
        401
    );
    assert_eq!(
        closed.greet(&[("Authorization", "Bearer a long secret")]).0,
        200
    );

    let err = home.err(&["mcp", "--http", "0.0.0.0:0"], 2);
    assert!(err.contains("token"), "{err}");
    let err = home.err(
        &["mcp", "--http", "0", "--token-variable", "NOT_SET_ANYWHERE"],
        2,
    );
    assert!(err.contains("NOT_SET_ANYWHERE"), "{err}");
}

#[test]
fn over_http_the_question_comes_with_the_call() {
    let home = Home::new();
    let server = Listening::start(&home, None);
    let mut stream = server.post(&[], &greeting(&json!({ "elicitation": {} })));
    let mut session = String::new();
    while !session.to_lowercase().starts_with("mcp-session-id:") {
        session.clear();
        assert_ne!(
            stream.read_line(&mut session).expect("text"),
            0,
            "no session"
        );
    }
    let (_, session) = session.split_once(':').expect("a header");
    let headers = [
        ("Mcp-Session-Id", session.trim()),
        ("MCP-Protocol-Version", "2025-06-18"),
    ];
    let status = |frame: &Value| {
        let mut line = String::new();
        let mut stream = server.post(&headers, frame);
        stream.read_line(&mut line).expect("text");
        line
    };
    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert!(status(&initialized).contains("202"));
    let call = json!({
        "jsonrpc": "2.0", "id": 2, "method": "tools/call",
        "params": { "name": "write_file", "arguments": { "path": "a.txt", "content": "new\n" } },
    });
    let mut stream = server.post(&headers, &call);
    let asks = next_frame(&mut stream);
    assert_eq!(asks["method"], "elicitation/create", "{asks}");
    assert!(!home.path("a.txt").exists());
    let result = json!({ "action": "accept", "content": { "decision": "once" } });
    let answer = json!({ "jsonrpc": "2.0", "id": asks["id"], "result": result });
    assert!(status(&answer).contains("202"));
    let done = next_frame(&mut stream);
    assert_eq!(
        (&done["id"], &done["result"]["isError"]),
        (&json!(2), &json!(false)),
        "{done}"
    );
    assert_eq!(
        fs::read_to_string(home.path("a.txt")).expect("there"),
        "new\n"
    );
    // A session that is not there has to be begun.
    let headers = [("Mcp-Session-Id", "gone")];
    let mut line = String::new();
    server
        .post(&headers, &call)
        .read_line(&mut line)
        .expect("text");
    assert!(line.contains("404"), "{line}");
}
