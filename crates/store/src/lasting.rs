//! Keys that outlive the installation's own: what they hashed cannot be made anew when that one is turned over.
//!
//! Each purpose has a key in `lasting_keys`, sealed with the installation's key like any other secret. The first one is
//! what [`Sealer::derive`] gives, so that installations from before this table go on with what they have. A ring is a
//! purpose with several versions: the newest is in use, the others still check what they signed.

use crate::database::Database;
use crate::error::DbError;
use crate::platform_tx::INSTALLATION;
use crate::seal::{Place, Sealer};
use crate::tenant_tx::TenantTx;
use chrono::{DateTime, Utc};
use kernel::{Error, Ids};
use std::collections::HashMap;

/// Purposes that [`Sealer::lasting`] serves; rings are read when they are needed.
pub const LASTING: &[&str] = &[
    "audit cursors",
    "audit lookup",
    "channels inbound body",
    "channels inbound sender",
    "cursors",
    "list cursors",
    "login-throttle",
    "realtime cursors",
    "recovery-codes",
    "refresh-successor",
];

/// One version of a ring.
pub struct RingKey {
    pub version: i32,
    pub key: [u8; 32],
    /// What the version before said of it.
    pub vouched: Option<Vec<u8>>,
    pub created_at: DateTime<Utc>,
}

impl Sealer {
    /// The same with the lasting keys of this database, which are made where they are missing.
    ///
    /// # Errors
    /// When a statement fails, or a key was sealed with an installation key that is not given.
    pub async fn with_lasting(self, db: &Database, ids: &Ids, now: DateTime<Utc>) -> Result<Self, Error> {
        let mut tx = db.tenant(INSTALLATION).await?;
        let mut lasting = HashMap::with_capacity(LASTING.len());
        for purpose in LASTING {
            if let Some(newest) = self.ring(&mut tx, ids, purpose, now).await?.first() {
                lasting.insert(*purpose, newest.key);
            }
        }
        tx.commit().await?;
        Ok(self.knowing(lasting))
    }

    /// The versions of a purpose, the newest first; the first one is made here.
    ///
    /// # Errors
    /// As [`Sealer::with_lasting`].
    pub async fn ring(
        &self,
        tx: &mut TenantTx,
        ids: &Ids,
        purpose: &str,
        now: DateTime<Utc>,
    ) -> Result<Vec<RingKey>, Error> {
        let mut rows = rows(tx, purpose).await?;
        if rows.is_empty() {
            self.add_to_ring(tx, ids, purpose, (1, self.derive(purpose)), None, now).await?;
            rows = self::rows(tx, purpose).await?;
        }
        rows.into_iter()
            .map(|row| {
                let at = place_of(purpose, row.version);
                let bytes = self.open(place(&at), &row.key_sealed)?;
                let key = bytes.try_into().map_err(|_| Error::internal("a lasting key of another length"))?;
                Ok(RingKey { version: row.version, key, vouched: row.vouched, created_at: row.created_at })
            })
            .collect()
    }

    /// Adds a version. One that is there stays: of two that are made at once the first one counts.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn add_to_ring(
        &self,
        tx: &mut TenantTx,
        ids: &Ids,
        purpose: &str,
        (version, key): (i32, [u8; 32]),
        vouched: Option<&[u8]>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let at = place_of(purpose, version);
        let sealed = self.seal(ids, place(&at), &key)?;
        sqlx::query!(
            "insert into lasting_keys (purpose, version, key_sealed, vouched, created_at) values ($1, $2, $3, $4, $5)
             on conflict (purpose, version) do nothing",
            purpose,
            version,
            sealed,
            vouched,
            now
        )
        .execute(tx.conn())
        .await
        .map_err(DbError::from)?;
        Ok(())
    }
}

struct Row {
    version: i32,
    key_sealed: Vec<u8>,
    vouched: Option<Vec<u8>>,
    created_at: DateTime<Utc>,
}

async fn rows(tx: &mut TenantTx, purpose: &str) -> Result<Vec<Row>, DbError> {
    Ok(sqlx::query_as!(
        Row,
        "select version, key_sealed, vouched, created_at from lasting_keys where purpose = $1 order by version desc",
        purpose
    )
    .fetch_all(tx.conn())
    .await?)
}

/// The row of a key, as [`crate::rekey`] says it in SQL.
fn place_of(purpose: &str, version: i32) -> Vec<u8> {
    [purpose.as_bytes(), b"/", version.to_string().as_bytes()].concat()
}

fn place(row: &[u8]) -> Place<'_> {
    Place { organization: INSTALLATION.0.as_bytes(), table: "lasting_keys", column: "key_sealed", row }
}
