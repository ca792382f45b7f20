//! What a file is, by its first bytes.

/// So many bytes are looked at, as git does.
pub(super) const LOOKED_AT_BYTES: usize = 8 << 10;

/// How files of a kind begin.
struct Magic {
    at: usize,
    bytes: &'static [u8],
    media_type: &'static str,
}

const MAGIC: &[Magic] = &[
    magic(0, b"\x89PNG\r\n\x1a\n", "image/png"),
    magic(0, b"\xff\xd8\xff", "image/jpeg"),
    magic(0, b"GIF8", "image/gif"),
    magic(8, b"WEBP", "image/webp"),
    magic(0, b"%PDF-", "application/pdf"),
    magic(0, b"PK\x03\x04", "application/zip"),
    magic(0, b"\x1f\x8b", "application/gzip"),
    magic(0, b"\x28\xb5\x2f\xfd", "application/zstd"),
    magic(0, b"\xfd7zXZ\0", "application/x-xz"),
    magic(0, b"\x7fELF", "application/x-elf"),
    magic(0, b"SQLite format 3\0", "application/vnd.sqlite3"),
    magic(0, b"OggS", "audio/ogg"),
    magic(0, b"fLaC", "audio/flac"),
    magic(4, b"ftyp", "video/mp4"),
    magic(257, b"ustar", "application/x-tar"),
    magic(0, b"\0asm", "application/wasm"),
];

const fn magic(at: usize, bytes: &'static [u8], media_type: &'static str) -> Magic {
    Magic {
        at,
        bytes,
        media_type,
    }
}

/// What a file is that is no text; `None` is text, as far as its beginning tells.
pub(super) fn binary(start: &[u8]) -> Option<&'static str> {
    let start = start.get(..LOOKED_AT_BYTES).unwrap_or(start);
    let known = MAGIC.iter().find(|magic| {
        let there = start.get(magic.at..).unwrap_or_default();
        there.starts_with(magic.bytes)
    });
    let is_binary = start.contains(&0);
    match known {
        // Words that a text may begin with are no proof.
        Some(magic)
            if is_binary || !magic.bytes.is_ascii() || magic.media_type.ends_with("pdf") =>
        {
            Some(magic.media_type)
        }
        _ if start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") => {
            Some("text/plain; charset=utf-16")
        }
        _ => is_binary.then_some("application/octet-stream"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_by_their_first_bytes() {
        assert_eq!(binary(b""), None);
        assert_eq!(binary("GIF8 is a word, é".as_bytes()), None);
        assert_eq!(binary(b"\x89PNG\r\n\x1a\n...."), Some("image/png"));
        assert_eq!(binary(b"GIF89a\x01\0"), Some("image/gif"));
        assert_eq!(binary(b"a\0b"), Some("application/octet-stream"));
        assert_eq!(binary(b"\xff\xfea\0"), Some("text/plain; charset=utf-16"));
        assert_eq!(binary(b"latin \xe9"), None);
    }
}
