//! Calls of tools, their questions, and the list of tools, from the keys to the screen.

use serde_json::{Value, json};

use super::*;
use crate::protocol::{
    Approval, ApprovalId, ApprovalRequest, CacheTier, CacheUse, CallFailure, CallOrigin,
    CallOutcome, CallProgress, CallStatus, Decision, Resolution, Scope, ToolCall, ToolContent,
    ToolQuestion, Width,
};
use crate::tool::{Annotations, Source, ToolSpec};
use crate::tui::view::tests::castle;

const DIFF: &str = "--- a/notes.txt\n+++ b/notes.txt\n@@ -1,2 +1,3 @@\n milk\n-eggs\n+six eggs\n+\u{1b}[31mbread\n";

/// A call, and what it is called with.
pub(super) fn called(desk: &mut Desk, name: &str, arguments: Value) -> CellId {
    desk.cells += 1;
    let cell = CellId(desk.cells);
    desk.event(Event::CallSubmitted {
        cell,
        call: ToolCall {
            name: name.to_owned(),
            arguments,
            cache: CacheUse::default(),
        },
        origin: CallOrigin::User,
        at: desk.now,
    });
    let progress = CallProgress::default();
    desk.event(Event::CallProgressed { cell, progress });
    cell
}

fn ended(desk: &mut Desk, cell: CellId, outcome: CallOutcome) {
    let (outcome, at) = (Box::new(outcome), desk.now);
    desk.event(Event::CallFinished { cell, outcome, at });
}

fn approval(number: u64, cell: CellId, origin: CallOrigin) -> Approval {
    let arguments = json!({
        "content": "milk\nsix eggs\n\u{1b}[31mbread\n",
        "overwrite": true,
        "path": "notes.txt"
    });
    Approval {
        approval: ApprovalId(number),
        cell,
        request: ApprovalRequest {
            question: ToolQuestion {
                tool: "write_file".parse().expect("a name"),
                origin,
                arguments: arguments.to_string(),
                rule: "line 2: ask write_file".to_owned(),
                reason: Some("files are dear".to_owned()),
            },
            touches: "may change or take away what is there".to_owned(),
            is_harmless: false,
            preview: Some(DIFF.to_owned()),
        },
    }
}

/// A call that asks, with a diff.
pub(super) fn asked(desk: &mut Desk, number: u64) -> CellId {
    let cell = called(desk, "write_file", json!({ "path": "notes.txt" }));
    let approval = approval(number, cell, CallOrigin::User);
    desk.event(Event::ApprovalRequested { approval });
    cell
}

/// A question that has been read, above another one that waits.
pub(super) fn two_questions(desk: &mut Desk) {
    asked(desk, 1);
    let cell = desk.start(Language::Python, "write_file('notes.txt', text)");
    let approval = approval(2, cell, CallOrigin::Sandbox);
    desk.event(Event::ApprovalRequested { approval });
    desk.wait(600);
}

/// Calls that ended well, from the cache, wrongly, and one that asks no more but waits.
pub(super) fn calls(desk: &mut Desk) {
    let cell = called(desk, "read_file", json!({ "path": "notes.txt" }));
    let text = "milk\n\u{1b}[2Jeggs\n".to_owned();
    let read = CallOutcome {
        content: vec![ToolContent::Text { text }],
        rule: Some("the default for user".to_owned()),
        attempts: 1,
        took: Duration::from_millis(12),
        ..CallOutcome::of(CallStatus::Ok)
    };
    ended(desk, cell, read.clone());
    let cell = called(
        desk,
        "compare_images",
        json!({ "left": "a.png", "right": "b.png" }),
    );
    let value = json!({ "psnr": 31.5, "ssim": 0.93 });
    let compared = CallOutcome {
        content: vec![ToolContent::Json { value }],
        cached: Some(CacheTier::Memory),
        attempts: 0,
        took: Duration::from_micros(40),
        ..read.clone()
    };
    ended(desk, cell, compared);
    let cell = called(
        desk,
        "read_file",
        json!({ "paht": "notes.txt", "max_lines": 0 }),
    );
    let message = "the arguments of read_file don't fit\n- (root): expected the field path, got \
                   nothing\n- (root): expected only the fields \"path\", \"max_lines\", got \
                   \"paht\"\n- /max_lines: expected at least 1, got 0";
    let wrong = CallStatus::Failed {
        failure: CallFailure::InvalidArguments,
        message: message.to_owned(),
    };
    ended(desk, cell, CallOutcome::of(wrong));
    let cell = called(desk, "imagine", json!({ "prompt": "a castle" }));
    let artifact = crate::protocol::Artifact {
        height: 80,
        ..castle()
    };
    let painted = CallOutcome {
        content: vec![ToolContent::Image { artifact }],
        warnings: vec!["the audit log can't be written: no space left".to_owned()],
        attempts: 2,
        took: Duration::from_millis(3200),
        ..read
    };
    ended(desk, cell, painted);
    let cell = called(desk, "run_shell", json!({ "code": "sleep 9" }));
    desk.event(Event::CallProgressed {
        cell,
        progress: CallProgress {
            done: 3.0,
            total: Some(9.0),
            message: Some("sleeping".to_owned()),
            printed: "one\n\u{1b}[31mtwo\n".to_owned(),
        },
    });
    desk.wait(3_000);
}

fn specs() -> Vec<ToolSpec> {
    let spec = |name: &str, about: &str, source, tag: &str| {
        let schema = json!({
            "type": "object",
            "properties": {
                "path": { "type": "string", "description": "The file." },
                "max_lines": { "type": "integer", "description": "Lines, at most." }
            },
            "required": ["path"]
        });
        let mut spec = ToolSpec::new(name, about, schema, source).expect("a name");
        spec.tags = vec![tag.to_owned()];
        spec.annotations = Annotations::READS;
        spec
    };
    vec![
        spec(
            "fetch_url",
            "Fetches a page. As Markdown.",
            Source::Builtin,
            "web",
        ),
        spec(
            "github/list_issues",
            "Lists issues\nof a file.",
            Source::Mcp,
            "code",
        ),
        spec(
            "read_file",
            "Reads a text file of the project.",
            Source::Builtin,
            "files",
        ),
        spec(
            "search_files",
            "Searches text files.",
            Source::Builtin,
            "files",
        ),
    ]
}

/// The tools, with a few letters of one.
pub(super) fn tools(desk: &mut Desk) {
    desk.app.learn_tools(specs());
    desk.enter("/tools");
    desk.type_text("rdfile");
}

fn decided(desk: &mut Desk) -> Vec<Command> {
    desk.sent()
}

#[test]
fn each_key_decides_what_it_says() {
    let allow = |scope, width| Decision::Allow { scope, width };
    let arguments = Width::Arguments;
    for (keys, decision) in [
        ("y", allow(Scope::Once, arguments)),
        ("ty", allow(Scope::Once, arguments)),
        ("s", allow(Scope::Session, arguments)),
        ("tS", allow(Scope::Session, Width::Tool)),
        ("p", allow(Scope::Project, arguments)),
        ("tp", allow(Scope::Project, Width::Tool)),
        ("ta", allow(Scope::Always, Width::Tool)),
        ("tta", allow(Scope::Always, arguments)),
        ("n", Decision::Deny),
    ] {
        let mut desk = Desk::new();
        asked(&mut desk, 7);
        desk.wait(600);
        desk.type_text(keys);
        let approval = ApprovalId(7);
        let expected = [Command::Decide { approval, decision }];
        assert_eq!(decided(&mut desk), expected, "{keys}");
        assert!(desk.app.layers.is_empty());
    }
    let mut desk = Desk::new();
    asked(&mut desk, 7);
    desk.wait(600);
    for key in ["enter", "tab", "x", "ctrl-y", "alt-a", "down", "pagedown"] {
        desk.key(key);
        assert_eq!(decided(&mut desk), [], "{key}");
    }
    desk.key("esc");
    let decision = Decision::Deny;
    let approval = ApprovalId(7);
    assert_eq!(decided(&mut desk), [Command::Decide { approval, decision }]);
}

#[test]
fn the_words_say_how_wide_an_answer_is() {
    let mut desk = Desk::new();
    asked(&mut desk, 1);
    desk.wait(600);
    let screen = desk.screen(120, 50);
    for words in [
        "this call of write_file",
        "y  this call of write_file · n  no",
        "write_file with exactly these arguments, called by user:",
        "s  until the session ends · p  in this project, for good · a  for good",
        "asked by line 2: ask write_file: files are dear",
        "it may change or take away what is there",
        "+six eggs",
        "+␛[31mbread",
    ] {
        assert!(screen.contains(words), "{words}: {screen}");
    }
    desk.key("t");
    let screen = desk.screen(120, 50);
    assert!(
        screen.contains("write_file with any arguments, called by user:"),
        "{screen}"
    );
}

#[test]
fn what_was_being_typed_decides_nothing_and_questions_come_one_after_the_other() {
    let mut desk = Desk::new();
    desk.type_text("d");
    let first = asked(&mut desk, 1);
    for letter in ["a", "y"] {
        desk.wait(400);
        desk.key(letter);
    }
    assert_eq!(decided(&mut desk), []);
    assert_eq!(desk.app.prompt.text(), "day");
    asked(&mut desk, 2);
    desk.wait(600);
    assert!(desk.screen(60, 30).contains("1 more waits"));
    desk.key("y");
    let once = Decision::Allow {
        scope: Scope::Once,
        width: Width::Arguments,
    };
    let of = |approval, decision| Command::Decide {
        approval: ApprovalId(approval),
        decision,
    };
    assert_eq!(decided(&mut desk), [of(1, once)]);
    desk.event(Event::ApprovalResolved {
        approval: ApprovalId(1),
        cell: first,
        resolution: Resolution::Answered(once),
    });
    // The same key again is not the answer to what came behind it.
    desk.key("y");
    assert_eq!(decided(&mut desk), []);
    desk.wait(600);
    desk.key("n");
    assert_eq!(decided(&mut desk), [of(2, Decision::Deny)]);
    assert!(desk.app.layers.is_empty());
}

#[test]
fn ctrl_c_stops_who_asks_and_a_question_that_is_withdrawn_goes() {
    let mut desk = Desk::new();
    let cell = asked(&mut desk, 1);
    desk.key("ctrl-c");
    assert_eq!(
        decided(&mut desk),
        [Command::Interrupt { cell: Some(cell) }]
    );
    assert!(desk.app.layers.is_empty());
    let cell = asked(&mut desk, 2);
    assert_eq!(desk.app.layers.len(), 1);
    desk.event(Event::ApprovalResolved {
        approval: ApprovalId(2),
        cell,
        resolution: Resolution::Withdrawn,
    });
    assert!(desk.app.layers.is_empty());
    // A call that runs is stopped from the prompt.
    desk.key("ctrl-c");
    assert_eq!(decided(&mut desk), [Command::Interrupt { cell: None }]);
}

#[test]
fn a_long_question_is_scrolled_to_its_end() {
    let mut desk = Desk::new();
    let cell = called(&mut desk, "write_file", json!({}));
    let mut approval = approval(1, cell, CallOrigin::Model);
    let lines: Vec<_> = (0..200).map(|n| format!("+line {n}")).collect();
    approval.request.preview = Some(lines.join("\n"));
    desk.event(Event::ApprovalRequested { approval });
    desk.wait(600);
    let screen = desk.screen(80, 24);
    assert!(screen.contains("a model calls write_file"), "{screen}");
    assert!(!screen.contains("+line 199"), "{screen}");
    desk.key("end");
    let screen = desk.screen(80, 24);
    assert!(screen.contains("+line 199"), "{screen}");
    desk.key("home");
    assert!(desk.screen(80, 24).contains("a model calls write_file"));
}

#[test]
fn tools_are_found_and_taken_to_the_prompt() {
    let found = |query: &str| {
        let mut desk = Desk::new();
        desk.app.learn_tools(specs());
        desk.draw(80, 24);
        desk.enter(&format!("/tools {query}"));
        desk.key("enter");
        desk.app.prompt.text().to_owned()
    };
    assert_eq!(found("rdfile"), r#"/call read_file {"path": ""}"#);
    assert_eq!(found("markdown"), r#"/call fetch_url {"path": ""}"#);
    assert_eq!(
        found("from:mcp"),
        r#"/call github/list_issues {"path": ""}"#
    );
    assert_eq!(found("tag:files sea"), r#"/call search_files {"path": ""}"#);
    assert_eq!(found("no such thing"), "");
    let mut desk = Desk::new();
    tools(&mut desk);
    let screen = desk.screen(100, 30);
    for words in [
        "read_file",
        "path (string, required)",
        "The file.",
        "tags: files",
    ] {
        assert!(screen.contains(words), "{words}: {screen}");
    }
    desk.key("esc");
    assert!(desk.app.layers.is_empty());
}

#[test]
fn a_call_is_typed_completed_and_told_about() {
    let mut desk = Desk::new();
    desk.app.learn_tools(specs());
    desk.type_text("/call re");
    desk.key("tab");
    assert_eq!(desk.app.prompt.text(), "/call read_file ");
    desk.type_text("pa");
    desk.key("tab");
    desk.enter("a.txt");
    let call = ToolCall {
        name: "read_file".to_owned(),
        arguments: json!({ "path": "a.txt" }),
        cache: CacheUse::default(),
    };
    let origin = CallOrigin::User;
    let sent = Command::Call {
        call: call.clone(),
        origin,
    };
    assert_eq!(decided(&mut desk), [sent]);
    desk.enter("/call read_file {");
    assert_eq!(decided(&mut desk), []);
    assert!(desk.notices().contains("the arguments are no JSON"));

    desk.app.notices.dismiss();
    desk.enter("/why");
    assert_eq!(desk.asked(), [AppEffect::ExplainLast]);
    desk.enter("/why read_file path=a.txt");
    assert_eq!(desk.asked(), [AppEffect::ExplainCall(call)]);
    let cell = called(&mut desk, "write_file", json!({}));
    desk.enter("/why");
    assert!(desk.notices().contains("was let pass, and runs"));
    ended(&mut desk, cell, CallOutcome::of(CallStatus::Ok));
    desk.enter("/why");
    assert_eq!(desk.asked(), [AppEffect::ExplainLast]);
}
