//! W3C trace context.

use kernel::Ids;
use proptest::prelude::*;
use rstest::rstest;
use telemetry::TraceContext;

const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn ids() -> Ids {
    Ids::seeded(1)
}

#[test]
fn a_callers_trace_goes_on() {
    let caller = TraceContext::parse(GOOD, &[]).unwrap();
    assert_eq!(caller.traceparent(), GOOD);
    let ours = TraceContext::continue_from(&[GOOD], &["a=1", "b=2"], &ids());
    assert_eq!(ours.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
    assert_ne!(ours.span_id().to_string(), "b7ad6b7169203331");
    assert!(ours.sampled());
    assert_eq!(ours.tracestate(), Some("a=1,b=2"));
    assert_eq!(ours.child(&Ids::seeded(2)).tracestate(), Some("a=1,b=2"));
}

#[rstest]
#[case("")]
#[case("00")]
#[case("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331")]
#[case("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01")]
#[case("00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01")]
#[case("00-0af7651916cd43dd8448eb211c80319cc-b7ad6b7169203331-01")]
#[case("00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333-01")]
#[case("00-00000000000000000000000000000000-b7ad6b7169203331-01")]
#[case("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01")]
#[case("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
#[case("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-1")]
#[case("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x")]
#[case("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more")]
#[case("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-")]
#[case("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01more")]
#[case("00_0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331_01")]
#[case("00-+af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
#[case("0-00af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")]
#[case("00-éaf7651916cd43dd8448eb211c80319-b7ad6b7169203331-01")]
fn a_malformed_parent_starts_a_trace_of_our_own(#[case] header: &str) {
    assert_eq!(TraceContext::parse(header, &[]), None);
    let ours = TraceContext::continue_from(&[header], &["a=1"], &ids());
    assert_eq!(ours, TraceContext::root(&ids(), false));
    assert_eq!(ours.tracestate(), None);
}

#[test]
fn later_versions_are_read_as_far_as_we_know() {
    let later = TraceContext::parse("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff-what-else", &[]).unwrap();
    assert_eq!(later.traceparent(), "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03");
    assert!(TraceContext::parse(&GOOD.replacen("00", "cc", 1), &[]).is_some());
}

#[test]
fn two_parents_are_malformed_and_none_is_a_root() {
    assert_eq!(TraceContext::continue_from(&[GOOD, GOOD], &[], &ids()), TraceContext::root(&ids(), false));
    let root = TraceContext::continue_from(&[], &["a=1"], &ids());
    assert_eq!((root.sampled(), root.tracestate()), (false, None));
    assert_eq!(TraceContext::root(&ids(), true).traceparent().len(), 55);
    assert!(TraceContext::root(&ids(), true).traceparent().ends_with("-03"));
}

#[rstest]
#[case(&["a=1"], Some("a=1"))]
#[case(&["a=1 , b=2", "", "t61rcWkgMzE@vendor=x"], None)]
#[case(&["a=1 , b=2", "", "t61@vendor=x"], Some("a=1,b=2,t61@vendor=x"))]
#[case(&["a=1,,b=2"], Some("a=1,b=2"))]
#[case(&[], None)]
#[case(&[""], None)]
#[case(&["a"], None)]
#[case(&["a="], None)]
#[case(&["=1"], None)]
#[case(&["A=1"], None)]
#[case(&["a=1=2"], None)]
#[case(&["a=1,a=2"], None)]
#[case(&["a=é"], None)]
#[case(&["a=1\n"], None)]
#[case(&["a@b@c=1"], None)]
fn a_state_is_passed_on_whole_or_not_at_all(#[case] headers: &[&str], #[case] expected: Option<&str>) {
    assert_eq!(TraceContext::parse(GOOD, headers).unwrap().tracestate(), expected);
}

#[test]
fn a_state_has_limits() {
    let members = |count: usize| (0..count).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
    let state = |text: &str| TraceContext::parse(GOOD, &[text]).unwrap().tracestate().is_some();
    assert!(state(&members(32)) && !state(&members(33)));
    assert!(state(&format!("a={}", "v".repeat(256))) && !state(&format!("a={}", "v".repeat(257))));
    assert!(!state(&format!("a={0},b={0}", "v".repeat(255))));
}

proptest! {
    #[test]
    fn what_we_write_we_read(seed in any::<u64>(), sampled in any::<bool>()) {
        let context = TraceContext::root(&Ids::seeded(seed), sampled);
        prop_assert_eq!(TraceContext::parse(&context.traceparent(), &[]), Some(context));
    }

    #[test]
    fn any_header_is_survived(parent in "\\PC{0,70}", state in "\\PC{0,70}", near in "0[0-9a-f]-[0-9a-f]{30,34}-[0-9a-f]{15,17}-[0-9a-f]{1,3}-?") {
        for header in [&parent, &near] {
            if let Some(context) = TraceContext::parse(header, &[&state]) {
                prop_assert_eq!(context.traceparent().len(), 55);
            }
        }
    }
}
