//! The head of a chain: its newest entry, signed, to be kept elsewhere. A tail that was cut shows only against it.
//!
//! Signed with Ed25519 (RFC 8032). The keys are a ring that outlives the installation's encryption key: the newest signs,
//! the others still check what they signed, each new one is vouched for by the one before. Whoever holds a public key can
//! check a head without the installation.

use crate::handle::Audit;
use crate::verify::fact;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use kernel::{Ctx, Error};
use serde::{Deserialize, Serialize};
use serde_json::json;
use store::{INSTALLATION, RingKey};
use utoipa::ToSchema;
use uuid::Uuid;

/// The ring of the keys that sign heads, checkpoints and exports.
const RING: &str = "audit head";

/// The keys, the one in use first.
pub(crate) struct HeadKeys(Vec<HeadKey>);

struct HeadKey {
    version: i32,
    pair: Ed25519KeyPair,
    vouched: Option<Vec<u8>>,
    created_at: DateTime<Utc>,
}

/// The public half of a key, for those who check heads elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PublicKey {
    pub version: i32,
    /// Ed25519, base64.
    pub public_key: String,
    /// The version before signs `balcao-audit-key-1`, the version and the base64 text, a line each; base64. Absent for
    /// the first.
    pub vouched: Option<String>,
    pub created_at: DateTime<Utc>,
}

impl HeadKeys {
    fn of_ring(ring: Vec<RingKey>) -> Result<Self, Error> {
        let keys = ring.into_iter().map(|RingKey { version, key, vouched, created_at }| {
            Ok(HeadKey { version, pair: pair(&key)?, vouched, created_at })
        });
        Ok(Self(keys.collect::<Result<_, Error>>()?))
    }

    fn current(&self) -> Result<&HeadKey, Error> {
        self.0.first().ok_or_else(|| Error::internal("no key signs audit heads"))
    }

    pub fn sign(&self, head: Head) -> Result<SignedHead, Error> {
        let (signature, public_key) = self.sign_bytes(&head.signed_bytes())?;
        Ok(SignedHead { signature, public_key, head })
    }

    /// The raw signature, as tables keep it.
    pub fn sign_raw(&self, head: &Head) -> Result<Vec<u8>, Error> {
        Ok(self.current()?.pair.sign(&head.signed_bytes()).as_ref().to_vec())
    }

    /// Signature and public key, base64.
    pub fn sign_bytes(&self, bytes: &[u8]) -> Result<(String, String), Error> {
        let key = self.current()?;
        Ok((BASE64.encode(key.pair.sign(bytes).as_ref()), key.public()))
    }

    /// Whether this installation signed the head, with whichever key.
    pub fn made(&self, signed: &SignedHead) -> bool {
        self.0.iter().any(|key| signed.is_signed_by(key.pair.public_key().as_ref()))
    }

    /// The same of a signature out of a table.
    pub fn made_raw(&self, head: &Head, signature: &[u8]) -> bool {
        let bytes = head.signed_bytes();
        self.0.iter().any(|key| is_signed_by(key.pair.public_key().as_ref(), &bytes, signature))
    }

    /// Of every version, the newest first.
    pub fn public_keys(&self) -> Vec<PublicKey> {
        let public = |key: &HeadKey| PublicKey {
            version: key.version,
            public_key: key.public(),
            vouched: key.vouched.as_ref().map(|vouched| BASE64.encode(vouched)),
            created_at: key.created_at,
        };
        self.0.iter().map(public).collect()
    }
}

impl HeadKey {
    fn public(&self) -> String {
        BASE64.encode(self.pair.public_key().as_ref())
    }
}

impl Audit {
    /// The keys as they are now: read anew each time, so that a new one counts on every node at once.
    pub(crate) async fn head_keys(&self) -> Result<HeadKeys, Error> {
        let parts = &self.0;
        let mut tx = parts.db.tenant(INSTALLATION).await?;
        let ring = parts.sealer.ring(&mut tx, &parts.ids, RING, parts.clock.now()).await?;
        tx.commit().await?;
        HeadKeys::of_ring(ring)
    }

    /// Of every version, the newest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn public_keys(&self) -> Result<Vec<PublicKey>, Error> {
        Ok(self.head_keys().await?.public_keys())
    }

    /// A new key signs from now on; the one before vouches for it, and what earlier ones signed stays good. Answers the
    /// keys as they are then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rotate_head_key(&self) -> Result<Vec<PublicKey>, Error> {
        let parts = &self.0;
        let before = self.head_keys().await?;
        let newest = before.current()?;
        let (version, mut seed) = (newest.version + 1, [0; 32]);
        parts.ids.fill(&mut seed);
        let public = BASE64.encode(pair(&seed)?.public_key().as_ref());
        let vouched = newest.pair.sign(&vouched_bytes(version, &public));
        let mut tx = parts.db.tenant(INSTALLATION).await?;
        let new = (version, seed);
        parts.sealer.add_to_ring(&mut tx, &parts.ids, RING, new, Some(vouched.as_ref()), parts.clock.now()).await?;
        let request: Uuid = parts.ids.random();
        let ctx =
            Ctx::system(INSTALLATION, parts.clock.clone(), parts.ids.clone(), format!("audit-key-{request}").into());
        tx.append(&ctx, fact(&ctx, "audit.key_rotated", json!({ "version": version, "public_key": public })));
        tx.commit().await?;
        self.public_keys().await
    }
}

fn pair(seed: &[u8; 32]) -> Result<Ed25519KeyPair, Error> {
    Ed25519KeyPair::from_seed_unchecked(seed)
        .map_err(|error| Error::internal(format!("the key of audit heads: {error}")))
}

fn vouched_bytes(version: i32, public_key: &str) -> Vec<u8> {
    format!("balcao-audit-key-1\n{version}\n{public_key}\n").into_bytes()
}

impl PublicKey {
    /// Whether the key before it vouches for this one.
    pub fn is_vouched_by(&self, before: &Self) -> bool {
        let Ok(key) = BASE64.decode(&before.public_key) else { return false };
        let Some(Ok(signature)) = self.vouched.as_ref().map(|vouched| BASE64.decode(vouched)) else { return false };
        is_signed_by(&key, &vouched_bytes(self.version, &self.public_key), &signature)
    }
}

fn is_signed_by(public_key: &[u8], bytes: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&ED25519, public_key).verify(bytes, signature).is_ok()
}

/// Whether a signature in base64 is of these bytes and this key.
pub(crate) fn is_signed(public_key: &str, bytes: &[u8], signature: &str) -> bool {
    let (Ok(key), Ok(signature)) = (BASE64.decode(public_key), BASE64.decode(signature)) else { return false };
    is_signed_by(&key, bytes, &signature)
}

/// Where a chain ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Head {
    pub organization_id: Uuid,
    /// The day's checkpoints are numbered without holes; a head taken on demand has no number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
    /// Number of the newest entry; 0 for an empty chain.
    pub seq: i64,
    /// Hash of that entry, hexadecimal.
    pub hash: String,
    /// When the head was taken.
    pub at: DateTime<Utc>,
}

impl Head {
    /// What is signed: a line each, so that nothing runs into the next.
    fn signed_bytes(&self) -> Vec<u8> {
        let Self { organization_id, number, seq, hash, at } = self;
        let at = at.timestamp_micros();
        match number {
            None => format!("balcao-audit-head-1\n{organization_id}\n{seq}\n{hash}\n{at}\n"),
            Some(number) => {
                format!("balcao-audit-checkpoint-1\n{organization_id}\n{number}\n{seq}\n{hash}\n{at}\n")
            }
        }
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
        is_signed_by(public_key, &self.head.signed_bytes(), &signature)
    }
}
