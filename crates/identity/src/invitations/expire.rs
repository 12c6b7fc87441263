//! The hourly job that ends invitations nobody accepted in time: their seats are free again.

use super::events;
use super::send::append;
use crate::handle::Identity;
use crate::store::invitations as rows;
use crate::users::{Keep, end_membership};
use chrono::Duration;
use kernel::ids::OrganizationId;
use kernel::{Ctx, Error};
use std::sync::Arc;
use store::PlatformReason;
use store::jobs::{Every, JobKind, JobOutcome, Lane, Schedule};
use uuid::Uuid;

/// Ends invitations whose time is over; every five minutes, of the installation.
pub(crate) const EXPIRE: &str = "identity.expire_invitations";

/// Ended in one run.
const BATCH: i32 = 500;

pub(crate) fn expire_schedule() -> Schedule {
    Schedule { name: EXPIRE, lane: Lane::Default, every: Every::Interval(Duration::minutes(5)) }
}

pub(crate) fn expire_job(identity: Identity) -> JobKind {
    JobKind::new(EXPIRE, move |run| {
        let identity = identity.clone();
        async move {
            identity.expire_invitations(&run.ctx.request_id).await?;
            Ok(JobOutcome::Done)
        }
    })
}

impl Identity {
    /// Ends what is over by now; how many there were.
    ///
    /// # Errors
    /// When the database fails; what was ended before stays so.
    pub async fn expire_invitations(&self, request: &Arc<str>) -> Result<usize, Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let over = rows::expired(&mut tx, self.0.clock.now(), BATCH).await?;
        tx.commit().await?;
        for (organization, id) in &over {
            self.expire_one(*organization, *id, request).await?;
        }
        Ok(over.len())
    }

    async fn expire_one(&self, organization: OrganizationId, id: Uuid, request: &Arc<str>) -> Result<(), Error> {
        let ctx = Ctx::system(organization, self.0.clock.clone(), self.0.ids.clone(), request.clone());
        let mut tx = self.0.db.tenant(organization).await?;
        // It may have been accepted or sent again meanwhile.
        let Some(row) =
            rows::lock(&mut tx, id).await?.filter(|row| row.status == "pending" && row.expires_at <= ctx.now())
        else {
            return Ok(());
        };
        rows::set_status(&mut tx, id, "expired", ctx.now()).await?;
        append(&ctx, &mut tx, events::about("invitation.expired", &row));
        if row.membership_status == "invited" {
            end_membership(&ctx, &mut tx, row.membership_id, row.user_id, Keep::RolesAndUnits).await?;
        }
        Ok(tx.commit().await?)
    }
}
