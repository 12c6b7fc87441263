//! `refresh`: each refresh token is good once; using an old one again ends its session.

use super::login::{inactive, suspended};
use super::{Client, Pair};
use crate::access_token::NewToken;
use crate::events;
use crate::handle::Identity;
use crate::settings;
use crate::store::organizations;
use crate::store::sessions::{self, SessionRow, TokenRow};
use crate::store::sign_in as rows;
use crate::store::standing::{self as standings, StandingRow};
use crate::subject::standing;
use chrono::{DateTime, Duration, Utc};
use kernel::ids::{OrganizationId, SessionId};
use kernel::token::OpaqueToken;
use kernel::{Error, ErrorKind};
use mail::Template;
use serde_json::json;
use store::{PlatformReason, TenantTx};

/// How long the token just used answers with the same successor: lost answers, two tabs.
const REPEAT: Duration = Duration::seconds(30);

/// What presenting a token of a living session means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// The newest one: a successor is made.
    Rotate,
    /// The one before it, used a moment ago: the same successor once more.
    Repeat,
    /// Anything older or later: somebody else has it too.
    Reuse,
}

impl Identity {
    /// A new pair for a refresh token.
    ///
    /// # Errors
    /// 401 `REFRESH_INVALID` for an unknown or expired one, 401 `REFRESH_REUSED` for one used before (the session is
    /// over then), 403 when the person may no longer come in.
    pub async fn refresh(&self, presented: &str, client: &Client) -> Result<Pair, Error> {
        let token = OpaqueToken::presented(presented);
        let hash = token.hash();
        let (organization, session_id) = self.session_of_refresh_token(presented).await?.ok_or_else(unusable)?;
        let keys = self.signing_keys().await?;
        let now = self.0.clock.now();
        let mut tx = self.0.db.tenant(organization).await?;
        // The lock lets two tabs come one after the other.
        let session =
            sessions::lock(&mut tx, session_id).await?.filter(|session| is_alive(session, now)).ok_or_else(unusable)?;
        let place = sessions::refresh_token(&mut tx, session_id, &hash).await?.ok_or_else(unusable)?;
        let turn = turn(&place, now);
        if turn == Turn::Reuse {
            return Err(self.end_reused(tx, organization, &session, client).await?);
        }
        let standing = standings::standing(&mut tx, organization, session_id).await?;
        let first = standing.first().filter(|first| first.user_status == "active").ok_or_else(unusable)?;
        may_stay(first, &standing, now)?;
        let successor = token.successor(&self.0.successor_key);
        if turn == Turn::Rotate {
            sessions::insert_refresh_token(&mut tx, session_id, &successor.hash(), place.generation + 1, now).await?;
            sessions::mark_token_used(&mut tx, &hash, now).await?;
        }
        sessions::touch(&mut tx, session_id, Some(&client.ip), now).await?;
        let life = follow_settings(&mut tx, &session, now).await?;
        let mut roles: Vec<String> = standing.iter().filter_map(|row| row.role.clone()).collect();
        roles.sort_unstable();
        roles.dedup();
        let new = NewToken {
            user_id: session.user_id,
            organization_id: organization,
            membership_id: session.membership_id,
            session_id,
            authenticated_at: session.authenticated_at,
            amr: session.amr,
            roles,
        };
        let pair = self.pair(&keys, new, successor, life)?;
        tx.commit().await?;
        Ok(pair)
    }

    /// Which session a refresh token was made for, dead or alive.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn session_of_refresh_token(
        &self,
        presented: &str,
    ) -> Result<Option<(OrganizationId, SessionId)>, Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let found = rows::session_by_refresh_token(&mut tx, &OpaqueToken::presented(presented).hash()).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// Ends the session of a token that somebody used again; answers what its bearer is told.
    async fn end_reused(
        &self,
        mut tx: TenantTx,
        organization: OrganizationId,
        session: &SessionRow,
        client: &Client,
    ) -> Result<Error, Error> {
        let ctx = self.acting(organization, client);
        sessions::revoke(&mut tx, session.id, "refresh_reused", ctx.now()).await?;
        tx.append(&ctx, events::about_session("auth.refresh_reused", session.user_id, session.id));
        tx.append(&ctx, events::session_revoked(session.user_id, session.id, "refresh_reused"));
        if let Some(login) = rows::login_by_id(tx.conn(), session.user_id).await? {
            let name = organizations::find(&mut tx).await?.map(|organization| organization.name);
            let data = json!({ "ip": client.ip, "organization": name.unwrap_or_default() });
            self.notify(&ctx, &mut tx, &login, Template::SessionEnded, data).await?;
        }
        tx.commit().await?;
        self.sessions_ended(&[session.id]);
        tracing::warn!(session_id = %session.id, "a refresh token was used again; its session was ended");
        Ok(Error::new(
            ErrorKind::Unauthenticated,
            "REFRESH_REUSED",
            "This refresh token was used before; sign in again.",
        ))
    }
}

fn turn(place: &TokenRow, now: DateTime<Utc>) -> Turn {
    if place.generation == place.newest {
        return Turn::Rotate;
    }
    let just_used = place.used_at.is_some_and(|used_at| now <= used_at + REPEAT);
    if place.generation + 1 == place.newest && just_used { Turn::Repeat } else { Turn::Reuse }
}

fn is_alive(session: &SessionRow, now: DateTime<Utc>) -> bool {
    let idle = Duration::minutes(i64::from(session.idle_minutes));
    session.revoked_at.is_none() && now < session.expires_at && now < session.last_used_at + idle
}

/// A session follows the organization's limits from its next refresh on. How long the token made now is good unused.
async fn follow_settings(tx: &mut TenantTx, session: &SessionRow, now: DateTime<Utc>) -> Result<Duration, Error> {
    let settings = settings::effective(tx).await?;
    let idle_minutes = i32::try_from(settings.session_idle_minutes).unwrap_or(i32::MAX);
    // A longer life than at the sign-in is for the next sign-in.
    let expires_at = session.expires_at.min(session.created_at + Duration::days(settings.session_max_days));
    if (idle_minutes, expires_at) != (session.idle_minutes, session.expires_at) {
        sessions::adjust(tx, session.id, idle_minutes, expires_at).await?;
    }
    Ok((expires_at - now).min(Duration::minutes(settings.session_idle_minutes)).max(Duration::zero()))
}

/// What sign-in asks is asked again: a suspended member does not stay by refreshing.
fn may_stay(first: &StandingRow, rows: &[StandingRow], now: DateTime<Utc>) -> Result<(), Error> {
    if first.membership_status != "active" {
        return Err(inactive());
    }
    let blocked = !standing(&first.organization_status, first.suspension_mode.as_deref()).is_open();
    let for_admins = matches!(first.organization_status.as_str(), "suspended" | "closing");
    let admin = rows.iter().any(|row| {
        row.is_system == Some(true)
            && row.role.as_deref() == Some("admin")
            && row.scope_type.as_deref() == Some("organization")
            && row.effective_from.is_none_or(|from| from <= now)
            && row.effective_to.is_none_or(|to| now < to)
    });
    if blocked && !(for_admins && admin) { Err(suspended()) } else { Ok(()) }
}

fn unusable() -> Error {
    Error::new(ErrorKind::Unauthenticated, "REFRESH_INVALID", "This refresh token is not valid; sign in again.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn only_the_newest_rotates_and_only_its_parent_repeats_for_thirty_seconds() {
        let used = |generation, newest| TokenRow { generation, used_at: (generation < newest).then(|| at(0)), newest };
        assert_eq!(turn(&used(3, 3), at(999_999)), Turn::Rotate);
        assert_eq!(turn(&used(2, 3), at(30)), Turn::Repeat);
        assert_eq!(turn(&used(2, 3), at(31)), Turn::Reuse);
        assert_eq!(turn(&used(1, 3), at(0)), Turn::Reuse);
    }

    proptest! {
        #[test]
        fn exactly_one_generation_rotates(newest in 1i32..50, generation in 1i32..50, after in 0i64..100) {
            prop_assume!(generation <= newest);
            let place = TokenRow { generation, used_at: (generation < newest).then(|| at(0)), newest };
            prop_assert_eq!(turn(&place, at(after)) == Turn::Rotate, generation == newest);
        }
    }
}
