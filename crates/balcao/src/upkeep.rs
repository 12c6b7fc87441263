//! The house's own upkeep, of what belongs to `store` and to no domain: answers kept for repeated requests, the event
//! log's partitions.

use crate::database::inspect;
use chrono::Duration;
use module::Module;
use store::jobs::{Every, JobKind, JobOutcome, Lane, Schedule};
use store::{Database, DbError, PlatformReason, idempotency};

const UPKEEP: &str = "house.upkeep";

/// One hourly job.
pub fn module(db: Database) -> Module {
    let upkeep = JobKind::new(UPKEEP, move |run| {
        let db = db.clone();
        async move {
            let mut tx = db.platform(PlatformReason::Maintenance).await?;
            let forgotten = idempotency::forget_old(&mut tx, run.ctx.now()).await?;
            let made = inspect::partitions_ahead(tx.conn()).await.map_err(DbError)?;
            tx.commit().await?;
            tracing::debug!(forgotten, made, "upkeep is done");
            Ok(JobOutcome::Done)
        }
    });
    Module {
        name: "house",
        job_kinds: vec![upkeep],
        house_sealed: store::STORE_COLUMNS,
        schedules: vec![Schedule { name: UPKEEP, lane: Lane::Default, every: Every::Interval(Duration::hours(1)) }],
        ..Module::default()
    }
}
