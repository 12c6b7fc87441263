//! Units: parts of an organization, in a tree.

use crate::store;
use ::store::TenantTx;
use kernel::cursor::CursorKey;
use kernel::ids::UnitId;
use kernel::{Ctx, Error, ErrorKind, Page, PageRequest, Permission, Resource};
use serde::{Deserialize, Serialize};

/// What everybody sees of a unit: enough to hand work over.
#[derive(Clone, Debug, Serialize, utoipa::ToSchema)]
pub struct Unit {
    pub id: UnitId,
    #[schema(example = "Suporte")]
    pub name: String,
    #[schema(example = "queue")]
    pub kind: String,
    #[schema(example = "active")]
    pub status: String,
    /// Whether it receives what nothing else claims.
    pub is_fallback: bool,
    #[serde(skip)]
    pub(crate) position: i32,
}

/// What a unit is; it changes only defaults (a queue assigns by itself).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitKind {
    Department,
    Squad,
    Queue,
    Project,
    Branch,
}

impl UnitKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Department => "department",
            Self::Squad => "squad",
            Self::Queue => "queue",
            Self::Project => "project",
            Self::Branch => "branch",
        }
    }
}

/// The unit that a thing without a unit counts as.
///
/// # Errors
/// 500 in an organization that was not provisioned.
pub async fn fallback_unit(tx: &mut TenantTx) -> Result<UnitId, Error> {
    store::fallback_unit(tx).await?.ok_or_else(|| Error::internal("the organization has no fallback unit"))
}

/// Active units in their order. Every active member may ask, to hand work over; with `units.manage` archived
/// ones show too.
///
/// # Errors
/// 403 for who is no active member, 400 `CURSOR_INVALID` for a cursor of another list.
pub async fn list_units(
    ctx: &Ctx,
    tx: &mut TenantTx,
    cursors: &CursorKey,
    page: &PageRequest,
) -> Result<Page<Unit>, Error> {
    let whole = Resource::organization(ctx.organization_id());
    // Every member sees them, in an organization that is open; keys by permission alone.
    if ctx.subject.user_id().is_none() || !ctx.subject.organization.is_open() {
        ctx.require(Permission::UNITS_VIEW, &whole)?;
    }
    let archived_too = ctx.require(Permission::UNITS_MANAGE, &whole).is_ok();
    let after = match &page.cursor {
        Some(cursor) => Some(open_cursor(ctx, cursors, cursor)?),
        None => None,
    };
    let units = store::list(tx, archived_too, after.as_ref(), i64::from(page.limit) + 1).await?;
    Ok(Page::cut(units, page.limit, |last| {
        let value = serde_json::to_vec(&(last.position, &last.name, last.id)).unwrap_or_default();
        cursors.seal(ctx.organization_id(), PURPOSE, &value)
    }))
}

/// Position, name and id of the last unit seen.
pub(crate) type Place = (i32, String, UnitId);

const PURPOSE: &str = "units";

fn open_cursor(ctx: &Ctx, cursors: &CursorKey, cursor: &str) -> Result<Place, Error> {
    cursors
        .open(ctx.organization_id(), PURPOSE, cursor)
        .and_then(|value| serde_json::from_slice(&value).ok())
        .ok_or_else(|| Error::new(ErrorKind::BadRequest, "CURSOR_INVALID", "This cursor was not made for this list."))
}
