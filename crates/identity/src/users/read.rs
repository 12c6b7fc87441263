//! Who is here: the list, one person, and what of a person is shown to whom.

use super::Member;
use super::order::Order;
use crate::privacy::{PersonKey, Persons};
use crate::store::people;
use crate::text::folded;
use chrono::{DateTime, Utc};
use kernel::cursor::CursorKey;
use kernel::ids::{MembershipId, UnitId, UserId};
use kernel::{Ctx, Error, ErrorKind, Page, PageRequest, Permission, Resource};
use serde::Serialize;
use std::collections::HashMap;
use store::TenantTx;
use uuid::Uuid;

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
    /// Languages that the person answers in.
    pub languages: Vec<String>,
    /// The picture is at `/api/users/{user_id}/avatar`; another picture has another id.
    pub avatar_file_id: Option<Uuid>,
    /// Names of roles.
    #[schema(example = json!(["agent"]))]
    pub roles: Vec<String>,
    /// Units that the person is a member of.
    pub units: Vec<UnitId>,
    pub joined_at: Option<DateTime<Utc>>,
    pub suspended_at: Option<DateTime<Utc>>,
    /// For `If-Match`.
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
    #[schema(example = "+5511987654321")]
    pub phone: Option<String>,
    /// Put under what the person writes.
    pub signature: Option<String>,
    pub last_login_at: Option<DateTime<Utc>>,
}

impl UserView {
    fn of(member: Member, sees_private: bool, key: Option<&PersonKey>) -> Result<Self, Error> {
        let open = |column, sealed: Option<&Vec<u8>>| match (key, sealed) {
            (Some(key), Some(sealed)) => key.open_text(column, sealed).map(Some),
            _ => Ok(None),
        };
        let private = if sees_private && member.erased_at.is_none() {
            Some(PrivatePart {
                phone: open("phone", member.phone_sealed.as_ref())?,
                signature: open("signature", member.signature_sealed.as_ref())?,
                email: member.email,
                email_verified: member.email_verified_at.is_some(),
                last_login_at: member.last_login_at,
            })
        } else {
            None
        };
        Ok(Self {
            id: member.id,
            membership_id: member.membership_id,
            name: member.name,
            display_name: member.display_name,
            job_title: member.job_title,
            status: member.status,
            language: member.language,
            timezone: member.timezone,
            languages: member.languages,
            avatar_file_id: member.avatar_file_id,
            roles: member.roles,
            units: member.units,
            joined_at: member.joined_at,
            suspended_at: member.suspended_at,
            version: member.version,
            private,
        })
    }
}

/// Which people: those removed only when asked for.
#[derive(Clone, Debug, Default)]
pub struct ListUsers {
    pub status: Option<String>,
    /// Name of a role.
    pub role: Option<String>,
    pub unit_id: Option<UnitId>,
    /// Beginning of a name or of a later part of it (for those who see them: of an e-mail); accents and case do not count.
    pub q: Option<String>,
    pub order: Order,
}

impl ListUsers {
    fn normalised(mut self) -> Self {
        self.role = self.role.map(|role| folded(role.trim()));
        self.q = self.q.map(|q| folded(q.trim())).filter(|q| !q.is_empty());
        self
    }

    /// Binds cursors to the filter they were made for.
    fn purpose(&self, manages: bool) -> String {
        format!("users:{manages}:{:?}:{:?}:{:?}:{:?}:{:?}", self.status, self.role, self.unit_id, self.q, self.order)
    }
}

/// A page of the list, ready for the database.
pub struct PageOfPeople<'a> {
    pub filter: &'a ListUsers,
    pub order: Order,
    /// Both keys of the last one seen, and his id.
    pub after: Option<&'a (String, String, UserId)>,
    /// Whether `q` looks at e-mails too.
    pub by_email: bool,
    pub limit: i64,
}

/// People here, without what is sealed (phone, signature): for other domains.
///
/// # Errors
/// 403 without `users.view`, 422 `FIELD_MASKED` for an order that tells what the caller may not see, 400
/// `CURSOR_INVALID` for a cursor of another list.
pub async fn list_users(
    ctx: &Ctx,
    tx: &mut TenantTx,
    cursors: &CursorKey,
    filter: ListUsers,
    page: &PageRequest,
) -> Result<Page<UserView>, Error> {
    list_people(ctx, tx, cursors, None, filter, page).await
}

/// The same with everything that the caller may see.
pub(crate) async fn list_people(
    ctx: &Ctx,
    tx: &mut TenantTx,
    cursors: &CursorKey,
    persons: Option<&Persons>,
    filter: ListUsers,
    page: &PageRequest,
) -> Result<Page<UserView>, Error> {
    ctx.require(Permission::USERS_VIEW, &Resource::organization(ctx.organization_id()))?;
    let manages = ctx.subject.holds(Permission::USERS_MANAGE, ctx.now());
    if filter.order.reads_private() && !manages {
        return Err(Error::new(ErrorKind::Invalid, "FIELD_MASKED", "You may not sort by what you may not see."));
    }
    let filter = filter.normalised();
    let purpose = filter.purpose(manages);
    let after = match &page.cursor {
        Some(cursor) => Some(open_cursor(ctx, cursors, &purpose, cursor)?),
        None => None,
    };
    let wanted = PageOfPeople {
        filter: &filter,
        order: filter.order,
        after: after.as_ref(),
        by_email: manages,
        limit: i64::from(page.limit) + 1,
    };
    let members = people::list(tx, &wanted).await?;
    let cut = Page::cut(members, page.limit, |last| {
        let value = serde_json::to_vec(&(&last.first, &last.second, last.id)).unwrap_or_default();
        cursors.seal(ctx.organization_id(), &purpose, &value)
    });
    let me = ctx.subject.user_id();
    let seen = cut.data.iter().filter(|member| manages || me == Some(member.id));
    let keys = match persons {
        Some(persons) => keys_for(tx, persons, seen).await?,
        None => HashMap::new(),
    };
    let views = cut.data.into_iter().map(|member| {
        let key = keys.get(&member.id);
        let sees_private = manages || me == Some(member.id);
        UserView::of(member, sees_private, key)
    });
    Ok(Page { data: views.collect::<Result<_, _>>()?, next_cursor: cut.next_cursor })
}

/// One person here, without what is sealed (phone, signature): for other domains. Oneself needs no permission.
///
/// # Errors
/// 404 for a login without membership here; 403 without `users.view`.
pub async fn find_user(ctx: &Ctx, tx: &mut TenantTx, id: UserId) -> Result<UserView, Error> {
    let (member, sees_private) = find(ctx, tx, id).await?;
    UserView::of(member, sees_private, None)
}

/// The same with everything that the caller may see.
pub(crate) async fn show_user(ctx: &Ctx, tx: &mut TenantTx, persons: &Persons, id: UserId) -> Result<UserView, Error> {
    let (member, sees_private) = find(ctx, tx, id).await?;
    let keys = keys_for(tx, persons, std::iter::once(&member).filter(|_| sees_private)).await?;
    UserView::of(member, sees_private, keys.get(&id))
}

async fn find(ctx: &Ctx, tx: &mut TenantTx, id: UserId) -> Result<(Member, bool), Error> {
    let own = ctx.subject.user_id() == Some(id);
    if !own {
        ctx.require(Permission::USERS_VIEW, &Resource::organization(ctx.organization_id()))?;
    }
    let member = people::find(tx, id, false).await?.ok_or_else(Error::not_found)?;
    Ok((member, own || ctx.subject.holds(Permission::USERS_MANAGE, ctx.now())))
}

/// Oneself, at sign-in, before there is a subject.
pub(crate) async fn own_view(tx: &mut TenantTx, persons: &Persons, id: UserId) -> Result<UserView, Error> {
    let member = people::find(tx, id, false).await?.ok_or_else(Error::not_found)?;
    let keys = keys_for(tx, persons, std::iter::once(&member)).await?;
    UserView::of(member, true, keys.get(&id))
}

/// The keys of those who have something sealed.
async fn keys_for<'m>(
    tx: &mut TenantTx,
    persons: &Persons,
    members: impl Iterator<Item = &'m Member>,
) -> Result<HashMap<UserId, PersonKey>, Error> {
    let sealed = members.filter(|member| member.phone_sealed.is_some() || member.signature_sealed.is_some());
    let users: Vec<Uuid> = sealed.map(|member| member.id.0).collect();
    persons.keys(tx, &users).await
}

fn open_cursor(ctx: &Ctx, cursors: &CursorKey, purpose: &str, cursor: &str) -> Result<(String, String, UserId), Error> {
    cursors
        .open(ctx.organization_id(), purpose, cursor)
        .and_then(|value| serde_json::from_slice(&value).ok())
        .ok_or_else(|| Error::new(ErrorKind::BadRequest, "CURSOR_INVALID", "This cursor was not made for this list."))
}
