//! The keys that sign access tokens: made here, kept sealed, published, turned over.
//!
//! `pending` (published, an hour) > `active` (signs) > `retiring` (published until its last token is over, and an hour)
//! > `retired`. The database is the truth; each node keeps what it read for a second.

mod rotate;

pub use rotate::Rotation;

use crate::store::keys::{self, KeyRow, NewKey};
use arc_swap::ArcSwapOption;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, EncodingKey};
use kernel::{Clock, Error, Ids};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::{Database, INSTALLATION, Place, PlatformReason, PlatformTx, Sealer};

/// How long what was read counts: within it a node hears that another one dropped a key.
const FRESH: Duration = Duration::from_secs(1);
/// Unknown key ids make a node read again, but not more often than this.
const READ_PAUSE: Duration = Duration::from_millis(100);

/// This node's view of the keys.
pub struct KeyRing {
    db: Database,
    clock: Clock,
    ids: Ids,
    sealer: Sealer,
    read: ArcSwapOption<Keys>,
    reading: tokio::sync::Mutex<()>,
}

/// What one reading found.
pub struct Keys {
    /// Signs, with its id.
    pub signing: (String, EncodingKey),
    /// Verify: pending, active and retiring ones by their ids.
    pub verifying: HashMap<String, DecodingKey>,
    /// The answer of `/.well-known/jwks.json`.
    pub jwks: Value,
    read_at: Instant,
}

impl KeyRing {
    pub fn new(db: Database, clock: Clock, ids: Ids, sealer: Sealer) -> Self {
        Self { db, clock, ids, sealer, read: ArcSwapOption::empty(), reading: tokio::sync::Mutex::new(()) }
    }

    /// The keys as known now; read again when that was a second ago. The first call of an installation makes the
    /// first key.
    ///
    /// # Errors
    /// When the database cannot be asked and nothing is known yet, or a key does not open.
    pub async fn current(&self) -> Result<Arc<Keys>, Error> {
        if let Some(keys) = self.read.load_full() {
            if keys.read_at.elapsed() < FRESH {
                return Ok(keys);
            }
            // One request refreshes, the others go on with what is known.
            let Ok(_turn) = self.reading.try_lock() else { return Ok(keys) };
            return match self.read_now().await {
                Ok(fresh) => Ok(fresh),
                Err(error) if error.retryable() => {
                    tracing::warn!(code = error.code(), "signing keys could not be read again; those known are used");
                    Ok(keys)
                }
                Err(error) => Err(error),
            };
        }
        self.read_after(None).await
    }

    /// The key that checks tokens of this id. An unknown one may have been made a moment ago by another node, so the
    /// keys are read once more, at most ten times a second whoever asks.
    ///
    /// # Errors
    /// As [`KeyRing::current`].
    pub async fn verifying(&self, kid: &str) -> Result<Option<DecodingKey>, Error> {
        let keys = self.current().await?;
        if let Some(key) = keys.verifying.get(kid) {
            return Ok(Some(key.clone()));
        }
        let keys = self.read_after(Some(Instant::now())).await?;
        Ok(keys.verifying.get(kid).cloned())
    }

    /// Reads unless somebody did so after `asked` while this call waited for its turn.
    async fn read_after(&self, asked: Option<Instant>) -> Result<Arc<Keys>, Error> {
        let _turn = self.reading.lock().await;
        if let Some(keys) = self.read.load_full() {
            if asked.is_none_or(|asked| keys.read_at >= asked) {
                return Ok(keys);
            }
            tokio::time::sleep_until((keys.read_at + READ_PAUSE).into()).await;
        }
        self.read_now().await
    }

    async fn read_now(&self) -> Result<Arc<Keys>, Error> {
        let read_at = Instant::now();
        let mut tx = self.db.platform(PlatformReason::SigningKeys).await?;
        let mut rows = keys::living(&mut tx).await?;
        if !rows.iter().any(|row| row.state == "active") {
            keys::lock(&mut tx).await?;
            // Another node may have been first.
            rows = keys::living(&mut tx).await?;
            if !rows.iter().any(|row| row.state == "active") {
                self.make(&mut tx, "active").await?;
                rows = keys::living(&mut tx).await?;
            }
        }
        tx.commit().await?;
        let keys = Arc::new(self.open(&rows, read_at)?);
        self.read.store(Some(keys.clone()));
        Ok(keys)
    }

    fn open(&self, rows: &[KeyRow], read_at: Instant) -> Result<Keys, Error> {
        let mut verifying = HashMap::new();
        let mut signing = None;
        let mut published = Vec::new();
        for row in rows {
            verifying.insert(row.kid.clone(), decoding_key(&row.public_jwk)?);
            published.push(row.public_jwk.clone());
            if row.state == "active" {
                let pkcs8 = self.sealer.open(place(&row.kid), &row.private_sealed)?;
                signing = Some((row.kid.clone(), EncodingKey::from_ec_der(&pkcs8)));
            }
        }
        let signing = signing.ok_or_else(|| Error::internal("no active signing key"))?;
        Ok(Keys { signing, verifying, jwks: json!({ "keys": published }), read_at })
    }

    /// Makes a P-256 key in this state and answers its id.
    async fn make(&self, tx: &mut PlatformTx, state: &str) -> Result<String, Error> {
        let broken = |_| Error::internal("a signing key could not be made");
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(broken)?;
        let (kid, public_jwk) = public_jwk(pair.public_key().as_ref())?;
        let pkcs8 = pair.to_pkcs8v1().map_err(broken)?;
        let private_sealed = self.sealer.seal(&self.ids, place(&kid), pkcs8.as_ref())?;
        let new = NewKey {
            kid: &kid,
            state,
            public_jwk: &public_jwk,
            private_sealed: &private_sealed,
            now: self.clock.now(),
        };
        keys::insert(tx, &new).await?;
        tracing::info!(kid, state, "a signing key was made");
        Ok(kid)
    }
}

fn place(kid: &str) -> Place<'_> {
    Place {
        organization: INSTALLATION.as_bytes(),
        table: "signing_keys",
        column: "private_sealed",
        row: kid.as_bytes(),
    }
}

/// The JWK (RFC 7517) of an uncompressed point (SEC 1, 2.3.3), named by its thumbprint (RFC 7638).
fn public_jwk(point: &[u8]) -> Result<(String, Value), Error> {
    let Some((4, rest)) = point.split_first().map(|(first, rest)| (*first, rest)) else {
        return Err(Error::internal("a public key of an unknown form"));
    };
    let (x, y) = rest.split_at(rest.len() / 2);
    let (x, y) = (URL_SAFE_NO_PAD.encode(x), URL_SAFE_NO_PAD.encode(y));
    let canonical = format!(r#"{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}"#);
    let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(canonical.as_bytes()));
    let jwk = json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": kid, "x": x, "y": y });
    Ok((kid, jwk))
}

fn decoding_key(jwk: &Value) -> Result<DecodingKey, Error> {
    let part = |name: &str| jwk.get(name).and_then(Value::as_str).unwrap_or_default();
    DecodingKey::from_ec_components(part("x"), part("y"))
        .map_err(|error| Error::internal(format!("stored public key: {error}")))
}
