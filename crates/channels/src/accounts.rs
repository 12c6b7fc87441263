//! Channel accounts: one configured number of an organization.

mod activate;
mod change;
mod create;
mod read;
mod transition;

pub use activate::{Checked, Credentials, activate};
pub use change::{AccountChanges, SettingsChanges, change};
pub use create::{NewAccount, NewWhatsappAccount, create, create_whatsapp};
pub(crate) use read::bad_cursor;
pub use read::{Filter, find, list};
pub use transition::{archive, pause, provider_refuses};

use crate::secrets::SecretFacts;
use chrono::{DateTime, Utc};
use kernel::ids::{ChannelAccountId, OrganizationId, UnitId};
use kernel::{Audience, Ctx, NewEvent, Permission, Resource, StreamRef};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

/// A configured number, mailbox, bot or widget of an organization.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ChannelAccount {
    pub id: ChannelAccountId,
    #[schema(example = "whatsapp")]
    pub kind: String,
    #[schema(example = "Recepção")]
    pub name: String,
    pub status: AccountStatus,
    /// Why it is in `error`: a stable code.
    #[schema(example = "CREDENTIALS_REJECTED")]
    pub status_reason: Option<String>,
    /// What routes inbound items here; WhatsApp: `phone_number_id`.
    #[schema(example = "220011447788556")]
    pub external_id: Option<String>,
    /// Where its conversations go.
    pub unit_id: Option<UnitId>,
    /// Everything runs and nothing leaves.
    pub simulation: bool,
    pub settings: AccountSettings,
    pub secrets: Vec<SecretFacts>,
    pub version: i64,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// Settings of one account. What this version does not know is kept as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AccountSettings {
    /// WhatsApp: the number as people see it, digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "551130001234")]
    pub display_number: Option<String>,
    /// WhatsApp: the business account (WABA).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "998877665544332")]
    pub business_account_id: Option<String>,
    /// What a person's reply does to an open conversation: `waiting` (default) or `keep`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_reply: Option<AfterReply>,
    /// Whether the one who replies becomes the owner where there is none (default: yes).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assign_on_reply: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AfterReply {
    Waiting,
    Keep,
}

/// Whether an account takes in and sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AccountStatus {
    /// Kept, not processed; nothing can be sent.
    Draft,
    Active,
    /// Inbound is processed, outbound waits.
    Paused,
    /// As paused; set by checks.
    Error,
    /// As draft, for good.
    Archived,
}

impl AccountStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
            Self::Paused => "paused",
            Self::Error => "error",
            Self::Archived => "archived",
        }
    }

    /// Reads the column, which can hold nothing else.
    pub(crate) fn parse(word: &str) -> Self {
        match word {
            "active" => Self::Active,
            "paused" => Self::Paused,
            "error" => Self::Error,
            "archived" => Self::Archived,
            _ => Self::Draft,
        }
    }
}

/// Secrets in a request: written, never read out.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GivenSecrets {
    /// WhatsApp: the system user's token.
    #[schema(value_type = Option<String>, write_only, example = "EAAG-example-token-0001")]
    #[serde(default, deserialize_with = "secret")]
    pub access_token: Option<SecretString>,
}

/// What permissions see of an account.
pub(crate) fn resource(account: &ChannelAccount, organization_id: OrganizationId) -> Resource {
    Resource { channel_account_id: Some(account.id), ..Resource::in_unit(organization_id, account.unit_id) }
}

/// An event of an account's story, for those who may see channels.
pub(crate) fn event(
    ctx: &Ctx,
    kind: &'static str,
    id: ChannelAccountId,
    unit_id: Option<UnitId>,
    data: Value,
) -> NewEvent {
    NewEvent {
        kind,
        version: 1,
        stream: StreamRef { kind: "channel_account".into(), id: *id, seq: None },
        actor: ctx.actor(),
        audience: Audience {
            permission: Some(Permission::CHANNELS_VIEW.name().to_owned()),
            unit_id,
            channel_account_id: Some(id),
            ..Audience::default()
        },
        data,
    }
}

/// Straight into the type that does not print.
fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(deserializer)?.map(SecretString::from))
}
