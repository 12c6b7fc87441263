//! Runs the migrations, up and down, and keeps roles as the guide says.

use crate::error::DbError;
use kernel::Error;
use secrecy::{ExposeSecret, SecretString};
use sqlx::migrate::{Migrate, MigrateError};
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Executor, PgConnection};

/// What `migrate status` shows of one migration.
#[derive(Clone, Debug, serde::Serialize)]
pub struct MigrationState {
    pub version: i64,
    pub description: String,
    pub applied: bool,
}

/// The connection that may change the schema: whoever may create roles, or the owner of the schema.
pub struct Migrations {
    conn: PgConnection,
}

impl Migrations {
    /// Connects as the administrator.
    ///
    /// # Errors
    /// When the database cannot be reached.
    pub async fn connect(admin: &PgConnectOptions) -> Result<Self, Error> {
        let conn = admin.clone().connect().await.map_err(DbError)?;
        Ok(Self { conn })
    }

    /// The server's version, e.g. 150018.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn server_version(&mut self) -> Result<i32, Error> {
        let version = sqlx::query_scalar!(r#"select current_setting('server_version_num')::int as "version!""#)
            .fetch_one(&mut self.conn)
            .await
            .map_err(DbError)?;
        Ok(version)
    }

    /// Creates the roles where they are absent and gives the two that connect their passwords.
    ///
    /// # Errors
    /// When the roles are absent and this connection may not create them.
    pub async fn ensure_roles(&mut self, app: &SecretString, worker: &SecretString) -> Result<(), Error> {
        let mut statements = schema::ROLES.to_owned();
        for (role, password) in [("balcao_app", app), ("balcao_worker", worker)] {
            // Derived passwords are base64url: nothing in them could end the literal; anything else is refused.
            let password = password.expose_secret();
            if !password.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') {
                return Err(Error::internal("role password has characters that are not allowed"));
            }
            statements.push_str(&format!("\nalter role {role} login password '{password}';"));
        }
        // Several servers may start at once; the lock lets one after the other do it.
        self.conn.execute("select pg_advisory_lock(7219445)").await.map_err(DbError)?;
        let done = self.conn.execute(sqlx::raw_sql(AssertSqlSafe(statements))).await;
        self.conn.execute("select pg_advisory_unlock(7219445)").await.map_err(DbError)?;
        done.map_err(DbError)?;
        Ok(())
    }

    /// Applies what is missing, as the owner of the schema; then makes the log's partitions of this month and the next two.
    ///
    /// # Errors
    /// When a migration fails (it is undone), or the database knows a newer schema than this binary.
    pub async fn up(&mut self) -> Result<u64, Error> {
        self.as_owner().await?;
        let before = self.applied().await?.len();
        schema::MIGRATIONS.run(&mut self.conn).await.map_err(migrate_error)?;
        sqlx::query!(
            "select ensure_event_partition((now() + make_interval(months => n))::date) from generate_series(0, 2) n"
        )
        .fetch_all(&mut self.conn)
        .await
        .map_err(DbError)?;
        self.conn.execute("grant select on _sqlx_migrations to balcao_app").await.map_err(DbError)?;
        let after = self.applied().await?.len();
        Ok(u64::try_from(after.saturating_sub(before)).unwrap_or_default())
    }

    /// Undoes every migration above `target` (0: all). Loses what they held.
    ///
    /// # Errors
    /// When a migration fails.
    pub async fn down(&mut self, target: i64) -> Result<(), Error> {
        self.as_owner().await?;
        schema::MIGRATIONS.undo(&mut self.conn, target).await.map_err(migrate_error)
    }

    /// Each known migration and whether it is applied.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn status(&mut self) -> Result<Vec<MigrationState>, Error> {
        self.as_owner().await?;
        let applied = self.applied().await?;
        Ok(schema::MIGRATIONS
            .iter()
            .filter(|migration| migration.migration_type.is_up_migration())
            .map(|migration| MigrationState {
                version: migration.version,
                description: migration.description.to_string(),
                applied: applied.contains(&migration.version),
            })
            .collect())
    }

    async fn as_owner(&mut self) -> Result<(), Error> {
        self.conn
            .execute("set role balcao_owner; set check_function_bodies = off; set client_min_messages = warning")
            .await
            .map_err(DbError)?;
        Ok(())
    }

    async fn applied(&mut self) -> Result<Vec<i64>, Error> {
        let table = "_sqlx_migrations";
        self.conn.ensure_migrations_table(table).await.map_err(migrate_error)?;
        let rows = self.conn.list_applied_migrations(table).await.map_err(migrate_error)?;
        Ok(rows.into_iter().map(|migration| migration.version).collect())
    }
}

/// Whether the schema is exactly the one this binary was built with; asked at start by servers that do not migrate.
///
/// # Errors
/// When the statement fails.
pub async fn schema_is_current(conn: &mut PgConnection) -> Result<bool, DbError> {
    let newest = schema::MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or_default();
    let applied: Option<i64> =
        sqlx::query_scalar("select max(version) from _sqlx_migrations where success").fetch_one(conn).await?;
    Ok(applied.unwrap_or_default() >= newest)
}

fn migrate_error(error: MigrateError) -> Error {
    Error::internal(format!("migration: {error}")).with_retryable(false)
}
