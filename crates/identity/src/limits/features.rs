//! Features: parts of the product that a plan may lack. Off, their permissions are refused with `FEATURE_DISABLED`.

use super::Plan;
use kernel::{Permission, PermissionSet};
use serde_json::Value;

/// A part of the product. Roles, audit, SLA, single sign-on and second factors are no features: every plan has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    Attendant,
    Automations,
    Broadcasts,
    Flows,
    Gamification,
    Voice,
}

impl Feature {
    pub const ALL: [Self; 6] =
        [Self::Attendant, Self::Automations, Self::Broadcasts, Self::Flows, Self::Gamification, Self::Voice];

    /// Also the area of the permissions that it carries.
    pub fn name(self) -> &'static str {
        match self {
            Self::Attendant => "attendant",
            Self::Automations => "automations",
            Self::Broadcasts => "broadcasts",
            Self::Flows => "flows",
            Self::Gamification => "gamification",
            Self::Voice => "voice",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feature| feature.name() == name)
    }

    /// Whether an organization has it: what was set for it alone, else its plan.
    pub fn is_on(self, plan: Plan, overrides: &Value) -> bool {
        let by_plan = plan != Plan::Free || matches!(self, Self::Automations);
        overrides.get(self.name()).and_then(Value::as_bool).unwrap_or(by_plan)
    }
}

/// The permissions of the features that an organization does not have: what [`kernel::Subject::disabled`] holds.
pub fn disabled_permissions(plan: Plan, overrides: &Value) -> PermissionSet {
    let mut disabled = PermissionSet::EMPTY;
    for feature in Feature::ALL.into_iter().filter(|feature| !feature.is_on(plan, overrides)) {
        for permission in Permission::all().filter(|permission| permission.area() == feature.name()) {
            disabled.insert(permission);
        }
    }
    disabled
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_feature_is_an_area_of_the_catalogue() {
        for feature in Feature::ALL {
            assert!(Permission::all().any(|permission| permission.area() == feature.name()), "{}", feature.name());
        }
    }

    #[test]
    fn what_the_plan_lacks_is_refused_unless_it_was_given() {
        let free = disabled_permissions(Plan::Free, &json!({}));
        assert!(free.contains(Permission::BROADCASTS_SEND) && free.contains(Permission::ATTENDANT_VIEW));
        assert!(!free.contains(Permission::AUDIT_VIEW) && !free.contains(Permission::SLA_MANAGE));
        assert!(disabled_permissions(Plan::Pro, &json!({})).is_empty());
        let given = disabled_permissions(Plan::Free, &json!({ "broadcasts": true }));
        assert!(!given.contains(Permission::BROADCASTS_SEND));
        let taken = disabled_permissions(Plan::Enterprise, &json!({ "voice": false }));
        assert!(taken.contains(Permission::VOICE_USE));
    }
}
