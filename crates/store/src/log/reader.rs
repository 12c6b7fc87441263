//! Durable readers: each follows the log with its own cursor and keeps what it could not take per organization, so that a
//! poison event of one organization stops nobody else. All readers of a node read the log together, and of it only the
//! kinds that one of them listens to: most of what is written concerns none.

use super::backlog::{self, Head};
use super::position::Position;
use super::read::{Heard, LoggedEvent, head, heard};
use crate::database::Database;
use crate::error::DbError;
use crate::platform_tx::{PlatformReason, PlatformTx};
use chrono::Duration;
use futures_util::future::BoxFuture;
use kernel::ids::OrganizationId;
use kernel::{Ctx, Error};
use std::collections::HashSet;
use std::sync::Arc;
use tokio::time::Instant;
use uuid::Uuid;

/// Events looked at in a step, most of which pass by.
const LOOK: i64 = 2_000;
/// How long a node keeps a reader to itself after each step.
const LEASE: Duration = Duration::seconds(30);
/// Steps begin at least this far apart, so that a stream of commits is heard in batches: nobody waits for a reader.
const GAP: std::time::Duration = std::time::Duration::from_millis(25);

/// What a domain does when it hears events of others. It must be idempotent: an event may come again.
#[derive(Clone)]
pub struct Reader {
    /// Unique and stable: the cursor is kept under this name.
    pub name: &'static str,
    /// Kinds it listens to; others pass by.
    pub kinds: Vec<&'static str>,
    pub run: Arc<dyn Fn(ReaderRun) -> BoxFuture<'static, Result<(), Error>> + Send + Sync>,
}

/// One event for one reader.
pub struct ReaderRun {
    pub ctx: Ctx,
    pub event: LoggedEvent,
}

/// Runs the house's readers on this node.
pub struct Readers {
    db: Database,
    clock: kernel::Clock,
    ids: kernel::Ids,
    node: Uuid,
    readers: Vec<Reader>,
}

/// A reader that is this node's for now.
struct Leased<'r> {
    reader: &'r Reader,
    cursor: Position,
    /// Organizations of which an event waits: what comes now waits behind it.
    behind: HashSet<OrganizationId>,
}

impl Readers {
    pub fn new(db: Database, clock: kernel::Clock, ids: kernel::Ids, readers: Vec<Reader>) -> Self {
        let node = ids.sortable(clock.now());
        Self { db, clock, ids, node, readers }
    }

    /// Follows the log until `stop` resolves: on every wake-up, and by a timer in case one is lost.
    pub async fn run(&self, mut stop: tokio::sync::watch::Receiver<bool>) {
        let mut news = self.db.wake().listen();
        while !*stop.borrow() {
            let began = Instant::now();
            let again = match self.step().await {
                Ok(done) => done > 0,
                Err(error) => {
                    tracing::warn!(%error, "readers: step failed");
                    false
                }
            };
            if !again {
                tokio::select! {
                    _ = news.changed() => {}
                    () = tokio::time::sleep(std::time::Duration::from_secs(1)) => {}
                    _ = stop.changed() => continue,
                }
            }
            tokio::select! {
                () = tokio::time::sleep_until(began + GAP) => news.mark_unchanged(),
                _ = stop.changed() => {}
            }
        }
    }

    /// One step of every reader; answers how many events were handled or set aside.
    ///
    /// # Errors
    /// When the database fails; what was handled before is handled again later.
    pub async fn step(&self) -> Result<usize, DbError> {
        let mut leased = self.lease().await?;
        let names: Vec<&str> = leased.iter().map(|leased| leased.reader.name).collect();
        let now = self.clock.now();
        let mut tx = self.db.platform(PlatformReason::EventLog).await?;
        let heads = backlog::heads(&mut tx, &names).await?;
        let (due, mut waiting): (Vec<Head>, Vec<Head>) = heads.into_iter().partition(|head| head.due_at <= now);
        let tried = due.len();
        if tried > 0 {
            tx.commit().await?;
            for head in due {
                self.retry(head).await?;
            }
            tx = self.db.platform(PlatformReason::EventLog).await?;
            waiting = backlog::heads(&mut tx, &names).await?;
        }
        for head in waiting {
            if let Some(leased) = leased.iter_mut().find(|leased| leased.reader.name == head.reader) {
                leased.behind.insert(head.organization_id);
            }
        }
        Ok(tried + self.follow(tx, leased).await?)
    }

    /// The readers at which no other node is at work, with their places. A statement of its own, for a transaction that
    /// writes holds back the log's horizon; a lost lease is only one that is taken again, so it does not wait for the disk.
    async fn lease(&self) -> Result<Vec<Leased<'_>>, DbError> {
        let names: Vec<&str> = self.readers.iter().map(|reader| reader.name).collect();
        let now = self.clock.now();
        let mut conn = self.db.queue().await?;
        let rows = sqlx::query!(
            "with not_synced as materialized (select set_config('synchronous_commit', 'off', true))
             insert into reader_cursors (reader, txid, event, leased_by, leased_until, updated_at)
             select name, 0, 0, $2, $3, $4 from unnest($1::text[]) name, not_synced order by name
             on conflict (reader) do update set leased_by = $2, leased_until = $3
             where reader_cursors.leased_by = $2 or reader_cursors.leased_until is null or reader_cursors.leased_until < $4
             returning reader, txid, event",
            &names as &[&str],
            self.node,
            now + LEASE,
            now
        )
        .fetch_all(&mut *conn)
        .await?;
        conn.settle();
        let leased = self.readers.iter().filter_map(|reader| {
            let row = rows.iter().find(|row| row.reader == reader.name)?;
            Some(Leased { reader, cursor: Position { txid: row.txid, id: row.event }, behind: HashSet::new() })
        });
        Ok(leased.collect())
    }

    /// Hands what is new to those who listen to it. Readers at one place look together, and most times all are; one that
    /// is new or behind looks for itself and holds up nobody.
    async fn follow(&self, mut tx: PlatformTx, mut leased: Vec<Leased<'_>>) -> Result<usize, DbError> {
        let end = head(&mut tx).await?;
        tx.commit().await?;
        leased.sort_by_key(|leased| leased.cursor);
        let mut done = 0;
        for together in leased.chunk_by_mut(|one, other| one.cursor == other.cursor) {
            done += self.look(together, end).await?;
        }
        Ok(done)
    }

    async fn look(&self, together: &mut [Leased<'_>], end: Position) -> Result<usize, DbError> {
        let Some(start) = together.first().map(|leased| leased.cursor) else { return Ok(0) };
        let kinds: Vec<&str> = together.iter().flat_map(|leased| leased.reader.kinds.iter().copied()).collect();
        let mut tx = self.db.platform(PlatformReason::EventLog).await?;
        let Heard { events, until } = heard(&mut tx, start, end, &kinds, LOOK).await?;
        tx.commit().await?;
        let mut done = 0;
        for leased in together.iter_mut() {
            let kinds = &leased.reader.kinds;
            for event in events.iter().filter(|event| kinds.contains(&event.kind.as_str())) {
                self.take_up(leased, event).await?;
                done += 1;
            }
        }
        self.advance(together, until).await?;
        // A full look has more behind it.
        Ok(done.max(usize::from(until < end)))
    }

    async fn take_up(&self, leased: &mut Leased<'_>, event: &LoggedEvent) -> Result<(), DbError> {
        let failed = if leased.behind.contains(&event.organization_id) {
            None
        } else {
            let Err(error) = self.hand_over(leased.reader, event.clone()).await else { return Ok(()) };
            Some(error)
        };
        leased.behind.insert(event.organization_id);
        let mut tx = self.db.platform(PlatformReason::EventLog).await?;
        backlog::set_aside(&mut tx, leased.reader.name, event, failed.as_ref(), self.clock.now()).await?;
        tx.commit().await
    }

    /// Moves the places on. Where that is lost, or another node took over, events only come again.
    async fn advance(&self, leased: &[Leased<'_>], until: Position) -> Result<(), DbError> {
        let names: Vec<&str> = leased.iter().map(|leased| leased.reader.name).collect();
        let mut conn = self.db.queue().await?;
        sqlx::query!(
            "with not_synced as materialized (select set_config('synchronous_commit', 'off', true))
             update reader_cursors set txid = $2, event = $3, updated_at = $4 from not_synced
             where reader = any($1) and leased_by = $5 and (txid, event) < ($2, $3)",
            &names as &[&str],
            until.txid,
            until.id,
            self.clock.now(),
            self.node
        )
        .execute(&mut *conn)
        .await?;
        conn.settle();
        Ok(())
    }

    async fn hand_over(&self, reader: &Reader, event: LoggedEvent) -> Result<(), Error> {
        let ctx =
            Ctx::system(event.organization_id, self.clock.clone(), self.ids.clone(), event.request_id.as_str().into());
        let kind = event.kind.clone();
        let outcome = (reader.run)(ReaderRun { ctx, event }).await;
        if let Err(error) = &outcome {
            tracing::warn!(reader = reader.name, event = %kind, %error, private = error.private(), "reader failed");
        }
        outcome
    }

    /// Tries the event again that an organization waits for.
    async fn retry(&self, head: Head) -> Result<(), DbError> {
        let mut tx = self.db.platform(PlatformReason::EventLog).await?;
        let event = backlog::event(&mut tx, &head).await?;
        tx.commit().await?;
        let reader = self.readers.iter().find(|reader| reader.name == head.reader);
        let outcome = match (reader, event) {
            (Some(reader), Some(event)) => self.hand_over(reader, event).await,
            _ => Ok(()),
        };
        let mut tx = self.db.platform(PlatformReason::EventLog).await?;
        backlog::settle(&mut tx, &head, outcome.err().as_ref(), self.clock.now()).await?;
        tx.commit().await
    }
}
