//! `/set`: one table of what can be changed while companion runs.

use std::time::Duration;

use super::app::App;
use super::prompt::{Choice, EditModeKind};
use super::view::text;
use crate::protocol::{Command, Language, SettingChange};

/// A row of the table.
pub(super) struct Setting {
    /// Its name.
    pub name: &'static str,
    /// What it is: one line.
    pub summary: &'static str,
    /// The values that can be listed.
    pub values: &'static [&'static str],
    /// Its value now.
    pub get: fn(&App) -> String,
    /// Takes a new value, or says which there are.
    pub set: fn(&mut App, &str) -> Result<(), String>,
}

/// Every setting, in the order in which `/set` lists them.
pub(super) static SETTINGS: &[Setting] = &[
    Setting {
        name: "language",
        summary: "of the next cells",
        values: &["py", "js", "sh"],
        get: |app| app.language.short().to_owned(),
        set: |app, value| {
            let language: Language = value.parse().map_err(|_| "py, js or sh".to_owned())?;
            app.switch_language(language);
            Ok(())
        },
    },
    Setting {
        name: "keys",
        summary: "of the prompt",
        values: &["emacs", "vi"],
        get: |app| app.prompt.mode().name().to_owned(),
        set: |app, value| {
            app.prompt
                .set_mode(EditModeKind::of_name(value).ok_or("emacs or vi")?);
            Ok(())
        },
    },
    Setting {
        name: "timeout",
        summary: "seconds that a cell may take; 0 is no bound",
        values: &["10", "60", "600", "0"],
        get: |app| told(app.limits.timeout),
        set: |app, value| {
            app.send(Command::Set(SettingChange::Timeout(seconds(value)?)));
            Ok(())
        },
    },
    Setting {
        name: "cpu",
        summary: "seconds that a cell may compute; 0 is no bound",
        values: &["10", "60", "600", "0"],
        get: |app| told(app.limits.cpu_time),
        set: |app, value| {
            app.send(Command::Set(SettingChange::CpuTime(seconds(value)?)));
            Ok(())
        },
    },
    Setting {
        name: "memory",
        summary: "MiB that a kernel may hold; from its next /restart on",
        values: &["128", "512", "2048"],
        get: |app| format!("{} MiB", app.limits.memory_bytes >> 20),
        set: |app, value| {
            let bytes = mebibytes(value, 16)?;
            app.send(Command::Set(SettingChange::MemoryBytes(bytes)));
            Ok(())
        },
    },
    Setting {
        name: "output",
        summary: "MiB that a cell may print",
        values: &["1", "64", "1024"],
        get: |app| format!("{} MiB", app.limits.output_bytes >> 20),
        set: |app, value| {
            let bytes = mebibytes(value, 1)?;
            app.send(Command::Set(SettingChange::OutputBytes(bytes)));
            Ok(())
        },
    },
    Setting {
        name: "fuel",
        summary: "steps that a cell may take; 0 is no bound",
        values: &["1000000", "100000000", "0"],
        get: |app| match app.limits.fuel {
            Some(fuel) => text::steps(fuel),
            None => "none".to_owned(),
        },
        set: |app, value| {
            let number = value.trim_end_matches("steps").trim();
            let fuel: u64 = number.parse().map_err(|_| "a number of steps")?;
            let fuel = Some(fuel).filter(|&fuel| fuel > 0);
            app.send(Command::Set(SettingChange::Fuel(fuel)));
            Ok(())
        },
    },
];

fn told(time: Option<Duration>) -> String {
    match time {
        Some(time) => format!("{} s", time.as_secs_f64()),
        None => "none".to_owned(),
    }
}

fn seconds(value: &str) -> Result<Option<Duration>, String> {
    let number = value.trim_end_matches('s').trim();
    let time = number
        .parse()
        .ok()
        .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
        .ok_or("a number of seconds")?;
    Ok(Some(time).filter(|time| !time.is_zero()))
}

fn mebibytes(value: &str, least: u64) -> Result<u64, String> {
    let number = value.trim_end_matches("MiB").trim();
    number
        .parse()
        .ok()
        .filter(|mib| (least..=1 << 20).contains(mib))
        .map(|mib: u64| mib << 20)
        .ok_or_else(|| format!("a number of MiB from {least} on"))
}

/// The table for completion.
pub(super) fn choices() -> Vec<(Choice, Vec<Choice>)> {
    let values = |setting: &Setting| {
        setting
            .values
            .iter()
            .map(|value| Choice::new(*value, ""))
            .collect()
    };
    SETTINGS
        .iter()
        .map(|setting| (Choice::new(setting.name, setting.summary), values(setting)))
        .collect()
}

/// The table with its values, for `/set` alone.
pub(super) fn listing(app: &App) -> String {
    let row = |setting: &Setting| {
        format!(
            "{:10} {:10} {}\n",
            setting.name,
            (setting.get)(app),
            setting.summary
        )
    };
    SETTINGS.iter().map(row).collect()
}
