//! Adding jobs that stand alone: those added at the same moment share one statement and one commit.

use super::enqueue::{Lane, NewJob, insert_jobs};
use crate::coalesce::Coalescer;
use crate::database::Database;
use crate::error::DbError;
use kernel::ids::OrganizationId;
use kernel::{Ctx, Error};
use std::sync::Arc;

/// Jobs of one statement at most.
const MOST: usize = 500;
/// Statements under way at once: one is written while the next one gathers.
const PARALLEL: usize = 2;

/// Adds jobs outside any transaction of a domain. What belongs to a change of data goes into that change's transaction
/// instead ([`crate::TenantTx::enqueue`]); here nothing else is written, so strangers may share the commit.
#[derive(Clone)]
pub struct Adder(Arc<Inner>);

struct Inner {
    db: Database,
    queue: Coalescer<NewJob, Result<(), Error>>,
}

impl Adder {
    pub fn new(db: Database) -> Self {
        Self(Arc::new(Inner { db, queue: Coalescer::new(MOST, PARALLEL) }))
    }

    /// Adds a job of one organization ([`crate::INSTALLATION`] for none); when this returns well it is on the disk.
    ///
    /// # Errors
    /// When it could not be stored; others' jobs are not affected then.
    pub async fn add(&self, organization_id: OrganizationId, ctx: &Ctx, job: NewJob) -> Result<(), Error> {
        let db = self.0.db.clone();
        let answer = self.0.queue.submit(job.of(organization_id, ctx), move |jobs| write(db.clone(), jobs)).await;
        answer.unwrap_or_else(|| Err(Error::internal("a batch of jobs was lost").with_retryable(true)))
    }
}

async fn write(db: Database, jobs: Vec<NewJob>) -> Vec<Result<(), Error>> {
    match insert(&db, &jobs).await {
        Ok(()) => jobs.iter().map(|_| Ok(())).collect(),
        Err(error) if jobs.len() == 1 || error.is_transient() => {
            let error = Error::from(error);
            jobs.iter().map(|_| Err(error.clone())).collect()
        }
        // One of them spoils it for all: each for itself then.
        Err(_) => {
            let mut answers = Vec::with_capacity(jobs.len());
            for job in &jobs {
                answers.push(insert(&db, std::slice::from_ref(job)).await.map_err(Error::from));
            }
            answers
        }
    }
}

async fn insert(db: &Database, jobs: &[NewJob]) -> Result<(), DbError> {
    let mut conn = db.queue().await?;
    insert_jobs(&mut conn, jobs).await?;
    conn.settle();
    for lane in Lane::ALL {
        if jobs.iter().any(|job| job.lane == lane) {
            db.wake().lane(lane);
        }
    }
    Ok(())
}
