//! Lists. One statement a way of reading, so that each walks the index made for it; what is only rarely asked for is
//! filtered on the way.

use crate::conversation::{ConversationRow, ConversationStatus};
use crate::delivery::Delivery;
use crate::message::{MessageRow, StoredReaction};
use chrono::{DateTime, Utc};
use kernel::Visibility;
use kernel::ids::{AddressId, ChannelAccountId, ContactId, ConversationId, IdentityId, MessageId, UnitId, UserId};
use serde_json::value::RawValue;
use sqlx::Postgres;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Map;
use sqlx::types::Json;
use std::future::Future;
use store::{DbError, Reads, TenantTx};
use uuid::Uuid;

/// What a list shall hold; `None` means any.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted {
    pub status: Option<ConversationStatus>,
    pub unit_id: Option<Uuid>,
    pub owner_id: Option<Uuid>,
    pub unowned: bool,
    pub channel_account_id: Option<Uuid>,
    pub channel_kind: Option<String>,
    pub contact_id: Option<Uuid>,
    pub priority: Option<String>,
    pub number: Option<i64>,
    pub handled_by: Option<String>,
    pub updated_after: Option<DateTime<Utc>>,
    pub archived: bool,
    pub audience: String,
    /// Entries, one more than the page shows.
    pub limit: i64,
}

/// The entry that the page begins behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ListKey<T> {
    pub at: T,
    pub id: Uuid,
}

/// What becomes of the rows of a list.
pub(crate) trait Take: Send {
    type Row: Send + Unpin;

    fn all<F>(
        self,
        reads: &mut impl Reads,
        query: Map<'_, Postgres, F, PgArguments>,
    ) -> impl Future<Output = Result<Vec<Self::Row>, DbError>> + Send
    where
        F: FnMut(PgRow) -> Result<ConversationRow, sqlx::Error> + Send;
}

/// Rows as values.
pub(crate) struct Whole;

impl Take for Whole {
    type Row = Box<ConversationRow>;

    async fn all<F>(
        self,
        reads: &mut impl Reads,
        query: Map<'_, Postgres, F, PgArguments>,
    ) -> Result<Vec<Box<ConversationRow>>, DbError>
    where
        F: FnMut(PgRow) -> Result<ConversationRow, sqlx::Error> + Send,
    {
        // Boxed where they are made: a row is a kilobyte, and goes through several hands.
        reads.all(query.map(Box::new)).await
    }
}

/// `organization and what the caller may see and the common filters`; parameters 1 to 11. More of each follow from 12.
macro_rules! list_query {
    ($reads:expr, $take:expr, $visible:expr, $wanted:expr, $tail:tt $(, $argument:expr)* $(,)?) => {{
        let organization_id = *$reads.organization_id();
        let units: Vec<Uuid> = $visible.units.iter().map(|id| id.0).collect();
        let accounts: Vec<Uuid> = $visible.channel_accounts.iter().map(|id| id.0).collect();
        let unassigned: Vec<Uuid> = $visible.unassigned_units.iter().map(|id| id.0).collect();
        let me = $visible.me.filter(|_| $visible.own).map(|id| id.0);
        let query = conversation_read!(
            "(c.archived_at is not null) = $9 and c.audience = $10
               and ($2 or c.unit_id = any($3::uuid[]) or (c.unit_id is null and $4) or c.channel_account_id = any($5::uuid[])
                 or ($6::uuid is not null and (c.owner_id = $6 or $6 = any(c.participants)))
                 or (c.owner_id is null and (c.unit_id = any($7::uuid[]) or (c.unit_id is null and $8)))) " + $tail,
            organization_id, $visible.everything, &units, $visible.without_unit, &accounts, me, &unassigned,
            $visible.unassigned_without_unit, $wanted.archived, $wanted.audience, $wanted.limit $(, $argument)*
        );
        $take.all($reads, query).await
    }};
}

/// Of one status, latest activity first.
pub(crate) async fn by_status<T: Take>(
    reads: &mut impl Reads,
    take: T,
    visible: &Visibility,
    wanted: &Wanted,
    status: ConversationStatus,
    key: ListKey<DateTime<Utc>>,
) -> Result<Vec<T::Row>, DbError> {
    Ok(list_query!(
        reads,
        take,
        visible,
        wanted,
        "and c.status = $12 and (c.last_activity_at, c.id) < ($13, $14) order by c.last_activity_at desc, c.id desc limit $11",
        status.as_str(),
        key.at,
        key.id
    )?)
}

/// Of one owner, latest activity first.
pub(crate) async fn by_owner<T: Take>(
    reads: &mut impl Reads,
    take: T,
    visible: &Visibility,
    wanted: &Wanted,
    owner: Uuid,
    key: ListKey<DateTime<Utc>>,
) -> Result<Vec<T::Row>, DbError> {
    let status = wanted.status.map(ConversationStatus::as_str);
    Ok(list_query!(
        reads,
        take,
        visible,
        wanted,
        "and c.owner_id = $12 and ($13::text is null or c.status = $13) and (c.last_activity_at, c.id) < ($14, $15)
         order by c.last_activity_at desc, c.id desc limit $11",
        owner,
        status,
        key.at,
        key.id
    )?)
}

/// Of one contact, latest activity first.
pub(crate) async fn by_contact<T: Take>(
    reads: &mut impl Reads,
    take: T,
    visible: &Visibility,
    wanted: &Wanted,
    contact: Uuid,
    key: ListKey<DateTime<Utc>>,
) -> Result<Vec<T::Row>, DbError> {
    let status = wanted.status.map(ConversationStatus::as_str);
    Ok(list_query!(
        reads,
        take,
        visible,
        wanted,
        "and c.contact_id = $12 and ($13::text is null or c.status = $13) and (c.last_activity_at, c.id) < ($14, $15)
         order by c.last_activity_at desc, c.id desc limit $11",
        contact,
        status,
        key.at,
        key.id
    )?)
}

/// The one with this number.
pub(crate) async fn by_number<T: Take>(
    reads: &mut impl Reads,
    take: T,
    visible: &Visibility,
    wanted: &Wanted,
    number: i64,
) -> Result<Vec<T::Row>, DbError> {
    Ok(list_query!(reads, take, visible, wanted, "and c.number = $12 limit $11", number)?)
}

macro_rules! filtered_query {
    ($reads:expr, $take:expr, $visible:expr, $wanted:expr, $tail:tt, $at:expr, $id:expr) => {
        list_query!(
            $reads,
            $take,
            $visible,
            $wanted,
            $tail,
            $wanted.status.map(ConversationStatus::as_str),
            $wanted.unit_id,
            $wanted.owner_id,
            $wanted.unowned,
            $wanted.channel_account_id,
            $wanted.channel_kind,
            $wanted.contact_id,
            $wanted.priority,
            $wanted.number,
            $wanted.handled_by,
            $wanted.updated_after,
            $at,
            $id
        )
    };
}

/// With any filters, latest activity first.
pub(crate) async fn by_activity<T: Take>(
    reads: &mut impl Reads,
    take: T,
    visible: &Visibility,
    wanted: &Wanted,
    key: ListKey<DateTime<Utc>>,
) -> Result<Vec<T::Row>, DbError> {
    Ok(filtered_query!(
        reads,
        take,
        visible,
        wanted,
        "and ($12::text is null or c.status = $12) and ($13::uuid is null or c.unit_id = $13) and ($14::uuid is null or c.owner_id = $14)
         and (not $15 or c.owner_id is null) and ($16::uuid is null or c.channel_account_id = $16)
         and ($17::text is null or c.channel_kind = $17) and ($18::uuid is null or c.contact_id = $18)
         and ($19::text is null or c.priority = $19) and ($20::bigint is null or c.number = $20)
         and ($21::text is null or c.handled_by = $21) and ($22::timestamptz is null or c.updated_at > $22)
         and (c.last_activity_at, c.id) < ($23, $24) order by c.last_activity_at desc, c.id desc limit $11",
        key.at,
        key.id
    )?)
}

/// With any filters, those that wait longest first; those that do not wait are absent.
pub(crate) async fn by_waiting<T: Take>(
    reads: &mut impl Reads,
    take: T,
    visible: &Visibility,
    wanted: &Wanted,
    key: ListKey<DateTime<Utc>>,
) -> Result<Vec<T::Row>, DbError> {
    Ok(filtered_query!(
        reads,
        take,
        visible,
        wanted,
        "and ($12::text is null or c.status = $12) and ($13::uuid is null or c.unit_id = $13) and ($14::uuid is null or c.owner_id = $14)
         and (not $15 or c.owner_id is null) and ($16::uuid is null or c.channel_account_id = $16)
         and ($17::text is null or c.channel_kind = $17) and ($18::uuid is null or c.contact_id = $18)
         and ($19::text is null or c.priority = $19) and ($20::bigint is null or c.number = $20)
         and ($21::text is null or c.handled_by = $21) and ($22::timestamptz is null or c.updated_at > $22)
         and c.waiting_since is not null and (c.waiting_since, c.id) > ($23, $24) order by c.waiting_since, c.id limit $11",
        key.at,
        key.id
    )?)
}

/// With any filters, newest first: the number grows with creation.
pub(crate) async fn by_creation<T: Take>(
    reads: &mut impl Reads,
    take: T,
    visible: &Visibility,
    wanted: &Wanted,
    key: ListKey<i64>,
) -> Result<Vec<T::Row>, DbError> {
    Ok(filtered_query!(
        reads,
        take,
        visible,
        wanted,
        "and ($12::text is null or c.status = $12) and ($13::uuid is null or c.unit_id = $13) and ($14::uuid is null or c.owner_id = $14)
         and (not $15 or c.owner_id is null) and ($16::uuid is null or c.channel_account_id = $16)
         and ($17::text is null or c.channel_kind = $17) and ($18::uuid is null or c.contact_id = $18)
         and ($19::text is null or c.priority = $19) and ($20::bigint is null or c.number = $20)
         and ($21::text is null or c.handled_by = $21) and ($22::timestamptz is null or c.updated_at > $22)
         and (c.number, c.id) < ($23, $24) order by c.number desc limit $11",
        key.at,
        key.id
    )?)
}

/// Messages of a conversation with `after < seq < before`, the newest of them or (with `from_oldest`) the oldest.
/// Always ascending.
pub(crate) async fn message_page(
    tx: &mut TenantTx,
    conversation: ConversationId,
    after: i64,
    before: i64,
    from_oldest: bool,
    limit: i64,
) -> Result<Vec<MessageRow>, DbError> {
    let organization_id = *tx.organization_id();
    if from_oldest {
        return Ok(message_query!(
            "where m.organization_id = $1 and m.conversation_id = $2 and m.seq > $3 and m.seq < $4 order by m.seq limit $5",
            organization_id,
            *conversation,
            after,
            before,
            limit
        )
        .fetch_all(tx.conn())
        .await?);
    }
    let mut rows = message_query!(
        "where m.organization_id = $1 and m.conversation_id = $2 and m.seq > $3 and m.seq < $4 order by m.seq desc limit $5",
        organization_id,
        *conversation,
        after,
        before,
        limit
    )
    .fetch_all(tx.conn())
    .await?;
    rows.reverse();
    Ok(rows)
}
