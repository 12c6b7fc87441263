//! Which sessions live.

use crate::handle::Identity;
use crate::store::{members, own_sessions as rows};
use chrono::{DateTime, Utc};
use kernel::ids::{SessionId, UserId};
use kernel::{Ctx, Error, Permission, Resource};
use serde::Serialize;
use store::TenantTx;

/// A living session.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct SessionItem {
    pub id: SessionId,
    /// As the person named it at sign-in.
    pub device_name: Option<String>,
    #[schema(example = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0")]
    pub user_agent: Option<String>,
    #[schema(example = "203.0.113.9")]
    pub ip_first: Option<String>,
    pub ip_last: Option<String>,
    /// How the person signed in (RFC 8176).
    #[schema(example = json!(["pwd"]))]
    pub amr: Vec<String>,
    pub created_at: DateTime<Utc>,
    pub last_used_at: DateTime<Utc>,
    /// When it ends however much it is used.
    pub expires_at: DateTime<Utc>,
    /// Whether this request came by it.
    pub current: bool,
}

impl Identity {
    /// The caller's own sessions in this organization, the newest first.
    ///
    /// # Errors
    /// 403 for keys and for whoever acts as somebody else.
    pub async fn own_sessions(&self, ctx: &Ctx, tx: &mut TenantTx) -> Result<Vec<SessionItem>, Error> {
        let user_id = ctx.require_person()?;
        living(ctx, tx, user_id).await
    }

    /// Those of a member.
    ///
    /// # Errors
    /// 403 without `users.manage`, 404 for whoever is no member here.
    pub async fn sessions_of(&self, ctx: &Ctx, tx: &mut TenantTx, user_id: UserId) -> Result<Vec<SessionItem>, Error> {
        ctx.require(Permission::USERS_MANAGE, &Resource::organization(ctx.organization_id()))?;
        members::find(tx, user_id).await?.ok_or_else(Error::not_found)?;
        living(ctx, tx, user_id).await
    }
}

async fn living(ctx: &Ctx, tx: &mut TenantTx, user_id: UserId) -> Result<Vec<SessionItem>, Error> {
    let mut sessions = rows::living_of(tx, user_id, ctx.now()).await?;
    for session in &mut sessions {
        session.current = Some(session.id) == ctx.subject.session_id;
    }
    Ok(sessions)
}
