//! Who wrote: finds the contact of an inbound item, links what it newly tells, creates a lead for a stranger.

use crate::events;
use crate::sender::{Link, Sender};
use crate::store::{self, Home, KnownIdentity};
use ::store::TenantTx;
use chrono::Duration;
use kernel::ids::{AddressId, ContactId, IdentityId};
use kernel::{Actor, Ctx, Error, ErrorKind, Permission, Resource};
use serde_json::json;

/// How often `last_seen` of an identity is written at most.
const SEEN_STEP: Duration = Duration::hours(1);
/// Tries against others that create the same identity at the same moment; each try follows a commit of theirs.
const TRIES: usize = 10;

/// Whose item it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recognized {
    pub contact_id: ContactId,
    /// The strongest link that found it: the address of the thread.
    pub identity_id: IdentityId,
    /// One address for all the links that are known to be the same person's.
    pub address_id: AddressId,
    pub contact_created: bool,
    pub blocked: bool,
    /// Social name, else name, else profile name.
    pub name: Option<String>,
    /// The shown name is another one now; who keeps copies of it renews them.
    pub renamed: bool,
    /// Canonical phone if one is among the links, else the strongest link.
    pub address: String,
    /// Addresses of the same contact that turned out to be this one and are no more.
    pub merged_addresses: Vec<AddressId>,
}

/// Finds or creates the contact that `sender` is: by business-scoped id, then parent id, then phone key. Links that
/// came together become one address; asserted identities become verified. Free of races by the unique key of live
/// identities; items of one sender are taken one after the other until the transaction ends.
///
/// # Errors
/// 422 when the sender has no link at all; retryable when others kept being first.
pub async fn recognize(ctx: &Ctx, tx: &mut TenantTx, sender: &Sender) -> Result<Recognized, Error> {
    ctx.require(Permission::CONTACTS_UPDATE, &Resource::organization(ctx.organization_id()))?;
    let links = sender.links();
    if links.is_empty() {
        return Err(Error::invalid_field("contact", "REQUIRED", "The item names nobody."));
    }
    for _ in 0..TRIES {
        let known = store::known(tx, &links).await?;
        let home = links.iter().find_map(|link| known.iter().find(|identity| identity.is(link)));
        let missing: Vec<(IdentityId, Link)> = links
            .iter()
            .filter(|link| !known.iter().any(|identity| identity.is(link)))
            .map(|link| (ctx.new_id(), link.clone()))
            .collect();
        let done = match home {
            Some(home) => {
                // What changed before the lock was had shows as a conflict of keys, and the next round reads it.
                store::lock_address(tx, home.address_id).await?;
                join(ctx, tx, sender, &links, &known, home, &missing).await?
            }
            None => create(ctx, tx, sender, &missing).await?,
        };
        if let Some(recognized) = done {
            return Ok(recognized);
        }
    }
    Err(Error::new(ErrorKind::Unavailable, "CONTACT_BUSY", "This contact is being created by others; try again."))
}

/// Somebody known: links what is new, notes what changed. `None` if another one was first with a link.
async fn join(
    ctx: &Ctx,
    tx: &mut TenantTx,
    sender: &Sender,
    links: &[Link],
    known: &[KnownIdentity],
    home: &KnownIdentity,
    missing: &[(IdentityId, Link)],
) -> Result<Option<Recognized>, Error> {
    let at_home = Home { contact_id: home.contact_id, address_id: home.address_id };
    if !missing.is_empty() && !add(tx, at_home, missing, sender).await? {
        return Ok(None);
    }
    let actor = Actor::contact(*home.contact_id);
    for (id, link) in missing {
        let data = events::identity(home.contact_id, *id, link.kind, &link.value, "verified");
        events::append(ctx, tx, "contact.identity_added", home.contact_id, actor.clone(), data);
    }
    let merged_addresses = merge_addresses(tx, known, home).await?;
    touch(ctx, tx, sender, links, known, home).await?;
    let name = rename(ctx, tx, sender, home).await?;
    let renamed = name != home.shown_name();
    Ok(Some(Recognized {
        contact_id: home.contact_id,
        identity_id: home.id,
        address_id: home.address_id,
        contact_created: false,
        blocked: home.contact_status == "blocked",
        name,
        renamed,
        address: shown_address(links),
        merged_addresses,
    }))
}

/// A stranger becomes a lead. `None` if another one was first.
async fn create(
    ctx: &Ctx,
    tx: &mut TenantTx,
    sender: &Sender,
    missing: &[(IdentityId, Link)],
) -> Result<Option<Recognized>, Error> {
    let Some((identity_id, _)) = missing.first() else { return Ok(None) };
    let home = Home { contact_id: ctx.new_id(), address_id: ctx.new_id() };
    let name = sender.clean_name();
    store::start_try(tx).await?;
    store::insert_lead(tx, home.contact_id, name.as_deref(), &sender.origin, ctx.now()).await?;
    let added = store::insert_identities(tx, home, missing, sender.seen_at).await?;
    if added < missing.len() as u64 {
        store::undo_try(tx).await?;
        return Ok(None);
    }
    store::keep_try(tx).await?;
    let actor = Actor::contact(*home.contact_id);
    let contact = json!({"id": home.contact_id, "name": name, "stage": "lead", "origin": sender.origin});
    events::append(ctx, tx, "contact.created", home.contact_id, actor.clone(), json!({ "contact": contact }));
    for (id, link) in missing {
        let data = events::identity(home.contact_id, *id, link.kind, &link.value, "verified");
        events::append(ctx, tx, "contact.identity_added", home.contact_id, actor.clone(), data);
    }
    let links: Vec<Link> = missing.iter().map(|(_, link)| link.clone()).collect();
    Ok(Some(Recognized {
        contact_id: home.contact_id,
        identity_id: *identity_id,
        address_id: home.address_id,
        contact_created: true,
        blocked: false,
        name,
        renamed: false,
        address: shown_address(&links),
        merged_addresses: Vec::new(),
    }))
}

/// Adds identities, or leaves everything as it was.
async fn add(tx: &mut TenantTx, home: Home, missing: &[(IdentityId, Link)], sender: &Sender) -> Result<bool, Error> {
    store::start_try(tx).await?;
    let added = store::insert_identities(tx, home, missing, sender.seen_at).await?;
    if added < missing.len() as u64 {
        store::undo_try(tx).await?;
        return Ok(false);
    }
    store::keep_try(tx).await?;
    Ok(true)
}

/// Links of the same contact that were two addresses are one. Those of another contact are left alone: nothing merges
/// by itself.
async fn merge_addresses(
    tx: &mut TenantTx,
    known: &[KnownIdentity],
    home: &KnownIdentity,
) -> Result<Vec<AddressId>, Error> {
    let mut others: Vec<AddressId> = known
        .iter()
        .filter(|identity| identity.contact_id == home.contact_id && identity.address_id != home.address_id)
        .map(|identity| identity.address_id)
        .collect();
    others.sort_unstable();
    others.dedup();
    if !others.is_empty() {
        store::join_address(tx, &others, home.address_id).await?;
    }
    Ok(others)
}

/// Keeps the form last received, proves what was only asserted, and remembers (coarsely) when it was seen.
async fn touch(
    ctx: &Ctx,
    tx: &mut TenantTx,
    sender: &Sender,
    links: &[Link],
    known: &[KnownIdentity],
    home: &KnownIdentity,
) -> Result<(), Error> {
    let mut seen = Vec::new();
    for identity in known.iter().filter(|identity| identity.contact_id == home.contact_id) {
        let Some(link) = links.iter().find(|link| identity.is(link)) else { continue };
        let asserted = identity.trust == "asserted";
        if asserted || identity.raw != link.raw || sender.seen_at - identity.last_seen > SEEN_STEP {
            seen.push((identity.id, link.raw.clone()));
        }
        if asserted {
            let data = events::identity(home.contact_id, identity.id, &identity.kind, &identity.value, "verified");
            events::append(
                ctx,
                tx,
                "contact.identity_verified",
                home.contact_id,
                Actor::contact(*home.contact_id),
                data,
            );
        }
    }
    if !seen.is_empty() {
        store::touch(tx, &seen, sender.seen_at).await?;
    }
    Ok(())
}

/// Takes over a new profile name (never the names that staff edit); answers the name to show.
async fn rename(ctx: &Ctx, tx: &mut TenantTx, sender: &Sender, home: &KnownIdentity) -> Result<Option<String>, Error> {
    let edited = home.social_name.clone().or_else(|| home.name.clone());
    let Some(told) = sender.clean_name().filter(|told| home.profile_name.as_ref() != Some(told)) else {
        return Ok(home.shown_name());
    };
    store::set_profile_name(tx, home.contact_id, &told, ctx.now()).await?;
    let shown = edited.unwrap_or_else(|| told.clone());
    let data = json!({"contact_id": home.contact_id, "changed": ["profile_name"], "name": shown});
    events::append(ctx, tx, "contact.updated", home.contact_id, Actor::contact(*home.contact_id), data);
    Ok(Some(shown))
}

fn shown_address(links: &[Link]) -> String {
    let phone = links.iter().find(|link| link.kind == "phone");
    phone.or(links.first()).map(|link| link.value.clone()).unwrap_or_default()
}

impl KnownIdentity {
    fn shown_name(&self) -> Option<String> {
        self.social_name.clone().or_else(|| self.name.clone()).or_else(|| self.profile_name.clone())
    }

    pub(crate) fn is(&self, link: &Link) -> bool {
        self.kind == link.kind && self.match_key == link.match_key
    }
}
