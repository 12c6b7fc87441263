//! `socket_counts`: how many sockets each node holds for an organization.

use crate::error::DbError;
use crate::platform_tx::PlatformTx;
use crate::tenant_tx::TenantTx;
use chrono::{DateTime, Duration, Utc};
use kernel::ids::OrganizationId;
use uuid::Uuid;

/// A node that did not note its sockets for this long has none: it is gone.
pub const SOCKETS_SEEN: Duration = Duration::seconds(60);

/// Replaces what a node noted before.
///
/// # Errors
/// When the statement fails.
pub async fn note_sockets(
    tx: &mut PlatformTx,
    node: Uuid,
    counts: &[(OrganizationId, i32)],
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let organizations: Vec<Uuid> = counts.iter().map(|(organization, _)| organization.0).collect();
    let sockets: Vec<i32> = counts.iter().map(|(_, sockets)| *sockets).collect();
    sqlx::query!(
        "with gone as (
           delete from socket_counts s
           where (s.node_id = $1 and s.organization_id <> all ($2))
             or (s.node_id <> $1 and s.noted_at < $4::timestamptz - interval '1 day'))
         insert into socket_counts as s (organization_id, node_id, sockets, noted_at)
         select n.organization_id, $1, n.sockets, $4 from unnest($2::uuid[], $3::integer[]) n (organization_id, sockets)
         on conflict (organization_id, node_id) do update set sockets = excluded.sockets, noted_at = excluded.noted_at",
        node,
        &organizations,
        &sockets,
        now
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// The organization's sockets on living nodes but this one (all of them without one).
///
/// # Errors
/// When the statement fails.
pub async fn sockets_elsewhere(tx: &mut TenantTx, node: Option<Uuid>, now: DateTime<Utc>) -> Result<i64, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_scalar!(
        r#"select coalesce(sum(sockets), 0)::bigint as "sockets!" from socket_counts
           where organization_id = $1 and node_id is distinct from $2 and noted_at > $3"#,
        *organization_id,
        node,
        now - SOCKETS_SEEN
    )
    .fetch_one(tx.conn())
    .await?)
}
