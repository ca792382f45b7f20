//! The policy in its file, the question that it has, and how answers to it are kept.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use std::{fs, io};

use super::canonical::canonical;
use super::policy::{Asked, CallTest, Considered, Policy, Problem, Ruling, answered};
use super::rate::Rate;
use crate::atomic;
pub(crate) use crate::protocol::{Decision, Scope, ToolQuestion as Question, Width};

/// A policy that is larger is not read.
const MAX_BYTES: u64 = 1 << 20;
/// The name of rules that hold until the session ends.
const OF_SESSION: &str = "an answer of this session";

/// Why the policy can't be read or kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PolicyError {
    /// It says something that can't be.
    #[error("{}:{line}: {key}: {message}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// Its line, from 1.
        line: usize,
        /// The key on it.
        key: String,
        /// What is wrong.
        message: String,
    },
    /// It can't be read.
    #[error("can't read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It can't be written.
    #[error("can't write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

/// The policy of a file, and the answers of a session.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    path: PathBuf,
    /// Of the file, as it was read.
    stamp: Option<Stamp>,
    file: Policy,
    session: Policy,
}

/// What differs when a file was written: when, how long it is, and which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp(SystemTime, u64, u64);

impl Rules {
    /// Reads the file; one that is not there says nothing.
    ///
    /// # Errors
    /// If it can't be read, or says something that can't be.
    pub fn load(path: &Path) -> Result<Self, PolicyError> {
        let stamp = stamp(path);
        let text = read(path)?;
        Ok(Self {
            path: path.to_owned(),
            stamp,
            file: parse(path, &text)?,
            session: Policy::default(),
        })
    }

    /// Whether somebody has written the file since it was read.
    pub fn is_stale(&self) -> bool {
        stamp(&self.path) != self.stamp
    }

    /// Reads the file again; the answers of the session stay.
    ///
    /// # Errors
    /// As [`Self::load`]; then the rules stay as they are, until it is written again.
    pub fn renew(&mut self) -> Result<(), PolicyError> {
        self.stamp = stamp(&self.path);
        let text = read(&self.path)?;
        self.file = parse(&self.path, &text)?;
        Ok(())
    }

    /// What is done with a call.
    pub fn ruling(&self, asked: Asked<'_>) -> Ruling {
        self.file.ruling(asked, &self.session, OF_SESSION)
    }

    /// Every rule, what it makes of a call, and what comes of it. Changes nothing.
    pub fn explain(&self, asked: Asked<'_>) -> (Vec<Considered>, Ruling) {
        let mut considered = self.file.considered(asked, None);
        considered.extend(self.session.considered(asked, Some(OF_SESSION)));
        (considered, self.ruling(asked))
    }

    /// The question that a ruling has.
    pub(super) fn question(asked: Asked<'_>, ruling: Ruling) -> Question {
        Question {
            tool: asked.spec.name.clone(),
            origin: asked.origin,
            arguments: canonical(asked.arguments),
            rule: ruling.rule,
            reason: ruling.reason,
        }
    }

    /// What the file says, and what holds without it, a line each.
    pub fn describe(&self) -> Vec<String> {
        self.file.describe()
    }

    /// How often tools may be called.
    pub fn rates(&self) -> &[Rate] {
        &self.file.rates
    }

    /// What is to come of some calls.
    pub fn tests(&self) -> &[CallTest] {
        &self.file.tests
    }

    /// Keeps an answer. It then lets pass what [`Question::words`] said, and nothing else.
    ///
    /// # Errors
    /// If the file can't be read or written.
    pub fn remember(
        &mut self,
        question: &Question,
        decision: Decision,
        project: &Path,
    ) -> Result<(), PolicyError> {
        let Decision::Allow { scope, width } = decision else {
            return Ok(());
        };
        let arguments = match width {
            Width::Arguments => Some(question.arguments.as_str()),
            Width::Tool => None,
        };
        let rule = |project| answered(&question.tool, question.origin, arguments, project);
        match scope {
            Scope::Once => Ok(()),
            Scope::Session => {
                self.session.extend(parse(&self.path, &rule(None))?);
                Ok(())
            }
            Scope::Always => self.append(&rule(None)),
            // In the user's own file: a project may come from somebody else, and allows nothing.
            Scope::Project => {
                let project = project.to_str().ok_or_else(|| PolicyError::Write {
                    path: project.to_owned(),
                    source: io::Error::new(io::ErrorKind::InvalidData, "its name is no text"),
                })?;
                self.append(&rule(Some(project)))
            }
        }
    }

    fn append(&mut self, rule: &str) -> Result<(), PolicyError> {
        // Read again: the user may have edited it, and their text stays as it is.
        let mut text = read(&self.path)?;
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(if text.is_empty() {
            rule.trim_start()
        } else {
            rule
        });
        let file = parse(&self.path, &text)?;
        let path = &self.path;
        atomic::write(path, text.as_bytes()).map_err(|source| PolicyError::Write {
            path: path.clone(),
            source,
        })?;
        self.stamp = stamp(path);
        self.file = file;
        Ok(())
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let found = fs::metadata(path).ok()?;
    Some(Stamp(found.modified().ok()?, found.len(), found.ino()))
}

fn read(path: &Path) -> Result<String, PolicyError> {
    let failed = |source| PolicyError::Read {
        path: path.to_owned(),
        source,
    };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(String::new()),
        Err(error) => return Err(failed(error)),
        Ok(found) if found.len() > MAX_BYTES => {
            let message = format!("it is over {MAX_BYTES} bytes");
            return Err(failed(io::Error::new(io::ErrorKind::FileTooLarge, message)));
        }
        Ok(_) => {}
    }
    fs::read_to_string(path).map_err(failed)
}

fn parse(path: &Path, text: &str) -> Result<Policy, PolicyError> {
    Policy::parse(text).map_err(|Problem { line, key, message }| PolicyError::Parse {
        path: path.to_owned(),
        line,
        key,
        message,
    })
}
