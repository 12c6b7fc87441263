//! Taking somebody else's second factors away: for people who lost them, by those who manage the login.

use super::{events, tell};
use crate::handle::Identity;
use crate::store::{passkeys, people, second_factors as rows};
use crate::users;
use kernel::ids::UserId;
use kernel::{Ctx, Error, Permission, Resource};
use store::TenantTx;

impl Identity {
    /// Takes away app, recovery codes and passkeys of a member whose login this organization manages.
    ///
    /// # Errors
    /// 403 without `users.manage`, 404 for a login without membership here, 403 `USER_NOT_MANAGED`, 403
    /// `GRANT_EXCEEDS_OWN` for somebody who may do more, 403 `REAUTH_REQUIRED`.
    pub(super) async fn reset_factors(&self, ctx: &Ctx, tx: &mut TenantTx, user_id: UserId) -> Result<(), Error> {
        ctx.require(Permission::USERS_MANAGE, &Resource::organization(ctx.organization_id()))?;
        ctx.require_person()?;
        let member = people::find(tx, user_id, false).await?.ok_or_else(Error::not_found)?;
        users::require_managed(tx, &member).await?;
        users::require_not_above(ctx, tx, member.membership_id).await?;
        ctx.require_recent()?;
        forget_factors(tx, user_id).await?;
        let mut event = events::disabled(user_id, "reset");
        event.actor = ctx.actor();
        tx.append(ctx, event);
        tell(self, ctx, tx, user_id, "reset").await
    }
}

/// Whatever a login proves itself with besides its password.
async fn forget_factors(tx: &mut TenantTx, user_id: UserId) -> Result<(), Error> {
    rows::drop_totp(tx, user_id).await?;
    rows::drop_recovery_codes(tx, user_id).await?;
    passkeys::drop_all(tx, user_id).await?;
    Ok(())
}
