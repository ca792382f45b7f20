//! The broker: does in this process what code in a worker may have done, and refuses the rest.
//!
//! ```text
//! worker: open() ── Host::call ── frames ── Broker::answer ── granted  a path to a place, walled in
//!                                                        ├─── files    what is done there
//!                                                        ├─── net      HTTP, on a thread of its own
//!                                                        └─── dyn Desk tools, on a thread of its own
//! ```
//!
//! Invariants: what a worker sends is not trusted: every path, number and header is checked here,
//! and nowhere else. A grant is held by descriptor from the moment it is given. Only regular files
//! and folders are opened, so that no call waits for a device or a pipe. What waits for the
//! network does it on a thread, and an interruption waits for none of it. Grants can change
//! between two cells without a new worker.
//!
//! Absent on purpose: making links, devices and executables; owners; watching; raw sockets;
//! proxies, cookies and logins from companion's environment. A file that has a second name outside
//! of the grant (a hard link) is the same file: a folder is granted with all that is in it.

mod error;
mod files;
mod net;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use rustix::io::Errno;

use self::error::because;
use self::files::OpenFile;
use self::net::{Fetched, Hosts};
use super::call::{Bytes, HostCall, HostCallError, HostReturn};
use super::desk::{Answered, Asking, Budget, Desk, DeskCall, DeskReturn};
use crate::granted::{self, Allowance, Lost, Root, Spot};
use crate::panics;
use crate::protocol::{Artifact, CellProgress, Grant};
use crate::tool::CancelToken;

pub(crate) use crate::granted::{GrantError, protect_folders};

/// Questions of one kernel that may be at the desk, those included that nobody waits for any more.
const MAX_AT_DESK: usize = 8;
/// Handles that code may hold at once: files, and bodies of responses.
pub(super) const MAX_HANDLES: usize = 16;
/// The first handle: 0 to 2 are the standard streams, as everywhere.
const FIRST_HANDLE: u32 = 3;

/// Where the user is.
static FOLDER: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/")));

/// Carries out the calls of one kernel.
#[derive(Default)]
pub(super) struct Broker {
    grants: Vec<Grant>,
    roots: Vec<Root>,
    next_root: u32,
    hosts: Hosts,
    environment: Vec<(String, String)>,
    handles: BTreeMap<u32, Handle>,
    next_handle: u32,
    /// Requests so far.
    tickets: u64,
    /// The request whose answer is still to come, and the number of its call. The numbers of
    /// calls can come again after a worker has gone back to an earlier state; tickets do not.
    awaited: Option<Awaited>,
    desk: Option<Arc<dyn Desk>>,
    /// Questions at the desk, those included that nobody waits for any more.
    at_desk: Arc<AtomicUsize>,
}

enum Handle {
    File(OpenFile),
    Body { bytes: Vec<u8>, at: usize },
}

/// A root of a new set of grants.
enum Chosen {
    /// One that is open.
    Kept(usize),
    /// One that is new.
    New(Root),
}

impl Chosen {
    fn is_for(&self, roots: &[Root], grant: &Grant) -> bool {
        match self {
            Self::Kept(at) => roots[*at].is_of(grant),
            Self::New(root) => root.is_of(grant),
        }
    }
}

/// The answer of a call that went to a thread.
pub(super) struct Later {
    ticket: u64,
    outcome: Found,
}

/// What a thread has found.
enum Found {
    Page(Result<Fetched, HostCallError>),
    Desk(Answered),
}

/// A call whose answer is still to come.
struct Awaited {
    ticket: u64,
    id: u64,
    cancel: CancelToken,
}

/// An answer that a thread has brought, for whoever waits for it.
pub(super) struct Brought {
    /// Of the call.
    pub id: u64,
    /// For the code.
    pub answer: Result<HostReturn, HostCallError>,
    /// What it wanted to be shown.
    pub shown: Option<Artifact>,
    /// Whether the time it took is the cell's own.
    pub is_own_time: bool,
    /// Steps that were taken for it.
    pub fuel_used: u64,
}

impl Broker {
    /// Replaces all grants. Those that stay keep their descriptors, and what they have written.
    ///
    /// # Errors
    /// When one of them can't be given: then nothing changes.
    pub fn set_grants(&mut self, grants: Vec<Grant>) -> Result<(), GrantError> {
        if grants == self.grants {
            return Ok(());
        }
        granted::look();
        // First whatever can fail.
        let mut chosen: Vec<Chosen> = Vec::new();
        for grant in &grants {
            if chosen
                .iter()
                .any(|chosen| chosen.is_for(&self.roots, grant))
            {
                continue;
            }
            if let Some(at) = self.roots.iter().position(|root| root.is_of(grant)) {
                chosen.push(Chosen::Kept(at));
            } else if let Some(root) = Root::open(self.next_root, grant)? {
                self.next_root += 1;
                chosen.push(Chosen::New(root));
            }
        }
        let mut old: Vec<Option<Root>> = self.roots.drain(..).map(Some).collect();
        self.roots = chosen
            .into_iter()
            .filter_map(|chosen| match chosen {
                Chosen::Kept(at) => old[at].take(),
                Chosen::New(root) => Some(root),
            })
            .collect();
        for root in &mut self.roots {
            for grant in &grants {
                if let (true, Grant::Write { max_bytes, .. }, Some(allowance)) =
                    (root.is_of(grant), grant, &mut root.allowance)
                {
                    allowance.max_bytes = *max_bytes;
                }
            }
        }
        self.handles.retain(|_, handle| match handle {
            Handle::File(file) => self.roots.iter().any(|root| root.id == file.root),
            Handle::Body { .. } => true,
        });
        self.hosts.set(&grants);
        self.environment = grants
            .iter()
            .filter_map(|grant| match grant {
                Grant::Env { name } => Some((name.clone(), std::env::var(name).ok()?)),
                _ => None,
            })
            .collect();
        self.grants = grants;
        Ok(())
    }

    /// Who answers for tools from now on.
    pub fn set_desk(&mut self, desk: Arc<dyn Desk>) {
        self.desk = Some(desk);
    }

    /// Closes everything that was opened: the worker that held the handles is gone.
    pub fn close_all(&mut self) {
        self.handles.clear();
        self.forget();
    }

    /// A number below which all handles are that are open now.
    pub fn mark(&self) -> u32 {
        self.next_handle.max(FIRST_HANDLE)
    }

    /// Closes what was opened since a mark: the cell that did it never happened.
    pub fn close_since(&mut self, mark: u32) {
        self.handles.retain(|&handle, _| handle < mark);
        self.forget();
    }

    /// Forgets the call that nobody waits for any more.
    pub fn forget(&mut self) {
        if let Some(awaited) = self.awaited.take() {
            awaited.cancel.cancel();
        }
    }

    /// Answers a call; `None` if the answer comes through `later`, once, and news of it through
    /// `tell` before. Code that runs for it is on the budget.
    pub fn answer(
        &mut self,
        id: u64,
        call: HostCall,
        budget: Budget,
        tell: impl Fn(CellProgress) + Send + Sync + 'static,
        later: impl FnOnce(Later) + Send + 'static,
    ) -> Option<Result<HostReturn, HostCallError>> {
        self.forget();
        if !call.is_slow() {
            granted::look();
            return Some(self.carry_out(call));
        }
        if let Err(error) = self.room() {
            return Some(Err(error));
        }
        self.tickets += 1;
        let ticket = self.tickets;
        let cancel = CancelToken::default();
        let later = move |outcome| later(Later { ticket, outcome });
        let started = match call {
            HostCall::Fetch(request) => net::fetch(&self.hosts, request, move |outcome| {
                later(Found::Page(outcome));
            }),
            HostCall::Desk(call) => {
                let asking = Asking {
                    cancel: cancel.clone(),
                    budget,
                    tell: Arc::new(tell),
                };
                self.ask(call, asking, move |answered| {
                    later(Found::Desk(answered));
                })
            }
            call => Err(HostCallError::denied(call.refusal())),
        };
        match started {
            Ok(()) => {
                self.awaited = Some(Awaited { ticket, id, cancel });
                None
            }
            Err(error) => Some(Err(error)),
        }
    }

    /// Has the desk answer, on a thread of its own.
    fn ask(
        &self,
        call: DeskCall,
        asking: Asking,
        done: impl FnOnce(Answered) + Send + 'static,
    ) -> Result<(), HostCallError> {
        let Some(desk) = self.desk.clone() else {
            let refusal = HostCall::Desk(call).refusal();
            return Err(HostCallError::denied(refusal));
        };
        let seat = Seat::take(&self.at_desk)?;
        let answer = move || {
            let _seat = seat;
            let answered = panics::contain(|| desk.answer(call, &asking));
            done(answered.unwrap_or_else(|panic| Answered {
                outcome: Err(because(Errno::IO, format!("the tool broke down: {panic}"))),
                is_own_time: false,
                fuel_used: 0,
            }));
        };
        std::thread::Builder::new()
            .name("desk".to_owned())
            .spawn(answer)
            .map(drop)
            .map_err(|error| because(Errno::AGAIN, format!("no thread for it: {error}")))
    }

    /// Takes the answer that a thread has brought; `None` if nobody waits for it.
    pub fn take_later(&mut self, later: Later) -> Option<Brought> {
        let awaited = self
            .awaited
            .take_if(|awaited| awaited.ticket == later.ticket)?;
        let mut brought = Brought {
            id: awaited.id,
            answer: Ok(HostReturn::Done),
            shown: None,
            is_own_time: true,
            fuel_used: 0,
        };
        match later.outcome {
            Found::Page(outcome) => {
                brought.answer = outcome.and_then(|fetched| {
                    let bytes = fetched.body;
                    let handle = self.hold(Handle::Body { bytes, at: 0 })?;
                    Ok(HostReturn::Response {
                        status: fetched.status,
                        url: fetched.url,
                        headers: fetched.headers,
                        handle,
                    })
                });
            }
            Found::Desk(answered) => {
                brought.is_own_time = answered.is_own_time;
                brought.fuel_used = answered.fuel_used;
                brought.answer = answered.outcome.and_then(|found| match found {
                    DeskReturn::Text(text) => Ok(HostReturn::Text(text)),
                    DeskReturn::Bytes(bytes) => {
                        let handle = self.hold(Handle::Body { bytes, at: 0 })?;
                        Ok(HostReturn::Number(u64::from(handle)))
                    }
                    DeskReturn::Shown(artifact) => {
                        brought.shown = Some(artifact);
                        Ok(HostReturn::Done)
                    }
                });
            }
        }
        Some(brought)
    }

    fn carry_out(&mut self, call: HostCall) -> Result<HostReturn, HostCallError> {
        match call {
            HostCall::Surroundings => Ok(HostReturn::Surroundings {
                cwd: Bytes(self.cwd().as_os_str().as_bytes().to_vec()),
                environment: self.environment.clone(),
            }),
            HostCall::Open { path, how } => {
                self.room()?;
                let file = self.at(path, true, files::needs_write(how), |allowances, spot| {
                    files::open(allowances, spot, how)
                })?;
                let handle = self.hold(Handle::File(file))?;
                Ok(HostReturn::Number(u64::from(handle)))
            }
            HostCall::Read { handle, max_bytes } => self.read(handle, max_bytes),
            HostCall::Write { handle, data } => {
                let (file, roots) = self.file(handle)?;
                files::write(file, roots, &data.0).map(HostReturn::Number)
            }
            HostCall::Seek {
                handle,
                offset,
                whence,
            } => files::seek(self.file(handle)?.0, offset, whence).map(HostReturn::Number),
            HostCall::Truncate { handle, size_bytes } => {
                let (file, roots) = self.file(handle)?;
                files::truncate(file, roots, size_bytes).map(|()| HostReturn::Done)
            }
            HostCall::Close { handle } => match self.handles.remove(&handle) {
                Some(_) => Ok(HostReturn::Done),
                None => Err(bad_handle()),
            },
            HostCall::HandleMetadata { handle } => {
                files::handle_metadata(self.file(handle)?.0).map(HostReturn::Metadata)
            }
            HostCall::Metadata { path, follows } => {
                let path = self.absolute(path);
                match self.walk(&path, follows, false) {
                    Ok(spot) => files::metadata(&spot).map(HostReturn::Metadata),
                    // That the folders above a grant are there is no secret, and programs that
                    // make folders look at them.
                    Err(Lost::NotGranted) if self.roots.iter().any(|root| root.is_below(&path)) => {
                        Ok(HostReturn::Metadata(files::METADATA_OF_A_FOLDER_ABOVE))
                    }
                    Err(lost) => Err(self.explain(&path, false, lost)),
                }
            }
            HostCall::Access { path, writes } => self.at(path, true, writes, |_, spot| {
                files::metadata(&spot).map(|_| HostReturn::Done)
            }),
            HostCall::List { path } => self.at(path, true, false, |_, spot| {
                files::list(&spot).map(HostReturn::Entries)
            }),
            HostCall::CreateFolder { path } => self.at(path, false, true, |allowances, spot| {
                files::create_folder(allowances, &spot)
            }),
            HostCall::RemoveFile { path } => {
                self.at(path, false, true, |_, spot| files::remove(&spot, false))
            }
            HostCall::RemoveFolder { path } => {
                self.at(path, false, true, |_, spot| files::remove(&spot, true))
            }
            HostCall::Rename { from, to } => {
                let (from, to) = (self.absolute(from), self.absolute(to));
                let here = self
                    .walk(&from, false, true)
                    .map_err(|lost| self.explain(&from, true, lost))?;
                let there = self
                    .walk(&to, false, true)
                    .map_err(|lost| self.explain(&to, true, lost))?;
                files::rename(&here, &there).map(|()| HostReturn::Done)
            }
            HostCall::ReadLink { path } => {
                self.at(path, false, false, |_, spot| files::read_link(&spot))
            }
            HostCall::SetMode { path, mode } => {
                self.at(path, true, true, |_, spot| files::set_mode(&spot, mode))
            }
            HostCall::SetTimes {
                path,
                accessed_ns,
                modified_ns,
            } => self.at(path, true, true, |_, spot| {
                files::set_times(&spot, accessed_ns, modified_ns)
            }),
            // `answer` has taken them.
            HostCall::Fetch(_) | HostCall::Desk(_) => Err(HostCallError::unexpected()),
        }
    }

    /// Walks to a place and does something there.
    fn at<T>(
        &mut self,
        path: Bytes,
        follows: bool,
        writes: bool,
        act: impl FnOnce(&mut Allowances, Spot<'_>) -> Result<T, HostCallError>,
    ) -> Result<T, HostCallError> {
        let path = self.absolute(path);
        let mut allowances = Allowances(self.roots.iter().map(|root| root.allowance).collect());
        let done = match self.walk(&path, follows, writes) {
            Ok(spot) => act(&mut allowances, spot),
            Err(lost) => Err(self.explain(&path, writes, lost)),
        };
        for (root, allowance) in self.roots.iter_mut().zip(allowances.0) {
            root.allowance = allowance;
        }
        done
    }

    fn walk(&self, path: &Path, follows: bool, writes: bool) -> Result<Spot<'_>, Lost> {
        granted::walk(&self.roots, path, follows, writes)
    }

    /// What code has for its working folder: the user's, if something in it is granted, or else the
    /// first granted folder; `/` if there is none, as where we are is nobody's business then.
    fn cwd(&self) -> &Path {
        let is_of_users =
            |root: &Root| root.is_below(&FOLDER) || root.as_cwd() == Some(FOLDER.as_path());
        if self.roots.iter().any(is_of_users) {
            return &FOLDER;
        }
        self.granted_folder().unwrap_or(Path::new("/"))
    }

    fn granted_folder(&self) -> Option<&Path> {
        self.roots.iter().find_map(Root::as_cwd)
    }

    fn absolute(&self, path: Bytes) -> PathBuf {
        let path = PathBuf::from(OsString::from_vec(path.0));
        // `join` would make a folder of the empty path, which names nothing.
        if path.is_absolute() || path.as_os_str().is_empty() {
            path
        } else if self.granted_folder().is_none() {
            // Nothing is there, but what to allow is meant from where the user is.
            FOLDER.join(path)
        } else {
            self.cwd().join(path)
        }
    }

    fn read(&mut self, handle: u32, max_bytes: usize) -> Result<HostReturn, HostCallError> {
        let max_bytes = max_bytes.min(super::call::MAX_PIECE_BYTES);
        let bytes = match self.handles.get_mut(&handle) {
            None => return Err(bad_handle()),
            Some(Handle::File(file)) => files::read(file, max_bytes)?,
            Some(Handle::Body { bytes, at }) => {
                let end = at.saturating_add(max_bytes).min(bytes.len());
                let piece = bytes[*at..end].to_vec();
                *at = end;
                piece
            }
        };
        Ok(HostReturn::Bytes(Bytes(bytes)))
    }

    fn file(&mut self, handle: u32) -> Result<(&mut OpenFile, &mut [Root]), HostCallError> {
        match self.handles.get_mut(&handle) {
            Some(Handle::File(file)) => Ok((file, &mut self.roots)),
            Some(Handle::Body { .. }) | None => Err(bad_handle()),
        }
    }

    fn room(&self) -> Result<(), HostCallError> {
        if self.handles.len() < MAX_HANDLES {
            return Ok(());
        }
        Err(because(
            Errno::MFILE,
            format!("{MAX_HANDLES} files are open already: close some"),
        ))
    }

    fn hold(&mut self, handle: Handle) -> Result<u32, HostCallError> {
        self.room()?;
        let number = self.mark();
        // Four thousand million opened files later.
        self.next_handle = number
            .checked_add(1)
            .ok_or_else(|| because(Errno::MFILE, "no handle is left: restart the kernel"))?;
        self.handles.insert(number, handle);
        Ok(number)
    }

    /// Why a path leads nowhere, and what would change that.
    fn explain(&self, path: &Path, writes: bool, lost: Lost) -> HostCallError {
        let how = if writes { "write" } else { "read" };
        let is_told = self.cwd() != Path::new("/");
        let near = path.strip_prefix(&*FOLDER).ok().filter(|_| !is_told);
        let shown = granted::shown(near.unwrap_or(path));
        match lost {
            Lost::Refused(refusal) => refusal.into(),
            Lost::NotGranted if self.roots.is_empty() => HostCallError::denied(format!(
                "files are closed in the sandbox; allow this one with --allow-{how} {shown} or \
                 /allow {how} {shown}"
            )),
            Lost::NotGranted => HostCallError::denied(format!(
                "not granted; allow it with --allow-{how} {shown} or /allow {how} {shown}"
            )),
            Lost::ReadOnly => HostCallError::denied(format!(
                "only reading is granted; allow writing with --allow-write {shown} or \
                 /allow write {shown}"
            )),
        }
    }
}

/// A question at the desk.
struct Seat(Arc<AtomicUsize>);

impl Seat {
    fn take(seats: &Arc<AtomicUsize>) -> Result<Self, HostCallError> {
        if seats.fetch_add(1, Ordering::AcqRel) >= MAX_AT_DESK {
            seats.fetch_sub(1, Ordering::AcqRel);
            return Err(because(
                Errno::AGAIN,
                format!("{MAX_AT_DESK} tools that were given up go on still: try again later"),
            ));
        }
        Ok(Self(Arc::clone(seats)))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// What the grants have left, lent to a call while the roots are in use.
struct Allowances(Vec<Option<Allowance>>);

impl Allowances {
    fn of(&mut self, spot: &Spot<'_>) -> Option<&mut Allowance> {
        self.0.get_mut(spot.root)?.as_mut()
    }
}

fn bad_handle() -> HostCallError {
    because(Errno::BADF, "the file is not open, or its grant is gone")
}
