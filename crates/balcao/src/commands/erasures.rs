//! `balcao erasures apply`: after a restore, whoever was erased since the backup is erased again.

use super::{Session, with_house};
use crate::cli::Erasures;
use crate::failure::{Failure, REFUSED};

pub async fn run(session: &Session, command: Erasures) -> Result<(), Failure> {
    let Erasures::Apply { list } = command;
    let kept = session.config.data_dir.join("erasures");
    let list = list.unwrap_or(kept);
    if !list.exists() {
        return Err(Failure::new(REFUSED, format!("there is no list of erasures at {}", list.display())));
    }
    let applied = with_house(session, async |house| {
        let applied = house.domains.identity.apply_erasures(&list).await?;
        for one in &applied.erased {
            messaging::forget_author(&house.domains.db, one.organization_id, one.user_id, &one.shown).await?;
        }
        Ok(applied)
    })
    .await?;
    session.printer.answer(&applied, |applied| {
        format!("{} erasures are listed; {} had come back and are erased again.", applied.listed, applied.erased_again)
    });
    Ok(())
}
