//! Looking a contact up by a whole phone number or e-mail: allowed to those who see only masks as well, because the caller
//! brings the value. Parts of a value find nothing, and every look is noted in the audit.

use crate::card::ContactCard;
use crate::phone::Phone;
use crate::store;
use ::store::TenantTx;
use identity::settings::ContactsVisibility;
use kernel::masks::Mask;
use kernel::{Ctx, Error, Permission, Resource, visible};
use serde::Deserialize;

/// Longest e-mail (RFC 5321).
const LONGEST: usize = 254;

/// One whole value.
#[derive(Clone, Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "phone": "+55 11 99000-0017" }))]
pub struct WholeValue {
    /// With the country code behind a plus sign; without one it is a number of the organization's country.
    #[serde(default)]
    pub phone: Option<String>,
    #[serde(default)]
    pub email: Option<String>,
}

/// The contacts that have exactly this value, shown as the caller may see them. Nobody found is an empty list.
///
/// # Errors
/// 403 without `contacts.view`; 422 for none or two values, `PHONE_INVALID`, `EMAIL_INVALID`.
pub async fn look_up(ctx: &Ctx, tx: &mut TenantTx, wanted: &WholeValue) -> Result<Vec<ContactCard>, Error> {
    let organization = Resource::organization(ctx.organization_id());
    ctx.require(Permission::CONTACTS_VIEW, &organization)?;
    let (kind, key) = match (&wanted.phone, &wanted.email) {
        (Some(phone), None) => ("phone", phone_key(tx, phone).await?),
        (None, Some(email)) => ("email", email_key(email)?),
        _ => return Err(Error::invalid_field("", "ONE_VALUE", "Give a phone number or an e-mail, one of them.")),
    };
    let settings = identity::settings::effective(tx).await?;
    let threads = match settings.contacts_visibility {
        ContactsVisibility::Organization => None,
        ContactsVisibility::Related => Some(visible(&ctx.subject, Permission::MESSAGING_VIEW, ctx.now())),
    };
    let found = store::of_value(tx, kind, &key, threads.as_ref()).await?;
    let reveal = !ctx.masks(&organization).contains(Mask::ContactPii);
    Ok(found
        .into_iter()
        .map(|one| ContactCard::new(one.contact_id, one.name.as_deref(), Some(&one.value), reveal))
        .collect())
}

async fn phone_key(tx: &mut TenantTx, typed: &str) -> Result<String, Error> {
    let typed = typed.trim();
    let country = identity::organizations::country(tx).await?;
    let default = if typed.starts_with('+') { None } else { country.as_deref() };
    let phone = Phone::parse(typed, default)
        .ok_or_else(|| Error::invalid_field("phone", "PHONE_INVALID", "Not a whole phone number."))?;
    Ok(phone.identity_key().to_owned())
}

fn email_key(typed: &str) -> Result<String, Error> {
    let email = typed.trim().to_lowercase();
    let whole = email.len() <= LONGEST
        && !email.contains(|c: char| c.is_whitespace() || "*%".contains(c))
        && email.split_once('@').is_some_and(|(local, domain)| {
            !local.is_empty() && domain.contains('.') && !domain.starts_with('.') && !domain.contains('@')
        });
    if whole { Ok(email) } else { Err(Error::invalid_field("email", "EMAIL_INVALID", "Not a whole e-mail address.")) }
}
