//! The jobs of this area, and what runs every hour.

use crate::handle::Identity;
use crate::store::privacy as rows;
use chrono::Duration;
use kernel::ids::UserId;
use kernel::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use store::PlatformReason;
use store::jobs::{Every, JobKind, JobOutcome, Lane, Schedule};
use uuid::Uuid;

/// Erases a person in one organization.
pub(super) const ERASE_MEMBERSHIP: &str = "identity.erase_membership";
/// Erases a person everywhere.
pub(super) const ERASE_LOGIN: &str = "identity.erase_login";
/// Makes a copy of a person's data.
pub(super) const EXPORT: &str = "identity.export_person";
/// Erases logins whose time has come and deletes copies whose day is over; hourly, of the installation.
const UPKEEP: &str = "identity.privacy_upkeep";

/// Handled in one run.
const BATCH: i32 = 200;

#[derive(Serialize, Deserialize)]
pub(super) struct EraseMembership {
    pub user_id: UserId,
}

#[derive(Serialize, Deserialize)]
pub(super) struct EraseLogin {
    pub user_id: UserId,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ExportJob {
    pub export_id: Uuid,
}

pub(crate) fn schedules() -> Vec<Schedule> {
    vec![Schedule { name: UPKEEP, lane: Lane::Default, every: Every::Interval(Duration::hours(1)) }]
}

pub(crate) fn job_kinds(identity: &Identity) -> Vec<JobKind> {
    let (membership, login, export, upkeep) = (identity.clone(), identity.clone(), identity.clone(), identity.clone());
    vec![
        JobKind::new(ERASE_MEMBERSHIP, move |run| {
            let identity = membership.clone();
            async move {
                let job: EraseMembership = run.parse()?;
                let organization = run.organization_id;
                identity.erase_membership(organization, job.user_id, "request", &run.ctx.request_id).await?;
                Ok(JobOutcome::Done)
            }
        })
        .time_limit(Duration::minutes(10)),
        JobKind::new(ERASE_LOGIN, move |run| {
            let identity = login.clone();
            async move {
                let job: EraseLogin = run.parse()?;
                identity.erase_person(job.user_id, "own", &run.ctx.request_id).await?;
                Ok(JobOutcome::Done)
            }
        })
        .time_limit(Duration::minutes(10)),
        JobKind::new(EXPORT, move |run| {
            let identity = export.clone();
            async move {
                let job: ExportJob = run.parse()?;
                identity.make_export(&run.ctx, job.export_id).await?;
                Ok(JobOutcome::Done)
            }
        })
        .time_limit(Duration::minutes(30)),
        JobKind::new(UPKEEP, move |run| {
            let identity = upkeep.clone();
            async move {
                identity.erase_due(&run.ctx.request_id).await?;
                identity.expire_exports().await?;
                Ok(JobOutcome::Done)
            }
        })
        .time_limit(Duration::minutes(30)),
    ]
}

impl Identity {
    /// Erases the logins whose time has come; how many. Whoever must be kept, or is somebody's last admin, is looked at
    /// again the next time.
    ///
    /// # Errors
    /// When a store fails.
    pub async fn erase_due(&self, request: &Arc<str>) -> Result<usize, Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let due = rows::due_logins(&mut tx, self.0.clock.now(), BATCH).await?;
        tx.commit().await?;
        let mut erased = 0;
        for user in due {
            match self.erase_person(user, "own", request).await {
                Ok(_) => erased += 1,
                Err(error) if error.kind() == ErrorKind::Conflict => {
                    tracing::info!(code = error.code(), "an erasure that is due has to wait");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(erased)
    }

    /// Deletes copies of people's data whose day is over; how many.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn expire_exports(&self) -> Result<usize, Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let over = rows::expired_exports(&mut tx, self.0.clock.now(), BATCH).await?;
        tx.commit().await?;
        for (organization, id) in &over {
            let mut tx = self.0.db.tenant(*organization).await?;
            let blobs = rows::expire_exports(&mut tx, Some(*id), None).await?;
            tx.commit().await?;
            for blob in blobs {
                self.forget_blob(Some(&blob)).await;
            }
        }
        Ok(over.len())
    }
}
