//! Where a blob lies: `<organization>/<year>/<file id>`. Nothing a person typed is in it.

use chrono::{DateTime, Datelike, Utc};
use kernel::ids::{FileId, OrganizationId};
use std::fmt;
use uuid::Uuid;

/// The name of a blob inside the store. Only well-formed keys exist, so none leads out of the store's folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlobKey {
    organization: OrganizationId,
    year: u16,
    file: FileId,
}

impl BlobKey {
    /// The key for a new blob. `at` only spreads blobs over folders; years outside 1970..=9999 are cut to these.
    pub fn new(organization: OrganizationId, file: FileId, at: DateTime<Utc>) -> Self {
        let year = u16::try_from(at.year()).unwrap_or(1970).clamp(1970, 9999);
        Self { organization, year, file }
    }

    /// Reads a stored key; anything but exactly what [`fmt::Display`] writes is `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('/');
        let (organization, year, file) = (parts.next()?, parts.next()?, parts.next()?);
        let key = Self {
            organization: OrganizationId(Uuid::try_parse(organization).ok()?),
            year: year.parse().ok().filter(|year| (1970..=9999).contains(year))?,
            file: FileId(Uuid::try_parse(file).ok()?),
        };
        (parts.next().is_none() && key.to_string() == text).then_some(key)
    }

    /// Whose blob it is.
    pub fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// Which file it is.
    pub fn file(&self) -> FileId {
        self.file
    }

    pub(crate) fn path(&self) -> object_store::path::Path {
        object_store::path::Path::from(self.to_string())
    }
}

impl fmt::Display for BlobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{:04}/{}", self.organization, self.year, self.file)
    }
}
