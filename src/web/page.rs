//! A response as something to read: its text, Markdown, links, and code.

use std::collections::HashSet;

use dom_query::Document;
use dom_smoothie::{Config, Readability, TextMode};
use serde::Serialize;
use url::Url;

use super::charset::decode;
pub(crate) use super::code::CodeBlock;
use super::code::code_blocks;
use super::error::WebError;
use super::target::{shortened, shown};
use super::tree::{Tree, parse};
use crate::panics::contain;

/// The longest text, and the longest Markdown: repeated indentation makes more of less.
const MAX_TEXT_BYTES: usize = 4 << 20;
const MAX_LINKS: usize = 1000;
const MAX_LINK_CHARS: usize = 200;
/// Pages with more elements are taken as they are: finding the article takes too long.
const MAX_ELEMENTS: usize = 30_000;
/// Where a body is looked at when nobody says what it is.
const SNIFFED_BYTES: usize = 1024;

/// A page to read. All of it is untrusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Page {
    /// The title.
    pub title: Option<String>,
    /// Who wrote it, as the page says.
    pub byline: Option<String>,
    /// The language of its text, as the page says.
    pub language: Option<String>,
    /// When it was published, as the page says.
    pub published: Option<String>,
    /// The article's text if the page has an article, otherwise all of it.
    pub text: String,
    /// The same as Markdown, with absolute links.
    pub markdown: String,
    /// The links of the whole page.
    pub links: Vec<Link>,
    /// The code of the whole page.
    pub code: Vec<CodeBlock>,
    /// Whether nothing was too long or too deep to be read.
    pub is_whole: bool,
}

/// A link to another page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Link {
    /// What it says.
    pub text: String,
    /// Where it leads, by http or https.
    pub url: String,
}

impl Page {
    /// Reads a response: HTML, JSON, and other text.
    ///
    /// # Errors
    /// If it is no text.
    pub fn read(url: &Url, content_type: Option<&str>, body: &[u8]) -> Result<Self, WebError> {
        let kind = Kind::of(content_type, body).map_err(|media_type| WebError::NotText {
            url: shown(url),
            media_type,
        })?;
        let text = decode(body, content_type);
        match kind {
            Kind::Html => contain(|| of_html(url, &text)).map_err(|reason| WebError::Unreadable {
                url: shown(url),
                reason,
            }),
            Kind::Json => Ok(of_json(text)),
            Kind::Text => Ok(of_text(text)),
        }
    }
}

/// What a body is.
enum Kind {
    Html,
    Json,
    Text,
}

impl Kind {
    /// What the server says; what it looks like if the server says nothing. Otherwise its media
    /// type.
    fn of(content_type: Option<&str>, body: &[u8]) -> Result<Self, String> {
        let media_type = content_type.unwrap_or_default().split(';').next();
        let media_type = media_type.unwrap_or_default().trim().to_ascii_lowercase();
        let beginning = body.get(..SNIFFED_BYTES).unwrap_or(body);
        let is_wide = beginning.starts_with(b"\xff\xfe") || beginning.starts_with(b"\xfe\xff");
        let is_binary = beginning.contains(&0) && !is_wide;
        let (class, subtype) = media_type.split_once('/').unwrap_or(("", ""));
        match (class, subtype) {
            ("text", "html") | ("application", "xhtml+xml") => Ok(Self::Html),
            ("application" | "text", "json") => Ok(Self::Json),
            ("application", other) if other.ends_with("+json") => Ok(Self::Json),
            ("" | "text", _) if is_binary => Err("binary data".to_owned()),
            ("", _) => Ok(if looks_like_html(beginning) {
                Self::Html
            } else {
                Self::Text
            }),
            ("text", _) => Ok(Self::Text),
            (
                "application",
                "xml" | "javascript" | "ecmascript" | "yaml" | "x-yaml" | "toml" | "sql" | "x-sh"
                | "x-ndjson" | "x-python",
            ) => Ok(Self::Text),
            (_, other) if other.ends_with("+xml") => Ok(Self::Text),
            _ => Err(shortened(&media_type, 80)),
        }
    }
}

fn looks_like_html(beginning: &[u8]) -> bool {
    let text = String::from_utf8_lossy(beginning).to_ascii_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    ["<!doctype html", "<html", "<head", "<body"]
        .iter()
        .any(|start| text.starts_with(start))
}

fn of_text(mut text: String) -> Page {
    let is_whole = cut(&mut text);
    Page {
        markdown: text.clone(),
        text,
        is_whole,
        ..Page::default()
    }
}

fn of_json(text: String) -> Page {
    let indented = serde_json::from_str(&text)
        .and_then(|value: serde_json::Value| serde_json::to_string_pretty(&value));
    // What is broken is shown as it came.
    let mut page = of_text(indented.unwrap_or(text));
    page.markdown = format!("```json\n{}\n```", page.text);
    page
}

fn of_html(url: &Url, html: &str) -> Page {
    let Tree { document, is_whole } = parse(html);
    let links = links(&document, url);
    let code = code_blocks(&document);
    let mut page = article(&document, url).unwrap_or_else(|| everything(&document));
    let is_text_whole = cut(&mut page.text);
    let is_markdown_whole = cut(&mut page.markdown);
    Page {
        links,
        code,
        is_whole: is_whole && is_text_whole && is_markdown_whole,
        ..page
    }
}

/// The article of a page that has one.
fn article(document: &Document, url: &Url) -> Option<Page> {
    let config = Config {
        text_mode: TextMode::Markdown,
        disable_json_ld: true,
        max_elements_to_parse: MAX_ELEMENTS,
        ..Config::default()
    };
    let mut readability =
        Readability::with_document(document.clone(), Some(url.as_str()), Some(config)).ok()?;
    if !readability.is_probably_readable() {
        return None;
    }
    let article = readability.parse().ok()?;
    let said = |text: Option<String>| text.filter(|text| !text.trim().is_empty());
    Some(Page {
        title: said(Some(article.title)),
        byline: said(article.byline),
        language: said(article.lang),
        published: said(article.published_time),
        text: Document::from(article.content).formatted_text().to_string(),
        markdown: article.text_content.to_string(),
        ..Page::default()
    })
}

/// A page that is no article: a list, a form, a short note.
fn everything(document: &Document) -> Page {
    let title = document.select_single("title").text();
    let title = title.split_whitespace().collect::<Vec<_>>().join(" ");
    let language = document.html_root().attr("lang");
    let body = document.body().unwrap_or_else(|| document.root());
    Page {
        title: Some(title).filter(|title| !title.is_empty()),
        language: language.map(|language| language.to_string()),
        text: body.formatted_text().to_string(),
        markdown: body.md(None).to_string(),
        ..Page::default()
    }
}

/// The links of a page, each target once. The tree gets absolute URLs on the way, and loses those
/// that are no http.
fn links(document: &Document, url: &Url) -> Vec<Link> {
    let base = document.base_uri().and_then(|base| url.join(&base).ok());
    let base = base.as_ref().unwrap_or(url);
    let absolute = |text: &str| {
        let url = base.join(text.trim()).ok()?;
        matches!(url.scheme(), "http" | "https").then_some(url)
    };
    for image in document.select("img[src]").nodes() {
        match image.attr("src").and_then(|source| absolute(&source)) {
            Some(source) => image.set_attr("src", source.as_str()),
            // Pictures within the page are megabytes of Base64.
            None => image.remove_attr("src"),
        }
    }
    let mut seen = HashSet::new();
    let mut links = Vec::new();
    for anchor in document.select("a[href]").nodes() {
        let Some(mut to) = anchor.attr("href").and_then(|href| absolute(&href)) else {
            anchor.remove_attr("href");
            continue;
        };
        anchor.set_attr("href", to.as_str());
        to.set_fragment(None);
        if to == *url || links.len() >= MAX_LINKS || !seen.insert(to.clone()) {
            continue;
        }
        let text = anchor.text();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        links.push(Link {
            text: shortened(&text, MAX_LINK_CHARS),
            url: to.into(),
        });
    }
    links
}

/// Cuts a text to the cap. Says whether nothing was cut.
fn cut(text: &mut String) -> bool {
    let end = text.floor_char_boundary(MAX_TEXT_BYTES);
    let is_whole = end == text.len();
    text.truncate(end);
    is_whole
}
