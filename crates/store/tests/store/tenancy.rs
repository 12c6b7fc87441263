//! Row-level security as the guide's section 10 wants it, with two organizations and direct SQL.

use crate::house::House;
use sqlx::{ConnectOptions, Connection, Executor};

#[tokio::test]
async fn check_28_without_an_organization_the_app_role_reads_nothing_and_is_told_loudly() {
    let house = House::new().await;
    let organization = house.organization().await;
    house.append(organization, 1).await.unwrap();
    let mut conn = house.database.app.clone().connect().await.unwrap();
    for table in tenant_tables(&house).await {
        let outcome: Result<i64, sqlx::Error> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(format!("select count(*) from {table}"))).fetch_one(&mut conn).await;
        match outcome {
            Err(sqlx::Error::Database(error)) => {
                assert!(["42704", "22P02", "42501"].contains(&error.code().unwrap().as_ref()), "{table}: {error}");
            }
            other => panic!("{table}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn the_setting_never_survives_a_transaction() {
    let house = House::new().await;
    let organization = house.organization().await;
    let mut conn = house.database.app.clone().connect().await.unwrap();
    for end in ["commit", "rollback"] {
        conn.execute(sqlx::AssertSqlSafe(format!("begin; set local app.organization_id = '{organization}'")))
            .await
            .unwrap();
        let ours: i64 = sqlx::query_scalar("select count(*) from organizations").fetch_one(&mut conn).await.unwrap();
        conn.execute(end).await.unwrap();
        assert_eq!(ours, 1);
        let after: Result<i64, _> = sqlx::query_scalar("select count(*) from organizations").fetch_one(&mut conn).await;
        assert!(after.is_err(), "after {end} there is no organization");
    }
    conn.close().await.unwrap();
}

#[tokio::test]
async fn an_organization_neither_sees_nor_touches_anothers_rows() {
    let house = House::new().await;
    let (ours, theirs) = (house.organization().await, house.organization().await);
    house.append(theirs, 1).await.unwrap();
    sqlx::query("insert into units (id, organization_id, name, slug, kind, created_at, updated_at) values ($1, $2, 'Deles', 'deles', 'queue', now(), now())")
        .bind(theirs.0)
        .bind(theirs.0)
        .execute(&mut house.superuser().await)
        .await
        .unwrap();
    let mut tx = house.db.tenant(ours).await.unwrap();
    for (table, key) in [("organizations", "id"), ("events", "organization_id"), ("units", "organization_id")] {
        let sql = format!("select count(*) from {table} where {key} = '{theirs}'");
        let seen: i64 = sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).fetch_one(tx.conn()).await.unwrap();
        assert_eq!(seen, 0, "{table}");
    }
    let changed = sqlx::query("update units set name = 'Nossa'").execute(tx.conn()).await.unwrap().rows_affected();
    let removed = sqlx::query("delete from units").execute(tx.conn()).await.unwrap().rows_affected();
    assert_eq!((changed, removed), (0, 0));
    // A row for them is refused by the policy's check, also through a conflict.
    let insert = "insert into units (id, organization_id, name, slug, kind, created_at, updated_at)
                  values (gen_random_uuid(), $1, 'Falsa', 'deles', 'queue', now(), now()) on conflict do nothing";
    let error = sqlx::query(insert).bind(theirs.0).execute(tx.conn()).await.unwrap_err();
    assert_eq!(error.as_database_error().unwrap().code().unwrap(), "42501");
}

async fn tenant_tables(house: &House) -> Vec<String> {
    sqlx::query_scalar(
        "select c.relname::text from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'organization_id'
         where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and not a.attisdropped and not c.relispartition",
    )
    .fetch_all(&mut house.superuser().await)
    .await
    .unwrap()
}
