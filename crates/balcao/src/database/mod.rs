//! From a configuration to an open database: the own PostgreSQL or the operator's, prepared and proven.

pub mod addresses;
pub mod inspect;
pub mod prepare;

use crate::config::Config;
use crate::failure::{Failure, REFUSED, SCHEMA};
use addresses::Addresses;
use kernel::ids::OrganizationId;
use prepare::{LookError, Schema};
use store::embedded::{self, Guest};
use store::{Database, DbError, PlatformReason, PoolLimits, Sealer};

/// An open transaction older than this holds up every reader of the event log for all to feel.
pub const HORIZON_LIMIT: std::time::Duration = std::time::Duration::from_secs(5);

/// The database as a command sees it. End with [`OpenDatabase::close`].
pub struct OpenDatabase {
    pub db: Database,
    pub addresses: Addresses,
    guest: Option<Guest>,
}

impl OpenDatabase {
    /// Opens it for one command, beside a running server or without one; makes it ready first.
    ///
    /// # Errors
    /// Everything that can stand between a command and its database, each with its sentence.
    pub async fn for_command(config: &Config, sealer: &Sealer) -> Result<Self, Failure> {
        let opened = Self::unprepared(config, sealer).await?;
        match make_ready(&opened.db, &opened.addresses, config.database.migrate_at_start).await {
            Ok(Schema::Current) => Ok(opened),
            Ok(Schema::Old) => {
                opened.fail(Failure::new(SCHEMA, "the schema is too old: run `balcao migrate up`")).await
            }
            Err(failure) => opened.fail(failure).await,
        }
    }

    /// Opens it as it is, for commands that look at it or prepare it.
    ///
    /// # Errors
    /// When the own PostgreSQL does not run.
    pub async fn unprepared(config: &Config, sealer: &Sealer) -> Result<Self, Failure> {
        let (addresses, guest) = match &config.database.url {
            Some(url) => (Addresses::of_url(url, &config.database, sealer)?, None),
            None => {
                let guest = embedded::open(&config.database.own).await?;
                (Addresses::of_own(guest.server(), sealer), Some(guest))
            }
        };
        // One thing at a time: a command needs no crowd, and must not take a running server's connections.
        let limits = PoolLimits { app: 2, worker: 2, ..config.database.pools.clone() };
        Ok(Self { db: open_pools(&addresses, &limits), addresses, guest })
    }

    /// The organization of this slug.
    ///
    /// # Errors
    /// When there is none.
    pub async fn organization(&self, slug: &str) -> Result<OrganizationId, Failure> {
        let mut tx = self.db.platform(PlatformReason::Operator).await?;
        let found = inspect::organization(tx.conn(), slug).await.map_err(DbError)?;
        found.map(OrganizationId).ok_or_else(|| Failure::new(REFUSED, format!("there is no organization {slug}")))
    }

    /// Gives everything back.
    ///
    /// # Errors
    /// When a PostgreSQL that this command started does not stop.
    pub async fn close(self) -> Result<(), Failure> {
        self.db.close().await;
        match self.guest {
            Some(guest) => Ok(guest.close().await?),
            None => Ok(()),
        }
    }

    async fn fail(self, failure: Failure) -> Result<Self, Failure> {
        // The first failure is the one to tell.
        let _ = self.close().await;
        Err(failure)
    }
}

/// Pools of both roles; they connect when they are used.
pub fn open_pools(addresses: &Addresses, limits: &PoolLimits) -> Database {
    Database::new(addresses.app.clone(), addresses.worker.clone(), limits)
}

/// Roles and, if `migrate`, schema: made where they are missing. One question to each role when nothing is.
///
/// # Errors
/// What cannot be mended.
pub async fn make_ready(db: &Database, addresses: &Addresses, migrate: bool) -> Result<Schema, Failure> {
    let connected = match prepare::look(db).await {
        Ok(Schema::Current) => return Ok(Schema::Current),
        Ok(Schema::Old) if !migrate => return Ok(Schema::Old),
        Ok(Schema::Old) => true,
        Err(LookError::Database(_)) => false,
        Err(LookError::Final(failure)) => return Err(failure),
    };
    prepare::ensure_roles(addresses, connected).await?;
    if migrate {
        let applied = prepare::migrate(addresses).await?;
        if applied > 0 {
            tracing::info!(applied, "the schema is up to date");
        }
    }
    Ok(prepare::look(db).await?)
}
