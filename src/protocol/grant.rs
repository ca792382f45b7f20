//! What code may do beyond its jail, one thing at a time.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One right. Files and the network are reached through a broker in the parent process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grant {
    /// Read a file, or everything below a folder.
    Read {
        /// Absolute.
        path: PathBuf,
    },
    /// Read and write a file, or everything below a folder.
    Write {
        /// Absolute.
        path: PathBuf,
        /// Bytes that may be written in all.
        max_bytes: u64,
    },
    /// Speak to a host.
    Net {
        /// Its name or address, lower case.
        host: String,
        /// One port, or all of them.
        port: Option<u16>,
    },
    /// See a variable of companion's environment.
    Env {
        /// Its name.
        name: String,
    },
}

/// How long a grant holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantScope {
    /// For the next cell that runs.
    Once,
    /// Until the session ends.
    Session,
}

/// A grant, and how long it holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionGrant {
    /// The right.
    pub grant: Grant,
    /// How long.
    pub scope: GrantScope,
}

impl Grant {
    /// Bytes that a grant to write allows unless it says otherwise.
    pub const DEFAULT_WRITE_BYTES: u64 = 64 << 20;
}

/// As it is typed after `/allow`: `read /data`, `write /tmp/out:10M`, `net example.org:443`,
/// `env HOME`.
impl fmt::Display for Grant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path } => write!(f, "read {}", path.display()),
            Self::Write { path, max_bytes } => {
                write!(f, "write {}:{}", path.display(), Bytes(*max_bytes))
            }
            Self::Net { host, port: None } => write!(f, "net {host}"),
            Self::Net {
                host,
                port: Some(port),
            } => write!(f, "net {host}:{port}"),
            Self::Env { name } => write!(f, "env {name}"),
        }
    }
}

/// A number of bytes as it can be read back: `10M`.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes if bytes >= 1 << 30 && bytes % (1 << 30) == 0 => write!(f, "{}G", bytes >> 30),
            bytes if bytes >= 1 << 20 && bytes % (1 << 20) == 0 => write!(f, "{}M", bytes >> 20),
            bytes if bytes >= 1 << 10 && bytes % (1 << 10) == 0 => write!(f, "{}K", bytes >> 10),
            bytes => write!(f, "{bytes}"),
        }
    }
}

/// A text that names no grant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParseGrantError(String);

impl FromStr for Grant {
    type Err = ParseGrantError;

    /// Reads what [`Display`](fmt::Display) writes. A path stays as it was typed: making it
    /// absolute takes a working folder, which is the caller's.
    fn from_str(text: &str) -> Result<Self, ParseGrantError> {
        let wrong = |message: &str| Err(ParseGrantError(message.to_owned()));
        let (kind, rest) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
        let rest = rest.trim();
        if rest.is_empty() {
            return wrong("say what: read PATH, write PATH[:10M], net HOST[:PORT] or env NAME");
        }
        match kind {
            "read" => Ok(Self::Read { path: rest.into() }),
            "write" => Ok(Self::write(rest)),
            "net" => Self::net(rest),
            "env" if rest.contains(['=', '\0', ' ']) => {
                wrong("the name of a variable has no =, no space and no NUL")
            }
            "env" => Ok(Self::Env {
                name: rest.to_owned(),
            }),
            _ => wrong("there are read, write, net and env"),
        }
    }
}

impl Grant {
    /// `PATH` or `PATH:10M`. A colon that no size follows belongs to the path.
    #[must_use]
    pub fn write(text: &str) -> Self {
        let (path, max_bytes) = text
            .rsplit_once(':')
            .and_then(|(path, size)| Some((path, parse_bytes(size)?)))
            .filter(|(path, _)| !path.is_empty())
            .unwrap_or((text, Self::DEFAULT_WRITE_BYTES));
        Self::Write {
            path: path.into(),
            max_bytes,
        }
    }

    /// `HOST`, `HOST:PORT`, `[::1]:80`.
    ///
    /// # Errors
    /// When the host is empty or the port is no number of a port.
    pub fn net(text: &str) -> Result<Self, ParseGrantError> {
        let (host, port) = match text.strip_prefix('[').and_then(|text| text.split_once(']')) {
            Some((host, rest)) => (host, rest.strip_prefix(':')),
            None if text.matches(':').count() > 1 => (text, None),
            None => match text.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (text, None),
            },
        };
        let port = match port {
            None => None,
            Some(port) => Some(
                port.parse::<u16>()
                    .ok()
                    .filter(|&port| port > 0)
                    .ok_or_else(|| ParseGrantError(format!("{port:?} is no port: 1 to 65535")))?,
            ),
        };
        if host.is_empty() || host.contains(['/', ' ', '@', '*']) {
            return Err(ParseGrantError(format!(
                "{host:?} is no host: a name or an address, without scheme and path"
            )));
        }
        Ok(Self::Net {
            host: host.to_ascii_lowercase(),
            port,
        })
    }
}

fn parse_bytes(text: &str) -> Option<u64> {
    let shift = match text.bytes().last()? {
        b'K' | b'k' => 10,
        b'M' | b'm' => 20,
        b'G' | b'g' => 30,
        _ => 0,
    };
    let digits = if shift == 0 {
        text
    } else {
        &text[..text.len() - 1]
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_reads_back_as_it_is_shown() {
        for text in [
            "read /data",
            "write /tmp/out:10M",
            "write /tmp/a:b:1K",
            "write /tmp/out:7",
            "net example.org",
            "net example.org:443",
            "env HOME",
        ] {
            let grant: Grant = text.parse().expect(text);
            assert_eq!(grant.to_string(), text);
        }
        assert_eq!(
            "net [::1]:80".parse(),
            Ok(Grant::Net {
                host: "::1".into(),
                port: Some(80)
            })
        );
        assert_eq!(
            "write /x:y".parse(),
            Ok(Grant::Write {
                path: "/x:y".into(),
                max_bytes: Grant::DEFAULT_WRITE_BYTES
            })
        );
    }

    #[test]
    fn what_is_no_grant_says_so() {
        for text in [
            "",
            "read",
            "read  ",
            "all /",
            "net *.org",
            "net http://x",
            "net :80",
            "net x:0",
            "net x:70000",
            "env A=B",
        ] {
            assert!(text.parse::<Grant>().is_err(), "{text:?}");
        }
    }
}
