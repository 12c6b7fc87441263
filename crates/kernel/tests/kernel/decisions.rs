//! The decision table: every reason, in the order in which they are checked.

use crate::access::{at, grant, id, subject};
use kernel::access::{Impersonation, ImpersonationKind, OrganizationStanding};
use kernel::{Deny, Permission, PermissionSet, Principal, Resource, Scope, Subject, authorize, visible};
use uuid::Uuid;

const NOW: i64 = 10_000;

/// Somebody who may do everything: nothing is in the way of an export, which also asks for a recent proof.
fn able() -> Subject {
    let mut able = subject(vec![grant(Scope::Organization, Permission::MESSAGING_EXPORT)], None);
    able.authenticated_at = Some(at(NOW - 60));
    able
}

fn conversation() -> Resource {
    Resource::in_unit(id(100), Some(id(1)))
}

/// A reason, and a change of the subject that leads to it.
type Break = (Deny, fn(&mut Subject));

/// One change a reason, each of which alone leads to it.
fn breaks() -> Vec<Break> {
    vec![
        (Deny::Unauthenticated, |s| s.expires_at = Some(at(NOW))),
        (Deny::OrganizationMismatch, |s| s.organization_id = id(101)),
        (Deny::MembershipInactive, |s| s.membership_active = false),
        (Deny::OrganizationSuspended, |s| s.organization = OrganizationStanding::Gone),
        (Deny::FeatureDisabled, |s| s.disabled.insert(Permission::MESSAGING_EXPORT)),
        (Deny::PasswordChangeRequired, |s| s.must_change_password = true),
        (Deny::MfaRequired, |s| s.mfa_required = true),
        (Deny::ImpersonationForbidden, |s| s.impersonation = Some(acting(true))),
        (Deny::KeyScope, |s| s.key_scopes = Some(PermissionSet::granting([Permission::MESSAGING_VIEW]))),
        (Deny::MissingPermission, |s| s.grants.clear()),
        (Deny::OutOfScope, |s| s.grants = vec![grant(Scope::Units(vec![id(2)]), Permission::MESSAGING_EXPORT)]),
        (Deny::ReauthRequired, |s| s.authenticated_at = Some(at(NOW - 600))),
    ]
}

fn acting(writes: bool) -> Impersonation {
    let kind = if writes { ImpersonationKind::Support } else { ImpersonationKind::Member };
    Impersonation { id: Uuid::nil(), kind, by: id(7), writes }
}

#[test]
fn each_reason_alone_is_told_and_nothing_else_is_in_the_way() {
    authorize(&able(), Permission::MESSAGING_EXPORT, &conversation(), at(NOW)).unwrap();
    for (reason, change) in breaks() {
        let mut subject = able();
        change(&mut subject);
        let told = authorize(&subject, Permission::MESSAGING_EXPORT, &conversation(), at(NOW)).unwrap_err();
        assert_eq!(told, reason);
        // What is about the organization's id cannot show in a filter of its own rows.
        if reason != Deny::OrganizationMismatch && reason != Deny::OutOfScope {
            assert!(visible(&subject, Permission::MESSAGING_EXPORT, at(NOW)).is_empty(), "{reason:?}");
        }
    }
}

#[test]
fn of_two_reasons_the_earlier_one_is_told() {
    let breaks = breaks();
    for (first, (reason, change)) in breaks.iter().enumerate() {
        for (_, later) in &breaks[first + 1..] {
            let mut subject = able();
            later(&mut subject);
            change(&mut subject);
            let told = authorize(&subject, Permission::MESSAGING_EXPORT, &conversation(), at(NOW)).unwrap_err();
            assert_eq!(told, *reason);
        }
    }
    assert!(Deny::ALL.windows(2).all(|pair| pair[0] < pair[1]), "the list is in the order of the checks");
}

/// The effect table of spec 10 §1: standing x action, for people and for keys.
#[test]
fn the_organizations_standing_leaves_open_what_the_table_says() {
    use OrganizationStanding::{Active, Blocked, Closing, Gone, ReadOnly};
    let table = [
        (Permission::MESSAGING_VIEW, [true, true, false, false, false], [true, true, false, false, false]),
        (Permission::CONTACTS_VIEW_PII, [true, true, false, false, false], [true, true, false, false, false]),
        (Permission::MESSAGING_REPLY, [true, false, false, false, false], [true, false, false, false, false]),
        (Permission::ORGANIZATION_VIEW, [true, true, true, true, false], [true, true, false, false, false]),
        (Permission::ORGANIZATION_BILLING, [true, true, true, false, false], [true, false, false, false, false]),
        (Permission::ORGANIZATION_CLOSE, [true, true, true, true, false], [true, false, false, false, false]),
        (Permission::AUDIT_VIEW, [true, true, true, true, false], [true, true, false, false, false]),
        (Permission::AUDIT_EXPORT, [true, true, true, true, false], [true, false, false, false, false]),
        (Permission::USERS_MANAGE, [true, false, false, false, false], [true, false, false, false, false]),
    ];
    for (action, person, key) in table {
        for (place, standing) in [Active, ReadOnly, Blocked, Closing, Gone].into_iter().enumerate() {
            let mut subject = subject(vec![grant(Scope::Organization, action)], None);
            subject.authenticated_at = Some(at(NOW));
            subject.organization = standing;
            let may = |subject: &Subject| authorize(subject, action, &Resource::organization(id(100)), at(NOW)).is_ok();
            assert_eq!(may(&subject), person[place], "{action:?} {standing:?}");
            subject.principal = Principal::ServiceAccount { id: Uuid::nil() };
            assert_eq!(may(&subject), key[place], "key {action:?} {standing:?}");
        }
    }
}

#[test]
fn a_recent_proof_counts_for_ten_minutes() {
    let mut subject = able();
    for (age, allowed) in [(0, true), (599, true), (600, false)] {
        subject.authenticated_at = Some(at(NOW - age));
        let answer = authorize(&subject, Permission::MESSAGING_EXPORT, &conversation(), at(NOW));
        assert_eq!(answer.is_ok(), allowed, "{age}");
        assert_eq!(subject.is_recent(at(NOW)), allowed);
    }
    // Nobody who could prove anything: the scope of the key stands for it.
    subject.principal = Principal::ServiceAccount { id: Uuid::nil() };
    assert!(authorize(&subject, Permission::MESSAGING_EXPORT, &conversation(), at(NOW)).is_ok());
    assert!(!subject.is_recent(at(NOW)));
}

/// What is closed to everybody who acts in somebody's name, and what only to those who just look.
#[test]
fn impersonation_closes_the_forbidden_actions_in_every_mode() {
    let forbidden = [
        Permission::MESSAGING_REPLY,
        Permission::MESSAGING_EXPORT,
        Permission::ROLES_MANAGE,
        Permission::ROLES_ASSIGN,
        Permission::SERVICE_ACCOUNTS_MANAGE,
        Permission::ORGANIZATION_BILLING,
        Permission::ORGANIZATION_CLOSE,
        Permission::USERS_MANAGE,
        Permission::USERS_ERASE,
        Permission::USERS_IMPERSONATE,
        Permission::CONTACTS_ERASE,
        Permission::CHAT_VIEW,
        Permission::CHAT_USE,
        Permission::VOICE_USE,
        Permission::BROADCASTS_SEND,
        Permission::AUDIT_EXPORT,
        Permission::PLATFORM_SUPPORT,
    ];
    for permission in Permission::all() {
        for writes in [false, true] {
            let allowed = acting(writes).allows(permission);
            if forbidden.contains(&permission) || (permission.action() == "export") {
                assert!(!allowed, "{permission:?}");
            }
            if !writes {
                assert!(!allowed || permission.reads(), "{permission:?}");
            }
        }
    }
    assert!(acting(false).allows(Permission::MESSAGING_VIEW) && acting(true).allows(Permission::MESSAGING_ASSIGN));
}

#[test]
fn staff_needs_a_second_factor_for_the_platform() {
    let mut staff = subject(vec![grant(Scope::Organization, Permission::PLATFORM_SUPPORT)], None);
    let whole = Resource::organization(id(100));
    let ask = |staff: &Subject| authorize(staff, Permission::PLATFORM_SUPPORT, &whole, at(NOW)).map(|_| ());
    assert_eq!(ask(&staff), Err(Deny::MfaRequired));
    staff.amr = vec!["pwd".to_owned(), "otp".to_owned(), "mfa".to_owned()];
    assert_eq!(ask(&staff), Ok(()));
}

/// Subject x action x scope: the whole catalogue in every scope, against a rule written down a second time.
#[test]
fn the_catalogue_in_every_scope_says_one_thing() {
    let scopes = [
        (Scope::Organization, true, true),
        (Scope::Units(vec![id(1)]), true, false),
        (Scope::Units(vec![id(2)]), false, false),
        (Scope::ChannelAccount(id(3)), true, false),
        (Scope::ChannelAccount(id(4)), false, false),
        (Scope::Own, true, false),
        (Scope::Unassigned(vec![id(1)]), false, false),
    ];
    let mine =
        Resource { channel_account_id: Some(id(3)), owner_id: Some(id(1)), ..Resource::in_unit(id(100), Some(id(1))) };
    for permission in Permission::all().filter(|permission| permission.area() != "platform") {
        for (scope, covers, whole) in &scopes {
            let mut subject = subject(vec![grant(scope.clone(), permission)], None);
            subject.authenticated_at = Some(at(NOW));
            let told = authorize(&subject, permission, &mine, at(NOW)).map(|_| ());
            let wanted = match (permission.definition().organization_only && !whole, covers) {
                (true, _) => Err(Deny::MissingPermission),
                (false, true) => Ok(()),
                (false, false) => Err(Deny::OutOfScope),
            };
            assert_eq!(told, wanted, "{permission:?} in {scope:?}");
            assert_eq!(
                visible(&subject, permission, at(NOW)).admits(&mine),
                wanted.is_ok(),
                "{permission:?} {scope:?}"
            );
        }
    }
}
