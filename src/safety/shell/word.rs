//! One word of a command: what its text tells about what the program will get.

use std::fmt;

/// A word as the program gets it, as far as the text tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Word {
    /// Its parts, in order.
    pub pieces: Vec<Piece>,
}

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// This text.
    Text(String),
    /// Some text, within one word: `"$x"`.
    Any,
    /// Some text, that may break into several words or be none: `$x`, `*.c`.
    Many,
}

/// What stands in a word besides its text.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Inside {
    /// Commands whose output becomes part of it.
    Script(String),
    /// A word within: the default of `${x:-…}`.
    Word(String),
}

impl Word {
    /// A word of known text.
    pub fn literal(text: impl Into<String>) -> Self {
        Self {
            pieces: vec![Piece::Text(text.into())],
        }
    }

    /// Words that nothing is known of.
    pub fn many() -> Self {
        Self {
            pieces: vec![Piece::Many],
        }
    }

    /// Its text, if that is known.
    pub fn text(&self) -> Option<&str> {
        match &*self.pieces {
            [] => Some(""),
            [Piece::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether it may become several words, or none.
    pub fn may_split(&self) -> bool {
        self.pieces.contains(&Piece::Many)
    }

    /// The known text that it begins with.
    pub fn start(&self) -> &str {
        match self.pieces.first() {
            Some(Piece::Text(text)) => text,
            _ => "",
        }
    }

    /// Less the first `length` bytes, which are known text.
    pub fn without_start(&self, length: usize) -> Self {
        let mut rest = self.clone();
        if let Some(Piece::Text(text)) = rest.pieces.first_mut() {
            *text = text.get(length..).unwrap_or_default().to_owned();
        }
        rest
    }

    fn push_text(&mut self, text: &str) {
        if let Some(Piece::Text(last)) = self.pieces.last_mut() {
            last.push_str(text);
        } else {
            self.pieces.push(Piece::Text(text.to_owned()));
        }
    }

    fn push_char(&mut self, c: char) {
        self.push_text(c.encode_utf8(&mut [0; 4]));
    }
}

impl fmt::Display for Word {
    /// As a person would write it; what is not known is `…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(text) = self.text() {
            let is_plain = |c: char| c.is_alphanumeric() || "-_./:=@%+,~^[]{}*?!".contains(c);
            return if !text.is_empty() && text.chars().all(is_plain) {
                f.write_str(text)
            } else {
                write!(f, "'{}'", text.replace('\'', "'\\''"))
            };
        }
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => f.write_str(text)?,
                Piece::Any | Piece::Many => f.write_str("…")?,
            }
        }
        Ok(())
    }
}

/// Reads a word as it stands in a script.
///
/// # Errors
/// When a quote or an expansion does not end.
pub(super) fn read(source: &str) -> Result<(Word, Vec<Inside>), String> {
    let mut reader = Reader {
        chars: source.chars().collect(),
        at: 0,
        word: Word::default(),
        inside: Vec::new(),
    };
    reader.unquoted()?;
    Ok((reader.word, reader.inside))
}

/// Reads text in which only `$`, backticks and backslashes mean something: a here-document.
pub(super) fn read_document(source: &str) -> Result<(Word, Vec<Inside>), String> {
    let mut reader = Reader {
        chars: source.chars().collect(),
        at: 0,
        word: Word::default(),
        inside: Vec::new(),
    };
    while reader.at < reader.chars.len() {
        reader.in_quotes(&['$', '`', '\\'])?;
    }
    Ok((reader.word, reader.inside))
}

struct Reader {
    chars: Vec<char>,
    at: usize,
    word: Word,
    inside: Vec<Inside>,
}

impl Reader {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek(0)?;
        self.at += 1;
        Some(c)
    }

    fn unquoted(&mut self) -> Result<(), String> {
        let mut braces = Vec::new();
        while let Some(c) = self.peek(0) {
            match c {
                '\\' => {
                    self.at += 1;
                    match self.next() {
                        Some('\n') => {}
                        Some(c) => self.word.push_char(c),
                        None => self.word.push_char('\\'),
                    }
                }
                '\'' => {
                    self.at += 1;
                    let text = self.until('\'')?;
                    self.word.push_text(&text);
                }
                '"' => {
                    self.at += 1;
                    self.double_quoted()?;
                }
                '$' if self.peek(1) == Some('\'') => {
                    self.at += 2;
                    let text = self.ansi_c()?;
                    self.word.push_text(&text);
                }
                '$' if self.peek(1) == Some('"') => self.at += 1,
                '$' | '`' => self.expansion(Piece::Many)?,
                '*' | '?' | '[' => {
                    self.at += 1;
                    // `[` alone is the command; `?` and `*` are patterns wherever they stand.
                    if c == '[' && !self.rest_has(']') {
                        self.word.push_char('[');
                    } else {
                        self.word.pieces.push(Piece::Many);
                    }
                }
                '{' => {
                    braces.push(self.word.pieces.len());
                    self.at += 1;
                    let is_expansion =
                        self.rest_has('}') && (self.rest_has(',') || self.rest_has('.'));
                    if is_expansion {
                        self.word.pieces.push(Piece::Many);
                    } else {
                        self.word.push_char('{');
                    }
                }
                c => {
                    self.at += 1;
                    self.word.push_char(c);
                }
            }
        }
        // A quoted empty word is a word.
        if self.word.pieces.is_empty() {
            self.word.pieces.push(Piece::Text(String::new()));
        }
        Ok(())
    }

    fn rest_has(&self, c: char) -> bool {
        self.chars
            .get(self.at..)
            .is_some_and(|rest| rest.contains(&c))
    }

    fn until(&mut self, end: char) -> Result<String, String> {
        let mut text = String::new();
        loop {
            match self.next() {
                Some(c) if c == end => return Ok(text),
                Some(c) => text.push(c),
                None => return Err("a quote does not end".to_owned()),
            }
        }
    }

    fn double_quoted(&mut self) -> Result<(), String> {
        self.word.push_text("");
        loop {
            match self.peek(0) {
                Some('"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(_) => self.in_quotes(&['$', '`', '\\', '"'])?,
                None => return Err("a quote does not end".to_owned()),
            }
        }
    }

    /// One character or expansion between double quotes.
    fn in_quotes(&mut self, escapable: &[char]) -> Result<(), String> {
        match self.peek(0) {
            Some('\\') => {
                self.at += 1;
                match self.peek(0) {
                    Some('\n') => self.at += 1,
                    Some(c) if escapable.contains(&c) => {
                        self.at += 1;
                        self.word.push_char(c);
                    }
                    _ => self.word.push_char('\\'),
                }
            }
            Some('$' | '`') => self.expansion(Piece::Any)?,
            Some(c) => {
                self.at += 1;
                self.word.push_char(c);
            }
            None => {}
        }
        Ok(())
    }

    /// `$'…'`, as bash has it.
    fn ansi_c(&mut self) -> Result<String, String> {
        let mut text = String::new();
        loop {
            match self.next() {
                Some('\'') => return Ok(text),
                Some('\\') => match self.next() {
                    Some('n') => text.push('\n'),
                    Some('t') => text.push('\t'),
                    Some('e' | 'E') => text.push('\u{1b}'),
                    Some('x') => self.number(16, 2, 0, &mut text),
                    Some('u') => self.number(16, 4, 0, &mut text),
                    Some('U') => self.number(16, 8, 0, &mut text),
                    Some(c @ '0'..='7') => {
                        let first = c.to_digit(8).unwrap_or_default();
                        self.number(8, 2, first, &mut text);
                    }
                    Some(c) => text.push(c),
                    None => return Err("a quote does not end".to_owned()),
                },
                Some(c) => text.push(c),
                None => return Err("a quote does not end".to_owned()),
            }
        }
    }

    fn number(&mut self, radix: u32, most: usize, first: u32, text: &mut String) {
        let mut number = first;
        for _ in 0..most {
            let Some(digit) = self.peek(0).and_then(|c| c.to_digit(radix)) else {
                break;
            };
            number = number.saturating_mul(radix).saturating_add(digit);
            self.at += 1;
        }
        text.push(char::from_u32(number).unwrap_or('\u{fffd}'));
    }

    /// What begins with `$` or a backtick.
    fn expansion(&mut self, becomes: Piece) -> Result<(), String> {
        if self.next() == Some('`') {
            let mut script = String::new();
            loop {
                match self.next() {
                    Some('`') => break,
                    Some('\\') => match self.next() {
                        Some(c @ ('`' | '\\' | '$')) => script.push(c),
                        Some(c) => script.extend(['\\', c]),
                        None => return Err("a backtick does not end".to_owned()),
                    },
                    Some(c) => script.push(c),
                    None => return Err("a backtick does not end".to_owned()),
                }
            }
            self.inside.push(Inside::Script(script));
            self.word.pieces.push(becomes);
            return Ok(());
        }
        match self.peek(0) {
            Some('(') => {
                self.at += 1;
                let text = self.balanced('(', ')')?;
                let arithmetic = text
                    .strip_prefix('(')
                    .and_then(|text| text.strip_suffix(')'));
                self.inside.push(match arithmetic {
                    // Nothing but substitutions runs in arithmetic; but `$((` may also begin a
                    // subshell, and is one if it does not end as arithmetic does.
                    Some(text) if is_arithmetic(text) => Inside::Word(text.to_owned()),
                    _ => Inside::Script(text),
                });
                self.word.pieces.push(becomes);
            }
            Some('{') => {
                self.at += 1;
                let text = self.balanced('{', '}')?;
                self.inside.push(Inside::Word(text));
                self.word.pieces.push(becomes);
            }
            Some('[') => {
                self.at += 1;
                let text = self.balanced('[', ']')?;
                self.inside.push(Inside::Word(text));
                self.word.pieces.push(becomes);
            }
            Some(c) if c == '_' || c.is_ascii_alphabetic() => {
                while self
                    .peek(0)
                    .is_some_and(|c| c == '_' || c.is_ascii_alphanumeric())
                {
                    self.at += 1;
                }
                self.word.pieces.push(becomes);
            }
            Some(c) if c.is_ascii_digit() || "@*#?-$!".contains(c) => {
                self.at += 1;
                self.word
                    .pieces
                    .push(if c == '@' { Piece::Many } else { becomes });
            }
            _ => self.word.push_char('$'),
        }
        Ok(())
    }

    /// The text up to the bracket that closes an open one. Where `case` patterns unbalance the
    /// brackets the text ends too soon, can't be parsed, and is asked about.
    fn balanced(&mut self, open: char, close: char) -> Result<String, String> {
        let start = self.at;
        let mut depth = 1;
        let unended = || format!("a {open} is never closed");
        while let Some(c) = self.next() {
            match c {
                '\\' => self.at += 1,
                '\'' if open == '(' => {
                    self.until('\'')?;
                }
                '"' => loop {
                    match self.next().ok_or_else(unended)? {
                        '"' => break,
                        '\\' => self.at += 1,
                        '$' if self.peek(0) == Some('(') => {
                            self.at += 1;
                            self.balanced('(', ')')?;
                        }
                        _ => {}
                    }
                },
                '#' if open == '(' && self.begins_comment() => {
                    while self.peek(0).is_some_and(|c| c != '\n') {
                        self.at += 1;
                    }
                }
                '$' if open != '(' && self.peek(0) == Some('(') => {
                    self.at += 1;
                    self.balanced('(', ')')?;
                }
                c if c == open => depth += 1,
                c if c == close => {
                    depth -= 1;
                    if depth == 0 {
                        let text = self.chars.get(start..self.at - 1).unwrap_or_default();
                        return Ok(text.iter().collect());
                    }
                }
                _ => {}
            }
        }
        Err(unended())
    }

    fn begins_comment(&self) -> bool {
        let before = self.at.checked_sub(2).and_then(|at| self.chars.get(at));
        before.is_none_or(|c| c.is_whitespace() || ";&|()".contains(*c))
    }
}

/// Whether what stands in `$((…))` can be arithmetic, and not two subshells.
fn is_arithmetic(text: &str) -> bool {
    let mut depth = 0_i32;
    for c in text.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ';' | '\n' | '\'' => return false,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_a_shell_would() {
        let text = |t: &str| Piece::Text(t.to_owned());
        for (source, pieces) in [
            ("rm", vec![text("rm")]),
            ("\\rm", vec![text("rm")]),
            ("r''m", vec![text("rm")]),
            ("'r'\"m\"", vec![text("rm")]),
            ("$'\\x72m'", vec![text("rm")]),
            ("''", vec![text("")]),
            ("$x", vec![Piece::Many]),
            ("\"$x\"", vec![text(""), Piece::Any]),
            ("a$1b", vec![text("a"), Piece::Many, text("b")]),
            ("$(a)b", vec![Piece::Many, text("b")]),
            ("*.c", vec![Piece::Many, text(".c")]),
            ("'*'", vec![text("*")]),
            ("[", vec![text("[")]),
            ("\"a\\\"b\\c\"", vec![text("a\"b\\c")]),
            ("${x:-y}z", vec![Piece::Many, text("z")]),
            ("a$", vec![text("a$")]),
            ("{}", vec![text("{}")]),
            ("{a,b}", vec![Piece::Many, text("a,b}")]),
        ] {
            let (word, _) = read(source).expect(source);
            assert_eq!(word.pieces, pieces, "{source}");
        }
        for source in ["'a", "\"a", "$(a", "`a", "${a", "\"$(a\""] {
            assert!(read(source).is_err(), "{source}");
        }
    }

    #[test]
    fn commands_inside_of_words_are_found() {
        let script = |t: &str| Inside::Script(t.to_owned());
        for (source, inside) in [
            ("$(rm x)", vec![script("rm x")]),
            ("\"$(echo \")\")\"", vec![script("echo \")\"")]),
            ("`rm \\`x\\``", vec![script("rm `x`")]),
            ("$(a $(b))", vec![script("a $(b)")]),
            ("'$(a)'", vec![]),
            ("\\$(a)", vec![]),
            ("$((1 + 2))", vec![Inside::Word("1 + 2".to_owned())]),
            ("$((a); (b))", vec![script("(a); (b)")]),
            ("${x:-$(b)}", vec![Inside::Word("x:-$(b)".to_owned())]),
            ("$(a # )\n)", vec![script("a # )\n")]),
        ] {
            let (_, found) = read(source).expect(source);
            assert_eq!(found, inside, "{source}");
        }
    }
}
