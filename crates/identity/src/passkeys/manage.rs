//! One's own passkeys: list, rename, remove.

use super::events;
use crate::handle::Identity;
use crate::mfa;
use crate::store::passkeys::{self as rows, PasskeyRow};
use chrono::{DateTime, Utc};
use kernel::text::clean_line;
use kernel::{Ctx, Error};
use serde::Serialize;
use store::TenantTx;
use uuid::Uuid;

/// A passkey as its owner sees it.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct PasskeyView {
    #[schema(example = "01990c5e-8f6a-7000-8000-000000000001")]
    pub id: Uuid,
    #[schema(example = "Notebook da recepção")]
    pub name: String,
    pub created_at: DateTime<Utc>,
    pub last_used_at: Option<DateTime<Utc>>,
}

impl From<PasskeyRow> for PasskeyView {
    fn from(row: PasskeyRow) -> Self {
        Self { id: row.id, name: row.name, created_at: row.created_at, last_used_at: row.last_used_at }
    }
}

impl Identity {
    pub(super) async fn passkeys(&self, ctx: &Ctx, tx: &mut TenantTx) -> Result<Vec<PasskeyView>, Error> {
        let user_id = ctx.require_person()?;
        Ok(rows::list(tx, user_id).await?.into_iter().map(PasskeyView::from).collect())
    }

    pub(super) async fn rename_passkey(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        id: Uuid,
        name: &str,
    ) -> Result<PasskeyView, Error> {
        let user_id = ctx.require_person()?;
        let renamed = rows::rename(tx, user_id, id, &name_of(name)?).await?;
        renamed.map(PasskeyView::from).ok_or_else(Error::not_found)
    }

    pub(super) async fn remove_passkey(&self, ctx: &Ctx, tx: &mut TenantTx, id: Uuid) -> Result<(), Error> {
        let user_id = ctx.require_person()?;
        // What is not there is not there, whether or not the caller proved himself of late.
        if !rows::list(tx, user_id).await?.iter().any(|passkey| passkey.id == id) {
            return Err(Error::not_found());
        }
        ctx.require_recent()?;
        rows::remove(tx, user_id, id).await?;
        tx.append(ctx, events::removed(user_id, id));
        mfa::tell(self, ctx, tx, user_id, "passkey_removed").await
    }
}

/// # Errors
/// 422 for a name that is empty or longer than 60 characters.
pub(super) fn name_of(typed: &str) -> Result<String, Error> {
    let name = clean_line(typed);
    if !(1..=60).contains(&name.chars().count()) {
        return Err(Error::invalid_field("name", "LENGTH", "1 to 60 characters."));
    }
    Ok(name)
}
