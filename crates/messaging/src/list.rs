//! Lists: conversations with filters, messages of one conversation. Keyset pages, stable while messages arrive.

use crate::conversation::{Conversation, ConversationRow, ConversationStatus};
use crate::find::has_files;
use crate::message::{Attachment, Message, MessageRow};
use crate::store::{self, ListKey, Take, Wanted, Whole};
use crate::written::Written;
use ::store::{Reads, TenantTx};
use chrono::{DateTime, Utc};
use kernel::cursor::CursorKey;
use kernel::ids::{ChannelAccountId, ContactId, ConversationId, UnitId};
use kernel::page::Page;
use kernel::{Ctx, Error, ErrorKind, PageRequest, Permission, Resource, visible};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use utoipa::ToSchema;
use uuid::Uuid;

/// Which conversations, in which order.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ConversationFilter {
    pub status: Option<ConversationStatus>,
    pub unit_id: Option<UnitId>,
    /// A user's id, `me` or `none`.
    pub owner_id: Option<String>,
    pub channel_account_id: Option<ChannelAccountId>,
    pub channel_kind: Option<String>,
    pub contact_id: Option<ContactId>,
    /// `low`, `normal`, `high` or `urgent`.
    pub priority: Option<String>,
    pub number: Option<i64>,
    /// Archived ones only; without it they are left out.
    pub archived: Option<bool>,
    /// `external` (default) or `internal`.
    pub audience: Option<String>,
    /// `none`, `bot`, `human` or `mixed`.
    pub handled_by: Option<String>,
    pub updated_after: Option<DateTime<Utc>>,
    pub sort: Option<ConversationSort>,
}

/// The order of a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConversationSort {
    /// Latest activity first.
    #[default]
    LastActivityAt,
    /// Newest first.
    CreatedAt,
    /// Those that wait longest first; only those that wait.
    WaitingSince,
}

/// The conversations that the caller may view and the filter selects.
///
/// # Errors
/// 400 for a cursor that was not given for this list, or a bad `owner_id`.
pub async fn list_conversations(
    ctx: &Ctx,
    reads: &mut impl Reads,
    cursors: &CursorKey,
    filter: &ConversationFilter,
    page: &PageRequest,
) -> Result<Page<Conversation>, Error> {
    let list = List { ctx, cursors, filter, page };
    let rows = list.fetch(reads, Whole).await?;
    let page =
        Page::cut(rows, page.limit, |row| list.cursor(row.id.0, row.number, row.last_activity_at, row.waiting_since));
    Ok(page.map(|row| row.show(ctx)))
}

/// The same, its entries as JSON with commas between, and `next_cursor`.
///
/// # Errors
/// As [`list_conversations`].
pub(crate) async fn write_conversations(
    ctx: &Ctx,
    reads: &mut impl Reads,
    cursors: &CursorKey,
    filter: &ConversationFilter,
    page: &PageRequest,
) -> Result<(Vec<u8>, Option<String>), Error> {
    let list = List { ctx, cursors, filter, page };
    let mut written = Written::new(ctx, page.limit);
    let entries = list.fetch(reads, &mut written).await?;
    let more = entries.len() > page.limit as usize;
    let last = entries.iter().take(page.limit as usize).next_back();
    let mut text = written.text;
    text.truncate(last.map_or(0, |last| last.end));
    let cursor =
        last.filter(|_| more).map(|last| list.cursor(last.id, last.number, last.last_activity_at, last.waiting_since));
    Ok((text, cursor))
}

/// What was asked for, by whom.
struct List<'a> {
    ctx: &'a Ctx,
    cursors: &'a CursorKey,
    filter: &'a ConversationFilter,
    page: &'a PageRequest,
}

impl List<'_> {
    async fn fetch<T: Take>(&self, reads: &mut impl Reads, take: T) -> Result<Vec<T::Row>, Error> {
        let wanted = self.filter.wanted(self.ctx, self.page.limit)?;
        let visible = visible(&self.ctx.subject, Permission::MESSAGING_VIEW, self.ctx.now());
        if visible.is_empty() {
            // Who sees nothing has an empty list; an organization that is shut says so.
            if !self.ctx.subject.organization.is_open() {
                let whole = Resource::organization(self.ctx.organization_id());
                self.ctx.require(Permission::MESSAGING_VIEW, &whole)?;
            }
            return Ok(Vec::new());
        }
        let organization = self.ctx.organization_id();
        let open = |cursor| self.cursors.open(organization, &self.filter.purpose(), cursor).ok_or_else(bad_cursor);
        let after = self.page.cursor.as_deref().map(open).transpose()?;
        fetch(reads, take, &visible, &wanted, self.filter.sort.unwrap_or_default(), after.as_deref()).await
    }

    /// The cursor behind an entry.
    fn cursor(&self, id: Uuid, number: i64, active_at: DateTime<Utc>, waiting_since: Option<DateTime<Utc>>) -> String {
        let place = match self.filter.sort.unwrap_or_default() {
            ConversationSort::LastActivityAt => active_at.timestamp_micros(),
            ConversationSort::WaitingSince => waiting_since.unwrap_or_default().timestamp_micros(),
            ConversationSort::CreatedAt => number,
        };
        self.cursors.seal(self.ctx.organization_id(), &self.filter.purpose(), format!("{place}:{id}").as_bytes())
    }
}

async fn fetch<T: Take>(
    reads: &mut impl Reads,
    take: T,
    visible: &kernel::Visibility,
    wanted: &Wanted,
    sort: ConversationSort,
    after: Option<&[u8]>,
) -> Result<Vec<T::Row>, Error> {
    let rows = match sort {
        ConversationSort::LastActivityAt => {
            let key = time_key(after, FAR_FUTURE, Uuid::max())?;
            match (wanted.alone(), wanted.status) {
                (Some(Alone::Owner(owner)), _) => store::by_owner(reads, take, visible, wanted, owner, key).await?,
                (Some(Alone::Contact(contact)), _) => {
                    store::by_contact(reads, take, visible, wanted, contact, key).await?
                }
                (Some(Alone::Number(number)), None) if after.is_none() => {
                    store::by_number(reads, take, visible, wanted, number).await?
                }
                (Some(Alone::Nothing), Some(status)) => {
                    store::by_status(reads, take, visible, wanted, status, key).await?
                }
                _ => store::by_activity(reads, take, visible, wanted, key).await?,
            }
        }
        ConversationSort::WaitingSince => {
            store::by_waiting(reads, take, visible, wanted, time_key(after, 0, Uuid::nil())?).await?
        }
        ConversationSort::CreatedAt => {
            let at = match after {
                Some(text) => read(text)?.0,
                None => i64::MAX,
            };
            store::by_creation(reads, take, visible, wanted, ListKey { at, id: Uuid::nil() }).await?
        }
    };
    Ok(rows)
}

/// Year 9999, in microseconds: behind every activity.
const FAR_FUTURE: i64 = 253_402_300_799_000_000;

fn time_key(after: Option<&[u8]>, first: i64, first_id: Uuid) -> Result<ListKey<DateTime<Utc>>, Error> {
    let (micros, id) = match after {
        Some(text) => read(text)?,
        None => (first, first_id),
    };
    Ok(ListKey { at: DateTime::from_timestamp_micros(micros).ok_or_else(bad_cursor)?, id })
}

fn read(text: &[u8]) -> Result<(i64, Uuid), Error> {
    let parts = std::str::from_utf8(text).ok().and_then(|text| text.split_once(':'));
    let (place, id) = parts.ok_or_else(bad_cursor)?;
    Ok((place.parse().map_err(|_| bad_cursor())?, Uuid::parse_str(id).map_err(|_| bad_cursor())?))
}

fn bad_cursor() -> Error {
    Error::new(ErrorKind::BadRequest, "CURSOR_INVALID", "This cursor was not given for this list.")
}

impl ConversationFilter {
    /// Binds cursors to the filter that they were given for.
    fn purpose(&self) -> String {
        format!("conversations:{}", serde_json::to_string(self).unwrap_or_default())
    }

    fn wanted(&self, ctx: &Ctx, limit: u32) -> Result<Wanted, Error> {
        let (owner_id, unowned) = match self.owner_id.as_deref() {
            None => (None, false),
            Some("none") => (None, true),
            Some("me") => (Some(ctx.subject.user_id().map_or(Uuid::nil(), |id| id.0)), false),
            Some(id) => (Some(Uuid::parse_str(id).map_err(|_| bad_owner())?), false),
        };
        Ok(Wanted {
            status: self.status,
            unit_id: self.unit_id.map(|id| id.0),
            owner_id,
            unowned,
            channel_account_id: self.channel_account_id.map(|id| id.0),
            channel_kind: self.channel_kind.clone(),
            contact_id: self.contact_id.map(|id| id.0),
            priority: self.priority.clone(),
            number: self.number,
            handled_by: self.handled_by.clone(),
            updated_after: self.updated_after,
            archived: self.archived.unwrap_or(false),
            audience: self.audience.clone().unwrap_or_else(|| "external".to_owned()),
            limit: i64::from(limit) + 1,
        })
    }
}

fn bad_owner() -> Error {
    Error::new(ErrorKind::BadRequest, "INVALID_PARAMETER", "owner_id is a user's id, `me` or `none`.")
}

/// What is filtered by besides the status, where that is one thing with an index of its own.
enum Alone {
    Nothing,
    Owner(Uuid),
    Contact(Uuid),
    Number(i64),
}

impl Wanted {
    fn alone(&self) -> Option<Alone> {
        let rare = self.unit_id.is_some()
            || self.unowned
            || self.channel_account_id.is_some()
            || self.channel_kind.is_some()
            || self.priority.is_some()
            || self.handled_by.is_some()
            || self.updated_after.is_some();
        match (self.owner_id, self.contact_id, self.number) {
            _ if rare => None,
            (None, None, None) => Some(Alone::Nothing),
            (Some(owner), None, None) => Some(Alone::Owner(owner)),
            (None, Some(contact), None) => Some(Alone::Contact(contact)),
            (None, None, Some(number)) => Some(Alone::Number(number)),
            _ => None,
        }
    }
}

/// Which messages; at most one of the places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MessagePlace {
    pub before_seq: Option<i64>,
    pub after_seq: Option<i64>,
    pub around_seq: Option<i64>,
}

/// A page of messages: the newest, or those at a place; always ascending. `next_cursor` goes on to older ones, after
/// `after_seq` to newer ones.
///
/// # Errors
/// 404; 400 for several places at once or a cursor of another list.
pub async fn list_messages(
    ctx: &Ctx,
    tx: &mut TenantTx,
    cursors: &CursorKey,
    id: ConversationId,
    place: MessagePlace,
    page: &PageRequest,
) -> Result<Page<Message>, Error> {
    let conversation = viewed(ctx, tx, id).await?;
    messages_of(ctx, tx, cursors, &conversation, place, page).await
}

/// The conversation, if the caller may view it.
pub(crate) async fn viewed(ctx: &Ctx, tx: &mut TenantTx, id: ConversationId) -> Result<ConversationRow, Error> {
    let conversation = store::conversation(tx, id).await?.ok_or_else(Error::not_found)?;
    ctx.require(Permission::MESSAGING_VIEW, &conversation.resource(ctx.organization_id()))?;
    Ok(conversation)
}

/// [`list_messages`] of a conversation that the caller may view.
pub(crate) async fn messages_of(
    ctx: &Ctx,
    tx: &mut TenantTx,
    cursors: &CursorKey,
    conversation: &ConversationRow,
    place: MessagePlace,
    page: &PageRequest,
) -> Result<Page<Message>, Error> {
    let id = conversation.id;
    let purpose = format!("messages:{id}");
    let span = span_of(ctx, cursors, &purpose, place, page)?;
    let limit = i64::from(page.limit);
    let (mut rows, more) = match span {
        Span::Before(before) => cut_oldest(store::message_page(tx, id, 0, before, false, limit + 1).await?, page.limit),
        Span::After(after) => {
            let mut rows = store::message_page(tx, id, after, i64::MAX, true, limit + 1).await?;
            let more = rows.len() > page.limit as usize;
            rows.truncate(page.limit as usize);
            (rows, more)
        }
        Span::Around(seq) => {
            let older = store::message_page(tx, id, 0, seq, false, limit / 2 + 1).await?;
            let (mut rows, more) = cut_oldest(older, page.limit / 2);
            let rest = limit - i64::try_from(rows.len()).unwrap_or(0);
            rows.extend(store::message_page(tx, id, seq - 1, i64::MAX, true, rest).await?);
            (rows, more)
        }
    };
    let edge = match span {
        Span::After(_) => rows.last().map(|row| format!("a{}", row.seq)),
        _ => rows.first().map(|row| format!("b{}", row.seq)),
    };
    let next_cursor = edge.filter(|_| more).map(|edge| cursors.seal(ctx.organization_id(), &purpose, edge.as_bytes()));
    let mut files = files_of(tx, &rows).await?;
    let data = rows.drain(..).map(|row| row.show(files.remove(&row.id.0).unwrap_or_default())).collect();
    Ok(Page { data, next_cursor })
}

#[derive(Clone, Copy)]
enum Span {
    Before(i64),
    After(i64),
    Around(i64),
}

fn span_of(
    ctx: &Ctx,
    cursors: &CursorKey,
    purpose: &str,
    place: MessagePlace,
    page: &PageRequest,
) -> Result<Span, Error> {
    let MessagePlace { before_seq, after_seq, around_seq } = place;
    match (&page.cursor, before_seq, after_seq, around_seq) {
        (None, None, None, None) => Ok(Span::Before(i64::MAX)),
        (None, Some(before), None, None) => Ok(Span::Before(before)),
        (None, None, Some(after), None) => Ok(Span::After(after)),
        (None, None, None, Some(around)) => Ok(Span::Around(around)),
        (Some(cursor), None, None, None) => {
            let value = cursors.open(ctx.organization_id(), purpose, cursor).ok_or_else(bad_cursor)?;
            let text = std::str::from_utf8(&value).map_err(|_| bad_cursor())?;
            let seq = |text: &str| text.parse().map_err(|_| bad_cursor());
            match (text.strip_prefix('b'), text.strip_prefix('a')) {
                (Some(before), _) => Ok(Span::Before(seq(before)?)),
                (_, Some(after)) => Ok(Span::After(seq(after)?)),
                _ => Err(bad_cursor()),
            }
        }
        _ => Err(Error::new(
            ErrorKind::BadRequest,
            "INVALID_PARAMETER",
            "Give one of cursor, before_seq, after_seq and around_seq.",
        )),
    }
}

/// Drops the oldest where there is one more than asked for.
fn cut_oldest(mut rows: Vec<MessageRow>, limit: u32) -> (Vec<MessageRow>, bool) {
    let over = rows.len().saturating_sub(limit as usize);
    rows.drain(..over);
    (rows, over > 0)
}

async fn files_of(tx: &mut TenantTx, rows: &[MessageRow]) -> Result<HashMap<Uuid, Vec<Attachment>>, Error> {
    let with_files: Vec<Uuid> = rows.iter().filter(|row| has_files(&row.kind)).map(|row| row.id.0).collect();
    let mut by_message: HashMap<Uuid, Vec<Attachment>> = HashMap::new();
    if !with_files.is_empty() {
        for file in store::attachments_of(tx, &with_files).await? {
            by_message.entry(file.message_id.0).or_default().push(file);
        }
    }
    Ok(by_message)
}
