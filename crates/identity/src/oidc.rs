//! Signing in through identity providers (OpenID Connect): authorization code with PKCE, state and nonce, bound to the
//! browser that began.
//!
//! A person at a provider is issuer and subject. A provider of the platform (configuration) signs in whoever linked it.
//! A provider of an organization gives sessions of that organization only, and is believed about an e-mail only on
//! domains that the organization proved its own. Nothing links a login silently that the provider has no right to.

mod admit;
mod carrier;
mod checks;
mod client;
mod cookie;
pub(crate) mod events;
mod exchange;
mod flow;
mod identities;
mod join;
mod person;
mod providers;
mod roles;
pub(crate) mod routes;
mod rules;

pub(crate) use admit::admit;

use crate::handle::Identity;
use crate::store::oidc as rows;
use kernel::ids::OrganizationId;
use kernel::{Error, ErrorKind};
use secrecy::SecretString;
use std::collections::BTreeMap;
use store::{Place, PlatformReason};
use uuid::Uuid;

/// A provider that the operator configured for everybody.
#[derive(Clone, Debug)]
pub struct PlatformProvider {
    /// Its name in URLs: lower-case letters, digits and hyphens.
    pub key: String,
    /// What people see.
    pub name: String,
    pub issuer: String,
    pub client_id: String,
    pub client_secret: SecretString,
}

/// A provider as a sign-in uses it.
pub(crate) struct Provider {
    /// The platform's key, or the id of an organization's provider.
    pub key: String,
    pub issuer: String,
    pub client_id: String,
    pub client_secret: SecretString,
    /// What only an organization's provider has.
    pub own: Option<OrganizationProvider>,
}

pub(crate) struct OrganizationProvider {
    pub id: Uuid,
    pub organization_id: OrganizationId,
    /// Lower case.
    pub domains: Vec<String>,
    /// Whether people unknown here become members by signing in.
    pub jit: bool,
    pub default_role_id: Uuid,
    pub group_claim: String,
    /// Role by group.
    pub group_roles: BTreeMap<String, Uuid>,
}

impl Identity {
    /// The provider of this key or id.
    async fn provider(&self, key: &str) -> Result<Provider, Error> {
        if let Some(found) = self.0.settings.providers.iter().find(|provider| provider.key == key) {
            return Ok(Provider {
                key: found.key.clone(),
                issuer: found.issuer.clone(),
                client_id: found.client_id.clone(),
                client_secret: found.client_secret.clone(),
                own: None,
            });
        }
        let id: Uuid = key.parse().map_err(|_| Error::not_found())?;
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        let organization = rows::organization_of_provider(&mut tx, id).await?;
        tx.commit().await?;
        let organization_id = organization.ok_or_else(Error::not_found)?;
        let mut tx = self.0.db.tenant(organization_id).await?;
        let row = rows::find(&mut tx, id).await?.ok_or_else(Error::not_found)?;
        let sealer = self.0.sealer.for_tenant(&mut tx, &self.0.ids, self.0.clock.now()).await?;
        tx.commit().await?;
        let secret = sealer.open(place(&organization_id, &id), &row.secret_sealed)?;
        let secret = String::from_utf8(secret).map_err(Error::internal)?;
        Ok(Provider {
            key: id.to_string(),
            issuer: row.issuer,
            client_id: row.client_id,
            client_secret: SecretString::from(secret),
            own: Some(OrganizationProvider {
                id,
                organization_id,
                domains: row.domains,
                jit: row.jit,
                default_role_id: row.default_role_id,
                group_claim: row.group_claim,
                group_roles: serde_json::from_value(row.group_role_map).unwrap_or_default(),
            }),
        })
    }
}

fn place<'a>(organization: &'a OrganizationId, id: &'a Uuid) -> Place<'a> {
    Place {
        organization: organization.as_bytes(),
        table: "identity_providers",
        column: "secret_sealed",
        row: id.as_bytes(),
    }
}

/// The one answer for a person whom the provider's word does not let in.
fn not_linked() -> Error {
    Error::new(
        ErrorKind::Forbidden,
        "OIDC_NOT_LINKED",
        "This account is not linked here; sign in another way and link it, or ask your administrator.",
    )
}
