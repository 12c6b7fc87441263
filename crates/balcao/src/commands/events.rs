//! `balcao events tail`.

use super::{Session, with_database};
use crate::cli::Events;
use crate::database::{OpenDatabase, inspect};
use crate::failure::Failure;
use crate::print::Printer;
use kernel::ids::OrganizationId;
use serde_json::{Value, json};
use std::time::Duration;
use store::log::{LoggedEvent, Position, after};
use store::{DbError, PlatformReason};

/// Events a look.
const BATCH: i64 = 500;
/// How often `--follow` looks: other processes write, so nobody wakes us.
const PAUSE: Duration = Duration::from_millis(300);

pub async fn run(session: &Session, command: Events) -> Result<(), Failure> {
    let Events::Tail { organization, follow, last } = command;
    with_database(session, async |opened| {
        let organization = match &organization {
            Some(slug) => Some(opened.organization(slug).await?),
            None => None,
        };
        let stop = tokio::signal::ctrl_c();
        tokio::select! {
            done = tail(session.printer, opened, organization, follow, last) => done,
            _ = stop => Ok(()),
        }
    })
    .await
}

async fn tail(
    printer: Printer,
    opened: &OpenDatabase,
    organization: Option<OrganizationId>,
    follow: bool,
    last: u16,
) -> Result<(), Failure> {
    let mut position = start(opened, organization, last).await?;
    loop {
        let mut tx = opened.db.platform(PlatformReason::Operator).await?;
        let events = after(&mut tx, position, BATCH).await?;
        tx.commit().await?;
        for event in &events {
            position = event.position;
            if organization.is_none_or(|organization| organization == event.organization_id) {
                print(printer, event);
            }
        }
        if events.is_empty() {
            if !follow {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// The place before the newest `last` events.
async fn start(opened: &OpenDatabase, organization: Option<OrganizationId>, last: u16) -> Result<Position, Failure> {
    let mut tx = opened.db.platform(PlatformReason::Operator).await?;
    let found =
        inspect::before_newest(tx.conn(), organization.map(|id| *id), i64::from(last)).await.map_err(DbError)?;
    Ok(found.map(|(txid, id)| Position { txid, id }).unwrap_or_default())
}

fn print(printer: Printer, event: &LoggedEvent) {
    let value = envelope(event);
    printer.answer(&value, |_| {
        let stream = format!("{} {}", event.stream.kind, event.stream.id);
        let seq = event.stream.seq.map(|seq| format!(" #{seq}")).unwrap_or_default();
        format!("{}  {:<32} {stream}{seq}", event.occurred_at.format("%Y-%m-%d %H:%M:%S%.3f"), event.kind)
    });
}

fn envelope(event: &LoggedEvent) -> Value {
    json!({
        "id": event.id,
        "organization_id": event.organization_id,
        "type": event.kind,
        "version": event.version,
        "occurred_at": event.occurred_at,
        "stream": {"kind": event.stream.kind, "id": event.stream.id, "seq": event.stream.seq},
        "actor": {"kind": event.actor.kind.as_str(), "id": event.actor.id},
        "request_id": event.request_id,
        "data": event.data,
    })
}
