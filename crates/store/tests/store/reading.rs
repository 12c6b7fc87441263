//! Statements that stand alone, and the pool below them: one connection serves organization after organization.

use crate::house::House;
use kernel::ids::OrganizationId;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Map;
use sqlx::{Postgres, Row};
use std::future::Future as _;
use std::task::Poll;
use std::time::Duration;
use store::{Database, DbError, PoolLimits, Reads};
use uuid::Uuid;

const TENANT: &str =
    "from (select set_config('app.organization_id', $1::uuid::text, true)::uuid as organization_id) tenant";

/// Every connection of the application role is one and the same.
fn one_connection(house: &House) -> Database {
    let limits = PoolLimits { app: 1, worker: 1, acquire_timeout: Duration::from_secs(10) };
    Database::new(house.database.app.clone(), house.database.worker.clone(), &limits)
}

async fn unit_of(house: &House, organization: OrganizationId) -> Uuid {
    let id = Uuid::new_v4();
    sqlx::query("insert into units (id, organization_id, name, slug, kind, created_at, updated_at) values ($1, $2, 'Recepção', $3, 'queue', now(), now())")
        .bind(id)
        .bind(organization.0)
        .bind(format!("u-{}", id.simple()))
        .execute(&mut house.superuser().await)
        .await
        .unwrap();
    id
}

type Ids<'q> = Map<'q, Postgres, fn(PgRow) -> Result<Uuid, sqlx::Error>, PgArguments>;

fn first(row: PgRow) -> Result<Uuid, sqlx::Error> {
    row.try_get(0)
}

/// `$1` is the organization, `$2` whatever the inner part wants.
fn ids(sql: String, organization: OrganizationId, second: Uuid) -> Ids<'static> {
    sqlx::query(sqlx::AssertSqlSafe(sql)).bind(organization.0).bind(second).try_map(first as fn(PgRow) -> _)
}

fn units(inner: &str, organization: OrganizationId, second: Uuid) -> Ids<'static> {
    ids(
        format!("select u.id {TENANT} cross join lateral (select u.id from units u where {inner} offset 0) u"),
        organization,
        second,
    )
}

fn code(error: &DbError) -> String {
    let sqlx::Error::Database(error) = &error.0 else { panic!("{error:?}") };
    error.code().unwrap().into_owned()
}

#[tokio::test]
async fn a_statement_sees_its_own_organization_whatever_the_connection_served_before() {
    let house = House::new().await;
    let db = one_connection(&house);
    let (ours, theirs) = (house.organization().await, house.organization().await);
    let (our_unit, their_unit) = (unit_of(&house, ours).await, unit_of(&house, theirs).await);
    let by_id = "u.organization_id = tenant.organization_id and u.id = $2";
    // Often enough for any plan that PostgreSQL may go over to.
    for _ in 0..8 {
        for (organization, own, other) in [(ours, our_unit, their_unit), (theirs, their_unit, our_unit)] {
            let mut reads = db.read(organization);
            assert_eq!(reads.optional(units(by_id, organization, own)).await.unwrap(), Some(own));
            assert_eq!(reads.optional(units(by_id, organization, other)).await.unwrap(), None);
            // The predicate forgotten, the policy alone decides; it names `tenant` only to come after it.
            let careless = "tenant.organization_id is not null and $2::uuid is not null";
            assert_eq!(reads.all(units(careless, organization, own)).await.unwrap(), [own]);
            // The predicate of another organization against the policy of this one.
            let wrong = format!(
                "tenant.organization_id is not null and u.organization_id = '{}' and $2::uuid is not null",
                if organization == ours { theirs } else { ours }
            );
            assert!(reads.all(units(&wrong, organization, own)).await.unwrap().is_empty());
        }
    }
    assert_eq!(db.connections()[0], (1, 1), "one connection did all of it and is back");
}

#[tokio::test]
async fn the_setting_is_gone_after_the_statement_and_a_wrong_order_fails() {
    let house = House::new().await;
    let db = one_connection(&house);
    let organization = house.organization().await;
    let unit = unit_of(&house, organization).await;
    let mut reads = db.read(organization);
    let by_id = "u.organization_id = tenant.organization_id and u.id = $2";
    // Before any organization was ever set on the connection, and after one was.
    for expected in ["42704", "22P02"] {
        let bare = ids("select id from units where organization_id = $1 and id = $2".to_owned(), organization, unit);
        assert_eq!(code(&reads.optional(bare).await.unwrap_err()), expected);
        let late = ids(
            "select coalesce((select id from units where id = $2), set_config('app.organization_id', $1::uuid::text, true)::uuid)".to_owned(),
            organization,
            unit,
        );
        assert_eq!(code(&reads.optional(late).await.unwrap_err()), expected, "read before it was set");
        assert_eq!(reads.optional(units(by_id, organization, unit)).await.unwrap(), Some(unit));
    }
    let left = sqlx::query("select nullif(current_setting('app.organization_id', true), '')::uuid")
        .try_map(|row: PgRow| row.try_get::<Option<Uuid>, _>(0));
    assert_eq!(reads.optional(left).await.unwrap(), Some(None), "nothing is set any more");
    // Inside a transaction of the same organization the same statements work.
    let mut tx = db.tenant(organization).await.unwrap();
    assert_eq!(tx.optional(units(by_id, organization, unit)).await.unwrap(), Some(unit));
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn what_is_dropped_unfinished_is_undone_before_the_connection_serves_again() {
    let house = House::new().await;
    let db = one_connection(&house);
    let organization = house.organization().await;
    let unit = unit_of(&house, organization).await;
    let by_id = "u.organization_id = tenant.organization_id and u.id = $2";
    // A transaction that nobody commits.
    let mut tx = db.tenant(organization).await.unwrap();
    let changed = sqlx::query("update units set name = 'Outra'").execute(tx.conn()).await.unwrap();
    assert_eq!(changed.rows_affected(), 1);
    drop(tx);
    // A statement that nobody waits for.
    let slow = sqlx::query("select $1::uuid from pg_sleep(0.2)").bind(unit).try_map(first as fn(PgRow) -> _);
    let mut reads = db.read(organization);
    assert!(tokio::time::timeout(Duration::from_millis(20), reads.optional(slow)).await.is_err());
    // A transaction that breaks off while it begins.
    assert_eq!(reads.optional(units(by_id, organization, unit)).await.unwrap(), Some(unit));
    let mut begins = Box::pin(db.tenant(organization));
    // Polled once it is on its way; where the server was quicker than that, it is dropped begun, as the first one was.
    std::future::poll_fn(|cx| Poll::Ready(begins.as_mut().poll(cx).is_pending())).await;
    drop(begins);
    assert_eq!(reads.optional(units(by_id, organization, unit)).await.unwrap(), Some(unit));
    let name: String = sqlx::query_scalar("select name from units where id = $1")
        .bind(unit)
        .fetch_one(&mut house.superuser().await)
        .await
        .unwrap();
    assert_eq!(name, "Recepção");
    let open: i64 = sqlx::query_scalar(
        "select count(*) from pg_stat_activity where datname = $1 and usename = 'balcao_app' and state <> 'idle'",
    )
    .bind(&house.database.name)
    .fetch_one(&mut house.superuser().await)
    .await
    .unwrap();
    assert_eq!(open, 0, "no transaction is left open");
    assert_eq!(db.connections()[0].0, 1);
}

#[tokio::test]
async fn a_connection_that_the_server_ended_is_replaced_at_the_next_use() {
    let house = House::new().await;
    let db = one_connection(&house);
    let organization = house.organization().await;
    let unit = unit_of(&house, organization).await;
    let by_id = "u.organization_id = tenant.organization_id and u.id = $2";
    let mut reads = db.read(organization);
    reads.optional(units(by_id, organization, unit)).await.unwrap();
    sqlx::query(
        "select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = $1 and usename = 'balcao_app'",
    )
    .bind(&house.database.name)
    .execute(&mut house.superuser().await)
    .await
    .unwrap();
    assert!(reads.optional(units(by_id, organization, unit)).await.is_err(), "it shows at the first statement");
    assert_eq!(reads.optional(units(by_id, organization, unit)).await.unwrap(), Some(unit));
}

#[tokio::test]
async fn beyond_the_limit_one_waits_and_a_closed_pool_gives_nothing() {
    let house = House::new().await;
    let organization = house.organization().await;
    let limits = PoolLimits { app: 1, worker: 1, acquire_timeout: Duration::from_millis(50) };
    let db = Database::new(house.database.app.clone(), house.database.worker.clone(), &limits);
    let held = db.tenant(organization).await.unwrap();
    let refused = db.tenant(organization).await.err().unwrap();
    assert!(matches!(refused.0, sqlx::Error::PoolTimedOut) && refused.is_transient());
    held.commit().await.unwrap();
    db.tenant(organization).await.unwrap().commit().await.unwrap();
    db.close().await;
    let closed = db.tenant(organization).await.err().unwrap();
    assert!(matches!(closed.0, sqlx::Error::PoolClosed));
    assert_eq!(db.connections(), [(0, 0), (0, 0)]);
}
