//! Conversations written as JSON straight from their rows.
//!
//! Pages of a list and the conversation that is open are what desks ask for most, and printing is all that is done with
//! their rows. Taking each apart into values, and those into the fields of an answer, was half the work of a page; here
//! bytes go from the row into the answer. [`ConversationRow::show`] is the plain way, which this equals byte for byte: a
//! test compares them.

use crate::conversation::ConversationRow;
use crate::store::Take;
use ::store::{DbError, Reads};
use chrono::{DateTime, Utc};
use contacts::ContactCard;
use kernel::ids::{ChannelAccountId, ContactId, UnitId, UserId};
use kernel::instant::{InstantText, text_of_micros};
use kernel::masks::Mask;
use kernel::{Ctx, Error, Permission, Resource, Visibility, visible};
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Map;
use sqlx::{Execute as _, Postgres, Row as _, ValueRef as _};
use uuid::Uuid;

/// What is selected, in this order (`store::columns`).
#[rustfmt::skip]
#[derive(Clone, Copy, Debug)]
enum Column {
    Id, Number, Audience, ChannelAccountId, ChannelKind, ContactId, IdentityId, _AddressId, ContactName, ContactAddress,
    Status, StatusReason, SnoozedUntil, ArchivedAt, MergedIntoId, UnitId, OwnerId, Participants, Priority, Subject, Summary,
    Language, Tags, Origin, HandledBy, LastSeq, Version, FirstResponseAt, WaitingSince, LastInboundAt, LastOutboundAt,
    LastActivityAt, ClosedAt, ReopenedCount, PreviousConversationId, ThreadControl, FloorHolder, FloorHolderId, FloorToken,
    FloorSince, WindowOpensAt, WindowClosesAt, WindowEvidenceId, CreatedAt, UpdatedAt,
}

/// The entries of a page, written one behind the other with commas between.
pub(crate) struct Written<'c> {
    ctx: &'c Ctx,
    /// Whose contacts are shown unmasked; nobody's to a caller whose key masks them.
    unmasked: Option<Visibility>,
    pub text: Vec<u8>,
}

/// Where a conversation stands in a list, and where its text ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub id: Uuid,
    pub number: i64,
    pub last_activity_at: DateTime<Utc>,
    pub waiting_since: Option<DateTime<Utc>>,
    pub end: usize,
}

impl<'c> Written<'c> {
    /// Nothing yet; with room for `entries` of a usual size and one more.
    pub fn new(ctx: &'c Ctx, entries: u32) -> Self {
        let masks = ctx.subject.masks.contains(Mask::ContactPii);
        let unmasked = (!masks).then(|| visible(&ctx.subject, Permission::CONTACTS_VIEW_PII, ctx.now()));
        Self { ctx, unmasked, text: Vec::with_capacity((entries as usize + 1) * 1_536) }
    }

    fn write(&mut self, row: &PgRow) -> Result<Entry, sqlx::Error> {
        let revealed = self.reveals(row)?;
        if !self.text.is_empty() {
            self.text.push(b',');
        }
        let mut to = Writer { row, text: &mut self.text };
        to.conversation(revealed)?;
        let must = |at: Option<DateTime<Utc>>| at.ok_or(sqlx::Error::RowNotFound);
        Ok(Entry {
            id: uuid(row, Column::Id)?.unwrap_or_default(),
            number: int8(row, Column::Number)?.unwrap_or_default(),
            last_activity_at: must(instant(row, Column::LastActivityAt)?)?,
            waiting_since: instant(row, Column::WaitingSince)?,
            end: self.text.len(),
        })
    }

    fn reveals(&self, row: &PgRow) -> Result<bool, sqlx::Error> {
        let Some(unmasked) = &self.unmasked else { return Ok(false) };
        Ok(unmasked.everything || unmasked.admits(&resource(self.ctx, row)?))
    }
}

/// What `authorize` reads of a row.
fn resource(ctx: &Ctx, row: &PgRow) -> Result<Resource, sqlx::Error> {
    let participants: Vec<Uuid> = row.try_get_unchecked(Column::Participants as usize)?;
    Ok(Resource {
        organization_id: ctx.organization_id(),
        unit_id: uuid(row, Column::UnitId)?.map(UnitId),
        channel_account_id: uuid(row, Column::ChannelAccountId)?.map(ChannelAccountId),
        owner_id: uuid(row, Column::OwnerId)?.map(UserId),
        participants: participants.into_iter().map(UserId).collect(),
        scoped: true,
    })
}

impl Take for &mut Written<'_> {
    type Row = Entry;

    async fn all<F>(
        self,
        reads: &mut impl Reads,
        mut query: Map<'_, Postgres, F, PgArguments>,
    ) -> Result<Vec<Entry>, DbError>
    where
        F: FnMut(PgRow) -> Result<ConversationRow, sqlx::Error> + Send,
    {
        // The statement stays the one that was checked against `ConversationRow`; only its rows are read by somebody else.
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode)?.unwrap_or_default();
        reads.all(sqlx::query_with(query.sql(), arguments).try_map(|row: PgRow| self.write(&row))).await
    }
}

/// One conversation, written if the caller may view it.
pub(crate) struct Viewed<'c>(pub &'c Ctx);

/// A conversation as JSON, and its version.
pub(crate) struct Sheet {
    pub text: Vec<u8>,
    pub version: i64,
}

impl Take for Viewed<'_> {
    type Row = Result<Sheet, Error>;

    async fn all<F>(
        self,
        reads: &mut impl Reads,
        mut query: Map<'_, Postgres, F, PgArguments>,
    ) -> Result<Vec<Self::Row>, DbError>
    where
        F: FnMut(PgRow) -> Result<ConversationRow, sqlx::Error> + Send,
    {
        let arguments = query.take_arguments().map_err(sqlx::Error::Encode)?.unwrap_or_default();
        let write = |row: PgRow| {
            if let Err(error) = self.0.require(Permission::MESSAGING_VIEW, &resource(self.0, &row)?) {
                return Ok(Err(error));
            }
            let mut written = Written::new(self.0, 0);
            written.write(&row)?;
            let version = int8(&row, Column::Version)?.unwrap_or_default();
            Ok(Ok(Sheet { text: written.text, version }))
        };
        reads.all(sqlx::query_with(query.sql(), arguments).try_map(write)).await
    }
}

struct Writer<'w> {
    row: &'w PgRow,
    text: &'w mut Vec<u8>,
}

impl Writer<'_> {
    /// The fields of `Conversation`, in its order.
    fn conversation(&mut self, revealed: bool) -> Result<(), sqlx::Error> {
        use Column::*;
        self.id(r#"{"id":"#, Id)?;
        self.int8(r#","number":"#, Number)?;
        self.words(r#","audience":"#, Audience)?;
        self.id(r#","channel_account_id":"#, ChannelAccountId)?;
        self.words(r#","channel_kind":"#, ChannelKind)?;
        self.contact(r#","contact":"#, revealed)?;
        self.id(r#","identity_id":"#, IdentityId)?;
        self.words(r#","status":"#, Status)?;
        self.words(r#","status_reason":"#, StatusReason)?;
        self.instant(r#","snoozed_until":"#, SnoozedUntil)?;
        self.instant(r#","archived_at":"#, ArchivedAt)?;
        self.id(r#","merged_into_id":"#, MergedIntoId)?;
        self.id(r#","unit_id":"#, UnitId)?;
        self.id(r#","owner_id":"#, OwnerId)?;
        self.words(r#","priority":"#, Priority)?;
        self.words(r#","subject":"#, Subject)?;
        self.words(r#","summary":"#, Summary)?;
        self.words(r#","language":"#, Language)?;
        self.list(r#","tags":"#, Tags)?;
        self.words(r#","origin":"#, Origin)?;
        self.words(r#","handled_by":"#, HandledBy)?;
        self.int8(r#","last_seq":"#, LastSeq)?;
        self.int8(r#","version":"#, Version)?;
        self.instant(r#","first_response_at":"#, FirstResponseAt)?;
        self.instant(r#","waiting_since":"#, WaitingSince)?;
        self.instant(r#","last_inbound_at":"#, LastInboundAt)?;
        self.instant(r#","last_outbound_at":"#, LastOutboundAt)?;
        self.instant(r#","last_activity_at":"#, LastActivityAt)?;
        self.instant(r#","closed_at":"#, ClosedAt)?;
        self.int4(r#","reopened_count":"#, ReopenedCount)?;
        self.id(r#","previous_conversation_id":"#, PreviousConversationId)?;
        self.window(r#","window":"#)?;
        self.words(r#","thread_control":"#, ThreadControl)?;
        self.words(r#","floor":{"holder":"#, FloorHolder)?;
        self.id(r#","holder_id":"#, FloorHolderId)?;
        self.int8(r#","token":"#, FloorToken)?;
        self.instant(r#","since":"#, FloorSince)?;
        self.instant(r#"},"created_at":"#, CreatedAt)?;
        self.instant(r#","updated_at":"#, UpdatedAt)?;
        self.plain("}");
        Ok(())
    }

    fn contact(&mut self, key: &str, revealed: bool) -> Result<(), sqlx::Error> {
        self.plain(key);
        let Some(id) = uuid(self.row, Column::ContactId)? else {
            self.plain("null");
            return Ok(());
        };
        let address: Option<&str> = self.row.try_get_unchecked(Column::ContactAddress as usize)?;
        let name = self.row.try_get_unchecked(Column::ContactName as usize)?;
        self.json(&ContactCard::new(ContactId(id), name, address, revealed && address.is_some()))
    }

    fn window(&mut self, key: &str) -> Result<(), sqlx::Error> {
        self.plain(key);
        let [opens, closes] = [Column::WindowOpensAt, Column::WindowClosesAt];
        if bytes(self.row, opens)?.is_none() || bytes(self.row, closes)?.is_none() {
            self.plain("null");
            return Ok(());
        }
        self.instant(r#"{"kind":"service","opens_at":"#, opens)?;
        self.instant(r#","closes_at":"#, closes)?;
        self.id(r#","evidence_message_id":"#, Column::WindowEvidenceId)?;
        self.plain("}");
        Ok(())
    }

    fn words(&mut self, key: &str, column: Column) -> Result<(), sqlx::Error> {
        self.plain(key);
        match bytes(self.row, column)? {
            None => self.plain("null"),
            Some(text) if text.iter().all(|byte| *byte >= b' ' && !matches!(byte, b'"' | b'\\')) => {
                self.text.push(b'"');
                self.text.extend_from_slice(text);
                self.text.push(b'"');
            }
            Some(_) => {
                let text: &str = self.row.try_get_unchecked(column as usize)?;
                self.json(text)?;
            }
        }
        Ok(())
    }

    fn id(&mut self, key: &str, column: Column) -> Result<(), sqlx::Error> {
        self.plain(key);
        match uuid(self.row, column)? {
            Some(id) => {
                let mut text = Uuid::encode_buffer();
                self.text.push(b'"');
                self.text.extend_from_slice(id.hyphenated().encode_lower(&mut text).as_bytes());
                self.text.push(b'"');
            }
            None => self.plain("null"),
        }
        Ok(())
    }

    fn instant(&mut self, key: &str, column: Column) -> Result<(), sqlx::Error> {
        self.plain(key);
        let Some(micros) = micros(self.row, column)? else {
            self.plain("null");
            return Ok(());
        };
        let mut text = InstantText::default();
        if let Some(text) = text_of_micros(micros, &mut text) {
            self.text.push(b'"');
            self.text.extend_from_slice(text.as_bytes());
            self.text.push(b'"');
            return Ok(());
        }
        self.json(&instant(self.row, column)?)
    }

    fn int8(&mut self, key: &str, column: Column) -> Result<(), sqlx::Error> {
        self.plain(key);
        self.json(&int8(self.row, column)?)
    }

    fn int4(&mut self, key: &str, column: Column) -> Result<(), sqlx::Error> {
        self.plain(key);
        self.json(&fixed(self.row, column)?.map(i32::from_be_bytes))
    }

    fn list(&mut self, key: &str, column: Column) -> Result<(), sqlx::Error> {
        self.plain(key);
        let texts: Vec<String> = self.row.try_get_unchecked(column as usize)?;
        self.json(&texts)
    }

    fn json<T: serde::Serialize + ?Sized>(&mut self, value: &T) -> Result<(), sqlx::Error> {
        serde_json::to_writer(&mut *self.text, value).map_err(|error| sqlx::Error::Encode(error.into()))
    }

    fn plain(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
    }
}

/// The value as PostgreSQL's binary protocol writes it; `None` for NULL.
fn bytes(row: &PgRow, column: Column) -> Result<Option<&[u8]>, sqlx::Error> {
    let value = row.try_get_raw(column as usize)?;
    if value.is_null() {
        return Ok(None);
    }
    value.as_bytes().map(Some).map_err(|error| undecodable(column, error))
}

fn fixed<const N: usize>(row: &PgRow, column: Column) -> Result<Option<[u8; N]>, sqlx::Error> {
    let value = bytes(row, column)?.map(<[u8; N]>::try_from).transpose();
    value.map_err(|error| undecodable(column, error.into()))
}

fn uuid(row: &PgRow, column: Column) -> Result<Option<Uuid>, sqlx::Error> {
    Ok(fixed(row, column)?.map(Uuid::from_bytes))
}

fn int8(row: &PgRow, column: Column) -> Result<Option<i64>, sqlx::Error> {
    Ok(fixed(row, column)?.map(i64::from_be_bytes))
}

/// Microseconds from Unix's epoch to PostgreSQL's, which is the year 2000.
const YEAR_2000: i64 = 946_684_800_000_000;

fn instant(row: &PgRow, column: Column) -> Result<Option<DateTime<Utc>>, sqlx::Error> {
    let Some(micros) = micros(row, column)? else { return Ok(None) };
    let at = DateTime::from_timestamp_micros(micros);
    at.map(Some).ok_or_else(|| undecodable(column, OUTSIDE.into()))
}

const OUTSIDE: &str = "an instant outside of the calendar";

/// Microseconds since 1970.
fn micros(row: &PgRow, column: Column) -> Result<Option<i64>, sqlx::Error> {
    let Some(micros) = int8(row, column)? else { return Ok(None) };
    micros.checked_add(YEAR_2000).map(Some).ok_or_else(|| undecodable(column, OUTSIDE.into()))
}

fn undecodable(column: Column, source: Box<dyn std::error::Error + Send + Sync>) -> sqlx::Error {
    sqlx::Error::ColumnDecode { index: format!("{column:?}"), source }
}
