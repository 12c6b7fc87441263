//! Databases for tests: cloned from a template that is migrated once a schema, on the server that
//! `BALCAO_TEST_DATABASE_URL` names (a superuser's address).

use crate::database::{Database, PoolLimits};
use crate::migrate::Migrations;
use secrecy::SecretString;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor, PgConnection};
use std::str::FromStr;

const PASSWORD: &str = "for-tests-only";
/// Databases of earlier runs are dropped after this many seconds.
const OLD: u64 = 1_800;

/// A database of one test.
pub struct TestDatabase {
    pub name: String,
    pub admin: PgConnectOptions,
    pub app: PgConnectOptions,
    pub worker: PgConnectOptions,
}

impl TestDatabase {
    /// A fresh, migrated database of its own.
    ///
    /// # Panics
    /// When the server cannot be reached or refuses.
    pub async fn alone() -> Self {
        let server = server();
        let mut admin = server.clone().connect().await.expect("the test server must run");
        let template = ensure_template(&mut admin, &server).await;
        let name = format!("balcao_t_{}_{}", seconds(), uuid::Uuid::new_v4().simple());
        run(&mut admin, format!("create database {name} template {template}")).await;
        admin.close().await.expect("closes");
        Self::named(&server, name)
    }

    /// The database that the tests of a run share, each with its own organizations.
    ///
    /// # Panics
    /// When the server cannot be reached or refuses.
    pub async fn shared() -> Self {
        let server = server();
        let mut admin = server.clone().connect().await.expect("the test server must run");
        let template = ensure_template(&mut admin, &server).await;
        let name = template.replace("template", "shared");
        lock(&mut admin, true).await;
        if !exists(&mut admin, &name).await {
            run(&mut admin, format!("create database {name} template {template}")).await;
        }
        lock(&mut admin, false).await;
        admin.close().await.expect("closes");
        Self::named(&server, name)
    }

    /// Pools small enough for many tests at once.
    pub fn open(&self) -> Database {
        let limits = PoolLimits { app: 6, worker: 3, acquire_timeout: std::time::Duration::from_secs(30) };
        Database::new(self.app.clone(), self.worker.clone(), &limits)
    }

    fn named(server: &PgConnectOptions, name: String) -> Self {
        let at = server.clone().database(&name);
        Self {
            app: at.clone().username("balcao_app").password(PASSWORD),
            worker: at.clone().username("balcao_worker").password(PASSWORD),
            admin: at,
            name,
        }
    }
}

/// A superuser's address of the test server.
pub fn server() -> PgConnectOptions {
    let url = std::env::var("BALCAO_TEST_DATABASE_URL")
        .expect("BALCAO_TEST_DATABASE_URL; `cargo xtask test` starts a server and sets it");
    PgConnectOptions::from_str(&url).expect("BALCAO_TEST_DATABASE_URL is a PostgreSQL address")
}

/// The migrated template; its name carries the schema's checksum, so that a changed migration makes a new one.
async fn ensure_template(admin: &mut PgConnection, server: &PgConnectOptions) -> String {
    let mut sum: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in schema::MIGRATIONS.iter().flat_map(|m| m.checksum.iter()).chain(schema::ROLES.as_bytes()) {
        sum = (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    }
    let name = format!("balcao_template_{sum:016x}");
    lock(admin, true).await;
    if !exists(admin, &name).await {
        drop_old(admin).await;
        let making = format!("{name}_making");
        run(admin, format!("drop database if exists {making}")).await;
        run(admin, format!("create database {making}")).await;
        let mut migrations = Migrations::connect(&server.clone().database(&making)).await.expect("connects");
        let password = SecretString::from(PASSWORD);
        migrations.ensure_roles(&password, &password).await.expect("roles");
        migrations.up().await.expect("migrations");
        drop(migrations);
        // The server may need a moment to see that the connection is gone.
        for _ in 0..100 {
            if admin.execute(AssertSqlSafe(format!("alter database {making} rename to {name}"))).await.is_ok() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert!(exists(admin, &name).await, "the template database is there");
    }
    lock(admin, false).await;
    name
}

async fn drop_old(admin: &mut PgConnection) {
    let names: Vec<String> =
        sqlx::query_scalar("select datname::text from pg_database where datname like 'balcao\\_t\\_%'")
            .fetch_all(&mut *admin)
            .await
            .expect("lists");
    for name in names {
        let made: Option<u64> = name.split('_').nth(2).and_then(|seconds| seconds.parse().ok());
        if made.is_some_and(|made| made + OLD < seconds()) {
            let _ = admin.execute(AssertSqlSafe(format!("drop database if exists {name}"))).await;
        }
    }
}

async fn exists(admin: &mut PgConnection, name: &str) -> bool {
    sqlx::query_scalar("select exists (select from pg_database where datname = $1)")
        .bind(name)
        .fetch_one(admin)
        .await
        .expect("asks")
}

async fn lock(admin: &mut PgConnection, on: bool) {
    let statement = if on { "select pg_advisory_lock(7219446)" } else { "select pg_advisory_unlock(7219446)" };
    admin.execute(statement).await.expect("locks");
}

async fn run(admin: &mut PgConnection, statement: String) {
    admin.execute(AssertSqlSafe(statement)).await.expect("runs");
}

fn seconds() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map(|d| d.as_secs()).unwrap_or_default()
}
