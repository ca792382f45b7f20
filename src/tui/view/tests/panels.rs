//! The smaller views.

use std::sync::Arc;

use super::super::help::{self, Help};
use super::super::notice::Notices;
use super::super::pager::Pager;
use super::super::select::Select;
use super::super::status::StatusLine;
use super::super::transcript::Position;
use super::super::welcome;
use super::*;
use crate::protocol::{GrantScope, KernelStatus, NoticeLevel, SessionGrant, SessionId, slash};

const KEYS: &[(&str, &str)] = &[
    (
        "Enter",
        "run the cell, or open a line if it is not complete",
    ),
    ("alt-Enter, ctrl-j", "open a line"),
    ("ctrl-c", "stop what runs; at rest, empty the prompt"),
    ("ctrl-r", "look through what was typed, over all sessions"),
    ("ctrl-o", "open the whole output of a cell in a pager"),
];

/// What a view draws into an area of this size.
fn buffer(width: u16, height: u16, draw: impl FnOnce(Rect, &mut Buffer)) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buf = Buffer::empty(area);
    draw(area, &mut buf);
    buf
}

fn status_lines(width: u16) -> String {
    let session = SessionId("019a0b1c2d3-5e6f3fa9".into());
    let failed = KernelStatus::Failed("no".into());
    let grants =
        ["read /data", "write /home/ada/projects/castle/renders:10M"].map(|grant| SessionGrant {
            grant: grant.parse().expect("a grant"),
            scope: GrantScope::Session,
        });
    let calm = StatusLine {
        imagining: None,
        language: Language::Python,
        mode: "emacs",
        kernel: &KernelStatus::Idle,
        running: None,
        queued: 0,
        is_asked: false,
        grants: &[],
        last_cost: Some(Cost {
            execution_time: Duration::from_millis(12),
            peak_memory_bytes: 21 << 20,
            ..Cost::default()
        }),
        position: Position::End,
        matches: None,
        session: &session,
        hints: &[("F1", "help"), ("ctrl-r", "history"), ("ctrl-o", "open")],
    };
    let busy = StatusLine {
        imagining: Some((7, 20)),
        language: Language::JavaScript,
        mode: "vi insert",
        kernel: &KernelStatus::Busy,
        running: Some((Language::Python, Duration::from_millis(3_290))),
        queued: 2,
        position: Position::Percent(45),
        matches: Some((3, 17)),
        ..calm
    };
    let states = [
        calm,
        busy,
        StatusLine {
            kernel: &failed,
            position: Position::Top,
            matches: Some((0, 0)),
            ..calm
        },
        StatusLine {
            kernel: &KernelStatus::Starting,
            last_cost: None,
            ..calm
        },
        StatusLine {
            kernel: &KernelStatus::NotStarted,
            last_cost: None,
            ..calm
        },
        StatusLine {
            grants: &grants[..1],
            ..calm
        },
        StatusLine {
            grants: &grants[1..2],
            is_asked: true,
            ..calm
        },
        StatusLine {
            grants: &grants,
            ..busy
        },
    ];
    let theme = theme("dark");
    let draw = |state: &StatusLine<'_>| buffer(width, 1, |area, buf| state.draw(&theme, area, buf));
    states.iter().map(|state| text_of(&draw(state))).collect()
}

#[test]
fn status_lines_give_way_gracefully() {
    let all: Vec<String> = [200, 80, 60, 40, 20]
        .iter()
        .map(|&width| format!("{width}\n{}", status_lines(width)))
        .collect();
    insta::assert_snapshot!(all.join(""));
    for width in 0..60 {
        let text = status_lines(width);
        assert!(
            text.lines()
                .all(|line| super::super::text::width(line) <= usize::from(width))
        );
    }
}

#[test]
fn the_welcome() {
    with_grammars();
    let draw = |name: &str, width| {
        let theme = theme(name);
        buffer(width, welcome::HEIGHT, |area, buf| {
            welcome::draw(&theme, area, buf);
        })
    };
    let texts = [80, 36].map(|width| text_of(&draw("dark", width)));
    insta::assert_snapshot!(texts.join("----\n"));
    insta::assert_snapshot!(
        "the_welcome_in_light_colours",
        styles_of(&draw("light", 80))
    );
}

#[test]
fn the_help() {
    let theme = theme("dark");
    let text = |width, height, down| {
        text_of(&buffer(width, height, |area, buf| {
            let mut help = Help::default();
            help.scroll_by(KEYS, area, down);
            help.draw(KEYS, &theme, area, buf);
        }))
    };
    insta::assert_snapshot!([text(100, 36, 0), text(60, 20, 3), text(40, 14, 0)].join(""));
    assert_eq!(text(60, 20, 1000), text(60, 20, 900), "it stops at the end");
    assert!(text(60, 20, 1000).contains("/quit"));
}

#[test]
fn every_command_can_be_told_about() {
    for spec in slash::SLASH {
        assert!(help::about(spec).contains(spec.summary));
    }
    assert_eq!(
        help::about(slash::spec(slash::Slash::Quit)),
        "/quit: leave; also /exit and /q"
    );
}

#[test]
fn the_chooser() {
    let names = || {
        ["dark", "light", "ansi", "ember", "beacon"]
            .map(str::to_owned)
            .to_vec()
    };
    let mut select = Select::new("theme", names(), "light");
    assert_eq!(select.current(), Some("light"));
    select.move_by(-2);
    assert_eq!(
        (select.current(), select.before()),
        (Some("beacon"), Some("light"))
    );
    select.move_by(1);
    assert_eq!(select.current(), Some("dark"));
    select.move_to_letter('e');
    assert_eq!(select.current(), Some("ember"));
    select.move_to_letter('z');
    assert_eq!(select.current(), Some("ember"));
    let theme = theme("ember");
    let draw = |width, height| buffer(width, height, |area, buf| select.draw(&theme, area, buf));
    insta::assert_snapshot!(text_of(&draw(60, 14)));
    for (width, height) in [(1, 1), (5, 3), (20, 6), (60, 8)] {
        draw(width, height);
    }
    let mut none = Select::new("none", Vec::new(), "");
    none.move_by(1);
    none.move_to_letter('a');
    assert_eq!(none.current(), None);
}

#[test]
fn notices_come_and_go() {
    let mut notices = Notices::default();
    let theme = theme("dark");
    notices.push(NoticeLevel::Info, "copied 3 lines", Timestamp(0));
    notices.push(
        NoticeLevel::Warning,
        "this terminal has 16 colours; the theme is shown with them",
        Timestamp(100),
    );
    notices.push(
        NoticeLevel::Error,
        "the theme \u{1b}[2Jx can't be read",
        Timestamp(200),
    );
    let draw = |notices: &Notices, now| {
        let height = notices.height(40, Timestamp(now));
        text_of(&buffer(40, height, |area, buf| {
            notices.draw(&theme, Timestamp(now), area, buf);
        }))
    };
    insta::assert_snapshot!(draw(&notices, 300));
    assert!(notices.next_change(Timestamp(300)).is_some());
    assert!(!draw(&notices, 5_000).contains("copied"));
    assert!(draw(&notices, 9_000).contains("can't be read"));
    assert_eq!(draw(&notices, 60_000), "");
    assert_eq!(notices.next_change(Timestamp(60_000)), None);
    notices.push(NoticeLevel::Info, "again", Timestamp(0));
    notices.push(NoticeLevel::Info, "again", Timestamp(10));
    assert_eq!(draw(&notices, 20).matches("again").count(), 1);
    notices.dismiss();
    assert_eq!(notices.height(40, Timestamp(20)), 0);
}

fn pager(text: &str) -> Pager {
    Pager::new("Out of py 3", Arc::from(text))
}

fn paged(pager: &Pager, width: u16, height: u16) -> String {
    let theme = theme("dark");
    text_of(&buffer(width, height, |area, buf| {
        // What was there before does not shine through.
        for cell in &mut buf.content {
            cell.set_symbol("▐");
        }
        pager.draw(&theme, area, buf);
    }))
}

#[test]
fn the_pager() {
    let mut pager = pager(&numbers(5_000));
    let area = Rect::new(0, 0, 60, 12);
    pager.find(area, "line 1234");
    insta::assert_snapshot!(paged(&pager, 60, 12));
    pager.find(area, "nowhere");
    assert!(paged(&pager, 60, 12).contains("is not in it"));
}

#[test]
fn the_pager_scrolls_over_long_lines() {
    let mut pager = pager(&format!("{}\n{}", "a".repeat(100), numbers(20)));
    let area = Rect::new(0, 0, 30, 7);
    let first = |pager: &Pager| paged(pager, 30, 7).lines().nth(1).unwrap_or("").to_owned();
    pager.scroll_by(area, 3);
    assert_eq!(first(&pager), "a".repeat(10), "the last of four rows");
    pager.scroll_by(area, 1);
    assert_eq!(first(&pager), "line 0");
    pager.page(area, 1);
    assert_eq!(first(&pager), "line 4");
    pager.scroll_by(area, -4);
    pager.scroll_by(area, -2);
    assert_eq!(first(&pager), "a".repeat(30));
    pager.page(area, 1_000);
    assert_eq!(first(&pager), "line 15");
    assert!(paged(&pager, 30, 7).contains("line 19"));
    pager.scroll_to_start();
    pager.scroll_to_end(area);
    assert_eq!(first(&pager), "line 15");
    pager.scroll_by(area, -1_000);
    assert!(first(&pager).starts_with("aaa"));
}

#[test]
fn the_pager_finds_in_both_directions_and_goes_round() {
    let mut pager = pager(&numbers(1_000));
    let area = Rect::new(0, 0, 60, 12);
    let marked = |pager: &Pager| {
        let theme = Theme::plain();
        let buf = buffer(60, 12, |area, buf| pager.draw(&theme, area, buf));
        let line = (1..11).find(|&y| buf[(0, y)].modifier.contains(Modifier::REVERSED));
        line.map(|y| text_of(&buf).lines().nth(y.into()).unwrap_or("").to_owned())
    };
    let query = "LINE 99".to_lowercase();
    pager.find(area, &query);
    let mut seen = Vec::new();
    for _ in 0..12 {
        seen.extend(marked(&pager));
        pager.next_match(area);
    }
    let expected: Vec<String> = [99]
        .into_iter()
        .chain(990..1000)
        .chain([99])
        .map(|n| format!("line {n}"))
        .collect();
    assert_eq!(seen, expected);
    pager.find(area, &query);
    pager.previous_match(area);
    pager.previous_match(area);
    assert_eq!(
        marked(&pager).as_deref(),
        Some("line 999"),
        "990, 99, and round"
    );
}

#[test]
fn the_pager_holds_a_flood() {
    let text: String = "0123456789abcde\n".repeat((32 << 20) / 16);
    let long = "x".repeat(4 << 20);
    let mut pager = pager(&format!("{text}{long}"));
    assert_eq!(pager.lines(), (2 << 20) + 1);
    let area = Rect::new(0, 0, 120, 50);
    let began = std::time::Instant::now();
    pager.scroll_to_end(area);
    assert!(paged(&pager, 120, 50).contains("the line goes on"));
    for _ in 0..20 {
        pager.page(area, -1);
        paged(&pager, 120, 50);
    }
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}

#[test]
fn empty_and_nasty_texts_are_paged() {
    for text in ["", "\n", "\u{1b}[2J\u{202e}\r\n\0"] {
        for (width, height) in [(0, 0), (1, 1), (2, 2), (40, 5)] {
            let mut pager = pager(text);
            let area = Rect::new(0, 0, width, height);
            pager.scroll_by(area, 3);
            pager.page(area, -3);
            pager.scroll_to_end(area);
            pager.find(area, "x");
            pager.next_match(area);
            pager.previous_match(area);
            assert!(!paged(&pager, width, height).contains(['\u{1b}', '\u{202e}', '\0']));
        }
    }
}
