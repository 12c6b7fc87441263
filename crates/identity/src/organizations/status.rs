//! The states of an organization and the moves between them.
//!
//! What a state allows is decided where it is asked: people and keys by kernel's `authorize`, intake and sending by the
//! view `organization_facts`. A move itself ends the sessions of those who may no longer be signed in.

use super::{RESUMED, events};
use crate::store::lifecycle::{self as rows, Standing};
use crate::subject::standing;
use chrono::{DateTime, Duration, Utc};
use kernel::ids::SessionId;
use kernel::{Actor, Ctx, Error, ErrorKind};
use serde_json::json;
use store::TenantTx;
use store::jobs::{Lane, NewJob};

/// How long a closing may be canceled.
pub const GRACE: Duration = Duration::days(30);

/// A state to move to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusChange {
    Activate,
    Suspend(Mode),
    /// Erased after [`GRACE`].
    Close,
    Erase,
}

/// How much a suspension takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    ReadOnly,
    Blocked,
}

impl Mode {
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "read_only",
            Self::Blocked => "blocked",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        [Self::ReadOnly, Self::Blocked].into_iter().find(|mode| mode.name() == name)
    }
}

impl StatusChange {
    fn status(self) -> &'static str {
        match self {
            Self::Activate => "active",
            Self::Suspend(_) => "suspended",
            Self::Close => "closing",
            Self::Erase => "erased",
        }
    }

    fn mode(self) -> Option<&'static str> {
        match self {
            Self::Suspend(mode) => Some(mode.name()),
            _ => None,
        }
    }

    /// The table of moves; within a suspension its mode may change.
    fn is_allowed_from(self, status: &str, mode: Option<&str>) -> bool {
        match self {
            Self::Activate => matches!(status, "provisioning" | "suspended" | "closing"),
            Self::Suspend(_) => status == "active" || (status == "suspended" && mode != self.mode()),
            Self::Close => matches!(status, "active" | "suspended"),
            Self::Erase => status == "closing",
        }
    }
}

/// Moves the organization of this transaction. Whoever calls has decided that `by` may. Answers the sessions that ended
/// by it: after the commit `Identity::sessions_ended` and `rights_changed` are to be told.
///
/// # Errors
/// 409 `INVALID_TRANSITION`.
pub async fn change_status(
    ctx: &Ctx,
    tx: &mut TenantTx,
    change: StatusChange,
    reason: Option<&str>,
    by: Actor,
) -> Result<Vec<SessionId>, Error> {
    let before = rows::lock_standing(tx).await?.ok_or_else(Error::not_found)?;
    if !change.is_allowed_from(&before.status, before.suspension_mode.as_deref()) {
        let detail = format!("An organization that is {} cannot become {}.", before.status, change.status());
        return Err(Error::new(ErrorKind::Conflict, "INVALID_TRANSITION", detail));
    }
    let now = ctx.now();
    let closing_at: Option<DateTime<Utc>> = (change == StatusChange::Close).then(|| now + GRACE);
    let after = Standing { status: change.status().to_owned(), suspension_mode: change.mode().map(str::to_owned) };
    rows::set_standing(tx, &after, reason, closing_at, now).await?;
    let mut event = events::status_changed(
        ctx,
        json!({
            "from": before.status, "to": after.status, "suspension_mode": after.suspension_mode,
            "reason": reason, "closing_at": closing_at,
        }),
    );
    event.actor = by;
    tx.append(ctx, event);
    if keeps_intake(&before) && !keeps_intake(&after) && change != StatusChange::Erase {
        tx.enqueue(ctx, NewJob::new(Lane::Interactive, RESUMED, &()).unique("resumed"));
    }
    end_sessions(ctx, tx, &after).await
}

/// The refusal of a reopening.
pub fn not_closing() -> Error {
    Error::new(ErrorKind::Conflict, "INVALID_TRANSITION", "Only a closing organization can be reopened.")
}

/// Whether what comes in is kept for later.
fn keeps_intake(standing: &Standing) -> bool {
    match standing.status.as_str() {
        "closing" => true,
        "suspended" => standing.suspension_mode.as_deref() == Some(Mode::Blocked.name()),
        _ => false,
    }
}

/// Ends the sessions of those whom the new state does not let in: all but admins, or everybody.
async fn end_sessions(ctx: &Ctx, tx: &mut TenantTx, after: &Standing) -> Result<Vec<SessionId>, Error> {
    let standing = standing(&after.status, after.suspension_mode.as_deref());
    if standing.is_open() {
        return Ok(Vec::new());
    }
    let reason = match after.status.as_str() {
        "suspended" => "organization_suspended",
        "closing" => "organization_closing",
        _ => "organization_erased",
    };
    let ended = rows::end_sessions(tx, standing.admits_admins(), reason, ctx.now()).await?;
    for (session, user) in &ended {
        tx.append(ctx, crate::events::session_revoked(*user, *session, reason));
    }
    Ok(ended.into_iter().map(|(session, _)| session).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_moves_are_those_of_the_document() {
        let states = [
            ("provisioning", None),
            ("active", None),
            ("suspended", Some("read_only")),
            ("suspended", Some("blocked")),
            ("closing", None),
            ("erased", None),
        ];
        let moves = [
            StatusChange::Activate,
            StatusChange::Suspend(Mode::ReadOnly),
            StatusChange::Suspend(Mode::Blocked),
            StatusChange::Close,
            StatusChange::Erase,
        ];
        let table = states.map(|(status, mode)| moves.map(|change| u8::from(change.is_allowed_from(status, mode))));
        assert_eq!(
            table,
            [[1, 0, 0, 0, 0], [0, 1, 1, 1, 0], [1, 0, 1, 1, 0], [1, 1, 0, 1, 0], [1, 0, 0, 0, 1], [0, 0, 0, 0, 0]]
        );
    }

    #[test]
    fn what_comes_in_is_kept_by_blocked_and_closing_ones() {
        let keeps = |status: &str, mode: Option<&str>| {
            keeps_intake(&Standing { status: status.to_owned(), suspension_mode: mode.map(str::to_owned) })
        };
        assert!(keeps("suspended", Some("blocked")) && keeps("closing", None));
        assert!(!keeps("suspended", Some("read_only")) && !keeps("active", None) && !keeps("erased", None));
    }
}
