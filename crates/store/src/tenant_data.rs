//! Everything that one organization has, table by table: to be copied out, or to be removed.
//!
//! Tables are found in the catalogue, so that a new one is never forgotten. Names come from there alone and are quoted by
//! the database itself.

use crate::error::DbError;
use crate::tenant_tx::TenantTx;
use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor, Row};
use uuid::Uuid;

/// Longer than requests may take: these statements read or remove thousands of rows, in jobs.
const PATIENCE: &str = "set local statement_timeout = '60s'; set local lock_timeout = '10s'";

/// A table, or a view, with rows of organizations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantTable {
    /// As the catalogue has it.
    pub name: String,
    quoted: String,
    /// Quoted names of what tells its rows apart, in their order.
    key: Vec<String>,
    /// Names of columns with bytes: hashes and sealed values, which mean nothing outside.
    bytes: Vec<String>,
    removable: bool,
}

/// All tables with rows of organizations that the application role may read, by name.
///
/// # Errors
/// When the statement fails.
pub async fn tenant_tables(tx: &mut TenantTx) -> Result<Vec<TenantTable>, DbError> {
    let rows = sqlx::query!(
        r#"select c.relname::text as "name!", quote_ident(c.relname::text) as "quoted!",
             array(select quote_ident(a.attname::text) from pg_index i
               cross join lateral unnest(i.indkey::int2[]) with ordinality k (attnum, place)
               join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
               where i.indrelid = c.oid and i.indisprimary order by k.place) as "key!: Vec<String>",
             array(select a.attname::text from pg_attribute a
               where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.atttypid = 'bytea'::regtype) as "bytes!: Vec<String>",
             has_table_privilege(c.oid, 'delete') as "removable!"
           from pg_class c join pg_policy p on p.polrelid = c.oid and p.polname = 'tenant'
           where c.relkind in ('r', 'p') and c.relname <> 'organizations' and has_table_privilege(c.oid, 'select')
             and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'organization_id')
           order by c.relname"#
    )
    .fetch_all(tx.conn())
    .await?;
    let tables = rows.into_iter().map(|row| TenantTable {
        name: row.name,
        quoted: row.quoted,
        key: row.key,
        bytes: row.bytes,
        removable: row.removable,
    });
    Ok(tables.filter(|table| !table.key.is_empty()).collect())
}

/// Up to `most` rows of a table as JSON objects, in the order of their key, those behind `after` (a row of the page
/// before).
///
/// # Errors
/// When the statement fails.
pub async fn tenant_rows(
    tx: &mut TenantTx,
    table: &TenantTable,
    after: Option<&Value>,
    most: i64,
) -> Result<Vec<Value>, DbError> {
    let organization: Uuid = tx.organization_id().0;
    tx.conn().execute(PATIENCE).await?;
    let (name, key) = (&table.quoted, table.key.join(", "));
    // The catalogue's own quoting, and nothing that anybody typed.
    let behind = match after {
        Some(_) => format!("and ({key}) > (select {key} from jsonb_populate_record(null::{name}, $2))"),
        None => "and $2::jsonb is null".to_owned(),
    };
    let statement =
        format!("select to_jsonb(t) as row from {name} t where organization_id = $1 {behind} order by {key} limit $3");
    let rows =
        sqlx::query(AssertSqlSafe(statement)).bind(organization).bind(after).bind(most).fetch_all(tx.conn()).await?;
    rows.iter().map(|row| Ok(row.try_get::<Value, _>(0)?)).collect()
}

/// A row without its hashes and sealed values.
pub fn readable(table: &TenantTable, mut row: Value) -> Value {
    if let Some(row) = row.as_object_mut() {
        row.retain(|name, _| !table.bytes.contains(name));
    }
    row
}

/// Removes up to `most` rows of this organization from every table but those named, children before what they point
/// to. Answers how many went; 0 means that nothing is left.
///
/// # Errors
/// When rows are left that cannot be removed.
pub async fn remove_tenant_rows(tx: &mut TenantTx, but: &[&str], most: i64) -> Result<u64, DbError> {
    let tables = tenant_tables(tx).await?;
    let mut gone = 0;
    let mut refused = None;
    for table in tables.iter().filter(|table| table.removable && !but.contains(&table.name.as_str())) {
        let savepoint = tx.savepoint().await?;
        match remove(tx, table, most).await {
            Ok(removed) => gone += removed,
            // What points to it goes first; the next call comes back to it.
            Err(error) if is_still_pointed_to(&error) => {
                tx.undo_to_savepoint(savepoint).await?;
                refused = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    match refused {
        Some(error) if gone == 0 => Err(error),
        _ => Ok(gone),
    }
}

async fn remove(tx: &mut TenantTx, table: &TenantTable, most: i64) -> Result<u64, DbError> {
    let organization: Uuid = tx.organization_id().0;
    tx.conn().execute(PATIENCE).await?;
    let (name, key) = (&table.quoted, table.key.join(", "));
    let statement = format!(
        "delete from {name} where ({key}) in (select {key} from {name} where organization_id = $1 limit $2)
           and organization_id = $1"
    );
    let removed = sqlx::query(AssertSqlSafe(statement)).bind(organization).bind(most).execute(tx.conn()).await?;
    Ok(removed.rows_affected())
}

/// 23503: a foreign key points to it.
fn is_still_pointed_to(error: &DbError) -> bool {
    matches!(&error.0, sqlx::Error::Database(error) if error.code().as_deref() == Some("23503"))
}
