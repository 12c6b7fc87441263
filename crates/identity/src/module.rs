//! What this domain brings to the house.

use crate::events::{self, EVENTS};
use crate::handle::Identity;
use crate::keys::Rotation;
use crate::provision::provision_roles;
use crate::routes::router;
use crate::{assignments, denial, explain, impersonation, roles, service_accounts};
use crate::{invitations, mfa, oidc, organizations, passkeys, privacy, sign_in, users};
use chrono::Duration;
use kernel::{Ctx, Permission};
use module::{EventDoc, Module, Provision};
use std::sync::{Arc, OnceLock};
use store::jobs::{Every, JobKind, JobOutcome, Lane, Schedule};
use store::{INSTALLATION, SealedColumn};

/// Turns signing keys over and forgets old failures; hourly, of the installation.
pub const UPKEEP: &str = "identity.upkeep";

/// The domain's one value for the binary's list.
pub fn module(identity: Identity) -> Module {
    Module {
        name: "identity",
        routes: router(identity.clone()),
        permissions: &[
            Permission::ORGANIZATION_VIEW,
            Permission::ORGANIZATION_MANAGE,
            Permission::ORGANIZATION_BILLING,
            Permission::ORGANIZATION_CLOSE,
            Permission::USERS_VIEW,
            Permission::USERS_MANAGE,
            Permission::USERS_DELETE,
            Permission::USERS_ERASE,
            Permission::USERS_IMPERSONATE,
            Permission::ROLES_VIEW,
            Permission::ROLES_MANAGE,
            Permission::ROLES_ASSIGN,
            Permission::SERVICE_ACCOUNTS_VIEW,
            Permission::SERVICE_ACCOUNTS_MANAGE,
            Permission::PLATFORM_ORGANIZATIONS,
            Permission::PLATFORM_SUPPORT,
            Permission::PLATFORM_OPERATIONS,
            Permission::PRIVACY_VIEW,
            Permission::PRIVACY_MANAGE,
        ],
        events: documented(),
        resources: explain::resources(),
        job_kinds: [
            upkeep(identity.clone()),
            service_accounts::job_kind(identity.clone()),
            impersonation::job_kind(identity.clone()),
            invitations::expire_job(identity.clone()),
            sign_in::ask_job_kind(identity.clone()),
            sign_in::facts::job_kind(identity.clone()),
            users::register_job_kind(identity.clone()),
        ]
        .into_iter()
        .chain(privacy::job_kinds(&identity))
        .chain(organizations::job_kinds(&identity))
        .collect(),
        schedules: [
            Schedule {
                name: service_accounts::ENDING,
                lane: Lane::Default,
                every: Every::Interval(Duration::hours(1)),
            },
            Schedule { name: impersonation::SWEEP, lane: Lane::Default, every: Every::Interval(Duration::minutes(5)) },
            Schedule { name: UPKEEP, lane: Lane::Default, every: Every::Interval(Duration::hours(1)) },
            invitations::expire_schedule(),
        ]
        .into_iter()
        .chain(privacy::schedules())
        .chain(organizations::schedules())
        .collect(),
        sealed: &[SealedColumn { table: "identity_providers", column: "secret_sealed", row: "uuid_send(id)" }],
        house_sealed: crate::house_key::COLUMNS,
        provisions: vec![Provision(Arc::new(|ctx, tx| Box::pin(provision_roles(ctx, tx))))],
        ..Module::default()
    }
}

/// The events of all areas, a line each.
fn documented() -> &'static [EventDoc] {
    static ALL: OnceLock<Vec<EventDoc>> = OnceLock::new();
    ALL.get_or_init(|| {
        [
            EVENTS,
            organizations::events::EVENTS,
            denial::EVENTS,
            roles::events::EVENTS,
            assignments::events::EVENTS,
            service_accounts::events::EVENTS,
            impersonation::events::EVENTS,
            users::EVENTS,
            invitations::EVENTS,
            privacy::EVENTS,
            sign_in::facts::EVENTS,
            mfa::events::EVENTS,
            passkeys::events::EVENTS,
            oidc::events::EVENTS,
        ]
        .concat()
    })
}

fn upkeep(identity: Identity) -> JobKind {
    JobKind::new(UPKEEP, move |_| {
        let identity = identity.clone();
        async move {
            identity.rotate_signing_keys(Rotation::WhenDue).await?;
            identity.forget_old_failures().await?;
            identity.forget_old_links().await?;
            identity.forget_old_steps().await?;
            Ok(JobOutcome::Done)
        }
    })
}

impl Identity {
    /// Turns the signing keys over: the operator's command and the hourly job. Answers the key that signs from now on, if
    /// that is another one than before; the installation's log has it then.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then.
    pub async fn rotate_signing_keys(&self, how: Rotation) -> Result<Option<String>, kernel::Error> {
        let turned = self.0.keys.rotate(how).await?;
        if let Some(kid) = &turned {
            let (clock, ids) = (self.0.clock.clone(), self.0.ids.clone());
            let ctx = Ctx::system(INSTALLATION, clock, ids, "signing-keys".into());
            let mut tx = self.0.db.tenant(INSTALLATION).await?;
            tx.append(&ctx, events::signing_key_rotated(kid, how == Rotation::Emergency));
            tx.commit().await?;
        }
        Ok(turned)
    }
}
