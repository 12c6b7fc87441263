//! Durable readers: each follows the whole log with its own cursor and keeps what it could not take per organization,
//! so that a poison event of one organization stops nobody else.

use super::position::Position;
use super::read::{LoggedEvent, after};
use crate::database::Database;
use crate::error::DbError;
use crate::platform_tx::{PlatformReason, PlatformTx};
use chrono::{DateTime, Duration, Utc};
use futures_util::future::BoxFuture;
use kernel::ids::OrganizationId;
use kernel::{Ctx, Error};
use std::collections::HashSet;
use std::sync::Arc;
use uuid::Uuid;

/// Tries of one event before it is set aside as dead.
const MAX_ATTEMPTS: i32 = 5;
/// Events a step.
const BATCH: i64 = 200;
/// How long a node keeps a reader to itself after each step.
const LEASE: Duration = Duration::seconds(30);

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

impl Readers {
    pub fn new(db: Database, clock: kernel::Clock, ids: kernel::Ids, readers: Vec<Reader>) -> Self {
        let node = ids.sortable(clock.now());
        Self { db, clock, ids, node, readers }
    }

    /// Follows the log until `stop` resolves: on every wake-up, and by a timer in case one is lost.
    pub async fn run(&self, mut stop: tokio::sync::watch::Receiver<bool>) {
        let mut news = self.db.wake().listen();
        while !*stop.borrow() {
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
                    _ = stop.changed() => {}
                }
            }
        }
    }

    /// One step of every reader; answers how many events were handled or set aside.
    ///
    /// # Errors
    /// When the database fails; what was handled before is handled again later.
    pub async fn step(&self) -> Result<usize, DbError> {
        let mut done = 0;
        for reader in &self.readers {
            done += self.retry_backlog(reader).await?;
            done += self.follow(reader).await?;
        }
        Ok(done)
    }

    async fn follow(&self, reader: &Reader) -> Result<usize, DbError> {
        let now = self.clock.now();
        let mut tx = self.db.platform(PlatformReason::EventLog).await?;
        let Some(cursor) = self.lease(&mut tx, reader, now).await? else { return Ok(0) };
        let events = after(&mut tx, cursor, BATCH).await?;
        let mut behind: HashSet<OrganizationId> = sqlx::query_scalar!(
            "select distinct organization_id from reader_backlog where reader = $1 and state = 'waiting'",
            reader.name
        )
        .fetch_all(tx.conn())
        .await?
        .into_iter()
        .map(OrganizationId)
        .collect();
        tx.commit().await?;
        let Some(last) = events.last().map(|event| event.position) else { return Ok(0) };
        let count = events.len();
        for event in events.into_iter().filter(|event| reader.kinds.contains(&event.kind.as_str())) {
            let (organization_id, position) = (event.organization_id, event.position);
            let failed = if behind.contains(&organization_id) {
                Some(None)
            } else {
                self.hand_over(reader, event).await.err().map(Some)
            };
            if let Some(error) = failed {
                behind.insert(organization_id);
                self.set_aside(reader, organization_id, position, error).await?;
            }
        }
        let mut tx = self.db.platform(PlatformReason::EventLog).await?;
        sqlx::query!(
            "update reader_cursors set txid = $2, event = $3, updated_at = $4 where reader = $1 and leased_by = $5",
            reader.name,
            last.txid,
            last.id,
            self.clock.now(),
            self.node
        )
        .execute(tx.conn())
        .await?;
        tx.commit().await?;
        Ok(count)
    }

    /// The reader's place, if no other node is at work on it.
    async fn lease(
        &self,
        tx: &mut PlatformTx,
        reader: &Reader,
        now: DateTime<Utc>,
    ) -> Result<Option<Position>, DbError> {
        let row = sqlx::query!(
            "insert into reader_cursors (reader, txid, event, leased_by, leased_until, updated_at) values ($1, 0, 0, $2, $3, $4)
             on conflict (reader) do update set leased_by = $2, leased_until = $3
             where reader_cursors.leased_by = $2 or reader_cursors.leased_until is null or reader_cursors.leased_until < $4
             returning txid, event",
            reader.name,
            self.node,
            now + LEASE,
            now
        )
        .fetch_optional(tx.conn())
        .await?;
        Ok(row.map(|row| Position { txid: row.txid, id: row.event }))
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

    async fn set_aside(
        &self,
        reader: &Reader,
        organization_id: OrganizationId,
        position: Position,
        error: Option<Error>,
    ) -> Result<(), DbError> {
        let attempts = i32::from(error.is_some());
        let mut tx = self.db.platform(PlatformReason::EventLog).await?;
        sqlx::query!(
            "insert into reader_backlog (reader, organization_id, txid, event, attempts, due_at, error)
             values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing",
            reader.name,
            *organization_id,
            position.txid,
            position.id,
            attempts,
            self.clock.now() + pause(attempts),
            error.map(|error| error.to_string())
        )
        .execute(tx.conn())
        .await?;
        tx.commit().await
    }

    /// Tries the first waiting event of each organization that is due.
    async fn retry_backlog(&self, reader: &Reader) -> Result<usize, DbError> {
        let now = self.clock.now();
        let mut tx = self.db.platform(PlatformReason::EventLog).await?;
        if self.lease(&mut tx, reader, now).await?.is_none() {
            return Ok(0);
        }
        let heads = sqlx::query!(
            r#"select organization_id as "organization_id!", txid as "txid!", event as "event!", attempts as "attempts!" from
                 (select distinct on (organization_id) * from reader_backlog where reader = $1 and state = 'waiting'
                  order by organization_id, txid, event) heads
               where due_at <= $2"#,
            reader.name,
            now
        )
        .fetch_all(tx.conn())
        .await?;
        tx.commit().await?;
        let count = heads.len();
        for head in heads {
            let position = Position { txid: head.txid, id: head.event };
            let mut tx = self.db.platform(PlatformReason::EventLog).await?;
            let event = after(&mut tx, Position { id: position.id - 1, ..position }, 1).await?.pop();
            tx.commit().await?;
            let outcome = match event.filter(|event| event.position == position) {
                Some(event) => self.hand_over(reader, event).await,
                // Its partition is gone: nothing is left to be heard.
                None => Ok(()),
            };
            self.settle(reader, OrganizationId(head.organization_id), position, head.attempts + 1, outcome.err())
                .await?;
        }
        Ok(count)
    }

    async fn settle(
        &self,
        reader: &Reader,
        organization_id: OrganizationId,
        position: Position,
        attempts: i32,
        error: Option<Error>,
    ) -> Result<(), DbError> {
        let mut tx = self.db.platform(PlatformReason::EventLog).await?;
        let (name, organization, Position { txid, id }) = (reader.name, *organization_id, position);
        match error {
            None => {
                sqlx::query!(
                    "delete from reader_backlog where reader = $1 and organization_id = $2 and txid = $3 and event = $4",
                    name,
                    organization,
                    txid,
                    id
                )
                .execute(tx.conn())
                .await?;
            }
            Some(error) => {
                let state = if attempts >= MAX_ATTEMPTS { "dead" } else { "waiting" };
                sqlx::query!(
                    "update reader_backlog set attempts = $5, due_at = $6, error = $7, state = $8
                     where reader = $1 and organization_id = $2 and txid = $3 and event = $4",
                    name,
                    organization,
                    txid,
                    id,
                    attempts,
                    self.clock.now() + pause(attempts),
                    error.to_string(),
                    state
                )
                .execute(tx.conn())
                .await?;
            }
        }
        tx.commit().await
    }
}

/// 1, 2, 4, 8, 16 s.
fn pause(attempts: i32) -> Duration {
    Duration::seconds(if attempts == 0 { 0 } else { 1 << (attempts - 1).clamp(0, 8) })
}
