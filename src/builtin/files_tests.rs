//! The tools as a caller sees them.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Weak};

use serde_json::{Value, json};

use super::{Engines, preview, tools};
use crate::files::{Access, Folders};
use crate::protocol::CallOrigin;
use crate::tool::{CancelToken, Content, Place, Tool, ToolContext, ToolError, ToolOutput};

struct Project {
    folder: tempfile::TempDir,
    engines: Arc<Engines>,
}

impl Project {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("a.txt"), "alpha\nbeta\n").expect("a file");
        let open = [(folder.path().to_owned(), Access::Write)];
        let engines = engines(Folders::open(open).expect("it is there"));
        Self { folder, engines }
    }

    fn place(&self) -> Place {
        Place {
            folder: self.folder.path().to_owned(),
            project: self.folder.path().to_owned(),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn tool(&self, name: &str) -> Arc<dyn Tool> {
        tools(&self.engines, &Weak::new())
            .into_iter()
            .find(|tool| tool.spec().name.as_str() == name)
            .expect("it is one of ours")
    }

    fn call(&self, name: &str, arguments: Value) -> Result<ToolOutput, ToolError> {
        let context = ToolContext::new(CallOrigin::User, self.place());
        self.tool(name).run(arguments, &context)
    }

    /// The texts, and the value.
    fn gives(&self, name: &str, arguments: Value) -> (String, Value) {
        let output = self.call(name, arguments).expect("it works");
        let texts = output.content.iter().map(|content| match content {
            Content::Text { text } => text.as_str(),
            other => panic!("{other:?}"),
        });
        (
            texts.collect(),
            output.structured.expect("there is a value"),
        )
    }
}

#[test]
fn the_tools_say_what_they_do() {
    let project = Project::new();
    for (name, reads) in [
        ("read_file", true),
        ("list_files", true),
        ("search_files", true),
        ("write_file", false),
        ("apply_patch", false),
    ] {
        let tool = project.tool(name);
        let spec = tool.spec();
        assert_eq!(spec.annotations.read_only, reads, "{name}");
        assert_eq!(spec.annotations.is_dangerous(), !reads, "{name}");
        assert!(!spec.annotations.open_world);
        assert_eq!(spec.tags, ["files"]);
        assert!(spec.timeout.is_some() && spec.title.is_some());
        assert_eq!(spec.input_schema["additionalProperties"], false, "{name}");
    }
}

#[test]
fn a_file_is_read_with_what_there_is_to_say() {
    let project = Project::new();
    let (text, value) = project.gives("read_file", json!({"path": "a.txt"}));
    assert_eq!(text, "alpha\nbeta\n");
    assert_eq!(
        value,
        json!({
            "path": "a.txt", "size_bytes": 11, "kind": "text", "text": "alpha\nbeta\n",
            "first_line": 1, "last_line": 2, "total_lines": 2, "is_whole": true,
            "is_last_line_cut": false, "is_lossy": false, "line_ending": "lf",
        })
    );
    let (text, _) = project.gives("read_file", json!({"path": "a.txt", "max_lines": 1}));
    assert_eq!(
        text,
        "alpha\n(lines 1 to 1 of 2; go on with offset_lines 1)"
    );
    let (text, _) = project.gives("read_file", json!({"path": "a.txt", "offset_lines": 9}));
    assert_eq!(text, "(there is no line 10: it has 2)");
    fs::write(project.path("p"), b"GIF89a\0\0").expect("a file");
    let (text, value) = project.gives("read_file", json!({"path": "p"}));
    assert!(
        text.contains("image/gif") && text.contains("image_info"),
        "{text}"
    );
    assert_eq!(value["kind"], "binary");
    let error = project.call("read_file", json!({"path": "/etc/passwd"}));
    let error = error.expect_err("it is outside").to_string();
    assert!(error.contains("outside of the folders"), "{error}");
}

#[test]
fn a_question_shows_what_a_call_would_change() {
    let project = Project::new();
    let shown = |name: &str, arguments: Value| {
        preview(&project.engines, name, &arguments, &project.place())
    };
    let change = json!({"path": "a.txt", "content": "alpha\ngamma\n", "overwrite": true});
    let diff = "--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n alpha\n-beta\n+gamma\n";
    assert_eq!(shown("write_file", change.clone()).as_deref(), Some(diff));
    let deep = json!({"path": "x/y/z", "content": "new\n", "create_folders": true});
    assert_eq!(
        shown("write_file", deep.clone()).as_deref(),
        Some("--- /dev/null\n+++ b/x/y/z\n@@ -0,0 +1 @@\n+new\n")
    );
    assert_eq!(
        shown("apply_patch", json!({"patch": diff})).as_deref(),
        Some(diff)
    );
    let there = shown("write_file", json!({"path": "a.txt", "content": ""}));
    assert!(there.is_some_and(|text| text.contains("there already")));
    assert_eq!(shown("read_file", json!({"path": "a.txt"})), None);
    assert_eq!(shown("write_file", json!({"path": 3})), None);
    let content = fs::read_to_string(project.path("a.txt")).expect("read");
    assert_eq!(content, "alpha\nbeta\n", "nothing is written");
    assert!(!project.path("x").exists());

    let (text, value) = project.gives("write_file", change);
    assert!(text.starts_with("replaced a.txt: 12 bytes, +1 -1 lines\n--- a/a.txt"));
    assert_eq!(value["diff"]["text"], diff);
    let (text, value) = project.gives("write_file", deep);
    assert_eq!(text, "created x/y/z: 4 bytes, +1 -0 lines\n");
    assert_eq!(value["is_new"], true);
    let back = json!({"patch": "--- a/a.txt\n+++ b/a.txt\n@@ -2 +2 @@\n-gamma\n+beta\n"});
    let (text, value) = project.gives("apply_patch", back.clone());
    assert_eq!(text, "modified a.txt +1 -1\n");
    assert_eq!(
        value,
        json!({"files": [{"path": "a.txt", "change": "modified", "added": 1, "removed": 1}]})
    );
    let error = project.call("apply_patch", back).expect_err("it is done");
    assert!(
        error.to_string().contains("line 2 should be \"gamma\\n\""),
        "{error}"
    );
}

#[test]
fn lists_and_searches_are_text_and_values() {
    let project = Project::new();
    fs::create_dir(project.path("src")).expect("a folder");
    fs::write(project.path("src/bad\nname.rs"), "beta 2\n").expect("a file");
    let (text, value) = project.gives("list_files", json!({}));
    assert_eq!(
        text,
        "a.txt (11 bytes)\nsrc/\nsrc/bad\\nname.rs (7 bytes)\n"
    );
    assert_eq!(value["entries"][0]["size_bytes"], 11);
    assert_eq!(value["is_whole"], true);
    let (text, value) = project.gives("search_files", json!({"pattern": "beta", "max_matches": 1}));
    assert_eq!(
        text,
        "a.txt:2:beta\n… there may be more: the bound on matches was met\n"
    );
    assert_eq!(value["matches"][0]["line"], 2);
    let arguments = json!({"pattern": "beta", "path": "a.txt", "context_lines": 1});
    let (text, _) = project.gives("search_files", arguments);
    assert_eq!(text, "a.txt-1-alpha\na.txt:2:beta\n--\n");
    let (text, _) = project.gives("search_files", json!({"pattern": "omega"}));
    assert_eq!(text, "no line matches in 2 files\n");
}

#[test]
fn a_call_that_nobody_waits_for_ends() {
    let project = Project::new();
    let mut context = ToolContext::new(CallOrigin::User, project.place());
    let token = CancelToken::default();
    token.cancel();
    context.cancel = token;
    let tool = project.tool("read_file");
    let result = tool.run(json!({"path": "a.txt"}), &context);
    assert_eq!(result, Err(ToolError::Cancelled));
    context.cancel = CancelToken::default();
    context.deadline = Some(std::time::Instant::now());
    let result = tool.run(json!({"path": "a.txt"}), &context);
    assert_eq!(result, Err(ToolError::TimedOut { after: None }));
}

fn engines(files: Folders) -> Arc<Engines> {
    Arc::new(Engines {
        files,
        ..Engines::nowhere()
    })
}
