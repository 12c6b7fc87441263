//! Changing an account's name, unit, settings, secrets.

use super::create::{check, known_unit};
use super::read::for_change;
use super::{AccountSettings, AccountStatus, AfterReply, ChannelAccount, GivenSecrets, event};
use crate::Channels;
use crate::secrets::ACCESS_TOKEN;
use crate::store::accounts as rows;
use ::store::TenantTx;
use kernel::ids::{ChannelAccountId, UnitId};
use kernel::text::clean_line;
use kernel::{Ctx, Error, ErrorKind};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};
use utoipa::ToSchema;

/// What to change; what is left out stays. `null` empties what may be empty.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccountChanges {
    #[serde(default)]
    pub name: Option<String>,
    /// Only while the account is a draft.
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<String>)]
    pub external_id: Option<Option<String>>,
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<UnitId>)]
    pub unit_id: Option<Option<UnitId>>,
    #[serde(default)]
    pub simulation: Option<bool>,
    #[serde(default)]
    pub settings: Option<SettingsChanges>,
    #[serde(default)]
    pub secrets: Option<GivenSecrets>,
}

/// What to change of the settings.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SettingsChanges {
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<String>)]
    pub display_number: Option<Option<String>>,
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<String>)]
    pub business_account_id: Option<Option<String>>,
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<AfterReply>)]
    pub after_reply: Option<Option<AfterReply>>,
    #[serde(default, deserialize_with = "told")]
    #[schema(value_type = Option<bool>)]
    pub assign_on_reply: Option<Option<bool>>,
}

/// Changes an account; `expected` is the version of `If-Match`.
///
/// # Errors
/// 404; 403 without `channels.manage`; 412 for another version; 409 `ACCOUNT_ARCHIVED`, `ACCOUNT_NOT_DRAFT`; 422 for
/// wrong fields.
pub async fn change(
    channels: &Channels,
    ctx: &Ctx,
    tx: &mut TenantTx,
    id: ChannelAccountId,
    expected: Option<i64>,
    changes: AccountChanges,
) -> Result<ChannelAccount, Error> {
    let mut account = for_change(ctx, tx, id).await?;
    if expected.is_some_and(|version| version != account.version) {
        let detail = "It was changed in the meantime; read it again.";
        return Err(Error::new(ErrorKind::PreconditionFailed, "PRECONDITION_FAILED", detail));
    }
    if account.status == AccountStatus::Archived {
        return Err(Error::new(
            ErrorKind::Conflict,
            "ACCOUNT_ARCHIVED",
            "An archived account does not change any more.",
        ));
    }
    let before = account.clone();
    apply(&mut account, &changes)?;
    check(&account)?;
    let token = changes.secrets.as_ref().and_then(|secrets| secrets.access_token.as_ref());
    let changed = names_of_changes(&before, &account, token.is_some());
    if changed.is_empty() {
        return Ok(account);
    }
    account.version += 1;
    account.updated_at = ctx.now();
    rows::update(tx, &account).await.map_err(known_unit)?;
    if let Some(token) = token {
        channels.set_secret(ctx, tx, id, ACCESS_TOKEN, token).await?;
        channels.breakers.reset(&id);
    }
    // Which fields, never their values: a name may be personal, a secret is a secret.
    let data = json!({ "id": id, "changed": changed, "version": account.version });
    tx.append(ctx, event(ctx, "channel.account_updated", id, account.unit_id, data));
    rows::find(tx, id, false).await?.ok_or_else(Error::not_found)
}

fn apply(account: &mut ChannelAccount, changes: &AccountChanges) -> Result<(), Error> {
    if let Some(name) = &changes.name {
        account.name = clean_line(name);
    }
    if let Some(external_id) = &changes.external_id
        && *external_id != account.external_id
    {
        if account.status != AccountStatus::Draft {
            let detail = "The number of an account that was active does not change: archive it and add another one.";
            return Err(Error::new(ErrorKind::Conflict, "ACCOUNT_NOT_DRAFT", detail));
        }
        account.external_id.clone_from(external_id);
    }
    if let Some(unit_id) = changes.unit_id {
        account.unit_id = unit_id;
    }
    if let Some(simulation) = changes.simulation {
        account.simulation = simulation;
    }
    if let Some(settings) = &changes.settings {
        apply_settings(&mut account.settings, settings);
    }
    Ok(())
}

fn apply_settings(settings: &mut AccountSettings, changes: &SettingsChanges) {
    fn set<T: Clone>(place: &mut Option<T>, told: &Option<Option<T>>) {
        if let Some(value) = told {
            place.clone_from(value);
        }
    }
    set(&mut settings.display_number, &changes.display_number);
    set(&mut settings.business_account_id, &changes.business_account_id);
    set(&mut settings.after_reply, &changes.after_reply);
    set(&mut settings.assign_on_reply, &changes.assign_on_reply);
}

fn names_of_changes(before: &ChannelAccount, after: &ChannelAccount, secret: bool) -> Vec<Value> {
    let pairs = [
        ("name", before.name != after.name),
        ("external_id", before.external_id != after.external_id),
        ("unit_id", before.unit_id != after.unit_id),
        ("simulation", before.simulation != after.simulation),
        ("settings", before.settings != after.settings),
        ("secrets", secret),
    ];
    pairs.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name.into()).collect()
}

/// Tells `null` (empty it) from a field that is left out (keep it).
fn told<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(deserializer).map(Some)
}
