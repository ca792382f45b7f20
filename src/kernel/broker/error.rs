//! Errors of the system, as they go to the worker: Linux's numbers, the system's own words.

use rustix::io::Errno;

use crate::granted::Refusal;
use crate::kernel::call::HostCallError;

/// What programs look at, by its number on Linux: other systems number some of them otherwise.
const KNOWN: [(Errno, i32, &str); 25] = [
    (Errno::PERM, 1, "Operation not permitted"),
    (Errno::NOENT, 2, "No such file or directory"),
    (Errno::INTR, 4, "Interrupted system call"),
    (Errno::IO, 5, "Input/output error"),
    (Errno::NXIO, 6, "No such device or address"),
    (Errno::BADF, 9, "Bad file descriptor"),
    (Errno::AGAIN, 11, "Resource temporarily unavailable"),
    (Errno::NOMEM, 12, "Cannot allocate memory"),
    (Errno::ACCESS, 13, "Permission denied"),
    (Errno::BUSY, 16, "Device or resource busy"),
    (Errno::EXIST, 17, "File exists"),
    (Errno::XDEV, 18, "Invalid cross-device link"),
    (Errno::NODEV, 19, "No such device"),
    (Errno::NOTDIR, 20, "Not a directory"),
    (Errno::ISDIR, 21, "Is a directory"),
    (Errno::INVAL, 22, "Invalid argument"),
    (Errno::MFILE, 24, "Too many open files"),
    (Errno::TXTBSY, 26, "Text file busy"),
    (Errno::FBIG, 27, "File too large"),
    (Errno::NOSPC, 28, "No space left on device"),
    (Errno::ROFS, 30, "Read-only file system"),
    (Errno::NAMETOOLONG, 36, "File name too long"),
    (Errno::NOTEMPTY, 39, "Directory not empty"),
    (Errno::LOOP, 40, "Too many levels of symbolic links"),
    (Errno::DQUOT, 122, "Disk quota exceeded"),
];

/// The system said no.
pub(super) fn failed(errno: Errno) -> HostCallError {
    let known = KNOWN.iter().find(|(known, ..)| *known == errno);
    let (errno, message) = match known {
        Some((_, number, text)) => (*number, (*text).to_owned()),
        None => (
            errno.raw_os_error(),
            std::io::Error::from(errno).to_string(),
        ),
    };
    HostCallError { errno, message }
}

/// The system's number, with words of our own.
pub(super) fn because(errno: Errno, message: impl Into<String>) -> HostCallError {
    HostCallError {
        message: message.into(),
        ..failed(errno)
    }
}

/// The same for an error of the standard library.
pub(super) fn of_io(error: &std::io::Error) -> HostCallError {
    failed(Errno::from_io_error(error).unwrap_or(Errno::IO))
}

impl From<Refusal> for HostCallError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::System(errno) => failed(errno),
            Refusal::Denied(message) => Self::denied(message),
        }
    }
}
