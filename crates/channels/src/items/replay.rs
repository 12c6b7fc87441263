//! Running an item again, any number of times: the result equals running it once.

use super::{ItemState, apply_job};
use crate::accounts::{self, event};
use crate::store::items as rows;
use ::store::TenantTx;
use kernel::ids::{ChannelAccountId, InboundItemId};
use kernel::{Ctx, Error, ErrorKind, Permission, Resource};
use serde_json::json;

/// Puts an item back to its beginning and has it run. One that was processed stays as it is: its effect was committed
/// with that very state.
///
/// # Errors
/// 404 for an item or account that may not be seen; 403 without `channels.manage`; 410 `CONTENT_FORGOTTEN` once its
/// content is no longer kept.
pub async fn replay(ctx: &Ctx, tx: &mut TenantTx, account: ChannelAccountId, id: InboundItemId) -> Result<(), Error> {
    let found = accounts::find(ctx, tx, account).await?;
    ctx.require(Permission::CHANNELS_MANAGE, &Resource::organization(tx.organization_id()))?;
    let item = rows::lock(tx, id).await?.filter(|item| item.account == account).ok_or_else(Error::not_found)?;
    if item.event_sealed.is_none() {
        return Err(Error::new(ErrorKind::Gone, "CONTENT_FORGOTTEN", "The content of this item is no longer kept."));
    }
    // One that is kept runs in its turn, when its organization is back.
    if [ItemState::Processed, ItemState::Kept].iter().any(|state| item.state == state.as_str()) {
        return Ok(());
    }
    rows::reset(tx, id).await?;
    tx.enqueue(ctx, apply_job(id, account, &item.sender_key));
    let data = json!({ "id": id, "channel_account_id": account, "kind": item.kind });
    tx.append(ctx, event(ctx, "inbound.replayed", account, found.unit_id, data));
    Ok(())
}
