//! What comes in for an organization that is blocked or closing: stored without a job, and worked on in the order of receipt
//! when the organization is back.
//!
//! While anything is kept, what comes in behind it is kept too, so that nothing overtakes. Storing and resuming exclude one
//! another by a lock of the organization.

use super::{apply_job, is_of_the_moment};
use crate::Channels;
use crate::store::kept as rows;
use ::store::TenantTx;
use ::store::jobs::{JobOutcome, JobRun};
use chrono::Duration;
use kernel::{Ctx, Error};

/// Items resumed in one transaction.
const BATCH: i64 = 500;

/// Whether items are to be kept; then the organization's intake is locked until the end of the transaction.
pub(super) async fn is_kept(tx: &mut TenantTx) -> Result<bool, Error> {
    if !rows::intake_is_kept(tx).await? {
        return Ok(false);
    }
    rows::lock_intake(tx).await?;
    // The organization may have come back while the lock was waited for.
    Ok(rows::intake_is_kept(tx).await?)
}

/// The job [`identity::organizations::RESUMED`].
pub(crate) async fn resume(channels: Channels, run: JobRun) -> Result<JobOutcome, Error> {
    loop {
        match resume_batch(&channels, &run.ctx).await {
            Ok(true) => {}
            Ok(false) => return Ok(JobOutcome::Done),
            Err(error) if is_of_the_moment(&error) => {
                return Ok(JobOutcome::Again(channels.clock.now() + Duration::seconds(1)));
            }
            Err(error) => return Err(error),
        }
    }
}

/// One batch; false when nothing is left, or the organization is away again.
async fn resume_batch(channels: &Channels, ctx: &Ctx) -> Result<bool, Error> {
    let mut tx = channels.db.tenant(ctx.organization_id()).await?;
    rows::lock_intake(&mut tx).await?;
    if rows::organization_keeps(&mut tx).await? {
        return Ok(false);
    }
    let items = rows::take(&mut tx, BATCH).await?;
    for item in &items {
        tx.enqueue(ctx, apply_job(item.id, item.account, &item.sender_key));
    }
    tx.commit().await?;
    metrics::counter!("inbound_items_resumed_total").increment(items.len() as u64);
    Ok(!items.is_empty())
}
