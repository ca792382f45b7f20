//! companion as a client, of companion as a server.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::client::{Client, OPEN, PATIENCE};
use super::http::Listening;
use crate::home::Home;

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
    let gone = || !Path::new("/proc").join(after.trim()).exists();
    while !gone() {
        assert!(Instant::now() < until + PATIENCE, "the inner one stays");
        thread::sleep(Duration::from_millis(50));
    }
}

/// A server that says who it is at once, and its tools late.
fn slow(seconds: u32) -> Value {
    let script = format!(
        r#"while read -r line; do
            id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\).*/\1/p')
            answer() {{ printf '{{"jsonrpc":"2.0","id":%s,"result":%s}}\n' "$id" "$1"; }}
            case $line in
                *'"initialize"'*) answer '{{"protocolVersion":"2025-06-18","capabilities":{{"tools":{{}}}},"serverInfo":{{"name":"slow","version":"1"}}}}' ;;
                *'"tools/list"'*) sleep {seconds}; answer '{{"tools":[{{"name":"echo","inputSchema":{{"type":"object"}}}}]}}' ;;
                *'"tools/call"'*) answer '{{"content":[{{"type":"text","text":"heard"}}]}}' ;;
            esac
        done"#
    );
    json!({ "command": "sh", "args": ["-c", script] })
}

#[test]
fn whoever_comes_while_a_server_is_listed_waits_for_its_list() {
    let home = Home::new();
    home.policy(OPEN);
    configure(&home, &json!({ "slow": slow(2) }));
    let mut client = Client::start(&home, &json!({}));
    let first = client.begin("tools/list", &json!({}));
    thread::sleep(Duration::from_millis(700));
    let echo = json!({ "name": "slow__echo", "arguments": {} });
    let second = client.begin("tools/call", &echo);
    let listed = client.wait(first).to_string();
    assert!(listed.contains("slow__echo"));
    assert_eq!(client.wait(second)["result"]["content"][0]["text"], "heard");
    client.end();
}

#[test]
fn nobody_has_to_wait_for_a_server_that_does_not_answer() {
    let home = Home::new();
    home.policy(OPEN);
    configure(&home, &json!({ "slow": slow(60) }));
    let mut command = home.command(&["tools", "call", "slow/echo", "--args", "{}"]);
    let mut child = command.spawn().expect("started");
    thread::sleep(Duration::from_millis(1500));
    assert_eq!(child.try_wait().expect("it is ours"), None);
    let begun = Instant::now();
    let pid = child.id().to_string();
    let interrupted = Command::new("kill").args(["-INT", &pid]).status();
    assert!(interrupted.expect("kill starts").success());
    let status = child.wait().expect("it is ours");
    assert_eq!(status.code(), Some(130));
    assert!(
        begun.elapsed() < Duration::from_secs(20),
        "it waits for ever"
    );
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
