//! What code may do once it was granted, and what not: files, the network, the environment.

mod files;
mod network;
mod ordinary;

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
