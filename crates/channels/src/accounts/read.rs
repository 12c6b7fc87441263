//! Reading accounts: one, and the list that the caller may see.

use super::{AccountStatus, ChannelAccount, resource};
use crate::store::accounts as rows;
use ::store::TenantTx;
use kernel::cursor::CursorKey;
use kernel::ids::ChannelAccountId;
use kernel::{Ctx, Error, ErrorKind, Page, PageRequest, Permission, visible};
use uuid::Uuid;

/// Which accounts.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    pub status: Option<AccountStatus>,
}

const PURPOSE: &str = "channel-accounts";

/// One account.
///
/// # Errors
/// 404 for what is not there or may not be seen.
pub async fn find(ctx: &Ctx, tx: &mut TenantTx, id: ChannelAccountId) -> Result<ChannelAccount, Error> {
    let account = rows::find(tx, id, false).await?.ok_or_else(Error::not_found)?;
    ctx.require(Permission::CHANNELS_VIEW, &resource(&account, tx.organization_id()))?;
    Ok(account)
}

/// One account that is about to be changed, locked.
pub(super) async fn for_change(ctx: &Ctx, tx: &mut TenantTx, id: ChannelAccountId) -> Result<ChannelAccount, Error> {
    let account = rows::find(tx, id, true).await?.ok_or_else(Error::not_found)?;
    ctx.require(Permission::CHANNELS_MANAGE, &resource(&account, tx.organization_id()))?;
    Ok(account)
}

/// A page of the accounts that the caller may see, oldest first.
///
/// # Errors
/// 403 without `channels.view`; 400 for a cursor that is not ours.
pub async fn list(
    ctx: &Ctx,
    tx: &mut TenantTx,
    cursors: &CursorKey,
    filter: &Filter,
    page: &PageRequest,
) -> Result<Page<ChannelAccount>, Error> {
    let organization_id = tx.organization_id();
    let seen = visible(&ctx.subject, Permission::CHANNELS_VIEW, ctx.now());
    if seen.is_empty() {
        ctx.require(Permission::CHANNELS_VIEW, &kernel::Resource::organization(organization_id))?;
    }
    let after = match &page.cursor {
        None => None,
        Some(text) => {
            let bytes = cursors.open(organization_id, PURPOSE, text).ok_or_else(bad_cursor)?;
            Some(Uuid::from_slice(&bytes).map_err(|_| bad_cursor())?)
        }
    };
    // Accounts are few: what may not be seen is dropped here, so a page may be shorter than asked for.
    let rows = rows::list(tx, filter, after, i64::from(page.limit)).await?;
    let cursor = |account: &ChannelAccount| cursors.seal(organization_id, PURPOSE, account.id.as_bytes());
    let mut page = Page::cut(rows, page.limit, cursor);
    page.data.retain(|account| seen.admits(&resource(account, organization_id)));
    Ok(page)
}

pub(crate) fn bad_cursor() -> Error {
    Error::new(ErrorKind::BadRequest, "CURSOR_INVALID", "This cursor was not made for this list.")
}
