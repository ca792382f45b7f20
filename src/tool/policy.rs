//! What a call may do: rules over tools, origins and arguments.
//!
//! ```toml
//! [default]                 # a call that no rule is about
//! user = "allow"            # allow, ask, deny
//! model = "ask"             # also sandbox, mcp
//!
//! [[rule]]
//! rule = "deny"             # allow, always, ask, deny
//! tool = "write_file"       # or `github/*`, `*/delete_*`; `*` alone is every tool
//! reason = "keys live there"
//! from = ["model"]          # who calls; without it everybody
//! where.path.inside = "/home/me/.ssh"
//!
//! [[rule]]
//! rule = "allow"
//! tool = "fetch_url"
//! where.url.host = ["example.org", "*.example.org"]
//!
//! [[rate]]                  # see `rate`
//! tool = "web_search"
//! calls = 30
//! per = "minute"
//!
//! [[test]]                  # what is to come of a call: run by `companion policy test`
//! tool = "write_file"
//! arguments = { path = "/home/me/.ssh/config", content = "" }
//! from = "model"            # without it the user
//! says = "deny"             # allow, ask, deny
//! ```
//!
//! Conditions under `where` are by argument (a field, or a JSON pointer): `inside`, `outside`
//! (folders), `host`, `max_bytes`, `min_bytes`, `matches` (a regex), `is` (a value); all of them
//! have to hold. A rule may also say `read_only` (what the tool says of itself; a foreign tool's
//! word is not taken), `project` (a folder) and `arguments` (exactly these, as JSON).
//!
//! Of the rules that are about a call the strictest holds: deny, then `always`, ask, allow.
//! `always` is an ask that was answered.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use toml::Spanned;

use super::canonical::canonical;
use super::pattern::ToolPattern;
use super::predicate::{Conditions, Holds, Place, Predicate};
use super::rate::{Rate, RateText};
use super::{Source, ToolSpec};
use crate::protocol::{CallOrigin, Say, ToolName};

/// Most rules in a file.
const MAX_RULES: usize = 5000;

/// What is done with a call, and the rule that says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ruling {
    /// What is done.
    pub say: Say,
    /// Which rule: `line 12: deny write_file`.
    pub rule: String,
    /// Why, if the rule tells.
    pub reason: Option<String>,
}

/// A rule, and whether it is about a call: a line of an explanation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Considered {
    /// Which rule.
    pub rule: String,
    /// Whether it is about the call.
    pub is_about: bool,
    /// If not, what is different.
    pub why: String,
}

/// A call that is looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    /// The tool.
    pub spec: &'a ToolSpec,
    /// What it is called with; as the schema has it.
    pub arguments: &'a Value,
    /// Who calls.
    pub origin: CallOrigin,
    /// From where.
    pub place: &'a Place,
    /// Whether it touches nothing of the user's.
    pub is_contained: bool,
}

/// What is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Its line, from 1.
    pub line: usize,
    /// The key on it.
    pub key: String,
    /// What is wrong.
    pub message: String,
}

#[derive(Clone, Debug)]
struct Rule {
    say: Say,
    tool: ToolPattern,
    from: Vec<CallOrigin>,
    read_only: Option<bool>,
    project: Option<PathBuf>,
    /// Canonical JSON.
    arguments: Option<String>,
    predicates: Vec<Predicate>,
    reason: Option<String>,
    line: usize,
}

/// All that a file says.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    default: BTreeMap<CallOrigin, Say>,
    rules: Vec<Rule>,
    /// How often tools may be called.
    pub rates: Vec<Rate>,
    /// What is to come of some calls.
    pub tests: Vec<CallTest>,
}

/// A call, and what is to come of it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct CallTest {
    /// The tool.
    pub tool: String,
    /// What it would be called with.
    pub arguments: Value,
    /// Who would call.
    pub from: CallOrigin,
    /// What is to be done: allow, ask or deny.
    pub says: Say,
    /// Its line in the file, from 1.
    pub line: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    #[serde(default)]
    default: BTreeMap<CallOrigin, Spanned<Say>>,
    #[serde(default)]
    rule: Vec<RuleText>,
    #[serde(default)]
    rate: Vec<RateText>,
    #[serde(default)]
    test: Vec<TestText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestText {
    tool: Spanned<String>,
    arguments: Option<Value>,
    from: Option<CallOrigin>,
    says: Spanned<Say>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    rule: Say,
    tool: Spanned<String>,
    reason: Option<String>,
    #[serde(default)]
    from: Vec<CallOrigin>,
    read_only: Option<bool>,
    project: Option<PathBuf>,
    arguments: Option<Spanned<String>>,
    #[serde(default, rename = "where")]
    conditions: BTreeMap<String, Spanned<Conditions>>,
}

impl Policy {
    /// Reads the text of a file.
    ///
    /// # Errors
    /// The line and the key that are wrong.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let problem =
            |span: Option<Range<usize>>, message: String| Problem::at(text, span, message);
        let file: FileText = toml::from_str(text)
            .map_err(|error| problem(error.span(), error.message().trim().to_owned()))?;
        if file.rule.len() + file.rate.len() + file.test.len() > MAX_RULES {
            return Err(problem(
                None,
                format!("there are more than {MAX_RULES} rules"),
            ));
        }
        let mut policy = Self::default();
        for (origin, say) in file.default {
            if *say.get_ref() == Say::Always {
                let message = "a default is allow, ask or deny".to_owned();
                return Err(problem(Some(say.span()), message));
            }
            policy.default.insert(origin, say.into_inner());
        }
        for rule in file.rule {
            policy.rules.push(rule.read(text)?);
        }
        for rate in file.rate {
            let span = rate.tool.span();
            policy.rates.push(
                rate.read()
                    .map_err(|message| problem(Some(span), message))?,
            );
        }
        for test in file.test {
            let line = Problem::at(text, Some(test.tool.span()), String::new()).line;
            if *test.says.get_ref() == Say::Always {
                let message = "what comes of a call is allow, ask or deny".to_owned();
                return Err(problem(Some(test.says.span()), message));
            }
            policy.tests.push(CallTest {
                tool: test.tool.into_inner(),
                arguments: test.arguments.unwrap_or_else(|| json!({})),
                from: test.from.unwrap_or(CallOrigin::User),
                says: test.says.into_inner(),
                line,
            });
        }
        Ok(policy)
    }

    /// What it says, a line each.
    pub(super) fn describe(&self) -> Vec<String> {
        let defaults = CallOrigin::ALL.map(|origin| match self.default.get(&origin) {
            Some(say) => format!("default for {origin}: {}", say.word()),
            None if origin == CallOrigin::User => format!("default for {origin}: allow"),
            None => {
                format!("default for {origin}: ask, and allow for what touches nothing of yours")
            }
        });
        let among = |from: &[CallOrigin]| {
            let names: Vec<_> = from.iter().map(|origin| origin.word()).collect();
            if names.is_empty() {
                String::new()
            } else {
                format!(", from {}", names.join(" or "))
            }
        };
        let rules = self.rules.iter().map(|rule| {
            let mut line = rule.name(None) + &among(&rule.from);
            if let Some(read_only) = rule.read_only {
                line += if read_only {
                    ", if it changes nothing"
                } else {
                    ", if it may change something"
                };
            }
            if let Some(project) = &rule.project {
                let _ = write!(line, ", in {}", project.display());
            }
            line
        });
        let rates = self
            .rates
            .iter()
            .map(|rate| format!("rate: {}", rate.words()));
        defaults.into_iter().chain(rules).chain(rates).collect()
    }

    /// Takes the rules of another one, too.
    pub(super) fn extend(&mut self, other: Self) {
        self.rules.extend(other.rules);
    }

    /// What is done with a call; `more` are rules beside those of the file, with what they are
    /// called.
    pub(super) fn ruling(&self, asked: Asked<'_>, more: &Self, of_more: &str) -> Ruling {
        let ours = self.rules.iter().map(|rule| (rule, None));
        let theirs = more.rules.iter().map(|rule| (rule, Some(of_more)));
        let about = ours
            .chain(theirs)
            .filter(|(rule, _)| rule.differs(asked).is_none());
        // The first of the strictest.
        let strictest = about.reduce(|a, b| if b.0.say > a.0.say { b } else { a });
        let Some((rule, whose)) = strictest else {
            return Ruling {
                say: self.default_say(asked),
                rule: match asked {
                    Asked {
                        is_contained: true,
                        origin,
                        ..
                    } if origin != CallOrigin::User && !self.default.contains_key(&origin) => {
                        "the default for what touches nothing of yours".to_owned()
                    }
                    Asked { origin, .. } => format!("the default for {origin}"),
                },
                reason: None,
            };
        };
        Ruling {
            say: rule.say,
            rule: rule.name(whose),
            reason: rule.reason.clone(),
        }
    }

    /// Every rule, and what it makes of a call.
    pub(super) fn considered(&self, asked: Asked<'_>, whose: Option<&str>) -> Vec<Considered> {
        let considered = |rule: &Rule| {
            let differs = rule.differs(asked);
            Considered {
                rule: rule.name(whose),
                is_about: differs.is_none(),
                why: differs.unwrap_or_default(),
            }
        };
        self.rules.iter().map(considered).collect()
    }

    fn default_say(&self, asked: Asked<'_>) -> Say {
        let said = self.default.get(&asked.origin).copied();
        said.unwrap_or(match asked.origin {
            CallOrigin::User => Say::Allow,
            _ if asked.is_contained => Say::Allow,
            CallOrigin::Model | CallOrigin::Sandbox | CallOrigin::Mcp => Say::Ask,
        })
    }
}

impl Problem {
    fn at(text: &str, span: Option<Range<usize>>, message: String) -> Self {
        let start = span.map_or(0, |span| span.start);
        let before = text.get(..start).unwrap_or_default();
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = text.get(line_start..).and_then(|rest| rest.lines().next());
        let key = line
            .unwrap_or_default()
            .split('=')
            .next()
            .unwrap_or_default();
        Self {
            line: before.matches('\n').count() + 1,
            key: key.trim().to_owned(),
            message,
        }
    }
}

impl RuleText {
    fn read(self, text: &str) -> Result<Rule, Problem> {
        let problem = |span: Range<usize>, message: String| Problem::at(text, Some(span), message);
        let span = self.tool.span();
        let line = Problem::at(text, Some(span.clone()), String::new()).line;
        let name = self.tool.into_inner();
        let tool = ToolPattern::parse(&name)
            .map_err(|message| problem(span, format!("tool {name:?}: {message}")))?;
        let mut predicates = Vec::new();
        for (argument, conditions) in self.conditions {
            let span = conditions.span();
            let found = conditions
                .into_inner()
                .on(&argument)
                .map_err(|(key, message)| {
                    problem(span, format!("where.{argument}: {key}: {message}"))
                })?;
            predicates.extend(found);
        }
        let arguments = match self.arguments {
            None => None,
            Some(json) => {
                let span = json.span();
                let value: Value = serde_json::from_str(json.get_ref())
                    .map_err(|error| problem(span, format!("arguments: {error}")))?;
                Some(canonical(&value))
            }
        };
        Ok(Rule {
            say: self.rule,
            tool,
            from: self.from,
            read_only: self.read_only,
            project: self.project,
            arguments,
            predicates,
            reason: self.reason,
            line,
        })
    }
}

impl Rule {
    /// What is different from what the rule is about; `None` if it is about the call.
    fn differs(&self, asked: Asked<'_>) -> Option<String> {
        let Asked {
            spec,
            arguments,
            origin,
            place,
            ..
        } = asked;
        if !self.tool.is_about(&spec.name) {
            return Some(format!("the tool is {}", spec.name));
        }
        if !self.from.is_empty() && !self.from.contains(&origin) {
            return Some(format!("the call comes from {origin}"));
        }
        let is_read_only = spec.annotations.read_only && spec.source != Source::Mcp;
        if self.read_only.is_some_and(|wanted| wanted != is_read_only) {
            return Some(
                if is_read_only {
                    "it only reads"
                } else {
                    "it may write"
                }
                .to_owned(),
            );
        }
        if let Some(project) = &self.project
            && *project != place.project
        {
            return Some(format!("the project is {}", place.project.display()));
        }
        if self
            .arguments
            .as_ref()
            .is_some_and(|wanted| *wanted != canonical(arguments))
        {
            return Some("the arguments are others".to_owned());
        }
        let permits = matches!(self.say, Say::Allow | Say::Always);
        self.predicates
            .iter()
            .find_map(|predicate| match predicate.holds(arguments, place) {
                Holds::Yes => None,
                Holds::Unknown if !permits => None,
                Holds::No => Some(format!("not so: {}", predicate.words())),
                Holds::Unknown => Some(format!("not sure: {}", predicate.words())),
            })
    }

    fn name(&self, whose: Option<&str>) -> String {
        let whose = whose.map_or_else(|| format!("line {}", self.line), str::to_owned);
        let mut name = format!("{whose}: {} {}", self.say.word(), self.tool.as_str());
        if self.arguments.is_some() {
            name.push_str(" with exactly these arguments");
        }
        let conditions: Vec<String> = self.predicates.iter().map(Predicate::words).collect();
        if !conditions.is_empty() {
            name.push_str(" where ");
            name.push_str(&conditions.join(" and "));
        }
        name
    }
}

/// The text of a rule that was answered.
pub(super) fn answered(
    tool: &ToolName,
    origin: CallOrigin,
    arguments: Option<&str>,
    project: Option<&str>,
) -> String {
    #[derive(Serialize)]
    struct Answered<'a> {
        rule: &'static str,
        tool: &'a ToolName,
        from: [CallOrigin; 1],
        arguments: Option<&'a str>,
        project: Option<&'a str>,
    }
    let answered = Answered {
        rule: Say::Always.word(),
        tool,
        from: [origin],
        arguments,
        project,
    };
    let fields = toml::to_string(&answered).expect("names and texts are TOML");
    format!("\n[[rule]]\n{fields}")
}
