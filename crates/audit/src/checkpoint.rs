//! The day's checkpoints: a signed head of each chain, kept in the database, among the files, and sent outside.
//!
//! In the database they catch whoever changes entries without the key; against somebody who can remove checkpoints too,
//! only those that were sent away help.

use crate::chain::GENESIS;
use crate::handle::Audit;
use crate::head::{Head, SignedHead};
use crate::store;
use ::store::jobs::{JobOutcome, JobRun, Lane, NewJob};
use ::store::{INSTALLATION, PlatformReason};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use files::{Declared, NewBlob};
use kernel::ids::OrganizationId;
use kernel::{Ctx, Error, ErrorKind};
use mail::{Letter, Template};
use outbound::signing::{ID_HEADER, SIGNATURE_HEADER, Signer, TIMESTAMP_HEADER};
use outbound::{Call, HeaderName, HeaderValue, Outbound, Url};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

/// The job that brings a day's checkpoints to the configured URL; payload: [`Delivery`].
pub const DELIVER: &str = "audit.deliver_heads";

/// Where checkpoints are sent. Nothing is sent where nothing is given.
#[derive(Clone, Default)]
pub struct HeadsOut {
    /// Addresses that get them by mail.
    pub mail_to: Vec<String>,
    pub webhook: Option<HeadsWebhook>,
}

/// A URL that gets them as a signed POST (Standard Webhooks).
#[derive(Clone)]
pub struct HeadsWebhook {
    pub outbound: Outbound,
    pub url: Url,
    pub signer: Signer,
}

/// One day's checkpoints. The id stays over all tries.
#[derive(Debug, Serialize, Deserialize)]
struct Delivery {
    id: Uuid,
    at: DateTime<Utc>,
    heads: Vec<SignedHead>,
}

impl Audit {
    /// Takes the day's checkpoint of a chain; `None` while it is empty.
    ///
    /// # Errors
    /// When the database or the files fail.
    pub async fn keep_checkpoint(&self, organization: OrganizationId) -> Result<Option<SignedHead>, Error> {
        let keys = self.head_keys().await?;
        let mut tx = self.0.db.tenant(organization).await?;
        store::lock_chain(&mut tx).await?;
        let Some((seq, hash)) = store::last_link(&mut tx).await? else { return Ok(None) };
        let number = store::last_checkpoint_number(&mut tx).await? + 1;
        let at = self.0.clock.now();
        let head = Head { organization_id: *organization, number: Some(number), seq, hash: hex::encode(&hash), at };
        store::insert_checkpoint(&mut tx, number, (seq, &hash), at, &keys.sign_raw(&head)?).await?;
        tx.commit().await?;
        let signed = keys.sign(head)?;
        self.keep_file(organization, &signed).await?;
        Ok(Some(signed))
    }

    /// Where the chain ends now, signed.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn head(&self, organization: OrganizationId) -> Result<SignedHead, Error> {
        let mut tx = self.0.db.tenant(organization).await?;
        let (seq, hash) = store::last_link(&mut tx).await?.unwrap_or((0, GENESIS.to_vec()));
        tx.commit().await?;
        let (hash, at) = (hex::encode(hash), self.0.clock.now());
        self.head_keys().await?.sign(Head { organization_id: *organization, number: None, seq, hash, at })
    }

    /// Writes the checkpoint among the organization's files, where the database's owner does not reach.
    async fn keep_file(&self, organization: OrganizationId, signed: &SignedHead) -> Result<(), Error> {
        let now = self.0.clock.now();
        let text = serde_json::to_vec(signed).map_err(Error::internal)?;
        let blob = NewBlob {
            organization,
            file: self.0.ids.sortable(now),
            at: now,
            declared: Declared { mime: Some("application/json".to_owned()), name: Some("audit-head.json".to_owned()) },
            max_bytes: 64 * 1024,
        };
        self.0.files.put(blob, Bytes::from(text)).await.map_err(Error::internal)?;
        Ok(())
    }

    /// Hands a day's checkpoints to the post and to the job that delivers them.
    pub(crate) async fn send_out(&self, ctx: &Ctx, heads: Vec<SignedHead>) -> Result<(), Error> {
        let out = &self.0.heads_out;
        if heads.is_empty() || (out.mail_to.is_empty() && out.webhook.is_none()) {
            return Ok(());
        }
        let mut tx = self.0.db.platform(PlatformReason::Maintenance).await?;
        let lines: Vec<String> =
            heads.iter().map(serde_json::to_string).collect::<Result<_, _>>().map_err(Error::internal)?;
        let key = heads.first().map(|head| head.public_key.clone()).unwrap_or_default();
        for to in &out.mail_to {
            let letter = Letter {
                to: to.clone(),
                language: "pt-BR".to_owned(),
                template: Template::AuditHeads,
                data: json!({
                    "day": ctx.now().format("%Y-%m-%d").to_string(), "count": lines.len(), "heads": lines.join("\n"),
                    "public_key": key,
                }),
            };
            mail::post_platform(ctx, &mut tx, &self.0.sealer, &letter)?;
        }
        if out.webhook.is_some() {
            let delivery = Delivery { id: ctx.ids.random(), at: ctx.now(), heads };
            tx.enqueue(ctx, NewJob::new(Lane::Bulk, DELIVER, &delivery));
        }
        Ok(tx.commit().await?)
    }

    /// Brings a day's checkpoints to the URL. What is there already is told again under the same id.
    pub(crate) async fn deliver(&self, run: JobRun) -> Result<JobOutcome, Error> {
        let delivery: Delivery = run.parse()?;
        // Taken out of the configuration meanwhile.
        let Some(webhook) = &self.0.heads_out.webhook else { return Ok(JobOutcome::Done) };
        debug_assert!(run.organization_id == INSTALLATION);
        let body = json!({ "type": "audit.heads", "at": delivery.at, "heads": delivery.heads }).to_string();
        let id = format!("heads_{}", delivery.id.simple());
        let signed = webhook.signer.sign(&id, run.ctx.now(), body.as_bytes()).map_err(Error::internal)?;
        let value = |text: &str| HeaderValue::from_str(text).map_err(Error::internal);
        let call = Call::new("audit_heads", outbound::Method::POST, webhook.url.clone())
            .body(HeaderValue::from_static("application/json"), body)
            .header(HeaderName::from_static(ID_HEADER), value(&signed.id)?)
            .header(HeaderName::from_static(TIMESTAMP_HEADER), value(&signed.timestamp)?)
            .header(HeaderName::from_static(SIGNATURE_HEADER), value(&signed.signature)?);
        match webhook.outbound.call(call).await {
            Ok(_) => Ok(JobOutcome::Done),
            Err(error) => {
                tracing::warn!(%error, "the audit's checkpoints were not delivered");
                Err(Error::new(ErrorKind::Unavailable, "NOT_DELIVERED", "The audit's checkpoints were not delivered."))
            }
        }
    }
}
