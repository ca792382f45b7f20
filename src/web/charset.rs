//! Which encoding a page has: its byte order mark, the server's word, its own `meta` or XML
//! declaration, and otherwise UTF-8, or Windows-1252 if it is none.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// Where a page may say what it is encoded in; the HTML standard has 1024, and pages exceed it.
const PRESCAN_BYTES: usize = 4096;

/// A body as text. What is no character in its encoding becomes U+FFFD.
pub(super) fn decode(body: &[u8], content_type: Option<&str>) -> String {
    let encoding = content_type
        .and_then(of_content_type)
        .or_else(|| of_beginning(body));
    let encoding = encoding.unwrap_or_else(|| {
        if std::str::from_utf8(body).is_ok() {
            UTF_8
        } else {
            WINDOWS_1252
        }
    });
    // A byte order mark overrides it.
    encoding.decode(body).0.into_owned()
}

/// The `charset` of a `Content-Type`.
fn of_content_type(content_type: &str) -> Option<&'static Encoding> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let is_charset = name.trim().eq_ignore_ascii_case("charset");
        let label = value.trim().trim_matches(['"', '\'']);
        Encoding::for_label(label.as_bytes()).filter(|_| is_charset)
    })
}

/// What the page says itself. As its beginning can be read, it is not in UTF-16.
fn of_beginning(body: &[u8]) -> Option<&'static Encoding> {
    let beginning = body.get(..PRESCAN_BYTES).unwrap_or(body);
    let text = String::from_utf8_lossy(beginning).to_ascii_lowercase();
    let declared = |tag: &str, attribute: &str| {
        text.split(tag).skip(1).find_map(|rest| {
            let inside = rest.split('>').next()?;
            let (_, value) = inside.split_once(attribute)?;
            let value = value.trim_start().strip_prefix('=')?.trim_start();
            let label = value
                .trim_start_matches(['"', '\''])
                .split(|c: char| c.is_whitespace() || "\"';/?>".contains(c))
                .next()?;
            Encoding::for_label(label.as_bytes())
        })
    };
    let found = declared("<meta", "charset").or_else(|| declared("<?xml", "encoding"))?;
    let is_wide = found == UTF_16BE || found == UTF_16LE;
    Some(if is_wide { UTF_8 } else { found })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_say_what_they_are_in() {
        let cases: [(&[u8], Option<&str>, &str); 14] = [
            (b"caf\xc3\xa9", None, "café"),
            (b"caf\xe9", None, "café"),
            (b"caf\xe9", Some("text/html; charset=ISO-8859-1"), "café"),
            (b"\xcf\xf0\xe8", Some("text/html;charset=\"windows-1251\""), "При"),
            (b"caf\xc3\xa9", Some("text/plain; charset=nonsense"), "café"),
            (b"\xef\xbb\xbfcaf\xc3\xa9", Some("text/html; charset=latin1"), "café"),
            (b"\xff\xfea\0b\0", None, "ab"),
            (b"<meta charset=windows-1251>\xcf", None, "<meta charset=windows-1251>П"),
            (b"<META CHARSET = 'koi8-r' >\xf0", None, "<META CHARSET = 'koi8-r' >П"),
            (
                b"<meta http-equiv=\"Content-Type\" content=\"text/html; charset=shift_jis\">\x83\x65",
                None,
                "<meta http-equiv=\"Content-Type\" content=\"text/html; charset=shift_jis\">テ",
            ),
            (
                b"<?xml version=\"1.0\" encoding=\"windows-1251\"?>\xcf",
                None,
                "<?xml version=\"1.0\" encoding=\"windows-1251\"?>П",
            ),
            (b"<meta charset=utf-16>caf\xc3\xa9", None, "<meta charset=utf-16>café"),
            (b"\x82\xa0", Some("text/html; charset=Shift_JIS"), "あ"),
            (b"", None, ""),
        ];
        for (body, content_type, expected) in cases {
            assert_eq!(decode(body, content_type), expected);
        }
    }
}
