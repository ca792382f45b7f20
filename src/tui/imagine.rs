//! Pictures as the prompt has them: asking for them, stopping them, where they are made.

use std::fmt::Write as _;

use super::app::App;
use super::layers::Layer;
use super::prompt::Choice;
use super::view::text;
use crate::protocol::{
    CellId, Command, DeviceKind, Generation, ImageRequest, NoticeLevel, SettingChange,
};
use crate::sanitize::sanitize;
use crate::session::{Body, CallPhase, ImagePhase, MadeImage};

/// Where requests go that say nothing about it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct ImageSettings {
    /// The model; `None` is the one that comes with companion.
    pub model: Option<String>,
    /// The device; `None` is the best that there is.
    pub device: Option<DeviceKind>,
}

impl App {
    /// `/imagine PROMPT [FLAGS]`
    pub fn imagine(&mut self, line: &str) {
        match line.parse::<ImageRequest>() {
            Ok(request) => {
                let home = |path: std::path::PathBuf| Self::path(&path.to_string_lossy());
                self.send(Command::Imagine(ImageRequest {
                    init: request.init.map(home),
                    mask: request.mask.map(home),
                    loras: request
                        .loras
                        .into_iter()
                        .map(|(path, strength)| (home(path), strength))
                        .collect(),
                    ..request
                }));
            }
            Err(problem) => self.notify(NoticeLevel::Warning, problem),
        }
    }

    /// `/info [CELL]`
    pub fn info(&mut self, argument: &str) {
        let cell = argument.parse().ok().map(CellId);
        if cell.is_none() && !argument.is_empty() {
            let text = "/info takes the number of a cell".to_owned();
            return self.notify(NoticeLevel::Warning, text);
        }
        let entries = self.transcript.entries().iter().rev();
        let mut meant = entries.filter(|entry| cell.is_none_or(|cell| entry.cell == cell));
        let page = meant.find_map(|entry| match &entry.body {
            Body::Image(image) => page_of(&image.made),
            Body::Gallery(gallery) => page_of(&gallery.pictures),
            Body::Cell(_) | Body::Call(_) | Body::Show(_) => None,
        });
        if let Some(page) = page {
            self.layers.push(Layer::page("How it was made", &page));
        } else {
            let text = "no picture was made there; companion show --info tells of files";
            self.notify(NoticeLevel::Warning, text);
        }
    }

    /// `/model [NAME]`
    pub fn model(&mut self, name: &str) {
        if name.is_empty() {
            let model = self.images.model.as_deref().unwrap_or("icons-64");
            let text = format!("pictures are made with {model}; /model NAME takes another one");
            self.notify(NoticeLevel::Info, text);
        } else {
            let model = Some(name.to_owned()).filter(|name| name != "default");
            self.send(Command::Set(SettingChange::Model(model)));
        }
    }

    /// `/device [NAME]`
    pub fn device(&mut self, name: &str) {
        match name {
            "" => {
                let device = self.images.device.map_or("auto", DeviceKind::name);
                let text = format!(
                    "pictures are computed on: {device}; there are auto, cuda, vulkan and cpu"
                );
                self.notify(NoticeLevel::Info, text);
            }
            "auto" => self.send(Command::Set(SettingChange::Device(None))),
            name => match name.parse() {
                Ok(device) => self.send(Command::Set(SettingChange::Device(Some(device)))),
                Err(error) => self.notify(NoticeLevel::Warning, format!("{error}, auto")),
            },
        }
    }

    /// The session has taken a setting.
    pub fn learn_image_settings(&mut self, model: Option<String>, device: Option<DeviceKind>) {
        let new = ImageSettings { model, device };
        if new.model != self.images.model {
            let model = new.model.as_deref().unwrap_or("icons-64");
            let text = format!("pictures are made with {} from now on", sanitize(model));
            self.notify(NoticeLevel::Info, text);
        }
        if new.device != self.images.device {
            let device = new
                .device
                .map_or("the best device that there is", DeviceKind::name);
            let text = format!("pictures are computed on {device} from now on");
            self.notify(NoticeLevel::Info, text);
        }
        self.images = new;
    }

    /// What the names of pictures can be completed to.
    pub fn learn_image_names(
        &mut self,
        models: Vec<(String, String)>,
        styles: Vec<(String, String)>,
    ) {
        let choices = |names: Vec<(String, String)>| {
            let names = names.into_iter();
            names
                .map(|(name, what)| Choice::new(&name, &what))
                .collect()
        };
        self.choices.models = choices(models);
        self.choices.styles = choices(styles);
    }

    /// Steps of the picture that is being made, and how many it takes.
    pub fn imagining(&self) -> Option<(u32, u32)> {
        let mut last = self.transcript.entries().iter().rev().take(256);
        last.find_map(|entry| match &entry.body {
            Body::Image(image) => match &image.phase {
                ImagePhase::Running(progress) => Some((progress.done, progress.total)),
                ImagePhase::Queued | ImagePhase::Done { .. } => None,
            },
            Body::Cell(_) | Body::Call(_) | Body::Gallery(_) | Body::Show(_) => None,
        })
    }

    /// `/jobs`: what runs and what waits, as a page.
    pub fn jobs(&self) -> String {
        let mut page = String::new();
        for entry in self.transcript.entries() {
            let (what, state) = match &entry.body {
                Body::Cell(cell) => {
                    let first = cell.source.lines().next().unwrap_or_default();
                    let state = match &cell.phase {
                        crate::session::Phase::Queued => "waits".to_owned(),
                        crate::session::Phase::Held(_) => "asks".to_owned(),
                        crate::session::Phase::Running { since, .. } => {
                            text::duration(self.now.since(*since))
                        }
                        crate::session::Phase::Done(_) => continue,
                    };
                    (format!("{} {first}", cell.language.short()), state)
                }
                Body::Image(image) => {
                    let state = match &image.phase {
                        ImagePhase::Queued => "waits".to_owned(),
                        ImagePhase::Running(progress) => {
                            format!("{}/{}", progress.done, progress.total)
                        }
                        ImagePhase::Done { .. } => continue,
                    };
                    (format!("imagine {}", image.request.prompt), state)
                }
                Body::Call(call) => {
                    let state = match &call.phase {
                        CallPhase::Queued => "waits".to_owned(),
                        CallPhase::Asking => "asks".to_owned(),
                        CallPhase::Running(_) => text::duration(self.now.since(entry.submitted_at)),
                        CallPhase::Done(_) => continue,
                    };
                    (format!("call {}", call.call.name), state)
                }
                Body::Gallery(_) | Body::Show(_) => continue,
            };
            let what = sanitize(&what).replace('\n', " ");
            let _ = writeln!(
                page,
                "{:>4}  {:>9}  {}",
                entry.cell,
                state,
                text::fit(&what, 60)
            );
        }
        if page.is_empty() {
            return "Nothing runs, and nothing waits.\n".to_owned();
        }
        let head = format!("{:>4}  {:>9}  what\n", "cell", "state");
        format!("{head}{page}\n/interrupt CELL stops one, /interrupt all of them.\n")
    }

    /// `/interrupt [CELL]`
    pub fn stop(&mut self, argument: &str) {
        let cell = argument.parse().ok().map(CellId);
        if cell.is_none() && !argument.is_empty() {
            let text = "/interrupt takes the number of a cell; /jobs lists them";
            return self.notify(NoticeLevel::Warning, text);
        }
        self.send(Command::Interrupt { cell });
    }
}

/// Everything that it takes to make these pictures again.
fn page_of(pictures: &[MadeImage]) -> Option<String> {
    let mut page = String::new();
    for MadeImage {
        artifact,
        generation,
    } in pictures
    {
        let Generation {
            request,
            model_hash,
            device,
            time_ms,
        } = &**generation;
        let path = |path: &std::path::PathBuf| path.to_string_lossy().into_owned();
        let loras = request.loras.iter();
        let loras = loras.map(|(file, strength)| format!("{} at {strength}", path(file)));
        let rows = [
            ("prompt", Some(request.prompt.clone())),
            ("negative", request.negative_prompt.clone()),
            ("style", request.style.clone()),
            ("model", request.model.clone()),
            ("model hash", model_hash.clone()),
            (
                "size",
                request
                    .size
                    .map(|(width, height)| format!("{width}x{height}")),
            ),
            (
                "steps",
                request.num_inference_steps.map(|steps| steps.to_string()),
            ),
            (
                "guidance",
                request.guidance_scale.map(|scale| scale.to_string()),
            ),
            ("scheduler", request.scheduler.map(|name| name.to_string())),
            ("sigmas", request.sigmas.map(|name| name.to_string())),
            ("seed", request.seed.map(|seed| seed.to_string())),
            ("generator", Some(request.generator.to_string())),
            ("clip skip", request.clip_skip.map(|skip| skip.to_string())),
            ("init", request.init.as_ref().map(path)),
            ("mask", request.mask.as_ref().map(path)),
            (
                "strength",
                request.strength.map(|strength| strength.to_string()),
            ),
            (
                "lora",
                Some(loras.collect::<Vec<_>>().join(", ")).filter(|all| !all.is_empty()),
            ),
            ("device", Some(device.clone())),
            (
                "time",
                Some(text::duration(std::time::Duration::from_millis(*time_ms))),
            ),
            (
                "file",
                Some(format!(
                    "{}, {}",
                    artifact.name,
                    text::bytes(artifact.size_bytes)
                )),
            ),
            ("blob", Some(artifact.blob.to_string())),
        ];
        for (name, value) in rows {
            if let Some(value) = value {
                let value = sanitize(&value).replace('\n', " ");
                let _ = writeln!(page, "{name:>10}  {value}");
            }
        }
        page.push('\n');
    }
    (!page.is_empty()).then_some(page)
}
