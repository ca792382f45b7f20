//! The thread that makes pictures, one request after the other, beside the kernels.

use std::collections::VecDeque;
use std::io;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc as std_mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::mpsc;

use crate::generator::{ImageGenerator, News, SoFar};
use crate::protocol::{
    Artifact, BlobId, CellId, Generation, ImageProgress, ImageRequest, ImageStatus, MediaType,
};
use crate::session::Report;
use crate::store::Store;

/// Previews that are kept: the one on the screen, and one that may be on its way there.
const PREVIEWS_KEPT: usize = 4;

/// Makes pictures.
pub(crate) trait Painter: Send {
    /// Makes all pictures of a request. What is finished when it fails or is stopped has been
    /// handed to `watcher`.
    ///
    /// # Errors
    /// With a sentence that says why there are no (more) pictures, and what to try.
    fn paint(&mut self, request: &ImageRequest, watcher: &mut dyn Watcher) -> Result<(), String>;
}

/// Is told how a request comes along.
pub(crate) trait Watcher {
    /// It has come further; `preview` is a small PNG of what will be as large as it says. To
    /// break off ends the request.
    fn progress(
        &mut self,
        progress: ImageProgress,
        preview: Option<PaintedPreview>,
    ) -> ControlFlow<()>;

    /// A picture is done.
    ///
    /// # Errors
    /// When it can't be kept: a sentence that says why.
    fn made(&mut self, picture: PaintedPicture, generation: Generation) -> Result<(), String>;
}

/// What a picture looks like so far.
pub(crate) struct PaintedPreview {
    /// A small PNG.
    pub png: Vec<u8>,
    /// The size that the picture will have.
    pub width: u32,
    /// The same downwards.
    pub height: u32,
}

/// A picture that is done.
pub(crate) struct PaintedPicture {
    /// The bytes of its file, with metadata.
    pub png: Vec<u8>,
    /// In pixels.
    pub width: u32,
    /// In pixels.
    pub height: u32,
    /// A name for people.
    pub name: String,
}

impl Painter for ImageGenerator {
    fn paint(&mut self, request: &ImageRequest, watcher: &mut dyn Watcher) -> Result<(), String> {
        let mut failure = None;
        let painted = self.generate(request, &mut |news| match news {
            News::Progress(progress, so_far) => {
                watcher.progress(progress, so_far.and_then(preview))
            }
            News::Image(image) => {
                let picture = PaintedPicture {
                    name: image.generation.request.file_name(),
                    png: image.png,
                    width: image.width,
                    height: image.height,
                };
                match watcher.made(picture, image.generation) {
                    Ok(()) => ControlFlow::Continue(()),
                    Err(problem) => {
                        failure = Some(problem);
                        ControlFlow::Break(())
                    }
                }
            }
        });
        match failure {
            Some(problem) => Err(problem),
            None => painted.map_err(|error| error.in_a_line()),
        }
    }
}

fn preview(so_far: &SoFar) -> Option<PaintedPreview> {
    let mut png = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut png);
    so_far.pixels.write_with_encoder(encoder).ok()?;
    let (width, height) = so_far.size;
    Some(PaintedPreview { png, width, height })
}

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

    fn keep(&self, preview: PaintedPreview) -> Artifact {
        let PaintedPreview { png, width, height } = preview;
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
    number: u64,
    cell: CellId,
    request: ImageRequest,
}

/// The painter's thread, seen from the loop.
pub(super) struct PainterThread {
    jobs: std_mpsc::Sender<Job>,
    /// The number of the last job that was given.
    given: u64,
    /// Jobs up to this number are to end.
    stopped: Arc<AtomicU64>,
    thread: JoinHandle<()>,
}

impl PainterThread {
    pub fn start(
        mut painter: Box<dyn Painter>,
        store: Arc<dyn Store>,
        previews: Previews,
        reports: mpsc::Sender<Report>,
    ) -> io::Result<Self> {
        let (jobs, inbox) = std_mpsc::channel::<Job>();
        let stopped = Arc::new(AtomicU64::new(0));
        let stop = Arc::clone(&stopped);
        let thread = std::thread::Builder::new()
            .name("painter".into())
            .spawn(move || {
                while let Ok(Job {
                    number,
                    cell,
                    request,
                }) = inbox.recv()
                {
                    let mut reporter = Reporter {
                        cell,
                        number,
                        stopped: &stop,
                        store: store.as_ref(),
                        previews: &previews,
                        reports: &reports,
                    };
                    let paint = AssertUnwindSafe(|| painter.paint(&request, &mut reporter));
                    let painted = catch_unwind(paint).unwrap_or_else(|_| {
                        Err("the picture engine broke down; this is a mistake of companion".into())
                    });
                    let status = match painted {
                        _ if reporter.is_stopped() => ImageStatus::Interrupted,
                        Ok(()) => ImageStatus::Ok,
                        Err(message) => ImageStatus::Failed { message },
                    };
                    let report = Report::ImageFinished { cell, status };
                    // The loop stops listening when the session has ended.
                    if reports.blocking_send(report).is_err() {
                        return;
                    }
                }
            })?;
        Ok(Self {
            jobs,
            given: 0,
            stopped,
            thread,
        })
    }

    pub fn give(&mut self, cell: CellId, request: ImageRequest) {
        self.given += 1;
        // The thread lives until `end` drops this sender.
        let _ = self.jobs.send(Job {
            number: self.given,
            cell,
            request,
        });
    }

    /// Ends what was given so far, at its next step.
    pub fn stop(&self) {
        self.stopped.store(self.given, Ordering::SeqCst);
    }

    /// Stops, and waits for the step that is being computed. A picture that is done is kept.
    pub fn end(self) {
        self.stop();
        drop(self.jobs);
        let _ = self.thread.join();
    }
}

/// Turns what the painter tells into reports.
struct Reporter<'a> {
    cell: CellId,
    number: u64,
    stopped: &'a AtomicU64,
    store: &'a dyn Store,
    previews: &'a Previews,
    reports: &'a mpsc::Sender<Report>,
}

impl Reporter<'_> {
    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst) >= self.number
    }
}

impl Watcher for Reporter<'_> {
    fn progress(
        &mut self,
        progress: ImageProgress,
        preview: Option<PaintedPreview>,
    ) -> ControlFlow<()> {
        let preview = preview.map(|preview| self.previews.keep(preview));
        // A loop that is behind hears of the next step.
        let _ = self.reports.try_send(Report::ImageProgressed {
            cell: self.cell,
            progress: ImageProgress {
                preview,
                ..progress
            },
        });
        if self.is_stopped() || self.reports.is_closed() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    fn made(&mut self, picture: PaintedPicture, generation: Generation) -> Result<(), String> {
        let PaintedPicture {
            png,
            width,
            height,
            name,
        } = picture;
        let blob = self
            .store
            .blobs()
            .put(&png)
            .map_err(|error| format!("{error}; {}", error.hint()))?;
        let artifact = Artifact {
            blob,
            media_type: MediaType::Png,
            name,
            width,
            height,
            size_bytes: png.len() as u64,
        };
        let _ = self.reports.blocking_send(Report::ImageMade {
            cell: self.cell,
            artifact,
            generation: Box::new(generation),
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Makes as many pictures as there are steps, of a byte each; breaks down over "break".
    struct Dabber;

    impl Painter for Dabber {
        fn paint(
            &mut self,
            request: &ImageRequest,
            watcher: &mut dyn Watcher,
        ) -> Result<(), String> {
            assert!(request.prompt != "break", "as it was told");
            for step in 1.. {
                let preview = PaintedPreview {
                    png: vec![0; 3],
                    width: 8,
                    height: 8,
                };
                let progress = ImageProgress {
                    done: step,
                    ..ImageProgress::default()
                };
                if watcher.progress(progress, Some(preview)).is_break() {
                    return Err("stopped".to_owned());
                }
                if request
                    .num_inference_steps
                    .is_some_and(|steps| step >= steps)
                {
                    let picture = PaintedPicture {
                        png: vec![7; 9],
                        width: 8,
                        height: 8,
                        name: "dab.png".to_owned(),
                    };
                    return watcher.made(picture, Generation::default());
                }
            }
            Ok(())
        }
    }

    fn request(prompt: &str, steps: Option<u32>) -> ImageRequest {
        ImageRequest {
            prompt: prompt.to_owned(),
            num_inference_steps: steps,
            ..ImageRequest::default()
        }
    }

    #[test]
    fn pictures_are_kept_and_what_breaks_or_is_stopped_ends() {
        let folder = tempfile::tempdir().expect("a folder");
        let store: Arc<dyn Store> = Arc::from(crate::store::open(folder.path()));
        let previews = Previews::default();
        let (send, mut reports) = mpsc::channel(64);
        let mut thread =
            PainterThread::start(Box::new(Dabber), Arc::clone(&store), previews.clone(), send)
                .expect("a thread");
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
        let Report::ImageMade { artifact, .. } = next() else {
            panic!("no picture");
        };
        assert_eq!(store.blobs().read(artifact.blob).ok(), Some(vec![7; 9]));
        let finished = |report| match report {
            Report::ImageFinished { cell, status } => (cell.0, status),
            other => panic!("{other:?}"),
        };
        assert_eq!(finished(next()), (1, ImageStatus::Ok));
        thread.give(CellId(2), request("break", None));
        let (cell, status) = finished(next());
        assert!(cell == 2 && matches!(status, ImageStatus::Failed { .. }));
        thread.give(CellId(3), request("for ever", None));
        thread.stop();
        assert_eq!(finished(next()), (3, ImageStatus::Interrupted));
        thread.give(CellId(4), request("a dab", Some(1)));
        assert!(matches!(next(), Report::ImageMade { .. }));
        thread.end();
    }
}
