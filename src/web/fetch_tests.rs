//! Against a server on this machine: names are resolved by a stub, and 127.0.0.1 counts as public.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use url::Url;

use super::error::{Refusal, WebError};
use super::fetch::{FetchLimits, Fetched, Fetcher};
use super::server::{Server, response};
use crate::address::{NoAddress, is_public};

const LIMITS: FetchLimits = FetchLimits {
    max_bytes: 1 << 20,
    timeout: Duration::from_secs(10),
    max_redirects: 3,
};

fn counts_as_public(address: IpAddr) -> bool {
    address == IpAddr::from(Ipv4Addr::LOCALHOST) || is_public(address)
}

/// `*.example` is at 127.0.0.1, `private.example` and the like are where their names say.
fn stub(host: &str, port: u16) -> Result<Vec<SocketAddr>, NoAddress> {
    let at = |addresses: &[&str]| {
        let parse = |text: &&str| SocketAddr::new(text.parse().expect("an address"), port);
        Ok(addresses.iter().map(parse).collect())
    };
    match host {
        "private.example" => at(&["10.0.0.1"]),
        "metadata.example" => at(&["169.254.169.254"]),
        "mapped.example" => at(&["::ffff:192.168.0.1"]),
        "both.example" => at(&["127.0.0.1", "192.168.0.1"]),
        "nowhere.example" => Err(NoAddress::Unknown),
        "empty.example" => Ok(Vec::new()),
        _ => at(&["127.0.0.1"]),
    }
}

fn fetcher(limits: FetchLimits) -> Fetcher {
    Fetcher::with(limits, Arc::new(stub), counts_as_public)
}

fn fetch_from(server: &Server, path: &str) -> Result<Fetched, WebError> {
    let url = format!("http://site.example:{}{path}", server.port);
    fetcher(LIMITS).fetch(&url, &|| false, |_| Ok(()))
}

fn redirect_to(location: &str) -> Vec<u8> {
    response(
        "302 Found",
        &format!("location: {location}\r\n"),
        b"elsewhere",
    )
}

#[test]
fn a_page_comes_whole() {
    let server = Server::with(response(
        "200 OK",
        "content-type: text/html; charset=utf-8\r\n",
        b"<p>hi</p>",
    ));
    let fetched = fetch_from(&server, "/a?b#c").expect("a page");
    assert_eq!(fetched.status, 200);
    assert_eq!(fetched.body, b"<p>hi</p>");
    assert_eq!(
        fetched.content_type.as_deref(),
        Some("text/html; charset=utf-8")
    );
    assert!(fetched.url.as_str().ends_with("/a?b"));
    let request = &server.requests()[0];
    assert!(request.starts_with("GET /a?b HTTP/1.1\r\n"), "{request}");
    let host = format!("host: site.example:{}\r\n", server.port);
    assert!(request.to_lowercase().contains(&host), "{request}");
    assert!(!request.to_lowercase().contains("cookie"));
}

#[test]
fn errors_of_the_server_are_responses() {
    let server = Server::with(response("404 Not Found", "", b"gone"));
    let fetched = fetch_from(&server, "/").expect("a response");
    assert_eq!(
        (fetched.status, fetched.body.as_slice()),
        (404, &b"gone"[..])
    );
}

#[test]
fn nothing_is_sent_to_what_is_not_public() {
    let fetcher = fetcher(LIMITS);
    let cancel = || false;
    for host in [
        "private.example",
        "metadata.example",
        "mapped.example",
        "both.example",
        "127.0.0.1",
        "2130706433",
        "[::1]",
        "localhost",
    ] {
        let url = format!("http://{host}/");
        for error in [
            fetcher.fetch(&url, &cancel, |_| Ok(())).expect_err(host),
            fetcher.dry_run(&url, &cancel).expect_err(host),
        ] {
            assert!(error.is_refusal(), "{host}: {error}");
        }
    }
    for host in ["nowhere.example", "empty.example"] {
        let error = fetcher
            .fetch(&format!("http://{host}/"), &cancel, |_| Ok(()))
            .expect_err(host);
        assert!(matches!(error, WebError::UnknownHost { .. }), "{error}");
    }
}

#[test]
fn what_is_public_is_by_default_the_real_thing() {
    let cancel = || false;
    let fetcher = Fetcher::with(LIMITS, Arc::new(stub), is_public);
    let error = fetcher
        .dry_run("http://site.example/", &cancel)
        .expect_err("loopback");
    let told = error.to_string();
    assert!(
        told.contains("site.example is at 127.0.0.1, which is no public"),
        "{told}"
    );
    let fetcher = Fetcher::new(FetchLimits::default());
    assert!(
        fetcher
            .fetch("http://[::1]:8080/", &cancel, |_| Ok(()))
            .expect_err("loopback")
            .is_refusal()
    );
    let allowed = fetcher
        .dry_run("https://8.8.8.8/x", &cancel)
        .expect("a public address");
    assert_eq!(allowed.addresses, [IpAddr::from([8, 8, 8, 8])]);
}

#[test]
fn a_dry_run_fetches_nothing() {
    let server = Server::with(response("200 OK", "", b""));
    let url = format!("http://site.example:{}/", server.port);
    let allowed = fetcher(LIMITS).dry_run(&url, &|| false).expect("allowed");
    assert_eq!(allowed.url.as_str(), url);
    assert!(server.requests().is_empty());
}

#[test]
fn redirects_are_followed_and_told() {
    let server = Server::start(|request, stream| {
        let answer = match request.split(' ').nth(1) {
            Some("/a") => redirect_to("/b"),
            Some("/b") => redirect_to("c?d#e"),
            _ => response("200 OK", "", b"there"),
        };
        stream.write_all(&answer).expect("sent");
    });
    let fetched = fetch_from(&server, "/a").expect("a page");
    assert_eq!(fetched.body, b"there");
    assert!(fetched.url.as_str().ends_with("/c?d"), "{}", fetched.url);
    let paths: Vec<_> = fetched
        .hops
        .iter()
        .map(|hop| (hop.from.path(), hop.status))
        .collect();
    assert_eq!(paths, [("/a", 302), ("/b", 302)]);
}

#[test]
fn redirects_to_what_is_refused_are_refused() {
    for location in [
        "http://127.0.0.1/",
        "http://127.0.0.1:1/",
        "//[::1]/",
        "http://0x7f.1/",
        "http://private.example/",
        "http://metadata.example/latest",
        "http://localhost:8080/",
        "http://user@site.example/",
        "http://site.example:22/",
        "file:///etc/passwd",
        "gopher://site.example/",
        "http://[",
    ] {
        let server = Server::with(redirect_to(location));
        let error = fetch_from(&server, "/").expect_err(location);
        assert!(
            matches!(error, WebError::RedirectRefused { .. }),
            "{location}: {error}"
        );
        assert_eq!(server.requests().len(), 1);
    }
}

#[test]
fn redirects_to_other_hosts_are_the_callers_to_judge() {
    let server = Server::with(redirect_to("http://evil.example/?d=secret"));
    let url = format!("http://site.example:{}/", server.port);
    let no = |to: &Url| Err(format!("not to {}", to.host_str().unwrap_or_default()));
    let error = fetcher(LIMITS).fetch(&url, &|| false, no);
    let error = error.expect_err("it leads elsewhere").to_string();
    assert!(
        error.contains("redirects to http://evil.example/")
            && error.ends_with("not to evil.example"),
        "{error}"
    );
    assert_eq!(server.requests().len(), 1);
    // Within a host nobody is asked.
    let server = Server::with(redirect_to("/again"));
    let url = format!("http://site.example:{}/", server.port);
    let error = fetcher(LIMITS)
        .fetch(&url, &|| false, no)
        .expect_err("a circle");
    assert!(
        matches!(error, WebError::TooManyRedirects { .. }),
        "{error}"
    );
}

#[test]
fn redirects_in_a_circle_end() {
    let server = Server::with(redirect_to("/again"));
    let error = fetch_from(&server, "/").expect_err("a circle");
    assert!(
        matches!(error, WebError::TooManyRedirects { max: 3, .. }),
        "{error}"
    );
    assert_eq!(server.requests().len(), 4);
}

/// The name is public when it is looked at, and private when it is connected to.
#[test]
fn a_name_that_is_rebound_is_refused() {
    let server = Server::with(redirect_to("/second"));
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let rebinding = move |_: &str, port| {
        let address = match count.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => Ipv4Addr::LOCALHOST,
            _ => Ipv4Addr::new(192, 168, 0, 1),
        };
        Ok(vec![SocketAddr::from((address, port))])
    };
    let fetcher = Fetcher::with(LIMITS, Arc::new(rebinding), counts_as_public);
    let url = format!("http://rebound.example:{}/", server.port);
    let cancel = || false;
    fetcher.dry_run(&url, &cancel).expect("public at first");
    let error = fetcher
        .fetch(&url, &cancel, |_| Ok(()))
        .expect_err("private at the redirect");
    let WebError::RedirectRefused { reason, .. } = error else {
        panic!("{error}");
    };
    assert!(matches!(reason, Refusal::NotPublic { .. }), "{reason}");
    let error = fetcher
        .fetch(&url, &cancel, |_| Ok(()))
        .expect_err("private");
    assert!(matches!(error, WebError::Refused { .. }), "{error}");
    // Once for every connection, and never in between.
    assert_eq!(asked.load(Ordering::Relaxed), 4);
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn a_body_over_the_cap_is_refused() {
    let server = Server::with(response("200 OK", "", &vec![b'x'; (1 << 20) + 1]));
    let error = fetch_from(&server, "/").expect_err("too large");
    assert!(
        matches!(
            error,
            WebError::TooLarge {
                max_bytes: 0x10_0000,
                ..
            }
        ),
        "{error}"
    );
    let server = Server::with(response("200 OK", "", &vec![b'x'; 1 << 20]));
    assert_eq!(
        fetch_from(&server, "/").expect("just fits").body.len(),
        1 << 20
    );
}

#[test]
fn a_body_without_an_end_is_cut_off() {
    let server = Server::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
        while stream.write_all(&[b'x'; 4096]).is_ok() {}
    });
    let error = fetch_from(&server, "/").expect_err("endless");
    assert!(matches!(error, WebError::TooLarge { .. }), "{error}");
}

#[test]
fn a_bomb_is_measured_when_it_is_unpacked() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    for _ in 0..64 {
        gzip.write_all(&zeros).expect("packed");
    }
    let bomb = gzip.finish().expect("packed");
    assert!(bomb.len() < 128 << 10);
    let server = Server::with(response("200 OK", "content-encoding: gzip\r\n", &bomb));
    let error = fetch_from(&server, "/").expect_err("a bomb");
    assert!(matches!(error, WebError::TooLarge { .. }), "{error}");
}

#[test]
fn packed_pages_are_unpacked() {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(b"unpacked").expect("packed");
    let packed = gzip.finish().expect("packed");
    let server = Server::with(response("200 OK", "content-encoding: gzip\r\n", &packed));
    assert_eq!(fetch_from(&server, "/").expect("a page").body, b"unpacked");
    let server = Server::with(response(
        "200 OK",
        "content-encoding: gzip\r\n",
        &packed[..10],
    ));
    let error = fetch_from(&server, "/").expect_err("cut short");
    assert!(matches!(error, WebError::Connection { .. }), "{error}");
}

#[test]
fn what_is_packed_in_another_way_is_not_read() {
    let server = Server::with(response("200 OK", "content-encoding: br\r\n", b"\x0b\x02"));
    let error = fetch_from(&server, "/").expect_err("brotli");
    assert!(error.to_string().contains("packed as br"), "{error}");
}

#[test]
fn a_length_that_is_no_length_helps_nobody() {
    let claims = |length: &str, body: &str| {
        Server::with(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
        ))
    };
    let error = fetch_from(&claims("1000", "short"), "/").expect_err("more was promised");
    assert!(matches!(error, WebError::Connection { .. }), "{error}");
    let error = fetch_from(&claims("99999999999999", "short"), "/").expect_err("more was promised");
    assert!(matches!(error, WebError::Connection { .. }), "{error}");
    let fetched = fetch_from(&claims("2", "short"), "/").expect("what was promised");
    assert_eq!(fetched.body, b"sh");
    for length in ["-1", "x", "18446744073709551616"] {
        // Refused, or read up to the end of the connection: but not hung on, and no panic.
        let _ = fetch_from(&claims(length, "short"), "/");
    }
}

#[test]
fn a_slow_body_runs_out_of_time() {
    let server = Server::start(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n");
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(20));
        }
    });
    let limits = FetchLimits {
        timeout: Duration::from_millis(300),
        ..LIMITS
    };
    let begun = Instant::now();
    let url = format!("http://site.example:{}/", server.port);
    let error = fetcher(limits)
        .fetch(&url, &|| false, |_| Ok(()))
        .expect_err("slow");
    assert!(matches!(error, WebError::TimedOut { .. }), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[test]
fn silence_can_be_cancelled() {
    let server = Server::start(|_, _| std::thread::sleep(Duration::from_secs(20)));
    let url = format!("http://site.example:{}/", server.port);
    let cancel = Arc::new(AtomicBool::new(false));
    let theirs = Arc::clone(&cancel);
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(100));
        theirs.store(true, Ordering::Relaxed);
    });
    let begun = Instant::now();
    let is_cancelled = || cancel.load(Ordering::Relaxed);
    let error = fetcher(LIMITS)
        .fetch(&url, &is_cancelled, |_| Ok(()))
        .expect_err("cancelled");
    assert!(matches!(error, WebError::Cancelled), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(3));
}

#[test]
fn a_resolver_that_keeps_silent_can_be_left() {
    let silent = |_: &str, _| {
        std::thread::sleep(Duration::from_secs(20));
        Err(NoAddress::Unknown)
    };
    let limits = FetchLimits {
        timeout: Duration::from_millis(200),
        ..LIMITS
    };
    let fetcher = Fetcher::with(limits, Arc::new(silent), counts_as_public);
    let cancel = || false;
    for error in [
        fetcher.dry_run("http://slow.example/", &cancel).map(|_| ()),
        fetcher
            .fetch("http://slow.example/", &cancel, |_| Ok(()))
            .map(|_| ()),
    ] {
        assert!(matches!(error, Err(WebError::TimedOut { .. })), "{error:?}");
    }
}

#[test]
fn what_is_no_http_is_said_to_be() {
    for answer in ["", "hello\r\n\r\n", "HTTP/1.1 abc\r\n\r\n"] {
        let error = fetch_from(&Server::with(answer), "/").expect_err("no response");
        assert!(
            matches!(error, WebError::Connection { .. }),
            "{answer:?}: {error}"
        );
    }
    let huge = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(1 << 20));
    let error = fetch_from(&Server::with(huge), "/").expect_err("too long a head");
    assert!(matches!(error, WebError::Connection { .. }), "{error}");
}
