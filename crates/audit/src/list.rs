//! Looking into the audit.

use crate::chain::Link;
use crate::entry::{EntryActor, EntryView};
use crate::handle::Audit;
use crate::record::value_place;
use crate::store::{self, Filter, StoredValue};
use ::store::TenantTx;
use kernel::{Ctx, Error, ErrorKind, Page, PageRequest, Permission, Resource};
use serde_json::value::RawValue;
use std::collections::HashMap;

/// What cursors of the list are bound to.
const LIST: &str = "audit";

impl Audit {
    /// Entries, newest first.
    ///
    /// # Errors
    /// 403 without `audit.view`, 400 `CURSOR_INVALID`.
    pub(crate) async fn entries(
        &self,
        ctx: &Ctx,
        tx: &mut TenantTx,
        filter: &Filter,
        page: &PageRequest,
    ) -> Result<Page<EntryView>, Error> {
        ctx.require(Permission::AUDIT_VIEW, &Resource::organization(ctx.organization_id()))?;
        let organization = ctx.organization_id();
        let purpose = format!("{LIST}:{}", serde_json::to_string(filter).unwrap_or_default());
        let before = match &page.cursor {
            None => i64::MAX,
            Some(text) => self
                .0
                .cursors
                .open(organization, &purpose, text)
                .and_then(|bytes| bytes.try_into().ok())
                .map(i64::from_be_bytes)
                .ok_or_else(bad_cursor)?,
        };
        let links = store::list(tx, filter, before, i64::from(page.limit) + 1).await?;
        let page =
            Page::cut(links, page.limit, |link| self.0.cursors.seal(organization, &purpose, &link.seq.to_be_bytes()));
        let seqs: Vec<i64> = page.data.iter().map(|link| link.seq).collect();
        let mut values = self.open_values(tx, &seqs).await?;
        Ok(page.map(|link| view(link, &mut values)))
    }

    /// One entry.
    ///
    /// # Errors
    /// 403 without `audit.view`, 404.
    pub(crate) async fn entry(&self, ctx: &Ctx, tx: &mut TenantTx, id: uuid::Uuid) -> Result<EntryView, Error> {
        ctx.require(Permission::AUDIT_VIEW, &Resource::organization(ctx.organization_id()))?;
        let link = store::find(tx, id).await?.ok_or_else(Error::not_found)?;
        let mut values = self.open_values(tx, &[link.seq]).await?;
        Ok(view(link, &mut values))
    }

    /// The personal values of these entries, opened. One that does not open any more is as good as erased.
    pub(crate) async fn open_values(
        &self,
        tx: &mut TenantTx,
        seqs: &[i64],
    ) -> Result<HashMap<(i64, String), String>, Error> {
        let organization = tx.organization_id();
        let stored = store::values_of(tx, seqs).await?;
        let mut opened = HashMap::with_capacity(stored.len());
        for StoredValue { seq, field, value_sealed } in stored {
            let place = value_place(organization.as_bytes(), &seq.to_be_bytes(), &field);
            if let Some(text) =
                self.0.sealer.open(place.as_place(), &value_sealed).ok().and_then(|bytes| String::from_utf8(bytes).ok())
            {
                opened.insert((seq, field), text);
            }
        }
        Ok(opened)
    }
}

pub(crate) fn view(link: Link, values: &mut HashMap<(i64, String), String>) -> EntryView {
    let mut value = |field: &str| values.remove(&(link.seq, field.to_owned()));
    EntryView {
        ip: value("ip"),
        user_agent: value("user_agent"),
        id: link.id,
        seq: link.seq,
        at: link.at,
        action: link.action,
        category: link.category,
        actor: EntryActor { kind: link.actor_kind, id: link.actor_id },
        impersonator_id: link.impersonator_id,
        resource_type: link.resource_type,
        resource_id: link.resource_id,
        result: link.result,
        correlation_id: link.request_id.clone(),
        request_id: link.request_id,
        details: raw(link.details),
        commitments: raw(link.commitments),
        prev_hash: hex::encode(link.prev_hash),
        hash: hex::encode(link.hash),
    }
}

/// Text of the database's json type is JSON already.
fn raw(text: String) -> Box<RawValue> {
    RawValue::from_string(text).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

fn bad_cursor() -> Error {
    Error::new(ErrorKind::BadRequest, "CURSOR_INVALID", "This cursor belongs to another list.")
}
