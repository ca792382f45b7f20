//! Calls of a session: asked about, answered, given up.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::calls::Calls;
use crate::builtin::Engines;
use crate::protocol::{
    Approval, CacheUse, CallFailure, CallOrigin, CallOutcome, CallStatus, CellId, Decision, Scope,
    ToolCall, Width,
};
use crate::session::Report;
use crate::store::Store;
use crate::tool::{
    AuditLog, AuditRecord, Clock, Content, Place, ResultCache, Rules, Source, Tool, ToolContext,
    ToolError, ToolOutput, ToolSpec, Toolbox, Update, records,
};

type Run = fn(Value, &ToolContext) -> Result<ToolOutput, ToolError>;

struct Function(ToolSpec, Run);

impl Tool for Function {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    fn run(&self, arguments: Value, context: &ToolContext) -> Result<ToolOutput, ToolError> {
        (self.1)(arguments, context)
    }
}

/// A tool that takes anything.
pub(super) fn tool(name: &str, run: Run) -> Arc<dyn Tool> {
    let schema = json!({ "type": "object" });
    let spec = ToolSpec::new(name, "A tool.", schema, Source::Builtin).expect("a name");
    Arc::new(Function(spec, run))
}

/// Calls under some rules.
pub(super) struct Desk {
    pub calls: Calls,
    pub reports: mpsc::Receiver<Report>,
    /// For who else reports.
    pub send: mpsc::Sender<Report>,
    log: PathBuf,
    /// Where the rules are, which every call looks at.
    pub folder: TempDir,
}

impl Desk {
    pub fn new(rules: &str, tools: Vec<Arc<dyn Tool>>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("tools.toml");
        std::fs::write(&file, rules).expect("written");
        let rules = Rules::load(&file).expect("rules");
        let log = folder.path().join("audit.jsonl");
        let audit = AuditLog::open(&log, Clock::System).expect("a log");
        let cache = ResultCache::new(None, Clock::System);
        let toolbox = Toolbox::new(rules, cache, Some(audit), Clock::System);
        for tool in tools {
            toolbox.registry.register(tool).expect("a sound tool");
        }
        let store: Arc<dyn Store> = Arc::from(crate::store::open(folder.path()));
        let place = Place {
            project: folder.path().to_owned(),
            folder: folder.path().to_owned(),
        };
        let (send, reports) = mpsc::channel(64);
        let calls = Calls::new(
            Arc::new(toolbox),
            Arc::new(Engines::nowhere()),
            store,
            place,
            send.clone(),
        );
        Self {
            calls,
            reports,
            send,
            log,
            folder,
        }
    }

    fn start(&self, cell: u64, call: ToolCall) {
        self.calls.start(CellId(cell), call, CallOrigin::User);
    }

    fn next(&mut self) -> Report {
        self.reports.blocking_recv().expect("a report")
    }

    fn question(&mut self) -> Approval {
        match self.next() {
            Report::ApprovalRequested(approval) => approval,
            other => panic!("{other:?}"),
        }
    }

    fn outcome(&mut self) -> CallOutcome {
        match self.next() {
            Report::Called { outcome, .. } => *outcome,
            other => panic!("{other:?}"),
        }
    }
}

const ASKS: &str = "[[rule]]\nrule = 'ask'\ntool = 'echo'\nreason = 'it is loud'\n";

#[expect(clippy::unnecessary_wraps, reason = "as tools have it")]
fn echo(arguments: Value, _: &ToolContext) -> Result<ToolOutput, ToolError> {
    Ok(ToolOutput::structured(arguments))
}

fn call() -> ToolCall {
    ToolCall {
        name: "echo".to_owned(),
        arguments: json!({ "b": 1.0, "a": "x" }),
        cache: CacheUse::default(),
    }
}

fn failure(outcome: &CallOutcome) -> Option<CallFailure> {
    match outcome.status {
        CallStatus::Failed { failure, .. } => Some(failure),
        _ => None,
    }
}

const ONCE: Decision = Decision::Allow {
    scope: Scope::Once,
    width: Width::Arguments,
};

#[test]
fn a_call_asks_waits_and_goes_on_with_the_answer() {
    let mut desk = Desk::new(ASKS, vec![tool("echo", echo)]);
    desk.start(1, call());
    desk.start(2, call());
    let (first, second) = (desk.question(), desk.question());
    assert_ne!(first.approval, second.approval);
    let asked = &first.request.question;
    assert_eq!(asked.arguments, "{\"a\":\"x\",\"b\":1}");
    assert_eq!(asked.reason.as_deref(), Some("it is loud"));
    desk.calls.decide(first.approval, ONCE);
    // An answer comes once.
    desk.calls.decide(first.approval, Decision::Deny);
    let allowed = desk.outcome();
    assert_eq!(allowed.status, CallStatus::Ok);
    assert_eq!(allowed.rule.as_deref(), Some("line 3: ask echo"));
    desk.calls.decide(second.approval, Decision::Deny);
    let denied = desk.outcome();
    assert_eq!(failure(&denied), Some(CallFailure::Denied));
    assert_eq!(denied.rule.as_deref(), Some("line 3: ask echo"));
    let wider = Decision::Allow {
        scope: Scope::Session,
        width: Width::Tool,
    };
    desk.start(3, call());
    let third = desk.question();
    desk.calls.decide(third.approval, wider);
    assert!(desk.outcome().is_ok());
    desk.start(4, call());
    assert!(desk.outcome().is_ok(), "it is asked no more");
}

#[test]
fn who_does_not_wait_any_more_is_not_asked_any_more() {
    let mut desk = Desk::new(ASKS, vec![tool("echo", echo)]);
    desk.start(1, call());
    let first = desk.question();
    desk.calls.cancel(CellId(1));
    let withdrawn = Report::ApprovalWithdrawn {
        approval: first.approval,
    };
    assert_eq!(desk.next(), withdrawn);
    let ended = desk.outcome();
    assert_eq!(failure(&ended), Some(CallFailure::Cancelled));

    let mut context = desk.calls.context(CallOrigin::Sandbox);
    context.deadline = Some(Instant::now() + Duration::from_millis(300));
    let waiting = desk.calls.clone();
    let cell = thread::spawn(move || waiting.call(call(), context, CellId(2)));
    let second = desk.question();
    assert_eq!(second.cell, CellId(2));
    let withdrawn = Report::ApprovalWithdrawn {
        approval: second.approval,
    };
    assert_eq!(desk.next(), withdrawn);
    let result = cell.join().expect("no panic");
    assert_eq!(result, Err(ToolError::TimedOut { after: None }));

    desk.start(3, call());
    let third = desk.question();
    desk.calls.withdraw(third.approval);
    let ended = desk.outcome();
    assert_eq!(failure(&ended), Some(CallFailure::Cancelled));

    let outcomes = |record: AuditRecord| record.entry.outcome;
    let told: Vec<String> = records(&desk.log)
        .expect("readable")
        .into_iter()
        .map(outcomes)
        .collect();
    let expected = [
        "pending",
        "cancelled",
        "pending",
        "timed_out",
        "pending",
        "cancelled",
    ];
    assert_eq!(told, expected);
}

#[test]
fn the_end_ends_what_asks_and_what_runs() {
    fn sleep(_: Value, context: &ToolContext) -> Result<ToolOutput, ToolError> {
        while context.check().is_ok() {
            thread::sleep(Duration::from_millis(5));
        }
        Err(ToolError::Cancelled)
    }
    let tools = vec![tool("echo", echo), tool("sleep", sleep)];
    let mut desk = Desk::new(ASKS, tools);
    desk.start(1, call());
    desk.question();
    let sleeper = ToolCall {
        name: "sleep".to_owned(),
        ..call()
    };
    desk.start(2, sleeper);
    let waiting = desk.calls.clone();
    desk.calls.clone().end();
    for _ in 0..2 {
        let ended = desk.outcome();
        assert_eq!(failure(&ended), Some(CallFailure::Cancelled));
    }
    // Nobody is there to answer.
    let context = waiting.context(CallOrigin::Sandbox);
    let result = waiting.call(call(), context, CellId(3));
    assert_eq!(result, Err(ToolError::Cancelled));
}

#[test]
fn what_a_call_prints_is_told_while_it_runs_and_a_flood_in_parts() {
    #[expect(clippy::unnecessary_wraps, reason = "as tools have it")]
    fn prints(_: Value, context: &ToolContext) -> Result<ToolOutput, ToolError> {
        for line in 0..1_000 {
            let text = format!("line {line} é\n");
            context.report(Update::Output(Content::Text { text }));
        }
        thread::sleep(Duration::from_millis(1_100));
        let text = "the end\n".to_owned();
        context.report(Update::Output(Content::Text { text }));
        Ok(ToolOutput::default())
    }
    let mut desk = Desk::new("", vec![tool("prints", prints)]);
    let prints = ToolCall {
        name: "prints".to_owned(),
        ..call()
    };
    desk.start(1, prints);
    let mut told = Vec::new();
    loop {
        match desk.next() {
            Report::CallProgressed { progress, .. } => told.push(progress.printed),
            Report::Called { outcome, .. } => break assert!(outcome.is_ok()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(told.first().map(String::as_str), Some("line 0 é\n"));
    // Another second may begin among the thousand.
    assert!((3..=41).contains(&told.len()), "{}", told.len());
    let last = told.last().expect("some");
    assert!(last.ends_with("line 999 é\nthe end\n"), "{last}");
    assert!(last.len() <= 2 << 10, "{}", last.len());
}

#[test]
fn a_failure_tells_all_that_is_wrong_and_a_breakdown_is_one() {
    fn breaks(_: Value, _: &ToolContext) -> Result<ToolOutput, ToolError> {
        panic!("as it was told")
    }
    let mut desk = Desk::new("", vec![tool("breaks", breaks)]);
    let named = |name: &str| ToolCall {
        name: name.to_owned(),
        ..call()
    };
    desk.start(1, named("braeks"));
    let unknown = desk.outcome();
    let CallStatus::Failed { failure, message } = &unknown.status else {
        panic!("{unknown:?}");
    };
    assert_eq!(*failure, CallFailure::UnknownTool);
    assert!(message.contains("did you mean breaks?"), "{message}");
    desk.start(2, named("breaks"));
    let broken = desk.outcome();
    let CallStatus::Failed { failure, message } = &broken.status else {
        panic!("{broken:?}");
    };
    assert_eq!(*failure, CallFailure::Failed);
    assert!(message.contains("as it was told"), "{message}");
}
