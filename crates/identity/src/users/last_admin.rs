//! No organization without an admin: the last active holder of `admin` at organization scope stays.
//!
//! Whatever may take `admin` away (demotion, an end date, suspension, removal, erasure) calls [`lock`] before it writes
//! and [`must_remain`] after it, in the same transaction: two who demote each other at the same moment come one after
//! the other, and the second one sees what the first one left.

use crate::store::people;
use chrono::{DateTime, Utc};
use kernel::{Error, ErrorKind};
use store::TenantTx;

/// Waits for others who are taking `admin` away, and keeps them waiting until the end of this transaction.
///
/// # Errors
/// When the database fails.
pub async fn lock(tx: &mut TenantTx) -> Result<(), Error> {
    Ok(people::lock_admin_role(tx).await?)
}

/// # Errors
/// 409 `LAST_ADMIN` where what this transaction wrote leaves nobody who holds `admin` for good.
pub async fn must_remain(tx: &mut TenantTx, now: DateTime<Utc>) -> Result<(), Error> {
    if people::lasting_admins(tx, now).await? > 0 {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Conflict, "LAST_ADMIN", "The last admin of an organization has to stay one."))
}
