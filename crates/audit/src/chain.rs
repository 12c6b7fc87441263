//! The chain: what of an entry is hashed, and how a run of entries is checked. Pure.
//!
//! `hash = SHA-256(tag ‖ prev_hash ‖ fields)`, every field preceded by its length in bytes (64 bits, big endian), an absent
//! one by all ones. Times count in microseconds since 1970 (PostgreSQL keeps no finer ones). Personal values are not
//! hashed themselves: `commitments` holds `SHA-256(salt ‖ value)` of each, and value and salt can be destroyed.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Says what is hashed and in which form; another form gets another tag.
const TAG: &[u8] = b"balcao-audit-1";

/// What the first entry of a chain follows.
pub const GENESIS: [u8; 32] = [0; 32];

/// An entry as it is hashed. Of an export, the same members under the same names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    pub organization_id: Uuid,
    pub seq: i64,
    pub id: Uuid,
    pub event_id: Uuid,
    pub at: DateTime<Utc>,
    pub action: String,
    pub category: String,
    pub actor_kind: String,
    pub actor_id: Option<Uuid>,
    pub impersonator_id: Option<Uuid>,
    pub resource_type: String,
    pub resource_id: Uuid,
    pub result: String,
    pub request_id: String,
    /// JSON text, as stored.
    pub details: String,
    /// JSON text, as stored.
    pub commitments: String,
    pub prev_hash: Vec<u8>,
    pub hash: Vec<u8>,
}

impl Link {
    /// The hash that this entry must have.
    pub fn computed(&self) -> [u8; 32] {
        let mut hash = Fields(Sha256::new());
        hash.0.update(TAG);
        hash.bytes(Some(&self.prev_hash));
        hash.bytes(Some(self.organization_id.as_bytes()));
        hash.bytes(Some(&self.seq.to_be_bytes()));
        hash.bytes(Some(self.id.as_bytes()));
        hash.bytes(Some(self.event_id.as_bytes()));
        hash.bytes(Some(&self.at.timestamp_micros().to_be_bytes()));
        hash.bytes(Some(self.action.as_bytes()));
        hash.bytes(Some(self.category.as_bytes()));
        hash.bytes(Some(self.actor_kind.as_bytes()));
        hash.bytes(self.actor_id.as_ref().map(|id| &id.as_bytes()[..]));
        hash.bytes(self.impersonator_id.as_ref().map(|id| &id.as_bytes()[..]));
        hash.bytes(Some(self.resource_type.as_bytes()));
        hash.bytes(Some(self.resource_id.as_bytes()));
        hash.bytes(Some(self.result.as_bytes()));
        hash.bytes(Some(self.request_id.as_bytes()));
        hash.bytes(Some(self.details.as_bytes()));
        hash.bytes(Some(self.commitments.as_bytes()));
        hash.0.finalize().into()
    }
}

struct Fields(Sha256);

impl Fields {
    fn bytes(&mut self, value: Option<&[u8]>) {
        match value {
            Some(value) => {
                self.0.update((value.len() as u64).to_be_bytes());
                self.0.update(value);
            }
            None => self.0.update(u64::MAX.to_be_bytes()),
        }
    }
}

/// The commitment to a personal value.
pub fn commitment(salt: &[u8], value: &str) -> String {
    hex::encode(Sha256::new().chain_update(salt).chain_update(value.as_bytes()).finalize())
}

/// What is wrong with a chain, at the first place where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    #[error("entry {seq} is missing")]
    Missing { seq: i64 },
    #[error("entry {seq} does not follow the one before it")]
    Unlinked { seq: i64 },
    #[error("entry {seq} was changed")]
    Changed { seq: i64 },
    #[error("the chain ends at {last}, its head at {head}")]
    CutOff { last: i64, head: i64 },
    #[error("entry {seq} is not the one of the head")]
    OtherHead { seq: i64 },
    #[error("the entries before {first} are gone, and no checkpoint says that they were removed by retention")]
    Uncovered { seq: i64, first: i64 },
    #[error("the retention checkpoint at entry {seq} was not signed here")]
    ForgedRetention { seq: i64 },
    #[error("checkpoint {number} is missing; the next one stands at entry {seq}")]
    MissingCheckpoint { number: i64, seq: i64 },
    #[error("checkpoint {number} at entry {seq} was not signed here")]
    ForgedCheckpoint { number: i64, seq: i64 },
    #[error("entry {seq} is not the one of checkpoint {number}")]
    OtherCheckpoint { number: i64, seq: i64 },
    #[error("the chain ends at {last}, its checkpoint {number} at {head}")]
    CutOffCheckpoint { number: i64, last: i64, head: i64 },
    #[error("the export's manifest is missing or was not signed with its key")]
    Manifest { seq: i64 },
    #[error("entry {seq} is not of the filter that the manifest names")]
    Unasked { seq: i64 },
    #[error("the manifest is of {claimed} entries, here are {found} or others")]
    OtherEntries { seq: i64, claimed: u64, found: u64 },
}

impl Broken {
    /// The first bad or missing `seq`.
    pub fn seq(&self) -> i64 {
        match *self {
            Self::Missing { seq }
            | Self::Unlinked { seq }
            | Self::Changed { seq }
            | Self::OtherHead { seq }
            | Self::Uncovered { seq, .. }
            | Self::ForgedRetention { seq }
            | Self::MissingCheckpoint { seq, .. }
            | Self::ForgedCheckpoint { seq, .. }
            | Self::OtherCheckpoint { seq, .. }
            | Self::Manifest { seq }
            | Self::Unasked { seq }
            | Self::OtherEntries { seq, .. } => seq,
            Self::CutOff { last, .. } | Self::CutOffCheckpoint { last, .. } => last + 1,
        }
    }
}

/// Checks a chain link by link; holds nothing but its last place.
#[derive(Clone, Debug)]
pub struct Checker {
    last_seq: i64,
    last_hash: Option<Vec<u8>>,
    checked: u64,
}

impl Checker {
    /// From the entry after `seq`, whose hash is known (a checkpoint, or [`GENESIS`] with 0).
    pub fn after(seq: i64, hash: &[u8]) -> Self {
        Self { last_seq: seq, last_hash: Some(hash.to_vec()), checked: 0 }
    }

    /// From the entry after `seq`, whatever it follows: for a part in the middle.
    pub fn from_the_middle(seq: i64) -> Self {
        Self { last_seq: seq, last_hash: None, checked: 0 }
    }

    /// Takes the next entry.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn take(&mut self, link: &Link) -> Result<(), Broken> {
        let seq = self.last_seq + 1;
        if link.seq != seq {
            // A larger one: those between are gone. A smaller one: it was put here from elsewhere.
            return Err(if link.seq > seq { Broken::Missing { seq } } else { Broken::Unlinked { seq: link.seq } });
        }
        if link.computed()[..] != link.hash[..] {
            return Err(Broken::Changed { seq });
        }
        if self.last_hash.as_ref().is_some_and(|hash| *hash != link.prev_hash) {
            return Err(Broken::Unlinked { seq });
        }
        self.last_seq = seq;
        self.last_hash = Some(link.hash.clone());
        self.checked += 1;
        Ok(())
    }

    /// Goes on behind a part that is left out here: what comes next need not follow what came before.
    pub fn leave_out_until(&mut self, seq: i64) {
        if seq > self.last_seq + 1 {
            self.last_seq = seq - 1;
            self.last_hash = None;
        }
    }

    /// Compares the end with a head that was kept elsewhere: a cut tail shows only so.
    ///
    /// # Errors
    /// When entries are missing at the end.
    pub fn reaches(&self, head: i64) -> Result<(), Broken> {
        if self.last_seq < head { Err(Broken::CutOff { last: self.last_seq, head }) } else { Ok(()) }
    }

    pub fn last(&self) -> (i64, Option<&[u8]>) {
        (self.last_seq, self.last_hash.as_deref())
    }

    /// Entries taken so far.
    pub fn checked(&self) -> u64 {
        self.checked
    }
}
