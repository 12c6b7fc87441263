//! The transaction of one organization: the object that commands work with.

use crate::database::begin_text;
use crate::error::DbError;
use crate::jobs::{NewJob, insert_jobs};
use crate::log::{Appended, Origins, insert_events};
use crate::pool::{Lease, Pool};
use crate::wake::Wake;
use kernel::ids::OrganizationId;
use kernel::{Ctx, NewEvent};
use serde_json::value::RawValue;
use sqlx::{AssertSqlSafe, PgConnection};

/// A transaction that sees exactly one organization. Events and jobs are gathered and written at the commit.
pub struct TenantTx {
    lease: Lease,
    organization_id: OrganizationId,
    events: Vec<Appended>,
    jobs: Vec<NewJob>,
    wake: Wake,
    /// Its first data key was made in here: nobody may rely on it before the commit.
    pub(crate) made_data_key: bool,
}

impl TenantTx {
    pub(crate) async fn begin(pool: &Pool, organization_id: OrganizationId, wake: Wake) -> Result<Self, DbError> {
        // The only text made at run time: BEGIN and the organization travel in one message (guide, section 3).
        let mut lease = pool.lease().await?;
        lease.begin(AssertSqlSafe(begin_text(organization_id, None))).await?;
        Ok(Self { lease, organization_id, events: Vec::new(), jobs: Vec::new(), wake, made_data_key: false })
    }

    /// The connection, for the checked statements of the domain's own `store.rs`.
    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.lease
    }

    pub fn organization_id(&self) -> OrganizationId {
        self.organization_id
    }

    /// Appends a fact to the organization's log, at the commit.
    pub fn append(&mut self, ctx: &Ctx, event: NewEvent) {
        let mut event = named_twice(ctx, event);
        let text = serde_json::value::to_raw_value(&event.data.take()).unwrap_or_default();
        self.append_text(ctx, event, text);
    }

    /// [`TenantTx::append`] for data that is JSON text already; what `event` has as data counts for nothing.
    pub fn append_text(&mut self, ctx: &Ctx, event: NewEvent, text: Box<RawValue>) {
        let (event_id, occurred_at, request_id) = (ctx.new_id(), ctx.now(), ctx.request_id.clone());
        let origin = Origins::of(ctx, event.kind);
        self.events.push(Appended { event_id, occurred_at, request_id, origin, event, text });
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
        sqlx::Executor::execute(&mut *self.lease, "savepoint part").await?;
        Ok(Savepoint { events: self.events.len(), jobs: self.jobs.len() })
    }

    /// Forgets what was written, appended and enqueued since the savepoint.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn undo_to_savepoint(&mut self, savepoint: Savepoint) -> Result<(), DbError> {
        sqlx::Executor::execute(&mut *self.lease, "rollback to savepoint part").await?;
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
            insert_events(&mut self.lease, self.organization_id, &self.events).await?;
        }
        if !self.jobs.is_empty() {
            insert_jobs(&mut self.lease, &self.jobs).await?;
        }
        self.lease.commit().await?;
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

/// What somebody does in another's name carries both names: the actor is the one whose name counts.
fn named_twice(ctx: &Ctx, mut event: NewEvent) -> NewEvent {
    let by = ctx.subject.impersonator_id().map(|id| id.0).or(ctx.subject.via_service_account);
    if let (Some(by), serde_json::Value::Object(data)) = (by, &mut event.data) {
        data.insert("impersonator_id".to_owned(), by.to_string().into());
    }
    event
}
