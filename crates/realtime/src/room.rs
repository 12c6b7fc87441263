//! Rooms: what a socket wishes to hear of. A wish is no permission; each delivery is authorized again.

use kernel::ids::{OrganizationId, UserId};
use std::borrow::Cow;
use std::fmt;
use store::log::TextEvent;
use uuid::Uuid;

/// `kind` alone (`inbox`) or `kind:<id>`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Room {
    pub(crate) kind: Cow<'static, str>,
    pub(crate) id: Option<Uuid>,
}

/// The room of one person, joined by the server.
pub(crate) const USER: &str = "user";
/// The stream whose events `inbox` and the rooms of units carry too.
const CONVERSATION: &str = "conversation";

impl Room {
    pub(crate) fn user(id: UserId) -> Self {
        Self { kind: Cow::Borrowed(USER), id: Some(id.0) }
    }

    /// The room of the person himself: not of a key, and not of somebody who acts in his name, because what is for one
    /// person alone (private chats, notices about his sign-ins) is not for those.
    pub(crate) fn own(subject: &kernel::Subject) -> Option<Self> {
        subject.user_id().filter(|_| subject.impersonation.is_none()).map(Self::user)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.len() > 100 {
            return None;
        }
        match text.split_once(':') {
            None => Some(Self { kind: text.to_owned().into(), id: None }),
            Some((kind, id)) => Some(Self { kind: kind.to_owned().into(), id: Some(Uuid::parse_str(id).ok()?) }),
        }
    }

    /// Rooms in which an event is heard.
    pub(crate) fn of_event(event: &TextEvent) -> Vec<Self> {
        if let Some(user) = event.audience.only_user {
            return vec![Self::user(user)];
        }
        let stream = Self { kind: event.stream.kind.clone(), id: Some(event.stream.id) };
        if event.stream.kind != CONVERSATION {
            return vec![stream];
        }
        let mut rooms = vec![Self { kind: "inbox".into(), id: None }, stream];
        rooms.extend(event.audience.unit_id.map(|unit| Self { kind: "unit".into(), id: Some(unit.0) }));
        rooms
    }
}

impl fmt::Display for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.id {
            None => f.write_str(&self.kind),
            Some(id) => write!(f, "{}:{id}", self.kind),
        }
    }
}

/// Who may see an event, ready to be asked for each receiver.
#[derive(Debug)]
pub(crate) struct Judge {
    pub(crate) stream: (Cow<'static, str>, Uuid),
    only_user: Option<UserId>,
    permission: Option<kernel::Permission>,
    resource: kernel::Resource,
}

impl Judge {
    pub(crate) fn of_event(event: &TextEvent) -> Self {
        let audience = &event.audience;
        let organization_id: OrganizationId = event.organization_id;
        // Facts about units, channels or people make narrower scopes mean something; a conversation always lies in
        // a unit, the fallback one if none is named.
        let scoped = event.stream.kind == CONVERSATION
            || audience.unit_id.is_some()
            || audience.channel_account_id.is_some()
            || audience.owner_id.is_some()
            || !audience.participants.is_empty();
        Self {
            stream: (event.stream.kind.clone(), event.stream.id),
            only_user: audience.only_user,
            permission: audience.permission.as_deref().and_then(kernel::Permission::parse),
            resource: kernel::Resource {
                organization_id,
                unit_id: audience.unit_id,
                channel_account_id: audience.channel_account_id,
                owner_id: audience.owner_id,
                participants: audience.participants.clone(),
                scoped,
            },
        }
    }

    /// Whether it is for one person alone: then it says nothing about who sees the stream.
    pub(crate) fn personal(&self) -> bool {
        self.only_user.is_some()
    }

    pub(crate) fn allows(&self, subject: &kernel::Subject, now: chrono::DateTime<chrono::Utc>) -> bool {
        if let Some(user) = self.only_user {
            return subject.organization_id == self.resource.organization_id
                && subject.impersonation.is_none()
                && subject.user_id() == Some(user);
        }
        self.permission.is_some_and(|needed| kernel::authorize(subject, needed, &self.resource, now).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rooms_are_read_and_written_alike() {
        let id = "01990c5e-8f6a-7000-8000-000000000001";
        for text in ["inbox".to_owned(), format!("conversation:{id}"), format!("presence:{id}")] {
            assert_eq!(Room::parse(&text).unwrap().to_string(), text);
        }
        assert_eq!(Room::parse("conversation:x"), None);
        assert_eq!(Room::parse(&"x".repeat(101)), None);
    }

    /// Spec 10 acceptance check 17, the socket's column: a delivery is decided as a request about the same thing is.
    #[test]
    fn a_delivery_is_decided_like_a_request() {
        use kernel::{Grant, Permission, PermissionSet, Principal, Resource, Scope, Subject};
        let id = |n: u128| Uuid::from_u128(n);
        let organization = OrganizationId(id(1));
        let now = chrono::DateTime::from_timestamp(0, 0).unwrap();
        let scopes = [
            Scope::Organization,
            Scope::Units(vec![id(2).into()]),
            Scope::Units(vec![id(3).into()]),
            Scope::ChannelAccount(id(4).into()),
            Scope::Own,
            Scope::Unassigned(vec![id(2).into()]),
        ];
        for scope in scopes {
            for permission in [Permission::MESSAGING_VIEW, Permission::TICKETS_VIEW] {
                for owner in [None, Some(UserId(id(9)))] {
                    let grant = Grant {
                        role: "r".into(),
                        permissions: PermissionSet::granting([permission]),
                        scope: scope.clone(),
                        effective_from: None,
                        effective_to: None,
                    };
                    let subject = Subject {
                        principal: Principal::User { user_id: UserId(id(9)), membership_id: id(8).into() },
                        grants: vec![grant],
                        ..Subject::system(organization)
                    };
                    let resource = Resource {
                        owner_id: owner,
                        channel_account_id: Some(id(4).into()),
                        ..Resource::in_unit(organization, Some(id(2).into()))
                    };
                    let judge = Judge {
                        stream: (CONVERSATION.into(), id(5)),
                        only_user: None,
                        permission: Some(Permission::MESSAGING_VIEW),
                        resource: resource.clone(),
                    };
                    let request = kernel::authorize(&subject, Permission::MESSAGING_VIEW, &resource, now).is_ok();
                    assert_eq!(judge.allows(&subject, now), request, "{scope:?} {permission:?}");
                }
            }
        }
    }

    /// What is for one person alone reaches nobody who acts in his name, and no key.
    #[test]
    fn what_is_for_one_person_is_for_nobody_in_his_name() {
        use kernel::access::{Impersonation, ImpersonationKind};
        use kernel::{Principal, Resource, Subject};
        let organization = OrganizationId(Uuid::from_u128(1));
        let me = UserId(Uuid::from_u128(9));
        let judge = Judge {
            stream: (USER.into(), me.0),
            only_user: Some(me),
            permission: None,
            resource: Resource::organization(organization),
        };
        let now = chrono::DateTime::from_timestamp(0, 0).unwrap();
        let mut subject = Subject {
            principal: Principal::User { user_id: me, membership_id: Uuid::from_u128(8).into() },
            ..Subject::system(organization)
        };
        assert!(judge.allows(&subject, now) && Room::own(&subject).is_some());
        let by = UserId(Uuid::from_u128(7));
        let kind = ImpersonationKind::Member;
        subject.impersonation = Some(Impersonation { id: Uuid::nil(), kind, by, writes: false });
        assert!(!judge.allows(&subject, now) && Room::own(&subject).is_none());
        subject.impersonation = None;
        subject.principal = Principal::ServiceAccount { id: me.0 };
        assert!(!judge.allows(&subject, now) && Room::own(&subject).is_none());
    }
}
