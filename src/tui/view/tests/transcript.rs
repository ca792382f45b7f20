use super::super::is_animated;
use super::super::rows::Fold;
use super::super::search::find;
use super::super::transcript::{Position, Scroll};
use super::*;

/// So many cells that each print their number.
fn many(cells: usize) -> Story {
    let mut story = Story::default();
    for n in 0..cells {
        story.ran(&format!("f({n})"), &format!("value {n}\n"), None);
    }
    story
}

fn lines(text: &str) -> Vec<&str> {
    text.lines().collect()
}

#[test]
fn what_is_read_does_not_move() {
    let mut story = many(20);
    let theme = theme("dark");
    let mut view = TranscriptView::default();
    view.scroll_by(&screen(&story.transcript, &theme, 80, 10), -15);
    assert!(matches!(view.scroll(), Scroll::Anchored { .. }));
    let before = drawn(&view, &screen(&story.transcript, &theme, 80, 10));
    let text_only = |text: &str| -> Vec<String> {
        let line = |line: &str| line.trim_end_matches('▐').trim_end().to_owned();
        text.lines().map(line).collect()
    };
    let cell = story.start(Language::Python, "flood()");
    for _ in 0..50 {
        story.print(cell, Stream::Stdout, "more\n");
        let now = drawn(&view, &screen(&story.transcript, &theme, 80, 10));
        assert_eq!(text_only(&now), text_only(&before));
    }
}

#[test]
fn the_end_is_followed_until_one_scrolls_up_and_again_at_the_end() {
    let mut story = many(20);
    let theme = theme("dark");
    let mut view = TranscriptView::default();
    assert!(drawn(&view, &screen(&story.transcript, &theme, 80, 10)).contains("value 19"));
    view.scroll_by(&screen(&story.transcript, &theme, 80, 10), -1);
    assert_ne!(view.scroll(), Scroll::Follow);
    view.scroll_by(&screen(&story.transcript, &theme, 80, 10), 1);
    assert_eq!(view.scroll(), Scroll::Follow);
    story.ran("last()", "at last\n", None);
    assert!(drawn(&view, &screen(&story.transcript, &theme, 80, 10)).contains("at last"));
}

#[test]
fn pages_and_ends() {
    let story = many(20);
    let theme = theme("dark");
    let screen = screen(&story.transcript, &theme, 80, 10);
    let mut view = TranscriptView::default();
    assert_eq!(view.position(&screen), Position::End);
    let end = drawn(&view, &screen);
    view.page(&screen, -1);
    let above = drawn(&view, &screen);
    let strip = |line: &str| line.trim_end_matches(['▐', ' ']).to_owned();
    assert_eq!(
        strip(lines(&above)[9]),
        strip(lines(&end)[0]),
        "a row stays in view"
    );
    assert!(matches!(view.position(&screen), Position::Percent(_)));
    view.page(&screen, -100);
    assert_eq!(view.position(&screen), Position::Top);
    assert!(lines(&drawn(&view, &screen))[0].contains("py 1 ❯ f(0)"));
    view.page(&screen, 1000);
    assert_eq!(
        (view.scroll(), view.position(&screen)),
        (Scroll::Follow, Position::End)
    );
    view.scroll_to_start(&screen);
    assert_eq!(view.position(&screen), Position::Top);
    view.scroll_to_end();
    assert_eq!(drawn(&view, &screen), end);
}

#[test]
fn little_is_shown_from_the_top_and_cannot_be_scrolled() {
    let story = many(2);
    let theme = theme("dark");
    let screen = screen(&story.transcript, &theme, 80, 20);
    let mut view = TranscriptView::default();
    assert_eq!(view.height(&screen, 20), 8);
    assert_eq!(view.position(&screen), Position::All);
    let text = drawn(&view, &screen);
    assert!(lines(&text)[0].contains("f(0)") && !text.contains('▐'));
    view.scroll_by(&screen, -3);
    view.scroll_to_start(&screen);
    assert_eq!(view.scroll(), Scroll::Follow);
}

#[test]
fn cells_are_jumped_between() {
    let story = many(20);
    let theme = theme("dark");
    let screen = screen(&story.transcript, &theme, 80, 10);
    let mut view = TranscriptView::default();
    view.select_previous(&screen);
    assert_eq!(view.selected(), Some(CellId(20)));
    for _ in 0..4 {
        view.select_previous(&screen);
    }
    assert_eq!(view.selected(), Some(CellId(16)));
    let text = drawn(&view, &screen);
    assert!(lines(&text)[0].starts_with("▌"), "{text}");
    assert!(lines(&text)[0].contains("f(15)"), "{text}");
    for _ in 0..5 {
        view.select_next(&screen);
    }
    assert_eq!((view.selected(), view.scroll()), (None, Scroll::Follow));
    view.select(&screen, Some(CellId(99)));
    assert_eq!(view.selected(), None);
}

#[test]
fn folds_open_close_and_return() {
    let mut story = Story::default();
    let cell = story.ran("many()", &numbers(100), None);
    let theme = theme("dark");
    let screen = screen(&story.transcript, &theme, 80, 200);
    let mut view = TranscriptView::default();
    let text = drawn(&view, &screen);
    assert!(text.contains("⋯ 84 more lines") && !text.contains("line 50"));
    view.toggle_fold(&screen, cell);
    let text = drawn(&view, &screen);
    assert!(!text.contains('⋯') && text.contains("line 50"));
    view.toggle_fold(&screen, cell);
    let text = drawn(&view, &screen);
    assert!(
        text.contains("⋯ 100 lines") && !text.contains("line 0"),
        "{text}"
    );
    view.toggle_fold(&screen, cell);
    assert_eq!(view.fold(cell), Fold::Auto);
    let short = story.ran("few()", "a\nb\n", None);
    let screen = super::screen(&story.transcript, &theme, 80, 200);
    view.toggle_fold(&screen, short);
    assert_eq!(view.fold(short), Fold::Closed, "there is nothing to open");
}

#[test]
fn errors_are_not_folded() {
    let mut story = Story::default();
    let cell = story.start(Language::Python, "deep()");
    let mut traceback = "Traceback (most recent call last):\n".to_owned();
    for n in 0..20 {
        let _ = write!(traceback, "  File \"<cell 1>\", line {n}, in f\n    f()\n");
    }
    traceback.push_str("RecursionError: too deep\n");
    story.finish(
        cell,
        Status::Error {
            ename: "RecursionError".into(),
            evalue: "too deep".into(),
            traceback,
        },
        None,
    );
    let theme = theme("dark");
    let text = drawn(
        &TranscriptView::default(),
        &screen(&story.transcript, &theme, 80, 100),
    );
    assert!(!text.contains('⋯') && text.contains("RecursionError: too deep"));
}

#[test]
fn what_is_not_held_is_counted() {
    let mut story = Story::default();
    let cell = story.start(Language::Python, "flood()");
    for n in 0..100_000 {
        story.print(cell, Stream::Stdout, &format!("line {n}\n"));
    }
    let theme = theme("dark");
    let screen = screen(&story.transcript, &theme, 80, 60);
    let mut view = TranscriptView::default();
    let text = drawn(&view, &screen);
    assert!(text.contains("⋯ 99,984 more lines"), "{text}");
    assert!(text.contains("line 7\n") && text.contains("line 99999\n"));
    view.set_fold(cell, Fold::Open);
    view.find(&screen, "left out");
    assert_eq!(
        view.search().map(super::super::Search::count),
        Some(0),
        "marks are not searched"
    );
    let layout_rows = view.height(&screen, u16::MAX);
    assert!(layout_rows > 10_000);
}

#[test]
fn a_spinner_comes_after_a_fifth_of_a_second() {
    let mut story = Story::default();
    story.start(Language::Python, "sleep(9)");
    let theme = theme("dark");
    let view = TranscriptView::default();
    let at = |millis: u64| {
        let mut screen = screen(&story.transcript, &theme, 80, 5);
        screen.now = Timestamp(96_800 + millis);
        drawn(&view, &screen)
    };
    assert_eq!(at(0), at(199));
    assert!(at(250).contains("0.2 s"), "{}", at(250));
    assert!(at(61_000).contains("1 min 1 s"));
    assert_eq!(lines(&at(0)).len(), lines(&at(9_000)).len());
    assert!(is_animated(&story.transcript));
}

#[test]
fn search_walks_over_matches_opens_folds_and_goes_round() {
    let mut story = Story::default();
    story.ran("needle = 1", "", Some("'Needle'"));
    story.ran("many()", &numbers(100), None);
    for _ in 0..10 {
        story.ran("pass", "", None);
    }
    let theme = theme("dark");
    let screen = screen(&story.transcript, &theme, 80, 10);
    assert_eq!(find(&story.transcript, "needle").len(), 2);
    assert_eq!(find(&story.transcript, "Needle").len(), 1);
    let mut view = TranscriptView::default();
    view.find(&screen, "line 5");
    let search = view.search().expect("it searches");
    assert_eq!((search.count(), search.current_index()), (11, Some(10)));
    let text = drawn(&view, &screen);
    assert!(text.contains("line 59"), "{text}");
    assert_eq!(view.fold(CellId(2)), Fold::Open);
    view.next_match(&screen);
    assert_eq!(
        view.search().and_then(super::super::Search::current_index),
        Some(0)
    );
    assert!(
        drawn(&view, &screen).contains("line 5\n"),
        "{}",
        drawn(&view, &screen)
    );
    view.previous_match(&screen);
    assert!(drawn(&view, &screen).contains("line 59"));
    view.find(&screen, "");
    assert!(view.search().is_none());
    view.find(&screen, "nowhere");
    assert_eq!(view.search().and_then(super::super::Search::current), None);
}

#[test]
fn a_match_is_marked_over_a_break_of_its_line() {
    let mut story = Story::default();
    story.ran("x", &format!("{}needle\n", "a".repeat(46 - 3)), None);
    let theme = Theme::plain();
    let mut view = TranscriptView::default();
    let screen = screen(&story.transcript, &theme, 60, 10);
    view.find(&screen, "needle");
    let mut buf = Buffer::empty(screen.area);
    view.draw(&screen, &mut buf);
    let marked: String = buf
        .content()
        .iter()
        .filter(|cell| cell.modifier.contains(Modifier::REVERSED))
        .map(ratatui::buffer::Cell::symbol)
        .collect();
    assert_eq!(marked, "needle");
    let text = text_of(&buf);
    assert!(!text.contains("needle"), "it is broken: {text}");
}

#[test]
fn pictures_are_placed_and_clipped() {
    let mut story = many(3);
    story.show("castle.png", Some(Ok(castle())));
    for n in 0..3 {
        story.ran(&format!("g({n})"), "", None);
    }
    let theme = theme("dark");
    let screen = screen(&story.transcript, &theme, 80, 24);
    let mut view = TranscriptView::default();
    let draw = |view: &TranscriptView| view.draw(&screen, &mut Buffer::empty(screen.area));
    let placed = draw(&view);
    assert_eq!(placed.len(), 1);
    // Of 20 rows the last ones are in view: caption, gap and three cells of three rows follow.
    assert_eq!(placed[0].size, (40, 20));
    assert_eq!(
        (placed[0].rect, placed[0].clip_top),
        (Rect::new(11, 0, 40, 13), 7)
    );
    view.scroll_by(&screen, -7);
    let placed = draw(&view);
    assert_eq!(
        (placed[0].rect, placed[0].clip_top),
        (Rect::new(11, 0, 40, 20), 0)
    );
    view.scroll_to_start(&screen);
    let placed = draw(&view);
    assert_eq!(
        (placed[0].rect, placed[0].clip_top),
        (Rect::new(11, 13, 40, 11), 0)
    );
    view.set_fold(CellId(4), Fold::Closed);
    assert!(draw(&view).is_empty());
}

#[test]
fn untrusted_text_draws_no_control_characters() {
    let mut story = Story::default();
    let nasty = "\u{1b}]0;t\u{7}\u{1b}[2J\u{9b}31m\u{202e}a\u{8}\u{0}\tb\rc";
    let cell = story.start(Language::Python, nasty);
    story.print(cell, Stream::Stdout, nasty);
    story.event(&Event::InputRequested {
        cell,
        prompt: nasty.into(),
    });
    let died = story.start(Language::Python, nasty);
    story.finish(
        died,
        Status::Died {
            message: nasty.into(),
            variables: crate::protocol::Variables::Lost,
        },
        Some(nasty),
    );
    let failed = story.start(Language::Python, nasty);
    let status = Status::Error {
        ename: nasty.into(),
        evalue: nasty.into(),
        traceback: String::new(),
    };
    story.finish(failed, status, None);
    story.show(nasty, Some(Err(nasty)));
    story.show(
        nasty,
        Some(Ok(Artifact {
            name: nasty.into(),
            ..castle()
        })),
    );
    let theme = theme("dark");
    for width in [1, 2, 5, 20, 36, 60, 200] {
        for height in [1, 3, 60] {
            let screen = screen(&story.transcript, &theme, width, height);
            let mut buf = Buffer::empty(screen.area);
            TranscriptView::default().draw(&screen, &mut buf);
            for cell in buf.content() {
                let bad = |c: char| c.is_control() || c == '\u{202e}';
                assert!(!cell.symbol().contains(bad), "{:?}", cell.symbol());
            }
        }
    }
}

#[test]
fn ten_thousand_cells_cost_a_screenful() {
    let mut story = many(10_000);
    let flood = story.start(Language::Python, "flood()");
    let theme = theme("dark");
    let view = TranscriptView::default();
    let began = std::time::Instant::now();
    for n in 0..100 {
        story.print(flood, Stream::Stdout, &numbers(200));
        let mut screen = screen(&story.transcript, &theme, 120, 50);
        screen.now = Timestamp(100_000 + n);
        assert!(drawn(&view, &screen).contains("line 199"));
    }
    let frame = began.elapsed() / 100;
    // Generous, for a machine that is busy: what matters is that it is no matter of seconds.
    assert!(frame < Duration::from_millis(50), "{frame:?} a frame");
    report("a frame of a flood over 10,000 cells", frame);

    // The same with everything that is held of the flood shown.
    let mut view = view;
    view.set_fold(flood, Fold::Open);
    let began = std::time::Instant::now();
    for _ in 0..20 {
        story.print(flood, Stream::Stdout, &numbers(200));
        let screen = screen(&story.transcript, &theme, 120, 50);
        let text = drawn(&view, &screen);
        assert!(text.contains("line 199"), "{text}");
    }
    let frame = began.elapsed() / 20;
    report("the same, unfolded", frame);
    assert!(frame < Duration::from_millis(200), "{frame:?} a frame");
}

/// Shown by `--nocapture`.
#[expect(clippy::print_stderr, reason = "a figure for whoever asks for it")]
fn report(what: &str, time: Duration) {
    eprintln!("{what}: {time:?}");
}

#[test]
fn every_move_is_safe_on_every_size() {
    let theme = theme("dark");
    for story in [Story::default(), many(1), everything()] {
        for (width, height) in [(0, 0), (1, 1), (3, 2), (60, 7), (200, 60)] {
            let screen = screen(&story.transcript, &theme, width, height);
            let mut view = TranscriptView::default();
            let moves: [fn(&mut TranscriptView, &Screen<'_>); 10] = [
                |view, screen| view.scroll_by(screen, -3),
                |view, screen| view.scroll_by(screen, isize::MAX),
                |view, screen| view.page(screen, -1),
                |view, screen| view.page(screen, isize::MIN),
                TranscriptView::select_previous,
                TranscriptView::select_next,
                |view, screen| view.find(screen, "n"),
                TranscriptView::next_match,
                TranscriptView::previous_match,
                TranscriptView::scroll_to_start,
            ];
            for step in 0..60 {
                moves[step * 7 % moves.len()](&mut view, &screen);
                moves[step % moves.len()](&mut view, &screen);
                if let Some(cell) = view.selected() {
                    view.toggle_fold(&screen, cell);
                }
                drawn(&view, &screen);
                view.position(&screen);
            }
        }
    }
}

#[test]
fn rows_in_view_are_the_rows_of_the_whole() {
    let story = everything();
    let theme = theme("dark");
    let mut whole_screen = screen(&story.transcript, &theme, 80, 30);
    let mut view = TranscriptView::default();
    whole_screen.area.height = view.height(&whole_screen, 500);
    let strip = |text: &str| -> Vec<String> {
        let line = |line: &str| line.trim_end_matches(['▐', ' ']).to_owned();
        text.lines().map(line).collect()
    };
    let whole = strip(&drawn(&TranscriptView::default(), &whole_screen));
    let screen = screen(&story.transcript, &theme, 80, 30);
    view.scroll_to_start(&screen);
    for top in 0..=whole.len() - 30 {
        assert_eq!(
            strip(&drawn(&view, &screen)),
            whole[top..top + 30],
            "row {top}"
        );
        view.scroll_by(&screen, 1);
    }
    assert_eq!(view.scroll(), Scroll::Follow);
    for top in (0..=whole.len() - 30).rev() {
        assert_eq!(
            strip(&drawn(&view, &screen)),
            whole[top..top + 30],
            "row {top}"
        );
        view.scroll_by(&screen, -1);
    }
}

#[test]
fn long_lines_of_folded_output_are_cut() {
    let mut story = Story::default();
    let line = format!("{}needle\n", "x".repeat(500));
    let cell = story.ran("wide()", &line.repeat(50), None);
    let theme = theme("dark");
    let screen = screen(&story.transcript, &theme, 60, 100);
    let mut view = TranscriptView::default();
    let text = drawn(&view, &screen);
    assert!(text.contains("xxx…\n"), "{text}");
    assert_eq!(view.height(&screen, 100), 1 + 8 + 1 + 8 + 2);
    view.find(&screen, "needle");
    assert_eq!(view.fold(cell), Fold::Open, "what was cut is shown");
    assert!(drawn(&view, &screen).contains("needle"));
}
