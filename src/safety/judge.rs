//! The verdict on a cell: what was found in it, held against the policy.

use std::fmt::Write as _;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::builtin;
use super::pattern::Unknown;
use super::policy::{MAX_BYTES, Measure, ORIGINS, Policy, ShellRule, Tests, origin_word};
use super::rules;
use super::shell::{self, Invocation, Kind, Script};
use crate::atomic;
use crate::protocol::{Answer, Finding, Language, Origin, Question, Say, Verdict};

/// Most commands that a question names.
const MAX_NAMED: usize = 8;
/// Longest command in a message, in characters.
const MAX_SHOWN: usize = 120;
/// Programs of which the second word tells what they do.
const WITH_SUBCOMMANDS: &[&str] = &[
    "git",
    "cargo",
    "npm",
    "pip",
    "pip3",
    "docker",
    "podman",
    "kubectl",
    "systemctl",
    "apt",
    "apt-get",
    "brew",
    "go",
    "uv",
    "gh",
];

/// What was seen in a cell, and what is done with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Examination {
    /// What was seen, in the order of the text.
    pub findings: Vec<Finding>,
    /// Whether it runs.
    pub verdict: Verdict,
}

/// The policy could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PolicyError {
    /// The file can't be read.
    #[error("can't read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The file is not what it should be.
    #[error("{}:{line}: {message}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// The file can't be written.
    #[error("can't write {}; the answer holds for this time only", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A question that can only be answered for once.
    #[error("this question can be answered with once or no only")]
    OnceOnly,
}

/// Looks at cells and judges them by a policy.
#[derive(Clone, Debug)]
pub(crate) struct Judge {
    path: PathBuf,
    is_there: bool,
    policy: Policy,
    /// Answers for the session.
    session: Policy,
}

/// A test that stands in a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RuleTest {
    /// The rule that it stands in.
    pub rule: String,
    /// The command.
    pub command: String,
    /// What the policy should say of it.
    pub expected: &'static str,
}

/// How a test went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TestOutcome {
    /// The test.
    pub test: RuleTest,
    /// What the policy says.
    pub found: &'static str,
    /// The rule that says it.
    pub by: String,
}

impl TestOutcome {
    /// Whether it is as expected.
    pub fn has_passed(&self) -> bool {
        self.test.expected == self.found
    }
}

/// What the policy says of a command, and which rule says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opinion {
    /// The command, for people. May hold untrusted text.
    pub command: String,
    /// Line and column.
    pub place: (u32, u32),
    /// What is said.
    pub say: Say,
    /// The rule: `policy.toml rule 3: deny "git push --force*"`.
    pub by: String,
    /// Why.
    pub reason: Option<String>,
    /// A pattern that is about this command and its like, if the question can be answered for
    /// more than once.
    wider: Option<String>,
}

impl Judge {
    /// Reads a policy. A file that is not there is an empty one.
    ///
    /// # Errors
    /// When there is one that can't be read, or that is wrong.
    pub(crate) fn load(policy_file: &Path) -> Result<Self, PolicyError> {
        let path = policy_file.to_owned();
        let text = match read(&path) {
            Ok(text) => Some(text),
            Err(source) if source.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(PolicyError::Read { path, source }),
        };
        Ok(Self {
            policy: parse(&path, text.as_deref().unwrap_or_default())?,
            is_there: text.is_some(),
            session: Policy::default(),
            path,
        })
    }

    /// Looks at a cell.
    pub(crate) fn examine(&self, language: Language, source: &str, origin: Origin) -> Examination {
        if language == Language::Shell {
            return self.examine_script(source, origin);
        }
        let findings = super::findings(language, source);
        let verdict = self.verdict_on_findings(&findings, origin);
        Examination { findings, verdict }
    }

    fn examine_script(&self, source: &str, origin: Origin) -> Examination {
        let script = super::on_own_stack(|| shell::read(source)).unwrap_or_else(|problem| Script {
            findings: vec![super::unread(&problem)],
            unread: Some(problem),
            ..Script::default()
        });
        let verdict = self.verdict_on_script(&script, origin);
        let of_findings = self.verdict_on_findings(&script.findings, origin);
        Examination {
            findings: super::tidied(script.findings),
            verdict: stricter(verdict, of_findings),
        }
    }

    /// Keeps an answer: for the session in memory, for good in the file. It then lets pass what
    /// [`Question::wider`] said, and nothing else.
    ///
    /// # Errors
    /// When the file can't be written, or the question is one for once only.
    pub(crate) fn remember(
        &mut self,
        question: &Question,
        answer: Answer,
    ) -> Result<(), PolicyError> {
        if matches!(answer, Answer::Once | Answer::No) {
            return Ok(());
        }
        let wider = question.wider.as_deref().ok_or(PolicyError::OnceOnly)?;
        let wider = Wider::parse(wider).ok_or(PolicyError::OnceOnly)?;
        let text = wider.as_toml();
        if answer == Answer::Session {
            let more = parse(&self.path, &text)?;
            self.session.shell.extend(more.shell);
            self.session.findings.extend(more.findings);
            return Ok(());
        }
        let path = self.path.clone();
        // Read again: the user may have edited it, and their text stays as it is.
        let mut whole = match read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(source) => return Err(PolicyError::Read { path, source }),
        };
        if !whole.is_empty() && !whole.ends_with('\n') {
            whole.push('\n');
        }
        whole.push_str(&text);
        let policy = parse(&path, &whole)?;
        atomic::write(&path, whole.as_bytes())
            .map_err(|source| PolicyError::Write { path, source })?;
        self.policy = policy;
        self.is_there = true;
        Ok(())
    }

    /// Whether the user is to be told of a finding.
    pub(crate) fn tells(&self, finding: &Finding, origin: Origin) -> bool {
        self.policy.measure(&finding.rule, finding.severity, origin) != Measure::Allow
    }

    /// What is said of each command of a script.
    pub(crate) fn weigh(&self, source: &str, origin: Origin) -> Result<Vec<Opinion>, String> {
        let script = super::on_own_stack(|| shell::read(source))?;
        let mut opinions = self.opinions(&script, origin);
        if let Some(problem) = script.unread {
            opinions.push(unreadable(&problem));
        }
        Ok(opinions)
    }

    /// Runs the tests that stand in the policy and in the built-in rules, as if the user had typed
    /// the commands, or whoever the rule is for.
    pub(crate) fn test(&self) -> Vec<TestOutcome> {
        let own = self.policy.shell.iter().enumerate();
        let own = own.map(|(at, rule)| (named(at, rule), rule));
        let built_in = builtin::RULES.iter().map(|rule| (built_in(rule), rule));
        let mut outcomes = Vec::new();
        // Built-in rules are tested as they are: a policy may say otherwise.
        let alone = Self {
            policy: Policy::default(),
            session: Policy::default(),
            ..self.clone()
        };
        for (judge, rules) in [
            (self, own.collect::<Vec<_>>()),
            (&alone, built_in.collect()),
        ] {
            for (name, rule) in rules {
                let origin = rule.from.first().copied().unwrap_or_default();
                let Tests { allow, ask, deny } = &rule.tests;
                for (expected, commands) in [("allow", allow), ("ask", ask), ("deny", deny)] {
                    for command in commands {
                        let test = RuleTest {
                            rule: name.clone(),
                            command: command.clone(),
                            expected,
                        };
                        outcomes.push(judge.outcome(test, origin));
                    }
                }
            }
        }
        outcomes
    }

    /// The policy in words, a line each.
    pub(crate) fn describe(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let path = self.path.display();
        lines.push(if self.is_there {
            format!("{path}")
        } else {
            format!("{path} is not there: the built-in rules hold")
        });
        for (origin, name) in ORIGINS {
            let measures = self.policy.measures(origin);
            let default = self.policy.default_say(origin);
            let (low, medium, high) = (measures.low, measures.medium, measures.high);
            lines.push(format!(
                "{name}: findings low {}, medium {}, high {}; other commands {}",
                measure_word(low),
                measure_word(medium),
                measure_word(high),
                default.word()
            ));
        }
        for rule in &self.policy.findings {
            let measure = measure_word(rule.measure);
            lines.push(format!(
                "finding {}: {measure}{}",
                rule.id,
                from_words(&rule.from)
            ));
        }
        for (at, rule) in self.policy.shell.iter().enumerate() {
            lines.push(format!("{}{}", named(at, rule), from_words(&rule.from)));
        }
        lines.extend(builtin::RULES.iter().map(built_in));
        lines
    }

    /// Whether there is a file, and how many rules it has.
    pub(crate) fn summary(&self) -> String {
        let path = self.path.display();
        if !self.is_there {
            return format!("none; built-in rules hold ({path} would be read)");
        }
        let rules = self.policy.shell.len() + self.policy.findings.len();
        let s = if rules == 1 { "" } else { "s" };
        format!("{path}, {rules} rule{s}")
    }

    fn outcome(&self, test: RuleTest, origin: Origin) -> TestOutcome {
        let strictest = match self.weigh(&test.command, origin) {
            Ok(opinions) => opinions
                .into_iter()
                .max_by_key(|opinion| strictness(opinion.say)),
            Err(problem) => Some(unreadable(&problem)),
        };
        let (say, by) = strictest.map_or_else(
            || (Say::Allow, "there is no command in it".to_owned()),
            |opinion| (opinion.say, opinion.by),
        );
        TestOutcome {
            test,
            found: match say {
                Say::Allow | Say::Always => "allow",
                Say::Ask => "ask",
                Say::Deny => "deny",
            },
            by,
        }
    }

    fn verdict_on_findings(&self, findings: &[Finding], origin: Origin) -> Verdict {
        let measure_of = |finding: &Finding| {
            let id = finding.rule.as_str();
            let is_answered =
                self.session.findings.iter().any(|rule| {
                    rule.id == id && (rule.from.is_empty() || rule.from.contains(&origin))
                });
            let measure = self.policy.measure(id, finding.severity, origin);
            // A denial is no question that could have been answered.
            if is_answered && measure == Measure::Ask {
                Measure::Allow
            } else {
                measure
            }
        };
        let with = |wanted: Measure| -> Vec<&Finding> {
            findings
                .iter()
                .filter(|finding| measure_of(finding) == wanted)
                .collect()
        };
        let denied = with(Measure::Deny);
        if let Some(first) = denied.first() {
            let message = format!(
                "line {}: {} ({}, severity {}); policy.toml denies it in code from {}",
                first.line,
                first.message,
                first.rule,
                rules::word(first.severity),
                whose(origin),
            );
            return Verdict::Deny { message };
        }
        let asked = with(Measure::Ask);
        let Some(worst) = asked.iter().max_by_key(|finding| finding.severity) else {
            return Verdict::Run;
        };
        let mut text = format!("the code is from {}. ", whose(origin));
        for finding in asked.iter().take(MAX_NAMED) {
            let _ = write!(text, "Line {}: {}. ", finding.line, finding.message);
        }
        if asked.len() > MAX_NAMED {
            let _ = write!(text, "And {} more. ", asked.len() - MAX_NAMED);
        }
        text.push_str("Run it?");
        let mut ids: Vec<String> = asked.iter().map(|finding| finding.rule.clone()).collect();
        ids.sort();
        ids.dedup();
        // What was not examined can't be answered for the next time.
        let wider = (!ids.iter().any(|id| id == rules::UNREAD.id)).then(|| {
            Wider {
                is_finding: true,
                names: ids,
                origin,
            }
            .to_string()
        });
        Verdict::Ask(Question {
            text,
            rule: format!("severity {}", rules::word(worst.severity)),
            wider,
        })
    }

    fn verdict_on_script(&self, script: &Script, origin: Origin) -> Verdict {
        let mut opinions = self.opinions(script, origin);
        if let Some(problem) = &script.unread {
            opinions.push(unreadable(problem));
        }
        if let Some(denied) = opinions.iter().find(|opinion| opinion.say == Say::Deny) {
            let mut message = format!("line {}: {} is not run", denied.place.0, denied.command);
            if let Some(reason) = &denied.reason {
                let _ = write!(message, ": {reason}");
            }
            let _ = write!(message, " ({})", denied.by);
            return Verdict::Deny { message };
        }
        let asked: Vec<&Opinion> = opinions
            .iter()
            .filter(|opinion| opinion.say == Say::Ask)
            .collect();
        let Some(first) = asked.first() else {
            return Verdict::Run;
        };
        let mut text = format!("the commands are from {}. ", whose(origin));
        let mut named: Vec<&str> = Vec::new();
        for opinion in &asked {
            if named.contains(&opinion.command.as_str()) {
                continue;
            }
            if named.len() == MAX_NAMED {
                text.push_str("And more. ");
                break;
            }
            named.push(&opinion.command);
            let _ = write!(text, "Line {}: {}", opinion.place.0, opinion.command);
            if let Some(reason) = &opinion.reason {
                let _ = write!(text, " ({reason})");
            }
            text.push_str(". ");
        }
        text.push_str("Run it?");
        let patterns: Option<Vec<String>> =
            asked.iter().map(|opinion| opinion.wider.clone()).collect();
        let wider = patterns.map(|mut names| {
            names.sort();
            names.dedup();
            Wider {
                is_finding: false,
                names,
                origin,
            }
            .to_string()
        });
        Verdict::Ask(Question {
            text,
            rule: first.by.clone(),
            wider,
        })
    }

    fn opinions(&self, script: &Script, origin: Origin) -> Vec<Opinion> {
        script
            .commands
            .iter()
            .map(|command| self.opinion(command, origin))
            .collect()
    }

    fn opinion(&self, command: &Invocation, origin: Origin) -> Opinion {
        let is_for = |rule: &ShellRule| rule.from.is_empty() || rule.from.contains(&origin);
        let words = &command.words;
        let own = || {
            let rules = self.policy.shell.iter().enumerate();
            rules.filter(|(_, rule)| is_for(rule))
        };
        let opinion = |say: Say, by: String, reason: Option<String>| Opinion {
            command: shown(command),
            place: command.place,
            say,
            by,
            reason,
            wider: wider_pattern(command),
        };
        let concerned = |say: Say| {
            own().find(|(_, rule)| rule.say == say && rule.pattern.concerns(words, Unknown::Could))
        };
        if let Some((at, rule)) = concerned(Say::Deny) {
            return opinion(Say::Deny, named(at, rule), because(rule, command));
        }
        let always = own().find(|(_, rule)| rule.say == Say::Always && rule.pattern.covers(words));
        if let Some((at, rule)) = always {
            return opinion(Say::Always, named(at, rule), None);
        }
        let answered = self
            .session
            .shell
            .iter()
            .find(|rule| is_for(rule) && rule.pattern.covers(words));
        if let Some(rule) = answered {
            let by = format!("answered for the session: {:?}", rule.command);
            return opinion(Say::Always, by, None);
        }
        if let Some((at, rule)) = concerned(Say::Ask) {
            return opinion(Say::Ask, named(at, rule), because(rule, command));
        }
        let allowed = own().find(|(_, rule)| rule.say == Say::Allow && rule.pattern.covers(words));
        if let Some((at, rule)) = allowed {
            return opinion(Say::Allow, named(at, rule), None);
        }
        let asked = builtin::RULES
            .iter()
            .find(|rule| rule.say == Say::Ask && rule.pattern.concerns(words, Unknown::Never));
        if let Some(rule) = asked {
            return opinion(Say::Ask, built_in(rule), rule.reason.clone());
        }
        let default = self.policy.default_say(origin);
        let by_default = format!("built-in: commands from {}", whose(origin));
        match &command.kind {
            Kind::Hidden(reason) => {
                // Rules that ask or deny could be got around this way, so it is asked about as
                // soon as there are any.
                let has_rules = own().any(|(_, rule)| matches!(rule.say, Say::Ask | Say::Deny));
                let reads_input = reason.contains("whatever text reaches it");
                if default == Say::Allow && !has_rules && !reads_input {
                    return opinion(Say::Allow, by_default, None);
                }
                let say = if default == Say::Deny {
                    Say::Deny
                } else {
                    Say::Ask
                };
                let by = "built-in: what can't be seen through".to_owned();
                opinion(say, by, Some(reason.clone()))
            }
            Kind::SeenThrough => opinion(
                Say::Allow,
                "built-in: what it runs is judged instead".to_owned(),
                None,
            ),
            Kind::Plain => {
                let harmless = builtin::RULES
                    .iter()
                    .find(|rule| rule.say == Say::Allow && rule.pattern.covers(words));
                if let (Some(rule), true) = (harmless, default != Say::Allow) {
                    return opinion(Say::Allow, built_in(rule), None);
                }
                opinion(default, by_default, None)
            }
            Kind::Write => opinion(default, by_default, None),
        }
    }
}

/// For how much an answer holds: patterns of commands, or rules of the validator.
struct Wider {
    is_finding: bool,
    names: Vec<String>,
    origin: Origin,
}

impl std::fmt::Display for Wider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<String> = self.names.iter().map(|name| format!("`{name}`")).collect();
        let what = if self.is_finding {
            "findings"
        } else {
            "commands"
        };
        write!(f, "{what} {} from {}", names.join(", "), whose(self.origin))
    }
}

impl Wider {
    /// The other way round: the words are what was promised, so they are what is kept.
    fn parse(text: &str) -> Option<Self> {
        let (what, rest) = text.split_once(' ')?;
        let is_finding = match what {
            "findings" => true,
            "commands" => false,
            _ => return None,
        };
        let mut parts = rest.split('`');
        let (mut names, mut end) = (Vec::new(), "");
        parts.next();
        while let Some(name) = parts.next() {
            names.push(name.to_owned());
            end = parts.next()?;
        }
        let (origin, _) = *ORIGINS
            .iter()
            .find(|(origin, _)| end.trim() == format!("from {}", whose(*origin)))?;
        (!names.is_empty()).then_some(Self {
            is_finding,
            names,
            origin,
        })
    }

    fn as_toml(&self) -> String {
        let origin = origin_word(self.origin);
        let mut text = String::new();
        for name in &self.names {
            let name = toml::Value::String(name.clone());
            let (table, key, rule) = if self.is_finding {
                ("finding", "id", "allow")
            } else {
                ("shell", "command", "always")
            };
            let _ = write!(
                text,
                "\n# an answer that was given for good\n[[{table}]]\nrule = \"{rule}\"\n{key} = {name}\nfrom = [\"{origin}\"]\n"
            );
        }
        text
    }
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    let read = file.take(MAX_BYTES + 1).read_to_string(&mut text)?;
    if read as u64 > MAX_BYTES {
        let message = "it is larger than 1 MiB";
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(text)
}

fn parse(path: &Path, text: &str) -> Result<Policy, PolicyError> {
    Policy::parse(text).map_err(|problem| PolicyError::Syntax {
        path: path.to_owned(),
        line: problem.line,
        message: problem.message,
    })
}

/// Whose code it is, in words.
fn whose(origin: Origin) -> &'static str {
    match origin {
        Origin::User => "the user",
        Origin::Model => "a model",
        Origin::Web => "the web",
    }
}

fn from_words(from: &[Origin]) -> String {
    if from.is_empty() {
        return String::new();
    }
    let names: Vec<&str> = from.iter().map(|origin| origin_word(*origin)).collect();
    format!(" (from {})", names.join(", "))
}

fn measure_word(measure: Measure) -> &'static str {
    match measure {
        Measure::Allow => "allow",
        Measure::Warn => "warn",
        Measure::Ask => "ask",
        Measure::Deny => "deny",
    }
}

fn named(at: usize, rule: &ShellRule) -> String {
    format!(
        "policy.toml rule {}: {} {:?}",
        at + 1,
        rule.say.word(),
        rule.command
    )
}

fn built_in(rule: &ShellRule) -> String {
    format!("built-in: {} {:?}", rule.say.word(), rule.command)
}

/// The reason of a rule; of a word that is not known, that it could be what the rule means.
fn because(rule: &ShellRule, command: &Invocation) -> Option<String> {
    if rule.pattern.concerns(&command.words, Unknown::Never) {
        return rule.reason.clone();
    }
    let could = format!(
        "what it is shows only when it runs, and it could be {:?}",
        rule.command
    );
    Some(
        rule.reason
            .as_ref()
            .map_or(could.clone(), |reason| format!("{could}: {reason}")),
    )
}

fn shown(command: &Invocation) -> String {
    let words: Vec<String> = command.words.iter().map(ToString::to_string).collect();
    let text = words.join(" ");
    let mut short: String = text.chars().take(MAX_SHOWN).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// The pattern of a command and its like: the program, for some the subcommand, and any
/// arguments. None for what shows only when it runs, and for words of more than plain letters.
fn wider_pattern(command: &Invocation) -> Option<String> {
    let is_plain = |text: &&str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "_./+-".contains(c))
    };
    let name = command.words.first()?.text()?;
    match &command.kind {
        // `sh` at the end of a pipe: the words say nothing of what runs.
        Kind::Hidden(reason) if reason.contains("whatever text reaches it") => None,
        // What it does is in files or in its arguments, so the answer is for these words only.
        Kind::Hidden(_) => {
            let words = command
                .words
                .iter()
                .map(|word| word.text().filter(is_plain));
            Some(words.collect::<Option<Vec<&str>>>()?.join(" "))
        }
        Kind::Write => {
            let file = command.words.get(1)?.text().filter(is_plain)?;
            Some(format!("> {file}"))
        }
        Kind::Plain | Kind::SeenThrough => {
            let name = Some(name).filter(is_plain)?;
            if WITH_SUBCOMMANDS.contains(&name) {
                let second = command.words.get(1)?.text().filter(is_plain)?;
                return (!second.starts_with('-')).then(|| format!("{name} {second} ..."));
            }
            Some(format!("{name} ..."))
        }
    }
}

fn unreadable(problem: &str) -> Opinion {
    Opinion {
        command: "the script".to_owned(),
        place: (1, 1),
        say: Say::Ask,
        by: "built-in: what can't be read".to_owned(),
        reason: Some(problem.to_owned()),
        wider: None,
    }
}

fn strictness(say: Say) -> u8 {
    match say {
        Say::Allow | Say::Always => 0,
        Say::Ask => 1,
        Say::Deny => 2,
    }
}

/// The stricter of two verdicts; two questions become one, that is answered for once.
fn stricter(first: Verdict, second: Verdict) -> Verdict {
    match (first, second) {
        (deny @ Verdict::Deny { .. }, _) | (_, deny @ Verdict::Deny { .. }) => deny,
        (Verdict::Ask(first), Verdict::Ask(second)) => Verdict::Ask(Question {
            text: format!(
                "{} {}",
                first.text.trim_end_matches("Run it?").trim_end(),
                second.text
            ),
            rule: format!("{}; {}", first.rule, second.rule),
            wider: None,
        }),
        (verdict, Verdict::Run) | (Verdict::Run, verdict) => verdict,
    }
}
