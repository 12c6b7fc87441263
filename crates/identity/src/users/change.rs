//! `change_user`: what a person changes about himself, and what those change who manage people. Absent fields stay,
//! `null` clears; `PUT` and `PATCH` are the same.

use super::own::Preferences;
use super::{Member, email, events, fields, managed, phone, roles, status};
use crate::handle::Identity;
use crate::store::people::{self, LoginChange, MembershipChange};
use kernel::ids::{SessionId, UnitId, UserId};
use kernel::{Ctx, Error, ErrorKind, Permission, Resource};
use serde::Deserialize;
use serde_json::json;
use store::TenantTx;
use uuid::Uuid;

/// A changed person: what is absent stays, `null` clears.
#[derive(Clone, Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({ "display_name": "Ana", "job_title": "Recepção", "timezone": "America/Sao_Paulo" }))]
pub struct UserChange {
    /// 1 to 150 characters.
    pub name: Option<String>,
    /// What customers see, 1 to 40 characters.
    #[serde(deserialize_with = "fields::given")]
    #[schema(value_type = Option<String>)]
    pub display_name: Option<Option<String>>,
    /// BCP 47.
    pub language: Option<String>,
    /// IANA id.
    #[serde(deserialize_with = "fields::given")]
    #[schema(value_type = Option<String>)]
    pub timezone: Option<Option<String>>,
    /// With area code; kept in one form.
    #[serde(deserialize_with = "fields::given")]
    #[schema(value_type = Option<String>)]
    pub phone: Option<Option<String>>,
    /// Put under what the person writes, at most 1 000 characters.
    #[serde(deserialize_with = "fields::given")]
    #[schema(value_type = Option<String>)]
    pub signature: Option<Option<String>>,
    /// Languages that the person answers in, at most 10.
    pub languages: Option<Vec<String>>,
    /// Only `null`: takes the picture away. A new one comes by `PUT /api/me/avatar`.
    #[serde(deserialize_with = "fields::given")]
    #[schema(value_type = Option<Uuid>)]
    pub avatar_file_id: Option<Option<Uuid>>,
    /// One's own alone.
    pub preferences: Option<Preferences>,
    /// Counts once the new address is proven. Asks for a recent proof of identity.
    pub email: Option<String>,
    /// `active` or `suspended`; needs `users.manage`, as all that follows.
    pub status: Option<String>,
    #[serde(deserialize_with = "fields::given")]
    #[schema(value_type = Option<String>)]
    pub job_title: Option<Option<String>>,
    /// Exactly these; the fallback unit where it is empty.
    pub units: Option<Vec<UnitId>>,
    /// Exactly these, by name; needs `roles.assign` too.
    pub roles: Option<Vec<String>>,
}

impl UserChange {
    fn is_for_managers(&self) -> bool {
        self.status.is_some() || self.job_title.is_some() || self.units.is_some() || self.roles.is_some()
    }

    /// Fields of the login itself, which other organizations see too.
    fn is_about_login(&self) -> bool {
        self.name.is_some()
            || self.language.is_some()
            || self.timezone.is_some()
            || self.phone.is_some()
            || self.avatar_file_id.is_some()
            || self.email.is_some()
    }
}

/// What came of it, beyond the rows: after the commit the sessions are over, and a picture's bytes can go.
#[derive(Default)]
pub(crate) struct Changed {
    pub sessions: Vec<SessionId>,
    pub rights: bool,
    pub old_picture: Option<String>,
}

/// Changes a person.
///
/// # Errors
/// 404; 403 without `users.manage`, `USER_NOT_MANAGED`, `GRANT_EXCEEDS_OWN`, `REAUTH_REQUIRED`; 412 for another version;
/// 409 `EMAIL_TAKEN`, `LAST_ADMIN`, `INVALID_TRANSITION`, `LIMIT_REACHED`; 422.
pub(crate) async fn change_user(
    identity: &Identity,
    ctx: &Ctx,
    tx: &mut TenantTx,
    id: UserId,
    change: &UserChange,
    if_match: http_kit::IfMatch,
) -> Result<Changed, Error> {
    let own = ctx.subject.user_id() == Some(id);
    if own {
        ctx.require_person()?;
    }
    if !own || change.is_for_managers() {
        ctx.require(Permission::USERS_MANAGE, &Resource::organization(ctx.organization_id()))?;
    }
    people::lock(tx, id).await?.filter(|(_, status)| status != "removed").ok_or_else(Error::not_found)?;
    let member = people::find(tx, id, false).await?.ok_or_else(Error::not_found)?;
    if_match.check(member.version)?;
    if !own {
        guard(ctx, tx, &member, change).await?;
    }
    let mut changed = Changed::default();
    change_login(identity, ctx, tx, &member, change, &mut changed).await?;
    change_membership(identity, ctx, tx, &member, change).await?;
    place(ctx, tx, &member, change, &mut changed).await?;
    Ok(changed)
}

/// What others may change of this person.
async fn guard(ctx: &Ctx, tx: &mut TenantTx, member: &Member, change: &UserChange) -> Result<(), Error> {
    if change.preferences.is_some() {
        return Err(Error::new(ErrorKind::Forbidden, "PERMISSION_DENIED", "Preferences are everybody's own."));
    }
    managed::require_not_above(ctx, tx, member.membership_id).await?;
    if member.is_here() && change.is_about_login() {
        managed::require_managed(tx, member).await?;
    }
    Ok(())
}

async fn change_login(
    identity: &Identity,
    ctx: &Ctx,
    tx: &mut TenantTx,
    member: &Member,
    change: &UserChange,
    changed: &mut Changed,
) -> Result<(), Error> {
    if !change.is_about_login() {
        return Ok(());
    }
    let name = change.name.as_deref().map(|name| fields::name("name", name)).transpose()?;
    if !member.is_here() {
        return change_known(ctx, tx, member, change, name).await;
    }
    let timezone =
        change.timezone.as_ref().map(|zone| zone.as_deref().map(fields::timezone).transpose()).transpose()?;
    let language = change.language.as_deref().map(|tag| fields::language("language", tag)).transpose()?;
    let typed = change.phone.as_ref().map(|typed| typed.as_deref().map(|typed| phone::normal(typed, "BR")).transpose());
    let phone_sealed = match typed.transpose()? {
        Some(Some(phone)) => Some(seal(identity, ctx, tx, member.id, "phone", &phone).await?),
        Some(None) => Some(None),
        None => None,
    };
    if let Some(Some(_)) = change.avatar_file_id {
        return Err(Error::invalid_field("avatar_file_id", "READ_ONLY", "A picture comes by PUT /api/me/avatar."));
    }
    if change.avatar_file_id.is_some() {
        changed.old_picture = super::avatar::clear(ctx, tx, member.id).await?;
    }
    let login = LoginChange {
        name: name.as_ref().map(|(name, norm)| (name.as_str(), norm.as_str())),
        language: language.as_deref(),
        timezone: timezone.as_ref().map(|zone| zone.as_deref()),
        phone_sealed,
        pending_email_sealed: None,
    };
    people::change_login(tx, member.id, &login, ctx.now()).await?;
    if let Some(typed) = &change.email {
        email::ask_email_change(identity, ctx, tx, member, typed).await?;
    }
    let named = [
        ("name", change.name.is_some()),
        ("language", change.language.is_some()),
        ("timezone", change.timezone.is_some()),
        ("phone", change.phone.is_some()),
        ("avatar", change.avatar_file_id.is_some()),
        ("pending_email", change.email.is_some()),
    ];
    events::append(ctx, tx, events::user("user.updated", member.id, json!({ "fields": names(&named) })));
    Ok(())
}

/// Of somebody who has not come yet the organization changes only what it calls him.
async fn change_known(
    ctx: &Ctx,
    tx: &mut TenantTx,
    member: &Member,
    change: &UserChange,
    name: Option<(String, String)>,
) -> Result<(), Error> {
    let others = change.language.is_some()
        || change.timezone.is_some()
        || change.phone.is_some()
        || change.avatar_file_id.is_some()
        || change.email.is_some();
    if others {
        return Err(status::transition("Until the invitation is accepted only the name can be changed."));
    }
    let known_name = name.as_ref().map(|(name, norm)| (name.as_str(), norm.as_str()));
    let known = MembershipChange { known_name, ..MembershipChange::default() };
    Ok(people::change_membership(tx, member.membership_id, &known, ctx.now()).await?)
}

async fn change_membership(
    identity: &Identity,
    ctx: &Ctx,
    tx: &mut TenantTx,
    member: &Member,
    change: &UserChange,
) -> Result<(), Error> {
    let text = |given: &Option<Option<String>>, check: fn(&str) -> Result<String, Error>| {
        given.as_ref().map(|text| text.as_deref().map(check).transpose()).transpose()
    };
    let display_name = text(&change.display_name, fields::display_name)?;
    let job_title = text(&change.job_title, fields::job_title)?;
    let signature_sealed = match text(&change.signature, fields::signature)? {
        Some(Some(text)) => Some(seal(identity, ctx, tx, member.id, "signature", &text).await?),
        Some(None) => Some(None),
        None => None,
    };
    let named = [
        ("display_name", display_name.is_some()),
        ("job_title", job_title.is_some()),
        ("signature", signature_sealed.is_some()),
        ("languages", change.languages.is_some()),
        ("preferences", change.preferences.is_some()),
    ];
    let fields_changed = names(&named);
    if fields_changed.is_empty() {
        return Ok(());
    }
    let rows = MembershipChange {
        display_name: display_name.as_ref().map(|text| text.as_deref()),
        job_title: job_title.as_ref().map(|text| text.as_deref()),
        signature_sealed,
        languages: change.languages.as_deref().map(fields::languages).transpose()?,
        preferences: change.preferences.as_ref().map(Preferences::checked).transpose()?,
        known_name: None,
    };
    people::change_membership(tx, member.membership_id, &rows, ctx.now()).await?;
    let data = json!({ "fields": fields_changed });
    events::append(ctx, tx, events::membership("membership.updated", member.membership_id, member.id, data));
    Ok(())
}

/// Units, roles and status.
async fn place(
    ctx: &Ctx,
    tx: &mut TenantTx,
    member: &Member,
    change: &UserChange,
    changed: &mut Changed,
) -> Result<(), Error> {
    if let Some(units) = &change.units {
        let chosen = people::set_units(tx, member.membership_id, units, ctx.now()).await?;
        let data = json!({ "fields": ["units"], "units": chosen.ok_or_else(super::add::unit_unknown)? });
        events::append(ctx, tx, events::membership("membership.updated", member.membership_id, member.id, data));
        let nothing = MembershipChange::default();
        people::change_membership(tx, member.membership_id, &nothing, ctx.now()).await?;
        changed.rights = true;
    }
    if let Some(names) = &change.roles {
        ctx.require(Permission::ROLES_ASSIGN, &Resource::organization(ctx.organization_id()))?;
        changed.rights |= roles::replace(ctx, tx, member.membership_id, names).await?;
        let nothing = MembershipChange::default();
        people::change_membership(tx, member.membership_id, &nothing, ctx.now()).await?;
    }
    match change.status.as_deref() {
        Some(same) if same == member.status => {}
        Some("suspended") => {
            changed.sessions = status::suspend_user(ctx, tx, member.id).await?.sessions;
            changed.rights = true;
        }
        Some("active") => {
            status::restore_user(ctx, tx, member.id).await?;
            changed.rights = true;
        }
        Some("invited" | "removed") => return Err(status::transition("Invite or delete the person instead.")),
        Some(_) => return Err(Error::invalid_field("status", "UNKNOWN_VALUE", "`active` or `suspended`.")),
        None => {}
    }
    Ok(())
}

/// `None` where the person's key is destroyed: then nothing can be kept.
async fn seal(
    identity: &Identity,
    ctx: &Ctx,
    tx: &mut TenantTx,
    user: UserId,
    column: &str,
    value: &str,
) -> Result<Option<Vec<u8>>, Error> {
    let key = identity.0.persons.key(tx, user, ctx.now()).await?;
    key.map(|key| key.seal(column, value.as_bytes())).transpose()
}

fn names(named: &[(&'static str, bool)]) -> Vec<&'static str> {
    named.iter().filter(|(_, changed)| *changed).map(|(name, _)| *name).collect()
}
