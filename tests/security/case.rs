//! Cases: what a file is called, what stands in its head, and its cells.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use companion::protocol::Language;

/// A file of the suite.
pub struct Case {
    /// Its path below the suite, by which it is named in a failure.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// What stands in its head, by key.
    head: BTreeMap<String, String>,
    /// Its pieces: one, if it is a program.
    pub cells: Vec<Cell>,
}

/// A piece of a case that is run as one cell.
pub struct Cell {
    /// Which session it belongs to; each has a kernel of its own.
    pub session: String,
    /// Its text.
    pub source: String,
}

/// What a head may say.
const KEYS: &[&str] = &["advisory", "expect", "timeout", "run", "fuel"];
/// What parts cells.
const CELL_MARK: &str = "%%";

/// The cases of a folder, by name.
pub fn load(folder: &str) -> Vec<Case> {
    let path = super::root().join(folder);
    let mut cases: Vec<Case> = fs::read_dir(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension != "out"))
        .map(|path| Case::read(folder, path))
        .collect();
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    cases
}

impl Case {
    fn read(folder: &str, path: PathBuf) -> Self {
        let file = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("names are plain");
        let name = format!("{folder}/{file}");
        let source = fs::read_to_string(&path).expect("readable");
        let comment = if folder.ends_with("javascript") {
            "// "
        } else {
            "# "
        };
        let mut lines = source
            .lines()
            .skip_while(|line| line.starts_with("#!"))
            .map_while(|line| line.strip_prefix(comment))
            .take_while(|line| !line.starts_with(CELL_MARK));
        let title = lines.next().unwrap_or_default();
        assert!(
            title.ends_with('.'),
            "{name}: no sentence in its first line"
        );
        let mut head = BTreeMap::new();
        for line in lines {
            let pair = line.split_once(": ");
            if let Some((key, value)) = pair.filter(|(key, _)| KEYS.contains(key)) {
                head.insert(key.to_owned(), value.to_owned());
            }
        }
        let mut cells = vec![Cell {
            session: String::new(),
            source: String::new(),
        }];
        let mark = format!("{comment}{CELL_MARK}");
        for line in source.lines() {
            if let Some(session) = line.strip_prefix(&mark) {
                cells.push(Cell {
                    session: session.trim().to_owned(),
                    source: String::new(),
                });
            } else if let Some(cell) = cells.last_mut() {
                cell.source.push_str(line);
                cell.source.push('\n');
            }
        }
        if cells.len() > 1 {
            // What stands above the first mark is the head.
            cells.remove(0);
        }
        Self {
            name,
            path,
            head,
            cells,
        }
    }

    /// The whole text, as it is in the file.
    pub fn source(&self) -> String {
        fs::read_to_string(&self.path).expect("readable")
    }

    /// What it is written in; `None` for a shell that has no jail yet.
    pub fn language(&self) -> Option<Language> {
        match self.name.split('/').nth(1) {
            Some("python") => Some(Language::Python),
            Some("javascript") => Some(Language::JavaScript),
            _ => super::shell(),
        }
    }

    /// Whether it is written for the shell.
    pub fn is_shell(&self) -> bool {
        self.name.contains("/shell/")
    }

    /// Whether the head allows an end.
    pub fn expects(&self, status: &str, default: &str) -> bool {
        let expected = self.head.get("expect").map_or(default, String::as_str);
        expected.split_whitespace().any(|word| word == status)
    }

    /// The time limit that it is run under.
    pub fn timeout(&self, default: Duration) -> Duration {
        self.head.get("timeout").map_or(default, |seconds| {
            Duration::from_secs_f64(seconds.parse().expect("seconds"))
        })
    }

    /// The steps that it may take.
    pub fn fuel(&self) -> Option<u64> {
        let steps = self.head.get("fuel")?;
        Some(steps.parse().expect("a number of steps"))
    }

    /// Whether it is to be run with a terminal as its output.
    pub fn wants_terminal(&self) -> bool {
        self.head.get("run").is_some_and(|run| run == "terminal")
    }
}
