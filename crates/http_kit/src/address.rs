//! Where a request comes from: the socket's address, or what a proxy that we were told to trust says.

use http::HeaderMap;
use std::net::IpAddr;
use std::str::FromStr;

/// An address block in CIDR form, such as `10.0.0.0/8`, `::1` or `127.0.0.1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    base: u128,
    /// Bits that must be equal, counted in the 128-bit form (IPv4 is mapped).
    bits: u32,
}

impl Network {
    pub fn contains(&self, ip: IpAddr) -> bool {
        let differing = self.base ^ mapped(ip);
        self.bits == 0 || differing >> (128 - self.bits) == 0
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no address block; write it like 10.0.0.0/8");
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse::<u32>().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let ip: IpAddr = address.trim().parse().map_err(|_| wrong())?;
        let (width, offset) = if ip.is_ipv4() { (32, 96) } else { (128, 0) };
        let bits = bits.unwrap_or(width);
        if bits > width {
            return Err(wrong());
        }
        Ok(Self { base: mapped(ip), bits: bits + offset })
    }
}

/// The client's address: `peer`, unless that is a trusted proxy; then the last address of `X-Forwarded-For` that is not
/// one. What stands left of that anybody can have made up.
pub fn client_address(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let peer = peer.to_canonical();
    let is_trusted = |ip: IpAddr| trusted.iter().any(|network| network.contains(ip));
    if trusted.is_empty() || !is_trusted(peer) {
        return peer;
    }
    let mut client = peer;
    let values = headers.get_all("x-forwarded-for").iter().rev().filter_map(|value| value.to_str().ok());
    for hop in values.flat_map(|value| value.rsplit(',')) {
        // A hop that is no address ends what can be believed.
        let Some(ip) = read_hop(hop.trim()) else { break };
        client = ip;
        if !is_trusted(ip) {
            break;
        }
    }
    client
}

/// `203.0.113.9`, `203.0.113.9:4711`, `2001:db8::1` or `[2001:db8::1]:4711`.
fn read_hop(hop: &str) -> Option<IpAddr> {
    let ip = hop.parse::<IpAddr>().or_else(|_| hop.parse::<std::net::SocketAddr>().map(|address| address.ip()));
    ip.ok().map(|ip| ip.to_canonical())
}

fn mapped(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Network, client_address};
    use http::HeaderMap;
    use std::net::IpAddr;

    fn client(peer: &str, forwarded: &[&'static str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append("x-forwarded-for", value.parse().unwrap());
        }
        let trusted: Vec<Network> = trusted.iter().map(|text| text.parse().unwrap()).collect();
        client_address(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let cases: [(&str, &[&'static str], &[&str], &str); 8] = [
            ("198.51.100.7", &["203.0.113.9"], &[], "198.51.100.7"),
            ("198.51.100.7", &["203.0.113.9"], &["10.0.0.0/8"], "198.51.100.7"),
            ("10.1.2.3", &["203.0.113.9"], &["10.0.0.0/8"], "203.0.113.9"),
            // The client added an address of its own; the proxy appended the real one.
            ("10.1.2.3", &["1.2.3.4, 203.0.113.9"], &["10.0.0.0/8"], "203.0.113.9"),
            ("10.1.2.3", &["1.2.3.4", "203.0.113.9, 10.9.9.9"], &["10.0.0.0/8"], "203.0.113.9"),
            ("10.1.2.3", &["203.0.113.9, nonsense"], &["10.0.0.0/8"], "10.1.2.3"),
            ("::ffff:10.1.2.3", &["[2001:db8::1]:4711"], &["10.0.0.0/8"], "2001:db8::1"),
            ("10.1.2.3", &[], &["10.0.0.0/8"], "10.1.2.3"),
        ];
        for (peer, forwarded, trusted, expected) in cases {
            assert_eq!(client(peer, forwarded, trusted), expected, "{peer} {forwarded:?} {trusted:?}");
        }
    }

    #[test]
    fn blocks_are_read_and_hold_what_they_say() {
        let holds = |block: &str, ip: &str| block.parse::<Network>().unwrap().contains(ip.parse::<IpAddr>().unwrap());
        assert!(holds("192.168.0.0/16", "192.168.255.1") && !holds("192.168.0.0/16", "192.169.0.1"));
        assert!(holds("2001:db8::/32", "2001:db8:1::5") && !holds("2001:db8::/32", "2001:db9::5"));
        assert!(holds("127.0.0.1", "127.0.0.1") && !holds("127.0.0.1", "127.0.0.2"));
        assert!(holds("0.0.0.0/0", "8.8.8.8") && !holds("0.0.0.0/0", "2001:db8::1") && holds("::/0", "8.8.8.8"));
        for wrong in ["10.0.0.0/33", "::/129", "ten", "10.0.0.0/x", ""] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}
