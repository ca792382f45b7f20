//! Progress on standard error: a line that is drawn over, where a terminal reads it.

use std::fmt::Write as _;
use std::io::{self, Stderr, Write as _};
use std::time::{Duration, Instant};

use super::rows::{columns, cut};
use crate::picture::shown_size;
use crate::sanitize::sanitize;

/// How often it is drawn.
const EVERY: Duration = Duration::from_millis(100);
/// The rate is that of about so many seconds.
const MEMORY: f64 = 5.0;
const BAR: usize = 12;
/// What the terminal echoes when Ctrl-C is pressed stands behind the line.
const MARGIN: usize = 3;

/// Counts bytes and shows how it goes on.
pub(super) struct Meter {
    out: Stderr,
    is_shown: bool,
    total: u64,
    done: u64,
    /// What is being done: a file's name.
    label: String,
    /// Bytes that count for the rate, since the last drawing.
    fresh: u64,
    rate: Option<f64>,
    /// How many times the rate was taken.
    samples: u32,
    drawn: Option<Instant>,
    is_dirty: bool,
}

impl Meter {
    /// Of so many bytes.
    pub fn new(total: u64) -> Self {
        let out = io::stderr();
        Self {
            is_shown: columns(&out).is_some(),
            out,
            total,
            done: 0,
            label: String::new(),
            fresh: 0,
            rate: None,
            samples: 0,
            drawn: None,
            is_dirty: false,
        }
    }

    /// Whether a terminal reads it.
    pub fn is_shown(&self) -> bool {
        self.is_shown
    }

    /// So many bytes it will be.
    pub fn set_total(&mut self, total: u64) {
        self.total = total;
    }

    /// What is being done from now on.
    pub fn label(&mut self, label: &str) {
        self.label = sanitize(label).replace(['\n', '\t'], " ");
        self.draw();
    }

    /// Bytes that took their time.
    pub fn add(&mut self, count: u64) {
        self.fresh += count;
        self.skip(count);
    }

    /// Bytes that were there.
    pub fn skip(&mut self, count: u64) {
        self.done = self.done.saturating_add(count);
        self.draw();
    }

    /// Bytes that are to come again.
    pub fn take_back(&mut self, count: u64) {
        self.done = self.done.saturating_sub(count);
    }

    /// A line of text, above the one that is drawn over.
    pub fn say(&mut self, line: &str) {
        self.clear();
        let _ = writeln!(self.out, "{}", sanitize(line));
    }

    /// Takes the line away.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.is_dirty) {
            let _ = write!(self.out, "\r\u{1b}[K");
            let _ = self.out.flush();
        }
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a rate is shown with two digits"
    )]
    fn draw(&mut self) {
        let now = Instant::now();
        if !self.is_shown || self.drawn.is_some_and(|drawn| now - drawn < EVERY) {
            return;
        }
        if let Some(drawn) = self.drawn.replace(now) {
            let seconds = (now - drawn).as_secs_f64();
            let rate = self.fresh as f64 / seconds;
            // At first all that was seen counts the same.
            self.samples = self.samples.saturating_add(1);
            let weight = (seconds / MEMORY)
                .max(1.0 / f64::from(self.samples))
                .min(1.0);
            self.rate = Some(self.rate.map_or(rate, |old| old + (rate - old) * weight));
        }
        self.fresh = 0;
        let width = columns(&self.out).unwrap_or(80).saturating_sub(MARGIN);
        let line = cut(&self.line(), width);
        let _ = write!(self.out, "\r\u{1b}[K{line}");
        let _ = self.out.flush();
        self.is_dirty = true;
    }

    #[expect(clippy::cast_precision_loss, reason = "a part is shown in per cent")]
    fn line(&self) -> String {
        let mut line = String::new();
        let part = match self.total {
            0 => 0.0,
            total => (self.done as f64 / total as f64).min(1.0),
        };
        let full = (part * BAR as f64) as usize;
        let _ = write!(
            line,
            "{}{} {:3.0}%  {} of {}",
            "━".repeat(full),
            "─".repeat(BAR - full),
            (part * 100.0).floor(),
            shown_size(self.done),
            shown_size(self.total),
        );
        if let Some(rate) = self.rate.filter(|rate| *rate >= 1.0) {
            let _ = write!(line, "  {}/s", shown_size(rate as u64));
            let left = self.total.saturating_sub(self.done) as f64 / rate;
            let _ = write!(line, "  {} left", shown_time(left));
        }
        if !self.label.is_empty() {
            let _ = write!(line, "  {}", self.label);
        }
        line
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.clear();
    }
}

/// `0:07`, `12:34`, `3 h`
fn shown_time(seconds: f64) -> String {
    let seconds = seconds.ceil() as u64;
    match seconds {
        0..3600 => format!("{}:{:02}", seconds / 60, seconds % 60),
        3600..360_000 => format!("{} h", seconds / 3600),
        _ => "days".to_owned(),
    }
}
