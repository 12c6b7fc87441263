//! The end: after the days of grace an organization's keys are destroyed, its rows and files removed, and a skeleton is
//! left (id, dates, totals). Its name is kept from others for a year.

use super::archive;
use super::slugs::{ERASED, RESERVED};
use super::status::{StatusChange, change_status};
use crate::handle::Identity;
use crate::store::{exports, lifecycle as rows, logins, people};
use crate::users::ALONE;
use files::BlobKey;
use kernel::{Actor, Ctx, Error};
use serde_json::json;
use store::jobs::{JobOutcome, JobRun, forget_organization};
use store::{PlatformReason, remove_tenant_rows};

/// Erases one organization.
pub const ERASE: &str = "identity.erase_organization";

/// Rows of a table, and files, that one step removes.
const STEP: i64 = 2_000;
/// Steps of one run; then other work gets its turn.
const STEPS: usize = 50;
/// What stays of an organization besides its own row. The audit's chain stays too: nobody here may remove it.
const KEPT: [&str; 1] = ["former_slugs"];

/// The job [`ERASE`]: begins if the time has come, goes on where an earlier run stopped.
///
/// # Errors
/// When a statement or the store of files fails.
pub async fn erase(identity: Identity, run: JobRun) -> Result<JobOutcome, Error> {
    let ctx = &run.ctx;
    if !begin(&identity, ctx).await? {
        return Ok(JobOutcome::Done);
    }
    remove_files(&identity, ctx).await?;
    let mut tx = identity.0.db.platform(PlatformReason::Maintenance).await?;
    forget_organization(&mut tx, ctx.organization_id()).await?;
    tx.commit().await?;
    for _ in 0..STEPS {
        let mut tx = identity.0.db.tenant(ctx.organization_id()).await?;
        let gone = remove_tenant_rows(&mut tx, &KEPT, STEP).await?;
        let gone = gone + rows::erase_events(&mut tx, STEP).await?;
        tx.commit().await?;
        if gone == 0 {
            tracing::info!(organization = %ctx.organization_id(), "an organization was erased");
            return Ok(JobOutcome::Done);
        }
    }
    Ok(JobOutcome::Again(ctx.now()))
}

/// Whether there is something to erase. What makes it unreadable and unreachable is one transaction.
async fn begin(identity: &Identity, ctx: &Ctx) -> Result<bool, Error> {
    let mut tx = identity.0.db.tenant(ctx.organization_id()).await?;
    if rows::is_erased(&mut tx).await? {
        return Ok(true);
    }
    if rows::closing_at(&mut tx).await?.is_none_or(|at| ctx.now() < at) {
        return Ok(false);
    }
    let Some(row) = rows::find(&mut tx).await? else { return Ok(false) };
    let ended = change_status(ctx, &mut tx, StatusChange::Erase, None, Actor::SYSTEM).await?;
    identity.0.sealer.destroy_data_keys(&mut tx, None, ctx.now()).await?;
    let totals = rows::totals(&mut tx).await?;
    let slug = format!("{ERASED}{}", row.id.simple());
    rows::bare(&mut tx, &slug, "Organização apagada", &json!(totals), ctx.now()).await?;
    rows::keep_slug(&mut tx, &row.slug, false, ctx.now() + RESERVED, ctx.now()).await?;
    rows::former_slugs_lead_nowhere(&mut tx, ctx.now() + RESERVED).await?;
    // Logins that are nobody's member any more are disabled, and erased later.
    for (membership, user) in rows::members(&mut tx).await? {
        if people::remove(&mut tx, membership, ctx.now()).await? {
            logins::leave(&mut tx, user, ctx.now() + ALONE, ctx.now()).await?;
        }
    }
    tx.commit().await?;
    identity.sessions_ended(&ended);
    identity.rights_changed();
    Ok(true)
}

async fn remove_files(identity: &Identity, ctx: &Ctx) -> Result<(), Error> {
    let organization = ctx.organization_id();
    let mut after = None;
    loop {
        let mut tx = identity.0.db.tenant(organization).await?;
        let page = exports::files_after(&mut tx, after, STEP).await?;
        let archives = exports::list(&mut tx).await?;
        tx.commit().await?;
        let archived = archives.iter().filter_map(|archive| archive.blob_key.as_deref());
        for key in page.iter().map(|file| file.blob_key.as_str()).chain(archived).filter_map(BlobKey::parse) {
            identity.0.files.delete(organization, &key).await.map_err(archive::unavailable)?;
        }
        let Some(last) = page.last() else { return Ok(()) };
        after = Some(last.id);
    }
}
