//! Calls of tools: their queue, their questions, their ends.

use serde_json::json;

use super::super::{Body, CallPhase};
use super::*;
use crate::protocol::{
    Approval, ApprovalId, ApprovalRequest, CallFailure, CallOrigin, CallOutcome, CallProgress,
    CallStatus, Decision, ImageRequest, ImageStatus, Scope, ToolCall, ToolQuestion, Width,
};

const ONCE: Decision = Decision::Allow {
    scope: Scope::Once,
    width: Width::Arguments,
};

fn call(name: &str) -> Command {
    let call = ToolCall {
        name: name.to_owned(),
        arguments: json!({ "path": "a" }),
        cache: crate::protocol::CacheUse::default(),
    };
    let origin = CallOrigin::User;
    Command::Call { call, origin }
}

fn decide(approval: u64, decision: Decision) -> Command {
    let approval = ApprovalId(approval);
    Command::Decide { approval, decision }
}

impl Script {
    fn called(self, cell: u64, status: CallStatus) -> Self {
        let outcome = Box::new(CallOutcome::of(status));
        let cell = CellId(cell);
        self.report(&format!("called {cell}"), Report::Called { cell, outcome })
    }

    fn asks(self, approval: u64, cell: u64) -> Self {
        let question = ToolQuestion {
            tool: "write_file".parse().expect("a name"),
            origin: CallOrigin::User,
            arguments: "{\"path\":\"a\"}".to_owned(),
            rule: "line 1: ask write_file".to_owned(),
            reason: None,
        };
        let approval = Approval {
            approval: ApprovalId(approval),
            cell: CellId(cell),
            request: ApprovalRequest {
                question,
                touches: "changes nothing".to_owned(),
                is_harmless: true,
                preview: None,
            },
        };
        self.report("asks", Report::ApprovalRequested(approval))
    }

    fn phase(&self, cell: u64) -> CallPhase {
        let entry = self.transcript.get(CellId(cell)).expect("an entry");
        let Body::Call(call) = &entry.body else {
            panic!("{entry:?}");
        };
        call.phase.clone()
    }

    fn waiting(&self) -> Vec<u64> {
        let approvals = self.session.approvals().iter();
        approvals.map(|asked| asked.approval.0).collect()
    }
}

#[test]
fn a_call_asks_is_answered_once_and_ends() {
    let script = Script::new()
        .command(call("write_file"))
        .submit("1")
        .asks(1, 1);
    assert_eq!(script.phase(1), CallPhase::Asking);
    assert_eq!(script.waiting(), [1]);
    let script = script
        .command(decide(1, ONCE))
        .command(decide(1, Decision::Deny))
        .called(1, CallStatus::Ok)
        .called(1, CallStatus::Ok)
        .check(
            "
            call write_file
              call 1: write_file
              1 is at 0
              -> call 1
            submit py 1
              submitted 2
              py is Busy
              started 2 as [1]
              -> execute 2 in py as [1]
            asks
              approval 1 for 1
            decide 1
              approval 1 of 1: Answered(Allow { scope: Once, width: Arguments })
              -> decide 1: Allow { scope: Once, width: Arguments }
            decide 1
            called 1
              1 is called: Ok
            called 1
        ",
        );
    assert!(matches!(script.phase(1), CallPhase::Done(_)));
    assert_eq!(script.waiting(), [0; 0]);
}

#[test]
fn an_interrupt_cancels_a_call_and_withdraws_what_it_asks() {
    let script = Script::new()
        .command(call("write_file"))
        .command(call("fetch_url"))
        .asks(1, 1)
        .command(Command::Interrupt {
            cell: Some(CellId(1)),
        })
        // It was on its way before the call heard of its end.
        .asks(2, 1);
    assert_eq!(script.waiting(), [2]);
    let script = script
        .called(
            1,
            CallStatus::Failed {
                failure: CallFailure::Cancelled,
                message: "it was cancelled".into(),
            },
        )
        .asks(3, 1)
        .check(
            "
            call write_file
              call 1: write_file
              1 is at 0
              -> call 1
            call fetch_url
              call 2: fetch_url
              2 is at 0
              -> call 2
            asks
              approval 1 for 1
            interrupt 1
              approval 1 of 1: Withdrawn
              -> withdraw 1
              -> cancel 1
            asks
              approval 2 for 1
            called 1
              approval 2 of 1: Withdrawn
              1 is called: Failed { failure: Cancelled, message: \"it was cancelled\" }
              -> withdraw 2
            asks
              -> withdraw 3
        ",
        );
    assert_eq!(script.waiting(), [0; 0]);
}

#[test]
fn a_cell_and_a_picture_ask_as_calls_do() {
    let imagine = Command::Imagine(ImageRequest {
        prompt: "a".to_owned(),
        ..ImageRequest::default()
    });
    Script::new()
        .submit("write_file('a', '')")
        .asks(1, 1)
        .command(imagine)
        .asks(2, 2)
        .command(decide(2, Decision::Deny))
        .report(
            "painted 2",
            Report::ImageFinished {
                cell: CellId(2),
                status: ImageStatus::Failed {
                    message: "no".into(),
                },
            },
        )
        .finished(1, Status::Ok)
        .asks(3, 1)
        .check(
            "
            submit py write_file('a', '')
              submitted 1
              py is Busy
              started 1 as [1]
              -> execute 1 in py as [1]
            asks
              approval 1 for 1
            imagine a
              image 2: a
              2 at 0/0
              -> imagine 2
            asks
              approval 2 for 2
            decide 2
              approval 2 of 2: Answered(Deny)
              -> decide 2: Deny
            painted 2
              2 is painted: Failed { message: \"no\" }
            finished 1
              approval 1 of 1: Withdrawn
              1 ends: Ok
              py is Idle
              -> withdraw 1
            asks
              -> withdraw 3
        ",
        );
}

#[test]
fn the_end_gives_everything_up() {
    let script = Script::new()
        .command(call("write_file"))
        .submit("1")
        .asks(1, 1)
        .asks(2, 2)
        .command(Command::Quit)
        .check(
            "
            call write_file
              call 1: write_file
              1 is at 0
              -> call 1
            submit py 1
              submitted 2
              py is Busy
              started 2 as [1]
              -> execute 2 in py as [1]
            asks
              approval 1 for 1
            asks
              approval 2 for 2
            quit
              2 ends: Interrupted { variables: Lost }
              approval 1 of 1: Withdrawn
              1 is called: Failed { failure: Cancelled, message: \"it was cancelled\" }
              approval 2 of 2: Withdrawn
              end
              -> withdraw 1
              -> cancel 1
              -> withdraw 2
              -> end
        ",
        );
    assert_eq!(script.waiting(), [0; 0]);
}

#[test]
fn very_many_calls_wait_for_each_other_and_are_dropped_unbegun() {
    let mut script = Script::new();
    for _ in 0..17 {
        script = script.command(call("fetch_url"));
    }
    assert!(matches!(script.phase(16), CallPhase::Running(_)));
    assert_eq!(script.phase(17), CallPhase::Queued);
    script = script.called(3, CallStatus::Ok);
    let begun = CallPhase::Running(CallProgress::default());
    assert_eq!(script.phase(17), begun);
    script = script
        .command(call("fetch_url"))
        .command(Command::Interrupt { cell: None });
    let CallPhase::Done(outcome) = script.phase(18) else {
        panic!("it waits");
    };
    assert_eq!(outcome.status, CallStatus::Dropped);
    assert_eq!(script.phase(17), begun, "it was told to stop");
}
