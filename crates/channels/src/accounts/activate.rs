//! Activation: everything that is missing is told at once, one error an item.

use super::read::for_change;
use super::{AccountStatus, ChannelAccount, event, transition};
use crate::Channels;
use crate::items::replay_unrouted_job;
use crate::secrets::ACCESS_TOKEN;
use crate::store::accounts as rows;
use ::store::TenantTx;
use chrono::{DateTime, Utc};
use kernel::ids::ChannelAccountId;
use kernel::{Ctx, Error, ErrorKind, FieldError};
use serde_json::json;

/// What the provider said of an account's credentials a moment ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    Accepted,
    /// Nothing leaves in simulation, so nothing is asked.
    Simulated,
    Missing,
    Rejected,
    /// The provider could not be reached.
    Unknown,
}

/// The result of [`Channels::check_credentials`], good for the version and token that were checked.
#[derive(Clone, Copy, Debug)]
pub struct Checked {
    pub credentials: Credentials,
    version: i64,
    token_set_at: Option<DateTime<Utc>>,
}

impl Channels {
    /// Asks the provider whether it accepts the account's credentials now. Before [`activate`], outside of its
    /// transaction: nothing leaves the process inside one.
    ///
    /// # Errors
    /// 404; 403 without `channels.manage`; when the database fails.
    pub async fn check_credentials(&self, ctx: &Ctx, id: ChannelAccountId) -> Result<Checked, Error> {
        let mut tx = self.db.tenant(ctx.organization_id()).await?;
        let account = for_change(ctx, &mut tx, id).await?;
        let simulated = rows::brief(&mut tx, id).await?.is_some_and(|account| account.simulation);
        let token = self.secret(&mut tx, id, ACCESS_TOKEN).await?;
        drop(tx);
        let credentials = match (&account.external_id, token) {
            _ if simulated => Credentials::Simulated,
            (Some(number), Some(token)) => self.ask_for_number(number, &token).await,
            _ => Credentials::Missing,
        };
        Ok(Checked { credentials, version: account.version, token_set_at: token_set_at(&account) })
    }
}

/// Makes an account active: `draft`, `paused` and `error` can become so.
///
/// # Errors
/// 404; 403 without `channels.manage`; 409 `ACCOUNT_ARCHIVED`, `ACCOUNT_CHANGED` (since the check); 422
/// `ACTIVATION_REQUIREMENTS` with one error per missing item.
pub async fn activate(
    channels: &Channels,
    ctx: &Ctx,
    tx: &mut TenantTx,
    id: ChannelAccountId,
    checked: Checked,
) -> Result<ChannelAccount, Error> {
    let account = for_change(ctx, tx, id).await?;
    match account.status {
        AccountStatus::Active => return Ok(account),
        AccountStatus::Archived => {
            return Err(Error::new(ErrorKind::Conflict, "ACCOUNT_ARCHIVED", "An archived account stays archived."));
        }
        AccountStatus::Draft | AccountStatus::Paused | AccountStatus::Error => {}
    }
    if (account.version, token_set_at(&account)) != (checked.version, checked.token_set_at) {
        return Err(Error::new(ErrorKind::Conflict, "ACCOUNT_CHANGED", "It was changed in the meantime; try again."));
    }
    let mut missing = requirements(channels, &account, checked.credentials);
    let external_id = account.external_id.clone();
    let savepoint = tx.savepoint().await?;
    let activated = transition::to(ctx, tx, account, AccountStatus::Active, None).await;
    let activated = match activated {
        Ok(account) => Some(account),
        Err(error) if error.constraint() == Some("channel_accounts_external_idx") => {
            tx.undo_to_savepoint(savepoint).await?;
            missing.push(item(
                "external_id",
                "EXTERNAL_ID_TAKEN",
                "Another account of this installation uses this number.",
            ));
            None
        }
        Err(error) => return Err(error.into()),
    };
    let Some(account) = activated.filter(|_| missing.is_empty()) else {
        let detail = "Something is missing before this account can be active.";
        return Err(Error::new(ErrorKind::Invalid, "ACTIVATION_REQUIREMENTS", detail).with_fields(missing));
    };
    channels.breakers.reset(&id);
    let data = json!({ "id": id, "kind": account.kind, "version": account.version });
    tx.append(ctx, event(ctx, "channel.account_activated", id, account.unit_id, data));
    if let Some(external_id) = external_id {
        tx.enqueue(ctx, replay_unrouted_job(&account.kind, &external_id));
    }
    Ok(account)
}

fn requirements(channels: &Channels, account: &ChannelAccount, credentials: Credentials) -> Vec<FieldError> {
    let mut missing = Vec::new();
    if !channels.settings.whatsapp_enabled {
        missing.push(item("kind", "CONNECTOR_DISABLED", "The operator has not enabled this connector."));
    }
    match credentials {
        Credentials::Accepted | Credentials::Simulated => {}
        Credentials::Missing => {
            missing.push(item("secrets.access_token", "CREDENTIALS_MISSING", "An access token is needed."))
        }
        Credentials::Rejected => {
            missing.push(item(
                "secrets.access_token",
                "CREDENTIALS_REJECTED",
                "The provider does not accept the access token for this number.",
            ));
        }
        Credentials::Unknown => {
            missing.push(item(
                "secrets.access_token",
                "CREDENTIALS_UNVERIFIED",
                "The provider could not be asked; try again.",
            ));
        }
    }
    if channels.settings.app_secrets.is_empty() && credentials != Credentials::Simulated {
        missing.push(item("kind", "WEBHOOK_SECRET_MISSING", "The operator has not set the provider app's secret."));
    }
    if account.unit_id.is_none() {
        missing.push(item("unit_id", "UNIT_MISSING", "A unit is needed that the conversations go to."));
    }
    if account.external_id.is_none() {
        missing.push(item("external_id", "EXTERNAL_ID_MISSING", "The provider's id of the number is needed."));
    }
    missing
}

fn item(field: &'static str, code: &'static str, message: &'static str) -> FieldError {
    FieldError { field: field.into(), code: code.into(), message: message.into() }
}

fn token_set_at(account: &ChannelAccount) -> Option<DateTime<Utc>> {
    account.secrets.iter().find(|secret| secret.name == ACCESS_TOKEN).map(|secret| secret.set_at)
}
