//! The transitions of a session.

use super::{
    Effect, Input, InputKind, KernelState, Queued, Report, Running, Session, Step, Travel, Work,
};
use crate::protocol::{
    Cell, CellId, Command, Completions, Cost, Event, KernelStatus, Language, NewHistoryEntry,
    NoticeLevel, Outcome, OutputExcerpt, SettingChange, Status, Timeline, Timestamp, Variables,
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
                language,
                source,
                origin,
            }) => {
                let cell = self.next_cell();
                let submitted = Event::CellSubmitted {
                    cell,
                    language,
                    source: source.clone(),
                    at,
                };
                step.events.push(submitted);
                self.kernel(language).queue.push_back(Queued {
                    cell,
                    source,
                    origin,
                });
                self.examine_next(language, step);
            }
            Command::Interrupt { cell } => self.interrupt(cell, at, step),
            Command::Reply { cell, line } => {
                let asking = self.kernels.iter_mut().find_map(|kernel| {
                    let running = kernel.running()?;
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
                kernel.drop_next(at, step);
                kernel.drop_queue(at, step);
                kernel.begin_anew(step);
                kernel.set_status(KernelStatus::Starting, step);
                step.effects.push(Effect::Restart {
                    language,
                    memory_bytes,
                });
            }
            Command::Confirm { cell, answer } => self.confirm(cell, answer, at, step),
            Command::Undo { language, cells } => self.travel(language, Travel::Undo(cells), step),
            Command::Redo { language, cells } => self.travel(language, Travel::Redo(cells), step),
            Command::Branch { language, name } => self.travel(language, Travel::Branch(name), step),
            Command::Allow(grant) => self.allow(grant, step),
            Command::Deny { grant } => self.deny(grant, step),
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
            Command::Imagine(request) => self.imagine(request, at, step),
            Command::Call { call, origin } => self.call(call, origin, at, step),
            Command::Decide { approval, decision } => self.decide(approval, decision, step),
            Command::Gallery { words } => step.effects.push(Effect::ListPictures { words }),
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
                    kernel.drop_next(at, step);
                    kernel.drop_queue(at, step);
                    if let Some(cell) = kernel.running().map(|running| running.cell) {
                        let status = Status::Interrupted {
                            variables: Variables::Lost,
                        };
                        step.events.push(finished(cell, status, at));
                    }
                }
                self.give_up_images(at, step);
                self.give_up_calls(at, step);
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
                        None if matches!(kernel.work, Work::Running(_) | Work::Travelling(_)) => {
                            KernelStatus::Busy
                        }
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
            Report::Progressed { cell, progress } => {
                if self.running(cell).is_some() {
                    step.events.push(Event::CellProgressed { cell, progress });
                }
            }
            Report::Displayed { cell, artifact } => {
                if self.running(cell).is_some() {
                    step.events.push(Event::CellDisplayed { cell, artifact });
                }
            }
            Report::InputRequested { cell, prompt } => {
                if let Some((_, running)) = self.running(cell) {
                    running.asks = true;
                    step.events.push(Event::InputRequested { cell, prompt });
                }
            }
            Report::Examined {
                cell,
                findings,
                verdict,
            } => self.judge(cell, findings, verdict, at, step),
            Report::Finished {
                cell,
                outcome,
                timeline,
            } => self.finish(cell, outcome, timeline, at, step),
            Report::Travelled { language, outcome } => self.arrive(language, outcome, step),
            Report::Completed {
                request,
                completions,
            } => {
                step.events.push(Event::Completed {
                    request,
                    completions,
                });
            }
            Report::ImageProgressed { cell, progress } => {
                if self.is_imagining(cell) {
                    step.events.push(Event::ImageProgressed { cell, progress });
                }
            }
            Report::ImageMade {
                cell,
                artifact,
                generation,
            } => {
                if self.is_imagining(cell) {
                    step.events.push(Event::ImageMade {
                        cell,
                        artifact,
                        generation,
                        at,
                    });
                }
            }
            Report::ImageFinished { cell, status } => self.imagined(cell, status, at, step),
            Report::CallProgressed { cell, progress } => {
                self.call_progressed(cell, progress, step);
            }
            Report::Called { cell, outcome } => self.called(cell, outcome, at, step),
            Report::ApprovalRequested(approval) => self.ask_approval(approval, step),
            Report::ApprovalWithdrawn { approval } => self.question_withdrawn(approval, step),
            Report::PicturesListed {
                words,
                pictures,
                more,
            } => {
                let cell = self.next_cell();
                step.events.push(Event::GalleryShown {
                    cell,
                    words,
                    pictures,
                    more,
                    at,
                });
            }
            Report::PictureLoaded { cell, picture } => step.events.push(match picture {
                Ok(artifact) => Event::ArtifactReady { cell, artifact },
                Err(message) => Event::ShowFailed { cell, message },
            }),
            Report::Recalled { entries } => step.events.push(Event::Recalled { entries }),
            Report::GrantRefused { grant, message } => self.refuse_right(&grant, message, step),
            Report::Notice { level, text } => step.events.push(Event::Notice { level, text }),
        }
    }

    fn finish(
        &mut self,
        cell: CellId,
        outcome: Outcome,
        timeline: Option<Timeline>,
        at: Timestamp,
        step: &mut Step,
    ) {
        let Some((language, running)) = self.running(cell) else {
            return;
        };
        let execution_count = running.execution_count;
        self.withdraw_questions(cell, step);
        let kernel = self.kernel(language);
        kernel.work = Work::Nothing;
        let variables = outcome.status.variables();
        let was_restarted = kernel.status == KernelStatus::Starting;
        step.events.push(Event::CellFinished { cell, outcome, at });
        self.end_rights(cell, step);
        let kernel = self.kernel(language);
        match variables {
            _ if was_restarted => {}
            Variables::Lost => {
                kernel.begin_anew(step);
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
            }
            Variables::Kept | Variables::RolledBack => {
                if variables == Variables::Kept {
                    kernel.past.ran(execution_count);
                }
                if let Some(timeline) = timeline {
                    kernel.set_timeline(timeline, step);
                }
                kernel.set_status(KernelStatus::Idle, step);
            }
        }
        self.examine_next(language, step);
    }

    fn interrupt(&mut self, cell: Option<CellId>, at: Timestamp, step: &mut Step) {
        self.stop_imagining(cell, at, step);
        self.stop_calls(cell, at, step);
        let mut stopped = Vec::new();
        for kernel in &mut self.kernels {
            let now = kernel.work.cell();
            match cell {
                // A cell that waits is dropped alone.
                Some(cell) if now != Some(cell) => {
                    kernel.drop_queued(|queued| queued.cell == cell, at, step);
                }
                _ => {
                    kernel.drop_next(at, step);
                    kernel.drop_queue(at, step);
                    let language = kernel.language;
                    if let Some(running) = kernel.running() {
                        if std::mem::take(&mut running.asks) {
                            step.events
                                .push(Event::InputAnswered { cell: running.cell });
                        }
                        step.effects.push(Effect::Interrupt { language });
                        stopped.push(running.cell);
                    }
                }
            }
        }
        for cell in stopped {
            self.withdraw_questions(cell, step);
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
            SettingChange::Model(model) => return self.set_model(model, step),
            SettingChange::Device(device) => return self.set_device(device, step),
            SettingChange::Timeout(timeout) => self.limits.timeout = timeout,
            SettingChange::CpuTime(cpu_time) => self.limits.cpu_time = cpu_time,
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

    /// Runs a cell. The kernel is free.
    pub(super) fn execute(
        &mut self,
        language: Language,
        Queued { cell, source, .. }: Queued,
        at: Timestamp,
        step: &mut Step,
    ) {
        let limits = self.limits;
        self.begin_rights(language, cell, step);
        let kernel = self.kernel(language);
        kernel.execution_count += 1;
        let execution_count = kernel.execution_count;
        kernel.work = Work::Running(Running {
            cell,
            execution_count,
            asks: false,
        });
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

    pub(super) fn next_cell(&mut self) -> CellId {
        self.last_cell += 1;
        CellId(self.last_cell)
    }

    pub(super) fn kernel(&mut self, language: Language) -> &mut KernelState {
        &mut self.kernels[language.index()]
    }

    /// Whether this cell runs.
    pub(super) fn is_running(&self, cell: CellId) -> bool {
        self.kernels
            .iter()
            .any(|kernel| matches!(&kernel.work, Work::Running(running) if running.cell == cell))
    }

    /// The running cell of this number, and whose it is.
    fn running(&mut self, cell: CellId) -> Option<(Language, &mut Running)> {
        self.kernels.iter_mut().find_map(|kernel| {
            let language = kernel.language;
            let running = kernel.running()?;
            (running.cell == cell).then_some((language, running))
        })
    }
}

impl Work {
    /// The cell that it is about.
    pub(super) fn cell(&self) -> Option<CellId> {
        match self {
            Self::Examining(queued) | Self::Confirming(queued, _) => Some(queued.cell),
            Self::Running(running) => Some(running.cell),
            Self::Nothing | Self::Travelling(_) => None,
        }
    }
}

impl KernelState {
    fn running(&mut self) -> Option<&mut Running> {
        match &mut self.work {
            Work::Running(running) => Some(running),
            _ => None,
        }
    }

    pub(super) fn set_status(&mut self, status: KernelStatus, step: &mut Step) {
        if self.status != status {
            self.status = status.clone();
            step.events.push(Event::KernelChanged {
                language: self.language,
                status,
            });
        }
    }

    /// Its worker is gone: what it was is not known any more.
    pub(super) fn begin_anew(&mut self, step: &mut Step) {
        self.execution_count = 0;
        self.past = super::Past::default();
        self.set_timeline(Timeline::default(), step);
        if matches!(self.work, Work::Travelling(_)) {
            self.work = Work::Nothing;
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
pub(super) fn finished(cell: CellId, status: Status, at: Timestamp) -> Event {
    let outcome = Outcome {
        status,
        result: None,
        output: OutputExcerpt::default(),
        cost: Cost::default(),
    };
    Event::CellFinished { cell, outcome, at }
}
