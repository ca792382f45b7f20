//! `companion models list` and `info`: what there is.

use std::fmt::Write as _;
use std::io;

use serde_json::{Value, json};

use super::super::meter::Meter;
use super::super::{Context, rows, stopped_by_signals};
use super::print;
use crate::error::Report;
use crate::models::{Catalogue, Defaults, DefaultsSource, Hasher, Model, ModelError, Task};
use crate::picture::{shown_path, shown_size};

pub(super) fn list(catalogue: &Catalogue, json: bool) -> u8 {
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
pub(super) fn kind(model: &Model) -> String {
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

pub(super) fn info(context: &Context, model: &Model, json: bool) -> Result<u8, Report> {
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
        Task::Unknown => model.family.to_string(),
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
