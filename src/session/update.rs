//! The transitions of a session.

use super::{Effect, Input, InputKind, KernelState, Queued, Report, Running, Session, Step};
use crate::protocol::{
    Cell, CellId, Command, Completions, Cost, Event, KernelStatus, Language, NewHistoryEntry,
    NoticeLevel, Outcome, OutputExcerpt, SettingChange, Status, Timestamp, Variables,
};

impl Session {
    /// Takes one input in. Nothing happens after the end.
    pub fn handle(&mut self, input: Input) -> Step {
        let mut step = Step::default();
        if !self.has_ended {
            match input.kind {
                InputKind::Command(command) => self.obey(command, input.at, &mut step),
                InputKind::Report(report) => self.learn(report, input.at, &mut step),
            }
        }
        step
    }

    fn obey(&mut self, command: Command, at: Timestamp, step: &mut Step) {
        match command {
            Command::Submit(Cell {
                language, source, ..
            }) => {
                let cell = self.next_cell();
                let submitted = Event::CellSubmitted {
                    cell,
                    language,
                    source: source.clone(),
                    at,
                };
                step.events.push(submitted);
                self.kernel(language)
                    .queue
                    .push_back(Queued { cell, source });
                self.run_next(language, at, step);
            }
            Command::Interrupt { cell } => self.interrupt(cell, at, step),
            Command::Reply { cell, line } => {
                let asking = self.kernels.iter_mut().find_map(|kernel| {
                    let running = kernel.running.as_mut()?;
                    (running.cell == cell && std::mem::take(&mut running.asks))
                        .then_some(kernel.language)
                });
                if let Some(language) = asking {
                    step.events.push(Event::InputAnswered { cell });
                    step.effects.push(Effect::Reply { language, line });
                }
            }
            Command::Restart { language } => {
                let memory_bytes = self.limits.memory_bytes;
                let kernel = self.kernel(language);
                kernel.drop_queue(at, step);
                kernel.execution_count = 0;
                kernel.set_status(KernelStatus::Starting, step);
                step.effects.push(Effect::Restart {
                    language,
                    memory_bytes,
                });
            }
            // The front ends do not send these yet.
            Command::Confirm { .. }
            | Command::Undo { .. }
            | Command::Redo { .. }
            | Command::Branch { .. }
            | Command::Allow(_)
            | Command::Deny { .. } => {}
            Command::Complete {
                request,
                language,
                source,
                cursor,
            } => {
                if matches!(self.kernel(language).status, KernelStatus::Idle) {
                    step.effects.push(Effect::Complete {
                        request,
                        language,
                        source,
                        cursor,
                    });
                } else {
                    let completions = Completions::default();
                    step.events.push(Event::Completed {
                        request,
                        completions,
                    });
                    self.start_kernel(language, step);
                }
            }
            Command::Show { path } => {
                let cell = self.next_cell();
                let shown = path.display().to_string();
                step.events.push(Event::ShowStarted {
                    cell,
                    path: shown,
                    at,
                });
                step.effects.push(Effect::LoadPicture { cell, path });
            }
            Command::Remember {
                language,
                source,
                kind,
            } => {
                let session = self.id.clone();
                let entry = NewHistoryEntry {
                    session,
                    at,
                    language,
                    source,
                    kind,
                };
                step.effects.push(Effect::Remember(entry));
            }
            Command::Recall { after } => step.effects.push(Effect::Recall { after }),
            Command::Set(change) => self.set(change, step),
            Command::Quit => {
                for kernel in &mut self.kernels {
                    kernel.drop_queue(at, step);
                    if let Some(running) = kernel.running.take() {
                        let status = Status::Interrupted {
                            variables: Variables::Lost,
                        };
                        step.events.push(finished(running.cell, status, at));
                    }
                }
                step.events.push(Event::SessionEnded { at });
                step.effects.push(Effect::End);
                self.has_ended = true;
            }
        }
    }

    fn learn(&mut self, report: Report, at: Timestamp, step: &mut Step) {
        match report {
            Report::KernelStarted { language, failure } => {
                let kernel = self.kernel(language);
                kernel.set_status(
                    match failure {
                        Some(message) => KernelStatus::Failed(message),
                        None if kernel.running.is_some() => KernelStatus::Busy,
                        None => KernelStatus::Idle,
                    },
                    step,
                );
            }
            Report::Output { cell, stream, text } => {
                if self.running(cell).is_some() {
                    step.events.push(Event::CellOutput { cell, stream, text });
                }
            }
            Report::InputRequested { cell, prompt } => {
                if let Some(kernel) = self.running(cell) {
                    if let Some(running) = &mut kernel.running {
                        running.asks = true;
                    }
                    step.events.push(Event::InputRequested { cell, prompt });
                }
            }
            Report::Finished { cell, outcome } => {
                let Some(kernel) = self.running(cell) else {
                    return;
                };
                kernel.running = None;
                let language = kernel.language;
                let lost = outcome.status.variables() == Variables::Lost;
                let was_restarted = kernel.status == KernelStatus::Starting;
                step.events.push(Event::CellFinished { cell, outcome, at });
                if lost && !was_restarted {
                    kernel.execution_count = 0;
                    kernel.drop_queue(at, step);
                    kernel.set_status(KernelStatus::NotStarted, step);
                    let text = format!(
                        "the {language} kernel was replaced by a fresh one: its variables are gone"
                    );
                    step.events.push(Event::Notice {
                        level: NoticeLevel::Warning,
                        text,
                    });
                    self.start_kernel(language, step);
                } else if !was_restarted {
                    kernel.set_status(KernelStatus::Idle, step);
                }
                self.run_next(language, at, step);
            }
            Report::Completed {
                request,
                completions,
            } => {
                step.events.push(Event::Completed {
                    request,
                    completions,
                });
            }
            Report::PictureLoaded { cell, picture } => step.events.push(match picture {
                Ok(artifact) => Event::ArtifactReady { cell, artifact },
                Err(message) => Event::ShowFailed { cell, message },
            }),
            Report::Recalled { entries } => step.events.push(Event::Recalled { entries }),
            Report::Notice { level, text } => step.events.push(Event::Notice { level, text }),
        }
    }

    fn interrupt(&mut self, cell: Option<CellId>, at: Timestamp, step: &mut Step) {
        for kernel in &mut self.kernels {
            let runs = kernel.running.as_ref().map(|running| running.cell);
            match cell {
                // A cell that waits is dropped alone.
                Some(cell) if runs != Some(cell) => {
                    kernel.drop_queued(|queued| queued.cell == cell, at, step);
                }
                _ => {
                    kernel.drop_queue(at, step);
                    if let Some(running) = &mut kernel.running {
                        if std::mem::take(&mut running.asks) {
                            step.events
                                .push(Event::InputAnswered { cell: running.cell });
                        }
                        step.effects.push(Effect::Interrupt {
                            language: kernel.language,
                        });
                    }
                }
            }
        }
    }

    fn set(&mut self, change: SettingChange, step: &mut Step) {
        match change {
            SettingChange::Language(language) => {
                self.language = language;
                step.events.push(Event::LanguageChanged { language });
                self.start_kernel(language, step);
                return;
            }
            SettingChange::Timeout(timeout) => self.limits.timeout = timeout,
            SettingChange::MemoryBytes(bytes) => self.limits.memory_bytes = bytes,
            SettingChange::OutputBytes(bytes) => self.limits.output_bytes = bytes,
            SettingChange::Fuel(fuel) => self.limits.fuel = fuel,
        }
        step.events.push(Event::LimitsChanged {
            limits: self.limits,
        });
    }

    fn start_kernel(&mut self, language: Language, step: &mut Step) {
        let kernel = self.kernel(language);
        if matches!(kernel.status, KernelStatus::NotStarted) {
            kernel.set_status(KernelStatus::Starting, step);
            step.effects.push(Effect::StartKernel { language });
        }
    }

    /// Runs the cell at the head of the queue if the kernel is free.
    fn run_next(&mut self, language: Language, at: Timestamp, step: &mut Step) {
        let limits = self.limits;
        let kernel = self.kernel(language);
        if kernel.running.is_some() {
            return;
        }
        let Some(Queued { cell, source }) = kernel.queue.pop_front() else {
            return;
        };
        kernel.execution_count += 1;
        let execution_count = kernel.execution_count;
        kernel.running = Some(Running { cell, asks: false });
        kernel.set_status(KernelStatus::Busy, step);
        step.events.push(Event::CellStarted {
            cell,
            execution_count,
            at,
        });
        step.effects.push(Effect::Execute {
            cell,
            language,
            source,
            execution_count,
            limits,
        });
    }

    fn next_cell(&mut self) -> CellId {
        self.last_cell += 1;
        CellId(self.last_cell)
    }

    fn kernel(&mut self, language: Language) -> &mut KernelState {
        &mut self.kernels[language.index()]
    }

    /// The kernel that runs this cell.
    fn running(&mut self, cell: CellId) -> Option<&mut KernelState> {
        self.kernels.iter_mut().find(|kernel| {
            kernel
                .running
                .as_ref()
                .is_some_and(|running| running.cell == cell)
        })
    }
}

impl KernelState {
    fn set_status(&mut self, status: KernelStatus, step: &mut Step) {
        if self.status != status {
            self.status = status.clone();
            step.events.push(Event::KernelChanged {
                language: self.language,
                status,
            });
        }
    }

    fn drop_queue(&mut self, at: Timestamp, step: &mut Step) {
        self.drop_queued(|_| true, at, step);
    }

    fn drop_queued(&mut self, is_meant: impl Fn(&Queued) -> bool, at: Timestamp, step: &mut Step) {
        self.queue.retain(|queued| {
            let is_meant = is_meant(queued);
            if is_meant {
                step.events.push(finished(queued.cell, Status::Dropped, at));
            }
            !is_meant
        });
    }
}

/// The end of a cell that has nothing to show for itself.
fn finished(cell: CellId, status: Status, at: Timestamp) -> Event {
    let outcome = Outcome {
        status,
        result: None,
        output: OutputExcerpt::default(),
        cost: Cost::default(),
    };
    Event::CellFinished { cell, outcome, at }
}
