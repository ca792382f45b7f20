//! `companion imagine`

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use clap::Args;
use serde_json::json;

use super::Context;
use super::rows::columns;
use super::tools::call::Caller;
use crate::builtin::{self, Engines};
use crate::error::Report;
use crate::generator::Image;
use crate::picture::{shown_path, shown_size};
use crate::protocol::{
    Artifact, Generation, ImageFlags, ImageProgress, ImageRequest, ImageStage, ImageStatus,
    MediaType,
};
use crate::store::{self, Store};
use crate::tool::{CancelToken, Update};
use crate::tui::backend_choice;
use crate::tui::image::{ShowOptions, show_to_stdout};
use crate::tui::view::text::{bar, duration, forecast, speed};

/// Makes pictures from a prompt: PNG files in this folder, shown where a terminal reads.
#[derive(Debug, Args)]
pub(super) struct Imagine {
    /// What is to be seen
    #[arg(value_name = "PROMPT", required_unless_present = "latents")]
    prompt: Vec<String>,
    /// The file; with --count a number is put before its extension
    /// [default: named after the prompt, never over another]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Print one JSON object, and show nothing
    #[arg(long)]
    json: bool,
    #[command(flatten, next_help_heading = "The picture")]
    flags: ImageFlags,
}

/// What became of a request.
struct Made {
    files: Vec<(PathBuf, Image)>,
    status: ImageStatus,
    exit_code: u8,
    report: Option<Report>,
}

impl Imagine {
    pub fn start(self, context: &Context) -> Result<u8, Report> {
        // Half an hour of work should not end with a folder that is not there.
        if let Some(path) = &self.output {
            let folder = path
                .parent()
                .filter(|folder| !folder.as_os_str().is_empty());
            if path.is_dir() || folder.is_some_and(|folder| !folder.is_dir()) {
                return Err(Report::usage(format!("can't write {}", shown_path(path)))
                    .hint("give the path of a file in a folder that is there"));
            }
        }
        let request = self.flags.clone().with_prompt(self.prompt.join(" "));
        let started = Instant::now();
        let made = self.make(context, &request)?;
        if self.json {
            print_json(&made, &request, started);
            return Ok(made.exit_code);
        }
        if !made.files.is_empty() {
            show(context, &made)?;
        }
        match made.report {
            Some(report) => Err(report),
            None => Ok(made.exit_code),
        }
    }

    /// Makes the pictures and keeps them: the call `imagine`, as everybody's.
    fn make(&self, context: &Context, request: &ImageRequest) -> Result<Made, Report> {
        let arguments = builtin::imagine_arguments(request).map_err(Report::usage)?;
        let names = Names {
            output: self.output.clone(),
            many: request.count.unwrap_or(1) > 1,
        };
        let desk = Arc::new(Mutex::new(Desk {
            line: ProgressLine::new(self.json),
            names,
            files: Vec::new(),
            failure: None,
            cancel: None,
        }));
        let theirs = Arc::clone(&desk);
        let tell = move |engines: &Engines, update| lock(&theirs).hear(engines, update);
        let caller = Caller::telling(context, tell)?;
        lock(&desk).cancel = Some(caller.cancel_token());
        let called = caller.call("imagine", arguments);
        let mut desk = lock(&desk);
        desk.line.clear();
        let files = std::mem::take(&mut desk.files);
        let failure = caller.engines().failure.lock();
        let whole = failure.unwrap_or_else(PoisonError::into_inner).take();
        let failure = desk.failure.take().or(whole.map(Report::from));
        let report = called.err().map(|report| failure.unwrap_or(report));
        let status = match &report {
            None => ImageStatus::Ok,
            Some(report) if report.exit_code() == Report::INTERRUPTED => ImageStatus::Interrupted,
            Some(report) => ImageStatus::Failed {
                message: report.message().to_owned(),
            },
        };
        // The pictures are there, whatever becomes of the index.
        let store = caller.engines().store();
        if !files.is_empty()
            && let Err(problem) = remember(store, request, &files, &status)
        {
            let _ = writeln!(io::stderr(), "companion: not in the gallery: {problem}");
        }
        let exit_code = report.as_ref().map_or(0, Report::exit_code);
        Ok(Made {
            files,
            status,
            exit_code,
            report,
        })
    }
}

/// Where files go.
struct Names {
    output: Option<PathBuf>,
    many: bool,
}

/// What comes of a call that makes pictures, while it runs.
struct Desk {
    line: ProgressLine,
    names: Names,
    files: Vec<(PathBuf, Image)>,
    failure: Option<Report>,
    cancel: Option<CancelToken>,
}

fn lock(desk: &Mutex<Desk>) -> MutexGuard<'_, Desk> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Desk {
    fn hear(&mut self, engines: &Engines, update: Update) {
        match update {
            Update::Image { progress, .. } => self.line.draw(&progress),
            Update::Picture {
                artifact,
                generation,
            } => {
                self.line.clear();
                match self.keep(engines, &artifact, *generation) {
                    Ok(file) => self.files.push(file),
                    Err(report) => {
                        self.failure = Some(report);
                        // The next one could not be written either.
                        self.cancel.iter().for_each(CancelToken::cancel);
                    }
                }
            }
            Update::Progress { .. } | Update::Output(_) => {}
        }
    }

    fn keep(
        &self,
        engines: &Engines,
        artifact: &Artifact,
        generation: Generation,
    ) -> Result<(PathBuf, Image), Report> {
        let path = match &self.names.output {
            Some(path) if self.names.many => numbered(path, self.files.len() + 1),
            Some(path) => path.clone(),
            None => free(Path::new(&generation.request.file_name())),
        };
        let image = Image {
            png: engines.store().blobs().read(artifact.blob)?,
            width: artifact.width,
            height: artifact.height,
            generation,
        };
        image.save(&path)?;
        Ok((path, image))
    }
}

/// `apple.png`, 2 → `apple-2.png`
fn numbered(path: &Path, number: usize) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let name = match path.extension() {
        Some(extension) => format!("{stem}-{number}.{}", extension.to_string_lossy()),
        None => format!("{stem}-{number}"),
    };
    path.with_file_name(name)
}

/// The path, or the first numbered one that is not there.
fn free(path: &Path) -> PathBuf {
    let mut free = path.to_owned();
    let mut number = 1;
    while free.exists() {
        number += 1;
        free = numbered(path, number);
    }
    free
}

/// Keeps pictures and how they came about, as a session of its own.
fn remember(
    store: &dyn Store,
    request: &ImageRequest,
    files: &[(PathBuf, Image)],
    status: &ImageStatus,
) -> Result<(), store::StoreError> {
    let mut made = Vec::new();
    for (path, image) in files {
        let name = path.file_name().unwrap_or(path.as_os_str());
        let artifact = Artifact {
            blob: store.blobs().put(&image.png)?,
            media_type: MediaType::Png,
            name: name.to_string_lossy().into_owned(),
            width: image.width,
            height: image.height,
            size_bytes: image.png.len() as u64,
        };
        made.push((artifact, image.generation.clone()));
    }
    store::remember_pictures(store, request, made, status.clone())
}

fn show(context: &Context, made: &Made) -> Result<(), Report> {
    let mut out = io::stdout().lock();
    let gone = |error: io::Error| match error.kind() {
        // Whoever read us has gone; the files are there.
        io::ErrorKind::BrokenPipe => Ok(()),
        _ => Err(Report::failure("can't write").cause(error.to_string())),
    };
    for (path, image) in &made.files {
        if out.is_terminal()
            && let Some(backend) = backend_choice(context.config.graphics)
        {
            let options = ShowOptions {
                width: None,
                height: None,
                backend,
            };
            if let Err(error) = show_to_stdout(std::slice::from_ref(path), options, &mut out) {
                return gone(error);
            }
        }
        let generation = &image.generation;
        let told = writeln!(
            out,
            "{}: {}×{}, {}, seed {}, {} on {}",
            shown_path(path),
            image.width,
            image.height,
            shown_size(image.png.len() as u64),
            generation.request.seed.unwrap_or_default(),
            duration(std::time::Duration::from_millis(generation.time_ms)),
            generation.device,
        );
        if let Err(error) = told {
            return gone(error);
        }
    }
    Ok(())
}

fn print_json(made: &Made, request: &ImageRequest, started: Instant) {
    let images: Vec<_> = made
        .files
        .iter()
        .map(|(path, image)| {
            json!({
                "path": path.to_string_lossy(),
                "width": image.width,
                "height": image.height,
                "size_bytes": image.png.len(),
                "seed": image.generation.request.seed,
                "generation": image.generation,
            })
        })
        .collect();
    let mut object = json!({
        "request": request,
        "images": images,
        "time_ms": u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "exit_code": made.exit_code,
    });
    let status = serde_json::to_value(&made.status);
    if let (Some(object), Ok(serde_json::Value::Object(status))) = (object.as_object_mut(), status)
    {
        object.extend(status);
    }
    let _ = writeln!(io::stdout(), "{object}");
}

/// Progress on standard error: one line that is drawn over, where a terminal reads it.
struct ProgressLine {
    columns: Option<usize>,
    is_drawn: bool,
    /// What it will take has been said.
    is_forecast: bool,
}

impl ProgressLine {
    fn new(is_quiet: bool) -> Self {
        Self {
            columns: columns(&io::stderr()).filter(|_| !is_quiet),
            is_drawn: false,
            is_forecast: false,
        }
    }

    fn draw(&mut self, progress: &ImageProgress) {
        let Some(columns) = self.columns else {
            return;
        };
        let ImageProgress {
            stage,
            image,
            images,
            done,
            total,
            steps_per_second,
            forecast: memory,
            ..
        } = progress;
        if let Some(memory) = memory
            && !std::mem::replace(&mut self.is_forecast, true)
        {
            self.clear();
            let _ = writeln!(io::stderr(), "{}", forecast(memory));
        }
        let mut words = match stage {
            ImageStage::Preparing => "preparing".to_owned(),
            ImageStage::Loading => format!("loading {done}/{total}"),
            ImageStage::Denoising | ImageStage::Decoding => format!("{done}/{total}"),
        };
        if *images > 1 {
            words = format!("picture {image} of {images} · {words}");
        }
        if *stage == ImageStage::Decoding {
            words.push_str(" · decoding");
        } else if let Some(rate) = steps_per_second.filter(|rate| *rate > 0.0) {
            words.push_str(" · ");
            words.push_str(&speed(rate, total.saturating_sub(*done)));
        }
        let bar = bar(u64::from(*done), u64::from(*total), 20);
        let line = format!("{bar} {words}");
        let line = super::rows::cut(&line, columns.saturating_sub(1));
        let _ = write!(io::stderr(), "\r\x1b[K{line}");
        self.is_drawn = true;
    }

    fn clear(&mut self) {
        if std::mem::take(&mut self.is_drawn) {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_numbered_before_their_extension() {
        let numbered = |path: &str| numbered(Path::new(path), 2);
        assert_eq!(numbered("out/a.b.png"), Path::new("out/a.b-2.png"));
        assert_eq!(numbered("apple"), Path::new("apple-2"));
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("x.png");
        assert_eq!(free(&path), path);
        std::fs::write(&path, "").expect("written");
        std::fs::write(folder.path().join("x-2.png"), "").expect("written");
        assert_eq!(free(&path), folder.path().join("x-3.png"));
    }
}
