//! The status of an outbound message as a lattice: evidence may come late, twice and in any order, the result is one.
//!
//! What is kept ([`StatusRecord`]) is a join-semilattice: the earliest time of each state and the earliest failure of
//! each sort. Joining is commutative, associative and idempotent because each slot is a minimum. What is shown is
//! *derived* from the record and never stored as a decision, so no order of arrival can leave a trace.
//!
//! One record belongs to one attempt at one part; a retry starts a new record.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The code of a failure that only says that we do not know: the answer of the provider was lost and no evidence came.
pub const OUTCOME_UNKNOWN: &str = "OUTCOME_UNKNOWN";

/// Status of an outbound message, in rising order of proof; `failed` stands outside of the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OutboundStatus {
    Queued,
    /// The provider gave an id.
    Accepted,
    Sent,
    Delivered,
    Read,
    /// A voice note was played.
    Played,
    Failed,
}

impl OutboundStatus {
    /// The states that prove progress, in rising order.
    pub const PROGRESS: [Self; 6] =
        [Self::Queued, Self::Accepted, Self::Sent, Self::Delivered, Self::Read, Self::Played];

    /// The name used in the API and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Accepted => "accepted",
            Self::Sent => "sent",
            Self::Delivered => "delivered",
            Self::Read => "read",
            Self::Played => "played",
            Self::Failed => "failed",
        }
    }

    /// Reads [`OutboundStatus::as_str`] back; `None` for any other word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::PROGRESS.into_iter().chain([Self::Failed]).find(|status| status.as_str() == word)
    }
}

/// Why a send failed, in stable words. `Ord` picks one of two failures of the same moment, always the same one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
pub struct SendError {
    /// The provider's code or one of ours (`EXPIRED`, `OUTCOME_UNKNOWN`).
    pub code: String,
    /// The error class of the channel (`transient`, `recipient`, ...).
    pub class: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    pub retryable: bool,
}

/// One piece of news about a send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What happened. [`OutboundStatus::Failed`] needs an error; without one it is kept with an empty code.
    pub status: OutboundStatus,
    /// When, by the provider's clock where it said so, else when it was received.
    pub at: DateTime<Utc>,
    pub error: Option<SendError>,
}

/// The earliest failure of one sort.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Failure {
    at: DateTime<Utc>,
    error: SendError,
}

/// Everything that is known about one attempt at one part. Stored as JSON; grows only by [`StatusRecord::join`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusRecord {
    /// First time of each proven state.
    #[serde(default)]
    times: BTreeMap<OutboundStatus, DateTime<Utc>>,
    /// The verdict of the provider or of our own checks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failed: Option<Failure>,
    /// Our not knowing: weaker than any sign of life.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unclear: Option<Failure>,
}

/// When a state was reached, and whether that was told or follows from a later state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct StatusTime {
    pub status: OutboundStatus,
    pub at: DateTime<Utc>,
    /// True for a `delivered` that follows from `read` or `played`.
    pub inferred: bool,
}

impl StatusRecord {
    /// The record of all the evidence, in whatever order.
    pub fn fold<'a>(evidence: impl IntoIterator<Item = &'a Evidence>) -> Self {
        let mut record = Self::default();
        for piece in evidence {
            record.apply(piece);
        }
        record
    }

    /// Takes in one piece of evidence. True if it taught anything (a repetition does not).
    pub fn apply(&mut self, evidence: &Evidence) -> bool {
        let mut other = Self::default();
        if evidence.status == OutboundStatus::Failed {
            let error = evidence.error.clone().unwrap_or_else(|| SendError {
                code: String::new(),
                class: "unknown".to_owned(),
                detail: None,
                retryable: false,
            });
            let failure = Failure { at: evidence.at, error };
            let slot = if failure.error.code == OUTCOME_UNKNOWN { &mut other.unclear } else { &mut other.failed };
            *slot = Some(failure);
        } else {
            other.times.insert(evidence.status, evidence.at);
        }
        self.join(&other)
    }

    /// The least record that knows what both know. True if `self` changed.
    pub fn join(&mut self, other: &Self) -> bool {
        let mut changed = false;
        for (status, at) in &other.times {
            let known = self.times.entry(*status).or_insert_with(|| {
                changed = true;
                *at
            });
            if at < known {
                *known = *at;
                changed = true;
            }
        }
        changed |= earliest(&mut self.failed, other.failed.as_ref());
        changed | earliest(&mut self.unclear, other.unclear.as_ref())
    }

    /// The highest state that is proven; `queued` when nothing is.
    pub fn proven(&self) -> OutboundStatus {
        self.times.last_key_value().map_or(OutboundStatus::Queued, |(status, _)| *status)
    }

    /// The status to show: a failure counts only below `delivered`, not knowing only below `accepted`.
    pub fn shown(&self) -> OutboundStatus {
        if self.error().is_some() { OutboundStatus::Failed } else { self.proven() }
    }

    /// The error that goes with a shown `failed`.
    pub fn error(&self) -> Option<&SendError> {
        let proven = self.proven();
        let failed = self.failed.as_ref().filter(|_| proven < OutboundStatus::Delivered);
        let unclear = self.unclear.as_ref().filter(|_| proven < OutboundStatus::Accepted);
        failed.or(unclear).map(|failure| &failure.error)
    }

    /// Both a failure and a proof of delivery are known: delivery wins, and the contradiction is worth a log line.
    pub fn contradiction(&self) -> bool {
        self.failed.is_some() && self.proven() >= OutboundStatus::Delivered
    }

    /// The first time of each state that counts, in rising order; `failed` last, only while it is shown.
    pub fn times(&self) -> Vec<StatusTime> {
        let mut all: Vec<StatusTime> =
            self.times.iter().map(|(status, at)| StatusTime { status: *status, at: *at, inferred: false }).collect();
        if let Some(at) = self.inferred_delivered() {
            all.push(StatusTime { status: OutboundStatus::Delivered, at, inferred: true });
            all.sort_by_key(|time| time.status);
        }
        if self.shown() == OutboundStatus::Failed
            && let Some(failure) = self.failed.as_ref().or(self.unclear.as_ref())
        {
            all.push(StatusTime { status: OutboundStatus::Failed, at: failure.at, inferred: false });
        }
        all
    }

    /// `read` or `played` without `delivered` proves delivery, at the earlier of the two times.
    fn inferred_delivered(&self) -> Option<DateTime<Utc>> {
        if self.times.contains_key(&OutboundStatus::Delivered) {
            return None;
        }
        [OutboundStatus::Read, OutboundStatus::Played].iter().filter_map(|status| self.times.get(status)).min().copied()
    }
}

/// Keeps the smaller of two failures in `slot`. True if it changed.
fn earliest(slot: &mut Option<Failure>, other: Option<&Failure>) -> bool {
    match (slot.as_ref(), other) {
        (_, None) => false,
        (Some(known), Some(new)) if known <= new => false,
        (_, Some(new)) => {
            *slot = Some(new.clone());
            true
        }
    }
}

/// What a message of several parts shows: `failed` if any part failed, else its lowest part; `queued` without parts.
pub fn shown_of_parts(parts: impl IntoIterator<Item = OutboundStatus>) -> OutboundStatus {
    let (mut lowest, mut failed) = (None, false);
    for part in parts {
        failed |= part == OutboundStatus::Failed;
        lowest = Some(lowest.map_or(part, |low: OutboundStatus| low.min(part)));
    }
    if failed { OutboundStatus::Failed } else { lowest.unwrap_or(OutboundStatus::Queued) }
}

#[cfg(test)]
mod tests;
