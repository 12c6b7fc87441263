//! A contact as it is shown beside a conversation.

use crate::mask;
use kernel::ids::ContactId;
use kernel::masks;
use serde::Serialize;

/// A contact in the answers of others: who it is, and the address, masked unless the reader may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ContactCard {
    pub id: ContactId,
    /// Social name, else name, else profile name, else the masked address.
    #[schema(example = "Ana Souza")]
    pub name: String,
    #[schema(example = "+55 11 *****-**17")]
    pub address: Option<String>,
    /// Fields that show a mask instead of their value.
    pub masked_fields: &'static [&'static str],
}

impl ContactCard {
    /// `name` as known (`None`: nobody told one), `address` canonical; `reveal` with `contacts.view_pii`.
    pub fn new(id: ContactId, name: Option<&str>, address: Option<&str>, reveal: bool) -> Self {
        if reveal {
            let name = name.map(str::to_owned).or_else(|| address.map(mask::address)).unwrap_or_default();
            return Self { id, name, address: address.map(str::to_owned), masked_fields: &[] };
        }
        let masked = address.map(mask::address);
        // Who never named himself is shown under the number that he writes from.
        let hidden_name = name.and_then(masks::name);
        let masked_fields: &[&str] = match (hidden_name.is_some(), masked.is_some()) {
            (true, true) => &["name", "address"],
            (true, false) => &["name"],
            (false, true) => &["address"],
            (false, false) => &[],
        };
        let name = hidden_name.or_else(|| name.map(str::to_owned)).or_else(|| masked.clone()).unwrap_or_default();
        Self { id, name, address: masked, masked_fields }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(name: Option<&str>, reveal: bool) -> ContactCard {
        ContactCard::new(ContactId(uuid::Uuid::nil()), name, Some("+5511990000017"), reveal)
    }

    #[test]
    fn a_masked_card_shows_no_whole_address_under_any_name() {
        for name in [None, Some("+55 11 99000-0017"), Some("5511990000017"), Some("ana@dominio.com.br")] {
            let shown = serde_json::to_string(&card(name, false)).unwrap();
            assert!(
                !shown.contains("990000017") && !shown.contains("99000-0017") && !shown.contains("dominio"),
                "{shown}"
            );
        }
        assert_eq!(card(Some("Ana Souza"), false).masked_fields, ["address"]);
        assert_eq!(card(Some("Ana Souza"), false).name, "Ana Souza");
        assert_eq!(card(Some("5511990000017"), false).masked_fields, ["name", "address"]);
    }

    #[test]
    fn a_revealed_card_shows_all() {
        let shown = card(Some("5511990000017"), true);
        assert_eq!((shown.name.as_str(), shown.address.as_deref()), ("5511990000017", Some("+5511990000017")));
        assert!(shown.masked_fields.is_empty());
    }
}
