//! Nobody hands out more than he holds.

use crate::access::{at, grant, id, subject};
use kernel::access::granting::{Reach, may_grant};
use kernel::access::{Impersonation, ImpersonationKind};
use kernel::{Grant, Permission, PermissionSet, Scope, Subject};
use proptest::prelude::*;
use uuid::Uuid;

fn giver(grants: Vec<Grant>) -> Subject {
    subject(grants, None)
}

fn set(permissions: &[Permission]) -> PermissionSet {
    PermissionSet::granting(permissions.iter().copied())
}

fn may(giver: &Subject, permissions: &[Permission], reach: &Reach) -> bool {
    may_grant(giver, &set(permissions), reach, None, at(0)).is_ok()
}

#[test]
fn within_permissions_and_within_scopes() {
    let unit = giver(vec![grant(Scope::Units(vec![id(1), id(2)]), Permission::MESSAGING_MANAGE)]);
    assert!(may(&unit, &[Permission::MESSAGING_REPLY], &Reach::Units(vec![id(2)])));
    assert!(!may(&unit, &[Permission::MESSAGING_REPLY], &Reach::Units(vec![id(2), id(3)])));
    assert!(!may(&unit, &[Permission::MESSAGING_REPLY], &Reach::Organization));
    assert!(!may(&unit, &[Permission::MESSAGING_EXPORT], &Reach::Units(vec![id(1)])), "manage spares what is by name");
    let error = may_grant(&unit, &set(&[Permission::TICKETS_VIEW]), &Reach::Organization, None, at(0)).unwrap_err();
    assert_eq!(
        (error.code(), &error.extra()["exceeding"]),
        ("GRANT_EXCEEDS_OWN", &serde_json::json!(["tickets.view"]))
    );
}

#[test]
fn what_ends_cannot_be_given_for_longer() {
    let ending = Grant { effective_to: Some(at(100)), ..grant(Scope::Organization, Permission::MESSAGING_REPLY) };
    let giver = giver(vec![ending]);
    let until = |until: Option<i64>| {
        may_grant(&giver, &set(&[Permission::MESSAGING_VIEW]), &Reach::Organization, until.map(at), at(0)).is_ok()
    };
    assert_eq!([until(None), until(Some(101)), until(Some(100))], [false, false, true]);
}

#[test]
fn a_key_gives_within_its_scopes_and_nobody_gives_in_anothers_name() {
    let mut giver = giver(vec![grant(Scope::Organization, Permission::MESSAGING_MANAGE)]);
    giver.key_scopes = Some(set(&[Permission::MESSAGING_VIEW]));
    assert!(may(&giver, &[Permission::MESSAGING_VIEW], &Reach::Organization));
    assert!(!may(&giver, &[Permission::MESSAGING_REPLY], &Reach::Organization));
    giver.key_scopes = None;
    let kind = ImpersonationKind::Support;
    giver.impersonation = Some(Impersonation { id: Uuid::nil(), kind, by: id(7), writes: true });
    assert!(!may(&giver, &[Permission::MESSAGING_VIEW], &Reach::Organization));
}

#[test]
fn tools_are_handed_out_by_who_manages_people_and_by_nobody_else() {
    let people = || grant(Scope::Organization, Permission::USERS_MANAGE);
    let sees = || grant(Scope::Organization, Permission::VOICE_VIEW);
    assert!(may(&giver(vec![people(), sees()]), &[Permission::VOICE_USE], &Reach::Organization));
    assert!(!may(&giver(vec![sees()]), &[Permission::VOICE_USE], &Reach::Organization));
    assert!(!may(&giver(vec![people()]), &[Permission::VOICE_USE], &Reach::Organization));
    assert!(!may(&giver(vec![people(), sees()]), &[Permission::VOICE_MANAGE], &Reach::Organization));
    let works = grant(Scope::Organization, Permission::WORK_MANAGE);
    assert!(may(&giver(vec![people(), works.clone()]), &[Permission::WORK_OVERRIDE], &Reach::Organization));
    assert!(!may(&giver(vec![works]), &[Permission::WORK_OVERRIDE], &Reach::Organization));
}

proptest! {
    /// Whatever somebody hands out, the receiver can do nothing there that the giver could not (but for the tools).
    #[test]
    fn no_chain_of_grants_gains_anything(
        held in prop::collection::vec((0usize..110, 0u8..3), 1..6),
        wanted in 0usize..110,
        unit in 1u8..3,
    ) {
        let all: Vec<Permission> = Permission::all().collect();
        let scope = |n: u8| if n == 0 { Scope::Organization } else { Scope::Units(vec![id(n)]) };
        let giver = giver(held.iter().map(|(n, s)| grant(scope(*s), all[n % all.len()])).collect());
        let wanted = all[wanted % all.len()];
        let reach = Reach::Units(vec![id(unit)]);
        if may(&giver, &[wanted], &reach) && wanted.action() != "use" && wanted != Permission::WORK_OVERRIDE {
            let holds = giver.grants.iter().any(|grant| {
                grant.permissions.contains(wanted)
                    && (grant.scope == Scope::Organization
                        || (grant.scope == Scope::Units(vec![id(unit)]) && !wanted.definition().organization_only))
            });
            prop_assert!(holds);
        }
    }
}
