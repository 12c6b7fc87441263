//! The items of an account, for whoever looks after channels.

use crate::accounts::{self, bad_cursor};
use crate::store::items as rows;
use ::store::TenantTx;
use chrono::{DateTime, Utc};
use kernel::cursor::CursorKey;
use kernel::ids::{ChannelAccountId, InboundItemId, InboundRawId};
use kernel::{Ctx, Error, Page, PageRequest};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// One item of a webhook body; its content is not shown here.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct InboundItem {
    pub id: InboundItemId,
    /// The body it came in.
    pub raw_id: InboundRawId,
    /// Its place in the body.
    pub position: i32,
    #[schema(example = "message")]
    pub kind: String,
    pub state: ItemState,
    /// Failed runs.
    pub attempts: i32,
    /// What failed, or why it is not shown: a stable word.
    pub error: Option<String>,
    pub received_at: DateTime<Utc>,
    pub processed_at: Option<DateTime<Utc>>,
    /// False once its content was forgotten.
    pub replayable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// Waits for its run.
    Stored,
    /// Waits until its organization is back.
    Kept,
    Processed,
    /// Kept, not shown.
    Ignored,
    /// Failed too often.
    Dead,
}

impl ItemState {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Kept => "kept",
            Self::Processed => "processed",
            Self::Ignored => "ignored",
            Self::Dead => "dead",
        }
    }

    /// Reads the column, which can hold nothing else.
    pub(crate) fn parse(word: &str) -> Self {
        match word {
            "kept" => Self::Kept,
            "processed" => Self::Processed,
            "ignored" => Self::Ignored,
            "dead" => Self::Dead,
            _ => Self::Stored,
        }
    }
}

/// Which items.
#[derive(Clone, Copy, Debug, Default)]
pub struct ItemFilter {
    pub state: Option<ItemState>,
}

/// A page of an account's items, newest first.
///
/// # Errors
/// 404 for an account that may not be seen; 400 for a cursor that is not ours.
pub async fn list(
    ctx: &Ctx,
    tx: &mut TenantTx,
    cursors: &CursorKey,
    account: ChannelAccountId,
    filter: ItemFilter,
    page: &PageRequest,
) -> Result<Page<InboundItem>, Error> {
    accounts::find(ctx, tx, account).await?;
    let (organization_id, purpose) = (tx.organization_id(), format!("inbound:{account}"));
    let before = match &page.cursor {
        None => None,
        Some(text) => {
            let bytes = cursors.open(organization_id, &purpose, text).ok_or_else(bad_cursor)?;
            Some(Uuid::from_slice(&bytes).map_err(|_| bad_cursor())?)
        }
    };
    let rows = rows::list(tx, account, filter, before, i64::from(page.limit)).await?;
    Ok(Page::cut(rows, page.limit, |item| cursors.seal(organization_id, &purpose, item.id.as_bytes())))
}
