//! A cell: one `sh`, everything that it starts, and the end of them all.

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{
    Pid, PidfdFlags, Signal, chdir, getcwd, kill_process, kill_process_group, pidfd_open,
    set_parent_process_death_signal, setsid,
};

use super::SCRATCH_BYTES;
use super::jail::{Jail, MOST_PROCESSES};
use super::keeper::{Gone, Parent};
use super::processes::{self, Census};
use super::text::Decoder;
use crate::kernel::wire::FromWorker;
use crate::kernel::{Ending, ExecuteMode, ExecuteRequest};
use crate::protocol::{Cost, LimitKind, Stream};

/// The shell.
const SHELL: &CStr = c"/bin/sh";
/// Where programs are looked for.
const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// The kernel of the system takes no longer argument.
const SOURCE_BYTES_MAX: usize = (128 << 10) - 1;
/// An interrupted cell has so long for its traps.
const GRACE: Duration = Duration::from_millis(60);
/// How often processes and their memory are counted, …
const TICK: Duration = Duration::from_millis(50);
/// … how often the scratch folder is measured where no bound of the system holds for it, …
const SCRATCH_TICK: Duration = Duration::from_millis(250);
/// … and how long what is left of the output is waited for when all is dead.
const DRAIN_PATIENCE: Duration = Duration::from_secs(1);
/// What is read of a stream in one go.
const CHUNK_BYTES: usize = 64 << 10;

/// A cell that does nothing.
pub(super) fn nothing() -> ExecuteRequest {
    ExecuteRequest {
        source: ":".to_owned(),
        mode: ExecuteMode::Cell { execution_count: 0 },
        fuel: None,
        cpu_time: None,
    }
}

/// Runs a cell to its end and kills what it leaves behind.
///
/// # Errors
/// When the parent is gone.
pub(super) fn run(
    jail: &Jail,
    stdin: &File,
    request: &ExecuteRequest,
    parent: &mut Parent,
) -> Result<(Ending, Cost), Gone> {
    let started = Instant::now();
    let cell = Program::new(jail, request)
        .and_then(|program| Running::start(jail, stdin, &program).map_err(shell_error));
    let mut cell = match cell {
        Ok(cell) => cell,
        Err(ending) => return Ok((ending, Cost::default())),
    };
    let end = cell.relay(jail, parent);
    cell.count_last();
    let usage = cell.bury(jail);
    end?;
    cell.drain(parent)?;
    let cost = Cost {
        execution_time: started.elapsed(),
        peak_memory_bytes: usage.peak_bytes.max(cell.peak.memory_bytes),
        ..Cost::default()
    };
    // They are counted now and then: the very last ones may not have been seen.
    if cell.peak.count + 8 >= MOST_PROCESSES {
        let note = format!("companion: the cell came to its limit of {MOST_PROCESSES} processes\n");
        parent.print(Stream::Stderr, &note)?;
    }
    let ending = if cell.is_out_of_memory {
        Ending::OutOfMemory
    } else if cell.is_out_of_scratch {
        let bound = SCRATCH_BYTES >> 20;
        shell_error(format!(
            "the scratch folder came to its limit of {bound} MiB"
        ))
    } else if cell.interrupted_at.is_some() {
        Ending::Interrupted
    } else if let Some(signal) = usage.signal {
        let note = format!(
            "companion: the shell was ended by signal {signal}{}\n",
            name(signal)
        );
        parent.print(Stream::Stderr, &note)?;
        Ending::Exit { code: 128 + signal }
    } else if usage.code == 0 {
        Ending::Ok
    } else {
        Ending::Exit { code: usage.code }
    };
    Ok((ending, cost))
}

/// The names of the signals that end programs most often.
fn name(signal: i32) -> &'static str {
    match signal {
        libc::SIGKILL => " (SIGKILL)",
        libc::SIGTERM => " (SIGTERM)",
        libc::SIGINT => " (SIGINT)",
        libc::SIGSEGV => " (SIGSEGV)",
        libc::SIGABRT => " (SIGABRT)",
        libc::SIGPIPE => " (SIGPIPE)",
        libc::SIGXFSZ => " (SIGXFSZ)",
        libc::SIGSYS => " (SIGSYS)",
        _ => "",
    }
}

fn shell_error(message: String) -> Ending {
    Ending::Error {
        ename: "ShellError".to_owned(),
        traceback: format!("companion: {message}\n"),
        evalue: message,
    }
}

/// What is executed: made before the fork.
struct Program {
    arguments: Vec<CString>,
    environment: Vec<CString>,
    cpu_time: Option<Duration>,
}

impl Program {
    fn new(jail: &Jail, request: &ExecuteRequest) -> Result<Self, Ending> {
        if request.source.len() > SOURCE_BYTES_MAX {
            return Err(shell_error(format!(
                "a cell of the shell takes {SOURCE_BYTES_MAX} bytes at most, and this one has {}; \
                 write a part of it to a file of the scratch folder",
                request.source.len()
            )));
        }
        let mut arguments = vec!["sh".to_owned(), "-c".to_owned(), request.source.clone()];
        match &request.mode {
            ExecuteMode::Cell { .. } => arguments.push("sh".to_owned()),
            ExecuteMode::Tool { .. } => {
                return Err(shell_error("no function of the shell is a tool".to_owned()));
            }
            ExecuteMode::Program {
                name,
                arguments: more,
                ..
            } => {
                // A text has no name.
                let is_file = !name.starts_with('<');
                arguments.push(if is_file {
                    name.clone()
                } else {
                    "sh".to_owned()
                });
                arguments.extend(more.iter().cloned());
            }
        }
        // The folder of the cell before may be gone.
        let mut folder = getcwd(Vec::new()).ok();
        if folder.is_none() && chdir(&jail.scratch).is_ok() {
            folder = getcwd(Vec::new()).ok();
        }
        let folder = folder.unwrap_or_default().to_string_lossy().into_owned();
        let environment = vec![
            PATH.to_owned(),
            format!("HOME={}", jail.scratch.display()),
            "LANG=C.UTF-8".to_owned(),
            "TERM=dumb".to_owned(),
            format!("PWD={folder}"),
        ];
        // Where `/tmp` is everybody's, it is nobody's here.
        let temporary = format!("TMPDIR={}", jail.scratch.display());
        let temporary = (!jail.has_own_root()).then_some(temporary);
        let environment = environment.into_iter().chain(temporary).collect();
        let strings = |texts: Vec<String>| -> Result<Vec<CString>, Ending> {
            let strings = texts
                .into_iter()
                .map(CString::new)
                .collect::<Result<_, _>>();
            strings.map_err(|_| shell_error("a shell takes no text with NUL bytes".to_owned()))
        };
        Ok(Self {
            arguments: strings(arguments)?,
            environment: strings(environment)?,
            cpu_time: request.cpu_time,
        })
    }
}

/// How it ended, and what it used.
#[derive(Debug, Default)]
struct Usage {
    code: i32,
    signal: Option<i32>,
    peak_bytes: u64,
    cpu_time: Duration,
}

/// A stream of the cell.
struct Source {
    stream: Stream,
    pipe: Option<File>,
    decoder: Decoder,
}

impl Source {
    /// Hands on what there is; `false` at its end.
    fn pass(&mut self, parent: &mut Parent, buffer: &mut [u8]) -> Result<(), Gone> {
        let Some(pipe) = &mut self.pipe else {
            return Ok(());
        };
        let text = match pipe.read(buffer) {
            Ok(read @ 1..) => self.decoder.push(&buffer[..read]),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => return Ok(()),
            Ok(0) | Err(_) => {
                self.pipe = None;
                self.decoder.finish()
            }
        };
        parent.print(self.stream, &text)
    }
}

/// A cell that runs.
struct Running {
    shell: Pid,
    watch: OwnedFd,
    sources: [Source; 2],
    buffer: Vec<u8>,
    interrupted_at: Option<Instant>,
    is_out_of_memory: bool,
    is_out_of_scratch: bool,
    memory_bytes: u64,
    peak: Census,
    /// What it may have of the processors, if the parent has not been told yet that it had it.
    cpu_time: Option<Duration>,
    /// What orphans had that are gone.
    orphans_time: Duration,
}

impl Running {
    fn start(jail: &Jail, stdin: &File, program: &Program) -> Result<Self, String> {
        let pipe = || {
            rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC)
                .map_err(|error| format!("no pipe for the output: {error}"))
        };
        let (stdout, stdout_end) = pipe()?;
        let (stderr, stderr_end) = pipe()?;
        // Closed by `execve`: what comes through it is why there was none.
        let (mut failure, failure_end) = pipe().map(|(from, to)| (File::from(from), to))?;
        // The folder is shared with the child, as between threads: where it goes, the next one
        // starts.
        let flags = libc::CLONE_FS | libc::SIGCHLD;
        // SAFETY: as `fork` is: no stack and no thread ids are given, this process has one thread,
        // and the child may do whatever its parent might.
        let pid = unsafe { libc::syscall(libc::SYS_clone, i64::from(flags), 0, 0, 0, 0) };
        if pid == 0 {
            let descriptors = [
                stdin.as_raw_fd(),
                stdout_end.as_raw_fd(),
                stderr_end.as_raw_fd(),
            ];
            let why = become_shell(jail, descriptors, failure_end.as_raw_fd(), program);
            let _ = File::from(failure_end).write_all(why.as_bytes());
            // SAFETY: takes a number and does not return.
            unsafe { libc::_exit(127) };
        }
        drop((stdout_end, stderr_end, failure_end));
        let shell = i32::try_from(pid)
            .ok()
            .filter(|pid| *pid > 0)
            .and_then(Pid::from_raw)
            .ok_or_else(|| {
                let error = std::io::Error::last_os_error();
                format!("the system gives no process: {error}")
            })?;
        let mut why = String::new();
        let _ = failure.read_to_string(&mut why);
        let watch = pidfd_open(shell, PidfdFlags::empty()).map_err(|error| error.to_string());
        let watch = match watch {
            Ok(watch) if why.is_empty() => watch,
            watch => {
                let _ = kill_process(shell, Signal::KILL);
                wait(Some(shell), 0);
                return Err(watch.err().unwrap_or(why));
            }
        };
        let source = |stream, pipe: OwnedFd| Source {
            stream,
            pipe: Some(File::from(pipe)),
            decoder: Decoder::default(),
        };
        Ok(Self {
            shell,
            watch,
            sources: [
                source(Stream::Stdout, stdout),
                source(Stream::Stderr, stderr),
            ],
            buffer: vec![0; CHUNK_BYTES],
            interrupted_at: None,
            is_out_of_memory: false,
            is_out_of_scratch: false,
            memory_bytes: jail.memory_bytes(),
            peak: Census::default(),
            cpu_time: program.cpu_time,
            orphans_time: Duration::ZERO,
        })
    }

    /// Hands on what the cell prints until its shell has ended, or has to.
    fn relay(&mut self, jail: &Jail, parent: &mut Parent) -> Result<(), Gone> {
        let mut next_count = Instant::now() + TICK;
        let mut next_look = next_count;
        loop {
            let now = Instant::now();
            if self.interrupted_at.is_some_and(|at| now >= at + GRACE) {
                return Ok(());
            }
            if now >= next_count {
                self.orphans_time += reap_strangers(self.shell);
                let time = self.count() + self.orphans_time;
                if self.cpu_time.take_if(|bound| time >= *bound).is_some() {
                    let kind = LimitKind::Cpu;
                    parent.send(&FromWorker::Reached { kind })?;
                }
                if !jail.has_own_root() && now >= next_look {
                    self.is_out_of_scratch = processes::folder_bytes(&jail.scratch) > SCRATCH_BYTES;
                    next_look = Instant::now() + SCRATCH_TICK;
                }
                if self.is_out_of_memory || self.is_out_of_scratch {
                    return Ok(());
                }
                next_count = Instant::now() + TICK;
            }
            let until = self
                .interrupted_at
                .map_or(next_count, |at| next_count.min(at + GRACE));
            let patience = Timespec::try_from(until.saturating_duration_since(now)).ok();
            let mut waits = vec![
                PollFd::from_borrowed_fd(parent.voice(), PollFlags::IN),
                PollFd::new(&self.watch, PollFlags::IN),
            ];
            let open: Vec<usize> = (0..self.sources.len())
                .filter(|at| self.sources[*at].pipe.is_some())
                .collect();
            for at in &open {
                if let Some(pipe) = &self.sources[*at].pipe {
                    waits.push(PollFd::from_borrowed_fd(pipe.as_fd(), PollFlags::IN));
                }
            }
            match poll(&mut waits, patience.as_ref()) {
                Ok(_) => {}
                Err(rustix::io::Errno::INTR) => continue,
                Err(_) => return Err(Gone),
            }
            let ready: Vec<bool> = waits
                .iter()
                .map(|wait| !wait.revents().is_empty())
                .collect();
            drop(waits);
            if ready[0] && parent.is_interrupting()? && self.interrupted_at.is_none() {
                self.interrupted_at = Some(Instant::now());
                let _ = kill_process_group(self.shell, Signal::INT);
            }
            for (at, _) in open.iter().zip(&ready[2..]).filter(|(_, ready)| **ready) {
                self.sources[*at].pass(parent, &mut self.buffer)?;
            }
            if ready[1] {
                return Ok(());
            }
        }
    }

    /// Counts processes and their memory, and tells what they had of the processors.
    fn count(&mut self) -> Duration {
        let census = processes::census();
        self.peak.count = self.peak.count.max(census.count);
        self.peak.memory_bytes = self.peak.memory_bytes.max(census.memory_bytes);
        self.is_out_of_memory = census.memory_bytes > self.memory_bytes;
        census.cpu_time
    }

    /// Counts what the shell leaves behind: a cell that could not start any more may have ended
    /// before it was looked at.
    fn count_last(&mut self) {
        let census = processes::census();
        self.peak.count = self.peak.count.max(census.count);
    }

    /// Kills whatever is left of the cell, and waits until it is gone.
    fn bury(&mut self, jail: &Jail) -> Usage {
        let mut usage = None;
        loop {
            jail.kill_all();
            match wait(None, libc::WNOHANG) {
                Waited::Ended(pid, ended) if pid == self.shell => usage = Some(ended),
                Waited::Ended(..) => {}
                Waited::NotYet => std::thread::sleep(Duration::from_micros(500)),
                Waited::Nobody => break,
            }
        }
        usage.unwrap_or_default()
    }

    /// Hands on what is still in the pipes.
    fn drain(&mut self, parent: &mut Parent) -> Result<(), Gone> {
        let deadline = Instant::now() + DRAIN_PATIENCE;
        for source in &mut self.sources {
            while let Some(pipe) = &source.pipe {
                let left = deadline.saturating_duration_since(Instant::now());
                let mut waits = [PollFd::new(pipe, PollFlags::IN)];
                match poll(&mut waits, Timespec::try_from(left).ok().as_ref()) {
                    Ok(1..) => source.pass(parent, &mut self.buffer)?,
                    Err(rustix::io::Errno::INTR) => {}
                    Ok(0) | Err(_) => break,
                }
            }
        }
        Ok(())
    }
}

/// Takes the dead that are nobody's, so that they don't count as processes. What they had of the
/// processors.
fn reap_strangers(shell: Pid) -> Duration {
    let mut time = Duration::ZERO;
    loop {
        // SAFETY: the struct is zeroed, which is a valid value of it, and outlives the call.
        let (found, who) = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
            let found = libc::waitid(libc::P_ALL, 0, &raw mut info, flags);
            (found, info.si_pid())
        };
        let Some(who) = Pid::from_raw(who).filter(|who| found == 0 && *who != shell) else {
            return time;
        };
        if let Waited::Ended(_, usage) = wait(Some(who), 0) {
            time += usage.cpu_time;
        }
    }
}

/// What came of waiting.
enum Waited {
    Ended(Pid, Usage),
    /// There are children, and none has ended.
    NotYet,
    /// There is no such child.
    Nobody,
}

/// Waits for a child, or for any.
fn wait(child: Option<Pid>, flags: i32) -> Waited {
    let which = child.map_or(-1, |child| child.as_raw_nonzero().get());
    loop {
        let mut status = 0;
        // SAFETY: zero is a valid value of the struct, and both outlive the call.
        let (pid, usage) = unsafe {
            let mut usage: libc::rusage = std::mem::zeroed();
            let pid = libc::wait4(which, &raw mut status, libc::__WALL | flags, &raw mut usage);
            (pid, usage)
        };
        let error = std::io::Error::last_os_error();
        match Pid::from_raw(pid) {
            None => return Waited::NotYet,
            Some(pid) if pid.as_raw_nonzero().get() > 0 => {
                let usage = Usage {
                    code: libc::WEXITSTATUS(status),
                    signal: libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status)),
                    // In KiB, of the largest process.
                    peak_bytes: u64::try_from(usage.ru_maxrss).unwrap_or(0) << 10,
                    cpu_time: duration(usage.ru_utime) + duration(usage.ru_stime),
                };
                return Waited::Ended(pid, usage);
            }
            Some(_) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Some(_) => return Waited::Nobody,
        }
    }
}

fn duration(time: libc::timeval) -> Duration {
    Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0))
        + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or(0))
}

/// In the child: goes to jail and becomes the shell. Comes back only to say why not.
fn become_shell(jail: &Jail, descriptors: [i32; 3], failure: i32, program: &Program) -> String {
    let _ = setsid();
    let _ = set_parent_process_death_signal(Some(Signal::KILL));
    for (to, from) in (0..).zip(descriptors) {
        // SAFETY: the standard descriptors of this process are nobody's: what owns the others is
        // never dropped, as this function ends in `execve` or `_exit`.
        if unsafe { libc::dup2(from, to) } < 0 {
            return format!(
                "no standard stream {to}: {}",
                std::io::Error::last_os_error()
            );
        }
    }
    // SAFETY: as above. The one that is kept closes itself.
    unsafe {
        libc::syscall(libc::SYS_close_range, 3, i64::from(failure) - 1, 0);
        libc::syscall(
            libc::SYS_close_range,
            i64::from(failure) + 1,
            i64::from(i32::MAX),
            0,
        );
        for signal in 1..=64 {
            libc::signal(signal, libc::SIG_DFL);
        }
        let mut none = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, std::ptr::null_mut());
    }
    if let Err(why) = jail.confine_cell() {
        return why;
    }
    let pointers = |strings: &[CString]| -> Vec<*const libc::c_char> {
        let pointers = strings.iter().map(|string| string.as_ptr());
        pointers.chain([std::ptr::null()]).collect()
    };
    let arguments = pointers(&program.arguments);
    let environment = pointers(&program.environment);
    // SAFETY: both are arrays of C strings that end in a null pointer, and live until the call
    // returns, which it does only if it failed.
    unsafe { libc::execve(SHELL.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
    format!(
        "/bin/sh could not be started: {}",
        std::io::Error::last_os_error()
    )
}
