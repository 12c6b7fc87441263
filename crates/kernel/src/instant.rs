//! Instants as JSON text, quickly: RFC 3339 in UTC with as many digits of a second as it has (none, 3, 6 or 9), the same
//! text that chrono writes. chrono goes through its formatter piece by piece, which is most of the cost of an answer with
//! many times in it.
//!
//! For fields: `#[serde(serialize_with = "kernel::instant::serialize")]`, for optional ones
//! `#[serde(serialize_with = "kernel::instant::optional")]`.

use chrono::{DateTime, Utc};
use serde::Serializer;

/// Room for the longest text: `2026-11-20T12:00:00.123456789Z`.
pub type InstantText = [u8; 30];

/// Writes an instant.
///
/// # Errors
/// What the serializer answers.
pub fn serialize<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut text = InstantText::default();
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

/// An instant by its microseconds since 1970, without a detour over calendar types. `None` beyond the years of four
/// digits.
pub fn text_of_micros(micros: i64, text: &mut InstantText) -> Option<&str> {
    let nanos = u32::try_from(micros.rem_euclid(1_000_000)).ok()? * 1_000;
    put(micros.div_euclid(1_000_000), nanos, text)
}

/// `None` for what has another form.
fn write<'t>(at: &DateTime<Utc>, text: &'t mut InstantText) -> Option<&'t str> {
    put(at.timestamp(), at.timestamp_subsec_nanos(), text)
}

fn put(seconds: i64, nanos: u32, text: &mut InstantText) -> Option<&str> {
    const DAY: i64 = 86_400;
    let (year, month, day) = civil(seconds.div_euclid(DAY))?;
    let second = u32::try_from(seconds.rem_euclid(DAY)).ok()?;
    if nanos >= 1_000_000_000 {
        return None;
    }
    *text = *b"0000-00-00T00:00:00.000000000Z";
    pair(text, 0, year / 100);
    pair(text, 2, year % 100);
    pair(text, 5, month);
    pair(text, 8, day);
    pair(text, 11, second / 3_600);
    pair(text, 14, second / 60 % 60);
    pair(text, 17, second % 60);
    let end = match nanos {
        0 => 19,
        _ if nanos.is_multiple_of(1_000_000) => 23,
        _ if nanos.is_multiple_of(1_000) => 26,
        _ => 29,
    };
    pair(text, 20, nanos / 10_000_000);
    pair(text, 22, nanos / 100_000 % 100);
    pair(text, 24, nanos / 1_000 % 100);
    pair(text, 26, nanos / 10 % 100);
    digit(text, 28, nanos % 10);
    *text.get_mut(end)? = b'Z';
    std::str::from_utf8(text.get(..=end)?).ok()
}

/// Year, month and day of a day since 1970-01-01 (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms",
/// `civil_from_days`). `None` outside of the years 0 to 9999.
fn civil(days: i64) -> Option<(u32, u32, u32)> {
    /// Days from 0000-03-01 to 1970-01-01.
    const SHIFT: i64 = 719_468;
    /// Days of 400 years.
    const ERA: u32 = 146_097;
    // January and February of the year 0 are the last months of an era before this count.
    let days = u32::try_from(days + SHIFT + i64::from(ERA)).ok().filter(|days| *days < 27 * ERA)?;
    let (era, day) = (days / ERA, days % ERA);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = (era * 400 + year + u32::from(month <= 2)).checked_sub(400)?;
    (year <= 9_999).then_some((year, month, day))
}

/// Writes a number below 100 at `start`.
fn pair(text: &mut InstantText, start: usize, value: u32) {
    digit(text, start, value / 10);
    digit(text, start + 1, value % 10);
}

fn digit(text: &mut InstantText, place: usize, value: u32) {
    if let (Some(place), Ok(value)) = (text.get_mut(place), u8::try_from(value)) {
        *place = b'0' + value;
    }
}

#[cfg(test)]
mod tests {
    use super::{InstantText, optional, serialize, text_of_micros};
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

        #[test]
        fn microseconds_are_the_same_text(micros in -62_167_219_200_000_000_i64..253_402_300_800_000_000) {
            let at = DateTime::from_timestamp_micros(micros).unwrap();
            let chronos = serde_json::to_string(&at).unwrap();
            let mut text = InstantText::default();
            assert_eq!(text_of_micros(micros, &mut text), Some(chronos.trim_matches('"')));
        }

        #[test]
        fn no_count_of_microseconds_panics(micros in proptest::num::i64::ANY) {
            let mut text = InstantText::default();
            let within = (-62_167_219_200_000_000..253_402_300_800_000_000).contains(&micros);
            assert_eq!(text_of_micros(micros, &mut text).is_some(), within);
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
