//! Webhook bodies as Meta writes, signs and posts them. Usable without a running fake.

use std::time::Duration;

use chrono::{DateTime, Utc};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use super::Number;
use super::behaviour::Fault;

/// Somebody who writes. At least one of `wa_id` and `user_id` should be there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// Phone in WhatsApp's form, digits.
    pub wa_id: Option<String>,
    /// Business-scoped id, `BR.…`.
    pub user_id: Option<String>,
    pub name: Option<String>,
    pub username: Option<String>,
}

impl Person {
    /// Somebody with a phone and the business-scoped id that goes with it.
    pub fn with_phone(wa_id: &str, name: &str) -> Self {
        Self {
            wa_id: Some(wa_id.to_owned()),
            user_id: Some(format!("BR.7{wa_id}")),
            name: Some(name.to_owned()),
            username: None,
        }
    }

    /// Somebody with a username who hides the phone.
    pub fn hidden(user_id: &str, username: &str) -> Self {
        Self { user_id: Some(user_id.to_owned()), username: Some(username.to_owned()), ..Self::default() }
    }

    fn contact(&self) -> Value {
        let mut profile = json!({"name": self.name.clone().unwrap_or_default()});
        if let Some(username) = &self.username {
            profile["username"] = json!(username);
        }
        let mut contact = json!({ "profile": profile });
        put(&mut contact, "wa_id", self.wa_id.as_ref());
        put(&mut contact, "user_id", self.user_id.as_ref());
        contact
    }
}

fn put(object: &mut Value, key: &str, value: Option<&String>) {
    if let Some(value) = value {
        object[key] = json!(value);
    }
}

/// One message item: `content` is the object under the name of its type.
pub fn item(from: &Person, id: &str, at: DateTime<Utc>, kind: &str, content: Value) -> Value {
    let mut item = json!({"id": id, "timestamp": at.timestamp().to_string(), "type": kind});
    item[kind] = content;
    put(&mut item, "from", from.wa_id.as_ref());
    put(&mut item, "from_user_id", from.user_id.as_ref());
    item
}

/// A text message from a person, as a whole body.
pub fn text(number: &Number, from: &Person, id: &str, at: DateTime<Utc>, body: &str) -> Value {
    messages(number, std::slice::from_ref(from), vec![item(from, id, at, "text", json!({ "body": body }))])
}

/// A message with a file, as a whole body. `kind` is `image`, `audio`, `video`, `document` or `sticker`.
pub fn media(number: &Number, from: &Person, id: &str, at: DateTime<Utc>, kind: &str, file: Value) -> Value {
    messages(number, std::slice::from_ref(from), vec![item(from, id, at, kind, file)])
}

/// Many messages in one body.
pub fn messages(number: &Number, people: &[Person], items: Vec<Value>) -> Value {
    let contacts: Vec<Value> = people.iter().map(Person::contact).collect();
    envelope(number, "messages", json!({ "contacts": contacts, "messages": items }))
}

/// A message that staff wrote in the phone app, as a whole body.
pub fn echo(number: &Number, to: &Person, id: &str, at: DateTime<Utc>, body: &str) -> Value {
    let mut item = json!({"from": number.display_phone_number, "id": id, "timestamp": at.timestamp().to_string(),
        "type": "text", "text": {"body": body}});
    put(&mut item, "to", to.wa_id.as_ref());
    put(&mut item, "to_user_id", to.user_id.as_ref());
    envelope(number, "smb_message_echoes", json!({"contacts": [to.contact()], "message_echoes": [item]}))
}

/// One status item; `error` for a `failed`.
pub fn status(message_id: &str, status: &str, at: DateTime<Utc>, recipient: &Person, error: Option<i64>) -> Value {
    let mut item = json!({"id": message_id, "status": status, "timestamp": at.timestamp().to_string()});
    put(&mut item, "recipient_id", recipient.wa_id.as_ref());
    if status != "failed" || recipient.wa_id.is_none() {
        put(&mut item, "recipient_user_id", recipient.user_id.as_ref());
    }
    if let Some(code) = error {
        item["errors"] = json!([self::error(&Fault::of(code))]);
    }
    item
}

/// Statuses as a whole body.
pub fn statuses(number: &Number, items: Vec<Value>) -> Value {
    envelope(number, "messages", json!({ "statuses": items }))
}

/// An item of `errors[]`.
pub(crate) fn error(fault: &Fault) -> Value {
    let words = fault.message.split_once(") ").map_or(fault.message.as_str(), |(_, words)| words);
    let details = fault.details.as_deref().unwrap_or(words);
    json!({"code": fault.code, "title": words, "message": words, "error_data": {"details": details},
        "href": "/documentation/business-messaging/whatsapp/support/error-codes"})
}

/// A whole body of one change.
pub fn envelope(number: &Number, field: &str, mut value: Value) -> Value {
    value["messaging_product"] = json!("whatsapp");
    value["metadata"] = json!({"display_phone_number": number.display_phone_number,
        "phone_number_id": number.phone_number_id});
    let change = json!({"value": value, "field": field});
    json!({"object": "whatsapp_business_account", "entry": [{"id": number.waba_id, "changes": [change]}]})
}

/// The bytes Meta posts: everything outside of ASCII as `\uXXXX`, and `/` as `\/`.
pub fn meta_bytes(body: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    for c in body.to_string().chars() {
        match c {
            '/' => bytes.extend_from_slice(b"\\/"),
            ascii if ascii.is_ascii() => bytes.push(u8::try_from(ascii).unwrap_or(b'?')),
            other => {
                let mut units = [0u16; 2];
                for unit in other.encode_utf16(&mut units) {
                    bytes.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                }
            }
        }
    }
    bytes
}

/// The value of `X-Hub-Signature-256` for these bytes.
pub fn sign(app_secret: &str, bytes: &[u8]) -> String {
    // A key of any length is fine for HMAC; an empty signature would be refused by whoever checks it.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(app_secret.as_bytes()) else { return String::new() };
    mac.update(bytes);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// Posts signed bodies to a callback address.
#[derive(Clone)]
pub struct Callback {
    url: String,
    app_secret: String,
    client: reqwest::Client,
}

impl Callback {
    /// A callback address and the app secret that signs for it.
    #[expect(clippy::disallowed_methods, reason = "a provider's side: its calls come from outside of the product")]
    pub fn new(url: &str, app_secret: &str) -> Self {
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(30)).build();
        Self { url: url.to_owned(), app_secret: app_secret.to_owned(), client: client.unwrap_or_default() }
    }

    /// Posts these bytes with their signature; the HTTP status of the answer.
    pub async fn post(&self, bytes: &[u8]) -> reqwest::Result<u16> {
        self.post_as(bytes, &sign(&self.app_secret, bytes)).await
    }

    /// Posts these bytes with any signature, for tests of refusal.
    pub async fn post_as(&self, bytes: &[u8], signature: &str) -> reqwest::Result<u16> {
        let request = self.client.post(&self.url).header("content-type", "application/json");
        let answer = request.header("x-hub-signature-256", signature).body(bytes.to_vec()).send().await?;
        Ok(answer.status().as_u16())
    }
}
