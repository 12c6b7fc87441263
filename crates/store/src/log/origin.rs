//! Where an audited fact came from, written beside the log: what is in the log cannot be erased.

use super::append::Appended;
use crate::error::DbError;
use crate::tenant_tx::TenantTx;
use kernel::ids::{EventId, OrganizationId, SessionId};
use kernel::{Ctx, Origin, audited};
use sqlx::PgConnection;
use std::sync::Arc;
use uuid::Uuid;

/// What is known of the request behind an audited event.
pub(crate) struct Origins {
    origin: Arc<Origin>,
    session_id: Option<SessionId>,
}

impl Origins {
    /// `None` for events that the audit does not keep, and for the product's own work.
    pub fn of(ctx: &Ctx, kind: &str) -> Option<Self> {
        audited::category(kind)?;
        Some(Self { origin: ctx.origin.clone()?, session_id: ctx.subject.session_id })
    }
}

/// Where an event came from, as the audit takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventOrigin {
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub session_id: Option<Uuid>,
}

/// Takes the origin of an event away: whoever asks keeps it from then on.
///
/// # Errors
/// When the statement fails.
pub async fn take_origin(tx: &mut TenantTx, event: EventId) -> Result<Option<EventOrigin>, DbError> {
    let organization_id = tx.organization_id();
    Ok(sqlx::query_as!(
        EventOrigin,
        "delete from event_origins where event_id = $1 and organization_id = $2 returning ip, user_agent, session_id",
        *event,
        *organization_id
    )
    .fetch_optional(tx.conn())
    .await?)
}

pub(super) async fn insert_origins(
    conn: &mut PgConnection,
    organization_id: OrganizationId,
    events: &[Appended],
) -> Result<(), DbError> {
    let known = || events.iter().filter_map(|event| event.origin.as_ref().map(|origin| (event.event_id, origin)));
    let ids: Vec<Uuid> = known().map(|(id, _)| id.0).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let ips: Vec<String> = known().map(|(_, known)| known.origin.ip.to_string()).collect();
    let agents: Vec<Option<String>> = known().map(|(_, known)| known.origin.user_agent.clone()).collect();
    let sessions: Vec<Option<Uuid>> = known().map(|(_, known)| known.session_id.map(|id| id.0)).collect();
    sqlx::query!(
        "insert into event_origins (organization_id, event_id, ip, user_agent, session_id)
         select $1, * from unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[])",
        *organization_id,
        &ids,
        &ips,
        &agents as &[Option<String>],
        &sessions as &[Option<Uuid>],
    )
    .execute(conn)
    .await?;
    Ok(())
}
