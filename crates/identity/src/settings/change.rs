//! Changing settings: unknown keys and wrong values are refused together, `null` gives a key back to the layer below.

use super::keys::{self, Shape};
use super::read::{SettingsView, view};
use crate::handle::Identity;
use crate::mfa;
use crate::organizations::{self as lifecycle, events};
use crate::roles::role_named;
use crate::store::settings as rows;
use kernel::{Ctx, Error, ErrorKind, FieldError, Permission, Principal, Resource};
use serde_json::{Map, Value};
use store::{PlatformReason, TenantTx};

/// Values by key; `null` takes the organization's own value back.
pub type SettingsChange = Map<String, Value>;

/// Changes some settings of the organization.
///
/// # Errors
/// 403 without `organization.manage`; 412 when `expected` is not the version; 422 naming every key that is unknown or
/// whose value does not fit; 403 `GRANT_EXCEEDS_OWN` for a default role that holds more than the caller.
pub async fn change_settings(
    ctx: &Ctx,
    tx: &mut TenantTx,
    change: &SettingsChange,
    expected: Option<i64>,
) -> Result<SettingsView, Error> {
    ctx.require(Permission::ORGANIZATION_MANAGE, &Resource::organization(tx.organization_id()))?;
    let (given, version) = rows::lock(tx, ctx.now()).await?;
    if expected.is_some_and(|expected| expected != version) {
        return Err(lifecycle::stale());
    }
    check(change)?;
    if let Some(role) = change.get("registration.default_role").and_then(Value::as_str) {
        check_default_role(ctx, tx, role).await?;
    }
    let mut own = given.as_object().cloned().unwrap_or_default();
    let mut changed = Vec::new();
    for (name, value) in change {
        let before = match value {
            Value::Null => own.remove(name),
            value => own.insert(name.clone(), value.clone()),
        };
        if before.as_ref().unwrap_or(&Value::Null) != value {
            changed.push((name.clone(), before.unwrap_or_default(), value.clone()));
        }
    }
    if !changed.is_empty() {
        let version = rows::save(tx, &Value::Object(own), ctx.now()).await?;
        tx.append(ctx, events::settings_changed(ctx, &changed, version));
        mfa::follow_setting(tx, ctx.now()).await?;
    }
    Ok(view(&rows::layers(tx).await?))
}

/// Every wrong key at once.
fn check(change: &SettingsChange) -> Result<(), Error> {
    let wrong: Vec<FieldError> = change
        .iter()
        .filter_map(|(name, value)| {
            match keys::find(name) {
                None => Some(("UNKNOWN_FIELD", "There is no setting of this name.".to_owned())),
                Some(_) if value.is_null() => None,
                Some(key) if key.shape.admits(value) => None,
                Some(key) => Some(("INVALID_VALUE", key.shape.wanted())),
            }
            .map(|(code, message)| FieldError {
                field: name.clone().into(),
                code: code.into(),
                message: message.into(),
            })
        })
        .collect();
    if wrong.is_empty() { Ok(()) } else { Err(Error::invalid(wrong)) }
}

/// Strangers get this role, so it may hold nothing that concerns the organization as a whole beyond looking, and
/// nothing that the caller does not hold.
async fn check_default_role(ctx: &Ctx, tx: &mut TenantTx, name: &str) -> Result<(), Error> {
    const FIELD: &str = "registration.default_role";
    let held = role_named(tx, FIELD, name).await?.permissions();
    if held.iter().any(|permission| permission.definition().organization_only && permission.action() != "view") {
        return Err(Error::invalid_field(FIELD, "ROLE_TOO_POWERFUL", "This role acts on the organization as a whole."));
    }
    let own = ctx.subject.permissions(ctx.now());
    let system = matches!(ctx.subject.principal, Principal::System);
    if !system && held.iter().any(|permission| !own.contains(permission)) {
        return Err(Error::new(ErrorKind::Forbidden, "GRANT_EXCEEDS_OWN", "This role holds more than you do."));
    }
    Ok(())
}

/// The operator's value for everybody, or for everybody of a plan; `None` takes it back.
///
/// # Errors
/// 422 for an unknown key, plan or value.
pub async fn set_platform_setting(
    identity: &Identity,
    plan: Option<&str>,
    name: &str,
    value: Option<&Value>,
) -> Result<(), Error> {
    let known = plan.is_none_or(|plan| crate::limits::Plan::parse(plan).is_some());
    if !known {
        return Err(Error::invalid_field("plan", "UNKNOWN_VALUE", "One of free, pro, enterprise."));
    }
    // Roles differ from organization to organization; only the built-in ones are everywhere.
    let everywhere = |shape: Shape, value: &Value| {
        shape != Shape::ModestRole || value.as_str().is_some_and(|name| crate::roles::built_in(name).is_some())
    };
    let mut change = SettingsChange::new();
    change.insert(name.to_owned(), value.cloned().unwrap_or_default());
    check(&change)?;
    if let (Some(value), Some(key)) = (value, keys::find(name))
        && !everywhere(key.shape, value)
    {
        return Err(Error::invalid_field(name.to_owned(), "ROLE_UNKNOWN", "Not every organization has this role."));
    }
    let mut tx = identity.0.db.platform(PlatformReason::SignIn).await?;
    rows::put_platform(&mut tx, plan.unwrap_or_default(), name, value, identity.0.clock.now()).await?;
    tx.commit().await?;
    Ok(())
}
