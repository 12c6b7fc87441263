//! The subject of a request: who asks, with the grants of this moment.

use crate::access_token::Claims;
use crate::handle::Identity;
use crate::roles;
use crate::store::sessions::{self, StandingRow};
use chrono::{DateTime, Duration, Utc};
use kernel::access::OrganizationStanding;
use kernel::ids::{ChannelAccountId, OrganizationId, SessionId};
use kernel::{Error, ErrorKind, Grant, Permission, PermissionSet, Principal, Scope, Subject};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Without use a session ends after this.
pub const IDLE: Duration = Duration::days(7);
/// However much used, a session ends after this.
pub const MAX_LIFE: Duration = Duration::days(30);
/// A use is written down at most this often.
const TOUCH: Duration = Duration::minutes(1);

/// A subject as kept for a moment, with what else requests ask about it.
pub struct Known {
    pub subject: Arc<Subject>,
    pub user_name: String,
    pub slug: String,
    pub organization_name: String,
    pub organization_status: String,
    /// The count of rights changes that it was loaded under.
    rights: u64,
}

/// Whether a request counts as use of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    Renews,
    /// Only looks (`GET /api/auth/validate`, deliveries to sockets).
    Looks,
}

impl Identity {
    /// Who a bearer token stands for.
    ///
    /// # Errors
    /// 401 `AUTH_TOKEN_INVALID`, `AUTH_TOKEN_EXPIRED` (with `refresh_required`) or `AUTH_SESSION_REVOKED`.
    pub async fn subject_of_token(&self, token: &str) -> Result<Arc<Subject>, Error> {
        let claims = self.verify(token).await?;
        Ok(self.known(claims.org, claims.sid, claims.exp, Use::Renews).await?.subject.clone())
    }

    /// The same principal with the grants of now, for connections that live long.
    ///
    /// # Errors
    /// 401 `AUTH_SESSION_REVOKED` when its session is over, `AUTH_TOKEN_EXPIRED` when its access is.
    pub async fn refreshed(&self, subject: &Subject) -> Result<Arc<Subject>, Error> {
        let (Some(session), Some(expires_at)) = (subject.session_id, subject.expires_at) else {
            return Ok(Arc::new(subject.clone()));
        };
        if expires_at <= self.0.clock.now() {
            return Err(Error::new(
                ErrorKind::Unauthenticated,
                "AUTH_TOKEN_EXPIRED",
                "This access is over; refresh it.",
            )
            .with("refresh_required", true));
        }
        Ok(self.known(subject.organization_id, session, expires_at.timestamp(), Use::Looks).await?.subject.clone())
    }

    /// What is known of a verified token's session.
    pub(crate) async fn known_of(&self, claims: &Claims, usage: Use) -> Result<Arc<Known>, Error> {
        self.known(claims.org, claims.sid, claims.exp, usage).await
    }

    /// From the cache of a second, or from the database: concurrent requests share one load.
    async fn known(
        &self,
        organization: OrganizationId,
        session: SessionId,
        exp: i64,
        usage: Use,
    ) -> Result<Arc<Known>, Error> {
        let key = (session, exp);
        for _ in 0..3 {
            if self.0.ended.contains_key(&session) {
                return Err(revoked());
            }
            let known = match self.0.subjects.get(&key).await {
                Some(known) => known,
                None => {
                    let loading = Box::pin(self.load(organization, session, exp, usage));
                    self.0.subjects.try_get_with(key, loading).await.map_err(|error: Arc<Error>| (*error).clone())?
                }
            };
            // Both are asked again after the load: it may have read what a logout or a change replaced meanwhile.
            if self.0.ended.contains_key(&session) {
                return Err(revoked());
            }
            if known.rights == self.0.rights.load(Ordering::SeqCst) {
                return Ok(known);
            }
            self.0.subjects.invalidate(&key).await;
        }
        // Rights change faster than they can be read: this one was read after the request came.
        Ok(Arc::new(self.load_known(organization, session, exp, usage).await?))
    }

    async fn load(
        &self,
        organization: OrganizationId,
        session: SessionId,
        exp: i64,
        usage: Use,
    ) -> Result<Arc<Known>, Error> {
        self.load_known(organization, session, exp, usage).await.map(Arc::new)
    }

    async fn load_known(
        &self,
        organization: OrganizationId,
        session: SessionId,
        exp: i64,
        usage: Use,
    ) -> Result<Known, Error> {
        let rights = self.0.rights.load(Ordering::SeqCst);
        let now = self.0.clock.now();
        let mut tx = self.0.db.tenant(organization).await?;
        let rows = sessions::standing(&mut tx, organization, session).await?;
        let Some(first) = rows.first().filter(|row| is_alive(row, now)) else {
            self.0.ended.insert(session, ());
            return Err(revoked());
        };
        if usage == Use::Renews && first.last_used_at + TOUCH <= now {
            sessions::touch(&mut tx, session, None, now).await?;
        }
        tx.commit().await?;
        Ok(Known {
            subject: Arc::new(subject(organization, session, exp, first, &rows)),
            user_name: first.user_name.clone(),
            slug: first.slug.clone(),
            organization_name: first.organization_name.clone(),
            organization_status: first.organization_status.clone(),
            rights,
        })
    }
}

fn is_alive(row: &StandingRow, now: DateTime<Utc>) -> bool {
    row.revoked_at.is_none() && now < row.expires_at && now < row.last_used_at + IDLE && row.user_status == "active"
}

fn subject(
    organization_id: OrganizationId,
    session: SessionId,
    exp: i64,
    first: &StandingRow,
    rows: &[StandingRow],
) -> Subject {
    Subject {
        principal: Principal::User { user_id: first.user_id, membership_id: first.membership_id },
        organization_id,
        organization: standing(&first.organization_status, first.suspension_mode.as_deref()),
        membership_active: first.membership_status == "active",
        session_id: Some(session),
        grants: rows.iter().filter_map(grant).collect(),
        key_scopes: None,
        fallback_unit: first.fallback_unit,
        must_change_password: first.must_change_password,
        expires_at: DateTime::from_timestamp(exp, 0),
    }
}

/// What the status of an organization lets its members do.
pub fn standing(status: &str, suspension_mode: Option<&str>) -> OrganizationStanding {
    match (status, suspension_mode) {
        ("active", _) => OrganizationStanding::Active,
        ("suspended", Some("read_only")) => OrganizationStanding::ReadOnly,
        _ => OrganizationStanding::Blocked,
    }
}

fn grant(row: &StandingRow) -> Option<Grant> {
    let (role, scope_type) = (row.role.as_deref()?, row.scope_type.as_deref()?);
    let units = || row.units.clone().unwrap_or_default();
    let scope = match scope_type {
        "organization" => Scope::Organization,
        "unit" | "team" => Scope::Units(units()),
        "channel_account" => Scope::ChannelAccount(ChannelAccountId(row.scope_id?)),
        "own" => Scope::Own,
        "unassigned" => Scope::Unassigned(units()),
        _ => return None,
    };
    let stored = row.permissions.as_deref().unwrap_or_default();
    Some(Grant {
        role: role.into(),
        permissions: permissions_of(role, row.is_system == Some(true), stored),
        scope,
        effective_from: row.effective_from,
        effective_to: row.effective_to,
    })
}

/// What a role holds: built-in ones by the product's table, custom ones by their own list.
pub fn permissions_of(role: &str, is_system: bool, stored: &[String]) -> PermissionSet {
    if is_system {
        return roles::built_in(role).map(roles::BuiltInRole::permissions).unwrap_or_default();
    }
    PermissionSet::granting(stored.iter().filter_map(|name| Permission::parse(name)))
}

fn revoked() -> Error {
    Error::new(ErrorKind::Unauthenticated, "AUTH_SESSION_REVOKED", "This session has ended; sign in again.")
}
