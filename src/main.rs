//! The companion binary.

use std::process::ExitCode;

/// Counts in kernel workers only: the memory limit and the cost line come from it.
#[global_allocator]
static ALLOCATOR: companion::CountingAllocator = companion::CountingAllocator;

fn main() -> ExitCode {
    companion::become_worker_if_asked();
    companion::cli::main()
}
