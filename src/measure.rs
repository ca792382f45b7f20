//! What `benches/fuel.rs` and `benches/tools.rs` need and nobody else gets: an interpreter that counts
//! no steps, and calls of tools. Not in any build without the feature `measure`.

pub mod tools;

use std::time::Duration;

use crate::kernel::{ExecuteMode, ExecuteRequest, ThreadKernel, UNMETERED};
use crate::protocol::{Language, Limits, Status};

/// Runs a program in a fresh interpreter on a thread: once to warm up, then so many times. The
/// times of those, and the steps of one.
///
/// # Panics
/// When the program fails.
pub fn times(language: Language, code: &str, metered: bool, rounds: usize) -> (Vec<Duration>, u64) {
    UNMETERED.store(!metered, std::sync::atomic::Ordering::SeqCst);
    let limits = Limits::default();
    let mut kernel = ThreadKernel::start(language, &limits).expect("an interpreter starts");
    let mut fuel_used = 0;
    let mut run = |execution_count| {
        let request = ExecuteRequest {
            source: code.to_owned(),
            mode: ExecuteMode::Cell { execution_count },
            fuel: None,
            cpu_time: None,
        };
        let finished = kernel.execute(request, &mut |_, _| {});
        assert_eq!(finished.status, Status::Ok);
        fuel_used = finished.cost.fuel_used;
        finished.cost.execution_time
    };
    run(1);
    let times = (0..rounds).map(|round| run(round as u64 + 2)).collect();
    (times, fuel_used)
}
