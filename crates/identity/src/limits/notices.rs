//! Warnings: at 80 % and at 100 % of a limit, each once a period.

use super::{Limit, current, plan};
use crate::organizations::events;
use crate::store::limits as rows;
use chrono::NaiveDate;
use kernel::{Ctx, Error};
use store::TenantTx;

/// Percent of a limit from which on it is warned of.
const WARNING: i64 = 80;

/// Notes the use of a limit: appends `organization.limit_warning` or `organization.limit_reached` unless the period has
/// it already. A limit without periods may be warned of again once its use fell below.
pub(super) async fn notice(ctx: &Ctx, tx: &mut TenantTx, limit: Limit, used: i64, max: i64) -> Result<(), Error> {
    let period = period(ctx, limit);
    let levels = [
        ("warning", "organization.limit_warning", used.saturating_mul(100) >= max.saturating_mul(WARNING)),
        ("reached", "organization.limit_reached", used >= max),
    ];
    for (level, kind, holds) in levels {
        if !holds {
            if plan::resets_at(limit, ctx.now()).is_none() {
                rows::forget_notice(tx, limit.name(), level).await?;
            }
        } else if rows::add_notice(tx, limit.name(), level, period, ctx.now()).await? {
            tx.append(ctx, events::limit(ctx, kind, limit.name(), used, max));
        }
    }
    Ok(())
}

/// Looks at every limit of the organization: for those that nothing is refused by (what customers send counts too).
///
/// # Errors
/// When a statement fails.
pub async fn measure(ctx: &Ctx, tx: &mut TenantTx) -> Result<(), Error> {
    let subscription = rows::lock(tx, ctx.now()).await?;
    for limit in Limit::ALL {
        if let Some(max) = subscription.allowance().max(limit) {
            let used = current(ctx, tx, limit).await?;
            notice(ctx, tx, limit, used, max).await?;
        }
    }
    Ok(())
}

/// The first day of the running period; one day for all time where there is none.
fn period(ctx: &Ctx, limit: Limit) -> NaiveDate {
    match limit {
        Limit::ConversationsPerMonth => plan::month_start(ctx.now()).date_naive(),
        Limit::ExportsPerDay => ctx.now().date_naive(),
        _ => NaiveDate::default(),
    }
}
