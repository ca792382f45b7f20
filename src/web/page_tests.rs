use std::fmt::Write as _;
use std::time::{Duration, Instant};

use url::Url;

use super::page::{CodeBlock, Page};

const ARTICLE: &str = include_str!("fixtures/article.html");

fn url() -> Url {
    Url::parse("https://example.org/blog/post.html?x=1").expect("a URL")
}

fn html(text: &str) -> Page {
    Page::read(&url(), Some("text/html; charset=utf-8"), text.as_bytes()).expect("a page")
}

fn code_of(text: &str) -> Vec<(Option<String>, String)> {
    let blocks = html(text).code;
    blocks
        .into_iter()
        .map(|CodeBlock { language, code }| (language, code))
        .collect()
}

#[test]
fn an_article_is_found_in_its_page() {
    let page = html(ARTICLE);
    assert_eq!(page.title.as_deref(), Some("Reading a file line by line"));
    assert_eq!(page.byline.as_deref(), Some("Ada Example"));
    assert_eq!(page.language.as_deref(), Some("en"));
    assert!(page.is_whole);
    for text in [&page.text, &page.markdown] {
        assert!(text.contains("BufReader"), "{text}");
        for noise in ["Subscribe", "Privacy policy", "tracker", "color: red"] {
            assert!(!text.contains(noise), "{noise} in {text}");
        }
    }
    let fence = "```rust\nuse std::io::BufRead;\n\nfor line in reader.lines() {\n    println!(\"{}\", line?);\n}\n```";
    assert!(page.markdown.contains(fence), "{}", page.markdown);
    assert!(
        page.markdown
            .contains("[the documentation](https://example.org/std/io/)"),
        "{}",
        page.markdown
    );
    assert!(
        page.markdown.contains("## Without allocation"),
        "{}",
        page.markdown
    );
    let urls: Vec<_> = page.links.iter().map(|link| link.url.as_str()).collect();
    assert_eq!(
        urls,
        [
            "https://example.org/",
            "https://example.org/blog/about",
            "https://example.org/std/io/",
            "https://elsewhere.example/x?y=1",
            "https://example.org/privacy",
        ]
    );
    assert_eq!(page.links[2].text, "the documentation");
    let languages: Vec<_> = page
        .code
        .iter()
        .map(|block| block.language.as_deref())
        .collect();
    assert_eq!(languages, [Some("rust"), Some("console"), None]);
}

#[test]
fn a_page_without_an_article_is_taken_whole() {
    let page = html("<title> A  list </title><ul><li><a href='/a'>A</a><li>B</ul>");
    assert_eq!(page.title.as_deref(), Some("A list"));
    assert!(
        page.text.contains('A') && page.text.contains('B'),
        "{}",
        page.text
    );
    assert!(
        page.markdown.contains("[A](https://example.org/a)"),
        "{}",
        page.markdown
    );
    assert_eq!(html("").text, "");
}

#[test]
fn links_are_absolute_and_those_of_http() {
    let page = html(
        "<base href='https://cdn.example/d/'><a href='e'>e</a><a href='javascript:x()'>j</a>\
         <a href='mailto:a@b'>m</a><a href='e#f'>again</a><a href='//o.example'>o</a>\
         <a href=\" \t/s\n \">s</a><img src='data:image/png;base64,AAAA' alt=pic><img src=i.png>",
    );
    let urls: Vec<_> = page.links.iter().map(|link| link.url.as_str()).collect();
    assert_eq!(
        urls,
        [
            "https://cdn.example/d/e",
            "https://o.example/",
            "https://cdn.example/s"
        ]
    );
    for absent in ["javascript", "base64", "mailto"] {
        assert!(!page.markdown.contains(absent), "{}", page.markdown);
    }
    assert!(
        page.markdown.contains("https://cdn.example/d/i.png"),
        "{}",
        page.markdown
    );
}

#[test]
fn the_language_of_code_is_found_in_the_markup_of_highlighters() {
    for (markup, expected) in [
        (
            "<pre><code class='language-rust'>x</code></pre>",
            Some("rust"),
        ),
        (
            "<pre class='language-c++ line-numbers'><code>x</code></pre>",
            Some("c++"),
        ),
        (
            "<pre><code class='hljs python'>x</code></pre>",
            Some("python"),
        ),
        (
            "<pre><code class='hljs language-js'>x</code></pre>",
            Some("js"),
        ),
        (
            "<pre class='lang-py s-code-block'><code class='hljs'>x</code></pre>",
            Some("py"),
        ),
        ("<pre class='prettyprint lang-go'>x</pre>", Some("go")),
        ("<pre class='brush: js; toolbar: false'>x</pre>", Some("js")),
        ("<pre lang='toml'>x</pre>", Some("toml")),
        ("<pre><code data-lang='C#'>x</code></pre>", Some("c#")),
        (
            "<div class='highlight highlight-source-shell'><pre>x</pre></div>",
            Some("shell"),
        ),
        (
            "<div class='highlight-python notranslate'><div class='highlight'><pre>x</pre></div></div>",
            Some("python"),
        ),
        (
            "<div class='highlight-default notranslate'><div class='highlight'><pre>x</pre></div></div>",
            None,
        ),
        (
            "<div class='language-ruby highlighter-rouge'><div class='highlight'><pre class='highlight'><code>x</code></pre></div></div>",
            Some("ruby"),
        ),
        (
            "<div class='highlight'><pre class='chroma'><code class='language-yaml' data-lang='yaml'>x</code></pre></div>",
            Some("yaml"),
        ),
        (
            "<div class='sourceCode'><pre class='sourceCode haskell'><code class='sourceCode haskell'>x</code></pre></div>",
            Some("haskell"),
        ),
        (
            "<pre class='src src-emacs-lisp'>x</pre>",
            Some("src-emacs-lisp"),
        ),
        ("<pre class='wide shiny'>x</pre>", None),
        ("<pre><code class='language-<b>'>x</code></pre>", None),
        ("<pre>x</pre>", None),
    ] {
        let expected = (expected.map(str::to_owned), "x".to_owned());
        assert_eq!(code_of(markup), [expected], "{markup}");
    }
}

#[test]
fn code_is_without_what_highlighters_add() {
    for (markup, expected) in [
        ("<pre>\na\n  b\n\n</pre>", "a\n  b"),
        ("<pre>a<br>b<br/>c</pre>", "a\nb\nc"),
        (
            "<pre><code><span class='line'>a</span>\n<span class='line'>b</span></code></pre>",
            "a\nb",
        ),
        ("<pre><ol><li>a</li><li>b</li></ol></pre>", "a\nb"),
        ("<pre><code><div>a</div><div>b</div></code></pre>", "a\nb"),
        (
            "<pre><span class='lineno'>1 </span>a\n<span class='lineno'>2 </span>b\n</pre>",
            "a\nb",
        ),
        ("<pre><code>a</code><button>Copy</button></pre>", "a"),
        ("<pre>&lt;p&gt; &amp;amp;</pre>", "<p> &amp;"),
        (
            "<table><tr><td class='gutter'><pre>1\n2</pre></td><td class='code'><pre>a\nb</pre></td></tr></table>",
            "a\nb",
        ),
    ] {
        assert_eq!(code_of(markup), [(None, expected.to_owned())], "{markup}");
    }
}

#[test]
fn other_text_is_read_as_it_is() {
    let read = |content_type: Option<&str>, body: &[u8]| Page::read(&url(), content_type, body);
    let text = |content_type, body: &[u8]| read(content_type, body).expect("text").text;
    assert_eq!(text(Some("text/plain"), b"<b>x</b>"), "<b>x</b>");
    assert_eq!(text(Some("text/plain; charset=latin1"), b"\xe9"), "é");
    assert_eq!(
        text(Some("application/json"), b"{\"a\":[1]}"),
        "{\n  \"a\": [\n    1\n  ]\n}"
    );
    assert_eq!(
        text(Some("application/problem+json"), b"broken {"),
        "broken {"
    );
    assert_eq!(text(Some("application/rss+xml"), b"<rss/>"), "<rss/>");
    assert_eq!(text(None, b"plain"), "plain");
    assert_eq!(text(None, b" <!DOCTYPE HTML><p>x</p>"), "x");
    let deep = "[".repeat(100_000);
    assert_eq!(text(Some("application/json"), deep.as_bytes()), deep);
    for (content_type, body, named) in [
        (Some("image/png"), &b"\x89PNG"[..], "image/png"),
        (
            Some("application/octet-stream"),
            b"x",
            "application/octet-stream",
        ),
        (Some("application/pdf"), b"%PDF", "application/pdf"),
        (Some("text/plain"), b"a\0b", "binary data"),
        (None, b"\x7fELF\0", "binary data"),
    ] {
        let told = read(content_type, body).expect_err("no text").to_string();
        assert!(told.contains(named), "{told}");
    }
}

/// Pages that take a parser, or who walks its tree, quadratic time or a deep stack.
fn hostile() -> Vec<(&'static str, String)> {
    let mut attributes = "<p ".to_owned();
    for n in 0..300_000 {
        let _ = write!(attributes, "a{n} ");
    }
    let nested = |tag: &str, count: usize| format!("<{tag}>x").repeat(count);
    let sentence =
        "<p>A sentence of some words, with a comma, and with another one, so that it counts.";
    vec![
        ("a long article", sentence.repeat(20_000)),
        (
            "a deep article",
            (nested("div", 150) + sentence + &"</div>".repeat(150)).repeat(100),
        ),
        ("div", nested("div", 100_000)),
        ("b", nested("b", 100_000)),
        ("font", nested("font color=red", 50_000)),
        ("ul", nested("ul><li", 50_000)),
        ("blockquote", nested("blockquote", 100_000)),
        ("table", nested("table><tr><td", 30_000)),
        (
            "deep and wide",
            nested("div", 50_000) + &"<p>y".repeat(100_000),
        ),
        ("formatting", "<b><i><p>".repeat(20_000)),
        ("anchors", "<a href=x>y".repeat(100_000)),
        ("misnested", "<a><b><table><a>".repeat(10_000)),
        ("attributes", attributes + ">x"),
        (
            "one huge attribute",
            format!("<p title='{}'>x", "y".repeat(4 << 20)),
        ),
        ("unclosed", "<".repeat(1 << 20)),
        ("comments", "<!--".repeat(300_000)),
        ("paragraphs", "<p>word, word ".repeat(100_000)),
        (
            "quotes of lines",
            "<blockquote>".repeat(100) + &"x<br>".repeat(200_000),
        ),
        ("pre", "<pre>".repeat(50_000)),
        ("select", "<select><option>".repeat(50_000)),
        ("templates", "<template>".repeat(50_000)),
        ("entities", "&amp;&lt;&notin;&x".repeat(100_000)),
    ]
}

#[test]
fn hostile_pages_take_bounded_time_and_stack() {
    for (name, text) in hostile() {
        let begun = Instant::now();
        let page = html(&text);
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(20), "{name} took {took:?}");
        assert!(page.markdown.len() <= 4 << 20, "{name}");
    }
}
