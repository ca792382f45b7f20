//! Systems without a jail: every wall is missing, and says so.

use std::time::Duration;

use super::{Bounds, Missing, Wall, Walls};

fn none_of(walls: &[Wall]) -> Vec<Missing> {
    walls
        .iter()
        .map(|&wall| Missing {
            wall,
            reason: format!("companion has no jail for {}", std::env::consts::OS),
        })
        .collect()
}

pub(super) fn separate(_: Walls) -> Vec<Missing> {
    none_of(&Wall::ALL)
}

/// [`separate`] has reported them all.
pub(super) fn confine_keeper(_: Walls) -> Vec<Missing> {
    Vec::new()
}

/// [`separate`] has reported them all.
pub(super) fn confine_interpreter(_: &Bounds, _: Walls) -> Vec<Missing> {
    Vec::new()
}

/// Those that count more finely stand alone.
pub(super) fn bound_processor_time(_: Option<Duration>) {}
