//! `create_user`: a member with a role, and a login if the e-mail has none.

use super::{events, roles};
use crate::password::PasswordHash;
use crate::store::logins;
use crate::store::members::{self, NewLogin};
use crate::text::{Email, folded};
use kernel::ids::{MembershipId, UserId};
use kernel::text::clean_line;
use kernel::{Ctx, Error, ErrorKind, Permission, Resource};
use serde::Serialize;
use serde_json::json;
use store::TenantTx;

/// A person to be a member here.
#[derive(Clone)]
pub struct NewUser {
    pub email: String,
    /// 1 to 150 characters.
    pub name: String,
    /// What customers see, at most 40 characters.
    pub display_name: Option<String>,
    pub job_title: Option<String>,
    /// Of a new login; ignored where the e-mail has one. Hash it with [`crate::Identity::hashes`] before the transaction.
    pub password: Option<PasswordHash>,
    pub must_change_password: bool,
    /// Name of a role here; `agent` unless said.
    pub role: Option<String>,
}

impl NewUser {
    pub fn new(email: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            email: email.into(),
            name: name.into(),
            display_name: None,
            job_title: None,
            password: None,
            must_change_password: false,
            role: None,
        }
    }
}

/// Who was made.
#[derive(Clone, Debug, Serialize)]
pub struct CreatedUser {
    pub user_id: UserId,
    pub membership_id: MembershipId,
    pub email: String,
    pub name: String,
    pub role: String,
    pub scope_type: String,
    /// Whether the login is new; `false` where the person keeps the own password.
    pub login_created: bool,
}

/// Makes an active member with one role in its default scope. The caller adds it to units.
///
/// # Errors
/// 422 for wrong fields or an unknown role, 409 `EMAIL_TAKEN` for somebody who is a member already, 403 without
/// `users.manage`, 403 `GRANT_EXCEEDS_OWN` for a role that holds more than the caller.
pub async fn create_user(ctx: &Ctx, tx: &mut TenantTx, new: NewUser) -> Result<CreatedUser, Error> {
    ctx.require(Permission::USERS_MANAGE, &Resource::organization(ctx.organization_id()))?;
    let email = Email::parse(&new.email)?;
    let name = clean_line(&new.name);
    if !(1..=150).contains(&name.chars().count()) {
        return Err(Error::invalid_field("name", "LENGTH", "1 to 150 characters."));
    }
    if new.display_name.as_deref().is_some_and(|shown| shown.chars().count() > 40) {
        return Err(Error::invalid_field("display_name", "LENGTH", "At most 40 characters."));
    }
    let named = [new.role.clone().unwrap_or_else(|| "agent".to_owned())];
    let granted = roles::grantable(ctx, tx, "role", &named).await?;
    let login = NewLogin {
        id: ctx.ids.random(),
        email: &email.shown,
        email_norm: &email.norm,
        name: &name,
        name_norm: &folded(&name),
        password_hash: new.password.as_ref().map(PasswordHash::as_str),
        must_change_password: new.must_change_password,
    };
    let (user_id, login_created) = members::login_for_email(tx, &login, ctx.now()).await?;
    let joined =
        members::join(tx, ctx.new_id(), user_id, new.display_name.as_deref(), new.job_title.as_deref(), ctx.now())
            .await?;
    let Some(membership_id) = joined else {
        return Err(Error::new(ErrorKind::Conflict, "EMAIL_TAKEN", "Somebody with this e-mail is a member already."));
    };
    // Somebody who comes back after removal starts with the rights given now.
    members::drop_assignments(tx, membership_id).await?;
    logins::keep(tx, user_id, ctx.now()).await?;
    roles::assign(ctx, tx, membership_id, &granted).await?;
    if login_created {
        events::append(ctx, tx, events::user("user.created", user_id, json!({})));
    }
    let data = json!({ "status": "active" });
    events::append(ctx, tx, events::membership("membership.created", membership_id, user_id, data));
    let role = granted.into_iter().next().ok_or_else(|| Error::internal("no role was given"))?;
    Ok(CreatedUser {
        user_id,
        membership_id,
        email: email.shown,
        name,
        scope_type: role.default_scope().to_owned(),
        role: role.name,
        login_created,
    })
}
