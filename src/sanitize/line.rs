//! Lines of text as a terminal would leave them: overwritten by carriage returns, in colour.

use unicode_width::UnicodeWidthChar;

use super::SgrStyle;
use super::parser::{Parser, Sink};

/// Text in one style. `T` is the caller's: which stream it came from, say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run<T> {
    /// What the caller said about it.
    pub tag: T,
    /// Its colours.
    pub style: SgrStyle,
    /// Safe text without a line end.
    pub text: String,
}

/// Turns pieces of untrusted text into lines.
#[derive(Debug)]
pub(crate) struct LineWriter<T> {
    parser: Parser,
    page: Page<T>,
}

#[derive(Debug)]
struct Page<T> {
    lines: Vec<Vec<Run<T>>>,
    /// The line that is being written, as long as it only grows.
    runs: Vec<Run<T>>,
    /// The same once something was overwritten: a slot for each column. The second column of a
    /// wide character is an empty slot.
    slots: Option<Vec<Run<T>>>,
    column: usize,
    /// Characters of the line so far, and how many of them were left out.
    characters: usize,
    cut: usize,
    tag: T,
    style: SgrStyle,
    /// Tabs go to multiples of this; none leaves them as they are.
    tab: Option<usize>,
    cap: usize,
}

impl<T: Copy + Default + PartialEq> LineWriter<T> {
    /// Tabs go to multiples of `tab`; lines longer than `cap` characters are cut, and say so.
    pub fn new(tab: usize, cap: usize) -> Self {
        Self::with(Some(tab.max(1)), cap)
    }

    /// Keeps tabs, and lines of any length.
    pub fn verbatim() -> Self {
        Self::with(None, usize::MAX)
    }

    fn with(tab: Option<usize>, cap: usize) -> Self {
        Self {
            parser: Parser::default(),
            page: Page {
                lines: Vec::new(),
                runs: Vec::new(),
                slots: None,
                column: 0,
                characters: 0,
                cut: 0,
                tag: T::default(),
                style: SgrStyle::default(),
                tab,
                cap,
            },
        }
    }

    /// Adds text, which goes on where the last piece ended.
    pub fn push(&mut self, tag: T, text: &str) {
        self.page.tag = tag;
        for c in text.chars() {
            self.parser.feed(c, &mut self.page);
        }
    }

    /// The lines; the last one only if there is anything on it.
    pub fn finish(mut self) -> Vec<Vec<Run<T>>> {
        self.parser.finish(&mut self.page);
        if self.page.characters > 0 {
            self.page.newline();
        }
        self.page.lines
    }

    /// The text, without its styles.
    pub fn into_text(mut self) -> String {
        self.parser.finish(&mut self.page);
        let mut text = String::new();
        let mut add = |runs: &[Run<T>]| runs.iter().for_each(|run| text.push_str(&run.text));
        let newline = [Run {
            tag: T::default(),
            style: SgrStyle::default(),
            text: "\n".into(),
        }];
        for line in &self.page.lines {
            add(line);
            add(&newline);
        }
        let last = self.page.take_line();
        add(&last);
        text
    }
}

impl<T: Copy + Default + PartialEq> Page<T> {
    /// From here on the line is a row of slots.
    fn slots(&mut self) -> &mut Vec<Run<T>> {
        let runs = &mut self.runs;
        self.slots.get_or_insert_with(|| {
            let mut slots = Vec::new();
            for run in runs.drain(..) {
                for c in run.text.chars() {
                    let times = if c == '\t' { 8 - slots.len() % 8 } else { 1 };
                    let c = if c == '\t' { ' ' } else { c };
                    (0..times).for_each(|_| append(&mut slots, run.tag, run.style, c));
                }
            }
            slots
        })
    }

    fn put(&mut self, c: char) {
        self.characters += 1;
        let width = c.width().unwrap_or(0);
        if self.characters > self.cap && self.slots.is_none() || self.column >= self.cap {
            self.cut += 1;
            return;
        }
        let (tag, style, column) = (self.tag, self.style, self.column);
        self.column += width;
        if self.slots.is_some() {
            overwrite(self.slots(), column, tag, style, c, width);
            return;
        }
        match self.runs.last_mut() {
            Some(run) if run.tag == tag && run.style == style => run.text.push(c),
            _ => self.runs.push(Run {
                tag,
                style,
                text: c.to_string(),
            }),
        }
    }

    fn take_line(&mut self) -> Vec<Run<T>> {
        let mut runs = std::mem::take(&mut self.runs);
        for slot in self.slots.take().into_iter().flatten() {
            match runs.last_mut() {
                Some(run) if run.tag == slot.tag && run.style == slot.style => {
                    run.text.push_str(&slot.text);
                }
                _ => runs.push(slot),
            }
        }
        if self.cut > 0 {
            runs.push(Run {
                tag: self.tag,
                style: SgrStyle {
                    dim: true,
                    ..SgrStyle::default()
                },
                text: format!("… {} more characters", self.cut),
            });
        }
        (self.column, self.characters, self.cut) = (0, 0, 0);
        runs
    }
}

impl<T: Copy + Default + PartialEq> Sink for Page<T> {
    fn text(&mut self, c: char) {
        match (c, self.tab) {
            ('\t', Some(tab)) => {
                let spaces = tab - self.column % tab;
                (0..spaces).for_each(|_| self.put(' '));
            }
            ('\t', None) if self.slots.is_some() => {
                let spaces = 8 - self.column % 8;
                (0..spaces).for_each(|_| self.put(' '));
            }
            ('\t', None) => {
                self.put(c);
                self.column += 8 - self.column % 8;
            }
            _ => self.put(c),
        }
    }

    fn newline(&mut self) {
        let line = self.take_line();
        self.lines.push(line);
    }

    fn carriage_return(&mut self) {
        self.slots();
        self.column = 0;
    }

    fn backspace(&mut self) {
        self.slots();
        self.column = self.column.saturating_sub(1);
    }

    fn sgr(&mut self, parameters: &str) {
        self.style.apply(parameters);
    }

    fn erase(&mut self, mode: u8) {
        let column = self.column;
        let (tag, style) = (self.tag, SgrStyle::default());
        let slots = self.slots();
        match mode {
            1 => {
                let end = slots.len().min(column + 1);
                (0..end).for_each(|at| overwrite(slots, at, tag, style, ' ', 1));
            }
            2 => slots.clear(),
            _ if column < slots.len() => {
                overwrite(slots, column, tag, style, ' ', 1);
                slots.truncate(column);
            }
            _ => {}
        }
    }
}

/// Adds a character at the end of a row of slots.
fn append<T: Copy>(slots: &mut Vec<Run<T>>, tag: T, style: SgrStyle, c: char) {
    let mut slot = |text: String| slots.push(Run { tag, style, text });
    match c.width().unwrap_or(0) {
        0 => {
            if let Some(base) = slots.iter_mut().rev().find(|slot| !slot.text.is_empty()) {
                base.text.push(c);
            }
        }
        1 => slot(c.to_string()),
        _ => {
            slot(c.to_string());
            slot(String::new());
        }
    }
}

/// Writes a character over what is at `column`, which may be beyond the end.
fn overwrite<T: Copy>(
    slots: &mut Vec<Run<T>>,
    column: usize,
    tag: T,
    style: SgrStyle,
    c: char,
    width: usize,
) {
    if width == 0 {
        let end = column.min(slots.len());
        let before = slots[..end].iter_mut().rev();
        if let Some(base) = before.into_iter().find(|slot| !slot.text.is_empty()) {
            base.text.push(c);
        }
        return;
    }
    while slots.len() < column + width {
        append(slots, tag, SgrStyle::default(), ' ');
    }
    // Half of a wide character that is overwritten leaves a blank.
    if slots[column].text.is_empty() && column > 0 {
        slots[column - 1].text = " ".into();
    }
    if let Some(next) = slots.get_mut(column + width)
        && next.text.is_empty()
    {
        next.text = " ".into();
    }
    for (at, slot) in slots[column..column + width].iter_mut().enumerate() {
        *slot = Run {
            tag,
            style,
            text: if at == 0 {
                c.to_string()
            } else {
                String::new()
            },
        };
    }
}
