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

#[test]
fn a_transcript_at_60_columns() {
    insta::assert_snapshot!(look(60, "dark"));
}

#[test]
fn a_transcript_at_200_columns() {
    insta::assert_snapshot!(look(200, "dark"));
}
