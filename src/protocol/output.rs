//! What a cell printed: an excerpt of bounded size.

use serde::{Deserialize, Serialize};

use super::BlobId;

/// Jupyter's `stream` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Text that went to one stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StreamText {
    /// Where to.
    pub stream: Stream,
    /// What. Untrusted.
    pub text: String,
}

/// What a cell printed: head and tail for the eye, the whole of it in a blob if that is more.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutputExcerpt {
    /// The beginning, or all of it: in the order of printing, neighbours on one stream joined.
    pub head: Vec<StreamText>,
    /// The end, if something was left out between.
    pub tail: Vec<StreamText>,
    /// Everything printed, in bytes.
    pub total_bytes: u64,
    /// Line ends left out between head and tail.
    pub omitted_lines: u64,
    /// Bytes left out between head and tail.
    pub omitted_bytes: u64,
    /// The whole output, if something was left out here: both streams in the order of printing.
    pub whole: Option<BlobId>,
}

impl OutputExcerpt {
    /// The head is full at so many bytes.
    pub const HEAD_BYTES: usize = 64 << 10;
    /// The tail keeps at least so many bytes, and at most twice as many.
    pub const TAIL_BYTES: usize = 64 << 10;

    /// Adds what was printed next.
    pub fn push(&mut self, stream: Stream, text: &str) {
        self.total_bytes += text.len() as u64;
        let held = bytes_of(&self.head);
        if self.tail.is_empty() && held + text.len() <= Self::HEAD_BYTES {
            join(&mut self.head, stream, text);
            return;
        }
        let room = if self.tail.is_empty() {
            Self::HEAD_BYTES.saturating_sub(held)
        } else {
            0
        };
        let (head, rest) = text.split_at(text.floor_char_boundary(room));
        if !head.is_empty() {
            join(&mut self.head, stream, head);
        }
        join(&mut self.tail, stream, rest);
        if bytes_of(&self.tail) > 2 * Self::TAIL_BYTES {
            self.trim_tail();
        }
    }

    /// Whether head and tail together are everything.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.omitted_bytes == 0
    }

    /// Whether nothing was printed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.total_bytes == 0
    }

    /// What went to one stream, head and tail joined; what was left out is not marked.
    #[must_use]
    pub fn text_of(&self, stream: Stream) -> String {
        let pieces = self.head.iter().chain(&self.tail);
        pieces
            .filter(|piece| piece.stream == stream)
            .map(|piece| piece.text.as_str())
            .collect()
    }

    fn trim_tail(&mut self) {
        let mut excess = bytes_of(&self.tail).saturating_sub(Self::TAIL_BYTES);
        let mut whole_pieces = 0;
        for piece in &mut self.tail {
            if piece.text.len() <= excess {
                excess -= piece.text.len();
                self.omitted_bytes += piece.text.len() as u64;
                self.omitted_lines += lines_in(&piece.text);
                whole_pieces += 1;
                continue;
            }
            // Cut at a line end if one is near, so that the tail begins with a whole line.
            let cut = piece.text.ceil_char_boundary(excess);
            let cut = piece.text[cut..]
                .find('\n')
                .filter(|&at| at < 4096 && cut + at + 1 < piece.text.len())
                .map_or(cut, |at| cut + at + 1);
            self.omitted_bytes += cut as u64;
            self.omitted_lines += lines_in(&piece.text[..cut]);
            piece.text.drain(..cut);
            break;
        }
        self.tail.drain(..whole_pieces);
    }
}

fn bytes_of(pieces: &[StreamText]) -> usize {
    pieces.iter().map(|piece| piece.text.len()).sum()
}

fn lines_in(text: &str) -> u64 {
    text.bytes().filter(|&byte| byte == b'\n').count() as u64
}

fn join(pieces: &mut Vec<StreamText>, stream: Stream, text: &str) {
    match pieces.last_mut() {
        Some(last) if last.stream == stream => last.text.push_str(text),
        _ => pieces.push(StreamText {
            stream,
            text: text.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_output_is_whole_and_in_order() {
        let mut excerpt = OutputExcerpt::default();
        excerpt.push(Stream::Stdout, "a");
        excerpt.push(Stream::Stdout, "b\n");
        excerpt.push(Stream::Stderr, "c\n");
        excerpt.push(Stream::Stdout, "d\n");
        assert_eq!(excerpt.head.len(), 3);
        assert_eq!(excerpt.text_of(Stream::Stdout), "ab\nd\n");
        assert!(excerpt.is_whole());
        assert_eq!(excerpt.total_bytes, 7);
    }

    #[test]
    fn a_flood_keeps_head_and_tail_and_counts_the_rest() {
        let mut excerpt = OutputExcerpt::default();
        let lines = 200_000_u64;
        for n in 0..lines {
            excerpt.push(Stream::Stdout, &format!("line {n} é\n"));
        }
        let (head, tail) = (&excerpt.head[0].text, &excerpt.tail[0].text);
        assert!(head.starts_with("line 0 é\nline 1 é\n"));
        assert!(head.len() <= OutputExcerpt::HEAD_BYTES);
        assert!(tail.ends_with(&format!("line {} é\n", lines - 1)));
        assert!(tail.len() >= OutputExcerpt::TAIL_BYTES - 4096);
        assert!(tail.len() <= 2 * OutputExcerpt::TAIL_BYTES);
        let shown = lines_in(head) + lines_in(tail);
        assert_eq!(shown + excerpt.omitted_lines, lines);
        let held = (head.len() + tail.len()) as u64;
        assert_eq!(held + excerpt.omitted_bytes, excerpt.total_bytes);
    }

    #[test]
    fn one_huge_write_is_cut_too() {
        let mut excerpt = OutputExcerpt::default();
        excerpt.push(Stream::Stdout, &"é".repeat(1 << 20));
        assert!(bytes_of(&excerpt.head) + bytes_of(&excerpt.tail) <= 200 << 10);
        assert_eq!(excerpt.total_bytes, 2 << 20);
    }
}
