//! Making, changing and ending service accounts.

use super::{Account, AccountView, events};
use crate::store::service_accounts as rows;
use crate::text::folded;
use kernel::text::clean_line;
use kernel::{Ctx, Error, ErrorKind, Permission, Resource};
use store::TenantTx;
use uuid::Uuid;

/// A service account to be made.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// 2 to 80 characters, unique without case.
    pub name: String,
    /// At most 500 characters.
    pub description: String,
}

/// What changes; `None` stays.
#[derive(Clone, Debug, Default)]
pub struct AccountChanges {
    pub name: Option<String>,
    pub description: Option<String>,
    /// `false` refuses its keys at once.
    pub active: Option<bool>,
}

/// All service accounts, by name.
///
/// # Errors
/// 403 without `service_accounts.view`.
pub async fn list_accounts(ctx: &Ctx, tx: &mut TenantTx) -> Result<Vec<AccountView>, Error> {
    ctx.require(Permission::SERVICE_ACCOUNTS_VIEW, &Resource::organization(ctx.organization_id()))?;
    Ok(rows::list(tx).await?.into_iter().map(AccountView::from).collect())
}

/// One service account.
///
/// # Errors
/// 403 without `service_accounts.view`, 404.
pub async fn find_account(ctx: &Ctx, tx: &mut TenantTx, id: Uuid) -> Result<AccountView, Error> {
    ctx.require(Permission::SERVICE_ACCOUNTS_VIEW, &Resource::organization(ctx.organization_id()))?;
    Ok(rows::find(tx, id).await?.ok_or_else(Error::not_found)?.into())
}

/// Makes a service account without roles; assign some, then make a key.
///
/// # Errors
/// 403 without `service_accounts.manage`, 409 `SERVICE_ACCOUNT_NAME_TAKEN`, 422.
pub async fn create_account(ctx: &Ctx, tx: &mut TenantTx, new: NewAccount) -> Result<AccountView, Error> {
    manage(ctx)?;
    let (name, description) = (checked_name(&new.name)?, checked_description(&new.description)?);
    let id: Uuid = ctx.new_id();
    rows::insert(tx, id, &name, &folded(&name), &description, ctx.subject.principal_id(), ctx.now())
        .await
        .map_err(taken)?;
    tx.append(ctx, events::account_created(ctx, id, &name));
    Ok(rows::find(tx, id).await?.ok_or_else(Error::not_found)?.into())
}

/// Changes a service account. Call `rights_changed` after the commit.
///
/// # Errors
/// 403 without `service_accounts.manage`, 404, 409 `SERVICE_ACCOUNT_NAME_TAKEN`, 412, 422.
pub async fn change_account(
    ctx: &Ctx,
    tx: &mut TenantTx,
    id: Uuid,
    expected: Option<i64>,
    changes: AccountChanges,
) -> Result<AccountView, Error> {
    let before = locked(ctx, tx, id, expected).await?;
    let name = changes.name.as_deref().map_or_else(|| Ok(before.name.clone()), checked_name)?;
    let description =
        changes.description.as_deref().map_or_else(|| Ok(before.description.clone()), checked_description)?;
    let status = match changes.active {
        Some(true) => "active",
        Some(false) => "disabled",
        None => &before.status,
    };
    rows::update(tx, id, &name, &folded(&name), &description, status, ctx.now()).await.map_err(taken)?;
    tx.append(ctx, events::account_updated(ctx, &before, &name, status));
    Ok(rows::find(tx, id).await?.ok_or_else(Error::not_found)?.into())
}

/// Ends a service account with its keys and roles; what it did keeps its name. Call `rights_changed` after the commit.
///
/// # Errors
/// 403 without `service_accounts.manage`, 404, 412.
pub async fn delete_account(ctx: &Ctx, tx: &mut TenantTx, id: Uuid, expected: Option<i64>) -> Result<(), Error> {
    let account = locked(ctx, tx, id, expected).await?;
    rows::delete(tx, id, ctx.now()).await?;
    tx.append(ctx, events::account_deleted(ctx, &account));
    Ok(())
}

pub(super) fn manage(ctx: &Ctx) -> Result<(), Error> {
    ctx.require(Permission::SERVICE_ACCOUNTS_MANAGE, &Resource::organization(ctx.organization_id()))
}

async fn locked(ctx: &Ctx, tx: &mut TenantTx, id: Uuid, expected: Option<i64>) -> Result<Account, Error> {
    manage(ctx)?;
    let account = rows::lock(tx, id).await?.ok_or_else(Error::not_found)?;
    if expected.is_some_and(|expected| expected != account.version) {
        return Err(Error::new(
            ErrorKind::PreconditionFailed,
            "PRECONDITION_FAILED",
            "It was changed in the meantime; read it again.",
        ));
    }
    Ok(account)
}

fn taken(error: store::DbError) -> Error {
    error.conflict_on(
        "service_accounts_name_idx",
        "SERVICE_ACCOUNT_NAME_TAKEN",
        "There is a service account of this name; names compare without case.",
    )
}

fn checked_name(name: &str) -> Result<String, Error> {
    let name = clean_line(name);
    if (2..=80).contains(&name.chars().count()) {
        return Ok(name);
    }
    Err(Error::invalid_field("name", "LENGTH", "2 to 80 characters."))
}

fn checked_description(description: &str) -> Result<String, Error> {
    let description = clean_line(description);
    if description.chars().count() <= 500 {
        return Ok(description);
    }
    Err(Error::invalid_field("description", "LENGTH", "At most 500 characters."))
}
