//! Sealing anew what an older key sealed.

use super::TenantSealer;
use crate::error::DbError;
use crate::seal::Place;
use crate::tenant_tx::TenantTx;
use kernel::{Error, Ids};
use sqlx::{AssertSqlSafe, Row};
use std::collections::BTreeMap;

/// A column whose values [`TenantSealer`] seals. The domain that owns it lists it; the names are its own constants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedColumn {
    pub table: &'static str,
    pub column: &'static str,
    /// The row of the value's [`Place`] as SQL of type `bytea`, e.g. `uuid_send(id)`.
    pub row: &'static str,
}

/// How far a round came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resealed {
    /// Values that are sealed with the version in use now.
    pub anew: u64,
    /// Whether values of older versions may be left.
    pub more: bool,
}

/// How many values of a column the installation's own keys sealed before there were data keys, by the key's name.
///
/// # Errors
/// When the statement fails.
pub async fn sealed_by_house(tx: &mut TenantTx, column: SealedColumn) -> Result<BTreeMap<String, u64>, DbError> {
    let SealedColumn { table, column, .. } = column;
    let statement = format!(
        "select encode(substring({column} from 2 for 4), 'hex') as key, count(*) as of_it from {table}
         where organization_id = $1 and substring({column} from 1 for 1) = $2 group by 1"
    );
    let rows: Vec<(String, i64)> = sqlx::query_as(AssertSqlSafe(statement))
        .bind(*tx.organization_id())
        .bind(vec![crate::seal::VERSION])
        .fetch_all(tx.conn())
        .await?;
    Ok(rows.into_iter().map(|(key, of_it)| (key, u64::try_from(of_it).unwrap_or_default())).collect())
}

/// Seals up to `most` values of a column with the version in use.
///
/// # Errors
/// When a statement fails or a value does not open.
pub async fn reseal(
    tx: &mut TenantTx,
    sealer: &TenantSealer,
    ids: &Ids,
    column: SealedColumn,
    most: i64,
) -> Result<Resealed, Error> {
    let organization = tx.organization_id();
    let SealedColumn { table, column: name, row } = column;
    // The form and the version stand at the beginning of a value.
    let mut beginning = vec![super::FORM];
    beginning.extend_from_slice(&sealer.version().to_be_bytes());
    let select = format!(
        "select {row} as place, {name} as sealed from {table}
         where organization_id = $1 and {name} is not null and substring({name} from 1 for 5) <> $2 limit $3 for update"
    );
    let found = sqlx::query(AssertSqlSafe(select))
        .bind(*organization)
        .bind(beginning)
        .bind(most)
        .fetch_all(tx.conn())
        .await
        .map_err(DbError::from)?;
    let update = format!("update {table} set {name} = $3 where organization_id = $1 and {row} = $2");
    let mut anew = 0;
    for found in &found {
        let at: Vec<u8> = found.try_get("place").map_err(DbError::from)?;
        let sealed: Vec<u8> = found.try_get("sealed").map_err(DbError::from)?;
        if sealer.is_current(&sealed) {
            continue;
        }
        let place = Place { organization: organization.as_bytes(), table, column: name, row: &at };
        let value = sealer.open(place, &sealed)?;
        let sealed = sealer.seal(ids, place, &value)?;
        sqlx::query(AssertSqlSafe(update.clone()))
            .bind(*organization)
            .bind(&at)
            .bind(sealed)
            .execute(tx.conn())
            .await
            .map_err(DbError::from)?;
        anew += 1;
    }
    Ok(Resealed { anew, more: i64::try_from(found.len()).unwrap_or(i64::MAX) >= most })
}
