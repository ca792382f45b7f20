//! Searching the web with an engine that the user configured: a SearxNG instance, Brave Search or
//! Tavily.
//!
//! Where an engine is, is configuration and no page's say: it may be on this machine, as SearxNG
//! often is. Its redirects are not followed, so that a key goes to its engine and nowhere else.

use std::time::Duration;

use dom_query::Document;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use url::Url;

use super::error::WebError;
use super::exchange::{Ask, apart, read_body};
use super::target::shortened;
use crate::address::{canonical, resolve};

const TIMEOUT: Duration = Duration::from_secs(20);
const MAX_ANSWER_BYTES: u64 = 4 << 20;
const MAX_QUERY_CHARS: usize = 400;
/// What all three engines give at once.
const MAX_COUNT: u8 = 20;
const MAX_SNIPPET_CHARS: usize = 1000;
const MAX_TITLE_CHARS: usize = 300;

/// An engine, where it is, and the key to it. `base` is there for those who reach it by a gateway.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum SearchEngine {
    /// An instance of SearxNG, with `json` among its `search.formats`.
    Searxng {
        /// The instance: `https://searx.example/`.
        base: Url,
    },
    /// Brave Search's Web Search API.
    Brave {
        /// The API, if it is not [`SearchEngine::BRAVE`].
        base: Option<Url>,
        /// The subscription token.
        key: String,
    },
    /// Tavily's Search API.
    Tavily {
        /// The API, if it is not [`SearchEngine::TAVILY`].
        base: Option<Url>,
        /// The API key.
        key: String,
    },
}

impl std::fmt::Debug for SearchEngine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The key is a secret.
        write!(f, "SearchEngine({})", self.title())
    }
}

/// How old a result may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum TimeRange {
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

/// What is searched for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchRequest {
    /// The words: 1 to 400 characters.
    pub query: String,
    /// How many results, at most: 1 to 20.
    #[serde(default = "default_count")]
    pub count: u8,
    /// How old they may be; any age otherwise.
    #[serde(default)]
    pub time_range: Option<TimeRange>,
}

fn default_count() -> u8 {
    8
}

/// A page that was found. Untrusted text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct SearchResult {
    /// The page's title.
    pub title: String,
    /// Where it is, by http or https.
    pub url: String,
    /// What the engine shows of it.
    pub snippet: String,
    /// When it was published, as the engine says.
    pub published: Option<String>,
}

/// Searches, best results first.
///
/// # Errors
/// If no engine is configured, the request is out of bounds, or the engine refuses, keeps silent or
/// answers nonsense; and when it is cancelled.
pub(crate) fn search(
    engine: Option<&SearchEngine>,
    request: &SearchRequest,
    cancel: &dyn Fn() -> bool,
) -> Result<Vec<SearchResult>, WebError> {
    let engine = engine.ok_or(WebError::NoSearchEngine)?;
    request.check()?;
    let call = engine.call(request)?;
    let url = call.url.clone();
    let (status, body) = apart(&url, TIMEOUT, cancel, move |waiting| {
        let host = canonical(call.url.host_str().unwrap_or_default());
        let port = call.url.port_or_known_default().unwrap_or_default();
        let addresses = resolve(&host, port).map_err(|_| WebError::UnknownHost { host })?;
        let mut headers = vec![("accept", "application/json")];
        headers.extend(
            call.headers
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
        );
        let response = Ask {
            url: &call.url,
            addresses,
            headers: &headers,
            body: call.body.as_deref(),
        }
        .send(waiting)?;
        let status = response.status().as_u16();
        let body = read_body(response, &call.url, MAX_ANSWER_BYTES, waiting)?;
        Ok((status, body))
    })?;
    if status != 200 {
        return Err(engine.refusal(status, &body));
    }
    let mut results = engine.results(&body)?;
    results.truncate(usize::from(request.count));
    Ok(results)
}

impl SearchRequest {
    fn check(&self) -> Result<(), WebError> {
        let chars = self.query.trim().chars().count();
        if !(1..=MAX_QUERY_CHARS).contains(&chars) {
            return Err(WebError::BadSearch {
                what: "query",
                allowed: "1 to 400 characters",
                actual: chars.to_string(),
            });
        }
        if !(1..=MAX_COUNT).contains(&self.count) {
            return Err(WebError::BadSearch {
                what: "count",
                allowed: "1 to 20",
                actual: self.count.to_string(),
            });
        }
        Ok(())
    }
}

/// A request to an engine.
struct Call {
    url: Url,
    headers: Vec<(&'static str, String)>,
    body: Option<Vec<u8>>,
}

impl SearchEngine {
    /// Brave's own API.
    pub const BRAVE: &'static str = "https://api.search.brave.com/res/v1/";
    /// Tavily's own API.
    pub const TAVILY: &'static str = "https://api.tavily.com/";

    /// The name that people use.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Searxng { .. } => "SearxNG",
            Self::Brave { .. } => "Brave Search",
            Self::Tavily { .. } => "Tavily",
        }
    }

    fn call(&self, request: &SearchRequest) -> Result<Call, WebError> {
        let query = request.query.trim();
        match self {
            // https://docs.searxng.org/dev/search_api.html
            Self::Searxng { base } => {
                let mut url = self.endpoint(Some(base), "", "search")?;
                url.query_pairs_mut()
                    .append_pair("q", query)
                    .append_pair("format", "json");
                if let Some(range) = request.time_range {
                    url.query_pairs_mut()
                        .append_pair("time_range", range.word());
                }
                Ok(Call {
                    url,
                    headers: Vec::new(),
                    body: None,
                })
            }
            // https://api-dashboard.search.brave.com/app/documentation/web-search/query
            Self::Brave { base, key } => {
                let mut url = self.endpoint(base.as_ref(), Self::BRAVE, "web/search")?;
                url.query_pairs_mut()
                    .append_pair("q", query)
                    .append_pair("count", &request.count.to_string());
                if let Some(range) = request.time_range {
                    let freshness = match range {
                        TimeRange::Day => "pd",
                        TimeRange::Week => "pw",
                        TimeRange::Month => "pm",
                        TimeRange::Year => "py",
                    };
                    url.query_pairs_mut().append_pair("freshness", freshness);
                }
                Ok(Call {
                    url,
                    headers: vec![("x-subscription-token", self.key(key)?)],
                    body: None,
                })
            }
            // https://docs.tavily.com/documentation/api-reference/endpoint/search
            Self::Tavily { base, key } => {
                let mut body = json!({ "query": query, "max_results": request.count });
                if let Some(range) = request.time_range {
                    body["time_range"] = json!(range.word());
                }
                Ok(Call {
                    url: self.endpoint(base.as_ref(), Self::TAVILY, "search")?,
                    headers: vec![
                        ("authorization", format!("Bearer {}", self.key(key)?)),
                        ("content-type", "application/json".to_owned()),
                    ],
                    body: Some(body.to_string().into_bytes()),
                })
            }
        }
    }

    /// A path below the configured or the usual address.
    fn endpoint(&self, base: Option<&Url>, usual: &str, path: &str) -> Result<Url, WebError> {
        let base = base.map_or(usual, Url::as_str);
        Url::parse(&format!("{}/{path}", base.trim_end_matches('/')))
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| self.wrong("its address must begin with https:// or http://"))
    }

    fn key(&self, key: &str) -> Result<String, WebError> {
        let key = key.trim();
        if key.is_empty() || !key.chars().all(|c| c.is_ascii_graphic()) {
            return Err(self.wrong("its key is empty, or holds what no key holds; check it"));
        }
        Ok(key.to_owned())
    }

    fn results(&self, body: &[u8]) -> Result<Vec<SearchResult>, WebError> {
        let answer: Value = serde_json::from_slice(body)
            .map_err(|error| self.wrong(&format!("the answer is no JSON ({error})")))?;
        let (list, snippet, published) = match self {
            Self::Searxng { .. } => ("/results", "content", "publishedDate"),
            Self::Brave { .. } => ("/web/results", "description", "page_age"),
            Self::Tavily { .. } => ("/results", "content", "published_date"),
        };
        match answer.pointer(list).and_then(Value::as_array) {
            Some(found) => Ok(found
                .iter()
                .filter_map(|found| result(found, snippet, published))
                .collect()),
            // Brave leaves out what it has nothing for.
            None if matches!(self, Self::Brave { .. }) && answer["type"] == "search" => {
                Ok(Vec::new())
            }
            None => Err(self.wrong("the answer has no results in it; is it this engine's API?")),
        }
    }

    /// What a status other than 200 means, and what the engine says of it.
    fn refusal(&self, status: u16, body: &[u8]) -> WebError {
        let said = serde_json::from_slice::<Value>(body)
            .ok()
            .and_then(|answer| {
                [
                    "/error/detail",
                    "/detail/error",
                    "/detail",
                    "/error",
                    "/message",
                ]
                .iter()
                .find_map(|path| answer.pointer(path)?.as_str().map(str::to_owned))
            });
        let said = said.map_or_else(String::new, |said| format!(": {}", shortened(&said, 200)));
        let hint = match (self, status) {
            (Self::Searxng { .. }, 403) => "; the instance has to have json in its search.formats",
            (_, 401 | 403 | 422) => "; check the key",
            (_, 429 | 432 | 433) => {
                "; it has had enough for now, or for this plan: try again later"
            }
            (_, 300..=399) => "; it redirects, which is not followed: configure where it is",
            _ => "",
        };
        self.wrong(&format!("status {status}{said}{hint}"))
    }

    fn wrong(&self, reason: &str) -> WebError {
        WebError::Engine {
            engine: self.title(),
            reason: reason.to_owned(),
        }
    }
}

impl TimeRange {
    /// The name that SearxNG and Tavily have for it.
    fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Year => "year",
        }
    }
}

/// One result, if it is one: the rest of an answer is no reason to drop all of it.
fn result(found: &Value, snippet: &str, published: &str) -> Option<SearchResult> {
    let url = Url::parse(found["url"].as_str()?).ok()?;
    if !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    let text = |name: &str, max_chars| {
        let text = plain(found[name].as_str().unwrap_or_default());
        shortened(&text, max_chars)
    };
    Some(SearchResult {
        title: text("title", MAX_TITLE_CHARS),
        url: url.into(),
        snippet: text(snippet, MAX_SNIPPET_CHARS),
        published: found[published].as_str().map(|date| shortened(date, 40)),
    })
}

/// Text on one line. Engines mark what was found with tags, and escape the rest for HTML.
fn plain(text: &str) -> String {
    const MAX_BYTES: usize = 8 << 10;
    let text = &text[..text.floor_char_boundary(MAX_BYTES)];
    let parsed = Document::fragment(text).text();
    parsed.split_whitespace().collect::<Vec<_>>().join(" ")
}
