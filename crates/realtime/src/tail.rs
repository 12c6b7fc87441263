//! The live tail: this node follows the log and delivers each event to the sockets that may hear it.

use crate::connection::{Connection, Cut};
use crate::envelope::Heard;
use crate::hub::Inner;
use crate::room::Room;
use crate::session::Gone;
use futures_util::{StreamExt, stream};
use kernel::Error;
use kernel::ids::SessionId;
use serde::Deserialize;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::PlatformReason;
use store::log::{Position, TextEvent};
use tokio::sync::watch;

/// Entries read at once.
const BATCH: u32 = 500;
/// After news it looks again soon (a transaction that is still running may hide them), then ever less often.
const SOON: Duration = Duration::from_millis(5);
/// News of other nodes, and of a lost signal, are found within this.
const SELDOM: Duration = Duration::from_millis(500);
/// Reads begin at least this far apart, so that a stream of commits is read in batches.
const GAP: Duration = Duration::from_millis(3);
/// Sessions that are read again at the same time.
const READ_AT_ONCE: usize = 16;
/// The fact that ends sockets at once.
const SESSION_REVOKED: &str = "auth.session_revoked";

/// Follows the log from its present end until `stop` says so.
pub(crate) async fn run(hub: &Arc<Inner>, mut stop: watch::Receiver<bool>) {
    let mut news = hub.db.wake().listen();
    let mut tail = Tail { hub, skipped_at: None };
    let mut pause = SOON;
    while !*stop.borrow() {
        let began = Instant::now();
        match tail.step().await {
            Ok(found) if found >= BATCH => continue,
            Ok(found) => pause = if found > 0 { SOON } else { (pause * 2).min(SELDOM) },
            Err(error) => {
                tracing::warn!(code = error.code(), private = error.private(), "realtime: the log could not be read");
                pause = SELDOM;
            }
        }
        tokio::select! {
            changed = news.changed() => {
                // News in a stream are taken up together.
                let gap = if changed.is_ok() { GAP.saturating_sub(began.elapsed()) } else { SELDOM };
                pause = SOON;
                tokio::time::sleep(gap).await;
                news.mark_unchanged();
            }
            () = tokio::time::sleep(pause) => {}
            _ = stop.changed() => {}
        }
    }
}

/// This node's reader of the log.
struct Tail<'h> {
    hub: &'h Arc<Inner>,
    /// When the end of the log was last looked up without reading it, there being nobody to hear it.
    skipped_at: Option<Instant>,
}

impl Tail<'_> {
    /// One round; answers how many entries were taken up.
    async fn step(&mut self) -> Result<u32, Error> {
        let hub = self.hub;
        if !hub.started.is_cancelled() || hub.registry.is_empty() {
            return self.skip().await.map(|()| 0);
        }
        let position = *hub.tail();
        let mut tx = hub.db.platform(PlatformReason::EventLog).await?;
        let events = store::log::texts_after(&mut tx, position, BATCH.into()).await?;
        tx.commit().await?;
        for event in &events {
            *hub.tail() = event.position;
            take_up(hub, event).await;
        }
        Ok(u32::try_from(events.len()).unwrap_or(BATCH))
    }

    /// Goes to the end of the log, now and then, while nobody listens.
    async fn skip(&mut self) -> Result<(), Error> {
        let hub = self.hub;
        if self.skipped_at.is_some_and(|at| at.elapsed() < SELDOM) {
            return Ok(());
        }
        hub.load_cursors().await?;
        let head = head(hub).await?;
        self.skipped_at = Some(Instant::now());
        {
            let mut tail = hub.tail();
            // Whoever entered meanwhile goes on from the old place, unless there is none yet.
            if hub.registry.is_empty() || !hub.started.is_cancelled() {
                *tail = (*tail).max(head);
            }
        }
        hub.started.cancel();
        Ok(())
    }
}

async fn head(hub: &Inner) -> Result<Position, Error> {
    let mut tx = hub.db.platform(PlatformReason::EventLog).await?;
    let head = store::log::head(&mut tx).await?;
    tx.commit().await?;
    Ok(head)
}

async fn take_up(hub: &Arc<Inner>, event: &TextEvent) {
    if event.kind == SESSION_REVOKED {
        end_session(hub, event);
    }
    let receivers = hub.registry.in_rooms(event.organization_id, &Room::of_event(event));
    let Some(cursors) = hub.cursors().filter(|_| !receivers.is_empty()) else { return };
    freshen(hub, &receivers).await;
    let (heard, now) = (Arc::new(Heard::new(event, cursors)), hub.clock.now());
    let (mut delivered, mut brisk) = (0, false);
    for receiver in receivers.iter().filter(|receiver| !receiver.is_closed()) {
        let session = receiver.session();
        session.mark_used();
        let subject = session.subject();
        let outcome = receiver.with_flow(hub, |flow, line| flow.hear(line, &heard, &subject, now));
        delivered += u64::from(outcome.delivered);
        brisk |= outcome.brisk;
    }
    if brisk {
        // A burst is read faster than it is written: readers that keep up get the processor first.
        tokio::task::yield_now().await;
    }
    if delivered > 0 {
        metrics::counter!("realtime_deliveries_total").increment(delivered);
        let lag = (now - event.occurred_at).to_std().unwrap_or_default();
        metrics::histogram!("realtime_delivery_lag_seconds").record(lag.as_secs_f64());
    }
}

/// Reads again the sessions of receivers whose decision would be too old, and cuts those that ended.
async fn freshen(hub: &Arc<Inner>, receivers: &[Arc<Connection>]) {
    let max_age = hub.settings.recheck;
    let stale = receivers.iter().filter(|receiver| receiver.session().age() >= max_age);
    stream::iter(stale)
        .for_each_concurrent(READ_AT_ONCE, |receiver| async move {
            match receiver.session().fresh(hub, max_age).await {
                Ok(_) => {}
                Err(Gone::Revoked) => receiver.cut(hub, Cut::SessionRevoked),
                // Nothing is sent on an old decision: the client comes back with its cursor.
                Err(Gone::Unknown) => receiver.cut(hub, Cut::Lost),
            }
        })
        .await;
}

/// What [`SESSION_REVOKED`] tells.
#[derive(Deserialize)]
struct Ended {
    session_id: SessionId,
}

fn end_session(hub: &Arc<Inner>, event: &TextEvent) {
    let Ok(Ended { session_id }) = serde_json::from_str(event.data.get()) else { return };
    for connection in hub.registry.of_session(event.organization_id, session_id) {
        connection.cut(hub, Cut::SessionRevoked);
    }
}
