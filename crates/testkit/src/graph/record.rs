//! What the fake saw, and the questions tests ask about it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::behaviour::Call;
use super::{FakeGraph, Shared};

/// One call, whatever came of it.
#[derive(Clone, Debug)]
pub struct RecordedCall {
    pub call: Call,
    pub method: String,
    /// With its query.
    pub path: String,
    pub at: DateTime<Utc>,
    /// HTTP status of the answer; `None` when the connection was cut instead.
    pub answered: Option<u16>,
}

/// One `POST …/messages` that was read.
#[derive(Clone, Debug)]
pub struct RecordedSend {
    pub phone_number_id: String,
    pub body: Value,
    /// `to` or `recipient` as asked for.
    pub to: String,
    /// `biz_opaque_callback_data`.
    pub tag: Option<String>,
    pub at: DateTime<Utc>,
    pub result: SendResult,
}

/// What came of a send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SendResult {
    /// It went out under this id. `answered` is false when the caller was never told.
    Accepted { message_id: String, answered: bool },
    /// The test asked for a refusal with this code.
    Refused { code: i64 },
    /// The request itself was wrong: a bug of the caller. See [`FakeGraph::violations`].
    Invalid { code: i64, details: String },
    /// The test asked for an HTML page or a cut connection, without effect.
    Lost,
}

impl RecordedSend {
    /// The id under which it went out, if it did.
    pub fn accepted(&self) -> Option<&str> {
        match &self.result {
            SendResult::Accepted { message_id, .. } => Some(message_id),
            _ => None,
        }
    }

    /// The text, of a text message.
    pub fn text(&self) -> Option<&str> {
        self.body["text"]["body"].as_str()
    }
}

impl Shared {
    pub(crate) fn record_call(&self, call: Call, method: &str, path: &str, answered: Option<u16>) {
        let at = self.now();
        self.state().calls.push(RecordedCall { call, method: method.to_owned(), path: path.to_owned(), at, answered });
        self.calls.send_modify(|count| *count += 1);
    }

    pub(crate) fn record_send(&self, phone_number_id: &str, body: &Value, result: SendResult) {
        let form = body["to"].as_str().or(body["recipient"].as_str()).unwrap_or_default();
        let send = RecordedSend {
            phone_number_id: phone_number_id.to_owned(),
            to: form.to_owned(),
            tag: body["biz_opaque_callback_data"].as_str().map(str::to_owned),
            body: body.clone(),
            at: self.now(),
            result,
        };
        self.state().sends.push(send);
        self.calls.send_modify(|count| *count += 1);
    }
}

impl FakeGraph {
    /// All calls, in order of arrival.
    pub fn calls(&self) -> Vec<RecordedCall> {
        self.shared.state().calls.clone()
    }

    /// All sends that were read, in order of arrival.
    pub fn sends(&self) -> Vec<RecordedSend> {
        self.shared.state().sends.clone()
    }

    /// The sends that went out, in order.
    pub fn accepted(&self) -> Vec<RecordedSend> {
        self.sends().into_iter().filter(|send| send.accepted().is_some()).collect()
    }

    /// How often each tag went out; anything above one is a message doubled.
    pub fn accepted_by_tag(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for tag in self.accepted().into_iter().filter_map(|send| send.tag) {
            *counts.entry(tag).or_insert(0) += 1;
        }
        counts
    }

    /// Requests that break the protocol: each is a bug of the caller.
    pub fn violations(&self) -> Vec<String> {
        let invalid = |send: RecordedSend| match send.result {
            SendResult::Invalid { code, details } => Some(format!("{code}: {details}")),
            _ => None,
        };
        self.sends().into_iter().filter_map(invalid).collect()
    }

    /// Forgets all calls and sends.
    pub fn forget(&self) {
        let mut state = self.shared.state();
        state.calls.clear();
        state.sends.clear();
    }
}
