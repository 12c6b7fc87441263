//! What time takes away, and a safety net under the intake.

use crate::Channels;
use crate::items::split_job;
use crate::store::raw;
use ::store::PlatformReason;
use ::store::jobs::{JobOutcome, JobRun};
use chrono::{DateTime, Duration, Utc};
use kernel::Error;
use uuid::Uuid;

/// Every few seconds: bodies that wait although no job takes them apart.
pub(crate) const SWEEP: &str = "channels.sweep_inbound";
/// Once a day: old bodies, kept items, contents.
pub(crate) const FORGET: &str = "channels.forget_inbound";

/// A body that waits so long has lost its job (it died with its worker's database, or was dead-lettered).
const PATIENCE: Duration = Duration::seconds(15);
/// Items of numbers that nobody owns.
const KEEP_UNROUTED: Duration = Duration::days(7);
/// How far back contents are looked for; the job runs daily.
const LOOK_BACK: Duration = Duration::days(60);

pub(crate) async fn sweep(channels: Channels, run: JobRun) -> Result<JobOutcome, Error> {
    let mut tx = channels.db.platform(PlatformReason::Maintenance).await?;
    if raw::any_waiting(&mut tx, run.ctx.now() - PATIENCE).await? {
        tx.enqueue(&run.ctx, split_job());
    }
    tx.commit().await?;
    Ok(JobOutcome::Done)
}

pub(crate) async fn forget(channels: Channels, run: JobRun) -> Result<JobOutcome, Error> {
    let now = run.ctx.now();
    let before = now - Duration::days(i64::from(channels.settings.keep_raw_days.clamp(7, 90)));
    let mut tx = channels.db.platform(PlatformReason::Maintenance).await?;
    let items = (first_id_at(before - LOOK_BACK), first_id_at(before));
    let [bodies, kept, contents] = raw::forget(&mut tx, before, now - KEEP_UNROUTED, items).await?;
    tx.commit().await?;
    tracing::info!(bodies, kept, contents, "old inbound data forgotten");
    Ok(JobOutcome::Done)
}

/// Below every id that was made at this instant or later (UUIDv7, RFC 9562: milliseconds first).
fn first_id_at(at: DateTime<Utc>) -> Uuid {
    let millis = u64::try_from(at.timestamp_millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &[0; 10]).into_uuid()
}
