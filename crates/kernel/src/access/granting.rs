//! No escalation: rights are handed out only within the rights one holds.

use super::{Grant, Scope, Subject};
use crate::error::{Error, ErrorKind};
use crate::ids::UnitId;
use crate::permission::{Permission, PermissionSet};
use chrono::{DateTime, Utc};

/// Where a grant to be made would hold, as its giver sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Everywhere. Also what depends on the holder (`team`, `own`, `unassigned`) or on an account: who gives that must
    /// hold it everywhere.
    Organization,
    /// These units (a unit with all below it).
    Units(Vec<UnitId>),
}

/// Checks that `giver` may hand out `permissions` in `reach` until `until` (`None`: for good). Used for assignments,
/// invitations, new and edited roles, API keys, groups mapped by identity providers, event types of webhooks.
///
/// # Errors
/// 403 `GRANT_EXCEEDS_OWN` with the permissions that are missing in `exceeding`.
pub fn may_grant(
    giver: &Subject,
    permissions: &PermissionSet,
    reach: &Reach,
    until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    if giver.is_system() {
        return Ok(());
    }
    let exceeding: Vec<&'static str> = permissions
        .iter()
        .filter(|permission| !gives(giver, *permission, reach, until, now))
        .map(Permission::name)
        .collect();
    if exceeding.is_empty() {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Forbidden, "GRANT_EXCEEDS_OWN", "Rights can be given only within those one holds.")
        .with("exceeding", exceeding)
        .with_denied("roles.assign", "grant_exceeds_own"))
}

fn gives(
    giver: &Subject,
    permission: Permission,
    reach: &Reach,
    until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> bool {
    // Whether the action is open now (plan, standing) is another question than whether it is the giver's.
    let holds = |wanted| {
        giver.key_scopes.is_none_or(|scopes| scopes.contains(wanted))
            && giver.impersonation.is_none()
            && giver.grants.iter().any(|grant| {
                grant.permissions.contains(wanted)
                    && grant.counts(now)
                    && outlasts(grant, until)
                    && reaches(&grant.scope, wanted, reach)
            })
    };
    holds(permission) || stand_ins(permission).is_some_and(|instead| instead.iter().all(|wanted| holds(*wanted)))
}

/// What stands for holding a permission when it is handed on. Only for two kinds (docs/decisions/0010): the use of a
/// tool (`chat.use`, `voice.use`), which gives no power over others' things, and `work.override`, which passes by what
/// `work.manage` configures anyway. Both are for those who manage people; without them `manager` could neither make an
/// `agent` nor a `supervisor`.
fn stand_ins(permission: Permission) -> Option<&'static [Permission]> {
    match permission {
        Permission::CHAT_USE => Some(&[Permission::USERS_MANAGE, Permission::CHAT_VIEW]),
        Permission::VOICE_USE => Some(&[Permission::USERS_MANAGE, Permission::VOICE_VIEW]),
        Permission::WORK_OVERRIDE => Some(&[Permission::USERS_MANAGE, Permission::WORK_MANAGE]),
        _ => None,
    }
}

/// A right that ends cannot be given for longer.
fn outlasts(grant: &Grant, until: Option<DateTime<Utc>>) -> bool {
    grant.effective_to.is_none_or(|end| until.is_some_and(|until| until <= end))
}

fn reaches(scope: &Scope, permission: Permission, reach: &Reach) -> bool {
    match (scope, reach) {
        (Scope::Organization, _) => true,
        (Scope::Units(held), Reach::Units(wanted)) => {
            !permission.definition().organization_only && wanted.iter().all(|unit| held.contains(unit))
        }
        _ => false,
    }
}
