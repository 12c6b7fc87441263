//! The end of a membership: access ends at once, live work returns to the queues (messaging hears the event), history
//! stays. A login without any membership left is disabled, and erased later.

use super::{events, last_admin, managed};
use crate::store::people;
use crate::store::{invitations, logins, members, sessions};
use chrono::Duration;
use kernel::ids::{MembershipId, SessionId, UserId};
use kernel::{Ctx, Error, Permission, Resource};
use serde_json::json;
use store::TenantTx;

/// How long a login without any place waits before it is erased.
pub const ALONE: Duration = Duration::days(30);

/// What ended: after the commit `Identity::sessions_ended` and `rights_changed` are to be told.
#[derive(Debug, Default)]
pub(crate) struct Left {
    pub sessions: Vec<SessionId>,
}

/// Ends somebody's membership here, or one's own.
///
/// # Errors
/// 404, 403 without `users.delete`, `GRANT_EXCEEDS_OWN`; 403 `REAUTH_REQUIRED` for oneself; 409 `LAST_ADMIN`.
pub(crate) async fn remove_user(ctx: &Ctx, tx: &mut TenantTx, id: UserId) -> Result<Left, Error> {
    if ctx.subject.user_id() == Some(id) {
        ctx.require_person()?;
        ctx.require_recent()?;
    } else {
        ctx.require(Permission::USERS_DELETE, &Resource::organization(ctx.organization_id()))?;
    }
    last_admin::lock(tx).await?;
    let found = people::lock(tx, id).await?.filter(|(_, status)| status != "removed");
    let (membership, _) = found.ok_or_else(Error::not_found)?;
    managed::require_not_above(ctx, tx, membership).await?;
    end_membership(ctx, tx, membership, id, Keep::Nothing).await
}

/// What is left for the case that somebody comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keep {
    Nothing,
    /// An invitation that expired can be sent again as it was.
    RolesAndUnits,
}

/// Ends a membership, whoever asked for it.
///
/// # Errors
/// 404 where it is over already; 409 `LAST_ADMIN`.
pub(crate) async fn end_membership(
    ctx: &Ctx,
    tx: &mut TenantTx,
    membership: MembershipId,
    user: UserId,
    keep: Keep,
) -> Result<Left, Error> {
    let now = ctx.now();
    last_admin::lock(tx).await?;
    let was_admin = members::is_admin(tx, membership, now).await?;
    if !people::remove(tx, membership, now).await? {
        return Err(Error::not_found());
    }
    if keep == Keep::Nothing {
        members::drop_assignments(tx, membership).await?;
        people::leave_units(tx, membership).await?;
        invitations::end_pending(tx, membership, "revoked", now).await?;
    }
    if was_admin {
        last_admin::must_remain(tx, now).await?;
    }
    let sessions = end_sessions(ctx, tx, user, "membership_removed").await?;
    events::append(ctx, tx, events::membership("membership.removed", membership, user, json!({})));
    if logins::leave(tx, user, now + ALONE, now).await? {
        events::append(ctx, tx, events::user("user.disabled", user, json!({ "erase_at": now + ALONE })));
    }
    Ok(Left { sessions })
}

/// Ends all sessions of a person here.
pub(crate) async fn end_sessions(
    ctx: &Ctx,
    tx: &mut TenantTx,
    user: UserId,
    reason: &str,
) -> Result<Vec<SessionId>, Error> {
    let ended = sessions::revoke_all_but_newest(tx, user, 0, reason, ctx.now()).await?;
    for session in &ended {
        tx.append(ctx, crate::events::session_revoked(user, *session, reason));
    }
    Ok(ended)
}
