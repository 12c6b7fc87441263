//! What a call may do instead of working: errors of the protocol, and trouble of the network.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Notify;

/// The kinds of calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Call {
    /// `POST /{number}/messages`
    Send,
    /// `GET /{media}`
    MediaLookup,
    /// The short-lived link that a look-up gave.
    MediaDownload,
    /// `POST /{number}/media`
    MediaUpload,
    /// Anything else: the number, its business account, subscriptions.
    Other,
}

/// How one call behaves.
#[derive(Clone, Debug, Default)]
pub enum Behaviour {
    /// As documented.
    #[default]
    Work,
    /// Answers an error of the protocol; nothing happens.
    Refuse(Fault),
    /// Answers a proxy's HTML page with this HTTP status; nothing happens.
    Html(u16),
    /// Closes the connection as if the request had never been read; nothing happens.
    DropBeforeReading,
    /// Takes effect, then closes the connection without an answer: the caller cannot know.
    DropAfterAccepting,
    /// Takes effect, then answers 200 with a body that is no JSON.
    Garble,
    /// Waits, then behaves otherwise.
    Delay(Duration, Box<Behaviour>),
    /// Waits until the test notifies, then behaves otherwise.
    Hold(Arc<Notify>, Box<Behaviour>),
}

impl Behaviour {
    /// Refuses with the usual answer of a code of the protocol's table.
    pub fn error(code: i64) -> Self {
        Self::Refuse(Fault::of(code))
    }
}

/// An error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub http_status: u16,
    pub code: i64,
    pub subcode: Option<i64>,
    pub kind: &'static str,
    pub message: String,
    pub details: Option<String>,
    /// Seconds, as a `Retry-After` header.
    pub retry_after: Option<u32>,
}

impl Fault {
    /// The usual answer of a code: HTTP status and words as the protocol has them.
    pub fn of(code: i64) -> Self {
        let (http_status, words) = match code {
            1 | 2 | 131_000 => (500, "Something went wrong"),
            131_016 => (500, "Service unavailable"),
            131_057 => (500, "Account in maintenance mode"),
            4 => (400, "Application request limit reached"),
            80_007 => (400, "Rate limit issues"),
            130_429 => (429, "Rate limit hit"),
            131_056 => (429, "(Business Account, Consumer Account) pair rate limit hit"),
            190 => (401, "Error validating access token: Session has expired"),
            10 | 200..=299 | 131_005 => (403, "Permission denied"),
            368 => (403, "Temporarily blocked for policies violations"),
            131_026 => (400, "Message undeliverable"),
            131_031 => (403, "Account has been locked"),
            131_042 => (400, "Business eligibility payment issue"),
            131_047 => (400, "Re-engagement message"),
            131_049 => (400, "This message was not delivered to maintain healthy ecosystem engagement."),
            132_001 => (404, "Template name does not exist in the translation"),
            _ => (400, "Invalid parameter"),
        };
        let message = if code == 190 { words.to_owned() } else { format!("(#{code}) {words}") };
        Self {
            http_status,
            code,
            subcode: (code == 190).then_some(463),
            kind: "OAuthException",
            message,
            details: None,
            retry_after: None,
        }
    }

    /// The same with these details.
    pub fn because(self, details: impl Into<String>) -> Self {
        Self { details: Some(details.into()), ..self }
    }

    /// The same with a `Retry-After` of so many seconds.
    pub fn retry_after(self, seconds: u32) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// An object that does not exist or is not visible with this token.
    pub(crate) fn no_such_object(id: &str) -> Self {
        Self {
            http_status: 400,
            code: 100,
            subcode: Some(33),
            kind: "GraphMethodException",
            message: format!(
                "Unsupported get request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, or does not support this operation."
            ),
            details: None,
            retry_after: None,
        }
    }

    /// The body of the answer.
    pub(crate) fn body(&self, trace_id: &str) -> Value {
        let mut error = json!({"message": self.message, "type": self.kind, "code": self.code, "fbtrace_id": trace_id});
        if let Some(subcode) = self.subcode {
            error["error_subcode"] = json!(subcode);
        }
        if let Some(details) = &self.details {
            error["error_data"] = json!({"messaging_product": "whatsapp", "details": details});
        }
        json!({ "error": error })
    }
}

/// A behaviour for calls that match.
pub struct Rule {
    call: Call,
    matches: Box<dyn Fn(&Value) -> bool + Send>,
    /// How many calls are left; `None` for all.
    left: Option<usize>,
    behaviour: Behaviour,
}

impl Rule {
    /// All calls of a kind.
    pub fn every(call: Call, behaviour: Behaviour) -> Self {
        Self { call, matches: Box::new(|_| true), left: None, behaviour }
    }

    /// Sends to this recipient, in the form of `to` or `recipient`.
    pub fn sends_to(recipient: &str, behaviour: Behaviour) -> Self {
        let recipient = recipient.to_owned();
        Self::every(Call::Send, behaviour).matching(move |body| {
            [&body["to"], &body["recipient"]].iter().any(|form| form.as_str() == Some(&recipient))
        })
    }

    /// Only those whose body fits (the JSON of a send; null for calls without a body).
    pub fn matching(self, matches: impl Fn(&Value) -> bool + Send + 'static) -> Self {
        Self { matches: Box::new(matches), ..self }
    }

    /// Only the first so many.
    pub fn times(self, count: usize) -> Self {
        Self { left: Some(count), ..self }
    }
}

/// All behaviours asked for.
#[derive(Default)]
pub(crate) struct Rules {
    queued: HashMap<Call, VecDeque<Behaviour>>,
    rules: Vec<Rule>,
}

impl Rules {
    pub(crate) fn next(&mut self, call: Call, behaviour: Behaviour) {
        self.queued.entry(call).or_default().push_back(behaviour);
    }

    pub(crate) fn when(&mut self, rule: Rule) {
        self.rules.push(rule);
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// How this call behaves; uses up what was queued.
    pub(crate) fn take(&mut self, call: Call, body: &Value) -> Behaviour {
        if let Some(queued) = self.queued.get_mut(&call).and_then(VecDeque::pop_front) {
            return queued;
        }
        let rule = self.rules.iter_mut().find(|rule| rule.call == call && rule.left != Some(0) && (rule.matches)(body));
        let Some(rule) = rule else { return Behaviour::Work };
        rule.left = rule.left.map(|left| left - 1);
        rule.behaviour.clone()
    }
}
