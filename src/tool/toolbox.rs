//! The one way of a call: registry → schema → policy → rate → cache → run → audit.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde_json::Value;

use super::answers::{Decision, Question, Rules};
use super::audit::{AuditEntry, AuditLog, Durability, Phase};
use super::cache::{CacheKey, Reach, ResultCache};
use super::call::{CacheUse, Called, Finished, Pending, ToolCall};
use super::clock::{Clock, as_ms};
use super::policy::{Asked, Ruling};
use super::rate::RateLimiter;
use super::redact::{redacted, redacted_text};
use super::registry::{Registered, Registry};
use super::run::Runner;
use super::{ToolContext, ToolError};
use crate::protocol::{CallOrigin, Say};

/// Of the name of the last call so much is kept: what was called need not be a tool.
const MAX_NAME_BYTES: usize = 200;

/// All that a call passes.
pub(crate) struct Toolbox {
    /// Which tools there are.
    pub registry: Arc<Registry>,
    rules: Arc<RwLock<Rules>>,
    limiter: RateLimiter,
    cache: ResultCache,
    audit: Option<AuditLog>,
    runner: Runner,
    last: Mutex<Option<LastCall>>,
}

/// What became of a call, whoever made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LastCall {
    /// The tool. Untrusted.
    pub tool: String,
    /// Who called.
    pub origin: CallOrigin,
    /// The rule that decided, if one was asked.
    pub rule: Option<String>,
    /// As the audit log has it: `done`, `denied`, …
    pub outcome: &'static str,
    /// Why it was denied.
    pub reason: Option<String>,
}

impl Toolbox {
    /// A toolbox without tools. Without a log nothing is written down.
    pub fn new(rules: Rules, cache: ResultCache, audit: Option<AuditLog>, clock: Clock) -> Self {
        Self {
            registry: Arc::default(),
            rules: Arc::new(RwLock::new(rules)),
            limiter: RateLimiter::new(clock),
            cache,
            audit,
            runner: Runner::default(),
            last: Mutex::default(),
        }
    }

    /// Calls a tool, and blocks until it is over or a question is to be answered.
    ///
    /// # Errors
    /// Why there is no result. A tool that ran and failed by its own account is a result.
    pub fn call(&self, call: ToolCall, context: &ToolContext) -> Result<Called, ToolError> {
        let warnings = self.renew_rules().into_iter().collect();
        self.pass(call, context, None, warnings)
    }

    /// Goes on with a call that was asked about; keeps the answer if it is for more than once. A
    /// question that is another one by now comes back.
    ///
    /// # Errors
    /// As [`Self::call`].
    pub fn resume(
        &self,
        pending: Pending,
        decision: Decision,
        context: &ToolContext,
    ) -> Result<Called, ToolError> {
        let Pending { call, question, .. } = &pending;
        if decision == Decision::Deny {
            let error = pending.denied("the answer was no");
            self.give_up(&pending, &error, context);
            return Err(error);
        }
        let mut warnings: Vec<_> = self.renew_rules().into_iter().collect();
        // Kept is what was asked, if it is still asked.
        let asks = self.asks(call.clone(), context);
        let asks = asks.inspect_err(|error| self.give_up(&pending, error, context))?;
        if asks == Some((question.clone(), pending.fingerprint.clone())) {
            let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = rules.remember(question, decision, &context.place.project) {
                warnings.push(format!("the answer holds for this call alone: {error}"));
            }
        }
        self.pass(call.clone(), context, Some(&pending), warnings)
    }

    /// Writes down that a question has no answer: nobody waits for it, or nobody can be asked.
    pub fn give_up(&self, pending: &Pending, error: &ToolError, context: &ToolContext) {
        let Pending { call, question, .. } = pending;
        let ended = Ended {
            rule: Some(question.rule.clone()),
            ..Ended::failed(error, Duration::ZERO)
        };
        self.note(&call.name, &call.arguments, context, ended);
    }

    /// What is done with a call, and why, without doing it.
    ///
    /// # Errors
    /// If there is no such tool, or the arguments don't fit.
    pub fn explain(
        &self,
        call: ToolCall,
        context: &ToolContext,
    ) -> Result<(Vec<super::Considered>, Ruling), ToolError> {
        self.renew_rules();
        let is_cancelled = || context.check().is_err();
        let registered = self.registry.get_unless(&call.name, &is_cancelled)?;
        let arguments = validated(&registered, call.arguments)?;
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        Ok(rules.explain(asked(&registered, &arguments, context)))
    }

    /// Takes the policy's file in anew, if somebody has written it: what is denied from now on is denied
    /// from the next call on. Says what is wrong with it.
    fn renew_rules(&self) -> Option<String> {
        let is_stale = || {
            let rules = self.rules.read();
            rules.unwrap_or_else(PoisonError::into_inner).is_stale()
        };
        if !is_stale() {
            return None;
        }
        let mut rules = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        let problem = rules.renew().err()?;
        Some(format!("the rules are those from before: {problem}"))
    }

    fn pass(
        &self,
        call: ToolCall,
        context: &ToolContext,
        answered: Option<&Pending>,
        warnings: Vec<String>,
    ) -> Result<Called, ToolError> {
        let started = Instant::now();
        let mut rule = None;
        let is_cancelled = || context.check().is_err();
        let registered = match self.registry.get_unless(&call.name, &is_cancelled) {
            Ok(registered) => registered,
            Err(error) => {
                let ended = Ended::failed(&error, started.elapsed());
                // What nothing has looked at is not kept.
                self.note(&call.name, &Value::Null, context, ended);
                return Err(error);
            }
        };
        let result = self.checked(&registered, &call, context, answered, &mut rule);
        let result = match result {
            Ok(Gate::Open(arguments)) => self.find(
                &registered,
                &call,
                arguments,
                context,
                rule.clone().unwrap_or_default(),
            ),
            Ok(Gate::Question(question)) => {
                let fingerprint = registered.fingerprint.clone();
                let ended = Ended {
                    rule: Some(question.rule.clone()),
                    outcome: "pending",
                    ..Ended::default()
                };
                self.note(&call.name, &call.arguments, context, ended);
                return Ok(Called::Pending(Pending {
                    call,
                    question,
                    fingerprint,
                }));
            }
            Err(error) => Err(error),
        };
        let took = started.elapsed();
        let ended = match &result {
            Ok(found) => Ended {
                outcome: if found.cached.is_some() {
                    "cached"
                } else {
                    "done"
                },
                ..Ended::default()
            },
            Err(error) => Ended::failed(error, took),
        };
        let is_dangerous = registered.spec().annotations.is_dangerous();
        let durability = if is_dangerous && rule.is_some() {
            Durability::Now
        } else {
            Durability::Soon
        };
        let noted = self.note(
            &call.name,
            &call.arguments,
            context,
            Ended {
                rule: rule.or(ended.rule),
                took,
                durability,
                ..ended
            },
        );
        let mut finished = result?;
        finished.took = took;
        finished.warnings.splice(0..0, warnings);
        finished.warnings.extend(noted);
        Ok(Called::Finished(finished))
    }

    /// Everything before the tool: whether the call is sound and allowed.
    fn checked(
        &self,
        registered: &Arc<Registered>,
        call: &ToolCall,
        context: &ToolContext,
        answered: Option<&Pending>,
        rule: &mut Option<String>,
    ) -> Result<Gate, ToolError> {
        let arguments = validated(registered, call.arguments.clone())?;
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        let asked = asked(registered, &arguments, context);
        let ruling = rules.ruling(asked);
        *rule = Some(ruling.rule.clone());
        let spec = registered.spec();
        match ruling.say {
            Say::Allow | Say::Always => {}
            Say::Deny => {
                return Err(ToolError::Denied {
                    tool: spec.name.to_string(),
                    rule: ruling.rule,
                    reason: ruling
                        .reason
                        .unwrap_or_else(|| "a rule denies it".to_owned()),
                });
            }
            Say::Ask => {
                let question = Rules::question(asked, ruling);
                let is_answered = answered.is_some_and(|pending| {
                    pending.question == question && pending.fingerprint == registered.fingerprint
                });
                if !is_answered {
                    return Ok(Gate::Question(question));
                }
            }
        }
        self.limiter.take(rules.rates(), spec, context.origin)?;
        Ok(Gate::Open(arguments))
    }

    /// The result: a known one, or the tool's.
    fn find(
        &self,
        registered: &Arc<Registered>,
        call: &ToolCall,
        arguments: Value,
        context: &ToolContext,
        rule: String,
    ) -> Result<Finished, ToolError> {
        let spec = registered.spec();
        let finished = |output, cached, attempts| Finished {
            output,
            rule: rule.clone(),
            cached,
            attempts,
            took: Duration::ZERO,
            warnings: Vec::new(),
        };
        let keep = spec.keep.filter(|_| registered.tool.is_pure(&arguments));
        let kept = keep.map(|keep| {
            let (tool, scope) = (&registered.identity, &context.scope);
            let key = CacheKey::of(tool, &arguments, context.origin, scope);
            (keep, key, Reach::of(spec.source))
        });
        if let Some((_, key, reach)) = &kept
            && call.cache == CacheUse::Read
            && let Some((output, tier)) = self.cache.get(key, *reach)
        {
            return Ok(finished(output, Some(tier), 0));
        }
        if spec.annotations.is_dangerous() {
            let begun = Ended {
                phase: Phase::Begun,
                outcome: "begun",
                rule: Some(rule.clone()),
                durability: Durability::Now,
                ..Ended::default()
            };
            if let Some(problem) = self.note(&call.name, &call.arguments, context, begun) {
                // What can't be written down is not done.
                return Err(ToolError::failed(problem));
            }
        }
        let mut context = Cow::Borrowed(context);
        if spec.annotations.open_world {
            let judge = self.judge(registered, &context);
            context = Cow::Owned(context.into_owned().with_judge(judge));
        }
        let (mut output, attempts) = self.runner.run(registered, arguments, &context)?;
        output.bound();
        if let (Some(schema), false) = (&registered.output, output.is_error) {
            let value = output.structured.clone().unwrap_or_default();
            if let Err(violations) = schema.validate(value) {
                let first = violations
                    .first()
                    .map(ToString::to_string)
                    .unwrap_or_default();
                return Err(ToolError::failed(format!(
                    "{} gave back something that does not fit its own output_schema: {first}",
                    spec.name
                )));
            }
        }
        if let Some((keep, key, reach)) = kept {
            self.cache.put(&key, &output, keep, reach);
        }
        Ok(finished(output, None, attempts))
    }

    /// What the rules say to other arguments of a call that runs.
    fn judge(
        &self,
        registered: &Arc<Registered>,
        context: &ToolContext,
    ) -> impl Fn(&Value) -> Result<(), String> + use<> {
        let (rules, registered) = (Arc::clone(&self.rules), Arc::clone(registered));
        let context = ToolContext::new(context.origin, context.place.clone());
        move |arguments| {
            let rules = rules.read().unwrap_or_else(PoisonError::into_inner);
            let ruling = rules.ruling(asked(&registered, arguments, &context));
            match ruling.say {
                Say::Allow | Say::Always => Ok(()),
                Say::Ask => Err(format!("{} asks first: call it with that", ruling.rule)),
                Say::Deny => Err(format!("{} denies it", ruling.rule)),
            }
        }
    }

    /// Writes a line into the log; says what went wrong.
    fn note(
        &self,
        name: &str,
        arguments: &Value,
        context: &ToolContext,
        ended: Ended,
    ) -> Option<String> {
        if ended.phase == Phase::Ended {
            // Redacted when somebody asks: few do, and every call comes by here.
            let end = name.floor_char_boundary(MAX_NAME_BYTES);
            let last = LastCall {
                tool: name.get(..end).unwrap_or_default().to_owned(),
                origin: context.origin,
                rule: ended.rule.clone(),
                outcome: ended.outcome,
                reason: ended.reason.clone(),
            };
            *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
        }
        let audit = self.audit.as_ref()?;
        let entry = AuditEntry {
            tool: redacted_text(name),
            origin: context.origin,
            phase: ended.phase,
            arguments: redacted(arguments),
            rule: ended.rule,
            outcome: ended.outcome.to_owned(),
            message: ended.message,
            duration_ms: as_ms(ended.took),
        };
        let written = audit.append(entry, ended.durability);
        written
            .err()
            .map(|error| format!("the audit log can't be written: {error}"))
    }

    /// What became of the last call.
    pub fn last(&self) -> Option<LastCall> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let last = last.as_ref()?;
        Some(LastCall {
            tool: redacted_text(&last.tool),
            ..last.clone()
        })
    }

    /// The question that a call has now, and of which tool.
    fn asks(
        &self,
        call: ToolCall,
        context: &ToolContext,
    ) -> Result<Option<(Question, String)>, ToolError> {
        let is_cancelled = || context.check().is_err();
        let registered = self.registry.get_unless(&call.name, &is_cancelled)?;
        let arguments = validated(&registered, call.arguments)?;
        let rules = self.rules.read().unwrap_or_else(PoisonError::into_inner);
        let asked = asked(&registered, &arguments, context);
        let ruling = rules.ruling(asked);
        let asks = ruling.say == Say::Ask;
        Ok(asks.then(|| {
            (
                Rules::question(asked, ruling),
                registered.fingerprint.clone(),
            )
        }))
    }
}

/// What comes before a tool.
enum Gate {
    /// The arguments, as the tool gets them.
    Open(Value),
    Question(Question),
}

/// What is written down of the end of a call.
struct Ended {
    phase: Phase,
    rule: Option<String>,
    outcome: &'static str,
    message: Option<String>,
    reason: Option<String>,
    took: Duration,
    durability: Durability,
}

impl Default for Ended {
    fn default() -> Self {
        Self {
            phase: Phase::Ended,
            rule: None,
            outcome: "done",
            message: None,
            reason: None,
            took: Duration::ZERO,
            durability: Durability::Soon,
        }
    }
}

impl Ended {
    fn failed(error: &ToolError, took: Duration) -> Self {
        let message = match error {
            // The values that came may be secrets, and are in no field that says so.
            ToolError::InvalidArguments { violations, .. } => {
                let wrong = violations
                    .iter()
                    .map(|wrong| format!("{} {}", wrong.path, wrong.keyword));
                wrong.collect::<Vec<_>>().join(", ")
            }
            error => error.to_string(),
        };
        let (rule, reason) = match error {
            ToolError::Denied { rule, reason, .. } => (Some(rule.clone()), Some(reason.clone())),
            _ => (None, None),
        };
        Self {
            rule,
            reason,
            outcome: error.kind(),
            message: Some(redacted_text(&message)),
            took,
            ..Self::default()
        }
    }
}

fn asked<'a>(
    registered: &'a Registered,
    arguments: &'a Value,
    context: &'a ToolContext,
) -> Asked<'a> {
    Asked {
        spec: registered.spec(),
        arguments,
        origin: context.origin,
        place: &context.place,
        is_contained: registered.tool.is_contained(arguments),
    }
}

fn validated(registered: &Registered, arguments: Value) -> Result<Value, ToolError> {
    registered
        .input
        .validate(arguments)
        .map_err(|violations| ToolError::InvalidArguments {
            tool: registered.spec().name.to_string(),
            violations,
        })
}
