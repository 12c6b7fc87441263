//! What an answer of the provider means for the message, the account, the buckets and the circuit.

use crate::Channels;
use crate::connector::{ErrorClass, Recipient, SendOutcome};
use crate::whatsapp::errors::recipient_pause;
use chrono::{DateTime, Duration, SubsecRound, Utc};
use kernel::Ctx;
use messaging::outbound::{Outcome, Outgoing};
use outbound::breaker;
use outbound::retry::GOVERNOR;

/// "Undeliverable": not on WhatsApp, or not under this form of the number.
const UNDELIVERABLE: i64 = 131_026;
/// A message of an account that must be reconnected looks again after this; it finds the account in `error`.
const ACCOUNT_LOOK: Duration = Duration::seconds(15);

/// What to write.
pub(super) struct Told {
    pub outcome: Outcome,
    /// The provider refuses the account itself.
    pub stops_account: Option<ErrorClass>,
    /// For metrics.
    pub label: &'static str,
}

/// How the circuit counts an answer.
pub(super) fn counts_as(answer: &SendOutcome) -> breaker::Outcome {
    match answer {
        SendOutcome::Accepted { .. } => breaker::Outcome::Success,
        SendOutcome::Unclear { .. } => breaker::Outcome::Failure,
        SendOutcome::Rejected { class, .. } if class.opens_circuit() => breaker::Outcome::Failure,
        SendOutcome::Rejected { .. } => breaker::Outcome::Neutral,
    }
}

/// The other form of a Brazilian mobile, where the provider cannot deliver to this one.
pub(super) fn other_form(answer: &SendOutcome, to: &Recipient) -> Option<Recipient> {
    match (answer, to) {
        (SendOutcome::Rejected { code: Some(UNDELIVERABLE), .. }, Recipient::Phone(phone)) => {
            contacts::phone::other_form(phone).map(Recipient::Phone)
        }
        _ => None,
    }
}

/// The outcome in messaging's words. `switching`: the other form is tried next, at once.
pub(super) fn tell(
    channels: &Channels,
    ctx: &Ctx,
    outgoing: &Outgoing,
    to: &Recipient,
    answer: &SendOutcome,
    switching: bool,
) -> Told {
    let now = ctx.now();
    match answer {
        SendOutcome::Accepted { external_id, address_used } => {
            let answered = address_used.as_ref().and_then(|address| address.phone_raw.clone());
            let used = match to {
                Recipient::Phone(phone) => answered.or_else(|| Some(phone.clone())),
                Recipient::Bsuid(_) => answered,
            };
            let outcome = Outcome::Accepted { external_id: external_id.clone(), address_used: used };
            Told { outcome, stops_account: None, label: "accepted" }
        }
        SendOutcome::Unclear { detail } => {
            let outcome = Outcome::Unclear { detail: detail.clone() };
            Told { outcome, stops_account: None, label: "unclear" }
        }
        SendOutcome::Rejected { class, retry_after, trace_id, .. } => {
            tracing::warn!(message = %outgoing.message_id, class = class.as_str(), trace = trace_id.as_deref(), "the provider refused a message");
            let retry_at = if switching {
                Some(now)
            } else if class.stops_account() {
                Some(now + ACCOUNT_LOOK)
            } else {
                retry_at(channels, ctx, outgoing, *class, *retry_after)
            };
            let error = answer.send_error().unwrap_or_else(unknown);
            let stops_account = class.stops_account().then_some(*class);
            Told { outcome: Outcome::Rejected { error, retry_at }, stops_account, label: class.as_str() }
        }
    }
}

/// When to try again, if at all; the buckets learn of it.
fn retry_at(
    channels: &Channels,
    ctx: &Ctx,
    outgoing: &Outgoing,
    class: ErrorClass,
    wish: Option<std::time::Duration>,
) -> Option<DateTime<Utc>> {
    if !class.retryable() {
        return None;
    }
    let now = ctx.now();
    let attempt = u32::try_from(outgoing.tries).unwrap_or(0).saturating_add(1);
    let account = outgoing.channel_account_id;
    let wish = match class {
        ErrorClass::ThrottledRecipient => wish.or_else(|| Some(recipient_pause(attempt))),
        _ => wish,
    };
    // In the microseconds that the queue keeps: a bucket that rests a fraction longer would send the job round again.
    let at = GOVERNOR.next_attempt(attempt, ctx.ids.fraction(), wish, now, None)?.trunc_subsecs(6);
    match class {
        ErrorClass::ThrottledRecipient => channels.buckets.rest_pair(account, outgoing.address_id, at, now),
        ErrorClass::Throttled => channels.buckets.rest_number(account, at, now),
        _ => {}
    }
    Some(at)
}

fn unknown() -> messaging::status::SendError {
    messaging::status::SendError {
        code: String::new(),
        class: ErrorClass::Unknown.as_str().to_owned(),
        detail: None,
        retryable: false,
    }
}
