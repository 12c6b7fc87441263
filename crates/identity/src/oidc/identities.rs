//! One's own accounts at providers: list, link, unlink.

use super::client::Assertion;
use super::events;
use super::flow::Link;
use super::{Provider, not_linked};
use crate::handle::Identity;
use crate::mfa;
use crate::sign_in::Client;
use crate::store::oidc::{self as rows, NewIdentity};
use chrono::{DateTime, Utc};
use kernel::{Ctx, Error, ErrorKind};
use serde::Serialize;
use store::TenantTx;
use url::Url;
use uuid::Uuid;

/// An account at a provider that signs its owner in here.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct IdentityView {
    #[schema(example = "01990c5e-8f6a-7000-8000-000000000001")]
    pub id: Uuid,
    /// Key of a provider of the platform, or id of an organization's.
    #[schema(example = "google")]
    pub provider: String,
    #[schema(example = "https://accounts.example")]
    pub issuer: String,
    pub linked_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

impl Identity {
    /// Own ones: those at the platform's providers and at providers of the caller's organization. Those at other
    /// organizations' providers are theirs to show.
    pub(super) async fn identities(&self, ctx: &Ctx, tx: &mut TenantTx) -> Result<Vec<IdentityView>, Error> {
        let user_id = ctx.require_person()?;
        let here: Vec<String> = rows::list(tx).await?.into_iter().map(|provider| provider.id.to_string()).collect();
        let platform = |key: &String| self.0.settings.providers.iter().any(|provider| provider.key == *key);
        let all = rows::identities(tx, user_id).await?;
        let shown = all.into_iter().filter(|row| here.contains(&row.provider) || platform(&row.provider));
        let view = |row: rows::IdentityRow| IdentityView {
            id: row.id,
            provider: row.provider,
            issuer: row.issuer,
            linked_at: row.created_at,
            last_used_at: row.last_used_at,
        };
        Ok(shown.map(view).collect())
    }

    /// Where the caller's browser goes to link an account.
    pub(super) async fn begin_link(
        &self,
        ctx: &Ctx,
        provider: &str,
        return_to: Option<&str>,
        browser: [u8; 32],
    ) -> Result<Url, Error> {
        let user_id = ctx.require_person()?;
        ctx.require_recent()?;
        let organization_id = ctx.organization_id();
        let found = self.provider(provider).await?;
        if found.own.is_some_and(|own| own.organization_id != organization_id) {
            return Err(Error::not_found());
        }
        let link = Link { user_id, organization_id };
        self.set_off(provider, return_to, None, Some(link), browser).await
    }

    /// Links what the provider vouched for to whoever began it.
    pub(super) async fn link_identity(
        &self,
        provider: &Provider,
        link: Link,
        assertion: &Assertion,
        client: &Client,
    ) -> Result<(), Error> {
        if provider.own.as_ref().is_some_and(|own| own.organization_id != link.organization_id) {
            return Err(not_linked());
        }
        let ctx = self.acting(link.organization_id, client);
        let mut tx = self.0.db.tenant(link.organization_id).await?;
        let new = NewIdentity {
            id: ctx.new_id(),
            user_id: link.user_id,
            provider: &provider.key,
            issuer: &assertion.issuer,
            subject: &assertion.subject,
        };
        if rows::count_at(&mut tx, link.user_id, &provider.key).await? > 0
            || !rows::link(&mut tx, &new, ctx.now()).await?
        {
            return Err(Error::new(
                ErrorKind::Conflict,
                "IDENTITY_TAKEN",
                "This account is linked already, or another one of the same provider is.",
            ));
        }
        tx.append(&ctx, events::linked(link.user_id, &provider.key, "person"));
        mfa::tell(self, &ctx, &mut tx, link.user_id, "identity_linked").await?;
        tx.commit().await?;
        Ok(())
    }

    pub(super) async fn unlink_identity(&self, ctx: &Ctx, tx: &mut TenantTx, id: Uuid) -> Result<(), Error> {
        let user_id = ctx.require_person()?;
        let found = self.identities(ctx, tx).await?.into_iter().find(|identity| identity.id == id);
        let found = found.ok_or_else(Error::not_found)?;
        ctx.require_recent()?;
        rows::unlink(tx, user_id, id).await?;
        tx.append(ctx, events::unlinked(user_id, &found.provider));
        mfa::tell(self, ctx, tx, user_id, "identity_unlinked").await
    }
}
