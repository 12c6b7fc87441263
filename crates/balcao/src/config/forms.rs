//! What values look like: durations, sizes, lists, addresses. Each reader answers with what is wrong in half a
//! sentence that never repeats the value, because it may be a secret in the wrong place.

use std::ops::RangeInclusive;
use std::time::Duration;
use url::Url;

/// `true` or `false`.
pub fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err("must be true or false".to_owned()),
    }
}

/// A whole number within `range`.
pub fn number(text: &str, range: RangeInclusive<u32>) -> Result<u32, String> {
    let wrong = || format!("must be a whole number from {} to {}", range.start(), range.end());
    text.parse().ok().filter(|number| range.contains(number)).ok_or_else(wrong)
}

/// `250ms`, `5s`, `2m`, `1h`.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "must be a duration such as 500ms, 5s, 2m or 1h".to_owned();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits).ok_or_else(wrong)?;
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let millis = match unit.trim() {
        "ms" => Some(number),
        "s" => number.checked_mul(1_000),
        "m" => number.checked_mul(60_000),
        "h" => number.checked_mul(3_600_000),
        _ => None,
    };
    // A month is longer than anything that is waited for here.
    millis.filter(|millis| (1..=2_592_000_000).contains(millis)).map(Duration::from_millis).ok_or_else(wrong)
}

/// `65536`, `64KiB`, `5MiB`; in bytes.
pub fn size(text: &str) -> Result<usize, String> {
    let wrong = || "must be a size such as 65536, 64KiB or 5MiB, at most 1GiB".to_owned();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits).ok_or_else(wrong)?;
    let number: usize = number.parse().map_err(|_| wrong())?;
    let factor = match unit.trim() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(wrong()),
    };
    number.checked_mul(factor).filter(|bytes| (1..=1 << 30).contains(bytes)).ok_or_else(wrong)
}

/// `30/m`, `300/h`, `30/m,300/h` or `off`: so many a minute and an hour. `short` is what the first window is called.
pub fn limit(text: &str, short: &str) -> Result<(Option<u32>, Option<u32>), String> {
    let wrong = || format!("must be a limit such as 30/{short} or 30/{short},300/h, or off");
    if text == "off" {
        return Ok((None, None));
    }
    let (mut first, mut hour) = (None, None);
    for part in list(text) {
        let (quota, window) = part.split_once('/').ok_or_else(wrong)?;
        let quota = quota.parse().ok().filter(|quota| *quota > 0).ok_or_else(wrong)?;
        let slot = match window {
            "h" => &mut hour,
            window if window == short => &mut first,
            _ => return Err(wrong()),
        };
        if slot.replace(quota).is_some() {
            return Err(wrong());
        }
    }
    if (first, hour) == (None, None) { Err(wrong()) } else { Ok((first, hour)) }
}

/// Items between commas, without empty ones.
pub fn list(text: &str) -> Vec<&str> {
    text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect()
}

/// An http or https URL without user, password, query or fragment.
pub fn web_url(text: &str) -> Result<Url, String> {
    let wrong = || "must be an http or https URL without user, password or query".to_owned();
    let url = Url::parse(text).map_err(|_| wrong())?;
    let plain = url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if plain && matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err(wrong()) }
}

/// Origins as browsers send them, between commas.
pub fn origins(text: &str) -> Result<Vec<String>, String> {
    let wrong = || "must be a list of origins such as https://desk.example (no path)".to_owned();
    let origin = |item: &str| {
        let url = web_url(item).map_err(|_| wrong())?;
        if url.path() == "/" { Ok(url.origin().ascii_serialization()) } else { Err(wrong()) }
    };
    list(text).into_iter().map(origin).collect()
}

/// 32 bytes in base64 (either alphabet, padded or not) or hexadecimal.
pub fn key(text: &str) -> Result<Vec<u8>, String> {
    use base64::Engine as _;
    use base64::alphabet::{STANDARD, URL_SAFE};
    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

    let text = text.trim();
    let lenient = GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let base64 = [&STANDARD, &URL_SAFE].map(|alphabet| GeneralPurpose::new(alphabet, lenient).decode(text).ok());
    let readings = std::iter::once(hex::decode(text).ok()).chain(base64);
    let found = readings.flatten().find(|bytes| bytes.len() == 32);
    found.ok_or_else(|| "must be 32 bytes in base64 or hexadecimal (such as `openssl rand -hex 32` prints)".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_have_units_and_bounds() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for wrong in ["", "5", "s", "-1s", "1d", "0s", "99999999999999999999s", "900000h"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        assert_eq!(size("64KiB"), Ok(65_536));
        assert_eq!(size("10"), Ok(10));
        for wrong in ["", "KiB", "0", "2GiB", "1MB", "99999999999999999999"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn limits_name_their_windows() {
        assert_eq!(limit("30/m,300/h", "m"), Ok((Some(30), Some(300))));
        assert_eq!(limit("300/h", "m"), Ok((None, Some(300))));
        assert_eq!(limit("100/10s", "10s"), Ok((Some(100), None)));
        assert_eq!(limit("off", "m"), Ok((None, None)));
        for wrong in ["", "30", "30/s", "0/m", "30/m,40/m", "x/m", "100/m"] {
            assert!(limit(wrong, "10s").is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_key_is_32_bytes_in_any_usual_spelling() {
        let bytes = vec![0xfb; 32];
        let spellings = [
            "fb".repeat(32),
            "FB".repeat(32),
            "+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/v7+/s=".to_owned(),
            "-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s".to_owned(),
        ];
        for spelling in spellings {
            assert_eq!(key(&spelling), Ok(bytes.clone()), "{spelling}");
        }
        for wrong in ["", "abc", &"fb".repeat(31), &"zz".repeat(32)] {
            assert!(key(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn origins_have_no_path_and_urls_no_secrets() {
        assert_eq!(
            origins("https://a.example, http://b.example:81/"),
            Ok(vec!["https://a.example".into(), "http://b.example:81".into()])
        );
        for wrong in ["a.example", "https://a.example/x", "ftp://a.example", "https://u@a.example"] {
            assert!(origins(wrong).is_err(), "{wrong}");
        }
        assert!(web_url("https://u:p@a.example/").is_err());
        assert!(web_url("https://a.example/v26.0").is_ok());
    }
}
