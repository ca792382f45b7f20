//! Untrusted text made safe to show.
//!
//! What a program prints may hold sequences that move the cursor, set the clipboard, turn the
//! reading direction round, or hide. Here such text becomes text that can be shown anywhere: what
//! has a harmless meaning (colours, a progress bar's carriage return) is honoured or dropped, what
//! has not is made visible.
//!
//! Invariants: pure; state for a stream is bounded; nothing that comes out holds a control
//! character but `\n`, `\t`, and, where a terminal is the reader, SGR sequences and `\r`.
//!
//! Absent on purpose: where and how text is drawn.

mod line;
mod parser;
mod sgr;

use std::borrow::Cow;

pub(crate) use line::{LineWriter, Run};
pub(crate) use sgr::{SgrColor, SgrStyle};

use parser::{Parser, Sink, is_ordinary};

/// Makes text safe for any place: no escape sequence is left. Colours are dropped, a lone `\r`
/// overwrites its line as a terminal would, and what would act or hide is made visible.
pub(crate) fn sanitize(text: &str) -> Cow<'_, str> {
    if text
        .chars()
        .all(|c| is_ordinary(c) || matches!(c, '\n' | '\t'))
    {
        return Cow::Borrowed(text);
    }
    let mut writer = LineWriter::<()>::verbatim();
    writer.push((), text);
    Cow::Owned(writer.into_text())
}

/// Makes text safe for a terminal: colours (SGR) and lone `\r` stay, all else is as in
/// [`sanitize`]. Colours that are left on at the end are turned off.
pub(crate) fn sanitize_for_terminal(text: &str) -> Cow<'_, str> {
    if text
        .chars()
        .all(|c| is_ordinary(c) || matches!(c, '\n' | '\t'))
    {
        return Cow::Borrowed(text);
    }
    let mut stream = TerminalSanitizer::default();
    let mut safe = stream.push(text);
    safe.push_str(&stream.finish());
    Cow::Owned(safe)
}

/// [`sanitize_for_terminal`] for text that arrives in pieces, which may be cut anywhere: inside an
/// escape sequence, and, for bytes, inside a character.
#[derive(Debug, Default)]
pub(crate) struct TerminalSanitizer {
    parser: Parser,
    sink: TerminalSink,
    /// The beginning of a character whose end has not come: at most three bytes.
    partial: Vec<u8>,
}

impl TerminalSanitizer {
    /// Takes a piece, gives what can be written now.
    pub fn push(&mut self, text: &str) -> String {
        for c in text.chars() {
            self.parser.feed(c, &mut self.sink);
        }
        std::mem::take(&mut self.sink.text)
    }

    /// [`Self::push`] for bytes.
    pub fn push_bytes(&mut self, bytes: &[u8]) -> String {
        let mut held = std::mem::take(&mut self.partial);
        held.extend_from_slice(bytes);
        let mut safe = String::new();
        let mut rest = held.as_slice();
        while !rest.is_empty() {
            match std::str::from_utf8(rest) {
                Ok(text) => {
                    safe.push_str(&self.push(text));
                    break;
                }
                Err(error) => {
                    let (good, bad) = rest.split_at(error.valid_up_to());
                    safe.push_str(&self.push(&String::from_utf8_lossy(good)));
                    let Some(length) = error.error_len() else {
                        self.partial = bad.to_vec();
                        break;
                    };
                    safe.push_str(&self.push("\u{fffd}"));
                    rest = &bad[length..];
                }
            }
        }
        safe
    }

    /// The end has come: gives what was held back, and turns colours off that are still on.
    pub fn finish(&mut self) -> String {
        let mut safe = String::new();
        if !std::mem::take(&mut self.partial).is_empty() {
            safe.push_str(&self.push("\u{fffd}"));
        }
        self.parser.finish(&mut self.sink);
        safe.push_str(&std::mem::take(&mut self.sink.text));
        if std::mem::take(&mut self.sink.style) != SgrStyle::default() {
            safe.push_str("\u{1b}[0m");
        }
        safe
    }
}

/// Writes for a terminal.
#[derive(Debug, Default)]
struct TerminalSink {
    text: String,
    style: SgrStyle,
}

impl Sink for TerminalSink {
    fn text(&mut self, c: char) {
        self.text.push(c);
    }

    fn newline(&mut self) {
        self.text.push('\n');
    }

    fn carriage_return(&mut self) {
        self.text.push('\r');
    }

    fn backspace(&mut self) {
        self.text.push('␈');
    }

    fn sgr(&mut self, parameters: &str) {
        if self.style.apply(parameters) {
            self.text.push_str("\u{1b}[");
            self.text.push_str(parameters);
            self.text.push('m');
        }
    }

    fn erase(&mut self, _mode: u8) {}
}

#[cfg(test)]
mod tests;
