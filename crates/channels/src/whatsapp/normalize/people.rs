//! Who is meant: addresses out of the fields of an item and the `contacts` beside it.

use serde_json::Value;

use super::read;
use crate::connector::Address;

/// The `contacts` of one value. Matched to items by id, never by index: their number and order say nothing.
#[derive(Clone, Default)]
pub(super) struct People(Vec<Address>);

impl People {
    pub(super) fn read(contacts: impl Iterator<Item = Value>) -> Self {
        let people = contacts.map(|contact| {
            let profile = contact.get("profile").unwrap_or(&Value::Null);
            Address {
                profile_name: read::name(profile, "name"),
                // Seen both inside and beside the profile.
                username: read::name(profile, "username").or_else(|| read::name(&contact, "username")),
                ..address(&contact, "wa_id", "user_id", "parent_user_id")
            }
        });
        Self(people.filter(|person| !person.is_nobody()).collect())
    }

    /// The address in three fields of an item, completed by the contact it belongs to.
    pub(super) fn address(&self, item: &Value, phone: &str, bsuid: &str, parent: &str) -> Address {
        self.complete(address(item, phone, bsuid, parent))
    }

    /// Adds what the matching contact says beyond the item. The item wins where both speak.
    fn complete(&self, mut address: Address) -> Address {
        let same = |ours: &Option<String>, theirs: &Option<String>| ours.is_some() && ours == theirs;
        let conflict = |ours: &Option<String>, theirs: &Option<String>| matches!((ours, theirs), (Some(ours), Some(theirs)) if ours != theirs);
        let found = self.0.iter().find(|person| same(&address.bsuid, &person.bsuid)).or_else(|| {
            let by_phone = |person: &&Address| {
                same(&address.phone_raw, &person.phone_raw) && !conflict(&address.bsuid, &person.bsuid)
            };
            self.0.iter().find(by_phone)
        });
        if let Some(person) = found {
            let fill = |ours: &mut Option<String>, theirs: &Option<String>| {
                if ours.is_none() {
                    ours.clone_from(theirs);
                }
            };
            fill(&mut address.bsuid, &person.bsuid);
            fill(&mut address.parent_bsuid, &person.parent_bsuid);
            fill(&mut address.phone_raw, &person.phone_raw);
            fill(&mut address.username, &person.username);
            fill(&mut address.profile_name, &person.profile_name);
        }
        address
    }
}

/// The forms of an address in three fields. A business-scoped id in the phone's field is taken for what it is.
pub(super) fn address(item: &Value, phone: &str, bsuid: &str, parent: &str) -> Address {
    Address {
        bsuid: read::bsuid(item, bsuid).or_else(|| read::bsuid(item, phone)),
        parent_bsuid: read::bsuid(item, parent),
        phone_raw: read::phone(item, phone),
        ..Address::default()
    }
}
