//! Tolerant readers of one field of an item: the wrong type, an empty string and an absent field are all `None`.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::clean;

/// Longest id taken; longer ones cannot be a unique key of the database.
const MAX_ID: usize = 512;

/// An id: a string, or a number in some fields. No spaces, no control characters, at most 512 bytes.
pub(crate) fn id(item: &Value, key: &str) -> Option<String> {
    let id = match item.get(key)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) if number.is_u64() => number.to_string(),
        _ => return None,
    };
    let usable = !id.is_empty() && id.len() <= MAX_ID && !id.chars().any(|c| c.is_control() || c.is_whitespace());
    usable.then_some(id)
}

/// A media id: letters and digits, perhaps with `.`, `-`, `_` between them. It becomes part of a path.
pub(crate) fn media_id(item: &Value, key: &str) -> Option<String> {
    id(item, key).filter(|id| {
        id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
            && id.bytes().any(|b| b.is_ascii_alphanumeric())
    })
}

/// A business-scoped user id: `CC.` and letters, digits or (parent) further dots. Digits in it are never a phone.
pub(crate) fn bsuid(item: &Value, key: &str) -> Option<String> {
    id(item, key).filter(|id| looks_like_bsuid(id))
}

fn looks_like_bsuid(id: &str) -> bool {
    let country = id.as_bytes().first_chunk::<2>();
    country.is_some_and(|cc| cc.iter().all(u8::is_ascii_uppercase))
        && id.len() > 3
        && id.as_bytes().get(2) == Some(&b'.')
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'.')
}

/// A phone as WhatsApp writes it: digits only (a leading plus is dropped). Anything else is no phone; in particular the
/// digits of a business-scoped id are not.
pub(crate) fn phone(item: &Value, key: &str) -> Option<String> {
    let id = id(item, key)?;
    let digits = id.strip_prefix('+').unwrap_or(&id);
    ((5..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| digits.to_owned())
}

/// A body text as written; not empty.
pub(crate) fn text(item: &Value, key: &str) -> Option<String> {
    let text = clean::text(item.get(key)?.as_str()?);
    (!text.trim().is_empty()).then_some(text)
}

/// A one-line text for display of at most 1 000 characters; not empty.
pub(crate) fn line(item: &Value, key: &str) -> Option<String> {
    let line = clean::line(item.get(key)?.as_str()?, 1_000);
    (!line.is_empty()).then_some(line)
}

/// A person's name for display: one line of at most 200 characters.
pub(crate) fn name(item: &Value, key: &str) -> Option<String> {
    let name = clean::line(item.get(key)?.as_str()?, 200);
    (!name.is_empty()).then_some(name)
}

/// A whole number, also when it comes as a string.
pub(crate) fn integer(item: &Value, key: &str) -> Option<i64> {
    match item.get(key)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// A decimal as text, without a detour over floats for what came as text.
pub(crate) fn decimal(item: &Value, key: &str) -> Option<String> {
    match item.get(key)? {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => {
            let text = text.trim();
            let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            (digits && text.len() <= 30 && text.parse::<f64>().is_ok()).then(|| text.to_owned())
        }
        _ => None,
    }
}

/// A finite number, also when it comes as a string.
pub(crate) fn float(item: &Value, key: &str) -> Option<f64> {
    let number = match item.get(key)? {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    number.filter(|number| number.is_finite())
}

/// True only for `true`.
pub(crate) fn flag(item: &Value, key: &str) -> bool {
    item.get(key).and_then(Value::as_bool).unwrap_or(false)
}

/// A time in Unix seconds, as a string or number; milliseconds are recognized. Between 2001 and 2286.
pub(crate) fn time(item: &Value, key: &str) -> Option<DateTime<Utc>> {
    const SECONDS: std::ops::Range<i64> = 1_000_000_000..10_000_000_000;
    let number = integer(item, key)?;
    if SECONDS.contains(&number) {
        DateTime::from_timestamp(number, 0)
    } else {
        DateTime::from_timestamp_millis(number).filter(|at| SECONDS.contains(&at.timestamp()))
    }
}

/// The items of a list; nothing for anything else.
pub(crate) fn list<'a>(item: &'a Value, key: &str) -> &'a [Value] {
    item.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A SHA-256 as 64 lower case hex digits, from base64 (webhooks) or hex (look-ups).
pub(crate) fn sha256(item: &Value, key: &str) -> Option<String> {
    let text = item.get(key)?.as_str()?.trim();
    let bytes = match hex::decode(text) {
        Ok(bytes) => bytes,
        Err(_) => STANDARD.decode(text).or_else(|_| STANDARD_NO_PAD.decode(text)).ok()?,
    };
    (bytes.len() == 32).then(|| hex::encode(bytes))
}

/// A declared media type such as `audio/ogg; codecs=opus`, lower case; `None` if it is not of that form.
pub(crate) fn mime_type(item: &Value, key: &str) -> Option<String> {
    let text = item.get(key)?.as_str()?.trim().to_ascii_lowercase();
    let essence = text.split(';').next().unwrap_or_default().trim_end();
    let token =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b));
    let (kind, subtype) = essence.split_once('/')?;
    let printable = text.len() <= 127 && text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    (printable && token(kind) && token(subtype)).then_some(text)
}

/// An address on the web over TLS, at most 2 048 bytes.
pub(crate) fn https_url(item: &Value, key: &str) -> Option<String> {
    id_like_url(item.get(key)?.as_str()?, "https://")
}

/// An address on the web for display, at most 2 048 bytes; no other scheme than http(s).
pub(crate) fn web_url(item: &Value, key: &str) -> Option<String> {
    let text = item.get(key)?.as_str()?;
    id_like_url(text, "https://").or_else(|| id_like_url(text, "http://"))
}

fn id_like_url(text: &str, scheme: &str) -> Option<String> {
    let text = text.trim();
    let usable = text.len() <= 2_048 && text.starts_with(scheme) && !text.chars().any(|c| c.is_control() || c == ' ');
    usable.then(|| text.to_owned())
}
