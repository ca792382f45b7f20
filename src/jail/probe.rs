//! Native probes.
pub(super) const ARGUMENT: &str = "__companion-probe";
pub(super) fn run(_: &[String]) -> i32 {
    use super::*;
    use std::io::Write as _;
    let t = std::time::Instant::now();
    let a = separate();
    let t1 = t.elapsed();
    let b = confine_keeper();
    let t2 = t.elapsed();
    let c = confine_interpreter(&Bounds {
        address_space_bytes: 1 << 30,
        cpu: None,
        open_files: 16,
    });
    let t3 = t.elapsed();
    let _ = writeln!(std::io::stdout(), "{t1:?} {t2:?} {t3:?} {a:?} {b:?} {c:?}");
    0
}
