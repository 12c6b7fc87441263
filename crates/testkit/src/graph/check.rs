//! Is this a request Meta would take? Fields, forms and limits of `POST …/messages`.
//!
//! Independent of the product's own code on purpose: both were written from the protocol, so an error of one shows.

use serde_json::{Map, Value};

use super::behaviour::Fault;
use super::{Number, State};

/// Keys any message may have.
const COMMON: [&str; 6] =
    ["messaging_product", "recipient_type", "to", "recipient", "context", "biz_opaque_callback_data"];

/// Checks a message; what is wrong comes back as Meta's error.
pub(crate) fn message(body: &Value, number: &Number, state: &State) -> Result<(), Fault> {
    let parts = object(body, "body")?;
    product(parts)?;
    if parts.get("recipient_type").is_some_and(|kind| kind != "individual") {
        return Err(wrong("recipient_type must be individual"));
    }
    recipient(parts, number)?;
    let kind = text_of(parts, "type")?;
    let known = |key: &String| COMMON.contains(&key.as_str()) || key == "type" || *key == kind;
    only(parts, known, "message")?;
    if let Some(context) = parts.get("context") {
        let context = object(context, "context")?;
        only(context, |key| key == "message_id", "context")?;
        text_of(context, "message_id")?;
    }
    if let Some(tag) = parts.get("biz_opaque_callback_data") {
        let tag = tag.as_str().ok_or_else(|| wrong("biz_opaque_callback_data must be a string"))?;
        at_most(tag, 512, "biz_opaque_callback_data")?;
    }
    let content = parts.get(&kind).ok_or_else(|| missing(&kind))?;
    self::content(&kind, content, state)
}

/// Checks a read receipt, perhaps with a typing indicator.
pub(crate) fn read_receipt(body: &Value) -> Result<(), Fault> {
    let parts = object(body, "body")?;
    product(parts)?;
    let keys = ["messaging_product", "status", "message_id", "typing_indicator"];
    only(parts, |key| keys.contains(&key.as_str()), "read receipt")?;
    if parts.get("status").is_none_or(|status| status != "read") {
        return Err(Fault::of(131_009).because("status must be read"));
    }
    if parts.get("typing_indicator").is_some_and(|typing| typing["type"] != "text") {
        return Err(Fault::of(131_009).because("typing_indicator.type must be text"));
    }
    text_of(parts, "message_id").map(drop)
}

fn product(parts: &Map<String, Value>) -> Result<(), Fault> {
    match parts.get("messaging_product") {
        Some(Value::String(product)) if product == "whatsapp" => Ok(()),
        Some(_) => Err(wrong("messaging_product must be whatsapp")),
        None => Err(wrong("The parameter messaging_product is required.")),
    }
}

/// Exactly one of `to` (a phone) and `recipient` (a business-scoped id).
fn recipient(parts: &Map<String, Value>, number: &Number) -> Result<(), Fault> {
    match (parts.get("to"), parts.get("recipient")) {
        (Some(_), Some(_)) => Err(wrong("to and recipient together")),
        (None, None) => Err(missing("to")),
        (Some(to), None) => {
            let to = to.as_str().ok_or_else(|| wrong("to must be a string"))?;
            let digits = to.strip_prefix('+').unwrap_or(to);
            if !(7..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(Fault::of(131_009).because("to is no phone number"));
            }
            if digits == number.display_phone_number {
                return Err(Fault::of(131_021).because("Recipient cannot be the sender"));
            }
            Ok(())
        }
        (None, Some(id)) => {
            let id = id.as_str().ok_or_else(|| wrong("recipient must be a string"))?;
            let (country, rest) = id.split_once('.').unwrap_or_default();
            let country_ok = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase());
            let rest_ok = (1..=128).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if country_ok && rest_ok { Ok(()) } else { Err(Fault::of(131_009).because("recipient is no user id")) }
        }
    }
}

fn content(kind: &str, content: &Value, state: &State) -> Result<(), Fault> {
    if kind == "contacts" {
        return content.as_array().filter(|cards| !cards.is_empty()).map(drop).ok_or_else(|| missing("contacts"));
    }
    let parts = object(content, kind)?;
    let allow = |keys: &[&str]| only(parts, |key| keys.contains(&key.as_str()), kind);
    match kind {
        "text" => {
            allow(&["body", "preview_url"])?;
            if parts.get("preview_url").is_some_and(|preview| !preview.is_boolean()) {
                return Err(wrong("preview_url must be true or false"));
            }
            at_most(&text_of(parts, "body")?, 4096, "text.body")
        }
        "image" | "video" => {
            allow(&["id", "link", "caption"])?;
            media(parts, state)
        }
        "audio" => {
            allow(&["id", "link", "voice"])?;
            media(parts, state)
        }
        "sticker" => {
            allow(&["id", "link"])?;
            media(parts, state)
        }
        "document" => {
            allow(&["id", "link", "caption", "filename"])?;
            media(parts, state)
        }
        "reaction" => {
            allow(&["message_id", "emoji"])?;
            text_of(parts, "message_id").map(drop)
        }
        "location" => {
            allow(&["latitude", "longitude", "name", "address"])?;
            let numbers = ["latitude", "longitude"].iter().all(|key| parts.get(*key).is_some_and(Value::is_number));
            if numbers { Ok(()) } else { Err(missing("latitude and longitude")) }
        }
        "template" => {
            allow(&["name", "language", "components"])?;
            text_of(parts, "name")?;
            text_of(object(parts.get("language").unwrap_or(&Value::Null), "language")?, "code").map(drop)
        }
        "interactive" => interactive(parts),
        _ => Err(Fault::of(131_009).because(format!("type {kind} is not supported"))),
    }
}

fn media(parts: &Map<String, Value>, state: &State) -> Result<(), Fault> {
    if let Some(caption) = parts.get("caption") {
        at_most(caption.as_str().unwrap_or_default(), 1024, "caption")?;
    }
    match (parts.get("id").and_then(Value::as_str), parts.get("link").and_then(Value::as_str)) {
        (Some(id), None) if state.media.contains_key(id) => Ok(()),
        (Some(_), None) => Err(Fault::of(131_009).because("media id does not exist")),
        (None, Some(link)) if link.starts_with("https://") => Ok(()),
        _ => Err(wrong("exactly one of id and link")),
    }
}

/// Reply buttons and lists with their limits; other kinds need a body only.
fn interactive(parts: &Map<String, Value>) -> Result<(), Fault> {
    only(parts, |key| ["type", "header", "body", "footer", "action"].contains(&key.as_str()), "interactive")?;
    let kind = text_of(parts, "type")?;
    let body = parts.get("body").and_then(|body| body["text"].as_str()).ok_or_else(|| missing("interactive.body"))?;
    at_most(body, if kind == "list" { 4096 } else { 1024 }, "interactive.body")?;
    for part in ["header", "footer"] {
        at_most(parts.get(part).and_then(|part| part["text"].as_str()).unwrap_or_default(), 60, part)?;
    }
    let action = parts.get("action").ok_or_else(|| missing("interactive.action"))?;
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let (options, most, title) = match kind.as_str() {
        "button" => {
            let replies: Vec<Value> = list(&action["buttons"]).iter().map(|button| button["reply"].clone()).collect();
            (replies, 3, 20)
        }
        "list" => {
            at_most(action["button"].as_str().unwrap_or_default(), 20, "button")?;
            (list(&action["sections"]).iter().flat_map(|section| list(&section["rows"])).collect(), 10, 24)
        }
        _ => return Ok(()),
    };
    let mut titles: Vec<&str> = options.iter().filter_map(|option| option["title"].as_str()).collect();
    for each in &titles {
        at_most(each, title, "title")?;
    }
    titles.sort_unstable();
    titles.dedup();
    let whole = !options.is_empty() && options.len() <= most && titles.len() == options.len();
    if whole { Ok(()) } else { Err(Fault::of(131_009).because("number or titles of options")) }
}

fn object<'a>(value: &'a Value, name: &str) -> Result<&'a Map<String, Value>, Fault> {
    value.as_object().ok_or_else(|| wrong(&format!("{name} must be an object")))
}

fn only(parts: &Map<String, Value>, known: impl Fn(&String) -> bool, name: &str) -> Result<(), Fault> {
    match parts.keys().find(|key| !known(key)) {
        Some(key) => Err(wrong(&format!("Unexpected key \"{key}\" on {name}"))),
        None => Ok(()),
    }
}

/// A string that is there and not empty.
fn text_of(parts: &Map<String, Value>, key: &str) -> Result<String, Fault> {
    match parts.get(key) {
        Some(Value::String(text)) if !text.is_empty() => Ok(text.clone()),
        Some(Value::String(_)) | None => Err(missing(key)),
        Some(_) => Err(wrong(&format!("{key} must be a string"))),
    }
}

/// Lengths count code units: an emoji is several.
fn at_most(text: &str, limit: usize, name: &str) -> Result<(), Fault> {
    if text.encode_utf16().count() > limit {
        return Err(wrong(&format!("Param {name} must be at most {limit} characters long.")));
    }
    Ok(())
}

fn wrong(details: &str) -> Fault {
    Fault::of(100).because(details)
}

fn missing(key: &str) -> Fault {
    Fault::of(131_008).because(format!("Required parameter is missing: {key}"))
}
