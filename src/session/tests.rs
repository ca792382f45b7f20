//! Transitions: a script of inputs, and what comes out, one line each.

use std::fmt::Write as _;

mod calls;
mod images;
mod sandbox;

use super::{Effect, Input, InputKind, Report, Session, Step, Transcript};
use crate::protocol::{
    Cell, CellId, Command, Cost, Event, Finding, Language, Limits, Origin, Outcome, OutputExcerpt,
    RequestId, SessionId, SettingChange, Severity, Status, Stream, Timeline, Timestamp, Variables,
    Verdict,
};

/// Drives a session through inputs and tells what each gave rise to.
struct Script {
    session: Session,
    transcript: Transcript,
    clock: u64,
    told: String,
    /// Every cell is found harmless, and nothing is told about it.
    lets_all_run: bool,
}

impl Script {
    fn new() -> Self {
        let id = SessionId::new(Timestamp(0), 0);
        let (session, first) =
            Session::start(id, Language::Python, Limits::default(), Timestamp(0));
        let mut script = Self {
            session,
            transcript: Transcript::default(),
            clock: 0,
            told: String::new(),
            lets_all_run: true,
        };
        script.tell(first);
        script.told.clear();
        script
    }

    fn tell(&mut self, step: Step) {
        for event in &step.events {
            self.transcript.apply(event);
            let _ = writeln!(self.told, "  {}", describe_event(event));
        }
        let mut examined = Vec::new();
        for effect in &step.effects {
            if let (Effect::Examine { cell, .. }, true) = (effect, self.lets_all_run) {
                examined.push(*cell);
                continue;
            }
            let _ = writeln!(self.told, "  -> {}", describe_effect(effect));
        }
        for cell in examined {
            let report = Report::Examined {
                cell,
                findings: Vec::new(),
                verdict: Verdict::Run,
            };
            self.take(InputKind::Report(report));
        }
    }

    fn take(&mut self, kind: InputKind) {
        self.clock += 1;
        let step = self.session.handle(Input {
            at: Timestamp(self.clock),
            kind,
        });
        self.tell(step);
    }

    fn input(mut self, kind: InputKind) -> Self {
        self.take(kind);
        self
    }

    fn command(mut self, command: Command) -> Self {
        let _ = writeln!(self.told, "{}", describe_command(&command));
        self.input(InputKind::Command(command))
    }

    fn report(mut self, name: &str, report: Report) -> Self {
        let _ = writeln!(self.told, "{name}");
        self.input(InputKind::Report(report))
    }

    fn submit(self, source: &str) -> Self {
        self.submit_in(Language::Python, source)
    }

    fn submit_in(self, language: Language, source: &str) -> Self {
        self.command(Command::Submit(Cell {
            language,
            source: source.into(),
            origin: Origin::User,
        }))
    }

    fn finished(self, cell: u64, status: Status) -> Self {
        self.finished_at(cell, status, None)
    }

    fn finished_at(self, cell: u64, status: Status, timeline: Option<Timeline>) -> Self {
        let outcome = Outcome {
            status,
            result: None,
            output: OutputExcerpt::default(),
            cost: Cost::default(),
        };
        self.report(
            &format!("finished {cell}"),
            Report::Finished {
                cell: CellId(cell),
                outcome,
                timeline,
            },
        )
    }

    fn check(self, expected: &str) -> Self {
        let trim = |text: &str| {
            text.lines()
                .map(str::trim_end)
                .filter(|l| !l.is_empty())
                .collect::<Vec<_>>()
                .join("\n")
        };
        let expected: String = expected
            .lines()
            .map(|line| line.strip_prefix("            ").unwrap_or(line))
            .collect::<Vec<_>>()
            .join("\n");
        assert_eq!(trim(&self.told), trim(&expected));
        self
    }
}

fn describe_command(command: &Command) -> String {
    match command {
        Command::Submit(cell) => format!("submit {} {}", cell.language.short(), cell.source),
        Command::Interrupt { cell } => {
            format!(
                "interrupt {}",
                cell.map_or("all".into(), |cell| cell.to_string())
            )
        }
        Command::Reply { cell, line } => format!("reply {cell} {line:?}"),
        Command::Restart { language } => format!("restart {}", language.short()),
        Command::Complete { language, .. } => format!("complete {}", language.short()),
        Command::Confirm { cell, answer } => format!("{answer:?} for {cell}"),
        Command::Undo { cells, .. } => format!("undo {cells}"),
        Command::Redo { cells, .. } => format!("redo {cells}"),
        Command::Branch { name, .. } => format!("branch {name}"),
        Command::Allow(given) => format!("allow {} {:?}", given.grant, given.scope),
        Command::Deny { grant: Some(grant) } => format!("deny {grant}"),
        Command::Deny { grant: None } => "deny all".into(),
        Command::Set(SettingChange::Language(language)) => format!("use {}", language.short()),
        Command::Imagine(request) => format!("imagine {}", request.prompt),
        Command::Call { call, .. } => format!("call {}", call.name),
        Command::Decide { approval, .. } => format!("decide {}", approval.0),
        Command::Quit => "quit".into(),
        other => format!("{other:?}"),
    }
}

fn describe_event(event: &Event) -> String {
    match event {
        Event::CellSubmitted { cell, .. } => format!("submitted {cell}"),
        Event::CellStarted {
            cell,
            execution_count,
            ..
        } => {
            format!("started {cell} as [{execution_count}]")
        }
        Event::CellOutput { cell, text, .. } => format!("output of {cell}: {text}"),
        Event::InputRequested { cell, prompt } => format!("{cell} asks {prompt}"),
        Event::InputAnswered { cell } => format!("{cell} asks no more"),
        Event::CellFinished { cell, outcome, .. } => format!("{cell} ends: {:?}", outcome.status),
        Event::KernelChanged { language, status } => {
            format!("{} is {status:?}", language.short())
        }
        Event::Completed { completions, .. } => {
            format!("{} completions", completions.items.len())
        }
        Event::CellExamined { cell, findings } => {
            let rules: Vec<_> = findings
                .iter()
                .map(|finding| finding.rule.as_str())
                .collect();
            format!("in {cell}: {}", rules.join(", "))
        }
        Event::ConfirmationRequested { cell, question } => format!("may {cell}? {}", question.text),
        Event::ConfirmationAnswered { cell } => format!("{cell} waits no more"),
        Event::GrantsChanged { grants } => {
            let grants: Vec<_> = grants
                .iter()
                .map(|given| format!("{} {:?}", given.grant, given.scope))
                .collect();
            format!("allowed: [{}]", grants.join(", "))
        }
        Event::TimelineChanged { language, timeline } => format!(
            "{} can go {} back, {} forth; {:?} on {:?}",
            language.short(),
            timeline.undo,
            timeline.redo,
            timeline.branches,
            timeline.branch
        ),
        Event::ImageSubmitted { cell, request, .. } => format!("image {cell}: {}", request.prompt),
        Event::ImageProgressed { cell, progress } => {
            format!("{cell} at {}/{}", progress.done, progress.total)
        }
        Event::ImageMade { cell, artifact, .. } => format!("{cell} made {}", artifact.name),
        Event::ImageFinished { cell, status, .. } => format!("{cell} is painted: {status:?}"),
        Event::CallSubmitted { cell, call, .. } => format!("call {cell}: {}", call.name),
        Event::CallProgressed { cell, progress } => format!("{cell} is at {}", progress.done),
        Event::CallFinished { cell, outcome, .. } => {
            format!("{cell} is called: {:?}", outcome.status)
        }
        Event::ApprovalRequested { approval } => {
            format!("approval {} for {}", approval.approval.0, approval.cell)
        }
        Event::ApprovalResolved {
            approval,
            cell,
            resolution,
        } => format!("approval {} of {cell}: {resolution:?}", approval.0),
        Event::LanguageChanged { language } => format!("language {}", language.short()),
        Event::Notice { text, .. } => format!("notice: {text}"),
        Event::SessionEnded { .. } => "end".into(),
        other => format!("{other:?}"),
    }
}

fn describe_effect(effect: &Effect) -> String {
    match effect {
        Effect::StartKernel { language } => format!("start {}", language.short()),
        Effect::Execute {
            cell,
            language,
            execution_count,
            ..
        } => {
            format!(
                "execute {cell} in {} as [{execution_count}]",
                language.short()
            )
        }
        Effect::Examine { cell, .. } => format!("examine {cell}"),
        Effect::RememberAnswer { question, answer } => {
            format!("remember {answer:?} to {}", question.rule)
        }
        Effect::Travel { language, travel } => format!("{travel:?} in {}", language.short()),
        Effect::SetGrants { language, grants } => {
            let grants: Vec<_> = grants.iter().map(ToString::to_string).collect();
            format!("{} may [{}]", language.short(), grants.join(", "))
        }
        Effect::Interrupt { language } => format!("interrupt {}", language.short()),
        Effect::Reply { language, line } => format!("reply to {}: {line:?}", language.short()),
        Effect::Restart { language, .. } => format!("restart {}", language.short()),
        Effect::Complete { language, .. } => format!("ask {} to complete", language.short()),
        Effect::Imagine { cell, .. } => format!("imagine {cell}"),
        Effect::StopImagining => "stop imagining".into(),
        Effect::Call { cell, .. } => format!("call {cell}"),
        Effect::CancelCall { cell } => format!("cancel {cell}"),
        Effect::Decide { approval, decision } => format!("decide {}: {decision:?}", approval.0),
        Effect::Withdraw { approval } => format!("withdraw {}", approval.0),
        Effect::End => "end".into(),
        other => format!("{other:?}"),
    }
}

#[test]
fn a_cell_runs_and_the_next_one_waits() {
    Script::new()
        .submit("1")
        .submit("2")
        .finished(1, Status::Ok)
        .finished(2, Status::Ok)
        .check(
            "
            submit py 1
              submitted 1
              py is Busy
              started 1 as [1]
              -> execute 1 in py as [1]
            submit py 2
              submitted 2
            finished 1
              1 ends: Ok
              py is Idle
              py is Busy
              started 2 as [2]
              -> execute 2 in py as [2]
            finished 2
              2 ends: Ok
              py is Idle
        ",
        );
}

#[test]
fn languages_run_beside_each_other() {
    Script::new()
        .submit("1")
        .submit_in(Language::JavaScript, "2")
        .check(
            "
            submit py 1
              submitted 1
              py is Busy
              started 1 as [1]
              -> execute 1 in py as [1]
            submit js 2
              submitted 2
              js is Busy
              started 2 as [1]
              -> execute 2 in js as [1]
        ",
        );
}

#[test]
fn an_interrupt_drops_the_queue_and_waits_for_the_kernel() {
    Script::new()
        .submit("1")
        .submit("2")
        .command(Command::Interrupt { cell: None })
        .finished(
            1,
            Status::Interrupted {
                variables: Variables::Kept,
            },
        )
        .check(
            "
            submit py 1
              submitted 1
              py is Busy
              started 1 as [1]
              -> execute 1 in py as [1]
            submit py 2
              submitted 2
            interrupt all
              2 ends: Dropped
              -> interrupt py
            finished 1
              1 ends: Interrupted { variables: Kept }
              py is Idle
        ",
        );
}

#[test]
fn a_waiting_cell_can_be_dropped_alone() {
    Script::new()
        .submit("1")
        .submit("2")
        .submit("3")
        .command(Command::Interrupt {
            cell: Some(CellId(2)),
        })
        .check(
            "
            submit py 1
              submitted 1
              py is Busy
              started 1 as [1]
              -> execute 1 in py as [1]
            submit py 2
              submitted 2
            submit py 3
              submitted 3
            interrupt 2
              2 ends: Dropped
        ",
        );
}

#[test]
fn lost_variables_are_told_and_counting_begins_anew() {
    Script::new()
        .submit("1")
        .finished(
            1,
            Status::Died {
                message: "boom".into(),
                variables: Variables::Lost,
            },
        )
        .report(
            "started",
            Report::KernelStarted {
                language: Language::Python,
                failure: None,
            },
        )
        .submit("2")
        .check(
            "
            submit py 1
              submitted 1
              py is Busy
              started 1 as [1]
              -> execute 1 in py as [1]
            finished 1
              1 ends: Died { message: \"boom\", variables: Lost }
              py is NotStarted
              notice: the Python kernel was replaced by a fresh one: its variables are gone
              py is Starting
              -> start py
            started
              py is Idle
            submit py 2
              submitted 2
              py is Busy
              started 2 as [1]
              -> execute 2 in py as [1]
        ",
        );
}

#[test]
fn a_restart_kills_what_runs() {
    Script::new()
        .submit("1")
        .submit("2")
        .command(Command::Restart {
            language: Language::Python,
        })
        .finished(
            1,
            Status::Interrupted {
                variables: Variables::Lost,
            },
        )
        .report(
            "started",
            Report::KernelStarted {
                language: Language::Python,
                failure: None,
            },
        )
        .check(
            "
            submit py 1
              submitted 1
              py is Busy
              started 1 as [1]
              -> execute 1 in py as [1]
            submit py 2
              submitted 2
            restart py
              2 ends: Dropped
              py is Starting
              -> restart py
            finished 1
              1 ends: Interrupted { variables: Lost }
            started
              py is Idle
        ",
        );
}

#[test]
fn a_question_is_answered_once() {
    let reply = |line: &str| Command::Reply {
        cell: CellId(1),
        line: Some(line.into()),
    };
    let asks = Report::InputRequested {
        cell: CellId(1),
        prompt: "name? ".into(),
    };
    Script::new()
        .submit("input()")
        .report("asks", asks)
        .command(reply("a"))
        .command(reply("b"))
        .check(
            "
            submit py input()
              submitted 1
              py is Busy
              started 1 as [1]
              -> execute 1 in py as [1]
            asks
              1 asks name?
            reply 1 Some(\"a\")
              1 asks no more
              -> reply to py: Some(\"a\")
            reply 1 Some(\"b\")
        ",
        );
}

#[test]
fn output_of_a_cell_that_has_ended_is_nobody_s() {
    let late = || Report::Output {
        cell: CellId(1),
        stream: Stream::Stdout,
        text: "late".into(),
    };
    Script::new()
        .submit("1")
        .finished(1, Status::Ok)
        .report("late", late())
        .check(
            "
            submit py 1
              submitted 1
              py is Busy
              started 1 as [1]
              -> execute 1 in py as [1]
            finished 1
              1 ends: Ok
              py is Idle
            late
        ",
        );
}

#[test]
fn a_busy_kernel_completes_nothing_and_a_new_one_is_started() {
    let complete = || Command::Complete {
        request: RequestId(1),
        language: Language::Python,
        source: "x".into(),
        cursor: 1,
    };
    Script::new()
        .command(complete())
        .report(
            "started",
            Report::KernelStarted {
                language: Language::Python,
                failure: None,
            },
        )
        .command(complete())
        .submit("1")
        .command(complete())
        .check(
            "
            complete py
              0 completions
              py is Starting
              -> start py
            started
              py is Idle
            complete py
              -> ask py to complete
            submit py 1
              submitted 1
              py is Busy
              started 1 as [1]
              -> execute 1 in py as [1]
            complete py
              0 completions
        ",
        );
}

#[test]
fn nothing_happens_after_the_end() {
    Script::new()
        .submit("1")
        .submit("2")
        .command(Command::Quit)
        .submit("3")
        .check(
            "
            submit py 1
              submitted 1
              py is Busy
              started 1 as [1]
              -> execute 1 in py as [1]
            submit py 2
              submitted 2
            quit
              2 ends: Dropped
              1 ends: Interrupted { variables: Lost }
              end
              -> end
            submit py 3
        ",
        );
}

#[test]
fn what_is_kept_folds_to_the_same_transcript() {
    let outcome = || {
        let mut output = OutputExcerpt::default();
        output.push(Stream::Stdout, "hello\n");
        Outcome {
            status: Status::Ok,
            result: Some("1".into()),
            output,
            cost: Cost::default(),
        }
    };
    let mut live = Transcript::default();
    let mut kept = Transcript::default();
    let (mut session, _) = Session::start(
        SessionId::new(Timestamp(0), 0),
        Language::Python,
        Limits::default(),
        Timestamp(0),
    );
    let inputs = [
        InputKind::Command(Command::Submit(Cell {
            language: Language::Python,
            source: "print('hello'); 1".into(),
            origin: Origin::User,
        })),
        InputKind::Report(Report::Examined {
            cell: CellId(1),
            findings: vec![Finding {
                rule: "py-print".into(),
                severity: Severity::Low,
                line: 1,
                column: 1,
                message: "prints".into(),
            }],
            verdict: Verdict::Run,
        }),
        InputKind::Report(Report::Output {
            cell: CellId(1),
            stream: Stream::Stdout,
            text: "hello\n".into(),
        }),
        InputKind::Report(Report::Finished {
            cell: CellId(1),
            outcome: outcome(),
            timeline: None,
        }),
    ];
    for kind in inputs {
        for event in session
            .handle(Input {
                at: Timestamp(7),
                kind,
            })
            .events
        {
            live.apply(&event);
            if event.is_durable() {
                let json = serde_json::to_string(&event).expect("events are plain data");
                kept.apply(&serde_json::from_str(&json).expect("its own JSON"));
            }
        }
    }
    let bodies = |transcript: &Transcript| {
        transcript
            .entries()
            .iter()
            .map(|entry| entry.body.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(bodies(&live).len(), 1);
    assert_eq!(bodies(&live), bodies(&kept));
}
