//! `channel_accounts`.

use crate::accounts::{AccountStatus, ChannelAccount, Filter};
use crate::connector::ConnectorKind;
use crate::store::secrets;
use ::store::{DbError, PlatformTx, TenantTx};
use chrono::{DateTime, Utc};
use kernel::ids::{ChannelAccountId, OrganizationId, UnitId};
use serde_json::Value;
use uuid::Uuid;

struct Row {
    id: Uuid,
    kind: String,
    name: String,
    status: String,
    status_reason: Option<String>,
    external_id: Option<String>,
    unit_id: Option<Uuid>,
    simulation: bool,
    settings: Value,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl Row {
    fn account(self) -> ChannelAccount {
        ChannelAccount {
            id: ChannelAccountId(self.id),
            kind: self.kind,
            name: self.name,
            status: AccountStatus::parse(&self.status),
            status_reason: self.status_reason,
            external_id: self.external_id,
            unit_id: self.unit_id.map(UnitId),
            simulation: self.simulation,
            settings: serde_json::from_value(self.settings).unwrap_or_default(),
            secrets: Vec::new(),
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}

pub(crate) async fn insert(tx: &mut TenantTx, account: &ChannelAccount) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "insert into channel_accounts (id, organization_id, kind, name, status, external_id, unit_id, simulation, settings,
           version, created_at, updated_at)
         values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)",
        *account.id,
        organization_id,
        account.kind,
        account.name,
        account.status.as_str(),
        account.external_id,
        account.unit_id.map(|id| id.0),
        account.simulation,
        serde_json::to_value(&account.settings).unwrap_or_default(),
        account.version,
        account.created_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Writes everything that commands may change.
pub(crate) async fn update(tx: &mut TenantTx, account: &ChannelAccount) -> Result<(), DbError> {
    let organization_id = *tx.organization_id();
    sqlx::query!(
        "update channel_accounts set name = $3, status = $4, status_reason = $5, external_id = $6, unit_id = $7,
           simulation = $8, settings = $9, version = $10, updated_at = $11
         where id = $1 and organization_id = $2",
        *account.id,
        organization_id,
        account.name,
        account.status.as_str(),
        account.status_reason,
        account.external_id,
        account.unit_id.map(|id| id.0),
        account.simulation,
        serde_json::to_value(&account.settings).unwrap_or_default(),
        account.version,
        account.updated_at
    )
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// One account with what may be shown of its secrets; locked until the end of the transaction where it will change.
pub(crate) async fn find(
    tx: &mut TenantTx,
    id: ChannelAccountId,
    lock: bool,
) -> Result<Option<ChannelAccount>, DbError> {
    let organization_id = *tx.organization_id();
    let row = if lock {
        sqlx::query_as!(
            Row,
            "select id, kind, name, status, status_reason, external_id, unit_id, simulation, settings, version, created_at,
               updated_at
             from channel_accounts where id = $1 and organization_id = $2 for no key update",
            *id,
            organization_id
        )
        .fetch_optional(tx.conn())
        .await?
    } else {
        sqlx::query_as!(
            Row,
            "select id, kind, name, status, status_reason, external_id, unit_id, simulation, settings, version, created_at,
               updated_at
             from channel_accounts where id = $1 and organization_id = $2",
            *id,
            organization_id
        )
        .fetch_optional(tx.conn())
        .await?
    };
    let Some(row) = row else { return Ok(None) };
    let mut account = row.account();
    account.secrets = secrets::facts(tx, &[*id]).await?.into_iter().map(|(_, facts)| facts).collect();
    Ok(Some(account))
}

/// Accounts by id, oldest first; `limit` and one more.
pub(crate) async fn list(
    tx: &mut TenantTx,
    filter: &Filter,
    after: Option<Uuid>,
    limit: i64,
) -> Result<Vec<ChannelAccount>, DbError> {
    let organization_id = *tx.organization_id();
    let rows = sqlx::query_as!(
        Row,
        "select id, kind, name, status, status_reason, external_id, unit_id, simulation, settings, version, created_at,
           updated_at
         from channel_accounts
         where organization_id = $1 and ($2::uuid is null or id > $2) and ($3::text is null or status = $3)
         order by id limit $4",
        organization_id,
        after,
        filter.status.map(AccountStatus::as_str),
        limit + 1
    )
    .fetch_all(tx.conn())
    .await?;
    let mut accounts: Vec<ChannelAccount> = rows.into_iter().map(Row::account).collect();
    let ids: Vec<Uuid> = accounts.iter().map(|account| *account.id).collect();
    for (id, facts) in secrets::facts(tx, &ids).await? {
        if let Some(account) = accounts.iter_mut().find(|account| *account.id == id) {
            account.secrets.push(facts);
        }
    }
    Ok(accounts)
}

/// What items and sends need of their account, in one look.
#[derive(Clone, Debug)]
pub(crate) struct Brief {
    pub id: ChannelAccountId,
    pub kind: String,
    pub status: AccountStatus,
    pub external_id: Option<String>,
    pub unit_id: Option<UnitId>,
    pub business_account_id: Option<String>,
    /// Nothing may leave: the account's own flag or the organization's.
    pub simulation: bool,
    /// Whether what came in is to be worked on now.
    pub inbound_open: bool,
    /// Whether its organization may send.
    pub outbound_open: bool,
}

pub(crate) async fn brief(tx: &mut TenantTx, id: ChannelAccountId) -> Result<Option<Brief>, DbError> {
    let organization_id = *tx.organization_id();
    let row = sqlx::query!(
        r#"select a.kind, a.status, a.external_id, a.unit_id, a.settings ->> 'business_account_id' as business_account_id,
             f.simulation as "simulation!", o.inbound = 'processed' as "inbound_open!", o.outbound as "outbound_open!"
           from channel_accounts a
           join channel_facts f on f.channel_account_id = a.id and f.organization_id = a.organization_id
           join organization_facts o on o.organization_id = a.organization_id
           where a.id = $1 and a.organization_id = $2"#,
        *id,
        organization_id
    )
    .fetch_optional(tx.conn())
    .await?;
    Ok(row.map(|row| Brief {
        id,
        kind: row.kind,
        status: AccountStatus::parse(&row.status),
        external_id: row.external_id,
        unit_id: row.unit_id.map(UnitId),
        business_account_id: row.business_account_id,
        simulation: row.simulation,
        inbound_open: row.inbound_open,
        outbound_open: row.outbound_open,
    }))
}

/// Which accounts own these external ids; numbers that nobody owns are left out.
pub(crate) async fn owners(
    tx: &mut PlatformTx,
    kind: ConnectorKind,
    external_ids: &[String],
) -> Result<Vec<(String, OrganizationId, ChannelAccountId)>, DbError> {
    let rows = sqlx::query!(
        r#"select wanted.id as "external_id!", a.organization_id as "organization_id!", a.channel_account_id as "account!"
           from unnest($2::text[]) wanted (id)
           cross join lateral channel_account_by_external_id($1, wanted.id) a"#,
        kind.as_str(),
        external_ids
    )
    .fetch_all(tx.conn())
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.external_id, OrganizationId(row.organization_id), ChannelAccountId(row.account)))
        .collect())
}
