//! Pictures as the prompt has them: asking for them, stopping them, where they are made.

use std::fmt::Write as _;

use super::app::App;
use super::view::text;
use crate::protocol::{CellId, Command, DeviceKind, ImageRequest, NoticeLevel, SettingChange};
use crate::sanitize::sanitize;
use crate::session::{Body, ImagePhase};

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
                Body::Show(_) => continue,
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
        let cell = match argument {
            "" => None,
            number => match number.parse() {
                Ok(number) => Some(CellId(number)),
                Err(_) => {
                    let text = "/interrupt takes the number of a cell; /jobs lists them".to_owned();
                    return self.notify(NoticeLevel::Warning, text);
                }
            },
        };
        self.send(Command::Interrupt { cell });
    }
}
