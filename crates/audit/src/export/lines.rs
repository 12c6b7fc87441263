//! The lines of an export.

use crate::chain::Link;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

/// One line of a `jsonl` export: an entry with all that its hash covers, and no personal values.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ExportLine {
    organization_id: Uuid,
    seq: i64,
    id: Uuid,
    event_id: Uuid,
    at: DateTime<Utc>,
    action: String,
    category: String,
    actor_kind: String,
    actor_id: Option<Uuid>,
    impersonator_id: Option<Uuid>,
    resource_type: String,
    resource_id: Uuid,
    result: String,
    request_id: String,
    details: Box<RawValue>,
    commitments: Box<RawValue>,
    prev_hash: String,
    hash: String,
}

impl From<&Link> for ExportLine {
    fn from(link: &Link) -> Self {
        let raw = |text: &String| RawValue::from_string(text.clone()).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self {
            organization_id: link.organization_id,
            seq: link.seq,
            id: link.id,
            event_id: link.event_id,
            at: link.at,
            action: link.action.clone(),
            category: link.category.clone(),
            actor_kind: link.actor_kind.clone(),
            actor_id: link.actor_id,
            impersonator_id: link.impersonator_id,
            resource_type: link.resource_type.clone(),
            resource_id: link.resource_id,
            result: link.result.clone(),
            request_id: link.request_id.clone(),
            details: raw(&link.details),
            commitments: raw(&link.commitments),
            prev_hash: hex::encode(&link.prev_hash),
            hash: hex::encode(&link.hash),
        }
    }
}

impl ExportLine {
    pub fn into_link(self) -> Link {
        Link {
            organization_id: self.organization_id,
            seq: self.seq,
            id: self.id,
            event_id: self.event_id,
            at: self.at,
            action: self.action,
            category: self.category,
            actor_kind: self.actor_kind,
            actor_id: self.actor_id,
            impersonator_id: self.impersonator_id,
            resource_type: self.resource_type,
            resource_id: self.resource_id,
            result: self.result,
            request_id: self.request_id,
            details: self.details.get().to_owned(),
            commitments: self.commitments.get().to_owned(),
            prev_hash: hex::decode(self.prev_hash).unwrap_or_default(),
            hash: hex::decode(self.hash).unwrap_or_default(),
        }
    }
}

pub(super) const CSV_HEAD: &str =
    "seq,at,action,category,actor_kind,actor_id,impersonator_id,resource_type,resource_id,result,request_id,details\n";

/// Adds an entry as people read it.
pub(super) fn csv_line(text: &mut String, link: &Link) {
    let id = |id: Option<Uuid>| id.map(|id| id.to_string()).unwrap_or_default();
    let cells = [
        link.seq.to_string(),
        link.at.to_rfc3339(),
        link.action.clone(),
        link.category.clone(),
        link.actor_kind.clone(),
        id(link.actor_id),
        id(link.impersonator_id),
        link.resource_type.clone(),
        link.resource_id.to_string(),
        link.result.clone(),
        link.request_id.clone(),
        link.details.clone(),
    ];
    for (place, cell) in cells.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        // RFC 4180; a cell that a spreadsheet would take for a formula is made text.
        let formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
        text.push('"');
        if formula {
            text.push('\'');
        }
        text.push_str(&cell.replace('"', "\"\""));
        text.push('"');
    }
    text.push('\n');
}
