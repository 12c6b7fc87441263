//! Webhooks as Meta's Cloud API sends them: what `simulate` posts and the demo begins with.

use channels::accounts::ChannelAccount;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

/// A customer of the other side.
#[derive(Clone, Copy, Debug)]
pub struct Customer<'a> {
    /// Digits with the country code.
    pub number: &'a str,
    pub name: &'a str,
}

/// A text message of a customer.
pub fn text(account: &ChannelAccount, from: Customer<'_>, id: &str, body: &str, at: DateTime<Utc>) -> Value {
    envelope(
        account,
        json!({
            "contacts": [{"profile": {"name": from.name}, "wa_id": from.number}],
            "messages": [{"from": from.number, "id": id, "timestamp": seconds(at), "type": "text", "text": {"body": body}}],
        }),
    )
}

/// What became of a message: one status after the other. `tag` is what the message was sent with.
pub fn statuses(
    account: &ChannelAccount,
    recipient: &str,
    id: &str,
    tag: Option<&str>,
    names: &[&str],
    at: DateTime<Utc>,
) -> Value {
    let status = |name: &&str| {
        let mut status = json!({"id": id, "status": name, "timestamp": seconds(at), "recipient_id": recipient});
        if let Some(tag) = tag {
            status["biz_opaque_callback_data"] = json!(tag);
        }
        if *name == "failed" {
            status["errors"] =
                json!([{"code": 131_026, "title": "Message undeliverable", "message": "Message undeliverable"}]);
        }
        status
    };
    envelope(account, json!({"statuses": names.iter().map(status).collect::<Vec<_>>()}))
}

fn envelope(account: &ChannelAccount, value: Value) -> Value {
    let display = account.settings.display_number.as_deref().unwrap_or_default();
    let mut whole = json!({
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": display, "phone_number_id": account.external_id},
    });
    if let (Some(whole), Value::Object(value)) = (whole.as_object_mut(), value) {
        whole.extend(value);
    }
    json!({
        "object": "whatsapp_business_account",
        "entry": [{"id": account.settings.business_account_id, "changes": [{"field": "messages", "value": whole}]}],
    })
}

/// Meta writes Unix seconds as text.
fn seconds(at: DateTime<Utc>) -> String {
    at.timestamp().to_string()
}
