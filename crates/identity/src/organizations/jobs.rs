//! What organizations need time and again.

use super::domains::{LostDomain, TELL_DOMAIN_LOST};
use super::erase::{ERASE, erase};
use super::export::{EXPORT, export, forget_old};
use super::{domain_upkeep, keys};
use crate::handle::Identity;
use crate::limits;
use crate::store::{exports, lifecycle, limits as limit_rows};
use chrono::Duration;
use kernel::Error;
use kernel::ids::OrganizationId;
use std::collections::BTreeSet;
use std::future::Future;
use store::PlatformReason;
use store::jobs::{Every, JobKind, JobOutcome, JobRun, Lane, NewJob, Schedule};

/// Hourly: asks which organizations have something due, and gives each a [`CARE`] of its own.
pub const DAILY: &str = "identity.organizations_due";
/// One organization: its subscription, limits, domains, archives.
pub const CARE: &str = "identity.care_for_organization";

/// The kinds of jobs of this area.
pub fn job_kinds(identity: &Identity) -> Vec<JobKind> {
    vec![
        kind(identity, DAILY, due),
        kind(identity, CARE, care),
        kind(identity, ERASE, erase).time_limit(Duration::minutes(10)).max_attempts(100),
        kind(identity, EXPORT, export).time_limit(Duration::hours(2)),
        kind(identity, TELL_DOMAIN_LOST, tell_lost),
        kind(identity, keys::RESEAL, keys::reseal_organization).time_limit(Duration::minutes(10)),
    ]
}

/// What recurs.
pub fn schedules() -> Vec<Schedule> {
    vec![Schedule { name: DAILY, lane: Lane::Default, every: Every::Interval(Duration::hours(1)) }]
}

fn kind<F, Fut>(identity: &Identity, name: &'static str, run: F) -> JobKind
where
    F: Fn(Identity, JobRun) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<JobOutcome, Error>> + Send + 'static,
{
    let identity = identity.clone();
    JobKind::new(name, move |job| run(identity.clone(), job))
}

async fn due(identity: Identity, run: JobRun) -> Result<JobOutcome, Error> {
    let ctx = &run.ctx;
    let domains = domain_upkeep::due_organizations(&identity, ctx).await?;
    let mut tx = identity.0.db.platform(PlatformReason::Maintenance).await?;
    let mut care: BTreeSet<OrganizationId> = domains.into_iter().collect();
    care.extend(limit_rows::due(&mut tx, ctx.now()).await?.into_iter().map(OrganizationId));
    care.extend(exports::organizations_with_expired(&mut tx, ctx.now()).await?);
    care.extend(limit_rows::with_limits(&mut tx).await?.into_iter().map(OrganizationId));
    for organization in care {
        tx.enqueue_for(organization, ctx, NewJob::new(Lane::Bulk, CARE, &()).unique("care"));
    }
    for organization in lifecycle::due_to_erase(&mut tx, ctx.now()).await? {
        tx.enqueue_for(organization, ctx, NewJob::new(Lane::Bulk, ERASE, &()).unique("erase"));
    }
    tx.commit().await?;
    Ok(JobOutcome::Done)
}

async fn care(identity: Identity, run: JobRun) -> Result<JobOutcome, Error> {
    let ctx = &run.ctx;
    let mut tx = identity.0.db.tenant(ctx.organization_id()).await?;
    let ended = limits::step_subscription(ctx, &mut tx).await?;
    limits::measure(ctx, &mut tx).await?;
    tx.commit().await?;
    identity.sessions_ended(&ended);
    identity.rights_changed();
    domain_upkeep::recheck(&identity, ctx).await?;
    forget_old(&identity, ctx).await?;
    Ok(JobOutcome::Done)
}

async fn tell_lost(identity: Identity, run: JobRun) -> Result<JobOutcome, Error> {
    let lost: LostDomain = run.parse()?;
    domain_upkeep::tell_lost(&identity, &lost, &run.ctx).await?;
    Ok(JobOutcome::Done)
}
