//! Against a server that plays the hub: well, slowly, brokenly, and with lies.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use sha2::Digest as _;

use super::super::error::ModelError;
use super::super::hash::hex;
use super::super::tests::{diffusers_files, sd1_unet};
use super::pull::Pulled;
use super::{Hub, Pull, PullProgress, RepoId};

/// How the server behaves towards requests for one file.
#[derive(Clone, Debug, PartialEq)]
enum Manner {
    /// Sends it, from where it is asked to.
    Good,
    /// Sends the whole file whatever was asked for.
    IgnoresRange,
    /// Breaks off after so many bytes of what was asked for, so many times.
    BreaksOff { after: usize, times: usize },
    /// Promises so many bytes more than it sends.
    PromisesMore(usize),
    /// Says a shorter length, and sends no more.
    PromisesLess(usize),
    /// Sends other bytes of the same length, so many times.
    WrongBytes { times: usize },
    /// Answers with a status, so many times.
    Status { status: u16, times: usize },
    /// Sends the start and then nothing more.
    KeepsSilent { after: usize },
    /// Answers every range with another place.
    WrongRange,
}

struct Server {
    url: String,
    seen: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone)]
struct Played {
    files: BTreeMap<String, Vec<u8>>,
    manners: BTreeMap<String, Manner>,
    listing: Option<Vec<u8>>,
    redirect: Option<String>,
    asked: Arc<AtomicUsize>,
}

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

impl Played {
    fn new(files: impl IntoIterator<Item = (&'static str, Vec<u8>)>) -> Self {
        let files = files
            .into_iter()
            .map(|(name, bytes)| (name.to_owned(), bytes));
        Self {
            files: files.collect(),
            manners: BTreeMap::new(),
            listing: None,
            redirect: None,
            asked: Arc::default(),
        }
    }

    fn with(mut self, file: &str, manner: Manner) -> Self {
        self.manners.insert(file.to_owned(), manner);
        self
    }

    fn listing(&self) -> Vec<u8> {
        if let Some(listing) = &self.listing {
            return listing.clone();
        }
        let siblings: Vec<_> = self
            .files
            .iter()
            .map(|(name, bytes)| {
                if name.ends_with(".safetensors") {
                    let sha256 = hex(&sha2::Sha256::digest(bytes));
                    json!({ "rfilename": name, "size": bytes.len(), "blobId": COMMIT,
                            "lfs": { "sha256": sha256, "size": bytes.len(), "pointerSize": 134 } })
                } else {
                    let mut sha1 = sha1::Sha1::new();
                    sha1::Digest::update(&mut sha1, format!("blob {}\0", bytes.len()));
                    sha1::Digest::update(&mut sha1, bytes);
                    let blob = hex(&sha1::Digest::finalize(sha1));
                    json!({ "rfilename": name, "size": bytes.len(), "blobId": blob })
                }
            })
            .collect();
        json!({ "sha": COMMIT, "siblings": siblings })
            .to_string()
            .into_bytes()
    }

    fn start(self) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let log = seen.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (played, log) = (self.clone(), log.clone());
                std::thread::spawn(move || played.serve(stream, &log));
            }
        });
        Server { url, seen }
    }

    fn serve(&self, stream: TcpStream, log: &Mutex<Vec<String>>) -> Option<()> {
        let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
        let first = lines.next()?.ok()?;
        let path = first.split(' ').nth(1)?.to_owned();
        let (mut from, mut token) = (0, String::new());
        for line in lines
            .map_while(Result::ok)
            .take_while(|line| !line.is_empty())
        {
            let line = line.to_ascii_lowercase();
            if let Some(range) = line.strip_prefix("range: bytes=") {
                from = range.trim_end_matches('-').parse().ok()?;
            } else if let Some(value) = line.strip_prefix("authorization: ") {
                value.clone_into(&mut token);
            }
        }
        log.lock()
            .expect("not poisoned")
            .push(format!("{path} {from} {token}").trim().to_owned());
        self.answer(stream, &path, from)
    }

    fn answer(&self, mut out: TcpStream, path: &str, from: usize) -> Option<()> {
        let mut send = |head: String, body: &[u8]| -> Option<()> {
            let head = format!("HTTP/1.1 {head}\r\nConnection: close\r\n\r\n");
            out.write_all(head.as_bytes()).ok()?;
            out.write_all(body).ok()?;
            out.flush().ok()
        };
        if path.starts_with("/api/models/") {
            if let Some(Manner::Status { status, .. }) = self.manners.get("api") {
                return send(format!("{status} X\r\nContent-Length: 0"), b"");
            }
            let body = self.listing();
            return send(format!("200 OK\r\nContent-Length: {}", body.len()), &body);
        }
        if let Some(to) = &self.redirect {
            return send(
                format!("302 Found\r\nLocation: {to}{path}\r\nContent-Length: 0"),
                b"",
            );
        }
        let name = path.split_once(&format!("/resolve/{COMMIT}/"))?.1;
        let Some(bytes) = self.files.get(name) else {
            return send("404 Not Found\r\nContent-Length: 0".to_owned(), b"");
        };
        let asked = self.asked.fetch_add(1, Ordering::Relaxed);
        let manner = self.manners.get(name).cloned().unwrap_or(Manner::Good);
        let asked = if manner == Manner::Good { 0 } else { asked };
        let rest = bytes.get(from..).unwrap_or_default();
        let total = bytes.len();
        let head = |length: usize| {
            if from > 0 {
                let range = format!("Content-Range: bytes {from}-{}/{total}", total - 1);
                format!("206 Partial Content\r\n{range}\r\nContent-Length: {length}")
            } else {
                format!("200 OK\r\nContent-Length: {length}")
            }
        };
        match manner {
            Manner::BreaksOff { after, times } if asked < times => {
                send(head(rest.len()), rest.get(..after).unwrap_or(rest))
            }
            Manner::WrongBytes { times } if asked < times => {
                send(head(rest.len()), &vec![b'!'; rest.len()])
            }
            Manner::Status { status, times } if asked < times => {
                send(format!("{status} X\r\nContent-Length: 0"), b"")
            }
            Manner::IgnoresRange => {
                // Broken off first, so that there is something to go on with.
                let part = if asked == 0 {
                    &bytes[..total / 2]
                } else {
                    bytes
                };
                send(format!("200 OK\r\nContent-Length: {total}"), part)
            }
            Manner::PromisesMore(more) => send(head(rest.len() + more), rest),
            Manner::PromisesLess(less) if from == 0 => {
                send(head(total - less), &bytes[..total - less])
            }
            Manner::KeepsSilent { after } => {
                send(head(rest.len()), rest.get(..after).unwrap_or(rest))?;
                std::thread::sleep(Duration::from_mins(1));
                None
            }
            Manner::WrongRange if asked == 0 => send(head(total), &bytes[..total / 2]),
            Manner::WrongRange if from > 0 => {
                let range = format!("Content-Range: bytes 0-{}/{total}", total - 1);
                send(
                    format!("206 Partial Content\r\n{range}\r\nContent-Length: {total}"),
                    bytes,
                )
            }
            _ => send(head(rest.len()), rest),
        }
    }
}

impl Server {
    fn log(&self) -> Vec<String> {
        self.seen.lock().expect("not poisoned").clone()
    }

    fn hub(&self, token: Option<&str>) -> Hub {
        let mut hub = Hub::new(&self.url, token.map(str::to_owned)).expect("an address");
        hub.backoff = Duration::from_millis(1);
        hub.silence = Duration::from_secs(5);
        hub
    }

    fn pull(&self, data: &Path) -> Result<Pulled, ModelError> {
        pull_with(
            data,
            &self.hub(None),
            &[],
            &AtomicBool::new(false),
            &mut |_| {},
        )
    }
}

fn pull_with(
    data: &Path,
    hub: &Hub,
    patterns: &[&str],
    cancel: &AtomicBool,
    on: &mut dyn FnMut(PullProgress<'_>),
) -> Result<Pulled, ModelError> {
    let repo: RepoId = "owner/thing".parse().expect("a name");
    let patterns: Vec<_> = patterns.iter().map(|&it| it.to_owned()).collect();
    Pull {
        hub,
        repo: &repo,
        patterns: &patterns,
        variant: None,
        name: None,
        data,
        cancel,
    }
    .run(on)
}

fn big() -> Vec<u8> {
    (0..1_000_000_u32).map(|n| (n % 251) as u8).collect()
}

fn one_file() -> Played {
    Played::new([("m.safetensors", big())])
}

/// Pulls the one file from a server of such manners, and compares.
fn check_comes(manner: Manner) -> Vec<String> {
    let data = tempfile::tempdir().expect("a folder");
    let server = one_file().with("m.safetensors", manner.clone()).start();
    let pulled = server.pull(data.path());
    let pulled = pulled.unwrap_or_else(|error| panic!("{manner:?}: {error}"));
    let bytes = fs::read(pulled.path.join("m.safetensors")).expect("there");
    assert!(bytes == big(), "{manner:?}");
    let left = fs::read_dir(data.path().join("models/.pull")).expect("listed");
    assert_eq!(left.count(), 0, "{manner:?}: nothing stays behind");
    server.log()
}

#[test]
fn a_diffusers_model_comes_with_what_it_needs_and_no_more() {
    let mut files = diffusers_files(&sd1_unet());
    files.push((
        "unet/diffusion_pytorch_model.fp16.safetensors",
        b"half".to_vec(),
    ));
    files.push(("unet/diffusion_pytorch_model.bin", b"pickle".to_vec()));
    files.push(("LICENSE", b"MIT".to_vec()));
    files.push(("big_preview.png", b"png".to_vec()));
    let server = Played::new(files).start();
    let data = tempfile::tempdir().expect("a folder");
    let mut finished = Vec::new();
    let (mut planned, mut count) = (0, 0);
    let pulled = pull_with(
        data.path(),
        &server.hub(None),
        &[],
        &AtomicBool::new(false),
        &mut |progress| match progress {
            PullProgress::Planned { size_bytes, .. } => planned = size_bytes,
            PullProgress::Bytes { count: more, .. } => count += more,
            PullProgress::Finished { file, .. } => finished.push(file.to_owned()),
            _ => {}
        },
    )
    .expect("pulled");
    assert_eq!(pulled.path, data.path().join("models/owner/thing"));
    assert_eq!(
        (pulled.was_complete, pulled.commit.as_str()),
        (false, COMMIT)
    );
    finished.sort();
    finished.dedup();
    assert_eq!(finished.len(), 11, "{finished:?}");
    assert!(count >= planned && planned > 0, "{count} of {planned}");
    assert!(
        !pulled
            .path
            .join("unet/diffusion_pytorch_model.bin")
            .exists()
    );
    assert!(pulled.path.join("LICENSE").exists());
    let asked = server.log().len();
    let again = server.pull(data.path()).expect("nothing to do");
    assert!(again.was_complete);
    // The list, and the index that says what is needed.
    assert_eq!(server.log().len(), asked + 2, "{:?}", server.log());
}

#[test]
fn broken_and_lying_servers_do_no_harm() {
    check_comes(Manner::Good);
    let log = check_comes(Manner::BreaksOff {
        after: 300_000,
        times: 3,
    });
    assert_eq!(log.len(), 5, "{log:?}");
    assert!(
        log[2].ends_with(" 300000") && log[4].ends_with(" 900000"),
        "{log:?}"
    );
    let log = check_comes(Manner::IgnoresRange);
    assert!(log[2].ends_with(" 500000"), "{log:?}");
    check_comes(Manner::PromisesLess(1000));
    check_comes(Manner::WrongBytes { times: 1 });
    check_comes(Manner::Status {
        status: 503,
        times: 3,
    });
    check_comes(Manner::Status {
        status: 429,
        times: 1,
    });
    check_comes(Manner::WrongRange);
}

fn check_fails(manner: Manner, said: &str) {
    let data = tempfile::tempdir().expect("a folder");
    let server = one_file().with("m.safetensors", manner.clone()).start();
    let error = server.pull(data.path()).expect_err("no model").to_string();
    assert!(error.contains(said), "{manner:?}: {error}");
    assert!(
        !data.path().join("models/owner/thing").exists(),
        "{manner:?}"
    );
}

#[test]
fn what_stays_wrong_is_said() {
    check_fails(Manner::WrongBytes { times: 9 }, "and should be ");
    check_fails(
        Manner::PromisesMore(10),
        "lists 1000000 bytes and sends 1000010",
    );
    check_fails(
        Manner::Status {
            status: 500,
            times: 99,
        },
        "it says 500",
    );
    check_fails(
        Manner::Status {
            status: 403,
            times: 99,
        },
        "403: the repository is gated",
    );
    check_fails(
        Manner::BreaksOff {
            after: 0,
            times: 99,
        },
        "127.0.0.1",
    );
    for (status, said) in [
        (401, "wants a token"),
        (404, "no such repository"),
        (500, "it says 500"),
    ] {
        let server = one_file()
            .with("api", Manner::Status { status, times: 99 })
            .start();
        let data = tempfile::tempdir().expect("a folder");
        let error = server.pull(data.path()).expect_err("refused").to_string();
        assert!(error.contains(said), "{status}: {error}");
    }
    let closed = Hub::new("http://127.0.0.1:9", None).map(|mut hub| {
        hub.backoff = Duration::from_millis(1);
        hub
    });
    let closed = closed.expect("an address");
    let data = tempfile::tempdir().expect("a folder");
    let error = pull_with(
        data.path(),
        &closed,
        &[],
        &AtomicBool::new(false),
        &mut |_| {},
    );
    let error = error.expect_err("nobody there").to_string();
    assert!(error.contains("connection refused"), "{error}");
    for nonsense in [&b"<html>"[..], b"{\"siblings\": 1}", b""] {
        let mut played = one_file();
        played.listing = Some(nonsense.to_vec());
        let error = played.start().pull(data.path()).expect_err("no hub");
        assert!(matches!(error, ModelError::Nonsense { .. }), "{error}");
    }
}

#[test]
fn a_pull_that_was_stopped_goes_on() {
    let data = tempfile::tempdir().expect("a folder");
    let silent = one_file()
        .with("m.safetensors", Manner::KeepsSilent { after: 400_000 })
        .start();
    let cancel = AtomicBool::new(false);
    let start = Instant::now();
    let mut came = 0;
    let stopped = pull_with(
        data.path(),
        &silent.hub(None),
        &[],
        &cancel,
        &mut |progress| {
            if let PullProgress::Bytes { count, .. } = progress {
                came += count;
            }
            if came >= 400_000 {
                cancel.store(true, Ordering::Relaxed);
            }
        },
    );
    assert!(matches!(stopped, Err(ModelError::Cancelled)));
    assert!(
        start.elapsed() < Duration::from_secs(3),
        "silence holds nobody up"
    );
    let server = one_file().start();
    server.pull(data.path()).expect("the rest");
    assert!(server.log()[1].ends_with(" 400000"), "{:?}", server.log());
}

#[test]
fn silence_is_a_broken_connection() {
    let data = tempfile::tempdir().expect("a folder");
    let server = one_file()
        .with("m.safetensors", Manner::KeepsSilent { after: 1000 })
        .start();
    let mut hub = server.hub(None);
    hub.silence = Duration::from_millis(200);
    let mut reasons = Vec::new();
    let cancel = AtomicBool::new(false);
    let result = pull_with(data.path(), &hub, &[], &cancel, &mut |progress| {
        if let PullProgress::Retrying { reason, .. } = progress {
            reasons.push(reason.to_owned());
            if reasons.len() == 2 {
                cancel.store(true, Ordering::Relaxed);
            }
        }
    });
    assert!(matches!(result, Err(ModelError::Cancelled)));
    assert_eq!(reasons, ["it keeps silent"; 2]);
}

#[test]
fn the_token_stays_at_home() {
    let elsewhere = one_file().start();
    let mut played = one_file();
    played.redirect = Some(elsewhere.url.clone());
    let home = played.start();
    let data = tempfile::tempdir().expect("a folder");
    let hub = home.hub(Some("hf_secret"));
    assert!(!format!("{hub:?}").contains("secret"));
    let cancel = AtomicBool::new(false);
    pull_with(data.path(), &hub, &[], &cancel, &mut |_| {}).expect("pulled");
    assert!(
        home.log()
            .iter()
            .all(|line| line.ends_with("bearer hf_secret")),
        "{:?}",
        home.log()
    );
    assert!(
        elsewhere.log().iter().all(|line| !line.contains("secret")),
        "{:?}",
        elsewhere.log()
    );
    assert_eq!(elsewhere.log().len(), 1);
}

#[test]
fn redirects_without_end_end() {
    let mut played = one_file();
    played.redirect = Some(String::new());
    let data = tempfile::tempdir().expect("a folder");
    let error = played
        .start()
        .pull(data.path())
        .expect_err("a circle")
        .to_string();
    assert!(error.contains("more than 5 redirects"), "{error}");
}

#[test]
fn hostile_names_land_nowhere() {
    let names = [
        "../../evil.safetensors",
        "/tmp/evil.safetensors",
        "a/\u{1b}[2J.safetensors",
    ];
    let siblings: Vec<_> = names
        .iter()
        .map(|name| json!({ "rfilename": name }))
        .collect();
    let mut played = one_file();
    played.listing = Some(json!({ "siblings": siblings }).to_string().into_bytes());
    let data = tempfile::tempdir().expect("a folder");
    let error = played
        .start()
        .pull(data.path())
        .expect_err("nothing is left")
        .to_string();
    assert!(error.contains("that is no model of pictures"), "{error}");
    // And an index that names a component outside.
    let index = br#"{"_class_name": "X", "../../up": ["a", "B"]}"#.to_vec();
    let server = Played::new([("model_index.json", index)]).start();
    let pulled = server
        .pull(data.path())
        .expect("an empty model is harmless");
    let mut inside: Vec<_> = fs::read_dir(&pulled.path)
        .expect("listed")
        .map(|entry| entry.expect("an entry").file_name())
        .collect();
    inside.sort();
    assert_eq!(inside, [".companion.json", "model_index.json"]);
}

#[test]
fn files_are_chosen_by_pattern_and_added_to_what_is_there() {
    let server = Played::new([
        ("a.safetensors", b"aaaa".to_vec()),
        ("b.safetensors", b"bbbb".to_vec()),
    ])
    .start();
    let data = tempfile::tempdir().expect("a folder");
    let cancel = AtomicBool::new(false);
    let error = server
        .pull(data.path())
        .expect_err("two to choose from")
        .to_string();
    assert!(
        error.contains("--file from a.safetensors, b.safetensors"),
        "{error}"
    );
    for pattern in ["a.*", "b.safetensors"] {
        let hub = server.hub(None);
        pull_with(data.path(), &hub, &[pattern], &cancel, &mut |_| {}).expect("pulled");
    }
    let folder = data.path().join("models/owner/thing");
    assert!(folder.join("a.safetensors").exists() && folder.join("b.safetensors").exists());
    let record = fs::read_to_string(folder.join(".companion.json")).expect("a record");
    assert!(
        record.contains("a.safetensors") && record.contains("b.safetensors"),
        "{record}"
    );
}
