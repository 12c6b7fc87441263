//! What this domain brings to the house.

use crate::events::EVENTS;
use crate::handle::Identity;
use crate::keys::Rotation;
use crate::provision::provision_roles;
use crate::routes::router;
use chrono::Duration;
use kernel::Permission;
use module::{Module, Provision};
use std::sync::Arc;
use store::jobs::{Every, JobKind, JobOutcome, Lane, Schedule};

/// Turns signing keys over and forgets old failures; hourly, of the installation.
pub const UPKEEP: &str = "identity.upkeep";

/// The domain's one value for the binary's list.
pub fn module(identity: Identity) -> Module {
    Module {
        name: "identity",
        routes: router(identity.clone()),
        permissions: &[Permission::USERS_VIEW, Permission::USERS_MANAGE],
        events: EVENTS,
        job_kinds: vec![upkeep(identity)],
        schedules: vec![Schedule { name: UPKEEP, lane: Lane::Default, every: Every::Interval(Duration::hours(1)) }],
        provisions: vec![Provision(Arc::new(|ctx, tx| Box::pin(provision_roles(ctx, tx))))],
        ..Module::default()
    }
}

fn upkeep(identity: Identity) -> JobKind {
    JobKind::new(UPKEEP, move |_| {
        let identity = identity.clone();
        async move {
            identity.rotate_signing_keys(Rotation::WhenDue).await?;
            identity.forget_old_failures().await?;
            Ok(JobOutcome::Done)
        }
    })
}

impl Identity {
    /// Turns the signing keys over: the operator's command and the hourly job.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then.
    pub async fn rotate_signing_keys(&self, how: Rotation) -> Result<(), kernel::Error> {
        self.0.keys.rotate(how).await
    }
}
