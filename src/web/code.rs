//! Code in a page: what stands in `pre`, and in which language, by the markup of the usual
//! highlighters: highlight.js, Prism, Shiki, Rouge, Chroma, Pygments, Sphinx, Pandoc, GitHub, Stack
//! Overflow, `SyntaxHighlighter`, google-code-prettify.

use dom_query::{Document, NodeRef};

/// Numbers of lines and buttons, which are no code.
const NO_CODE: &str = "td.gutter, td.linenos, td.rouge-gutter, td.blob-num, td.hljs-ln-numbers, \
    .linenodiv, pre .lineno, pre .linenos, pre .line-numbers-rows, pre .linenumber, \
    pre .react-syntax-highlighter-line-number, pre button, pre .copybutton, pre .copy-button";
/// What a class that names a language begins with.
const PREFIXES: [&str; 6] = [
    "language-",
    "lang-",
    "highlight-source-",
    "highlight-text-",
    "highlight-",
    "source-",
];
/// Classes of highlighters, beside which the bare name of the language stands.
const MARKS: [&str; 6] = [
    "hljs",
    "sourceCode",
    "prettyprint",
    "shiki",
    "chroma",
    "src",
];
/// Classes that look like the name of a language, and are none.
const NO_LANGUAGES: [&str; 14] = [
    "source",
    "notranslate",
    "default",
    "none",
    "numberLines",
    "linenums",
    "line-numbers",
    "highlight",
    "code",
    "block",
    "prettyprinted",
    "copyable",
    "wrap",
    "hljs-copy-wrapper",
];
/// Elements around a `pre` that may name its language.
const LOOKED_AT_AROUND: usize = 3;
const MAX_NAME_BYTES: usize = 32;
const MAX_BLOCKS: usize = 1000;

/// Code in a page.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub(crate) struct CodeBlock {
    /// Its language as the page names it, in lower case.
    pub language: Option<String>,
    /// The code, without what a highlighter adds to it.
    pub code: String,
}

/// The code of a page. The tree is put in order on the way: each `pre` is plain text then, and says
/// its language where a writer of Markdown looks for it.
pub(super) fn code_blocks(document: &Document) -> Vec<CodeBlock> {
    document.select(NO_CODE).remove();
    let mut blocks = Vec::new();
    for pre in document.select("pre").nodes().iter().take(MAX_BLOCKS) {
        let language = language(pre);
        let code = text(pre);
        let code = code.trim_matches('\n').trim_end();
        if code.is_empty() {
            continue;
        }
        pre.set_text(code);
        if let Some(language) = &language {
            pre.set_attr("data-lang", language);
        }
        blocks.push(CodeBlock {
            language,
            code: code.to_owned(),
        });
    }
    blocks
}

/// The text of a `pre`. Some highlighters give each line an element of its own, and break no line.
fn text(pre: &NodeRef<'_>) -> String {
    let mut text = String::new();
    let mut open: Vec<NodeRef<'_>> = pre.children_it(true).collect();
    while let Some(node) = open.pop() {
        if node.is_text() {
            text.push_str(&node.text());
            continue;
        }
        let name = node.node_name().unwrap_or_default();
        let is_line = matches!(&*name, "br" | "li" | "tr" | "div" | "p");
        let is_begun = !text.is_empty() && !text.ends_with('\n');
        if &*name == "br" || (is_line && is_begun) {
            text.push('\n');
        }
        open.extend(node.children_it(true));
    }
    text
}

/// The language of a `pre`, as its `code`, itself or what is around it says.
fn language(pre: &NodeRef<'_>) -> Option<String> {
    let code = pre.children_it(false).find(|node| node.has_name("code"));
    code.iter()
        .chain([pre])
        .find_map(|node| of_attributes(node).or_else(|| of_classes(node)))
        .or_else(|| {
            pre.ancestors_it(Some(LOOKED_AT_AROUND))
                .take_while(|node| !node.has_name("body"))
                .find_map(|node| of_data(&node).or_else(|| of_prefix(&node)))
        })
}

fn of_attributes(node: &NodeRef<'_>) -> Option<String> {
    // `lang` is the language of people everywhere but on GitHub's `pre`.
    let own = node.attr("lang").filter(|_| node.has_name("pre"));
    of_data(node).or_else(|| own.and_then(|name| clean(&name)))
}

fn of_data(node: &NodeRef<'_>) -> Option<String> {
    ["data-lang", "data-language"]
        .iter()
        .find_map(|name| clean(&node.attr(name)?))
}

fn of_classes(node: &NodeRef<'_>) -> Option<String> {
    let class = node.class()?;
    if let Some(found) = of_prefix(node) {
        return Some(found);
    }
    // `brush: js; toolbar: false`
    if let Some((_, rest)) = class.split_once("brush:") {
        return clean(rest.split(';').next()?);
    }
    let mut names = class.split_ascii_whitespace();
    names
        .clone()
        .any(|name| MARKS.contains(&name))
        .then_some(())?;
    names.find_map(|name| clean(name).filter(|_| !MARKS.contains(&name)))
}

fn of_prefix(node: &NodeRef<'_>) -> Option<String> {
    let class = node.class()?;
    class.split_ascii_whitespace().find_map(|name| {
        let rest = PREFIXES
            .iter()
            .find_map(|prefix| name.strip_prefix(prefix))?;
        clean(rest)
    })
}

/// A name as a fence of Markdown can carry it.
fn clean(name: &str) -> Option<String> {
    let name = name.trim().to_ascii_lowercase();
    let is_name = name
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+' | '.' | '#'));
    let is_language = is_name && !NO_LANGUAGES.iter().any(|no| no.eq_ignore_ascii_case(&name));
    (is_language && !name.is_empty() && name.len() <= MAX_NAME_BYTES).then_some(name)
}
