//! Opening a session: the one place that makes one. Sign-in, acceptance of an invitation and the switch to another
//! organization all end here, in a transaction of that organization.

use super::login::wrong;
use super::{Client, Pair};
use crate::access_token::NewToken;
use crate::events;
use crate::handle::Identity;
use crate::keys::Keys;
use crate::password::PasswordHash;
use crate::settings;
use crate::store::members;
use crate::store::sessions::{self, NewSession};
use crate::store::sign_in::{self as rows, Login, OwnMembership};
use crate::subject::MAX_LIFE;
use crate::users::{UserView, own_view};
use chrono::{DateTime, Duration, Utc};
use kernel::ids::{SessionId, UserId};
use kernel::text::{clean_line, truncate_chars};
use kernel::token::OpaqueToken;
use kernel::{Ctx, Error};
use store::TenantTx;

const DEVICE_NAME: usize = 120;
const USER_AGENT: usize = 256;

/// A session about to be opened; whether it may be was decided before ([`Identity::enter`]).
pub(crate) struct Opening<'a> {
    pub login: &'a Login,
    pub membership: &'a OwnMembership,
    /// Whether the sign-in was meant for this organization, which accepts an invitation.
    pub accepts: bool,
    /// How the person proved who he is (RFC 8176).
    pub amr: &'a [String],
    pub device_name: Option<&'a str>,
    pub client: &'a Client,
    pub better: Option<&'a PasswordHash>,
    /// When the person proved who he is, if not now.
    pub proven_at: Option<DateTime<Utc>>,
}

/// What was opened.
pub(crate) struct Opened {
    pub pair: Pair,
    pub user: UserView,
    /// Sessions that ended to make room: [`Identity::sessions_ended`] is to be told after the commit.
    pub ended: Vec<SessionId>,
}

impl Identity {
    /// Opens a session in the organization of this transaction. `keys` come from [`Identity::signing_keys`], asked for
    /// before the transaction began.
    ///
    /// # Errors
    /// 401 `AUTH_CREDENTIALS_INVALID` where the password changed since `login` was read.
    pub(crate) async fn open_session(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        keys: &Keys,
        opening: &Opening<'_>,
    ) -> Result<Opened, Error> {
        let Opening { login, membership, .. } = *opening;
        let (now, user_id) = (ctx.now(), login.user_id);
        if !rows::record_sign_in(tx, login, opening.better.map(PasswordHash::as_str), now).await? {
            return Err(wrong());
        }
        let settings = settings::effective(tx).await?;
        if opening.accepts
            && membership.membership_status == "invited"
            && members::activate(tx, membership.membership_id, now).await?
        {
            tx.append(ctx, events::membership("membership.activated", membership.membership_id, user_id));
        }
        let ended = end_surplus(tx, ctx, user_id, settings.session_max_per_user).await?;
        let new = Begun {
            id: ctx.new_id(),
            authenticated_at: opening.proven_at.unwrap_or(now),
            life: Duration::days(settings.session_max_days).min(MAX_LIFE),
            idle: Duration::minutes(settings.session_idle_minutes),
        };
        write_down(tx, opening, &new, now).await?;
        let Begun { id: session_id, authenticated_at, life, idle } = new;
        let amr = opening.amr.to_vec();
        let refresh_token = OpaqueToken::new(&self.0.ids);
        sessions::insert_refresh_token(tx, session_id, &refresh_token.hash(), 1, now).await?;
        self.greet_device(ctx, tx, opening).await?;
        rows::clear_failures(tx.conn(), &self.email_hash(&login.email_norm)).await?;
        tx.append(ctx, events::login_succeeded(user_id, session_id, &amr));
        let user = own_view(tx, &self.0.persons, user_id).await?;
        let token = NewToken {
            user_id,
            organization_id: membership.organization_id,
            membership_id: membership.membership_id,
            session_id,
            authenticated_at,
            amr,
            roles: user.roles.clone(),
        };
        let pair = self.pair(keys, token, refresh_token, life.min(idle))?;
        Ok(Opened { pair, user, ended })
    }
}

/// What the settings and the sign-in make of a session.
struct Begun {
    id: SessionId,
    authenticated_at: DateTime<Utc>,
    life: Duration,
    idle: Duration,
}

async fn write_down(tx: &mut TenantTx, opening: &Opening<'_>, begun: &Begun, now: DateTime<Utc>) -> Result<(), Error> {
    let device_name = opening.device_name.map(clean_line).filter(|name| !name.is_empty());
    let new = NewSession {
        id: begun.id,
        membership_id: opening.membership.membership_id,
        user_id: opening.login.user_id,
        device_name: device_name.as_deref().map(|name| truncate_chars(name, DEVICE_NAME)),
        user_agent: opening.client.user_agent.as_deref().map(|agent| truncate_chars(agent, USER_AGENT)),
        ip: Some(&opening.client.ip),
        amr: opening.amr,
        now,
        authenticated_at: begun.authenticated_at,
        expires_at: now + begun.life,
        idle_minutes: i32::try_from(begun.idle.num_minutes()).unwrap_or(i32::MAX),
    };
    Ok(sessions::insert(tx, &new).await?)
}

/// Makes room for one more session of this person here, and forgets those long over.
async fn end_surplus(tx: &mut TenantTx, ctx: &Ctx, user: UserId, most: i64) -> Result<Vec<SessionId>, Error> {
    let now = ctx.now();
    sessions::forget_ended_before(tx, user, now - MAX_LIFE).await?;
    let over = sessions::revoke_all_but_newest(tx, user, most - 1, "too_many", now).await?;
    for session in &over {
        tx.append(ctx, events::session_revoked(user, *session, "too_many"));
    }
    Ok(over)
}
