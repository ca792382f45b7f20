//! Files that were granted, of any kind and name, and how much of them.

use super::*;

#[test]
fn a_link_that_is_swapped_in_is_never_followed() {
    let place = Place::new();
    let stop = Arc::new(AtomicBool::new(false));
    let swapped = Arc::new(AtomicUsize::new(0));
    let swapper = {
        let (data, secret) = (place.at("data"), place.at("secret.txt"));
        let outer = place.at("");
        let (stop, swapped) = (Arc::clone(&stop), Arc::clone(&swapped));
        fs::write(outer.join("other/x"), SECRET).expect("a file");
        std::thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                // The file, and the folder that it is in, in turn with links that lead out.
                symlink(&secret, data.join("new")).expect("a link");
                fs::rename(data.join("new"), data.join("f")).expect("a rename");
                fs::write(data.join("new"), "harmless").expect("a file");
                fs::rename(data.join("new"), data.join("f")).expect("a rename");
                fs::create_dir(data.join("d")).expect("a folder");
                fs::write(data.join("d/x"), "harmless").expect("a file");
                fs::rename(data.join("d"), data.join("d.old")).expect("a rename");
                symlink("../other", data.join("d")).expect("a link");
                fs::remove_file(data.join("d")).expect("a link");
                fs::remove_dir_all(data.join("d.old")).expect("a folder");
                swapped.fetch_add(1, Ordering::Relaxed);
            }
        })
    };
    let executor = executor([place.reading()]);
    let code = "
import time
seen, errors = set(), set()
end = time.monotonic() + 1.5
while time.monotonic() < end:
    for name in ('f', 'd/x'):
        try:
            seen.add(open(name).read())
        except OSError as error:
            errors.add(type(error).__name__)
print(sorted(seen - {''}), 'PermissionError' in errors)
";
    let printed = prints(&executor, Python, code);
    stop.store(true, Ordering::Relaxed);
    swapper.join().expect("it has swapped");
    assert!(swapped.load(Ordering::Relaxed) > 20);
    // Both were met: the harmless file, and the link that was refused.
    assert_eq!(printed, "['harmless'] True\n");
}

#[test]
fn a_grant_holds_what_was_there_when_it_was_given() {
    let place = Place::new();
    let executor = executor([place.reading()]);
    assert_eq!(
        prints(&executor, Python, "print(open('a.txt').readline(), end='')"),
        "alpha\n"
    );
    fs::rename(place.at("data"), place.at("moved")).expect("a rename");
    symlink(place.at("other"), place.at("data")).expect("a link");
    fs::write(place.at("other/a.txt"), SECRET).expect("a file");
    // The path leads elsewhere now; the grant is for the folder.
    assert_eq!(
        prints(&executor, Python, "print(open('a.txt').readline(), end='')"),
        "alpha\n"
    );
}

#[test]
fn what_is_no_file_is_refused_and_nothing_waits_for_it() {
    let place = Place::new();
    let fifo = place.at("data/fifo");
    let made = Command::new("mkfifo").arg(&fifo).status().expect("mkfifo");
    assert!(made.success());
    symlink("/dev/zero", place.at("data/zero")).expect("a link");
    let _socket =
        std::os::unix::net::UnixListener::bind(place.at("data/socket")).expect("a socket");
    let executor = executor([
        place.writing(1 << 20),
        Grant::Read {
            path: "/dev".into(),
        },
    ]);
    let started = Instant::now();
    for (code, what) in [
        ("open('fifo')", "a named pipe"),
        ("open('fifo', 'w')", "a named pipe"),
        ("import os; os.open('fifo', os.O_RDWR)", "a named pipe"),
        ("open('socket')", "a socket"),
        ("open('/dev/zero')", "a device"),
        ("open('zero')", "a device"),
        ("open('/dev/null')", "a device"),
        ("os.utime('fifo')", "a named pipe"),
    ] {
        let (ename, evalue) = fails(&executor, Python, code);
        assert_eq!(ename, "PermissionError", "{code}: {evalue}");
        assert!(evalue.contains(what), "{code}: {evalue}");
    }
    assert!(started.elapsed() < Duration::from_secs(10));
    for odd in ["/dev/zero", "/proc", "/proc/self", "/proc/self/environ"] {
        let refused = executor.grant(Grant::Read { path: odd.into() });
        assert!(refused.is_err(), "{odd}");
    }
    let cpus = Grant::Read {
        path: "/proc/cpuinfo".into(),
    };
    executor.grant(cpus).expect("a file of the whole system");
    let read = "print(len(open('/proc/cpuinfo').read()) > 0)";
    assert_eq!(prints(&executor, Python, read), "True\n");
    // Not even from the root of all.
    executor
        .grant(Grant::Read { path: "/".into() })
        .expect("a folder");
    let (_, evalue) = fails(&executor, Python, "open('/proc/self/environ')");
    assert!(evalue.contains("companion's own process"), "{evalue}");
}

#[test]
fn names_of_any_kind() {
    let place = Place::new();
    let odd = place
        .at("data")
        .join(std::ffi::OsStr::from_bytes(b"\xff\n\x1b[31m"));
    fs::write(&odd, "odd").expect("a file");
    let executor = executor([place.writing(1 << 20)]);
    let code = "
import os
name, = [n for n in os.listdir() if n not in ('a.txt', 'sub')]
print(ascii(name), open(name).read(), os.listdir(b'.').count(os.fsencode(name)))
os.rename(name, 'naïve ☃')
print(open('naïve ☃').read())
";
    assert_eq!(
        prints(&executor, Python, code),
        "'\\udcff\\n\\x1b[31m' odd 1\nodd\n"
    );
    assert!(place.at("data/naïve ☃").exists());
    // A message shows the path on one line and within bounds.
    let (_, evalue) = fails(&executor, Python, "open('/x\\n\\x1b[31m' + 'y' * 5000)");
    let told = evalue.split("': '").next().unwrap_or_default();
    let message = told.split(": '/x").next().unwrap_or_default();
    assert!(
        !message.contains(['\n', '\u{1b}']) && message.len() < 700,
        "{message}"
    );
}

#[test]
fn the_cap_counts_all_that_is_written() {
    let place = Place::new();
    let executor = executor([place.writing(100)]);
    let written = prints(&executor, Python, "print(open('x', 'w').write('x' * 60))");
    assert_eq!(written, "60\n");
    let (ename, evalue) = fails(
        &executor,
        Python,
        "open('y', 'wb', buffering=0).write(b'y' * 60)",
    );
    assert_eq!(ename, "OSError");
    assert!(
        evalue.contains(
            "is capped at 100 bytes, of which 60 are written; allow more with --allow-write"
        ),
        "{evalue}"
    );
    assert!(evalue.starts_with("[Errno 122]"), "{evalue}");
    // Neither holes nor a second life of the same bytes are free.
    for code in [
        "open('x', 'r+b', buffering=0).truncate(1000)",
        "f = open('x', 'r+b', buffering=0); f.seek(10**9); f.write(b'1')",
        "open('x', 'wb', buffering=0).write(b'1' * 41)",
        "import os; os.truncate('a.txt', 10**12)",
        "open('z', 'wb', buffering=0).write(b'1' * 10**7)",
    ] {
        let (_, evalue) = fails(&executor, Python, code);
        assert!(evalue.contains("capped at 100 bytes"), "{code}: {evalue}");
    }
    let (_, evalue) = fails(
        &executor,
        Python,
        "f = open('v', 'w'); f.write('v' * 99); f.close()",
    );
    assert!(evalue.contains("capped at 100 bytes"), "{evalue}");
    assert_eq!(
        prints(&executor, Python, "print(open('w', 'wb').write(b'1' * 40))"),
        "40\n"
    );
    let total: u64 = fs::read_dir(place.at("data"))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").metadata().expect("there").len())
        .sum();
    assert!(total < 10_000, "{total}");
    // A larger grant for the same path goes on counting where the first one stood.
    executor.grant(place.writing(150)).expect("a grant");
    let (_, evalue) = fails(
        &executor,
        Python,
        "open('x', 'ab', buffering=0).write(b'1' * 51)",
    );
    assert!(
        evalue.contains("capped at 150 bytes, of which 100 are written"),
        "{evalue}"
    );
    let code = "require('fs').writeFileSync('js', 'x'.repeat(151))";
    let (_, evalue) = fails(&executor, JavaScript, code);
    assert!(evalue.starts_with("EDQUOT: "), "{evalue}");
}

#[test]
fn open_files_have_an_end_and_come_back() {
    let place = Place::new();
    let executor = executor([place.reading()]);
    let code = "
held = []
try:
    while True: held.append(open('a.txt'))
except OSError as error:
    print(len(held), error.errno, error.strerror)
held.clear()
print(open('a.txt').readline(), end='')
";
    assert_eq!(
        prints(&executor, Python, code),
        "16 24 16 files are open already: close some\nalpha\n"
    );
    // What a dead kernel held is closed.
    run(
        &executor,
        Python,
        "held = [open('a.txt') for _ in range(16)]",
    );
    run(
        &executor,
        Python,
        "import sys; sys.setrecursionlimit(10**9)\ndef f(): f()\nf()",
    );
    let reads = "held = None\nprint(open('a.txt').readline(), end='')";
    assert_eq!(prints(&executor, Python, reads), "alpha\n");
}
