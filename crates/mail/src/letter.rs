//! Posting a letter: a job whose payload nobody can read in the database.

use crate::job::SEND;
use crate::template::Template;
use kernel::ids::OrganizationId;
use kernel::{Ctx, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::jobs::{Lane, NewJob, SealedPayload};
use store::{INSTALLATION, PlatformTx, Sealer, TenantTx};

/// Hands a letter to the post, in the transaction of what it tells. Nothing is sent before the commit.
///
/// # Errors
/// When it cannot be sealed.
pub fn post(ctx: &Ctx, tx: &mut TenantTx, sealer: &Sealer, letter: &Letter) -> Result<(), Error> {
    let job = sealed_job(ctx, tx.organization_id(), sealer, letter)?;
    tx.enqueue(ctx, job);
    Ok(())
}

/// The same for a letter that no organization writes. The transaction must be one of the worker role; one of the
/// application role posts in the transaction of [`INSTALLATION`].
///
/// # Errors
/// When it cannot be sealed.
pub fn post_platform(ctx: &Ctx, tx: &mut PlatformTx, sealer: &Sealer, letter: &Letter) -> Result<(), Error> {
    tx.enqueue(ctx, sealed_job(ctx, INSTALLATION, sealer, letter)?);
    Ok(())
}

/// What is to be written to whom.
#[derive(Clone, Serialize, Deserialize)]
pub struct Letter {
    /// One address.
    pub to: String,
    /// `pt-BR`, `en`, `es`; any other is written to in the nearest of these.
    pub language: String,
    pub template: Template,
    /// What the template names.
    pub data: Value,
}

impl std::fmt::Debug for Letter {
    /// The template alone: the rest is personal or secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Letter").field("template", &self.template).finish_non_exhaustive()
    }
}

fn sealed_job(ctx: &Ctx, organization: OrganizationId, sealer: &Sealer, letter: &Letter) -> Result<NewJob, Error> {
    let payload = SealedPayload::seal(ctx, sealer, organization, letter)?;
    Ok(NewJob::new(Lane::Default, SEND, &payload).until(ctx.now() + letter.template.worth_sending_for()))
}
