//! Which IP addresses a request of ours may reach: public unicast, nothing else.
//!
//! Sources: the IANA special-purpose registries for IPv4 and IPv6 (RFC 6890 and its updates). IPv6 is an allow-list,
//! because everything useful lies in 2000::/3 and every translation range (v4-mapped, NAT64, 6to4, Teredo) is a
//! second name for IPv4 addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Why an address is not reachable for us.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// `0.0.0.0/8`, `::`.
    Unspecified,
    /// `127.0.0.0/8`, `::1`.
    Loopback,
    /// RFC 1918, `fc00::/7`.
    Private,
    /// `169.254.0.0/16` (with the cloud metadata address), `fe80::/10`, `fec0::/10`.
    LinkLocal,
    /// `100.64.0.0/10`, the carriers' shared space.
    SharedByCarrier,
    /// `224.0.0.0/4`, `ff00::/8`.
    Multicast,
    /// A cloud provider's inside service on an otherwise public address.
    Metadata,
    /// An IPv6 address that stands for an IPv4 one: mapped, compatible, NAT64, 6to4, Teredo, ISATAP.
    Translated,
    /// Documentation, benchmarking, protocol assignments, future use, broadcast.
    Reserved,
}

/// The reason why `ip` may not be reached, or `None` for a public unicast address.
pub fn refusal(ip: IpAddr) -> Option<Reason> {
    match ip {
        IpAddr::V4(v4) => refusal_v4(v4),
        IpAddr::V6(v6) => refusal_v6(v6),
    }
}

fn refusal_v4(ip: Ipv4Addr) -> Option<Reason> {
    match ip.octets() {
        [0, ..] => Some(Reason::Unspecified),
        [127, ..] => Some(Reason::Loopback),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some(Reason::Private),
        [169, 254, ..] => Some(Reason::LinkLocal),
        [100, 64..=127, ..] => Some(Reason::SharedByCarrier),
        // The host agent of Azure, reachable from every machine there.
        [168, 63, 129, 16] => Some(Reason::Metadata),
        [224..=239, ..] => Some(Reason::Multicast),
        [240..=255, ..] => Some(Reason::Reserved),
        [192, 0, 0 | 2, _] | [198, 51, 100, _] | [203, 0, 113, _] | [198, 18 | 19, ..] => Some(Reason::Reserved),
        // 6to4 relay anycast (RFC 7526, withdrawn), AS112 and AMT: nobody's web server.
        [192, 88, 99, _] | [192, 31, 196, _] | [192, 52, 193, _] | [192, 175, 48, _] => Some(Reason::Reserved),
        _ => None,
    }
}

fn refusal_v6(ip: Ipv6Addr) -> Option<Reason> {
    match ip.segments() {
        [0, 0, 0, 0, 0, 0, 0, 0] => Some(Reason::Unspecified),
        [0, 0, 0, 0, 0, 0, 0, 1] => Some(Reason::Loopback),
        [0, 0, 0, 0, 0, 0 | 0xffff, _, _] | [0, 0, 0, 0, 0xffff, 0, _, _] => Some(Reason::Translated),
        [0x64, 0xff9b, ..] | [0x2002, ..] | [0x2001, 0, ..] => Some(Reason::Translated),
        [0xfc00..=0xfdff, ..] => Some(Reason::Private),
        [0xfe80..=0xfeff, ..] => Some(Reason::LinkLocal),
        [0xff00..=0xffff, ..] => Some(Reason::Multicast),
        // ISATAP (RFC 5214): the last 32 bits are an IPv4 address behind any prefix.
        [_, _, _, _, 0 | 0x0200, 0x5efe, _, _] => Some(Reason::Translated),
        [0x2001, 0..=0x01ff, ..] | [0x2001, 0x0db8, ..] | [0x3fff, 0..=0x0fff, ..] => Some(Reason::Reserved),
        [0x2000..=0x3fff, ..] => None,
        _ => Some(Reason::Reserved),
    }
}

/// True for names that never belong to a public host: special-use top-level names (RFC 6761, 6762, 7686, 8375, 9476).
pub fn is_inside_name(host: &str) -> bool {
    const INSIDE: [&str; 8] =
        ["localhost", "local", "internal", "home.arpa", "onion", "localdomain", "alt", "intranet"];
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host.is_empty()
        || INSIDE.iter().any(|name| host == *name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.')))
}
