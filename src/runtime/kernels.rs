//! A thread for each kernel: takes jobs in turn, reports what comes of them.

use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc as std_mpsc;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use tempfile::NamedTempFile;
use tokio::sync::mpsc;

use super::Options;
use super::calls::Calls;
use super::functions::{self, FunctionCall};
use crate::builtin::{CellDesk, call_function};
use crate::kernel::{Controller, Desk, ExecuteRequest, Finished, Kernel, KernelEvent, TravelError};
use crate::protocol::{
    CellId, Grant, Language, Limits, Outcome, OutputExcerpt, RequestId, Stream, Variables,
};
use crate::session::{Report, Travel, TravelFailure};
use crate::store::{Blobs, Store};

/// Work for a kernel's thread.
pub(super) enum KernelJob {
    Start,
    Execute {
        cell: CellId,
        request: ExecuteRequest,
        limits: Limits,
    },
    Complete {
        request: RequestId,
        source: String,
        cursor: usize,
    },
    Restart {
        memory_bytes: u64,
    },
    Travel(Travel),
    SetGrants(Vec<Grant>),
    /// Run a function that is a tool, for somebody else.
    Call(FunctionCall),
}

/// A kernel's thread, seen from the loop.
pub(super) struct KernelThread {
    jobs: Arc<std_mpsc::Sender<KernelJob>>,
    controller: Controller,
    thread: JoinHandle<()>,
}

impl KernelThread {
    pub fn start(
        language: Language,
        options: &Options,
        calls: Calls,
        reports: mpsc::Sender<Report>,
    ) -> io::Result<Self> {
        let mut kernel = Kernel::new(language, options.program.clone(), &options.limits)
            .map_err(io::Error::other)?;
        let controller = kernel.controller();
        let (jobs, inbox) = std_mpsc::channel();
        let jobs = Arc::new(jobs);
        let current = Arc::new(AtomicU64::new(0));
        let (cell, functions) = (Arc::clone(&current), Arc::downgrade(&jobs));
        let theirs = controller.clone();
        let desk = Arc::new(CellDesk {
            engines: Arc::clone(&options.engines),
            registry: Arc::clone(&options.toolbox.registry),
            place: options.place.clone(),
            calls: Box::new(move |call, context| {
                calls.call(call, context, CellId(cell.load(Ordering::Relaxed)))
            }),
            functions: Arc::new(move |name, arguments, context| {
                functions::call(&functions, &theirs, name, arguments, context)
            }),
            registered: Mutex::default(),
        });
        kernel.set_desk(Arc::clone(&desk) as Arc<dyn Desk>);
        let limits = options.limits;
        let store = Arc::clone(&options.store);
        let thread = std::thread::Builder::new()
            .name(format!("kernel-{}", language.short()))
            .spawn(move || {
                Serving {
                    language,
                    kernel,
                    store,
                    reports,
                    desk,
                    current,
                    limits,
                }
                .run(&inbox);
            })?;
        Ok(Self {
            jobs,
            controller,
            thread,
        })
    }

    pub fn give(&self, job: KernelJob) {
        // The thread lives until `end` drops this sender.
        let _ = self.jobs.send(job);
    }

    pub fn controller(&self) -> &Controller {
        &self.controller
    }

    /// Kills what runs and waits for the thread.
    pub fn end(self) {
        drop(self.jobs);
        self.controller.interrupt();
        self.controller.interrupt();
        let _ = self.thread.join();
    }
}

struct Serving {
    language: Language,
    kernel: Kernel,
    store: Arc<dyn Store>,
    reports: mpsc::Sender<Report>,
    desk: Arc<CellDesk>,
    /// The cell that runs, or ran last.
    current: Arc<AtomicU64>,
    /// Of the last cell.
    limits: Limits,
}

impl Serving {
    fn run(mut self, inbox: &std_mpsc::Receiver<KernelJob>) {
        while let Ok(job) = inbox.recv() {
            let report = match job {
                KernelJob::Start => self.start(),
                KernelJob::Call(call) => {
                    if call.begin() {
                        // Since it was asked the kernel may have begun anew.
                        let outcome = self.desk.registry.get(&call.name).and_then(|_| {
                            call_function(
                                &mut self.kernel,
                                &call.name,
                                call.arguments.clone(),
                                &self.limits,
                                &call.context,
                            )
                        });
                        call.end(outcome);
                    }
                    continue;
                }
                KernelJob::Restart { memory_bytes } => {
                    self.desk.forget_functions();
                    self.kernel.restart(memory_bytes);
                    self.start()
                }
                KernelJob::Complete {
                    request,
                    source,
                    cursor,
                } => {
                    let completions = self.kernel.complete(source, cursor);
                    Report::Completed {
                        request,
                        completions,
                    }
                }
                KernelJob::Execute {
                    cell,
                    request,
                    limits,
                } => {
                    let outcome = self.execute(cell, request, &limits);
                    let timeline = Some(self.kernel.timeline());
                    Report::Finished {
                        cell,
                        outcome,
                        timeline,
                    }
                }
                KernelJob::Travel(travel) => self.travel(travel),
                KernelJob::SetGrants(grants) => {
                    let Err(error) = self.kernel.set_grants(grants) else {
                        continue;
                    };
                    Report::GrantRefused {
                        grant: error.grant.clone(),
                        message: error.to_string(),
                    }
                }
            };
            // The loop stops listening when the session has ended.
            if self.reports.blocking_send(report).is_err() {
                return;
            }
        }
    }

    fn start(&mut self) -> Report {
        let failure = self.kernel.start().err().map(|error| error.to_string());
        Report::KernelStarted {
            language: self.language,
            failure,
        }
    }

    fn travel(&mut self, travel: Travel) -> Report {
        let arrived = match travel {
            Travel::Undo(cells) => self.kernel.undo(cells),
            Travel::Redo(cells) => self.kernel.redo(cells),
            Travel::Branch(name) => self.kernel.branch(&name),
        };
        let outcome = arrived.map_err(|error| TravelFailure {
            message: error.to_string(),
            variables: match error {
                TravelError::Broken(_) => Variables::Lost,
                _ => Variables::Kept,
            },
        });
        Report::Travelled {
            language: self.language,
            outcome,
        }
    }

    fn execute(&mut self, cell: CellId, request: ExecuteRequest, limits: &Limits) -> Outcome {
        self.current.store(cell.0, Ordering::Relaxed);
        self.limits = *limits;
        let mut keeper = OutputKeeper::new(self.store.blobs());
        let reports = &self.reports;
        let mut question = String::new();
        let finished = self.kernel.execute(request, limits, &mut |event| {
            let mut print = |stream, text: String| {
                keeper.keep(stream, &text);
                Report::Output { cell, stream, text }
            };
            let report = match event {
                KernelEvent::Output(stream, text) => print(stream, text),
                KernelEvent::ReadLine(prompt) => {
                    question.clone_from(&prompt);
                    Report::InputRequested { cell, prompt }
                }
                // As a terminal would have it: question and answer stay on the screen.
                KernelEvent::Progress(progress) => Report::Progressed { cell, progress },
                KernelEvent::Displayed(artifact) => Report::Displayed { cell, artifact },
                KernelEvent::Answered(line) => print(Stream::Stdout, format!("{question}{line}\n")),
            };
            // If nobody listens the session has ended, and the end of this cell is near.
            let _ = reports.blocking_send(report);
        });
        let Finished {
            status,
            result,
            cost,
        } = finished;
        Outcome {
            status,
            result,
            output: keeper.finish(),
            cost,
        }
    }
}

/// Keeps what a cell prints: an excerpt in memory, and the whole in a file once it is more.
struct OutputKeeper<'a> {
    blobs: &'a Blobs,
    excerpt: OutputExcerpt,
    /// Everything so far, while the excerpt is everything.
    early: Vec<u8>,
    whole: Option<NamedTempFile>,
}

impl<'a> OutputKeeper<'a> {
    fn new(blobs: &'a Blobs) -> Self {
        Self {
            blobs,
            excerpt: OutputExcerpt::default(),
            early: Vec::new(),
            whole: None,
        }
    }

    fn keep(&mut self, stream: Stream, text: &str) {
        self.excerpt.push(stream, text);
        if let Some(file) = &mut self.whole {
            if file.write_all(text.as_bytes()).is_err() {
                // A full disk: the excerpt remains, and `whole` stays empty, which says so.
                self.whole = None;
                self.early = Vec::new();
            }
        } else if self.early.len() as u64 + text.len() as u64 == self.excerpt.total_bytes {
            self.early.extend_from_slice(text.as_bytes());
            if self.early.len() > OutputExcerpt::HEAD_BYTES {
                self.whole = self.blobs.spool().ok();
                let early = std::mem::take(&mut self.early);
                if let Some(file) = &mut self.whole
                    && file.write_all(&early).is_err()
                {
                    self.whole = None;
                }
            }
        }
    }

    fn finish(mut self) -> OutputExcerpt {
        if !self.excerpt.is_whole() {
            self.excerpt.whole = self.whole.and_then(|file| self.blobs.put_file(file).ok());
        }
        self.excerpt
    }
}
