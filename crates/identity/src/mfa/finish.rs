//! The second factor of a sign-in: five tries a token, and a throttle a person that no new token gets round.

use super::Proof;
use super::challenge::Waiting;
use crate::ceremony::Purpose;
use crate::handle::Identity;
use crate::password::PasswordHash;
use crate::sign_in::{Client, Entered, Entry};
use crate::store::sign_in as rows;
use kernel::{Error, ErrorKind};
use store::PlatformReason;

/// Tries of one `mfa_token`.
const TRIES: i32 = 5;

impl Identity {
    /// Goes on with the sign-in that `mfa_token` stands for.
    ///
    /// # Errors
    /// 401 `MFA_TOKEN_INVALID` for a token that is unknown, used, expired or out of tries; 401 `MFA_CODE_INVALID`; 429
    /// `AUTH_THROTTLED`; and what a sign-in may meet.
    pub(super) async fn finish_second_factor(
        &self,
        mfa_token: &str,
        proof: &Proof,
        client: &Client,
    ) -> Result<Entered, Error> {
        let mut tx = self.0.db.platform(PlatformReason::SignIn).await?;
        // Counted and kept whatever follows.
        let waiting: Option<Waiting> = self.try_step(tx.conn(), Purpose::SecondFactor, mfa_token, TRIES).await?;
        tx.commit().await?;
        let waiting = waiting.ok_or_else(token_invalid)?;
        self.may_try(waiting.user_id).await?;
        let ctx = self.acting(waiting.organization_id, client);
        let mut tx = self.0.db.tenant(waiting.organization_id).await?;
        let Some(proven) = self.prove(&ctx, &mut tx, waiting.user_id, proof).await? else {
            self.tell_wrong_factor(&ctx, &mut tx, waiting.user_id, proof.method());
            tx.commit().await?;
            self.count_try(waiting.user_id, false).await?;
            return Err(Error::new(ErrorKind::Unauthenticated, "MFA_CODE_INVALID", "This second factor is wrong."));
        };
        // Of two right answers at the same moment one ends the step, the other finds it ended.
        if !self.end_step(tx.conn(), Purpose::SecondFactor, mfa_token).await? {
            return Err(token_invalid());
        }
        let login = rows::login_by_id(tx.conn(), waiting.user_id).await?.ok_or_else(token_invalid)?;
        tx.commit().await?;
        self.count_try(waiting.user_id, true).await?;
        let mut amr = waiting.amr;
        amr.extend(proven.iter().chain(&["mfa"]).map(ToString::to_string));
        let organization = waiting.organization_id.to_string();
        Box::pin(self.enter(Entry {
            login: &login,
            method: waiting.method,
            amr: &amr,
            organization: Some(&organization),
            device_name: waiting.device_name.as_deref(),
            client,
            better: waiting.better.map(PasswordHash::of_stored),
            proven_at: None,
        }))
        .await
    }
}

fn token_invalid() -> Error {
    Error::new(ErrorKind::Unauthenticated, "MFA_TOKEN_INVALID", "This step of the sign-in is over; sign in again.")
}
