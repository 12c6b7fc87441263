//! Where an assignment holds, as it is stored: the subject loader turns it into units.

use crate::store::assignments as rows;
use kernel::ids::{ChannelAccountId, UnitId};
use kernel::{Error, ErrorKind, FieldError};
use serde::{Deserialize, Serialize};
use store::TenantTx;
use uuid::Uuid;

/// The kinds of scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ScopeType {
    /// Everything.
    Organization,
    /// What belongs to a unit and the units below it.
    Unit,
    /// The units that the holder is a member of, and those below where he leads.
    Team,
    /// Conversations and messages of a channel account.
    ChannelAccount,
    /// What the holder is assignee, participant, follower or creator of.
    Own,
    /// What has no owner, within the holder's units.
    Unassigned,
}

impl ScopeType {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Unit => "unit",
            Self::Team => "team",
            Self::ChannelAccount => "channel_account",
            Self::Own => "own",
            Self::Unassigned => "unassigned",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Self::Organization, Self::Unit, Self::Team, Self::ChannelAccount, Self::Own, Self::Unassigned]
            .into_iter()
            .find(|scope| scope.as_str() == name)
    }
}

/// A kind of scope with the thing that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeRef {
    Organization,
    Unit(UnitId),
    Team,
    ChannelAccount(ChannelAccountId),
    Own,
    Unassigned,
}

impl ScopeRef {
    /// `None` where an id is missing or one too many.
    pub fn of(kind: &str, id: Option<Uuid>) -> Option<Self> {
        Some(match (ScopeType::parse(kind)?, id) {
            (ScopeType::Organization, None) => Self::Organization,
            (ScopeType::Unit, Some(id)) => Self::Unit(UnitId(id)),
            (ScopeType::Team, None) => Self::Team,
            (ScopeType::ChannelAccount, Some(id)) => Self::ChannelAccount(ChannelAccountId(id)),
            (ScopeType::Own, None) => Self::Own,
            (ScopeType::Unassigned, None) => Self::Unassigned,
            _ => return None,
        })
    }

    /// # Errors
    /// 422 `SCOPE_INVALID`: an id where none belongs, none where one is needed, or one of nothing here.
    pub async fn checked(tx: &mut TenantTx, kind: &str, id: Option<Uuid>) -> Result<Self, Error> {
        let scope = Self::of(kind, id).ok_or_else(invalid)?;
        let there = match scope {
            Self::Unit(unit) => rows::unit_is_active(tx, unit).await?,
            Self::ChannelAccount(account) => rows::channel_account_is_live(tx, account).await?,
            _ => true,
        };
        if there { Ok(scope) } else { Err(invalid()) }
    }

    pub fn kind(self) -> ScopeType {
        match self {
            Self::Organization => ScopeType::Organization,
            Self::Unit(_) => ScopeType::Unit,
            Self::Team => ScopeType::Team,
            Self::ChannelAccount(_) => ScopeType::ChannelAccount,
            Self::Own => ScopeType::Own,
            Self::Unassigned => ScopeType::Unassigned,
        }
    }

    pub fn id(self) -> Option<Uuid> {
        match self {
            Self::Unit(unit) => Some(unit.0),
            Self::ChannelAccount(account) => Some(account.0),
            _ => None,
        }
    }
}

fn invalid() -> Error {
    let fields = vec![FieldError {
        field: "scope_id".into(),
        code: "SCOPE_INVALID".into(),
        message: "`unit` and `channel_account` name one of this organization; other scopes name none.".into(),
    }];
    Error::new(ErrorKind::Invalid, "SCOPE_INVALID", "This scope does not fit.").with_fields(fields)
}
