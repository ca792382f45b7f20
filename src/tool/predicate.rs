//! What a rule asks of the arguments of a call.
//!
//! An answer is yes, no, or not known: a path that can't be looked up, a text that is no address.
//! A rule that allows wants a yes; a rule that asks or denies is content with not knowing.

use std::fs;
use std::path::{Component, Path, PathBuf};

use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use serde_json::Value;
use url::{Host, Url};

use super::violation::shown;

/// The largest compiled pattern, in bytes.
const MAX_PATTERN_BYTES: usize = 1 << 20;

/// Whether something holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Holds {
    Yes,
    No,
    /// It can't be known before the call.
    Unknown,
}

impl Holds {
    fn from(truth: bool) -> Self {
        if truth { Self::Yes } else { Self::No }
    }

    fn negated(self) -> Self {
        match self {
            Self::Yes => Self::No,
            Self::No => Self::Yes,
            Self::Unknown => Self::Unknown,
        }
    }

    /// Whether all hold.
    pub fn all(each: impl IntoIterator<Item = Self>) -> Self {
        each.into_iter()
            .fold(Self::Yes, |all, one| match (all, one) {
                (Self::No, _) | (_, Self::No) => Self::No,
                (Self::Yes, Self::Yes) => Self::Yes,
                _ => Self::Unknown,
            })
    }

    /// The same if they agree; otherwise it is not known of all of them together.
    fn alike(each: impl IntoIterator<Item = Self>) -> Self {
        let mut each = each.into_iter();
        let first = each.next().unwrap_or(Self::No);
        if each.all(|one| one == first) {
            first
        } else {
            Self::Unknown
        }
    }
}

/// Where a call is made from.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    /// The folder that relative paths in arguments start from; absolute.
    pub folder: PathBuf,
    /// The folder of the project; absolute. Relative paths in rules start from it.
    pub project: PathBuf,
}

/// A condition on one argument.
#[derive(Clone, Debug)]
pub(super) struct Predicate {
    /// A field, or a JSON pointer.
    argument: String,
    test: Test,
}

#[derive(Clone, Debug)]
enum Test {
    Inside(Vec<PathBuf>),
    Outside(Vec<PathBuf>),
    Host(Vec<String>),
    MaxBytes(u64),
    MinBytes(u64),
    Matches(Regex),
    Is(Value),
}

/// The conditions on one argument, as they stand in the file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Conditions {
    inside: Option<OneOrMany<PathBuf>>,
    outside: Option<OneOrMany<PathBuf>>,
    host: Option<OneOrMany<String>>,
    max_bytes: Option<u64>,
    min_bytes: Option<u64>,
    matches: Option<String>,
    is: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

impl<T> OneOrMany<T> {
    fn into_vec(self) -> Vec<T> {
        match self {
            Self::One(one) => vec![one],
            Self::Many(many) => many,
        }
    }
}

impl Conditions {
    /// The predicates on the argument of this name.
    ///
    /// # Errors
    /// The key that is wrong, and what is wrong with it.
    pub fn on(self, argument: &str) -> Result<Vec<Predicate>, (&'static str, String)> {
        let mut tests = Vec::new();
        tests.extend(self.inside.map(|folders| Test::Inside(folders.into_vec())));
        tests.extend(
            self.outside
                .map(|folders| Test::Outside(folders.into_vec())),
        );
        if let Some(hosts) = self.host {
            let hosts = hosts.into_vec().into_iter().map(host_pattern);
            let hosts: Result<_, String> = hosts.collect();
            tests.push(Test::Host(hosts.map_err(|message| ("host", message))?));
        }
        tests.extend(self.max_bytes.map(Test::MaxBytes));
        tests.extend(self.min_bytes.map(Test::MinBytes));
        if let Some(pattern) = self.matches {
            let regex = RegexBuilder::new(&pattern)
                .size_limit(MAX_PATTERN_BYTES)
                .build();
            tests.push(Test::Matches(
                regex.map_err(|error| ("matches", error.to_string()))?,
            ));
        }
        tests.extend(self.is.map(Test::Is));
        if tests.is_empty() {
            let known = "say inside, outside, host, max_bytes, min_bytes, matches or is";
            return Err(("where", known.to_owned()));
        }
        let predicate = |test| Predicate {
            argument: argument.to_owned(),
            test,
        };
        Ok(tests.into_iter().map(predicate).collect())
    }
}

fn host_pattern(text: String) -> Result<String, String> {
    let name = text.strip_prefix("*.").unwrap_or(&text);
    let host = Host::parse(name)
        .map_err(|_| format!("{text:?} is no host: a name, *.name, or an address"))?;
    let prefix = if name.len() == text.len() { "" } else { "*." };
    Ok(format!("{prefix}{host}"))
}

impl Predicate {
    /// Whether it holds of these arguments. A list is looked at item by item.
    pub fn holds(&self, arguments: &Value, place: &Place) -> Holds {
        let value = if self.argument.starts_with('/') {
            arguments.pointer(&self.argument)
        } else {
            arguments.get(&self.argument)
        };
        match (value, &self.test) {
            (None, _) => Holds::No,
            (
                Some(Value::Array(items)),
                Test::Inside(_) | Test::Outside(_) | Test::Host(_) | Test::Matches(_),
            ) => Holds::alike(items.iter().map(|item| self.holds_of(item, place))),
            (Some(value), _) => self.holds_of(value, place),
        }
    }

    fn holds_of(&self, value: &Value, place: &Place) -> Holds {
        match (&self.test, value) {
            (Test::Inside(folders), Value::String(path)) => is_inside(path, folders, place),
            (Test::Outside(folders), Value::String(path)) => {
                is_inside(path, folders, place).negated()
            }
            (Test::Host(hosts), Value::String(address)) => has_host(address, hosts),
            (Test::Matches(regex), Value::String(text)) => Holds::from(regex.is_match(text)),
            (Test::MaxBytes(most), value) => Holds::from(size_bytes(value) <= *most),
            (Test::MinBytes(least), value) => Holds::from(size_bytes(value) >= *least),
            (Test::Is(wanted), value) => Holds::from(wanted == value),
            _ => Holds::Unknown,
        }
    }

    /// In words, for those who ask why.
    pub fn words(&self) -> String {
        let folders = |folders: &[PathBuf]| {
            let names = folders.iter().map(|folder| folder.display().to_string());
            names.collect::<Vec<_>>().join(" or ")
        };
        let test = match &self.test {
            Test::Inside(inside) => format!("is inside {}", folders(inside)),
            Test::Outside(outside) => format!("is outside {}", folders(outside)),
            Test::Host(hosts) => format!("is on {}", hosts.join(" or ")),
            Test::MaxBytes(most) => format!("has at most {most} bytes"),
            Test::MinBytes(least) => format!("has at least {least} bytes"),
            Test::Matches(regex) => format!("matches {}", regex.as_str()),
            Test::Is(value) => format!("is {}", shown(value)),
        };
        format!("{} {test}", self.argument)
    }
}

fn size_bytes(value: &Value) -> u64 {
    match value {
        Value::String(text) => text.len() as u64,
        other => other.to_string().len() as u64,
    }
}

fn has_host(address: &str, hosts: &[String]) -> Holds {
    let host = match Url::parse(address) {
        Ok(url) => url.host_str().map(str::to_owned),
        Err(_) => None,
    };
    let Some(host) = host else {
        return Holds::Unknown;
    };
    let host = host.trim_end_matches('.');
    Holds::from(hosts.iter().any(|pattern| {
        match pattern.strip_prefix("*.") {
            Some(domain) => host
                .strip_suffix(domain)
                .is_some_and(|rest| rest.ends_with('.')),
            None => host == pattern,
        }
    }))
}

/// Whether a path is in one of the folders: as it is written, and where links lead to.
fn is_inside(path: &str, folders: &[PathBuf], place: &Place) -> Holds {
    // What a tilde means is the tool's to say.
    if path.starts_with('~') || path.contains('\0') {
        return Holds::Unknown;
    }
    let path = place.folder.join(path);
    let Some(real) = resolved(&path) else {
        return Holds::Unknown;
    };
    let written = without_dots(&path);
    let each = folders.iter().map(|folder| {
        let folder = place.project.join(folder);
        let Some(real_folder) = resolved(&folder) else {
            return Holds::Unknown;
        };
        let as_written =
            written.starts_with(without_dots(&folder)) || written.starts_with(&real_folder);
        match (as_written, real.starts_with(&real_folder)) {
            (true, true) => Holds::Yes,
            (false, false) => Holds::No,
            _ => Holds::Unknown,
        }
    });
    // Inside any of them is inside.
    Holds::all(each.map(Holds::negated)).negated()
}

/// A path without `.` and `..`, by its text alone.
fn without_dots(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            other => clean.push(other),
        }
    }
    clean
}

/// Where an absolute path leads, links followed. What does not exist yet is taken as it is
/// written; `None` if a part can't be looked up, or is a link that leads nowhere.
fn resolved(path: &Path) -> Option<PathBuf> {
    let mut real = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                real.pop();
            }
            other => {
                real.push(other);
                match fs::symlink_metadata(&real) {
                    Ok(found) if found.is_symlink() => real = fs::canonicalize(&real).ok()?,
                    Ok(_) => {}
                    Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                    Err(_) => return None,
                }
            }
        }
    }
    Some(real)
}
