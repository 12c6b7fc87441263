//! What is known of an outbound message's way: one status record an attempt, one status shown.

use crate::status::{Evidence, OutboundStatus, SendError, StatusRecord, StatusTime};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Every attempt's record. Stored with the message; grows only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    attempts: BTreeMap<i32, StatusRecord>,
}

impl Delivery {
    /// Takes in evidence about one attempt; true if it taught anything.
    pub fn apply(&mut self, attempt: i32, evidence: &Evidence) -> bool {
        self.attempts.entry(attempt).or_default().apply(evidence)
    }

    /// A new attempt begins: what is shown starts over, unless an earlier one proves delivery.
    pub fn start(&mut self, attempt: i32) {
        self.attempts.entry(attempt).or_default();
    }

    pub fn shown(&self) -> OutboundStatus {
        self.telling().map_or(OutboundStatus::Queued, StatusRecord::shown)
    }

    /// The first time of each state.
    pub fn times(&self) -> Vec<StatusTime> {
        self.telling().map(StatusRecord::times).unwrap_or_default()
    }

    /// The error that goes with a shown `failed`.
    pub fn error(&self) -> Option<&SendError> {
        self.telling()?.error()
    }

    /// Failure and proof of delivery are both known of one attempt.
    pub fn contradiction(&self) -> bool {
        self.attempts.values().any(StatusRecord::contradiction)
    }

    /// Whether any attempt is known to have reached the contact.
    pub fn delivered(&self) -> bool {
        self.attempts.values().any(|record| record.proven() >= OutboundStatus::Delivered)
    }

    /// The record that speaks for the message: the one that proves most delivery, else the newest.
    fn telling(&self) -> Option<&StatusRecord> {
        let proof = self
            .attempts
            .values()
            .filter(|record| record.proven() >= OutboundStatus::Delivered)
            .max_by_key(|record| record.proven());
        proof.or_else(|| self.attempts.values().next_back())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::DateTime;

    fn evidence(status: OutboundStatus, second: i64) -> Evidence {
        let error = (status == OutboundStatus::Failed).then(|| SendError {
            code: "131026".into(),
            class: "recipient".into(),
            detail: None,
            retryable: false,
        });
        Evidence { status, at: DateTime::from_timestamp(second, 0).unwrap(), error }
    }

    #[test]
    fn a_retry_starts_over_but_late_delivery_of_the_first_try_counts() {
        let mut delivery = Delivery::default();
        delivery.apply(1, &evidence(OutboundStatus::Sent, 1));
        delivery.apply(1, &evidence(OutboundStatus::Failed, 2));
        assert_eq!(delivery.shown(), OutboundStatus::Failed);
        delivery.start(2);
        assert_eq!((delivery.shown(), delivery.error()), (OutboundStatus::Queued, None));
        delivery.apply(1, &evidence(OutboundStatus::Delivered, 3));
        assert_eq!(delivery.shown(), OutboundStatus::Delivered);
        delivery.apply(2, &evidence(OutboundStatus::Sent, 4));
        assert_eq!(delivery.shown(), OutboundStatus::Delivered);
        delivery.apply(2, &evidence(OutboundStatus::Read, 5));
        assert_eq!(delivery.shown(), OutboundStatus::Read);
        assert!(delivery.contradiction());
        let json = serde_json::to_string(&delivery).unwrap();
        assert_eq!(serde_json::from_str::<Delivery>(&json).unwrap(), delivery);
    }
}
