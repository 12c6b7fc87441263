//! The provider answered a send with another form of the address: that form is kept, it is the one that works.

use crate::phone::Phone;
use crate::store;
use ::store::TenantTx;
use kernel::ids::AddressId;
use kernel::{Ctx, Error, Permission, Resource};

/// Keeps `raw` as the form of this address's phone to send to. Another number is not learned this way. Answers whether
/// anything changed. To be called before the conversation is touched: inbound items lock in this order too.
///
/// # Errors
/// When the database fails.
pub async fn learn_address(ctx: &Ctx, tx: &mut TenantTx, address_id: AddressId, raw: &str) -> Result<bool, Error> {
    ctx.require(Permission::CONTACTS_UPDATE, &Resource::organization(ctx.organization_id()))?;
    let Some(phone) = Phone::parse(raw, None) else { return Ok(false) };
    let known = store::of_address(tx, address_id).await?;
    let same = known
        .iter()
        .find(|identity| identity.kind == "phone" && identity.match_key == phone.identity_key() && identity.raw != raw);
    let Some(identity) = same else { return Ok(false) };
    store::touch(tx, &[(identity.id, raw.to_owned())], identity.last_seen).await?;
    Ok(true)
}
