//! Intake: store first, answer at once, work later.
//!
//! A genuine body is sealed, hashed and written together with the job that will take it apart, many bodies in one
//! statement and one commit; nothing in it is read here. A body that is there already changes nothing.

mod limits;

use crate::Channels;
use crate::connector::ConnectorKind;
use crate::items::split_job;
use crate::settings::IntakeLimits;
use crate::store::raw::{self, NewRaw};
use crate::whatsapp::handshake::{self, HandshakeError};
use ::store::{Coalescer, DbError, INSTALLATION, Place, PlatformReason};
use kernel::token::hmac_sha256;
use kernel::{Error, ErrorKind};
use limits::{BadSenders, PerMinute};
use secrecy::ExposeSecret;
use serde_json::json;
use std::net::IpAddr;
use std::sync::Arc;
use uuid::Uuid;

/// The node's part of the intake.
pub(crate) struct Intake {
    writer: Coalescer<NewRaw, bool>,
    taken: PerMinute,
    bad: BadSenders,
}

impl Intake {
    pub(crate) fn new(limits: IntakeLimits) -> Self {
        Self {
            writer: Coalescer::new(limits.batch.max(1), limits.parallel.max(1)),
            taken: PerMinute::new(limits.per_minute),
            bad: BadSenders::new(limits.bad_per_minute),
        }
    }
}

/// A webhook as it came.
#[derive(Clone, Debug)]
pub struct Webhook<'a> {
    pub connector: ConnectorKind,
    /// The value of [`ConnectorKind::signature_header`].
    pub signature: Option<&'a [u8]>,
    pub user_agent: Option<&'a str>,
    pub body: &'a [u8],
    /// Where it came from, to count bad signatures.
    pub from: IpAddr,
    pub request_id: Arc<str>,
}

impl Channels {
    /// Answers the provider's handshake with the text to send as `text/plain`. `raw_query` is undecoded.
    ///
    /// # Errors
    /// 403 for a wrong mode or token, 400 without a challenge.
    pub fn handshake(&self, raw_query: &str) -> Result<String, Error> {
        let tokens: Vec<&str> = self.settings.verify_tokens.iter().map(|token| token.expose_secret()).collect();
        handshake::answer(raw_query, &tokens).map_err(|error| match error {
            HandshakeError::Forbidden => {
                Error::new(ErrorKind::Forbidden, "HANDSHAKE_REFUSED", "The mode or the verify token is wrong.")
            }
            HandshakeError::BadRequest => {
                Error::new(ErrorKind::BadRequest, "CHALLENGE_MISSING", "There is no challenge to answer.")
            }
        })
    }

    /// Takes a webhook in. When this returns well, the body and the job that takes it apart are committed (or were
    /// before).
    ///
    /// # Errors
    /// 401 `SIGNATURE_INVALID` with nothing stored; 429 `RATE_LIMITED` after too many of these from one address, and when this node
    /// is overloaded; 503 when it could not be stored.
    pub async fn take_in(&self, webhook: Webhook<'_>) -> Result<(), Error> {
        let connector = webhook.connector;
        let secrets: Vec<&[u8]> =
            self.settings.app_secrets.iter().map(|secret| secret.expose_secret().as_bytes()).collect();
        let now = self.clock.now();
        if let Err(refusal) = connector.verify(webhook.signature, webhook.body, &secrets) {
            metrics::counter!("webhooks_refused_total", "connector" => connector.as_str(), "reason" => "signature")
                .increment(1);
            tracing::warn!(connector = connector.as_str(), reason = %refusal, "a webhook without a good signature");
            if !self.intake.bad.admit(webhook.from, now) {
                return Err(too_many("Too many bad signatures from this address."));
            }
            return Err(Error::new(
                ErrorKind::Unauthenticated,
                "SIGNATURE_INVALID",
                "The signature is missing or wrong.",
            ));
        }
        if !self.intake.taken.admit(now) {
            metrics::counter!("webhooks_refused_total", "connector" => connector.as_str(), "reason" => "overload")
                .increment(1);
            return Err(too_many("This node takes in no more webhooks this minute; send it again."));
        }
        let id: Uuid = self.ids.sortable(now);
        let row = NewRaw {
            id,
            connector: connector.as_str(),
            received_at: now,
            headers: json!({ "user-agent": webhook.user_agent }),
            body_sealed: self.sealer.seal(&self.ids, raw_place(&id), webhook.body)?,
            body_hash: hmac_sha256(&self.keys.body, &[webhook.body]),
        };
        let (this, request_id) = (self.clone(), webhook.request_id);
        let write = move |rows: Vec<NewRaw>| this.clone().write_batch(rows, request_id.clone());
        if self.intake.writer.submit(row, write).await == Some(true) {
            return Ok(());
        }
        metrics::counter!("webhooks_refused_total", "connector" => connector.as_str(), "reason" => "not_stored")
            .increment(1);
        Err(Error::new(ErrorKind::Unavailable, "NOT_STORED", "It could not be stored; send it again.")
            .with_retry_after_ms(1_000))
    }

    /// One statement, one job, one commit for the whole batch.
    async fn write_batch(self, mut rows: Vec<NewRaw>, request_id: Arc<str>) -> Vec<bool> {
        let count = rows.len();
        // Two batches that hold the same two bodies must meet them in the same order, or they block each other.
        rows.sort_unstable_by_key(|row| row.body_hash);
        let written: Result<u64, DbError> = async {
            let mut tx = self.db.platform(PlatformReason::Intake).await?;
            let new = raw::insert(&mut tx, &rows).await?;
            if new > 0 {
                tx.enqueue(&self.installation_ctx(request_id), split_job());
            }
            tx.commit().await?;
            Ok(new)
        }
        .await;
        match &written {
            Ok(new) => {
                metrics::counter!("webhooks_stored_total", "new" => "yes").increment(*new);
                metrics::counter!("webhooks_stored_total", "new" => "no")
                    .increment((count as u64).saturating_sub(*new));
            }
            Err(error) => tracing::error!(%error, count, "webhooks could not be stored"),
        }
        vec![written.is_ok(); count]
    }
}

/// Where a raw body lives, for the sealer.
pub(crate) fn raw_place(id: &Uuid) -> Place<'_> {
    Place { organization: INSTALLATION_BYTES, table: "inbound_raw", column: "body_sealed", row: id.as_bytes() }
}

const INSTALLATION_BYTES: &[u8] = INSTALLATION.0.as_bytes();

fn too_many(detail: &'static str) -> Error {
    Error::new(ErrorKind::TooManyRequests, "RATE_LIMITED", detail).with_retry_after_ms(60_000)
}
