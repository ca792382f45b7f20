//! Asking the user, through the client: a question of the policy becomes an elicitation.
//!
//! Clients of the protocol up to 2025-11-25 are asked while the call waits. From 2026-07-28 on the
//! call ends with what is to be asked, and comes again with the answer; nothing is kept here
//! meanwhile: the answer names the question by its hash, and the policy asks again.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::time::Duration;

use rmcp::RoleServer;
use rmcp::model::{
    ElicitRequest, ElicitRequestParams, ElicitResult, ElicitationAction, ElicitationSchema,
    InputRequest, InputRequests, InputRequiredResult, InputResponses, ProtocolVersion,
};
use rmcp::service::RequestContext;
use serde_json::{Value, json};

use super::Server;
use crate::builtin;
use crate::protocol::ToolQuestion;
use crate::sanitize::sanitize;
use crate::tool::{Decision, Pending, Scope, Width};

/// A person is given so long.
const PATIENCE: Duration = Duration::from_mins(10);
/// Longer values and previews are cut, and say so: nobody reads more.
const MAX_VALUE_CHARS: usize = 500;
const MAX_PREVIEW_CHARS: usize = 4000;
/// More arguments than these are counted, not shown.
const MAX_FIELDS: usize = 24;

const ONCE: &str = "once";
const SESSION: &str = "session";
const TOOL: &str = "tool";
const NO: &str = "no";

/// What comes of asking.
pub(super) enum Answer {
    /// This was said.
    Given(Decision),
    /// The client asks, and comes again.
    Later(Box<InputRequiredResult>),
    /// Nobody can be asked: what to do about it.
    Nobody(String),
}

impl Server {
    /// Asks about a call.
    pub(super) async fn ask(
        &self,
        pending: &Pending,
        context: &RequestContext<RoleServer>,
        responses: Option<InputResponses>,
    ) -> Answer {
        let can_ask = context.client_capabilities().is_some_and(|can| {
            can.elicitation.is_some_and(|modes| {
                // Without a mode it is the one that was there before there were modes.
                modes.form.is_some() || modes.url.is_none()
            })
        });
        if !can_ask {
            return Answer::Nobody(self.unasked(pending, "this client can't ask for it"));
        }
        let key = key(pending);
        if let Some(response) = responses.and_then(|mut all| all.remove(&key)) {
            let result = serde_json::from_value::<ElicitResult>(response);
            return Answer::Given(result.as_ref().map_or(Decision::Deny, decision));
        }
        let asked = pending.clone();
        let message = self.blocking(move |server| server.question(&asked)).await;
        let Some(request) = message.and_then(request) else {
            return Answer::Nobody(self.unasked(pending, "the question could not be put"));
        };
        let is_stateless = context
            .protocol_version()
            .is_some_and(|version| version >= ProtocolVersion::V_2026_07_28);
        if is_stateless {
            let request = InputRequest::Elicitation(ElicitRequest::new(request));
            let requests = InputRequests::from([(key, request)]);
            let required = InputRequiredResult::from_input_requests(requests);
            return Answer::Later(Box::new(required));
        }
        let asking = context
            .peer
            .create_elicitation_with_timeout(request, Some(PATIENCE));
        let result = tokio::select! {
            result = asking => result,
            () = context.ct.cancelled() => return Answer::Given(Decision::Deny),
        };
        match result {
            Ok(result) => Answer::Given(decision(&result)),
            Err(error) => {
                let why = format!("this client could not ask for it ({error})");
                Answer::Nobody(self.unasked(pending, &why))
            }
        }
    }

    /// The question, for a person: the exact call, what it changes, which rule asks.
    fn question(&self, pending: &Pending) -> String {
        let asked = &pending.question;
        let mut text = exact(asked);
        let call = &pending.call;
        let preview = builtin::preview(
            &self.served.engines,
            &call.name,
            &call.arguments,
            &self.served.place,
        );
        if let Some(preview) = preview {
            text.push_str("\n\nWhat it would change:\n");
            text.push_str(&cut(&preview, MAX_PREVIEW_CHARS));
        }
        let mut text = sanitize(&text).into_owned();
        let why = asked.reason.as_deref().map(|reason| format!(": {reason}"));
        let why = why.unwrap_or_default();
        text.push_str(&sanitize(&format!("\n\nAsked by {}{why}", asked.rule)));
        text
    }

    /// What a model reads when nobody can be asked.
    fn unasked(&self, pending: &Pending, why: &str) -> String {
        let asked = &pending.question;
        format!(
            "{tool} needs the user's permission (asked by {rule}), and {why}. Nothing was done. The \
             user can allow it with these lines in {file}, which hold from the next call on:\n\n\
             [[rule]]\nrule = \"always\"\ntool = \"{tool}\"\nfrom = [\"mcp\"]\n",
            tool = asked.tool,
            rule = asked.rule,
            file = self.served.rules.display(),
        )
    }
}

/// The exact call.
fn exact(asked: &ToolQuestion) -> String {
    let mut text = format!("Allow a call of {}?\n", asked.tool);
    let Some(fields) = asked.fields() else {
        let _ = write!(text, "\n{}", cut(&asked.arguments, MAX_VALUE_CHARS));
        return text;
    };
    for (name, value) in fields.iter().take(MAX_FIELDS) {
        // No line of a value, and no name, looks like another argument.
        let name = cut(name, MAX_VALUE_CHARS).replace('\n', "␊");
        let value = cut(value, MAX_VALUE_CHARS).replace('\n', "\n  │ ");
        let _ = write!(text, "\n{name}: {value}");
    }
    if let Some(more @ 1..) = fields.len().checked_sub(MAX_FIELDS) {
        let _ = write!(text, "\n… and {more} longer arguments that do not fit here");
    }
    text
}

/// The beginning of a text, which says how much is missing.
fn cut(text: &str, most: usize) -> Cow<'_, str> {
    let Some((at, _)) = text.char_indices().nth(most) else {
        return Cow::Borrowed(text);
    };
    let (begin, rest) = text.split_at(at);
    Cow::Owned(format!("{begin}… ({} bytes more)", rest.len()))
}

/// The form: one choice.
fn request(message: String) -> Option<ElicitRequestParams> {
    let about = format!(
        "{ONCE}: this call. {SESSION}: this tool with exactly these arguments, for every client, \
         until this server ends. {TOOL}: this tool with any arguments, for every client, until this \
         server ends. {NO}: not at all."
    );
    let schema = json!({
        "type": "object",
        "properties": {
            "decision": {
                "type": "string",
                "title": "Decision",
                "description": about,
                "enum": [ONCE, SESSION, TOOL, NO],
                "default": NO,
            },
        },
        "required": ["decision"],
    });
    let Value::Object(schema) = schema else {
        return None;
    };
    Some(ElicitRequestParams::FormElicitationParams {
        meta: None,
        message,
        requested_schema: ElicitationSchema::from_json_schema(schema).ok()?,
    })
}

fn decision(result: &ElicitResult) -> Decision {
    if result.action != ElicitationAction::Accept {
        return Decision::Deny;
    }
    let word = result.content.as_ref().map(|content| &content["decision"]);
    let allow = |scope, width| Decision::Allow { scope, width };
    match word.and_then(Value::as_str) {
        Some(ONCE) => allow(Scope::Once, Width::Arguments),
        Some(SESSION) => allow(Scope::Session, Width::Arguments),
        Some(TOOL) => allow(Scope::Session, Width::Tool),
        _ => Decision::Deny,
    }
}

/// The name of a question: another call, another tool of its name or another rule has another one.
fn key(pending: &Pending) -> String {
    let text = serde_json::to_string(pending).unwrap_or_default();
    let hash = blake3::hash(text.as_bytes()).to_hex();
    format!("allow-{}", hash.get(..32).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::CallOrigin;

    #[test]
    fn no_argument_is_hidden_by_a_long_one() {
        let question = ToolQuestion {
            tool: "write_file".parse().expect("a name"),
            origin: CallOrigin::Mcp,
            arguments: json!({
                "content": "harmless\npath: \"notes.txt\"\n".repeat(800),
                "create_folders": true,
                "path": ".git/hooks/pre-commit",
            })
            .to_string(),
            rule: "the default".to_owned(),
            reason: None,
        };
        let text = exact(&question);
        assert!(text.contains("path: \".git/hooks/pre-commit\""), "{text}");
        assert!(text.contains("create_folders: true"), "{text}");
        assert!(text.ends_with("bytes more)"), "{text}");
        assert_eq!(text.matches("\npath: ").count(), 1, "{text}");
        assert!(text.len() < 1000, "{text}");
    }

    #[test]
    fn only_a_word_of_the_form_allows() {
        let accepted = |word: &str| {
            let accept = ElicitResult::new(ElicitationAction::Accept);
            decision(&accept.with_content(json!({ "decision": word })))
        };
        let once = Decision::Allow {
            scope: Scope::Once,
            width: Width::Arguments,
        };
        assert_eq!(accepted(ONCE), once);
        assert_ne!(accepted(TOOL), accepted(SESSION));
        assert_eq!(accepted(NO), Decision::Deny);
        assert_eq!(accepted("yes"), Decision::Deny);
        let declined = ElicitResult::new(ElicitationAction::Decline);
        let declined = declined.with_content(json!({ "decision": ONCE }));
        assert_eq!(decision(&declined), Decision::Deny);
        let empty = ElicitResult::new(ElicitationAction::Accept);
        assert_eq!(decision(&empty), Decision::Deny);
    }

    #[test]
    fn the_form_is_one_that_clients_know() {
        let form = request("Allow it?".to_owned()).expect("a schema of ours");
        let form = serde_json::to_value(form).expect("plain data");
        assert_eq!(form["requestedSchema"]["required"], json!(["decision"]));
        assert_eq!(
            form["requestedSchema"]["properties"]["decision"]["enum"],
            json!([ONCE, SESSION, TOOL, NO])
        );
    }
}
