//! The job that sends a letter.

use crate::letter::Letter;
use crate::transport::Mailer;
use chrono::Duration;
use kernel::Error;
use store::Sealer;
use store::jobs::{Backoff, JobKind, JobOutcome, SealedPayload};

/// One letter to one address.
pub const SEND: &str = "mail.send";

/// Pauses between tries: soon while somebody may be waiting for a link, then patiently, for about a day.
const PAUSES: &[Duration] = &[
    Duration::seconds(5),
    Duration::seconds(20),
    Duration::minutes(1),
    Duration::minutes(3),
    Duration::minutes(10),
    Duration::minutes(30),
    Duration::hours(2),
];
const TRIES: i16 = 18;

/// Sends what was posted; for the list of job kinds.
pub fn job_kind(mailer: Mailer, sealer: Sealer) -> JobKind {
    JobKind::new(SEND, move |run| {
        let (mailer, sealer) = (mailer.clone(), sealer.clone());
        async move {
            let payload: SealedPayload = run.parse()?;
            let letter: Letter = payload.open(&sealer, run.organization_id)?;
            let template = letter.template.name();
            let sent = mailer.send(&letter, payload.id, run.ctx.now()).await;
            let outcome = if sent.is_ok() { "sent" } else { "failed" };
            metrics::counter!("mails_total", "template" => template, "outcome" => outcome).increment(1);
            sent.map(|()| JobOutcome::Done).map_err(|error| {
                tracing::warn!(template, %error, "a mail was not sent");
                Error::from(error)
            })
        }
    })
    .max_attempts(TRIES)
    .backoff(Backoff::Steps(PAUSES))
    .time_limit(Duration::minutes(2))
}
