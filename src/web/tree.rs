//! HTML to a tree that is safe to walk: parsed within a time, and nowhere deep.
//!
//! A parser that does what the standard says needs quadratic time for some pages (many open
//! elements, many attributes), so it gets the page in pieces and a look at the clock between them.

use std::time::{Duration, Instant};

use dom_query::{Document, NodeRef};
use html5ever::tendril::{StrTendril, TendrilSink as _};
use html5ever::tree_builder::TreeBuilderOpts;
use html5ever::{ParseOpts, parse_document};

const MAX_TIME: Duration = Duration::from_secs(2);
const PIECE_BYTES: usize = 4 << 10;
/// Deeper elements are replaced by their text: others walk the tree recursively.
const MAX_DEPTH: usize = 200;
/// The same for lists, quotes and tables, as each of them indents what is in it.
const MAX_INDENTS: usize = 16;

/// A page as a tree, and whether it is all there.
pub(super) struct Tree {
    pub document: Document,
    pub is_whole: bool,
}

/// Parses a page, without its scripts and styles.
pub(super) fn parse(html: &str) -> Tree {
    let until = Instant::now() + MAX_TIME;
    let opts = ParseOpts {
        tree_builder: TreeBuilderOpts {
            // What is shown without JavaScript is a part of the page.
            scripting_enabled: false,
            ..TreeBuilderOpts::default()
        },
        ..ParseOpts::default()
    };
    let mut parser = parse_document(Document::default(), opts);
    let mut rest = html;
    while !rest.is_empty() && Instant::now() < until {
        let (piece, after) = rest.split_at(rest.floor_char_boundary(PIECE_BYTES));
        parser.process(StrTendril::from_slice(piece));
        rest = after;
    }
    let document = parser.finish();
    let is_flat = flatten(&document);
    Tree {
        document,
        is_whole: is_flat && rest.is_empty(),
    }
}

/// Takes out what is too deep, and what is no content. Says whether nothing was too deep.
fn flatten(document: &Document) -> bool {
    let mut is_flat = true;
    let mut open: Vec<(NodeRef<'_>, usize, usize)> = vec![(document.root(), 0, 0)];
    while let Some((node, depth, indents)) = open.pop() {
        let name = node.qual_name_ref().map(|name| name.local.clone());
        match name.as_deref() {
            Some("script" | "style" | "template" | "iframe" | "svg" | "math" | "object") => {
                node.remove_from_parent();
                continue;
            }
            _ if node.is_comment() => {
                node.remove_from_parent();
                continue;
            }
            _ => {}
        }
        let indents = match name.as_deref() {
            Some("ul" | "ol" | "blockquote" | "table" | "dl") => indents + 1,
            _ => indents,
        };
        if depth > MAX_DEPTH || indents > MAX_INDENTS {
            if node.is_element() {
                is_flat = false;
                node.set_text(node.text());
            }
            continue;
        }
        open.extend(
            node.children()
                .into_iter()
                .map(|child| (child, depth + 1, indents)),
        );
    }
    is_flat
}
