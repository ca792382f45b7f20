//! Keys in; text, caret, action and screen out.

use super::*;
use crate::protocol::Completion;
use crate::tui::keymap::event;
use crate::tui::theme::Theme;
use crossterm::event::KeyModifiers;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// A prompt with what surrounds it.
struct Desk {
    prompt: Prompt,
    language: Language,
    keymap: Keymap,
    choices: Choices,
    is_running: bool,
}

/// Judges like a kernel, roughly: open brackets, a colon at the end of the first line, and
/// words that no mending helps.
fn judge(text: &str) -> Completeness {
    let count = |letter| text.matches(letter).count();
    if text.contains("???") {
        Completeness::Invalid
    } else if count('(') > count(')') {
        Completeness::Incomplete { indent: 2 }
    } else if text.lines().next().is_some_and(|line| line.ends_with(':'))
        && !text.ends_with("\n\n")
        && !text.ends_with("\n    ")
    {
        Completeness::Incomplete { indent: 4 }
    } else {
        Completeness::Complete
    }
}

impl Desk {
    fn new(mode: EditModeKind) -> Self {
        Self {
            prompt: Prompt::new(mode),
            language: Language::Python,
            keymap: Keymap::default(),
            choices: Choices {
                themes: vec![
                    Choice::new("ansi", "built in"),
                    Choice::new("dark", "built in"),
                ],
                ..Choices::default()
            },
            is_running: false,
        }
    }

    fn with_history(mode: EditModeKind) -> Self {
        let mut desk = Self::new(mode);
        let entry = |source: &str, language, this_session| Recall {
            source: source.to_owned(),
            language,
            this_session,
            at: Timestamp(0),
        };
        desk.prompt.set_history(vec![
            entry("print('old')", Language::Python, false),
            entry("import re", Language::Python, true),
            entry("let x = 1", Language::JavaScript, true),
            entry("def f():\n    return 1", Language::Python, true),
            entry("print(22)", Language::Python, true),
        ]);
        desk
    }

    /// Presses keys: letters, and names in angle brackets. The last key's action comes back.
    fn press(&mut self, keys: &str) -> PromptAction {
        let mut action = PromptAction::None;
        let mut rest = keys;
        while let Some(letter) = rest.chars().next() {
            let named = rest
                .strip_prefix('<')
                .and_then(|rest| rest.split_once('>'))
                .filter(|(name, _)| name.len() > 1);
            let event = if let Some((name, after)) = named {
                rest = after;
                event(name)
            } else {
                rest = &rest[letter.len_utf8()..];
                KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE)
            };
            let context = PromptContext {
                language: self.language,
                completeness: &judge,
                keymap: &self.keymap,
                choices: &self.choices,
                is_running: self.is_running,
                now: Timestamp(3_600_000),
            };
            action = self.prompt.handle_key(event, &context);
        }
        action
    }

    /// The text, with the caret as `|`.
    fn shown(&self) -> String {
        let mut text = self.prompt.text().to_owned();
        text.insert(self.prompt.engine.caret(), '|');
        text
    }

    fn screen(&self, width: u16, height: u16, prompt_rows: u16) -> String {
        let screen = Rect::new(0, 0, width, height);
        let mut buffer = Buffer::empty(screen);
        let area = Rect::new(0, height - prompt_rows, width, prompt_rows);
        let theme = Theme::plain();
        let caret = self
            .prompt
            .draw(&mut buffer, area, &theme, self.language, "In [4] py › ");
        let over = self.prompt.draw_popup(&mut buffer, area, screen, &theme);
        let caret = over.unwrap_or(caret);
        let mut rows = Vec::new();
        for y in 0..height {
            let mut row = String::new();
            let mut skip = 0;
            for x in 0..width {
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                let symbol = buffer[(x, y)].symbol();
                skip = layout::width(symbol).saturating_sub(1);
                if Position::new(x, y) == caret {
                    row.push('▏');
                }
                row.push_str(symbol);
            }
            rows.push(row.trim_end().to_owned());
        }
        rows.join("\n")
    }
}

/// Presses keys at an empty prompt in Emacs mode; the text with its caret, and the last action.
fn check(keys: &str, text: &str, action: &PromptAction) {
    let mut desk = Desk::new(EditModeKind::Emacs);
    assert_eq!(&desk.press(keys), action, "{keys}");
    assert_eq!(desk.shown(), text, "{keys}");
}

fn check_vi(keys: &str, text: &str, label: &str) {
    let mut desk = Desk::new(EditModeKind::Vi);
    desk.press(keys);
    assert_eq!(
        (desk.shown().as_str(), desk.prompt.mode_label()),
        (text, label),
        "{keys}"
    );
}

fn check_history(keys: &str, text: &str) {
    let mut desk = Desk::with_history(EditModeKind::Emacs);
    desk.press(keys);
    assert_eq!(desk.shown(), text, "{keys}");
}

fn submit(text: &str) -> PromptAction {
    PromptAction::Submit(text.to_owned())
}

const DRAWN: PromptAction = PromptAction::Redraw;

#[test]
fn enter_runs_what_is_complete_and_opens_a_line_otherwise() {
    check("1+1<enter>", "|", &submit("1+1"));
    check("f(<enter>", "f(\n  |", &DRAWN);
    check("if x:<enter>y<enter>", "if x:\n    y\n    |", &DRAWN);
    check("if x:<enter>y<enter><enter>", "|", &submit("if x:\n    y"));
    check("???(<enter>", "|", &submit("???("));
    check("   <enter>", "   |", &PromptAction::None);
    check("<enter>", "|", &PromptAction::None);
    check("/help (<enter>", "|", &submit("/help ("));
    check("/nosuch<enter>", "|", &submit("/nosuch"));
    // In the middle of a complete text Enter runs it all; of an incomplete one it breaks the line.
    check("ab<left><enter>", "|", &submit("ab"));
    check("f(ab<left><enter>", "f(a\n  |b", &DRAWN);
    check("f(<alt-x>", "|", &submit("f("));
}

#[test]
fn some_keys_always_open_a_line() {
    check("a<alt-enter>b", "a\nb|", &DRAWN);
    check("a<ctrl-j>b", "a\nb|", &DRAWN);
    check("a<shift-enter>b", "a\nb|", &DRAWN);
    check("f(<ctrl-j>", "f(\n  |", &DRAWN);
    check("  a<ctrl-j>", "  a\n  |", &DRAWN);
}

#[test]
fn emacs_keys_edit() {
    check("hello world<ctrl-w>", "hello |", &DRAWN);
    check("hello<ctrl-a>x", "x|hello", &DRAWN);
    check(
        "hello<ctrl-a><ctrl-k><ctrl-y><ctrl-y>",
        "hellohello|",
        &DRAWN,
    );
    check("ab<left><ctrl-d>", "a|", &DRAWN);
    check("<ctrl-d>", "|", &PromptAction::EndOfFile);
    check("a b<alt-b><alt-d>", "a |", &DRAWN);
    check("ABC Ü", "ABC Ü|", &DRAWN);
    check(
        "a<alt-l>",
        "a|",
        &PromptAction::Action(Action::SwitchLanguage),
    );
    check("<ctrl-l>", "|", &PromptAction::Action(Action::Redraw));
    check("<pageup>", "|", &PromptAction::Action(Action::PageUp));
    check("a<ctrl-x><ctrl-e>", "a|", &PromptAction::OpenEditor);
    check("a<alt-e>", "a|", &PromptAction::OpenEditor);
    check("a<ctrl-g>b", "ab|", &DRAWN);
    check("e\u{301}日<left><backspace>", "|日", &DRAWN);
}

#[test]
fn undo_stops_at_the_last_submission() {
    check("one two<ctrl-7>", "one|", &DRAWN);
    check("one two<ctrl-7><alt-r>", "one two|", &DRAWN);
    check("gone<enter><ctrl-7><ctrl-7>", "|", &DRAWN);
    check("gone<enter>new<ctrl-7><ctrl-7><ctrl-7>", "|", &DRAWN);
    check("gone<enter><alt-r>", "|", &DRAWN);
    check("kept<ctrl-u><ctrl-7>", "kept|", &DRAWN);
}

#[test]
fn undo_of_a_huge_text_is_bounded() {
    let mut desk = Desk::new(EditModeKind::Emacs);
    desk.prompt.handle_paste(&"x = 1\n".repeat(1 << 18));
    desk.press("a b c d e f g h i j k l m n o p q r s t u v w x y z ");
    assert!(
        desk.prompt
            .text()
            .ends_with("\na b c d e f g h i j k l m n o p q r s t u v w x y z ")
    );
    assert_eq!(desk.press("<ctrl-7>"), DRAWN);
    assert!(desk.prompt.text().ends_with("x y z"));
}

#[test]
fn ctrl_c_stops_what_runs_or_clears_and_undo_brings_back() {
    check("<ctrl-c>", "|", &PromptAction::Interrupt);
    check("text<ctrl-c>", "|", &DRAWN);
    check("text<ctrl-c><ctrl-7>", "text|", &DRAWN);
    let mut desk = Desk::new(EditModeKind::Emacs);
    desk.is_running = true;
    assert_eq!(desk.press("text<ctrl-c>"), PromptAction::Interrupt);
    assert_eq!(desk.shown(), "text|");
}

#[test]
fn tab_indents_and_shift_tab_takes_it_away() {
    check("<tab>x", "    x|", &DRAWN);
    check(" <tab>", "    |", &DRAWN);
    check("  x<shift-tab>", "x|", &DRAWN);
    check("a<ctrl-j><tab><tab>b<shift-tab>", "a\n    b|", &DRAWN);
    check("x<shift-tab>", "x|", &PromptAction::None);
}

#[test]
fn vi_keys_edit() {
    check_vi("hello", "hello|", "vi insert");
    check_vi("hello<esc>", "hell|o", "vi normal");
    check_vi("hello<esc>0x", "|ello", "vi normal");
    check_vi("one two<esc>bdw", "one| ", "vi normal");
    check_vi("one two<esc>0cwx", "x| two", "vi insert");
    check_vi("one<esc>v", "on|e", "vi visual");
    check_vi("one two<esc>0vey", "on|e two", "vi normal");
    check_vi("one two<esc>0ved", "| two", "vi normal");
    check_vi("one<esc>xu", "on|e", "vi normal");
    check_vi("one<esc>yypp", "one\none\non|e", "vi normal");
    check_vi("a<ctrl-j>b<esc>kA!", "a!|\nb", "vi insert");
    check_vi("x<esc>ihi", "hi|x", "vi insert");
    check_vi("f(<esc><enter>", "f(\n  |", "vi insert");
    // Esc and a letter that arrive together are told apart from Alt by nobody: they are Esc.
    check_vi("one<alt-x>", "o|n", "vi normal");
    check_vi("one<alt-o>two", "one\ntwo|", "vi insert");
    // Half-typed commands are given up.
    check_vi("abc<esc>d<esc>x", "a|b", "vi normal");
}

#[test]
fn vi_starts_over_in_insert_mode() {
    let mut desk = Desk::new(EditModeKind::Vi);
    assert_eq!(desk.press("1<esc><enter>"), submit("1"));
    assert_eq!(desk.prompt.mode_label(), "vi insert");
    assert_eq!(desk.press("2<esc><f12>"), submit("2"));
    desk.press("ok");
    assert_eq!(
        (desk.shown().as_str(), desk.prompt.mode_label()),
        ("ok|", "vi insert")
    );
}

#[test]
fn the_keys_can_be_switched_in_the_middle_of_a_text() {
    let mut desk = Desk::new(EditModeKind::Vi);
    desk.press("text<esc>");
    desk.prompt.set_mode(EditModeKind::Emacs);
    assert_eq!(desk.prompt.mode_label(), "emacs");
    desk.press("<ctrl-e>!");
    assert_eq!(desk.shown(), "text!|");
    desk.prompt.set_mode(EditModeKind::Vi);
    desk.press("<esc>x");
    assert_eq!(
        (desk.shown().as_str(), desk.prompt.mode_label()),
        ("tex|t", "vi normal")
    );
}

#[test]
fn pastes_are_text() {
    let check = |mode, keys: &str, paste: &str, text: &str| {
        let mut desk = Desk::new(mode);
        desk.press(keys);
        assert_eq!(desk.prompt.handle_paste(paste), DRAWN);
        assert_eq!(desk.shown(), text);
    };
    let emacs = EditModeKind::Emacs;
    check(emacs, "", "a\r\nb\rc\n", "a\nb\nc\n|");
    check(emacs, "x<left>", "if a:\n\tb\n", "if a:\n\tb\n|x");
    check(emacs, "", "a\u{1b}[31mb\u{7}\u{9b}\u{7f}", "a[31mb|");
    check(emacs, "/he", "lp\n", "/help\n|");
    check(EditModeKind::Vi, "x<esc>", "日", "日|x");
    let mut desk = Desk::new(emacs);
    assert_eq!(desk.prompt.handle_paste("\u{1b}"), PromptAction::None);
    let refused = desk.prompt.handle_paste(&"x".repeat(TEXT_BYTES_MAX + 1));
    assert!(matches!(refused, PromptAction::Refused(_)));
    assert!(desk.prompt.is_empty());
}

#[test]
fn up_and_down_move_by_lines_and_then_through_the_session() {
    check_history("<up>", "print(22)|");
    check_history("<up><up>", "def f():|\n    return 1");
    check_history("<up><up><up>", "import re|");
    check_history("<up><up><up><up>", "import re|");
    check_history("<up><up><up><down>", "def f():\n    return 1|");
    check_history("new<up><down>", "new|");
    check_history("new<home><up><down>", "new|");
    check_history("pr<up>", "print(22)|");
    check_history("pr<up><up>", "print(22)|");
    check_history("zz<up>", "zz|");
    check_history("draft<home><up>x<up><down><down><down>", "draft|");
    check_history("draft<home><up>x<up><down><down>", "print(22)x|");
    check_history("a<ctrl-j>b<up>", "a|\nb");
    check_history("<up><enter><up>", "print(22)|");
}

#[test]
fn hints_are_accepted_whole_or_by_the_word() {
    check_history("imp<right>", "import re|");
    check_history("imp<end>", "import re|");
    check_history("imp<ctrl-f>", "import re|");
    check_history("imp<alt-f>", "import|");
    check_history("imp<alt-f><alt-right>", "import re|");
    check_history("imp<left><right>", "imp|");
    check_history("let<right>", "let|");
    check_history("print('<right>", "print('old')|");
    let mut desk = Desk::with_history(EditModeKind::Vi);
    desk.press("imp<right>");
    assert_eq!(desk.shown(), "import re|");
}

#[test]
fn the_search_puts_an_entry_into_the_prompt() {
    check_history("x<ctrl-r>import<enter>", "import re|");
    check_history("x<ctrl-r>import<esc>", "x|");
    check_history("x<ctrl-r>import<ctrl-g>", "x|");
    check_history("x<ctrl-r>import<ctrl-c>", "x|");
    check_history("<ctrl-r>print<ctrl-r><enter>", "print('old')|");
    check_history("<ctrl-r>nosuchthing<enter>", "|");
    check_history("x<ctrl-r><enter><ctrl-7>", "x|");
    let mut desk = Desk::with_history(EditModeKind::Emacs);
    let action = desk.press("<ctrl-r>let<enter>");
    assert_eq!(action, PromptAction::SwitchLanguage(Language::JavaScript));
    assert_eq!(desk.shown(), "let x = 1|");
    desk.press("<ctrl-r>");
    desk.prompt.handle_paste("imp\nort");
    desk.press("<enter>");
    assert_eq!(desk.shown(), "import re|");
}

#[test]
fn fresh_history_does_not_lose_the_draft() {
    let mut desk = Desk::with_history(EditModeKind::Emacs);
    desk.press("draft<home><up>");
    let mut entries = desk.prompt.entries.clone();
    entries.insert(0, entries[1].clone());
    desk.prompt.set_history(entries);
    desk.press("<down>");
    assert_eq!(desk.shown(), "draft|");
}

#[test]
fn slash_commands_are_completed() {
    check("/the<tab>", "/theme |", &DRAWN);
    check("/the<tab>d<tab>", "/theme dark|", &DRAWN);
    check("/e<tab><enter>", "/edit|", &DRAWN);
    check("/e<down><down><enter>", "/export |", &DRAWN);
    check("/e<up><enter>", "/export |", &DRAWN);
    check("/edit<enter>", "|", &submit("/edit"));
    check("/e<enter>", "|", &submit("/e"));
    check("/q<esc><enter>", "|", &submit("/q"));
    check("/restart <tab><enter>", "/restart py|", &DRAWN);
    check("/restart <tab><tab><enter>", "/restart js|", &DRAWN);
    check("/theme dark<tab><enter>", "|", &submit("/theme dark"));
    check("/py pri<tab>", "/py pri|", &PromptAction::None);
}

/// Presses keys, answers the question that the last one asks, and presses more.
fn check_completion(keys: &str, items: &[&str], more: &str, text: &str) {
    let mut desk = Desk::new(EditModeKind::Emacs);
    let PromptAction::Complete {
        request,
        source,
        cursor,
    } = desk.press(keys)
    else {
        panic!("{keys} does not ask");
    };
    let start = source[..cursor]
        .rfind(|c: char| !c.is_alphanumeric())
        .map_or(0, |at| at + 1);
    let items = items.iter().map(|text| Completion {
        text: (*text).to_owned(),
        kind: "function".to_owned(),
    });
    let completions = Completions {
        start,
        end: cursor,
        items: items.collect(),
    };
    desk.prompt.set_completions(request, completions);
    desk.press(more);
    assert_eq!(desk.shown(), text, "{keys} {more}");
}

#[test]
fn the_kernel_completes_names() {
    check_completion("x.ap<tab>", &["append"], "", "x.append|");
    check_completion("x.ap<tab>", &["append", "apply"], "", "x.app|");
    check_completion("x.ap<tab>", &["append", "apply"], "<enter>", "x.append|");
    check_completion(
        "x.ap<tab>",
        &["append", "apply"],
        "<tab><enter>",
        "x.apply|",
    );
    check_completion(
        "x.ap<tab>",
        &["append", "apply"],
        "<shift-tab><enter>",
        "x.apply|",
    );
    check_completion("x.ap<tab>", &["append", "apply"], "l<tab>", "x.apply|");
    check_completion("x.ap<tab>", &["append", "apply"], "<esc>", "x.app|");
    check_completion("x.ap<tab>", &["append", "apply"], "(", "x.app(|");
    check_completion("x.ap<tab>", &[], "", "x.ap|");
    check_completion("f(pr)<left><tab>", &["print"], "", "f(print|)");
    check_completion("x.ap<tab>", &["append"], "<ctrl-7>", "x.ap|");
}

#[test]
fn late_answers_are_dropped() {
    let mut desk = Desk::new(EditModeKind::Emacs);
    let PromptAction::Complete { request, .. } = desk.press("x.ap<tab>") else {
        panic!("it asks");
    };
    desk.press("p");
    let completions = Completions {
        start: 2,
        end: 4,
        items: vec![Completion {
            text: "append".to_owned(),
            kind: String::new(),
        }],
    };
    assert!(!desk.prompt.set_completions(request, completions.clone()));
    assert!(!desk.prompt.set_completions(RequestId(99), completions));
    assert_eq!(desk.shown(), "x.app|");
}

#[test]
fn a_narrow_screen_wraps_and_shows_wide_letters() {
    let mut desk = Desk::new(EditModeKind::Emacs);
    desk.prompt
        .handle_paste("s = '日本語の文字列は二つの桁を使うので折り返しに気をつける'\n\tx\u{1b}");
    desk.press("<ctrl-j>y<alt-<>");
    assert_eq!(desk.prompt.rows(60, "In [4] py › "), 4);
    insta::assert_snapshot!(desk.screen(60, 4, 4), @r#"
    In [4] py › ▏s = '日本語の文字列は二つの桁を使うので折り返し
                に気をつける'
              ·     x
              · y
    "#);
}

#[test]
fn a_wide_screen_shows_the_hint() {
    let mut desk = Desk::with_history(EditModeKind::Emacs);
    desk.press("def");
    insta::assert_snapshot!(desk.screen(200, 1, 1), @r#"
    In [4] py › def▏ f():⏎return 1
    "#);
}

#[test]
fn the_popup_stands_above_the_word() {
    let mut desk = Desk::new(EditModeKind::Emacs);
    desk.press("/e<tab>");
    insta::assert_snapshot!(desk.screen(60, 4, 1), @r#"

            › edit    write the next cell in $VISUAL or $EDITOR
              export  write the transcript to a text file
    In [4] py › /e▏
    "#);
    desk.press("<esc><ctrl-u>/");
    insta::assert_snapshot!(desk.screen(60, 6, 1), @r##"
      help  list commands and keys, or tell about one command
      py    switch to Python, or run one line of it and stay w…
      js    switch to JavaScript, or run one line of it and st…
      sh    switch to the shell, or run one line of it, in Pyt…
      show  show a picture: PNG, JPEG, WebP or GIF         0/35
    In [4] py › /▏
    "##);
}

#[test]
fn the_search_shows_ages_and_a_preview() {
    let mut desk = Desk::with_history(EditModeKind::Emacs);
    desk.press("text<ctrl-r>re");
    insta::assert_snapshot!(desk.screen(60, 12, 1), @r#"
    ── history: 2 of 5 ─────────────────────────────────────────
    ›   1h py def f():⏎return 1
        1h py import re




    ────────────────────────────────────────────────────────────
      def f():
          return 1
    search › re▏
    In [4] py › text
    "#);
    desk.press("<ctrl-r>zzz");
    insta::assert_snapshot!(desk.screen(60, 5, 1), @r##"
    ── history: 0 of 5 ─────────────────────────────────────────
      nothing fits

    search › rezzz▏
    In [4] py › text
    "##);
}

#[test]
fn a_tall_text_scrolls_no_more_than_it_must() {
    let mut desk = Desk::new(EditModeKind::Emacs);
    desk.prompt.handle_paste("1\n2\n3\n4\n5");
    let shown = |desk: &Desk| {
        let screen = desk.screen(40, 2, 2);
        screen
            .replace("In [4] py › ", "")
            .replace("          · ", "")
    };
    assert_eq!(shown(&desk), "4\n5▏");
    desk.press("<up>");
    assert_eq!(shown(&desk), "4▏\n5");
    desk.press("<up>");
    assert_eq!(shown(&desk), "3▏\n4");
    desk.press("<down>");
    assert_eq!(shown(&desk), "3\n4▏");
    desk.press("<ctrl-c>");
    assert_eq!(shown(&desk), "▏\n");
}

#[test]
fn a_pasted_megabyte_is_drawn_at_once() {
    let mut desk = Desk::new(EditModeKind::Emacs);
    desk.prompt
        .handle_paste(&"é 日本 x\u{301}\n".repeat(1 << 16));
    desk.prompt.handle_paste(&"long ".repeat(1 << 16));
    let start = std::time::Instant::now();
    desk.press("x");
    desk.screen(80, 10, 5);
    // Generous: this runs unoptimised, beside other tests.
    assert!(start.elapsed().as_millis() < 500, "{:?}", start.elapsed());
    assert_eq!(desk.prompt.rows(80, "In [4] py › "), 500);
}

#[test]
fn no_keys_bring_it_down() {
    const PRESSES: &[&str] = &[
        "a",
        "(",
        "/",
        "e",
        "日",
        "e\u{301}",
        "👩‍🚀",
        "🇫🇷",
        " ",
        "<tab>",
        "<shift-tab>",
        "<enter>",
        "<alt-enter>",
        "<backspace>",
        "<delete>",
        "<left>",
        "<right>",
        "<up>",
        "<down>",
        "<home>",
        "<end>",
        "<esc>",
        "<ctrl-r>",
        "<ctrl-w>",
        "<ctrl-k>",
        "<ctrl-y>",
        "<ctrl-u>",
        "<ctrl-7>",
        "<alt-r>",
        "<ctrl-t>",
        "<alt-u>",
        "<alt-d>",
        "<ctrl-n>",
        "<ctrl-p>",
        "<shift-left>",
        "<shift-up>",
        "<shift-end>",
        "<ctrl-c>",
        "<ctrl-g>",
        "<ctrl-x>",
        "<pageup>",
        "<alt-<>",
        "v",
        "d",
        "w",
        "x",
        "p",
        "P",
        "u",
        "c",
        "i",
        "I",
        "A",
        "o",
        "O",
        "0",
        "$",
        "~",
        "f",
        "t",
        ";",
        "r",
        "g",
        "G",
        "y",
        "b",
        "B",
        "W",
        "E",
        "D",
        "C",
        "2",
        "J",
        "h",
        "j",
        "k",
        "l",
        "\"",
    ];
    const PASTES: &[&str] = &[
        "x\ny\n",
        "\t\ttabs\u{200d}",
        "e\u{301}\u{301}",
        "日本\n\n語",
        "/set ",
    ];
    // Marsaglia's xorshift: the same keys every time.
    let mut state = 0x9e37_79b9_u32;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as usize % below
    };
    for mode in [EditModeKind::Emacs, EditModeKind::Vi] {
        let mut desk = Desk::with_history(mode);
        let mut log = String::new();
        for _ in 0..4000 {
            let press = PRESSES[random(PRESSES.len())];
            log.push_str(press);
            let action = desk.press(press);
            if let PromptAction::Complete {
                request, cursor, ..
            } = action
            {
                let completion = |text: &str| Completion {
                    text: text.to_owned(),
                    kind: String::new(),
                };
                let completions = Completions {
                    start: cursor.saturating_sub(random(4)),
                    end: cursor + random(2),
                    items: vec![completion("日本"), completion("aha")],
                };
                desk.prompt.set_completions(request, completions);
            }
            if random(20) == 0 {
                desk.prompt.handle_paste(PASTES[random(PASTES.len())]);
            }
            if random(200) == 0 {
                desk.prompt.set_text("");
            }
            let text = desk.prompt.text();
            let end = log.len().saturating_sub(60);
            let end = (end..=log.len())
                .find(|at| log.is_char_boundary(*at))
                .unwrap_or(0);
            assert!(
                text.is_char_boundary(desk.prompt.engine.caret()),
                "{}",
                &log[end..]
            );
            assert!(!text.contains(['\r', '\u{1b}']), "{}", &log[end..]);
            let rows = 1 + u16::try_from(random(5)).expect("small");
            let width = 1 + u16::try_from(random(70)).expect("small");
            desk.screen(width, rows + 3, rows);
        }
    }
}
