//! The `Range` header (RFC 9110 §14): one range of bytes, so that players can seek.

use std::ops::Range;

/// What to answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// 200 with everything: no range, one we do not understand, or several.
    Whole,
    /// 206 with these bytes.
    Part(Range<u64>),
    /// 416 with `Content-Range: bytes */size`.
    Unsatisfiable,
}

/// Reads a `Range` header for a blob of `size` bytes.
pub fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let Some(spec) = header.and_then(|header| header.trim().strip_prefix("bytes=")) else { return Wanted::Whole };
    let Some((first, last)) = spec.trim().split_once('-') else { return Wanted::Whole };
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first > last => return Wanted::Whole,
        (Some(first), Some(last)) => first..last.saturating_add(1).min(size),
        (Some(first), None) if last.trim().is_empty() => first..size,
        (None, Some(length)) if first.trim().is_empty() => size.saturating_sub(length)..size,
        _ => return Wanted::Whole,
    };
    if range.is_empty() { Wanted::Unsatisfiable } else { Wanted::Part(range) }
}

/// The value of `Content-Range` for a part.
pub fn content_range(part: &Range<u64>, size: u64) -> String {
    format!("bytes {}-{}/{size}", part.start, part.end.saturating_sub(1))
}

/// Digits only: `parse` alone would take a sign.
fn number(text: &str) -> Option<u64> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}
