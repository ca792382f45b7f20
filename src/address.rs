//! Hosts and addresses: one spelling for a host, which addresses are public, and a resolver for
//! ureq that hands on only what was checked.
//!
//! Used by the broker, which lets code reach granted hosts, and by the fetching of web pages: what
//! counts as this machine's own network is decided once.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use url::Host;

/// Addresses of one host that a connection tries: as many as ureq keeps.
const MAX_ADDRESSES: usize = 16;
/// Azure's metadata service: alone among them it has an address in a public range.
const AZURE_METADATA: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// Why a host has no addresses that may be connected to.
#[derive(Debug)]
pub(crate) enum NoAddress {
    /// The name is not known.
    Unknown,
    /// It may not be reached, in words.
    Refused(String),
}

/// Resolves a host's canonical name and port by a function that checks what it gives. ureq connects
/// to these very addresses and asks for no others.
pub(crate) struct ResolveWith<F>(pub F);

impl<F> std::fmt::Debug for ResolveWith<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResolveWith")
    }
}

impl<F> Resolver for ResolveWith<F>
where
    F: Fn(&str, u16) -> Result<Vec<SocketAddr>, NoAddress> + Send + Sync + 'static,
{
    fn resolve(
        &self,
        uri: &Uri,
        _config: &Config,
        _timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = canonical(uri.host().unwrap_or_default());
        let port = uri.port_u16().unwrap_or(match uri.scheme_str() {
            Some("https") => 443,
            _ => 80,
        });
        let found = (self.0)(&host, port).map_err(|reason| match reason {
            NoAddress::Unknown => ureq::Error::HostNotFound,
            NoAddress::Refused(why) => {
                ureq::Error::Io(io::Error::new(io::ErrorKind::PermissionDenied, why))
            }
        })?;
        let mut addresses = self.empty();
        for address in found.into_iter().take(MAX_ADDRESSES) {
            addresses.push(address);
        }
        if addresses.is_empty() {
            return Err(ureq::Error::HostNotFound);
        }
        Ok(addresses)
    }
}

/// The addresses of a canonical host: itself if it is one, or what the system's resolver says.
///
/// # Errors
/// If there is none.
pub(crate) fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, NoAddress> {
    let found: Vec<SocketAddr> = match host.parse::<IpAddr>() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => (host, port)
            .to_socket_addrs()
            .map_err(|_| NoAddress::Unknown)?
            .collect(),
    };
    if found.is_empty() {
        return Err(NoAddress::Unknown);
    }
    Ok(found)
}

/// A host as it is compared: lower case, without brackets and the dot at the end, numbers as
/// addresses.
pub(crate) fn canonical(host: &str) -> String {
    let bare = host.trim_start_matches('[').trim_end_matches([']', '.']);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return address.to_string();
    }
    match Host::parse(bare) {
        Ok(host) => host.to_string().trim_matches(['[', ']']).to_owned(),
        Err(_) => bare.to_ascii_lowercase(),
    }
}

/// Whether an address is one of the public internet.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

/// Not one of the ranges that RFC 6890 and its updates set apart.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        || a >= 224
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19))
        || address == AZURE_METADATA)
}

/// A global unicast address that does not stand for an IPv4 address that is not public.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let embedded = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match parts {
        // Mapped, and NAT64.
        [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            embedded(high, low)
        }
        // 6to4; Teredo and documentation.
        [0x2002, high, low, ..] => embedded(high, low),
        [0x2001, 0..0x200 | 0xdb8, ..] | [0x3fff, 0..0x1000, ..] => false,
        // ISATAP: the IPv4 address of a host in the network behind the prefix.
        [_, _, _, _, 0 | 0x200, 0x5efe, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_public_is_decided_by_the_address() {
        let public = [
            "1.1.1.1",
            "9.255.255.255",
            "100.63.255.255",
            "100.128.0.1",
            "168.63.129.17",
            "172.15.0.1",
            "172.32.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "2606:2800:220:1::1",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
            "2002:808:808::1",
        ];
        let set_apart = [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.0.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:0:127.0.0.1",
            "64:ff9b::a00:1",
            "64:ff9b:1::808:808",
            "100::1",
            "2001::1",
            "2001:0:4136:e378:8000:63bf:3fff:fdd2",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:a9fe:a9fe::1",
            "2606:2800:220:1:0:5efe:7f00:1",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ];
        for (list, expected) in [(&public[..], true), (&set_apart[..], false)] {
            for text in list {
                let address = text.parse().expect(text);
                assert_eq!(is_public(address), expected, "{text}");
            }
        }
    }

    #[test]
    fn a_host_has_one_spelling() {
        for (host, expected) in [
            ("Example.ORG.", "example.org"),
            ("[::1]", "::1"),
            ("[::FFFF:127.0.0.1]", "::ffff:127.0.0.1"),
            ("2130706433", "127.0.0.1"),
            ("0x7f.1", "127.0.0.1"),
            ("0177.0.0.1", "127.0.0.1"),
            ("127.0.0.1.", "127.0.0.1"),
            ("１２７.0.0.1", "127.0.0.1"),
            ("bücher.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(canonical(host), expected, "{host}");
        }
    }
}
