//! The list of erasures, kept beside the database: after a restore of an older backup it is applied again. It holds ids
//! and instants, nothing personal. A line is written before anything is erased.

use super::erase::Erased;
use crate::handle::Identity;
use crate::store::privacy as rows;
use chrono::{DateTime, Utc};
use kernel::Error;
use kernel::ids::{OrganizationId, UserId};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::INSTALLATION;

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

    /// Erases again whoever the list names and is there: the operator's command after a restore.
    ///
    /// # Errors
    /// When the list cannot be read, or a store fails.
    pub async fn apply_erasures(&self, list: &Path) -> Result<Applied, Error> {
        let lines = read(list.to_path_buf()).await?;
        let mut applied = Applied { listed: lines.len(), ..Applied::default() };
        let request: Arc<str> = "erasures-apply".into();
        for line in lines {
            let erased = match line.organization_id {
                Some(organization) if self.is_there(organization, line.user_id).await? => {
                    vec![self.erase_membership(organization, line.user_id, "restore", &request).await?]
                }
                None if self.has_login(line.user_id).await? => {
                    self.erase_person(line.user_id, "restore", &request).await?
                }
                _ => continue,
            };
            applied.erased_again += 1;
            applied.erased.extend(erased);
        }
        Ok(applied)
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
