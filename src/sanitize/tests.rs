use super::*;

#[test]
fn ordinary_text_is_untouched() {
    for text in [
        "",
        "plain\ttext\n",
        "naïve café — «guillemets»",
        "日本語 ｗｉｄｅ 한국어",
        "e\u{301}a\u{308}",
        "👩\u{200d}👩\u{200d}👧\u{200d}👦 and 👍🏽 and ❤\u{fe0f}",
        "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
        "क\u{94d}\u{200d}ष می\u{200c}خواهم",
        "⠀⠿ braille plots",
    ] {
        assert_eq!(sanitize(text), text);
        assert_eq!(sanitize_for_terminal(text), text);
    }
    assert!(matches!(sanitize("plain é\n"), Cow::Borrowed(_)));
}

#[test]
fn what_acts_is_dropped_or_made_visible() {
    let table = [
        // Colours.
        ("a\u{1b}[1;31mb\u{1b}[0mc", "abc"),
        // The cursor and the screen.
        ("a\u{1b}[2Jb\u{1b}[Hc", "a␛[2Jb␛[Hc"),
        ("\u{1b}[?1049h", "␛[?1049h"),
        ("\u{1b}c\u{1b}7\u{1b}(0x", "␛c␛7␛(0x"),
        // Titles, the clipboard, hyperlinks.
        ("\u{1b}]0;title\u{7}x", "␛]…x"),
        ("\u{1b}]52;c;aGk=\u{1b}\\x", "␛]…x"),
        (
            "\u{1b}]8;;https://e.example\u{1b}\\link\u{1b}]8;;\u{1b}\\!",
            "link!",
        ),
        ("\u{1b}]0;no end\nnext", "␛]…\nnext"),
        // DCS, SOS, PM, APC.
        ("\u{1b}Pq#0\n#1\u{1b}\\x", "␛P…x"),
        (
            "\u{1b}Xa\u{1b}\\\u{1b}^b\u{1b}\\\u{1b}_Gc\u{1b}\\x",
            "␛X…␛^…␛_…x",
        ),
        // C1.
        (
            "\u{9b}31m\u{9d}0;t\u{9c}\u{85}",
            "\\x9b31m\\x9d0;t\\x9c\\x85",
        ),
        // Control bytes.
        ("a\u{7}b\0c\u{7f}d", "a␇b␀c␡d"),
        ("\u{b}\u{c}", "␋␌"),
        // What turns the direction, or hides.
        ("user\u{202e}txt.exe", "user\\u{202e}txt.exe"),
        ("\u{2066}a\u{2069}", "\\u{2066}a\\u{2069}"),
        (
            "pay\u{200b}pal pay\u{200d}pal",
            "pay\\u{200b}pal pay\\u{200d}pal",
        ),
        ("\u{feff}x\u{ad}y", "\\u{feff}x\\u{ad}y"),
        ("\u{e0041}", "\\u{e0041}"),
        ("é\u{200d}\n", "é\\u{200d}\n"),
        ("\u{301}x", "◌\u{301}x"),
        // Broken off.
        ("x\u{1b}", "x␛"),
        ("x\u{1b}[3", "x␛[3"),
        ("\u{1b}[31\nx", "␛[31\nx"),
        ("\u{1b}\u{1b}[31mx", "␛x"),
        ("\u{1b}[é", "␛[é"),
    ];
    for (text, expected) in table {
        assert_eq!(sanitize(text), expected, "{text:?}");
    }
}

#[test]
fn marks_beyond_eight_are_cut() {
    let text = format!("e{}x", "\u{301}".repeat(100));
    assert_eq!(sanitize(&text), format!("e{}x", "\u{301}".repeat(8)));
    let joiners = format!("é{}é", "\u{200d}".repeat(100));
    assert!(sanitize(&joiners).chars().count() < 1000);
}

#[test]
fn a_line_is_overwritten_as_on_a_terminal() {
    let table = [
        ("a\r\nb\r\n", "a\nb\n"),
        ("a\r\r\nb", "a\nb"),
        ("10%\r20%\r100%\n", "100%\n"),
        ("loading\rdone\n", "doneing\n"),
        ("loading\r\u{1b}[Kdone\n", "done\n"),
        ("loading\u{1b}[2K\rdone", "done"),
        ("ab\u{8}c", "ac"),
        ("\u{8}\u{8}x", "x"),
        ("日本\rx", "x 本"),
        ("a日本\r\u{1b}[Cb", "␛[Cb "),
        ("ab\te\rx", "xb      e"),
        ("kept\r", "kept"),
        ("e\u{301}f\rg", "gf"),
    ];
    for (text, expected) in table {
        assert_eq!(sanitize(text), expected, "{text:?}");
    }
}

#[test]
fn a_terminal_gets_colours_and_nothing_else() {
    let table = [
        ("\u{1b}[31mred\u{1b}[0m", "\u{1b}[31mred\u{1b}[0m"),
        ("\u{1b}[31mred", "\u{1b}[31mred\u{1b}[0m"),
        ("10%\r20%\r\n", "10%\r20%\n"),
        ("\u{1b}[8mhidden", "hidden"),
        ("\u{1b}[?25l\u{1b}[K\u{1b}[2K", "␛[?25l"),
        ("\u{1b}]52;c;aGk=\u{7}", "␛]…"),
        ("a\u{8}", "a␈"),
    ];
    for (text, expected) in table {
        assert_eq!(sanitize_for_terminal(text), expected, "{text:?}");
    }
}

#[test]
fn pieces_may_be_cut_anywhere() {
    let text = "é\u{1b}[31mréd\u{1b}[0m\u{1b}]0;t\u{1b}\\ 👩\u{200d}👧 a\u{200d}b\r\nx\r\u{1b}[2Jy";
    let whole = sanitize_for_terminal(text);
    for size in 1..7 {
        let mut stream = TerminalSanitizer::default();
        let mut safe: String = text
            .as_bytes()
            .chunks(size)
            .map(|piece| stream.push_bytes(piece))
            .collect();
        safe.push_str(&stream.finish());
        assert_eq!(safe, whole, "pieces of {size} bytes");
    }
    let mut stream = TerminalSanitizer::default();
    assert_eq!(stream.push("a\u{1b}[3"), "a");
    assert_eq!(stream.push("1mb"), "\u{1b}[31mb");
    assert_eq!(stream.finish(), "\u{1b}[0m");
    assert_eq!(stream.finish(), "");
}

#[test]
fn bytes_that_are_not_utf8_are_replaced() {
    let mut stream = TerminalSanitizer::default();
    // As raw bytes C1 controls are no UTF-8.
    assert_eq!(stream.push_bytes(b"\x9b31m"), "\u{fffd}31m");
    assert_eq!(stream.push_bytes(b"a\xff\xe2\x82"), "a\u{fffd}");
    assert_eq!(stream.push_bytes(b"\xacb\xe2"), "€b");
    assert_eq!(stream.finish(), "\u{fffd}");
}

fn styled_lines(text: &str) -> Vec<Vec<(SgrStyle, String)>> {
    let mut writer = LineWriter::<()>::new(8, 10_000);
    writer.push((), text);
    let lines = writer.finish().into_iter();
    lines
        .map(|runs| runs.into_iter().map(|run| (run.style, run.text)).collect())
        .collect()
}

#[test]
fn lines_carry_their_colours() {
    let red = SgrStyle {
        foreground: Some(SgrColor::Indexed(1)),
        ..SgrStyle::default()
    };
    let plain = SgrStyle::default();
    assert_eq!(
        styled_lines("a\u{1b}[31mb\nc\u{1b}[md\n\n"),
        vec![
            vec![(plain, "a".into()), (red, "b".into())],
            vec![(red, "c".into()), (plain, "d".into())],
            vec![],
        ]
    );
    assert_eq!(
        styled_lines("abc\r\u{1b}[31mx\u{1b}[m"),
        vec![vec![(red, "x".into()), (plain, "bc".into())]]
    );
    assert_eq!(
        styled_lines("a\tb\n日\tc"),
        vec![
            vec![(plain, "a       b".into())],
            vec![(plain, "日      c".into())]
        ]
    );
}

#[test]
fn long_lines_are_cut_and_say_so() {
    let mut writer = LineWriter::<u8>::new(8, 10);
    writer.push(1, &"x".repeat(25));
    writer.push(2, "\nshort");
    let lines = writer.finish();
    assert_eq!(lines[0][0].text, "x".repeat(10));
    assert_eq!(lines[0][1].text, "… 15 more characters");
    assert_eq!((lines[1][0].tag, lines[1][0].text.as_str()), (2, "short"));
}

/// A small generator of pseudo-random numbers (xorshift), so that failures repeat.
fn random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn nothing_raw_survives_pseudo_random_input() {
    const BITS: &[&str] = &[
        "\u{1b}",
        "[",
        "]",
        "P",
        "m",
        "31",
        ";",
        "8",
        "K",
        "\\",
        "\u{7}",
        "\u{8}",
        "\r",
        "\n",
        "\t",
        "\u{9b}",
        "\u{9c}",
        "\u{202e}",
        "\u{200d}",
        "\u{200c}",
        "\u{301}",
        "日",
        "👩",
        "a",
        " ",
        "é",
        "\u{1b}[",
        "\u{1b}]8;",
        "\u{1b}[2",
        "\u{1b}P",
        "\u{18}",
        "\u{fe0f}",
        "(",
        "\u{e0061}",
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15;
    for _ in 0..3_000 {
        let length = random(&mut state) % 40;
        let text: String = (0..length)
            .map(|_| BITS[usize::try_from(random(&mut state)).unwrap_or(0) % BITS.len()])
            .collect();
        let safe = sanitize(&text);
        let bad = |c: char| c.is_control() && c != '\n' && c != '\t' || c == '\u{202e}';
        assert!(!safe.contains(bad), "{text:?} gave {safe:?}");
        for line in styled_lines(&text) {
            assert!(line.iter().all(|(_, run)| !run.contains(char::is_control)));
        }
        let terminal = sanitize_for_terminal(&text);
        for (at, _) in terminal.match_indices('\u{1b}') {
            let sequence = &terminal[at + 1..];
            let end = sequence.find('m').expect("an SGR sequence ends");
            let parameters = sequence[..end].strip_prefix('[').expect("it is a CSI");
            assert!(
                parameters
                    .chars()
                    .all(|c| c.is_ascii_digit() || c == ';' || c == ':'),
                "{text:?} gave {terminal:?}"
            );
        }
        let bad = |c: char| c.is_control() && !"\n\t\r\u{1b}".contains(c) || c == '\u{202e}';
        assert!(!terminal.contains(bad), "{text:?} gave {terminal:?}");
        assert_eq!(sanitize(&safe), safe, "safe text stays as it is");

        let mut bytes = text.into_bytes();
        if let Some(byte) = bytes.first_mut() {
            *byte = 0xff;
        }
        let mut stream = TerminalSanitizer::default();
        let safe = stream.push_bytes(&bytes) + &stream.finish();
        assert!(!safe.contains(bad), "{bytes:?} gave {safe:?}");
    }
}

/// What no text may carry to a terminal: controls, C1, what turns the direction, what has no width
/// outside of the scripts and emoji that are written with it.
fn acts_or_hides(c: char) -> bool {
    c.is_control() && !"\n\t\r\u{1b}".contains(c)
        || matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

#[test]
fn nothing_raw_survives_pseudo_random_bytes() {
    const LEADS: &[&[u8]] = &[
        b"\x1b",
        b"\x1b[",
        b"\x1b]",
        b"\x1bP",
        b"\x1b_G",
        b"\x1b]52;c;",
        b"\x1b[?",
        b"\x9b",
        b"\xc2\x9b",
        b"\xc2\x9d",
        b"\xe2\x80\xae",
        b"\xe2\x81\xa6",
        b"\xe2\x80\x8b",
        b"\xef\xbb\xbf",
        b"\xd8\x9c",
        b"\x07",
        b"\x1b\\",
        b"m",
        b"\xcc\x81",
        b"\xff",
        b"\xe2",
        b"\xed\xa0\x80",
        b"\r",
        b"\n",
        b"\x08",
        b"\x18",
    ];
    let mut state = 0x2545_f491_4f6c_dd1d;
    let mut pick = |below: usize| usize::try_from(random(&mut state) >> 16).unwrap_or(0) % below;
    for _ in 0..4_000 {
        let mut bytes = Vec::new();
        for _ in 0..pick(30) {
            if pick(3) == 0 {
                bytes.extend((0..pick(6)).map(|_| u8::try_from(pick(256)).unwrap_or(0)));
            } else {
                bytes.extend_from_slice(LEADS[pick(LEADS.len())]);
            }
        }
        let mut stream = TerminalSanitizer::default();
        let mut safe = String::new();
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let (piece, others) = rest.split_at(1 + pick(rest.len()));
            safe.push_str(&stream.push_bytes(piece));
            rest = others;
        }
        safe.push_str(&stream.finish());
        assert!(!safe.contains(acts_or_hides), "{bytes:?} gave {safe:?}");
        for (at, _) in safe.match_indices('\u{1b}') {
            let parameters = safe[at + 1..].strip_prefix('[').expect("it is a CSI");
            let end = parameters.find(|c: char| !c.is_ascii_digit() && !";:".contains(c));
            assert!(
                end.is_some_and(|end| parameters[end..].starts_with('m')),
                "{bytes:?} gave {safe:?}"
            );
        }
        let text = String::from_utf8_lossy(&bytes);
        assert!(!sanitize(&text).contains(|c| acts_or_hides(c) || "\r\u{1b}".contains(c)));
    }
}
