//! The first admin of an organization that somebody signed up for: in at once, with an address still to be proven.

use super::add::taken;
use super::{events, fields, roles};
use crate::handle::Identity;
use crate::limits;
use crate::password::PasswordHash;
use crate::sign_in::Asked;
use crate::store::logins::{self, NewPerson};
use crate::store::{members, people, sign_in};
use crate::text::Email;
use kernel::ids::UserId;
use kernel::{Ctx, Error};
use serde_json::json;
use store::TenantTx;

/// What the person typed.
pub(crate) struct FirstAdmin<'a> {
    pub name: &'a str,
    pub email: &'a Email,
    pub password: &'a PasswordHash,
    pub language: &'a str,
}

/// Makes login and membership, with the role `admin` in the organization of this transaction.
///
/// # Errors
/// 409 `EMAIL_TAKEN` where the address has a login; 422 for a wrong name.
pub(crate) async fn first_admin(
    identity: &Identity,
    ctx: &Ctx,
    tx: &mut TenantTx,
    admin: FirstAdmin<'_>,
) -> Result<UserId, Error> {
    let (name, name_norm) = fields::name("admin.name", admin.name)?;
    let person = NewPerson {
        id: ctx.ids.random(),
        email: &admin.email.shown,
        email_norm: &admin.email.norm,
        name: &name,
        name_norm: &name_norm,
        language: admin.language,
        password_hash: Some(admin.password.as_str()),
        must_change_password: false,
    };
    let (user, made) = logins::make(tx, &person, ctx.now()).await?;
    if !made {
        return Err(taken());
    }
    limits::take_seat(ctx, tx).await?;
    let joined = members::join(tx, ctx.new_id(), user, None, None, ctx.now()).await?;
    let membership = joined.ok_or_else(taken)?;
    let granted = roles::grantable(ctx, tx, "roles", &["admin".to_owned()]).await?;
    roles::assign(ctx, tx, membership, &granted).await?;
    let units = people::set_units(tx, membership, &[], ctx.now()).await?;
    events::append(ctx, tx, events::user("user.created", user, json!({})));
    let data = json!({ "status": "active", "units": units });
    events::append(ctx, tx, events::membership("membership.created", membership, user, data));
    let login = sign_in::login_by_id(tx.conn(), user).await?.ok_or_else(Error::not_found)?;
    identity.post_link(ctx, tx, Asked::VerifyEmail, &login, None).await?;
    Ok(user)
}
