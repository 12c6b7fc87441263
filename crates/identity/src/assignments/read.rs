//! Assignments as they are shown.

use super::{Assignment, ScopeType};
use crate::roles::{Role, role_by_id};
use crate::store::{assignments as rows, roles};
use chrono::{DateTime, Utc};
use kernel::cursor::CursorKey;
use kernel::ids::{MembershipId, RoleId, UserId};
use kernel::{Ctx, Error, ErrorKind, Page, PageRequest, Permission, Resource};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use store::TenantTx;
use uuid::Uuid;

/// Who holds a role, as clients name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(tag = "type", content = "id", rename_all = "snake_case")]
pub enum PrincipalRef {
    /// Id of the login.
    User(UserId),
    ServiceAccount(Uuid),
}

/// Who has which role, where and when.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AssignmentView {
    pub id: Uuid,
    pub principal: PrincipalRef,
    pub membership_id: Option<MembershipId>,
    pub role: RoleName,
    pub scope_type: ScopeType,
    /// Unit or channel account, where the scope needs one.
    pub scope_id: Option<Uuid>,
    /// Counts from here on.
    pub effective_from: Option<DateTime<Utc>>,
    /// Does not count from here on.
    pub effective_to: Option<DateTime<Utc>>,
    /// Whether it counts at this moment.
    pub counts_now: bool,
    /// Permissions of the role that take effect at organization scope only, and so not in this assignment.
    #[schema(example = json!(["users.manage"]))]
    pub ineffective: Vec<&'static str>,
    pub granted_by: Option<Uuid>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
}

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct RoleName {
    pub id: RoleId,
    #[schema(example = "agent")]
    pub name: String,
}

impl AssignmentView {
    /// # Errors
    /// When the row does not fit, which its table does not allow.
    pub fn of(assignment: Assignment, role: &Role, now: DateTime<Utc>) -> Result<Self, Error> {
        let scope_type = assignment.scope()?.kind();
        let principal = match (assignment.user_id, assignment.service_account_id) {
            (Some(user), _) => PrincipalRef::User(user),
            (None, Some(account)) => PrincipalRef::ServiceAccount(account),
            (None, None) => return Err(Error::internal("an assignment of nobody")),
        };
        let ineffective = if scope_type == ScopeType::Organization {
            Vec::new()
        } else {
            let inert = |permission: &Permission| permission.definition().organization_only;
            role.permissions().iter().filter(inert).map(Permission::name).collect()
        };
        Ok(Self {
            id: assignment.id,
            principal,
            membership_id: assignment.membership_id,
            role: RoleName { id: role.id, name: role.name.clone() },
            scope_type,
            scope_id: assignment.scope_id,
            effective_from: assignment.effective_from,
            effective_to: assignment.effective_to,
            counts_now: assignment.counts(now),
            ineffective,
            granted_by: assignment.granted_by,
            version: assignment.version,
            created_at: assignment.created_at,
        })
    }
}

/// Which assignments; what is left out does not filter.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListAssignments {
    pub user_id: Option<UserId>,
    pub service_account_id: Option<Uuid>,
    pub role_id: Option<RoleId>,
    pub scope_id: Option<Uuid>,
}

/// Assignments, oldest first.
///
/// # Errors
/// 403 without `roles.view`, 400 `CURSOR_INVALID`.
pub async fn list_assignments(
    ctx: &Ctx,
    tx: &mut TenantTx,
    cursors: &CursorKey,
    filter: ListAssignments,
    page: &PageRequest,
) -> Result<Page<AssignmentView>, Error> {
    ctx.require(Permission::ROLES_VIEW, &Resource::organization(ctx.organization_id()))?;
    let purpose = format!("assignments:{filter:?}");
    let after = match &page.cursor {
        Some(cursor) => Some(open(ctx, cursors, &purpose, cursor)?),
        None => None,
    };
    let found = rows::list(tx, &filter, after, i64::from(page.limit) + 1).await?;
    let page = Page::cut(found, page.limit, |last| cursors.seal(ctx.organization_id(), &purpose, last.id.as_bytes()));
    let roles: HashMap<RoleId, Role> = roles::list(tx).await?.into_iter().map(|role| (role.id, role)).collect();
    let now = ctx.now();
    let views = page.data.into_iter().filter_map(|one| {
        let role = roles.get(&one.role_id)?;
        Some(AssignmentView::of(one, role, now))
    });
    Ok(Page { data: views.collect::<Result<_, _>>()?, next_cursor: page.next_cursor })
}

/// One assignment.
///
/// # Errors
/// 403 without `roles.view`, 404.
pub async fn find_assignment(ctx: &Ctx, tx: &mut TenantTx, id: Uuid) -> Result<AssignmentView, Error> {
    ctx.require(Permission::ROLES_VIEW, &Resource::organization(ctx.organization_id()))?;
    let assignment = rows::find(tx, id).await?.ok_or_else(Error::not_found)?;
    let role = role_by_id(tx, assignment.role_id).await?;
    AssignmentView::of(assignment, &role, ctx.now())
}

fn open(ctx: &Ctx, cursors: &CursorKey, purpose: &str, cursor: &str) -> Result<Uuid, Error> {
    cursors
        .open(ctx.organization_id(), purpose, cursor)
        .and_then(|value| Uuid::from_slice(&value).ok())
        .ok_or_else(|| Error::new(ErrorKind::BadRequest, "CURSOR_INVALID", "This cursor was not made for this list."))
}
