//! The list of erasures, kept beside the database: after a restore of an older backup it is applied again. It holds ids
//! and instants, nothing personal. A line is written before anything is erased.

use super::erase::Erased;
use crate::handle::Identity;
use crate::store::privacy as rows;
use chrono::{DateTime, Utc};
use kernel::ids::{OrganizationId, UserId};
use kernel::{Error, ErrorKind};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::{INSTALLATION, PlatformReason};

/// One erasure. A JSON object a line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Line {
    user_id: UserId,
    /// Where; everywhere, the login too, where it is absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    organization_id: Option<OrganizationId>,
    at: DateTime<Utc>,
}

impl Line {
    pub fn of_membership(organization: OrganizationId, user: UserId, at: DateTime<Utc>) -> Self {
        Self { user_id: user, organization_id: Some(organization), at }
    }

    pub fn of_login(user: UserId, at: DateTime<Utc>) -> Self {
        Self { user_id: user, organization_id: None, at }
    }
}

/// What applying the list came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Applied {
    /// Lines of the list.
    pub listed: usize,
    /// Of these: people who were there again, and are erased now.
    pub erased_again: usize,
    /// People who are there again and cannot go yet: a legal hold, or they are somebody's last admin.
    pub waiting: usize,
    #[serde(skip)]
    pub erased: Vec<Erased>,
}

impl Identity {
    /// Adds a line, where the operator keeps a list.
    ///
    /// # Errors
    /// When the file cannot be written: then nothing is erased.
    pub(super) async fn keep_line(&self, line: &Line) -> Result<(), Error> {
        let Some(path) = self.settings().erasure_list.clone() else { return Ok(()) };
        let mut text = serde_json::to_string(line).map_err(Error::internal)?;
        text.push('\n');
        let written = tokio::task::spawn_blocking(move || append(&path, &text)).await.map_err(Error::internal)?;
        written.map_err(|error| Error::internal(format!("the list of erasures: {error}")))
    }

    /// At each start, before anybody is served: applies the list where this database has not seen all of it, as after a
    /// restore of an older backup. `None` where it has.
    ///
    /// # Errors
    /// As [`Identity::apply_erasures`].
    pub async fn apply_unseen_erasures(&self) -> Result<Option<Applied>, Error> {
        let Some(list) = self.settings().erasure_list.clone() else { return Ok(None) };
        let length = match tokio::fs::metadata(&list).await {
            Ok(file) => i64::try_from(file.len()).unwrap_or(i64::MAX),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::internal(format!("the list of erasures: {error}"))),
        };
        let mut tx = self.0.db.platform(PlatformReason::Maintenance).await?;
        let seen = rows::erasures_seen(&mut tx).await?;
        tx.commit().await?;
        if seen == length {
            return Ok(None);
        }
        let applied = self.apply_erasures(&list).await?;
        // Who had to wait is tried again at the next start.
        if applied.waiting == 0 {
            let mut tx = self.0.db.platform(PlatformReason::Maintenance).await?;
            rows::note_erasures_seen(&mut tx, length).await?;
            tx.commit().await?;
        }
        Ok(Some(applied))
    }

    /// Erases again whoever the list names and is there. Whoever cannot go yet is counted and passed over.
    ///
    /// # Errors
    /// When the list cannot be read, or a store fails.
    pub async fn apply_erasures(&self, list: &Path) -> Result<Applied, Error> {
        let lines = read(list.to_path_buf()).await?;
        let mut applied = Applied { listed: lines.len(), ..Applied::default() };
        let request: Arc<str> = "erasures-apply".into();
        for line in lines {
            match self.apply_line(&line, &request).await {
                Ok(None) => {}
                Ok(Some(erased)) => {
                    applied.erased_again += 1;
                    applied.erased.extend(erased);
                }
                Err(error) if error.kind() == ErrorKind::Conflict => {
                    tracing::error!(code = error.code(), user = %line.user_id, "an erasure of the list has to wait");
                    applied.waiting += 1;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(applied)
    }

    /// `None` where nobody is there whom the line names.
    async fn apply_line(&self, line: &Line, request: &Arc<str>) -> Result<Option<Vec<Erased>>, Error> {
        let (user, cause) = (line.user_id, "restore");
        Ok(match line.organization_id {
            Some(organization) if self.is_there(organization, user).await? => {
                Some(vec![self.erase_membership(organization, user, cause, request).await?])
            }
            None if self.has_login(user).await? => Some(self.erase_person(user, cause, request).await?),
            _ => None,
        })
    }

    async fn is_there(&self, organization: OrganizationId, user: UserId) -> Result<bool, Error> {
        let mut tx = self.0.db.tenant(organization).await?;
        let place = rows::lock_place(&mut tx, user).await?;
        tx.commit().await?;
        Ok(place.is_some_and(|place| place.erased_number.is_none()))
    }

    async fn has_login(&self, user: UserId) -> Result<bool, Error> {
        let mut tx = self.0.db.tenant(INSTALLATION).await?;
        let facts = crate::store::logins::facts(&mut tx, user).await?;
        tx.commit().await?;
        Ok(facts.is_some_and(|facts| facts.status != "erased"))
    }
}

fn append(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

async fn read(path: PathBuf) -> Result<Vec<Line>, Error> {
    let text = tokio::task::spawn_blocking(move || match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        read => read,
    });
    let text = text.await.map_err(Error::internal)?.map_err(|error| Error::internal(format!("the list: {error}")))?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines
        .map(|line| serde_json::from_str(line).map_err(|error| Error::internal(format!("the list: {error}"))))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_ids_and_an_instant() {
        let at = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let line = Line::of_login(UserId(uuid::Uuid::nil()), at);
        let text = serde_json::to_string(&line).unwrap();
        assert_eq!(text, r#"{"user_id":"00000000-0000-0000-0000-000000000000","at":"2027-01-15T08:00:00Z"}"#);
        assert_eq!(serde_json::from_str::<Line>(&text).unwrap(), line);
    }
}
