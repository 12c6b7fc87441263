//! Assignments: who has which role, where and when. Grants add up; there are no denials.

mod assign;
mod change;
pub mod events;
mod read;
mod routes;
mod scope;

pub use assign::{Wanted, assign, give, hold_roles};
pub use change::{AssignmentChanges, change_assignment, delete_assignment, take};
pub use read::{AssignmentView, ListAssignments, PrincipalRef, find_assignment, list_assignments};
pub use routes::router;
pub use scope::{ScopeRef, ScopeType};

use crate::roles::{Role, role_by_id};
use crate::store::assignments as rows;
use chrono::{DateTime, Utc};
use kernel::ids::{MembershipId, RoleId, UserId};
use kernel::{Ctx, Error};
use store::TenantTx;
use uuid::Uuid;

/// An assignment as stored.
#[derive(Clone, Debug)]
pub struct Assignment {
    pub id: Uuid,
    pub membership_id: Option<MembershipId>,
    /// Of the membership.
    pub user_id: Option<UserId>,
    pub service_account_id: Option<Uuid>,
    pub role_id: RoleId,
    pub scope_type: String,
    pub scope_id: Option<Uuid>,
    /// Counts from here on.
    pub effective_from: Option<DateTime<Utc>>,
    /// Does not count from here on.
    pub effective_to: Option<DateTime<Utc>>,
    pub granted_by: Option<Uuid>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
}

/// Who holds roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    Member(MembershipId),
    ServiceAccount(Uuid),
}

impl Assignment {
    /// # Errors
    /// When the row names nobody, which its table does not allow.
    pub fn principal(&self) -> Result<Holder, Error> {
        match (self.membership_id, self.service_account_id) {
            (Some(member), _) => Ok(Holder::Member(member)),
            (None, Some(account)) => Ok(Holder::ServiceAccount(account)),
            (None, None) => Err(Error::internal("an assignment of nobody")),
        }
    }

    /// # Errors
    /// When the row names a scope that does not fit, which its table does not allow.
    pub fn scope(&self) -> Result<ScopeRef, Error> {
        ScopeRef::of(&self.scope_type, self.scope_id).ok_or_else(|| Error::internal("an assignment in no scope"))
    }

    pub fn counts(&self, now: DateTime<Utc>) -> bool {
        self.effective_from.is_none_or(|from| from <= now) && self.effective_to.is_none_or(|to| now < to)
    }

    /// The same holder, scope and time with another role, to compare with.
    #[must_use]
    pub fn as_of(&self, role_id: RoleId) -> Self {
        Self { role_id, ..self.clone() }
    }

    /// The same holder, scope and time with another role, as a new row.
    #[must_use]
    pub fn moved_to(&self, role_id: RoleId, ctx: &Ctx) -> Self {
        Self {
            id: ctx.new_id(),
            role_id,
            granted_by: ctx.subject.principal_id(),
            version: 1,
            created_at: ctx.now(),
            ..self.clone()
        }
    }
}

/// What a member holds that is not over, what counts later included, each with its role.
///
/// # Errors
/// When the database fails.
pub async fn held(
    tx: &mut TenantTx,
    member: MembershipId,
    now: DateTime<Utc>,
) -> Result<Vec<(Assignment, Role)>, Error> {
    let mut held = Vec::new();
    for assignment in rows::of_member(tx, member, now).await? {
        let role = role_by_id(tx, assignment.role_id).await?;
        held.push((assignment, role));
    }
    Ok(held)
}

/// Lets changes of what one principal holds come one after the other, so that two of the same cannot both be the first.
/// Answers whether the principal can hold roles: an active or invited member, a service account that is there.
///
/// # Errors
/// When the database fails.
pub async fn lock_principal(tx: &mut TenantTx, holder: Holder) -> Result<bool, Error> {
    Ok(match holder {
        Holder::Member(member) => rows::lock_member(tx, member).await?,
        Holder::ServiceAccount(account) => rows::lock_service_account(tx, account).await?,
    })
}
