use super::*;

/// Everything on one long screen.
fn look(width: u16, name: &str) -> String {
    let story = everything();
    let theme = theme(name);
    let mut screen = screen(&story.transcript, &theme, width, 100);
    let view = TranscriptView::default();
    screen.area.height = view.height(&screen, 200);
    drawn(&view, &screen)
}

/// The colours of a shorter one, with a selection and a search.
fn colours(theme: &Theme, width: u16) -> String {
    with_grammars();
    let mut story = Story::default();
    story.ran("fib(20)  # twenty", "", Some("6765"));
    let cell = story.start(Language::JavaScript, "warn()");
    story.print(
        cell,
        Stream::Stdout,
        "\u{1b}[38;2;255;120;0mwarm\u{1b}[m and \u{1b}[1;32mgreen\u{1b}[m\n",
    );
    story.print(cell, Stream::Stderr, "careful\n");
    story.finish(
        cell,
        Status::Error {
            ename: "Error".into(),
            evalue: "x".into(),
            traceback: "Error: x\n    at warn (<cell 1>:1:7)\n".into(),
        },
        None,
    );
    story.show("castle.png", Some(Ok(castle())));
    story.start(Language::Python, "sleep(5)");
    let mut view = TranscriptView::default();
    let mut screen = screen(&story.transcript, theme, width, 12);
    screen.area.height = view.height(&screen, 100);
    view.find(&screen, "warn");
    let mut buf = Buffer::empty(screen.area);
    view.draw(&screen, &mut buf);
    styles_of(&buf)
}

#[test]
fn a_transcript_at_60_columns() {
    insta::assert_snapshot!(look(60, "dark"));
    assert_eq!(look(60, "dark"), look(60, "light"), "a theme moves nothing");
}

#[test]
fn a_transcript_at_200_columns() {
    insta::assert_snapshot!(look(200, "dark"));
    assert_eq!(
        look(200, "dark"),
        look(200, "light"),
        "a theme moves nothing"
    );
}

#[test]
fn a_transcript_on_a_tiny_screen() {
    insta::assert_snapshot!(look(30, "dark"));
}

#[test]
fn colours_of_the_dark_theme() {
    insta::assert_snapshot!(colours(&theme("dark"), 60));
}

#[test]
fn colours_of_the_light_theme() {
    insta::assert_snapshot!(colours(&theme("light"), 200));
}

#[test]
fn colours_of_the_terminals_own() {
    use crate::tui::theme::ColorDepth;
    insta::assert_snapshot!(colours(&theme("ansi").reduced(ColorDepth::Ansi16), 60));
}

#[test]
fn no_colours_at_all() {
    let text = colours(&Theme::plain(), 60);
    let styles = text.lines().filter(|line| line.starts_with("  "));
    for line in styles {
        assert!(line.starts_with("  reset"), "{line}");
        assert!(!line.starts_with("  reset/"), "{line}");
    }
}
