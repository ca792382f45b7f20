//! The audit log: every way to tamper with it is told, and a crash is not taken for one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::audit::{AuditEntry, AuditLog, Durability, Phase};
use super::clock::Clock;
use super::verification::{Tampering, Verification, records, verify};
use crate::protocol::CallOrigin;

struct Log {
    _folder: tempfile::TempDir,
    path: PathBuf,
}

impl Log {
    /// A log of so many lines, closed.
    fn of(lines: usize) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("audit/log.jsonl");
        let log = Self {
            _folder: folder,
            path,
        };
        log.append(lines);
        log
    }

    fn append(&self, lines: usize) {
        let log = AuditLog::open(&self.path, Clock::paused()).expect("opened");
        for number in 0..lines {
            log.append(entry(number), Durability::Soon)
                .expect("appended");
        }
    }

    fn lines(&self) -> Vec<String> {
        let text = fs::read_to_string(&self.path).expect("read");
        text.lines().map(str::to_owned).collect()
    }

    fn write(&self, lines: &[String]) {
        let mut text = lines.join("\n");
        text.push('\n');
        fs::write(&self.path, text).expect("written");
    }

    fn verify(&self) -> Verification {
        verify(&self.path).expect("read")
    }

    fn head(&self) -> PathBuf {
        PathBuf::from(format!("{}.head", self.path.display()))
    }
}

fn entry(number: usize) -> AuditEntry {
    AuditEntry {
        tool: "write_file".to_owned(),
        origin: CallOrigin::Model,
        phase: Phase::Ended,
        arguments: json!({ "path": format!("/tmp/{number}") }),
        rule: Some("line 1: allow write_file".to_owned()),
        outcome: "done".to_owned(),
        message: None,
        duration_ms: 3,
    }
}

#[test]
fn an_honest_log_is_sound_and_reads_back() {
    let log = Log::of(5);
    let sound = |lines| Verification {
        lines,
        ..Verification::default()
    };
    assert_eq!(log.verify(), sound(5));
    log.append(2);
    assert_eq!(log.verify(), sound(7));
    let records = records(&log.path).expect("read");
    let numbers: Vec<u64> = records.iter().map(|record| record.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(records[6].entry, entry(1));
    assert_eq!(Log::of(0).verify(), sound(0));
}

#[test]
fn an_edit_of_any_line_is_told() {
    for at in 0..5 {
        let log = Log::of(5);
        let mut lines = log.lines();
        lines[at] = lines[at].replace("write_file", "read_file");
        log.write(&lines);
        let line = at as u64 + 1;
        assert_eq!(log.verify().tampering, [Tampering::Edited { line }], "{at}");
    }
}

#[test]
fn a_removed_line_is_told_wherever_it_was() {
    for at in 0..5 {
        let log = Log::of(5);
        let mut lines = log.lines();
        lines.remove(at);
        log.write(&lines);
        let expected = if at == 4 {
            Tampering::Truncated { missing: 1 }
        } else {
            Tampering::Removed {
                line: at as u64 + 1,
                missing: 1,
            }
        };
        assert_eq!(log.verify().tampering, [expected], "{at}");
    }
}

#[test]
fn another_order_is_told() {
    let log = Log::of(5);
    let mut lines = log.lines();
    lines.swap(1, 2);
    log.write(&lines);
    let tampering = log.verify().tampering;
    assert!(
        tampering.contains(&Tampering::Reordered { line: 3 }),
        "{tampering:?}"
    );
}

#[test]
fn a_cut_end_is_told_also_when_the_log_goes_on() {
    let log = Log::of(5);
    let lines = log.lines();
    log.write(&lines[..2]);
    assert_eq!(
        log.verify().tampering,
        [Tampering::Truncated { missing: 3 }]
    );
    log.append(1);
    assert_eq!(
        log.verify().tampering,
        [Tampering::Removed {
            line: 3,
            missing: 3
        }]
    );
    fs::write(&log.path, "").expect("emptied");
    assert_eq!(
        log.verify().tampering,
        [Tampering::Truncated { missing: 6 }]
    );
    fs::remove_file(&log.path).expect("removed");
    log.append(1);
    assert_eq!(
        log.verify().tampering,
        [Tampering::Removed {
            line: 1,
            missing: 6
        }]
    );
}

#[test]
fn a_chain_that_was_computed_anew_does_not_fit_its_head() {
    let (log, other) = (Log::of(3), Log::of(3));
    let mut forged = other.lines();
    forged.remove(1);
    let text = fs::read_to_string(&log.path).expect("read");
    // A sound chain of as many lines, but not this one.
    fs::remove_file(other.head()).expect("removed");
    other.write(&forged[..1]);
    other.append(2);
    assert_ne!(fs::read_to_string(&other.path).expect("read"), text);
    fs::copy(&other.path, &log.path).expect("copied");
    assert_eq!(log.verify().tampering, [Tampering::Edited { line: 3 }]);
}

#[test]
fn a_lost_or_damaged_head_is_told() {
    let log = Log::of(3);
    fs::write(log.head(), "{").expect("written");
    assert_eq!(log.verify().tampering, [Tampering::Head]);
    fs::remove_file(log.head()).expect("removed");
    assert_eq!(log.verify().tampering, [Tampering::Head]);
}

#[test]
fn a_torn_line_is_a_crash_and_is_cut_off() {
    let log = Log::of(3);
    let mut bytes = fs::read(&log.path).expect("read");
    bytes.extend_from_slice(b"{\"version\":1,\"num");
    fs::write(&log.path, bytes).expect("written");
    let found = log.verify();
    assert_eq!(
        (found.lines, found.torn_bytes, found.tampering.len()),
        (3, 17, 0)
    );
    log.append(1);
    assert_eq!(
        log.verify(),
        Verification {
            lines: 4,
            ..Verification::default()
        }
    );
    // Half of a line that was sealed is no crash.
    let bytes = fs::read(&log.path).expect("read");
    fs::write(&log.path, &bytes[..bytes.len() - 9]).expect("written");
    assert_eq!(
        log.verify().tampering,
        [Tampering::Truncated { missing: 1 }]
    );
    fs::write(&log.path, b"not json\n").expect("written");
    assert!(
        log.verify()
            .tampering
            .contains(&Tampering::Unreadable { line: 1 })
    );
}

#[test]
fn what_is_sealed_when() {
    let log = Log::of(0);
    let clock = Clock::paused();
    let open = AuditLog::open(&log.path, clock.clone()).expect("opened");
    let append = |durability| open.append(entry(0), durability).expect("appended");
    append(Durability::Soon);
    assert_eq!(log.verify().unsealed, 0, "the first is");
    append(Durability::Soon);
    append(Durability::Soon);
    assert_eq!(log.verify().unsealed, 2, "others wait");
    append(Durability::Now);
    assert_eq!(log.verify().unsealed, 0, "a dangerous one does not");
    append(Durability::Soon);
    clock.advance(Duration::from_secs(1));
    append(Durability::Soon);
    assert_eq!(log.verify().unsealed, 0, "a second later");
    append(Durability::Soon);
    drop(open);
    assert_eq!(
        log.verify(),
        Verification {
            lines: 7,
            ..Verification::default()
        }
    );
}

#[test]
fn many_writers_make_one_chain() {
    let log = Log::of(0);
    let open = |path: &Path| Arc::new(AuditLog::open(path, Clock::default()).expect("opened"));
    std::thread::scope(|scope| {
        for log in [open(&log.path), open(&log.path), open(&log.path)] {
            scope.spawn(move || {
                for number in 0..50 {
                    log.append(entry(number), Durability::Soon)
                        .expect("appended");
                }
            });
        }
    });
    assert_eq!(
        log.verify(),
        Verification {
            lines: 150,
            ..Verification::default()
        }
    );
}
