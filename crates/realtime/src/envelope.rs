//! An event as clients get it: encoded once, numbered per connection.

use crate::cursor::Cursors;
use crate::room::{Judge, Room};
use chrono::SecondsFormat;
use engineioxide::Str;
use kernel::ids::{EventId, OrganizationId};
use kernel::{Actor, StreamRef};
use serde::Serialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use store::log::{Position, TextEvent};

/// One event of the log, ready for any number of receivers.
pub(crate) struct Heard {
    pub(crate) position: Position,
    pub(crate) judge: Arc<Judge>,
    /// The envelope without `n`, as JSON.
    envelope: String,
}

#[derive(Serialize)]
struct Envelope<'a> {
    cursor: String,
    id: EventId,
    #[serde(rename = "type")]
    kind: &'a str,
    version: i16,
    occurred_at: String,
    organization_id: OrganizationId,
    stream: &'a StreamRef,
    actor: &'a Actor,
    data: &'a RawValue,
}

impl Heard {
    pub(crate) fn new(event: &TextEvent, cursors: &Cursors) -> Self {
        let envelope = Envelope {
            cursor: cursors.write(event.organization_id, event.position),
            id: event.id,
            kind: &event.kind,
            version: event.version,
            occurred_at: event.occurred_at.to_rfc3339_opts(SecondsFormat::Millis, true),
            organization_id: event.organization_id,
            stream: &event.stream,
            actor: &event.actor,
            data: &event.data,
        };
        Self {
            position: event.position,
            judge: Arc::new(Judge::of_event(event)),
            envelope: serde_json::to_string(&envelope).unwrap_or_else(|_| "{}".to_owned()),
        }
    }

    /// The frame that is the `n`-th of its connection: `2["event",{"n":17,"cursor":…}]`.
    pub(crate) fn frame(&self, n: u64) -> Str {
        let members = self.envelope.strip_prefix('{').unwrap_or_default();
        let mut text = String::with_capacity(members.len() + 40);
        text.push_str(r#"2["event",{"n":"#);
        text.push_str(&n.to_string());
        text.push(',');
        text.push_str(members);
        text.push(']');
        Str::from(text)
    }

    /// The envelope as an entry of a `sync` page.
    pub(crate) fn entry(&self) -> Option<Box<RawValue>> {
        RawValue::from_string(self.envelope.clone()).ok()
    }

    pub(crate) fn bytes(&self) -> usize {
        self.envelope.len()
    }
}

/// Whether one of `wished` is a room of the event.
pub(crate) fn wished(event: &TextEvent, wished: &[Room]) -> bool {
    Room::of_event(event).iter().any(|room| wished.contains(room))
}
