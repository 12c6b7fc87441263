//! Service accounts and keys as they are shown. The secret is in one answer only, the one that made it.

use super::{Account, Key};
use chrono::{DateTime, Utc};
use serde::Serialize;
use uuid::Uuid;

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct AccountView {
    pub id: Uuid,
    #[schema(example = "Integração do prontuário")]
    pub name: String,
    pub description: String,
    /// active or disabled.
    #[schema(example = "active")]
    pub status: String,
    /// Names of roles; the assignments are in `GET /api/role-assignments?service_account_id=`.
    #[schema(example = json!(["agent"]))]
    pub roles: Vec<String>,
    pub version: i64,
    pub created_by: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            name: account.name,
            description: account.description,
            status: account.status,
            roles: account.roles,
            version: account.version,
            created_by: account.created_by,
            created_at: account.created_at,
            updated_at: account.updated_at,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyStatus {
    Active,
    Revoked,
    Expired,
}

#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct KeyView {
    pub id: Uuid,
    pub service_account_id: Uuid,
    /// What the key begins with; it opens nothing.
    #[schema(example = "blc_live_7Qm2Xw9a")]
    pub prefix: String,
    pub name: Option<String>,
    #[schema(example = json!(["messaging.view"]))]
    pub scopes: Vec<String>,
    /// Groups of fields that it never shows: contact_pii, clinical, money.
    #[schema(example = json!(["contact_pii"]))]
    pub masks: Vec<String>,
    /// Networks that it may come from; empty: any.
    #[schema(example = json!(["203.0.113.0/24"]))]
    pub ip_allowlist: Vec<String>,
    pub status: KeyStatus,
    pub expires_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
    /// The key that takes its place.
    pub successor_id: Option<Uuid>,
    pub created_by: Option<Uuid>,
    pub created_at: DateTime<Utc>,
}

impl KeyView {
    pub fn of(key: Key, now: DateTime<Utc>) -> Self {
        let status = key.status(now);
        Self {
            id: key.id,
            service_account_id: key.service_account_id,
            prefix: key.prefix,
            name: key.name,
            scopes: key.scopes,
            masks: key.masks,
            ip_allowlist: key.ip_allowlist,
            status,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            successor_id: key.successor_id,
            created_by: key.created_by,
            created_at: key.created_at,
        }
    }
}

impl Key {
    pub fn status(&self, now: DateTime<Utc>) -> KeyStatus {
        match self.revoked_at {
            Some(_) => KeyStatus::Revoked,
            None if self.expires_at <= now => KeyStatus::Expired,
            None => KeyStatus::Active,
        }
    }
}
