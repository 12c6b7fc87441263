//! Memberships as privacy sees them: places of a person, and what holds them.

use chrono::{DateTime, Utc};
use kernel::ids::{MembershipId, OrganizationId, UserId};
use sqlx::PgConnection;
use store::{DbError, TenantTx};

/// A membership as erasing sees it.
pub struct PlaceRow {
    pub membership_id: MembershipId,
    pub status: String,
    pub erased_number: Option<i32>,
    pub held_at: Option<DateTime<Utc>>,
}

/// Keeps a membership for this transaction alone until its end, ended ones too.
pub async fn lock_place(tx: &mut TenantTx, user: UserId) -> Result<Option<PlaceRow>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        PlaceRow,
        r#"select id as "membership_id: MembershipId", status, erased_number, held_at
           from memberships where organization_id = $1 and user_id = $2 for update"#,
        *organization_id,
        *user
    )
    .fetch_optional(tx.conn())
    .await?)
}

/// A place of a person, and whether something there must be kept.
pub struct Place {
    pub organization_id: OrganizationId,
    pub held: bool,
}

/// Every place of a person, ended ones too.
pub async fn places(conn: &mut PgConnection, user: UserId) -> Result<Vec<Place>, DbError> {
    Ok(sqlx::query_as!(
        Place,
        r#"select organization_id as "organization_id!: OrganizationId", held as "held!" from places_of($1)"#,
        *user
    )
    .fetch_all(conn)
    .await?)
}

pub async fn set_hold(
    tx: &mut TenantTx,
    membership: MembershipId,
    reason: Option<&str>,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    sqlx::query!(
        "update memberships set held_at = case when $3::text is not null then coalesce(held_at, $4::timestamptz) end,
           hold_reason = $3, version = version + 1, updated_at = $4
         where organization_id = $1 and id = $2",
        *organization_id,
        *membership,
        reason,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}
