//! MCP: companion as a server, over stdio and HTTP, and as a client of such a server.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::home::Home;

/// Nothing here takes so long.
const PATIENCE: Duration = Duration::from_secs(60);
/// Rules that let a client call everything.
const OPEN: &str = "[default]\nmcp = \"allow\"\n";

/// A client that the tests speak for, line by line.
struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Value>,
    next: u64,
    /// What came beside answers.
    notified: Vec<Value>,
    /// What is answered when the server asks.
    decision: Option<&'static str>,
    asked: Vec<Value>,
}

impl Client {
    fn start(home: &Home, capabilities: &Value) -> Self {
        let mut client = Self::spawn(home);
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

    fn spawn(home: &Home) -> Self {
        let mut child = home
            .command(&["mcp"])
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

    fn send(&mut self, frame: &Value) {
        let stdin = self.stdin.as_mut().expect("open");
        writeln!(stdin, "{frame}").expect("it reads");
    }

    fn notify(&mut self, method: &str, params: &Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn begin(&mut self, method: &str, params: &Value) -> u64 {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        id
    }

    fn request(&mut self, method: &str, params: &Value) -> Value {
        let id = self.begin(method, params);
        self.wait(id)
    }

    /// Waits for an answer, and answers what the server asks meanwhile.
    fn wait(&mut self, id: u64) -> Value {
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

    fn call(&mut self, tool: &str, arguments: &Value) -> Value {
        let params = json!({ "name": tool, "arguments": arguments });
        let answer = self.request("tools/call", &params);
        assert!(answer.get("error").is_none(), "{answer}");
        answer["result"].clone()
    }

    /// The first text of what a call gives.
    fn text(&mut self, tool: &str, arguments: &Value) -> String {
        let result = self.call(tool, arguments);
        result["content"][0]["text"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Waits for a notification of a method.
    fn wait_for(&mut self, method: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.notified.iter().any(|frame| frame["method"] == method) {
            let left = until.saturating_duration_since(Instant::now());
            let frame = self.lines.recv_timeout(left).expect("a notification");
            assert!(frame.get("method").is_some(), "{frame}");
            self.notified.push(frame);
        }
    }

    /// Closes its standard input: the server ends.
    fn end(mut self) {
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

fn ends_well(child: &mut Child) {
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

#[test]
fn tools_are_listed_and_called_and_errors_can_be_read() {
    let home = Home::new();
    home.policy(OPEN);
    let mut client = Client::start(&home, &json!({}));
    let tools = client.request("tools/list", &json!({}))["result"]["tools"].clone();
    let tools = tools.as_array().expect("a list");
    let find = |name: &str| tools.iter().find(|tool| tool["name"] == name);
    let python = find("run_python").expect("there");
    assert_eq!(python["inputSchema"]["required"], json!(["code"]));
    assert_eq!(python["annotations"]["readOnlyHint"], true);
    assert_eq!(python["title"], "Run Python");
    let write = find("write_file").expect("there");
    assert_eq!(write["annotations"]["destructiveHint"], true);

    let result = client.call("run_python", &json!({ "code": "print(6 * 7)" }));
    assert_eq!(result["content"][0]["text"], "42\n");
    assert_eq!(result["structuredContent"]["output"], "42\n");
    assert_eq!(result["isError"], false);
    let failed = client.call(
        "run_python",
        &json!({ "code": "print('\\x1b[2Jx'); 1 / 0" }),
    );
    assert_eq!(failed["isError"], true);
    let said = failed["content"][0]["text"].as_str().expect("text");
    assert!(
        said.contains("ZeroDivisionError") && !said.contains('\u{1b}'),
        "{said}"
    );
    let wrong = client.call("run_python", &json!({ "cod": "1", "timeout_s": 0 }));
    assert_eq!(wrong["isError"], true);
    let said = wrong["content"][0]["text"].as_str().expect("text");
    for part in ["\"code\"", "cod", "/timeout_s"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let unknown = client.request("tools/call", &json!({ "name": "gone", "arguments": {} }));
    assert_eq!(unknown["error"]["code"], -32602);
    assert!(client.request("ping", &json!({}))["result"].is_object());
    let unknown = client.request("nonsense/method", &json!({}));
    assert_eq!(unknown["error"]["code"], -32601);
    client.end();
    let shown = home.out(&["audit", "show", "--json"], 0);
    assert!(shown.contains("\"mcp\""), "{shown}");
}

#[test]
fn pictures_come_as_images_with_progress_and_are_resources() {
    let home = Home::new();
    home.policy(OPEN);
    let mut client = Client::start(&home, &json!({}));
    let params = json!({
        "name": "imagine",
        "arguments": { "prompt": "a red apple", "steps": 4, "seed": 1 },
        "_meta": { "progressToken": "mine" },
    });
    let result = client.request("tools/call", &params)["result"].clone();
    let image = &result["content"][0];
    assert_eq!(
        (&image["type"], &image["mimeType"]),
        (&json!("image"), &json!("image/png"))
    );
    let data = image["data"].as_str().expect("base64");
    assert!(data.starts_with("iVBORw0KGgo"), "a PNG");
    let handle = result["structuredContent"]["images"][0]["image"].as_str();
    let handle = handle.expect("a handle").to_owned();
    // A client that looks at text alone finds the handle, too.
    assert!(
        result["content"][1]["text"]
            .as_str()
            .is_some_and(|text| text.contains(&handle))
    );

    let told: Vec<_> = client
        .notified
        .iter()
        .filter(|frame| frame["method"] == "notifications/progress")
        .map(|frame| {
            assert_eq!(frame["params"]["progressToken"], "mine");
            frame["params"]["progress"].as_f64().expect("a number")
        })
        .collect();
    assert!(!told.is_empty(), "{:?}", client.notified);
    assert!(told.is_sorted_by(|a, b| a < b), "{told:?}");

    let uri = format!("companion://artifact/{handle}");
    let read = client.request("resources/read", &json!({ "uri": uri }));
    assert_eq!(read["result"]["contents"][0]["blob"], data);
    assert_eq!(read["result"]["contents"][0]["mimeType"], "image/png");
    let templates = client.request("resources/templates/list", &json!({}));
    assert_eq!(
        templates["result"]["resourceTemplates"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
    let none = "companion://artifact/".to_owned() + &"0".repeat(64);
    for wrong in [
        none.as_str(),
        "companion://artifact/x",
        "file:///etc/passwd",
    ] {
        let read = client.request("resources/read", &json!({ "uri": wrong }));
        assert_eq!(read["error"]["code"], -32002, "{read}");
    }
    let history = client.request(
        "resources/read",
        &json!({ "uri": "companion://history/recent" }),
    );
    assert!(
        history["result"]["contents"][0]["text"].is_string(),
        "{history}"
    );
}

#[test]
fn prompts_are_filled_in_and_completed() {
    let home = Home::new();
    let mut client = Client::start(&home, &json!({}));
    let listed = client.request("prompts/list", &json!({}));
    assert_eq!(
        listed["result"]["prompts"].as_array().map(Vec::len),
        Some(3),
        "{listed}"
    );
    let arguments = json!({ "name": "run_and_explain", "arguments": { "code": "1 + 1" } });
    let prompt = client.request("prompts/get", &arguments);
    let text = prompt["result"]["messages"][0]["content"]["text"].as_str();
    assert!(text.is_some_and(|text| text.contains("run_python") && text.contains("1 + 1")));
    let missing = client.request("prompts/get", &json!({ "name": "make_picture" }));
    assert_eq!(missing["error"]["code"], -32602);
    let complete = |name: &str, argument: &str, value: &str| {
        json!({
            "ref": { "type": "ref/prompt", "name": name },
            "argument": { "name": argument, "value": value },
        })
    };
    let found = client.request(
        "completion/complete",
        &complete("run_and_explain", "language", "ja"),
    );
    assert_eq!(
        found["result"]["completion"]["values"],
        json!(["javascript"])
    );
    let found = client.request(
        "completion/complete",
        &complete("make_picture", "style", "water"),
    );
    assert_eq!(
        found["result"]["completion"]["values"],
        json!(["watercolor"])
    );
}

#[test]
fn a_client_that_can_ask_asks_and_one_that_cannot_reads_why() {
    let home = Home::new();
    let write = |name: &str| json!({ "path": name, "content": "new\n" });
    let mut dumb = Client::start(&home, &json!({}));
    let refused = dumb.text("write_file", &write("a.txt"));
    for part in [
        "permission",
        "the default for mcp",
        "tools.toml",
        "rule = \"always\"",
    ] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    assert!(!home.path("a.txt").exists());

    let mut client = Client::start(&home, &json!({ "elicitation": {} }));
    let declined = client.call("write_file", &write("a.txt"));
    assert_eq!(declined["isError"], true);
    assert!(!home.path("a.txt").exists());
    let asked = client.asked[0].clone();
    let message = asked["message"].as_str().expect("text");
    for part in ["write_file", "a.txt", "+new", "the default for mcp"] {
        assert!(message.contains(part), "{part}: {message}");
    }
    let choices = &asked["requestedSchema"]["properties"]["decision"]["enum"];
    assert_eq!(*choices, json!(["once", "session", "tool", "no"]));

    client.decision = Some("once");
    assert_eq!(client.call("write_file", &write("a.txt"))["isError"], false);
    assert_eq!(
        fs::read_to_string(home.path("a.txt")).expect("there"),
        "new\n"
    );
    client.decision = Some("session");
    client.call("write_file", &write("b.txt"));
    assert_eq!(client.asked.len(), 3);
    client.decision = Some("no");
    // Exactly this was allowed, and nothing else.
    assert_eq!(client.call("write_file", &write("b.txt"))["isError"], false);
    assert_eq!(client.asked.len(), 3);
    assert_eq!(client.call("write_file", &write("c.txt"))["isError"], true);
    assert_eq!(client.asked.len(), 4);
    client.decision = Some("tool");
    client.call("write_file", &write("c.txt"));
    assert_eq!(client.call("write_file", &write("d.txt"))["isError"], false);
    assert_eq!(client.asked.len(), 5);
    // Another tool was not asked about.
    client.decision = None;
    assert_eq!(
        client.call("read_file", &json!({ "path": "a.txt" }))["isError"],
        true
    );
    let history = json!({ "uri": "companion://history/recent" });
    assert!(client.request("resources/read", &history)["error"].is_object());
    assert_eq!(client.asked.len(), 7);
    client.end();
    // It held for that server only.
    assert!(!home.path("config/tools.toml").exists());
}

#[test]
fn without_a_session_the_question_comes_back_with_its_answer() {
    let home = Home::new();
    let mut client = Client::spawn(&home);
    let meta = |capabilities: Value| {
        json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28",
            "io.modelcontextprotocol/clientInfo": { "name": "test", "version": "1" },
            "io.modelcontextprotocol/clientCapabilities": capabilities,
        })
    };
    let can_ask = json!({ "elicitation": { "form": {} } });
    let about = client.request(
        "server/discover",
        &json!({ "_meta": meta(can_ask.clone()) }),
    );
    let versions = about["result"]["supportedVersions"].as_array();
    assert!(
        versions.is_some_and(|all| all.contains(&json!("2026-07-28"))),
        "{about}"
    );
    let mut call = json!({
        "_meta": meta(can_ask),
        "name": "write_file",
        "arguments": { "path": "a.txt", "content": "new\n" },
    });
    let asks = client.request("tools/call", &call)["result"].clone();
    assert_eq!(asks["resultType"], "input_required", "{asks}");
    let requests = asks["inputRequests"].as_object().expect("questions");
    let (key, request) = requests.iter().next().expect("one");
    assert_eq!(request["method"], "elicitation/create");
    assert!(!home.path("a.txt").exists());
    let accept = json!({ "action": "accept", "content": { "decision": "once" } });
    // The answer to one question is none to another.
    call["inputResponses"] = json!({ (key): accept });
    call["arguments"]["content"] = json!("other\n");
    let other = client.request("tools/call", &call)["result"].clone();
    assert_eq!(other["resultType"], "input_required", "{other}");
    call["arguments"]["content"] = json!("new\n");
    let done = client.request("tools/call", &call)["result"].clone();
    assert_eq!(done["isError"], false, "{done}");
    assert_eq!(
        fs::read_to_string(home.path("a.txt")).expect("there"),
        "new\n"
    );
    call["_meta"] = meta(json!({}));
    call["arguments"]["path"] = json!("b.txt");
    let refused = client.request("tools/call", &call)["result"].clone();
    assert_eq!(refused["isError"], true, "{refused}");
}

#[test]
fn a_call_that_is_cancelled_ends() {
    let home = Home::new();
    home.policy(OPEN);
    let mut client = Client::start(&home, &json!({}));
    let endless = json!({ "name": "run_python", "arguments": { "code": "while True: pass", "timeout_s": 600 } });
    let id = client.begin("tools/call", &endless);
    // Others are served meanwhile.
    assert_eq!(
        client.text("run_javascript", &json!({ "code": "console.log(1)" })),
        "1\n"
    );
    let reason = json!({ "requestId": id, "reason": "enough" });
    client.notify("notifications/cancelled", &reason);
    let until = Instant::now() + PATIENCE;
    while !home.out(&["audit", "show"], 0).contains("cancelled") {
        assert!(Instant::now() < until, "it goes on");
        thread::sleep(Duration::from_millis(50));
    }
    assert!(client.request("ping", &json!({}))["result"].is_object());
    client.end();
}

#[test]
fn signals_and_the_end_of_input_end_the_server() {
    let home = Home::new();
    Client::spawn(&home).end();
    let mut client = Client::start(&home, &json!({}));
    terminate(&client.child);
    ends_well(&mut client.child);
}

fn terminate(child: &Child) {
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(sent.expect("kill starts").success());
}

/// A server that listens on a port of its own.
struct Listening {
    child: Child,
    address: String,
}

impl Listening {
    fn start(home: &Home, token: Option<&str>) -> Self {
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

/// The words that start companion as a server in another home.
fn server_in(inner: &Home) -> Value {
    let binary = env!("CARGO_BIN_EXE_companion");
    let folder = |name: &str| inner.path(name).to_string_lossy().into_owned();
    json!({
        "command": "sh",
        // Its number, to end it; and a word on standard error.
        "args": ["-c", "echo $$ > pid; echo 'hello from inside' >&2; exec \"$0\" \"$@\"", binary, "mcp",
                 "--data-dir", folder("data"), "--config-dir", folder("config"),
                 "--cache-dir", folder("cache")],
        "cwd": inner.folder(),
    })
}

fn configure(home: &Home, servers: &Value) {
    fs::create_dir_all(home.path("config")).expect("a folder");
    let text = json!({ "mcpServers": servers }).to_string();
    fs::write(home.path("config/mcp.json"), text).expect("written");
}

#[test]
fn tools_of_servers_are_tools_and_are_not_believed() {
    let (home, inner) = (Home::new(), Home::new());
    inner.policy(OPEN);
    configure(
        &home,
        &json!({
            "inner": server_in(&inner),
            "broken": { "command": "sh", "args": ["-c", "echo no such module >&2; exit 1"] },
            "missing": { "command": "no-such-program-anywhere" },
        }),
    );
    // What does not need a server starts none.
    home.call("run_python", &json!({ "code": "1" }), 0);
    home.out(&["tools", "list", "--source", "builtin"], 0);
    assert!(!inner.path("pid").exists());

    let output = home.run(&["tools", "list", "--source", "mcp"], 0);
    let listed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        listed
            .lines()
            .any(|line| line.starts_with("inner/run_python ")),
        "{listed}"
    );
    let warned = String::from_utf8_lossy(&output.stderr).into_owned();
    for part in ["broken", "no such module", "no-such-program-anywhere"] {
        assert!(warned.contains(part), "{part}: {warned}");
    }
    let spec = home.json(&["tools", "describe", "inner/run_python", "--json"], 0);
    assert_eq!(spec["source"], "mcp");
    assert_eq!(spec["annotations"]["readOnlyHint"], false);
    assert_eq!(spec["annotations"]["destructiveHint"], true);

    let result = home.call("inner/run_python", &json!({ "code": "print(6 * 7)" }), 0);
    assert_eq!(result["content"][0]["text"], "42\n");
    assert_eq!(result["structured"]["output"], "42\n");
    let failed = home.call("inner/run_python", &json!({ "code": "1 / 0" }), 1);
    assert!(failed["content"].to_string().contains("ZeroDivisionError"));
    // Checked here, before anything is sent.
    let wrong = home.err(
        &[
            "tools",
            "call",
            "inner/run_python",
            "--args",
            "{\"cod\": 1}",
        ],
        2,
    );
    assert!(wrong.contains("cod"), "{wrong}");
    let broken = home.err(&["tools", "call", "broken/x"], 1);
    assert!(broken.contains("no such module"), "{broken}");
    let near = home.err(&["tools", "call", "inner/run_pyton"], 2);
    assert!(near.contains("did you mean inner/run_python"), "{near}");

    // A picture that was made there is kept here.
    let arguments = json!({ "prompt": "a red apple", "steps": 2, "seed": 1 });
    let made = home.call("inner/imagine", &arguments, 0);
    let artifact = &made["content"][0]["artifact"];
    assert_eq!(artifact["media_type"], "image/png");
    let info = home.call("image_info", &json!({ "image": artifact["blob"] }), 0);
    assert_eq!(info["structured"]["width"], artifact["width"]);

    // The policy here is about calls from here.
    home.policy("[[rule]]\nrule = \"deny\"\ntool = \"inner/*\"\n");
    home.err(
        &[
            "tools",
            "call",
            "inner/run_python",
            "--args",
            "{\"code\": \"1\"}",
        ],
        3,
    );
    home.policy("[[rule]]\nrule = \"deny\"\ntool = \"*\"\nread_only = false\n");
    home.err(
        &[
            "tools",
            "call",
            "inner/run_python",
            "--args",
            "{\"code\": \"1\"}",
        ],
        3,
    );
    home.call("run_python", &json!({ "code": "1" }), 0);

    fs::write(home.path("config/mcp.json"), "{").expect("written");
    let err = home.err(&["tools", "list"], 2);
    assert!(err.contains("mcp.json"), "{err}");
}

#[test]
fn a_server_that_dies_is_started_again_and_its_tools_pass_through() {
    let (home, inner) = (Home::new(), Home::new());
    home.policy(OPEN);
    inner.policy(OPEN);
    configure(&home, &json!({ "inner": server_in(&inner) }));
    let mut client = Client::start(&home, &json!({}));
    let code = json!({ "code": "print(6 * 7)" });
    assert_eq!(client.text("inner__run_python", &code), "42\n");
    // Its tools came, and that was told.
    client.wait_for("notifications/tools/list_changed");
    let tools = client.request("tools/list", &json!({}));
    let tools = tools["result"]["tools"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    assert!(tools.iter().any(|tool| tool["name"] == "inner__run_shell"));

    let before = fs::read_to_string(inner.path("pid")).expect("started");
    let killed = Command::new("kill").args(["-KILL", before.trim()]).status();
    assert!(killed.expect("kill starts").success());
    let until = Instant::now() + PATIENCE;
    // The call that finds it dead may tell so.
    while client.text("inner__run_python", &code) != "42\n" {
        assert!(Instant::now() < until, "it stays dead");
    }
    let after = fs::read_to_string(inner.path("pid")).expect("started again");
    assert_ne!(before, after);

    // A call through both is cancelled in both.
    let endless = json!({
        "name": "inner__run_python",
        "arguments": { "code": "while True: pass", "timeout_s": 600 },
    });
    let id = client.begin("tools/call", &endless);
    thread::sleep(Duration::from_millis(500));
    client.notify("notifications/cancelled", &json!({ "requestId": id }));
    let until = Instant::now() + PATIENCE;
    while !inner.out(&["audit", "show"], 0).contains("cancelled") {
        assert!(Instant::now() < until, "it goes on");
        thread::sleep(Duration::from_millis(50));
    }
    // Both end.
    client.end();
    let gone = || !std::path::Path::new("/proc").join(after.trim()).exists();
    while !gone() {
        assert!(Instant::now() < until + PATIENCE, "the inner one stays");
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn servers_are_reached_over_http_with_their_token() {
    let (home, inner) = (Home::new(), Home::new());
    inner.policy(OPEN);
    let listening = Listening::start(&inner, Some("a long secret"));
    let url = format!("http://{}/mcp", listening.address);
    configure(
        &home,
        &json!({
            "far": { "type": "http", "url": url, "headers": { "Authorization": "Bearer ${FAR_TOKEN}" } },
            "shut": { "url": url },
        }),
    );
    let call = |name: &str| {
        let mut command = home.command(&[
            "tools",
            "call",
            name,
            "--args",
            "{\"code\": \"print(6 * 7)\"}",
        ]);
        let output = command.env("FAR_TOKEN", "a long secret").output();
        let output = output.expect("the binary starts");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    };
    assert_eq!(
        call("far/run_python"),
        (Some(0), "42\n".to_owned(), String::new())
    );
    let (code, _, err) = call("shut/run_python");
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("shut"), "{err}");
    // Without the variable the server is not used, and that is told.
    let err = home.err(&["tools", "list", "--source", "mcp"], 0);
    assert!(err.contains("FAR_TOKEN"), "{err}");
}
