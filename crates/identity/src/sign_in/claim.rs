//! The first proof of an address takes the login over. Whoever made it had only typed the address, so the password, the
//! factors, the accounts at providers, the links and the sessions that it has may all be a stranger's.

use crate::store::sign_in as rows;
use crate::store::{logins, privacy};
use chrono::{DateTime, Utc};
use kernel::Error;
use kernel::ids::{OrganizationId, SessionId, UserId};
use store::TenantTx;

/// Why sessions end that were there before the proof.
pub(crate) const CLAIMED: &str = "claimed";

/// Sessions that ended by a claim: [`crate::Identity::announce_ended`] is to be told after the commit.
pub(crate) type Ended = Vec<(OrganizationId, SessionId)>;

/// Takes over a login whose address was never proven before: it has this name and password (or none) and nothing else
/// from then on. `None`, and nothing changes, where the address had been proven.
///
/// # Errors
/// When a statement fails.
pub(crate) async fn claim_login(
    tx: &mut TenantTx,
    user_id: UserId,
    name: (&str, &str),
    password_hash: Option<&str>,
    now: DateTime<Utc>,
) -> Result<Option<Ended>, Error> {
    if !logins::claim(tx, user_id, name, password_hash, now).await? {
        return Ok(None);
    }
    privacy::forget_credentials(tx, user_id).await?;
    Ok(Some(rows::end_sessions(tx.conn(), user_id, None, CLAIMED, now).await?))
}
