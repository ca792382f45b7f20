//! Whether a command is what a rule of the policy means.
//!
//! A pattern is a command written out: `git push --force*`. Its words are compared with the words
//! that the program would get, not with the text. `*` in a word stands for any text within that
//! word; `...` or `**` as a word stands for any words. Options may stand anywhere and short ones
//! may be combined: `rm -rf` is `rm -f -r`.
//!
//! A rule that asks or denies takes a command that begins as it says: more words may follow, an
//! option may come with a value between the words, and a word that is not known counts as
//! whatever it could be. A rule that allows takes exactly what it says: more only where it has
//! `...`, and nothing that is not known unless `*` or `...` stands there.

use super::shell::{Piece, Word, read_words};

/// A pattern of `policy.toml`.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    program: Glob,
    /// Words without a dash, in order.
    operands: Vec<Operand>,
    /// Words with a dash.
    options: Vec<Glob>,
}

#[derive(Clone, Debug)]
enum Operand {
    Word(Glob),
    Rest,
}

/// A word with `*` in it.
type Glob = Vec<Mark>;

/// One character of a pattern, or of a word that is matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Char(char),
    /// Any text: `*` in a pattern, something unknown in a word.
    Any,
}

/// How words that are not known are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// As whatever they could be.
    Could,
    /// As nothing that a pattern names.
    Never,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let words = read_words(text)?;
        let mut words = words.iter().map(|word| (is_rest(word), glob(word)));
        let program = match words.next() {
            Some((false, program)) => program,
            Some((true, _)) => vec![Mark::Any],
            None => return Err("it is empty".to_owned()),
        };
        let (mut operands, mut options) = (Vec::new(), Vec::new());
        for (is_rest, glob) in words {
            if is_rest {
                operands.push(Operand::Rest);
            } else if glob.first() == Some(&Mark::Char('-')) && glob.len() > 1 {
                options.push(glob);
            } else {
                operands.push(Operand::Word(glob));
            }
        }
        Ok(Self {
            program,
            operands,
            options,
        })
    }

    /// Whether a rule that asks or denies is about this command.
    pub(crate) fn concerns(&self, words: &[Word], unknown: Unknown) -> bool {
        let Some((program, arguments)) = words.split_first() else {
            return false;
        };
        let could = unknown == Unknown::Could;
        if program.may_split() && could && glob_of(program).first() == Some(&Mark::Any) {
            // `$X a b`: the program, and any words after it.
            return true;
        }
        if !matches(&self.program, &program_glob(&self.program, program), could) {
            return false;
        }
        if could && arguments.iter().any(Word::may_split) {
            return true;
        }
        let end = arguments
            .iter()
            .position(|word| word.text() == Some("--"))
            .unwrap_or(arguments.len());
        let (before, _) = arguments.split_at(end);
        let options: Vec<Glob> = before
            .iter()
            .map(glob_of)
            .filter(|glob| is_option(glob) || (could && glob.first() == Some(&Mark::Any)))
            .collect();
        let is_given = |wanted: &Glob| {
            options
                .iter()
                .any(|given| is_same_option(wanted, given, could))
        };
        let letters = |wanted: &Glob| has_letters(wanted, &options);
        if !self
            .options
            .iter()
            .all(|wanted| is_given(wanted) || letters(wanted))
        {
            return false;
        }
        let arguments: Vec<(Glob, bool)> = arguments
            .iter()
            .enumerate()
            .filter(|(at, _)| *at != end)
            .map(|(at, word)| (glob_of(word), at < end && is_option(&glob_of(word))))
            .collect();
        operands_begin(&self.operands, &arguments, could)
    }

    /// Whether a rule that allows is about this command, with everything in it.
    pub(crate) fn covers(&self, words: &[Word]) -> bool {
        let Some((program, arguments)) = words.split_first() else {
            return false;
        };
        let Some(name) = program.text() else {
            return false;
        };
        let has_path = self.program.contains(&Mark::Char('/'));
        let name = if has_path { name } else { standard_name(name) };
        let name: Glob = name.chars().map(Mark::Char).collect();
        if !matches(&self.program, &name, false) {
            return false;
        }
        let ends_open = matches!(self.operands.last(), Some(Operand::Rest));
        let end = arguments
            .iter()
            .position(|word| word.text() == Some("--"))
            .unwrap_or(arguments.len());
        let mut operands = Vec::new();
        let mut options = Vec::new();
        for (at, word) in arguments.iter().enumerate() {
            let glob = glob_of(word);
            // What is not known may be an option, or several words.
            if word.may_split() && !ends_open {
                return false;
            }
            if at < end && glob.first() == Some(&Mark::Any) && !ends_open {
                return false;
            }
            if at < end && is_option(&glob) {
                options.push(glob);
            } else if at != end {
                operands.push(glob);
            }
        }
        let is_wanted = |given: &Glob| {
            self.options
                .iter()
                .any(|wanted| is_same_option(wanted, given, false))
                || short_letters(given).is_some_and(|letters| {
                    letters.iter().all(|letter| {
                        self.options
                            .iter()
                            .filter_map(short_letters)
                            .any(|wanted| wanted.contains(letter))
                    })
                })
        };
        let is_given = |wanted: &Glob| {
            options
                .iter()
                .any(|given| is_same_option(wanted, given, false))
                || has_letters(wanted, &options)
        };
        (ends_open || options.iter().all(is_wanted))
            && self.options.iter().all(is_given)
            && operands_cover(&self.operands, &operands)
    }
}

fn is_rest(word: &Word) -> bool {
    word.text() == Some("...") || word.pieces == [Piece::Many, Piece::Many]
}

fn glob(word: &Word) -> Glob {
    let mut glob = Vec::new();
    for piece in &word.pieces {
        match piece {
            Piece::Text(text) => glob.extend(text.chars().map(Mark::Char)),
            Piece::Any | Piece::Many => glob.push(Mark::Any),
        }
    }
    glob
}

fn glob_of(word: &Word) -> Glob {
    glob(word)
}

/// The name of a program, less its folder if the pattern names none.
fn program_glob(pattern: &Glob, program: &Word) -> Glob {
    let glob = glob_of(program);
    if pattern.contains(&Mark::Char('/')) {
        return glob;
    }
    let name = glob.iter().rposition(|mark| *mark == Mark::Char('/'));
    glob.get(name.map_or(0, |at| at + 1)..)
        .unwrap_or_default()
        .to_vec()
}

/// A name that means the system's program of that name, and no other.
fn standard_name(name: &str) -> &str {
    [
        "/bin/",
        "/usr/bin/",
        "/sbin/",
        "/usr/sbin/",
        "/usr/local/bin/",
    ]
    .iter()
    .find_map(|folder| name.strip_prefix(folder))
    .filter(|rest| !rest.contains('/'))
    .unwrap_or(name)
}

fn is_option(glob: &Glob) -> bool {
    glob.len() > 1 && glob.first() == Some(&Mark::Char('-'))
}

/// Whether an option is the one that a pattern names. Programs take long options shortened, so
/// a rule that asks or denies does, too.
fn is_same_option(wanted: &Glob, given: &Glob, could: bool) -> bool {
    if matches(wanted, given, could) {
        return true;
    }
    if !could {
        return false;
    }
    let starts = |glob: &Glob| glob.starts_with(&[Mark::Char('-'), Mark::Char('-')]);
    let name = |glob: &Glob| -> Glob {
        let end = glob
            .iter()
            .position(|m| *m == Mark::Char('='))
            .unwrap_or(glob.len());
        glob.get(..end).unwrap_or_default().to_vec()
    };
    let (wanted_name, given_name) = (name(wanted), name(given));
    let has_value = wanted.len() != wanted_name.len();
    starts(wanted)
        && starts(given)
        && given_name.len() > 3
        && !has_value
        && !given_name.contains(&Mark::Any)
        && wanted_name.starts_with(&given_name)
}

/// The letters of `-rf`.
fn short_letters(option: &Glob) -> Option<Vec<char>> {
    let (Mark::Char('-'), rest) = option.split_first()? else {
        return None;
    };
    rest.iter()
        .map(|mark| match mark {
            Mark::Char(c) if c.is_ascii_alphanumeric() => Some(*c),
            _ => None,
        })
        .collect()
}

/// Whether the letters of a short option are all among the options that were given.
fn has_letters(wanted: &Glob, options: &[Glob]) -> bool {
    let Some(letters) = short_letters(wanted).filter(|letters| letters.len() <= 3) else {
        return false;
    };
    let given: Vec<char> = options
        .iter()
        .filter(|glob| glob.get(1) != Some(&Mark::Char('-')))
        .flat_map(|glob| glob.iter().skip(1))
        .filter_map(|mark| match mark {
            Mark::Char(c) => Some(*c),
            Mark::Any => None,
        })
        .collect();
    letters.iter().all(|letter| given.contains(letter))
}

/// Whether the arguments begin with the operands, with options, and words that may be their
/// values, anywhere between. Row by row, so that it ends soon whatever the words are.
fn operands_begin(operands: &[Operand], arguments: &[(Glob, bool)], could: bool) -> bool {
    // `reached[i]`: the first `i` operands are matched by the arguments so far.
    let mut reached = vec![false; operands.len() + 1];
    reached[0] = true;
    let open = |reached: &mut Vec<bool>| {
        for (at, operand) in operands.iter().enumerate() {
            if matches!(operand, Operand::Rest) && reached[at] {
                reached[at + 1] = true;
            }
        }
    };
    open(&mut reached);
    let mut after_option = false;
    for (glob, is_option) in arguments {
        if reached[operands.len()] {
            return true;
        }
        let before = reached.clone();
        let may_be_skipped = *is_option || after_option;
        for at in 0..=operands.len() {
            let stays = match operands.get(at) {
                Some(Operand::Rest) => before[at],
                _ => before[at] && may_be_skipped,
            };
            let steps = at > 0
                && before[at - 1]
                && !is_option
                && matches!(&operands[at - 1], Operand::Word(word) if matches(word, glob, could));
            // A rest that was entered goes on taking words.
            let rests = at > 0 && before[at] && matches!(operands[at - 1], Operand::Rest);
            reached[at] = stays || steps || rests;
        }
        open(&mut reached);
        after_option = *is_option;
    }
    reached[operands.len()]
}

/// Whether the operands are the words, all of them.
fn operands_cover(operands: &[Operand], words: &[Glob]) -> bool {
    let mut reached = vec![false; operands.len() + 1];
    reached[0] = true;
    let open = |reached: &mut Vec<bool>| {
        for (at, operand) in operands.iter().enumerate() {
            if matches!(operand, Operand::Rest) && reached[at] {
                reached[at + 1] = true;
            }
        }
    };
    open(&mut reached);
    for glob in words {
        let before = reached.clone();
        for at in 0..=operands.len() {
            let steps = at > 0
                && before[at - 1]
                && matches!(&operands[at - 1], Operand::Word(word) if matches(word, glob, false));
            let rests = at > 0 && before[at] && matches!(operands[at - 1], Operand::Rest);
            reached[at] = steps || rests;
        }
        open(&mut reached);
    }
    reached[operands.len()]
}

/// Whether a pattern takes a word. What is unknown in the word is taken by `*` alone, or, if it
/// `could` be anything, by whatever the pattern has.
fn matches(pattern: &Glob, word: &Glob, could: bool) -> bool {
    // `row[p]`: the first `p` marks of the pattern take the word so far.
    let mut row = vec![false; pattern.len() + 1];
    row[0] = true;
    let skip_stars = |row: &mut Vec<bool>| {
        for (at, mark) in pattern.iter().enumerate() {
            if *mark == Mark::Any && row[at] {
                row[at + 1] = true;
            }
        }
    };
    skip_stars(&mut row);
    for mark in word {
        let before = row.clone();
        if could && *mark == Mark::Any {
            // Any text: from every place to every later one.
            let mut seen = false;
            for at in 0..row.len() {
                seen |= before[at];
                row[at] = seen;
            }
            continue;
        }
        for at in 0..row.len() {
            let star = at > 0 && pattern[at - 1] == Mark::Any && (before[at] || before[at - 1]);
            let same = at > 0 && *mark != Mark::Any && pattern[at - 1] == *mark && before[at - 1];
            row[at] = star || same;
        }
        skip_stars(&mut row);
    }
    row[pattern.len()]
}
