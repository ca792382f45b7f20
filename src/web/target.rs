//! Which URLs may be fetched, as far as they themselves tell. The address is looked at when it is
//! known.
//!
//! The rule for ports: 80, 443, and those from 1024 on, less the ones that the Fetch standard blocks
//! (<https://fetch.spec.whatwg.org/#port-blocking>), where other protocols listen.

use url::{Host, Url};

use super::error::Refusal;
use crate::address::is_public;

const MAX_URL_BYTES: usize = 8 << 10;
/// The blocked ports of the Fetch standard, from 1024 on.
const BLOCKED_PORTS: [u16; 19] = [
    1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669,
    6679, 6697, 10080,
];
/// Ends of names that no public resolver answers for: RFC 6761, 6762, 7686, 8375, 9476, and ICANN's
/// `internal`.
const LOCAL_ENDS: [&str; 9] = [
    "localhost",
    "local",
    "localdomain",
    "internal",
    "home.arpa",
    "lan",
    "onion",
    "alt",
    "test",
];

/// A URL that may be fetched if its host turns out to be public, without its fragment.
///
/// # Errors
/// If it is no such URL.
pub(super) fn target(text: &str) -> Result<Url, Refusal> {
    // Before it is parsed: what a parser strips or repairs has no place here.
    if text.len() > MAX_URL_BYTES {
        return Err(Refusal::TooLong {
            max_bytes: MAX_URL_BYTES,
        });
    }
    let url = Url::parse(text.trim()).map_err(|error| Refusal::NoUrl(error.to_string()))?;
    check(url)
}

/// The same for a URL that has been parsed: where a redirect leads.
///
/// # Errors
/// If it may not be fetched.
pub(super) fn check(mut url: Url) -> Result<Url, Refusal> {
    if !matches!(url.scheme(), "http" | "https") {
        let scheme = url.scheme().to_owned();
        return Err(Refusal::Scheme { scheme });
    }
    if url.as_str().len() > MAX_URL_BYTES {
        return Err(Refusal::TooLong {
            max_bytes: MAX_URL_BYTES,
        });
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(Refusal::Userinfo);
    }
    let port = url.port_or_known_default().unwrap_or_default();
    let is_blocked = BLOCKED_PORTS.contains(&port);
    if !matches!(port, 80 | 443 | 1024..) || is_blocked {
        return Err(Refusal::Port { port });
    }
    // The parser has made addresses of decimal, octal, hexadecimal and full-width numbers.
    let address = match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            if is_local(name) {
                let host = name.to_owned();
                return Err(Refusal::LocalName { host });
            }
            None
        }
        Some(Host::Ipv4(address)) => Some(address.into()),
        Some(Host::Ipv6(address)) => Some(address.into()),
        None => return Err(Refusal::NoUrl("no host".to_owned())),
    };
    if let Some(address) = address.filter(|address| !is_public(*address)) {
        let host = url.host_str().unwrap_or_default().to_owned();
        return Err(Refusal::NotPublic { host, address });
    }
    url.set_fragment(None);
    Ok(url)
}

/// A URL for a message: without its query, which may hold what is secret, and not too long.
pub(crate) fn shown(url: &Url) -> String {
    const MAX_CHARS: usize = 200;
    let mut url = url.clone();
    url.set_query(None);
    url.set_fragment(None);
    // URLs that can't have a name and password in them have none.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    shortened(url.as_str(), MAX_CHARS)
}

/// The beginning of untrusted text, without control characters.
pub(super) fn shortened(text: &str, max_chars: usize) -> String {
    let mut short: String = text.chars().take(max_chars).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short.replace(char::is_control, " ")
}

/// A name without a dot is completed by the search list of the local network.
fn is_local(name: &str) -> bool {
    !name.contains('.')
        || LOCAL_ENDS.iter().any(|end| {
            name.strip_suffix(end)
                .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_urls_are_targets() {
        for (text, expected) in [
            ("https://example.org", "https://example.org/"),
            ("  HTTP://Example.ORG/a?b#c ", "http://example.org/a?b"),
            ("http://example.org:8080/", "http://example.org:8080/"),
            ("https://bücher.example/", "https://xn--bcher-kva.example/"),
            (
                "http://example.org\\@127.0.0.1/",
                "http://example.org/@127.0.0.1/",
            ),
            ("http://8.8.8.8/", "http://8.8.8.8/"),
            (
                "http://[2606:2800:220:1::1]/",
                "http://[2606:2800:220:1::1]/",
            ),
        ] {
            assert_eq!(target(text).expect(text).as_str(), expected);
        }
    }

    #[test]
    fn tricks_are_refused() {
        let loopback = [
            "http://127.0.0.1/",
            "http://127.1/",
            "http://2130706433/",
            "http://0x7f000001/",
            "http://0x7f.0.0.1/",
            "http://017700000001/",
            "http://0177.0.0.01/",
            "http://127.0.0.1./",
            "http://１２７.０.０.１/",
            "http://①②⑦.⓪.⓪.①/",
            "http://127。0。0。1/",
            "http://127%2e0%2e0%2e1/",
            "http://%31%32%37.0.0.1/",
            "http:127.0.0.1",
            "http:/\\127.0.0.1/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://[::127.0.0.1]/",
            "http://[::1]/",
            "http://[0:0:0:0:0:0:0:1]/",
            "http://[2002:7f00:1::]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2001:0:4136:e378:8000:63bf:80ff:fffe]/",
            "http://0/",
            "http://0.0.0.0/",
            "http://[::]/",
            "http://10.0.0.1/",
            "http://169.254.169.254/latest/meta-data/",
            "http://2852039166/",
            "http://[fd00:ec2::254]/",
            "http://168.63.129.16/",
            "http://100.100.100.200/",
            "http://224.0.0.1/",
            "http://localhost/",
            "http://LOCALHOST./",
            "http://ｌｏｃａｌｈｏｓｔ/",
            "http://lo\tcal\nhost/",
            "http://a.localhost/",
            "http://printer.local/",
            "http://metadata.google.internal/",
            "http://router/",
            "http://x.onion/",
        ];
        for text in loopback {
            let refusal = target(text).expect_err(text);
            assert!(
                matches!(
                    refusal,
                    Refusal::NotPublic { .. } | Refusal::LocalName { .. } | Refusal::Userinfo
                ),
                "{text}: {refusal}"
            );
        }
        for text in [
            "file:///etc/passwd",
            "ftp://example.org/",
            "gopher://example.org:70/",
            "data:text/html,x",
            "javascript:alert(1)",
            "ws://example.org/",
            "jar:http://example.org!/",
        ] {
            let refusal = target(text).expect_err(text);
            assert!(
                matches!(refusal, Refusal::Scheme { .. }),
                "{text}: {refusal}"
            );
        }
        for text in [
            "http://user@example.org/",
            "http://user:pass@example.org/",
            "http://:pass@example.org/",
            "http://127.0.0.1@example.org/",
            "http://example.org@127.0.0.1/",
        ] {
            assert_eq!(target(text), Err(Refusal::Userinfo), "{text}");
        }
        for port in [
            0, 1, 21, 22, 25, 53, 110, 445, 1023, 2049, 6000, 6667, 10080,
        ] {
            let text = format!("http://example.org:{port}/");
            assert_eq!(target(&text), Err(Refusal::Port { port }), "{text}");
        }
        for text in [
            "",
            "example.org",
            "//example.org/",
            "http://",
            "http://a b/",
            "http://[::1",
        ] {
            let refusal = target(text).expect_err(text);
            assert!(matches!(refusal, Refusal::NoUrl(_)), "{text}: {refusal}");
        }
        let long = format!("http://example.org/{}", "a".repeat(MAX_URL_BYTES));
        assert!(matches!(target(&long), Err(Refusal::TooLong { .. })));
    }

    #[test]
    fn urls_are_shown_without_secrets() {
        let url = Url::parse("https://u:p@example.org/a?key=1#f").expect("a URL");
        assert_eq!(shown(&url), "https://example.org/a");
        assert_eq!(shortened("a\u{1b}[2J\nbcd", 6), "a [2J …");
    }
}
