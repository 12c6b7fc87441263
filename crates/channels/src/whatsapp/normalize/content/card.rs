//! Contact cards. Everything in them may be absent, and all of it is a claim of the sender.

use messaging::content::{CardAddress, CardEntry, CardPhone, ContactCard};
use serde_json::Value;

use crate::whatsapp::normalize::read;

/// Most cards of a message, and most entries of each list of a card, that are kept.
pub(super) const MAX_ENTRIES: usize = 50;

pub(super) fn of_contact(contact: &Value) -> ContactCard {
    let name = contact.get("name").unwrap_or(&Value::Null);
    let org = contact.get("org").unwrap_or(&Value::Null);
    let composed = || {
        let parts = ["first_name", "middle_name", "last_name"];
        let words: Vec<String> = parts.iter().filter_map(|part| read::name(name, part)).collect();
        (!words.is_empty()).then(|| words.join(" "))
    };
    ContactCard {
        name: read::name(name, "formatted_name").or_else(composed),
        organization: read::line(org, "company"),
        job_title: read::line(org, "title"),
        birthday: read::line(contact, "birthday"),
        phones: entries(contact, "phones", phone),
        emails: entries(contact, "emails", |entry| labelled(entry, "email")),
        addresses: entries(contact, "addresses", address),
        urls: entries(contact, "urls", |entry| {
            Some(CardEntry { value: read::web_url(entry, "url")?, label: read::line(entry, "type") })
        }),
    }
}

fn entries<T>(contact: &Value, key: &str, each: impl Fn(&Value) -> Option<T>) -> Vec<T> {
    read::list(contact, key).iter().take(MAX_ENTRIES).filter_map(each).collect()
}

fn phone(entry: &Value) -> Option<CardPhone> {
    let wa_id = read::phone(entry, "wa_id");
    let number = read::line(entry, "phone").or_else(|| wa_id.clone())?;
    Some(CardPhone { number, wa_id, label: read::line(entry, "type") })
}

fn labelled(entry: &Value, key: &str) -> Option<CardEntry> {
    Some(CardEntry { value: read::line(entry, key)?, label: read::line(entry, "type") })
}

fn address(entry: &Value) -> Option<CardAddress> {
    let address = CardAddress {
        street: read::line(entry, "street"),
        city: read::line(entry, "city"),
        state: read::line(entry, "state"),
        postal_code: read::line(entry, "zip"),
        country: read::line(entry, "country"),
        label: read::line(entry, "type"),
    };
    (address != CardAddress { label: address.label.clone(), ..CardAddress::default() }).then_some(address)
}
