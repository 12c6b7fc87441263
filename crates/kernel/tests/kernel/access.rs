use chrono::{DateTime, Utc};
use kernel::access::OrganizationStanding;
use kernel::ids::{ChannelAccountId, MembershipId, OrganizationId, UnitId, UserId};
use kernel::{Deny, Grant, Permission, PermissionSet, Principal, Resource, Scope, Subject, authorize, visible};
use proptest::prelude::*;
use uuid::Uuid;

pub fn id<T: From<Uuid>>(n: u8) -> T {
    Uuid::from_u128(u128::from(n)).into()
}

pub fn at(second: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(second, 0).unwrap()
}

pub fn subject(grants: Vec<Grant>, fallback: Option<UnitId>) -> Subject {
    Subject {
        principal: Principal::User { user_id: id(1), membership_id: MembershipId(Uuid::from_u128(9)) },
        fallback_unit: fallback,
        grants,
        ..Subject::system(id(100))
    }
}

pub fn grant(scope: Scope, permission: Permission) -> Grant {
    Grant {
        role: "r".into(),
        permissions: PermissionSet::granting([permission]),
        scope,
        effective_from: None,
        effective_to: None,
    }
}

#[test]
fn another_organization_is_refused_before_anything_else() {
    let subject = subject(vec![grant(Scope::Organization, Permission::MESSAGING_MANAGE)], None);
    let theirs = Resource::in_unit(id(101), None);
    let deny = authorize(&subject, Permission::MESSAGING_VIEW, &theirs, at(0)).unwrap_err();
    assert_eq!(deny, Deny::OrganizationMismatch);
    assert_eq!(deny.into_error(&subject, Permission::MESSAGING_VIEW, &theirs, at(0)).code(), "NOT_FOUND");
}

#[test]
fn even_the_system_works_in_one_organization_only() {
    let system = Subject::system(id(100));
    assert!(authorize(&system, Permission::MESSAGING_VIEW, &Resource::in_unit(id(101), None), at(0)).is_err());
}

#[test]
fn a_dated_grant_counts_from_its_start_and_not_at_its_end() {
    let dated = Grant {
        effective_from: Some(at(10)),
        effective_to: Some(at(20)),
        ..grant(Scope::Organization, Permission::MESSAGING_VIEW)
    };
    let subject = subject(vec![dated], None);
    let may = |now| authorize(&subject, Permission::MESSAGING_VIEW, &Resource::in_unit(id(100), None), at(now)).is_ok();
    assert_eq!([may(9), may(10), may(19), may(20)], [false, true, true, false]);
}

#[test]
fn organization_only_permissions_are_inert_in_a_unit() {
    let narrow = subject(vec![grant(Scope::Units(vec![id(1)]), Permission::CHANNELS_MANAGE)], None);
    let whole = Resource::organization(id(100));
    assert_eq!(authorize(&narrow, Permission::CHANNELS_MANAGE, &whole, at(0)).unwrap_err(), Deny::MissingPermission);
    assert!(authorize(&narrow, Permission::CHANNELS_VIEW, &whole, at(0)).is_ok());
}

#[test]
fn what_one_may_view_but_not_do_is_403_and_what_one_may_not_view_is_404() {
    let viewer = subject(vec![grant(Scope::Units(vec![id(1)]), Permission::MESSAGING_VIEW)], None);
    let error = |unit| {
        let resource = Resource::in_unit(id(100), Some(id(unit)));
        let deny = authorize(&viewer, Permission::MESSAGING_REPLY, &resource, at(0)).unwrap_err();
        deny.into_error(&viewer, Permission::MESSAGING_REPLY, &resource, at(0)).code()
    };
    assert_eq!([error(1), error(2)], ["PERMISSION_DENIED", "NOT_FOUND"]);
}

#[test]
fn a_suspended_organization_reads_or_does_not() {
    let mut subject = subject(vec![grant(Scope::Organization, Permission::MESSAGING_MANAGE)], None);
    let resource = Resource::in_unit(id(100), None);
    subject.organization = OrganizationStanding::ReadOnly;
    assert!(authorize(&subject, Permission::MESSAGING_VIEW, &resource, at(0)).is_ok());
    assert_eq!(
        authorize(&subject, Permission::MESSAGING_REPLY, &resource, at(0)).unwrap_err(),
        Deny::OrganizationReadOnly
    );
    subject.organization = OrganizationStanding::Blocked;
    assert_eq!(
        authorize(&subject, Permission::MESSAGING_VIEW, &resource, at(0)).unwrap_err(),
        Deny::OrganizationSuspended
    );
}

fn any_scope() -> impl Strategy<Value = Scope> {
    let units = prop::collection::vec((0u8..4).prop_map(id::<UnitId>), 0..3);
    prop_oneof![
        Just(Scope::Organization),
        units.clone().prop_map(Scope::Units),
        (0u8..3).prop_map(|n| Scope::ChannelAccount(id::<ChannelAccountId>(n))),
        Just(Scope::Own),
        units.prop_map(Scope::Unassigned),
    ]
}

fn any_grant() -> impl Strategy<Value = Grant> {
    let permission = prop_oneof![
        Just(Permission::MESSAGING_VIEW),
        Just(Permission::MESSAGING_REPLY),
        Just(Permission::MESSAGING_MANAGE),
        Just(Permission::MESSAGING_EXPORT),
        Just(Permission::CONTACTS_VIEW)
    ];
    (any_scope(), permission, prop::option::of(0i64..4), prop::option::of(0i64..4)).prop_map(
        |(scope, permission, from, to)| Grant {
            effective_from: from.map(at),
            effective_to: to.map(at),
            ..grant(scope, permission)
        },
    )
}

fn any_resource() -> impl Strategy<Value = Resource> {
    (
        prop::option::of((0u8..4).prop_map(id::<UnitId>)),
        prop::option::of((0u8..3).prop_map(id::<ChannelAccountId>)),
        prop::option::of((0u8..3).prop_map(id::<UserId>)),
        prop::collection::vec((0u8..3).prop_map(id::<UserId>), 0..2),
    )
        .prop_map(|(unit_id, channel_account_id, owner_id, participants)| Resource {
            organization_id: id::<OrganizationId>(100),
            unit_id,
            channel_account_id,
            owner_id,
            participants,
            scoped: true,
        })
}

proptest! {
    /// Spec 10 acceptance check 18: for random grants and rows, `visible` equals filtering by `authorize`.
    #[test]
    fn check_18_the_list_form_agrees_with_the_single_form(
        grants in prop::collection::vec(any_grant(), 0..5),
        fallback in prop::option::of((0u8..4).prop_map(id::<UnitId>)),
        rows in prop::collection::vec(any_resource(), 1..20),
        now in 0i64..4,
        key in prop::option::of(prop_oneof![Just(Permission::MESSAGING_VIEW), Just(Permission::MESSAGING_MANAGE)]),
        proof in prop::option::of(-700i64..4),
        mfa_required in prop::bool::weighted(0.1),
    ) {
        let mut subject = subject(grants, fallback);
        subject.key_scopes = key.map(|named| PermissionSet::granting([named]));
        subject.authenticated_at = proof.map(at);
        subject.mfa_required = mfa_required;
        for action in [Permission::MESSAGING_VIEW, Permission::MESSAGING_REPLY, Permission::MESSAGING_EXPORT] {
            let filter = visible(&subject, action, at(now));
            for row in &rows {
                prop_assert_eq!(filter.admits(row), authorize(&subject, action, row, at(now)).is_ok());
            }
        }
    }
}
