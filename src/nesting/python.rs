//! A quick look over a Python text, without a tree.

/// CPython's own limit, `MAXSTACK` of its tokenizer.
pub(crate) const MAX_BRACKETS: usize = 200;
/// Operators that may follow one another without a comma or a new line: each may be one level of
/// the tree.
pub(crate) const MAX_OPERATORS: usize = 10_000;

/// What a text ends in the middle of.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Nothing.
    Code,
    /// Brackets, of which the outermost opened at byte `first`.
    Brackets { first: usize },
    /// A triple-quoted string that began at byte `first`.
    TripleQuoted { first: usize },
    /// A comment.
    Comment,
    /// A string that its line should have closed.
    Other,
}

/// A first look at a text, without recursion: how deep a parser would have to go.
pub(crate) struct Scan {
    /// The most brackets that are open at once.
    pub deepest: usize,
    /// The most operators of one expression.
    pub most_operators: usize,
    /// The last byte that is neither space nor comment.
    pub last: u8,
    /// What the text ends in the middle of.
    pub end: End,
}

impl Scan {
    /// Looks over a text.
    pub fn of(source: &str) -> Self {
        let bytes = source.as_bytes();
        let at = |index: usize| bytes.get(index).copied().unwrap_or_default();
        let mut scan = Self {
            deepest: 0,
            most_operators: 0,
            last: 0,
            end: End::Code,
        };
        // Per open bracket: where it is, and the operators of the expression that it interrupts.
        let mut open: Vec<(usize, usize)> = Vec::new();
        let mut operators = 0;
        let mut operators_outside = 0;
        let mut index = 0;
        while index < bytes.len() {
            let byte = at(index);
            if byte != b'#' && !byte.is_ascii_whitespace() {
                scan.last = byte;
            }
            match byte {
                b'#' => {
                    let rest = bytes.get(index..).unwrap_or_default();
                    if let Some(length) = rest.iter().position(|&b| b == b'\n') {
                        index += length;
                    } else {
                        index = bytes.len();
                        scan.end = End::Comment;
                    }
                    continue;
                }
                b'"' | b'\'' => {
                    let (next, end) = skip_string(bytes, index);
                    index = next;
                    scan.end = end;
                    continue;
                }
                b'(' | b'[' | b'{' => {
                    open.push((index, operators));
                    operators_outside += operators;
                    operators = 0;
                    scan.deepest = scan.deepest.max(open.len());
                }
                b')' | b']' | b'}' => {
                    if let Some((_, before)) = open.pop() {
                        operators_outside -= before;
                        operators = before;
                    }
                }
                b',' => operators = 0,
                b'\n' if open.is_empty() && at(index.wrapping_sub(1)) != b'\\' => operators = 0,
                b'+' | b'-' | b'~' | b'*' | b'/' | b'%' | b'<' | b'>' | b'=' | b'!' | b'&'
                | b'|' | b'^' | b'@' | b'.' => operators += 1,
                byte if is_word(byte) => {
                    let rest = bytes.get(index..).unwrap_or_default();
                    let length = rest.iter().position(|&b| !is_word(b)).unwrap_or(rest.len());
                    if matches!(
                        rest.get(..length),
                        Some(
                            b"not" | b"lambda" | b"if" | b"and" | b"or" | b"await" | b"in" | b"is"
                        )
                    ) {
                        operators += 1;
                    }
                    scan.most_operators = scan.most_operators.max(operators_outside + operators);
                    index += length;
                    continue;
                }
                _ => {}
            }
            scan.most_operators = scan.most_operators.max(operators_outside + operators);
            index += 1;
        }
        if let Some(&(first, _)) = open.first()
            && !matches!(scan.end, End::TripleQuoted { .. })
        {
            scan.end = End::Brackets { first };
        }
        scan
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// Where the string that begins at `start` ends, and in the middle of what the text then is.
fn skip_string(bytes: &[u8], start: usize) -> (usize, End) {
    let rest = bytes.get(start..).unwrap_or_default();
    let Some(&quote) = rest.first() else {
        return (bytes.len(), End::Other);
    };
    let triple = rest.starts_with(&[quote; 3]);
    let mut index = if triple { 3 } else { 1 };
    while let Some(&byte) = rest.get(index) {
        let tail = rest.get(index..).unwrap_or_default();
        match byte {
            b'\\' => index += 1,
            b'\n' if !triple => return (start + index, End::Code),
            _ if triple && tail.starts_with(&[quote; 3]) => return (start + index + 3, End::Code),
            _ if !triple && byte == quote => return (start + index + 1, End::Code),
            _ => {}
        }
        index += 1;
    }
    let end = if triple {
        End::TripleQuoted { first: start }
    } else {
        End::Other
    };
    (bytes.len(), end)
}
