//! Tools from the shell: listing, describing, calling, checking, and the record of it.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::home::Home;

/// A PNG of one red pixel.
const ONE_PIXEL: &[u8] =
    b"\x89\x50\x4e\x47\x0d\x0a\x1a\x0a\x00\x00\x00\x0d\x49\x48\x44\x52\x00\x00\x00\x01\
    \x00\x00\x00\x01\x08\x02\x00\x00\x00\x90\x77\x53\xde\x00\x00\x00\x0c\x49\x44\x41\
    \x54\x78\x9c\x63\xf8\xcf\xc0\x00\x00\x03\x01\x01\x00\xc9\xfe\x92\xef\x00\x00\x00\
    \x00\x49\x45\x4e\x44\xae\x42\x60\x82";

#[test]
fn tools_are_listed_found_and_described() {
    let home = Home::new();
    let all = home.out(&["tools", "list"], 0);
    for name in ["run_python", "imagine", "edit_image", "fetch_url"] {
        assert!(all.lines().any(|line| line.starts_with(name)), "{all}");
    }
    let web = home.out(&["tools", "list", "--tag", "web"], 0);
    assert_eq!(web.lines().count(), 2, "{web}");
    let tag = home.err(&["tools", "list", "--tag", "pics"], 2);
    assert!(tag.contains("code, files, pictures, records, web"), "{tag}");
    assert_eq!(home.out(&["tools", "list", "--source", "mcp"], 0), "");
    let code = home.out(&["tools", "search", "run", "--tag", "code"], 0);
    assert_eq!(code.lines().count(), 3, "{code}");
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
    let near = home.err(&["tools", "call", "fetchurl"], 2);
    assert!(near.contains("did you mean fetch_url"), "{near}");
}

#[test]
fn tools_are_found_by_a_tool() {
    let home = Home::new();
    let found = home.call("tool_search", &json!({ "words": "crop picture" }), 0);
    let tools = found["structured"]["tools"].as_array().expect("an array");
    assert_eq!(tools.len(), 1, "{found}");
    assert_eq!(tools[0]["name"], "edit_image");
    assert_eq!(tools[0]["input_schema"]["type"], "object");
    let two = json!({ "tag": "files", "source": "builtin", "limit": 2 });
    let found = home.call("tool_search", &two, 0);
    assert_eq!(
        found["structured"]["tools"].as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(found["structured"]["more"], 4);
    let found = home.call("tool_search", &json!({ "source": "mcp" }), 0);
    assert_eq!(found["structured"]["tools"], json!([]));
    let near = home.call("tool_search", &json!({ "words": "edt imge" }), 0);
    assert_eq!(
        near["structured"]["did_you_mean"][0], "edit_image",
        "{near}"
    );
}

#[test]
fn what_is_known_of_a_picture_is_known_to_the_next_process() {
    let home = Home::new();
    fs::write(home.path("a.png"), ONE_PIXEL).expect("written");
    let shown = home.call("show_image", &json!({ "image": "a.png" }), 0);
    assert_eq!(shown["content"][0]["artifact"]["name"], "a.png");
    let image = shown["structured"]["image"].clone();
    let about = json!({ "image": image });
    let first = home.call("image_info", &about, 0);
    assert_eq!(first["cached"], Value::Null);
    assert_eq!(first["structured"]["width"], 1);
    let second = home.call("image_info", &about, 0);
    assert_eq!(second["cached"], "disk");
    assert_eq!(second["attempts"], 0);
    assert_eq!(first["structured"], second["structured"]);
    // Whoever is not allowed to call it does not hear what others were told.
    home.policy("[[rule]]\nrule = \"deny\"\ntool = \"image_info\"\n");
    let arguments = about.to_string();
    home.err(&["tools", "call", "image_info", "--args", &arguments], 3);
    home.policy("");
    let anew = [
        "tools",
        "call",
        "image_info",
        "--args",
        &arguments,
        "--no-cache",
        "--json",
    ];
    assert_eq!(home.json(&anew, 0)["cached"], Value::Null);
    // A file may be another one next time.
    for _ in 0..2 {
        let of_file = home.call("image_info", &json!({ "image": "a.png" }), 0);
        assert_eq!(of_file["cached"], Value::Null);
    }
    // Damage costs the results, not the calls.
    let path = home.path("cache/results-v1.sled/db");
    fs::write(&path, b"not sled's").expect("written");
    assert_eq!(home.call("image_info", &about, 0)["cached"], Value::Null);
    assert_eq!(home.call("image_info", &about, 0)["cached"], "disk");
    fs::write(home.path("b.png"), b"\x89PNG\r\n\x1a\nrubbish").expect("written");
    for wrong in ["b.png", "/etc/passwd", "gone.png"] {
        let arguments = json!({ "image": wrong }).to_string();
        home.err(&["tools", "call", "show_image", "--args", &arguments], 1);
    }
}

#[test]
fn nothing_is_opened_for_tools_that_keep_nothing() {
    let home = Home::new();
    home.out(&["tools", "list"], 0);
    home.call("system_info", &json!({}), 0);
    assert!(!home.path("cache/results-v1.sled").exists());
}

#[test]
fn calls_in_a_row_give_on_what_they_found() {
    let home = Home::new();
    fs::write(home.path("a.png"), ONE_PIXEL).expect("written");
    let steps = [
        "tools",
        "pipe",
        "show_image image=a.png",
        r#"edit_image image=$ edits=[{"op": "resize", "width": 8, "height": 4, "mode": "exact"}]"#,
        "image_info image=$2.image",
    ];
    assert!(home.out(&steps, 0).starts_with("PNG, 8×4"));
    let all = home.json(&[&steps[..], &["--json"]].concat(), 0);
    let names: Vec<_> = all["steps"]
        .as_array()
        .expect("steps")
        .iter()
        .map(|step| &step["tool"])
        .collect();
    assert_eq!(names, ["show_image", "edit_image", "image_info"]);
    assert_eq!(all["steps"][1]["structured"]["height"], 4);
    fs::write(home.path("code.py"), "print(6 * 7)\n").expect("written");
    let out = home.out(
        &[
            "tools",
            "pipe",
            "read_file path=code.py",
            "run_python code=$.text",
        ],
        0,
    );
    assert_eq!(out, "42\n");
    let steps = json!([
        { "tool": "run_python", "arguments": { "code": "print('$5 and ' + \"it's\")" } },
        { "tool": "write_file", "arguments": { "path": "$$.txt", "content": "$1.output" } },
    ]);
    fs::write(home.path("steps.json"), steps.to_string()).expect("written");
    home.out(&["tools", "pipe", "--steps", "@steps.json"], 0);
    assert_eq!(
        fs::read_to_string(home.path("$.txt")).expect("there"),
        "$5 and it's\n"
    );
    let shown = home.out(&["audit", "show"], 0);
    assert!(shown.contains("write_file"), "each is on record: {shown}");
}

#[test]
fn calls_in_a_row_stop_at_the_first_that_fails() {
    let home = Home::new();
    // Before anything runs.
    let writes = "write_file path=x content=y";
    for (wrong, parts) in [
        (
            "run_pyton code=1",
            ["step 2 (run_pyton)", "did you mean run_python"],
        ),
        ("run_python cod=1", ["step 2 (run_python)", "cod"]),
        (
            "run_python code=$3",
            ["step 2 (run_python)", "only 1 steps come before"],
        ),
        (
            "run_python code=$HOME",
            ["step 2 (run_python)", "$$ begins a text"],
        ),
        ("run_python code", ["call 2", "KEY=VALUE"]),
    ] {
        let err = home.err(&["tools", "pipe", writes, wrong], 2);
        for part in parts {
            assert!(err.contains(part), "{part}: {err}");
        }
        assert!(!home.path("x").exists(), "{wrong}");
    }
    home.err(&["tools", "pipe", "--steps", "[]"], 2);
    home.err(&["tools", "pipe"], 2);
    // While it runs.
    let err = home.err(
        &[
            "tools",
            "pipe",
            "system_info",
            "run_python code=$.coers",
            writes,
        ],
        1,
    );
    assert!(
        err.contains("step 2 (run_python)") && err.contains("cores"),
        "{err}"
    );
    let err = home.err(
        &[
            "tools",
            "pipe",
            "system_info",
            "run_python code=$.cores",
            writes,
        ],
        2,
    );
    assert!(
        err.contains("step 2 (run_python)") && err.contains("/code"),
        "{err}"
    );
    let failing = ["tools", "pipe", "run_python code=1/0", writes, "--json"];
    let all = home.json(&failing, 1);
    assert_eq!(all["steps"][0]["is_error"], true);
    assert_eq!(all["failed"]["step"], 1);
    home.policy("[[rule]]\nrule = \"deny\"\ntool = \"write_file\"\nreason = \"not here\"\n");
    let err = home.err(&["tools", "pipe", "system_info", writes], 3);
    assert!(
        err.contains("step 2 (write_file)") && err.contains("not here"),
        "{err}"
    );
    assert!(!home.path("x").exists());
}

#[test]
fn what_code_prints_is_shown_when_it_comes() {
    let home = Home::new();
    let code = "import time\nprint('early', flush=True)\ntime.sleep(60)";
    let arguments = json!({ "code": code }).to_string();
    let mut child = home
        .command(&["tools", "call", "run_python", "--args", &arguments])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdout = child.stdout.take().expect("piped");
    let mut early = [0; 6];
    std::io::Read::read_exact(&mut stdout, &mut early).expect("it prints");
    assert_eq!(&early, b"early\n");
    let started = std::time::Instant::now();
    let pid = child.id().to_string();
    let sent = Command::new("kill").args(["-INT", &pid]).status();
    assert!(sent.expect("there is a kill").success());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    assert!(started.elapsed().as_secs() < 20, "it does not sleep on");
    let mut rest = String::new();
    std::io::Read::read_to_string(&mut stdout, &mut rest).expect("text");
    assert_eq!(rest, "", "nothing comes twice");
    let twice = json!({ "code": "print('a')\nprint('b')\n'c'" }).to_string();
    let out = home.out(&["tools", "call", "run_python", "--args", &twice], 0);
    assert_eq!(out, "a\nb\n'c'\n");
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
    let why = home.out(&["policy", "explain", "run_shell", "--args", code], 3);
    assert!(why.contains("deny, by line 3"), "{why}");
    let test = |says: &str, arguments: &str| {
        home.policy(&format!(
            "[[rule]]\nrule = \"deny\"\ntool = \"run_shell\"\n\n[[test]]\ntool = \"run_shell\"\n\
             arguments = {arguments}\nfrom = \"model\"\nsays = \"{says}\"\n"
        ));
    };
    test("deny", "{ code = \"ls\" }");
    let passed = home.out(&["policy", "test"], 0);
    assert!(passed.contains(", 0 failed"), "{passed}");
    test("ask", "{ code = \"ls\" }");
    let failed = home.out(&["policy", "test"], 1);
    let expected = "FAILED line 6 of tools.toml: run_shell {\"code\":\"ls\"} from model should be ask, \
                    and is deny by line 3: deny run_shell";
    assert!(failed.starts_with(expected), "{failed}");
    assert!(failed.contains(", 1 failed"), "{failed}");
    test("deny", "{ cmd = \"ls\" }");
    let failed = home.out(&["policy", "test"], 1);
    assert!(failed.contains("can't be called so: "), "{failed}");
    home.policy("[[rule]]\nrule = \"perhaps\"\ntool = \"*\"\n");
    let err = home.err(&["tools", "list"], 2);
    assert!(err.contains("tools.toml:2"), "{err}");
}

#[test]
fn a_function_gives_much_back_and_too_much_is_told() {
    let home = Home::new();
    let program = "from companion import tool\n@tool\ndef big(n: int): return 'x' * n\n";
    fs::write(home.path("big.py"), program).expect("written");
    let call = |arguments, code| {
        let words = [
            "tools",
            "call",
            "big",
            "--functions",
            "big.py",
            "--args",
            arguments,
        ];
        home.run(&words, code)
    };
    assert!(call(r#"{"n": 2000000}"#, 0).stdout.len() >= 2_000_000);
    let failed = call(r#"{"n": 5000000}"#, 1);
    let told = String::from_utf8_lossy(&failed.stderr).into_owned();
    assert!(told.contains("and 4194304 are the most"), "{told}");
}

#[test]
fn what_tools_take_is_told_word_by_word() {
    let home = Home::new();
    let told = home.out(&["tools", "describe", "edit_image"], 0);
    for part in [
        "op: crop, x, y, width, height",
        "op: invert",
        "png | jpeg | webp | gif",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let arguments = r#"{"image": "a.png", "edits": [{"op": "x"}]}"#;
    let wrong = home.err(&["tools", "call", "edit_image", "--args", arguments], 2);
    assert!(
        wrong.contains("invert") && wrong.contains("paste"),
        "{wrong}"
    );
    home.policy(
        "[default]\nmcp = \"deny\"\n[[rate]]\ntool = \"web_search\"\ncalls = 3\nper = \"hour\"\n",
    );
    let shown = home.out(&["policy", "show"], 0);
    for part in [
        "default for mcp: deny",
        "default for user: allow",
        "rate: web_search 3 an hour",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
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
    fs::remove_file(&path).expect("there");
    let found = home.out(&["audit", "verify"], 1);
    assert!(found.contains("2 lines were cut off"), "{found}");
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
