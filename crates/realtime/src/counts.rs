//! How many sockets an organization has: exactly on this node, and as the others noted theirs.

use crate::hub::Inner;
use kernel::Subject;
use kernel::ids::OrganizationId;
use std::collections::HashMap;
use std::time::{Duration, Instant};
use store::{PlatformReason, note_sockets, sockets_elsewhere};
use uuid::Uuid;

/// Changes are noted after this at the latest.
const CHANGED: Duration = Duration::from_secs(2);
/// And what did not change is noted again, so that others know that this node lives.
const SAME: Duration = Duration::from_secs(20);

/// What this node noted last. Kept by the watch alone.
pub(crate) struct Noted {
    counts: HashMap<OrganizationId, usize>,
    at: Option<Instant>,
}

impl Noted {
    pub(crate) fn new() -> Self {
        Self { counts: HashMap::new(), at: None }
    }

    /// Notes the sockets of this node, if that is due. What fails is tried again in the next round.
    pub(crate) async fn keep(&mut self, hub: &Inner) {
        let age = self.at.map(|at| at.elapsed());
        if age.is_some_and(|age| age < CHANGED) {
            return;
        }
        let counts = hub.registry.counts();
        let same = counts == self.counts;
        if same && (counts.is_empty() || age.is_some_and(|age| age < SAME)) {
            return;
        }
        if write(hub, &counts).await {
            self.counts = counts;
            self.at = Some(Instant::now());
        }
    }

    /// At the end: this node has none any more.
    pub(crate) async fn clear(&mut self, hub: &Inner) {
        if !self.counts.is_empty() {
            write(hub, &HashMap::new()).await;
        }
    }
}

async fn write(hub: &Inner, counts: &HashMap<OrganizationId, usize>) -> bool {
    let rows: Vec<(OrganizationId, i32)> = counts
        .iter()
        .map(|(organization, sockets)| (*organization, i32::try_from(*sockets).unwrap_or(i32::MAX)))
        .collect();
    let noted = async {
        let mut tx = hub.db.platform(PlatformReason::Maintenance).await?;
        note_sockets(&mut tx, hub.node, &rows, hub.clock.now()).await?;
        tx.commit().await
    };
    let noted = noted.await;
    if let Err(error) = &noted {
        tracing::warn!(%error, "realtime: the sockets of this node could not be noted");
    }
    noted.is_ok()
}

/// How many sockets of the subject's organization this node may hold: the operator's number, and what its plan leaves.
pub(crate) async fn most_here(hub: &Inner, subject: &Subject) -> usize {
    let operators = hub.settings.sockets_per_organization;
    let Some(max) = subject.max_sockets else { return operators };
    // Where the others cannot be asked, each node counts alone.
    let others = elsewhere(hub, subject.organization_id, hub.node).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "realtime: the sockets of other nodes are not known");
        0
    });
    let left = i64::from(max).saturating_sub(others).max(0);
    operators.min(usize::try_from(left).unwrap_or(usize::MAX))
}

async fn elsewhere(hub: &Inner, organization: OrganizationId, node: Uuid) -> Result<i64, store::DbError> {
    let mut tx = hub.db.tenant(organization).await?;
    let others = sockets_elsewhere(&mut tx, Some(node), hub.clock.now()).await?;
    tx.commit().await?;
    Ok(others)
}
