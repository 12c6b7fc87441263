//! Upkeep: whole oldest segments go when they are old enough, checkpoints are taken daily, erased people are forgotten.

use crate::handle::Audit;
use crate::head::Head;
use crate::store;
use crate::verify::fact;
use ::store::jobs::{JobOutcome, JobRun};
use ::store::log::ReaderRun;
use ::store::{INSTALLATION, PlatformReason};
use chrono::Duration;
use files::BlobKey;
use identity::settings;
use kernel::ids::OrganizationId;
use kernel::{Ctx, Error};
use serde_json::json;

/// Daily work of every organization: retention, exports that are over, the day's head.
pub const UPKEEP: &str = "audit.upkeep";
/// Entries of a segment: chains are cut at multiples of it only.
const SEGMENT: i64 = 1_000;
/// However short an organization's retention is set.
const SHORTEST_DAYS: i64 = 180;

impl Audit {
    /// The daily job of the installation.
    pub(crate) async fn upkeep(&self, run: JobRun) -> Result<JobOutcome, Error> {
        let mut tx = self.0.db.platform(PlatformReason::Maintenance).await?;
        let organizations = store::organizations(&mut tx).await?;
        tx.commit().await?;
        let mut heads = Vec::new();
        for organization in organizations.into_iter().chain([*INSTALLATION]) {
            let organization = OrganizationId(organization);
            let ctx = Ctx::system(organization, self.0.clock.clone(), self.0.ids.clone(), run.ctx.request_id.clone());
            self.prune(&ctx).await?;
            self.drop_old_exports(organization).await?;
            heads.extend(self.keep_checkpoint(organization).await?);
        }
        self.send_out(&run.ctx, heads).await?;
        Ok(JobOutcome::Done)
    }

    /// Removes whole segments that are older than the organization keeps them; answers how many entries went. While a
    /// legal hold is set in the organization nothing goes: the database itself refuses.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn prune(&self, ctx: &Ctx) -> Result<i64, Error> {
        let organization = ctx.organization_id();
        let mut tx = self.0.db.tenant(organization).await?;
        let days = settings::effective(&mut tx).await?.audit_retention_days.max(SHORTEST_DAYS);
        let old = store::seq_at(&mut tx, ctx.now() - Duration::days(days)).await?;
        let upto = old.map_or(0, |(seq, ..)| seq - seq % SEGMENT);
        let last = store::hash_of(&mut tx, upto).await?;
        tx.commit().await?;
        let Some(hash) = last else { return Ok(0) };
        let head =
            Head { organization_id: *organization, number: None, seq: upto, hash: hex::encode(hash), at: ctx.now() };
        let signature = self.head_keys().await?.sign_raw(&head)?;
        let mut tx = self.0.db.platform(PlatformReason::Maintenance).await?;
        let gone = store::prune(&mut tx, *organization, upto, &signature, ctx.now()).await?;
        tx.commit().await?;
        if gone > 0 {
            let mut tx = self.0.db.tenant(organization).await?;
            tx.append(ctx, fact(ctx, "audit.pruned", json!({ "through_seq": upto, "entries": gone })));
            tx.commit().await?;
        }
        Ok(gone)
    }

    async fn drop_old_exports(&self, organization: OrganizationId) -> Result<(), Error> {
        let mut tx = self.0.db.tenant(organization).await?;
        let over = store::expire_exports(&mut tx, self.0.clock.now()).await?;
        tx.commit().await?;
        for key in over.iter().filter_map(|key| BlobKey::parse(key)) {
            self.0.files.delete(organization, &key).await.map_err(Error::internal)?;
        }
        Ok(())
    }

    /// Hears that a person was erased: the personal values of his entries go, the chain stays.
    pub(crate) async fn forget(&self, run: ReaderRun) -> Result<(), Error> {
        let named = run.event.data.get("user_id").and_then(|id| id.as_str()).and_then(|id| id.parse().ok());
        let person = named.unwrap_or(run.event.stream.id);
        let mut tx = self.0.db.platform(PlatformReason::Maintenance).await?;
        store::forget(&mut tx, *run.event.organization_id, person).await?;
        tx.commit().await?;
        Ok(())
    }
}
