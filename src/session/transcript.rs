//! The transcript: a fold over events.

use crate::protocol::{
    Artifact, CallOrigin, CallOutcome, CallProgress, CellId, CellProgress, Event, Finding,
    Generation, ImageProgress, ImageRequest, ImageStatus, Language, Outcome, OutputExcerpt,
    Question, Status, Timestamp, ToolCall,
};

/// Everything that a session showed, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcript {
    entries: Vec<Entry>,
}

/// One place in the transcript.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its number.
    pub cell: CellId,
    /// When it was submitted.
    pub submitted_at: Timestamp,
    /// Counts the changes to this entry: views cache their rows under it.
    pub revision: u64,
    /// What it is.
    pub body: Body,
}

/// What an entry is.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// Source code, run or to be run.
    Cell(CellBody),
    /// Pictures, made or to be made.
    Image(Box<ImageBody>),
    /// A call of a tool.
    Call(Box<CallBody>),
    /// Pictures that were made earlier.
    Gallery(GalleryBody),
    /// A picture file.
    Show(ShowBody),
}

/// A cell and how far it has come.
#[derive(Clone, Debug, PartialEq)]
pub struct CellBody {
    /// What it is written in.
    pub language: Language,
    /// Its text.
    pub source: String,
    /// Jupyter's counter; none before it starts.
    pub execution_count: Option<u64>,
    /// What was found in it before it ran. Untrusted text may be quoted in it.
    pub findings: Vec<Finding>,
    /// How far it has come.
    pub phase: Phase,
    /// What it has printed so far.
    pub output: OutputExcerpt,
    /// The pictures that it shows, in this order.
    pub displayed: Vec<Artifact>,
}

impl CellBody {
    /// What it is called on the screen: `py 3`.
    #[must_use]
    pub fn label(&self) -> String {
        let language = self.language.short();
        match self.execution_count {
            Some(count) => format!("{language} {count}"),
            None => language.to_owned(),
        }
    }
}

/// How far a cell has come.
#[derive(Clone, Debug, PartialEq)]
pub enum Phase {
    /// Waits for its kernel.
    Queued,
    /// Waits for a permission.
    Held(Box<Question>),
    /// Runs.
    Running {
        /// Since when.
        since: Timestamp,
        /// What it asks the user, if it waits for a line.
        asks: Option<String>,
        /// How far it says that it is.
        progress: Option<CellProgress>,
    },
    /// Has ended. The output has been moved to [`CellBody::output`].
    Done(Box<Outcome>),
}

/// A request for pictures and how far it has come.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageBody {
    /// What was asked for.
    pub request: ImageRequest,
    /// How far it has come.
    pub phase: ImagePhase,
    /// The pictures that are there.
    pub made: Vec<MadeImage>,
}

/// A picture that was made.
#[derive(Clone, Debug, PartialEq)]
pub struct MadeImage {
    /// The picture.
    pub artifact: Artifact,
    /// How it came about.
    pub generation: Box<Generation>,
}

/// Pictures that were made earlier.
#[derive(Clone, Debug, PartialEq)]
pub struct GalleryBody {
    /// Words that are in their prompts, or nothing.
    pub words: String,
    /// The pictures, newest first.
    pub pictures: Vec<MadeImage>,
    /// How many there are beside these.
    pub more: u64,
}

/// How far a request for pictures has come.
#[derive(Clone, Debug, PartialEq)]
pub enum ImagePhase {
    /// Waits for others.
    Queued,
    /// Is being worked on. Progress tells no time: the transcript knows none but its events'.
    Running(ImageProgress),
    /// Has ended.
    Done {
        /// How.
        status: ImageStatus,
        /// When.
        at: Timestamp,
    },
}

/// A call of a tool and how far it has come.
#[derive(Clone, Debug, PartialEq)]
pub struct CallBody {
    /// Which tool, with what.
    pub call: ToolCall,
    /// Who calls.
    pub origin: CallOrigin,
    /// How far it has come.
    pub phase: CallPhase,
}

/// How far a call has come.
#[derive(Clone, Debug, PartialEq)]
pub enum CallPhase {
    /// Waits for others.
    Queued,
    /// Runs, or is looked at before it runs.
    Running(CallProgress),
    /// Waits for an answer.
    Asking,
    /// Has ended.
    Done(Box<CallOutcome>),
}

impl CallBody {
    /// The outcome, once it has ended.
    #[must_use]
    pub fn outcome(&self) -> Option<&CallOutcome> {
        match &self.phase {
            CallPhase::Done(outcome) => Some(outcome),
            CallPhase::Queued | CallPhase::Running(_) | CallPhase::Asking => None,
        }
    }
}

impl ImageBody {
    /// The picture to look at: the newest that is there, or what the next one looks like so far.
    #[must_use]
    pub fn picture(&self) -> Option<&Artifact> {
        let preview = match &self.phase {
            ImagePhase::Running(progress) => progress.preview.as_ref(),
            ImagePhase::Queued | ImagePhase::Done { .. } => None,
        };
        preview.or_else(|| Some(&self.made.last()?.artifact))
    }
}

/// A picture file and how far its loading has come.
#[derive(Clone, Debug, PartialEq)]
pub struct ShowBody {
    /// The file, as given.
    pub path: String,
    /// The picture, or why there is none; nothing yet while it loads.
    pub picture: Option<Result<Artifact, String>>,
}

impl Transcript {
    /// The entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry with this number.
    #[must_use]
    pub fn get(&self, cell: CellId) -> Option<&Entry> {
        let at = self
            .entries
            .binary_search_by_key(&cell, |entry| entry.cell)
            .ok()?;
        self.entries.get(at)
    }

    /// Forgets the entries that are done: `/clear`.
    pub fn clear(&mut self) {
        self.entries.retain(|entry| match &entry.body {
            Body::Cell(cell) => !matches!(cell.phase, Phase::Done(_)),
            Body::Image(image) => !matches!(image.phase, ImagePhase::Done { .. }),
            Body::Call(call) => call.outcome().is_none(),
            Body::Gallery(_) => false,
            Body::Show(show) => show.picture.is_none(),
        });
    }

    /// Folds one event in.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::CellSubmitted {
                cell,
                language,
                source,
                at,
            } => self.push(*cell, *at, {
                Body::Cell(CellBody {
                    language: *language,
                    source: source.clone(),
                    execution_count: None,
                    findings: Vec::new(),
                    phase: Phase::Queued,
                    output: OutputExcerpt::default(),
                    displayed: Vec::new(),
                })
            }),
            Event::ShowStarted { cell, path, at } => {
                self.push(
                    *cell,
                    *at,
                    Body::Show(ShowBody {
                        path: path.clone(),
                        picture: None,
                    }),
                );
            }
            Event::ImageSubmitted { cell, request, at } => {
                let body = ImageBody {
                    request: request.clone(),
                    phase: ImagePhase::Queued,
                    made: Vec::new(),
                };
                self.push(*cell, *at, Body::Image(Box::new(body)));
            }
            Event::ImageProgressed { cell, progress } => {
                self.change_image(*cell, |image| {
                    let mut progress = progress.clone();
                    // A preview stays until the next one comes.
                    if let ImagePhase::Running(before) = &mut image.phase
                        && before.image == progress.image
                        && progress.preview.is_none()
                    {
                        progress.preview = before.preview.take();
                    }
                    image.phase = ImagePhase::Running(progress);
                });
            }
            Event::ImageMade {
                cell,
                artifact,
                generation,
                ..
            } => self.change_image(*cell, |image| {
                if let ImagePhase::Running(progress) = &mut image.phase {
                    progress.preview = None;
                }
                image.made.push(MadeImage {
                    artifact: artifact.clone(),
                    generation: generation.clone(),
                });
            }),
            Event::ImageFinished { cell, status, at } => self.change_image(*cell, |image| {
                image.phase = ImagePhase::Done {
                    status: status.clone(),
                    at: *at,
                };
            }),
            Event::CallSubmitted {
                cell,
                call,
                origin,
                at,
            } => {
                let body = CallBody {
                    call: call.clone(),
                    origin: *origin,
                    phase: CallPhase::Queued,
                };
                self.push(*cell, *at, Body::Call(Box::new(body)));
            }
            Event::CallProgressed { cell, progress } => {
                self.set_call(*cell, CallPhase::Running(progress.clone()));
            }
            Event::CallFinished { cell, outcome, .. } => {
                self.set_call(*cell, CallPhase::Done(outcome.clone()));
            }
            Event::ApprovalRequested { approval } => {
                self.set_call(approval.cell, CallPhase::Asking);
            }
            Event::ApprovalResolved { cell, .. } => {
                self.set_call(*cell, CallPhase::Running(CallProgress::default()));
            }
            Event::GalleryShown {
                cell,
                words,
                pictures,
                more,
                at,
            } => {
                let pictures = pictures.iter().map(|(artifact, generation)| MadeImage {
                    artifact: artifact.clone(),
                    generation: Box::new(generation.clone()),
                });
                let body = GalleryBody {
                    words: words.clone(),
                    pictures: pictures.collect(),
                    more: *more,
                };
                self.push(*cell, *at, Body::Gallery(body));
            }
            Event::CellExamined { cell, findings } => self.change(*cell, |body| {
                if let Body::Cell(body) = body {
                    body.findings.clone_from(findings);
                }
            }),
            Event::ConfirmationRequested { cell, question } => {
                self.set_phase(*cell, Phase::Held(Box::new(question.clone())));
            }
            Event::ConfirmationAnswered { cell } => self.set_phase(*cell, Phase::Queued),
            Event::CellStarted {
                cell,
                execution_count,
                at,
            } => self.change(*cell, |body| {
                if let Body::Cell(body) = body {
                    body.execution_count = Some(*execution_count);
                    body.phase = Phase::Running {
                        since: *at,
                        asks: None,
                        progress: None,
                    };
                }
            }),
            Event::CellOutput { cell, stream, text } => self.change(*cell, |body| {
                if let Body::Cell(body) = body {
                    body.output.push(*stream, text);
                }
            }),
            Event::CellProgressed { cell, progress } => self.change(*cell, |body| {
                if let Body::Cell(CellBody {
                    phase: Phase::Running { progress: held, .. },
                    ..
                }) = body
                {
                    *held = Some(progress.clone());
                }
            }),
            Event::CellDisplayed { cell, artifact } => self.change(*cell, |body| {
                if let Body::Cell(body) = body {
                    body.displayed.push(artifact.clone());
                }
            }),
            Event::InputRequested { cell, prompt } => self.set_question(*cell, Some(prompt)),
            Event::InputAnswered { cell } => self.set_question(*cell, None),
            Event::CellFinished { cell, outcome, .. } => self.change(*cell, |body| {
                if let Body::Cell(body) = body {
                    let mut outcome = outcome.clone();
                    body.output = std::mem::take(&mut outcome.output);
                    body.phase = Phase::Done(Box::new(outcome));
                }
            }),
            Event::ArtifactReady { cell, artifact } => {
                self.set_picture(*cell, Ok(artifact.clone()));
            }
            Event::ShowFailed { cell, message } => self.set_picture(*cell, Err(message.clone())),
            Event::SessionStarted { .. }
            | Event::ImageSettingsChanged { .. }
            | Event::KernelChanged { .. }
            | Event::Completed { .. }
            | Event::Recalled { .. }
            | Event::GrantsChanged { .. }
            | Event::TimelineChanged { .. }
            | Event::LanguageChanged { .. }
            | Event::LimitsChanged { .. }
            | Event::Notice { .. }
            | Event::SessionEnded { .. } => {}
        }
    }

    fn push(&mut self, cell: CellId, submitted_at: Timestamp, body: Body) {
        self.entries.push(Entry {
            cell,
            submitted_at,
            revision: 0,
            body,
        });
    }

    fn change(&mut self, cell: CellId, change: impl FnOnce(&mut Body)) {
        if let Ok(at) = self.entries.binary_search_by_key(&cell, |entry| entry.cell) {
            self.entries[at].revision += 1;
            change(&mut self.entries[at].body);
        }
    }

    fn change_image(&mut self, cell: CellId, change: impl FnOnce(&mut ImageBody)) {
        self.change(cell, |body| {
            if let Body::Image(image) = body {
                change(image);
            }
        });
    }

    /// Sets how far a call has come. What asks may also be a cell, whose phase stays.
    fn set_call(&mut self, cell: CellId, phase: CallPhase) {
        if self
            .get(cell)
            .is_some_and(|entry| matches!(entry.body, Body::Call(_)))
        {
            self.change(cell, |body| {
                if let Body::Call(call) = body {
                    call.phase = phase;
                }
            });
        }
    }

    fn set_phase(&mut self, cell: CellId, phase: Phase) {
        self.change(cell, |body| {
            if let Body::Cell(body) = body {
                body.phase = phase;
            }
        });
    }

    fn set_question(&mut self, cell: CellId, question: Option<&String>) {
        self.change(cell, |body| {
            if let Body::Cell(CellBody {
                phase: Phase::Running { asks, .. },
                ..
            }) = body
            {
                *asks = question.cloned();
            }
        });
    }

    fn set_picture(&mut self, cell: CellId, picture: Result<Artifact, String>) {
        self.change(cell, |body| {
            if let Body::Show(body) = body {
                body.picture = Some(picture);
            }
        });
    }
}

impl CellBody {
    /// The outcome, once it has ended.
    #[must_use]
    pub fn outcome(&self) -> Option<&Outcome> {
        match &self.phase {
            Phase::Done(outcome) => Some(outcome),
            Phase::Queued | Phase::Held(_) | Phase::Running { .. } => None,
        }
    }

    /// Whether it has ended badly.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.outcome()
            .is_some_and(|outcome| !matches!(outcome.status, Status::Ok))
    }
}
