//! Asks the terminal what it can do: once, before anything else reads from it, and with a time
//! limit.
//!
//! All questions go out together, and the one that every terminal answers (the primary device
//! attributes) goes last: when its answer is there, the others have come or will never come.

use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// The kitty graphics query, the background colour, the terminal's name, the size of a cell, the
/// kitty keyboard flags, and at last the primary device attributes.
const QUESTIONS: &str = concat!(
    "\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\",
    "\x1b]11;?\x1b\\",
    "\x1b[>q",
    "\x1b[16t",
    "\x1b[?u",
    "\x1b[c",
);
/// How long a terminal on this machine may think: with the first frame, less than a tenth of a
/// second in all.
const PATIENCE: Duration = Duration::from_millis(80);
/// How long one on another machine may: an answer that comes late would look like typed text.
const PATIENCE_OVER_SSH: Duration = Duration::from_millis(600);
/// A terminal that has begun to answer gets so many times as long.
const MORE_PATIENCE: u32 = 5;
/// More than this is not an answer.
const MAX_ANSWER_BYTES: usize = 4096;

/// What the terminal can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent findings")]
pub(crate) struct Capabilities {
    /// The kitty graphics protocol was confirmed.
    pub kitty: bool,
    /// iTerm2's inline images, known by the environment only.
    pub iterm: bool,
    /// Sixel graphics were among the device attributes.
    pub sixel: bool,
    /// The kitty keyboard protocol was confirmed.
    pub keyboard: bool,
    /// Width and height of a cell in pixels.
    pub cell_size: Option<(u16, u16)>,
    /// The background colour.
    pub background: Option<(u8, u8, u8)>,
    /// What the terminal calls itself.
    pub name: Option<String>,
    /// The terminal answered in time.
    pub answered: bool,
    /// 24-bit colours.
    pub truecolor: bool,
    /// The user wants no colours: `NO_COLOR`.
    pub no_color: bool,
    /// Inside tmux, which swallows graphics.
    pub in_tmux: bool,
    /// Inside GNU screen, which swallows graphics too.
    pub in_screen: bool,
    /// On another machine than the terminal.
    pub over_ssh: bool,
}

/// What the probe found, and what was typed meanwhile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Probed {
    /// What the terminal can do.
    pub capabilities: Capabilities,
    /// Bytes that were no answers: keys pressed before the prompt was there.
    pub typed: Vec<u8>,
}

/// The answers in what a terminal sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answers {
    /// It knows kitty's graphics.
    pub kitty: bool,
    /// It knows kitty's keyboard protocol.
    pub keyboard: bool,
    /// The primary device attributes, if they came.
    pub attributes: Option<Vec<u16>>,
    /// Width and height of a cell in pixels.
    pub cell_size: Option<(u16, u16)>,
    /// The background colour.
    pub background: Option<(u8, u8, u8)>,
    /// What it calls itself.
    pub name: Option<String>,
    /// Everything else: keys.
    pub typed: Vec<u8>,
}

/// Probes the terminal on standard input and output, if both are one. Call it before any thread
/// reads events.
pub(crate) fn probe() -> Probed {
    let capabilities = Capabilities::from_environment(|name| std::env::var(name).ok());
    let (input, mut output) = (io::stdin(), io::stdout());
    let asks = input.is_terminal() && output.is_terminal() && understands_questions();
    if !asks {
        return Probed {
            capabilities,
            typed: Vec::new(),
        };
    }
    let patience = if capabilities.over_ssh {
        PATIENCE_OVER_SSH
    } else {
        PATIENCE
    };
    let answers = ask(input.as_fd(), &mut output, patience).unwrap_or_default();
    let mut probed = capabilities.with(answers);
    if probed.capabilities.cell_size.is_none() {
        probed.capabilities.cell_size = cell_size_by_ioctl();
    }
    probed
}

/// Whether something was typed already. Programs that end soon leave it to the shell.
pub(crate) fn input_is_waiting() -> bool {
    wait_for_input(io::stdin().as_fd(), Duration::ZERO).unwrap_or(false)
}

/// Asks on any terminal. It is in raw mode meanwhile.
///
/// # Errors
/// If `input` is no terminal, or on failures to read and write.
pub(crate) fn ask(
    input: BorrowedFd<'_>,
    output: &mut impl Write,
    patience: Duration,
) -> io::Result<Answers> {
    let _raw = RawMode::enter(input)?;
    output.write_all(QUESTIONS.as_bytes())?;
    output.flush()?;
    let start = Instant::now();
    let mut deadline = start + patience;
    let mut received = Vec::new();
    while received.len() < MAX_ANSWER_BYTES {
        let left = deadline.saturating_duration_since(Instant::now());
        if !wait_for_input(input, left)? {
            break;
        }
        let mut chunk = [0; 512];
        let count = match rustix::io::read(input, &mut chunk) {
            Ok(0) => break,
            Ok(count) => count,
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => continue,
            Err(error) => return Err(error.into()),
        };
        received.extend(chunk.iter().take(count));
        let so_far = parse_answers(&received);
        if so_far.attributes.is_some() {
            break;
        }
        if so_far.typed.len() < received.len() {
            // It answers, if slowly: what it says later would look like keys.
            deadline = start + MORE_PATIENCE * patience;
        }
    }
    Ok(parse_answers(&received))
}

/// Tells answers from keys.
pub(crate) fn parse_answers(received: &[u8]) -> Answers {
    let mut answers = Answers::default();
    let mut rest = received;
    while let Some((&first, behind)) = rest.split_first() {
        let taken = if first == 0x1b {
            answers.take_answer(rest)
        } else {
            None
        };
        if let Some(length) = taken {
            rest = rest.get(length..).unwrap_or_default();
        } else {
            answers.typed.push(first);
            rest = behind;
        }
    }
    answers
}

/// The text among typed bytes, for the prompt: keys that are no text are dropped, and so is Enter
/// at the end, since nothing typed ahead may run by itself.
pub(crate) fn typed_text(typed: &[u8]) -> String {
    let mut text = String::new();
    let typed = String::from_utf8_lossy(typed).replace("\r\n", "\n");
    let mut chars = typed.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\u{1b}' => {
                // A key with a sequence: its last character is a letter or a tilde.
                if chars.next_if(|&c| c == '[' || c == 'O').is_some() {
                    while chars.next_if(|c| !matches!(c, '@'..='~')).is_some() {}
                }
                chars.next();
            }
            '\u{7f}' | '\u{8}' => {
                text.pop();
            }
            '\r' => text.push('\n'),
            '\n' | '\t' => text.push(c),
            c if !c.is_control() && c != char::REPLACEMENT_CHARACTER => text.push(c),
            _ => {}
        }
    }
    text.truncate(text.trim_end_matches('\n').len());
    text
}

impl Capabilities {
    /// What the environment tells, before anything is asked.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).is_some_and(|value| !value.is_empty());
        let contains = |name: &str, words: &[&str]| {
            variable(name).is_some_and(|value| words.iter().any(|word| value.contains(word)))
        };
        let in_tmux = set("TMUX") || contains("TERM", &["tmux"]);
        let in_screen = set("STY");
        let iterm = contains(
            "TERM_PROGRAM",
            &["iTerm", "WezTerm", "mintty", "rio", "WarpTerminal"],
        ) || contains("LC_TERMINAL", &["iTerm", "WezTerm", "mintty", "rio"])
            || set("KONSOLE_VERSION");
        Self {
            iterm: iterm && !in_tmux && !in_screen,
            truecolor: contains("COLORTERM", &["truecolor", "24bit"]),
            no_color: set("NO_COLOR"),
            in_tmux,
            in_screen,
            over_ssh: set("SSH_CONNECTION") || set("SSH_TTY"),
            ..Self::default()
        }
    }

    fn with(mut self, answers: Answers) -> Probed {
        self.answered = answers.attributes.is_some();
        self.kitty = answers.kitty && !self.in_screen;
        self.sixel = answers.attributes.is_some_and(|all| {
            // The first number is the terminal's level, not an attribute.
            all.iter().skip(1).any(|&attribute| attribute == 4)
        });
        self.keyboard = answers.keyboard;
        self.cell_size = answers.cell_size;
        self.background = answers.background;
        self.name = answers.name;
        Probed {
            capabilities: self,
            typed: answers.typed,
        }
    }
}

impl Answers {
    /// Takes one answer from the front; gives its length, or nothing if it is a key.
    fn take_answer(&mut self, bytes: &[u8]) -> Option<usize> {
        match bytes.get(1)? {
            b'_' => {
                let (body, length) = string_body(bytes)?;
                let graphics = body.strip_prefix(b"G")?;
                self.kitty |= graphics.ends_with(b";OK");
                Some(length)
            }
            b'P' => {
                let (body, length) = string_body(bytes)?;
                let name = body.strip_prefix(b">|")?;
                let name = String::from_utf8_lossy(name);
                self.name = Some(name.chars().filter(|c| !c.is_control()).take(80).collect());
                Some(length)
            }
            b']' => {
                let (body, length) = string_body(bytes)?;
                let color = body.strip_prefix(b"11;")?;
                self.background = std::str::from_utf8(color).ok().and_then(parse_color);
                Some(length)
            }
            b'[' => self.take_csi(bytes),
            _ => None,
        }
    }

    fn take_csi(&mut self, bytes: &[u8]) -> Option<usize> {
        let body = bytes.get(2..)?;
        let end = body.iter().position(|byte| !(b'0'..=b'?').contains(byte))?;
        let (parameters, last) = (body.get(..end)?, body.get(end)?);
        let (is_private, numbers) = match parameters.strip_prefix(b"?") {
            Some(numbers) => (true, numbers),
            None => (false, parameters),
        };
        let numbers: Vec<u16> = std::str::from_utf8(numbers)
            .ok()?
            .split(';')
            .map(|number| number.parse().unwrap_or(0))
            .collect();
        match (is_private, last, numbers.as_slice()) {
            (true, b'c', _) => self.attributes = Some(numbers),
            (true, b'u', _) => self.keyboard = true,
            (false, b't', &[6, height, width]) => {
                self.cell_size = plausible_cell(width, height);
            }
            _ => return None,
        }
        Some(end + 3)
    }
}

/// The terminal is put back as it was when this is dropped.
struct RawMode<'fd> {
    terminal: BorrowedFd<'fd>,
    before: Termios,
}

impl<'fd> RawMode<'fd> {
    fn enter(terminal: BorrowedFd<'fd>) -> io::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(terminal, OptionalActions::Now, &raw)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for RawMode<'_> {
    fn drop(&mut self) {
        // Nothing can be done about a terminal that has gone.
        let _ = tcsetattr(self.terminal, OptionalActions::Now, &self.before);
    }
}

/// Between `ESC x` and the string terminator, and the length of the whole.
fn string_body(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let body = bytes.get(2..)?;
    let end = body.iter().position(|&byte| byte == 0x1b || byte == 0x07)?;
    let length = match (body.get(end)?, body.get(end + 1)) {
        (0x07, _) => end + 3,
        (_, Some(b'\\')) => end + 4,
        _ => return None,
    };
    Some((body.get(..end)?, length))
}

/// `rgb:ffff/8080/0000`, with one to four digits each.
fn parse_color(text: &str) -> Option<(u8, u8, u8)> {
    let mut parts = text.strip_prefix("rgb:")?.split('/').map(|digits| {
        let value = u32::from_str_radix(digits, 16).ok()?;
        let max = match digits.len() {
            1..=4 => 16_u32.pow(u32::try_from(digits.len()).ok()?) - 1,
            _ => return None,
        };
        u8::try_from(value * 255 / max).ok()
    });
    let color = (parts.next()??, parts.next()??, parts.next()??);
    parts.next().is_none().then_some(color)
}

/// Terminals that know no pixels answer with zeros or nonsense.
fn plausible_cell(width: u16, height: u16) -> Option<(u16, u16)> {
    let plausible = (2..=200).contains(&width) && (4..=400).contains(&height);
    plausible.then_some((width, height))
}

fn cell_size_by_ioctl() -> Option<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    let width = size.ws_xpixel.checked_div(size.ws_col)?;
    plausible_cell(width, size.ws_ypixel.checked_div(size.ws_row)?)
}

/// The Linux console and `dumb` would print some of the questions.
fn understands_questions() -> bool {
    std::env::var("TERM").is_ok_and(|term| !matches!(term.as_str(), "" | "dumb" | "linux"))
}

fn wait_for_input(input: BorrowedFd<'_>, timeout: Duration) -> io::Result<bool> {
    let deadline = Instant::now() + timeout;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec::try_from(left).map_err(io::Error::other)?;
        let mut polled = [PollFd::new(&input, PollFlags::IN)];
        match poll(&mut polled, Some(&left)) {
            Ok(count) => return Ok(count > 0),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
#[path = "probe_tests.rs"]
mod tests;
