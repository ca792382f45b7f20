//! `companion models`

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::meter::Meter;
use super::rows;
use super::{Context, stopped_by_signals};
use crate::error::Report;
use crate::models::{
    Catalogue, Checked, Defaults, DefaultsSource, Hasher, Hub, Import, ImportMode, Model,
    ModelError, Pull, PullProgress, RepoId, Styles, Verdict,
};
use crate::picture::{shown_path, shown_size};

/// The models that make pictures: those in `models` of the data folder, in `models_dir` of
/// config.toml, and those that came with companion.
#[derive(Debug, Args)]
pub(super) struct Models {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// List them: name, family, size, dtype, defaults, folder
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Tell all about one: its parts, its hash, what it does best with
    Info {
        /// Its name, or the last part of it, or a path that begins with /, ./ or ../
        #[arg(value_name = "NAME")]
        name: String,
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Read every file anew: what is missing, broken, or not as it came; ends with 1 if anything is
    Verify {
        /// Which [default: all]
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// One JSON object a file and line
        #[arg(long)]
        json: bool,
    },
    /// Take over a model from elsewhere: a diffusers folder, a .safetensors or .ckpt file
    Import {
        /// The folder or file
        #[arg(value_name = "PATH")]
        path: PathBuf,
        /// Its name here [default: that of the folder or file]
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
        /// Link to it instead of copying it
        #[arg(long)]
        link: bool,
    },
    /// Download a model of Hugging Face's hub; given again, it goes on where it stopped
    ///
    /// Of a repository with `model_index.json` it fetches what the model needs, else its one
    /// checkpoint. Sizes and hashes are checked. Where a token is wanted, it is taken from the
    /// variable `HF_TOKEN`, and sent to the hub only.
    Pull {
        /// OWNER/NAME, or OWNER/NAME@REVISION
        #[arg(value_name = "REPO", value_parser = repo)]
        repo: RepoId,
        /// Only files of this name, with * and ? [default: what the model needs]
        #[arg(long = "file", value_name = "PATTERN")]
        patterns: Vec<String>,
        /// Weights of this variant where there are such: fp16
        #[arg(long, value_name = "VARIANT", conflicts_with = "patterns")]
        variant: Option<String>,
        /// Its name here [default: OWNER/NAME]
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// List the style presets, which wrap a prompt: those of companion, and of styles.toml
    Styles {
        /// Only this one, with its texts
        #[arg(value_name = "NAME")]
        name: Option<String>,
        /// What it makes of this prompt
        #[arg(value_name = "PROMPT", requires = "name")]
        prompt: Option<String>,
    },
}

impl Models {
    pub fn start(self, context: &Context) -> Result<u8, Report> {
        let catalogue = context.catalogue();
        match self.what {
            What::List { json } => Ok(list(&catalogue, json)),
            What::Info { name, json } => info(context, &catalogue.find(&name)?, json),
            What::Verify { names, json } => verify(context, &catalogue, &names, json),
            What::Import { path, name, link } => import(context, path, name, link),
            What::Pull {
                repo,
                patterns,
                variant,
                name,
            } => {
                let hub = Hub::new(&context.config.hub_url, std::env::var("HF_TOKEN").ok())?;
                pull(&Pull {
                    hub: &hub,
                    repo: &repo,
                    patterns: &patterns,
                    variant: variant.as_deref(),
                    name: name.as_deref(),
                    data: &context.folders.data,
                    cancel: &stopped_by_signals(),
                })
            }
            What::Styles { name, prompt } => styles(context, name.as_deref(), prompt.as_deref()),
        }
    }
}

/// Prints; a reader that is gone does not want to hear of it.
fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn list(catalogue: &Catalogue, json: bool) -> u8 {
    let entries = catalogue.entries();
    let models: Vec<Model> = entries.iter().map(Catalogue::examine).collect();
    if json {
        let lines = models.iter().fold(String::new(), |mut lines, model| {
            let _ = writeln!(lines, "{}", as_json(model));
            lines
        });
        print(&lines);
        return 0;
    }
    if models.is_empty() {
        let mut text = String::from("no models; these folders were looked at:\n");
        for folder in catalogue.folders() {
            let _ = writeln!(text, "  {}", shown_path(&folder.path));
        }
        text.push_str("companion models pull OWNER/NAME downloads one\n");
        print(&text);
        return 0;
    }
    let header = ["NAME", "FAMILY", "SIZE", "DTYPE", "DEFAULTS", "FOLDER"];
    let mut table = vec![header.map(str::to_owned).to_vec()];
    for model in &models {
        let family = if model.problems.is_empty() {
            kind(model)
        } else {
            "broken".to_owned()
        };
        table.push(vec![
            model.name.clone(),
            family,
            shown_size(model.size_bytes),
            model.dtype.clone().unwrap_or_else(|| "–".to_owned()),
            short_defaults(&model.defaults),
            model.kind.title().to_owned(),
        ]);
    }
    let mut text = rows::table(&table, rows::columns(&io::stdout()));
    if let Some(broken) = models.iter().find(|model| !model.problems.is_empty()) {
        let _ = writeln!(
            text,
            "what is broken tells companion models verify {}",
            broken.name
        );
    }
    if let Some(default) = catalogue.default_model() {
        let _ = writeln!(text, "without --model it is {}", default.name);
    }
    print(&text);
    0
}

/// `SD 1.x inpaint`
fn kind(model: &Model) -> String {
    use crate::models::Task;
    match model.task {
        Task::Inpaint | Task::Edit => format!("{} {}", model.family, model.task.title()),
        Task::TextToImage | Task::Unknown => model.family.to_string(),
    }
}

/// `512×512, 25 steps`
fn short_defaults(defaults: &Defaults) -> String {
    let size = defaults
        .size
        .map(|(width, height)| format!("{width}×{height}"));
    let steps = defaults
        .num_inference_steps
        .map(|steps| format!("{steps} steps"));
    size.into_iter().chain(steps).collect::<Vec<_>>().join(", ")
}

fn long_defaults(model: &Model) -> String {
    let defaults = &model.defaults;
    let parts = [
        Some(short_defaults(defaults)).filter(|text| !text.is_empty()),
        defaults
            .guidance_scale
            .map(|guidance| format!("guidance {guidance}")),
        defaults.scheduler.map(|scheduler| scheduler.to_string()),
        defaults.sigmas.map(|sigmas| sigmas.to_string()),
        defaults.clip_skip.map(|skip| format!("clip skip {skip}")),
    ];
    let parts: Vec<_> = parts.into_iter().flatten().collect();
    if parts.is_empty() {
        return String::new();
    }
    let source = match model.defaults_source {
        DefaultsSource::File => model
            .settings_file()
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
        DefaultsSource::Name => "by its name".to_owned(),
        DefaultsSource::Family => "by its family".to_owned(),
    };
    format!("{} ({source})", parts.join(", "))
}

fn as_json(model: &Model) -> Value {
    let defaults = &model.defaults;
    json!({
        "name": model.name,
        "path": model.path.to_string_lossy(),
        "folder": model.kind.title(),
        "layout": if model.is_folder { "diffusers" } else { "single file" },
        "family": model.family.title(),
        "task": model.task.title(),
        "class": model.class_name,
        "size_bytes": model.size_bytes,
        "dtype": model.dtype,
        "defaults": {
            "size": defaults.size,
            "num_inference_steps": defaults.num_inference_steps,
            "guidance_scale": defaults.guidance_scale,
            "scheduler": defaults.scheduler,
            "sigmas": defaults.sigmas,
            "clip_skip": defaults.clip_skip,
            "negative_prompt": defaults.negative_prompt,
        },
        "description": defaults.description,
        "licence": defaults.licence,
        "problems": model.problems,
    })
}

fn info(context: &Context, model: &Model, json: bool) -> Result<u8, Report> {
    let cancel = stopped_by_signals();
    let mut hasher = Hasher::new(&context.folders.cache, &cancel);
    let mut meter = Meter::new(model.size_bytes);
    meter.label("hashing");
    // A broken model still has something to be told.
    let hash = match hasher.model(model, &mut |count| meter.add(count)) {
        Err(ModelError::Cancelled) => return Err(ModelError::Cancelled.into()),
        hash => hash.ok().filter(|_| !model.weights.is_empty()),
    };
    drop(meter);
    if json {
        let mut value = as_json(model);
        value["sha256"] = json!(hash.map(|hash| hash.0));
        value["weights"] = model
            .weights
            .iter()
            .map(|path| path.to_string_lossy())
            .collect();
        value["origin"] = json!(model.origin());
        print(&format!("{value}\n"));
        return Ok(0);
    }
    let layout = match (&model.class_name, model.is_folder) {
        (Some(class), _) => format!("diffusers folder, {class}"),
        (None, true) => "diffusers folder".to_owned(),
        (None, false) => "single file".to_owned(),
    };
    let mut weights = vec![
        shown_size(model.size_bytes),
        match model.weights.len() {
            1 => "1 file of weights".to_owned(),
            files => format!("{files} files of weights"),
        },
    ];
    weights.extend(model.dtype.clone());
    if let Some((tensors, values)) = model.tensors {
        weights.push(format!("{} in {tensors} tensors", millions(values)));
    }
    let family = match model.task {
        crate::models::Task::Unknown => model.family.to_string(),
        task => format!("{}, {}", model.family, task.title()),
    };
    let origin = model.origin().map(|(repo, commit)| {
        let commit = commit.get(..12).unwrap_or(&commit).to_owned();
        format!("{repo} at {commit}")
    });
    let about = &model.defaults;
    let mut rows: Vec<(&str, Option<String>)> = vec![
        ("about", about.description.clone()),
        ("family", Some(family)),
        ("layout", Some(layout)),
        ("size", Some(weights.join(", "))),
        ("sha256", hash.map(|hash| hash.0)),
        ("defaults", Some(long_defaults(model))),
        ("negative", about.negative_prompt.clone()),
        ("licence", about.licence.clone()),
        ("from", origin),
        ("path", Some(model.path.to_string_lossy().into_owned())),
    ];
    let problems = model.problems.iter();
    rows.extend(problems.map(|problem| ("problem", Some(problem.clone()))));
    let rows: Vec<_> = rows
        .into_iter()
        .filter_map(|(key, text)| Some((key.to_owned(), text.filter(|text| !text.is_empty())?)))
        .collect();
    let text = rows::render(&rows, rows::columns(&io::stdout()));
    print(&format!("{}{text}\n", model.name));
    Ok(u8::from(!model.problems.is_empty()))
}

/// `10.3 million parameters`
#[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
fn millions(count: u64) -> String {
    match count {
        0..1_000_000 => format!("{count} parameters"),
        1_000_000..1_000_000_000 => format!("{:.1} million parameters", count as f64 / 1e6),
        _ => format!("{:.2} billion parameters", count as f64 / 1e9),
    }
}

fn verify(
    context: &Context,
    catalogue: &Catalogue,
    names: &[String],
    json: bool,
) -> Result<u8, Report> {
    let models: Vec<Model> = if names.is_empty() {
        catalogue.entries().iter().map(Catalogue::examine).collect()
    } else {
        let found = names.iter().map(|name| catalogue.find(name));
        found.collect::<Result<_, _>>()?
    };
    let cancel = stopped_by_signals();
    let mut hasher = Hasher::new(&context.folders.cache, &cancel);
    let total = models.iter().map(|model| model.size_bytes).sum();
    let mut meter = Meter::new(total);
    let mut wrong = 0;
    for model in &models {
        meter.label(&model.name);
        let checked = model.verify(&mut hasher, &mut |count| meter.add(count))?;
        meter.clear();
        wrong += checked.iter().filter(|it| !it.verdict.is_fine()).count();
        if json {
            let lines: String = checked.iter().map(|it| verdict_json(model, it)).collect();
            print(&lines);
        } else {
            print(&verdicts(model, &checked));
        }
    }
    Ok(u8::from(wrong > 0))
}

fn verdict_json(model: &Model, checked: &Checked) -> String {
    let (verdict, problem) = match &checked.verdict {
        Verdict::AsPulled => ("as pulled", None),
        Verdict::WellFormed => ("well-formed", None),
        Verdict::Missing => ("missing", None),
        Verdict::Broken(problem) => ("broken", Some(problem)),
    };
    let line = json!({
        "model": model.name,
        "file": checked.file,
        "verdict": verdict,
        "problem": problem,
        "size_bytes": checked.size_bytes,
        "sha256": checked.sha256,
    });
    format!("{line}\n")
}

fn verdicts(model: &Model, checked: &[Checked]) -> String {
    let columns = rows::columns(&io::stdout());
    let mut table = Vec::new();
    let mut problems = Vec::new();
    for it in checked {
        let word = match &it.verdict {
            Verdict::AsPulled | Verdict::WellFormed => "ok",
            Verdict::Missing => "missing",
            Verdict::Broken(problem) => {
                problems.push((it.file.clone(), problem.clone()));
                "broken"
            }
        };
        let hash = it.sha256.as_deref().and_then(|hash| hash.get(..10));
        table.push(vec![
            format!("  {word}"),
            it.file.clone(),
            it.size_bytes.map_or_else(String::new, shown_size),
            hash.unwrap_or_default().to_owned(),
        ]);
    }
    let mut text = format!("{}\n{}", model.name, rows::table(&table, columns));
    for (file, problem) in problems {
        let row = [("because".to_owned(), format!("{file}: {problem}"))];
        text.push_str(rows::render(&row, columns).trim_start_matches('\n'));
        text.push('\n');
    }
    let count = checked.len();
    let wrong = checked.iter().filter(|it| !it.verdict.is_fine()).count();
    let pulled = checked
        .iter()
        .filter(|it| it.verdict == Verdict::AsPulled)
        .count();
    let sum = match (wrong, pulled) {
        (0, 0) => format!("all {count} files are whole"),
        (0, pulled) if pulled == count => {
            format!("all {count} files are as they came from the hub")
        }
        (0, pulled) => {
            format!("all {count} files are whole, {pulled} of them as they came from the hub")
        }
        (1, _) => "1 file is wrong".to_owned(),
        (wrong, _) => format!("{wrong} files are wrong"),
    };
    let _ = writeln!(text, "  {sum}");
    text
}

fn import(
    context: &Context,
    path: PathBuf,
    name: Option<String>,
    link: bool,
) -> Result<u8, Report> {
    let model = Import {
        from: &path,
        name: name.as_deref(),
        mode: if link {
            ImportMode::Link
        } else {
            ImportMode::Copy
        },
        data: &context.folders.data,
        cancel: &stopped_by_signals(),
    }
    .run()?;
    let (name, kind, size) = (&model.name, kind(&model), shown_size(model.size_bytes));
    print(&format!(
        "{name}: {kind}, {size}, in {}\n",
        shown_path(&model.path)
    ));
    if !model.family.is_generator() {
        let note = "it makes no pictures by itself, or is of a family that is not known";
        let _ = writeln!(io::stderr(), "companion: warning: {note}");
    }
    Ok(0)
}

fn pull(pull: &Pull<'_>) -> Result<u8, Report> {
    let mut meter = Meter::new(0);
    meter.label("asking the hub");
    let mut is_planned = false;
    let pulled = pull.run(&mut |progress| match progress {
        PullProgress::Planned {
            files,
            size_bytes,
            notes,
        } => {
            let files = if files == 1 {
                "1 file".to_owned()
            } else {
                format!("{files} files")
            };
            meter.say(&format!(
                "{}: {files}, {}",
                pull.repo,
                shown_size(size_bytes)
            ));
            for note in notes {
                meter.say(&format!("note: {note}"));
            }
            meter.set_total(size_bytes);
            is_planned = true;
        }
        PullProgress::Started { file } => meter.label(file),
        // The index comes before the plan, and is counted with it.
        PullProgress::Bytes { .. } | PullProgress::Lost { .. } if !is_planned => {}
        PullProgress::Bytes {
            count,
            is_new: true,
        } => meter.add(count),
        PullProgress::Bytes {
            count,
            is_new: false,
        } => meter.skip(count),
        PullProgress::Lost { count } => meter.take_back(count),
        PullProgress::Retrying { file, reason, wait } => {
            let wait = wait.as_secs_f64();
            meter.say(&format!("{file}: {reason}; again in {wait:.1} s"));
        }
        PullProgress::Finished { file, size_bytes } => {
            // On a terminal the line that is drawn over says it.
            if !meter.is_shown() && is_planned {
                meter.say(&format!("  {file}, {}", shown_size(size_bytes)));
            }
        }
    });
    meter.clear();
    drop(meter);
    let pulled = pulled.map_err(|error| match error {
        ModelError::Cancelled => {
            Report::from(error).hint("give the command again: it goes on where it stopped")
        }
        error => error.into(),
    })?;
    let done = if pulled.was_complete {
        "was complete"
    } else {
        "is there"
    };
    print(&format!(
        "{} {done}, in {}\n",
        pulled.name,
        shown_path(&pulled.path)
    ));
    Ok(0)
}

fn styles(context: &Context, name: Option<&str>, prompt: Option<&str>) -> Result<u8, Report> {
    let styles = Styles::load(&context.folders.styles_file())?;
    if let Some(name) = name {
        let style = styles.get(name)?;
        let (prompt, negative) = style.wrap(prompt.unwrap_or("{prompt}"), None);
        let mut rows = vec![("prompt".to_owned(), prompt)];
        rows.extend(negative.map(|negative| ("negative".to_owned(), negative)));
        let text = rows::render(&rows, rows::columns(&io::stdout()));
        print(&format!("{name}: {}{text}\n", style.summary));
        return Ok(0);
    }
    let header = ["NAME", "WHAT", "PROMPT"].map(str::to_owned).to_vec();
    let rows = styles
        .iter()
        .map(|(name, style)| vec![name.to_owned(), style.summary.clone(), style.prompt.clone()]);
    let table: Vec<_> = std::iter::once(header).chain(rows).collect();
    let columns = rows::columns(&io::stdout());
    let text = rows::table(&table, None);
    let cut = |line: &str| columns.map_or_else(|| line.to_owned(), |width| rows::cut(line, width));
    let text: String = text.lines().map(|line| cut(line) + "\n").collect();
    print(&text);
    Ok(0)
}

/// A repository for clap.
fn repo(text: &str) -> Result<RepoId, String> {
    text.parse().map_err(|error: ModelError| error.to_string())
}
