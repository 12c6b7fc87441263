//! What happens here when somebody leaves: live work returns to the queues; after an erasure the messages stay, under the
//! name that takes the place of the person's. Heard from identity's events.

use crate::assign;
use crate::store;
use ::store::Database;
use ::store::log::{Reader, ReaderRun};
use kernel::ids::{OrganizationId, UserId};
use kernel::{Ctx, Error};
use serde::Deserialize;
use std::sync::Arc;

/// Conversations returned, and messages looked through, in one transaction.
const WORK: i64 = 50;
const MESSAGES: i64 = 5_000;

#[derive(Deserialize)]
struct About {
    user_id: UserId,
    /// Of an erasure.
    shown: Option<String>,
}

/// The reader of this domain.
pub(crate) fn reader(db: Database) -> Reader {
    Reader {
        name: "messaging.departures",
        kinds: vec!["membership.suspended", "membership.removed", "privacy.erased"],
        run: Arc::new(move |run| {
            let db = db.clone();
            Box::pin(async move { hear(&db, run).await })
        }),
    }
}

async fn hear(db: &Database, run: ReaderRun) -> Result<(), Error> {
    let about: About = serde_json::from_value(run.event.data).map_err(Error::internal)?;
    match about.shown {
        Some(shown) => forget_author(db, run.ctx.organization_id(), about.user_id, &shown).await,
        None => return_work(db, &run.ctx, about.user_id, &run.event.kind).await,
    }
}

/// Takes the person off every conversation that is not closed.
async fn return_work(db: &Database, ctx: &Ctx, user: UserId, why: &str) -> Result<(), Error> {
    let reason = why.replace('.', "_");
    loop {
        let mut tx = db.tenant(ctx.organization_id()).await?;
        let work = store::live_work_of(&mut tx, user, WORK).await?;
        for id in &work {
            assign::take_off(ctx, &mut tx, *id, user, &reason).await?;
        }
        tx.commit().await?;
        if work.is_empty() {
            return Ok(());
        }
    }
}

/// Replaces the name that somebody's messages were written under.
///
/// # Errors
/// When the database fails; what was replaced stays so, and doing it again is harmless.
pub async fn forget_author(
    db: &Database,
    organization: OrganizationId,
    user: UserId,
    shown: &str,
) -> Result<(), Error> {
    let mut after = None;
    loop {
        let mut tx = db.tenant(organization).await?;
        let page = store::forget_author(&mut tx, user, shown, after, MESSAGES).await?;
        tx.commit().await?;
        match page {
            Some(last) => after = Some(last),
            None => return Ok(()),
        }
    }
}
