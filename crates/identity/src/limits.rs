//! What an organization may use: its plan, seats, limits and features.
//!
//! Limits that count rows are checked exactly: [`take_seat`] and [`check`] hold the organization's subscription row until
//! the end of the transaction, so that of parallel requests for the last place one gets it. What comes in from customers
//! is never refused by a limit.

mod features;
mod ladder;
mod notices;
mod plan;
mod read;
mod subscription;
mod within;

pub use features::{Feature, disabled_permissions};
pub use ladder::step_subscription;
pub use notices::measure;
pub use plan::{Allowance, Plan, SubscriptionStatus, TRIAL_DAYS};
pub use read::{LimitView, LimitsView, SubscriptionView, read_limits};
pub use subscription::{SubscriptionChange, change_subscription};
pub(crate) use within::{disabled_by, max_sockets};

use crate::store::limits as rows;
use kernel::{Ctx, Error, ErrorKind};
use notices::notice;
use store::{TenantTx, sockets_elsewhere};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Limit {
    /// Memberships that are active or invited.
    Seats,
    ConversationsPerMonth,
    StorageBytes,
    /// All but archived ones.
    ChannelAccounts,
    /// Those that still let somebody in.
    ApiKeys,
    CustomRoles,
    ExportsPerDay,
    /// Connections of all nodes, as each noted them last.
    Sockets,
}

impl Limit {
    pub const ALL: [Self; 8] = [
        Self::Seats,
        Self::ConversationsPerMonth,
        Self::StorageBytes,
        Self::ChannelAccounts,
        Self::ApiKeys,
        Self::CustomRoles,
        Self::ExportsPerDay,
        Self::Sockets,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Seats => "seats",
            Self::ConversationsPerMonth => "conversations_per_month",
            Self::StorageBytes => "storage_bytes",
            Self::ChannelAccounts => "channel_accounts",
            Self::ApiKeys => "api_keys",
            Self::CustomRoles => "custom_roles",
            Self::ExportsPerDay => "exports_per_day",
            Self::Sockets => "sockets",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|limit| limit.name() == name)
    }
}

/// Takes one more seat for a membership about to become `active` or `invited`: to be called before its row is written,
/// in the same transaction.
///
/// # Errors
/// 409 `LIMIT_REACHED` with `limit`, `current` and `max`.
pub async fn take_seat(ctx: &Ctx, tx: &mut TenantTx) -> Result<(), Error> {
    check(ctx, tx, Limit::Seats).await
}

/// Whether one more of it is allowed: to be called before it is written, in the same transaction.
///
/// # Errors
/// 409 `LIMIT_REACHED` with `limit`, `current` and `max`.
pub async fn check(ctx: &Ctx, tx: &mut TenantTx, limit: Limit) -> Result<(), Error> {
    check_more(ctx, tx, limit, 1).await
}

/// Whether so many more are allowed (bytes, for [`Limit::StorageBytes`]).
///
/// # Errors
/// 409 `LIMIT_REACHED` with `limit`, `current` and `max`.
pub async fn check_more(ctx: &Ctx, tx: &mut TenantTx, limit: Limit, more: i64) -> Result<(), Error> {
    let subscription = rows::lock(tx, ctx.now()).await?;
    let Some(max) = subscription.allowance().max(limit) else { return Ok(()) };
    let current = current(ctx, tx, limit).await?;
    let after = current.saturating_add(more);
    if after > max {
        // This transaction ends here; the notice of it has one of its own, at the next measuring.
        return Err(reached(limit, current, max));
    }
    notice(ctx, tx, limit, after, max).await
}

/// Whether machines may go on speaking: beyond the month's conversations what they send stops, while what customers send
/// and people answer goes on. To be asked before anything automatic is sent or begun.
///
/// # Errors
/// 409 `LIMIT_REACHED` with `limit`, `current` and `max`.
pub async fn machines_go_on(ctx: &Ctx, tx: &mut TenantTx) -> Result<(), Error> {
    let limit = Limit::ConversationsPerMonth;
    // Nothing is taken by this: the subscription is only looked at.
    let Some(max) = rows::find(tx).await?.and_then(|subscription| subscription.allowance().max(limit)) else {
        return Ok(());
    };
    let used = current(ctx, tx, limit).await?;
    if used > max { Err(reached(limit, used, max)) } else { Ok(()) }
}

/// Counts one more export of today.
///
/// # Errors
/// 409 `LIMIT_REACHED` with `limit`, `current` and `max`.
pub async fn take_export(ctx: &Ctx, tx: &mut TenantTx) -> Result<(), Error> {
    check(ctx, tx, Limit::ExportsPerDay).await?;
    Ok(rows::count_export(tx, ctx.now().date_naive()).await?)
}

/// How much of it is used now.
async fn current(ctx: &Ctx, tx: &mut TenantTx, limit: Limit) -> Result<i64, Error> {
    Ok(match limit {
        Limit::Seats => rows::seats(tx).await?,
        Limit::ConversationsPerMonth => rows::conversations_since(tx, plan::month_start(ctx.now())).await?,
        Limit::StorageBytes => rows::stored_bytes(tx).await?,
        Limit::ChannelAccounts => rows::channel_accounts(tx).await?,
        Limit::ApiKeys => rows::api_keys(tx, ctx.now()).await?,
        Limit::CustomRoles => rows::custom_roles(tx).await?,
        Limit::ExportsPerDay => rows::exports_on(tx, ctx.now().date_naive()).await?,
        Limit::Sockets => sockets_elsewhere(tx, None, ctx.now()).await?,
    })
}

fn reached(limit: Limit, current: i64, max: i64) -> Error {
    Error::new(ErrorKind::Conflict, "LIMIT_REACHED", "The organization's plan allows no more of this.")
        .with("limit", limit.name())
        .with("current", current)
        .with("max", max)
}
