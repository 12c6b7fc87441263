//! A contact as it is shown beside a conversation.

use crate::mask;
use kernel::ids::ContactId;
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
        let masked = address.map(mask::address);
        let name = name.map(str::to_owned).or_else(|| masked.clone()).unwrap_or_default();
        if reveal {
            return Self { id, name, address: address.map(str::to_owned), masked_fields: &[] };
        }
        let masked_fields: &[&str] = if masked.is_some() { &["address"] } else { &[] };
        Self { id, name, address: masked, masked_fields }
    }
}
