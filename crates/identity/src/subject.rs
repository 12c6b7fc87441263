//! The subject of a request: who asks, with the grants of this moment.

use crate::access_token::Claims;
use crate::handle::Identity;
use crate::impersonation::support_grant;
use crate::limits::{disabled_by, max_sockets};
use crate::mfa;
use crate::platform::platform_grant;
use crate::roles;
use crate::service_accounts::is_key;
use crate::settings::rates::lowest_of;
use crate::store::sessions;
use crate::store::standing::{self as rows, StandingRow};
use chrono::{DateTime, Duration, Utc};
use kernel::access::{Impersonation, ImpersonationKind, OrganizationStanding};
use kernel::ids::{ChannelAccountId, OrganizationId, SessionId, UnitId};
use kernel::{Error, ErrorKind, Grant, Permission, PermissionSet, Principal, Scope, Subject};
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use uuid::Uuid;

/// However much used, no session lives longer than an organization may allow.
pub const MAX_LIFE: Duration = Duration::days(90);
/// A use is written down at most this often.
const TOUCH: Duration = Duration::minutes(1);

/// A subject as kept for a moment, with what else requests ask about it.
pub struct Known {
    pub subject: Arc<Subject>,
    pub user_name: String,
    pub slug: String,
    pub organization_name: String,
    pub organization_status: String,
    /// Name of who really acts, where the principal is impersonated.
    pub impersonator_name: Option<String>,
    /// Networks that the principal may come from; empty: any. Of API keys.
    pub networks: Vec<http_kit::Network>,
    /// The count of rights changes that it was loaded under.
    pub(crate) rights: u64,
}

/// Whether a request counts as use of its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    Renews,
    /// Only looks (`GET /api/auth/validate`, deliveries to sockets).
    Looks,
}

impl Identity {
    /// Who a bearer token or API key that comes from this address stands for.
    ///
    /// # Errors
    /// 401 `AUTH_TOKEN_INVALID`, `AUTH_TOKEN_EXPIRED` (with `refresh_required`) or `AUTH_SESSION_REVOKED`; for keys
    /// 401 `API_KEY_REVOKED`, `API_KEY_EXPIRED`, 403 `IP_NOT_ALLOWED`.
    pub async fn subject_of_token(&self, token: &str, ip: Option<IpAddr>) -> Result<Arc<Subject>, Error> {
        if is_key(token) {
            return Ok(self.known_key(token, ip).await?.subject.clone());
        }
        let claims = self.verify(token).await?;
        Ok(self.known(claims.org, claims.sid, claims.exp, Use::Renews).await?.subject.clone())
    }

    /// The same principal with the grants of now, for connections that live long.
    ///
    /// # Errors
    /// 401 `AUTH_SESSION_REVOKED` when its session is over, `AUTH_TOKEN_EXPIRED` when its access is.
    pub async fn refreshed(&self, subject: &Subject) -> Result<Arc<Subject>, Error> {
        if let Some(key) = subject.api_key_id {
            return Ok(self.key_again(subject.organization_id, key).await?.subject.clone());
        }
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
        let rows = rows::standing(&mut tx, organization, session).await?;
        let Some(first) = rows.first().filter(|row| is_alive(row, now)) else {
            self.0.ended.insert(session, ());
            return Err(revoked());
        };
        if usage == Use::Renews && first.last_used_at + TOUCH <= now {
            sessions::touch(&mut tx, session, None, now).await?;
        }
        tx.commit().await?;
        Ok(Known {
            subject: Arc::new(subject(organization, session, exp, now, first, &rows)),
            user_name: first.user_name.clone(),
            impersonator_name: first.impersonator_name.clone(),
            networks: Vec::new(),
            slug: first.slug.clone(),
            organization_name: first.organization_name.clone(),
            organization_status: first.organization_status.clone(),
            rights,
        })
    }
}

fn is_alive(row: &StandingRow, now: DateTime<Utc>) -> bool {
    let idle = Duration::minutes(i64::from(row.idle_minutes));
    row.revoked_at.is_none() && now < row.expires_at && now < row.last_used_at + idle && row.user_status == "active"
}

fn subject(
    organization_id: OrganizationId,
    session: SessionId,
    exp: i64,
    now: DateTime<Utc>,
    first: &StandingRow,
    rows: &[StandingRow],
) -> Subject {
    let impersonation = impersonation(first);
    let mut grants: Vec<Grant> = match &impersonation {
        // Support has rights of its own; in whose name it acts does not matter for them.
        Some(acting) if acting.kind == ImpersonationKind::Support => vec![support_grant(acting.writes)],
        _ => rows.iter().filter_map(StandingRow::grant).filter_map(|stored| grant(&stored)).collect(),
    };
    if let (Some(role), None) = (first.platform_role.as_deref(), &impersonation) {
        grants.extend(platform_grant(role));
    }
    Subject {
        principal: Principal::User { user_id: first.user_id, membership_id: first.membership_id },
        organization: standing(&first.organization_status, first.suspension_mode.as_deref()),
        membership_active: first.membership_status == "active",
        session_id: Some(session),
        grants,
        disabled: disabled_by(first.plan.as_deref(), first.features.as_ref()),
        fallback_unit: first.fallback_unit,
        must_change_password: first.must_change_password && impersonation.is_none(),
        mfa_required: impersonation.is_none() && owes_second_factor(first, rows, now),
        amr: first.amr.clone(),
        authenticated_at: impersonation.is_none().then_some(first.authenticated_at),
        impersonation,
        expires_at: DateTime::from_timestamp(exp, 0),
        max_sockets: max_sockets(first.plan.as_deref(), first.limits.as_ref()),
        rate_limits: lowest_of(&first.rate_limits).map(Arc::new),
        ..Subject::system(organization_id)
    }
}

fn impersonation(row: &StandingRow) -> Option<Impersonation> {
    let kind = match row.impersonation_kind.as_deref()? {
        "support" => ImpersonationKind::Support,
        _ => ImpersonationKind::Member,
    };
    Some(Impersonation {
        id: row.impersonation_id?,
        kind,
        by: row.impersonator_id?,
        writes: row.impersonation_mode.as_deref() == Some("write"),
    })
}

/// Whether the organization asks for a second factor, the time to comply is over, and this session has none.
fn owes_second_factor(first: &StandingRow, rows: &[StandingRow], now: DateTime<Utc>) -> bool {
    let (Some(required_for), Some(since)) = (first.mfa_required_for.as_deref(), first.mfa_required_since) else {
        return false;
    };
    let is_admin = rows.iter().filter_map(StandingRow::grant).any(|held| {
        held.is_system
            && held.role == "admin"
            && held.scope_type == "organization"
            && held.effective_from.is_none_or(|from| from <= now)
            && held.effective_to.is_none_or(|to| now < to)
    });
    let due = mfa::due(required_for, since, first.member_since, is_admin);
    due.is_some_and(|due| due <= now) && !first.amr.iter().any(|method| method == "mfa")
}

/// What the status of an organization lets its members do.
pub fn standing(status: &str, suspension_mode: Option<&str>) -> OrganizationStanding {
    match (status, suspension_mode) {
        ("active", _) => OrganizationStanding::Active,
        ("suspended", Some("read_only")) => OrganizationStanding::ReadOnly,
        ("suspended", _) => OrganizationStanding::Blocked,
        ("closing", _) => OrganizationStanding::Closing,
        _ => OrganizationStanding::Gone,
    }
}

/// One assignment with its role, as stored.
pub struct StoredGrant {
    pub role: String,
    pub is_system: bool,
    pub permissions: Vec<String>,
    pub scope_type: String,
    pub scope_id: Option<Uuid>,
    pub effective_from: Option<DateTime<Utc>>,
    pub effective_to: Option<DateTime<Utc>>,
    pub units: Option<Vec<UnitId>>,
}

/// What an assignment grants.
pub fn grant(stored: &StoredGrant) -> Option<Grant> {
    let units = || stored.units.clone().unwrap_or_default();
    let scope = match stored.scope_type.as_str() {
        "organization" => Scope::Organization,
        "unit" | "team" => Scope::Units(units()),
        "channel_account" => Scope::ChannelAccount(ChannelAccountId(stored.scope_id?)),
        "own" => Scope::Own,
        "unassigned" => Scope::Unassigned(units()),
        _ => return None,
    };
    Some(Grant {
        role: stored.role.as_str().into(),
        permissions: permissions_of(&stored.role, stored.is_system, &stored.permissions),
        scope,
        effective_from: stored.effective_from,
        effective_to: stored.effective_to,
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
