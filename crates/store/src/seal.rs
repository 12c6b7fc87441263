//! Column encryption: AES-256-GCM, `version | key id | nonce | ciphertext`, bound to its place by associated data.

use crate::data_keys::{KeyCache, KeyProvider};
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use kernel::token::hmac_sha256;
use kernel::{Error, Ids};
use secrecy::{ExposeSecret, SecretSlice};
use std::collections::HashMap;
use std::sync::Arc;

pub(crate) const VERSION: u8 = 1;
const NONCE: usize = 12;
const HEADER: usize = 1 + 4 + NONCE;

/// Seals and opens values with keys derived from the installation's master keys; for values of one organization see
/// [`Sealer::for_tenant`]. Cheap to clone.
#[derive(Clone)]
pub struct Sealer {
    keys: Arc<Keys>,
    /// Wraps the organizations' own keys; `None`: the master keys themselves do.
    provider: Option<KeyProvider>,
    unwrapped: Arc<KeyCache>,
    /// Keys that outlive the masters, by purpose.
    lasting: Arc<HashMap<&'static str, [u8; 32]>>,
}

struct Keys {
    /// The first seals, all open.
    masters: Vec<([u8; 4], SecretSlice<u8>)>,
}

/// Where a sealed value lives. A ciphertext copied to another row, column or organization does not open.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The organization's id, or the nil id for the installation's own values.
    pub organization: &'a [u8],
    pub table: &'a str,
    pub column: &'a str,
    pub row: &'a [u8],
}

impl Sealer {
    /// `masters`: 32 random bytes each, the one in use first, earlier ones after it.
    pub fn new(masters: Vec<SecretSlice<u8>>) -> Self {
        let masters = masters.into_iter().map(|key| (key_id(key.expose_secret()), key)).collect();
        Self { keys: Arc::new(Keys { masters }), provider: None, unwrapped: Arc::default(), lasting: Arc::default() }
    }

    /// The same, with the organizations' keys wrapped elsewhere.
    #[must_use]
    pub fn with_provider(self, provider: KeyProvider) -> Self {
        Self { provider: Some(provider), ..self }
    }

    pub(crate) fn knowing(self, lasting: HashMap<&'static str, [u8; 32]>) -> Self {
        Self { lasting: Arc::new(lasting), ..self }
    }

    /// The key of a purpose that outlives the installation's key. Before [`Sealer::with_lasting`] (no database is open,
    /// or a test) it is the derived one, which is the first of each purpose anyway.
    pub fn lasting(&self, purpose: &str) -> [u8; 32] {
        self.lasting.get(purpose).copied().unwrap_or_else(|| self.derive(purpose))
    }

    pub(crate) fn provider(&self) -> KeyProvider {
        self.provider.clone().unwrap_or_else(|| KeyProvider::local(self.clone()))
    }

    pub(crate) fn key_cache(&self) -> &KeyCache {
        &self.unwrapped
    }

    /// The ids of the master keys, the one in use first.
    pub(crate) fn masters(&self) -> impl Iterator<Item = &[u8]> {
        self.keys.masters.iter().map(|(kid, _)| kid.as_slice())
    }

    /// The id of the newest master key, as text.
    pub(crate) fn key_name(&self) -> String {
        self.key_names().into_iter().next().unwrap_or_default()
    }

    /// A key for one use, derived from the newest master key, with which it changes: the roles' passwords. For what must
    /// stay see [`Sealer::lasting`].
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        self.keys
            .masters
            .first()
            .map_or([0; 32], |(_, key)| hmac_sha256(key.expose_secret(), &[b"derive", purpose.as_bytes()]))
    }

    /// # Errors
    /// Only if there is no key or the value is absurdly long.
    pub fn seal(&self, ids: &Ids, place: Place<'_>, value: &[u8]) -> Result<Vec<u8>, Error> {
        let Some((kid, master)) = self.keys.masters.first() else { return Err(Error::internal("no encryption key")) };
        let mut nonce = [0; NONCE];
        ids.fill(&mut nonce);
        let mut sealed = Vec::with_capacity(HEADER + value.len() + 16);
        sealed.push(VERSION);
        sealed.extend_from_slice(kid);
        sealed.extend_from_slice(&nonce);
        let payload = Payload { msg: value, aad: &place.associated_data() };
        let cipher = cipher(master.expose_secret(), place.organization);
        let text =
            cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| Error::internal("value could not be sealed"))?;
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    /// # Errors
    /// When the value was sealed elsewhere, changed, or with a key that is gone.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        let bad = |why: &str| {
            Error::internal(format!("sealed value of {}.{} does not open: {why}", place.table, place.column))
        };
        let Some((header, text)) = sealed.split_at_checked(HEADER) else { return Err(bad("too short")) };
        if header[0] != VERSION {
            return Err(bad("unknown version"));
        }
        let Some((_, master)) = self.keys.masters.iter().find(|(kid, _)| kid == &header[1..5]) else {
            return Err(bad("unknown key"));
        };
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&header[5..HEADER]);
        let payload = Payload { msg: text, aad: &place.associated_data() };
        cipher(master.expose_secret(), place.organization)
            .decrypt(&Nonce::from(nonce), payload)
            .map_err(|_| bad("changed or moved"))
    }
}

impl Place<'_> {
    pub(crate) fn associated_data(&self) -> Vec<u8> {
        let mut data = Vec::new();
        for part in [self.organization, self.table.as_bytes(), self.column.as_bytes(), self.row] {
            data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            data.extend_from_slice(part);
        }
        data
    }
}

/// Each organization has its own data key, derived from the master key.
fn cipher(master: &[u8], organization: &[u8]) -> Aes256Gcm {
    let key = hmac_sha256(master, &[b"organization", organization]);
    Aes256Gcm::new(&key.into())
}

fn key_id(master: &[u8]) -> [u8; 4] {
    let mac = hmac_sha256(master, &[b"key id"]);
    [mac[0], mac[1], mac[2], mac[3]]
}
