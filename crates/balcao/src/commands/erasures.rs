//! `balcao erasures apply`: after a restore, whoever was erased since the backup is erased again. A server does so by itself
//! when it starts.

use super::{Session, with_house};
use crate::cli::Erasures;
use crate::failure::{Failure, REFUSED};
use crate::house::House;
use identity::Applied;

pub async fn run(session: &Session, command: Erasures) -> Result<(), Failure> {
    let Erasures::Apply { list } = command;
    let kept = session.config.data_dir.join("erasures");
    let list = list.unwrap_or(kept);
    if !list.exists() {
        return Err(Failure::new(REFUSED, format!("there is no list of erasures at {}", list.display())));
    }
    let applied = with_house(session, async |house| {
        let applied = house.domains.identity.apply_erasures(&list).await?;
        forget_authors(house, &applied).await?;
        Ok(applied)
    })
    .await?;
    session.printer.answer(&applied, |applied| {
        format!(
            "{} erasures are listed; {} had come back and are erased again, {} have to wait.",
            applied.listed, applied.erased_again, applied.waiting
        )
    });
    Ok(())
}

/// The same at the start of a server, before it lets anybody in.
///
/// # Errors
/// When the list cannot be read or a store fails: then nobody is served.
pub async fn apply_unseen(house: &House) -> Result<(), Failure> {
    let Some(applied) = house.domains.identity.apply_unseen_erasures().await? else { return Ok(()) };
    forget_authors(house, &applied).await?;
    if applied.erased_again > 0 || applied.waiting > 0 {
        let Applied { listed, erased_again, waiting, .. } = applied;
        tracing::warn!(listed, erased_again, waiting, "people had come back from a backup and are erased again");
    }
    Ok(())
}

/// Their names under messages go too.
async fn forget_authors(house: &House, applied: &Applied) -> Result<(), Failure> {
    for one in &applied.erased {
        messaging::forget_author(&house.domains.db, one.organization_id, one.user_id, &one.shown).await?;
    }
    Ok(())
}
