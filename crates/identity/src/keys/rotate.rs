//! The turnover of signing keys: by itself every 90 days, by command, or at once in an emergency.

use super::KeyRing;
use crate::store::keys::{self, KeyRow};
use chrono::{DateTime, Duration, Utc};
use kernel::Error;
use store::{PlatformReason, PlatformTx};

/// How long a key signs.
const ACTIVE: Duration = Duration::days(90);
/// How long a key is published before it signs, and after its last token is over.
const PUBLISHED: Duration = Duration::hours(1);

/// How to turn keys over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Only what is due: the hourly job.
    WhenDue,
    /// A new key is published now and signs in an hour.
    Now,
    /// A new key signs now; the old ones are dropped and their tokens with them. Clients refresh.
    Emergency,
}

impl KeyRing {
    /// Turns keys over. Several nodes may do so at once: they take turns and find it done. Answers the key that signs
    /// from now on, if that is another one than before.
    ///
    /// # Errors
    /// When the database fails; nothing is changed then.
    pub async fn rotate(&self, how: Rotation) -> Result<Option<String>, Error> {
        let now = self.clock.now();
        let mut tx = self.db.platform(PlatformReason::SigningKeys).await?;
        keys::lock(&mut tx).await?;
        let rows = keys::living(&mut tx).await?;
        let turned = if how == Rotation::Emergency {
            for row in &rows {
                keys::set_state(&mut tx, &row.kid, "retired", now).await?;
            }
            Some(self.make(&mut tx, "active").await?)
        } else {
            self.advance(&mut tx, &rows, how, now).await?
        };
        tx.commit().await?;
        // Under the readers' lock, so that no reading begun before the change is kept after it.
        let _turn = self.reading.lock().await;
        self.read_now().await?;
        Ok(turned)
    }

    async fn advance(
        &self,
        tx: &mut PlatformTx,
        rows: &[KeyRow],
        how: Rotation,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, Error> {
        let in_state = |state: &str| rows.iter().find(|row| row.state == state);
        for row in rows.iter().filter(|row| row.state == "retiring" && is_over(row, now)) {
            keys::set_state(tx, &row.kid, "retired", now).await?;
        }
        let active = in_state("active");
        match (active, in_state("pending")) {
            (None, _) => {
                self.make(tx, "active").await?;
            }
            (Some(active), Some(pending)) if pending.created_at + PUBLISHED <= now => {
                // The old one first: only one may be active.
                keys::set_state(tx, &active.kid, "retiring", now).await?;
                keys::set_state(tx, &pending.kid, "active", now).await?;
                tracing::info!(kid = pending.kid, "signing key turned over");
                return Ok(Some(pending.kid.clone()));
            }
            (Some(_), Some(_)) => {}
            (Some(active), None) => {
                let since = active.activated_at.unwrap_or(active.created_at);
                if how == Rotation::Now || since + ACTIVE - PUBLISHED <= now {
                    self.make(tx, "pending").await?;
                }
            }
        }
        Ok(None)
    }
}

/// Whether no token of this key can be good any more, and caches of the key list had time to notice.
fn is_over(row: &KeyRow, now: DateTime<Utc>) -> bool {
    row.retiring_at.is_some_and(|since| since + crate::access_token::LIFE + PUBLISHED <= now)
}
