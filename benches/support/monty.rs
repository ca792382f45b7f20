//! `pydantic-monty`, another sandbox for Python.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::figures::print_note;

/// The Python of `$MONTY`, which has `pydantic-monty` (`PyPI`): a sandbox for Python that counts, too,
/// in workers of its own.
pub fn find() -> Option<PathBuf> {
    let python = PathBuf::from(std::env::var_os("MONTY")?);
    let asks = "import pydantic_monty; print(pydantic_monty.__version__)";
    let said = Command::new(&python).args(["-I", "-c", asks]).output().ok();
    let said = said.filter(|said| said.status.success());
    let Some(said) = said else {
        print_note("no pydantic-monty in the Python of $MONTY");
        return None;
    };
    let version = String::from_utf8_lossy(&said.stdout).trim().to_owned();
    print_note(&format!("peer: pydantic-monty {version}"));
    Some(python)
}

/// Times code so many times in one session of a worker of `pydantic-monty`, with its limits on time
/// and memory set.
///
/// # Errors
/// When it can't be started; what it can't run gives no times.
pub fn times(python: &Path, code: &str, rounds: usize) -> io::Result<Vec<Duration>> {
    let timer = format!(
        "import time, sys, pydantic_monty\n\
         limits = {{'max_feed_duration_secs': 60.0, 'max_memory': 512 << 20}}\n\
         with pydantic_monty.Monty() as pool, pool.checkout(limits=limits) as session:\n    \
         session.feed_run(sys.argv[1])\n    \
         for _ in range({rounds}):\n        start = time.perf_counter()\n        \
         session.feed_run(sys.argv[1])\n        print(time.perf_counter() - start)"
    );
    let said = Command::new(python)
        .args(["-I", "-c", &timer, code])
        .output()?;
    if !said.status.success() {
        let why = String::from_utf8_lossy(&said.stderr).trim().to_owned();
        let last = why.lines().last().unwrap_or_default();
        print_note(&format!("pydantic-monty does not run this: {last}"));
    }
    String::from_utf8_lossy(&said.stdout)
        .lines()
        .map(|line| line.parse().map(Duration::from_secs_f64))
        .collect::<Result<_, _>>()
        .map_err(io::Error::other)
}
