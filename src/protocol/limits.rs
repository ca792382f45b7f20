//! What a cell may use, and which bound it ran into.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Bounds on one cell. They hold in the worker process and are watched from outside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Wall-clock time for one cell; `None` is no bound.
    pub timeout: Option<Duration>,
    /// Time on processors for one cell, of all its threads and processes; `None` is no bound.
    #[serde(default)]
    pub cpu_time: Option<Duration>,
    /// Heap bytes that the kernel may hold.
    pub memory_bytes: u64,
    /// Bytes that a cell may print on both streams together.
    pub output_bytes: u64,
    /// Steps that a cell may take; `None` is no bound. See [`super::Cost::fuel_used`].
    #[serde(default)]
    pub fuel: Option<u64>,
    /// Whether code may run though a wall of the jail that it needs can't be had on this system.
    /// For code that you trust only.
    #[serde(default)]
    pub accept_missing_walls: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Some(Duration::from_mins(1)),
            cpu_time: None,
            memory_bytes: 512 << 20,
            output_bytes: 64 << 20,
            fuel: None,
            accept_missing_walls: false,
        }
    }
}

impl Limits {
    /// Says that a bound was reached, and which it was.
    pub(crate) fn reached(&self, kind: LimitKind) -> String {
        let bound = match kind {
            LimitKind::Fuel => format!("fuel limit of {} steps", self.fuel.unwrap_or_default()),
            LimitKind::Time => {
                let seconds = self.timeout.unwrap_or_default().as_secs_f64();
                format!("time limit of {seconds} s")
            }
            LimitKind::Cpu => {
                let seconds = self.cpu_time.unwrap_or_default().as_secs_f64();
                format!("limit of {seconds} s on the processor")
            }
            LimitKind::Memory => format!("memory limit of {} MiB", self.memory_bytes >> 20),
            LimitKind::Output => format!("output limit of {} MiB", self.output_bytes >> 20),
        };
        format!("{bound} reached")
    }
}

/// The bound that ended a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LimitKind {
    /// Wall-clock time.
    Time,
    /// Time on processors.
    Cpu,
    /// Heap memory.
    Memory,
    /// Printed bytes.
    Output,
    /// Counted steps.
    Fuel,
}
