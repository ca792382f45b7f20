//! Pictures: one request after the other, beside the kernels.

use std::collections::VecDeque;

use super::{Effect, Session, Step};
use crate::protocol::{
    CellId, DeviceKind, Event, ImageProgress, ImageRequest, ImageStatus, Timestamp,
};

/// What is asked for, and what is being made.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Images {
    current: Option<CellId>,
    queue: VecDeque<(CellId, ImageRequest)>,
    model: Option<String>,
    device: Option<DeviceKind>,
}

impl Session {
    /// Takes a request; it begins when those before it are done.
    pub(super) fn imagine(&mut self, request: ImageRequest, at: Timestamp, step: &mut Step) {
        let request = ImageRequest {
            model: request.model.or_else(|| self.images.model.clone()),
            device: request.device.or(self.images.device),
            ..request
        };
        let cell = self.next_cell();
        step.events.push(Event::ImageSubmitted {
            cell,
            request: request.clone(),
            at,
        });
        self.images.queue.push_back((cell, request));
        self.imagine_next(step);
    }

    fn imagine_next(&mut self, step: &mut Step) {
        if self.images.current.is_none()
            && let Some((cell, request)) = self.images.queue.pop_front()
        {
            self.images.current = Some(cell);
            let progress = ImageProgress::default();
            step.events.push(Event::ImageProgressed { cell, progress });
            step.effects.push(Effect::Imagine { cell, request });
        }
    }

    /// Whether this is what is being made. What was given up still talks for a step.
    pub(super) fn is_imagining(&self, cell: CellId) -> bool {
        self.images.current == Some(cell)
    }

    /// A request ended.
    pub(super) fn imagined(
        &mut self,
        cell: CellId,
        status: ImageStatus,
        at: Timestamp,
        step: &mut Step,
    ) {
        if self.is_imagining(cell) {
            self.images.current = None;
            self.withdraw_questions(cell, step);
            step.events.push(Event::ImageFinished { cell, status, at });
            self.imagine_next(step);
        }
    }

    /// Stops one request, or all of them.
    pub(super) fn stop_imagining(&mut self, cell: Option<CellId>, at: Timestamp, step: &mut Step) {
        let is_meant = |asked: CellId| cell.is_none_or(|cell| cell == asked);
        self.images.queue.retain(|(asked, _)| {
            if is_meant(*asked) {
                step.events.push(Event::ImageFinished {
                    cell: *asked,
                    status: ImageStatus::Dropped,
                    at,
                });
            }
            !is_meant(*asked)
        });
        if let Some(current) = self.images.current.filter(|current| is_meant(*current)) {
            self.withdraw_questions(current, step);
            step.effects.push(Effect::StopImagining);
        }
    }

    /// The end of the session is the end of what is being made.
    pub(super) fn give_up_images(&mut self, at: Timestamp, step: &mut Step) {
        self.stop_imagining(None, at, step);
        if let Some(cell) = self.images.current.take() {
            let status = ImageStatus::Interrupted;
            step.events.push(Event::ImageFinished { cell, status, at });
        }
    }

    pub(super) fn set_model(&mut self, model: Option<String>, step: &mut Step) {
        self.images.model = model;
        self.tell_image_settings(step);
    }

    pub(super) fn set_device(&mut self, device: Option<DeviceKind>, step: &mut Step) {
        self.images.device = device;
        self.tell_image_settings(step);
    }

    fn tell_image_settings(&self, step: &mut Step) {
        step.events.push(Event::ImageSettingsChanged {
            model: self.images.model.clone(),
            device: self.images.device,
        });
    }
}
