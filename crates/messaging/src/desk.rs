//! The desk where messages to be written queue up: those that arrive while a batch is being written make up the next
//! one. A lone one waits for nobody; under load many share statements and one commit.

use crate::reply::Posted;
use ::store::{Coalescer, Database, TenantTx};
use kernel::Error;
use kernel::ids::{ConversationId, OrganizationId};
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

/// Messages of one batch at most.
const MOST: usize = 64;
/// Batches of one organization under way at once: while one waits for the disk the other one is made.
const PARALLEL: usize = 2;
/// Organizations whose desk is remembered; when full, those where nothing waits are forgotten.
const REMEMBERED: usize = 1_000;

/// Something to be written that others can share a transaction with.
pub(crate) trait Entry: Send + Sync + Sized + 'static {
    fn organization_id(&self) -> OrganizationId;

    /// Its conversation is locked until its batch is committed.
    fn conversation_id(&self) -> ConversationId;

    /// Writes several of one organization, in order; each succeeds or is refused for itself.
    fn write_all(
        tx: &mut TenantTx,
        entries: &[Self],
    ) -> impl Future<Output = Result<Vec<Result<Posted, Error>>, Error>> + Send;
}

type Queue<E> = Coalescer<E, Result<Posted, Error>>;

/// One queue an organization, so that a conversation that somebody else has locked delays only its own.
pub(crate) struct Desk<E> {
    db: Database,
    queues: Mutex<HashMap<OrganizationId, Arc<Queue<E>>>>,
}

impl<E: Entry> Desk<E> {
    pub fn new(db: Database) -> Self {
        Self { db, queues: Mutex::default() }
    }

    /// Stores one message and commits it.
    pub async fn post(&self, entry: E) -> Result<Posted, Error> {
        let organization = entry.organization_id();
        let (db, queue) = (self.db.clone(), self.queue(organization));
        let answer = queue.submit(entry, move |batch| write(db.clone(), organization, batch)).await;
        answer.unwrap_or_else(|| Err(Error::internal("a batch of messages was lost")))
    }

    fn queue(&self, organization: OrganizationId) -> Arc<Queue<E>> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        if queues.len() >= REMEMBERED {
            queues.retain(|_, queue| Arc::strong_count(queue) > 1);
        }
        let new = || Arc::new(Coalescer::new(MOST, PARALLEL).keyed(|entry: &E| entry.conversation_id().0));
        queues.entry(organization).or_insert_with(new).clone()
    }
}

async fn write<E: Entry>(db: Database, organization: OrganizationId, batch: Vec<E>) -> Vec<Result<Posted, Error>> {
    match write_together(&db, organization, &batch).await {
        Ok(answers) => answers,
        Err(error) if batch.len() < 2 => vec![Err(error)],
        // One of them spoils it for all (or the database is busy): each for itself then, at once, so that nobody waits
        // for the time-outs of the others.
        Err(_) => {
            let alone = batch.iter().map(|entry| write_alone(&db, organization, entry));
            futures_util::future::join_all(alone).await
        }
    }
}

async fn write_alone<E: Entry>(db: &Database, organization: OrganizationId, entry: &E) -> Result<Posted, Error> {
    let mut answers = write_together(db, organization, std::slice::from_ref(entry)).await?;
    answers.pop().unwrap_or_else(|| Err(Error::internal("a message was lost in its batch")))
}

async fn write_together<E: Entry>(
    db: &Database,
    organization: OrganizationId,
    batch: &[E],
) -> Result<Vec<Result<Posted, Error>>, Error> {
    let mut tx = db.tenant(organization).await?;
    let answers = E::write_all(&mut tx, batch).await?;
    tx.commit().await?;
    Ok(answers)
}
