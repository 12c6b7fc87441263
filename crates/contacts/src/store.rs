//! The SQL of this domain.

use crate::sender::Link;
use chrono::{DateTime, Utc};
use kernel::Visibility;
use kernel::ids::{AddressId, ContactId, IdentityId};
use sqlx::Executor;
use store::{DbError, TenantTx};
use uuid::Uuid;

/// A live identity with what is needed of its contact.
#[derive(Clone, Debug)]
pub(crate) struct KnownIdentity {
    pub id: IdentityId,
    pub contact_id: ContactId,
    pub address_id: AddressId,
    pub kind: String,
    pub value: String,
    pub match_key: String,
    pub raw: String,
    pub trust: String,
    pub last_seen: DateTime<Utc>,
    pub contact_status: String,
    pub name: Option<String>,
    pub social_name: Option<String>,
    pub profile_name: Option<String>,
}

/// Finds the live identities of these links.
pub(crate) async fn known(tx: &mut TenantTx, links: &[Link]) -> Result<Vec<KnownIdentity>, DbError> {
    let organization_id = *tx.organization_id();
    let kinds: Vec<String> = links.iter().map(|link| link.kind.to_owned()).collect();
    let keys: Vec<String> = links.iter().map(|link| link.match_key.clone()).collect();
    Ok(sqlx::query_as!(
        KnownIdentity,
        r#"select i.id as "id: IdentityId", i.contact_id as "contact_id: ContactId", i.address_id as "address_id: AddressId",
             i.kind, i.value, i.match_key, i.raw, i.trust, i.last_seen, c.status as contact_status, c.name, c.social_name, c.profile_name
           from unnest($2::text[], $3::text[]) k (kind, match_key)
           join contact_identities i on i.organization_id = $1 and i.kind = k.kind and i.match_key = k.match_key
             and i.retired_at is null and i.trust <> 'claimed'
           join contacts c on c.id = i.contact_id and c.organization_id = $1
           order by i.id"#,
        organization_id,
        &kinds,
        &keys
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Until the end of the transaction nobody else takes items of this address. One lock for all of a person's links, so
/// that those who came by different ones can wait for each other without a circle; and it needs no row of anybody.
pub(crate) async fn lock_address(tx: &mut TenantTx, address_id: AddressId) -> Result<(), DbError> {
    let key = format!("{}:{address_id}", tx.organization_id());
    sqlx::query!("select pg_advisory_xact_lock(hashtextextended($1, 11)) as done", key).fetch_one(tx.conn()).await?;
    Ok(())
}

/// The live identities of an address.
pub(crate) async fn of_address(tx: &mut TenantTx, address_id: AddressId) -> Result<Vec<KnownIdentity>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(sqlx::query_as!(
        KnownIdentity,
        r#"select i.id as "id: IdentityId", i.contact_id as "contact_id: ContactId", i.address_id as "address_id: AddressId",
             i.kind, i.value, i.match_key, i.raw, i.trust, i.last_seen, c.status as contact_status, c.name, c.social_name, c.profile_name
           from contact_identities i
           join contacts c on c.id = i.contact_id and c.organization_id = $1
           where i.organization_id = $1 and i.address_id = $2 and i.retired_at is null
           order by i.last_seen desc, i.id"#,
        organization_id,
        *address_id
    )
    .fetch_all(tx.conn())
    .await?)
}

/// A place inside the transaction to come back to when somebody else was first; unlike the transaction's own
/// savepoints it never covers one of the caller's.
pub(crate) async fn start_try(tx: &mut TenantTx) -> Result<(), DbError> {
    tx.conn().execute("savepoint contact_try").await?;
    Ok(())
}

pub(crate) async fn undo_try(tx: &mut TenantTx) -> Result<(), DbError> {
    tx.conn().execute("rollback to savepoint contact_try; release savepoint contact_try").await?;
    Ok(())
}

pub(crate) async fn keep_try(tx: &mut TenantTx) -> Result<(), DbError> {
    tx.conn().execute("release savepoint contact_try").await?;
    Ok(())
}

pub(crate) async fn insert_lead(
    tx: &mut TenantTx,
    id: ContactId,
    profile_name: Option<&str>,
    origin: &str,
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "insert into contacts (id, organization_id, stage, profile_name, origin, created_at, updated_at)
         values ($1, $2, 'lead', $3, $4, $5, $5)",
        *id,
        organization_id,
        profile_name,
        origin,
        at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Whom new identities belong to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Home {
    pub contact_id: ContactId,
    pub address_id: AddressId,
}

/// Adds verified identities; answers how many are there now, fewer than asked when another one was first.
pub(crate) async fn insert_identities(
    tx: &mut TenantTx,
    home: Home,
    links: &[(IdentityId, Link)],
    at: DateTime<Utc>,
) -> Result<u64, DbError> {
    let organization_id = *tx.organization_id();
    let ids: Vec<Uuid> = links.iter().map(|(id, _)| id.0).collect();
    let kinds: Vec<String> = links.iter().map(|(_, link)| link.kind.to_owned()).collect();
    let values: Vec<String> = links.iter().map(|(_, link)| link.value.clone()).collect();
    let keys: Vec<String> = links.iter().map(|(_, link)| link.match_key.clone()).collect();
    let raws: Vec<String> = links.iter().map(|(_, link)| link.raw.clone()).collect();
    let scopes: Vec<Option<String>> = links.iter().map(|(_, link)| link.scope.clone()).collect();
    let done = sqlx::query!(
        "insert into contact_identities (id, organization_id, contact_id, address_id, kind, value, match_key, raw, scope, trust,
           is_primary, first_seen, last_seen)
         select n.id, $1, $2, $3, n.kind, n.value, n.match_key, n.raw, n.scope, 'verified',
           not exists (select from contact_identities p where p.organization_id = $1 and p.contact_id = $2 and p.kind = n.kind
             and p.is_primary and p.retired_at is null), $10, $10
         from unnest($4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[])
           with ordinality n (id, kind, value, match_key, raw, scope, place)
         order by n.place
         on conflict do nothing",
        organization_id,
        *home.contact_id,
        *home.address_id,
        &ids,
        &kinds,
        &values,
        &keys,
        &raws,
        &scopes as &[Option<String>],
        at
    )
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected())
}

/// Notes that these identities were seen again, with the form they came in; the channel has proved them.
pub(crate) async fn touch(tx: &mut TenantTx, seen: &[(IdentityId, String)], at: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    let ids: Vec<Uuid> = seen.iter().map(|(id, _)| id.0).collect();
    let raws: Vec<String> = seen.iter().map(|(_, raw)| raw.clone()).collect();
    sqlx::query!(
        "update contact_identities i set raw = s.raw, trust = 'verified', last_seen = greatest(i.last_seen, $4)
         from unnest($2::uuid[], $3::text[]) s (id, raw)
         where i.id = s.id and i.organization_id = $1",
        organization_id,
        &ids,
        &raws,
        at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Makes these identities part of one address.
pub(crate) async fn join_address(tx: &mut TenantTx, from: &[AddressId], to: AddressId) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    let from: Vec<Uuid> = from.iter().map(|id| id.0).collect();
    sqlx::query!(
        "update contact_identities set address_id = $3 where organization_id = $1 and address_id = any($2::uuid[])",
        organization_id,
        &from,
        *to
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn retire(tx: &mut TenantTx, ids: &[IdentityId], at: DateTime<Utc>) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    sqlx::query!(
        "update contact_identities set retired_at = $3, is_primary = false where organization_id = $1 and id = any($2::uuid[])",
        organization_id,
        &ids,
        at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

pub(crate) async fn set_profile_name(
    tx: &mut TenantTx,
    id: ContactId,
    name: &str,
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "update contacts set profile_name = $3, version = version + 1, updated_at = $4 where id = $2 and organization_id = $1",
        organization_id,
        *id,
        name,
        at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Locks the contact; its status, or `None` if there is no such contact.
pub(crate) async fn lock_status(tx: &mut TenantTx, id: ContactId) -> Result<Option<String>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(sqlx::query_scalar!(
        "select status from contacts where id = $2 and organization_id = $1 for no key update",
        organization_id,
        *id
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub(crate) async fn status(tx: &mut TenantTx, id: ContactId) -> Result<Option<String>, DbError> {
    let organization_id = *tx.organization_id();
    Ok(sqlx::query_scalar!("select status from contacts where id = $2 and organization_id = $1", organization_id, *id)
        .fetch_optional(tx.conn())
        .await?)
}

pub(crate) async fn set_status(
    tx: &mut TenantTx,
    id: ContactId,
    status: &str,
    at: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "update contacts set status = $3, version = version + 1, updated_at = $4 where id = $2 and organization_id = $1",
        organization_id,
        *id,
        status,
        at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Name of each contact as known: social name, else name, else profile name.
pub(crate) async fn names(tx: &mut TenantTx, ids: &[ContactId]) -> Result<Vec<(ContactId, Option<String>)>, DbError> {
    let organization_id = *tx.organization_id();
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"select id as "id: ContactId", coalesce(social_name, name, profile_name) as name
           from contacts where organization_id = $1 and id = any($2::uuid[])"#,
        organization_id,
        &ids
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.name)).collect())
}

/// A contact found by one of its addresses.
pub(crate) struct FoundByValue {
    pub contact_id: ContactId,
    pub name: Option<String>,
    pub value: String,
}

/// Most that are found by one value; more than one only while somebody else's claim is being sorted out.
const MOST_FOUND: i64 = 20;

/// The contacts with a proved or entered address of this key; with `threads` only those who have one of these.
pub(crate) async fn of_value(
    tx: &mut TenantTx,
    kind: &str,
    match_key: &str,
    threads: Option<&Visibility>,
) -> Result<Vec<FoundByValue>, DbError> {
    let organization_id = *tx.organization_id();
    let all = Visibility { everything: true, ..Visibility::default() };
    let seen = threads.unwrap_or(&all);
    let units: Vec<Uuid> = seen.units.iter().map(|id| id.0).collect();
    let accounts: Vec<Uuid> = seen.channel_accounts.iter().map(|id| id.0).collect();
    let unassigned: Vec<Uuid> = seen.unassigned_units.iter().map(|id| id.0).collect();
    Ok(sqlx::query_as!(
        FoundByValue,
        r#"select c.id as "contact_id: ContactId", coalesce(c.social_name, c.name, c.profile_name) as name, i.value
           from contact_identities i join contacts c on c.id = i.contact_id and c.organization_id = i.organization_id
           where i.organization_id = $1 and i.kind = $2 and i.match_key = $3 and i.retired_at is null and i.trust <> 'claimed'
             and (not $4 or exists (
               select from contact_threads t where t.organization_id = $1 and t.contact_id = c.id
                 and ($5 or t.unit_id = any($6::uuid[]) or (t.unit_id is null and $7) or t.channel_account_id = any($8::uuid[])
                   or ($9::uuid is not null and (t.owner_id = $9 or $9 = any(t.participants)))
                   or (t.owner_id is null and (t.unit_id = any($10::uuid[]) or (t.unit_id is null and $11))))))
           order by c.id limit $12"#,
        organization_id,
        kind,
        match_key,
        threads.is_some(),
        seen.everything,
        &units,
        seen.without_unit,
        &accounts,
        seen.me.filter(|_| seen.own).map(|id| id.0),
        &unassigned,
        seen.unassigned_without_unit,
        MOST_FOUND
    )
    .fetch_all(tx.conn())
    .await?)
}
