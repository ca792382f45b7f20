//! `mcp.json`: the servers, in the form that other clients have, too.
//!
//! ```json
//! {
//!   "mcpServers": {
//!     "everything": { "command": "npx", "args": ["-y", "@modelcontextprotocol/server-everything"] },
//!     "search": { "url": "https://example.org/mcp", "headers": { "Authorization": "Bearer ${KEY}" } }
//!   }
//! }
//! ```
//!
//! `${NAME}`, `${env:NAME}` and `${NAME:-otherwise}` are variables of the environment. Keys that
//! other clients have and this one has not are left alone, those that allow calls above all.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use serde::Deserialize;
use serde_json::Value;

use crate::mcp::McpError;
use crate::protocol::ToolName;
use crate::sanitize::sanitize;

/// A larger file is not read.
const MAX_BYTES: u64 = 1 << 20;
/// Most servers in a file.
const MAX_SERVERS: usize = 64;

/// A server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ServerConfig {
    /// The namespace of its tools.
    pub name: String,
    /// How it is reached.
    pub transport: Transport,
}

/// How a server is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// A program that is started: frames on its standard input and output.
    Stdio {
        /// The program.
        command: String,
        /// Its arguments.
        args: Vec<String>,
        /// Beside the few variables that every server gets.
        env: BTreeMap<String, String>,
        /// Where it is started.
        cwd: Option<PathBuf>,
    },
    /// Streamable HTTP.
    Http {
        /// The endpoint.
        url: String,
        /// Sent with every request.
        headers: BTreeMap<String, String>,
    },
}

#[derive(Deserialize)]
struct FileText {
    // VS Code's name for it.
    #[serde(rename = "mcpServers", alias = "servers", default)]
    servers: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
struct ServerText {
    #[serde(rename = "type", alias = "transport")]
    kind: Option<String>,
    command: Option<String>,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    cwd: Option<String>,
    #[serde(alias = "serverUrl", alias = "httpUrl")]
    url: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    disabled: bool,
}

/// The servers of a file, and what is wrong with others. A file that is not there has none.
///
/// # Errors
/// If it can't be read, or is no JSON of servers.
pub(super) fn load(path: &Path) -> Result<(Vec<ServerConfig>, Vec<String>), McpError> {
    let failed = |source| McpError::Read {
        path: path.to_owned(),
        source,
    };
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Ok((Vec::new(), Vec::new()));
        }
        Err(error) => return Err(failed(error)),
        Ok(found) if found.len() > MAX_BYTES => {
            return Err(McpError::Config {
                path: path.to_owned(),
                message: format!("it is over {MAX_BYTES} bytes"),
            });
        }
        Ok(_) => {}
    }
    let text = fs::read_to_string(path).map_err(failed)?;
    let of_environment = |name: &str| env::var(name).ok();
    parse(&text, &of_environment).map_err(|message| McpError::Config {
        path: path.to_owned(),
        message,
    })
}

fn parse(
    text: &str,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<(Vec<ServerConfig>, Vec<String>), String> {
    let value: Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
    if !value.is_object() {
        return Err("it is no JSON object".to_owned());
    }
    let file: FileText = serde_json::from_value(value).map_err(|error| error.to_string())?;
    if file.servers.len() > MAX_SERVERS {
        return Err(format!("more than {MAX_SERVERS} servers"));
    }
    let (mut servers, mut problems) = (Vec::new(), Vec::new());
    let mut names = BTreeSet::new();
    for (title, value) in file.servers {
        match server(&title, value, variable) {
            Ok(None) => {}
            Ok(Some(server)) if names.insert(server.name.clone()) => servers.push(server),
            Ok(Some(server)) => problems.push(format!(
                "the server {:?} of mcp.json is not used: another one is called {} already",
                sanitize(&title),
                server.name
            )),
            Err(problem) => problems.push(format!(
                "the server {:?} of mcp.json is not used: {problem}",
                sanitize(&title)
            )),
        }
    }
    Ok((servers, problems))
}

fn server(
    title: &str,
    value: Value,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Option<ServerConfig>, String> {
    let text: ServerText = serde_json::from_value(value).map_err(|error| error.to_string())?;
    if text.disabled {
        return Ok(None);
    }
    let filled = |text: &str| filled(text, variable);
    let all = |texts: BTreeMap<String, String>| -> Result<BTreeMap<String, String>, String> {
        let each = texts
            .into_iter()
            .map(|(key, text)| Ok((key, filled(&text)?)));
        each.collect()
    };
    let kind = text.kind.as_deref().map(str::to_lowercase);
    let transport = match (text.command, text.url, kind.as_deref()) {
        (_, Some(_), Some("sse")) => {
            return Err(
                "it speaks the old HTTP with SSE; companion speaks streamable HTTP, which the \
                 server may have, too, at another address"
                    .to_owned(),
            );
        }
        (Some(_), Some(_), _) => return Err("it has a command and a url: one of them".to_owned()),
        (None, None, _) => return Err("it has neither a command nor a url".to_owned()),
        (Some(command), None, _) => Transport::Stdio {
            command: filled(&command)?,
            args: text
                .args
                .iter()
                .map(|argument| filled(argument))
                .collect::<Result<_, _>>()?,
            env: all(text.env)?,
            cwd: text
                .cwd
                .map(|cwd| filled(&cwd))
                .transpose()?
                .map(PathBuf::from),
        },
        (None, Some(url), _) => Transport::Http {
            url: filled(&url)?,
            headers: all(text.headers)?,
        },
    };
    Ok(Some(ServerConfig {
        name: namespace(title)?,
        transport,
    }))
}

/// The namespace that a server's name becomes: what can't be in it is a dash.
fn namespace(title: &str) -> Result<String, String> {
    let safe = |c: char| {
        if c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.') {
            c
        } else {
            '-'
        }
    };
    let name: String = title
        .trim_start_matches('@')
        .chars()
        .map(safe)
        .take(ToolName::MAX_NAMESPACE_BYTES)
        .collect();
    let sound = format!("{name}/tool").parse::<ToolName>();
    match sound {
        Ok(_) if name.chars().any(|c| c.is_ascii_alphanumeric()) => Ok(name),
        _ => Err("its name has no letters or digits".to_owned()),
    }
}

/// A text with its variables filled in.
fn filled(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        whole.push_str(before);
        let Some((inside, behind)) = after.split_once('}') else {
            return Err(format!("a variable has no end: {:?}", sanitize(text)));
        };
        let (name, otherwise) = match inside.split_once(":-") {
            Some((name, otherwise)) => (name, Some(otherwise.to_owned())),
            None => (inside, None),
        };
        let name = name.strip_prefix("env:").unwrap_or(name);
        let value = variable(name).or(otherwise);
        whole.push_str(
            &value.ok_or_else(|| format!("the variable {:?} is not set", sanitize(name)))?,
        );
        rest = behind;
    }
    whole.push_str(rest);
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Vec<ServerConfig>, Vec<String>) {
        let variable = |name: &str| (name == "KEY").then(|| "secret".to_owned());
        parse(text, &variable).expect("a file")
    }

    #[test]
    fn files_of_other_clients_are_read_as_they_are() {
        let (servers, problems) = parsed(
            r#"{ "mcpServers": {
                "files": { "command": "npx", "args": ["-y", "x", "${KEY}"], "env": { "A": "${B:-c}" },
                           "alwaysAllow": ["read"], "timeout": 60 },
                "@scope/my server": { "type": "http", "url": "https://example.org/mcp",
                                      "headers": { "Authorization": "Bearer ${env:KEY}" } },
                "off": { "command": "x", "disabled": true }
            }, "other": 1 }"#,
        );
        assert_eq!(problems, [""; 0]);
        let [scoped, files] = &servers[..] else {
            panic!("{servers:?}");
        };
        assert_eq!(scoped.name, "scope-my-server");
        assert_eq!(
            scoped.transport,
            Transport::Http {
                url: "https://example.org/mcp".to_owned(),
                headers: [("Authorization".to_owned(), "Bearer secret".to_owned())].into(),
            }
        );
        assert_eq!(
            files.transport,
            Transport::Stdio {
                command: "npx".to_owned(),
                args: ["-y", "x", "secret"].map(str::to_owned).to_vec(),
                env: [("A".to_owned(), "c".to_owned())].into(),
                cwd: None,
            }
        );
        let (servers, _) = parsed(r#"{ "servers": { "a": { "command": "x" } } }"#);
        assert_eq!(servers.len(), 1);
    }

    #[test]
    fn a_server_that_is_wrong_costs_that_one() {
        let (servers, problems) = parsed(
            r#"{ "mcpServers": {
                "ok": { "command": "x" },
                "both": { "command": "x", "url": "y" },
                "none": {},
                "old": { "type": "sse", "url": "http://x" },
                "unset": { "command": "${GONE}" },
                "open": { "command": "${KEY" },
                "…": { "command": "x" },
                "a b": { "command": "x" },
                "a-b": { "command": "x" },
                "text": "x"
            } }"#,
        );
        let names: Vec<_> = servers.iter().map(|server| server.name.as_str()).collect();
        assert_eq!(names, ["a-b", "ok"]);
        assert_eq!(problems.len(), 8, "{problems:#?}");
        for said in [
            "GONE",
            "neither",
            "one of them",
            "streamable HTTP",
            "no end",
            "already",
        ] {
            assert!(
                problems.iter().any(|problem| problem.contains(said)),
                "{said}"
            );
        }
        let nothing = |_: &str| None;
        assert!(parse("[]", &nothing).is_err());
        assert!(parse("{", &nothing).is_err());
        assert_eq!(parse("{}", &nothing), Ok((Vec::new(), Vec::new())));
    }
}
