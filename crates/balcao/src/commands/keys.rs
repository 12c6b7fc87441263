//! `balcao keys rotate|status|retire`.

use super::{Session, find_organization, with_house};
use crate::cli::Keys;
use crate::failure::{Failure, REFUSED};
use crate::house::House;
use identity::{KeyStatus, Rotation};
use serde::Serialize;

/// What was turned over.
#[derive(Serialize)]
#[serde(untagged)]
enum Rotated {
    /// An organization has a new version of its key.
    Organization { version: i32 },
    /// A new key signs the audit's heads.
    Audit { version: i32, public_key: String },
    /// The key that signs access tokens from now on; none while the new one is only published.
    Tokens { signs: Option<String>, emergency: bool },
    /// The installation's key of now seals what earlier ones sealed; `left` is what somebody else held or wrote meanwhile.
    House { wrapped: u64, resealed: u64, left: u64 },
}

pub async fn run(session: &Session, command: Keys) -> Result<(), Failure> {
    match command {
        Keys::Rotate { organization, audit, tokens, emergency } => {
            let rotated = with_house(session, async |house| match tokens {
                true => rotate_tokens(house, emergency).await,
                false => rotate(house, organization.as_deref(), audit).await,
            })
            .await?;
            session.printer.answer(&rotated, told);
            Ok(())
        }
        Keys::Status => {
            let status = with_house(session, async |house| Ok(house.domains.identity.key_status().await?)).await?;
            session.printer.answer(&status, shown);
            Ok(())
        }
        Keys::Retire { key } => {
            let status = with_house(session, async |house| Ok(house.domains.identity.key_status().await?)).await?;
            let answer = may_retire(&status, &key)?;
            session.printer.answer(&answer, |answer| (*answer).to_owned());
            Ok(())
        }
    }
}

async fn rotate(house: &House, organization: Option<&str>, audit: bool) -> Result<Rotated, Failure> {
    let identity = &house.domains.identity;
    if let Some(name) = organization {
        let organization = find_organization(house, name).await?;
        return Ok(Rotated::Organization { version: identity.rotate_data_key(organization.id).await? });
    }
    if audit {
        let keys = house.domains.audit.rotate_head_key().await?;
        let newest = keys.into_iter().next().ok_or_else(|| Failure::plain("there is no key"))?;
        return Ok(Rotated::Audit { version: newest.version, public_key: newest.public_key });
    }
    let done = identity.reseal_house().await?;
    let left = identity.key_status().await?.left();
    Ok(Rotated::House { wrapped: done.wrapped, resealed: done.resealed, left })
}

async fn rotate_tokens(house: &House, emergency: bool) -> Result<Rotated, Failure> {
    let how = if emergency { Rotation::Emergency } else { Rotation::Now };
    let signs = house.domains.identity.rotate_signing_keys(how).await?;
    Ok(Rotated::Tokens { signs, emergency })
}

fn told(rotated: &Rotated) -> String {
    match rotated {
        Rotated::Organization { version } => format!(
            "Key {version} seals in three minutes; then a running worker seals anew what earlier keys sealed, and destroys them."
        ),
        Rotated::Audit { version, public_key } => format!(
            "Key {version} signs heads, checkpoints and exports from now on. Keep its public half with those that you have: {public_key}"
        ),
        Rotated::Tokens { signs: Some(kid), emergency: true } => format!(
            "Key {kid} signs access tokens from now on. What earlier keys signed is refused within two seconds; clients refresh by themselves."
        ),
        Rotated::Tokens { signs: Some(kid), .. } => format!("Key {kid} signs access tokens from now on."),
        Rotated::Tokens { signs: None, .. } => {
            "A new key is published; a running scheduler lets it sign in an hour. Nobody has to sign in again."
                .to_owned()
        }
        Rotated::House { wrapped, resealed, left: 0 } => format!(
            "{wrapped} data keys are wrapped and {resealed} values sealed with the installation's key of now. Nothing is left: once no process runs with an earlier key, `balcao keys retire KEY` says whether it can go."
        ),
        Rotated::House { wrapped, resealed, left } => format!(
            "{wrapped} data keys are wrapped and {resealed} values sealed with the installation's key of now. {left} values are left that others held or wrote meanwhile: run it again."
        ),
    }
}

fn shown(status: &KeyStatus) -> String {
    let mut lines = Vec::new();
    for (place, key) in status.keys.iter().enumerate() {
        let needs = status.needs(key);
        let of_all: u64 = needs.iter().map(|(_, of_it)| of_it).sum();
        let role = if place == 0 { "in use" } else { "earlier" };
        lines.push(format!("{key} ({role}): {of_all} values"));
        lines.extend(needs.iter().map(|(column, of_it)| format!("  {}.{}: {of_it}", column.table, column.column)));
    }
    lines.join("\n")
}

/// # Errors
/// While something needs the key, and for one that is in use or not known.
fn may_retire(status: &KeyStatus, key: &str) -> Result<&'static str, Failure> {
    let refused = |sentence: String| Err(Failure::new(REFUSED, sentence));
    match status.keys.iter().position(|known| known == key) {
        None => return refused(format!("there is no key {key}; `balcao keys status` names those that are given")),
        Some(0) => return refused(format!("the key {key} is the one in use")),
        Some(_) => {}
    }
    let needs: Vec<String> =
        status.needs(key).iter().map(|(column, of_it)| format!("{} in {}", of_it, column.table)).collect();
    if needs.is_empty() {
        return Ok("Nothing needs it: take it out of BALCAO_ENCRYPTION_KEYS_PREVIOUS and restart.");
    }
    refused(format!("the key {key} is still needed ({}): run `balcao keys rotate`", needs.join(", ")))
}
