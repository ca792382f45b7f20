//! Bytes of programs as text.

/// Turns bytes into text as they come: a character that is cut by the end of a read waits for its
/// rest, and what is no UTF-8 becomes U+FFFD.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    held: Vec<u8>,
}

impl Decoder {
    /// The text of these bytes, and of those that waited.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.held.extend_from_slice(bytes);
        let mut text = String::with_capacity(self.held.len());
        let mut rest = self.held.as_slice();
        loop {
            match std::str::from_utf8(rest) {
                Ok(good) => {
                    text.push_str(good);
                    rest = &[];
                }
                Err(error) => {
                    let (good, bad) = rest.split_at(error.valid_up_to());
                    text.push_str(std::str::from_utf8(good).unwrap_or_default());
                    let Some(length) = error.error_len() else {
                        rest = bad;
                        break;
                    };
                    text.push(char::REPLACEMENT_CHARACTER);
                    rest = &bad[length..];
                }
            }
            if rest.is_empty() {
                break;
            }
        }
        self.held = rest.to_vec();
        text
    }

    /// What still waits, which will not be whole any more.
    pub fn finish(&mut self) -> String {
        let is_left = !std::mem::take(&mut self.held).is_empty();
        if is_left {
            char::REPLACEMENT_CHARACTER.to_string()
        } else {
            String::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_cut_gives_the_same_text() {
        let bytes = b"a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xff\xc3(\xe2\x82z\xed\xa0\x80\xf0\x9f";
        let whole = String::from_utf8_lossy(bytes);
        for first in 0..=bytes.len() {
            for second in first..=bytes.len() {
                let mut decoder = Decoder::default();
                let mut text = decoder.push(&bytes[..first]);
                text.push_str(&decoder.push(&bytes[first..second]));
                text.push_str(&decoder.push(&bytes[second..]));
                text.push_str(&decoder.finish());
                assert_eq!(text, whole, "{first} {second}");
            }
        }
    }

    #[test]
    fn whole_characters_do_not_wait() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.push("aé".as_bytes()), "aé");
        assert_eq!(decoder.push(b"\xe2\x82"), "");
        assert_eq!(decoder.push(b"\xac!"), "€!");
        assert_eq!(decoder.finish(), "");
    }
}
