//! The thread that looks at cells before they run, beside the kernels: a kernel that is busy
//! keeps no other language's cell waiting.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc as std_mpsc;
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use crate::protocol::{Answer, CellId, Finding, Language, NoticeLevel, Origin, Question, Verdict};
use crate::safety::Judge;
use crate::session::Report;

/// Looks at code before it runs, and keeps what the user has answered.
pub(crate) trait Examiner: Send {
    /// What there is to say about a source, and what is done with it.
    fn examine(&self, language: Language, source: &str, origin: Origin) -> (Vec<Finding>, Verdict);

    /// Keeps an answer that is wider than one cell.
    ///
    /// # Errors
    /// When it can't be kept: a sentence that says why.
    fn remember(&mut self, question: &Question, answer: Answer) -> Result<(), String>;
}

impl Examiner for Judge {
    fn examine(&self, language: Language, source: &str, origin: Origin) -> (Vec<Finding>, Verdict) {
        let mut examination = Self::examine(self, language, source, origin);
        examination
            .findings
            .retain(|finding| self.tells(finding, origin));
        (examination.findings, examination.verdict)
    }

    fn remember(&mut self, question: &Question, answer: Answer) -> Result<(), String> {
        Self::remember(self, question, answer).map_err(|error| error.to_string())
    }
}

/// Work for the judge's thread.
pub(super) enum JudgeJob {
    Examine {
        cell: CellId,
        language: Language,
        source: String,
        origin: Origin,
    },
    Remember {
        question: Question,
        answer: Answer,
    },
}

/// The judge's thread, seen from the loop.
pub(super) struct JudgeThread {
    jobs: std_mpsc::Sender<JudgeJob>,
    thread: JoinHandle<()>,
}

impl JudgeThread {
    pub fn start(
        mut examiner: Box<dyn Examiner>,
        reports: mpsc::Sender<Report>,
    ) -> io::Result<Self> {
        let (jobs, inbox) = std_mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("judge".into())
            .spawn(move || {
                while let Ok(job) = inbox.recv() {
                    let Some(report) = carry_out(examiner.as_mut(), job) else {
                        continue;
                    };
                    // The loop stops listening when the session has ended.
                    if reports.blocking_send(report).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self { jobs, thread })
    }

    pub fn give(&self, job: JudgeJob) {
        // The thread lives until `end` drops this sender.
        let _ = self.jobs.send(job);
    }

    /// Waits until what was given is done: an answer may be on its way to the disk.
    pub fn end(self) {
        drop(self.jobs);
        let _ = self.thread.join();
    }
}

fn carry_out(examiner: &mut dyn Examiner, job: JudgeJob) -> Option<Report> {
    match job {
        JudgeJob::Examine {
            cell,
            language,
            source,
            origin,
        } => {
            let examine = AssertUnwindSafe(|| examiner.examine(language, &source, origin));
            // A cell must not wait for a verdict that never comes.
            let (findings, verdict) = catch_unwind(examine).unwrap_or_else(|_| {
                let question = Question {
                    text: "this cell could not be examined: the examination itself failed"
                        .to_owned(),
                    rule: "examination".to_owned(),
                    wider: None,
                };
                (Vec::new(), Verdict::Ask(question))
            });
            Some(Report::Examined {
                cell,
                findings,
                verdict,
            })
        }
        JudgeJob::Remember { question, answer } => {
            let problem = examiner.remember(&question, answer).err()?;
            Some(Report::Notice {
                level: NoticeLevel::Error,
                text: format!("the answer is not kept: {problem}"),
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Asks about everything until it is told not to; breaks down over "break".
    struct Fussy {
        is_calm: bool,
    }

    impl Examiner for Fussy {
        fn examine(&self, _: Language, source: &str, _: Origin) -> (Vec<Finding>, Verdict) {
            assert!(source != "break", "as it was told");
            let verdict = if self.is_calm {
                Verdict::Run
            } else {
                Verdict::Ask(question("all"))
            };
            (Vec::new(), verdict)
        }

        fn remember(&mut self, question: &Question, _: Answer) -> Result<(), String> {
            self.is_calm = question.rule == "all";
            self.is_calm
                .then_some(())
                .ok_or_else(|| "no such rule".to_owned())
        }
    }

    fn question(rule: &str) -> Question {
        Question {
            text: "run it?".into(),
            rule: rule.into(),
            wider: Some("everything".into()),
        }
    }

    fn examine(cell: u64, source: &str) -> JudgeJob {
        JudgeJob::Examine {
            cell: CellId(cell),
            language: Language::Python,
            source: source.into(),
            origin: Origin::User,
        }
    }

    #[test]
    fn verdicts_come_in_the_order_of_the_cells_and_know_the_answers_before_them() {
        let (send, mut reports) = mpsc::channel(8);
        let judge = JudgeThread::start(Box::new(Fussy { is_calm: false }), send).expect("a thread");
        judge.give(examine(1, "break"));
        judge.give(examine(2, "x"));
        judge.give(JudgeJob::Remember {
            question: question("other"),
            answer: Answer::Always,
        });
        judge.give(JudgeJob::Remember {
            question: question("all"),
            answer: Answer::Session,
        });
        judge.give(examine(3, "x"));
        judge.end();
        let mut told = Vec::new();
        while let Some(report) = reports.blocking_recv() {
            told.push(match report {
                Report::Examined { cell, verdict, .. } => match verdict {
                    Verdict::Ask(question) => format!("{cell} ask {}", question.rule),
                    verdict => format!("{cell} {verdict:?}"),
                },
                Report::Notice { text, .. } => text,
                other => format!("{other:?}"),
            });
        }
        assert_eq!(
            told,
            [
                "1 ask examination",
                "2 ask all",
                "the answer is not kept: no such rule",
                "3 Run",
            ]
        );
    }
}
