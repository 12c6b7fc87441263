//! Secrets of channel accounts: written, used by the product, never read out. Answers show when each was set and its
//! last four characters.

use crate::Channels;
use crate::store::secrets as rows;
use ::store::{Place, TenantTx};
use chrono::{DateTime, Utc};
use kernel::ids::{ChannelAccountId, OrganizationId};
use kernel::text::truncate_chars;
use kernel::{Ctx, Error};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

/// The system user's token of a WhatsApp account.
pub const ACCESS_TOKEN: &str = "access_token";

/// Longest secret, in bytes.
const MAX: usize = 4096;

/// What may be shown of a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SecretFacts {
    #[schema(example = "access_token")]
    pub name: String,
    pub set_at: DateTime<Utc>,
    /// The last four characters, or nothing of a short secret.
    #[schema(example = "x7Qp")]
    pub last_four: String,
}

impl Channels {
    /// Sets or replaces a secret of an account.
    pub(crate) async fn set_secret(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        account: ChannelAccountId,
        name: &str,
        value: &SecretString,
    ) -> Result<(), Error> {
        let plain = value.expose_secret().trim();
        if plain.is_empty() || plain.len() > MAX || plain.chars().any(char::is_control) {
            return Err(Error::invalid_field(
                format!("secrets.{name}"),
                "INVALID",
                "A secret is 1 to 4096 characters without line breaks.",
            ));
        }
        let organization = tx.organization_id();
        let sealer = self.sealer.for_tenant(tx, &ctx.ids, ctx.now()).await?;
        let sealed = sealer.seal(&ctx.ids, place(&organization, &row(account, name)), plain.as_bytes())?;
        rows::put(tx, account, name, &sealed, last_four(plain), ctx.now()).await?;
        Ok(())
    }

    /// The secret for use in a call.
    pub(crate) async fn secret(
        &self,
        tx: &mut TenantTx,
        account: ChannelAccountId,
        name: &str,
    ) -> Result<Option<SecretString>, Error> {
        let Some(sealed) = rows::sealed(tx, account, name).await? else { return Ok(None) };
        let organization = tx.organization_id();
        let sealer = self.sealer.for_tenant(tx, &self.ids, self.clock.now()).await?;
        let plain = sealer.open(place(&organization, &row(account, name)), &sealed)?;
        let plain = String::from_utf8(plain).map_err(|_| Error::internal("a secret that is no text"))?;
        Ok(Some(SecretString::from(plain)))
    }
}

/// The account and the secret's name: a sealed token copied to another name or account does not open.
fn row(account: ChannelAccountId, name: &str) -> Vec<u8> {
    [account.as_bytes().as_slice(), name.as_bytes()].concat()
}

fn place<'a>(organization: &'a OrganizationId, row: &'a [u8]) -> Place<'a> {
    Place { organization: organization.as_bytes(), table: "channel_secrets", column: "sealed", row }
}

/// Four characters say enough to tell tokens apart; of a short secret they would say too much.
fn last_four(plain: &str) -> &str {
    let characters = plain.chars().count();
    if characters < 16 {
        return "";
    }
    let before = truncate_chars(plain, characters - 4).len();
    plain.get(before..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::last_four;

    #[test]
    fn of_long_secrets_only_the_end_shows() {
        assert_eq!(last_four("EAAGm0PX4ZCpsBA-abcd"), "abcd");
        assert_eq!(last_four("quinze-caracter"), "");
        assert_eq!(last_four("dezesseis-çççççç"), "çççç");
    }
}
