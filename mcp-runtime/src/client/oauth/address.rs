//! Which addresses may be asked for metadata and tokens: a server must not make its clients ask what only they can reach.
//! Floor 6.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use oauth2::url::{Host, Url};

/// How far requests may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Public addresses alone, over `https`.
    Public,
    /// Private ones too, over `https`.
    Private,
    /// Any, and loopback without `https` too: what a program on the own machine, or the author of the client, names.
    Local,
}

/// IPv4 networks that are not for everybody (RFC 6890 and the registry that goes with it), and multicast.
const SPECIAL_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Networks inside the global unicast space of IPv6 that are not for everybody. Everything outside of that space, `2000::/3`,
/// is refused as it is: loopback, link-local, unique local, multicast, and IPv4 in disguise.
const SPECIAL_V6: [(Ipv6Addr, u32); 5] = [
    // Protocol assignments, among them Teredo, which leads to any IPv4 address.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    // 6to4 leads to any IPv4 address.
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
    (Ipv6Addr::new(0x3ffe, 0, 0, 0, 0, 0, 0, 0), 16),
];

/// Whether an address belongs to the public internet.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(v4) => !SPECIAL_V4.iter().any(|(net, bits)| leading(v4.to_bits() ^ net.to_bits(), *bits)),
        IpAddr::V6(v6) => {
            let is_unicast = v6.to_bits() >> 125 == 0b001;
            is_unicast && !SPECIAL_V6.iter().any(|(net, bits)| (v6.to_bits() ^ net.to_bits()).leading_zeros() >= *bits)
        }
    }
}

fn leading(difference: u32, bits: u32) -> bool {
    difference.leading_zeros() >= bits
}

impl Reach {
    /// How far a server at this address lets its clients reach: one on loopback is as trusted as the machine.
    pub(super) fn of(server: &Url, private: bool) -> Self {
        match (is_loopback(server), private) {
            (true, _) => Self::Local,
            (false, true) => Self::Private,
            (false, false) => Self::Public,
        }
    }

    /// Whether an address is out of reach.
    pub(super) fn refuses(self, address: IpAddr) -> bool {
        match self {
            Self::Local => false,
            // What is on the machine itself, or has no fixed meaning, is no private network.
            Self::Private => {
                let address = address.to_canonical();
                address.is_loopback() || address.is_unspecified() || address.is_multicast() || is_link_local(address)
            }
            Self::Public => !is_public(address),
        }
    }

    /// What is wrong with a URL, as far as it can be seen without resolving its host.
    pub(super) fn objects(self, url: &Url) -> Option<&'static str> {
        let is_plain = url.scheme() == "http" && self == Self::Local && is_loopback(url);
        if url.scheme() != "https" && !is_plain {
            return Some("it must be `https`");
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Some("it must not contain a user or a password");
        }
        let literal = match url.host() {
            None => return Some("it has no host"),
            Some(Host::Domain(_)) => return None,
            Some(Host::Ipv4(address)) => IpAddr::V4(address),
            Some(Host::Ipv6(address)) => IpAddr::V6(address),
        };
        self.refuses(literal).then_some(NOT_PUBLIC)
    }
}

/// What is said of an address out of reach.
pub(super) const NOT_PUBLIC: &str = "it is not a public address, and the server is not on this machine";

fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    }
}

/// Whether a URL names the machine itself, whatever a resolver may say.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_public() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
        ] {
            assert!(!is_public(address.parse().unwrap()), "{address}");
        }
        for address in
            ["1.1.1.1", "8.8.8.8", "172.32.0.1", "100.128.0.1", "::ffff:8.8.8.8", "2606:4700::1111", "2a00::1"]
        {
            assert!(is_public(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn what_a_url_may_be_depends_on_where_the_server_is() {
        let objects = |reach: Reach, url: &str| reach.objects(&Url::parse(url).unwrap()).is_some();
        for (url, public, private, local) in [
            ("https://as.example.com/", false, false, false),
            ("http://as.example.com/", true, true, true),
            ("https://10.0.0.1/", true, false, false),
            ("https://127.0.0.1/", true, true, false),
            ("http://127.0.0.1:9/", true, true, false),
            ("http://localhost:9/", true, true, false),
            ("http://[::1]:9/", true, true, false),
            ("http://2130706433/", true, true, false),
            ("https://169.254.169.254/", true, true, false),
            ("https://[::ffff:169.254.169.254]/", true, true, false),
            ("https://user:password@as.example.com/", true, true, true),
            ("file:///etc/passwd", true, true, true),
            ("javascript:alert(1)", true, true, true),
        ] {
            assert_eq!(objects(Reach::Public, url), public, "{url}");
            assert_eq!(objects(Reach::Private, url), private, "{url}");
            assert_eq!(objects(Reach::Local, url), local, "{url}");
        }
    }

    #[test]
    fn a_name_that_looks_local_is_not() {
        for (server, reach) in [
            ("http://localhost:1/mcp", Reach::Local),
            ("http://127.0.0.1:1/mcp", Reach::Local),
            ("http://[::1]:1/mcp", Reach::Local),
            ("https://localhost.example.com/mcp", Reach::Public),
            ("https://127.0.0.1.example.com/mcp", Reach::Public),
            ("https://10.0.0.1/mcp", Reach::Public),
        ] {
            assert_eq!(Reach::of(&Url::parse(server).unwrap(), false), reach, "{server}");
        }
    }
}
