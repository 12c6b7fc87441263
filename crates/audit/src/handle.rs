//! What the house holds of this domain while it runs.

use crate::checkpoint::HeadsOut;
use crate::reads::RecentReads;
use files::Files;
use kernel::cursor::CursorKey;
use kernel::{Clock, Ctx, Error, Ids};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use store::{Database, Sealer};
use uuid::Uuid;

/// Whether a caller may view a record of one kind: what the record's own domain says.
#[derive(Clone)]
pub struct Sight {
    /// `conversation`, `user`, `role`, ...: the stream kind of the record's events.
    pub kind: &'static str,
    pub may_view: Arc<MayView>,
}

pub type MayView = dyn Fn(Ctx, Uuid) -> Pin<Box<dyn Future<Output = Result<bool, Error>> + Send>> + Send + Sync;

/// What it is made of.
pub struct AuditParts {
    pub db: Database,
    pub clock: Clock,
    pub ids: Ids,
    pub sealer: Sealer,
    pub files: Files,
    /// Where the day's checkpoints are sent.
    pub heads_out: HeadsOut,
}

/// The domain at work. Cheap to clone.
#[derive(Clone)]
pub struct Audit(pub(crate) Arc<Parts>);

pub(crate) struct Parts {
    pub db: Database,
    pub clock: Clock,
    pub ids: Ids,
    pub sealer: Sealer,
    pub files: Files,
    pub cursors: CursorKey,
    pub heads_out: HeadsOut,
    /// Keys the hashes by which personal values are found again.
    pub lookup_key: [u8; 32],
    pub reads: RecentReads,
    pub sights: OnceLock<Vec<Sight>>,
}

impl Audit {
    pub fn new(parts: AuditParts) -> Self {
        let AuditParts { db, clock, ids, sealer, files, heads_out } = parts;
        Self(Arc::new(Parts {
            cursors: CursorKey::new(&sealer.lasting("audit cursors")),
            heads_out,
            lookup_key: sealer.lasting("audit lookup"),
            reads: RecentReads::default(),
            sights: OnceLock::new(),
            db,
            clock,
            ids,
            sealer,
            files,
        }))
    }

    /// Tells who decides on which records, once all domains are made. A second call changes nothing.
    pub fn know_sights(&self, sights: Vec<Sight>) {
        let _ = self.0.sights.set(sights);
    }
}
