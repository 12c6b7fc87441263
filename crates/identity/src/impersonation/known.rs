//! The rights of a support session.

use kernel::{Grant, Permission, PermissionSet, Scope};

/// Looking: every `view` of the organization. Writing: everything that is not granted by name alone, of which the rules
/// of impersonation still refuse a good part. Contacts' personal data stays masked in both.
pub fn support_grant(writes: bool) -> Grant {
    let given = |permission: &Permission| {
        let definition = permission.definition();
        permission.area() != "platform"
            && !definition.by_name
            && !definition.never_impersonated
            && (writes || permission.action() == "view")
    };
    Grant {
        role: "platform_support".into(),
        permissions: PermissionSet::granting(Permission::all().filter(given)),
        scope: Scope::Organization,
        effective_from: None,
        effective_to: None,
    }
}
