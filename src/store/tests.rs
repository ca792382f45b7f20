//! The conformance suite of backends, and what sled has to stand.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::*;
use crate::protocol::{
    Artifact, BlobId, CellId, Cost, Generation, HistoryKind, ImageRequest, Language, MediaType,
    Outcome, OutputExcerpt, Status, Stream, Timestamp,
};

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn typed(session: &str, source: &str) -> NewHistoryEntry {
    NewHistoryEntry {
        session: SessionId(session.to_owned()),
        at: Timestamp(1_700_000_000_000),
        language: Language::Python,
        source: source.to_owned(),
        kind: HistoryKind::Cell,
    }
}

fn sources(store: &dyn Store) -> Vec<String> {
    let entries = store.history_since(0).expect("readable");
    entries.into_iter().map(|entry| entry.source).collect()
}

fn a_session(session: &SessionId, at: u64, cells: u64) -> Vec<Event> {
    let mut events = vec![Event::SessionStarted {
        session: session.clone(),
        at: Timestamp(at),
    }];
    for n in 1..=cells {
        let mut output = OutputExcerpt::default();
        output.push(Stream::Stdout, &format!("é\u{1b}[31m {n}\n\0"));
        events.push(Event::CellSubmitted {
            cell: CellId(n),
            language: Language::JavaScript,
            source: format!("cell {n}"),
            at: Timestamp(at + n),
        });
        events.push(Event::CellFinished {
            cell: CellId(n),
            outcome: Outcome {
                status: Status::Error {
                    ename: "E".into(),
                    evalue: "v".into(),
                    traceback: "t\n".into(),
                },
                result: Some("r".into()),
                output,
                cost: Cost {
                    execution_time: Duration::new(1, 234_567_891),
                    peak_memory_bytes: 5,
                    fuel_used: 6,
                    waited: Duration::from_secs(2),
                },
            },
            at: Timestamp(at + n),
        });
    }
    events
}

/// What every backend must do. `open` is called again and again on the same place.
fn conformance(open: &dyn Fn() -> Box<dyn Store>) {
    let store = open();
    assert_eq!(store.history_since(0).expect("empty"), []);
    assert_eq!(store.sessions().expect("empty"), []);
    let nobody = SessionId("nobody".into());
    assert_eq!(store.replay(&nobody).expect("empty"), []);

    // History: ids rise, texts come back as they were, also to an instance opened before.
    let other = open();
    let texts = ["1 + 1", "a\nb\r\n", "", "é\0\u{1b}]0;x\u{7}", " private"];
    for (n, text) in texts.iter().enumerate() {
        let writer = if n % 2 == 0 { &store } else { &other };
        let new = NewHistoryEntry {
            kind: HistoryKind::Slash,
            language: Language::JavaScript,
            ..typed("s", text)
        };
        let entry = writer.append_history(new).expect("appended");
        assert_eq!(entry.id, n as u64 + 1);
        assert_eq!(&entry.source, text);
        assert_eq!(entry.kind, HistoryKind::Slash);
        assert_eq!(entry.language, Language::JavaScript);
    }
    assert_eq!(sources(&*open()), texts);
    let since: Vec<_> = store.history_since(3).expect("readable");
    assert_eq!(
        since.iter().map(|entry| entry.id).collect::<Vec<_>>(),
        [4, 5]
    );
    assert_eq!(store.history_since(5).expect("readable"), []);
    assert_eq!(store.history_since(u64::MAX).expect("readable"), []);

    // Caps: refused whole, and the next one goes in.
    let huge = "x".repeat(MAX_SOURCE_BYTES + 1);
    let refused = store.append_history(typed("s", &huge));
    assert!(matches!(refused, Err(StoreError::TooLarge { .. })));
    let largest = store.append_history(typed("s", &huge[1..]));
    assert_eq!(largest.expect("just fits").id, 6);

    // Events: what is durable comes back, in order, session by session.
    let (early, late) = (
        SessionId::new(Timestamp(1000), 7),
        SessionId::new(Timestamp(2000), 1),
    );
    let (first, second) = (a_session(&early, 1000, 3), a_session(&late, 2000, 2));
    let (begin, rest) = first.split_at(2);
    store.append_events(&early, begin).expect("appended");
    other.append_events(&late, &second).expect("appended");
    other.append_events(&early, rest).expect("appended");
    let passing = Event::CellOutput {
        cell: CellId(1),
        stream: Stream::Stdout,
        text: "x".into(),
    };
    store
        .append_events(&early, &[passing])
        .expect("nothing to do");
    store.append_events(&early, &[]).expect("nothing to do");
    let again = open();
    assert_eq!(again.replay(&early).expect("readable"), first);
    assert_eq!(again.replay(&late).expect("readable"), second);
    let summary = |id: &SessionId, started, cells, last| SessionSummary {
        id: id.clone(),
        started: Timestamp(started),
        cells,
        last: Timestamp(last),
    };
    let expected = [
        summary(&late, 2000, 2, 2002),
        summary(&early, 1000, 3, 1003),
    ];
    assert_eq!(again.sessions().expect("readable"), expected);
    let large = "y".repeat(3 << 20);
    let event = Event::CellSubmitted {
        cell: CellId(1),
        language: Language::Python,
        source: large,
        at: Timestamp(3000),
    };
    let third = SessionId::new(Timestamp(3000), 0);
    let events = [event];
    again.append_events(&third, &events).expect("appended");
    assert_eq!(store.replay(&third).expect("readable"), events);

    // Pictures: those of all sessions, newest first, also for an instance opened before.
    let made = |prompt: &str, at| Event::ImageMade {
        cell: CellId(1),
        artifact: Artifact {
            blob: BlobId([1; 32]),
            media_type: MediaType::Png,
            name: "x.png".into(),
            width: 1,
            height: 1,
            size_bytes: 1,
        },
        generation: Box::new(Generation {
            request: ImageRequest {
                prompt: prompt.into(),
                ..ImageRequest::default()
            },
            ..Generation::default()
        }),
        at: Timestamp(at),
    };
    assert_eq!(store.pictures().expect("none"), []);
    let apples = [made("a red Apple", 4000), made("an apple pie", 4001)];
    store.append_events(&early, &apples).expect("appended");
    let pears = [made("a pear", 3500)];
    again.append_events(&late, &pears).expect("appended");
    let pictures = other.pictures().expect("readable");
    let prompts = |words: &str| -> Vec<String> {
        let fitting = pictures.iter().filter(|picture| picture.has_words(words));
        fitting
            .map(|picture| picture.generation.request.prompt.clone())
            .collect()
    };
    assert_eq!(prompts(""), ["an apple pie", "a red Apple", "a pear"]);
    assert_eq!(prompts("APPLE red"), ["a red Apple"]);
    assert_eq!(open().pictures().expect("readable"), pictures);

    // Blobs.
    let blobs = store.blobs();
    for bytes in [&b""[..], b"one", &vec![7; 300 << 10]] {
        let id = blobs.put(bytes).expect("stored");
        assert_eq!(id, BlobId(*blake3::hash(bytes).as_bytes()));
        assert_eq!(blobs.put(bytes).expect("stored again"), id);
        assert_eq!(again.blobs().read(id).expect("readable"), bytes);
        let mut spooled = blobs.spool().expect("a file");
        spooled.write_all(bytes).expect("written");
        assert_eq!(blobs.put_file(spooled).expect("stored"), id);
    }
    let nothing = blobs.read(BlobId([1; 32]));
    assert!(matches!(nothing, Err(StoreError::BlobMissing { .. })));

    for store in [store, other, again, open()] {
        assert_eq!(store.take_warnings(), [], "nothing was wrong");
    }
}

#[test]
fn sled_conforms() {
    let folder = folder();
    let data = folder.path().join("not/yet/there");
    conformance(&|| super::open(&data));
}

#[test]
fn reading_creates_nothing() {
    let folder = folder();
    let data = folder.path().join("data");
    let store = super::open(&data);
    assert_eq!(sources(&*store), [""; 0]);
    assert_eq!(store.sessions().expect("empty"), []);
    assert!(!data.exists());
}

#[test]
fn a_leading_space_asks_not_to_be_remembered() {
    assert!(HistoryEntry::is_private(" token = 'x'"));
    assert!(!HistoryEntry::is_private("token = 'x'"));
    assert!(!HistoryEntry::is_private("\ttoken"));
    assert!(!HistoryEntry::is_private(""));
}

// Other processes: the test binary runs itself with one test, which is a writer when told so.

const WRITER: &str = "COMPANION_TEST_STORE_WRITER";

fn start_writer(data: &Path, name: &str, count: u64) -> Child {
    let (_, module) = module_path!().split_once("::").expect("in a crate");
    let test = format!("{module}::writer_process");
    Command::new(std::env::current_exe().expect("known"))
        .args(["--exact", &test, "--nocapture", "--test-threads=1"])
        .env(WRITER, format!("{name}:{count}:{}", data.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("started")
}

/// No test of its own: the other process of the tests below. It prints `acknowledged ID SOURCE`.
#[test]
fn writer_process() {
    let Ok(order) = std::env::var(WRITER) else {
        return;
    };
    let mut parts = order.splitn(3, ':');
    let name = parts.next().expect("a name");
    let count: u64 = parts.next().and_then(|n| n.parse().ok()).expect("a count");
    let data = PathBuf::from(parts.next().expect("a folder"));
    let store = super::open(&data);
    let session = SessionId(name.to_owned());
    let mut stdout = std::io::stdout();
    for n in 0..count {
        let source = format!("{name}-{n}");
        let entry = store
            .append_history(typed(name, &source))
            .expect("appended");
        let line = format!("\nacknowledged {} {source}\n", entry.id);
        stdout.write_all(line.as_bytes()).expect("printed");
        if n % 4 == 0 {
            let event = Event::CellSubmitted {
                cell: CellId(n),
                language: Language::Python,
                source,
                at: Timestamp(n),
            };
            store.append_events(&session, &[event]).expect("appended");
        }
    }
}

/// The next acknowledged entry, if there comes one.
fn next_acknowledged(
    lines: &mut dyn Iterator<Item = std::io::Result<String>>,
) -> Option<(u64, String)> {
    lines.map_while(Result::ok).find_map(|line| {
        let mut words = line.strip_prefix("acknowledged ")?.split(' ');
        Some((words.next()?.parse().ok()?, words.next()?.to_owned()))
    })
}

#[test]
fn two_processes_at_once_lose_nothing() {
    const COUNT: u64 = 100;
    let folder = folder();
    let mut writers = ["a", "b"].map(|name| start_writer(folder.path(), name, COUNT));
    for writer in &mut writers {
        let stdout = writer.stdout.take().expect("piped");
        let mut lines = BufReader::new(stdout).lines();
        let mut last = 0;
        for _ in 0..COUNT {
            let (id, _) = next_acknowledged(&mut lines).expect("every append succeeds");
            assert!(id > last, "ids rise");
            last = id;
        }
        assert!(lines.all(|line| line.is_ok()));
        assert!(writer.wait().expect("ended").success());
    }
    let store = super::open(folder.path());
    let entries = store.history_since(0).expect("readable");
    let ids: Vec<_> = entries.iter().map(|entry| entry.id).collect();
    assert_eq!(ids, (1..=2 * COUNT).collect::<Vec<_>>());
    for name in ["a", "b"] {
        let own = entries.iter().filter(|entry| entry.session.0 == name);
        let expected = (0..COUNT).map(|n| format!("{name}-{n}"));
        assert!(own.map(|entry| entry.source.clone()).eq(expected));
        let events = store.replay(&SessionId(name.to_owned()));
        assert_eq!(events.expect("readable").len() as u64, COUNT / 4);
    }
    assert_eq!(store.take_warnings(), []);
}

#[test]
fn kill_at_any_moment_loses_nothing_acknowledged() {
    const ROUNDS: u64 = 60;
    let folder = folder();
    let mut acknowledged = Vec::new();
    // Knuth's multiplicative hash spreads the moments; they fall differently on every machine.
    let spread = |round: u64, range: u64| (round.wrapping_mul(2_654_435_761) >> 8) % range;
    for round in 0..ROUNDS {
        let mut writer = start_writer(folder.path(), &format!("r{round}"), 1000);
        let stdout = writer.stdout.take().expect("piped");
        let mut lines = BufReader::new(stdout).lines();
        for _ in 0..spread(round, 5) {
            acknowledged.push(next_acknowledged(&mut lines).expect("appended"));
        }
        std::thread::sleep(Duration::from_micros(spread(round + 100, 30_000)));
        writer.kill().expect("killed");
        while let Some(entry) = next_acknowledged(&mut lines) {
            acknowledged.push(entry);
        }
        writer.wait().expect("ended");
        let store = super::open(folder.path());
        let entries = store.history_since(0).expect("readable");
        for (id, source) in &acknowledged {
            let found = entries.iter().find(|entry| entry.id == *id);
            assert_eq!(found.map(|entry| &entry.source), Some(source));
        }
        assert!(entries.is_sorted_by(|a, b| a.id < b.id));
        assert!(store.sessions().is_ok());
        assert_eq!(store.take_warnings(), []);
    }
    assert!(acknowledged.len() > 20);
}

// Damage.

/// A store with 40 entries and a session with many events, enough for sled to have many pages.
fn filled(data: &Path) -> (Vec<HistoryEntry>, Vec<Event>) {
    let store = super::open(data);
    let session = SessionId("s".into());
    let events = a_session(&session, 1000, 2000);
    for chunk in events.chunks(1000) {
        store.append_events(&session, chunk).expect("appended");
    }
    let entries = (0..40).map(|n| {
        let source = format!("entry {n} {}", "x".repeat(n * 37 % 500));
        store.append_history(typed("s", &source)).expect("appended")
    });
    (entries.collect(), events)
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("created");
    for entry in fs::read_dir(from).expect("listed") {
        let entry = entry.expect("listed");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

fn overwrite(path: &Path, at: usize, length: usize) {
    let mut bytes = fs::read(path).expect("readable");
    let end = (at + length).min(bytes.len());
    for (n, byte) in bytes[at.min(end)..end].iter_mut().enumerate() {
        *byte = u8::try_from(n * 31 % 251).expect("below 256") ^ 0xa5;
    }
    fs::write(path, bytes).expect("written");
}

#[test]
fn a_damaged_index_comes_back_from_the_journal() {
    let (original, copies) = (folder(), folder());
    let (entries, events) = filled(original.path());
    let database = Path::new("history-v1.sled/db");
    let size = fs::metadata(original.path().join(database))
        .expect("there")
        .len();
    let size = usize::try_from(size).expect("small");
    let check = |name: &str, damage: &dyn Fn(&Path)| -> Vec<StoreWarning> {
        let data = copies.path().join(name);
        copy_folder(original.path(), &data);
        damage(&data);
        let store = super::open(&data);
        let read = store.history_since(0);
        assert_eq!(read.unwrap_or_else(|e| panic!("{name}: {e:?}")), entries);
        let read = store.replay(&SessionId("s".into()));
        assert_eq!(read.unwrap_or_else(|e| panic!("{name}: {e:?}")), events);
        assert_eq!(store.sessions().expect("readable").len(), 1);
        let next = store.append_history(typed("s", "next")).expect("appended");
        assert_eq!(next.id, entries.len() as u64 + 1);
        assert_eq!(sources(&*super::open(&data)).len(), entries.len() + 1);
        store.take_warnings()
    };
    for tenth in 0..10 {
        check(&format!("a page at {tenth}0 %"), &|data| {
            overwrite(&data.join(database), size * tenth / 10 + 100, 4096);
        });
        check(&format!("a word at {tenth}5 %"), &|data| {
            overwrite(&data.join(database), size * (tenth * 2 + 1) / 20, 8);
        });
    }
    let told = [
        check("all of it", &|data| {
            overwrite(&data.join(database), 0, size);
        }),
        check("cut in half", &|data| {
            let file = fs::File::options().write(true).open(data.join(database));
            let half = (size / 2) as u64;
            file.and_then(|file| file.set_len(half)).expect("cut");
        }),
        check("empty", &|data| {
            fs::write(data.join(database), "").expect("cut");
        }),
        check("its settings", &|data| {
            fs::write(data.join("history-v1.sled/conf"), "rubbish rubbish").expect("written");
        }),
        check("gone", &|data| {
            fs::remove_dir_all(data.join("history-v1.sled")).expect("deleted");
        }),
        check("a file instead", &|data| {
            fs::remove_dir_all(data.join("history-v1.sled")).expect("deleted");
            fs::write(data.join("history-v1.sled"), "x").expect("written");
        }),
    ];
    for (n, warnings) in told.iter().enumerate() {
        let is_told = warnings.iter().any(
            |warning| matches!(warning, StoreWarning::Rebuilt { records, .. } if *records >= 42),
        );
        assert!(is_told, "case {n}: {warnings:?}");
    }
}

#[test]
fn a_torn_line_is_cut_off() {
    let folder = folder();
    let store = super::open(folder.path());
    store.append_history(typed("s", "one")).expect("appended");
    let journal = folder.path().join("history-v1.journal");
    let whole = fs::read(&journal).expect("there");
    let torn = [&whole[..], &whole[..whole.len() / 2]].concat();
    fs::write(&journal, torn).expect("written");
    assert_eq!(sources(&*store), ["one"]);
    store.append_history(typed("s", "two")).expect("appended");
    fs::remove_dir_all(folder.path().join("history-v1.sled")).expect("deleted");
    assert_eq!(sources(&*store), ["one", "two"]);
    let warnings = store.take_warnings();
    assert!(
        matches!(warnings[..], [StoreWarning::Rebuilt { records: 2, .. }]),
        "{warnings:?}"
    );
}

#[test]
fn a_damaged_line_costs_itself_only() {
    let folder = folder();
    let store = super::open(folder.path());
    for source in ["one", "two", "three"] {
        store.append_history(typed("s", source)).expect("appended");
    }
    let journal = folder.path().join("history-v1.journal");
    let text = fs::read_to_string(&journal).expect("there");
    fs::write(&journal, text.replace("two", "TWO")).expect("written");
    fs::remove_dir_all(folder.path().join("history-v1.sled")).expect("deleted");
    assert_eq!(sources(&*store), ["one", "three"]);
    let warnings = store.take_warnings();
    assert!(
        matches!(
            warnings[..],
            [
                StoreWarning::Rebuilt { records: 2, .. },
                StoreWarning::LinesSkipped { lines: 1, .. }
            ]
        ),
        "{warnings:?}"
    );
    assert_eq!(
        store
            .append_history(typed("s", "four"))
            .expect("appended")
            .id,
        4
    );
    assert_eq!(
        sources(&*super::open(folder.path())),
        ["one", "three", "four"]
    );
    assert_eq!(store.take_warnings(), []);
}

#[test]
fn a_lost_journal_is_written_anew() {
    for keep in [0, 10, usize::MAX] {
        let folder = folder();
        let store = super::open(folder.path());
        let session = SessionId("s".into());
        let events = a_session(&session, 5, 2);
        store.append_events(&session, &events).expect("appended");
        for source in ["one", "two"] {
            store.append_history(typed("s", source)).expect("appended");
        }
        let journal = folder.path().join("history-v1.journal");
        if keep == usize::MAX {
            fs::remove_file(&journal).expect("deleted");
        } else {
            let bytes = fs::read(&journal).expect("there");
            fs::write(&journal, &bytes[..keep]).expect("written");
        }
        assert_eq!(sources(&*store), ["one", "two"]);
        let warnings = store.take_warnings();
        assert!(
            matches!(warnings[..], [StoreWarning::JournalRewritten { .. }]),
            "{warnings:?}"
        );
        store.append_history(typed("s", "three")).expect("appended");
        fs::remove_dir_all(folder.path().join("history-v1.sled")).expect("deleted");
        assert_eq!(sources(&*store), ["one", "two", "three"]);
        assert_eq!(store.replay(&session).expect("readable"), events);
    }
}

#[test]
fn when_both_are_damaged_what_is_readable_stays() {
    let folder = folder();
    let (entries, _) = filled(folder.path());
    let journal = folder.path().join("history-v1.journal");
    let length = fs::metadata(&journal).expect("there").len();
    let file = fs::File::options().write(true).open(&journal);
    // The last line goes whole, and the line before it in part.
    let last = entries.last().expect("some").source.len() as u64;
    file.and_then(|file| file.set_len(length - last - 200))
        .expect("cut");
    let database = folder.path().join("history-v1.sled/db");
    let size = fs::metadata(&database).expect("there").len();
    let size = usize::try_from(size).expect("small");
    overwrite(&database, size / 2, size / 4);
    let store = super::open(folder.path());
    let left = store.history_since(0).expect("readable");
    assert!(left.len() >= entries.len() - 2);
    assert_eq!(left, entries[..left.len()]);
    assert!(!store.take_warnings().is_empty());
    let next = store.append_history(typed("s", "next")).expect("appended");
    assert_eq!(next.id, left.len() as u64 + 1);
    let again = super::open(folder.path());
    assert_eq!(
        again.history_since(0).expect("readable").len(),
        left.len() + 1
    );
    assert_eq!(again.take_warnings(), []);
}

#[test]
fn an_index_left_behind_catches_up() {
    let folder = folder();
    let store = super::open(folder.path());
    store.append_history(typed("s", "one")).expect("appended");
    let (index, old) = (
        folder.path().join("history-v1.sled"),
        folder.path().join("old"),
    );
    copy_folder(&index, &old);
    for source in ["two", "three"] {
        store.append_history(typed("s", source)).expect("appended");
    }
    fs::remove_dir_all(&index).expect("deleted");
    fs::rename(&old, &index).expect("moved");
    assert_eq!(sources(&*store), ["one", "two", "three"]);
    assert_eq!(
        store.take_warnings(),
        [StoreWarning::CaughtUp { records: 2 }]
    );
}

#[test]
fn a_changed_blob_is_noticed() {
    let folder = folder();
    let store = super::open(folder.path());
    let id = store.blobs().put(b"bytes").expect("stored");
    fs::write(store.blobs().path(id), b"bites").expect("written");
    let read = store.blobs().read(id);
    assert!(matches!(read, Err(StoreError::BlobDamaged { .. })));
}

#[test]
fn old_spooled_files_are_swept() {
    let folder = folder();
    let store = super::open(folder.path());
    let keep = |age_hours| {
        let file = store.blobs().spool().expect("a file");
        let time = std::time::SystemTime::now() - Duration::from_hours(age_hours);
        file.as_file().set_modified(time).expect("set");
        file.into_temp_path().keep().expect("kept")
    };
    let (old, new) = (keep(25), keep(1));
    let id = store.blobs().put(b"bytes").expect("stored");
    store.blobs().sweep();
    assert!(!old.exists() && new.exists());
    assert!(store.blobs().read(id).is_ok());
}

#[test]
fn a_folder_that_cant_be_written_is_told() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let data = file.path().join("data");
    let store = super::open(&data);
    let error = store
        .append_history(typed("s", "one"))
        .expect_err("there is no folder");
    assert!(error.to_string().contains(&data.display().to_string()));
    assert!(error.hint().contains("--data-dir"), "{}", error.hint());
    assert!(store.blobs().put(b"x").is_err());
    assert_eq!(sources(&*store), [""; 0], "the session goes on");
}

#[test]
fn a_history_in_use_can_be_read_but_not_added_to() {
    let folder = folder();
    let store = super::open(folder.path());
    let session = SessionId("s".into());
    let events = a_session(&session, 5, 2);
    store.append_history(typed("s", "one")).expect("appended");
    store.append_events(&session, &events).expect("appended");
    let read = || {
        let store = super::open(folder.path());
        let history = store.history_since(0).expect("readable");
        let events = store.replay(&session).expect("readable");
        let sessions = store.sessions().expect("readable");
        (history, events, sessions, store.take_warnings().len())
    };
    let (history, replayed, sessions, warnings) = read();
    assert_eq!((&replayed, warnings), (&events, 0));
    let lock = fs::File::options()
        .write(true)
        .open(folder.path().join("history-v1.lock"))
        .expect("there");
    lock.lock().expect("locked");
    // All at once: each of them waits for seconds.
    std::thread::scope(|scope| {
        let reader = scope.spawn(read);
        let error = store
            .append_history(typed("s", "two"))
            .expect_err("it is in use");
        assert!(matches!(error, StoreError::Busy { .. }), "{error}");
        let expected = (history, replayed, sessions, 3);
        assert_eq!(reader.join().expect("no panic"), expected);
    });
    drop(lock);
    assert_eq!(sources(&*store), ["one"]);
}
