//! What each user has seen: a place in the order of messages, forward only, nobody else's business.

use crate::events;
use crate::store;
use ::store::TenantTx;
use kernel::ids::ConversationId;
use kernel::{Ctx, Error, ErrorKind, Permission};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Up to where.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"up_to_seq": 42}))]
pub struct SeenBody {
    pub up_to_seq: i64,
}

/// What the user has seen now.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub struct Seen {
    pub conversation_id: ConversationId,
    pub last_seen_seq: i64,
}

/// Notes that the caller has seen everything up to a message; on all devices of this user. Never goes back.
///
/// # Errors
/// 404; 403 for who is no person; 422 for a negative number.
pub async fn seen(ctx: &Ctx, tx: &mut TenantTx, id: ConversationId, body: SeenBody) -> Result<Seen, Error> {
    let row = store::conversation(tx, id).await?.ok_or_else(Error::not_found)?;
    ctx.require(Permission::MESSAGING_VIEW, &row.resource(ctx.organization_id()))?;
    let me = ctx
        .subject
        .user_id()
        .ok_or_else(|| Error::new(ErrorKind::Forbidden, "PERMISSION_DENIED", "Only people see."))?;
    if body.up_to_seq < 0 {
        return Err(Error::invalid_field("up_to_seq", "OUT_OF_RANGE", "0 or more."));
    }
    let up_to = body.up_to_seq.min(row.last_seq);
    let moved = store::advance_seen(tx, id, me, up_to, ctx.now()).await?;
    if let Some(last_seen_seq) = moved {
        events::seen(ctx, tx, id, me, last_seen_seq);
    }
    Ok(Seen { conversation_id: id, last_seen_seq: moved.unwrap_or(up_to) })
}
