//! `fetch_url` and `web_search`.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;
use url::Url;

use super::Engines;
use super::function::function;
use crate::tool::{Annotations, Content, Tool, ToolError, ToolOutput};
use crate::web::{self, Page, SearchRequest, TimeRange, WebError};

/// Longer text is cut, unless more is asked for.
const MAX_CHARS: u32 = 50_000;

/// It reads what others have put there.
const LOOKS_OUTSIDE: Annotations = Annotations {
    open_world: true,
    ..Annotations::READS
};

/// A page, in which form.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Form {
    /// The article as Markdown, with links.
    #[default]
    Markdown,
    /// The article as plain text.
    Text,
    /// The code blocks of the page alone.
    Code,
    /// The links of the page alone.
    Links,
}

#[derive(Debug, Deserialize, JsonSchema)]
struct FetchUrl {
    /// An http or https URL of a public host.
    url: String,
    /// What is wanted of it.
    #[serde(default)]
    form: Form,
    /// How many characters of text at most: 1 to 1,000,000.
    #[schemars(range(min = 1, max = 1_000_000))]
    #[serde(default = "max_chars")]
    max_chars: u32,
}

fn max_chars() -> u32 {
    MAX_CHARS
}

pub(super) fn fetch_url(engines: &Arc<Engines>) -> Arc<dyn Tool> {
    function(
        engines,
        "fetch_url",
        "Fetches a public web page and gives its article as Markdown or text, its links, or its \
         code blocks with their language. Addresses of this machine and of private networks are \
         refused, at every redirect too.",
        |spec| {
            spec.title = Some("Fetch a page".to_owned());
            spec.tags = vec!["web".to_owned()];
            spec.annotations = LOOKS_OUTSIDE;
            spec.timeout = Some(Duration::from_secs(30));
        },
        |FetchUrl {
             url,
             form,
             max_chars,
         },
         engines,
         context| {
            let is_cancelled = || context.check().is_err();
            let judge = context.clone();
            // Rules about hosts hold for each.
            let may_follow = move |to: &Url| {
                let arguments = json!({ "url": to.as_str(), "form": form, "max_chars": max_chars });
                judge.would_pass(&arguments)
            };
            let fetched = engines
                .fetcher
                .fetch(&url, &is_cancelled, may_follow)
                .map_err(failed)?;
            let page = Page::read(&fetched.url, fetched.content_type.as_deref(), &fetched.body)
                .map_err(failed)?;
            let is_error = fetched.status >= 400;
            let (text, of) = match form {
                Form::Markdown => (page.markdown.clone(), "markdown"),
                Form::Text => (page.text.clone(), "text"),
                Form::Code => (codes(&page), "code"),
                Form::Links => (links(&page), "links"),
            };
            let (text, is_cut) = cut(text, max_chars);
            let (url, status) = (web::shown(&fetched.url), fetched.status);
            let told = match text.trim() {
                "" if is_error => format!("{url} answered with the status {status}, and no page"),
                "" => format!("{url} has nothing of that ({of})"),
                _ if is_error => format!("{url} answered with the status {status}:\n\n{text}"),
                _ => text.clone(),
            };
            let mut value = json!({
                "url": fetched.url.as_str(),
                "status": fetched.status,
                "content_type": fetched.content_type,
                "title": page.title,
                "byline": page.byline,
                "published": page.published,
                "language": page.language,
                "is_whole": page.is_whole && !is_cut,
                "redirects": fetched.hops.len(),
            });
            value[of] = match form {
                Form::Code => json!(page.code),
                Form::Links => json!(page.links),
                Form::Markdown | Form::Text => json!(text),
            };
            Ok(ToolOutput {
                content: vec![Content::Text { text: told }],
                structured: Some(value),
                is_error,
            })
        },
    )
}

/// What is searched for.
#[derive(Debug, Deserialize, JsonSchema)]
struct WebSearch {
    /// The words, up to 400 characters.
    #[schemars(length(min = 1, max = 400))]
    query: String,
    /// How many results: 1 to 20.
    #[schemars(range(min = 1, max = 20))]
    #[serde(default = "count")]
    count: u8,
    /// How old they may be at most.
    time_range: Option<Age>,
}

/// How old a result may be.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Age {
    Day,
    Week,
    Month,
    Year,
}

fn count() -> u8 {
    8
}

pub(super) fn web_search(engines: &Arc<Engines>) -> Arc<dyn Tool> {
    function(
        engines,
        "web_search",
        "Searches the web with the engine of the configuration (SearxNG, Brave or Tavily): titles, \
         URLs and snippets.",
        |spec| {
            spec.title = Some("Search the web".to_owned());
            spec.tags = vec!["web".to_owned()];
            spec.annotations = LOOKS_OUTSIDE;
            spec.timeout = Some(Duration::from_secs(30));
        },
        |arguments: WebSearch, engines, context| {
            let request = SearchRequest {
                query: arguments.query,
                count: arguments.count,
                time_range: arguments.time_range.map(|age| match age {
                    Age::Day => TimeRange::Day,
                    Age::Week => TimeRange::Week,
                    Age::Month => TimeRange::Month,
                    Age::Year => TimeRange::Year,
                }),
            };
            let is_cancelled = || context.check().is_err();
            let results = web::search(engines.search.as_ref(), &request, &is_cancelled);
            let results = results.map_err(failed)?;
            let mut text = String::new();
            for (number, result) in (1..).zip(&results) {
                let _ = writeln!(text, "{number}. {}\n   {}", result.title, result.url);
                if !result.snippet.is_empty() {
                    let _ = writeln!(text, "   {}", result.snippet);
                }
            }
            if results.is_empty() {
                text.push_str("nothing was found\n");
            }
            Ok(ToolOutput {
                content: vec![Content::Text { text }],
                structured: Some(json!({ "results": results })),
                is_error: false,
            })
        },
    )
}

fn codes(page: &Page) -> String {
    let mut text = String::new();
    for block in &page.code {
        let language = block.language.as_deref().unwrap_or_default();
        let _ = writeln!(text, "```{language}\n{}\n```\n", block.code.trim_end());
    }
    text
}

fn links(page: &Page) -> String {
    let mut text = String::new();
    for link in &page.links {
        let _ = writeln!(text, "{}: {}", link.text, link.url);
    }
    text
}

/// At most so many characters, and whether that left something out.
fn cut(mut text: String, max_chars: u32) -> (String, bool) {
    match text.char_indices().nth(max_chars as usize) {
        Some((end, _)) => {
            text.truncate(end);
            (text, true)
        }
        None => (text, false),
    }
}

fn failed(error: WebError) -> ToolError {
    match error {
        WebError::Cancelled => ToolError::Cancelled,
        error if error.is_transient() => ToolError::transient(error.to_string()),
        error => ToolError::failed(error.to_string()),
    }
}
