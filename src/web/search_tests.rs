//! The fixtures have the shapes that the engines document.

use url::Url;

use super::error::WebError;
use super::search::{SearchEngine, SearchRequest, SearchResult, TimeRange, search};
use super::server::{Server, response};

const SEARXNG: &str = include_str!("fixtures/searxng.json");
const BRAVE: &str = include_str!("fixtures/brave.json");
const TAVILY: &str = include_str!("fixtures/tavily.json");

fn request() -> SearchRequest {
    SearchRequest {
        query: " rust & \"files\" ".to_owned(),
        count: 3,
        time_range: Some(TimeRange::Week),
    }
}

fn at(server: &Server) -> Url {
    Url::parse(&format!("http://127.0.0.1:{}/", server.port)).expect("a URL")
}

fn ask(engine: &SearchEngine) -> Result<Vec<SearchResult>, WebError> {
    search(Some(engine), &request(), &|| false)
}

fn json(body: &str) -> Server {
    Server::with(response(
        "200 OK",
        "content-type: application/json\r\n",
        body.as_bytes(),
    ))
}

fn engines(server: &Server) -> [SearchEngine; 3] {
    let key = "secret-key".to_owned();
    let base = Some(at(server));
    [
        SearchEngine::Searxng { base: at(server) },
        SearchEngine::Brave {
            base: base.clone(),
            key: key.clone(),
        },
        SearchEngine::Tavily { base, key },
    ]
}

#[test]
fn without_an_engine_it_is_said_what_to_configure() {
    let error = search(None, &request(), &|| false).expect_err("no engine");
    let told = error.to_string();
    for name in ["searxng", "brave", "tavily", "search.engine"] {
        assert!(told.contains(name), "{told}");
    }
}

#[test]
fn searxng_is_asked_and_read() {
    let server = json(SEARXNG);
    let [engine, ..] = engines(&server);
    let found = ask(&engine).expect("results");
    assert_eq!(found.len(), 3, "capped: {found:?}");
    assert_eq!(found[0].title, "std::fs::File - Rust");
    assert_eq!(
        found[0].url,
        "https://doc.rust-lang.org/std/fs/struct.File.html"
    );
    assert_eq!(
        found[0].snippet,
        "An object providing access to an open file on the filesystem."
    );
    assert_eq!(found[0].published, None);
    assert_eq!(found[1].published.as_deref(), Some("2024-05-04T00:00:00"));
    let asked = server.requests();
    let line = asked[0].lines().next().expect("a request");
    assert_eq!(
        line,
        "GET /search?q=rust+%26+%22files%22&format=json&time_range=week HTTP/1.1"
    );
}

#[test]
fn brave_is_asked_and_read() {
    let server = json(BRAVE);
    let [_, engine, _] = engines(&server);
    let found = ask(&engine).expect("results");
    assert_eq!(found.len(), 2);
    assert_eq!(
        found[0].snippet,
        "Reading & writing files in Rust, with examples."
    );
    assert_eq!(found[0].published.as_deref(), Some("2023-09-01T10:00:00"));
    let asked = server.requests()[0].to_lowercase();
    let line = asked.lines().next().expect("a request");
    assert_eq!(
        line,
        "get /web/search?q=rust+%26+%22files%22&count=3&freshness=pw http/1.1"
    );
    assert!(
        asked.contains("x-subscription-token: secret-key\r\n"),
        "{asked}"
    );
}

#[test]
fn tavily_is_asked_and_read() {
    let server = json(TAVILY);
    let [.., engine] = engines(&server);
    let found = ask(&engine).expect("results");
    assert_eq!(found.len(), 2);
    assert_eq!(found[1].title, "Rust by Example: File I/O");
    let asked = server.requests()[0].clone();
    let (head, body) = asked.split_once("\r\n\r\n").expect("a request");
    assert!(head.starts_with("POST /search HTTP/1.1\r\n"), "{head}");
    assert!(
        head.to_lowercase()
            .contains("authorization: bearer secret-key"),
        "{head}"
    );
    let body: serde_json::Value = serde_json::from_str(body).expect("JSON");
    let expected = serde_json::json!({
        "query": "rust & \"files\"", "max_results": 3, "time_range": "week",
    });
    assert_eq!(body, expected);
}

#[test]
fn what_is_no_result_is_left_out() {
    let server = json(
        r#"{"results":[1, {}, {"url":"javascript:x"}, {"url":"file:///x","title":"f"},
            {"url":"https://a.example/","title":"<b>a</b>\u001b[2J","content":7}]}"#,
    );
    let found = ask(&engines(&server)[0]).expect("results");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].title, "a [2J");
    assert_eq!(found[0].snippet, "");
    let server = json(r#"{"type":"search","query":{}}"#);
    assert_eq!(ask(&engines(&server)[1]).expect("no results"), []);
}

#[test]
fn refusals_are_told_and_keep_the_key() {
    let cases = [
        (0, "403 Forbidden", "<html>", "search.formats"),
        (
            1,
            "422 Unprocessable Entity",
            r#"{"type":"ErrorResponse","error":{"code":"SUBSCRIPTION_TOKEN_INVALID","detail":"The provided subscription token is invalid.","status":422}}"#,
            "422: The provided subscription token is invalid.; check the key",
        ),
        (
            2,
            "401 Unauthorized",
            r#"{"detail":{"error":"Unauthorized: missing or invalid API key."}}"#,
            "invalid API key",
        ),
        (2, "429 Too Many Requests", "{}", "try again later"),
        (0, "500 Internal Server Error", "", "status 500"),
        (0, "200 OK", "<html>", "no JSON"),
        (0, "200 OK", "{}", "no results in it"),
        (1, "200 OK", "[]", "no results in it"),
    ];
    for (which, status, body, expected) in cases {
        let server = Server::with(response(status, "", body.as_bytes()));
        let told = ask(&engines(&server)[which]).expect_err(status).to_string();
        assert!(told.contains(expected), "{told}");
        assert!(!told.contains("secret-key"), "{told}");
    }
    let server = json("{}");
    assert!(!format!("{:?}", engines(&server)).contains("secret-key"));
}

#[test]
fn a_key_follows_no_redirect() {
    let elsewhere = json(BRAVE);
    let location = format!("location: {}\r\n", at(&elsewhere));
    let server = Server::with(response("302 Found", &location, b""));
    let told = ask(&engines(&server)[1])
        .expect_err("a redirect")
        .to_string();
    assert!(told.contains("not followed"), "{told}");
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn requests_have_bounds() {
    let server = json(SEARXNG);
    let [engine, ..] = engines(&server);
    let cancel = || false;
    for (query, count) in [
        ("", 3),
        ("  ", 3),
        ("x", 0),
        ("x", 21),
        (&*"x".repeat(401), 3),
    ] {
        let request = SearchRequest {
            query: query.to_owned(),
            count,
            time_range: None,
        };
        let error = search(Some(&engine), &request, &cancel).expect_err(query);
        assert!(matches!(error, WebError::BadSearch { .. }), "{error}");
    }
    let base = Url::parse("ftp://searx.example/").expect("a URL");
    let told = ask(&SearchEngine::Searxng { base })
        .expect_err("no http")
        .to_string();
    assert!(told.contains("https://"), "{told}");
    let key = "a\r\nb".to_owned();
    let base = Some(at(&server));
    let told = ask(&SearchEngine::Brave { base, key })
        .expect_err("no key")
        .to_string();
    assert!(told.contains("check it"), "{told}");
    assert!(server.requests().is_empty());
    let request: SearchRequest = serde_json::from_str(r#"{"query":"x"}"#).expect("a request");
    assert_eq!((request.count, request.time_range), (8, None));
}
