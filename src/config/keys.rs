//! Every key of `config.toml`: the one table that reading, the template and the docs share.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeValue;

use super::{Config, EditMode, GraphicsMode};

/// A row of the table.
pub(super) struct KeySpec {
    /// Its name, with its section: `limits.timeout_s`.
    pub name: &'static str,
    /// What it is unless the file says otherwise, as it is written there.
    pub default: &'static str,
    /// The values it takes, for people.
    pub takes: &'static str,
    /// What it means: one line.
    pub meaning: &'static str,
    /// Takes a value over; `None` if it is none of `takes`.
    pub set: fn(&mut Config, &DeValue<'_>) -> Option<()>,
}

/// The section whose keys are free: what they name is checked where keys are bound.
pub(super) const BINDINGS: &str = "keys";

const BINDINGS_MEANING: &str = "keys of your own: the name of an action, and the keys that do it, \
    separated by commas; \"none\" takes its keys away";

const TRUTH: &str = "true or false";

/// Every key, in the order in which the template and the docs list them.
pub(super) static KEYS: &[KeySpec] = &[
    KeySpec {
        name: "language",
        default: "\"py\"",
        takes: "\"py\", \"js\" or \"sh\"",
        meaning: "the language that the prompt starts in",
        set: |config, value| {
            config.language = text(value)?.parse().ok()?;
            Some(())
        },
    },
    KeySpec {
        name: "theme",
        default: "\"auto\"",
        takes: "the name of a theme, or \"auto\"",
        meaning: "the colours; auto takes those of your terminal, and none where NO_COLOR is set",
        set: |config, value| {
            let name = text(value).filter(|name| !name.is_empty())?;
            name.clone_into(&mut config.theme);
            Some(())
        },
    },
    KeySpec {
        name: "edit_mode",
        default: "\"emacs\"",
        takes: "\"emacs\" or \"vi\"",
        meaning: "the keys of the prompt",
        set: |config, value| {
            config.edit_mode = match text(value)? {
                "emacs" => EditMode::Emacs,
                "vi" => EditMode::Vi,
                _ => return None,
            };
            Some(())
        },
    },
    KeySpec {
        name: "graphics",
        default: "\"auto\"",
        takes: "\"auto\", \"half-blocks\", \"kitty\", \"iterm\", \"sixel\" or \"off\"",
        meaning: "how pictures are shown; auto asks the terminal",
        set: |config, value| {
            config.graphics = GraphicsMode::named(text(value)?)?;
            Some(())
        },
    },
    KeySpec {
        name: "transcript_on_exit",
        default: "true",
        takes: TRUTH,
        meaning: "print the session as plain text on leaving, so that it stays in the scrollback",
        set: |config, value| {
            config.transcript_on_exit = truth(value)?;
            Some(())
        },
    },
    KeySpec {
        name: "mouse",
        default: "false",
        takes: TRUTH,
        meaning: "scroll with the mouse; takes the terminal's own selection away",
        set: |config, value| {
            config.mouse = truth(value)?;
            Some(())
        },
    },
    KeySpec {
        name: "models_dir",
        default: "\"\"",
        takes: "a path that begins with / or ~/, or \"\" for none",
        meaning: "a folder with models, beside those of your data folder and of companion",
        set: |config, value| {
            config.models_dir = match text(value)? {
                "" => None,
                path => Some(folder(path)?),
            };
            Some(())
        },
    },
    KeySpec {
        name: "limits.timeout_s",
        default: "60",
        takes: "whole seconds up to a year, 0 for no limit",
        meaning: "how long a cell may run",
        set: |config, value| {
            let seconds = number(value, 0..=31_536_000)?;
            config.limits.timeout = (seconds > 0).then(|| Duration::from_secs(seconds));
            Some(())
        },
    },
    KeySpec {
        name: "limits.cpu_time_s",
        default: "0",
        takes: "whole seconds up to a year, 0 for no limit",
        meaning: "how long a cell may compute; waiting does not count",
        set: |config, value| {
            let seconds = number(value, 0..=31_536_000)?;
            config.limits.cpu_time = (seconds > 0).then(|| Duration::from_secs(seconds));
            Some(())
        },
    },
    KeySpec {
        name: "limits.memory_mib",
        default: "512",
        takes: "whole MiB from 64 to 1048576",
        meaning: "how much memory a kernel may hold; counts from its next start",
        set: |config, value| {
            config.limits.memory_bytes = number(value, 64..=1 << 20)? << 20;
            Some(())
        },
    },
    KeySpec {
        name: "limits.output_mib",
        default: "64",
        takes: "whole MiB from 1 to 65536",
        meaning: "how much a cell may print",
        set: |config, value| {
            config.limits.output_bytes = number(value, 1..=1 << 16)? << 20;
            Some(())
        },
    },
    KeySpec {
        name: "limits.fuel",
        default: "0",
        takes: "a whole number, 0 for no limit",
        meaning: "steps that a cell may take: about one an instruction in Python, counted in \
            lots of 10000 in JavaScript, and the same on every machine",
        set: |config, value| {
            let fuel = number(value, 0..=u64::MAX)?;
            config.limits.fuel = Some(fuel).filter(|&fuel| fuel > 0);
            Some(())
        },
    },
    KeySpec {
        name: "jail.accept_missing",
        default: "false",
        takes: TRUTH,
        meaning: "run code though this system lacks a wall of the jail that it needs; companion \
            doctor names them; for code that you trust only",
        set: |config, value| {
            config.limits.accept_missing_walls = truth(value)?;
            Some(())
        },
    },
    KeySpec {
        name: "hub.url",
        default: "\"https://huggingface.co\"",
        takes: "an address that begins with https:// or http://",
        meaning: "the hub that companion models pull asks; a mirror of your own has its address here",
        set: |config, value| {
            let url = text(value)?;
            let is_http = url.starts_with("https://") || url.starts_with("http://");
            is_http.then(|| url.clone_into(&mut config.hub_url))
        },
    },
    KeySpec {
        name: "search.engine",
        default: "\"\"",
        takes: "\"searxng\", \"brave\", \"tavily\", or \"\" for none",
        meaning: "what the tool web_search asks",
        set: |config, value| {
            let engine =
                text(value).filter(|name| ["", "searxng", "brave", "tavily"].contains(name))?;
            engine.clone_into(&mut config.search.engine);
            Some(())
        },
    },
    KeySpec {
        name: "search.url",
        default: "\"\"",
        takes: "an address that begins with https:// or http://, or \"\"",
        meaning: "where that engine is; SearxNG has no other address, the others have their own",
        set: |config, value| {
            let url = text(value)?;
            let is_http = url.starts_with("https://") || url.starts_with("http://");
            (is_http || url.is_empty()).then(|| url.clone_into(&mut config.search.url))
        },
    },
    KeySpec {
        name: "search.token_variable",
        default: "\"COMPANION_SEARCH_TOKEN\"",
        takes: "the name of a variable of the environment",
        meaning: "where the token of that engine is: a secret does not belong into this file",
        set: |config, value| {
            let name = text(value).filter(|name| !name.is_empty())?;
            name.clone_into(&mut config.search.token_variable);
            Some(())
        },
    },
];

/// A `config.toml` that changes nothing, with every key in it and what it means.
pub(super) fn template() -> String {
    let mut text = String::from(
        "# The configuration of companion. Every key may be left out; a line that begins with #\n\
         # is a comment. The values here are those that hold without this file.\n",
    );
    let mut section = "";
    for spec in KEYS {
        let (of, key) = spec.name.rsplit_once('.').unwrap_or(("", spec.name));
        if of != section {
            section = of;
            let _ = write!(text, "\n[{of}]\n");
        }
        let KeySpec {
            default,
            takes,
            meaning,
            ..
        } = spec;
        let _ = write!(text, "\n# {meaning}: {takes}\n# {key} = {default}\n");
    }
    let _ = write!(
        text,
        "\n# {BINDINGS_MEANING}\n[{BINDINGS}]\n# quit = \"ctrl-q, f10\"\n"
    );
    text
}

/// The keys as a table in Markdown, for the docs.
pub(super) fn markdown() -> String {
    let mut text = String::from("| key | default | values | meaning |\n|---|---|---|---|\n");
    for spec in KEYS {
        let KeySpec {
            name,
            default,
            takes,
            meaning,
            ..
        } = spec;
        let _ = writeln!(text, "| `{name}` | `{default}` | {takes} | {meaning} |");
    }
    let _ = writeln!(
        text,
        "| `{BINDINGS}.ACTION` | | \"KEY, KEY…\" | {BINDINGS_MEANING} |"
    );
    text
}

fn text<'a>(value: &'a DeValue<'_>) -> Option<&'a str> {
    match value {
        DeValue::String(text) => Some(text),
        _ => None,
    }
}

/// A folder. Where a relative path would begin nobody could say.
fn folder(text: &str) -> Option<PathBuf> {
    let path = match text.strip_prefix("~/") {
        Some(rest) => PathBuf::from(std::env::var_os("HOME")?).join(rest),
        None => PathBuf::from(text),
    };
    path.is_absolute().then_some(path)
}

fn truth(value: &DeValue<'_>) -> Option<bool> {
    match value {
        DeValue::Boolean(truth) => Some(*truth),
        _ => None,
    }
}

fn number(value: &DeValue<'_>, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
    match value {
        DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix())
            .ok()
            .filter(|number| range.contains(number)),
        _ => None,
    }
}
