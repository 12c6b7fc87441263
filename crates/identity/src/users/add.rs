//! `add_member`: somebody is asked to become a member. Whether the e-mail has a login already shows nowhere: not in the
//! answer, not in the events, not in the work done.

use super::{events, fields, roles};
use crate::handle::Identity;
use crate::invitations::{Invitee, invite};
use crate::limits;
use crate::password::PasswordHash;
use crate::store::logins::{self, NewPerson};
use crate::store::people;
use crate::store::{invitations as rows, members};
use crate::text::Email;
use kernel::ids::{MembershipId, UnitId, UserId};
use kernel::{Ctx, Error, ErrorKind, Permission, Resource};
use serde_json::json;
use store::TenantTx;
use uuid::Uuid;

/// Whom an organization wants.
#[derive(Clone, Default)]
pub(crate) struct NewMember {
    pub email: String,
    /// Without it the part before the `@`.
    pub name: Option<String>,
    /// Of a new login, to be changed at the first sign-in; where the e-mail has a login it keeps its own.
    pub password: Option<PasswordHash>,
    /// Names; `agent` where none is given.
    pub roles: Vec<String>,
    /// The fallback unit where none is given.
    pub units: Vec<UnitId>,
    /// That the letter is written in; the organization's where none is given.
    pub language: Option<String>,
    pub display_name: Option<String>,
    pub job_title: Option<String>,
    /// A word to the person, in the letter.
    pub message: Option<String>,
    pub send_invitation: bool,
}

/// Who is invited now.
pub(crate) struct Added {
    pub user_id: UserId,
    pub invitation_id: Option<Uuid>,
}

/// Makes an invited membership with roles and units, and a login if the e-mail has none.
///
/// # Errors
/// 422 for wrong fields, unknown roles and units; 409 `EMAIL_TAKEN` for a member; 409 `LIMIT_REACHED` without a seat;
/// 403 without `users.manage`, `GRANT_EXCEEDS_OWN`, `REAUTH_REQUIRED` for `admin`; 429 after 100 letters a day.
pub(crate) async fn add_member(
    identity: &Identity,
    ctx: &Ctx,
    tx: &mut TenantTx,
    new: NewMember,
) -> Result<Added, Error> {
    ctx.require(Permission::USERS_MANAGE, &Resource::organization(ctx.organization_id()))?;
    let typed = Typed::of(tx, &new).await?;
    let names = if new.roles.is_empty() { vec!["agent".to_owned()] } else { new.roles.clone() };
    let granted = roles::grantable(ctx, tx, "roles", &names).await?;
    if let Some((_, status)) = logins::member_by_email(tx, &typed.email.norm).await?
        && status != "removed"
    {
        return Err(taken());
    }
    limits::take_seat(ctx, tx).await?;
    let (user_id, made) = logins::make(tx, &typed.login(ctx, new.password.as_ref()), ctx.now()).await?;
    let membership_id = join(ctx, tx, user_id, &typed).await?;
    roles::assign(ctx, tx, membership_id, &granted).await?;
    let units = people::set_units(tx, membership_id, &new.units, ctx.now()).await?.ok_or_else(unit_unknown)?;
    let data = json!({ "status": "invited", "units": units });
    events::append(ctx, tx, events::membership("membership.created", membership_id, user_id, data));
    let invitation_id = if new.send_invitation {
        let invitee = Invitee {
            membership_id,
            user_id,
            email: &typed.email.shown,
            language: &typed.language,
            message: typed.message.as_deref(),
            password_ignored: !made && new.password.is_some(),
        };
        Some(invite(identity, ctx, tx, &invitee).await?)
    } else {
        None
    };
    Ok(Added { user_id, invitation_id })
}

/// The fields as they are kept.
struct Typed {
    email: Email,
    name: (String, String),
    language: String,
    display_name: Option<String>,
    job_title: Option<String>,
    message: Option<String>,
}

impl Typed {
    async fn of(tx: &mut TenantTx, new: &NewMember) -> Result<Self, Error> {
        let email = Email::parse(&new.email)?;
        let local = email.shown.split_once('@').map_or(email.shown.as_str(), |(local, _)| local);
        let name = fields::name("name", new.name.as_deref().unwrap_or(local))?;
        let language = match new.language.as_deref() {
            Some(language) => fields::language("language", language)?,
            None => rows::sender(tx, None).await?.language,
        };
        let message = new.message.as_deref().map(str::trim).filter(|message| !message.is_empty());
        if message.is_some_and(|message| message.chars().count() > 1_000) {
            return Err(Error::invalid_field("message", "LENGTH", "At most 1 000 characters."));
        }
        Ok(Self {
            name,
            language,
            display_name: new.display_name.as_deref().map(fields::display_name).transpose()?,
            job_title: new.job_title.as_deref().map(fields::job_title).transpose()?,
            message: message.map(str::to_owned),
            email,
        })
    }

    fn login<'a>(&'a self, ctx: &Ctx, password: Option<&'a PasswordHash>) -> NewPerson<'a> {
        NewPerson {
            id: ctx.ids.random(),
            email: &self.email.shown,
            email_norm: &self.email.norm,
            name: &self.name.0,
            name_norm: &self.name.1,
            language: &self.language,
            password_hash: password.map(PasswordHash::as_str),
            must_change_password: password.is_some(),
        }
    }
}

async fn join(ctx: &Ctx, tx: &mut TenantTx, user_id: UserId, typed: &Typed) -> Result<MembershipId, Error> {
    let new = rows::NewInvited {
        id: ctx.new_id(),
        user_id,
        name: &typed.name.0,
        name_norm: &typed.name.1,
        email: &typed.email.shown,
        language: &typed.language,
        display_name: typed.display_name.as_deref(),
        job_title: typed.job_title.as_deref(),
    };
    let membership_id = rows::join_invited(tx, &new, ctx.now()).await?.ok_or_else(taken)?;
    logins::keep(tx, user_id, ctx.now()).await?;
    // Somebody who comes back after removal starts with the rights given now.
    members::drop_assignments(tx, membership_id).await?;
    Ok(membership_id)
}

pub(super) fn taken() -> Error {
    Error::new(ErrorKind::Conflict, "EMAIL_TAKEN", "Somebody with this e-mail is there already.")
}

pub(super) fn unit_unknown() -> Error {
    Error::invalid_field("units", "UNIT_UNKNOWN", "There is no active unit of this id.")
}
