//! Owners: assigning, claiming, releasing. At most one owner a conversation; every change is kept with its reason.

use crate::author;
use crate::conversation::{Conversation, ConversationRow};
use crate::events;
use crate::store::{self, OwnerChange, Save};
use ::store::TenantTx;
use kernel::ids::{ConversationId, UnitId, UserId};
use kernel::{Ctx, Error, ErrorKind, Permission};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

/// Whom and where; what is absent stays.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"reason": "manual"}))]
pub struct Assignment {
    /// The new owner, an active member.
    #[serde(default)]
    pub user_id: Option<UserId>,
    /// The new unit; without `user_id` the owner is taken off.
    #[serde(default)]
    pub unit_id: Option<UnitId>,
    /// `manual` (default), `reassign`, `return`, ... up to 40 characters; kept in the history.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Gives a conversation to a member, to a unit, or both.
///
/// # Errors
/// 404 also for an unknown user or unit; 403 without `messaging.assign`; 409 `CONVERSATION_MERGED`; 422.
pub async fn assign(ctx: &Ctx, tx: &mut TenantTx, id: ConversationId, to: Assignment) -> Result<Conversation, Error> {
    let mut row = lock(tx, id).await?;
    ctx.require(Permission::MESSAGING_ASSIGN, &row.resource(ctx.organization_id()))?;
    let reason = to.reason.as_deref().unwrap_or("manual");
    if reason.is_empty() || reason.chars().count() > 40 {
        return Err(Error::invalid_field("reason", "LENGTH", "1 to 40 characters."));
    }
    if let Some(user) = to.user_id {
        must_be_active(ctx, tx, user).await?;
    }
    let unit = to.unit_id.filter(|unit| row.unit_id != Some(*unit));
    let owner = match (to.user_id, unit) {
        (Some(user), _) => Some(user),
        (None, Some(_)) => None,
        (None, None) => row.owner_id,
    };
    change(ctx, tx, &mut row, owner, unit, reason).await?;
    Ok(row.show(ctx))
}

/// Takes a conversation for oneself.
///
/// # Errors
/// 404, 403 without `messaging.reply`; 409 `CONVERSATION_ALREADY_ASSIGNED` `{owner_id}` unless the caller may assign.
pub async fn claim(ctx: &Ctx, tx: &mut TenantTx, id: ConversationId) -> Result<Conversation, Error> {
    let mut row = lock(tx, id).await?;
    let resource = row.resource(ctx.organization_id());
    ctx.require(Permission::MESSAGING_REPLY, &resource)?;
    let me = ctx
        .subject
        .user_id()
        .ok_or_else(|| Error::new(ErrorKind::Forbidden, "PERMISSION_DENIED", "Only people can own conversations."))?;
    if let Some(owner) = row.owner_id
        && owner != me
        && ctx.require(Permission::MESSAGING_ASSIGN, &resource).is_err()
    {
        return Err(Error::new(
            ErrorKind::Conflict,
            "CONVERSATION_ALREADY_ASSIGNED",
            "Somebody else owns this conversation.",
        )
        .with("owner_id", owner.to_string()));
    }
    change(ctx, tx, &mut row, Some(me), None, "claim").await?;
    Ok(row.show(ctx))
}

/// Takes the owner off: one's own conversation, or with `messaging.assign` anybody's.
///
/// # Errors
/// 404, 403.
pub async fn release(ctx: &Ctx, tx: &mut TenantTx, id: ConversationId) -> Result<Conversation, Error> {
    let mut row = lock(tx, id).await?;
    let mine = row.owner_id.is_some() && row.owner_id == ctx.subject.user_id();
    let needed =
        if mine || row.owner_id.is_none() { Permission::MESSAGING_REPLY } else { Permission::MESSAGING_ASSIGN };
    ctx.require(needed, &row.resource(ctx.organization_id()))?;
    change(ctx, tx, &mut row, None, None, "return").await?;
    Ok(row.show(ctx))
}

/// Takes somebody who left off a conversation, if it is still his.
pub(crate) async fn take_off(
    ctx: &Ctx,
    tx: &mut TenantTx,
    id: ConversationId,
    user: UserId,
    reason: &str,
) -> Result<(), Error> {
    let mut row = lock(tx, id).await?;
    if row.owner_id != Some(user) {
        return Ok(());
    }
    change(ctx, tx, &mut row, None, None, reason).await
}

async fn lock(tx: &mut TenantTx, id: ConversationId) -> Result<ConversationRow, Error> {
    store::lock_conversation(tx, id).await?.ok_or_else(Error::not_found)
}

async fn change(
    ctx: &Ctx,
    tx: &mut TenantTx,
    row: &mut ConversationRow,
    owner: Option<UserId>,
    unit: Option<UnitId>,
    reason: &str,
) -> Result<(), Error> {
    if let Some(target) = row.merged_into_id {
        return Err(Error::new(
            ErrorKind::Conflict,
            "CONVERSATION_MERGED",
            "This conversation was merged into another.",
        )
        .with("target_id", target.to_string()));
    }
    let (old_owner, old_unit) = (row.owner_id, row.unit_id);
    if owner == old_owner && unit.is_none() {
        return Ok(());
    }
    let now = ctx.now();
    row.owner_id = owner;
    row.unit_id = unit.or(old_unit);
    row.touch(now);
    let saved = store::save(tx, &Save { conversations: vec![&*row], ..Save::default() }).await;
    saved.map_err(|error| match error.constraint() {
        // The key holds the organization, so another one's unit is as unknown as none.
        Some("conversations_unit_fkey") => Error::not_found(),
        _ => error.into(),
    })?;
    let actor = ctx.actor();
    if owner != old_owner {
        let history = OwnerChange { id: ctx.new_id(), conversation_id: row.id, to: owner, reason, by: actor.id };
        store::change_owner(tx, history, now).await?;
        let data = json!({"from": old_owner, "to": owner, "reason": reason});
        events::conversation(ctx, tx, row, "conversation.assigned", &actor, data);
    }
    if unit.is_some() {
        let data = json!({"from": old_unit, "to": row.unit_id});
        events::conversation(ctx, tx, row, "conversation.unit_changed", &actor, data);
    }
    Ok(())
}

async fn must_be_active(ctx: &Ctx, tx: &mut TenantTx, user: UserId) -> Result<(), Error> {
    match author::member(ctx, tx, user).await? {
        Some(member) if member.status == "active" => Ok(()),
        Some(_) => Err(Error::invalid_field("user_id", "NOT_ACTIVE", "This member is not active.")),
        None => Err(Error::not_found()),
    }
}
