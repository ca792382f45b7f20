use std::fs;
use std::process::Command;
use std::time::Duration;

use super::*;

const PATH: &str = "/c/config.toml";

fn parse(text: &str) -> Result<(Config, Vec<Warning>), String> {
    Config::parse(Path::new(PATH), text).map_err(|error| error.to_string())
}

#[test]
fn every_key_takes_its_values() {
    type Change = fn(&mut Config);
    let cases: &[(&str, Change)] = &[
        ("", |_| {}),
        ("# only a comment", |_| {}),
        ("language = 'js'", |c| c.language = Language::JavaScript),
        ("language = 'python'", |_| {}),
        ("theme = 'mine'", |c| c.theme = "mine".into()),
        ("edit_mode = 'vi'", |c| c.edit_mode = EditMode::Vi),
        ("edit_mode = 'emacs'", |_| {}),
        ("graphics = 'half-blocks'", |c| {
            c.graphics = GraphicsMode::HalfBlocks;
        }),
        ("graphics = 'kitty'", |c| c.graphics = GraphicsMode::Kitty),
        ("graphics = 'iterm'", |c| c.graphics = GraphicsMode::Iterm),
        ("graphics = 'sixel'", |c| c.graphics = GraphicsMode::Sixel),
        ("graphics = 'off'", |c| c.graphics = GraphicsMode::Off),
        ("graphics = 'auto'", |_| {}),
        ("transcript_on_exit = false", |c| {
            c.transcript_on_exit = false;
        }),
        ("mouse = true", |c| c.mouse = true),
        ("[limits]\ntimeout_s = 0", |c| c.limits.timeout = None),
        ("limits = { timeout_s = 0x10 }", |c| {
            c.limits.timeout = Some(Duration::from_secs(16));
        }),
        ("limits.memory_mib = 1_024", |c| {
            c.limits.memory_bytes = 1 << 30;
        }),
        ("limits.output_mib = 1", |c| c.limits.output_bytes = 1 << 20),
        ("limits.cpu_time_s = 5", |c| {
            c.limits.cpu_time = Some(Duration::from_secs(5));
        }),
        ("limits.fuel = 5000", |c| c.limits.fuel = Some(5000)),
        ("limits.fuel = 0", |c| c.limits.fuel = None),
        ("[keys]\nquit = 'ctrl-q, f10'\n\"ctrl-o\" = 'x'", |c| {
            c.keys.insert("quit".into(), "ctrl-q, f10".into());
            c.keys.insert("ctrl-o".into(), "x".into());
        }),
    ];
    for (text, change) in cases {
        let mut expected = Config::default();
        change(&mut expected);
        assert_eq!(parse(text), Ok((expected, vec![])), "{text}");
    }
}

#[test]
fn wrong_values_are_errors_with_their_line() {
    let cases = [
        (
            "language = 'rb'",
            r#"1: language can't be "rb"; it takes "py", "js" or "sh""#,
        ),
        (
            "\n\nedit_mode = 'vim'",
            r#"3: edit_mode can't be "vim"; it takes "emacs" or "vi""#,
        ),
        (
            "theme = ''",
            r#"1: theme can't be ""; it takes the name of a theme, or "auto""#,
        ),
        (
            "mouse = 'yes'",
            r#"1: mouse can't be "yes"; it takes true or false"#,
        ),
        ("mouse = 1", "1: mouse can't be 1; it takes true or false"),
        (
            "mouse = []",
            "1: mouse can't be an array; it takes true or false",
        ),
        (
            "[mouse]\nx = 1",
            "1: mouse can't be a table; it takes true or false",
        ),
        (
            "[limits]\n# é\ntimeout_s = -1",
            "3: limits.timeout_s can't be -1; it takes whole seconds up to a year, 0 for no limit",
        ),
        (
            "limits.timeout_s = 1.5",
            "1: limits.timeout_s can't be 1.5; it takes whole seconds up to a year, 0 for no limit",
        ),
        (
            "limits.memory_mib = 99999999999999999999999",
            "1: limits.memory_mib can't be 99999999999999999999999; it takes whole MiB from 64 to 1048576",
        ),
        (
            "limits.output_mib = 1979-05-27",
            "1: limits.output_mib can't be 1979-05-27; it takes whole MiB from 1 to 65536",
        ),
        (
            "limits = 3",
            "1: limits can't be 3; it takes a table of keys",
        ),
        (
            "keys = 'x'",
            "1: keys can't be \"x\"; it takes a table of keys",
        ),
        (
            "[keys]\nquit = 1",
            "2: keys.quit can't be 1; it takes a string of keys",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(parse(text), Err(format!("{PATH}:{expected}")), "{text}");
    }
}

#[test]
fn what_is_not_toml_is_an_error_with_its_line() {
    for (text, line) in [
        ("theme = ", 1),
        ("mouse = true\nmouse = false", 2),
        ("mouse = true\n[limits\n", 2),
        ("\n\n= 1", 3),
        ("theme = 'a\nmouse = true", 1),
    ] {
        let error = parse(text).expect_err(text);
        assert!(error.starts_with(&format!("{PATH}:{line}: ")), "{error}");
    }
}

#[test]
fn unknown_keys_are_warnings_that_name_the_nearest() {
    let cases = [
        ("thme = 'x'", "thme", Some("theme")),
        ("edit-mode = 'vi'", "edit-mode", Some("edit_mode")),
        ("Mouse = true", "Mouse", Some("mouse")),
        ("timeout = 5", "timeout", Some("limits.timeout_s")),
        (
            "limits.timeout = 5",
            "limits.timeout",
            Some("limits.timeout_s"),
        ),
        (
            "limits.memory_mb = 5",
            "limits.memory_mb",
            Some("limits.memory_mib"),
        ),
        ("limits.theme = 5", "limits.theme", Some("theme")),
        ("[limit]\ntimeout_s = 5", "limit", Some("limits")),
        ("[key]\na = 'b'", "key", Some("keys")),
        ("wibble = 5", "wibble", None),
        ("x = 5", "x", None),
    ];
    for (text, key, near) in cases {
        let warning = Warning {
            path: PATH.into(),
            line: 1,
            key: key.into(),
            near,
        };
        assert_eq!(
            parse(text),
            Ok((Config::default(), vec![warning])),
            "{text}"
        );
    }
    let (_, warnings) = parse("zzzzzz = 1\nmouse = true\naaaaaa = 1\nthme = 1").expect("sound");
    let told: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "/c/config.toml:1: there is no key \"zzzzzz\"; it is left out",
            "/c/config.toml:3: there is no key \"aaaaaa\"; it is left out",
            "/c/config.toml:4: there is no key \"thme\"; did you mean theme?",
        ]
    );
}

#[test]
fn the_template_changes_nothing_and_its_defaults_are_true() {
    let template = Config::template();
    assert_eq!(parse(&template), Ok((Config::default(), vec![])));
    let is_setting = |line: &&str| line.contains(" = ");
    let uncommented: Vec<_> = template
        .lines()
        .map(|line| line.strip_prefix("# ").filter(is_setting).unwrap_or(line))
        .collect();
    let (mut config, warnings) = parse(&uncommented.join("\n")).expect("sound");
    assert_eq!(config.keys.remove("quit").as_deref(), Some("ctrl-q, f10"));
    assert_eq!((config, warnings), (Config::default(), vec![]));
    assert!(
        KEYS.iter()
            .all(|spec| Config::markdown().contains(spec.name))
    );
}

#[test]
fn a_missing_file_is_the_default_and_an_unreadable_one_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let folders = Folders::resolve(FolderOverrides {
        data: Some("data".into()),
        config: Some(folder.path().join("config")),
        cache: Some("/cache".into()),
    })
    .expect("all are named");
    assert!(folders.data.is_absolute());
    assert_eq!(folders.all()[2], ("cache", Path::new("/cache")));
    let loaded = Config::load(&folders).expect("nothing to read");
    assert_eq!(loaded, (Config::default(), vec![]));
    assert!(!folders.config.exists());

    crate::atomic::write(&folders.config_file(), b"mouse = true").expect("written");
    assert!(Config::load(&folders).expect("sound").0.mouse);
    for bytes in [&b"theme = '\xff'"[..], &vec![b'\n'; (1 << 20) + 1]] {
        fs::write(folders.config_file(), bytes).expect("written");
        let error = Config::load(&folders).expect_err("not to be read");
        assert!(matches!(error, ConfigError::Read { .. }), "{error}");
    }
    fs::remove_file(folders.config_file()).expect("deleted");
    fs::create_dir(folders.config_file()).expect("created");
    assert!(matches!(
        Config::load(&folders),
        Err(ConfigError::Read { .. })
    ));
}

const PROBE: &str = "COMPANION_TEST_FOLDERS";

/// Runs this test binary with another environment; it prints the folders that it finds.
fn folders_in(environment: &[(&str, &str)]) -> String {
    let (_, module) = module_path!().split_once("::").expect("in a crate");
    let output = Command::new(std::env::current_exe().expect("known"))
        .args(["--exact", &format!("{module}::folder_probe"), "--nocapture"])
        .env_remove("XDG_DATA_HOME")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_CACHE_HOME")
        .env(PROBE, "1")
        .envs(environment.iter().copied())
        .output()
        .expect("started");
    let text = String::from_utf8(output.stdout).expect("text");
    let found = text
        .split("<<")
        .nth(1)
        .and_then(|rest| rest.split(">>").next());
    found.expect("the probe ran").to_owned()
}

/// No test of its own: the other process of the test below.
#[test]
fn folder_probe() {
    use std::io::Write as _;
    if std::env::var_os(PROBE).is_none() {
        return;
    }
    let folders = Folders::resolve(FolderOverrides {
        cache: Some("/flag".into()),
        ..FolderOverrides::default()
    })
    .expect("there is a home");
    let found = folders.all().map(|(_, path)| path.display().to_string());
    write!(std::io::stdout(), "<<{}>>", found.join(" ")).expect("printed");
}

#[test]
fn folders_follow_xdg_and_flags() {
    assert_eq!(
        folders_in(&[("HOME", "/h")]),
        "/h/.local/share/companion /h/.config/companion /flag"
    );
    assert_eq!(
        folders_in(&[
            ("HOME", "/h"),
            ("XDG_DATA_HOME", "/d"),
            ("XDG_CONFIG_HOME", "not/absolute"),
            ("XDG_CACHE_HOME", "/c"),
        ]),
        "/d/companion /h/.config/companion /flag"
    );
}
