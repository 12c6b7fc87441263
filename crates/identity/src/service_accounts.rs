//! Service accounts and their API keys: machines that act, are masked, limited and audited like members, and come in with
//! keys instead of signing in. They take no seat.

mod account;
mod behalf;
mod ending;
pub mod events;
mod key;
mod known;
mod routes;
mod secret;
mod view;

pub use account::{
    AccountChanges, NewAccount, change_account, create_account, delete_account, find_account, list_accounts,
};
pub use behalf::{Behalf, on_behalf_of};
pub use ending::{ENDING, job_kind};
pub use key::{MadeKey, NewKey, list_keys, make_key, revoke_key, rotate_key};
pub use routes::router;
pub use secret::is_key;
pub use view::{AccountView, KeyStatus, KeyView};

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// Keys of one account that are good at the same time; one that is being replaced does not count.
pub const MOST_KEYS: i64 = 5;

/// A service account as stored.
#[derive(Clone, Debug)]
pub struct Account {
    pub id: Uuid,
    pub name: String,
    pub description: String,
    pub status: String,
    /// Names of its roles.
    pub roles: Vec<String>,
    pub version: i64,
    pub created_by: Option<Uuid>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
}

/// A key as stored, without its hash.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: Uuid,
    pub service_account_id: Uuid,
    pub prefix: String,
    pub name: Option<String>,
    pub scopes: Vec<String>,
    pub masks: Vec<String>,
    pub ip_allowlist: Vec<String>,
    pub expires_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
    pub revoked_at: Option<DateTime<Utc>>,
    pub successor_id: Option<Uuid>,
    pub created_by: Option<Uuid>,
    pub created_at: DateTime<Utc>,
}
