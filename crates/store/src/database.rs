//! The connections of the house: one pool for tenants' work, a small one for the queue tables.

use crate::error::DbError;
use crate::platform_tx::{PlatformReason, PlatformTx};
use crate::pool::{Lease, Pool};
use crate::tenant_read::TenantRead;
use crate::tenant_tx::TenantTx;
use crate::wake::Wake;
use kernel::ids::{OrganizationId, UserId};
use sqlx::Executor as _;
use sqlx::postgres::PgConnectOptions;
use std::time::Duration;

/// How many connections, and how long to wait for one.
#[derive(Clone, Debug)]
pub struct PoolLimits {
    /// Connections of the application role. More than about 12 is slower on two cores.
    pub app: u32,
    /// Connections of the worker role (queues, the event log).
    pub worker: u32,
    pub acquire_timeout: Duration,
}

impl Default for PoolLimits {
    fn default() -> Self {
        Self { app: 10, worker: 4, acquire_timeout: Duration::from_secs(5) }
    }
}

/// PostgreSQL as the domains see it: transactions of one organization, or of the platform with a named reason.
#[derive(Clone)]
pub struct Database {
    app: Pool,
    worker: Pool,
    wake: Wake,
}

impl Database {
    /// Opens the pools; connects lazily, so that a database that is still starting is no error.
    pub fn new(app: PgConnectOptions, worker: PgConnectOptions, limits: &PoolLimits) -> Self {
        let pool = |options, max| Pool::new(options, max, limits.acquire_timeout);
        Self { app: pool(app, limits.app), worker: pool(worker, limits.worker), wake: Wake::default() }
    }

    /// Begins a transaction of one organization, with row-level security on.
    ///
    /// # Errors
    /// When no connection can be had.
    pub async fn tenant(&self, organization_id: OrganizationId) -> Result<TenantTx, DbError> {
        TenantTx::begin(&self.app, organization_id, self.wake.clone()).await
    }

    /// For reading one organization's rows by single statements, each in one round trip. Nothing is asked for yet.
    pub fn read(&self, organization_id: OrganizationId) -> TenantRead {
        TenantRead::new(self.app.clone(), organization_id)
    }

    /// Begins a transaction across organizations: resolver functions before the organization is known, or queue
    /// tables. The reason is counted.
    ///
    /// # Errors
    /// When no connection can be had.
    pub async fn platform(&self, reason: PlatformReason) -> Result<PlatformTx, DbError> {
        let pool = if reason.needs_worker_role() { &self.worker } else { &self.app };
        PlatformTx::begin(pool, reason, self.wake.clone()).await
    }

    /// A connection of the worker role for the queue's own single statements, each of which is its transaction. Whoever
    /// calls [`Lease::settle`] after the last good one gives it back at once; without that the server is asked first.
    pub(crate) async fn queue(&self) -> Result<Lease, DbError> {
        metrics::counter!("platform_transactions_total", "reason" => PlatformReason::Queue.name()).increment(1);
        self.worker.lease().await
    }

    /// Wakes and waits for work inside this process.
    pub fn wake(&self) -> &Wake {
        &self.wake
    }

    /// Whether both roles can be reached now.
    ///
    /// # Errors
    /// What the first unreachable one answered.
    pub async fn ping(&self) -> Result<(), DbError> {
        for pool in [&self.app, &self.worker] {
            let mut lease = pool.lease().await?;
            (&mut *lease).execute("select 1").await?;
            lease.settle();
        }
        Ok(())
    }

    /// Connections open and idle, application role then worker role: for metrics.
    pub fn connections(&self) -> [(u32, usize); 2] {
        [&self.app, &self.worker].map(Pool::counts)
    }

    /// Ends all connections once their transactions are done.
    pub async fn close(&self) {
        self.app.close().await;
        self.worker.close().await;
    }
}

/// For people's own data across organizations the actor is set too; kept for statements that read it.
pub(crate) fn begin_text(organization_id: OrganizationId, actor: Option<UserId>) -> String {
    // Both are printed by the uuid type: hexadecimal digits and hyphens, nothing that could end the literal.
    match actor {
        Some(actor) => format!(
            "BEGIN; SET LOCAL app.organization_id = '{}'; SET LOCAL app.actor_id = '{}'",
            organization_id.0, actor.0
        ),
        None => format!("BEGIN; SET LOCAL app.organization_id = '{}'", organization_id.0),
    }
}
