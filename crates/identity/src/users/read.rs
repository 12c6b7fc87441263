//! Who is here: the list, one person, and what of a person is shown to whom.

use super::Member;
use crate::store::members;
use crate::text::folded;
use chrono::{DateTime, Utc};
use kernel::cursor::CursorKey;
use kernel::ids::{MembershipId, UnitId, UserId};
use kernel::{Ctx, Error, ErrorKind, Page, PageRequest, Permission, Resource};
use serde::Serialize;
use store::TenantTx;

/// A person as the caller may see him: e-mail, phone and last sign-in only of oneself and with `users.manage`.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct UserView {
    pub id: UserId,
    pub membership_id: MembershipId,
    #[schema(example = "Ana Souza")]
    pub name: String,
    /// What customers see.
    pub display_name: Option<String>,
    pub job_title: Option<String>,
    /// Of the membership: invited, active, suspended or removed.
    #[schema(example = "active")]
    pub status: String,
    pub language: String,
    pub timezone: Option<String>,
    /// Names of roles.
    #[schema(example = json!(["agent"]))]
    pub roles: Vec<String>,
    /// Units that the person is a member of.
    pub units: Vec<UnitId>,
    pub joined_at: Option<DateTime<Utc>>,
    pub version: i64,
    #[serde(flatten)]
    pub private: Option<PrivatePart>,
}

/// Left out for those who may not see it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PrivatePart {
    #[schema(example = "ana@clinica.example")]
    pub email: String,
    pub email_verified: bool,
    pub phone: Option<String>,
    pub last_login_at: Option<DateTime<Utc>>,
}

impl UserView {
    fn of(member: Member, sees_private: bool) -> Self {
        let private = sees_private.then(|| PrivatePart {
            email: member.email,
            email_verified: member.email_verified_at.is_some(),
            phone: member.phone,
            last_login_at: member.last_login_at,
        });
        Self {
            id: member.id,
            membership_id: member.membership_id,
            name: member.name,
            display_name: member.display_name,
            job_title: member.job_title,
            status: member.status,
            language: member.language,
            timezone: member.timezone,
            roles: member.roles,
            units: member.units,
            joined_at: member.joined_at,
            version: member.version,
            private,
        }
    }
}

/// Which people: those removed only when asked for.
#[derive(Clone, Debug, Default)]
pub struct ListUsers {
    pub status: Option<String>,
    /// Name of a role.
    pub role: Option<String>,
    pub unit_id: Option<UnitId>,
    /// Beginning of a name or of a later part of it; accents and case do not count.
    pub q: Option<String>,
}

impl ListUsers {
    fn normalised(mut self) -> Self {
        self.role = self.role.map(|role| folded(role.trim()));
        self.q = self.q.map(|q| folded(q.trim())).filter(|q| !q.is_empty());
        self
    }

    /// Binds cursors to the filter they were made for.
    fn purpose(&self) -> String {
        format!("users:{:?}:{:?}:{:?}:{:?}", self.status, self.role, self.unit_id, self.q)
    }
}

/// People here, by name.
///
/// # Errors
/// 403 without `users.view`, 400 `CURSOR_INVALID` for a cursor of another list.
pub async fn list_users(
    ctx: &Ctx,
    tx: &mut TenantTx,
    cursors: &CursorKey,
    filter: ListUsers,
    page: &PageRequest,
) -> Result<Page<UserView>, Error> {
    ctx.require(Permission::USERS_VIEW, &Resource::organization(ctx.organization_id()))?;
    let filter = filter.normalised();
    let purpose = filter.purpose();
    let after = match &page.cursor {
        Some(cursor) => Some(open_cursor(ctx, cursors, &purpose, cursor)?),
        None => None,
    };
    let after = after.as_ref().map(|(name, id)| (name.as_str(), *id));
    let members = members::list(tx, &filter, after, i64::from(page.limit) + 1).await?;
    let cut = Page::cut(members, page.limit, |last| {
        let value = serde_json::to_vec(&(&last.name_norm, last.id)).unwrap_or_default();
        cursors.seal(ctx.organization_id(), &purpose, &value)
    });
    let manages = ctx.subject.holds(Permission::USERS_MANAGE, ctx.now());
    let me = ctx.subject.user_id();
    Ok(cut.map(|member| {
        let sees_private = manages || me == Some(member.id);
        UserView::of(member, sees_private)
    }))
}

/// One person here. Oneself needs no permission.
///
/// # Errors
/// 404 for a login without membership here; 403 without `users.view`.
pub async fn find_user(ctx: &Ctx, tx: &mut TenantTx, id: UserId) -> Result<UserView, Error> {
    let own = ctx.subject.user_id() == Some(id);
    if !own {
        ctx.require(Permission::USERS_VIEW, &Resource::organization(ctx.organization_id()))?;
    }
    let member = members::find(tx, id).await?.ok_or_else(Error::not_found)?;
    let sees_private = own || ctx.subject.holds(Permission::USERS_MANAGE, ctx.now());
    Ok(UserView::of(member, sees_private))
}

/// Oneself, at sign-in, before there is a subject.
pub(crate) async fn own_view(tx: &mut TenantTx, id: UserId) -> Result<UserView, Error> {
    let member = members::find(tx, id).await?.ok_or_else(Error::not_found)?;
    Ok(UserView::of(member, true))
}

fn open_cursor(ctx: &Ctx, cursors: &CursorKey, purpose: &str, cursor: &str) -> Result<(String, UserId), Error> {
    cursors
        .open(ctx.organization_id(), purpose, cursor)
        .and_then(|value| serde_json::from_slice(&value).ok())
        .ok_or_else(|| Error::new(ErrorKind::BadRequest, "CURSOR_INVALID", "This cursor was not made for this list."))
}
