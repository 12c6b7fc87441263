//! The transaction without an organization: named reason, counted, never a bypass of the policies.

use crate::error::DbError;
use crate::jobs::{Lane, NewJob, insert_jobs};
use crate::pool::{Lease, Pool};
use crate::wake::Wake;
use kernel::Ctx;
use kernel::ids::OrganizationId;
use sqlx::PgConnection;
use uuid::Uuid;

/// The owner of jobs that belong to the installation and to no organization.
pub const INSTALLATION: OrganizationId = OrganizationId(Uuid::nil());

/// Why work needs more than one organization, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlatformReason {
    /// Which login, session or organization a credential means (resolver functions).
    SignIn,
    /// Keys that sign tokens.
    SigningKeys,
    /// Storing webhook bodies and splitting them by organization.
    Intake,
    /// Taking, finishing and listing jobs.
    Queue,
    /// Following the event log.
    EventLog,
    /// Partitions, expiry, health.
    Maintenance,
    /// A command of the operator.
    Operator,
}

impl PlatformReason {
    pub fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::SigningKeys => "signing_keys",
            Self::Intake => "intake",
            Self::Queue => "queue",
            Self::EventLog => "event_log",
            Self::Maintenance => "maintenance",
            Self::Operator => "operator",
        }
    }

    pub(crate) fn needs_worker_role(self) -> bool {
        !matches!(self, Self::SignIn | Self::SigningKeys)
    }
}

/// A transaction of the platform: as the application role it reaches resolver functions, as the worker role queues.
pub struct PlatformTx {
    lease: Lease,
    reason: PlatformReason,
    jobs: Vec<NewJob>,
    wake: Wake,
}

impl PlatformTx {
    pub(crate) async fn begin(pool: &Pool, reason: PlatformReason, wake: Wake) -> Result<Self, DbError> {
        metrics::counter!("platform_transactions_total", "reason" => reason.name()).increment(1);
        let mut lease = pool.lease().await?;
        lease.begin("begin").await?;
        Ok(Self { lease, reason, jobs: Vec::new(), wake })
    }

    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.lease
    }

    pub fn reason(&self) -> PlatformReason {
        self.reason
    }

    /// Adds a job of the installation itself, at the commit.
    pub fn enqueue(&mut self, ctx: &Ctx, job: NewJob) {
        self.jobs.push(job.of(INSTALLATION, ctx));
    }

    /// Adds a job of one organization, at the commit.
    pub fn enqueue_for(&mut self, organization_id: OrganizationId, ctx: &Ctx, job: NewJob) {
        self.jobs.push(job.of(organization_id, ctx));
    }

    /// # Errors
    /// When a statement or the commit fails; nothing of the transaction is kept then.
    pub async fn commit(mut self) -> Result<(), DbError> {
        if !self.jobs.is_empty() {
            insert_jobs(&mut self.lease, &self.jobs).await?;
        }
        self.lease.commit().await?;
        for lane in Lane::ALL {
            if self.jobs.iter().any(|job| job.lane == lane) {
                self.wake.lane(lane);
            }
        }
        Ok(())
    }
}
