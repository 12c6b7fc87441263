//! The reader that turns facts of the log into entries of the chain, one after another in each organization.

use crate::chain::{GENESIS, Link, commitment};
use crate::handle::Audit;
use crate::store::{self, NewValue};
use ::store::log::{EventOrigin, LoggedEvent, ReaderRun, take_origin};
use ::store::{Place, TenantTx};
use chrono::Duration;
use kernel::audited::category;
use kernel::token::hmac_sha256;
use kernel::{ActorKind, Error};
use serde_json::{Value, json};
use uuid::Uuid;

/// Reading the same thing again within this is not noted again.
pub const READ_WINDOW: Duration = Duration::minutes(10);
/// Members of an event's data that name a result of their own.
const RESULT: &str = "result";

impl Audit {
    /// Hears one event. Hearing it again changes nothing.
    pub(crate) async fn record(&self, run: ReaderRun) -> Result<(), Error> {
        let event = run.event;
        let Some(category) = category(&event.kind) else { return Ok(()) };
        let mut tx = self.0.db.tenant(event.organization_id).await?;
        store::lock_chain(&mut tx).await?;
        if store::has_event(&mut tx, *event.id).await? {
            return Ok(());
        }
        let origin = take_origin(&mut tx, event.id).await?;
        if event.kind == "privacy.data_read" && !self.is_worth_noting(&mut tx, &event).await? {
            tx.commit().await?;
            return Ok(());
        }
        let (last_seq, prev_hash) = store::last_link(&mut tx).await?.unwrap_or((0, GENESIS.to_vec()));
        let values = self.values(&event, last_seq + 1, origin.as_ref())?;
        let commitments: serde_json::Map<String, Value> =
            values.iter().map(|value| (value.field.to_owned(), json!(value.commitment))).collect();
        let mut link = Link {
            organization_id: *event.organization_id,
            seq: last_seq + 1,
            id: self.0.ids.sortable(self.0.clock.now()),
            event_id: *event.id,
            at: event.occurred_at,
            category: category.as_str().to_owned(),
            actor_kind: event.actor.kind.as_str().to_owned(),
            actor_id: event.actor.id,
            impersonator_id: impersonator(&event.data),
            resource_type: event.stream.kind.to_string(),
            resource_id: event.stream.id,
            result: result_of(&event).to_owned(),
            request_id: event.request_id.clone(),
            details: event.data.to_string(),
            commitments: Value::Object(commitments).to_string(),
            action: event.kind,
            prev_hash,
            hash: Vec::new(),
        };
        link.hash = link.computed().to_vec();
        store::insert(&mut tx, &link).await?;
        store::insert_values(&mut tx, link.seq, &values).await?;
        tx.commit().await?;
        let lag = (self.0.clock.now() - link.at).num_milliseconds();
        #[expect(clippy::cast_precision_loss, reason = "seconds for a gauge")]
        metrics::gauge!("audit_lag_seconds").set(lag as f64 / 1000.0);
        Ok(())
    }

    async fn is_worth_noting(&self, tx: &mut TenantTx, event: &LoggedEvent) -> Result<bool, Error> {
        if !identity::settings::effective(tx).await?.audit_log_reads {
            return Ok(false);
        }
        let Some(actor) = event.actor.id else { return Ok(false) };
        let after = event.occurred_at - READ_WINDOW;
        Ok(!store::was_read(tx, actor, &event.stream.kind, event.stream.id, after).await?)
    }

    /// The keyed hash under which a personal value can be found again.
    pub(crate) fn lookup(&self, field: &str, value: &str) -> [u8; 32] {
        hmac_sha256(&self.0.lookup_key, &[field.as_bytes(), value.as_bytes()])
    }

    /// The personal values of an entry: committed to in the chain, kept sealed beside it.
    fn values(&self, event: &LoggedEvent, seq: i64, origin: Option<&EventOrigin>) -> Result<Vec<NewValue>, Error> {
        let person = event.actor.id.filter(|_| event.actor.kind == ActorKind::User);
        let known = [
            ("ip", origin.and_then(|o| o.ip.as_deref())),
            ("user_agent", origin.and_then(|o| o.user_agent.as_deref())),
        ];
        let mut values = Vec::new();
        for (field, value) in known {
            let Some(value) = value else { continue };
            let mut salt = [0; 16];
            self.0.ids.fill(&mut salt);
            let place = value_place(event.organization_id.as_bytes(), &seq.to_be_bytes(), field);
            values.push(NewValue {
                field,
                person_id: person,
                commitment: commitment(&salt, value),
                salt: salt.to_vec(),
                lookup: self.lookup(field, value),
                sealed: self.0.sealer.seal(&self.0.ids, place.as_place(), value.as_bytes())?,
            });
        }
        Ok(values)
    }
}

/// Where a personal value is sealed to.
pub(crate) struct ValuePlace {
    organization: Vec<u8>,
    row: Vec<u8>,
}

pub(crate) fn value_place(organization: &[u8], seq: &[u8], field: &str) -> ValuePlace {
    ValuePlace { organization: organization.to_vec(), row: [seq, field.as_bytes()].concat() }
}

impl ValuePlace {
    pub fn as_place(&self) -> Place<'_> {
        Place { organization: &self.organization, table: "audit_values", column: "value", row: &self.row }
    }
}

fn impersonator(data: &Value) -> Option<Uuid> {
    data.get("impersonator_id")?.as_str()?.parse().ok()
}

fn result_of(event: &LoggedEvent) -> &'static str {
    match event.data.get(RESULT).and_then(Value::as_str) {
        Some("denied") => return "denied",
        Some("failed") => return "failed",
        _ => {}
    }
    match event.kind.as_str() {
        "access.denied" | "impersonation.rejected" | "auth.throttled" => "denied",
        kind if kind.ends_with("_failed") || kind == "auth.refresh_reused" => "failed",
        _ => "success",
    }
}
