//! The desk where replies queue up: those that arrive while a batch is being written make up the next one. A lone
//! reply waits for nobody; under load many share statements and one commit.

use super::{NewReply, Posted, reply_all};
use ::store::{Coalescer, Database};
use kernel::Error;
use kernel::ids::OrganizationId;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Replies of one batch at most.
const MOST: usize = 32;
/// Batches under way at once.
const PARALLEL: usize = 4;

/// Takes replies of all organizations; each organization's are written in a transaction of its own.
#[derive(Clone)]
pub(crate) struct Desk(Arc<Inner>);

struct Inner {
    db: Database,
    queue: Coalescer<NewReply, Result<Posted, Error>>,
}

impl Desk {
    pub fn new(db: Database) -> Self {
        Self(Arc::new(Inner { db, queue: Coalescer::new(MOST, PARALLEL) }))
    }

    /// Stores one reply and commits it.
    pub async fn reply(&self, reply: NewReply) -> Result<Posted, Error> {
        let db = self.0.db.clone();
        let answer = self.0.queue.submit(reply, move |batch| write(db.clone(), batch)).await;
        answer.unwrap_or_else(|| Err(Error::internal("a batch of replies was lost")))
    }
}

async fn write(db: Database, batch: Vec<NewReply>) -> Vec<Result<Posted, Error>> {
    let mut of: BTreeMap<OrganizationId, Vec<(usize, NewReply)>> = BTreeMap::new();
    let count = batch.len();
    for (place, reply) in batch.into_iter().enumerate() {
        of.entry(reply.ctx.organization_id()).or_default().push((place, reply));
    }
    let groups = of.into_iter().map(|(organization, group)| write_group(&db, organization, group));
    let mut answers: Vec<Option<Result<Posted, Error>>> = (0..count).map(|_| None).collect();
    for (place, answer) in futures_util::future::join_all(groups).await.into_iter().flatten() {
        if let Some(slot) = answers.get_mut(place) {
            *slot = Some(answer);
        }
    }
    answers
        .into_iter()
        .map(|answer| answer.unwrap_or_else(|| Err(Error::internal("a reply was lost in its batch"))))
        .collect()
}

async fn write_group(
    db: &Database,
    organization: OrganizationId,
    group: Vec<(usize, NewReply)>,
) -> Vec<(usize, Result<Posted, Error>)> {
    let (places, replies): (Vec<usize>, Vec<NewReply>) = group.into_iter().unzip();
    if let Ok(answers) = write_together(db, organization, &replies).await {
        return places.into_iter().zip(answers).collect();
    }
    // One of them spoils it for all (or the database is busy): each for itself then, at once, so that nobody waits for
    // the time-outs of the others.
    let alone = replies.iter().map(|reply| write_alone(db, organization, reply));
    places.into_iter().zip(futures_util::future::join_all(alone).await).collect()
}

async fn write_alone(db: &Database, organization: OrganizationId, reply: &NewReply) -> Result<Posted, Error> {
    let mut answers = write_together(db, organization, std::slice::from_ref(reply)).await?;
    answers.pop().unwrap_or_else(|| Err(Error::internal("a reply was lost")))
}

async fn write_together(
    db: &Database,
    organization: OrganizationId,
    replies: &[NewReply],
) -> Result<Vec<Result<Posted, Error>>, Error> {
    let mut tx = db.tenant(organization).await?;
    let answers = reply_all(&mut tx, replies).await?;
    tx.commit().await?;
    Ok(answers)
}
