//! The head of a chain: its newest entry, signed, to be kept elsewhere. A tail that was cut shows only against it.
//!
//! Signed with Ed25519 (RFC 8032) by a key derived from the installation's; whoever holds the public key can check a head
//! without the installation.

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use kernel::Error;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Signs heads and checkpoints.
pub struct HeadKey(Ed25519KeyPair);

impl HeadKey {
    /// # Errors
    /// Never for 32 bytes.
    pub fn new(seed: &[u8; 32]) -> Result<Self, Error> {
        Ed25519KeyPair::from_seed_unchecked(seed)
            .map(Self)
            .map_err(|error| Error::internal(format!("the key of audit heads: {error}")))
    }

    pub fn sign(&self, head: Head) -> SignedHead {
        let signature = BASE64.encode(self.0.sign(&head.signed_bytes()).as_ref());
        SignedHead { signature, public_key: BASE64.encode(self.0.public_key().as_ref()), head }
    }

    /// The raw signature of a checkpoint's head.
    pub(crate) fn sign_raw(&self, head: &Head) -> Vec<u8> {
        self.0.sign(&head.signed_bytes()).as_ref().to_vec()
    }

    pub fn public_key(&self) -> &[u8] {
        self.0.public_key().as_ref()
    }

    /// Whether this installation signed the head.
    pub fn made(&self, signed: &SignedHead) -> bool {
        signed.is_signed_by(self.public_key())
    }
}

/// Where a chain ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Head {
    pub organization_id: Uuid,
    /// Number of the newest entry; 0 for an empty chain.
    pub seq: i64,
    /// Hash of that entry, hexadecimal.
    pub hash: String,
    /// When the head was taken.
    pub at: DateTime<Utc>,
}

impl Head {
    fn signed_bytes(&self) -> Vec<u8> {
        format!(
            "balcao-audit-head-1\n{}\n{}\n{}\n{}\n",
            self.organization_id,
            self.seq,
            self.hash,
            self.at.timestamp_micros()
        )
        .into_bytes()
    }
}

/// A head and who vouches for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SignedHead {
    #[serde(flatten)]
    pub head: Head,
    /// Ed25519, base64.
    pub signature: String,
    /// Ed25519, base64. Compare it with one that you kept.
    pub public_key: String,
}

impl SignedHead {
    pub fn is_signed_by(&self, public_key: &[u8]) -> bool {
        let Ok(signature) = BASE64.decode(&self.signature) else { return false };
        UnparsedPublicKey::new(&ED25519, public_key).verify(&self.head.signed_bytes(), &signature).is_ok()
    }
}
