//! What other domains ask about contacts.

use crate::store;
use ::store::TenantTx;
use kernel::Error;
use kernel::ids::{AddressId, ContactId};
use std::collections::HashMap;

/// Where to send: the forms that an address has, as last received from or answered by the provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SendAddress {
    /// Exactly this form; preferred.
    pub phone_raw: Option<String>,
    /// Business-scoped id, for those without a known phone.
    pub bsuid: Option<String>,
}

/// The forms of an address; both absent when every link of it was retired.
///
/// # Errors
/// When the database fails.
pub async fn send_address(tx: &mut TenantTx, address_id: AddressId) -> Result<SendAddress, Error> {
    let known = store::of_address(tx, address_id).await?;
    let raw = |kind: &str| known.iter().find(|identity| identity.kind == kind).map(|identity| identity.raw.clone());
    Ok(SendAddress { phone_raw: raw("phone"), bsuid: raw("whatsapp") })
}

/// Names as known (social name, else name, else profile name); contacts without any, and unknown ids, are absent.
///
/// # Errors
/// When the database fails.
pub async fn display_names(tx: &mut TenantTx, ids: &[ContactId]) -> Result<HashMap<ContactId, String>, Error> {
    let names = store::names(tx, ids).await?;
    Ok(names.into_iter().filter_map(|(id, name)| Some((id, name?))).collect())
}
