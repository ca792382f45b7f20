//! MCP: companion as a server, over stdio and HTTP, and as a client of such a server.

mod client;
mod http;
mod servers;

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::home::Home;
use client::{Client, OPEN, PATIENCE, ends_well, terminate};

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
fn functions_of_a_program_are_served() {
    const PROGRAM: &str = "\
from companion import call, tool
import time

print('loaded')

@tool
def area(width: float, height: float = 1) -> float:
    'The area of a rectangle.'
    return width * height

@tool
def peek(path: str) -> str:
    return call('read_file', path=path)

@tool
def doze() -> str:
    time.sleep(60)
";
    let home = Home::new();
    fs::write(home.path("tools.py"), PROGRAM).expect("written");
    let flags = ["--functions", "tools.py"];
    let mut client = Client::start_with(&home, &json!({}), &flags);
    let tools = client.request("tools/list", &json!({}))["result"]["tools"].clone();
    let area = tools.as_array().and_then(|tools| {
        let mut tools = tools.iter();
        tools.find(|tool| tool["name"] == "area")
    });
    let area = area.expect("there");
    assert_eq!(area["description"], "The area of a rectangle.");
    assert_eq!(
        area["outputSchema"]["properties"]["result"]["type"],
        "number"
    );
    let result = client.call("area", &json!({ "width": 3, "height": 4 }));
    assert_eq!(result["structuredContent"]["result"], 12);
    let wrong = client.call("area", &json!({ "width": "wide" }));
    assert_eq!(wrong["isError"], true, "{wrong}");
    // Its own calls are those of code in the sandbox, and nobody is asked.
    let denied = client.call("peek", &json!({ "path": "tools.py" }));
    let said = denied["content"][0]["text"].as_str().expect("text");
    assert!(said.contains("nobody to ask"), "{said}");
    client.end();

    // The same from the command line.
    let call = ["tools", "call", "area", "--args", "{\"width\": 2}"];
    let given = home.out(&[&call, &flags[..]].concat(), 0);
    assert!(given.contains("\"result\": 2"), "{given}");
    let listed = home.out(
        &[&["tools", "list", "--source", "cell"], &flags[..]].concat(),
        0,
    );
    assert_eq!(listed.lines().count(), 3, "{listed}");
    let began = Instant::now();
    let mut doze = home
        .command(&[&["tools", "call", "doze"], &flags[..]].concat())
        .spawn()
        .expect("the binary starts");
    thread::sleep(Duration::from_millis(1500));
    terminate(&doze);
    assert!(!doze.wait().expect("it ends").success());
    assert!(began.elapsed() < PATIENCE);
    // What can't be loaded is said.
    fs::write(home.path("bad.py"), "1 / 0").expect("written");
    let said = home.err(&["tools", "list", "--functions", "bad.py"], 1);
    assert!(said.contains("ZeroDivisionError"), "{said}");
    fs::create_dir(home.path("sub")).expect("made");
    let flags = ["--folder", "sub", "--functions", "tools.py"];
    Client::start_with(&home, &json!({}), &flags).end();
    home.err(&["tools", "list", "--functions", "tools.sh"], 2);
    home.err(&["tools", "list", "--functions", "gone.py"], 2);
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
    let read = |name: &str| json!({ "path": name });
    for name in ["b.txt", "c.txt"] {
        fs::write(home.path(name), "text\n").expect("written");
    }
    client.decision = Some("session");
    assert_eq!(client.call("read_file", &read("a.txt"))["isError"], false);
    assert_eq!(client.asked.len(), 3);
    client.decision = Some("no");
    // Exactly this was allowed, and nothing else.
    assert_eq!(client.call("read_file", &read("a.txt"))["isError"], false);
    assert_eq!(client.asked.len(), 3);
    assert_eq!(client.call("read_file", &read("b.txt"))["isError"], true);
    assert_eq!(client.asked.len(), 4);
    client.decision = Some("tool");
    assert_eq!(client.call("read_file", &read("b.txt"))["isError"], false);
    assert_eq!(client.call("read_file", &read("c.txt"))["isError"], false);
    assert_eq!(client.asked.len(), 5);
    // Another tool was not asked about.
    client.decision = None;
    assert_eq!(client.call("write_file", &write("d.txt"))["isError"], true);
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
