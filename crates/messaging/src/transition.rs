//! The table of statuses, pure: what may become of a conversation, by which row of the specification.
//!
//! Rows that need flows, snoozing, campaigns or merges are absent until those exist; whatever is not a row is refused.

use crate::conversation::ConversationStatus;

/// What happens to a conversation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A contact's message that counts; for a closed one: inside the reopen policy.
    CountingInbound,
    /// A person's public reply; `answered` says that the thread goes to the customer's side with it.
    PublicReply { answered: bool },
    /// A user sets this status.
    UserSets(ConversationStatus),
    /// The contact was blocked, or another thread took this one's place.
    SystemCloses,
}

/// One row that applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Number of the row in the specification (messaging, section 2).
    pub row: u8,
    pub from: ConversationStatus,
    pub to: ConversationStatus,
}

/// The rows that a trigger runs through, in order; empty when the status stays; `None` when it is not allowed.
pub fn steps(from: ConversationStatus, trigger: Trigger) -> Option<Vec<Step>> {
    use ConversationStatus::{Closed, Open, Pending, Snoozed, Waiting};
    let one = |row, to| Some(vec![Step { row, from, to }]);
    match (trigger, from) {
        (Trigger::CountingInbound, Waiting) => one(9, Open),
        (Trigger::CountingInbound, Snoozed) => one(12, Open),
        (Trigger::CountingInbound, Closed) => one(15, Open),
        (Trigger::CountingInbound, Pending | Open) => Some(Vec::new()),
        (Trigger::PublicReply { .. }, Pending) => one(7, Open),
        (Trigger::PublicReply { answered: true }, Open) => one(8, Waiting),
        (Trigger::PublicReply { answered: false }, Open) | (Trigger::PublicReply { .. }, Waiting | Snoozed) => {
            Some(Vec::new())
        }
        (Trigger::PublicReply { answered }, Closed) => {
            let mut rows = vec![Step { row: 17, from, to: Open }];
            if answered {
                rows.push(Step { row: 8, from: Open, to: Waiting });
            }
            Some(rows)
        }
        (Trigger::UserSets(to), from) if to == from => Some(Vec::new()),
        (Trigger::UserSets(Waiting), Open) => one(10, Waiting),
        (Trigger::UserSets(Open), Waiting) => one(10, Open),
        (Trigger::UserSets(Open), Snoozed) => one(12, Open),
        (Trigger::UserSets(Closed), Pending | Open | Waiting | Snoozed) => one(14, Closed),
        (Trigger::UserSets(Open), Closed) => one(17, Open),
        (Trigger::UserSets(_), _) => None,
        (Trigger::SystemCloses, Closed) => Some(Vec::new()),
        (Trigger::SystemCloses, _) => one(14, Closed),
    }
}

/// The statuses that a user may set from here.
pub fn allowed(from: ConversationStatus) -> Vec<ConversationStatus> {
    ConversationStatus::ALL
        .into_iter()
        .filter(|to| *to != from && steps(from, Trigger::UserSets(*to)).is_some())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ConversationStatus::{Closed, Open, Pending, Snoozed, Waiting};

    /// The reachable rows of the specification's table, written down once more, as data.
    const ROWS: &[(u8, ConversationStatus, &str, ConversationStatus)] = &[
        (7, Pending, "reply", Open),
        (8, Open, "reply", Waiting),
        (9, Waiting, "inbound", Open),
        (10, Open, "set waiting", Waiting),
        (10, Waiting, "set open", Open),
        (12, Snoozed, "inbound", Open),
        (12, Snoozed, "set open", Open),
        (14, Pending, "set closed", Closed),
        (14, Open, "set closed", Closed),
        (14, Waiting, "set closed", Closed),
        (14, Snoozed, "set closed", Closed),
        (15, Closed, "inbound", Open),
        (17, Closed, "set open", Open),
        (17, Closed, "reply", Open),
    ];

    fn triggers() -> Vec<(String, Trigger)> {
        let mut all = vec![
            ("inbound".to_owned(), Trigger::CountingInbound),
            ("reply".to_owned(), Trigger::PublicReply { answered: true }),
        ];
        all.extend(ConversationStatus::ALL.map(|to| (format!("set {}", to.as_str()), Trigger::UserSets(to))));
        all
    }

    #[test]
    fn every_pair_is_a_row_or_nothing() {
        for from in ConversationStatus::ALL {
            for (name, trigger) in triggers() {
                let rows: Vec<_> = ROWS.iter().filter(|row| row.1 == from && row.2 == name).collect();
                let found = steps(from, trigger);
                if let [row] = rows.as_slice() {
                    let found = found.unwrap();
                    assert_eq!((found[0].row, found[0].to), (row.0, row.3), "{from:?} {name}");
                    assert_eq!(found.len(), if row.0 == 17 && name == "reply" { 2 } else { 1 }, "{from:?} {name}");
                } else {
                    assert!(rows.is_empty());
                    let stays = !name.starts_with("set ") || name == format!("set {}", from.as_str());
                    assert_eq!(found, stays.then(Vec::new), "{from:?} {name}");
                }
            }
        }
    }

    #[test]
    fn steps_hang_together() {
        for from in ConversationStatus::ALL {
            for (_, trigger) in
                triggers().into_iter().chain([("keep".to_owned(), Trigger::PublicReply { answered: false })])
            {
                let mut at = from;
                for step in steps(from, trigger).unwrap_or_default() {
                    assert_eq!(step.from, at);
                    assert_ne!(step.from, step.to);
                    at = step.to;
                }
            }
        }
    }

    #[test]
    fn what_is_allowed_is_told() {
        assert_eq!(allowed(Open), [Waiting, Closed]);
        assert_eq!(allowed(Closed), [Open]);
        assert_eq!(allowed(Pending), [Closed]);
        assert_eq!(allowed(Waiting), [Open, Closed]);
    }
}
