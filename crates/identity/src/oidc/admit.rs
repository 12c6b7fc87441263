//! Where an organization lets people of its domains in through its identity provider alone.

use super::rules::{ORGANIZATION_AMR, PLATFORM_AMR};
use crate::store::{oidc as rows, sign_in};
use kernel::ids::UserId;
use kernel::{Error, ErrorKind};
use store::TenantTx;

/// Whether this way of signing in is open to this person in the organization of this transaction. One named person may
/// come in without the provider, should it fail, and only with a second factor.
///
/// # Errors
/// 403 `SIGN_IN_METHOD_NOT_ALLOWED` with `provider`.
pub async fn admit(tx: &mut TenantTx, user_id: UserId, amr: &[String], has_factor: bool) -> Result<(), Error> {
    // Passwords and links are refused; what a provider or a passkey vouches for is not.
    let stands_alone = |method: &String| [ORGANIZATION_AMR, PLATFORM_AMR, "pop"].contains(&method.as_str());
    if amr.iter().any(stands_alone) {
        return Ok(());
    }
    let Some(login) = sign_in::login_by_id(tx.conn(), user_id).await? else { return Ok(()) };
    let Some((_, domain)) = login.email_norm.rsplit_once('@') else { return Ok(()) };
    let Some((provider, break_glass)) = rows::enforced_for(tx, domain).await? else { return Ok(()) };
    let with_factor = has_factor || amr.iter().any(|method| method == "mfa");
    if break_glass == Some(user_id) && with_factor {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Forbidden,
        "SIGN_IN_METHOD_NOT_ALLOWED",
        "People of this domain sign in through the organization's identity provider.",
    )
    .with("provider", provider.to_string()))
}
