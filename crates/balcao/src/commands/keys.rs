//! `balcao keys rotate`.

use super::{Session, find_organization, with_house};
use crate::cli::Keys;
use crate::failure::Failure;
use serde::Serialize;

/// What was turned over.
#[derive(Serialize)]
struct Rotated {
    /// The organization's new version; `null` where the keys of all were wrapped anew.
    version: Option<i32>,
    /// Data keys that the installation's key of now wraps since this run.
    wrapped: u64,
}

pub async fn run(session: &Session, command: Keys) -> Result<(), Failure> {
    let Keys::Rotate { organization } = command;
    let rotated = with_house(session, async |house| {
        let identity = &house.domains.identity;
        match organization {
            Some(name) => {
                let organization = find_organization(house, &name).await?;
                let version = identity.rotate_data_key(organization.id).await?;
                Ok(Rotated { version: Some(version), wrapped: 0 })
            }
            None => Ok(Rotated { version: None, wrapped: identity.rewrap_data_keys().await? }),
        }
    })
    .await?;
    session.printer.answer(&rotated, |rotated| match rotated.version {
        Some(version) => format!(
            "Key {version} seals in three minutes; then a running worker seals anew what earlier keys sealed, and destroys them."
        ),
        None => format!("{} keys are wrapped with the installation's key of now.", rotated.wrapped),
    });
    Ok(())
}
