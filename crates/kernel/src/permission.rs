//! The permission catalogue: `area.action`, what implies what, and which must be granted by name.

use std::fmt;

/// One permission of the catalogue. Compare and copy freely; its text is `area.action`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Permission(u8);

/// A row of the catalogue.
#[derive(Clone, Copy, Debug)]
pub struct Definition {
    pub name: &'static str,
    /// Marked ◆: not implied by `manage`, must be granted by name.
    pub by_name: bool,
    /// Takes effect only in an assignment at organization scope.
    pub organization_only: bool,
    /// Asks for a recent proof of identity.
    pub recent: bool,
    /// Closed to whoever acts in somebody else's name.
    pub never_impersonated: bool,
}

macro_rules! catalogue {
    ($($constant:ident = $name:literal $(, $mark:ident)*;)+) => {
        #[expect(non_camel_case_types, reason = "numbers the rows of the catalogue")]
        #[repr(u8)]
        enum Row { $($constant),+ }
        impl Permission {
            $(pub const $constant: Self = Self(Row::$constant as u8);)+
        }
        /// Every permission there is.
        pub const CATALOGUE: &[Definition] = &[$(Definition {
            name: $name,
            by_name: marks(&[$(stringify!($mark)),*], "by_name"),
            organization_only: marks(&[$(stringify!($mark)),*], "organization_only"),
            recent: marks(&[$(stringify!($mark)),*], "recent"),
            never_impersonated: marks(&[$(stringify!($mark)),*], "never_impersonated"),
        }),+];
    };
}

/// Compared by length, which is all that a constant can do with text here: the lengths of the marks differ.
const fn marks(marks: &[&str], wanted: &str) -> bool {
    let mut i = 0;
    while i < marks.len() {
        if marks[i].len() == wanted.len() {
            return true;
        }
        i += 1;
    }
    false
}

catalogue! {
    ORGANIZATION_VIEW = "organization.view", organization_only;
    ORGANIZATION_MANAGE = "organization.manage", organization_only;
    ORGANIZATION_BILLING = "organization.billing", by_name, organization_only, never_impersonated;
    ORGANIZATION_CLOSE = "organization.close", by_name, organization_only, recent, never_impersonated;
    USERS_VIEW = "users.view";
    USERS_MANAGE = "users.manage", organization_only, never_impersonated;
    USERS_DELETE = "users.delete", by_name, organization_only, never_impersonated;
    USERS_ERASE = "users.erase", by_name, organization_only, recent, never_impersonated;
    USERS_IMPERSONATE = "users.impersonate", by_name, organization_only, recent, never_impersonated;
    ROLES_VIEW = "roles.view", organization_only;
    ROLES_MANAGE = "roles.manage", organization_only, never_impersonated;
    ROLES_ASSIGN = "roles.assign", organization_only, never_impersonated;
    SERVICE_ACCOUNTS_VIEW = "service_accounts.view", organization_only;
    SERVICE_ACCOUNTS_MANAGE = "service_accounts.manage", organization_only, never_impersonated;
    PRIVACY_VIEW = "privacy.view", organization_only;
    PRIVACY_MANAGE = "privacy.manage", organization_only, never_impersonated;
    UNITS_VIEW = "units.view";
    UNITS_MANAGE = "units.manage";
    SCHEDULES_VIEW = "schedules.view";
    SCHEDULES_MANAGE = "schedules.manage";
    SLA_VIEW = "sla.view";
    SLA_MANAGE = "sla.manage", organization_only;
    ESCALATIONS_VIEW = "escalations.view";
    ESCALATIONS_MANAGE = "escalations.manage";
    ROUTING_VIEW = "routing.view";
    ROUTING_MANAGE = "routing.manage", organization_only;
    SKILLS_VIEW = "skills.view";
    SKILLS_MANAGE = "skills.manage";
    LEAVES_VIEW = "leaves.view";
    LEAVES_MANAGE = "leaves.manage";
    AUDIT_VIEW = "audit.view", organization_only;
    AUDIT_EXPORT = "audit.export", by_name, organization_only, recent, never_impersonated;
    WORK_VIEW = "work.view";
    WORK_MANAGE = "work.manage";
    WORK_CLAIM = "work.claim";
    WORK_ASSIGN = "work.assign";
    WORK_OVERRIDE = "work.override", by_name;
    MESSAGING_VIEW = "messaging.view";
    MESSAGING_MANAGE = "messaging.manage";
    MESSAGING_REPLY = "messaging.reply", never_impersonated;
    MESSAGING_ASSIGN = "messaging.assign";
    MESSAGING_EXPORT = "messaging.export", by_name, recent, never_impersonated;
    TAGS_VIEW = "tags.view";
    TAGS_MANAGE = "tags.manage";
    TAGS_APPLY = "tags.apply";
    TAGS_MANAGE_RESTRICTED = "tags.manage_restricted", by_name;
    CONTACTS_VIEW = "contacts.view";
    CONTACTS_MANAGE = "contacts.manage";
    CONTACTS_UPDATE = "contacts.update";
    CONTACTS_MERGE = "contacts.merge";
    CONTACTS_IMPORT = "contacts.import";
    CONTACTS_VIEW_PII = "contacts.view_pii", by_name;
    CONTACTS_VIEW_CLINICAL = "contacts.view_clinical", by_name;
    CONTACTS_EXPORT = "contacts.export", by_name, recent, never_impersonated;
    CONTACTS_ERASE = "contacts.erase", by_name, recent, never_impersonated;
    TICKETS_VIEW = "tickets.view";
    TICKETS_MANAGE = "tickets.manage";
    TICKETS_CREATE = "tickets.create";
    TICKETS_COMMENT = "tickets.comment";
    TICKETS_UPDATE = "tickets.update";
    TICKETS_ASSIGN = "tickets.assign";
    TICKETS_DELETE = "tickets.delete", by_name;
    TICKETS_EXPORT = "tickets.export", by_name, recent, never_impersonated;
    TICKET_TYPES_VIEW = "ticket_types.view", organization_only;
    TICKET_TYPES_MANAGE = "ticket_types.manage", organization_only;
    QUICK_REPLIES_VIEW = "quick_replies.view";
    QUICK_REPLIES_MANAGE = "quick_replies.manage";
    CHANNELS_VIEW = "channels.view";
    CHANNELS_MANAGE = "channels.manage", organization_only, never_impersonated;
    TEMPLATES_VIEW = "templates.view";
    TEMPLATES_MANAGE = "templates.manage";
    ATTENDANT_VIEW = "attendant.view";
    ATTENDANT_MANAGE = "attendant.manage";
    AUTOMATIONS_VIEW = "automations.view";
    AUTOMATIONS_MANAGE = "automations.manage";
    GAMIFICATION_VIEW = "gamification.view";
    GAMIFICATION_MANAGE = "gamification.manage";
    GAMIFICATION_REVEAL = "gamification.reveal", by_name;
    NOTIFICATIONS_VIEW = "notifications.view";
    NOTIFICATIONS_MANAGE = "notifications.manage";
    FILES_VIEW = "files.view";
    FILES_MANAGE = "files.manage";
    JOBS_VIEW = "jobs.view", organization_only;
    JOBS_MANAGE = "jobs.manage", organization_only;
    CALENDARS_VIEW = "calendars.view";
    CALENDARS_MANAGE = "calendars.manage";
    COSTS_VIEW = "costs.view";
    COSTS_MANAGE = "costs.manage";
    WEBHOOKS_VIEW = "webhooks.view", organization_only;
    WEBHOOKS_MANAGE = "webhooks.manage", organization_only, never_impersonated;
    WEBHOOKS_REPLAY = "webhooks.replay", organization_only, never_impersonated;
    BROADCASTS_VIEW = "broadcasts.view";
    BROADCASTS_MANAGE = "broadcasts.manage", never_impersonated;
    BROADCASTS_SEND = "broadcasts.send", by_name, never_impersonated;
    CONTEXT_VIEW = "context.view", organization_only;
    CONTEXT_MANAGE = "context.manage", organization_only;
    CONTEXT_PUBLISH = "context.publish", by_name, organization_only;
    FLOWS_VIEW = "flows.view", organization_only;
    FLOWS_MANAGE = "flows.manage", organization_only;
    FLOWS_PUBLISH = "flows.publish", by_name, organization_only;
    KNOWLEDGE_VIEW = "knowledge.view";
    KNOWLEDGE_MANAGE = "knowledge.manage";
    KNOWLEDGE_PUBLISH = "knowledge.publish", by_name;
    ANALYTICS_VIEW = "analytics.view";
    ANALYTICS_MANAGE = "analytics.manage";
    ANALYTICS_EXPORT = "analytics.export", by_name, recent, never_impersonated;
    APPOINTMENTS_VIEW = "appointments.view";
    APPOINTMENTS_MANAGE = "appointments.manage";
    APPOINTMENTS_CREATE = "appointments.create";
    APPOINTMENTS_UPDATE = "appointments.update";
    APPOINTMENTS_OVERBOOK = "appointments.overbook", by_name;
    CHAT_VIEW = "chat.view", never_impersonated;
    CHAT_MANAGE = "chat.manage", never_impersonated;
    CHAT_USE = "chat.use", never_impersonated;
    VOICE_VIEW = "voice.view";
    VOICE_MANAGE = "voice.manage";
    VOICE_USE = "voice.use", never_impersonated;
    PLATFORM_ORGANIZATIONS = "platform.organizations", by_name, never_impersonated;
    PLATFORM_SUPPORT = "platform.support", by_name, never_impersonated;
    PLATFORM_OPERATIONS = "platform.operations", by_name, never_impersonated;
}

impl Permission {
    /// The permission of this name, if the catalogue has it.
    pub fn parse(name: &str) -> Option<Self> {
        let row = CATALOGUE.iter().position(|definition| definition.name == name)?;
        u8::try_from(row).ok().map(Self)
    }

    pub fn all() -> impl Iterator<Item = Self> {
        (0u8..).take(CATALOGUE.len()).map(Self)
    }

    pub fn definition(self) -> &'static Definition {
        &CATALOGUE[self.0 as usize]
    }

    pub fn name(self) -> &'static str {
        self.definition().name
    }

    pub fn area(self) -> &'static str {
        self.name().split_once('.').map_or(self.name(), |(area, _)| area)
    }

    pub fn action(self) -> &'static str {
        self.name().split_once('.').map_or("", |(_, action)| action)
    }

    /// Whether it only looks: `view` and the permissions that unmask.
    pub fn reads(self) -> bool {
        matches!(self.action(), "view" | "view_pii" | "view_clinical")
    }

    /// Whether holding `self` is holding `other`: `view` is implied by every other action of its area, `manage`
    /// implies all of its area that need not be granted by name, and in `messaging` each of reply, assign, manage
    /// implies the ones before.
    pub fn implies(self, other: Self) -> bool {
        if self == other {
            return true;
        }
        if self.area() != other.area() {
            return false;
        }
        other.action() == "view"
            || (self.action() == "manage" && !other.definition().by_name)
            || (self == Self::MESSAGING_ASSIGN && other == Self::MESSAGING_REPLY)
    }
}

impl fmt::Debug for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of permissions, closed under implication when made by [`PermissionSet::granting`].
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct PermissionSet([u64; 4]);

impl PermissionSet {
    pub const EMPTY: Self = Self([0; 4]);

    /// The set of what is named and everything that it implies.
    pub fn granting(named: impl IntoIterator<Item = Permission>) -> Self {
        let mut set = Self::EMPTY;
        for granted in named {
            for permission in Permission::all().filter(|permission| granted.implies(*permission)) {
                set.insert(permission);
            }
        }
        set
    }

    pub fn insert(&mut self, permission: Permission) {
        self.0[usize::from(permission.0 / 64)] |= 1 << (permission.0 % 64);
    }

    pub fn contains(&self, permission: Permission) -> bool {
        self.0[usize::from(permission.0 / 64)] & (1 << (permission.0 % 64)) != 0
    }

    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|i| self.0[i] | other.0[i]))
    }

    pub fn is_empty(&self) -> bool {
        *self == Self::EMPTY
    }

    pub fn iter(&self) -> impl Iterator<Item = Permission> {
        Permission::all().filter(|permission| self.contains(*permission))
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
