//! Whose login an organization may touch: one that nobody else has a part in.

use super::Member;
use crate::assignments;
use crate::roles::taking_effect;
use crate::store::{logins, people};
use kernel::access::granting::{Reach, may_grant};
use kernel::ids::MembershipId;
use kernel::{Ctx, Error, ErrorKind, PermissionSet};
use store::TenantTx;

/// A login is managed by the organization where it is its only membership, or where its e-mail is on a domain proven
/// here. Only then may others than the person change what belongs to the login (e-mail, name, second factors).
///
/// # Errors
/// 403 `USER_NOT_MANAGED`.
pub async fn require_managed(tx: &mut TenantTx, member: &Member) -> Result<(), Error> {
    let domain = member.email.rsplit_once('@').map_or("", |(_, domain)| domain).to_lowercase();
    if people::owns_domain(tx, &domain).await? || !logins::is_member_elsewhere(tx, member.id).await? {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Forbidden,
        "USER_NOT_MANAGED",
        "This login is not managed by your organization; only the person can change this.",
    ))
}

/// Nobody takes from, or takes over, somebody who may do more than he himself.
///
/// # Errors
/// 403 `GRANT_EXCEEDS_OWN`.
pub async fn require_not_above(ctx: &Ctx, tx: &mut TenantTx, membership: MembershipId) -> Result<(), Error> {
    if ctx.subject.is_system() || ctx.subject.membership_id() == Some(membership) {
        return Ok(());
    }
    let mut held = PermissionSet::EMPTY;
    for (assignment, role) in assignments::held(tx, membership, ctx.now()).await? {
        for permission in taking_effect(&role, &assignment.scope()?).iter() {
            held.insert(permission);
        }
    }
    may_grant(&ctx.subject, &held, &Reach::Organization, None, ctx.now())
}
