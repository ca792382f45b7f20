//! A quick look over the tokens of a text, without a tree: brackets, strings, comments.
//!
//! It answers what the parser should not be asked: whether the text nests so deeply that a
//! recursive parser would overflow its stack, and which brackets are open at its end.

/// Longest source that is parsed, in bytes.
pub(crate) const MAX_BYTES: usize = 1 << 20;
/// Most levels that brackets, prefix operators, arrows, assignments and nested statements may
/// make together. The parser's stack for so many is far below what a thread has.
const MAX_DEPTH: usize = 300;
/// Bytes that may follow a `/` of unclear meaning: each could nest.
const MAX_UNSURE_BYTES: usize = 2000;

/// Why a text is not given to the parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// What to tell.
    pub message: &'static str,
    /// Where, in bytes.
    pub offset: usize,
}

/// What was seen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scan {
    /// Why the text must not be parsed, if so.
    pub refusal: Option<Refusal>,
    /// Brackets, templates and comments that are open at the end.
    pub open: usize,
    /// The end is inside of a template, a block comment, or a string that goes on after a `\`.
    pub is_inside: bool,
    /// Where the last token ends, in bytes.
    pub end: usize,
}

/// Looks over a text.
pub(crate) fn scan(source: &str) -> Scan {
    if source.len() > MAX_BYTES {
        return Scan {
            refusal: Some(Refusal {
                message: "the source is longer than 1 MiB",
                offset: MAX_BYTES,
            }),
            ..Scan::default()
        };
    }
    let mut lexer = Lexer {
        source,
        bytes: source.as_bytes(),
        at: 0,
        levels: vec![Level::default()],
        depth: 0,
        last: Last::Begin,
        is_new_line: true,
        scan: Scan::default(),
    };
    while lexer.scan.refusal.is_none() && lexer.token() {}
    lexer.scan.open = lexer.levels.len() - 1 + usize::from(lexer.scan.is_inside);
    lexer.scan
}

/// What an open bracket is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Bracket {
    /// None: the text itself.
    #[default]
    Top,
    /// `(` after `if`, `while`, `for` or `with`: a statement follows it.
    Head,
    Round,
    Square,
    /// `{` of an object.
    Object,
    /// `{` of a block.
    Block,
    /// `{` that may be either, or the body of a function or class.
    Body,
    /// `${`.
    Hole,
    /// A backtick.
    Template,
}

/// A bracket, and what nests in it without brackets.
#[derive(Clone, Copy, Debug, Default)]
struct Level {
    bracket: Bracket,
    expressions: usize,
    statements: usize,
}

/// The token before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    /// Nothing, or a statement is over.
    Begin,
    /// An operator or a keyword that wants an operand.
    Operator,
    /// A comma.
    Comma,
    /// The head of a statement that wants its body: `if (…)`, `else`.
    Head,
    /// `if`, `while`, `for`, `with`: a head comes.
    HeadWord,
    /// A value.
    Operand,
    /// `}` of a block: a statement begins.
    Close,
    /// `}` that may end a value or a statement, so that `/` may divide or begin a regular
    /// expression.
    UnsureClose,
    /// A word that may be a value or an operator.
    UnsureWord,
}

struct Lexer<'a> {
    source: &'a str,
    bytes: &'a [u8],
    at: usize,
    levels: Vec<Level>,
    /// Levels, and all that nests in them.
    depth: usize,
    last: Last,
    is_new_line: bool,
    scan: Scan,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Reads a token, or the space between two; whether there is more.
    fn token(&mut self) -> bool {
        if self.level().bracket == Bracket::Template {
            return self.template();
        }
        if self.at >= self.bytes.len() {
            return false;
        }
        let byte = self.peek(0);
        match (byte, self.peek(1)) {
            (b'\n' | b'\r', _) => {
                self.is_new_line = true;
                self.at += 1;
                return true;
            }
            (b' ' | b'\t' | 0x0b | 0x0c, _) => {
                self.at += 1;
                return true;
            }
            (0x80.., _) if self.wide_space() => return true,
            (b'/', b'/') => {
                self.at += self.line_len();
                return true;
            }
            (b'/', b'*') => {
                self.block_comment();
                return true;
            }
            _ => {}
        }
        match byte {
            b'"' | b'\'' => {
                self.begin_operand(b"");
                self.string(byte);
                self.last = Last::Operand;
            }
            b'`' => {
                self.begin_operand(b"");
                self.open(Bracket::Template);
                self.at += 1;
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' | b'#' | b'@' | b'\\' | 0x80.. => self.word(),
            b'0'..=b'9' => {
                self.begin_operand(b"");
                self.at += self.word_len();
                // The point of `1.` is its own, that of `1..x` is not.
                self.at += usize::from(self.peek(0) == b'.');
                self.last = Last::Operand;
            }
            b'(' | b'[' | b'{' => self.open_bracket(byte),
            b')' | b']' | b'}' => self.close(byte),
            b'/' if self.last != Last::Operand => self.regex(),
            b'<' if self.rest().starts_with(b"<!--") => {
                self.refuse("a comment that begins with <!-- is not supported");
            }
            b'-' if self.is_new_line && self.rest().starts_with(b"-->") => {
                self.refuse("a comment that begins with --> is not supported");
            }
            _ => self.operator(byte),
        }
        self.is_new_line = false;
        self.scan.end = self.at;
        self.at < self.bytes.len() || self.level().bracket == Bracket::Template
    }

    fn rest(&self) -> &[u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn level(&self) -> Level {
        self.levels.last().copied().unwrap_or_default()
    }

    /// Another level of recursion begins here.
    fn deepen(&mut self) {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.refuse("the source is nested too deeply");
        }
    }

    fn refuse(&mut self, message: &'static str) {
        let offset = self.at;
        self.scan.refusal.get_or_insert(Refusal { message, offset });
        self.at += 1;
    }

    /// Steps over a space of more than one byte, if there is one.
    fn wide_space(&mut self) -> bool {
        let rest = self.source.get(self.at..).unwrap_or_default();
        let Some(char) = rest.chars().next() else {
            return false;
        };
        let is_space = char.is_whitespace() || char == '\u{feff}';
        if is_space {
            self.is_new_line |= matches!(char, '\u{2028}' | '\u{2029}');
            self.at += char.len_utf8();
        }
        is_space
    }

    /// Bytes up to the end of the line.
    fn line_len(&self) -> usize {
        let rest = self.source.get(self.at..).unwrap_or_default();
        rest.find(['\n', '\r', '\u{2028}', '\u{2029}'])
            .unwrap_or(rest.len())
    }

    fn deepen_expression(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.expressions += 1;
        }
        self.deepen();
    }

    fn deepen_statement(&mut self) {
        if let Some(level) = self.levels.last_mut() {
            level.statements += 1;
        }
        self.deepen();
    }

    /// A token that can begin a statement: what nested before it without brackets may be over.
    fn begin_operand(&mut self, word: &[u8]) {
        let is_over = match self.last {
            Last::Begin | Last::Close | Last::UnsureClose => true,
            Last::Operand => self.is_new_line,
            _ => false,
        };
        let goes_on = matches!(
            word,
            b"else" | b"catch" | b"finally" | b"in" | b"instanceof" | b"of" | b"as" | b"extends"
        );
        if let Some(level) = self.levels.last_mut() {
            if is_over && !goes_on {
                self.depth -= level.expressions + level.statements;
                level.expressions = 0;
                level.statements = 0;
            } else if self.last == Last::Comma {
                self.depth -= level.expressions;
                level.expressions = 0;
            }
        }
    }

    fn open(&mut self, bracket: Bracket) {
        self.levels.push(Level {
            bracket,
            ..Level::default()
        });
        self.last = Last::Begin;
        self.deepen();
    }

    fn open_bracket(&mut self, byte: u8) {
        let bracket = match byte {
            b'(' if self.last == Last::HeadWord => Bracket::Head,
            b'(' => Bracket::Round,
            b'[' => Bracket::Square,
            _ => self.curly(),
        };
        if self.last != Last::Operand {
            self.begin_operand(b"");
        }
        self.open(bracket);
        self.at += 1;
    }

    /// What a `{` opens here.
    fn curly(&self) -> Bracket {
        let in_statements = matches!(
            self.level().bracket,
            Bracket::Top | Bracket::Block | Bracket::Body
        );
        match self.last {
            Last::Begin if in_statements => Bracket::Block,
            Last::Head | Last::Close => Bracket::Block,
            Last::Begin | Last::Comma => Bracket::Object,
            Last::Operator if !in_statements && !self.is_new_line => Bracket::Object,
            Last::Operator
                if !self.is_new_line && self.bytes.get(self.at.wrapping_sub(2)) == Some(&b'=') =>
            {
                Bracket::Object // `x = {`
            }
            _ => Bracket::Body,
        }
    }

    fn close(&mut self, byte: u8) {
        let bracket = self.level().bracket;
        let fits = match bracket {
            Bracket::Head | Bracket::Round => byte == b')',
            Bracket::Square => byte == b']',
            Bracket::Object | Bracket::Block | Bracket::Body | Bracket::Hole => byte == b'}',
            Bracket::Top | Bracket::Template => false,
        };
        self.at += 1;
        self.last = match bracket {
            Bracket::Head => Last::Head,
            Bracket::Block => Last::Close,
            Bracket::Body => Last::UnsureClose,
            _ => Last::Operand,
        };
        // A bracket that doesn't fit is the parser's to report; the depth stays, to be safe.
        if fits && let Some(level) = self.levels.pop() {
            self.depth -= 1 + level.expressions + level.statements;
        }
    }

    fn word_len(&self) -> usize {
        self.rest()
            .iter()
            .take_while(|&&byte| {
                byte.is_ascii_alphanumeric()
                    || matches!(byte, b'_' | b'$' | b'#' | b'\\' | b'@' | 0x80..)
            })
            .count()
            .max(1)
    }

    fn word(&mut self) {
        let word = self.rest().get(..self.word_len()).unwrap_or_default();
        let word = word.to_vec();
        let is_property = self.at > 0 && self.bytes.get(self.at - 1) == Some(&b'.');
        self.begin_operand(&word);
        self.last = match word.as_slice() {
            _ if is_property => Last::Operand,
            b"if" | b"while" | b"for" | b"with" | b"switch" | b"catch" => {
                self.deepen_statement();
                Last::HeadWord
            }
            b"else" | b"do" | b"try" | b"finally" => {
                self.deepen_statement();
                Last::Head
            }
            b"typeof" | b"void" | b"delete" | b"new" | b"extends" | b"throw" => {
                self.deepen_expression();
                Last::Operator
            }
            b"await" | b"yield" => {
                self.deepen_expression();
                Last::UnsureWord
            }
            b"of" => Last::UnsureWord,
            b"return" | b"case" | b"in" | b"instanceof" | b"default" => Last::Operator,
            _ if self.last == Last::HeadWord => Last::HeadWord, // `for await (`
            _ => Last::Operand,
        };
        self.at += word.len();
    }

    fn operator(&mut self, byte: u8) {
        let (next, third) = (self.peek(1), self.peek(2));
        self.at += 1;
        match (byte, next) {
            (b';', _) => {
                self.last = Last::Begin;
                return;
            }
            (b',', _) => {
                self.last = Last::Comma;
                return;
            }
            (b'+' | b'-', _) if byte == next => {
                self.at += 1;
                if self.last == Last::Operand && !self.is_new_line {
                    return;
                }
                self.deepen_expression();
            }
            (b'=' | b'!', b'=') => {
                self.at += 1 + usize::from(third == b'=');
            }
            (b'<' | b'>', b'=') | (b'?', b'.') => self.at += 1,
            (b'=', b'>') | (b'*', b'*') => {
                self.at += 1;
                self.deepen_expression();
            }
            (b':', _) => self.deepen_statement(),
            (b'=' | b'?' | b'!' | b'~', _) => self.deepen_expression(),
            (b'+' | b'-', _) if self.last != Last::Operand => {
                self.deepen_expression();
            }
            _ => {}
        }
        self.last = Last::Operator;
    }

    fn block_comment(&mut self) {
        let body = self.bytes.get(self.at + 2..).unwrap_or_default();
        if let Some(len) = body.windows(2).position(|pair| pair == b"*/") {
            self.is_new_line |= body.iter().take(len).any(|&byte| byte == b'\n');
            self.at += len + 4;
        } else {
            self.at = self.bytes.len();
            self.scan.is_inside = true;
        }
    }

    fn string(&mut self, quote: u8) {
        self.at += 1;
        loop {
            match self.peek(0) {
                _ if self.at >= self.bytes.len() => return,
                b'\\' => {
                    self.at += 2;
                    let is_newline = self.bytes.get(self.at - 1) == Some(&b'\n');
                    if self.at > self.bytes.len() || (is_newline && self.at == self.bytes.len()) {
                        self.at = self.bytes.len();
                        self.scan.is_inside = true;
                    }
                }
                b'\n' | b'\r' => return, // the parser will say it
                byte => {
                    self.at += 1;
                    if byte == quote {
                        return;
                    }
                }
            }
        }
    }

    /// A part of a template up to its end or a hole.
    fn template(&mut self) -> bool {
        loop {
            match (self.peek(0), self.peek(1)) {
                _ if self.at >= self.bytes.len() => {
                    self.at = self.bytes.len();
                    self.scan.is_inside = true;
                    self.levels.pop();
                    self.scan.end = self.at;
                    return false;
                }
                (b'\\', _) => self.at += 2,
                (b'`', _) => {
                    self.at += 1;
                    self.levels.pop();
                    self.depth -= 1;
                    self.last = Last::Operand;
                    break;
                }
                (b'$', b'{') => {
                    self.at += 2;
                    self.open(Bracket::Hole);
                    break;
                }
                _ => self.at += 1,
            }
        }
        self.scan.end = self.at;
        true
    }

    fn regex(&mut self) {
        let line = self.rest().get(..self.line_len()).unwrap_or_default();
        let mut in_class = false;
        let mut is_escaped = false;
        let mut end = None;
        for (at, &byte) in line.iter().enumerate().skip(1) {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => {
                    end = Some(at);
                    break;
                }
                _ => {}
            }
        }
        let is_unsure = matches!(self.last, Last::UnsureClose | Last::UnsureWord)
            && line.iter().skip(1).any(|&byte| byte == b'/');
        if is_unsure && self.rest().len() > MAX_UNSURE_BYTES {
            // One of the readings might hide brackets from the count.
            self.refuse(
                "it is unclear whether this / divides; put a semicolon before it or take brackets",
            );
            return;
        }
        if let Some(len) = end {
            self.begin_operand(b"");
            self.at += len + 1;
            self.at += self
                .rest()
                .iter()
                .take_while(|byte| byte.is_ascii_alphabetic())
                .count();
            self.last = Last::Operand;
        } else {
            self.at += 1;
            self.last = Last::Operator;
        }
    }
}
