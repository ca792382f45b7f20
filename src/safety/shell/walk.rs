//! From a parsed script to the list of its commands.

use brush_parser::ast::{
    AndOr, AndOrList, AssignmentName, AssignmentValue, Command, CommandPrefixOrSuffixItem,
    CompoundCommand, CompoundList, ExtendedTestExpr, IoFileRedirectKind, IoFileRedirectTarget,
    IoRedirect, Pipeline, Program, RedirectList, SimpleCommand, SourceLocation as _,
};
use brush_parser::{ParserOptions, Token, parse_tokens, uncached_tokenize_str};

use super::word::{self, Inside, Word};
use super::wrappers::{self, Inner};
use super::{Invocation, Kind, Script};

/// Longer scripts are not read.
const MAX_BYTES: usize = 128 << 10;
/// Expansions in a text: each may be a level of the tokenizer's recursion.
const MAX_EXPANSIONS: usize = 3000;
/// Words that may open a block: each may be a level of the parser's recursion.
const MAX_BLOCKS: usize = 3000;
/// Brackets that are open at once. The parser takes `((` for arithmetic first and tries again for
/// each bracket that turns out not to be closed: the time doubles with each.
const MAX_OPEN: usize = 12;
/// Scripts within scripts.
const MAX_DEPTH: usize = 12;
/// Scripts in all, within one: reading each one both ways would double the work with each level.
const MAX_SCRIPTS: usize = 600;
/// Commands of one script, with those inside of them.
const MAX_COMMANDS: usize = 4000;

/// Variables that decide which program a name means, or that name programs to run.
const SHADOWING: &[&str] = &[
    "PATH",
    "IFS",
    "ENV",
    "BASH_ENV",
    "SHELLOPTS",
    "BASHOPTS",
    "PROMPT_COMMAND",
    "PS4",
    "PAGER",
    "EDITOR",
    "VISUAL",
    "BROWSER",
    "MANPAGER",
    "LESSOPEN",
    "LESSCLOSE",
    "PERL5LIB",
    "PERL5OPT",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "RUBYOPT",
    "RUBYLIB",
    "NODE_OPTIONS",
    "JAVA_TOOL_OPTIONS",
    "RUSTC_WRAPPER",
    "MAKEFLAGS",
    "TAR_OPTIONS",
    "HOME",
    "XDG_CONFIG_HOME",
];
/// The same, by how they begin.
const SHADOWING_STARTS: &[&str] = &["LD_", "DYLD_", "GIT_", "BASH_FUNC_", "SSH_", "npm_config_"];

/// Reads a script as bash would and as a plain `sh` would.
pub(super) fn script(source: &str) -> Script {
    let mut walk = Walk::default();
    walk.source(source, 0, None);
    let mut script = walk.script;
    for command in &mut script.commands {
        let is_own = command
            .words
            .first()
            .and_then(Word::text)
            .is_some_and(|name| script.functions.iter().any(|own| own == name));
        if is_own && command.kind == Kind::Plain {
            command.kind = Kind::SeenThrough;
        }
    }
    script
}

/// Reads one way.
fn parse(source: &str, as_sh: bool) -> Result<Program, String> {
    let options = ParserOptions {
        sh_mode: as_sh,
        posix_mode: as_sh,
        ..ParserOptions::default()
    };
    // A here-document that the text's end closes is fine with a shell, and not with this parser;
    // a line break at the end decides nothing.
    let source = format!("{}\n", source.trim_end_matches('\n'));
    let tokens = uncached_tokenize_str(&source, &options.tokenizer_options())
        .map_err(|error| error.to_string())?;
    check_depth(&tokens)?;
    parse_tokens(&tokens, &options).map_err(|error| error.to_string())
}

/// Whether a recursive parser gets through in time.
fn check_depth(tokens: &[Token]) -> Result<(), String> {
    let (mut blocks, mut open) = (0_usize, 0_usize);
    for token in tokens {
        match token {
            Token::Operator(text, _) if text == "(" => {
                open += 1;
                blocks += 1;
            }
            Token::Operator(text, _) if text == ")" => open = open.saturating_sub(1),
            Token::Word(text, _) => {
                blocks += usize::from(matches!(
                    &**text,
                    "{" | "if"
                        | "while"
                        | "until"
                        | "for"
                        | "case"
                        | "[["
                        | "!"
                        | "elif"
                        | "function"
                        | "coproc"
                        | "select"
                ));
            }
            Token::Operator(..) => {}
        }
        if open > MAX_OPEN || blocks > MAX_BLOCKS {
            return Err("it is nested too deeply".to_owned());
        }
    }
    Ok(())
}

#[derive(Default)]
struct Walk {
    script: Script,
    /// How many scripts were read so far.
    read: usize,
}

impl Walk {
    fn unread(&mut self, problem: impl Into<String>) {
        self.script.unread.get_or_insert(problem.into());
    }

    /// A script, or one within a script, which stands `at` a command.
    fn source(&mut self, source: &str, depth: usize, at: Option<(u32, u32)>) {
        if depth > MAX_DEPTH {
            return self.unread("scripts stand inside of scripts, too deeply");
        }
        if source.len() > MAX_BYTES {
            return self.unread("the script is longer than 128 KiB");
        }
        if source.matches(['$', '`']).count() > MAX_EXPANSIONS {
            return self.unread("the script has too many expansions");
        }
        if source.contains('\0') {
            return self.unread("it holds a zero byte, which a shell leaves out");
        }
        // `$'\''` ends in bash where it goes on in a plain sh.
        if source.contains("$'") && source.contains("\\'") {
            self.unread("bash and sh do not agree where its quotes end");
        }
        self.read += 1;
        if self.read > MAX_SCRIPTS {
            return self.unread("too many scripts stand inside of it");
        }
        let as_bash = parse(source, false);
        let as_sh = parse(source, true);
        let is_same = match (&as_bash, &as_sh) {
            (Ok(bash), Ok(sh)) => format!("{bash:?}") == format!("{sh:?}"),
            _ => false,
        };
        match (&as_bash, &as_sh) {
            (Err(problem), Err(_)) => self.unread(format!("it is no shell script ({problem})")),
            (Ok(_), Err(_)) if source.contains("&>") => {
                self.unread("bash and sh do not agree where its commands end");
            }
            _ => {}
        }
        let mut seen: Vec<Invocation> = Vec::new();
        let as_sh = as_sh.ok().filter(|_| !is_same);
        for program in as_bash.ok().into_iter().chain(as_sh) {
            let before = self.script.commands.len();
            for list in &program.complete_commands {
                self.list(list, depth, at);
            }
            let new = self.script.commands.split_off(before);
            if seen.is_empty() {
                seen = new;
            } else {
                let more = new.into_iter().filter(|command| !seen.contains(command));
                let more: Vec<_> = more.collect();
                seen.extend(more);
            }
        }
        self.script.commands.extend(seen);
        if self.script.commands.len() > MAX_COMMANDS {
            self.script.commands.truncate(MAX_COMMANDS);
            self.unread("the script has too many commands");
        }
    }

    fn list(&mut self, list: &CompoundList, depth: usize, at: Option<(u32, u32)>) {
        for item in &list.0 {
            self.and_or(&item.0, depth, at);
        }
    }

    fn and_or(&mut self, list: &AndOrList, depth: usize, at: Option<(u32, u32)>) {
        self.pipeline(&list.first, depth, at);
        for next in &list.additional {
            let (AndOr::And(pipeline) | AndOr::Or(pipeline)) = next;
            self.pipeline(pipeline, depth, at);
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline, depth: usize, at: Option<(u32, u32)>) {
        for (index, command) in pipeline.seq.iter().enumerate() {
            let before = self.script.commands.len();
            self.command(command, depth, at);
            if index > 0 {
                wrappers::at_end_of_pipe(
                    self.script.commands.get_mut(before..).unwrap_or_default(),
                );
            }
        }
    }

    fn command(&mut self, command: &Command, depth: usize, at: Option<(u32, u32)>) {
        match command {
            Command::Simple(simple) => self.simple(simple, depth, at),
            Command::Compound(compound, redirects) => {
                self.compound(compound, depth, at);
                self.redirects(redirects.as_ref(), depth, at);
            }
            Command::Function(function) => {
                self.script.functions.push(function.fname.value.clone());
                self.compound(&function.body.0, depth, at);
                self.redirects(function.body.1.as_ref(), depth, at);
            }
            Command::ExtendedTest(test, redirects) => {
                self.test(&test.expr, depth, at);
                self.redirects(redirects.as_ref(), depth, at);
            }
        }
    }

    fn compound(&mut self, command: &CompoundCommand, depth: usize, at: Option<(u32, u32)>) {
        let here = at.or_else(|| place(command.location()));
        match command {
            CompoundCommand::Arithmetic(it) => self.text(&it.expr.value, depth, here),
            CompoundCommand::ArithmeticForClause(it) => {
                for part in [&it.initializer, &it.condition, &it.updater]
                    .into_iter()
                    .flatten()
                {
                    self.text(&part.value, depth, here);
                }
                self.list(&it.body.list, depth, at);
            }
            CompoundCommand::BraceGroup(it) => self.list(&it.list, depth, at),
            CompoundCommand::Subshell(it) => self.list(&it.list, depth, at),
            CompoundCommand::ForClause(it) => {
                for word in it.values.iter().flatten() {
                    self.word(&word.value, depth, here);
                }
                if is_shadowing(&it.variable_name) {
                    self.shadow(&it.variable_name, here);
                }
                self.list(&it.body.list, depth, at);
            }
            CompoundCommand::CaseClause(it) => {
                self.word(&it.value.value, depth, here);
                for case in &it.cases {
                    for pattern in &case.patterns {
                        self.word(&pattern.value, depth, here);
                    }
                    if let Some(list) = &case.cmd {
                        self.list(list, depth, at);
                    }
                }
            }
            CompoundCommand::IfClause(it) => {
                self.list(&it.condition, depth, at);
                self.list(&it.then, depth, at);
                for clause in it.elses.iter().flatten() {
                    if let Some(condition) = &clause.condition {
                        self.list(condition, depth, at);
                    }
                    self.list(&clause.body, depth, at);
                }
            }
            CompoundCommand::WhileClause(it) | CompoundCommand::UntilClause(it) => {
                self.list(&it.0, depth, at);
                self.list(&it.1.list, depth, at);
            }
            CompoundCommand::Coprocess(it) => self.command(&it.body, depth, at),
        }
    }

    fn test(&mut self, test: &ExtendedTestExpr, depth: usize, at: Option<(u32, u32)>) {
        match test {
            ExtendedTestExpr::And(left, right) | ExtendedTestExpr::Or(left, right) => {
                self.test(left, depth, at);
                self.test(right, depth, at);
            }
            ExtendedTestExpr::Not(inner) | ExtendedTestExpr::Parenthesized(inner) => {
                self.test(inner, depth, at);
            }
            ExtendedTestExpr::UnaryTest(_, word) => {
                self.word(&word.value, depth, at);
            }
            ExtendedTestExpr::BinaryTest(_, left, right) => {
                self.word(&left.value, depth, at);
                self.word(&right.value, depth, at);
            }
        }
    }

    fn simple(&mut self, command: &SimpleCommand, depth: usize, at: Option<(u32, u32)>) {
        let at = at.or_else(|| place(command.location()));
        let mut words = Vec::new();
        let mut assigned = Vec::new();
        let mut feeds = false;
        for item in command.prefix.iter().flat_map(|prefix| &prefix.0) {
            match item {
                CommandPrefixOrSuffixItem::AssignmentWord(assignment, _) => {
                    let name = match &assignment.name {
                        AssignmentName::VariableName(name)
                        | AssignmentName::ArrayElementName(name, _) => name,
                    };
                    if is_shadowing(name) {
                        assigned.push(name.clone());
                    }
                    if let AssignmentName::ArrayElementName(_, index) = &assignment.name {
                        self.word(index, depth, at);
                    }
                    match &assignment.value {
                        AssignmentValue::Scalar(word) => {
                            self.word(&word.value, depth, at);
                        }
                        AssignmentValue::Array(elements) => {
                            for (key, value) in elements {
                                for word in key.iter().chain([value]) {
                                    self.word(&word.value, depth, at);
                                }
                            }
                        }
                    }
                }
                other => feeds |= self.item(other, &mut words, depth, at),
            }
        }
        if let Some(name) = &command.word_or_name {
            let word = self.word(&name.value, depth, at);
            words.push(word);
        }
        for item in command.suffix.iter().flat_map(|suffix| &suffix.0) {
            feeds |= self.item(item, &mut words, depth, at);
        }
        for name in assigned {
            self.shadow(&name, at);
        }
        if !words.is_empty() {
            let before = self.script.commands.len();
            self.invoke(words, depth, at.unwrap_or((1, 1)));
            if feeds {
                wrappers::at_end_of_pipe(
                    self.script.commands.get_mut(before..).unwrap_or_default(),
                );
            }
        }
    }

    /// Something beside the program's name. Tells whether it feeds text to the program.
    fn item(
        &mut self,
        item: &CommandPrefixOrSuffixItem,
        words: &mut Vec<Word>,
        depth: usize,
        at: Option<(u32, u32)>,
    ) -> bool {
        match item {
            CommandPrefixOrSuffixItem::IoRedirect(redirect) => {
                return self.redirect(redirect, depth, at);
            }
            CommandPrefixOrSuffixItem::Word(word)
            | CommandPrefixOrSuffixItem::AssignmentWord(_, word) => {
                let word = self.word(&word.value, depth, at);
                words.push(word);
            }
            CommandPrefixOrSuffixItem::ProcessSubstitution(_, inner) => {
                self.list(&inner.list, depth + 1, at);
                words.push(Word {
                    pieces: vec![super::Piece::Any],
                });
                return true;
            }
        }
        false
    }

    fn redirects(&mut self, list: Option<&RedirectList>, depth: usize, at: Option<(u32, u32)>) {
        for redirect in list.iter().flat_map(|list| &list.0) {
            self.redirect(redirect, depth, at);
        }
    }

    /// Tells whether it feeds text to the program.
    fn redirect(&mut self, redirect: &IoRedirect, depth: usize, at: Option<(u32, u32)>) -> bool {
        match redirect {
            IoRedirect::File(_, kind, target) => {
                let is_read = matches!(
                    kind,
                    IoFileRedirectKind::Read | IoFileRedirectKind::DuplicateInput
                );
                match target {
                    IoFileRedirectTarget::Filename(word) => {
                        let word = self.word(&word.value, depth, at);
                        if is_read {
                            self.script.commands.push(Invocation {
                                words: vec![Word::literal("<"), word],
                                place: at.unwrap_or((1, 1)),
                                kind: Kind::SeenThrough,
                            });
                        } else {
                            self.write(word, at);
                        }
                    }
                    IoFileRedirectTarget::Duplicate(word) => {
                        let is_number = |text: &str| {
                            text.trim_end_matches('-')
                                .chars()
                                .all(|c| c.is_ascii_digit())
                        };
                        let word = self.word(&word.value, depth, at);
                        if !is_read && !word.text().is_some_and(is_number) {
                            self.write(word, at);
                        }
                    }
                    IoFileRedirectTarget::ProcessSubstitution(_, inner) => {
                        self.list(&inner.list, depth + 1, at);
                    }
                    IoFileRedirectTarget::Fd(_) => {}
                }
                is_read
            }
            IoRedirect::HereDocument(_, document) => {
                if document.requires_expansion {
                    self.read_word(word::read_document(&document.doc.value), depth, at);
                }
                true
            }
            IoRedirect::HereString(_, word) => {
                self.word(&word.value, depth, at);
                true
            }
            IoRedirect::OutputAndError(word, _) => {
                let word = self.word(&word.value, depth, at);
                self.write(word, at);
                false
            }
        }
    }

    fn write(&mut self, file: Word, at: Option<(u32, u32)>) {
        if matches!(
            file.text(),
            Some("/dev/null" | "/dev/stdout" | "/dev/stderr" | "/dev/tty")
        ) {
            return;
        }
        self.script.commands.push(Invocation {
            words: vec![Word::literal(">"), file],
            place: at.unwrap_or((1, 1)),
            kind: Kind::Write,
        });
    }

    fn shadow(&mut self, name: &str, at: Option<(u32, u32)>) {
        self.script.commands.push(Invocation {
            words: vec![Word::literal("export"), Word::literal(format!("{name}=…"))],
            place: at.unwrap_or((1, 1)),
            kind: Kind::Hidden(format!("{name} decides which programs run")),
        });
    }

    /// A word as it stands in the script; the commands inside of it are taken on the way.
    fn word(&mut self, source: &str, depth: usize, at: Option<(u32, u32)>) -> Word {
        self.read_word(word::read(source), depth, at)
    }

    /// Arithmetic: only what is substituted matters.
    fn text(&mut self, source: &str, depth: usize, at: Option<(u32, u32)>) {
        self.read_word(word::read_document(source), depth, at);
    }

    fn read_word(
        &mut self,
        read: Result<(Word, Vec<Inside>), String>,
        depth: usize,
        at: Option<(u32, u32)>,
    ) -> Word {
        let (word, inside) = match read {
            Ok(read) => read,
            Err(problem) => {
                self.unread(problem);
                return Word::many();
            }
        };
        for inside in inside {
            match inside {
                Inside::Script(script) => self.source(&script, depth + 1, at.or(Some((1, 1)))),
                Inside::Word(_) if depth > MAX_DEPTH => {
                    self.unread("words stand inside of words, too deeply");
                }
                Inside::Word(word) => {
                    self.read_word(word::read_document(&word), depth + 1, at);
                }
            }
        }
        word
    }

    /// A command, and those that it runs.
    fn invoke(&mut self, words: Vec<Word>, depth: usize, place: (u32, u32)) {
        if depth > MAX_DEPTH || self.script.commands.len() > MAX_COMMANDS {
            return self.unread("commands stand inside of commands, too deeply");
        }
        let (kind, inner) = wrappers::look_into(&words);
        self.script.commands.push(Invocation { words, place, kind });
        for inner in inner {
            match inner {
                Inner::Command(words) if words.is_empty() => {}
                Inner::Command(words) => self.invoke(words, depth + 1, place),
                Inner::Script(source) => self.source(&source, depth + 1, Some(place)),
            }
        }
    }
}

pub(super) fn is_shadowing(name: &str) -> bool {
    SHADOWING.contains(&name) || SHADOWING_STARTS.iter().any(|start| name.starts_with(start))
}

fn place(span: Option<brush_parser::SourceSpan>) -> Option<(u32, u32)> {
    let start = span?.start;
    let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    Some((number(start.line), number(start.column)))
}
