//! The one question that makes a subject of a session.

use crate::subject::StoredGrant;
use chrono::{DateTime, Utc};
use kernel::ids::{MembershipId, OrganizationId, SessionId, UnitId, UserId};
use store::{DbError, TenantTx};
use uuid::Uuid;

/// A session with everything that decisions read, one row a role assignment (one row with an empty assignment if none).
pub struct StandingRow {
    pub user_id: UserId,
    pub membership_id: MembershipId,
    pub user_name: String,
    pub user_status: String,
    pub must_change_password: bool,
    pub amr: Vec<String>,
    pub authenticated_at: DateTime<Utc>,
    pub last_used_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub idle_minutes: i32,
    pub revoked_at: Option<DateTime<Utc>>,
    pub membership_status: String,
    pub member_since: DateTime<Utc>,
    /// Whom the organization asks for second factors, and since when.
    pub mfa_required_for: Option<String>,
    pub mfa_required_since: Option<DateTime<Utc>>,
    pub slug: String,
    pub organization_name: String,
    pub organization_status: String,
    pub suspension_mode: Option<String>,
    pub fallback_unit: Option<UnitId>,
    pub plan: Option<String>,
    pub features: Option<serde_json::Value>,
    pub limits: Option<serde_json::Value>,
    /// What each layer of settings lowers of the rate limits; `null` where it does not.
    pub rate_limits: serde_json::Value,
    pub platform_role: Option<String>,
    pub impersonation_id: Option<Uuid>,
    pub impersonation_kind: Option<String>,
    pub impersonation_mode: Option<String>,
    pub impersonator_id: Option<UserId>,
    pub impersonator_name: Option<String>,
    pub role: Option<String>,
    pub is_system: Option<bool>,
    pub permissions: Option<Vec<String>>,
    pub scope_type: Option<String>,
    pub scope_id: Option<Uuid>,
    pub units: Option<Vec<UnitId>>,
    pub effective_from: Option<DateTime<Utc>>,
    pub effective_to: Option<DateTime<Utc>>,
}

impl StandingRow {
    /// The assignment of this row, if it has one.
    pub fn grant(&self) -> Option<StoredGrant> {
        Some(StoredGrant {
            role: self.role.clone()?,
            is_system: self.is_system == Some(true),
            permissions: self.permissions.clone().unwrap_or_default(),
            scope_type: self.scope_type.clone()?,
            scope_id: self.scope_id,
            effective_from: self.effective_from,
            effective_to: self.effective_to,
            units: self.units.clone(),
        })
    }
}

pub async fn standing(
    tx: &mut TenantTx,
    organization_id: OrganizationId,
    id: SessionId,
) -> Result<Vec<StandingRow>, DbError> {
    Ok(sqlx::query_as!(
        StandingRow,
        r#"select s.user_id as "user_id: UserId", s.membership_id as "membership_id: MembershipId", u.name as user_name,
             u.status as user_status, u.must_change_password, s.amr, s.authenticated_at, s.last_used_at, s.expires_at, s.idle_minutes, s.revoked_at,
             m.status as membership_status, coalesce(m.joined_at, m.created_at) as "member_since!",
             q.required_for as "mfa_required_for?", q.since as "mfa_required_since?",
             o.slug, o.name as organization_name, o.status as organization_status, o.suspension_mode,
             (select f.unit_id from fallback_units f where f.organization_id = s.organization_id) as "fallback_unit: UnitId",
             b.plan as "plan?", b.features as "features?", b.limits as "limits?",
             jsonb_build_array(l.value, lp.value, g.given -> 'rate_limits') as "rate_limits!", p.role as "platform_role?",
             i.id as "impersonation_id?", i.kind as "impersonation_kind?", i.mode as "impersonation_mode?",
             i.by_user_id as "impersonator_id?: UserId", i.by_name as "impersonator_name?",
             r.name as "role?", r.is_system as "is_system?", r.permissions as "permissions?",
             a.scope_type as "scope_type?", a.scope_id, a.effective_from, a.effective_to,
             case a.scope_type
               when 'unit' then array(select t.unit_id from unit_trees t
                 where t.organization_id = s.organization_id and t.root_id = a.scope_id)
               when 'team' then array(select distinct t.unit_id from team_units t
                 where t.organization_id = s.organization_id and t.membership_id = s.membership_id)
               when 'unassigned' then array(select distinct t.unit_id from team_units t
                 where t.organization_id = s.organization_id and t.membership_id = s.membership_id)
             end as "units: Vec<UnitId>"
           from sessions s
           join memberships m on m.id = s.membership_id and m.organization_id = s.organization_id
           join organizations o on o.id = s.organization_id
           join users u on u.id = s.user_id
           left join subscriptions b on b.organization_id = s.organization_id
           left join organization_settings g on g.organization_id = s.organization_id
           left join platform_settings l on l.plan = '' and l.key = 'rate_limits'
           left join platform_settings lp on lp.plan = b.plan and lp.key = 'rate_limits'
           left join platform_staff p on p.user_id = s.user_id
           left join mfa_requirements q on q.organization_id = s.organization_id
           left join impersonations i on i.session_id = s.id and i.organization_id = s.organization_id
           left join role_assignments a on a.membership_id = s.membership_id and a.organization_id = s.organization_id
           left join roles r on r.id = a.role_id and r.organization_id = a.organization_id
           where s.id = $1 and s.organization_id = $2"#,
        *id,
        *organization_id
    )
    .fetch_all(tx.conn())
    .await?)
}
