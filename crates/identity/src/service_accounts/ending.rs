//! The job that tells of keys about to end: 14 and 3 days before by mail, at the end by an event.

use super::events;
use crate::handle::Identity;
use crate::store::api_keys::{self as keys, EndingKey};
use chrono::{Duration, SecondsFormat};
use kernel::ids::OrganizationId;
use kernel::{Ctx, Error};
use mail::{Letter, Template};
use serde_json::json;
use store::PlatformReason;
use store::jobs::{JobKind, JobOutcome};

/// Of the installation, hourly.
pub const ENDING: &str = "identity.ending_keys";

pub fn job_kind(identity: Identity) -> JobKind {
    JobKind::new(ENDING, move |job| {
        let identity = identity.clone();
        async move {
            identity.tell_of_ending_keys(&job.ctx).await?;
            Ok(JobOutcome::Done)
        }
    })
}

impl Identity {
    /// Tells of every key whose end comes near or came. Each warning is given once.
    ///
    /// # Errors
    /// When the database fails; what was told before is kept.
    pub async fn tell_of_ending_keys(&self, ctx: &Ctx) -> Result<(), Error> {
        let mut tx = self.0.db.platform(PlatformReason::Maintenance).await?;
        let organizations = keys::organizations_with_ending(&mut tx, ctx.now()).await?;
        tx.commit().await?;
        for organization in organizations {
            self.tell_of_ending_keys_in(organization, ctx).await?;
        }
        Ok(())
    }

    async fn tell_of_ending_keys_in(&self, organization: OrganizationId, ctx: &Ctx) -> Result<(), Error> {
        let ctx = Ctx::system(organization, ctx.clock.clone(), ctx.ids.clone(), ctx.request_id.clone());
        let now = ctx.now();
        let mut tx = self.0.db.tenant(organization).await?;
        for key in keys::ending(&mut tx, now).await? {
            let days = match key.expires_at - now {
                left if left <= Duration::zero() => 0,
                left if left <= Duration::days(3) => 3,
                _ => 14,
            };
            keys::set_warned(&mut tx, key.id, days).await?;
            if days == 0 {
                tx.append(&ctx, events::key_expired(key.id, key.service_account_id, &key.prefix, key.expires_at));
            } else if !key.replaced {
                self.warn(&ctx, &mut tx, &key).await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// To who made the key, if he is still here, else to the admins.
    async fn warn(&self, ctx: &Ctx, tx: &mut store::TenantTx, key: &EndingKey) -> Result<(), Error> {
        for reader in keys::readers_of_warning(tx, key.created_by, ctx.now()).await? {
            let letter = Letter {
                to: reader.email,
                language: reader.language,
                template: Template::ApiKeyEnding,
                data: json!({
                    "account": key.account_name,
                    "prefix": key.prefix,
                    "ends": key.expires_at.to_rfc3339_opts(SecondsFormat::Secs, true),
                    "organization": key.organization_name,
                }),
            };
            mail::post(ctx, tx, &self.0.sealer, &letter)?;
        }
        Ok(())
    }
}
