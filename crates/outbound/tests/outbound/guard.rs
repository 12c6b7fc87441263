//! The address guard: nothing inside is reachable, however it is written.

use crate::canary::{Canary, Fixed, answer, short};
use outbound::address::{Reason, is_inside_name, refusal};
use outbound::{Call, CallError, Delivery, Guard, Outbound, OutboundSettings, Refusal, Trust, Url};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

fn open_guard() -> Guard {
    Guard::new(true, Vec::new(), &[]).unwrap()
}

/// Ways to write an inside address that need no name lookup.
const INSIDE: [&str; 66] = [
    "http://127.0.0.1/",
    "http://127.1/",
    "http://127.0.1/",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://0x7f.0x0.0x0.0x1/",
    "http://0177.0.0.1/",
    "http://017700000001/",
    "http://0x7f.1/",
    "http://127.0.0.1./",
    "http://127。0。0。1/",
    "http://１２７.0.0.1/",
    "http://①②⑦.0.0.1/",
    "http://%31%32%37.0.0.1/",
    "http://127.255.255.254/",
    "http://0/",
    "http://0.0.0.0/",
    "http://0.1.2.3/",
    "http://10.0.0.1/",
    "http://167772161/",
    "http://012.0.0.1/",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.0.1/",
    "http://0xc0a80001/",
    "http://3232235521/",
    "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/",
    "http://0xa9fea9fe/",
    "http://0251.0376.0251.0376/",
    "http://169.254.170.2/",
    "http://100.64.0.1/",
    "http://100.100.100.200/",
    "http://168.63.129.16/",
    "http://192.0.0.192/",
    "http://192.0.2.1/",
    "http://192.88.99.1/",
    "http://198.18.0.1/",
    "http://198.51.100.7/",
    "http://203.0.113.9/",
    "http://224.0.0.1/",
    "http://239.255.255.250/",
    "http://240.0.0.1/",
    "http://255.255.255.255/",
    "http://[::]/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:8.8.8.8]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::1]/",
    "http://[2002:7f00:1::]/",
    "http://[2001:0:7f00:1::]/",
    "http://[2001:db8::1]/",
    "http://[100::1]/",
    "http://[fc00::1]/",
    "http://[fd00:ec2::254]/",
    "http://[fe80::1]/",
    "http://[fec0::1]/",
    "http://[ff02::1]/",
    "http://[2606:4700::5efe:7f00:1]/",
    "http://[4000::1]/",
    "http://[5f00::1]/",
];

#[test]
fn inside_addresses_are_refused_in_every_spelling() {
    let guard = open_guard();
    for text in INSIDE {
        let refused = guard.parse(text);
        assert!(matches!(refused, Err(Refusal::Address(_))), "{text}: {refused:?}");
    }
}

#[test]
fn inside_names_and_odd_urls_are_refused() {
    let guard = open_guard();
    let names = ["http://localhost/", "http://LOCALHOST./", "http://a.localhost/", "http://printer.local/"];
    for text in names.into_iter().chain(["http://metadata.google.internal/", "http://router.home.arpa/"]) {
        assert_eq!(guard.parse(text), Err(Refusal::InsideName), "{text}");
    }
    for text in
        ["ftp://example.com/", "file:///etc/passwd", "gopher://example.com/", "data:text/plain,x", "unix:/run/x"]
    {
        assert_eq!(guard.parse(text), Err(Refusal::Scheme), "{text}");
    }
    for text in ["http://a@example.com/", "http://a:b@example.com/", "http://:b@example.com/"] {
        assert_eq!(guard.parse(text), Err(Refusal::Credentials), "{text}");
    }
    for text in ["", "example.com", "http://", "http://[::1", "http://256.1.1.1/", "http://1.2.3.4.5/", "//example.com"]
    {
        assert_eq!(guard.parse(text), Err(Refusal::Invalid), "{text}");
    }
    assert_eq!(guard.parse("http://example.com:0/"), Err(Refusal::Port));
    assert!(!is_inside_name("localhost.example.com") && !is_inside_name("notlocalhost") && is_inside_name("."));
}

#[test]
fn public_addresses_pass() {
    let guard = open_guard();
    let public = ["http://8.8.8.8/", "http://example.com/", "http://172.32.0.1/", "http://[2606:4700::1111]/"];
    for text in public.into_iter().chain(["http://100.128.0.1/", "http://192.169.0.1/", "https://münchen.example/"]) {
        let url = guard.parse(text).unwrap_or_else(|refusal| panic!("{text}: {refusal}"));
        assert_eq!(guard.check(&url), Ok(Trust::Guarded), "{text}");
    }
}

#[test]
fn scheme_and_port_follow_the_settings() {
    let strict = Guard::new(false, vec![443], &[]).unwrap();
    assert_eq!(strict.parse("http://example.com/"), Err(Refusal::Scheme));
    assert_eq!(strict.parse("https://example.com:8443/"), Err(Refusal::Port));
    assert!(strict.parse("https://example.com/x?y").is_ok());
    assert!(strict.parse("https://example.com:443/").is_ok());
}

#[test]
fn only_the_named_origin_is_trusted() {
    let origin = Url::parse("http://127.0.0.1:9999/ignored").unwrap();
    let guard = Guard::new(false, vec![443], &[origin]).unwrap();
    let trust = |text: &str| guard.check(&Url::parse(text).unwrap());
    assert_eq!(trust("http://127.0.0.1:9999/v23.0/1/messages"), Ok(Trust::Operator));
    assert_eq!(trust("http://127.0.0.1:9998/"), Err(Refusal::Scheme));
    assert_eq!(trust("https://127.0.0.1:9999/"), Err(Refusal::Port));
    assert_eq!(trust("https://127.0.0.1/"), Err(Refusal::Address(Reason::Loopback)));
    assert_eq!(trust("http://x@127.0.0.1:9999/"), Err(Refusal::Credentials));
    let odd = Url::parse("http://user@127.0.0.1/").unwrap();
    assert_eq!(Guard::new(true, Vec::new(), &[odd]).unwrap_err(), Refusal::Credentials);
}

#[tokio::test]
async fn a_literal_inside_address_is_never_connected_to() {
    let canary = Canary::start(answer("200 OK", "", "secret")).await;
    let outbound = Outbound::new(OutboundSettings { allow_http: true, ports: Vec::new(), ..short() }).unwrap();
    for host in ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "[::ffff:127.0.0.1]", "0", "localhost"] {
        let url = Url::parse(&format!("http://{host}:{}/", canary.address.port())).unwrap();
        let error = outbound.call(Call::get("test", url)).await.unwrap_err();
        assert!(matches!(error, CallError::Refused(_)), "{host}: {error:?}");
        assert_eq!(error.delivery(), Delivery::NotWritten);
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_name_that_means_an_inside_address_is_never_connected_to() {
    let canary = Canary::start(answer("200 OK", "", "secret")).await;
    let settings = OutboundSettings { allow_http: true, ports: Vec::new(), ..short() };
    for meaning in [vec!["127.0.0.1"], vec!["::1", "127.0.0.1"], vec!["169.254.169.254"], vec!["::ffff:127.0.0.1"]] {
        let outbound = Outbound::with_lookup(settings.clone(), Arc::new(Fixed(meaning.clone()))).unwrap();
        let url = Url::parse(&format!("http://rebound.example:{}/", canary.address.port())).unwrap();
        let error = outbound.call(Call::get("test", url)).await.unwrap_err();
        assert!(matches!(error, CallError::Refused(Refusal::Address(_))), "{meaning:?}: {error:?}");
        assert_eq!(error.delivery(), Delivery::NotWritten);
    }
    assert_eq!(canary.connections(), 0);
}

#[tokio::test]
async fn a_name_that_the_operator_named_may_mean_an_inside_address() {
    let canary = Canary::start(answer("200 OK", "", "hello")).await;
    let named = Url::parse(&format!("http://graph.example:{}/", canary.address.port())).unwrap();
    let settings = OutboundSettings { trusted_origins: vec![named.clone()], ..short() };
    let outbound = Outbound::with_lookup(settings, Arc::new(Fixed(vec!["127.0.0.1"]))).unwrap();
    let answer = outbound.call(Call::get("test", named.clone())).await.unwrap();
    assert_eq!(answer.body, "hello");
    // The same name on another port was not named.
    let mut other = named;
    other.set_port(Some(80)).unwrap();
    let error = outbound.call(Call::get("test", other)).await.unwrap_err();
    assert!(matches!(error, CallError::Refused(Refusal::Scheme)), "{error:?}");
}

proptest! {
    /// Against a naive model: prefix and length of each refused IPv4 range.
    #[test]
    fn ipv4_follows_the_registry(bits in any::<u32>(), range in 0_usize..18, inside in any::<bool>()) {
        const RANGES: [(u32, u32); 18] = [
            (0x0000_0000, 8), (0x0a00_0000, 8), (0x7f00_0000, 8), (0x6440_0000, 10), (0xa9fe_0000, 16),
            (0xac10_0000, 12), (0xc000_0000, 24), (0xc000_0200, 24), (0xc01f_c400, 24), (0xc034_c100, 24),
            (0xc058_6300, 24), (0xc0a8_0000, 16), (0xc0af_3000, 24), (0xc612_0000, 15), (0xc633_6400, 24),
            (0xcb00_7100, 24), (0xe000_0000, 3), (0xa83f_8110, 32),
        ];
        let (prefix, length) = RANGES[range];
        let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
        let bits = if inside { prefix | (bits & !mask) } else { bits };
        let expected = RANGES.iter().any(|(prefix, length)| {
            bits & u32::MAX.checked_shl(32 - length).unwrap_or(0) == *prefix
        });
        prop_assert_eq!(refusal(IpAddr::V4(Ipv4Addr::from(bits))).is_some(), expected);
    }

    /// No IPv6 spelling of an IPv4 address passes.
    #[test]
    fn translated_addresses_never_pass(bits in any::<u32>(), way in 0_usize..5) {
        let low = u128::from(bits);
        let address = match way {
            0 => low,
            1 => 0xffff << 32 | low,
            2 => 0x64_ff9b << 96 | low,
            3 => 0x2002 << 112 | low << 80,
            _ => 0x2606_4700 << 96 | 0x5efe << 32 | low,
        };
        prop_assert!(refusal(IpAddr::V6(Ipv6Addr::from(address))).is_some());
    }

    #[test]
    fn reading_a_url_never_panics(text in "\\PC{0,60}") {
        let _ = open_guard().parse(&text);
        let _ = open_guard().parse(&format!("http://{text}/"));
    }
}
