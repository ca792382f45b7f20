//! Prompts: what people ask companion's tools for most, in words that models understand.

use rmcp::model::{
    ErrorData, GetPromptResult, JsonObject, ListPromptsResult, Prompt, PromptArgument,
    PromptMessage, Role,
};
use serde_json::Value;

use crate::protocol::Language;

/// Longer arguments are refused.
const MAX_ARGUMENT_BYTES: usize = 1 << 20;

/// A prompt.
struct Spec {
    name: &'static str,
    title: &'static str,
    description: &'static str,
    arguments: &'static [Argument],
    text: fn(&dyn Fn(&str) -> Option<String>) -> String,
}

struct Argument {
    name: &'static str,
    description: &'static str,
    is_required: bool,
}

const PROMPTS: &[Spec] = &[
    Spec {
        name: "run_and_explain",
        title: "Run code and explain it",
        description: "Runs a program in companion's jail and explains what it does and prints.",
        arguments: &[
            Argument {
                name: "code",
                description: "The program",
                is_required: true,
            },
            Argument {
                name: "language",
                description: "python, javascript or shell; python otherwise",
                is_required: false,
            },
        ],
        text: |argument| {
            let code = argument("code").unwrap_or_default();
            let language = argument("language").and_then(|name| name.parse().ok());
            let (tool, fence) = match language.unwrap_or(Language::Python) {
                Language::Python => ("run_python", "python"),
                Language::JavaScript => ("run_javascript", "javascript"),
                Language::Shell => ("run_shell", "sh"),
            };
            format!(
                "Run this program with the tool {tool}. Then explain in a few sentences what it does, \
                 what it printed and why. If it fails, say what is wrong and show a version that \
                 works, which you have run.\n\n{}",
                fenced(fence, &code)
            )
        },
    },
    Spec {
        name: "make_picture",
        title: "Make a picture",
        description: "Makes a picture from words with companion's Stable Diffusion, and improves it \
                      once.",
        arguments: &[
            Argument {
                name: "subject",
                description: "What is to be seen",
                is_required: true,
            },
            Argument {
                name: "style",
                description: "A style preset: watercolor, pixel-art, …",
                is_required: false,
            },
        ],
        text: |argument| {
            let subject = argument("subject").unwrap_or_default();
            let style = match argument("style") {
                Some(style) => format!(" in the style preset {style:?} (the argument style)"),
                None => String::new(),
            };
            format!(
                "Make a picture of the following{style} with the tool imagine. Write a prompt of a \
                 few concrete phrases for it: subject, setting, light, composition. Look at the \
                 result; if something is missing, change the prompt and try once more with the same \
                 seed. Tell the prompt, the seed and the handle of the one you would keep.\n\n{subject}"
            )
        },
    },
    Spec {
        name: "find_in_history",
        title: "Find what I did before",
        description: "Looks through what was typed in companion for something that was done before.",
        arguments: &[Argument {
            name: "topic",
            description: "What it was about",
            is_required: true,
        }],
        text: |argument| {
            let topic = argument("topic").unwrap_or_default();
            format!(
                "Find what I did in companion about the following, with the tool history_search: try \
                 several words that the code may have. Show the best match as it was typed, and say \
                 how to run it again.\n\n{topic}"
            )
        },
    },
];

/// All of them.
pub(super) fn list() -> ListPromptsResult {
    let prompt = |spec: &Spec| {
        let arguments = spec.arguments.iter().map(|argument| {
            PromptArgument::new(argument.name)
                .with_description(argument.description)
                .with_required(argument.is_required)
        });
        Prompt::new(spec.name, Some(spec.description), Some(arguments.collect()))
            .with_title(spec.title)
    };
    ListPromptsResult::with_all_items(PROMPTS.iter().map(prompt).collect())
}

/// A prompt, filled in.
///
/// # Errors
/// If there is no such prompt, or an argument is missing, unknown or no text.
pub(super) fn get(
    name: &str,
    arguments: Option<&JsonObject>,
) -> Result<GetPromptResult, ErrorData> {
    let wrong = |message: String| ErrorData::invalid_params(message, None);
    let Some(spec) = PROMPTS.iter().find(|spec| spec.name == name) else {
        let names: Vec<_> = PROMPTS.iter().map(|spec| spec.name).collect();
        let names = names.join(", ");
        return Err(wrong(format!("there is no such prompt: {names} are there")));
    };
    for (name, value) in arguments.into_iter().flatten() {
        if !spec.arguments.iter().any(|argument| argument.name == name) {
            return Err(wrong(format!(
                "{} takes no argument of that name",
                spec.name
            )));
        }
        match value {
            Value::String(text) if text.len() <= MAX_ARGUMENT_BYTES => {}
            _ => {
                return Err(wrong(format!(
                    "{name} has to be a text of a bounded length"
                )));
            }
        }
    }
    let argument = |name: &str| {
        let value = arguments.and_then(|arguments| arguments.get(name));
        let text = value.and_then(Value::as_str).unwrap_or_default();
        (!text.trim().is_empty()).then(|| text.to_owned())
    };
    let missing = spec
        .arguments
        .iter()
        .find(|wanted| wanted.is_required && argument(wanted.name).is_none());
    if let Some(missing) = missing {
        let message = format!("{} needs the argument {}", spec.name, missing.name);
        return Err(wrong(message));
    }
    let text = (spec.text)(&argument);
    let message = PromptMessage::new_text(Role::User, text);
    Ok(GetPromptResult::new(vec![message]).with_description(spec.description))
}

/// Values for an argument that begin as it does, if they are known here.
pub(super) fn languages(prompt: &str, argument: &str) -> Option<Vec<String>> {
    ((prompt, argument) == ("run_and_explain", "language")).then(|| {
        let names = ["python", "javascript", "shell"];
        names.map(str::to_owned).to_vec()
    })
}

/// Whether the values of an argument are the names of styles.
pub(super) fn is_style(prompt: &str, argument: &str) -> bool {
    (prompt, argument) == ("make_picture", "style")
}

/// Code between fences that it can't end.
fn fenced(language: &str, code: &str) -> String {
    let mut fence = "```".to_owned();
    while code.contains(&fence) {
        fence.push('`');
    }
    format!("{fence}{language}\n{}\n{fence}", code.trim_end())
}

#[cfg(test)]
mod tests {
    use rmcp::model::ContentBlock;
    use serde_json::json;

    use super::*;

    fn text(name: &str, arguments: Value) -> Result<String, String> {
        let arguments = arguments.as_object();
        let result = get(name, arguments).map_err(|error| error.message.into_owned())?;
        match result.messages.first().map(|message| &message.content) {
            Some(ContentBlock::Text(text)) => Ok(text.text.clone()),
            other => Err(format!("{other:?}")),
        }
    }

    #[test]
    fn prompts_are_filled_in_and_wrong_arguments_are_told() {
        let filled = text(
            "run_and_explain",
            json!({ "code": "echo '```'", "language": "sh" }),
        );
        let filled = filled.expect("sound");
        assert!(
            filled.contains("run_shell") && filled.contains("````sh\necho"),
            "{filled}"
        );
        let styled = text(
            "make_picture",
            json!({ "subject": "a fox", "style": "ink" }),
        );
        assert!(styled.expect("sound").contains("\"ink\""));
        for (name, arguments, said) in [
            ("gone", json!({}), "run_and_explain"),
            ("run_and_explain", json!({}), "needs the argument code"),
            (
                "run_and_explain",
                json!({ "code": " " }),
                "needs the argument code",
            ),
            ("make_picture", json!({ "subject": 5 }), "has to be a text"),
            (
                "make_picture",
                json!({ "subject": "x", "size": "y" }),
                "takes no argument",
            ),
        ] {
            let error = text(name, arguments).expect_err("wrong");
            assert!(error.contains(said), "{error}");
        }
    }

    #[test]
    fn every_prompt_is_listed_with_its_arguments() {
        let all = serde_json::to_value(list()).expect("plain data");
        assert_eq!(all["prompts"][0]["name"], "run_and_explain");
        assert_eq!(all["prompts"][0]["arguments"][0]["required"], true);
        assert_eq!(all["prompts"].as_array().map(Vec::len), Some(PROMPTS.len()));
    }
}
