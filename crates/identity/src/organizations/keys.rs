//! Turning the data keys over: of one organization, or the key that wraps all of them.

use super::events;
use crate::handle::Identity;
use chrono::Duration;
use kernel::ids::OrganizationId;
use kernel::{Ctx, Error};
use store::jobs::{JobOutcome, JobRun, Lane, NewJob};
use store::{PUBLISHED, PlatformReason, reseal};

/// Seals anew what an older key of the organization sealed, then destroys the older ones.
pub const RESEAL: &str = "identity.reseal_organization";

/// Values of a column that one step seals anew.
const STEP: i64 = 500;
/// Steps of one run.
const STEPS: usize = 200;
/// A transaction that began with the older key is long over then.
const LAST_WRITERS: Duration = Duration::minutes(2);

impl Identity {
    /// A new data key for one organization. It seals after some minutes; what older ones sealed is sealed anew by a job,
    /// which then destroys them. Answers the new version.
    ///
    /// # Errors
    /// When a statement or the key provider fails.
    pub async fn rotate_data_key(&self, organization: OrganizationId) -> Result<i32, Error> {
        let parts = &self.0;
        let request: uuid::Uuid = parts.ids.random();
        let ctx = Ctx::system(organization, parts.clock.clone(), parts.ids.clone(), format!("keys-{request}").into());
        let mut tx = parts.db.tenant(organization).await?;
        let version = parts.sealer.rotate_data_key(&mut tx, &parts.ids, ctx.now()).await?;
        tx.append(&ctx, events::data_key_rotated(&ctx, version));
        tx.enqueue(
            &ctx,
            NewJob::new(Lane::Bulk, RESEAL, &version).at(ctx.now() + PUBLISHED + LAST_WRITERS).unique("reseal"),
        );
        tx.commit().await?;
        Ok(version)
    }

    /// Wraps every organization's data keys with the installation's key of now, so that an earlier one can be given up.
    /// Answers how many keys were wrapped anew.
    ///
    /// # Errors
    /// When a statement or the key provider fails; what is done stays done.
    pub async fn rewrap_data_keys(&self) -> Result<u64, Error> {
        let parts = &self.0;
        let mut tx = parts.db.platform(PlatformReason::Operator).await?;
        let organizations = parts.sealer.organizations_to_rewrap(&mut tx).await?;
        tx.commit().await?;
        let mut done = 0;
        for organization in organizations {
            let mut tx = parts.db.tenant(organization).await?;
            done += parts.sealer.rewrap_data_keys(&mut tx).await?;
            tx.commit().await?;
        }
        Ok(done)
    }
}

/// The job [`RESEAL`].
///
/// # Errors
/// When a statement fails or a value does not open.
pub async fn reseal_organization(identity: Identity, run: JobRun) -> Result<JobOutcome, Error> {
    let version: i32 = run.parse()?;
    let parts = &identity.0;
    for column in identity.sealed_columns() {
        let mut steps = 0;
        loop {
            let mut tx = parts.db.tenant(run.organization_id).await?;
            let sealer = parts.sealer.for_tenant(&mut tx, &parts.ids, run.ctx.now()).await?;
            if sealer.version() < version {
                // This node does not know the new version yet.
                return Ok(JobOutcome::Again(run.ctx.now() + Duration::seconds(30)));
            }
            let done = reseal(&mut tx, &sealer, &parts.ids, *column, STEP).await?;
            tx.commit().await?;
            steps += 1;
            if !done.more {
                break;
            }
            if steps == STEPS {
                return Ok(JobOutcome::Again(run.ctx.now()));
            }
        }
    }
    let mut tx = parts.db.tenant(run.organization_id).await?;
    let destroyed = parts.sealer.destroy_data_keys(&mut tx, Some(version), run.ctx.now()).await?;
    tx.commit().await?;
    tracing::info!(organization = %run.organization_id, version, destroyed, "data are sealed with the new key alone");
    Ok(JobOutcome::Done)
}
