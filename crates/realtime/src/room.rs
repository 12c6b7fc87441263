//! Rooms: what a socket wishes to hear of. A wish is no permission; each delivery is authorized again.

use kernel::ids::{OrganizationId, UserId};
use std::borrow::Cow;
use std::fmt;
use store::log::LoggedEvent;
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
    pub(crate) fn of_event(event: &LoggedEvent) -> Vec<Self> {
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
    pub(crate) fn of_event(event: &LoggedEvent) -> Self {
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
            return subject.organization_id == self.resource.organization_id && subject.user_id() == Some(user);
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
}
