//! Who must have a second factor, and until when people may still come in without one.

use crate::settings::{MfaRequirement, effective};
use crate::store::{members, second_factors as rows};
use chrono::{DateTime, Duration, Utc};
use kernel::Error;
use kernel::ids::MembershipId;
use store::TenantTx;

/// Time to comply, from the day the organization asks or the person joins.
const GRACE: Duration = Duration::days(7);

/// What holds for one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// From then on a session without a second factor is good for enrolling alone; `None`: nothing is asked.
    pub due: Option<DateTime<Utc>>,
}

impl Requirement {
    /// What the organization of this transaction asks of a member at `now`.
    pub async fn of(tx: &mut TenantTx, membership_id: MembershipId, now: DateTime<Utc>) -> Result<Self, Error> {
        let required_for = effective(tx).await?.mfa_required_for;
        let since = rows::follow_requirement(tx, name(required_for), now).await?;
        if required_for == MfaRequirement::None {
            return Ok(Self { due: None });
        }
        let is_admin = members::is_admin(tx, membership_id, now).await?;
        let joined = rows::member_since(tx, membership_id).await?.unwrap_or(now);
        Ok(Self { due: due(name(required_for), since, joined, is_admin) })
    }
}

/// Notes a change of the setting, so that the time to comply starts at once and not at the next sign-in. To be called in
/// the transaction that changes it.
pub async fn follow_setting(tx: &mut TenantTx, now: DateTime<Utc>) -> Result<(), Error> {
    let required_for = effective(tx).await?.mfa_required_for;
    rows::follow_requirement(tx, name(required_for), now).await?;
    Ok(())
}

/// When the time to comply is over for a member, if anything is asked of him.
pub fn due(required_for: &str, since: DateTime<Utc>, joined: DateTime<Utc>, is_admin: bool) -> Option<DateTime<Utc>> {
    let asked = match required_for {
        "all" => true,
        "admins" => is_admin,
        _ => false,
    };
    asked.then(|| since.max(joined) + GRACE)
}

fn name(required_for: MfaRequirement) -> &'static str {
    match required_for {
        MfaRequirement::None => "none",
        MfaRequirement::Admins => "admins",
        MfaRequirement::All => "all",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seven_days_from_the_later_of_rule_and_joining() {
        let day = |n| DateTime::from_timestamp(1_800_000_000, 0).unwrap() + Duration::days(n);
        assert_eq!(due("none", day(0), day(0), true), None);
        assert_eq!(due("admins", day(0), day(0), false), None);
        assert_eq!(due("admins", day(3), day(0), true), Some(day(10)));
        assert_eq!(due("all", day(3), day(5), false), Some(day(12)));
    }
}
