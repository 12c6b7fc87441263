//! What Graph errors mean: by code, then by what the body says, never by title; by HTTP status only without a code.

use std::time::Duration;

use serde_json::Value;

use super::normalize::read;
use crate::connector::{ErrorClass, ProviderError};

/// The class of a Graph error code (specification of channels, section 6).
pub fn class_of_code(code: i64) -> ErrorClass {
    match code {
        1 | 2 | 131_000 | 131_016 | 131_057 | 135_000 => ErrorClass::Transient,
        4 | 80_007 | 130_429 => ErrorClass::Throttled,
        131_056 => ErrorClass::ThrottledRecipient,
        131_047 => ErrorClass::Window,
        131_021 | 131_026 | 131_030 | 131_062 | 137_000 => ErrorClass::Recipient,
        131_049 | 130_472 | 131_050 | 131_048 | 131_063 | 131_064 => ErrorClass::Policy,
        100 | 131_008 | 131_009 | 131_051 | 131_053 => ErrorClass::Content,
        132_000 | 132_001 | 132_005 | 132_007 | 132_008 | 132_012 | 132_015 | 132_016 | 132_068 => ErrorClass::Content,
        // 0 and 102 are older faces of 190 (a token that is expired or bad); the protocol sheet lists them with it.
        190 | 0 | 102 | 3 | 10 | 200..=299 | 131_005 => ErrorClass::Auth,
        131_042 => ErrorClass::Payment,
        368 | 130_497 | 131_031 | 131_037 | 131_045 | 133_000..=133_999 => ErrorClass::Account,
        _ => ErrorClass::Unknown,
    }
}

/// The class of an answer without any error code: all that is left is the HTTP status.
fn class_of_status(status: u16) -> ErrorClass {
    match status {
        401 | 403 => ErrorClass::Auth,
        429 => ErrorClass::Throttled,
        500..=599 => ErrorClass::Transient,
        _ => ErrorClass::Unknown,
    }
}

/// Reads an error answer of the Graph API, whatever its body is (JSON, HTML, nothing).
pub fn parse_body(status: u16, body: &[u8]) -> ProviderError {
    let parsed: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    match parsed.get("error").filter(|error| error.is_object()) {
        Some(error) => {
            let mut read = parse_object(error);
            if read.code.is_none() {
                read.class = class_of_status(status);
            }
            read
        }
        None => ProviderError {
            code: None,
            subcode: None,
            class: class_of_status(status),
            title: None,
            // The body is not quoted: a proxy's page may hold anything.
            detail: Some(format!("HTTP {status} without a Graph error")),
            trace_id: None,
        },
    }
}

/// Reads one error object, of an answer or of a webhook's `errors[]`. Without a code its class is `unknown`.
pub fn parse_object(error: &Value) -> ProviderError {
    let code = read::integer(error, "code");
    let detail = error.get("error_data").and_then(|data| read::line(data, "details"));
    ProviderError {
        code,
        subcode: read::integer(error, "error_subcode"),
        class: code.map_or(ErrorClass::Unknown, class_of_code),
        title: read::line(error, "title"),
        detail: detail.or_else(|| read::line(error, "message")),
        trace_id: read::line(error, "fbtrace_id"),
    }
}

/// The provider's wish how long to wait: `Retry-After` in seconds, else the longest
/// `estimated_time_to_regain_access` (minutes) of `X-Business-Use-Case-Usage`. At most a day.
pub fn retry_after(retry_after: Option<&str>, business_usage: Option<&str>) -> Option<Duration> {
    const DAY: u64 = 86_400;
    let told = retry_after.and_then(|text| text.trim().parse::<u64>().ok());
    let usage = || {
        let usage: Value = serde_json::from_str(business_usage?).ok()?;
        let minutes = usage.as_object()?.values().filter_map(Value::as_array).flatten();
        minutes.filter_map(|entry| entry.get("estimated_time_to_regain_access")?.as_u64()).max().filter(|m| *m > 0)
    };
    let seconds = told.or_else(|| usage().map(|minutes| minutes.saturating_mul(60)))?;
    Some(Duration::from_secs(seconds.min(DAY)))
}

/// How long to leave one recipient alone after its `attempt`-th pair limit error (131056), from 1: 4, 16, 64 s and
/// then 64 s again.
pub fn recipient_pause(attempt: u32) -> Duration {
    Duration::from_secs(4u64.pow(attempt.clamp(1, 3)))
}
