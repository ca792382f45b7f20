//! Tools as the prompt has them: looked through, called, and why a call may be made.

use std::fmt::Write as _;
use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent};
use serde_json::{Map, Value};

use super::app::{App, AppEffect};
use super::layers::{Layer, Typed, type_into};
use super::prompt::Choice;
use super::view::text;
use super::view::tools::{ToolList, summary};
use crate::builtin::spec_arguments;
use crate::protocol::{CacheUse, CallOrigin, Command, NoticeLevel, Slash, ToolCall, slash};
use crate::sanitize::sanitize;
use crate::session::{Body, CallPhase};
use crate::tool::{Considered, LastCall, Place, Ruling, ToolContext, ToolError, ToolSpec, Toolbox};

/// Anew, though it is known: behind the name of a tool.
const NO_CACHE: &str = "--no-cache";

impl App {
    /// Which tools there are has changed.
    pub fn learn_tools(&mut self, tools: Vec<ToolSpec>) {
        let choices = tools.iter().map(|spec| {
            let arguments = spec_arguments(&spec.input_schema)
                .into_iter()
                .map(|argument| {
                    let must = if argument.is_required {
                        "required: "
                    } else {
                        ""
                    };
                    let about = if argument.about.is_empty() {
                        &argument.kind
                    } else {
                        argument.about
                    };
                    let about = sanitize(about).replace('\n', " ");
                    Choice::new(format!("{}=", argument.name), format!("{must}{about}"))
                });
            let name = Choice::new(spec.name.as_str(), summary(spec));
            (name, arguments.collect())
        });
        self.choices.tools = choices.collect();
        self.tools = tools.into();
        let tools = Arc::clone(&self.tools);
        for layer in &mut self.layers {
            if let Layer::Tools(list) = layer {
                *list = ToolList::new(Arc::clone(&tools), list.query());
            }
        }
    }

    /// `/tools [WORDS]`
    pub fn open_tools(&mut self, query: &str) {
        let list = ToolList::new(Arc::clone(&self.tools), query);
        self.layers.push(Layer::Tools(list));
    }

    /// A key while the tools are looked through; whether they still are.
    pub fn tools_key(&mut self, list: &mut ToolList, key: KeyEvent) -> bool {
        let screen = self.above_status();
        match key.code {
            KeyCode::Up | KeyCode::BackTab => list.move_by(-1),
            KeyCode::Down | KeyCode::Tab => list.move_by(1),
            KeyCode::PageUp => list.scroll_by(screen, -5),
            KeyCode::PageDown => list.scroll_by(screen, 5),
            KeyCode::Enter => {
                let Some(spec) = list.current() else {
                    return true;
                };
                self.prompt.set_text(&call_to_fill_in(spec));
                return false;
            }
            _ => {
                let mut query = list.query().to_owned();
                match type_into(&mut query, key) {
                    Typed::Changed => list.find(query),
                    Typed::Left => return false,
                    Typed::Accepted | Typed::Nothing => {}
                }
            }
        }
        true
    }

    /// `/call NAME [JSON | KEY=VALUE …]`
    pub fn call(&mut self, argument: &str) {
        match parse_call(argument, &self.tools) {
            Ok(call) => self.send(Command::Call {
                call,
                origin: CallOrigin::User,
            }),
            Err(problem) => self.notify(NoticeLevel::Warning, format!("/call: {problem}")),
        }
    }

    /// `/why [NAME [JSON | KEY=VALUE …]]`
    pub fn why(&mut self, argument: &str) {
        if !argument.is_empty() {
            match parse_call(argument, &self.tools) {
                Ok(call) => self.ask(AppEffect::ExplainCall(call)),
                Err(problem) => self.notify(NoticeLevel::Warning, format!("/why: {problem}")),
            }
            return;
        }
        let mut entries = self.transcript.entries().iter().rev();
        let at_work = entries.find_map(|entry| match &entry.body {
            Body::Call(call) => Some(call),
            _ => None,
        });
        let at_work = at_work.and_then(|call| {
            let name = &call.call.name;
            match &call.phase {
                CallPhase::Queued => Some(format!("{name} waits for other calls")),
                CallPhase::Asking => Some(format!("{name} waits for your answer")),
                CallPhase::Running(_) => Some(format!("{name} was let pass, and runs")),
                CallPhase::Done(_) => None,
            }
        });
        match at_work {
            Some(told) => self.notify(NoticeLevel::Info, told),
            None => self.ask(AppEffect::ExplainLast),
        }
    }
}

/// Which rule decided about the last call that ended, be it of the prompt or of a cell.
pub(super) fn why(last: Option<&LastCall>) -> String {
    let Some(last) = last else {
        let usage = slash::spec(Slash::Why).usage;
        return format!("no tool was called yet; /why {usage} tells of a call that is not made");
    };
    let whose = match last.origin {
        CallOrigin::User => String::new(),
        origin => format!(", called by {origin},"),
    };
    let tool = sanitize(&last.tool);
    let rule = last.rule.as_deref().map(sanitize);
    match (last.outcome, rule) {
        ("done" | "cached", Some(rule)) => format!("{tool}{whose} was let pass by {rule}"),
        ("denied", Some(rule)) => {
            let reason = last.reason.as_deref().map(sanitize).unwrap_or_default();
            format!("{tool}{whose} was stopped by {rule}: {reason}")
        }
        ("pending", Some(rule)) => format!("{tool}{whose} waits for an answer, by {rule}"),
        (outcome, Some(rule)) => {
            format!("{tool}{whose} was let pass by {rule}, and ended with {outcome}")
        }
        (outcome, None) => format!("{tool}{whose} ended with {outcome}, and not by a rule"),
    }
}

/// `/call write_file {"path": "", "content": ""}`
fn call_to_fill_in(spec: &ToolSpec) -> String {
    let arguments = spec_arguments(&spec.input_schema);
    let required = arguments.iter().filter(|one| one.is_required);
    let fields: Vec<String> = required
        .map(|argument| format!("{}: {}", Value::from(argument.name), argument.empty))
        .collect();
    if fields.is_empty() {
        format!("/call {}", spec.name)
    } else {
        format!("/call {} {{{}}}", spec.name, fields.join(", "))
    }
}

/// A call as it is typed: a name, and a JSON object, or words like `path=notes.txt`.
fn parse_call(text: &str, tools: &[ToolSpec]) -> Result<ToolCall, String> {
    let (name, rest) = word_of(text.trim());
    if name.is_empty() {
        return Err("it takes the name of a tool; /tools lists them".to_owned());
    }
    let (cache, rest) = match word_of(rest) {
        (NO_CACHE, rest) => (CacheUse::Renew, rest),
        _ => (CacheUse::Read, rest),
    };
    let spec = tools.iter().find(|spec| spec.name.as_str() == name);
    let arguments = if rest.starts_with('{') {
        serde_json::from_str(rest).map_err(|error| {
            format!("the arguments are no JSON: {error}; as in {{\"path\": \"a\"}}, or path=a")
        })?
    } else {
        Value::Object(named_values(rest, spec)?)
    };
    Ok(ToolCall {
        name: name.to_owned(),
        arguments,
        cache,
    })
}

fn word_of(text: &str) -> (&str, &str) {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word, rest.trim_start())
}

/// `a=1 b="two words"` as an object. What the schema wants as text is text; of the rest, what is
/// JSON is that.
fn named_values(text: &str, spec: Option<&ToolSpec>) -> Result<Map<String, Value>, String> {
    let mut fields = Map::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let Some((name, behind)) = rest.split_once('=') else {
            let (word, _) = word_of(rest);
            return Err(format!("{word:?} is neither a JSON object nor NAME=VALUE"));
        };
        if name.is_empty() || name.contains(char::is_whitespace) {
            let (word, _) = word_of(rest);
            return Err(format!("{word:?} is neither a JSON object nor NAME=VALUE"));
        }
        let (value, behind) = value_of(behind)?;
        let kind = spec.map(|spec| &spec.input_schema["properties"][name]["type"]);
        let is_text = kind.is_some_and(|kind| kind == "string" || *kind == texts_or_nothing());
        let value = match value {
            Typing::Quoted(text) => Value::String(text),
            Typing::Bare(text) if is_text => Value::String(text.to_owned()),
            Typing::Bare(text) => {
                serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()))
            }
        };
        if fields.insert(name.to_owned(), value).is_some() {
            return Err(format!("{name} is there twice"));
        }
        rest = behind.trim_start();
    }
    Ok(fields)
}

/// The type of a text that may be left out.
fn texts_or_nothing() -> Value {
    Value::from(vec!["string", "null"])
}

enum Typing<'a> {
    Quoted(String),
    Bare(&'a str),
}

/// A value at the start of a text, and what is behind it.
fn value_of(text: &str) -> Result<(Typing<'_>, &str), String> {
    if text.starts_with('"') {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<String>();
        return match values.next() {
            Some(Ok(value)) => {
                let end = values.byte_offset();
                let rest = text.get(end..).unwrap_or_default();
                Ok((Typing::Quoted(value), rest))
            }
            _ => Err(format!("the quotes of {} have no end", text::fit(text, 30))),
        };
    }
    if let Some(quoted) = text.strip_prefix('\'') {
        let Some((value, rest)) = quoted.split_once('\'') else {
            return Err(format!("the quotes of {} have no end", text::fit(text, 30)));
        };
        return Ok((Typing::Quoted(value.to_owned()), rest));
    }
    // A list or an object may have spaces in it.
    if text.starts_with(['[', '{']) {
        let mut values = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        if let Some(Ok(_)) = values.next() {
            let (value, rest) = text.split_at(values.byte_offset());
            return Ok((Typing::Bare(value), rest));
        }
    }
    let (word, _) = word_of(text);
    let rest = text.get(word.len()..).unwrap_or_default();
    Ok((Typing::Bare(word), rest))
}

/// What would be done with a call, and why, for `/why`; calls nothing.
///
/// # Errors
/// If there is no such tool, or the arguments don't fit.
pub(super) fn explain(
    toolbox: &Toolbox,
    call: &ToolCall,
    place: &Place,
) -> Result<String, ToolError> {
    let mut page = format!("{} {}\n\n", call.name, call.arguments);
    let mut considered_for_user = Vec::new();
    for origin in CallOrigin::ALL {
        let context = ToolContext::new(origin, place.clone());
        let (considered, ruling) = toolbox.explain(call.clone(), &context)?;
        let Ruling { say, rule, reason } = ruling;
        let reason = reason.map(|reason| format!(": {reason}"));
        let _ = writeln!(
            page,
            "{:<8} {}, by {rule}{}",
            origin.word(),
            say.word(),
            reason.unwrap_or_default()
        );
        if origin == CallOrigin::User {
            considered_for_user = considered;
        }
    }
    if considered_for_user.is_empty() {
        page.push_str(
            "\nThere are no rules: tools.toml in the configuration's folder takes them.\n",
        );
        return Ok(page);
    }
    page.push_str("\nRules that were considered for your own call; + are about it:\n\n");
    for Considered {
        rule,
        is_about,
        why,
    } in considered_for_user
    {
        let _ = if is_about {
            writeln!(page, "+ {rule}")
        } else {
            writeln!(page, "- {rule}\n      {why}")
        };
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::tool::Source;

    #[test]
    fn the_last_call_is_told_with_its_rule() {
        let told = |origin, outcome, rule: Option<&str>| {
            why(Some(&LastCall {
                tool: "imagine".to_owned(),
                origin,
                rule: rule.map(ToOwned::to_owned),
                outcome,
                reason: (outcome == "denied").then(|| "the answer was no".to_owned()),
            }))
        };
        assert!(why(None).starts_with("no tool was called yet"));
        assert_eq!(
            told(CallOrigin::User, "done", Some("the default for user")),
            "imagine was let pass by the default for user"
        );
        assert_eq!(
            told(CallOrigin::Sandbox, "denied", Some("line 3: deny imagine")),
            "imagine, called by sandbox, was stopped by line 3: deny imagine: the answer was no"
        );
        assert_eq!(
            told(CallOrigin::User, "timed_out", Some("line 3: allow imagine")),
            "imagine was let pass by line 3: allow imagine, and ended with timed_out"
        );
        assert_eq!(
            told(CallOrigin::Mcp, "invalid_arguments", None),
            "imagine, called by mcp, ended with invalid_arguments, and not by a rule"
        );
    }

    fn tools() -> Vec<ToolSpec> {
        let schema = json!({
            "type": "object",
            "properties": {
                "path": { "type": "string" },
                "glob": { "type": ["string", "null"] },
                "lines": { "type": "integer" }
            },
            "required": ["lines", "path"]
        });
        let spec = ToolSpec::new("read_file", "Reads.", schema, Source::Builtin);
        vec![spec.expect("a name")]
    }

    #[test]
    fn calls_are_typed_as_json_or_as_words() {
        let check = |text: &str, expected: Value| {
            let call = parse_call(text, &tools()).expect(text);
            assert_eq!(
                (call.name.as_str(), call.arguments),
                ("read_file", expected),
                "{text}"
            );
        };
        check("read_file", json!({}));
        check(r#"read_file {"path": "a b"}"#, json!({ "path": "a b" }));
        check(
            "read_file path=12 lines=12",
            json!({ "path": "12", "lines": 12 }),
        );
        check("read_file glob=true", json!({ "glob": "true" }));
        check(
            r#"read_file path="a \"b\"" glob='c d' x=[1, 2] y=z"#,
            json!({ "path": "a \"b\"", "glob": "c d", "x": [1, 2], "y": "z" }),
        );
        check("read_file path=a=b", json!({ "path": "a=b" }));
        check("read_file path=", json!({ "path": "" }));
        let anew = parse_call("read_file --no-cache path=a", &tools()).expect("a call");
        assert_eq!(anew.cache, CacheUse::Renew);
        assert_eq!(anew.arguments, json!({ "path": "a" }));
        for wrong in [
            "",
            "read_file {\"path\"",
            "read_file a",
            "read_file a b=c",
            "read_file =a",
            "read_file path=\"a",
            "read_file path='a",
            "read_file path=a path=b",
        ] {
            assert!(parse_call(wrong, &tools()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_has_to_be_there_is_put_into_the_prompt() {
        let text = call_to_fill_in(&tools()[0]);
        assert_eq!(text, r#"/call read_file {"lines": 0, "path": ""}"#);
        let argument = text.strip_prefix("/call ").expect("a command");
        assert!(parse_call(argument, &tools()).is_ok());
    }
}
