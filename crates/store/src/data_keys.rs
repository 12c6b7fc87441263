//! Each organization's own keys (envelope encryption): random, wrapped by the installation's key provider, kept in
//! `data_keys` by version. Destroying them makes everything that they sealed unreadable, in old backups too, as long as
//! those do not hold the provider's key.
//!
//! A new version seals from a while after it was made, so that every node knows it before it meets a value sealed with it.

mod cache;
mod provider;
mod reseal;
mod rows;

pub use provider::{KeyProvider, Wrapped};
pub use reseal::{Resealed, SealedColumn, reseal, sealed_by_house};

pub(crate) use cache::KeyCache;

use crate::error::DbError;
use crate::platform_tx::PlatformTx;
use crate::seal::{Place, Sealer};
use crate::tenant_tx::TenantTx;
use aes_gcm::aead::{Aead, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use chrono::{DateTime, Duration, Utc};
use kernel::ids::OrganizationId;
use kernel::{Error, Ids};
use secrecy::{ExposeSecret, SecretSlice};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The first byte of a value sealed with a data key; [`Sealer`] itself writes another.
const FORM: u8 = 2;
const NONCE: usize = 12;
const HEADER: usize = 1 + 4 + NONCE;
/// Bytes of a key.
const KEY: usize = 32;

/// A new version seals from so long after it was made: longer than any node remembers the versions there are.
pub const PUBLISHED: Duration = Duration::minutes(3);

/// Seals and opens the values of one organization. Made for a transaction by [`Sealer::for_tenant`]; cheap to clone.
#[derive(Clone)]
pub struct TenantSealer {
    keys: Arc<TenantKeys>,
    installation: Sealer,
}

/// The versions of one organization, the newest first.
pub(crate) struct TenantKeys {
    versions: Vec<Version>,
    /// The one in use.
    current: i32,
}

struct Version {
    number: i32,
    key: SecretSlice<u8>,
}

impl Sealer {
    /// The sealer of the organization of this transaction; its first key is made here.
    ///
    /// # Errors
    /// When a statement or the key provider fails, and for an organization whose keys were destroyed.
    pub async fn for_tenant(&self, tx: &mut TenantTx, ids: &Ids, now: DateTime<Utc>) -> Result<TenantSealer, Error> {
        let organization = tx.organization_id();
        let keys = match self.key_cache().get(organization) {
            Some(keys) => keys,
            None => self.load(tx, ids, now).await?,
        };
        Ok(TenantSealer { keys, installation: self.clone() })
    }

    async fn load(&self, tx: &mut TenantTx, ids: &Ids, now: DateTime<Utc>) -> Result<Arc<TenantKeys>, Error> {
        let organization = tx.organization_id();
        let mut rows = rows::all(tx).await?;
        if rows.is_empty() {
            self.add_version(tx, ids, 1, now, now).await?;
            // What this transaction wrote counts once it is committed.
            tx.made_data_key = true;
            rows = rows::all(tx).await?;
        }
        let mut versions = Vec::with_capacity(rows.len());
        let mut current = None;
        for row in rows {
            let Some(wrapped) = row.wrapped else { continue };
            if row.active_from <= now {
                current = current.or(Some(row.version));
            }
            let wrapped = Wrapped { bytes: wrapped, by: row.wrapped_by };
            let key = self.provider().unwrap(organization, row.version, wrapped).await?;
            versions.push(Version { number: row.version, key });
        }
        let Some(current) = current else {
            return Err(Error::internal("the data keys of this organization were destroyed").with_retryable(false));
        };
        let keys = Arc::new(TenantKeys { versions, current });
        if !tx.made_data_key {
            self.key_cache().put(organization, keys.clone());
        }
        Ok(keys)
    }

    async fn add_version(
        &self,
        tx: &mut TenantTx,
        ids: &Ids,
        version: i32,
        active_from: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), Error> {
        let mut key = vec![0; KEY];
        ids.fill(&mut key);
        let key = SecretSlice::from(key);
        let wrapped = self.provider().wrap(tx.organization_id(), version, key).await?;
        rows::insert(tx, version, &wrapped, active_from, now).await?;
        Ok(())
    }

    /// Adds a version for the organization of this transaction; it seals after [`PUBLISHED`]. Answers its number.
    /// Values sealed before stay readable until [`reseal`] has sealed them anew and the older versions are destroyed.
    ///
    /// # Errors
    /// When a statement or the key provider fails.
    pub async fn rotate_data_key(&self, tx: &mut TenantTx, ids: &Ids, now: DateTime<Utc>) -> Result<i32, Error> {
        // The first one has to be there, so that what has no version yet gets one.
        self.for_tenant(tx, ids, now).await?;
        let version = rows::newest(tx).await? + 1;
        self.add_version(tx, ids, version, now + PUBLISHED, now).await?;
        Ok(version)
    }

    /// Destroys the keys of the organization of this transaction below a version; all of them without one.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn destroy_data_keys(
        &self,
        tx: &mut TenantTx,
        below: Option<i32>,
        now: DateTime<Utc>,
    ) -> Result<u64, DbError> {
        self.key_cache().forget(tx.organization_id());
        rows::destroy(tx, below.unwrap_or(i32::MAX), now).await
    }

    /// Wraps the keys of the organization of this transaction again with the provider's key of now. Answers how many.
    ///
    /// # Errors
    /// When a statement or the key provider fails.
    pub async fn rewrap_data_keys(&self, tx: &mut TenantTx) -> Result<u64, Error> {
        let organization = tx.organization_id();
        let mut done = 0;
        for row in rows::all(tx).await? {
            let Some(wrapped) = row.wrapped.filter(|_| row.wrapped_by != self.provider().current()) else { continue };
            let wrapped = Wrapped { bytes: wrapped, by: row.wrapped_by };
            let key = self.provider().unwrap(organization, row.version, wrapped).await?;
            let wrapped = self.provider().wrap(organization, row.version, key).await?;
            rows::rewrap(tx, row.version, &wrapped).await?;
            done += 1;
        }
        Ok(done)
    }

    /// How many data keys each of the provider's keys wrapped.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn count_data_keys(&self, tx: &mut PlatformTx) -> Result<BTreeMap<String, u64>, DbError> {
        rows::counted_by_wrapper(tx).await
    }

    /// Organizations with keys that another key than the provider's of now wrapped.
    ///
    /// # Errors
    /// When the statement fails.
    pub async fn organizations_to_rewrap(&self, tx: &mut PlatformTx) -> Result<Vec<OrganizationId>, DbError> {
        rows::wrapped_by_others(tx, self.provider().current()).await
    }
}

impl TenantSealer {
    /// # Errors
    /// Only if the value is absurdly long.
    pub fn seal(&self, ids: &Ids, place: Place<'_>, value: &[u8]) -> Result<Vec<u8>, Error> {
        let version = self.keys.current;
        let cipher = self.cipher(version).ok_or_else(|| Error::internal("no data key"))?;
        let mut nonce = [0; NONCE];
        ids.fill(&mut nonce);
        let mut sealed = Vec::with_capacity(HEADER + value.len() + 16);
        sealed.push(FORM);
        sealed.extend_from_slice(&version.to_be_bytes());
        sealed.extend_from_slice(&nonce);
        let payload = Payload { msg: value, aad: &place.associated_data() };
        let text =
            cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| Error::internal("value could not be sealed"))?;
        sealed.extend_from_slice(&text);
        Ok(sealed)
    }

    /// Opens what a data key sealed, or the installation's key before there were data keys.
    ///
    /// # Errors
    /// When the value was sealed elsewhere, changed, or with a key that is gone.
    pub fn open(&self, place: Place<'_>, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        if sealed.first() != Some(&FORM) {
            return self.installation.open(place, sealed);
        }
        let bad = |why: &str| {
            Error::internal(format!("sealed value of {}.{} does not open: {why}", place.table, place.column))
        };
        let Some((header, text)) = sealed.split_at_checked(HEADER) else { return Err(bad("too short")) };
        let version = version_of(header).ok_or_else(|| bad("too short"))?;
        let cipher = self.cipher(version).ok_or_else(|| bad("unknown key"))?;
        let mut nonce = [0; NONCE];
        nonce.copy_from_slice(&header[5..HEADER]);
        let payload = Payload { msg: text, aad: &place.associated_data() };
        cipher.decrypt(&Nonce::from(nonce), payload).map_err(|_| bad("changed or moved"))
    }

    /// Whether a value is sealed with the version in use.
    fn is_current(&self, sealed: &[u8]) -> bool {
        sealed.first() == Some(&FORM) && version_of(sealed) == Some(self.keys.current)
    }

    /// The version that seals.
    pub fn version(&self) -> i32 {
        self.keys.current
    }

    fn cipher(&self, version: i32) -> Option<Aes256Gcm> {
        let found = self.keys.versions.iter().find(|known| known.number == version)?;
        Aes256Gcm::new_from_slice(found.key.expose_secret()).ok()
    }
}

fn version_of(sealed: &[u8]) -> Option<i32> {
    let bytes: [u8; 4] = sealed.get(1..5)?.try_into().ok()?;
    Some(i32::from_be_bytes(bytes))
}
