//! What time takes away: updates of messages that never came.

use crate::store;
use ::store::jobs::{Every, JobKind, JobOutcome, Lane, Schedule};
use ::store::{Database, PlatformReason};
use chrono::Duration;

/// The job, hourly, of the installation.
pub(crate) const UPKEEP: &str = "messaging.upkeep";

/// Forgets what was parked and has expired, of all organizations.
pub(crate) fn job(db: Database) -> JobKind {
    JobKind::new(UPKEEP, move |run| {
        let db = db.clone();
        async move {
            let mut tx = db.platform(PlatformReason::Maintenance).await?;
            store::forget_parked(&mut tx, run.ctx.now()).await?;
            tx.commit().await?;
            Ok(JobOutcome::Done)
        }
    })
}

pub(crate) fn schedule() -> Schedule {
    Schedule { name: UPKEEP, lane: Lane::Default, every: Every::Interval(Duration::hours(1)) }
}
