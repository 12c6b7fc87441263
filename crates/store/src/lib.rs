//! PostgreSQL for the house: transactions of one organization, the event log and its readers, jobs, migrations, the
//! product's own server.
//!
//! Owns: `events`, `reader_cursors`, `reader_backlog`, `jobs`, `dead_jobs`, `schedule_runs`, `idempotency_keys`,
//! `installation`, `data_keys`, `lasting_keys`, `socket_counts`. Absent on purpose: any knowledge of a domain; a pool that others could reach; NOTIFY.

mod coalesce;
mod data_keys;
mod database;
pub mod embedded;
mod error;
pub mod idempotency;
pub mod jobs;
mod lasting;
pub mod log;
mod migrate;
mod platform_tx;
mod pool;
mod rekey;
mod seal;
mod sockets;
mod tenant_data;
mod tenant_read;
mod tenant_tx;
#[cfg(feature = "testing")]
#[expect(
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::missing_panics_doc,
    reason = "only tests are built with it"
)]
pub mod testing;
mod wake;

pub use coalesce::Coalescer;
pub use data_keys::{KeyProvider, PUBLISHED, Resealed, SealedColumn, TenantSealer, Wrapped, reseal, sealed_by_house};
pub use database::{Database, PoolLimits};
pub use error::DbError;
pub use lasting::{LASTING, RingKey};
pub use migrate::{MigrationState, Migrations, schema_is_current};
pub use platform_tx::{INSTALLATION, PlatformReason, PlatformTx};
pub use rekey::{HouseColumn, Reach, STORE_COLUMNS};
pub use seal::{Place, Sealer};
pub use sockets::{SOCKETS_SEEN, note_sockets, sockets_elsewhere};
pub use tenant_data::{TenantTable, readable, remove_tenant_rows, tenant_rows, tenant_tables};
pub use tenant_read::{Reads, TenantRead};
pub use tenant_tx::{Savepoint, TenantTx};
pub use wake::Wake;
