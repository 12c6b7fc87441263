//! A provider says that somebody's address changed: the new one joins the same contact, the old one is retired.

use crate::events;
use crate::sender::{Link, Sender};
use crate::store::{self, Home, KnownIdentity};
use ::store::TenantTx;
use kernel::ids::{AddressId, ContactId, IdentityId};
use kernel::{Actor, Ctx, Error, ErrorKind, Permission, Resource};
use serde_json::json;

/// What became of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityMove {
    /// The contact has the new links now; its address (hence its thread) stays.
    Moved { contact_id: ContactId, address_id: AddressId, added: usize, retired: usize },
    /// A new link is already another contact's: both are kept, a duplicate is suggested.
    KeptApart { contact_id: ContactId, address_id: AddressId, other: ContactId },
    /// Nobody here had the old address.
    Unknown,
}

/// Moves a contact from `previous` to `current`. Repeating it changes nothing.
///
/// # Errors
/// When the database fails, or retryable when others add the same link at this moment.
pub async fn change_identity(
    ctx: &Ctx,
    tx: &mut TenantTx,
    previous: &Sender,
    current: &Sender,
) -> Result<IdentityMove, Error> {
    ctx.require(Permission::CONTACTS_UPDATE, &Resource::organization(ctx.organization_id()))?;
    let (old_links, new_links) = (previous.links(), current.links());
    let mut all = old_links.clone();
    all.extend(new_links.iter().filter(|link| !old_links.contains(link)).cloned());
    let known = store::known(tx, &all).await?;
    let find = |link: &Link| known.iter().find(|identity| identity.is(link));
    let Some(home) = old_links.iter().find_map(find) else { return already_moved(&new_links, &known) };
    store::lock_address(tx, home.address_id).await?;
    if let Some(other) = new_links.iter().filter_map(find).find(|identity| identity.contact_id != home.contact_id) {
        let data = json!({"contact_id": home.contact_id, "other_contact_id": other.contact_id, "evidence": "provider_identity_change"});
        events::append(ctx, tx, "contact.duplicate_suggested", home.contact_id, Actor::SYSTEM, data);
        return Ok(IdentityMove::KeptApart {
            contact_id: home.contact_id,
            address_id: home.address_id,
            other: other.contact_id,
        });
    }
    let retired = retire_replaced(ctx, tx, home, &new_links).await?;
    let added = add_new(ctx, tx, home, &new_links, &known, current).await?;
    Ok(IdentityMove::Moved { contact_id: home.contact_id, address_id: home.address_id, added, retired })
}

/// The old links are gone: perhaps this very change was taken before.
fn already_moved(new_links: &[Link], known: &[KnownIdentity]) -> Result<IdentityMove, Error> {
    let home = new_links.iter().find_map(|link| known.iter().find(|identity| identity.is(link)));
    Ok(match home {
        Some(home) => {
            IdentityMove::Moved { contact_id: home.contact_id, address_id: home.address_id, added: 0, retired: 0 }
        }
        None => IdentityMove::Unknown,
    })
}

/// Retires the links of this address that a new one of the same kind replaces.
async fn retire_replaced(
    ctx: &Ctx,
    tx: &mut TenantTx,
    home: &KnownIdentity,
    new_links: &[Link],
) -> Result<usize, Error> {
    let of_address = store::of_address(tx, home.address_id).await?;
    let replaced: Vec<&KnownIdentity> = of_address
        .iter()
        .filter(|identity| {
            new_links.iter().any(|link| link.kind == identity.kind) && !new_links.iter().any(|link| identity.is(link))
        })
        .collect();
    let ids: Vec<IdentityId> = replaced.iter().map(|identity| identity.id).collect();
    if ids.is_empty() {
        return Ok(0);
    }
    store::retire(tx, &ids, ctx.now()).await?;
    for identity in &replaced {
        let data = events::identity(home.contact_id, identity.id, &identity.kind, &identity.value, &identity.trust);
        events::append(ctx, tx, "contact.identity_retired", home.contact_id, Actor::SYSTEM, data);
    }
    Ok(ids.len())
}

async fn add_new(
    ctx: &Ctx,
    tx: &mut TenantTx,
    home: &KnownIdentity,
    new_links: &[Link],
    known: &[KnownIdentity],
    current: &Sender,
) -> Result<usize, Error> {
    let missing: Vec<(IdentityId, Link)> = new_links
        .iter()
        .filter(|link| !known.iter().any(|identity| identity.is(link)))
        .map(|link| (ctx.new_id(), link.clone()))
        .collect();
    let target = Home { contact_id: home.contact_id, address_id: home.address_id };
    if !missing.is_empty()
        && store::insert_identities(tx, target, &missing, current.seen_at).await? < missing.len() as u64
    {
        return Err(Error::new(
            ErrorKind::Unavailable,
            "CONTACT_BUSY",
            "This contact is being changed by others; try again.",
        ));
    }
    for (id, link) in &missing {
        let data = events::identity(home.contact_id, *id, link.kind, &link.value, "verified");
        events::append(ctx, tx, "contact.identity_added", home.contact_id, Actor::SYSTEM, data);
    }
    Ok(missing.len())
}
