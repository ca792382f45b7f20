use ratatui::style::Modifier;

use super::table::ROLES;
use super::*;

fn built_in(name: &str) -> Theme {
    let (theme, warnings) = Theme::load(name, None).expect("a theme that is compiled in loads");
    assert_eq!(warnings, Vec::<String>::new(), "{name}");
    theme
}

/// Writes themes to a folder of their own and loads one.
fn load(files: &[(&str, &str)], name: &str) -> Result<(Theme, Vec<String>), ThemeError> {
    let dir = tempfile::tempdir().expect("a folder");
    for (file, text) in files {
        std::fs::write(dir.path().join(format!("{file}.toml")), text).expect("a file");
    }
    Theme::load(name, Some(dir.path()))
}

/// The message, without the folder.
fn message(files: &[(&str, &str)], name: &str) -> String {
    let text = load(files, name).expect_err("it is wrong").to_string();
    text.rsplit_once('/')
        .map_or(text.clone(), |(_, rest)| rest.to_owned())
}

#[test]
fn every_built_in_theme_styles_every_role() {
    for name in names(None) {
        let theme = built_in(&name);
        for row in ROLES {
            assert!(theme.styles.contains_key(&row.role), "{name}: {}", row.key);
        }
    }
}

#[test]
fn keys_are_unique() {
    let mut keys: Vec<_> = ROLES.iter().map(|row| row.key).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), ROLES.len());
}

/// WCAG 2, relative luminance.
fn luminance(color: Color) -> f64 {
    let Color::Rgb(r, g, b) = color else {
        panic!("{color:?} has no known look");
    };
    let part = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b)
}

/// WCAG 2, contrast ratio.
fn contrast(a: Color, b: Color) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn text_can_be_read_in_every_theme_that_knows_its_ground() {
    for name in ["dark", "light", "ember", "beacon"] {
        let theme = built_in(name);
        let ground = theme.background().expect("it has a ground");
        let text = theme.style(Role::Text).fg.expect("text has a colour");
        for row in ROLES {
            // Rules and marks are no text.
            if matches!(row.role, Role::Border | Role::PromptContinuation) {
                continue;
            }
            let style = theme.style(row.role);
            let foreground = style.fg.unwrap_or(text);
            let ratio = contrast(foreground, style.bg.unwrap_or(ground));
            assert!(
                ratio >= 4.5,
                "{name}: {} has a contrast of {ratio:.2}",
                row.key
            );
            // The letters that matched are drawn on a popup's ground too.
            if row.role == Role::PopupMatch {
                for ground in [Role::Popup, Role::PopupSelected] {
                    let ground = theme.style(ground).bg.expect("a popup has a ground");
                    let ratio = contrast(foreground, ground);
                    assert!(ratio >= 4.5, "{name}: popup.match has {ratio:.2}");
                }
            }
        }
        let chosen = theme.style(Role::Selection).bg.expect("a ground");
        for role in [Role::SyntaxKeyword, Role::SyntaxString, Role::Text] {
            let foreground = theme.style(role).fg.expect("a colour");
            let ratio = contrast(foreground, chosen);
            assert!(ratio >= 3.0, "{name}: {role:?} selected has {ratio:.2}");
        }
    }
}

#[test]
fn all_spellings_of_keys_and_values_are_read() {
    let text = r##"
        inherits = "dark"
        "ui.text" = "#010203"
        ui.dim = 8
        ui.error = { fg = "mine", bg = "bright-blue", modifiers = ["bold", "reversed"] }
        [palette]
        mine = "208"
        [syntax]
        keyword = "default"
    "##;
    let (theme, warnings) = load(&[("own", text)], "own").expect("it is right");
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(theme.name, "own");
    assert_eq!(
        theme.style(Role::Text),
        Style::new().fg(Color::Rgb(1, 2, 3))
    );
    assert_eq!(theme.style(Role::Dim), Style::new().fg(Color::Indexed(8)));
    let error = Style::new()
        .fg(Color::Indexed(208))
        .bg(Color::LightBlue)
        .add_modifier(Modifier::BOLD | Modifier::REVERSED);
    assert_eq!(theme.style(Role::Error), error);
    assert_eq!(theme.style(Role::SyntaxKeyword).fg, Some(Color::Reset));
    let inherited = built_in("dark").style(Role::SyntaxString);
    assert_eq!(theme.style(Role::SyntaxString), inherited);
}

#[test]
fn a_palette_reaches_the_keys_that_are_inherited() {
    let text = "inherits = \"dark\"\n[palette]\nmoss = \"#00ff00\"\n";
    // It may have the name of the one that it builds upon.
    for name in ["own", "dark"] {
        let (theme, _) = load(&[(name, text)], name).expect("it is right");
        assert_eq!(
            theme.style(Role::SyntaxString).fg,
            Some(Color::Rgb(0, 255, 0))
        );
    }
}

#[test]
fn unknown_keys_warn_and_say_where() {
    let text = "ui.text = \"red\"\nui.txt = \"red\"\nfoo = 1\n[ui.dim]\nfg = 1\ncolour = 2\n";
    let (theme, warnings) = load(&[("own", text)], "own").expect("it loads");
    assert_eq!(theme.style(Role::Text).fg, Some(Color::Red));
    let ends: Vec<_> = warnings
        .iter()
        .filter_map(|warning| warning.rsplit_once('/'))
        .map(|(_, end)| end)
        .collect();
    assert_eq!(
        ends,
        [
            "own.toml:3: foo means nothing here and is passed over",
            "own.toml:6: colour in ui.dim means nothing; there are fg, bg and modifiers",
            "own.toml:2: ui.txt means nothing here and is passed over",
        ]
    );
}

#[test]
fn mistakes_are_told_with_file_and_line() {
    let table = [
        ("ui.text = \"red\nx = 1", "own.toml:1: "),
        (
            "\nui.text = \"redd\"",
            "own.toml:2: \"redd\" is neither in the palette nor a colour; ",
        ),
        (
            "[palette]\n\nx = \"#12\"",
            "own.toml:3: \"#12\" is no colour; ",
        ),
        ("[palette]\nx = true", "own.toml:2: x is a colour; "),
        ("ui.text = 256", "own.toml:1: \"256\" is neither"),
        (
            "ui.text = { modifiers = [\"blod\"] }",
            "own.toml:1: \"blod\" is no modifier; ",
        ),
        (
            "ui.text = { modifiers = \"bold\" }",
            "own.toml:1: modifiers is a list",
        ),
        ("inherits = 3", "own.toml:1: inherits is a text"),
        (
            "\n\ninherits = \"no\"",
            "own.toml:3: inherits from \"no\", which there is not; there are dark, ",
        ),
    ];
    for (text, expected) in table {
        let message = message(&[("own", text)], "own");
        assert!(message.starts_with(expected), "{text:?} gave {message:?}");
    }
    assert_eq!(
        Theme::load("../dark", None)
            .expect_err("no such name")
            .to_string(),
        "no theme is called \"../dark\"; there are dark, light, ansi, ember, beacon"
    );
}

#[test]
fn circles_are_found() {
    let files = [
        ("a", "inherits = \"b\""),
        ("b", "inherits = \"c\""),
        ("c", "inherits = \"b\""),
    ];
    assert_eq!(
        message(&files, "a"),
        "themes inherit in a circle: b → c → b"
    );
    assert_eq!(
        message(&[("own", "inherits = \"own\"")], "own"),
        "own.toml:1: inherits from \"own\", which there is not; there are dark, light, ansi, ember, beacon, own"
    );
}

#[test]
fn users_files_are_listed_after_the_built_in_ones() {
    let dir = tempfile::tempdir().expect("a folder");
    for file in ["zoo.toml", "dark.toml", "note.txt", "b c.toml"] {
        std::fs::write(dir.path().join(file), "").expect("a file");
    }
    let all = ["dark", "light", "ansi", "ember", "beacon", "zoo"];
    assert_eq!(names(Some(dir.path())), all);
}

#[test]
fn without_colours_there_are_only_modifiers() {
    let plain = Theme::plain();
    for row in ROLES {
        let style = plain.style(row.role);
        assert_eq!((style.fg, style.bg), (None, None));
    }
    assert!(
        plain
            .style(Role::Selection)
            .has_modifier(Modifier::REVERSED)
    );
}

#[test]
fn a_reduced_theme_has_the_terminals_colours_only() {
    let theme = built_in("dark").reduced(ColorDepth::Ansi16);
    for row in ROLES {
        let style = theme.style(row.role);
        for color in [style.fg, style.bg].into_iter().flatten() {
            assert!(
                !matches!(color, Color::Rgb(..) | Color::Indexed(_)),
                "{}",
                row.key
            );
        }
        assert!(style.fg.is_none() || style.fg != style.bg, "{}", row.key);
    }
}
