//! The transaction of one organization: the object that commands work with.

use crate::database::begin_text;
use crate::error::DbError;
use crate::jobs::{NewJob, insert_jobs};
use crate::log::{Appended, insert_events};
use crate::wake::Wake;
use kernel::ids::OrganizationId;
use kernel::{Ctx, NewEvent};
use sqlx::{AssertSqlSafe, PgConnection, PgPool, Postgres, Transaction};

/// A transaction that sees exactly one organization. Events and jobs are gathered and written at the commit.
pub struct TenantTx {
    tx: Transaction<'static, Postgres>,
    organization_id: OrganizationId,
    events: Vec<Appended>,
    jobs: Vec<NewJob>,
    wake: Wake,
}

impl TenantTx {
    pub(crate) async fn begin(pool: &PgPool, organization_id: OrganizationId, wake: Wake) -> Result<Self, DbError> {
        // The only text made at run time: BEGIN and the organization travel in one message (guide, section 3).
        let tx = pool.begin_with(AssertSqlSafe(begin_text(organization_id, None))).await?;
        Ok(Self { tx, organization_id, events: Vec::new(), jobs: Vec::new(), wake })
    }

    /// The connection, for the checked statements of the domain's own `store.rs`.
    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    pub fn organization_id(&self) -> OrganizationId {
        self.organization_id
    }

    /// Appends a fact to the organization's log, at the commit.
    pub fn append(&mut self, ctx: &Ctx, event: NewEvent) {
        self.events.push(Appended {
            event_id: ctx.new_id(),
            occurred_at: ctx.now(),
            request_id: ctx.request_id.clone(),
            event,
        });
    }

    /// Adds a job, at the commit. It belongs to this organization whatever it says.
    pub fn enqueue(&mut self, ctx: &Ctx, job: NewJob) {
        self.jobs.push(job.of(self.organization_id, ctx));
    }

    /// Starts over inside the transaction: what follows can be undone alone with [`TenantTx::undo_to_savepoint`].
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn savepoint(&mut self) -> Result<Savepoint, DbError> {
        sqlx::Executor::execute(&mut *self.tx, "savepoint part").await?;
        Ok(Savepoint { events: self.events.len(), jobs: self.jobs.len() })
    }

    /// Forgets what was written, appended and enqueued since the savepoint.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn undo_to_savepoint(&mut self, savepoint: Savepoint) -> Result<(), DbError> {
        sqlx::Executor::execute(&mut *self.tx, "rollback to savepoint part").await?;
        self.events.truncate(savepoint.events);
        self.jobs.truncate(savepoint.jobs);
        Ok(())
    }

    /// Writes what was gathered, commits, and wakes this process's readers and workers.
    ///
    /// # Errors
    /// When a statement or the commit fails; nothing of the transaction is kept then.
    pub async fn commit(mut self) -> Result<(), DbError> {
        if !self.events.is_empty() {
            insert_events(&mut self.tx, self.organization_id, &self.events).await?;
        }
        if !self.jobs.is_empty() {
            insert_jobs(&mut self.tx, &self.jobs).await?;
        }
        self.tx.commit().await?;
        if !self.events.is_empty() {
            self.wake.events();
        }
        for job in &self.jobs {
            self.wake.lane(job.lane);
        }
        Ok(())
    }
}

/// A place to go back to; made and used within one transaction, the newest first.
#[must_use]
pub struct Savepoint {
    events: usize,
    jobs: usize,
}
