//! Canaries: what a program that got out would have touched.

use std::collections::BTreeMap;
use std::fs;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use tempfile::TempDir;

use super::process;

/// The variable in companion's own environment.
pub const VARIABLE: &str = "COMPANION_CANARY";

/// One set of canaries. A thread has its own, so that what is touched tells who did it.
pub struct Canaries {
    folder: TempDir,
    /// What is in the secret file.
    file_token: String,
    /// What is in companion's environment.
    pub variable_token: String,
    /// A number that no process and no file has in its name by chance.
    marker: String,
    tcp: TcpListener,
    udp: UdpSocket,
    unix: UnixListener,
    abstract_unix: UnixListener,
    foreign: Child,
    before: Snapshot,
}

/// Every file below some folders: its mode, and what is in it.
type Snapshot = BTreeMap<PathBuf, (u32, Vec<u8>)>;

/// What is below the folder of the write targets, as a home would have it.
const TARGETS: &[(&str, &str)] = &[
    (".bashrc", "alias ll='ls -l'\n"),
    (".profile", "umask 022\n"),
    (".gitconfig", "[user]\n\tname = nobody\n"),
    (".ssh/authorized_keys", "ssh-ed25519 AAAA nobody\n"),
    (".ssh/config", "Host *\n"),
    (".config/autostart/nothing.desktop", "[Desktop Entry]\n"),
    (".config/systemd/user/nothing.service", "[Unit]\n"),
    (".local/bin/tool", "#!/bin/sh\ntrue\n"),
    (".npmrc", "fund=false\n"),
    (".vimrc", "set nocompatible\n"),
    ("cron.d/nothing", "# empty\n"),
    ("project/.git/HEAD", "ref: refs/heads/main\n"),
    ("project/.git/config", "[core]\n\tbare = false\n"),
    ("project/.git/hooks/pre-commit", "#!/bin/sh\nexit 0\n"),
    ("project/package.json", "{}\n"),
    ("project/Makefile", "all:\n"),
];
/// Where a file of a program that got out could lie.
const PLACES: &[&str] = &[
    "/",
    "/tmp",
    "/var/tmp",
    "/dev",
    "/dev/shm",
    "/etc",
    "/etc/cron.d",
    "/etc/cron.hourly",
    "/etc/profile.d",
    "/etc/sudoers.d",
    "/etc/systemd/system",
    "/home",
    "/opt",
    "/root",
    "/root/.ssh",
    "/root/.config",
    "/run",
    "/srv",
    "/usr/bin",
    "/usr/lib",
    "/usr/local/bin",
    "/var/lib",
    "/var/spool",
    "/var/spool/cron",
    "/var/spool/cron/crontabs",
];

impl Canaries {
    /// Puts everything up.
    pub fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("companion-canaries-")
            .tempdir()
            .expect("a folder");
        let path = folder.path();
        let file_token = format!("file-canary-{:016x}", unguessable());
        let variable_token = format!("variable-canary-{:016x}", unguessable());
        let marker = format!("8{:012}", unguessable() % 1_000_000_000_000);
        for name in ["secret", "config", "data", "target"] {
            fs::create_dir(path.join(name)).expect("created");
        }
        fs::write(path.join("secret/token"), format!("{file_token}\n")).expect("written");
        for (name, text) in TARGETS {
            let file = path.join("target").join(name);
            fs::create_dir_all(file.parent().expect("it has one")).expect("created");
            fs::write(&file, text).expect("written");
            // Anybody may write: what stops a program is the sandbox and nothing else.
            fs::set_permissions(&file, fs::Permissions::from_mode(0o666)).expect("set");
        }
        let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
        tcp.set_nonblocking(true).expect("set");
        let udp = UdpSocket::bind("127.0.0.1:0").expect("a port");
        udp.set_nonblocking(true).expect("set");
        let unix = UnixListener::bind(path.join("socket")).expect("a socket");
        unix.set_nonblocking(true).expect("set");
        let name = SocketAddr::from_abstract_name(format!("companion-{marker}")).expect("a name");
        let abstract_unix = UnixListener::bind_addr(&name).expect("a socket");
        abstract_unix.set_nonblocking(true).expect("set");
        let mut canaries = Self {
            file_token,
            variable_token,
            marker,
            tcp,
            udp,
            unix,
            abstract_unix,
            foreign: foreign(),
            before: Snapshot::new(),
            folder,
        };
        canaries.before = canaries.snapshot();
        canaries
    }

    /// Companion's folders.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts the places of the canaries into a program.
    pub fn fill(&self, source: &str) -> String {
        let path = |name: &str| self.folder(name).display().to_string();
        let port = |address: std::io::Result<std::net::SocketAddr>| {
            address.expect("it is bound").port().to_string()
        };
        let fillings = [
            ("@SECRET_PATH@", path("secret/token")),
            ("@TARGET_DIR@", path("target")),
            ("@CONFIG_DIR@", path("config")),
            ("@DATA_DIR@", path("data")),
            ("@UNIX_PATH@", path("socket")),
            ("@ABSTRACT_NAME@", format!("companion-{}", self.marker)),
            ("@TCP_PORT@", port(self.tcp.local_addr())),
            ("@UDP_PORT@", port(self.udp.local_addr())),
            ("@FOREIGN_PID@", self.foreign.id().to_string()),
            ("@MARKER@", self.marker.clone()),
            ("@VARIABLE@", VARIABLE.to_owned()),
        ];
        let mut filled = source.to_owned();
        for (name, value) in fillings {
            filled = filled.replace(name, &value);
        }
        filled
    }

    /// Whether a text holds one of the secrets.
    pub fn leak(&self, text: &str) -> Option<String> {
        [&self.file_token, &self.variable_token]
            .into_iter()
            .find(|token| text.contains(token.as_str()))
            .map(|token| format!("{token} came out"))
    }

    /// What was touched since the last look. Puts it right again, so that the next case is not
    /// blamed.
    pub fn look(&mut self) -> Vec<String> {
        let mut touched = Vec::new();
        while self.tcp.accept().is_ok() {
            touched.push("something connected by TCP".to_owned());
        }
        while self.udp.recv(&mut [0; 64]).is_ok() {
            touched.push("something sent by UDP".to_owned());
        }
        while self.unix.accept().is_ok() {
            touched.push("something connected to the Unix socket".to_owned());
        }
        while self.abstract_unix.accept().is_ok() {
            touched.push("something connected to the abstract socket".to_owned());
        }
        if !matches!(self.foreign.try_wait(), Ok(None)) {
            touched.push("the foreign process has ended".to_owned());
            self.foreign = foreign();
        }
        let now = self.snapshot();
        if now != self.before {
            for path in now.keys().chain(self.before.keys()) {
                if now.get(path) != self.before.get(path) {
                    touched.push(format!("{} was changed", path.display()));
                }
            }
            self.before = now;
        }
        for process in process::with_word(&self.marker) {
            touched.push(format!("still running: {}", process.command()));
            end(process.pid);
        }
        for place in PLACES {
            let entries = fs::read_dir(place).into_iter().flatten().flatten();
            for path in entries.map(|entry| entry.path()) {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if name.contains(&self.marker) {
                    touched.push(format!("{} was made", path.display()));
                    let _ = fs::remove_file(&path).or_else(|_| fs::remove_dir_all(&path));
                }
            }
        }
        touched.dedup();
        touched
    }

    fn snapshot(&self) -> Snapshot {
        let mut files = Snapshot::new();
        for name in ["secret", "config", "data", "target"] {
            collect(&self.folder(name), &mut files);
        }
        files
    }
}

impl Drop for Canaries {
    fn drop(&mut self) {
        let _ = self.foreign.kill();
        let _ = self.foreign.wait();
    }
}

fn collect(folder: &Path, files: &mut Snapshot) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(about) = fs::symlink_metadata(&path) else {
            continue;
        };
        let content = if about.is_file() {
            fs::read(&path).unwrap_or_default()
        } else {
            Vec::new()
        };
        files.insert(path.clone(), (about.permissions().mode(), content));
        if about.is_dir() {
            collect(&path, files);
        }
    }
}

/// A process that has nothing to do with companion.
fn foreign() -> Child {
    Command::new("sleep")
        .arg("1000")
        .stdin(Stdio::null())
        .spawn()
        .expect("sleep is there")
}

/// Ends a process that got out.
pub fn end(pid: u32) {
    let _ = Command::new("kill").args(["-9", &pid.to_string()]).status();
}

/// A number that a program cannot know.
fn unguessable() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970")
        .as_nanos();
    let seed = format!(
        "{now} {} {}",
        std::process::id(),
        COUNT.fetch_add(1, Ordering::Relaxed)
    );
    // FNV-1a
    seed.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
