//! Views as they look, and as they behave.

mod look;
mod panels;
mod transcript;

use std::fmt::Write as _;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};

use super::{Screen, TranscriptView};
use crate::protocol::{
    Artifact, BlobId, CellId, Cost, Event, Language, LimitKind, MediaType, Outcome, OutputExcerpt,
    Status, Stream, Timestamp,
};
use crate::session::Transcript;
use crate::tui::theme::Theme;

/// A theme that is compiled in.
pub(in crate::tui) fn theme(name: &str) -> Theme {
    let (theme, _) = Theme::load(name, None).expect("it is compiled in");
    theme
}

/// Pictures have two columns for each row: 40 × 20, or what fits.
fn picture_size(_: &Artifact, columns: u16, rows: u16) -> (u16, u16) {
    let rows = rows.min(columns / 2).min(20);
    (rows * 2, rows)
}

fn screen<'a>(transcript: &'a Transcript, theme: &'a Theme, width: u16, height: u16) -> Screen<'a> {
    Screen {
        transcript,
        theme,
        now: Timestamp(100_000),
        area: Rect::new(0, 0, width, height),
        picture_rows: height.saturating_sub(4).max(2),
        fold_hint: "alt-o opens all",
        picture_size: &picture_size,
    }
}

/// The screen as text.
fn drawn(view: &TranscriptView, screen: &Screen<'_>) -> String {
    let mut buf = Buffer::empty(screen.area);
    view.draw(screen, &mut buf);
    text_of(&buf)
}

/// The letters of a buffer.
pub(in crate::tui) fn text_of(buf: &Buffer) -> String {
    let mut text = String::new();
    for y in buf.area.top()..buf.area.bottom() {
        let mut line = String::new();
        let mut skip = 0;
        for x in buf.area.left()..buf.area.right() {
            if skip > 0 {
                skip -= 1;
                continue;
            }
            let symbol = buf[(x, y)].symbol();
            skip = super::text::width(symbol).saturating_sub(1);
            line.push_str(symbol);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// The letters of a buffer in runs of one style each: `fg/bg+modifiers "text"`.
pub(in crate::tui) fn styles_of(buf: &Buffer) -> String {
    let mut text = String::new();
    for y in buf.area.top()..buf.area.bottom() {
        let mut runs: Vec<(Style, String)> = Vec::new();
        for x in buf.area.left()..buf.area.right() {
            let cell = &buf[(x, y)];
            match runs.last_mut() {
                Some((style, run)) if *style == cell.style() => run.push_str(cell.symbol()),
                _ => runs.push((cell.style(), cell.symbol().to_owned())),
            }
        }
        let is_blank = |(style, run): &(Style, String)| {
            run.trim().is_empty() && style.bg == Some(Color::Reset)
        };
        runs.retain(|run| !is_blank(run));
        let _ = writeln!(text, "{y}");
        for (style, run) in runs {
            let _ = writeln!(text, "  {:<22} {run:?}", name_of(style));
        }
    }
    text
}

fn name_of(style: Style) -> String {
    let mut name = style.fg.unwrap_or_default().to_string().to_lowercase();
    if let Some(bg) = style.bg.filter(|bg| *bg != Color::Reset) {
        let _ = write!(name, "/{}", bg.to_string().to_lowercase());
    }
    for (modifier, mark) in [
        (Modifier::BOLD, "+bold"),
        (Modifier::DIM, "+dim"),
        (Modifier::ITALIC, "+italic"),
        (Modifier::UNDERLINED, "+underlined"),
        (Modifier::REVERSED, "+reversed"),
    ] {
        if style.add_modifier.contains(modifier) {
            name.push_str(mark);
        }
    }
    name
}

/// Writes transcripts.
#[derive(Default)]
struct Story {
    transcript: Transcript,
    cells: u64,
    runs: [u64; 2],
}

impl Story {
    fn event(&mut self, event: &Event) {
        self.transcript.apply(event);
    }

    fn submit(&mut self, language: Language, source: &str) -> CellId {
        self.cells += 1;
        let cell = CellId(self.cells);
        self.event(&Event::CellSubmitted {
            cell,
            language,
            source: source.into(),
            at: Timestamp(0),
        });
        cell
    }

    fn start(&mut self, language: Language, source: &str) -> CellId {
        let cell = self.submit(language, source);
        let runs = &mut self.runs[usize::from(language == Language::JavaScript)];
        *runs += 1;
        let execution_count = *runs;
        self.event(&Event::CellStarted {
            cell,
            execution_count,
            at: Timestamp(96_800),
        });
        cell
    }

    fn print(&mut self, cell: CellId, stream: Stream, text: &str) {
        self.event(&Event::CellOutput {
            cell,
            stream,
            text: text.into(),
        });
    }

    fn finish(&mut self, cell: CellId, status: Status, result: Option<&str>) {
        let output = match self.transcript.get(cell).map(|entry| &entry.body) {
            Some(crate::session::Body::Cell(body)) => body.output.clone(),
            _ => OutputExcerpt::default(),
        };
        self.event(&Event::CellFinished {
            cell,
            outcome: Outcome {
                status,
                result: result.map(Into::into),
                output,
                cost: Cost {
                    execution_time: Duration::from_millis(12),
                    peak_memory_bytes: 21 << 20,
                    ..Cost::default()
                },
            },
            at: Timestamp(97_000),
        });
    }

    /// A cell that ran to its end.
    fn ran(&mut self, source: &str, output: &str, result: Option<&str>) -> CellId {
        let cell = self.start(Language::Python, source);
        if !output.is_empty() {
            self.print(cell, Stream::Stdout, output);
        }
        self.finish(cell, Status::Ok, result);
        cell
    }

    fn show(&mut self, path: &str, picture: Option<Result<Artifact, &str>>) -> CellId {
        self.cells += 1;
        let cell = CellId(self.cells);
        self.event(&Event::ShowStarted {
            cell,
            path: path.into(),
            at: Timestamp(99_000),
        });
        match picture {
            None => {}
            Some(Ok(artifact)) => self.event(&Event::ArtifactReady { cell, artifact }),
            Some(Err(message)) => self.event(&Event::ShowFailed {
                cell,
                message: message.into(),
            }),
        }
        cell
    }
}

pub(in crate::tui) fn castle() -> Artifact {
    Artifact {
        blob: BlobId([7; 32]),
        media_type: MediaType::Png,
        name: "castle.png".into(),
        width: 640,
        height: 480,
        size_bytes: 123 << 10,
    }
}

/// Numbers, a line each.
pub(in crate::tui) fn numbers(count: usize) -> String {
    (0..count).fold(String::new(), |mut text, n| {
        let _ = writeln!(text, "line {n}");
        text
    })
}

/// A bit of everything.
fn everything() -> Story {
    let mut story = Story::default();
    story.ran(
        "def fib(n):\n    return n if n < 2 else fib(n - 1) + fib(n - 2)\n\nfib(20)",
        "",
        Some("6765"),
    );
    let cell = story.start(
        Language::JavaScript,
        "console.log('héllo', [1, 2])\nconsole.error('careful')\n({a: 1, b: [2, 3]})",
    );
    story.print(
        cell,
        Stream::Stdout,
        "héllo [ \u{1b}[33m1\u{1b}[39m, \u{1b}[33m2\u{1b}[39m ]\n",
    );
    story.print(cell, Stream::Stderr, "careful\n");
    story.finish(cell, Status::Ok, Some("{ a: 1, b: [ 2, 3 ] }"));
    story.ran("for n in range(200): print('line', n)", &numbers(200), None);
    let cell = story.start(Language::Python, "1 / 0");
    story.finish(
        cell,
        Status::Error {
            ename: "ZeroDivisionError".into(),
            evalue: "division by zero".into(),
            traceback: "Traceback (most recent call last):\n  File \"<cell 3>\", line 1, in <module>\n    1 / 0\n    ~~^~~\nZeroDivisionError: division by zero\n".into(),
        },
        None,
    );
    let cell = story.start(Language::Python, "print('日本語\\tx', 'a' * 150)");
    story.print(
        cell,
        Stream::Stdout,
        &format!("日本語\tx {}\n", "a".repeat(150)),
    );
    story.finish(cell, Status::Ok, None);
    let cell = story.start(Language::Python, "while True: pass");
    story.finish(
        cell,
        Status::Limit {
            kind: LimitKind::Time,
            message: "time limit of 60 s; /set timeout 120 gives the next cells more".into(),
            variables: crate::protocol::Variables::Kept,
        },
        None,
    );
    let cell = story.start(Language::JavaScript, "while (true) {}");
    story.finish(
        cell,
        Status::Interrupted {
            variables: crate::protocol::Variables::Lost,
        },
        None,
    );
    story.show("~/pictures/castle.png", Some(Ok(castle())));
    story.show("~/broken.png", Some(Err("~/broken.png is no picture: it ends after 12 bytes; PNG, JPEG, WebP and GIF can be shown")));
    let cell = story.start(Language::Python, "name = input('Your name? ')");
    story.event(&Event::InputRequested {
        cell,
        prompt: "Your name? ".into(),
    });
    story.submit(Language::Python, "print(name)");
    story
}

/// Waits for the grammars: without them sources are plain.
pub(in crate::tui) fn with_grammars() {
    use crate::tui::highlight;
    highlight::warm(|| {});
    for _ in 0..3000 {
        if highlight::is_ready() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("no grammars after half a minute");
}
