//! The shell kernel: what programs can do in their jail, what they can't, and what is left of
//! them.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use companion::protocol::{Language, LimitKind, Limits, Status};
use companion::{CodeExecutor, Execution};

use crate::cli::companion;

/// A session of shell cells.
struct Session(CodeExecutor);

impl Session {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Limits)) -> Self {
        let mut limits = Limits {
            timeout: Some(Duration::from_secs(20)),
            ..Limits::default()
        };
        change(&mut limits);
        Self(CodeExecutor::with_limits(limits).expect("companion stands beside the tests"))
    }

    fn run(&self, source: &str) -> Execution {
        self.0.execute(Language::Shell, source).expect("a kernel")
    }

    /// The cell ends well and prints this.
    #[track_caller]
    fn prints(&self, source: &str, expected: &str) {
        let execution = self.run(source);
        assert_eq!(execution.output, expected, "{source}: {execution:?}");
        assert!(execution.is_ok(), "{source}: {execution:?}");
    }

    #[track_caller]
    fn ends_with(&self, source: &str, code: i32) -> Execution {
        let execution = self.run(source);
        assert_eq!(
            execution.status,
            Status::Exit { code },
            "{source}: {execution:?}"
        );
        execution
    }
}

/// `companion run` on a text, with its output as it comes.
fn start(text: &str, variables: &[(&str, &str)]) -> Child {
    companion()
        .args(["run", "--lang", "sh", "-c", text])
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts")
}

/// A word that is in the command line of no other process.
fn canary() -> String {
    format!(
        "{}",
        100_000_000 + u128::from(std::process::id()) * 1000 + nanoseconds() % 1000
    )
}

fn nanoseconds() -> u128 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.subsec_nanos().into())
}

/// Processes of this system that sleep as long as a canary says.
fn sleepers(canary: &str) -> Vec<String> {
    std::fs::read_dir("/proc")
        .expect("Linux")
        .flatten()
        .filter_map(|entry| std::fs::read(entry.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.starts_with(&format!("sleep {canary}")))
        .collect()
}

#[test]
fn exit_codes_and_streams() {
    let session = Session::new();
    session.prints("echo a; echo b >&2", "a\n");
    assert_eq!(session.run("echo b >&2").stderr, "b\n");
    session.ends_with("exit 7", 7);
    session.ends_with("false", 1);
    session.ends_with("no-such-program", 127);
    session.ends_with("if", 2);
    let killed = session.ends_with("kill -9 $$", 137);
    assert!(killed.stderr.contains("signal 9 (SIGKILL)"), "{killed:?}");
    session.prints("seq 1 100000 | tail -1 | tr 0 o", "1ooooo\n");
    session.prints("printf '\\377\\303\\251'", "\u{fffd}é");
    session.prints("cat; read line || echo nothing", "nothing\n");
}

#[test]
fn programs_of_the_command_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("program.sh");
    std::fs::write(
        &file,
        "echo \"$0\" | grep -c program.sh; echo $# $2; exit 3",
    )
    .expect("written");
    let output = companion()
        .arg("run")
        .arg(&file)
        .args(["a", "b c"])
        .output()
        .expect("the binary starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "1\n2 b c\n");
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn output_comes_before_the_end() {
    let started = Instant::now();
    let mut child = start("echo first; sleep 5; echo second", &[]);
    let mut line = String::new();
    let stdout = child.stdout.take().expect("piped");
    BufReader::new(stdout).read_line(&mut line).expect("a line");
    assert_eq!(line, "first\n");
    assert!(started.elapsed() < Duration::from_secs(4));
    let _ = child.kill();
    let _ = child.wait();
}

#[test]
fn an_interrupt_is_answered_within_200_ms() {
    for text in [
        "echo ready; sleep 1000",
        "trap '' INT; echo ready; sleep 1000",
        "trap 'exit 0' INT; echo ready; while :; do :; done",
    ] {
        let mut child = start(text, &[]);
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
        stdout.read_line(&mut line).expect("a line");
        assert_eq!(line, "ready\n");
        let pid = i32::try_from(child.id()).expect("a pid");
        let asked = Instant::now();
        // SAFETY: takes numbers.
        unsafe { libc::kill(pid, libc::SIGINT) };
        let status = child.wait().expect("it ends");
        // Twice the time, as other tests run beside this one.
        assert!(
            asked.elapsed() < Duration::from_millis(400),
            "{text}: {:?}",
            asked.elapsed()
        );
        assert_eq!(status.code(), Some(130), "{text}");
    }
}

#[test]
fn files_and_the_folder_stay_and_variables_go() {
    let session = Session::new();
    session.prints("pwd; echo $HOME", "/scratch\n/scratch\n");
    session.prints("x=1; mkdir -p a/b; cd a/b; echo here > file; umask 077", "");
    session.prints(
        "pwd; cat file; echo \"[$x]\"; umask",
        "/scratch/a/b\nhere\n[]\n0077\n",
    );
    session.prints("cd ..; rm -r b; (cd /usr)", "");
    session.prints("pwd", "/scratch/a\n");
    session.prints("mkdir gone; cd gone; rmdir ../gone", "");
    session.prints("pwd", "/scratch\n");
    let other = Session::new();
    other.prints("ls -A", "");
}

#[test]
fn the_system_is_there_and_read_only() {
    let session = Session::new();
    session.prints(
        "echo '6 * 7' > x; awk '{ print $1 * $3 }' x; sort x | wc -l; rm x",
        "42\n1\n",
    );
    session.prints(
        "cat > t.sh <<'E'\n#!/bin/sh\necho made here\nE\nchmod +x t.sh; ./t.sh",
        "made here\n",
    );
    for path in [
        "/usr/x",
        "/bin/x",
        "/etc/x",
        "/x",
        "/dev/x",
        "/proc/sys/kernel/hostname",
    ] {
        let execution = session.run(&format!("echo x > {path}"));
        assert!(
            !execution.is_ok() && !execution.stderr.is_empty(),
            "{path}: {execution:?}"
        );
    }
    session.prints("touch /tmp/x && ls /tmp", "x\n");
    session.prints("echo x > /dev/null; head -c 3 /dev/zero | wc -c", "3\n");
    session.prints("whoami", "user\n");
}

#[test]
fn nothing_of_the_user_is_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "canary").expect("written");
    let session = Session::new();
    for path in [
        secret.to_str().expect("UTF-8"),
        "/etc/shadow",
        "/root",
        "/home",
        "/var",
        "/run",
        "/sys",
        "/proc/1/environ",
        "/proc/1/root",
        "/proc/1/cwd/..",
        "/proc/1/fd/0",
        "/proc/kcore",
        "/dev/tty",
    ] {
        let execution = session.run(&format!("cat {path}/* {path} 2>/dev/null; ls {path}/"));
        assert!(
            !execution.is_ok() && execution.output.is_empty(),
            "{path}: {execution:?}"
        );
    }
    let environment = session.run("env | cut -d= -f1 | sort | tr '\\n' ' '");
    assert_eq!(environment.output, "HOME LANG PATH PWD TERM ");
    // The keeper, the shell, ls and grep at most; descriptors are the standard ones alone.
    let processes = session.run("ls /proc | grep -c '^[0-9]'");
    assert!(
        processes
            .output
            .trim()
            .parse::<u32>()
            .is_ok_and(|count| count <= 6),
        "{processes:?}"
    );
    session.prints(
        "for n in 3 4 5 6 7 8 9 10 11 12; do [ -e /proc/$$/fd/$n ] && echo $n; done; :",
        "",
    );
    session.prints(
        "grep -E '^Cap(Eff|Prm|Bnd)' /proc/self/status | grep -vc 0000000000000000; :",
        "0\n",
    );
}

#[test]
fn there_is_no_network() {
    let session = Session::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("known").port();
    listener.set_nonblocking(true).expect("it can");
    let program = format!(
        "use Socket; socket(my $s, PF_INET, SOCK_STREAM, 0) or die \"socket: $!\"; \
         connect($s, sockaddr_in({port}, inet_aton('127.0.0.1'))) or die \"connect: $!\"; print 'in'"
    );
    let execution = session.run(&format!(
        "perl -e '{program}'",
        program = program.replace('\'', "\"")
    ));
    assert!(
        !execution.is_ok() && execution.output.is_empty(),
        "{execution:?}"
    );
    let bash = session.run(&format!("bash -c 'echo x > /dev/tcp/127.0.0.1/{port}'"));
    assert!(!bash.is_ok(), "{bash:?}");
    assert!(listener.accept().is_err(), "somebody came");
}

/// Ways to stay behind.
fn daemons(canary: &str) -> [String; 5] {
    [
        format!("sleep {canary} &"),
        format!("nohup sleep {canary} >/dev/null 2>&1 &"),
        format!("setsid sleep {canary} >/dev/null 2>&1 &\nsleep 0.1"),
        format!("(setsid sh -c '(sleep {canary} &) &' &) ; sleep 0.1"),
        format!("trap '' TERM INT HUP; (trap '' TERM INT HUP; setsid sleep {canary}) & sleep 0.1"),
    ]
}

#[test]
fn nothing_survives_its_cell() {
    let session = Session::new();
    for source in daemons(&canary()) {
        let started = Instant::now();
        let execution = session.run(&source);
        assert!(execution.is_ok(), "{source}: {execution:?}");
        assert!(started.elapsed() < Duration::from_secs(5), "{source}");
        let left = session.run("ps -e -o comm= | grep -c '^sleep'");
        assert_eq!(left.output, "0\n", "{source}");
    }
    // A writer that goes on would change the file between two looks.
    session.prints("(while :; do echo x; done > file) & sleep 0.2", "");
    let looks = [0, 1].map(|_| session.run("wc -c < file").output);
    assert_eq!(looks[0], looks[1]);
    session.prints("kill -9 -1; echo alive", "alive\n");
}

#[test]
fn nothing_survives_the_kernel() {
    let canary = canary();
    for variables in [&[][..], &[("COMPANION_TEST_NO_NAMESPACES", "1")]] {
        for source in daemons(&canary) {
            let mut child = start(&format!("{source}\necho ready; sleep {canary}"), variables);
            let mut line = String::new();
            let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
            stdout.read_line(&mut line).expect("a line");
            assert_eq!(line, "ready\n", "{source}");
            // Until all of them are what they are going to be.
            let deadline = Instant::now() + Duration::from_secs(5);
            while sleepers(&canary).len() < 2 && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(5));
            }
            let before = sleepers(&canary);
            assert_eq!(before.len(), 2, "{source}: {before:?}");
            let _ = child.kill();
            let _ = child.wait();
            let deadline = Instant::now() + Duration::from_secs(5);
            while !sleepers(&canary).is_empty() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(10));
            }
            assert_eq!(sleepers(&canary), Vec::<String>::new(), "{source}");
        }
    }
}

#[test]
fn a_fork_bomb_ends_and_the_next_cell_works() {
    let session = Session::with(|limits| limits.timeout = Some(Duration::from_secs(2)));
    let started = Instant::now();
    let execution = session.run("f() { f | f & }; f; sleep 100");
    assert!(
        matches!(
            execution.status,
            Status::Limit {
                kind: LimitKind::Time,
                ..
            }
        ),
        "{:?}",
        execution.status
    );
    assert!(
        started.elapsed() < Duration::from_secs(3),
        "{:?}",
        started.elapsed()
    );
    assert!(execution.stderr.contains("Cannot fork"));
    let execution = session.run("while :; do sleep 100 & done");
    assert!(
        execution.stderr.contains("its limit of 128 processes"),
        "{execution:?}"
    );
    session.prints("echo fine", "fine\n");
}

#[test]
fn a_full_disk_is_a_small_one() {
    let session = Session::new();
    let execution = session.run("head -c 400M /dev/zero > big; wc -c < big; echo x > /tmp/y");
    assert_eq!(execution.output, "268435456\n", "{execution:?}");
    assert!(execution.stderr.contains("No space left"), "{execution:?}");
    session.prints("rm big; echo x > y; cat y", "x\n");
}

#[test]
fn memory_is_bounded_for_a_process_and_for_all() {
    let session = Session::with(|limits| limits.memory_bytes = 96 << 20);
    let fill = |mib: u32| format!("perl -e '$x = \"x\" x ({mib} << 20); sleep 10'");
    let execution = session.run(&fill(200));
    assert!(execution.stderr.contains("Out of memory"), "{execution:?}");
    let started = Instant::now();
    let execution = session.run(&format!("{0} & {0} & {0} & wait", fill(20)));
    assert!(
        matches!(
            execution.status,
            Status::Limit {
                kind: LimitKind::Memory,
                ..
            }
        ),
        "{execution:?}"
    );
    assert!(started.elapsed() < Duration::from_secs(5));
    session.prints("echo fine", "fine\n");
    let execution = session.run("perl -e '$x = \"x\" x (20 << 20)'");
    assert!(execution.peak_memory_bytes > 20 << 20, "{execution:?}");
}

#[test]
fn time_and_output_are_bounded() {
    let session = Session::with(|limits| {
        limits.timeout = Some(Duration::from_millis(500));
        limits.output_bytes = 1 << 20;
    });
    session.prints("echo kept > file", "");
    let started = Instant::now();
    let execution = session.run("sleep 1000");
    assert!(matches!(
        execution.status,
        Status::Limit {
            kind: LimitKind::Time,
            ..
        }
    ));
    assert!(started.elapsed() < Duration::from_millis(1500));
    let execution = session.run("yes");
    assert!(matches!(
        execution.status,
        Status::Limit {
            kind: LimitKind::Output,
            ..
        }
    ));
    assert_eq!(execution.output.len(), 1 << 20);
    session.prints("cat file", "kept\n");
    let long = format!("# {}", "x".repeat(200 << 10));
    let execution = session.run(&long);
    assert!(
        execution
            .error()
            .is_some_and(|error| error.contains("131071 bytes at most"))
    );
}

#[test]
fn dangerous_calls_are_refused() {
    let session = Session::new();
    for command in [
        "unshare -U true",
        "unshare -Ur true",
        "mount -t tmpfs none /tmp",
        "umount /proc",
        "chroot / true",
        "mknod x c 1 1",
        "su -c true",
        "perl -e 'require \"syscall.ph\"' ; perl -e 'exit(syscall(101, 0, 0, 0, 0) == 0 ? 0 : 1)'",
    ] {
        let execution = session.run(command);
        assert!(!execution.is_ok(), "{command}: {execution:?}");
    }
}

/// What holds where the system gives no namespaces.
#[test]
fn without_namespaces_landlock_and_seccomp_hold() {
    let folder = tempfile::tempdir().expect("a folder");
    let secret = folder.path().join("secret");
    std::fs::write(&secret, "canary").expect("written");
    let variables = [("COMPANION_TEST_NO_NAMESPACES", "1")];
    let text = format!(
        "pwd; cat {0}; ls {1}; echo x > {1}/y; cat /etc/passwd /proc/1/status; ls /tmp; \
         bash -c 'echo x > /dev/tcp/127.0.0.1/22'; kill -9 {2}; \
         echo mine > file; cat file; kill -9 -1; echo alive",
        secret.display(),
        folder.path().display(),
        std::process::id(),
    );
    let mut child = start(&text, &variables);
    let mut stderr = String::new();
    let mut stdout = String::new();
    child
        .stdout
        .take()
        .expect("piped")
        .read_to_string(&mut stdout)
        .expect("text");
    child
        .stderr
        .take()
        .expect("piped")
        .read_to_string(&mut stderr)
        .expect("text");
    let status = child.wait().expect("it ends");
    let lines: Vec<&str> = stdout.lines().collect();
    assert!(status.success(), "{stdout}{stderr}");
    assert!(
        stderr.contains("companion: this system gives the shell no namespaces"),
        "{stderr}"
    );
    assert_eq!(lines[1..], ["mine", "alive"], "{stdout}{stderr}");
    assert!(!folder.path().join("y").exists());
    let scratch = std::path::Path::new(lines[0]);
    assert!(scratch.starts_with(std::env::temp_dir()) || scratch.starts_with("/tmp"));
    let deadline = Instant::now() + Duration::from_secs(5);
    while scratch.exists() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(!scratch.exists(), "{} is left", scratch.display());
}
