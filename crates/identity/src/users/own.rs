//! Oneself: the own record with what nobody else sees, and one's preferences.

use super::email::pending_email;
use super::read::{UserView, own_view};
use super::{events, fields};
use crate::handle::Identity;
use crate::sign_in::{OwnMembershipView, own_membership_view};
use crate::store::people::{self, MembershipChange};
use crate::store::{logins, sign_in};
use chrono::{DateTime, Utc};
use kernel::{Ctx, Error};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::TenantTx;

/// How the console looks and sounds for one person in one organization; what is absent is the console's to choose.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
#[schema(example = json!({ "theme": "dark", "locale": "pt-BR", "density": "compact", "sounds": true }))]
pub struct Preferences {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub theme: Option<Theme>,
    /// BCP 47.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub density: Option<Density>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sounds: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Theme {
    System,
    Light,
    Dark,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Density {
    Comfortable,
    Compact,
}

impl Preferences {
    /// As they are kept.
    pub(super) fn checked(&self) -> Result<Value, Error> {
        let locale = self.locale.as_deref().map(|tag| fields::language("preferences.locale", tag)).transpose()?;
        serde_json::to_value(Self { locale, ..self.clone() }).map_err(Error::internal)
    }
}

/// One's own record.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OwnView {
    #[serde(flatten)]
    user: UserView,
    /// The address asked for, until it is proven.
    pending_email: Option<String>,
    preferences: Preferences,
    /// All one's memberships, in every organization.
    memberships: Vec<OwnMembershipView>,
    /// When one's account is erased, if one asked for it.
    erase_at: Option<DateTime<Utc>>,
}

/// Oneself, whole.
///
/// # Errors
/// 403 for keys.
pub(crate) async fn show_own(identity: &Identity, ctx: &Ctx, tx: &mut TenantTx) -> Result<OwnView, Error> {
    let id = ctx.subject.user_id().ok_or_else(Error::not_found)?;
    let user = own_view(tx, &identity.0.persons, id).await?;
    let facts = logins::facts(tx, id).await?.ok_or_else(Error::not_found)?;
    let memberships = sign_in::memberships_of(tx.conn(), id).await?;
    Ok(OwnView {
        pending_email: pending_email(identity, tx, id).await?,
        preferences: preferences(tx, &user).await?,
        memberships: memberships.iter().map(own_membership_view).collect(),
        erase_at: facts.erase_at,
        user,
    })
}

/// One's preferences here.
///
/// # Errors
/// 403 for keys.
pub(crate) async fn own_preferences(ctx: &Ctx, tx: &mut TenantTx) -> Result<Preferences, Error> {
    let id = ctx.subject.user_id().ok_or_else(Error::not_found)?;
    let member = people::find(tx, id, false).await?.ok_or_else(Error::not_found)?;
    Ok(read(people::preferences(tx, member.membership_id).await?))
}

/// Puts other preferences in their place.
///
/// # Errors
/// 403 for keys, 422.
pub(crate) async fn set_preferences(ctx: &Ctx, tx: &mut TenantTx, wanted: &Preferences) -> Result<Preferences, Error> {
    let id = ctx.require_person()?;
    let member = people::find(tx, id, false).await?.ok_or_else(Error::not_found)?;
    let change = MembershipChange { preferences: Some(wanted.checked()?), ..MembershipChange::default() };
    people::change_membership(tx, member.membership_id, &change, ctx.now()).await?;
    let data = json!({ "fields": ["preferences"] });
    events::append(ctx, tx, events::membership("membership.updated", member.membership_id, id, data));
    Ok(read(people::preferences(tx, member.membership_id).await?))
}

async fn preferences(tx: &mut TenantTx, user: &UserView) -> Result<Preferences, Error> {
    Ok(read(people::preferences(tx, user.membership_id).await?))
}

/// What an older version kept and this one does not know is not shown.
fn read(kept: Option<Value>) -> Preferences {
    kept.and_then(|kept| serde_json::from_value(kept).ok()).unwrap_or_default()
}
