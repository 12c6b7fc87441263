//! `sync`: what was missed since a cursor, over the socket and over HTTP alike.

use crate::connection::Connection;
use crate::envelope::{Heard, wished};
use crate::hub::{Hub, Inner};
use crate::refusal;
use crate::room::{Judge, Room};
use kernel::ids::OrganizationId;
use kernel::{Ctx, Error};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::log::{Position, TextEvent};

/// Entries a page when the client does not say, and at most.
pub const DEFAULT_LIMIT: u32 = 100;
pub const MAX_LIMIT: u32 = 500;
/// Entries of the log read at once, and reads a page at most: a page ends there with `has_more`.
const READ: i64 = 500;
const READS: usize = 10;
/// A page is cut before it grows beyond this many bytes.
const PAGE_BYTES: usize = 500_000;
/// A waiting request looks again at most this often, and at least each second.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// What is asked for. `limit` is brought into 1..=500.
#[derive(Clone, Debug, Default)]
pub struct SyncRequest {
    pub cursor: Option<String>,
    /// Rooms to hear of, besides the caller's own; unknown ones hold nothing.
    pub rooms: Vec<String>,
    pub limit: Option<u32>,
    /// How long to wait for the first entry.
    pub wait: Duration,
}

/// The answer of `sync`.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(untagged)]
pub enum SyncPage {
    Events {
        /// Always true.
        ok: bool,
        /// Envelopes as they came live, without `n`.
        #[schema(value_type = Vec<Object>)]
        events: Vec<Box<RawValue>>,
        /// Go on from here.
        next_cursor: String,
        has_more: bool,
    },
    /// The cursor cannot be used: reload by REST, then go on from the new one.
    Reset {
        /// Always true.
        ok: bool,
        /// Always true.
        reset: bool,
        /// `too_old`, `unknown` or `no_cursor`.
        #[schema(value_type = String, example = "too_old")]
        reason: &'static str,
        cursor: String,
    },
}

/// What a cursor is good for.
pub(crate) enum Place {
    From(Position),
    Reset { reason: &'static str, head: Position },
}

impl Hub {
    /// One page of what `ctx`'s subject missed; waits up to `request.wait` for the first entry.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sync(&self, ctx: &Ctx, request: SyncRequest) -> Result<SyncPage, Error> {
        sync(&self.inner, ctx, request).await
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SyncBody {
    cursor: Option<String>,
    rooms: Option<Vec<String>>,
    limit: Option<u32>,
}

/// The event `sync`; without `rooms` it is about those the socket has joined.
pub(crate) async fn over_socket(
    hub: &Arc<Inner>,
    connection: &Connection,
    ctx: &Ctx,
    body: Value,
) -> Result<SyncPage, Error> {
    hub.limits.of(connection.organization_id, connection.user_id).sync(&hub.settings.rates)?;
    let SyncBody { cursor, rooms, limit } = refusal::read(body)?;
    if limit.is_some_and(|limit| !(1..=MAX_LIMIT).contains(&limit)) {
        return Err(Error::invalid_field("limit", "OUT_OF_RANGE", "must be between 1 and 500"));
    }
    let rooms = rooms.unwrap_or_else(|| connection.pass().rooms.iter().map(Room::to_string).collect());
    sync(hub, ctx, SyncRequest { cursor, rooms, limit, wait: Duration::ZERO }).await
}

async fn sync(hub: &Inner, ctx: &Ctx, request: SyncRequest) -> Result<SyncPage, Error> {
    let cursors = hub.load_cursors().await?;
    let organization_id = ctx.organization_id();
    let mut position = match place(hub, organization_id, request.cursor.as_deref()).await? {
        Place::From(position) => position,
        Place::Reset { reason, head } => {
            return Ok(SyncPage::Reset { ok: true, reset: true, reason, cursor: cursors.write(organization_id, head) });
        }
    };
    let mut rooms: Vec<Room> =
        request.rooms.iter().take(hub.settings.rooms_per_socket).filter_map(|room| Room::parse(room)).collect();
    rooms.extend(Room::own(&ctx.subject));
    let limit = request.limit.unwrap_or(DEFAULT_LIMIT).clamp(1, MAX_LIMIT) as usize;
    let (deadline, mut news) = (Instant::now() + request.wait, hub.db.wake().listen());
    let (mut ctx, mut read_at) = (ctx.clone(), Instant::now());
    loop {
        if read_at.elapsed() >= hub.settings.recheck {
            // Who waits for long may have lost what they were let in with.
            ctx.subject = (hub.refreshed)(Arc::clone(&ctx.subject)).await?;
            read_at = Instant::now();
        }
        let page = scan(hub, &ctx, &rooms, position, limit).await?;
        let left = deadline.saturating_duration_since(Instant::now());
        if !page.events.is_empty() || page.has_more || left.is_zero() || hub.stopping.is_cancelled() {
            let next_cursor = cursors.write(organization_id, page.position);
            return Ok(SyncPage::Events { ok: true, events: page.events, next_cursor, has_more: page.has_more });
        }
        position = page.position;
        let _ = news.borrow_and_update();
        tokio::time::sleep(left.min(LOOK_AGAIN)).await;
        tokio::select! {
            _ = news.changed() => {}
            () = hub.stopping.cancelled() => {}
            () = tokio::time::sleep(left.saturating_sub(LOOK_AGAIN).min(Duration::from_secs(1))) => {}
        }
    }
}

struct Scanned {
    events: Vec<Box<RawValue>>,
    /// Everything up to here was looked at.
    position: Position,
    has_more: bool,
}

/// Reads on from `position` until `limit` visible entries are found or the log ends.
async fn scan(hub: &Inner, ctx: &Ctx, rooms: &[Room], mut position: Position, limit: usize) -> Result<Scanned, Error> {
    let cursors = hub.load_cursors().await?;
    let (mut events, mut bytes, now) = (Vec::new(), 0, ctx.now());
    for _ in 0..READS {
        let page = read(hub, ctx.organization_id(), position, READ).await?;
        let last = (page.len() as i64) < READ;
        for event in page {
            if wished(&event, rooms) && Judge::of_event(&event).allows(&ctx.subject, now) {
                if events.len() >= limit || bytes >= PAGE_BYTES {
                    return Ok(Scanned { events, position, has_more: true });
                }
                let heard = Heard::new(&event, cursors);
                bytes += heard.bytes();
                events.extend(heard.entry());
            }
            position = event.position;
        }
        if last {
            return Ok(Scanned { events, position, has_more: false });
        }
    }
    Ok(Scanned { events, position, has_more: true })
}

/// What a cursor is good for now.
pub(crate) async fn place(hub: &Inner, organization_id: OrganizationId, cursor: Option<&str>) -> Result<Place, Error> {
    let position = match cursor {
        None => None,
        Some(text) => hub.load_cursors().await?.read(organization_id, text),
    };
    let oldest = hub.clock.now() - hub.settings.resume_age;
    let mut tx = hub.db.tenant(organization_id).await?;
    let (head, usable) = store::log::organization_tail(&mut tx, position, oldest, hub.settings.resume_entries).await?;
    tx.commit().await?;
    Ok(match position {
        Some(position) if usable => Place::From(position),
        Some(_) => Place::Reset { reason: "too_old", head },
        None if cursor.is_some() => Place::Reset { reason: "unknown", head },
        None => Place::Reset { reason: "no_cursor", head },
    })
}

/// A page of the organization's log.
pub(crate) async fn read(
    hub: &Inner,
    organization_id: OrganizationId,
    position: Position,
    limit: i64,
) -> Result<Vec<TextEvent>, Error> {
    let mut tx = hub.db.tenant(organization_id).await?;
    let page = store::log::in_organization(&mut tx, position, limit).await?;
    tx.commit().await?;
    Ok(page)
}
