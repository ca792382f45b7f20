//! Calls from end to end: what passes, what is asked, what is kept, and what is written down.

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::answers::{Decision, Rules, Scope, Width};
use super::audit::{AuditLog, Phase};
use super::cache::{CacheTier, PermissionScope, ResultCache};
use super::call::{CacheUse, Called, Finished, Pending, ToolCall};
use super::clock::Clock;
use super::registry::{Filter, RegisterError};
use super::toolbox::Toolbox;
use super::{
    Annotations, Place, Source, Tool, ToolContext, ToolError, ToolOutput, ToolSpec, Update,
    verification,
};
use crate::protocol::CallOrigin;

type Run = dyn Fn(Value, &ToolContext) -> Result<ToolOutput, ToolError> + Send + Sync;

/// A tool of a closure.
struct Made {
    spec: ToolSpec,
    run: Box<Run>,
}

impl Tool for Made {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    fn run(&self, arguments: Value, context: &ToolContext) -> Result<ToolOutput, ToolError> {
        (self.run)(arguments, context)
    }
}

fn made(
    spec: ToolSpec,
    run: impl Fn(Value, &ToolContext) -> Result<ToolOutput, ToolError> + Send + Sync + 'static,
) -> Arc<dyn Tool> {
    Arc::new(Made {
        spec,
        run: Box::new(run),
    })
}

fn spec(name: &str) -> ToolSpec {
    let schema = json!({
        "type": "object", "additionalProperties": false,
        "properties": { "a": { "type": "integer", "x-coerce": true }, "password": {} }
    });
    let spec = ToolSpec::new(name, "Adds one", schema, Source::Builtin).expect("a name");
    spec.with_annotations(Annotations::READS)
}

/// Adds one to `a`.
fn add_one(arguments: Value, _: &ToolContext) -> Result<ToolOutput, ToolError> {
    let a = arguments["a"]
        .as_i64()
        .ok_or_else(|| ToolError::failed("no a"))?;
    Ok(ToolOutput::structured(json!({ "sum": a + 1 })))
}

struct Stage {
    folder: tempfile::TempDir,
    toolbox: Toolbox,
    clock: Clock,
}

impl Stage {
    fn new(policy: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = Clock::paused();
        let path = folder.path().join("tools.toml");
        fs::write(&path, policy).expect("written");
        let rules = Rules::load(&path).expect("sound");
        let log = AuditLog::open(&folder.path().join("audit.jsonl"), clock.clone());
        let cache = ResultCache::new(None, clock.clone());
        let toolbox = Toolbox::new(rules, cache, Some(log.expect("opened")), clock.clone());
        Self {
            folder,
            toolbox,
            clock,
        }
    }

    fn with(self, tool: Arc<dyn Tool>) -> Self {
        self.toolbox.registry.register(tool).expect("registered");
        self
    }

    fn context(&self, origin: CallOrigin) -> ToolContext {
        let folder = self.folder.path().to_owned();
        ToolContext::new(
            origin,
            Place {
                folder: folder.clone(),
                project: folder,
            },
        )
    }

    fn call(&self, name: &str, arguments: Value) -> Result<Finished, ToolError> {
        self.call_in(&self.context(CallOrigin::User), name, arguments)
    }

    fn call_in(
        &self,
        context: &ToolContext,
        name: &str,
        arguments: Value,
    ) -> Result<Finished, ToolError> {
        match self.toolbox.call(call(name, arguments), context)? {
            Called::Finished(finished) => Ok(finished),
            Called::Pending(pending) => panic!("it asks: {pending:?}"),
        }
    }

    fn pending(&self, name: &str, arguments: Value) -> Pending {
        let context = self.context(CallOrigin::Model);
        match self.toolbox.call(call(name, arguments), &context) {
            Ok(Called::Pending(pending)) => pending,
            other => panic!("it does not ask: {other:?}"),
        }
    }

    fn log(&self) -> Vec<(String, Phase, String)> {
        let path: PathBuf = self.folder.path().join("audit.jsonl");
        assert_eq!(verification::verify(&path).expect("read").tampering, []);
        let records = verification::records(&path).expect("read");
        let entries = records.into_iter().map(|record| record.entry);
        entries
            .map(|entry| (entry.tool, entry.phase, entry.outcome))
            .collect()
    }
}

fn call(name: &str, arguments: Value) -> ToolCall {
    ToolCall {
        name: name.to_owned(),
        arguments,
        cache: CacheUse::Read,
    }
}

#[test]
fn a_call_passes_everything_and_is_written_down() {
    let stage = Stage::new("").with(made(spec("add"), add_one));
    let finished = stage.call("add", json!({ "a": "41" })).expect("done");
    assert_eq!(finished.output.structured, Some(json!({ "sum": 42 })));
    assert_eq!((finished.cached, finished.attempts), (None, 1));
    assert_eq!(finished.rule, "the default for user");
    let error = stage.call("add", json!({ "a": "x", "b": 1, "password": "hunter22" }));
    let Err(ToolError::InvalidArguments { violations, .. }) = error else {
        panic!("{error:?}");
    };
    let paths: Vec<_> = violations
        .iter()
        .map(|violation| violation.path.as_str())
        .collect();
    assert_eq!(paths.len(), 2, "{paths:?}");
    let error = stage
        .call("ad", json!({}))
        .expect_err("unknown")
        .to_string();
    assert_eq!(error, "there is no tool \"ad\"; did you mean add?");
    let outcomes: Vec<_> = stage.log().into_iter().map(|line| line.2).collect();
    assert_eq!(outcomes, ["done", "invalid_arguments", "unknown_tool"]);
    let text = fs::read_to_string(stage.folder.path().join("audit.jsonl")).expect("read");
    assert!(!text.contains("hunter22"), "{text}");
}

#[test]
fn asking_is_a_value_and_holds_no_thread() {
    let stage = Stage::new("").with(made(spec("add"), add_one));
    let pending = stage.pending("add", json!({ "a": 1 }));
    // As if it had been kept, or sent.
    let text = serde_json::to_string(&pending).expect("plain data");
    let pending: Pending = serde_json::from_str(&text).expect("its own text");
    let context = stage.context(CallOrigin::Model);
    let no = stage
        .toolbox
        .resume(pending.clone(), Decision::Deny, &context);
    assert!(matches!(no, Err(ToolError::Denied { .. })));
    let once = Decision::Allow {
        scope: Scope::Once,
        width: Width::Arguments,
    };
    let done = stage.toolbox.resume(pending.clone(), once, &context);
    assert!(matches!(done, Ok(Called::Finished(_))), "{done:?}");
    // It was for once.
    stage.pending("add", json!({ "a": 1 }));
    let session = Decision::Allow {
        scope: Scope::Session,
        width: Width::Arguments,
    };
    assert!(stage.toolbox.resume(pending, session, &context).is_ok());
    stage
        .call_in(&context, "add", json!({ "a": 1 }))
        .expect("allowed by now");
    stage.pending("add", json!({ "a": 2 }));
}

#[test]
fn an_answer_is_about_what_was_asked_and_about_nothing_else() {
    let once = Decision::Allow {
        scope: Scope::Session,
        width: Width::Tool,
    };
    let is_pending = |result: Result<Called, ToolError>| matches!(result, Ok(Called::Pending(_)));
    let stage = Stage::new("").with(made(spec("add"), add_one));
    let model = stage.context(CallOrigin::Model);
    // Other arguments under the same question.
    let mut forged = stage.pending("add", json!({ "a": 1 }));
    forged.call.arguments = json!({ "a": 2 });
    let pending = stage.pending("add", json!({ "a": 1 }));
    assert!(is_pending(stage.toolbox.resume(
        forged,
        Decision::Allow {
            scope: Scope::Once,
            width: Width::Tool
        },
        &model
    )));
    // Another origin.
    let sandbox = stage.context(CallOrigin::Sandbox);
    assert!(is_pending(stage.toolbox.resume(
        pending.clone(),
        once,
        &sandbox
    )));
    // Another tool of the name.
    let mut other = spec("add");
    other.description = "Deletes everything".to_owned();
    stage
        .toolbox
        .registry
        .replace(made(other, add_one))
        .expect("replaced");
    assert!(is_pending(stage.toolbox.resume(pending, once, &model)));
    stage.pending("add", json!({ "a": 1 }));
}

#[test]
fn deny_wins_after_an_answer_too() {
    let stage = Stage::new("").with(made(spec("add"), add_one));
    let pending = stage.pending("add", json!({ "a": 1 }));
    let path = stage.folder.path().join("tools.toml");
    fs::write(
        &path,
        "[[rule]]\nrule = 'deny'\ntool = 'add'\nreason = 'no sums'",
    )
    .expect("written");
    let always = Decision::Allow {
        scope: Scope::Always,
        width: Width::Tool,
    };
    let result = stage
        .toolbox
        .resume(pending, always, &stage.context(CallOrigin::Model));
    let error = result.expect_err("denied").to_string();
    assert_eq!(
        error,
        "add is not allowed here: no sums (by line 3: deny add)"
    );
}

#[test]
fn pure_results_are_kept_apart_by_permissions() {
    let runs = Arc::new(AtomicU32::new(0));
    let counted = runs.clone();
    let mut pure = spec("add");
    pure.keep = Some(Duration::from_mins(1));
    let stage =
        Stage::new("[default]\nmodel = 'allow'").with(made(pure, move |arguments, context| {
            counted.fetch_add(1, Ordering::Relaxed);
            add_one(arguments, context)
        }));
    let call_as = |origin, scope: &str| {
        let mut context = stage.context(origin);
        context.scope = PermissionScope(scope.to_owned());
        stage
            .call_in(&context, "add", json!({ "a": 1 }))
            .expect("done")
            .cached
    };
    assert_eq!(call_as(CallOrigin::User, ""), None);
    assert_eq!(call_as(CallOrigin::User, ""), Some(CacheTier::Memory));
    assert_eq!(call_as(CallOrigin::Model, ""), None);
    assert_eq!(call_as(CallOrigin::User, "read /data"), None);
    assert_eq!(
        call_as(CallOrigin::User, "read /data"),
        Some(CacheTier::Memory)
    );
    assert_eq!(runs.load(Ordering::Relaxed), 3);
    let renew = ToolCall {
        cache: CacheUse::Renew,
        ..call("add", json!({ "a": 1 }))
    };
    stage
        .toolbox
        .call(renew, &stage.context(CallOrigin::User))
        .expect("done");
    assert_eq!(runs.load(Ordering::Relaxed), 4);
    stage.clock.advance(Duration::from_secs(61));
    assert_eq!(call_as(CallOrigin::User, ""), None);
}

#[test]
fn a_known_result_is_not_given_to_whom_it_is_denied() {
    let mut pure = spec("add");
    pure.keep = Some(Duration::from_mins(1));
    let stage = Stage::new("").with(made(pure, add_one));
    stage.call("add", json!({ "a": 1 })).expect("done");
    let path = stage.folder.path().join("tools.toml");
    fs::write(&path, "[[rule]]\nrule = 'deny'\ntool = 'add'").expect("written");
    assert!(matches!(
        stage.call("add", json!({ "a": 1 })),
        Err(ToolError::Denied { .. })
    ));
}

#[test]
fn rates_are_by_origin_and_say_when() {
    let policy = "[[rate]]\ntool = 'add'\ncalls = 1\nper = 'minute'";
    let stage = Stage::new(policy).with(made(spec("add"), add_one));
    stage.call("add", json!({ "a": 1 })).expect("the first");
    // A call that is not sound costs no permit.
    let _ = stage.call("add", json!({ "a": [] }));
    let Err(ToolError::RateLimited { retry_after, .. }) = stage.call("add", json!({ "a": 1 }))
    else {
        panic!("it is limited");
    };
    assert_eq!(retry_after, Duration::from_mins(1));
    stage.clock.advance(retry_after);
    stage.call("add", json!({ "a": 1 })).expect("again");
}

#[test]
fn time_outs_and_cancels_do_not_wait_for_who_does_not_stop() {
    let mut slow = spec("slow");
    slow.timeout = Some(Duration::from_millis(50));
    let stubborn = |_: Value, _: &ToolContext| {
        thread::sleep(Duration::from_secs(3));
        Ok(ToolOutput::default())
    };
    let mut patient = spec("patient");
    patient.timeout = Some(Duration::from_mins(1));
    let seen = Arc::new(Mutex::new(None));
    let told = seen.clone();
    let polite = move |_: Value, context: &ToolContext| loop {
        if let Err(error) = context.check() {
            *told.lock().expect("sound") = Some(error.clone());
            return Err(error);
        }
        thread::sleep(Duration::from_millis(1));
    };
    let stage = Stage::new("")
        .with(made(slow, stubborn))
        .with(made(patient, polite));
    let started = Instant::now();
    let error = stage.call("slow", json!({})).expect_err("too slow");
    assert_eq!(error.to_string(), "it took too long: 50ms are the most");
    let context = stage.context(CallOrigin::User);
    let cancel = context.cancel.clone();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(30));
        cancel.cancel();
    });
    assert_eq!(
        stage.call_in(&context, "patient", json!({})),
        Err(ToolError::Cancelled)
    );
    assert_eq!(*seen.lock().expect("sound"), Some(ToolError::Cancelled));
    assert_eq!(
        stage.call_in(&context, "patient", json!({})),
        Err(ToolError::Cancelled)
    );
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn only_the_idempotent_are_tried_again() {
    let attempts = Arc::new(AtomicU32::new(0));
    let failing = |attempts: &Arc<AtomicU32>, times: u32| {
        let attempts = attempts.clone();
        move |arguments: Value, context: &ToolContext| {
            if attempts.fetch_add(1, Ordering::Relaxed) < times {
                return Err(ToolError::transient("try again"));
            }
            add_one(arguments, context)
        }
    };
    let mut twice = spec("twice");
    twice.retries = 2;
    let mut writes = spec("writes").with_annotations(Annotations::default());
    writes.retries = 2;
    let stage = Stage::new("")
        .with(made(twice, failing(&attempts, 2)))
        .with(made(writes, failing(&Arc::default(), 1)));
    assert_eq!(
        stage
            .call("twice", json!({ "a": 1 }))
            .expect("the third")
            .attempts,
        3
    );
    assert!(matches!(
        stage.call("writes", json!({ "a": 1 })),
        Err(ToolError::Failed { .. })
    ));
}

#[test]
fn dangerous_calls_are_written_down_before_they_run() {
    let stage = Stage::new("").with(made(
        spec("rm").with_annotations(Annotations::default()),
        add_one,
    ));
    stage.call("rm", json!({ "a": 1 })).expect("done");
    let log = stage.log();
    let phases: Vec<_> = log.iter().map(|line| (line.1, line.2.as_str())).collect();
    assert_eq!(phases, [(Phase::Begun, "begun"), (Phase::Ended, "done")]);
}

#[test]
fn no_arguments_make_the_log_unreadable() {
    let stage = Stage::new("").with(made(spec("any"), |_, _| Ok(ToolOutput::default())));
    let text = json!(vec![vec!["\u{1}".repeat(500); 50]; 8]);
    for name in ["any", "gone"] {
        let _ = stage.call(name, json!({ "a": text, "b": 1 }));
    }
    let outcomes: Vec<_> = stage.log().into_iter().map(|line| line.2).collect();
    assert_eq!(outcomes, ["invalid_arguments", "unknown_tool"]);
    let path = stage.folder.path().join("audit.jsonl");
    assert!(fs::metadata(path).expect("there").len() < 64 << 10);
}

#[test]
fn a_tool_that_is_led_elsewhere_asks_the_rules_again() {
    let policy = "[[rule]]\nrule = \"allow\"\ntool = \"fetch\"\nfrom = [\"sandbox\"]\n\
                  where.url.host = [\"a.example\"]\n\
                  [[rule]]\nrule = \"deny\"\ntool = \"fetch\"\nwhere.url.host = [\"bad.example\"]\n";
    let mut open = spec("fetch");
    open.annotations.open_world = true;
    let schema = json!({ "type": "object", "properties": { "url": { "type": "string" } } });
    open.input_schema = schema;
    let stage = Stage::new(policy).with(made(open, |_, context| {
        let to = [
            "http://a.example/x",
            "http://b.example/",
            "http://bad.example/",
        ];
        let told = to.map(|url| context.would_pass(&json!({ "url": url })));
        Ok(ToolOutput::structured(json!(told.map(Result::err))))
    }));
    let told = |origin| {
        let arguments = json!({ "url": "http://a.example/" });
        let finished = stage.call_in(&stage.context(origin), "fetch", arguments);
        finished.expect("allowed").output.structured.expect("told")
    };
    let of_sandbox = told(CallOrigin::Sandbox);
    assert_eq!(of_sandbox[0], Value::Null);
    assert_eq!(
        of_sandbox[1],
        "the default for sandbox asks first: call it with that"
    );
    assert!(
        of_sandbox[2]
            .as_str()
            .is_some_and(|no| no.ends_with("denies it"))
    );
    assert_eq!(told(CallOrigin::User)[1], Value::Null);
}

#[test]
fn a_broken_tool_breaks_only_its_call() {
    let broken = |_: Value, _: &ToolContext| -> Result<ToolOutput, ToolError> { panic!("oh") };
    let mut timed = spec("timed");
    timed.timeout = Some(Duration::from_secs(5));
    let mut wrong = spec("wrong");
    wrong.output_schema = Some(json!({ "type": "object", "required": ["x"] }));
    let stage = Stage::new("")
        .with(made(spec("inline"), broken))
        .with(made(timed, broken))
        .with(made(wrong, add_one));
    for name in ["inline", "timed"] {
        let error = stage
            .call(name, json!({}))
            .expect_err("it broke")
            .to_string();
        assert_eq!(error, "the tool broke down: oh");
    }
    let error = stage
        .call("wrong", json!({ "a": 1 }))
        .expect_err("no x")
        .to_string();
    assert!(
        error.contains("its own output_schema: (root): expected the field \"x\""),
        "{error}"
    );
}

#[test]
fn progress_arrives_and_calls_run_side_by_side() {
    let updates = Arc::new(Mutex::new(Vec::new()));
    let heard = updates.clone();
    let mut timed = spec("timed");
    timed.timeout = Some(Duration::from_secs(9));
    let stage = Stage::new("").with(made(timed, |_, context| {
        context.report(Update::Progress {
            done: 1.0,
            total: Some(2.0),
            message: None,
        });
        thread::sleep(Duration::from_millis(100));
        Ok(ToolOutput::text("done"))
    }));
    let context = stage
        .context(CallOrigin::User)
        .with_progress(move |update| heard.lock().expect("sound").push(update));
    let started = Instant::now();
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| stage.call_in(&context, "timed", json!({})).expect("done"));
        }
    });
    assert!(
        started.elapsed() < Duration::from_millis(600),
        "{:?}",
        started.elapsed()
    );
    assert_eq!(updates.lock().expect("sound").len(), 8);
}

#[test]
fn tools_come_and_go_and_are_found() {
    let stage = Stage::new("").with(made(spec("image_crop"), add_one));
    let registry = &stage.toolbox.registry;
    let changes = registry.subscribe();
    let mut tagged = spec("resize");
    tagged.tags = vec!["image".to_owned()];
    let mut foreign = spec("github/list_issues");
    foreign.source = Source::Mcp;
    foreign.description = "Lists issues, without image".to_owned();
    registry.register(made(tagged, add_one)).expect("new");
    registry.register(made(foreign, add_one)).expect("new");
    assert!(
        changes.try_recv().is_ok() && changes.try_recv().is_err(),
        "told once"
    );
    let again = registry.register(made(spec("resize"), add_one));
    assert!(matches!(again, Err(RegisterError::Taken(_))));
    let mut hostile = spec("hostile");
    hostile.input_schema = json!({ "type": "object", "$ref": "#" });
    let error = registry
        .register(made(hostile, add_one))
        .expect_err("hostile");
    assert!(matches!(error, RegisterError::Schema { .. }), "{error}");
    let names = |found: Vec<Arc<super::Registered>>| -> Vec<String> {
        found
            .iter()
            .map(|tool| tool.spec().name.to_string())
            .collect()
    };
    let all = Filter::default();
    assert_eq!(
        names(registry.list(&all)),
        ["github/list_issues", "image_crop", "resize"]
    );
    assert_eq!(
        names(registry.search("IMAGE", &all)),
        ["image_crop", "resize", "github/list_issues"]
    );
    assert_eq!(names(registry.search("image zebra", &all)), [""; 0]);
    let tag = Filter {
        tag: Some("image".to_owned()),
        ..Filter::default()
    };
    assert_eq!(names(registry.list(&tag)), ["resize"]);
    let foreign = Filter {
        source: Some(Source::Mcp),
        ..Filter::default()
    };
    assert_eq!(names(registry.list(&foreign)), ["github/list_issues"]);
    let suggestions = |name: &str| match registry.get(name).map(drop) {
        Err(ToolError::UnknownTool { suggestions, .. }) => suggestions,
        other => panic!("{other:?}"),
    };
    assert_eq!(suggestions("list_issue"), ["github/list_issues"]);
    assert_eq!(suggestions("imagecrop"), ["image_crop"]);
    assert_eq!(suggestions("../../etc/passwd"), [""; 0]);
    let name: crate::protocol::ToolName = "github/list_issues".parse().expect("a name");
    assert!(registry.remove(&name) && !registry.remove(&name));
    assert!(changes.try_recv().is_ok());
    assert_eq!(names(registry.list(&all)).len(), 2);
}
