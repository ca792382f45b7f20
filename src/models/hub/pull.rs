//! A download: from a repository's name to a model in the user's folder.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::super::catalogue::user_folder;
use super::super::error::{ModelError, shown_text};
use super::super::examine::read_small;
use super::super::import::check_name;
use super::super::layout::{INDEX_FILE, Index};
use super::super::verify::{RECORD_FILE, RECORD_VERSION, Record, RecordedFile};
use super::fetch::{Broken, Hub};
use super::file::{Fetch, check_content, meaning_of};
use super::listing::{Listing, RemoteFile, RepoId};
use super::plan::Plan;
use crate::atomic;

/// A repository of thousands of files is told in a few MiB.
const MAX_LISTING_BYTES: usize = 32 << 20;
const MAX_ATTEMPTS: u32 = 4;
/// Left free for others.
const RESERVED_BYTES: u64 = 64 << 20;

/// What is to be downloaded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pull<'a> {
    /// Whence.
    pub hub: &'a Hub,
    /// What.
    pub repo: &'a RepoId,
    /// Only files that match one of these, instead of what the model needs.
    pub patterns: &'a [String],
    /// Of which variant the weights shall be: `fp16`.
    pub variant: Option<&'a str>,
    /// The model's name here; the repository's, if none.
    pub name: Option<&'a str>,
    /// The user's data folder.
    pub data: &'a Path,
    /// Stops it; what came stays for the next time.
    pub cancel: &'a AtomicBool,
}

/// What a download tells while it goes on.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PullProgress<'a> {
    /// What will be fetched.
    Planned {
        /// How many files.
        files: usize,
        /// Of what size together, as far as the hub tells.
        size_bytes: u64,
        /// What the user should know.
        notes: &'a [String],
    },
    /// A file begins, or goes on.
    Started {
        /// Its path in the repository.
        file: &'a str,
    },
    /// Bytes came, or were found on disk.
    Bytes {
        /// How many since the last call.
        count: u64,
        /// Whether they came over the network.
        is_new: bool,
    },
    /// What came of a file is of no use: so many bytes are to come again.
    Lost {
        /// How many.
        count: u64,
    },
    /// The connection broke; it is tried again.
    Retrying {
        /// The file's path in the repository.
        file: &'a str,
        /// What happened.
        reason: &'a str,
        /// How long it waits.
        wait: Duration,
    },
    /// A file is whole and is what it should be.
    Finished {
        /// Its path in the repository.
        file: &'a str,
        /// Its size.
        size_bytes: u64,
    },
}

/// What a download has led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pulled {
    /// The model's name.
    pub name: String,
    /// Its folder.
    pub path: PathBuf,
    /// The commit that was fetched.
    pub commit: String,
    /// Whether everything was there already.
    pub was_complete: bool,
}

/// Hears how a download goes on.
pub(super) type OnProgress<'a> = &'a mut dyn FnMut(PullProgress<'_>);

impl Pull<'_> {
    /// Downloads what is missing, and gives the folder its name when all of it is there.
    ///
    /// # Errors
    /// If the hub refuses, keeps silent, or sends what it did not announce; if the disk is full;
    /// if it is cancelled. What came is kept, and the next pull goes on from there.
    pub fn run(&self, on: OnProgress<'_>) -> Result<Pulled, ModelError> {
        let model_name = self.repo.model_name();
        let name = self.name.unwrap_or(&model_name);
        check_name(name)?;
        let models = user_folder(self.data);
        let target = models.join(name);
        let pulls = models.join(".pull");
        let work = pulls.join(name.replace('/', "--"));
        atomic::create_folder(&pulls).map_err(ModelError::io("write", &pulls))?;
        let lock_path = work.with_added_extension("lock");
        let lock = File::create(&lock_path).map_err(ModelError::io("write", &lock_path))?;
        if lock.try_lock().is_err() {
            return Err(ModelError::Selection {
                repo: self.repo.to_string(),
                reason: "another companion is downloading it".to_owned(),
            });
        }
        let done = self.run_locked(name, &target, &work, on);
        let _ = fs::remove_file(&lock_path);
        done
    }

    fn run_locked(
        &self,
        name: &str,
        target: &Path,
        work: &Path,
        on: OnProgress<'_>,
    ) -> Result<Pulled, ModelError> {
        let listing = self.listing(on)?;
        atomic::create_folder(work).map_err(ModelError::io("write", work))?;
        let plan = self.plan(&listing, work, on)?;
        on(PullProgress::Planned {
            files: plan.files.len(),
            size_bytes: plan.size_bytes(),
            notes: &plan.notes,
        });
        let mut record = Record::read(target)
            .filter(|record| record.repo == self.repo.name)
            .unwrap_or(Record {
                version: RECORD_VERSION,
                repo: self.repo.name.clone(),
                revision: String::new(),
                files: BTreeMap::new(),
            });
        let mut missing = Vec::new();
        for (path, file) in &plan.files {
            match check_content(&target.join(path), file, self.cancel)? {
                Some(found) => {
                    tell_finished(on, path, found.size_bytes);
                    record.files.insert(path.clone(), found);
                }
                None => missing.push((path, file)),
            }
        }
        let was_complete = missing.is_empty() && record.revision == listing.commit;
        Self::check_room(&missing, work)?;
        for (path, file) in &missing {
            let fetched = self.fetch(&listing, path, file, work, on)?;
            record.files.insert((*path).clone(), fetched);
        }
        record.revision.clone_from(&listing.commit);
        let text = serde_json::to_vec_pretty(&record).expect("plain data");
        let written = work.join(RECORD_FILE);
        atomic::write(&written, &text).map_err(ModelError::io("write", &written))?;
        let fetched = missing.iter().map(|(path, _)| path.as_str());
        publish(work, target, fetched)?;
        Ok(Pulled {
            name: name.to_owned(),
            path: target.to_owned(),
            commit: listing.commit,
            was_complete,
        })
    }

    /// What the repository has.
    fn listing(&self, on: OnProgress<'_>) -> Result<Listing, ModelError> {
        let repo = self.repo.name.split('/');
        let segments = ["api", "models"].into_iter().chain(repo);
        let segments = segments.chain(["revision", self.repo.revision.as_str()]);
        let url = self.hub.url(segments, Some("blobs=true"));
        let mut attempt = 0;
        loop {
            let lost = match self.hub.get(url.clone(), 0, self.cancel) {
                Ok(reply) if reply.status == 200 => {
                    match reply.body(MAX_LISTING_BYTES, self.cancel) {
                        Ok(bytes) => {
                            return Listing::parse(&bytes, &self.repo.revision).map_err(|reason| {
                                ModelError::Nonsense {
                                    host: self.hub.host(),
                                    reason: shown_text(&reason),
                                }
                            });
                        }
                        Err(broken) => broken,
                    }
                }
                Ok(reply) if is_passing(reply.status) => {
                    Broken::Lost(format!("it says {}", reply.status))
                }
                Ok(reply) => return Err(self.refused(reply.status)),
                Err(broken) => broken,
            };
            attempt += 1;
            self.wait_or_give_up(attempt, lost, "the list of files", None, on)?;
        }
    }

    /// Which of it is fetched.
    fn plan(&self, listing: &Listing, work: &Path, on: OnProgress<'_>) -> Result<Plan, ModelError> {
        let index = listing.files.get(INDEX_FILE);
        let plan = if !self.patterns.is_empty() {
            Plan::of_patterns(listing, self.patterns)
        } else if let Some(file) = index {
            self.fetch(listing, INDEX_FILE, file, work, on)?;
            let bytes = read_small(&work.join(INDEX_FILE))?;
            match Index::parse(&bytes) {
                Some(index) => Plan::of_index(listing, &index, self.variant),
                None => Err("its model_index.json is none".to_owned()),
            }
        } else {
            Plan::of_single_file(listing)
        };
        let mut plan = plan.map_err(|reason| ModelError::Selection {
            repo: self.repo.to_string(),
            reason,
        })?;
        if listing.refused > 0 {
            plan.notes.push(format!(
                "{} of its files have names that are refused",
                listing.refused
            ));
        }
        Ok(plan)
    }

    fn fetch(
        &self,
        listing: &Listing,
        path: &str,
        file: &RemoteFile,
        work: &Path,
        on: OnProgress<'_>,
    ) -> Result<RecordedFile, ModelError> {
        let segments = self.repo.name.split('/');
        let segments = segments.chain(["resolve", listing.commit.as_str()]);
        let fetch = Fetch {
            pull: self,
            url: self.hub.url(segments.chain(path.split('/')), None),
            path,
            file,
            commit: &listing.commit,
            target: work.join(path),
        };
        on(PullProgress::Started { file: path });
        let fetched = fetch.run(on)?;
        tell_finished_without_bytes(on, path, fetched.size_bytes);
        Ok(fetched)
    }

    /// Better before the first byte than in the middle of the night.
    fn check_room(missing: &[(&String, &RemoteFile)], work: &Path) -> Result<(), ModelError> {
        let needed = missing
            .iter()
            .filter_map(|(path, file)| {
                let came = fs::metadata(work.join(path))
                    .or_else(|_| fs::metadata(Fetch::part_path(&work.join(path), file, "")));
                let came = came.map_or(0, |metadata| metadata.len());
                Some(file.size_bytes?.saturating_sub(came))
            })
            .fold(0, u64::saturating_add);
        let Ok(room) = rustix::fs::statvfs(work) else {
            return Ok(());
        };
        let free_bytes = room.f_bavail.saturating_mul(room.f_frsize);
        if needed > 0 && free_bytes < needed.saturating_add(RESERVED_BYTES) {
            return Err(ModelError::NoRoom {
                path: work.to_owned(),
                free_bytes,
                needed_bytes: needed,
            });
        }
        Ok(())
    }

    /// What a refusal means here.
    pub(super) fn refused(&self, status: u16) -> ModelError {
        ModelError::Refused {
            host: self.hub.host(),
            status,
            meaning: meaning_of(status, self.hub.has_token()).to_owned(),
        }
    }

    /// Waits before the next attempt, each time longer; says so; gives up after the last.
    pub(super) fn wait_or_give_up(
        &self,
        attempt: u32,
        broken: Broken,
        file: &str,
        asked: Option<Duration>,
        on: OnProgress<'_>,
    ) -> Result<(), ModelError> {
        const STEP: Duration = Duration::from_millis(50);
        const LONGEST: Duration = Duration::from_mins(1);
        let reason = match broken {
            Broken::Cancelled => return Err(ModelError::Cancelled),
            Broken::Lost(reason) => reason,
        };
        if attempt >= MAX_ATTEMPTS {
            return Err(ModelError::Unreachable {
                host: self.hub.host(),
                reason,
            });
        }
        let wait = self.hub.backoff * 2_u32.pow(attempt.saturating_sub(1).min(10));
        let wait = asked.unwrap_or(wait).min(LONGEST);
        on(PullProgress::Retrying {
            file,
            reason: &reason,
            wait,
        });
        let mut left = wait;
        while !left.is_zero() {
            if self.cancel.load(Ordering::Relaxed) {
                return Err(ModelError::Cancelled);
            }
            let step = left.min(STEP);
            std::thread::sleep(step);
            left -= step;
        }
        Ok(())
    }
}

/// Whether it is worth asking again.
pub(super) fn is_passing(status: u16) -> bool {
    matches!(status, 408 | 425 | 429 | 500..=599)
}

fn tell_finished(on: OnProgress<'_>, file: &str, size_bytes: u64) {
    on(PullProgress::Bytes {
        count: size_bytes,
        is_new: false,
    });
    tell_finished_without_bytes(on, file, size_bytes);
}

fn tell_finished_without_bytes(on: OnProgress<'_>, file: &str, size_bytes: u64) {
    on(PullProgress::Finished { file, size_bytes });
}

/// Moves what came to where it is found: in one step if the model is new.
fn publish<'a>(
    work: &Path,
    target: &Path,
    fetched: impl Iterator<Item = &'a str>,
) -> Result<(), ModelError> {
    let above = target.parent().unwrap_or(target);
    atomic::create_folder(above).map_err(ModelError::io("write", above))?;
    if fs::symlink_metadata(target).is_err() {
        fs::rename(work, target).map_err(ModelError::io("write", target))?;
        return atomic::sync_folder(above).map_err(ModelError::io("write", above));
    }
    for file in fetched.chain([RECORD_FILE]) {
        let (from, to) = (work.join(file), target.join(file));
        let folder = to.parent().unwrap_or(target);
        atomic::create_folder(folder).map_err(ModelError::io("write", folder))?;
        fs::rename(&from, &to).map_err(ModelError::io("write", &to))?;
    }
    atomic::sync_folder(target).map_err(ModelError::io("write", target))?;
    // What is left is the index that was needed to plan, or of an earlier revision.
    let _ = fs::remove_dir_all(work);
    Ok(())
}
