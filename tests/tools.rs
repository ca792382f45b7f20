//! Tools from the shell: listing, describing, calling, checking, and the record of it.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::home::Home;

#[test]
fn tools_are_listed_found_and_described() {
    let home = Home::new();
    let all = home.out(&["tools", "list"], 0);
    for name in ["run_python", "imagine", "edit_image", "fetch_url"] {
        assert!(all.lines().any(|line| line.starts_with(name)), "{all}");
    }
    let web = home.out(&["tools", "list", "--tag", "web"], 0);
    assert_eq!(web.lines().count(), 2, "{web}");
    let specs = home.out(&["tools", "list", "--json"], 0);
    let specs: Vec<Value> = serde_json::from_str(&specs).expect("an array");
    for spec in &specs {
        assert_eq!(spec["input_schema"]["type"], "object", "{spec}");
        assert!(
            spec["description"]
                .as_str()
                .is_some_and(|text| text.len() > 20)
        );
    }
    let found = home.out(&["tools", "search", "crop", "picture"], 0);
    assert!(found.starts_with("edit_image"), "{found}");
    assert!(
        home.err(&["tools", "search", "xylophone"], 1)
            .contains("no tool")
    );
    let about = home.out(&["tools", "describe", "run_python"], 0);
    assert!(about.contains("code (string, required)"), "{about}");
    let near = home.err(&["tools", "describe", "run_pyton"], 2);
    assert!(near.contains("did you mean run_python"), "{near}");
}

#[test]
fn code_runs_in_the_jail_and_its_end_is_told() {
    let home = Home::new();
    let code = json!({ "code": "import os\nprint(6 * 7)\nos.environ.get('HOME')" });
    let python = home.call("run_python", &code, 0);
    assert_eq!(python["structured"]["output"], "42\n");
    assert_eq!(python["is_error"], false);
    let code = json!({ "code": "[1, 2, 3].map(x => x * x)" });
    let javascript = home.call("run_javascript", &code, 0);
    assert!(
        javascript["structured"]["result"]
            .as_str()
            .is_some_and(|it| it.contains('9'))
    );
    let shell = home.call(
        "run_shell",
        &json!({ "code": "echo $((6 * 7)); exit 3" }),
        1,
    );
    assert_eq!(shell["structured"]["output"], "42\n");
    assert_eq!(shell["structured"]["exit_code"], 3);
    let endless = json!({ "code": "while True: pass", "timeout_s": 1 });
    let stopped = home.call("run_python", &endless, 1);
    assert!(
        stopped["structured"]["error"]
            .as_str()
            .is_some_and(|it| it.contains("time limit"))
    );
}

#[test]
fn pictures_go_from_tool_to_tool_by_handle() {
    let home = Home::new();
    let request = json!({ "prompt": "a red apple", "steps": 2, "seed": 1 });
    let made = home.call("imagine", &request, 0);
    let image = made["structured"]["images"][0]["image"].clone();
    assert_eq!(made["content"][0]["type"], "image");
    let edits = json!([{ "op": "crop", "x": 8, "y": 8, "width": 40, "height": 20 },
                       { "op": "rotate", "degrees": 90 }]);
    let edited = home.call("edit_image", &json!({ "image": image, "edits": edits }), 0);
    assert_eq!(edited["structured"]["width"], 20);
    assert_eq!(edited["structured"]["height"], 40);
    let edited = edited["structured"]["image"].clone();
    let info = home.call("image_info", &json!({ "image": edited }), 0);
    assert_eq!(info["structured"]["media_type"], "image/png");
    let same = home.call(
        "compare_images",
        &json!({ "left": image, "right": image }),
        0,
    );
    assert_eq!(same["structured"]["max"], 0);
    let wide = json!({ "image": image, "edits": [{ "op": "crop", "x": 0, "y": 0, "width": 65, "height": 1 }] });
    let wide = wide.to_string();
    let err = home.err(&["tools", "call", "edit_image", "--args", &wide], 1);
    assert!(
        err.contains("edits[0] (crop): width must be 1 to 64"),
        "{err}"
    );
}

#[test]
fn arguments_that_do_not_fit_are_all_told() {
    let home = Home::new();
    let wrong = r#"{"code": 5, "timeout_s": 0, "speed": 1}"#;
    let err = home.err(&["tools", "call", "run_python", "--args", wrong], 2);
    for part in ["/code", "/timeout_s", "speed", "tools describe run_python"] {
        assert!(err.contains(part), "{part}: {err}");
    }
    let err = home.err(&["tools", "call", "run_python", "--args", "{"], 2);
    assert!(err.contains("no JSON"), "{err}");
    let err = home.err(&["tools", "call", "run_python", "--args", "@gone.json"], 2);
    assert!(err.contains("gone.json"), "{err}");
    fs::write(home.path("args.json"), r#"{"code": "print(1)"}"#).expect("written");
    let out = home.out(&["tools", "call", "run_python", "--args", "@args.json"], 0);
    assert_eq!(out, "1\n");
}

#[test]
fn schemas_and_arguments_are_checked_from_standard_input() {
    let home = Home::new();
    let validate = |input: &str| {
        let mut child = home
            .command(&["tools", "validate"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut stdin = child.stdin.take().expect("piped");
        stdin.write_all(input.as_bytes()).expect("it reads");
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        (output.status.code(), out)
    };
    let schema = r#"{"type":"object","properties":{"a":{"type":"integer","minimum":3}},"required":["a"],"additionalProperties":false}"#;
    let (code, out) = validate(&format!(r#"{{"schema":{schema},"arguments":{{"a":4}}}}"#));
    assert_eq!(code, Some(0), "{out}");
    let (code, out) = validate(&format!(
        r#"{{"schema":{schema},"arguments":{{"a":1,"b":2}}}}"#
    ));
    assert_eq!(code, Some(1), "{out}");
    let verdict: Value = serde_json::from_str(&out).expect("an object");
    assert_eq!(verdict["errors"].as_array().map(Vec::len), Some(2), "{out}");
    assert_eq!(validate("hello").0, Some(2));
    let remote = r#"{"schema":{"$ref":"https://example.com/s.json"},"arguments":{}}"#;
    assert_eq!(validate(remote).0, Some(2));
}

#[test]
fn rules_allow_ask_and_deny_and_are_explained() {
    let home = Home::new();
    home.policy(
        "[[rule]]\nrule = \"deny\"\ntool = \"run_shell\"\nreason = \"no shell here\"\n\n\
         [[rule]]\nrule = \"ask\"\ntool = \"run_python\"\n",
    );
    let code = r#"{"code": "1"}"#;
    let err = home.err(&["tools", "call", "run_shell", "--args", code], 3);
    assert!(err.contains("no shell here"), "{err}");
    let err = home.err(&["tools", "call", "run_python", "--args", code], 3);
    assert!(err.contains("--yes"), "{err}");
    home.run(&["tools", "call", "run_python", "--args", code, "--yes"], 0);
    home.run(&["tools", "call", "run_javascript", "--args", code], 0);
    let why = home.out(&["tools", "explain", "run_shell", "--args", code], 3);
    assert!(why.contains("deny, by line 3"), "{why}");
    home.policy("[[rule]]\nrule = \"perhaps\"\ntool = \"*\"\n");
    let err = home.err(&["tools", "list"], 2);
    assert!(err.contains("tools.toml:2"), "{err}");
}

#[test]
fn what_tools_did_is_on_record_without_secrets() {
    let home = Home::new();
    assert_eq!(home.out(&["audit", "verify"], 0), "");
    let code = r#"{"code": "api_key = 'sk-ant-REDACTED'"}"#;
    home.run(&["tools", "call", "run_python", "--args", code], 0);
    home.err(&["tools", "call", "gone"], 2);
    let shown = home.out(&["audit", "show"], 0);
    assert_eq!(shown.lines().count(), 2, "{shown}");
    assert!(
        shown.contains("unknown_tool") && !shown.contains("abcdefghijkl"),
        "{shown}"
    );
    assert!(home.out(&["audit", "verify"], 0).contains("2 lines"));
    let path = home.path("data/audit.jsonl");
    let text = fs::read_to_string(&path).expect("there");
    fs::write(&path, text.replace("\"gone\"", "\"done\"")).expect("written");
    let found = home.out(&["audit", "verify"], 1);
    assert!(found.contains("line 2 was edited"), "{found}");
    let first = text.lines().next().expect("a line");
    fs::write(&path, format!("{first}\n")).expect("written");
    let found = home.out(&["audit", "verify"], 1);
    assert!(found.contains("1 lines were cut off"), "{found}");
}

#[test]
fn private_addresses_are_refused_before_anything_is_fetched() {
    let home = Home::new();
    for url in [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://[::ffff:10.0.0.1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://user:word@example.com/",
        "file:///etc/passwd",
        "http://localhost:8080/",
    ] {
        let out = home.out(&["fetch", "--dry-run", url], 3);
        assert!(out.starts_with("refused: "), "{url}: {out}");
    }
    let out = home.out(&["fetch", "--dry-run", "http://93.184.215.14/"], 0);
    assert!(out.starts_with("allowed: "), "{out}");
    let err = home.err(&["fetch", "http://127.0.0.1:1/"], 1);
    assert!(err.contains("refused"), "{err}");
    let query = r#"{"query": "rust"}"#;
    let err = home.err(&["tools", "call", "web_search", "--args", query], 1);
    assert!(err.contains("no search engine is configured"), "{err}");
}

#[test]
fn files_of_this_folder_are_read_searched_and_changed_and_no_others() {
    let home = Home::new();
    fs::write(home.path("a.txt"), "one\ntwo\nthree\n").expect("written");
    let secret = tempfile::tempdir().expect("a folder");
    fs::write(secret.path().join("secret"), "not for tools").expect("written");
    std::os::unix::fs::symlink(secret.path(), home.path("out")).expect("a link");
    let read = home.call("read_file", &json!({ "path": "a.txt" }), 0);
    assert!(read.to_string().contains("two"), "{read}");
    let found = home.call("search_files", &json!({ "pattern": "^t" }), 0);
    assert!(found.to_string().contains("three"), "{found}");
    home.call(
        "write_file",
        &json!({ "path": "b.txt", "content": "new\n" }),
        0,
    );
    assert_eq!(
        fs::read_to_string(home.path("b.txt")).expect("there"),
        "new\n"
    );
    let patch = "--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n";
    home.call("apply_patch", &json!({ "patch": patch }), 0);
    let patched = fs::read_to_string(home.path("a.txt")).expect("there");
    assert_eq!(patched, "one\n2\nthree\n");
    let outside = secret.path().join("secret");
    for path in [
        "out/secret",
        "../secret",
        &*outside.to_string_lossy(),
        "data/audit.jsonl",
    ] {
        let arguments = json!({ "path": path }).to_string();
        let call = ["tools", "call", "read_file", "--args", &arguments];
        let output = home.command(&call).output().expect("the binary starts");
        assert_ne!(output.status.code(), Some(0), "{path}");
        let all = [output.stdout, output.stderr].concat();
        assert!(
            !String::from_utf8_lossy(&all).contains("not for tools"),
            "{path}"
        );
    }
    let image = json!({ "image": outside.to_string_lossy() }).to_string();
    home.err(&["tools", "call", "image_info", "--args", &image], 1);
}
