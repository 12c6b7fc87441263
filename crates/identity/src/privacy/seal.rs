//! Values that belong to one person alone, sealed with a key of that person. Erasing the person destroys the key: what an
//! old backup or a forgotten copy still holds of them cannot be read then.

use crate::store::logins as rows;
use chrono::{DateTime, Utc};
use kernel::ids::UserId;
use kernel::{Error, Ids};
use secrecy::{ExposeSecret, SecretSlice};
use std::collections::HashMap;
use store::{INSTALLATION, Place, Sealer, TenantTx};
use uuid::Uuid;

/// Bytes of a key.
const KEY: usize = 32;

/// Finds and makes the keys. Cheap to clone.
#[derive(Clone)]
pub struct Persons {
    sealer: Sealer,
    ids: Ids,
}

impl Persons {
    pub fn new(sealer: Sealer, ids: Ids) -> Self {
        Self { sealer, ids }
    }

    /// The key of a person, made if there is none; `None` once it was destroyed.
    ///
    /// # Errors
    /// When the database fails or the installation's key is not the one it was.
    pub async fn key(&self, tx: &mut TenantTx, user: UserId, now: DateTime<Utc>) -> Result<Option<PersonKey>, Error> {
        let mut fresh = vec![0; KEY];
        self.ids.fill(&mut fresh);
        let fresh = SecretSlice::from(fresh);
        let sealed = self.sealer.seal(&self.ids, place(&user), fresh.expose_secret())?;
        let kept = rows::person_key(tx, user, &sealed, now).await?;
        kept.map(|kept| self.open(user, &kept)).transpose()
    }

    /// The keys of those who have one.
    ///
    /// # Errors
    /// As [`Persons::key`].
    pub async fn keys(&self, tx: &mut TenantTx, users: &[Uuid]) -> Result<HashMap<UserId, PersonKey>, Error> {
        if users.is_empty() {
            return Ok(HashMap::new());
        }
        let rows = rows::person_keys(tx, users).await?;
        rows.into_iter().map(|(user, sealed)| Ok((user, self.open(user, &sealed)?))).collect()
    }

    fn open(&self, user: UserId, sealed: &[u8]) -> Result<PersonKey, Error> {
        let key = SecretSlice::from(self.sealer.open(place(&user), sealed)?);
        Ok(PersonKey { sealer: Sealer::new(vec![key]), ids: self.ids.clone(), user })
    }
}

/// Seals and opens the values of one person.
pub struct PersonKey {
    sealer: Sealer,
    ids: Ids,
    user: UserId,
}

impl PersonKey {
    /// `column` names the place: what was sealed for one does not open in another.
    ///
    /// # Errors
    /// Only for absurdly long values.
    pub fn seal(&self, column: &str, value: &[u8]) -> Result<Vec<u8>, Error> {
        self.sealer.seal(&self.ids, self.place(column), value)
    }

    /// # Errors
    /// When it was sealed elsewhere or changed.
    pub fn open(&self, column: &str, sealed: &[u8]) -> Result<Vec<u8>, Error> {
        self.sealer.open(self.place(column), sealed)
    }

    /// The same for text.
    ///
    /// # Errors
    /// As [`PersonKey::open`].
    pub fn open_text(&self, column: &str, sealed: &[u8]) -> Result<String, Error> {
        String::from_utf8(self.open(column, sealed)?).map_err(Error::internal)
    }

    fn place<'a>(&'a self, column: &'a str) -> Place<'a> {
        Place { organization: INSTALLATION.as_bytes(), table: "person", column, row: self.user.as_bytes() }
    }
}

fn place(user: &UserId) -> Place<'_> {
    Place { organization: INSTALLATION.as_bytes(), table: "person_keys", column: "key_sealed", row: user.as_bytes() }
}
