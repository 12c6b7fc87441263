//! Instants as JSON text, quickly: RFC 3339 in UTC with as many digits of a second as it has (none, 3, 6 or 9), the same
//! text that chrono writes. chrono goes through its formatter piece by piece, which is most of the cost of an answer with
//! many times in it.
//!
//! For fields: `#[serde(serialize_with = "kernel::instant::serialize")]`, for optional ones
//! `#[serde(serialize_with = "kernel::instant::optional")]`.

use chrono::{DateTime, Datelike, Timelike, Utc};
use serde::Serializer;

/// Longest text: `2026-11-20T12:00:00.123456789Z`.
const LONGEST: usize = 30;

/// Writes an instant.
///
/// # Errors
/// What the serializer answers.
pub fn serialize<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut text = [0; LONGEST];
    match write(at, &mut text) {
        Some(text) => serializer.serialize_str(text),
        // Years beyond four digits, leap seconds: chrono knows how.
        None => serde::Serialize::serialize(at, serializer),
    }
}

/// Writes an instant, or `null`.
///
/// # Errors
/// What the serializer answers.
pub fn optional<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serialize(at, serializer),
        None => serializer.serialize_none(),
    }
}

/// `None` for what has another form.
fn write<'t>(at: &DateTime<Utc>, text: &'t mut [u8; LONGEST]) -> Option<&'t str> {
    let naive = at.naive_utc();
    let (year, nanos) = (u32::try_from(naive.year()).ok()?, naive.nanosecond());
    if year > 9_999 || nanos >= 1_000_000_000 {
        return None;
    }
    *text = *b"0000-00-00T00:00:00.000000000Z";
    let (date, time) = text.split_at_mut(10);
    digits(date, 0, 4, year);
    digits(date, 5, 2, naive.month());
    digits(date, 8, 2, naive.day());
    digits(time, 1, 2, naive.hour());
    digits(time, 4, 2, naive.minute());
    digits(time, 7, 2, naive.second());
    digits(time, 10, 9, nanos);
    let end = match nanos {
        0 => 19,
        _ if nanos % 1_000_000 == 0 => 23,
        _ if nanos % 1_000 == 0 => 26,
        _ => 29,
    };
    *text.get_mut(end)? = b'Z';
    std::str::from_utf8(text.get(..=end)?).ok()
}

/// Writes `value` with `count` digits from `start` on.
fn digits(text: &mut [u8], start: usize, count: usize, mut value: u32) {
    for place in text.iter_mut().skip(start).take(count).rev() {
        *place = b'0' + u8::try_from(value % 10).unwrap_or_default();
        value /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::{optional, serialize};
    use chrono::{DateTime, TimeZone as _, Utc};
    use proptest::prelude::*;

    #[derive(serde::Serialize)]
    struct Ours {
        #[serde(serialize_with = "serialize")]
        at: DateTime<Utc>,
        #[serde(serialize_with = "optional")]
        then: Option<DateTime<Utc>>,
    }

    #[derive(serde::Serialize)]
    struct Chronos {
        at: DateTime<Utc>,
        then: Option<DateTime<Utc>>,
    }

    fn same(at: DateTime<Utc>) {
        let ours = serde_json::to_string(&Ours { at, then: Some(at) }).unwrap();
        assert_eq!(ours, serde_json::to_string(&Chronos { at, then: Some(at) }).unwrap());
    }

    proptest! {
        #[test]
        fn the_text_is_chronos(seconds in -62_135_596_800_i64..253_402_300_800, nanos in 0_u32..1_000_000_000, cut in 0_u32..4) {
            let nanos = nanos / 1_000_u32.pow(cut) * 1_000_u32.pow(cut);
            same(Utc.timestamp_opt(seconds, nanos).unwrap());
        }
    }

    #[test]
    fn the_edges_too() {
        let texts = [
            "0000-01-01T00:00:00Z",
            "9999-12-31T23:59:59.999999999Z",
            "+10000-01-01T00:00:00Z",
            "-0001-01-01T00:00:00Z",
            "2026-02-28T23:59:59.000001Z",
            "2024-02-29T12:00:00.100Z",
            "2016-12-31T23:59:60Z",
            "1970-01-01T00:00:00Z",
        ];
        for text in texts {
            same(text.parse().unwrap());
        }
        let none = serde_json::to_string(&Ours { at: DateTime::UNIX_EPOCH, then: None }).unwrap();
        assert_eq!(none, r#"{"at":"1970-01-01T00:00:00Z","then":null}"#);
    }
}
