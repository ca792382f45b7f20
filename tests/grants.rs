//! What code may do once it was granted, and what not: files, the network, the environment.

mod network;

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use companion::protocol::{Grant, Language, LimitKind, Limits, Status, Variables};
use companion::{CodeExecutor, Execution};

/// A folder with something to read, and a secret beside it.
struct Place {
    folder: tempfile::TempDir,
}

const SECRET: &str = "the secret of the test";

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let root = fs::canonicalize(folder.path()).expect("it is there");
        fs::create_dir_all(root.join("data/sub")).expect("a folder");
        fs::create_dir(root.join("other")).expect("a folder");
        fs::write(root.join("data/a.txt"), "alpha\nbeta\n").expect("a file");
        fs::write(root.join("data/sub/b.txt"), "gamma\n").expect("a file");
        fs::write(root.join("secret.txt"), SECRET).expect("a file");
        Self { folder }
    }

    fn at(&self, name: &str) -> PathBuf {
        fs::canonicalize(self.folder.path())
            .expect("it is there")
            .join(name)
    }

    fn reading(&self) -> Grant {
        Grant::Read {
            path: self.at("data"),
        }
    }

    fn writing(&self, max_bytes: u64) -> Grant {
        Grant::Write {
            path: self.at("data"),
            max_bytes,
        }
    }

    /// Source code with `{}` as the path of this place.
    fn source(&self, text: &str) -> String {
        text.replace("{}", &self.at("").display().to_string())
    }
}

fn executor(grants: impl IntoIterator<Item = Grant>) -> CodeExecutor {
    let executor = CodeExecutor::with_limits(Limits::default()).expect("companion stands beside");
    for grant in grants {
        executor.grant(grant).expect("it can be given");
    }
    executor
}

fn run(executor: &CodeExecutor, language: Language, code: &str) -> Execution {
    executor.execute(language, code).expect("a kernel")
}

/// What the code prints; it must end well.
fn prints(executor: &CodeExecutor, language: Language, code: &str) -> String {
    let execution = run(executor, language, code);
    assert!(execution.is_ok(), "{code}\n{execution:?}");
    execution.output
}

/// How the code fails: the class and the message.
fn fails(executor: &CodeExecutor, language: Language, code: &str) -> (String, String) {
    match run(executor, language, code).status {
        Status::Error { ename, evalue, .. } => (ename, evalue),
        other => panic!("{code}\n{other:?}"),
    }
}

use Language::{JavaScript, Python};

#[test]
fn without_a_grant_all_is_closed_and_the_error_says_how_to_open_it() {
    let place = Place::new();
    let executor = executor([]);
    let path = place.at("secret.txt");
    let path = path.display();
    for code in [
        "open('{}secret.txt')",
        "import pathlib; pathlib.Path('{}secret.txt').read_text()",
        "import os; os.stat('{}secret.txt')",
        "import os; os.open('{}secret.txt', os.O_RDONLY)",
        "import io; io.FileIO('{}secret.txt')",
    ] {
        let (ename, evalue) = fails(&executor, Python, &place.source(code));
        assert_eq!(ename, "PermissionError", "{code}");
        assert_eq!(
            evalue,
            format!(
                "[Errno 13] files are closed in the sandbox; allow this one with --allow-read \
                 {path} or /allow read {path}: '{path}'"
            ),
            "{code}"
        );
    }
    let (_, evalue) = fails(&executor, Python, &place.source("open('{}x', 'w')"));
    assert!(evalue.contains("--allow-write"), "{evalue}");
    let (ename, evalue) = fails(
        &executor,
        JavaScript,
        &place.source("require('fs').readFileSync('{}secret.txt')"),
    );
    assert_eq!(ename, "Error");
    assert!(
        evalue.starts_with("EACCES: files are closed in the sandbox; allow this one with"),
        "{evalue}"
    );
    let (ename, evalue) = fails(
        &executor,
        Python,
        "import urllib.request; urllib.request.urlopen('http://example.org/')",
    );
    assert_eq!(ename, "PermissionError");
    assert!(
        evalue.contains("the network is closed in the sandbox; allow it with --allow-net example.org or /allow net example.org"),
        "{evalue}"
    );
    let (ename, evalue) = fails(&executor, JavaScript, "await fetch('https://example.org/')");
    assert_eq!(ename, "TypeError");
    assert!(evalue.contains("--allow-net example.org"), "{evalue}");
    let listed = "import os; print(len(os.environ), os.environ.get('PATH'), os.getcwd())";
    assert_eq!(prints(&executor, Python, listed), "0 None /\n");
    let listed = "console.log(Object.keys(process.env).length, process.cwd())";
    assert_eq!(prints(&executor, JavaScript, listed), "0 /\n");
}

#[test]
fn what_is_granted_can_be_read_and_nothing_else() {
    let place = Place::new();
    symlink(place.at("secret.txt"), place.at("data/out")).expect("a link");
    symlink("../secret.txt", place.at("data/out-relative")).expect("a link");
    symlink(place.at(""), place.at("data/out-folder")).expect("a link");
    symlink("..", place.at("data/up")).expect("a link");
    symlink("a.txt", place.at("data/in")).expect("a link");
    symlink(place.at("data/a.txt"), place.at("data/in-absolute")).expect("a link");
    symlink("sub", place.at("data/in-folder")).expect("a link");
    symlink("loop", place.at("data/loop")).expect("a link");
    symlink("/proc/self/root", place.at("data/proc")).expect("a link");
    let executor = executor([place.reading()]);
    for inside in [
        "{}data/a.txt",
        "a.txt",
        "./sub/../a.txt",
        "{}data//a.txt",
        "{}data/./a.txt",
        "{}data/../data/a.txt",
        "{}other/../data/a.txt",
        "/../../..{}data/a.txt",
        "in",
        "in-absolute",
        "in-folder/../a.txt",
    ] {
        let code = place.source(&format!("print(open('{inside}').read(), end='')"));
        assert_eq!(
            prints(&executor, Python, &code),
            "alpha\nbeta\n",
            "{inside}"
        );
        let code = place.source(&format!(
            "process.stdout.write(require('fs').readFileSync('{inside}', 'utf8'))"
        ));
        assert_eq!(
            prints(&executor, JavaScript, &code),
            "alpha\nbeta\n",
            "{inside}"
        );
    }
    for outside in [
        "{}secret.txt",
        "../secret.txt",
        "{}data/../secret.txt",
        "{}data/sub/../../secret.txt",
        "out",
        "out-relative",
        "out-folder/secret.txt",
        "up/secret.txt",
        "sub/../up/secret.txt",
        "in-folder/../../secret.txt",
        "proc{}secret.txt",
        "/proc/self/root{}secret.txt",
        "/proc/self/environ",
        "/proc/1/environ",
        "/proc/self/fd/3",
        "/dev/stdin",
        "/dev/fd/0",
        "//{}secret.txt",
    ] {
        let code = place.source(&format!("open('{outside}').read()"));
        let (ename, evalue) = fails(&executor, Python, &code);
        assert_eq!(ename, "PermissionError", "{outside}: {evalue}");
        let code = place.source(&format!("require('fs').readFileSync('{outside}')"));
        let (_, evalue) = fails(&executor, JavaScript, &code);
        assert!(evalue.starts_with("EACCES"), "{outside}: {evalue}");
    }
    let cases = [
        ("open('loop')", "OSError", "[Errno 40] "),
        (
            "open('nothing')",
            "FileNotFoundError",
            "[Errno 2] No such file or directory: 'nothing'",
        ),
        (
            "open('sub')",
            "IsADirectoryError",
            "[Errno 21] Is a directory: 'sub'",
        ),
        (
            "open('a.txt/x')",
            "NotADirectoryError",
            "[Errno 20] Not a directory: 'a.txt/x'",
        ),
        ("open('a.txt/')", "NotADirectoryError", "[Errno 20] "),
        ("open('')", "FileNotFoundError", "[Errno 2] "),
        ("open('a\\0b')", "ValueError", "embedded null"),
        (
            "open('x' * 300)",
            "OSError",
            "[Errno 36] File name too long",
        ),
        ("open('x/' * 3000)", "FileNotFoundError", "[Errno 2] "),
        ("open(3)", "OSError", "[Errno 9] "),
        ("open(0)", "OSError", "[Errno 9] "),
        (
            "import os; os.listdir('..')",
            "PermissionError",
            "[Errno 13] not granted; allow it with --allow-read ",
        ),
        ("os.listdir('/')", "PermissionError", "[Errno 13] "),
        (
            "os.readlink('/proc/self/exe')",
            "PermissionError",
            "[Errno 13] ",
        ),
    ];
    for (code, class, start) in cases {
        let (ename, evalue) = fails(&executor, Python, code);
        assert_eq!(ename, class, "{code}: {evalue}");
        assert!(evalue.starts_with(start), "{code}: {evalue}");
    }
}

#[test]
fn a_grant_to_read_is_none_to_write() {
    let place = Place::new();
    let executor = executor([place.reading()]);
    for code in [
        "open('a.txt', 'w')",
        "open('a.txt', 'a')",
        "open('a.txt', 'r+')",
        "open('new', 'x')",
        "import os; os.remove('a.txt')",
        "os.rename('a.txt', 'b.txt')",
        "os.mkdir('new')",
        "os.rmdir('sub')",
        "os.truncate('a.txt', 0)",
        "os.chmod('a.txt', 0o600)",
        "os.utime('a.txt')",
        "import pathlib; pathlib.Path('a.txt').unlink()",
        "import shutil; shutil.rmtree('sub')",
    ] {
        let (ename, evalue) = fails(&executor, Python, code);
        assert_eq!(ename, "PermissionError", "{code}: {evalue}");
        assert!(
            evalue.contains("only reading is granted; allow writing with --allow-write"),
            "{evalue}"
        );
    }
    for code in [
        "fs.writeFileSync('a.txt', '')",
        "fs.appendFileSync('a.txt', 'x')",
        "fs.unlinkSync('a.txt')",
        "fs.rmSync('sub', { recursive: true })",
        "fs.renameSync('a.txt', 'b.txt')",
        "fs.mkdirSync('new')",
        "await fs.promises.writeFile('a.txt', '')",
    ] {
        let (_, evalue) = fails(
            &executor,
            JavaScript,
            &format!("var fs = require('fs'); {code}"),
        );
        assert!(
            evalue.starts_with("EACCES: only reading is granted"),
            "{code}: {evalue}"
        );
    }
    let whole = fs::read_to_string(place.at("data/a.txt")).expect("it is there");
    assert_eq!(whole, "alpha\nbeta\n");
    assert!(place.at("data/sub/b.txt").exists() && !place.at("data/new").exists());
}

#[test]
fn ordinary_python_programs_work_inside() {
    let place = Place::new();
    let executor = executor([place.writing(1 << 20)]);
    let programs = [
        (
            "import csv\nwith open('t.csv', 'w', newline='') as f:\n    w = csv.writer(f); w.writerow(['a', 'b']); w.writerows([[1, 2], ['x,y', 'é']])\nwith open('t.csv', newline='', encoding='utf-8') as f: print(list(csv.DictReader(f)))",
            "[{'a': '1', 'b': '2'}, {'a': 'x,y', 'b': 'é'}]\n",
        ),
        (
            "import json\njson.dump({'k': [1, None]}, open('t.json', 'w'))\nprint(json.load(open('t.json')))",
            "{'k': [1, None]}\n",
        ),
        (
            "from pathlib import Path\np = Path('deep/er/x.txt'); p.parent.mkdir(parents=True, exist_ok=True); print(p.write_text('one\\ntwo\\n'))\nprint(p.read_text().splitlines(), p.exists(), p.is_file(), p.stat().st_size, p.suffix)\nprint(sorted(str(q) for q in Path('.').rglob('*.txt')))\nprint(sorted(q.name for q in Path('deep').iterdir()), Path('nope').exists())\np.unlink(); p.parent.rmdir(); print(p.exists())",
            "8\n['one', 'two'] True True 8 .txt\n['a.txt', 'deep/er/x.txt', 'sub/b.txt']\n['er'] False\nFalse\n",
        ),
        (
            "import os\nprint([(d, sorted(ds), sorted(fs)) for d, ds, fs in os.walk('sub')], os.path.isdir('sub'), os.path.getsize('a.txt'))\nwith os.scandir('.') as entries: print(sorted((e.name, e.is_dir(), e.is_file()) for e in entries if e.name < 'b'))",
            "[('sub', [], ['b.txt'])] True 11\n[('a.txt', False, True)]\n",
        ),
        (
            "import glob, fnmatch\nprint(sorted(glob.glob('**/*.txt', recursive=True)))",
            "['a.txt', 'sub/b.txt']\n",
        ),
        (
            "import shutil, os\nshutil.copy('a.txt', 'c.txt'); shutil.copytree('sub', 'sub2'); shutil.move('c.txt', 'sub2/c.txt')\nprint(sorted(os.listdir('sub2'))); shutil.rmtree('sub2'); print(os.path.exists('sub2'))",
            "['b.txt', 'c.txt']\nFalse\n",
        ),
        (
            "with open('bin', 'wb+') as f:\n    print(f.write(bytes(range(256)) * 2000), f.tell()); f.seek(255); print(f.read(3)); f.truncate(10); f.seek(0, 2); print(f.tell())\nwith open('bin', 'ab') as f: f.write(b'!')\nprint(open('bin', 'rb').read()[-2:], len(open('bin', 'rb').read()))",
            "512000 512000\nb'\\xff\\x00\\x01'\n10\nb'\\t!' 11\n",
        ),
        (
            "with open('u', 'w', encoding='utf-16') as f: print('é', 'ü', sep='|', file=f)\nprint(open('u', encoding='utf-16').read(), end='')\nwith open('n', 'w', newline='\\r\\n') as f: f.write('a\\nb\\n')\nprint(open('n', 'rb').read(), [line for line in open('n')])",
            "é|ü\nb'a\\r\\nb\\r\\n' ['a\\n', 'b\\n']\n",
        ),
        (
            "import tempfile, os\nwith tempfile.TemporaryDirectory() as d:\n    with tempfile.NamedTemporaryFile('w+', dir=d, delete=False) as f: f.write('hi')\n    print(open(f.name).read())\nprint(os.path.exists(d))",
            "hi\nFalse\n",
        ),
        (
            "import zipfile, gzip\nwith zipfile.ZipFile('z.zip', 'w') as z: z.writestr('in.txt', 'zipped')\nprint(zipfile.ZipFile('z.zip').read('in.txt'))\nwith gzip.open('g.gz', 'wt') as g: g.write('packed')\nprint(gzip.open('g.gz', 'rt').read())",
            "b'zipped'\npacked\n",
        ),
        (
            "import configparser, pickle, fileinput\npickle.dump([1], open('p', 'wb')); print(pickle.load(open('p', 'rb')))\nopen('c.ini', 'w').write('[s]\\nk = v\\n')\nc = configparser.ConfigParser(); print(c.read('c.ini'), c['s']['k'])",
            "[1]\n['c.ini'] v\n",
        ),
        (
            "import os\nos.makedirs('m/n', exist_ok=True); os.makedirs('m/n', exist_ok=True); os.replace('t.csv', 'm/t.csv'); os.chdir('m')\nprint(sorted(os.listdir()), os.path.basename(os.getcwd())); os.chdir('..')",
            "['n', 't.csv'] m\n",
        ),
        (
            "import os, time\nos.utime('a.txt', (1, 2)); s = os.stat('a.txt'); print(s.st_mtime, s.st_atime_ns, oct(s.st_mode)[:4])\nos.chmod('a.txt', 0o777); print(oct(os.stat('a.txt').st_mode & 0o111))",
            "2.0 1000000000 0o10\n0o0\n",
        ),
        (
            "total = 0\nfor _ in range(100): total += len(open('a.txt').read())\nprint(total)",
            "1100\n",
        ),
    ];
    for (code, expected) in programs {
        assert_eq!(prints(&executor, Python, code), expected, "{code}");
    }
}

#[test]
fn ordinary_javascript_programs_work_inside() {
    let place = Place::new();
    let executor = executor([place.writing(1 << 20)]);
    let programs = [
        (
            "var fs = require('fs'); fs.writeFileSync('x.txt', 'één'); fs.appendFileSync('x.txt', '!'); console.log(fs.readFileSync('x.txt', 'utf8'), fs.readFileSync('x.txt').toString(), fs.readFileSync('x.txt').length)",
            "één! één! 6\n",
        ),
        (
            "import { readFileSync, existsSync } from 'node:fs'; import { readFile } from 'fs/promises'; console.log(existsSync('x.txt'), existsSync('nope'), (await readFile('a.txt', { encoding: 'utf8' })).split('\\n').length)",
            "true false 3\n",
        ),
        (
            "fs.mkdirSync('p/q/r', { recursive: true }); console.log(fs.mkdirSync('p/q/r', { recursive: true }), fs.readdirSync('p'), fs.statSync('p').isDirectory(), fs.statSync('a.txt').size)",
            "undefined [ 'q' ] true 11\n",
        ),
        (
            "console.log(fs.readdirSync('.', { withFileTypes: true }).filter((e) => e.isDirectory()).map((e) => e.name), fs.readdirSync('sub', { recursive: true }))",
            "[ 'p', 'sub' ] [ 'b.txt' ]\n",
        ),
        (
            "fs.renameSync('x.txt', 'p/y.txt'); fs.copyFileSync('p/y.txt', 'z.txt'); fs.rmSync('p', { recursive: true }); fs.rmSync('gone', { force: true }); console.log(fs.existsSync('p'), fs.readFileSync('z.txt', 'latin1').length); fs.unlinkSync('z.txt')",
            "false 6\n",
        ),
        (
            "var path = require('path'); console.log(path.join('a', '..', 'b'), path.resolve('x').endsWith('/data/x'), path.basename('/a/b.txt', '.txt'), path.extname('x.tar.gz'), path.dirname('/a/b'), process.cwd().endsWith('/data'))",
            "b true b .gz /a true\n",
        ),
        (
            "fs.readFile('a.txt', 'utf8', (error, text) => console.log(error, text.length)); fs.readFile('nope', (error) => console.log(error.code))",
            "null 11\nENOENT\n",
        ),
        (
            "try { fs.readFileSync('nope') } catch (e) { console.log(e.message, e.errno, e.code, e.syscall, e.path) }",
            "ENOENT: no such file or directory, open 'nope' -2 ENOENT open nope\n",
        ),
        (
            "var fd = fs.openSync('f', 'w+'); fs.writeSync(fd, 'hello'); var b = new Uint8Array(3); console.log(fs.readSync(fd, b, 0, 3, 1), String.fromCharCode(...b)); fs.closeSync(fd)",
            "3 ell\n",
        ),
    ];
    for (code, expected) in programs {
        assert_eq!(prints(&executor, JavaScript, code), expected, "{code}");
    }
}

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

#[test]
fn grants_are_apart_and_can_be_joined() {
    let place = Place::new();
    let writes = Grant::Write {
        path: place.at("other"),
        max_bytes: 1000,
    };
    let executor = executor([place.reading(), writes]);
    let code = place.source("import shutil; shutil.copyfile('a.txt', '{}other/a.txt'); print(open('{}data/../other/a.txt').read(), end='')");
    assert_eq!(prints(&executor, Python, &code), "alpha\nbeta\n");
    let (_, evalue) = fails(
        &executor,
        Python,
        &place.source("import os; os.rename('a.txt', '{}other/b.txt')"),
    );
    assert!(evalue.contains("only reading is granted"), "{evalue}");
    let (_, evalue) = fails(
        &executor,
        Python,
        &place.source("os.rename('{}other/a.txt', 'b.txt')"),
    );
    assert!(evalue.contains("only reading is granted"), "{evalue}");
    let (_, evalue) = fails(
        &executor,
        Python,
        &place.source("os.rename('{}other/a.txt', '{}b.txt')"),
    );
    assert!(evalue.contains("not granted"), "{evalue}");
    let (_, evalue) = fails(&executor, Python, &place.source("os.rmdir('{}other')"));
    assert!(evalue.contains("granted folder itself"), "{evalue}");
    // A link from one grant into another leads where it says.
    symlink("../other/a.txt", place.at("data/across")).expect("a link");
    assert_eq!(
        prints(
            &executor,
            Python,
            "print(open('across').readline(), end='')"
        ),
        "alpha\n"
    );
    for code in [
        "os.symlink('/etc/passwd', '{}other/l')",
        "os.link('{}other/a.txt', '{}other/l')",
        "os.mkfifo('{}other/p')",
    ] {
        let (ename, _) = fails(&executor, Python, &place.source(code));
        assert_eq!(ename, "PermissionError", "{code}");
    }
}

#[test]
fn a_single_file_can_be_granted() {
    let place = Place::new();
    let new = Grant::Write {
        path: place.at("new.txt"),
        max_bytes: 1000,
    };
    let read = Grant::Read {
        path: place.at("data/a.txt"),
    };
    let executor = executor([read, new]);
    let code = place.source("print(open('{}data/a.txt').readline(), end='')\nopen('{}new.txt', 'w').write('made')\nprint(open('{}new.txt').read())");
    assert_eq!(prints(&executor, Python, &code), "alpha\nmade\n");
    for code in [
        "open('{}data/sub/b.txt')",
        "open('{}data/a.txt/../sub/b.txt')",
        "open('{}new.txt/../secret.txt')",
        "import os; os.listdir('{}data')",
        "open('{}new2.txt', 'w')",
    ] {
        let (ename, evalue) = fails(&executor, Python, &place.source(code));
        assert!(
            ["PermissionError", "NotADirectoryError"].contains(&ename.as_str()),
            "{code}: {evalue}"
        );
    }
    // Put in its place, a link is looked up like any other.
    fs::remove_file(place.at("new.txt")).expect("a file");
    symlink(place.at("secret.txt"), place.at("new.txt")).expect("a link");
    let (_, evalue) = fails(&executor, Python, &place.source("open('{}new.txt').read()"));
    assert!(evalue.contains("not granted"), "{evalue}");
    let (_, evalue) = fails(
        &executor,
        Python,
        &place.source("open('{}new.txt', 'w').write('x')"),
    );
    assert!(evalue.contains("not granted"), "{evalue}");
    assert_eq!(
        fs::read_to_string(place.at("secret.txt")).expect("there"),
        SECRET
    );
}

#[test]
fn nothing_becomes_executable() {
    let place = Place::new();
    fs::write(place.at("data/tool"), "#!/bin/sh\n").expect("a file");
    fs::set_permissions(place.at("data/tool"), fs::Permissions::from_mode(0o755)).expect("set");
    let executor = executor([place.writing(1 << 20)]);
    let code = "
import os
os.close(os.open('script', os.O_CREAT | os.O_WRONLY, 0o6777))
os.chmod('script', 0o6777); os.chmod('tool', 0o4711)
print(oct(os.stat('script').st_mode & 0o7111), oct(os.stat('tool').st_mode & 0o7777))
";
    assert_eq!(
        prints(&executor, Python, code),
        "0o0 0o611\n".replace("0o611", "0o711").as_str()
    );
}

#[test]
fn a_grant_that_cannot_be_given_says_why() {
    let place = Place::new();
    let executor = executor([place.reading()]);
    let cases = [
        (
            Grant::Read {
                path: place.at("nothing"),
            },
            "No such file",
        ),
        (
            Grant::Read {
                path: "relative".into(),
            },
            "not absolute",
        ),
        (
            Grant::Write {
                path: place.at("no/folder/x"),
                max_bytes: 1,
            },
            "No such file",
        ),
    ];
    for (grant, why) in cases {
        let shown = grant.to_string();
        let error = executor.grant(grant).expect_err("refused").to_string();
        assert!(error.contains(why) && error.contains(&shown), "{error}");
    }
    // The ones from before hold.
    assert_eq!(
        prints(&executor, Python, "print(open('a.txt').readline(), end='')"),
        "alpha\n"
    );
}

#[test]
fn grants_come_between_cells_and_the_variables_stay() {
    let place = Place::new();
    let executor = executor([]);
    run(&executor, Python, "kept = 42");
    let code = place.source("print(kept, open('{}data/a.txt').readline(), end='')");
    let (ename, _) = fails(&executor, Python, &code);
    assert_eq!(ename, "PermissionError");
    executor.grant(place.reading()).expect("a grant");
    assert_eq!(prints(&executor, Python, &code), "42 alpha\n");
}

#[test]
fn the_environment_shows_what_was_granted() {
    let name = "HOME";
    let value = std::env::var(name).expect("a home");
    let executor = executor([Grant::Env { name: name.into() }]);
    let code = "import os; print(dict(os.environ)); os.environ['OWN'] = '1'; print(sorted(os.environ), os.getenv('PATH')); del os.environ['HOME']; print(list(os.environ))";
    assert_eq!(
        prints(&executor, Python, code),
        format!("{{'HOME': '{value}'}}\n['HOME', 'OWN'] None\n['OWN']\n")
    );
    let code = "console.log(process.env, process.env.PATH); process.env.OWN = '1'; console.log(Object.keys(process.env))";
    assert_eq!(
        prints(&executor, JavaScript, code),
        format!("{{ HOME: '{value}' }} undefined\n[ 'HOME', 'OWN' ]\n")
    );
}
