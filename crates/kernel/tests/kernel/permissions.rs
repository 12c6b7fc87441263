use kernel::permission::CATALOGUE;
use kernel::{Permission, PermissionSet};

#[test]
fn names_are_unique_and_parse_back() {
    for permission in Permission::all() {
        assert_eq!(Permission::parse(permission.name()), Some(permission));
    }
    assert_eq!(Permission::all().count(), CATALOGUE.len());
    assert_eq!(Permission::parse("messaging.fly"), None);
}

#[test]
fn every_action_implies_view_and_manage_spares_what_must_be_named() {
    let held = PermissionSet::granting([Permission::CONTACTS_UPDATE]);
    assert!(held.contains(Permission::CONTACTS_VIEW) && !held.contains(Permission::CONTACTS_MERGE));
    let held = PermissionSet::granting([Permission::CONTACTS_MANAGE]);
    assert!(held.contains(Permission::CONTACTS_MERGE) && !held.contains(Permission::CONTACTS_VIEW_PII));
    let held = PermissionSet::granting([Permission::MESSAGING_ASSIGN]);
    assert!(held.contains(Permission::MESSAGING_REPLY) && !held.contains(Permission::MESSAGING_MANAGE));
}

#[test]
fn marks_are_read_from_the_table() {
    assert!(Permission::AUDIT_EXPORT.definition().by_name && Permission::AUDIT_EXPORT.definition().organization_only);
    assert!(
        Permission::MESSAGING_EXPORT.definition().by_name
            && !Permission::MESSAGING_EXPORT.definition().organization_only
    );
    assert!(!Permission::USERS_VIEW.definition().organization_only);
    assert!(Permission::USERS_MANAGE.definition().organization_only && !Permission::USERS_MANAGE.definition().by_name);
}
