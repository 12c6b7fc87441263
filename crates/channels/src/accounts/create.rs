//! A new account: a draft, until it is activated.

use super::{AccountSettings, AccountStatus, ChannelAccount, GivenSecrets, event};
use crate::Channels;
use crate::connector::ConnectorKind;
use crate::secrets::ACCESS_TOKEN;
use crate::store::accounts as rows;
use ::store::{DbError, TenantTx};
use identity::limits::Limit;
use kernel::ids::UnitId;
use kernel::text::clean_line;
use kernel::{Ctx, Error, FieldError, Permission, Resource};
use secrecy::SecretString;
use serde_json::json;

/// What an account begins with.
#[derive(Clone, Debug)]
pub struct NewAccount {
    pub kind: ConnectorKind,
    pub name: String,
    pub external_id: Option<String>,
    pub unit_id: Option<UnitId>,
    pub simulation: bool,
    pub settings: AccountSettings,
    pub secrets: GivenSecrets,
}

/// A WhatsApp number with its credentials; it goes to the organization's fallback unit.
#[derive(Clone, Debug)]
pub struct NewWhatsappAccount {
    pub name: String,
    pub phone_number_id: String,
    pub display_number: String,
    pub waba_id: String,
    /// May be left out in simulation.
    pub access_token: Option<SecretString>,
    pub simulation: bool,
}

/// Adds an account as a draft.
///
/// # Errors
/// 403 without `channels.manage`; 409 `LIMIT_REACHED`; 422 for wrong fields.
pub async fn create(
    channels: &Channels,
    ctx: &Ctx,
    tx: &mut TenantTx,
    new: NewAccount,
) -> Result<ChannelAccount, Error> {
    let organization_id = tx.organization_id();
    ctx.require(Permission::CHANNELS_MANAGE, &Resource::organization(organization_id))?;
    let now = ctx.now();
    let account = ChannelAccount {
        id: ctx.new_id(),
        kind: new.kind.as_str().to_owned(),
        name: clean_line(&new.name),
        status: AccountStatus::Draft,
        status_reason: None,
        external_id: new.external_id,
        unit_id: new.unit_id,
        simulation: new.simulation,
        settings: new.settings,
        secrets: Vec::new(),
        version: 1,
        created_at: now,
        updated_at: now,
    };
    check(&account)?;
    identity::limits::check(ctx, tx, Limit::ChannelAccounts).await?;
    rows::insert(tx, &account).await.map_err(known_unit)?;
    if let Some(token) = &new.secrets.access_token {
        channels.set_secret(ctx, tx, account.id, ACCESS_TOKEN, token).await?;
    }
    let data =
        json!({ "id": account.id, "kind": account.kind, "name": account.name, "simulation": account.simulation });
    tx.append(ctx, event(ctx, "channel.account_created", account.id, account.unit_id, data));
    rows::find(tx, account.id, false).await?.ok_or_else(Error::not_found)
}

/// Adds a WhatsApp number as a draft in the fallback unit; activate it next.
///
/// # Errors
/// As [`create`].
pub async fn create_whatsapp(
    channels: &Channels,
    ctx: &Ctx,
    tx: &mut TenantTx,
    new: NewWhatsappAccount,
) -> Result<ChannelAccount, Error> {
    let unit_id = service_levels::fallback_unit(tx).await?;
    let settings = AccountSettings {
        display_number: Some(new.display_number),
        business_account_id: Some(new.waba_id),
        ..AccountSettings::default()
    };
    let account = NewAccount {
        kind: ConnectorKind::Whatsapp,
        name: new.name,
        external_id: Some(new.phone_number_id),
        unit_id: Some(unit_id),
        simulation: new.simulation,
        settings,
        secrets: GivenSecrets { access_token: new.access_token },
    };
    create(channels, ctx, tx, account).await
}

/// What must hold of every account.
pub(super) fn check(account: &ChannelAccount) -> Result<(), Error> {
    let mut fields = Vec::new();
    let mut wrong = |field: &'static str, code: &'static str, message: &'static str| {
        fields.push(FieldError { field: field.into(), code: code.into(), message: message.into() });
    };
    match account.name.chars().count() {
        1..=120 => {}
        0 => wrong("name", "REQUIRED", "A name is needed."),
        _ => wrong("name", "TOO_LONG", "At most 120 characters."),
    }
    let digits = |text: &Option<String>, most: usize| {
        text.as_ref()
            .is_none_or(|text| !text.is_empty() && text.len() <= most && text.bytes().all(|b| b.is_ascii_digit()))
    };
    if !digits(&account.external_id, 64) {
        wrong("external_id", "INVALID", "The phone number id is digits.");
    }
    if !digits(&account.settings.business_account_id, 64) {
        wrong("settings.business_account_id", "INVALID", "The business account's id is digits.");
    }
    if !digits(&account.settings.display_number, 20) {
        wrong("settings.display_number", "INVALID", "Country code, area code and number: digits only.");
    }
    if fields.is_empty() { Ok(()) } else { Err(Error::invalid(fields)) }
}

/// A unit that is not there, or another organization's, is a wrong field.
pub(super) fn known_unit(error: DbError) -> Error {
    error.on_constraint("channel_accounts_unit_fkey", "unit_id", "NOT_FOUND", "There is no such unit.")
}
