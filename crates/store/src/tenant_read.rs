//! Reading without a transaction of one's own: one statement, one round trip.

use crate::error::DbError;
use crate::pool::Pool;
use crate::tenant_tx::TenantTx;
use kernel::ids::OrganizationId;
use sqlx::Postgres;
use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Map;
use std::future::Future;

/// What queries read from: a running [`TenantTx`], or [`TenantRead`] where nothing else is to be done.
///
/// Only for statements that name their organization themselves, before they touch a table:
///
/// ```sql
/// select .. from (select set_config('app.organization_id', $1::uuid::text, true)::uuid as organization_id) tenant
/// cross join lateral (select .. from conversations c where c.organization_id = tenant.organization_id .. offset 0) c
/// ```
///
/// The setting holds for this one statement, which is a transaction of its own. The inner part refers to the outer one
/// and, having an `offset` or a `limit`, cannot be merged into it: PostgreSQL can only run it afterwards. Were the
/// order wrong or the first part missing, the policies would find no organization and the statement would fail;
/// it could never read another's rows.
pub trait Reads: Send {
    fn organization_id(&self) -> OrganizationId;

    /// The first row, if there is one.
    fn optional<F, O>(
        &mut self,
        query: Map<'_, Postgres, F, PgArguments>,
    ) -> impl Future<Output = Result<Option<O>, DbError>> + Send
    where
        F: FnMut(PgRow) -> Result<O, sqlx::Error> + Send,
        O: Send + Unpin;

    /// All rows.
    fn all<F, O>(
        &mut self,
        query: Map<'_, Postgres, F, PgArguments>,
    ) -> impl Future<Output = Result<Vec<O>, DbError>> + Send
    where
        F: FnMut(PgRow) -> Result<O, sqlx::Error> + Send,
        O: Send + Unpin;
}

/// Reads of one organization, each statement standing alone; several see the states of their own moments. Nothing is
/// opened before the first, nothing is left open after one.
pub struct TenantRead {
    app: Pool,
    organization_id: OrganizationId,
}

impl TenantRead {
    pub(crate) fn new(app: Pool, organization_id: OrganizationId) -> Self {
        Self { app, organization_id }
    }
}

impl Reads for TenantRead {
    fn organization_id(&self) -> OrganizationId {
        self.organization_id
    }

    async fn optional<F, O>(&mut self, query: Map<'_, Postgres, F, PgArguments>) -> Result<Option<O>, DbError>
    where
        F: FnMut(PgRow) -> Result<O, sqlx::Error> + Send,
        O: Send + Unpin,
    {
        let mut lease = self.app.lease().await?;
        let row = query.fetch_optional(&mut *lease).await?;
        lease.settle();
        Ok(row)
    }

    async fn all<F, O>(&mut self, query: Map<'_, Postgres, F, PgArguments>) -> Result<Vec<O>, DbError>
    where
        F: FnMut(PgRow) -> Result<O, sqlx::Error> + Send,
        O: Send + Unpin,
    {
        let mut lease = self.app.lease().await?;
        let rows = query.fetch_all(&mut *lease).await?;
        lease.settle();
        Ok(rows)
    }
}

impl Reads for TenantTx {
    fn organization_id(&self) -> OrganizationId {
        TenantTx::organization_id(self)
    }

    async fn optional<F, O>(&mut self, query: Map<'_, Postgres, F, PgArguments>) -> Result<Option<O>, DbError>
    where
        F: FnMut(PgRow) -> Result<O, sqlx::Error> + Send,
        O: Send + Unpin,
    {
        Ok(query.fetch_optional(self.conn()).await?)
    }

    async fn all<F, O>(&mut self, query: Map<'_, Postgres, F, PgArguments>) -> Result<Vec<O>, DbError>
    where
        F: FnMut(PgRow) -> Result<O, sqlx::Error> + Send,
        O: Send + Unpin,
    {
        Ok(query.fetch_all(self.conn()).await?)
    }
}
