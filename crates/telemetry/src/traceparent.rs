//! The thread of a request through systems: W3C Trace Context, `traceparent` and `tracestate`.
//!
//! Source: <https://www.w3.org/TR/trace-context/> (level 1, with the random flag of level 2). Malformed input is never
//! repaired: the request starts a trace of its own.

use kernel::Ids;
use std::fmt;

/// Header names.
pub const TRACEPARENT: &str = "traceparent";
/// Only meaningful beside a valid `traceparent`.
pub const TRACESTATE: &str = "tracestate";

const SAMPLED: u8 = 1;
const RANDOM: u8 = 2;
/// Limits of the specification for `tracestate`.
const MOST_MEMBERS: usize = 32;
const LONGEST_STATE: usize = 512;

/// Where in which trace we are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace: [u8; 16],
    span: [u8; 8],
    flags: u8,
    state: Option<String>,
}

impl TraceContext {
    /// A trace that begins here.
    pub fn root(ids: &Ids, sampled: bool) -> Self {
        let mut trace = [0; 16];
        ids.fill(&mut trace);
        // All zeros means "invalid"; one in 2^128, but cheaper to exclude than to explain.
        if trace == [0; 16] {
            trace = [1; 16];
        }
        Self { trace, span: span_id(ids), flags: RANDOM | u8::from(sampled), state: None }
    }

    /// Our step in the caller's trace, or a trace of its own when the caller sent none or a malformed one. Each slice
    /// holds the header's values as received: several `traceparent`s are malformed, several `tracestate`s are one list.
    pub fn continue_from(traceparents: &[&str], tracestates: &[&str], ids: &Ids) -> Self {
        match traceparents {
            [one] => Self::parse(one, tracestates).map_or_else(|| Self::root(ids, false), |caller| caller.child(ids)),
            _ => Self::root(ids, false),
        }
    }

    /// The caller's place, as it wrote it. `None` when `traceparent` is malformed; a malformed `tracestate` is dropped
    /// alone.
    pub fn parse(traceparent: &str, tracestates: &[&str]) -> Option<Self> {
        let mut parts = traceparent.trim_matches([' ', '\t']).splitn(5, '-');
        let [version] = hex_bytes::<1>(parts.next()?)?;
        let (trace, span) = (hex_bytes::<16>(parts.next()?)?, hex_bytes::<8>(parts.next()?)?);
        let [flags] = hex_bytes::<1>(parts.next()?)?;
        // Version 0 ends here; later ones may go on after a dash; 255 is forbidden.
        let ends = version > 0 || parts.next().is_none();
        if version == 255 || !ends || trace == [0; 16] || span == [0; 8] {
            return None;
        }
        // We speak version 0 and pass on only the flags that we know.
        Some(Self { trace, span, flags: flags & (SAMPLED | RANDOM), state: parse_state(tracestates) })
    }

    /// The next step in the same trace.
    #[must_use]
    pub fn child(&self, ids: &Ids) -> Self {
        Self { span: span_id(ids), ..self.clone() }
    }

    /// The value for an outgoing `traceparent`.
    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-{:02x}", self.trace_id(), self.span_id(), self.flags)
    }

    /// The value for an outgoing `tracestate`: what came in, untouched.
    pub fn tracestate(&self) -> Option<&str> {
        self.state.as_deref()
    }

    /// 32 lower-case hexadecimal digits: what logs carry.
    pub fn trace_id(&self) -> impl fmt::Display + use<> {
        Hex(self.trace)
    }

    /// 16 lower-case hexadecimal digits.
    pub fn span_id(&self) -> impl fmt::Display + use<> {
        Hex(self.span)
    }

    /// Whether the caller records this trace.
    pub fn sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }
}

struct Hex<const N: usize>([u8; N]);

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn span_id(ids: &Ids) -> [u8; 8] {
    let mut span = [0; 8];
    ids.fill(&mut span);
    if span == [0; 8] { [1; 8] } else { span }
}

/// Exactly `2 * N` lower-case hexadecimal digits.
fn hex_bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// One list from all headers; `None` when it is empty, malformed or too long.
fn parse_state(tracestates: &[&str]) -> Option<String> {
    let members =
        tracestates.iter().flat_map(|header| header.split(',')).map(|member| member.trim_matches([' ', '\t']));
    let members: Vec<&str> = members.filter(|member| !member.is_empty()).collect();
    let keys: Vec<&str> = members.iter().filter_map(|member| member.split_once('=')).map(|(key, _)| key).collect();
    let twice = keys.iter().enumerate().any(|(index, key)| keys.iter().take(index).any(|earlier| earlier == key));
    if members.is_empty() || members.len() > MOST_MEMBERS || twice || !members.iter().all(|member| is_member(member)) {
        return None;
    }
    let state = members.join(",");
    (state.len() <= LONGEST_STATE).then_some(state)
}

fn is_member(member: &str) -> bool {
    let Some((key, value)) = member.split_once('=') else { return false };
    let is_key_byte = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/' | b'@');
    let key_fits = (1..=256).contains(&key.len())
        && key.bytes().all(is_key_byte)
        && key.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && key.matches('@').count() <= 1;
    let value_fits =
        (1..=256).contains(&value.len()) && value.bytes().all(|byte| matches!(byte, 0x20..=0x7e) && byte != b'=');
    key_fits && value_fits
}
