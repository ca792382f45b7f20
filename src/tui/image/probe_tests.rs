//! Answers as terminals send them, and a pseudo-terminal that answers like one.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::thread;

use portable_pty::{PtySize, native_pty_system};

use super::*;

const KITTY_OK: &[u8] = b"\x1b_Gi=31;OK\x1b\\";

#[test]
fn a_terminal_that_can_do_everything() {
    let mut bytes = KITTY_OK.to_vec();
    bytes.extend(b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\\x1bP>|WezTerm 20240203\x1b\\");
    bytes.extend(b"\x1b[6;20;10t\x1b[?1u\x1b[?65;4;6;18;22c");
    let answers = parse_answers(&bytes);
    let expected = Answers {
        kitty: true,
        keyboard: true,
        attributes: Some(vec![65, 4, 6, 18, 22]),
        cell_size: Some((10, 20)),
        background: Some((0x1e, 0x1e, 0x2e)),
        name: Some("WezTerm 20240203".into()),
        typed: Vec::new(),
    };
    assert_eq!(answers, expected);
}

#[test]
fn keys_between_answers_are_kept_in_order() {
    let mut bytes = b"pri".to_vec();
    bytes.extend(b"\x1b]11;rgb:ff/ff/ff\x07n\x1b[A");
    bytes.extend("t(é".as_bytes());
    bytes.extend(b"\x1b[?62;22c\r");
    let answers = parse_answers(&bytes);
    assert_eq!(answers.typed, "prin\x1b[At(é\r".as_bytes());
    assert_eq!(answers.background, Some((255, 255, 255)));
    assert_eq!(typed_text(&answers.typed), "print(é");
}

#[test]
fn what_is_no_answer_is_not_taken_for_one() {
    let cases: [&[u8]; 12] = [
        b"",
        b"\x1b",
        b"\x1b[",
        b"\x1b[c",
        b"\x1b[3~",
        b"\x1b[1;5C",
        b"\x1b[?62;4",
        b"\x1b_Gi=31;OK",
        b"\x1bOP",
        b"\x1b[6;20t",
        b"\x1b_X\x1b\\",
        b"\x1b]11;rgb:zz/00/00",
    ];
    for bytes in cases {
        let answers = parse_answers(bytes);
        let expected = Answers {
            typed: bytes.to_vec(),
            ..Answers::default()
        };
        assert_eq!(answers, expected, "{:?}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn refusals_and_nonsense_count_as_no() {
    let answers = parse_answers(b"\x1b_Gi=31;EINVAL:no\x1b\\\x1b[6;0;0t\x1b[?62;22c");
    assert!(!answers.kitty);
    assert_eq!(answers.cell_size, None);
    assert_eq!(answers.typed, b"");
    for color in [
        "rgb:1/2",
        "rgb:1/2/3/4",
        "rgb:12345/0/0",
        "#fff",
        "rgb:-1/0/0",
    ] {
        let answers = parse_answers(format!("\x1b]11;{color}\x07").as_bytes());
        assert_eq!(answers.background, None, "{color}");
        assert_eq!(answers.typed, b"", "{color}");
    }
    assert_eq!(parse_color("rgb:f/8/0"), Some((255, 136, 0)));
}

#[test]
fn arbitrary_bytes_are_all_accounted_for() {
    // Every three-byte string over the interesting bytes, behind an escape.
    let alphabet = b"\x1b[]_P?;6c\\\x07Gt\xff";
    for &a in alphabet {
        for &b in alphabet {
            for &c in alphabet {
                let bytes = [0x1b, a, b, c];
                let answers = parse_answers(&bytes);
                assert!(answers.typed.len() <= bytes.len());
            }
        }
    }
}

#[test]
fn typed_text_never_runs_by_itself() {
    let cases = [
        ("1+1\r", "1+1"),
        ("a\rb\r\r", "a\nb"),
        ("ab\x7fc", "ac"),
        ("\x1b[1;5Cx\x1bOPy\x03", "xy"),
        ("\x1b[200~evil\x1b[201~", "evil"),
        ("\x1b", ""),
    ];
    for (typed, expected) in cases {
        assert_eq!(typed_text(typed.as_bytes()), expected, "{typed:?}");
    }
}

#[test]
fn the_environment_tells_what_cannot_be_asked() {
    let of = |variables: &'static [(&'static str, &'static str)]| {
        Capabilities::from_environment(|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        })
    };
    assert!(of(&[("TERM_PROGRAM", "iTerm.app")]).iterm);
    assert!(of(&[("LC_TERMINAL", "iTerm2")]).iterm);
    assert!(of(&[("KONSOLE_VERSION", "250801")]).iterm);
    assert!(!of(&[("TERM_PROGRAM", "vscode")]).iterm);
    // tmux passes the variable on, but not the pictures.
    let in_tmux = of(&[
        ("LC_TERMINAL", "iTerm2"),
        ("TMUX", "/tmp/tmux-0/default,1,0"),
    ]);
    assert!(in_tmux.in_tmux && !in_tmux.iterm);
    assert!(of(&[("TERM", "tmux-256color")]).in_tmux);
    assert!(of(&[("COLORTERM", "truecolor")]).truecolor);
    assert!(!of(&[("COLORTERM", "")]).truecolor);
    assert!(of(&[("NO_COLOR", "1")]).no_color);
    assert!(!of(&[("NO_COLOR", "")]).no_color);
    assert!(of(&[("SSH_TTY", "/dev/pts/3")]).over_ssh);
}

#[test]
fn sixel_is_an_attribute_and_not_a_level() {
    let with = |attributes: &[u16]| {
        let answers = Answers {
            attributes: Some(attributes.to_vec()),
            ..Answers::default()
        };
        Capabilities::default().with(answers).capabilities
    };
    assert!(with(&[62, 4, 22]).sixel);
    assert!(!with(&[4]).sixel);
    assert!(!with(&[62, 14, 22]).sixel);
    assert!(with(&[62]).answered);
}

/// Opens a pseudo-terminal; `answer` plays the terminal's side with what was asked.
fn asked(
    patience: Duration,
    pause: Duration,
    answer: Option<&'static [u8]>,
) -> (Answers, Vec<u8>, Duration) {
    let pair = native_pty_system()
        .openpty(PtySize::default())
        .expect("a pseudo-terminal");
    let path = pair.master.tty_name().expect("its name");
    let terminal = OpenOptions::new().read(true).write(true).open(path);
    let terminal = terminal.expect("opened");
    let mut reader = pair.master.try_clone_reader().expect("a reader");
    let mut writer = pair.master.take_writer().expect("a writer");
    let other_side = thread::spawn(move || {
        let mut seen = Vec::new();
        let mut chunk = [0; 256];
        while !seen.ends_with(b"\x1b[c") {
            match reader.read(&mut chunk) {
                Ok(0) | Err(_) => break,
                Ok(count) => seen.extend_from_slice(&chunk[..count]),
            }
        }
        if let Some(answer) = answer {
            // In two pieces, as a slow line might bring it.
            let (one, two) = answer.split_at(answer.len() / 2);
            writer.write_all(one).expect("written");
            thread::sleep(pause);
            writer.write_all(two).expect("written");
        }
        (seen, writer)
    });
    let before = tcgetattr(&terminal).expect("settings").local_modes;
    let start = Instant::now();
    let mut output: File = terminal.try_clone().expect("a clone");
    let answers = ask(terminal.as_fd(), &mut output, patience).expect("asked");
    let took = start.elapsed();
    let after = tcgetattr(&terminal).expect("settings").local_modes;
    assert_eq!(before, after, "the settings were put back");
    let (seen, _writer) = other_side.join().expect("no panic");
    (answers, seen, took)
}

#[test]
fn the_probe_ends_with_the_last_answer() {
    let answer = b"x\x1b_Gi=31;OK\x1b\\\x1b[6;18;9t\x1b[?62;4;22c";
    let (answers, seen, took) = asked(
        Duration::from_secs(20),
        Duration::from_millis(9),
        Some(answer),
    );
    assert_eq!(String::from_utf8_lossy(&seen), QUESTIONS);
    assert!(answers.kitty);
    assert_eq!(answers.cell_size, Some((9, 18)));
    assert_eq!(answers.attributes, Some(vec![62, 4, 22]));
    assert_eq!(answers.typed, b"x");
    assert!(took < Duration::from_secs(10), "{took:?}");
}

#[test]
fn a_terminal_that_has_begun_to_answer_is_waited_for() {
    // The second half comes after the time limit.
    let answer = b"\x1b_Gi=31;OK\x1b\\\x1b[?62;4;22;28;29c";
    let (answers, _, _) = asked(
        Duration::from_millis(500),
        Duration::from_millis(600),
        Some(answer),
    );
    assert!(answers.kitty);
    assert_eq!(answers.attributes, Some(vec![62, 4, 22, 28, 29]));
}

#[test]
fn the_probe_gives_up_on_a_silent_terminal() {
    let patience = Duration::from_millis(80);
    let (answers, _, took) = asked(patience, Duration::ZERO, None);
    assert_eq!(answers, Answers::default());
    assert!(
        took >= patience && took < Duration::from_secs(5),
        "{took:?}"
    );
}
