//! One file of a download: it goes on where it stopped, and is checked before it gets its name.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use ureq::http::header;
use url::Url;

use super::super::error::ModelError;
use super::super::hash::hex;
use super::super::verify::RecordedFile;
use super::fetch::{Broken, Reply};
use super::listing::{Identity, RemoteFile};
use super::pull::{OnProgress, Pull, PullProgress, is_passing};
use crate::atomic;

/// What a file may have whose size nobody has told.
const MAX_UNTOLD_BYTES: u64 = 16 << 20;
/// With a server that breaks off again and again, but sends something each time.
const MAX_CONNECTIONS: u32 = 200;

/// A file to be fetched.
pub(super) struct Fetch<'a> {
    pub pull: &'a Pull<'a>,
    pub url: Url,
    /// Its path in the repository.
    pub path: &'a str,
    pub file: &'a RemoteFile,
    pub commit: &'a str,
    /// Where it shall be when it is whole.
    pub target: PathBuf,
}

/// Why an attempt brought no whole file.
enum Failed {
    /// It may go on: after a while, if the server asks for one.
    Broken(Broken, Option<Duration>),
    /// What came is not what was announced; it has been thrown away.
    Wrong(String),
    /// It will not get better.
    Final(ModelError),
}

impl Fetch<'_> {
    /// Where a file grows. Its name tells of which content it is a part.
    pub fn part_path(target: &Path, file: &RemoteFile, commit: &str) -> PathBuf {
        let tag = match &file.identity {
            Identity::Sha256(hash) | Identity::GitBlob(hash) => hash.as_str(),
            Identity::Unknown => commit,
        };
        let tag: String = tag
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(12)
            .collect();
        target.with_added_extension(format!("{tag}.part"))
    }

    /// Fetches it, as often as there is hope.
    pub fn run(&self, on: OnProgress<'_>) -> Result<RecordedFile, ModelError> {
        if let Some(found) = check_content(&self.target, self.file, self.pull.cancel)? {
            on(PullProgress::Bytes {
                count: found.size_bytes,
                is_new: false,
            });
            return Ok(found);
        }
        let folder = atomic::folder_of(&self.target).map_err(self.io("write"))?;
        atomic::create_folder(folder).map_err(self.io("write"))?;
        let part_path = Self::part_path(&self.target, self.file, self.commit);
        let mut part = Part::open(&part_path, self.file.size_bytes, self.pull.cancel)?;
        on(PullProgress::Bytes {
            count: part.size_bytes,
            is_new: false,
        });
        let (mut attempts, mut connections, mut wrongs) = (0, 0, 0);
        loop {
            let before = part.size_bytes;
            let failed = match self.attempt(&mut part, on) {
                Ok(()) => return self.finish(part, &part_path),
                Err(failed) => failed,
            };
            connections += 1;
            attempts = if part.size_bytes > before && connections < MAX_CONNECTIONS {
                1
            } else {
                attempts + 1
            };
            match failed {
                Failed::Final(error) => return Err(error),
                Failed::Broken(broken, asked) => {
                    self.pull
                        .wait_or_give_up(attempts, broken, self.path, asked, on)?;
                }
                Failed::Wrong(reason) => {
                    wrongs += 1;
                    if wrongs > 1 {
                        return Err(ModelError::WrongContent {
                            file: self.path.to_owned(),
                            reason,
                        });
                    }
                    let broken = Broken::Lost(reason);
                    self.pull.wait_or_give_up(1, broken, self.path, None, on)?;
                }
            }
        }
    }

    fn attempt(&self, part: &mut Part, on: OnProgress<'_>) -> Result<(), Failed> {
        let expected = self.file.size_bytes;
        if expected.is_some_and(|expected| part.size_bytes == expected) && part.size_bytes > 0 {
            return self.check(part, on);
        }
        let cancel = self.pull.cancel;
        let reply = self
            .pull
            .hub
            .get(self.url.clone(), part.size_bytes, cancel)
            .map_err(|broken| Failed::Broken(broken, None))?;
        match reply.status {
            206 if starts_at(&reply, part.size_bytes) => {}
            // It does not know how to go on, or starts somewhere else.
            200 => self.drop_part(part, on)?,
            206 | 416 => {
                self.drop_part(part, on)?;
                let reason = "it can't go on where it stopped".to_owned();
                return Err(Failed::Broken(Broken::Lost(reason), None));
            }
            status if is_passing(status) => {
                let asked = reply.header(header::RETRY_AFTER);
                let asked = asked.and_then(|text| text.trim().parse().ok());
                return Err(Failed::Broken(
                    Broken::Lost(format!("it says {status}")),
                    asked.map(Duration::from_secs),
                ));
            }
            status => return Err(Failed::Final(self.pull.refused(status))),
        }
        let announced = reply
            .header(header::CONTENT_LENGTH)
            .and_then(|text| text.parse::<u64>().ok())
            .map(|rest| rest.saturating_add(part.size_bytes));
        if let (Some(expected), Some(announced)) = (expected, announced)
            && announced > expected
        {
            self.drop_part(part, on)?;
            return Err(Failed::Wrong(format!(
                "the hub lists {expected} bytes and sends {announced}"
            )));
        }
        let most = expected.or(announced).unwrap_or(MAX_UNTOLD_BYTES);
        loop {
            let bytes = reply
                .next(cancel)
                .map_err(|broken| Failed::Broken(broken, None))?;
            let Some(bytes) = bytes else { break };
            if part.size_bytes.saturating_add(bytes.len() as u64) > most {
                self.drop_part(part, on)?;
                return Err(Failed::Wrong(format!("more than {most} bytes came")));
            }
            part.append(&bytes)
                .map_err(|source| Failed::Final(self.io("write")(source)))?;
            on(PullProgress::Bytes {
                count: bytes.len() as u64,
                is_new: true,
            });
        }
        if let Some(expected) = expected.or(announced).filter(|&it| part.size_bytes < it) {
            let reason = format!("it ended after {} of {expected} bytes", part.size_bytes);
            return Err(Failed::Broken(Broken::Lost(reason), None));
        }
        self.check(part, on)
    }

    /// Whether what is there is what was announced.
    fn check(&self, part: &mut Part, on: OnProgress<'_>) -> Result<(), Failed> {
        let (expected, actual) = match &self.file.identity {
            Identity::Sha256(expected) => (expected.clone(), hex(&part.hasher.clone().finalize())),
            Identity::GitBlob(expected) => {
                let actual = part
                    .git_blob()
                    .map_err(|source| Failed::Final(self.io("read")(source)))?;
                (expected.clone(), actual)
            }
            Identity::Unknown => return Ok(()),
        };
        if expected == actual {
            return Ok(());
        }
        self.drop_part(part, on)?;
        Err(Failed::Wrong(format!(
            "its hash is {actual}, and should be {expected}"
        )))
    }

    fn finish(&self, part: Part, part_path: &Path) -> Result<RecordedFile, ModelError> {
        part.file.sync_all().map_err(self.io("write"))?;
        fs::rename(part_path, &self.target).map_err(self.io("write"))?;
        Ok(RecordedFile {
            size_bytes: part.size_bytes,
            sha256: hex(&part.hasher.finalize()),
        })
    }

    fn drop_part(&self, part: &mut Part, on: OnProgress<'_>) -> Result<(), Failed> {
        if part.size_bytes > 0 {
            on(PullProgress::Lost {
                count: part.size_bytes,
            });
        }
        part.clear()
            .map_err(|source| Failed::Final(self.io("write")(source)))
    }

    fn io(&self, action: &'static str) -> impl FnOnce(io::Error) -> ModelError {
        ModelError::io(action, &self.target)
    }
}

/// A file that grows, with the hash of what is in it.
struct Part {
    file: File,
    size_bytes: u64,
    hasher: Sha256,
}

impl Part {
    /// Opens what came earlier. What is longer than the whole is thrown away.
    fn open(path: &Path, expected: Option<u64>, cancel: &AtomicBool) -> Result<Self, ModelError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(ModelError::io("write", path))?;
        let mut part = Self {
            file,
            size_bytes: 0,
            hasher: Sha256::new(),
        };
        let mut bytes = vec![0; 1 << 20];
        loop {
            if cancel.load(Ordering::Relaxed) {
                return Err(ModelError::Cancelled);
            }
            let read = part
                .file
                .read(&mut bytes)
                .map_err(ModelError::io("read", path))?;
            let Some(piece) = bytes.get(..read).filter(|piece| !piece.is_empty()) else {
                break;
            };
            part.hasher.update(piece);
            part.size_bytes += read as u64;
        }
        if expected.is_some_and(|expected| part.size_bytes > expected) {
            part.clear().map_err(ModelError::io("write", path))?;
        }
        Ok(part)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.hasher.update(bytes);
        self.size_bytes += bytes.len() as u64;
        Ok(())
    }

    fn clear(&mut self) -> io::Result<()> {
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.size_bytes = 0;
        self.hasher = Sha256::new();
        Ok(())
    }

    fn git_blob(&mut self) -> io::Result<String> {
        self.file.seek(SeekFrom::Start(0))?;
        let hash = git_blob(&mut self.file, self.size_bytes)?;
        self.file.seek(SeekFrom::End(0))?;
        Ok(hash)
    }
}

/// What a file on disk is, if it is what the hub lists.
///
/// # Errors
/// If it is cancelled. A file that cannot be read is not there.
pub(super) fn check_content(
    path: &Path,
    expected: &RemoteFile,
    cancel: &AtomicBool,
) -> Result<Option<RecordedFile>, ModelError> {
    let Ok(metadata) = fs::symlink_metadata(path) else {
        return Ok(None);
    };
    let has_size = expected
        .size_bytes
        .is_none_or(|size| size == metadata.len());
    // By its size alone a file is not known.
    if !metadata.is_file() || !has_size || expected.identity == Identity::Unknown {
        return Ok(None);
    }
    let mut part = match Part::open(path, None, cancel) {
        Ok(part) => part,
        Err(ModelError::Cancelled) => return Err(ModelError::Cancelled),
        Err(_) => return Ok(None),
    };
    let is_it = match &expected.identity {
        Identity::Sha256(hash) => *hash == hex(&part.hasher.clone().finalize()),
        Identity::GitBlob(hash) => part.git_blob().is_ok_and(|actual| actual == *hash),
        Identity::Unknown => false,
    };
    Ok(is_it.then(|| RecordedFile {
        size_bytes: part.size_bytes,
        sha256: hex(&part.hasher.finalize()),
    }))
}

/// The name that git has for a content.
fn git_blob(content: &mut impl io::Read, size_bytes: u64) -> io::Result<String> {
    let mut hasher = Sha1::new();
    hasher.update(format!("blob {size_bytes}\0"));
    let mut bytes = vec![0; 64 << 10];
    loop {
        let read = content.read(&mut bytes)?;
        match bytes.get(..read) {
            Some(piece) if !piece.is_empty() => hasher.update(piece),
            _ => return Ok(hex(&hasher.finalize())),
        }
    }
}

/// Whether a partial answer goes on where we asked it to.
fn starts_at(reply: &Reply, from: u64) -> bool {
    reply
        .header(header::CONTENT_RANGE)
        .and_then(|text| text.trim().strip_prefix("bytes "))
        .and_then(|range| range.split_once('-'))
        .is_some_and(|(start, _)| start.parse() == Ok(from))
}

/// What a refusal means here.
pub(super) fn meaning_of(status: u16, has_token: bool) -> &'static str {
    match (status, has_token) {
        (401, false) => "there is no such repository, or it is private or gated and wants a token",
        (401, true) => "the token is not accepted",
        (403, false) => "the repository is gated: it wants a token",
        (403, true) => "this token may not read it; is the licence accepted on the model's page?",
        (404, _) => "there is no such repository, revision or file",
        _ => "the hub does not give it",
    }
}
