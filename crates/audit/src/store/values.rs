//! Personal values beside the chain, and what another role removes.

use chrono::{DateTime, Utc};
use store::{DbError, PlatformTx, TenantTx};
use uuid::Uuid;

/// A value about to be kept.
pub struct NewValue {
    pub field: &'static str,
    pub person_id: Option<Uuid>,
    /// Goes into the chain.
    pub commitment: String,
    pub salt: Vec<u8>,
    pub lookup: [u8; 32],
    pub sealed: Vec<u8>,
}

/// A value as it is kept.
pub struct StoredValue {
    pub seq: i64,
    pub field: String,
    pub value_sealed: Vec<u8>,
}

pub async fn insert_values(tx: &mut TenantTx, seq: i64, values: &[NewValue]) -> Result<(), DbError> {
    let organization_id = tx.organization_id();
    for value in values {
        sqlx::query!(
            "insert into audit_values (organization_id, seq, field, person_id, salt, lookup, value_sealed)
             values ($1, $2, $3, $4, $5, $6, $7)",
            *organization_id,
            seq,
            value.field,
            value.person_id,
            value.salt,
            &value.lookup[..],
            value.sealed
        )
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

pub async fn values_of(tx: &mut TenantTx, seqs: &[i64]) -> Result<Vec<StoredValue>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        StoredValue,
        "select seq, field, value_sealed from audit_values where organization_id = $1 and seq = any($2)",
        *organization_id,
        seqs
    )
    .fetch_all(tx.conn())
    .await?)
}

/// Removes the entries up to `upto`; answers how many went.
pub async fn prune(
    tx: &mut PlatformTx,
    organization: Uuid,
    upto: i64,
    signature: &[u8],
    now: DateTime<Utc>,
) -> Result<i64, DbError> {
    Ok(sqlx::query_scalar!(r#"select audit_prune($1, $2, $3, $4) as "gone!""#, organization, upto, signature, now)
        .fetch_one(tx.conn())
        .await?)
}

/// Destroys the personal values of one person's entries in one organization.
pub async fn forget(tx: &mut PlatformTx, organization: Uuid, person: Uuid) -> Result<i64, DbError> {
    Ok(sqlx::query_scalar!(r#"select audit_forget($1, $2) as "gone!""#, organization, person)
        .fetch_one(tx.conn())
        .await?)
}
