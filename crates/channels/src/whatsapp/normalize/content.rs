//! The content of a message: from a provider's type to segments. What cannot be shown becomes `unsupported`.

use messaging::content::{MediaRef, MessageKind, OrderItem, Referral, Segment};
use serde_json::Value;

use super::{clean, read};
use crate::whatsapp::errors;

mod card;

/// Kind and segments of one message; never without a segment.
pub(super) struct Content {
    pub(super) kind: MessageKind,
    pub(super) segments: Vec<Segment>,
}

/// Reads a message of the given type (`type` may be absent).
pub(super) fn of_message(item: &Value, kind: Option<&str>) -> Content {
    let body = kind.and_then(|kind| item.get(kind)).unwrap_or(&Value::Null);
    let content = match kind {
        Some("text") => read::text(body, "body").map(|text| one(MessageKind::Text, Segment::Text { text })),
        Some("image" | "video" | "document" | "audio" | "voice") => media(kind.unwrap_or_default(), body),
        Some("sticker") => media_ref(body)
            .map(|media| one(MessageKind::Sticker, Segment::Sticker { media, animated: read::flag(body, "animated") })),
        Some("location") => location(body).map(|segment| one(MessageKind::Location, segment)),
        Some("contacts") => cards(item),
        Some("interactive") => interactive(body),
        Some("button") => tap(body, "payload", "text"),
        Some("order") => order(body).map(|segment| one(MessageKind::Order, segment)),
        _ => None,
    };
    let mut content = content.unwrap_or_else(|| unsupported(item, kind));
    content.segments.extend(product_question(item));
    content.segments.extend(referral(item));
    content
}

fn one(kind: MessageKind, segment: Segment) -> Content {
    Content { kind, segments: vec![segment] }
}

fn media(kind: &str, body: &Value) -> Option<Content> {
    let media = media_ref(body)?;
    let caption = read::text(body, "caption");
    let segment = match kind {
        "image" => Segment::Image { media, caption },
        "video" => Segment::Video { media, caption },
        "audio" | "voice" => Segment::Audio { media, voice: read::flag(body, "voice") || kind == "voice" },
        _ => Segment::File { media, caption },
    };
    Some(one(MessageKind::Media, segment))
}

/// A file that can be fetched: it has an id. One without is shown as unsupported, with the provider's reason.
fn media_ref(body: &Value) -> Option<MediaRef> {
    Some(MediaRef {
        attachment_id: None,
        provider_id: Some(read::media_id(body, "id")?),
        mime_type: read::mime_type(body, "mime_type"),
        sha256: read::sha256(body, "sha256"),
        file_name: body.get("filename").and_then(Value::as_str).and_then(clean::file_name),
        url: read::https_url(body, "url"),
    })
}

fn location(body: &Value) -> Option<Segment> {
    let latitude = read::float(body, "latitude").filter(|degrees| degrees.abs() <= 90.0)?;
    let longitude = read::float(body, "longitude").filter(|degrees| degrees.abs() <= 180.0)?;
    Some(Segment::Location {
        latitude,
        longitude,
        name: read::line(body, "name"),
        address: read::line(body, "address"),
        url: read::web_url(body, "url"),
    })
}

fn cards(item: &Value) -> Option<Content> {
    let requested = item.get("origin").and_then(Value::as_str) == Some("contact_request");
    let segments: Vec<Segment> = read::list(item, "contacts")
        .iter()
        .filter(|contact| contact.is_object())
        .take(card::MAX_ENTRIES)
        .map(|contact| Segment::Contact { card: card::of_contact(contact), requested })
        .collect();
    (!segments.is_empty()).then_some(Content { kind: MessageKind::ContactCard, segments })
}

fn interactive(body: &Value) -> Option<Content> {
    let subtype = body.get("type").and_then(Value::as_str)?;
    let reply = body.get(subtype)?;
    match subtype {
        "button_reply" | "list_reply" => tap(reply, "id", "title"),
        "nfm_reply" => Some(one(MessageKind::FormReply, form_reply(reply)?)),
        _ => None,
    }
}

/// A tap on a button or row. One without a title shows its id; one with neither is nothing.
fn tap(reply: &Value, id_key: &str, title_key: &str) -> Option<Content> {
    let (id, title) = (read::line(reply, id_key), read::line(reply, title_key));
    let segment = Segment::ReplyChoice {
        option_id: id.clone().or_else(|| title.clone())?,
        title: title.or(id)?,
        description: read::line(reply, "description"),
    };
    Some(one(MessageKind::Interactive, segment))
}

/// A filled form: JSON inside a string, which may be broken and then stays a text.
fn form_reply(reply: &Value) -> Option<Segment> {
    let text = read::text(reply, "response_json")?;
    let answers = serde_json::from_str::<Value>(&text).ok().filter(Value::is_object).map(clean::json);
    Some(Segment::FormReply {
        name: read::line(reply, "name"),
        token: answers.as_ref().and_then(|answers| read::line(answers, "flow_token")),
        text: answers.is_none().then_some(text),
        answers,
    })
}

fn order(body: &Value) -> Option<Segment> {
    let items: Vec<OrderItem> = read::list(body, "product_items")
        .iter()
        .filter_map(|item| {
            Some(OrderItem {
                product_id: read::line(item, "product_retailer_id")?,
                quantity: read::integer(item, "quantity"),
                unit_price: read::decimal(item, "item_price"),
                currency: read::line(item, "currency"),
            })
        })
        .collect();
    (!items.is_empty()).then(|| Segment::Order {
        catalog_id: read::id(body, "catalog_id"),
        note: read::text(body, "text"),
        items,
    })
}

fn product_question(item: &Value) -> Option<Segment> {
    let product = item.get("context")?.get("referred_product")?;
    Some(Segment::ProductQuestion {
        catalog_id: read::id(product, "catalog_id"),
        product_id: read::line(product, "product_retailer_id")?,
    })
}

fn referral(item: &Value) -> Option<Segment> {
    let source = item.get("referral").filter(|referral| referral.is_object())?;
    let referral = Referral {
        source_type: read::line(source, "source_type"),
        source_id: read::id(source, "source_id"),
        source_url: read::web_url(source, "source_url"),
        headline: read::line(source, "headline"),
        body: read::text(source, "body"),
        click_id: read::id(source, "ctwa_clid"),
    };
    Some(Segment::Referral { referral })
}

/// The name of what we cannot show, with the provider's explanation if there is one.
fn unsupported(item: &Value, kind: Option<&str>) -> Content {
    let body = kind.and_then(|kind| item.get(kind));
    let subtype = body.and_then(|body| read::line(body, "type"));
    let original_type = match kind {
        Some("unsupported") | None => subtype,
        Some(kind) => Some(subtype.map_or_else(|| kind.to_owned(), |subtype| format!("{kind}/{subtype}"))),
    };
    let error = read::list(item, "errors").first().map(errors::parse_object);
    let segment = Segment::Unsupported {
        original_type: original_type.map(|name| clean::line(&name, 100)).filter(|name| !name.is_empty()),
        code: error.as_ref().and_then(|error| error.code),
        detail: error.and_then(|error| error.detail.or(error.title)),
    };
    one(MessageKind::Unsupported, segment)
}
