//! Makes a database fit to serve: roles, schema, and the proof that nothing runs above the policies. Where all of it
//! is done already, that costs one question to each role.

use super::addresses::{Addresses, OWN_DATABASE};
use super::inspect::{self, Rights};
use crate::failure::{DATABASE_TOO_OLD, DATABASE_UNREACHABLE, FAILED, Failure, ROLES, SCHEMA, TOO_POWERFUL};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};
use store::{Database, DbError, Migrations, PlatformReason, schema_is_current};

/// The oldest server, as `server_version_num`.
const OLDEST: i32 = 150_000;

/// What the roles find when they connect.
#[derive(Debug, PartialEq, Eq)]
pub enum Schema {
    /// The one this binary was built with, or a later one that it can live with.
    Current,
    /// Missing or older.
    Old,
}

/// Asks both roles at once who they are and whether the schema is current.
///
/// # Errors
/// When a role cannot connect, is above the policies, or the server is too old.
pub async fn look(db: &Database) -> Result<Schema, LookError> {
    let (app, worker) = tokio::join!(look_as(db, PlatformReason::SignIn), look_as(db, PlatformReason::Maintenance));
    // Only the application role may read the migrations' table.
    worker?;
    app
}

/// Why the roles cannot be worked with as they are.
#[derive(Debug)]
pub enum LookError {
    /// They may be missing, or have other passwords: worth a try as the administrator.
    Database(DbError),
    /// Nothing that the administrator could mend.
    Final(Failure),
}

impl From<LookError> for Failure {
    fn from(error: LookError) -> Self {
        match error {
            LookError::Database(error) => {
                Failure::new(DATABASE_UNREACHABLE, format!("cannot connect to the database: {error}"))
            }
            LookError::Final(failure) => failure,
        }
    }
}

async fn look_as(db: &Database, reason: PlatformReason) -> Result<Schema, LookError> {
    let mut tx = db.platform(reason).await.map_err(LookError::Database)?;
    let standing = inspect::standing(tx.conn()).await.map_err(|error| LookError::Database(DbError(error)))?;
    if standing.superuser || standing.bypasses_policies {
        let sentence = format!(
            "{} is a superuser or bypasses row-level security, and the product never runs as one: take that from the role (ALTER ROLE {} NOSUPERUSER NOBYPASSRLS)",
            standing.role, standing.role
        );
        return Err(LookError::Final(Failure::new(TOO_POWERFUL, sentence)));
    }
    check_version(standing.version).map_err(LookError::Final)?;
    let current = standing.migrated && schema_is_current(tx.conn()).await.map_err(LookError::Database)?;
    Ok(if current { Schema::Current } else { Schema::Old })
}

/// Creates or verifies the roles, as the administrator. `connected`: they have been seen to let us in.
///
/// # Errors
/// When they are missing and this user may not create them.
pub async fn ensure_roles(addresses: &Addresses, connected: bool) -> Result<(), Failure> {
    let mut admin = connect_admin(addresses).await?;
    let rights = inspect::rights(&mut admin).await.map_err(DbError)?;
    check_version(rights.version)?;
    if !rights.may_create_roles {
        let _ = admin.close().await;
        return existing_roles_will_do(&rights, connected);
    }
    match &addresses.passwords {
        Some(passwords) => {
            let mut migrations = Migrations::connect(&addresses.admin).await?;
            migrations.ensure_roles(&passwords.app, &passwords.worker).await?;
        }
        // The operator gave the roles their passwords: those stay.
        None => {
            admin.execute(schema::ROLES).await.map_err(DbError)?;
        }
    }
    let _ = admin.close().await;
    Ok(())
}

/// Applies what is missing of the schema, as the administrator; one server after the other. Answers how many.
///
/// # Errors
/// When a migration fails, or this user may not.
pub async fn migrate(addresses: &Addresses) -> Result<u64, Failure> {
    let mut migrations = Migrations::connect(&addresses.admin).await?;
    migrations.up().await.map_err(|error| schema_failure(&error))
}

/// A failed migration as a sentence.
pub fn schema_failure(error: &kernel::Error) -> Failure {
    let private = error.private().unwrap_or(error.detail());
    Failure::new(SCHEMA, format!("the schema could not be changed: {private}"))
}

/// What an administrator runs by hand where DATABASE_URL's user may not create roles.
pub fn roles_script(addresses: &Addresses) -> String {
    use secrecy::ExposeSecret;

    let mut script = schema::ROLES.to_owned();
    if let Some(passwords) = &addresses.passwords {
        for (role, password) in [("balcao_app", &passwords.app), ("balcao_worker", &passwords.worker)] {
            script.push_str(&format!("\nalter role {role} login password '{}';", password.expose_secret()));
        }
    }
    if let Some(user) = Some(addresses.admin.get_username()).filter(|user| plain_name(user)) {
        script.push_str(&format!("\ngrant balcao_owner to {user};"));
    }
    script.push('\n');
    script
}

fn plain_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn existing_roles_will_do(rights: &Rights, connected: bool) -> Result<(), Failure> {
    if rights.roles == 5 && rights.member_of_owner && connected {
        return Ok(());
    }
    let missing = if rights.roles < 5 {
        "the roles balcao_owner, balcao_app, balcao_worker, balcao_resolver and balcao_auditor are missing or incomplete"
    } else if !rights.member_of_owner {
        "it is no member of balcao_owner"
    } else {
        "the roles balcao_app and balcao_worker have other passwords"
    };
    let sentence = format!(
        "DATABASE_URL's user {} may not create roles and {missing}: as an administrator run `balcao migrate roles | psql <administrator's address of this database>`, or set DATABASE_APP_URL and DATABASE_WORKER_URL",
        rights.role
    );
    Err(Failure::new(ROLES, sentence))
}

fn check_version(version: i32) -> Result<(), Failure> {
    if version >= OLDEST {
        return Ok(());
    }
    Err(Failure::new(
        DATABASE_TOO_OLD,
        format!("the database server is PostgreSQL {}, need 15 or newer", version / 10_000),
    ))
}

/// The administrator's connection; in the own PostgreSQL it makes the product's database first.
pub async fn connect_admin(addresses: &Addresses) -> Result<PgConnection, Failure> {
    let unreachable = |error: sqlx::Error| {
        Failure::new(DATABASE_UNREACHABLE, format!("cannot connect to the database: {}", DbError(error)))
    };
    match addresses.admin.clone().connect().await {
        Err(error) if addresses.own && is_missing_database(&error) => {
            make_own_database(&addresses.admin).await.map_err(|error| {
                Failure::new(FAILED, format!("the own database cannot be made: {}", DbError(error)))
            })?;
            addresses.admin.clone().connect().await.map_err(unreachable)
        }
        connected => connected.map_err(unreachable),
    }
}

async fn make_own_database(admin: &PgConnectOptions) -> sqlx::Result<()> {
    let mut conn = admin.clone().database("postgres").connect().await?;
    let made = conn.execute("create database balcao").await;
    if made.is_err() && !inspect::database_exists(&mut conn, OWN_DATABASE).await? {
        made?;
    }
    conn.close().await
}

/// 3D000: no such database.
fn is_missing_database(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.code().as_deref() == Some("3D000"))
}
