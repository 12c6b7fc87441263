//! Handing a message over: checks, an attempt that is committed before the call, the call, its outcome.
//!
//! A call that broke before its request was written may be repeated. A lost answer, or a crash between the call and the
//! commit of its outcome, leaves the attempt without one: it becomes unclear, evidence is awaited, and it is never sent
//! again on a guess.

pub(crate) mod buckets;
mod governor;
mod outcome;

use crate::Channels;
use crate::accounts;
use crate::connector::{OutboundIntent, Recipient};
use crate::items::reason_of;
use ::store::TenantTx;
use ::store::jobs::{JobOutcome, JobRun};
use chrono::{DateTime, Duration, Utc};
use governor::{Wait, Way};
use kernel::ids::{ChannelAccountId, MessageId};
use kernel::{Ctx, Error, ErrorKind};
use messaging::outbound::{self as way_out, Attempt, Finished, Hindrance, Outgoing, SendMessage};
use messaging::status::SendError;
use outbound::breaker::Permit;
use outcome::Told;
use secrecy::SecretString;

/// Evidence may come any moment; those behind this message should not wait for the end of its time.
const EVIDENCE_LOOK: Duration = Duration::seconds(10);
/// An outcome that the database does not take now is offered again so often, a fifth of a second apart.
const SAVES: usize = 50;

/// The job `messaging.send_message`.
pub(crate) async fn send(channels: Channels, run: JobRun) -> Result<JobOutcome, Error> {
    let SendMessage { message_id } = run.parse()?;
    let mut form = None;
    loop {
        let step = match step(&channels, &run.ctx, message_id, form.take()).await {
            Err(error) if error.kind() == ErrorKind::Unavailable => {
                return Ok(JobOutcome::Again(run.ctx.now() + Duration::seconds(1)));
            }
            step => step?,
        };
        match step {
            Step::Done => return Ok(JobOutcome::Done),
            Step::Later(at) => return Ok(JobOutcome::Again(at)),
            Step::OtherForm(recipient) => form = Some(recipient),
        }
    }
}

/// How one round ended.
enum Step {
    Done,
    Later(DateTime<Utc>),
    /// "Undeliverable": the other form of a Brazilian mobile is tried at once.
    OtherForm(Recipient),
}

/// A call about to be made; its attempt is committed.
struct Ready {
    attempt: Attempt,
    permit: Permit,
    number: String,
    token: SecretString,
    intent: OutboundIntent,
}

async fn step(channels: &Channels, ctx: &Ctx, message_id: MessageId, form: Option<Recipient>) -> Result<Step, Error> {
    let mut tx = channels.db.tenant(ctx.organization_id()).await?;
    let Some(outgoing) = way_out::next(&mut tx, message_id).await? else { return Ok(Step::Done) };
    let ready = match begin(channels, ctx, &mut tx, &outgoing, form.clone()).await? {
        Ok(ready) => ready,
        Err(step) => {
            tx.commit().await?;
            return Ok(step);
        }
    };
    // From here on a crash leaves an attempt without an outcome, which is what it is.
    tx.commit().await?;
    let account = outgoing.channel_account_id;
    let answer = channels.send_to_graph(&ready.number, &ready.token, &ready.intent).await;
    let state = channels.breakers.report(&account, ready.permit, outcome::counts_as(&answer), ctx.now());
    tracing::debug!(message = %message_id, circuit = ?state, "a send was answered");
    let other = if form.is_none() { outcome::other_form(&answer, &ready.intent.to) } else { None };
    let told = outcome::tell(channels, ctx, &outgoing, &ready.intent.to, &answer, other.is_some());
    let finished = save(channels, ctx, account, &ready.attempt, &told).await?;
    metrics::counter!("outbound_sends_total", "outcome" => told.label).increment(1);
    Ok(match (finished, other) {
        (Finished::RetryAt(_), Some(recipient)) => Step::OtherForm(recipient),
        (Finished::RetryAt(at), None) => Step::Later(at),
        (Finished::AwaitingEvidence { until }, _) => Step::Later(until.min(ctx.now() + EVIDENCE_LOOK)),
        (Finished::Over, _) => Step::Done,
    })
}

/// Everything before the call, in one transaction. `Err` ends the round; what it wrote is to be committed.
async fn begin(
    channels: &Channels,
    ctx: &Ctx,
    tx: &mut TenantTx,
    outgoing: &Outgoing,
    form: Option<Recipient>,
) -> Result<Result<Ready, Step>, Error> {
    let message_id = outgoing.message_id;
    if let Some(hindrance) = way_out::hindrance(ctx, tx, outgoing).await? {
        return Ok(Err(match hindrance {
            Hindrance::Running { until } => Step::Later(until),
            Hindrance::AwaitingEvidence { until } => Step::Later(until.min(ctx.now() + EVIDENCE_LOOK)),
            Hindrance::Over => Step::Done,
        }));
    }
    let refused = match governor::way(channels, tx, outgoing, form).await? {
        Way::Simulated => {
            way_out::simulate(ctx, tx, outgoing).await?;
            metrics::counter!("outbound_sends_total", "outcome" => "simulated").increment(1);
            return Ok(Err(Step::Done));
        }
        Way::Open { number, token, content, to } => match governor::admit(channels, outgoing, ctx.now()) {
            Ok(permit) => {
                let attempt = way_out::begin_attempt(ctx, tx, outgoing).await?;
                let reply_to_external_id = outgoing.reply_to_external_id.clone();
                let intent = OutboundIntent { to, content, reply_to_external_id, tag: attempt.tag.clone() };
                return Ok(Ok(Ready { attempt, permit, number, token, intent }));
            }
            Err(wait) => Refused::Waits(wait),
        },
        Way::Waits(wait) => Refused::Waits(wait),
        Way::Closed(error) => Refused::ForGood(error),
    };
    match refused {
        Refused::Waits(Wait { until, reason }) => {
            way_out::defer(ctx, tx, message_id, until, reason).await?;
            Ok(Err(Step::Later(until)))
        }
        Refused::ForGood(error) => {
            way_out::fail(ctx, tx, message_id, error).await?;
            Ok(Err(Step::Done))
        }
    }
}

/// What the governor said instead of yes.
enum Refused {
    Waits(Wait),
    ForGood(SendError),
}

/// Writes the outcome. The provider has spoken, so a database that is away for a moment is waited for.
async fn save(
    channels: &Channels,
    ctx: &Ctx,
    account: ChannelAccountId,
    attempt: &Attempt,
    told: &Told,
) -> Result<Finished, Error> {
    let mut left = SAVES;
    loop {
        match save_once(channels, ctx, account, attempt, told).await {
            Err(error) if error.kind() == ErrorKind::Unavailable && left > 0 => left -= 1,
            saved => return saved,
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
}

async fn save_once(
    channels: &Channels,
    ctx: &Ctx,
    account: ChannelAccountId,
    attempt: &Attempt,
    told: &Told,
) -> Result<Finished, Error> {
    let mut tx = channels.db.tenant(ctx.organization_id()).await?;
    let finished = way_out::finish_attempt(ctx, &mut tx, attempt.id, told.outcome.clone()).await?;
    if let Some(class) = told.stops_account {
        accounts::provider_refuses(ctx, &mut tx, account, reason_of(class)).await?;
    }
    tx.commit().await?;
    Ok(finished)
}
