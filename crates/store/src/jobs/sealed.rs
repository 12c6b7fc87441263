//! A payload that nobody can read in the database: addresses, links, whatever lets somebody in or names somebody.

use crate::seal::{Place, Sealer};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kernel::ids::OrganizationId;
use kernel::{Ctx, Error};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What lies in the job; made with [`SealedPayload::seal`], read with [`SealedPayload::open`].
#[derive(Serialize, Deserialize)]
pub struct SealedPayload {
    /// Names the content for good, over all tries.
    pub id: Uuid,
    sealed: String,
}

impl SealedPayload {
    /// For a job of this organization (the nil id for the installation's own).
    ///
    /// # Errors
    /// When it cannot be sealed.
    pub fn seal(
        ctx: &Ctx,
        sealer: &Sealer,
        organization: OrganizationId,
        content: &impl Serialize,
    ) -> Result<Self, Error> {
        let id: Uuid = ctx.ids.random();
        let text = serde_json::to_vec(content).map_err(Error::internal)?;
        let sealed = STANDARD.encode(sealer.seal(&ctx.ids, place(&organization, &id), &text)?);
        Ok(Self { id, sealed })
    }

    /// # Errors
    /// When it was sealed for another organization or with a key that is gone: not retryable.
    pub fn open<T: DeserializeOwned>(&self, sealer: &Sealer, organization: OrganizationId) -> Result<T, Error> {
        let unreadable = |error: String| Error::internal(format!("sealed payload: {error}")).with_retryable(false);
        let sealed = STANDARD.decode(&self.sealed).map_err(|error| unreadable(error.to_string()))?;
        let text = sealer.open(place(&organization, &self.id), &sealed).map_err(|error| error.with_retryable(false))?;
        serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))
    }
}

fn place<'a>(organization: &'a OrganizationId, id: &'a Uuid) -> Place<'a> {
    Place { organization: organization.as_bytes(), table: "jobs", column: "payload", row: id.as_bytes() }
}
