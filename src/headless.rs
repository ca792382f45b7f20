//! `companion run`: code from a file or a pipe, without the UI.

mod vet;

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;

use crate::error::Report;
use crate::executor;
use crate::kernel::{
    Desk, ExecuteMode, ExecuteRequest, Finished, Kernel, ReadLineError, find_program,
};
use crate::protocol::{Finding, Grant, Language, LimitKind, Limits, Status, Stream};
use crate::sanitize::{TerminalSanitizer, sanitize_for_terminal};

pub(crate) use vet::Vetting;

/// Exit code: the code raised and nothing caught it.
const UNCAUGHT: u8 = 1;
/// Exit code: the code ran into a limit, as `timeout(1)` has it.
const LIMIT: u8 = 124;
/// Exit code: interrupted from the keyboard, as shells have it.
const INTERRUPTED: u8 = 130;
/// A program larger than this is not read.
const MAX_SOURCE_BYTES: u64 = 32 << 20;

/// Where the code comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    /// A file.
    File(PathBuf),
    /// Standard input.
    Stdin,
    /// The command line.
    Text(String),
}

/// What to run, and how.
pub(crate) struct RunOptions<'a> {
    /// The code.
    pub program: Program,
    /// What the program finds behind its own name.
    pub arguments: Vec<String>,
    /// Its language, if it was said.
    pub language: Option<Language>,
    /// Its bounds.
    pub limits: Limits,
    /// What it may do beyond its jail.
    pub grants: Vec<Grant>,
    /// Who answers when it asks for tools.
    pub desk: Arc<dyn Desk>,
    /// One JSON object instead of streams.
    pub json: bool,
    /// Whose code it is, and who answers for it.
    pub vetting: Vetting<'a>,
}

/// Runs a program to its end. The exit code is the program's, or tells what ended it.
///
/// # Errors
/// When there is nothing to run, or no kernel to run it.
pub(crate) fn run(options: RunOptions<'_>) -> Result<u8, Report> {
    let language = language_of(&options)?;
    if language == Language::Shell && !options.grants.is_empty() {
        return Err(Report::usage("grants are for Python and JavaScript")
            .hint("a script of sh works in its scratch folder; hand data in as arguments"));
    }
    let (source, name) = read_source(&options.program)?;
    let may_ask = options.program != Program::Stdin;
    let findings = match vet::vet(&options.vetting, language, &source, may_ask)? {
        Ok(findings) => findings,
        Err(refusal) => return Ok(refuse(&name, refusal, options.json)),
    };
    if !options.json {
        vet::warn(&name, &findings);
    }
    let mut kernel = Kernel::new(language, find_program()?, &options.limits)?;
    kernel.set_grants(options.grants)?;
    kernel.set_desk(options.desk);
    kernel.start()?;
    let interrupt = kernel.controller();
    // Without a handler Ctrl-C would end this process; the worker would follow, but unasked.
    let signals = signal_hook::iterator::Signals::new([signal_hook::consts::SIGINT]);
    if let Ok(mut signals) = signals {
        std::thread::spawn(move || signals.forever().for_each(|_| interrupt.interrupt()));
    }
    let mode = ExecuteMode::Program {
        name,
        arguments: options.arguments,
        wants_result: options.json,
    };
    let request = ExecuteRequest {
        source,
        mode,
        fuel: options.limits.fuel,
        cpu_time: options.limits.cpu_time,
    };
    let reads_stdin = options.program != Program::Stdin;
    if options.json {
        return Ok(run_to_json(
            &mut kernel,
            request,
            &options.limits,
            reads_stdin,
            &findings,
        ));
    }
    let mut streams = [Sink::new(Stream::Stdout), Sink::new(Stream::Stderr)];
    let stopper = kernel.controller();
    let Finished { status, .. } = executor::run(
        &mut kernel,
        request,
        &options.limits,
        &mut |prompt| read_line(prompt, reads_stdin),
        &mut |stream, text| {
            if streams[index(stream)].write(text).is_err() {
                // Whoever read us has gone: the rest of the program is of no use.
                stopper.interrupt();
            }
        },
    );
    for sink in &mut streams {
        sink.finish();
    }
    if streams[0].is_closed {
        return Ok(0);
    }
    let code = exit_code(&status);
    if let Some(failure) = executor::describe_failure(status.clone()) {
        let text = match status {
            Status::Exit { .. } => String::new(),
            Status::Error { .. } => failure,
            _ => format!("companion: {failure}{}\n", hint(&status)),
        };
        let _ = streams[1].write(&text);
        streams[1].finish();
    }
    Ok(code)
}

fn run_to_json(
    kernel: &mut Kernel,
    request: ExecuteRequest,
    limits: &Limits,
    reads_stdin: bool,
    findings: &[Finding],
) -> u8 {
    let mut texts = [String::new(), String::new()];
    let finished = executor::run(
        kernel,
        request,
        limits,
        &mut |_| read_line("", reads_stdin),
        &mut |stream, text| texts[index(stream)].push_str(text),
    );
    let Finished {
        status,
        result,
        cost,
    } = finished;
    let [stdout, stderr] = texts;
    let code = exit_code(&status);
    let error = match &status {
        Status::Error {
            ename,
            evalue,
            traceback,
        } => {
            json!({ "name": ename, "message": evalue, "traceback": traceback })
        }
        Status::Limit { kind, message, .. } => {
            json!({ "name": "LimitReached", "limit": kind, "message": message })
        }
        Status::Exit { code: 0 } => serde_json::Value::Null,
        other => match executor::describe_failure(other.clone()) {
            Some(message) => json!({ "name": status_name(other), "message": message }),
            None => serde_json::Value::Null,
        },
    };
    let object = json!({
        "status": status_name(&status),
        "stdout": stdout,
        "stderr": stderr,
        "result": result,
        "error": error,
        "execution_time_ms": cost.execution_time.as_secs_f64() * 1000.0,
        "waited_ms": cost.waited.as_secs_f64() * 1000.0,
        "peak_memory_bytes": cost.peak_memory_bytes,
        "fuel_used": cost.fuel_used,
        "findings": findings,
    });
    // A reader that is gone does not want to hear of it.
    let _ = writeln!(io::stdout().lock(), "{object}");
    code
}

/// Tells what is seen in a program and what would be done with it; runs nothing.
///
/// # Errors
/// When there is nothing to look at.
pub(crate) fn check(options: &RunOptions<'_>) -> Result<u8, Report> {
    let language = language_of(options)?;
    let (source, name) = read_source(&options.program)?;
    vet::check(&options.vetting, language, &source, &name, options.json)
}

/// Reads a program that is to run for others, warns of what is seen in it, and asks if the policy
/// says so.
///
/// # Errors
/// If it can't be read, or may not run.
pub(crate) fn admit(
    vetting: &Vetting<'_>,
    language: Language,
    path: &Path,
) -> Result<String, Report> {
    let (source, name) = read_source(&Program::File(path.to_owned()))?;
    match vet::vet(vetting, language, &source, true)? {
        Ok(findings) => {
            vet::warn(&name, &findings);
            Ok(source)
        }
        Err(vet::Refusal { findings, message }) => {
            vet::warn(&name, &findings);
            Err(Report::refused(format!("refused: {message}")))
        }
    }
}

/// Tells that a program does not run.
fn refuse(name: &str, refusal: vet::Refusal, as_json: bool) -> u8 {
    let vet::Refusal { findings, message } = refusal;
    if as_json {
        let object = json!({
            "status": "refused",
            "stdout": "",
            "stderr": "",
            "result": null,
            "error": { "name": "Refused", "message": message },
            "findings": findings,
        });
        let _ = writeln!(io::stdout().lock(), "{object}");
    } else {
        vet::warn(name, &findings);
        let message = sanitize_for_terminal(&message);
        let _ = writeln!(io::stderr().lock(), "companion: refused: {message}");
    }
    Report::REFUSED
}

/// The word for a status in `--json`.
fn status_name(status: &Status) -> &'static str {
    match status {
        Status::Ok | Status::Exit { code: 0 } => "ok",
        Status::Exit { .. } => "exit",
        Status::Error { .. } => "error",
        Status::Interrupted { .. } => "interrupted",
        Status::Limit { .. } => "limit",
        Status::Died { .. } => "died",
        Status::Refused { .. } => "refused",
        Status::Dropped => "dropped",
    }
}

fn exit_code(status: &Status) -> u8 {
    match status {
        Status::Ok => 0,
        // As the system does: the low eight bits.
        Status::Exit { code } => code.to_le_bytes()[0],
        Status::Error { .. } | Status::Died { .. } | Status::Refused { .. } | Status::Dropped => {
            UNCAUGHT
        }
        Status::Interrupted { .. } => INTERRUPTED,
        Status::Limit { .. } => LIMIT,
    }
}

fn hint(status: &Status) -> &'static str {
    match status {
        Status::Limit {
            kind: LimitKind::Time,
            ..
        } => "; allow more with --timeout SECONDS",
        Status::Limit {
            kind: LimitKind::Cpu,
            ..
        } => "; allow more with --cpu-time SECONDS",
        Status::Limit {
            kind: LimitKind::Memory,
            ..
        } => "; allow more with --memory MIB",
        Status::Limit {
            kind: LimitKind::Output,
            ..
        } => "; allow more with --output MIB",
        _ => "",
    }
}

fn index(stream: Stream) -> usize {
    match stream {
        Stream::Stdout => 0,
        Stream::Stderr => 1,
    }
}

/// The flag, the file's name, or Python.
fn language_of(options: &RunOptions<'_>) -> Result<Language, Report> {
    if let Some(language) = options.language {
        return Ok(language);
    }
    let Program::File(path) = &options.program else {
        return Ok(Language::Python);
    };
    Language::of_path(path).ok_or_else(|| {
        Report::usage(format!(
            "the name of {} does not tell its language",
            path.display()
        ))
        .hint("say it with --lang py, --lang js or --lang sh")
    })
}

/// The source, and the name that tracebacks give it.
fn read_source(program: &Program) -> Result<(String, String), Report> {
    let (bytes, name) = match program {
        Program::Text(text) => return Ok((text.clone(), "<string>".to_owned())),
        Program::Stdin => (
            read_capped(io::stdin().lock(), Path::new("<stdin>"))?,
            "<stdin>".to_owned(),
        ),
        Program::File(path) => {
            let unreadable = |error| Report::unreadable(path, &error);
            let is_folder = std::fs::metadata(path).map_err(unreadable)?.is_dir();
            if is_folder {
                return Err(Report::usage(format!(
                    "{} is a folder, not a program",
                    path.display()
                )));
            }
            let file = File::open(path).map_err(unreadable)?;
            (read_capped(file, path)?, path.display().to_string())
        }
    };
    let source = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Report::usage(format!(
            "{name} is not UTF-8 text: byte {at} fits no character"
        ))
        .hint("convert it with iconv -t UTF-8")
    })?;
    Ok((source, name))
}

fn read_capped(from: impl Read, path: &Path) -> Result<Vec<u8>, Report> {
    let mut bytes = Vec::new();
    from.take(MAX_SOURCE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Report::unreadable(path, &error))?;
    if bytes.len() as u64 > MAX_SOURCE_BYTES {
        let cap = MAX_SOURCE_BYTES >> 20;
        return Err(Report::usage(format!(
            "{} is over {cap} MiB: no program",
            path.display()
        )));
    }
    Ok(bytes)
}

/// A line for `input()`, from our standard input.
fn read_line(prompt: &str, may_read: bool) -> Result<String, ReadLineError> {
    if !may_read {
        return Err(ReadLineError::EndOfFile);
    }
    // As CPython does where it has no readline: the prompt goes to standard output.
    let mut stdout = io::stdout().lock();
    let is_terminal = stdout.is_terminal();
    let shown = if is_terminal {
        sanitize_for_terminal(prompt)
    } else {
        prompt.into()
    };
    let _ = stdout
        .write_all(shown.as_bytes())
        .and_then(|()| stdout.flush());
    let mut line = String::new();
    match io::stdin().read_line(&mut line) {
        Ok(1..) => Ok(line
            .trim_end_matches('\n')
            .trim_end_matches('\r')
            .to_owned()),
        Ok(0) | Err(_) => Err(ReadLineError::EndOfFile),
    }
}

/// One of our streams: as it comes into a pipe or file, sanitised onto a terminal.
struct Sink {
    stream: Stream,
    sanitizer: Option<TerminalSanitizer>,
    is_closed: bool,
}

impl Sink {
    fn new(stream: Stream) -> Self {
        let is_terminal = match stream {
            Stream::Stdout => io::stdout().is_terminal(),
            Stream::Stderr => io::stderr().is_terminal(),
        };
        let sanitizer = is_terminal.then(TerminalSanitizer::default);
        Self {
            stream,
            sanitizer,
            is_closed: false,
        }
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        match &mut self.sanitizer {
            Some(sanitizer) => {
                let text = sanitizer.push(text);
                self.write_raw(&text)
            }
            None => self.write_raw(text),
        }
    }

    /// What the sanitiser held back; an unfinished escape is shown, not sent.
    fn finish(&mut self) {
        if let Some(sanitizer) = &mut self.sanitizer {
            let rest = sanitizer.finish();
            let _ = self.write_raw(&rest);
        }
    }

    fn write_raw(&mut self, text: &str) -> io::Result<()> {
        if self.is_closed {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let mut out: Box<dyn Write> = match self.stream {
            Stream::Stdout => Box::new(io::stdout().lock()),
            Stream::Stderr => Box::new(io::stderr().lock()),
        };
        let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        self.is_closed = written.is_err();
        written
    }
}
