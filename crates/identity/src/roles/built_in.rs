//! The built-in roles: what they hold comes with the product, so that an upgrade reaches every organization.

use kernel::{Permission, PermissionSet};
use std::sync::LazyLock;

/// A role that every organization has.
#[derive(Clone, Copy, Debug)]
pub struct BuiltInRole {
    /// Names compare without case.
    pub name: &'static str,
    pub default_scope: &'static str,
    pub description: &'static str,
    holds: fn() -> Vec<Permission>,
}

impl BuiltInRole {
    /// What it holds, with everything that is implied.
    pub fn permissions(&self) -> PermissionSet {
        BUILT_IN
            .iter()
            .zip(PERMISSIONS.iter())
            .find(|(role, _)| role.name == self.name)
            .map(|(_, held)| *held)
            .unwrap_or_default()
    }
}

/// Every built-in role, the most powerful first.
pub const BUILT_IN: [BuiltInRole; 7] = [
    BuiltInRole {
        name: "admin",
        default_scope: "organization",
        description: "Everything in the organization.",
        holds: || Permission::all().filter(|permission| permission.area() != "platform").collect(),
    },
    BuiltInRole {
        name: "manager",
        default_scope: "organization",
        description: "Runs the operation: people, units, configuration, all work; no billing, no closing, no deletion of people.",
        holds: manager,
    },
    BuiltInRole {
        name: "supervisor",
        default_scope: "team",
        description: "Leads the units he belongs to.",
        holds: || {
            let mut held = with_action(
                "view",
                &["organization", "units", "users", "roles", "sla", "escalations", "analytics", "knowledge"],
            );
            held.extend(with_action(
                "manage",
                &["quick_replies", "messaging", "tickets", "contacts", "work", "leaves", "appointments"],
            ));
            held.extend([
                Permission::WORK_OVERRIDE,
                Permission::CONTACTS_VIEW_PII,
                Permission::TAGS_APPLY,
                Permission::CHAT_USE,
                Permission::VOICE_USE,
            ]);
            held
        },
    },
    BuiltInRole {
        name: "agent",
        default_scope: "team",
        description: "Answers and works on tickets in the units he belongs to.",
        holds: || {
            let mut held = with_action("view", &["organization", "units", "users", "knowledge", "quick_replies"]);
            held.extend([
                Permission::MESSAGING_REPLY,
                Permission::TICKETS_CREATE,
                Permission::TICKETS_COMMENT,
                Permission::TICKETS_UPDATE,
                Permission::CONTACTS_UPDATE,
                Permission::CONTACTS_VIEW_PII,
                Permission::APPOINTMENTS_CREATE,
                Permission::APPOINTMENTS_UPDATE,
                Permission::WORK_CLAIM,
                Permission::TAGS_APPLY,
                Permission::CHAT_USE,
                Permission::VOICE_USE,
            ]);
            held
        },
    },
    BuiltInRole {
        name: "finance",
        default_scope: "organization",
        description: "Billing and costs.",
        holds: || {
            vec![
                Permission::ORGANIZATION_VIEW,
                Permission::ORGANIZATION_BILLING,
                Permission::ANALYTICS_VIEW,
                Permission::COSTS_VIEW,
                Permission::CHAT_USE,
            ]
        },
    },
    BuiltInRole {
        name: "developer",
        default_scope: "organization",
        description: "Integrations; no conversation content.",
        holds: || {
            let mut held = with_action("view", &["organization", "roles", "channels"]);
            held.extend(with_action("manage", &["flows", "automations", "webhooks", "service_accounts", "jobs"]));
            held.push(Permission::CHAT_USE);
            held
        },
    },
    BuiltInRole {
        name: "user",
        default_scope: "organization",
        description: "A member without work of his own yet.",
        holds: || vec![Permission::ORGANIZATION_VIEW, Permission::USERS_VIEW, Permission::CHAT_USE],
    },
];

/// What each holds, worked out once: subjects are made from it all the time.
static PERMISSIONS: LazyLock<[PermissionSet; BUILT_IN.len()]> =
    LazyLock::new(|| BUILT_IN.map(|role| PermissionSet::granting((role.holds)())));

/// The built-in role of this name, compared without case.
pub fn built_in(name: &str) -> Option<&'static BuiltInRole> {
    BUILT_IN.iter().find(|role| role.name.eq_ignore_ascii_case(name))
}

fn manager() -> Vec<Permission> {
    let mut held: Vec<Permission> = Permission::all()
        .filter(|permission| permission.action() == "view" && permission.area() != "platform")
        .collect();
    held.extend(with_action(
        "manage",
        &[
            "units",
            "schedules",
            "sla",
            "escalations",
            "routing",
            "skills",
            "work",
            "leaves",
            "messaging",
            "quick_replies",
            "contacts",
            "tickets",
            "ticket_types",
            "templates",
            "tags",
            "context",
            "attendant",
            "flows",
            "automations",
            "knowledge",
            "calendars",
            "appointments",
            "gamification",
            "chat",
        ],
    ));
    held.extend([
        Permission::USERS_MANAGE,
        Permission::ROLES_ASSIGN,
        Permission::CONTACTS_VIEW_PII,
        Permission::CONTEXT_PUBLISH,
        Permission::KNOWLEDGE_PUBLISH,
    ]);
    held
}

fn with_action(action: &str, areas: &[&str]) -> Vec<Permission> {
    Permission::all().filter(|permission| permission.action() == action && areas.contains(&permission.area())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(role: &str, permission: Permission) -> bool {
        built_in(role).unwrap().permissions().contains(permission)
    }

    #[test]
    fn the_table_says_what_the_document_says() {
        assert!(holds("admin", Permission::ORGANIZATION_CLOSE) && !holds("admin", Permission::PLATFORM_SUPPORT));
        assert!(holds("manager", Permission::USERS_MANAGE) && !holds("manager", Permission::USERS_DELETE));
        assert!(holds("manager", Permission::WEBHOOKS_VIEW) && !holds("manager", Permission::WEBHOOKS_MANAGE));
        assert!(
            holds("supervisor", Permission::MESSAGING_ASSIGN) && !holds("supervisor", Permission::MESSAGING_EXPORT)
        );
        assert!(holds("agent", Permission::MESSAGING_VIEW) && !holds("agent", Permission::MESSAGING_ASSIGN));
        assert!(holds("agent", Permission::CONTACTS_VIEW_PII) && !holds("agent", Permission::CONTACTS_VIEW_CLINICAL));
        assert!(holds("finance", Permission::COSTS_VIEW) && !holds("finance", Permission::COSTS_MANAGE));
        assert!(holds("developer", Permission::CHANNELS_VIEW) && !holds("developer", Permission::MESSAGING_VIEW));
        assert!(holds("user", Permission::USERS_VIEW) && !holds("user", Permission::MESSAGING_VIEW));
    }

    #[test]
    fn names_compare_without_case() {
        assert_eq!(built_in("ADMIN").unwrap().name, "admin");
        assert!(built_in("root").is_none());
    }

    #[test]
    fn every_named_area_exists() {
        // A misspelt area would silently grant nothing: the sum of actions found must equal the areas named.
        assert_eq!(manager().iter().filter(|permission| permission.action() == "manage").count(), 24 + 1);
        assert_eq!((built_in("supervisor").unwrap().holds)().len(), 8 + 7 + 5);
        assert_eq!((built_in("agent").unwrap().holds)().len(), 5 + 12);
        assert_eq!((built_in("developer").unwrap().holds)().len(), 3 + 5 + 1);
    }
}
