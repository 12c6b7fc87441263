//! Making, rotating and revoking API keys: never beyond what the account holds, nor beyond what their maker holds.

use super::account::manage;
use super::{Key, KeyStatus, KeyView, MOST_KEYS, events, secret};
use crate::assignments::Holder;
use crate::limits::{Limit, check};
use crate::roles::checked_permissions;
use crate::store::assignments::grants;
use crate::store::{api_keys as keys, service_accounts as accounts};
use chrono::{DateTime, Duration, Utc};
use http_kit::Network;
use kernel::access::granting::{Reach, may_grant};
use kernel::masks::Mask;
use kernel::text::clean_line;
use kernel::token::OpaqueToken;
use kernel::{Ctx, Error, ErrorKind, FieldError, Grant, Permission, PermissionSet, Resource, Scope};
use store::TenantTx;
use uuid::Uuid;

/// Life of a key whose maker does not say.
const LIFE: Duration = Duration::days(90);
const LONGEST_LIFE: Duration = Duration::days(365);
const MOST_NETWORKS: usize = 20;

/// A key to be made.
#[derive(Clone, Debug, Default)]
pub struct NewKey {
    pub name: Option<String>,
    /// Permissions, each held by the account.
    pub scopes: Vec<String>,
    /// Groups of fields that it never shows.
    pub masks: Vec<Mask>,
    /// Networks that it may come from; empty: any.
    pub ip_allowlist: Vec<String>,
    /// 90 days from now unless said, at most 365.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A key with its secret, for the one answer that shows it.
pub struct MadeKey {
    pub view: KeyView,
    pub secret: OpaqueToken,
}

/// Keys of an account, newest first.
///
/// # Errors
/// 403 without `service_accounts.view`, 404.
pub async fn list_keys(ctx: &Ctx, tx: &mut TenantTx, account: Uuid) -> Result<Vec<KeyView>, Error> {
    ctx.require(Permission::SERVICE_ACCOUNTS_VIEW, &Resource::organization(ctx.organization_id()))?;
    accounts::find(tx, account).await?.ok_or_else(Error::not_found)?;
    Ok(keys::of_account(tx, account).await?.into_iter().map(|key| KeyView::of(key, ctx.now())).collect())
}

/// Makes a key.
///
/// # Errors
/// 403 without `service_accounts.manage`, 403 `REAUTH_REQUIRED`, 403 `GRANT_EXCEEDS_OWN`, 404, 409 `LIMIT_REACHED`,
/// 422 (`SCOPE_EXCEEDS_ACCOUNT`, `EXPIRY_INVALID`, `NETWORK_INVALID`, `PERMISSION_UNKNOWN`).
pub async fn make_key(ctx: &Ctx, tx: &mut TenantTx, account: Uuid, new: NewKey) -> Result<MadeKey, Error> {
    manage(ctx)?;
    accounts::lock(tx, account).await?.ok_or_else(Error::not_found)?;
    ctx.require_recent()?;
    let expires_at = checked_expiry(new.expires_at, ctx.now())?;
    let scopes = checked_scopes(ctx, tx, account, &new.scopes, expires_at).await?;
    for (place, network) in new.ip_allowlist.iter().enumerate() {
        checked_network(place, network)?;
    }
    if new.ip_allowlist.len() > MOST_NETWORKS {
        return Err(Error::invalid_field("ip_allowlist", "TOO_MANY", "At most 20 networks."));
    }
    if keys::live(tx, account, ctx.now()).await? >= MOST_KEYS {
        return Err(Error::new(ErrorKind::Conflict, "LIMIT_REACHED", "An account has at most 5 keys at a time.")
            .with("limit", "keys_per_account")
            .with("current", MOST_KEYS)
            .with("max", MOST_KEYS));
    }
    check(ctx, tx, Limit::ApiKeys).await?;
    let (prefix, token) = secret::fresh(&ctx.ids);
    let key = Key {
        id: ctx.new_id(),
        service_account_id: account,
        prefix,
        name: new.name.as_deref().map(clean_line).filter(|name| !name.is_empty()),
        scopes: scopes.iter().map(|permission| permission.name().to_owned()).collect(),
        masks: new.masks.iter().map(|mask| mask.as_str().to_owned()).collect(),
        ip_allowlist: new.ip_allowlist,
        expires_at,
        last_used_at: None,
        revoked_at: None,
        successor_id: None,
        created_by: ctx.subject.principal_id(),
        created_at: ctx.now(),
    };
    if key.name.as_deref().is_some_and(|name| name.chars().count() > 80) {
        return Err(Error::invalid_field("name", "LENGTH", "At most 80 characters."));
    }
    keys::insert(tx, &key, &token.hash()).await?;
    tx.append(ctx, events::key_created(ctx, &key));
    Ok(MadeKey { view: KeyView::of(key, ctx.now()), secret: token })
}

/// Makes a key in the place of another one, which stays good for `overlap`. Call `rights_changed` after the commit.
///
/// # Errors
/// As [`make_key`]; 409 `INVALID_TRANSITION` for a key that is over or was rotated already; 422 for an overlap
/// beyond 168 hours.
pub async fn rotate_key(
    ctx: &Ctx,
    tx: &mut TenantTx,
    account: Uuid,
    id: Uuid,
    overlap_hours: i64,
) -> Result<MadeKey, Error> {
    manage(ctx)?;
    accounts::lock(tx, account).await?.ok_or_else(Error::not_found)?;
    let old = keys::find(tx, account, id).await?.ok_or_else(Error::not_found)?;
    ctx.require_recent()?;
    if !(0..=168).contains(&overlap_hours) {
        return Err(Error::invalid_field("overlap_hours", "OUT_OF_RANGE", "0 to 168 hours."));
    }
    let now = ctx.now();
    if old.status(now) != KeyStatus::Active || old.successor_id.is_some() {
        return Err(Error::new(
            ErrorKind::Conflict,
            "INVALID_TRANSITION",
            "Only a key that is good can be rotated, once.",
        ));
    }
    let expires_at = now + (old.expires_at - old.created_at).clamp(Duration::days(1), LONGEST_LIFE);
    let scopes = checked_scopes(ctx, tx, account, &old.scopes, expires_at).await?;
    let (prefix, token) = secret::fresh(&ctx.ids);
    let new = Key {
        id: ctx.new_id(),
        prefix,
        scopes: scopes.iter().map(|permission| permission.name().to_owned()).collect(),
        expires_at,
        last_used_at: None,
        created_by: ctx.subject.principal_id(),
        created_at: now,
        ..old.clone()
    };
    keys::insert(tx, &new, &token.hash()).await?;
    keys::replace(tx, id, new.id, old.expires_at.min(now + Duration::hours(overlap_hours)), now).await?;
    tx.append(ctx, events::key_rotated(ctx, &old, new.id, overlap_hours));
    Ok(MadeKey { view: KeyView::of(new, now), secret: token })
}

/// Ends a key at once. Call `rights_changed` after the commit.
///
/// # Errors
/// 403 without `service_accounts.manage`, 404 (also for one that is revoked already).
pub async fn revoke_key(ctx: &Ctx, tx: &mut TenantTx, account: Uuid, id: Uuid) -> Result<(), Error> {
    manage(ctx)?;
    accounts::find(tx, account).await?.ok_or_else(Error::not_found)?;
    let key = keys::find(tx, account, id).await?.ok_or_else(Error::not_found)?;
    if !keys::revoke(tx, id, "revoked", ctx.now()).await? {
        return Err(Error::not_found());
    }
    tx.append(ctx, events::key_revoked(ctx, &key));
    Ok(())
}

/// Each scope must be held by the account, and by whoever makes the key in the same scopes as the account.
async fn checked_scopes(
    ctx: &Ctx,
    tx: &mut TenantTx,
    account: Uuid,
    named: &[String],
    until: DateTime<Utc>,
) -> Result<Vec<Permission>, Error> {
    if named.is_empty() {
        return Err(Error::invalid_field("scopes", "REQUIRED", "Name at least one permission."));
    }
    let scopes = checked_permissions("scopes", named)?;
    let held_grants = grants(tx, Holder::ServiceAccount(account)).await?;
    let held = |permission: Permission| {
        held_grants.iter().filter(move |grant: &&Grant| {
            grant.permissions.contains(permission)
                && (grant.scope == Scope::Organization || !permission.definition().organization_only)
        })
    };
    let mut wrong = Vec::new();
    for (place, permission) in scopes.iter().enumerate() {
        if held(*permission).next().is_none() {
            wrong.push(FieldError {
                field: format!("scopes.{place}").into(),
                code: "SCOPE_EXCEEDS_ACCOUNT".into(),
                message: "The account's roles do not hold this permission.".into(),
            });
        }
    }
    if !wrong.is_empty() {
        return Err(Error::invalid(wrong));
    }
    for permission in PermissionSet::granting(scopes.iter().copied()).iter() {
        for grant in held(permission) {
            let reach = match &grant.scope {
                Scope::Units(units) => Reach::Units(units.clone()),
                _ => Reach::Organization,
            };
            let mut one = PermissionSet::EMPTY;
            one.insert(permission);
            may_grant(&ctx.subject, &one, &reach, Some(until), ctx.now())?;
        }
    }
    Ok(scopes)
}

fn checked_expiry(wanted: Option<DateTime<Utc>>, now: DateTime<Utc>) -> Result<DateTime<Utc>, Error> {
    let expires_at = wanted.unwrap_or(now + LIFE);
    if now < expires_at && expires_at <= now + LONGEST_LIFE {
        return Ok(expires_at);
    }
    Err(Error::invalid_field("expires_at", "EXPIRY_INVALID", "In the future, at most 365 days from now."))
}

fn checked_network(place: usize, network: &str) -> Result<(), Error> {
    network.parse::<Network>().map(|_| ()).map_err(|_| {
        Error::invalid_field(
            format!("ip_allowlist.{place}"),
            "NETWORK_INVALID",
            "An address or a block like 203.0.113.0/24.",
        )
    })
}
