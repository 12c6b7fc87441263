//! Pausing, archiving, and the status that the provider's answers force.

use super::read::for_change;
use super::{AccountStatus, ChannelAccount, event};
use crate::store::accounts as rows;
use ::store::{DbError, TenantTx};
use kernel::ids::ChannelAccountId;
use kernel::{Ctx, Error, ErrorKind};
use serde_json::json;

/// Outbound waits from now on; inbound goes on.
///
/// # Errors
/// 404; 403 without `channels.manage`; 409 `ACCOUNT_NOT_ACTIVE` unless it is `active` or in `error`.
pub async fn pause(ctx: &Ctx, tx: &mut TenantTx, id: ChannelAccountId) -> Result<ChannelAccount, Error> {
    let account = for_change(ctx, tx, id).await?;
    match account.status {
        AccountStatus::Active | AccountStatus::Error => Ok(to(ctx, tx, account, AccountStatus::Paused, None).await?),
        AccountStatus::Paused => Ok(account),
        AccountStatus::Draft | AccountStatus::Archived => {
            Err(Error::new(ErrorKind::Conflict, "ACCOUNT_NOT_ACTIVE", "Only an active account can be paused."))
        }
    }
}

/// Ends an account: its number is free, what comes in for it is only kept.
///
/// # Errors
/// 404; 403 without `channels.manage`.
pub async fn archive(ctx: &Ctx, tx: &mut TenantTx, id: ChannelAccountId) -> Result<ChannelAccount, Error> {
    let account = for_change(ctx, tx, id).await?;
    if account.status == AccountStatus::Archived {
        return Ok(account);
    }
    Ok(to(ctx, tx, account, AccountStatus::Archived, None).await?)
}

/// The provider refuses the account itself (its token, its number): `error` until somebody acts. Messages wait.
///
/// # Errors
/// When a statement fails.
pub async fn provider_refuses(
    ctx: &Ctx,
    tx: &mut TenantTx,
    id: ChannelAccountId,
    reason: &'static str,
) -> Result<(), Error> {
    let Some(account) = rows::find(tx, id, true).await? else { return Ok(()) };
    if account.status != AccountStatus::Active {
        return Ok(());
    }
    let unit_id = account.unit_id;
    to(ctx, tx, account, AccountStatus::Error, Some(reason)).await?;
    let data = json!({ "id": id, "reason": reason });
    tx.append(ctx, event(ctx, "channel.reconnect_required", id, unit_id, data));
    Ok(())
}

/// Writes a new status and tells it.
pub(super) async fn to(
    ctx: &Ctx,
    tx: &mut TenantTx,
    mut account: ChannelAccount,
    status: AccountStatus,
    reason: Option<&str>,
) -> Result<ChannelAccount, DbError> {
    let from = account.status;
    account.status = status;
    account.status_reason = reason.map(str::to_owned);
    account.version += 1;
    account.updated_at = ctx.now();
    rows::update(tx, &account).await?;
    let data = json!({ "id": account.id, "from": from, "to": status, "reason": reason, "version": account.version });
    tx.append(ctx, event(ctx, "channel.status_changed", account.id, account.unit_id, data));
    Ok(account)
}
