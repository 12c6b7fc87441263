//! The governor's checks at hand-over, in their order: organization, account, address, content, then circuit and buckets.
//!
//! Blocked contacts and messages whose time is over are messaging's to know: it refuses to begin an attempt.

use crate::Channels;
use crate::accounts::AccountStatus;
use crate::connector::{ConnectorKind, OutboundContent, Recipient};
use crate::secrets::ACCESS_TOKEN;
use crate::store::accounts as account_rows;
use ::store::TenantTx;
use chrono::{DateTime, Duration, Utc};
use kernel::Error;
use messaging::content::Segment;
use messaging::outbound::Outgoing;
use messaging::status::SendError;
use outbound::breaker::{CircuitState, Permit};
use secrecy::SecretString;

/// How often a waiting message looks whether its organization and its account are back.
const ACCOUNT_LOOK: Duration = Duration::seconds(15);
/// A probe is out: its answer is a matter of seconds.
const PROBE_LOOK: Duration = Duration::seconds(2);

/// Whether a message may go.
pub(super) enum Way {
    Open {
        number: String,
        token: SecretString,
        content: OutboundContent,
        to: Recipient,
    },
    /// Everything runs and nothing leaves.
    Simulated,
    Waits(Wait),
    /// It fails for good.
    Closed(SendError),
}

/// The message stays queued, visibly.
pub(super) struct Wait {
    pub until: DateTime<Utc>,
    pub reason: &'static str,
}

/// The checks that read; `form` is the address form to use instead of the known one.
pub(super) async fn way(
    channels: &Channels,
    tx: &mut TenantTx,
    outgoing: &Outgoing,
    form: Option<Recipient>,
) -> Result<Way, Error> {
    let id = outgoing.channel_account_id;
    let account = account_rows::brief(tx, id).await?.ok_or_else(Error::not_found)?;
    let waits = |reason| Way::Waits(Wait { until: channels.clock.now() + ACCOUNT_LOOK, reason });
    if !account.outbound_open {
        return Ok(waits("ORGANIZATION_SUSPENDED"));
    }
    match account.status {
        AccountStatus::Active => {}
        AccountStatus::Paused => return Ok(waits("ACCOUNT_PAUSED")),
        AccountStatus::Error => return Ok(waits("ACCOUNT_ERROR")),
        AccountStatus::Draft | AccountStatus::Archived => return Ok(closed("ACCOUNT_NOT_ACTIVE", "account", true)),
    }
    let content = match content_of(&outgoing.segments) {
        Ok(content) => content,
        Err(code) => return Ok(closed(code, "content", false)),
    };
    if outgoing.simulated || account.simulation {
        return Ok(Way::Simulated);
    }
    let to = match (form, &outgoing.to.phone_raw, &outgoing.to.bsuid) {
        (Some(form), _, _) => form,
        (None, Some(phone), _) => Recipient::Phone(phone.clone()),
        (None, None, Some(bsuid)) => Recipient::Bsuid(bsuid.clone()),
        (None, None, None) => return Ok(closed("CONTACT_UNREACHABLE", "recipient", false)),
    };
    let token = channels.secret(tx, id, ACCESS_TOKEN).await?;
    Ok(match (account.external_id, token) {
        (Some(number), Some(token)) => Way::Open { number, token, content, to },
        _ => waits("ACCOUNT_ERROR"),
    })
}

/// The checks that take something: circuit, then both buckets. To be asked last.
pub(super) fn admit(channels: &Channels, outgoing: &Outgoing, now: DateTime<Utc>) -> Result<Permit, Wait> {
    let account = outgoing.channel_account_id;
    if let CircuitState::Open { until } = channels.breakers.state(&account, now) {
        return Err(Wait { until, reason: "CIRCUIT_OPEN" });
    }
    if let Err(until) = channels.buckets.take(account, outgoing.address_id, now) {
        return Err(Wait { until, reason: "RATE_LIMITED" });
    }
    let probing = |until: DateTime<Utc>| Wait { until: until.min(now + PROBE_LOOK), reason: "CIRCUIT_OPEN" };
    channels.breakers.admit(&account, now).map_err(probing)
}

/// Text is what this version can send: one segment, within the channel's length.
fn content_of(segments: &[Segment]) -> Result<OutboundContent, &'static str> {
    let [segment] = segments else { return Err("CAPABILITY_MISSING") };
    let content = OutboundContent::try_from(segment).map_err(|_| "CAPABILITY_MISSING")?;
    let OutboundContent::Text { text, .. } = &content;
    let connector = ConnectorKind::Whatsapp;
    if connector.text_length(text) > connector.max_text_length() { Err("MESSAGE_TOO_LONG") } else { Ok(content) }
}

fn closed(code: &str, class: &str, retryable: bool) -> Way {
    Way::Closed(SendError { code: code.to_owned(), class: class.to_owned(), detail: None, retryable })
}
