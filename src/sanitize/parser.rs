//! The machine that tells text from control sequences, one character at a time.

use unicode_width::UnicodeWidthChar;

/// Takes what the parser has told apart. What is made visible arrives as text.
pub(super) trait Sink {
    /// A character to show, or a tab.
    fn text(&mut self, c: char);
    /// The line is over.
    fn newline(&mut self);
    /// The next text overwrites the line from its start.
    fn carriage_return(&mut self);
    /// One column back.
    fn backspace(&mut self);
    /// The parameters of an SGR sequence.
    fn sgr(&mut self, parameters: &str);
    /// Erases in the line: to its end (0), from its start (1), all of it (2).
    fn erase(&mut self, mode: u8);
}

/// So many marks may sit on one character.
const MARKS: usize = 8;
/// A control sequence that is longer is no control sequence.
const SEQUENCE_BYTES: usize = 64;
/// A control string (a title, a picture in sixels) that is longer has no end.
const STRING_BYTES: usize = 1 << 20;

const ESCAPE: char = '\u{1b}';

/// Where in a sequence the parser is. Its size is bounded.
#[derive(Debug, Default)]
enum State {
    #[default]
    Ground,
    /// After `ESC`, with the intermediate characters so far.
    Escape(String),
    /// After `ESC [`, with what came so far.
    Control(String),
    /// In the text of an OSC, DCS, SOS, PM or APC, whose introducer this is.
    Text {
        introducer: char,
        /// Its first two characters: they tell what an OSC is for.
        start: String,
        bytes: usize,
    },
    /// After an `ESC` inside such a text.
    TextEscape { introducer: char, start: String },
}

/// The machine; state survives from one piece of a stream to the next.
#[derive(Debug, Default)]
pub(super) struct Parser {
    state: State,
    /// A `\r` came, and it is not known yet whether `\n` follows.
    returned: bool,
    /// What the next mark would sit on.
    base: Option<char>,
    marks: usize,
    /// A joiner came, and it is not known yet whether it joins anything.
    joiner: Option<char>,
}

impl Parser {
    /// Takes the next character.
    pub fn feed(&mut self, c: char, sink: &mut impl Sink) {
        match std::mem::take(&mut self.state) {
            State::Ground => self.ground(c, sink),
            State::Escape(intermediates) => self.escape(intermediates, c, sink),
            State::Control(sequence) => self.control(sequence, c, sink),
            State::Text {
                introducer,
                start,
                bytes,
            } => self.string(introducer, start, bytes, c, sink),
            State::TextEscape { introducer, start } => {
                self.end_string(introducer, &start, sink);
                if c != '\\' {
                    self.escape(String::new(), c, sink);
                }
            }
        }
    }

    /// The end of the text: what was begun is shown as far as it came.
    pub fn finish(&mut self, sink: &mut impl Sink) {
        match std::mem::take(&mut self.state) {
            State::Ground => {}
            State::Escape(intermediates) => self.show("␛", &intermediates, sink),
            State::Control(sequence) => self.show("␛[", &sequence, sink),
            State::Text {
                introducer, start, ..
            }
            | State::TextEscape { introducer, start } => self.end_string(introducer, &start, sink),
        }
        self.settle_joiner(None, sink);
        if std::mem::take(&mut self.returned) {
            sink.carriage_return();
        }
        self.base = None;
        self.marks = 0;
    }

    fn ground(&mut self, c: char, sink: &mut impl Sink) {
        if self.returned {
            match c {
                '\r' => return,
                '\n' => {}
                _ => sink.carriage_return(),
            }
            self.returned = false;
        }
        // The road of almost every character.
        if matches!(c, ' '..='~') && self.joiner.is_none() {
            self.base = Some(c);
            self.marks = 0;
            sink.text(c);
            return;
        }
        self.settle_joiner(Some(c), sink);
        match c {
            '\n' => {
                self.base = None;
                sink.newline();
            }
            '\r' => {
                self.base = None;
                self.returned = true;
            }
            '\t' => {
                self.base = None;
                sink.text(c);
            }
            '\u{8}' => {
                self.base = None;
                sink.backspace();
            }
            ESCAPE => self.state = State::Escape(String::new()),
            '\0'..='\u{1f}' => {
                let picture = char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}');
                self.show("", picture.encode_utf8(&mut [0; 4]), sink);
            }
            '\u{7f}' => self.show("", "␡", sink),
            '\u{80}'..='\u{9f}' => self.show("", &format!("\\x{:02x}", u32::from(c)), sink),
            '\u{200c}' | '\u{200d}' if self.base.is_some_and(|base| !base.is_ascii()) => {
                self.joiner = Some(c);
            }
            // The letters of a flag such as Scotland's.
            '\u{e0020}'..='\u{e007f}' if self.base == Some('\u{1f3f4}') => self.mark(c, sink),
            _ if is_hidden(c) => self.show_code(c, sink),
            _ if c.width() == Some(0) => self.mark(c, sink),
            _ => {
                self.base = Some(c);
                self.marks = 0;
                sink.text(c);
            }
        }
    }

    fn escape(&mut self, mut intermediates: String, c: char, sink: &mut impl Sink) {
        match c {
            '[' if intermediates.is_empty() => self.state = State::Control(String::new()),
            ']' | 'P' | 'X' | '^' | '_' if intermediates.is_empty() => {
                self.state = State::Text {
                    introducer: c,
                    start: String::new(),
                    bytes: 0,
                };
            }
            ' '..='/' if intermediates.len() < 4 => {
                intermediates.push(c);
                self.state = State::Escape(intermediates);
            }
            '0'..='~' => {
                intermediates.push(c);
                self.show("␛", &intermediates, sink);
            }
            _ => {
                self.show("␛", &intermediates, sink);
                self.ground(c, sink);
            }
        }
    }

    fn control(&mut self, mut sequence: String, c: char, sink: &mut impl Sink) {
        match c {
            ' '..='?' if sequence.len() < SEQUENCE_BYTES => {
                sequence.push(c);
                self.state = State::Control(sequence);
            }
            'm' if sequence
                .bytes()
                .all(|b| matches!(b, b'0'..=b'9' | b';' | b':')) =>
            {
                sink.sgr(&sequence);
            }
            'K' if matches!(sequence.as_str(), "" | "0" | "1" | "2") => {
                self.base = None;
                sink.erase(sequence.parse().unwrap_or(0));
            }
            '@'..='~' => {
                sequence.push(c);
                self.show("␛[", &sequence, sink);
            }
            _ => {
                self.show("␛[", &sequence, sink);
                self.ground(c, sink);
            }
        }
    }

    fn string(
        &mut self,
        introducer: char,
        mut start: String,
        bytes: usize,
        c: char,
        sink: &mut impl Sink,
    ) {
        match c {
            ESCAPE => self.state = State::TextEscape { introducer, start },
            '\u{7}' if introducer == ']' => self.end_string(introducer, &start, sink),
            '\u{9c}' | '\u{18}' | '\u{1a}' => self.end_string(introducer, &start, sink),
            // A title has one line; a picture in sixels may have many.
            '\n' if introducer != 'P' => {
                self.end_string(introducer, &start, sink);
                self.ground(c, sink);
            }
            _ if bytes >= STRING_BYTES => {
                self.end_string(introducer, &start, sink);
                self.ground(c, sink);
            }
            _ => {
                if bytes < 2 {
                    start.push(c);
                }
                self.state = State::Text {
                    introducer,
                    start,
                    bytes: bytes + c.len_utf8(),
                };
            }
        }
    }

    /// A hyperlink leaves its text behind and needs no mark of its own.
    fn end_string(&mut self, introducer: char, start: &str, sink: &mut impl Sink) {
        if !(introducer == ']' && start == "8;") {
            self.show("␛", &format!("{introducer}…"), sink);
        }
    }

    fn mark(&mut self, c: char, sink: &mut impl Sink) {
        if self.base.is_none() {
            self.base = Some('◌');
            self.marks = 0;
            sink.text('◌');
        }
        self.marks += 1;
        if self.marks <= MARKS {
            sink.text(c);
        }
    }

    /// A joiner stays between characters that it can join, as in emoji and Indic scripts.
    fn settle_joiner(&mut self, next: Option<char>, sink: &mut impl Sink) {
        let Some(joiner) = self.joiner.take() else {
            return;
        };
        if next.is_some_and(|c| !c.is_ascii() && !is_hidden(c) && !c.is_control()) {
            // Counted like a mark: a run of joiners would hide as well as a run of accents.
            self.mark(joiner, sink);
        } else {
            self.show_code(joiner, sink);
        }
    }

    fn show_code(&mut self, c: char, sink: &mut impl Sink) {
        self.show("", &format!("\\u{{{:x}}}", u32::from(c)), sink);
    }

    fn show(&mut self, prefix: &str, text: &str, sink: &mut impl Sink) {
        prefix
            .chars()
            .chain(text.chars())
            .for_each(|c| sink.text(c));
        self.base = Some(' ');
        self.marks = 0;
    }
}

/// Whether a character stands for itself wherever it stands.
pub(super) fn is_ordinary(c: char) -> bool {
    matches!(c, ' '..='~') || (c > '\u{9f}' && !is_hidden(c) && c.width().is_some_and(|w| w > 0))
}

/// Whether a character turns the reading direction, is not seen, or looks like a blank that it is
/// not: what texts are forged with.
fn is_hidden(c: char) -> bool {
    matches!(c,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e00ff}' | '\u{e01f0}'..='\u{e0fff}')
}
