//! The thread that makes pictures, one request after the other, beside the kernels.
//!
//! A request is the call `imagine` of the user: the same arguments, policy and log as from anywhere
//! else, with more told on the way.

use std::collections::VecDeque;
use std::io;
use std::sync::mpsc as std_mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use super::calls::Calls;
use crate::builtin;
use crate::panics;
use crate::protocol::{
    Artifact, BlobId, CacheUse, CallOrigin, CellId, ImageProgress, ImageRequest, ImageStatus,
    MediaType, ToolCall,
};
use crate::session::Report;
use crate::tool::{CancelToken, Preview, ToolError, Update};

/// Previews that are kept: the one on the screen, and one that may be on its way there.
const PREVIEWS_KEPT: usize = 4;

/// The newest previews, in memory: what is on the screen for a second is not worth a file.
#[derive(Clone, Default)]
pub(crate) struct Previews(Arc<Mutex<VecDeque<(BlobId, Vec<u8>)>>>);

impl Previews {
    /// The bytes of a preview, while it is one of the newest.
    pub fn read(&self, blob: BlobId) -> Option<Vec<u8>> {
        let previews = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = previews.iter().find(|(id, _)| *id == blob);
        known.map(|(_, png)| png.clone())
    }

    fn keep(&self, preview: Preview) -> Artifact {
        let Preview { png, width, height } = preview;
        let artifact = Artifact {
            blob: BlobId(*blake3::hash(&png).as_bytes()),
            media_type: MediaType::Png,
            name: "preview".to_owned(),
            width,
            height,
            size_bytes: png.len() as u64,
        };
        let mut previews = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        previews.push_back((artifact.blob, png));
        while previews.len() > PREVIEWS_KEPT {
            previews.pop_front();
        }
        artifact
    }
}

/// A request on its way to the thread.
struct Job {
    cell: CellId,
    request: ImageRequest,
    cancel: CancelToken,
}

/// The painter's thread, seen from the loop.
pub(super) struct PainterThread {
    jobs: std_mpsc::Sender<Job>,
    /// Of the last job that was given: those before it are over.
    cancel: CancelToken,
    thread: JoinHandle<()>,
}

impl PainterThread {
    pub fn start(
        calls: Calls,
        previews: Previews,
        reports: mpsc::Sender<Report>,
    ) -> io::Result<Self> {
        let (jobs, inbox) = std_mpsc::channel::<Job>();
        let thread = std::thread::Builder::new()
            .name("painter".into())
            .spawn(move || {
                while let Ok(job) = inbox.recv() {
                    let cell = job.cell;
                    let status = panics::contain(|| paint(job, &calls, &previews, &reports));
                    let status = status.unwrap_or_else(|panic| ImageStatus::Failed {
                        message: format!(
                            "the picture engine broke down: {panic}; this is a mistake of companion"
                        ),
                    });
                    let report = Report::ImageFinished { cell, status };
                    // The loop stops listening when the session has ended.
                    if reports.blocking_send(report).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self {
            jobs,
            cancel: CancelToken::default(),
            thread,
        })
    }

    pub fn give(&mut self, cell: CellId, request: ImageRequest) {
        self.cancel = CancelToken::default();
        // The thread lives until `end` drops this sender.
        let _ = self.jobs.send(Job {
            cell,
            request,
            cancel: self.cancel.clone(),
        });
    }

    /// Ends what is being made, at its next step. The session gives one job at a time.
    pub fn stop(&self) {
        self.cancel.cancel();
    }

    /// Stops, and waits for the step that is being computed. A picture that is done is kept.
    pub fn end(self) {
        self.stop();
        drop(self.jobs);
        let _ = self.thread.join();
    }
}

fn paint(
    job: Job,
    calls: &Calls,
    previews: &Previews,
    reports: &mpsc::Sender<Report>,
) -> ImageStatus {
    let Job {
        cell,
        request,
        cancel,
    } = job;
    let arguments = match builtin::imagine_arguments(&request) {
        Ok(arguments) => arguments,
        Err(message) => return ImageStatus::Failed { message },
    };
    let (previews, reports) = (previews.clone(), reports.clone());
    let mut context = calls
        .context(CallOrigin::User)
        .with_progress(move |update| tell(update, cell, &previews, &reports));
    context.cancel = cancel.clone();
    context.has_gallery = true;
    let call = ToolCall {
        name: "imagine".to_owned(),
        arguments,
        cache: CacheUse::default(),
    };
    match calls.call(call, context, cell) {
        _ if cancel.is_cancelled() => ImageStatus::Interrupted,
        Ok(_) => ImageStatus::Ok,
        Err(ToolError::Cancelled) => ImageStatus::Interrupted,
        Err(error) => ImageStatus::Failed {
            message: error.to_string(),
        },
    }
}

fn tell(update: Update, cell: CellId, previews: &Previews, reports: &mpsc::Sender<Report>) {
    match update {
        Update::Image { progress, preview } => {
            let preview = preview.map(|preview| previews.keep(preview));
            // A loop that is behind hears of the next step.
            let _ = reports.try_send(Report::ImageProgressed {
                cell,
                progress: ImageProgress {
                    preview,
                    ..*progress
                },
            });
        }
        Update::Picture {
            artifact,
            generation,
        } => {
            let _ = reports.blocking_send(Report::ImageMade {
                cell,
                artifact,
                generation,
            });
        }
        Update::Progress { .. } | Update::Output(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::Value;

    use super::super::calls_tests::{Desk, tool};
    use super::*;
    use crate::protocol::Generation;
    use crate::tool::{ToolContext, ToolOutput};

    /// Has a step every turn, and makes a picture after as many as it is asked for; breaks down over
    /// "break".
    fn dab(arguments: Value, context: &ToolContext) -> Result<ToolOutput, ToolError> {
        assert!(arguments["prompt"] != "break", "as it was told");
        for step in 1.. {
            context.check()?;
            let progress = ImageProgress {
                done: step,
                ..ImageProgress::default()
            };
            context.report(Update::Image {
                progress: Box::new(progress),
                preview: Some(Preview {
                    png: vec![0; 3],
                    width: 8,
                    height: 8,
                }),
            });
            if arguments["steps"].as_u64() == Some(u64::from(step)) {
                context.report(Update::Picture {
                    artifact: Artifact {
                        blob: BlobId([7; 32]),
                        media_type: MediaType::Png,
                        name: "dab.png".to_owned(),
                        width: 8,
                        height: 8,
                        size_bytes: 9,
                    },
                    generation: Box::new(Generation::default()),
                });
                return Ok(ToolOutput::default());
            }
        }
        Ok(ToolOutput::default())
    }

    fn request(prompt: &str, steps: Option<u32>) -> ImageRequest {
        ImageRequest {
            prompt: prompt.to_owned(),
            num_inference_steps: steps,
            init: Some(PathBuf::from("a.png")),
            ..ImageRequest::default()
        }
    }

    #[test]
    fn pictures_are_told_and_what_breaks_is_stopped_or_denied_ends() {
        let rules = "[[rule]]\nrule = 'deny'\ntool = 'imagine'\nwhere.prompt.matches = 'weapon'\n";
        let Desk {
            calls,
            mut reports,
            send,
            folder: _folder,
            ..
        } = Desk::new(rules, vec![tool("imagine", dab)]);
        let previews = Previews::default();
        let mut thread = PainterThread::start(calls, previews.clone(), send).expect("a thread");
        let mut next = || loop {
            match reports.blocking_recv().expect("a report") {
                Report::ImageProgressed { progress, .. } => {
                    let preview = progress.preview.expect("a preview");
                    assert_eq!(previews.read(preview.blob), Some(vec![0; 3]));
                }
                report => return report,
            }
        };
        thread.give(CellId(1), request("a dab", Some(2)));
        assert!(matches!(next(), Report::ImageMade { .. }));
        let finished = |report| match report {
            Report::ImageFinished { cell, status } => (cell.0, status),
            other => panic!("{other:?}"),
        };
        assert_eq!(finished(next()), (1, ImageStatus::Ok));
        thread.give(CellId(2), request("break", None));
        let (cell, status) = finished(next());
        assert!(cell == 2 && matches!(status, ImageStatus::Failed { .. }));
        thread.give(CellId(3), request("a weapon", None));
        let (_, status) = finished(next());
        let ImageStatus::Failed { message } = status else {
            panic!("{status:?}");
        };
        assert!(message.contains("line 3: deny imagine"), "{message}");
        thread.give(CellId(4), request("for ever", None));
        thread.stop();
        assert_eq!(finished(next()), (4, ImageStatus::Interrupted));
        thread.give(CellId(5), request("a dab", Some(1)));
        assert!(matches!(next(), Report::ImageMade { .. }));
        thread.end();
    }
}
