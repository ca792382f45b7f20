//! Carries effects out.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc as std_mpsc};
use std::time::Duration;

use tokio::sync::mpsc;

use super::Options;
use super::calls::Calls;
use super::judge::{JudgeJob, JudgeThread};
use super::kernels::{KernelJob, KernelThread};
use super::painter::PainterThread;
use super::recorder::{Recorder, RecorderJob};
use crate::kernel::{ExecuteMode, ExecuteRequest, ReadLineError};
use crate::picture;
use crate::protocol::{Artifact, CellId, Event, Language, NoticeLevel, SessionId};
use crate::session::{Effect, Report};
use crate::store::Store;

/// Pictures that are listed at a time: two screens of them.
const GALLERY: usize = 24;
/// The disk has so long before pictures are listed without the newest.
const RECORDING: Duration = Duration::from_secs(2);

/// The hands of the loop.
pub(super) struct Effects {
    kernels: [KernelThread; Language::ALL.len()],
    judge: JudgeThread,
    painter: PainterThread,
    calls: Calls,
    recorder: Recorder,
    store: Arc<dyn Store>,
    reports: mpsc::Sender<Report>,
}

impl Effects {
    pub fn start(
        options: Options,
        session: SessionId,
        reports: mpsc::Sender<Report>,
    ) -> io::Result<Self> {
        // What tools make is where the transcript looks for it.
        let _ = options.engines.store.set(Arc::clone(&options.store));
        let calls = Calls::new(
            Arc::clone(&options.toolbox),
            Arc::clone(&options.engines),
            Arc::clone(&options.store),
            options.place.clone(),
            reports.clone(),
        );
        let start =
            |language| KernelThread::start(language, &options, calls.clone(), reports.clone());
        let [python, javascript, shell] = Language::ALL.map(start);
        let Options {
            store,
            examiner,
            previews,
            ..
        } = options;
        Ok(Self {
            kernels: [python?, javascript?, shell?],
            judge: JudgeThread::start(examiner, reports.clone())?,
            painter: PainterThread::start(calls.clone(), previews, reports.clone())?,
            calls,
            recorder: Recorder::start(session, Arc::clone(&store), reports.clone())?,
            store,
            reports,
        })
    }

    /// Keeps the durable events.
    pub fn record(&self, events: &[Event]) {
        let durable: Vec<_> = events
            .iter()
            .filter(|event| event.is_durable())
            .cloned()
            .collect();
        if !durable.is_empty() {
            self.recorder.give(RecorderJob::Events(durable));
        }
    }

    pub fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::StartKernel { language } => self.kernel(language).give(KernelJob::Start),
            Effect::Examine {
                cell,
                language,
                source,
                origin,
            } => self.judge.give(JudgeJob::Examine {
                cell,
                language,
                source,
                origin,
            }),
            Effect::RememberAnswer { question, answer } => {
                self.judge.give(JudgeJob::Remember { question, answer });
            }
            Effect::Execute {
                cell,
                language,
                source,
                execution_count,
                limits,
            } => {
                let mode = ExecuteMode::Cell { execution_count };
                let request = ExecuteRequest {
                    source,
                    mode,
                    fuel: limits.fuel,
                    cpu_time: limits.cpu_time,
                };
                self.kernel(language).give(KernelJob::Execute {
                    cell,
                    request,
                    limits,
                });
            }
            Effect::Interrupt { language } => self.kernel(language).controller().interrupt(),
            Effect::Reply { language, line } => {
                let line = line.ok_or(ReadLineError::EndOfFile);
                self.kernel(language).controller().answer(line);
            }
            Effect::Restart {
                language,
                memory_bytes,
            } => {
                let kernel = self.kernel(language);
                // Twice is at once.
                kernel.controller().interrupt();
                kernel.controller().interrupt();
                kernel.give(KernelJob::Restart { memory_bytes });
            }
            Effect::Travel { language, travel } => {
                self.kernel(language).give(KernelJob::Travel(travel));
            }
            Effect::SetGrants { language, grants } => {
                let kernel = self.kernel(language);
                // A cell that runs hears of it now, and not when it is done.
                kernel.controller().grant(grants.clone());
                kernel.give(KernelJob::SetGrants(grants));
            }
            Effect::Complete {
                request,
                language,
                source,
                cursor,
            } => {
                self.kernel(language).give(KernelJob::Complete {
                    request,
                    source,
                    cursor,
                });
            }
            Effect::Imagine { cell, request } => self.painter.give(cell, request),
            Effect::StopImagining => self.painter.stop(),
            Effect::Call { cell, call, origin } => self.calls.start(cell, call, origin),
            Effect::CancelCall { cell } => self.calls.cancel(cell),
            Effect::Decide { approval, decision } => self.calls.decide(approval, decision),
            Effect::Withdraw { approval } => self.calls.withdraw(approval),
            Effect::ListPictures { words } => self.list_pictures(words),
            Effect::LoadPicture { cell, path } => self.load_picture(cell, path),
            Effect::Remember(entry) => self.recorder.give(RecorderJob::Remember(entry)),
            Effect::Recall { after } => self.recorder.give(RecorderJob::Recall { after }),
            Effect::End => {}
        }
    }

    /// Ends the threads. What was given to the recorder is on disk when this returns.
    pub fn finish(self) {
        // A step of a large picture takes seconds, and the kernels can end meanwhile.
        self.painter.stop();
        self.calls.stop();
        self.kernels.into_iter().for_each(KernelThread::end);
        self.painter.end();
        self.calls.end();
        self.judge.end();
        self.recorder.end();
    }

    fn kernel(&self, language: Language) -> &KernelThread {
        &self.kernels[language.index()]
    }

    fn list_pictures(&self, words: String) {
        let (store, reports) = (Arc::clone(&self.store), self.reports.clone());
        // A picture that is on the screen may be on its way to the disk still.
        let (kept, is_kept) = std_mpsc::channel();
        self.recorder.give(RecorderJob::Tell(kept));
        let list = move || {
            let _ = is_kept.recv_timeout(RECORDING);
            let report = match store.pictures() {
                Ok(mut pictures) => {
                    pictures.retain(|picture| picture.has_words(&words));
                    let more = pictures.len().saturating_sub(GALLERY) as u64;
                    pictures.truncate(GALLERY);
                    let pictures = pictures.into_iter();
                    Report::PicturesListed {
                        words,
                        pictures: pictures
                            .map(|picture| (picture.artifact, *picture.generation))
                            .collect(),
                        more,
                    }
                }
                Err(error) => Report::Notice {
                    level: NoticeLevel::Error,
                    text: format!("the pictures can't be listed: {error}; {}", error.hint()),
                },
            };
            let _ = reports.blocking_send(report);
        };
        if std::thread::Builder::new()
            .name("gallery".into())
            .spawn(list)
            .is_err()
        {
            let _ = self.reports.try_send(Report::Notice {
                level: NoticeLevel::Error,
                text: "no thread to list the pictures with".to_owned(),
            });
        }
    }

    fn load_picture(&self, cell: CellId, path: PathBuf) {
        let (store, reports) = (Arc::clone(&self.store), self.reports.clone());
        let failed = Report::PictureLoaded {
            cell,
            picture: Err("no thread to read it with".to_owned()),
        };
        let thread = std::thread::Builder::new()
            .name("picture".into())
            .spawn(move || {
                let picture = load_picture(store.as_ref(), &path);
                let _ = reports.blocking_send(Report::PictureLoaded { cell, picture });
            });
        if thread.is_err() {
            let _ = self.reports.try_send(failed);
        }
    }
}

/// Reads a picture to its last pixel, so that what is shown later is known to be whole, and
/// keeps its bytes.
fn load_picture(store: &dyn Store, path: &Path) -> Result<Artifact, String> {
    let (bytes, info) = picture::read(path).map_err(|error| error.to_string())?;
    picture::decode(&bytes).map_err(|error| error.to_string())?;
    let blob = store
        .blobs()
        .put(&bytes)
        .map_err(|error| format!("{error}; {}", error.hint()))?;
    let name = path
        .file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned();
    Ok(Artifact {
        blob,
        media_type: info.media_type,
        name,
        width: info.width,
        height: info.height,
        size_bytes: bytes.len() as u64,
    })
}
