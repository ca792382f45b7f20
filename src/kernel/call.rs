//! What an interpreter asks of the world beyond its worker, as it goes over the wire.
//!
//! A worker has no right to any file or socket. It asks, and the `broker` in the parent process
//! does it, or refuses. Paths and contents are bytes; JSON carries them as base64.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{DeskCall, Host};

/// No call moves more bytes of a file than this; a longer read or write is several calls.
pub(crate) const MAX_PIECE_BYTES: usize = 1 << 20;
/// The longest body of a request.
pub(crate) const MAX_BODY_BYTES: usize = 16 << 20;

/// One question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum HostCall {
    /// Where am I, and what do I see of the environment? Answered by [`HostReturn::Surroundings`].
    Surroundings,
    /// Opens a regular file. Answered by [`HostReturn::Number`], the handle.
    Open {
        /// Absolute, or relative to the working folder.
        path: Bytes,
        /// How.
        how: OpenHow,
    },
    /// Reads from where the handle stands. Answered by [`HostReturn::Bytes`]; none is the end.
    Read {
        /// Of an open file, or of the body of a response.
        handle: u32,
        /// At most so many, and never more than [`MAX_PIECE_BYTES`].
        max_bytes: usize,
    },
    /// Writes where the handle stands. Answered by [`HostReturn::Number`]: all of the bytes, or
    /// as many as fit in a piece.
    Write {
        /// Of a file that was opened for it.
        handle: u32,
        /// What.
        data: Bytes,
    },
    /// Moves a handle. Answered by [`HostReturn::Number`]: the new place.
    Seek {
        /// Of an open file.
        handle: u32,
        /// Bytes, from `whence`.
        offset: i64,
        /// From where.
        whence: Whence,
    },
    /// Makes a file shorter, or longer with zeros.
    Truncate {
        /// Of a file that was opened for writing.
        handle: u32,
        /// The new size.
        size_bytes: u64,
    },
    /// Gives a handle back.
    Close {
        /// Of an open file, or of the body of a response.
        handle: u32,
    },
    /// What is there? Answered by [`HostReturn::Metadata`].
    Metadata {
        /// Where.
        path: Bytes,
        /// Whether a symbolic link stands for what it leads to.
        follows: bool,
    },
    /// The same of an open file.
    HandleMetadata {
        /// Which.
        handle: u32,
    },
    /// May I? Answered by [`HostReturn::Done`] or by the reason why not.
    Access {
        /// What.
        path: Bytes,
        /// Whether writing is meant.
        writes: bool,
    },
    /// What is in a folder? Answered by [`HostReturn::Entries`].
    List {
        /// The folder.
        path: Bytes,
    },
    /// Makes a folder.
    CreateFolder {
        /// Where.
        path: Bytes,
    },
    /// Removes a file or a symbolic link.
    RemoveFile {
        /// Which.
        path: Bytes,
    },
    /// Removes an empty folder.
    RemoveFolder {
        /// Which.
        path: Bytes,
    },
    /// Gives a file or folder another name, replacing a file that has it.
    Rename {
        /// Which.
        from: Bytes,
        /// The new name.
        to: Bytes,
    },
    /// Where does a symbolic link lead? Answered by [`HostReturn::Bytes`].
    ReadLink {
        /// Which.
        path: Bytes,
    },
    /// Sets the permission bits of a file. Never adds the right to execute.
    SetMode {
        /// Which.
        path: Bytes,
        /// As `chmod` takes it.
        mode: u32,
    },
    /// Sets the times of a file, in nanoseconds since 1970.
    SetTimes {
        /// Which.
        path: Bytes,
        /// Last read.
        accessed_ns: i64,
        /// Last written.
        modified_ns: i64,
    },
    /// An HTTP request. Answered by [`HostReturn::Response`].
    Fetch(FetchRequest),
    /// Tools and pictures. Answered by [`HostReturn::Text`], by [`HostReturn::Number`], the handle of
    /// what was opened, or by [`HostReturn::Done`].
    Desk(DeskCall),
}

impl HostCall {
    /// Whether the answer may take long, so that an interruption must not wait for it.
    pub fn is_slow(&self) -> bool {
        matches!(self, Self::Fetch(_) | Self::Desk(_))
    }

    /// What somebody is told who has nobody to ask.
    pub fn refusal(&self) -> &'static str {
        match self {
            Self::Fetch(_) => "the network is closed in the sandbox",
            Self::Desk(_) => "there are no tools here",
            _ => "files are closed in the sandbox",
        }
    }
}

/// How a file is opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "open(2) takes these flags, in any combination"
)]
pub(crate) struct OpenHow {
    /// To read.
    pub reads: bool,
    /// To write.
    pub writes: bool,
    /// Every write goes to the end.
    pub appends: bool,
    /// Made if it is not there.
    pub creates: bool,
    /// It must not be there.
    pub is_exclusive: bool,
    /// Emptied.
    pub truncates: bool,
    /// The permission bits of a file that is made, less those of the process's own mask and the
    /// right to execute.
    pub mode: u32,
}

impl OpenHow {
    /// From the flags of `open(2)`, numbered as Linux has them on most machines.
    pub fn from_flags(flags: u32, mode: u32) -> Self {
        const O_CREAT: u32 = 0o100;
        const O_EXCL: u32 = 0o200;
        const O_TRUNC: u32 = 0o1000;
        const O_APPEND: u32 = 0o2000;
        let access = flags & 0o3;
        Self {
            reads: access != 1,
            writes: access != 0,
            appends: access != 0 && flags & O_APPEND != 0,
            creates: flags & O_CREAT != 0,
            is_exclusive: flags & O_EXCL != 0,
            truncates: access != 0 && flags & O_TRUNC != 0,
            mode,
        }
    }
}

/// From where a handle is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Whence {
    /// The first byte.
    Start,
    /// Where it stands.
    Current,
    /// Behind the last byte.
    End,
}

/// An HTTP request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FetchRequest {
    /// `GET`, `POST`, …
    pub method: String,
    /// `http://` or `https://`.
    pub url: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// Sent as it is, if there is one.
    pub body: Option<Bytes>,
    /// Whether redirects are followed; otherwise they are the response.
    pub follows: bool,
    /// The caller's own bound on the whole, in milliseconds.
    pub timeout_ms: Option<u64>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum HostReturn {
    /// It is done.
    Done,
    /// A handle, a place, or a count.
    Number(u64),
    /// Contents.
    Bytes(Bytes),
    /// JSON.
    Text(String),
    /// To [`HostCall::Metadata`].
    Metadata(Metadata),
    /// To [`HostCall::List`].
    Entries(Vec<Entry>),
    /// To [`HostCall::Surroundings`].
    Surroundings {
        /// The working folder: the first folder that was granted, or `/`.
        cwd: Bytes,
        /// The granted variables that have a value.
        environment: Vec<(String, String)>,
    },
    /// To [`HostCall::Fetch`].
    Response {
        /// `200`, …
        status: u16,
        /// Where the last redirect led.
        url: String,
        /// Names in lower case, and values.
        headers: Vec<(String, String)>,
        /// Reads the body, which is here already. To be closed.
        handle: u32,
    },
}

/// What is known about a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Metadata {
    /// Kind and permissions, as `stat(2)` gives them.
    pub mode: u32,
    /// Its number in the file system.
    pub inode: u64,
    /// The file system.
    pub device: u64,
    /// Hard links.
    pub links: u64,
    /// Bytes.
    pub size_bytes: u64,
    /// Last read, in nanoseconds since 1970.
    pub accessed_ns: i64,
    /// Last written.
    pub modified_ns: i64,
    /// Last changed in any way.
    pub changed_ns: i64,
}

/// What stands in a folder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Without the folder.
    pub name: Bytes,
    /// The bits of `st_mode` that tell the kind; 0 if the file system does not say.
    pub kind: u32,
    /// Its number in the file system.
    pub inode: u64,
}

/// A refusal, or a failure, as the operating system numbers them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub(crate) struct HostCallError {
    /// Linux's number for it, on every system.
    pub errno: i32,
    /// In words: the system's own, or what was refused and how to allow it.
    pub message: String,
}

/// The numbers that refusals have. Linux's, as RustPython's `errno` has them there.
impl HostCallError {
    /// `EINTR`
    pub const INTERRUPTED: i32 = 4;
    /// `EACCES`
    pub const DENIED: i32 = 13;
    /// `EINVAL`
    pub const INVALID: i32 = 22;

    /// A refusal.
    pub fn denied(message: impl Into<String>) -> Self {
        Self {
            errno: Self::DENIED,
            message: message.into(),
        }
    }

    /// The user does not want to wait.
    pub fn interrupted() -> Self {
        Self {
            errno: Self::INTERRUPTED,
            message: "interrupted".to_owned(),
        }
    }

    /// An answer that does not fit its question.
    pub fn unexpected() -> Self {
        Self {
            errno: Self::INVALID,
            message: "the broker's answer does not fit the question".to_owned(),
        }
    }
}

/// Reads the body of a response, and closes it.
pub(super) fn read_to_end(host: &dyn Host, handle: u32) -> Result<Vec<u8>, HostCallError> {
    let mut body = Vec::new();
    loop {
        let piece = HostCall::Read {
            handle,
            max_bytes: MAX_PIECE_BYTES,
        };
        match host.call(piece)? {
            HostReturn::Bytes(piece) if piece.0.is_empty() => break,
            HostReturn::Bytes(piece) => body.extend_from_slice(&piece.0),
            _ => return Err(HostCallError::unexpected()),
        }
    }
    host.call(HostCall::Close { handle })?;
    Ok(body)
}

/// Bytes of a path or of contents.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Bytes(pub Vec<u8>);

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }
}

/// As text, and not all of it: a body can be long.
impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.get(..200).unwrap_or(&self.0);
        write!(f, "{:?}", String::from_utf8_lossy(shown))
    }
}

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use base64::Engine as _;
        serializer.serialize_str(&base64::engine::general_purpose::STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use base64::Engine as _;
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        base64::engine::general_purpose::STANDARD
            .decode(text.as_ref())
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_the_wire() {
        let call = HostCall::Write {
            handle: 3,
            data: Bytes((0..=255).collect()),
        };
        let text = serde_json::to_string(&call).expect("plain data");
        assert_eq!(
            serde_json::from_str::<HostCall>(&text).expect("the same"),
            call
        );
        assert!(serde_json::from_str::<Bytes>("\"no base64!\"").is_err());
    }
}
