//! The history of records: which attribute changed from what to what, by whom.
//!
//! Events tell it in one of four ways: `data.changes` = `{attribute: {from, to}}`; `data.before` and `data.after`, whose
//! members are compared; `data.from` and `data.to` for a kind that says which attribute it is about
//! (`conversation.assigned` is about the owner); or `data.fields`, names alone, where the values are personal.

use crate::handle::Audit;
use crate::store;
use ::store::log::ReaderRun;
use chrono::{DateTime, Utc};
use kernel::{Ctx, Error, ErrorKind, Page, PageRequest};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use uuid::Uuid;

/// One change.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = HistoryEntry)]
pub struct HistoryEntry {
    pub id: Uuid,
    pub at: DateTime<Utc>,
    pub actor: crate::entry::EntryActor,
    #[schema(example = "conversation.assigned")]
    pub action: String,
    pub request_id: String,
    /// `{attribute: {from, to}}`, or `{attribute: {hidden}}` where the values are personal and not kept.
    #[schema(value_type = Object, example = json!({"status": {"from": "open", "to": "closed"}}))]
    pub changes: Value,
}

impl Audit {
    /// Changes of one record, newest first.
    ///
    /// # Errors
    /// 404 for a kind without history and for a record that the caller may not view.
    pub(crate) async fn history(
        &self,
        ctx: &Ctx,
        resource_type: &str,
        resource_id: Uuid,
        page: &PageRequest,
    ) -> Result<Page<HistoryEntry>, Error> {
        let sights = self.0.sights.get().map(Vec::as_slice).unwrap_or_default();
        let sight = sights.iter().find(|sight| sight.kind == resource_type).ok_or_else(Error::not_found)?;
        if !(sight.may_view)(ctx.clone(), resource_id).await? {
            return Err(Error::not_found());
        }
        let organization = ctx.organization_id();
        let purpose = format!("history:{resource_type}:{resource_id}");
        let before = match &page.cursor {
            None => None,
            Some(text) => {
                let bytes = self.0.cursors.open(organization, &purpose, text).ok_or_else(bad_cursor)?;
                Some(Uuid::from_slice(&bytes).map_err(|_| bad_cursor())?)
            }
        };
        let mut tx = self.0.db.tenant(organization).await?;
        let rows = store::history(&mut tx, resource_type, resource_id, before, i64::from(page.limit) + 1).await?;
        tx.commit().await?;
        let page = Page::cut(rows, page.limit, |row| self.0.cursors.seal(organization, &purpose, row.id.as_bytes()));
        Ok(page.map(|row| HistoryEntry {
            id: row.id,
            at: row.at,
            actor: crate::entry::EntryActor { kind: row.actor_kind, id: row.actor_id },
            action: row.action,
            request_id: row.request_id,
            changes: row.changes,
        }))
    }

    /// Hears one event; keeps it where it tells of a change.
    pub(crate) async fn remember_change(&self, run: ReaderRun) -> Result<(), Error> {
        let Some(changes) = changes(&run.event.kind, &run.event.data) else { return Ok(()) };
        let mut tx = self.0.db.tenant(run.event.organization_id).await?;
        let id = self.0.ids.sortable(run.event.occurred_at);
        store::insert_history(&mut tx, id, &run.event, &changes).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// What changed, if the event tells so.
pub(crate) fn changes(kind: &str, data: &Value) -> Option<Value> {
    if let Some(changes) = data.get("changes").filter(|changes| changes.is_object()) {
        return Some(changes.clone());
    }
    if let (Some(Value::Object(before)), Some(Value::Object(after))) = (data.get("before"), data.get("after")) {
        let names = before.keys().chain(after.keys().filter(|name| !before.contains_key(*name)));
        let differing = names.filter(|name| before.get(*name) != after.get(*name));
        return some(differing.map(|name| (name, json!({ "from": before.get(name), "to": after.get(name) }))));
    }
    if let Some(Value::Array(fields)) = data.get("fields") {
        return some(fields.iter().filter_map(Value::as_str).map(|name| (name, json!({ "hidden": true }))));
    }
    let (from, to) = (data.get("from")?, data.get("to")?);
    let attribute = match kind.split_once('.')?.1 {
        "assigned" => "owner_id",
        "unit_changed" => "unit_id",
        action => action.strip_suffix("_changed")?,
    };
    some(std::iter::once((attribute, json!({ "from": from, "to": to }))))
}

/// Nothing that changed is no change.
fn some(changes: impl Iterator<Item = (impl Into<String>, Value)>) -> Option<Value> {
    let changes: serde_json::Map<String, Value> = changes.map(|(name, change)| (name.into(), change)).collect();
    (!changes.is_empty()).then_some(Value::Object(changes))
}

fn bad_cursor() -> Error {
    Error::new(ErrorKind::BadRequest, "CURSOR_INVALID", "This cursor belongs to another list.")
}
