//! Rows of a request for pictures.

use super::content::{Line, Part};
use super::layout::{Rows, caption, run};
use super::rows::{Content, Fold, Frame, LaidPicture, Mark};
use super::text;
use crate::protocol::{
    Artifact, CellProgress, Generation, ImageProgress, ImageRequest, ImageStage, ImageStatus,
    Timestamp,
};
use crate::sanitize::sanitize;
use crate::session::{GalleryBody, ImageBody, ImagePhase};
use crate::tui::theme::Role;

/// Columns between two pictures that stand side by side.
const GAP: u16 = 2;
/// Columns of a progress bar, where there is room.
const BAR: usize = 24;

/// How large pictures are.
#[derive(Clone, Copy)]
pub(super) enum Side {
    /// As large as there is room.
    Whole,
    /// So that several can be seen together.
    Half,
    /// So that many can.
    Thumbnail,
}

impl Rows {
    pub(super) fn image(
        &mut self,
        image: &ImageBody,
        prompt: &[Line],
        submitted_at: Timestamp,
        frame: Frame<'_>,
    ) {
        self.headed("imagine", prompt);
        if let Some(wishes) = wishes(image) {
            self.note(Role::Dim, &wishes);
        }
        let preview = match &image.phase {
            ImagePhase::Running(progress) => progress.preview.as_ref(),
            ImagePhase::Queued | ImagePhase::Done { .. } => None,
        };
        let made = image.made.iter().map(|made| &made.artifact);
        let pictures: Vec<&Artifact> = made.chain(preview).collect();
        if self.fold == Fold::Closed && !pictures.is_empty() {
            self.laid.is_folded = true;
        } else {
            let side = if pictures.len() > 1 {
                Side::Half
            } else {
                Side::Whole
            };
            self.pictures(&pictures, side, frame);
        }
        for made in &image.made {
            let name = caption(&made.artifact);
            let cost = cost(&made.generation);
            self.caption(&run(Role::ImageFrame, &format!("{name} · {cost}")));
        }
        match &image.phase {
            ImagePhase::Queued => self.note(Role::Dim, "queued"),
            ImagePhase::Running(progress) => self.progress(progress, submitted_at),
            ImagePhase::Done { status, .. } => match status {
                ImageStatus::Ok => {}
                ImageStatus::Interrupted => self.message(Role::Warning, "!", "interrupted"),
                ImageStatus::Failed { message } => self.message(Role::Error, "✗", message),
                ImageStatus::Dropped => self.note(Role::Dim, "not made"),
            },
        }
    }

    pub(super) fn gallery(&mut self, gallery: &GalleryBody, words: &[Line], frame: Frame<'_>) {
        self.headed("gallery", words);
        let GalleryBody { pictures, more, .. } = gallery;
        if pictures.is_empty() {
            return self.note(Role::Dim, "no picture is like that; /imagine makes one");
        }
        if self.fold == Fold::Closed {
            self.laid.is_folded = true;
            return self.note(Role::Dim, &text::plural(pictures.len() as u64, "picture"));
        }
        let artifacts: Vec<&Artifact> = pictures.iter().map(|made| &made.artifact).collect();
        self.pictures(&artifacts, Side::Thumbnail, frame);
        for (number, made) in (1..).zip(pictures) {
            let Generation { request, .. } = &*made.generation;
            let prompt = sanitize(&request.prompt).replace('\n', " ");
            let model = request.model.as_deref().unwrap_or_default();
            let rest = format!(
                "{}×{} · {} · {}",
                made.artifact.width,
                made.artifact.height,
                sanitize(model).replace('\n', " "),
                cost(&made.generation)
            );
            let mut line = run(Role::Dim, &format!("{number:>2} "));
            line.append(&mut run(Role::Text, &text::fit(&prompt, 60)));
            line.append(&mut run(Role::Dim, &format!("  {rest}")));
            self.caption(&line);
        }
        if *more > 0 {
            let more = text::count(*more);
            self.note(
                Role::Dim,
                &format!("and {more} more; /gallery WORDS finds them"),
            );
        }
    }

    /// The line that was typed, after the name of its command.
    pub(super) fn headed(&mut self, command: &'static str, lines: &[Line]) {
        let mut label = Some(command);
        self.lines(Part::Source, 0, lines, |_, _| match label.take() {
            Some(label) => Mark {
                label: label.into(),
                label_role: Role::Prompt,
                glyph: "❯",
                role: Role::Prompt,
            },
            None => Mark::default(),
        });
    }

    /// Pictures side by side, as many in a row as there is room for.
    pub(super) fn pictures(&mut self, pictures: &[&Artifact], side: Side, frame: Frame<'_>) {
        let most = u16::try_from(self.width).unwrap_or(u16::MAX);
        let (widest, tallest) = match side {
            Side::Whole => (most, frame.picture_rows),
            Side::Half => (
                (most.saturating_sub(GAP) / 2).max(16),
                frame.picture_rows.div_ceil(2).max(8),
            ),
            Side::Thumbnail => (16, 8),
        };
        let (widest, tallest) = (widest.min(most), tallest.min(frame.picture_rows));
        let mut rest = pictures;
        while !rest.is_empty() {
            let (mut column, mut height, mut count) = (0_u16, 0, 0);
            for artifact in rest {
                let (columns, rows) = (frame.picture_size)(artifact, widest, tallest);
                let (columns, rows) = (columns.min(widest), rows.min(tallest));
                if count > 0 && column.saturating_add(columns) > most {
                    break;
                }
                self.laid.pictures.push(LaidPicture {
                    artifact: (*artifact).clone(),
                    row: self.laid.rows.len(),
                    column,
                    columns,
                    rows,
                });
                column = column.saturating_add(columns).saturating_add(GAP);
                height = rows.max(height);
                count += 1;
            }
            (0..height).for_each(|_| self.push(Mark::default(), Content::Blank));
            rest = rest.get(count..).unwrap_or_default();
        }
    }

    /// The pictures that a cell shows.
    pub(super) fn displayed(&mut self, displayed: &[Artifact], frame: Frame<'_>) {
        if displayed.is_empty() {
            return;
        }
        if self.fold == Fold::Closed {
            self.laid.is_folded = true;
        } else {
            let side = match displayed.len() {
                1 => Side::Whole,
                2..=4 => Side::Half,
                _ => Side::Thumbnail,
            };
            self.pictures(&displayed.iter().collect::<Vec<_>>(), side, frame);
        }
        for artifact in displayed {
            self.caption(&run(Role::ImageFrame, &caption(artifact)));
        }
    }

    /// How far a cell says that it is.
    pub(super) fn cell_progress(&mut self, progress: &CellProgress) {
        let CellProgress {
            done,
            total,
            message,
        } = progress;
        let mut words = match total {
            Some(total) => format!("{done}/{total}"),
            None => done.to_string(),
        };
        if let Some(message) = message {
            words = format!("{words} · {}", sanitize(message).replace('\n', " "));
        }
        let Some(total) = total.filter(|total| *total > 0.0) else {
            return self.note(Role::Dim, &words);
        };
        let room = self.width.saturating_sub(text::width(&words) + 3);
        let bar = text::bar(thousandths(*done, total), 1000, room.clamp(8, BAR));
        let mut line = run(Role::Accent, &bar);
        line.append(&mut run(Role::Dim, &format!(" {words}")));
        self.caption(&line);
    }

    fn progress(&mut self, progress: &ImageProgress, since: Timestamp) {
        let ImageProgress {
            stage,
            image,
            images,
            done,
            total,
            steps_per_second,
            forecast,
            ..
        } = progress;
        let doing = match stage {
            ImageStage::Preparing => "preparing",
            ImageStage::Loading => "loading the model",
            ImageStage::Denoising => "denoising",
            ImageStage::Decoding => "decoding",
        };
        let which = if *images > 1 {
            format!("picture {image} of {images} · ")
        } else {
            String::new()
        };
        if *stage != ImageStage::Denoising || *total == 0 {
            self.note(Role::Dim, &format!("{which}{doing}"));
            self.push(Mark::default(), Content::Elapsed { since });
            return;
        }
        let mut words = format!("{which}{done}/{total}");
        if let Some(rate) = steps_per_second.filter(|rate| *rate > 0.0) {
            words.push_str(" · ");
            words.push_str(&text::speed(rate, total.saturating_sub(*done)));
        }
        let room = self.width.saturating_sub(text::width(&words) + 3);
        let bar = text::bar(u64::from(*done), u64::from(*total), room.min(BAR));
        let mut line = run(Role::Accent, &bar);
        line.append(&mut run(Role::Dim, &format!(" {words}")));
        self.caption(&line);
        if let Some(forecast) = forecast {
            self.note(Role::Dim, &text::forecast(forecast));
        }
        self.push(Mark::default(), Content::Elapsed { since });
    }
}

/// A share of a whole that code has told; it may have told anything.
fn thousandths(done: f64, total: f64) -> u64 {
    let share = (done / total * 1000.0).clamp(0.0, 1000.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped; no number is 0"
    )]
    let share = share as u64;
    share
}

/// What it was made with, or what of it was asked for.
fn wishes(image: &ImageBody) -> Option<String> {
    let settled = image.made.last().map(|made| &made.generation.request);
    let request = settled.unwrap_or(&image.request);
    let ImageRequest {
        model,
        size,
        num_inference_steps,
        guidance_scale,
        scheduler,
        sigmas,
        negative_prompt,
        style,
        init,
        strength,
        mask,
        ..
    } = request;
    let shown = |text: &str| sanitize(text).replace('\n', " ");
    let words = [
        model.as_deref().map(shown),
        size.map(|(width, height)| format!("{width}×{height}")),
        num_inference_steps.map(|steps| format!("{steps} steps")),
        scheduler.map(|scheduler| scheduler.to_string()),
        sigmas.map(|sigmas| sigmas.to_string()),
        guidance_scale.map(|scale| format!("guidance {scale}")),
        style
            .as_deref()
            .map(|style| format!("style {}", shown(style))),
        init.as_ref()
            .map(|path| format!("from {}", shown(&path.to_string_lossy()))),
        mask.as_ref()
            .map(|path| format!("within {}", shown(&path.to_string_lossy()))),
        strength.map(|strength| format!("strength {strength}")),
        negative_prompt
            .as_deref()
            .filter(|negative| !negative.is_empty())
            .map(|negative| format!("not {}", shown(negative))),
    ];
    let words: Vec<String> = words.into_iter().flatten().collect();
    (!words.is_empty()).then(|| words.join(" · "))
}

/// `seed 7 · 1.2 s on cpu`
fn cost(generation: &Generation) -> String {
    let seed = generation.request.seed.unwrap_or_default();
    let time = text::duration(std::time::Duration::from_millis(generation.time_ms));
    format!("seed {seed} · {time} on {}", sanitize(&generation.device))
}
