//! What each plan allows.

use super::Limit;
use chrono::{DateTime, Datelike, Days, Months, NaiveTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A trial is this many days of `pro`.
pub const TRIAL_DAYS: i64 = 14;
/// Seats of a trial, and the fewest of `pro`.
pub const PRO_SEATS: i64 = 5;

const FREE_SEATS: i64 = 3;
const GIB: i64 = 1 << 30;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    Free,
    Pro,
    Enterprise,
}

impl Plan {
    pub const ALL: [Self; 3] = [Self::Free, Self::Pro, Self::Enterprise];

    pub fn name(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Pro => "pro",
            Self::Enterprise => "enterprise",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plan| plan.name() == name)
    }

    /// The most of it that the plan allows; `None`: no limit. Seats of `pro` are as many as were bought.
    fn max(self, limit: Limit) -> Option<i64> {
        let [free, pro] = match limit {
            Limit::Seats => [Some(FREE_SEATS), Some(PRO_SEATS)],
            Limit::ConversationsPerMonth => [Some(400), None],
            Limit::StorageBytes => [Some(GIB), Some(100 * GIB)],
            Limit::ChannelAccounts => [Some(2), Some(20)],
            Limit::ApiKeys => [Some(5), Some(50)],
            // The document's own bound, in every plan.
            Limit::CustomRoles => return Some(50),
            Limit::ExportsPerDay => [Some(5), Some(50)],
            Limit::Sockets => [Some(50), Some(5_000)],
        };
        match self {
            Self::Free => free,
            Self::Pro => pro,
            Self::Enterprise => None,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SubscriptionStatus {
    Trial,
    Active,
    PastDue,
    Canceled,
}

impl SubscriptionStatus {
    pub const ALL: [Self; 4] = [Self::Trial, Self::Active, Self::PastDue, Self::Canceled];

    pub fn name(self) -> &'static str {
        match self {
            Self::Trial => "trial",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Canceled => "canceled",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }
}

/// What one organization may use: its plan, the seats bought, what was set for it alone.
#[derive(Clone, Copy, Debug)]
pub struct Allowance<'a> {
    pub plan: Plan,
    pub seats: Option<i64>,
    /// By name of a limit; `null`: no limit.
    pub overrides: &'a Value,
}

impl Allowance<'_> {
    /// The most of it; `None`: no limit.
    pub fn max(&self, limit: Limit) -> Option<i64> {
        match self.overrides.get(limit.name()) {
            Some(set) => set.as_i64(),
            None if limit == Limit::Seats && self.plan == Plan::Pro => Some(self.seats.unwrap_or(PRO_SEATS)),
            None => self.plan.max(limit),
        }
    }
}

/// The first instant of the month, in UTC.
pub fn month_start(now: DateTime<Utc>) -> DateTime<Utc> {
    let today = now.date_naive();
    today.with_day(1).unwrap_or(today).and_time(NaiveTime::MIN).and_utc()
}

/// When the count of a limit begins anew, if it does.
pub fn resets_at(limit: Limit, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    match limit {
        Limit::ConversationsPerMonth => month_start(now).checked_add_months(Months::new(1)),
        Limit::ExportsPerDay => {
            now.date_naive().checked_add_days(Days::new(1)).map(|day| day.and_time(NaiveTime::MIN).and_utc())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeZone as _;
    use serde_json::json;

    #[test]
    fn seats_are_the_plans_the_bought_ones_or_what_was_set() {
        let none = json!({});
        let max = |plan, seats, overrides: &Value| Allowance { plan, seats, overrides }.max(Limit::Seats);
        assert_eq!(max(Plan::Free, Some(9), &none), Some(3));
        assert_eq!(max(Plan::Pro, None, &none), Some(5));
        assert_eq!(max(Plan::Pro, Some(12), &none), Some(12));
        assert_eq!(max(Plan::Enterprise, None, &none), None);
        assert_eq!(max(Plan::Free, None, &json!({ "seats": 40 })), Some(40));
        assert_eq!(max(Plan::Free, None, &json!({ "seats": null })), None);
    }

    #[test]
    fn periods_begin_anew_with_the_month_and_the_day() {
        let now = Utc.with_ymd_and_hms(2026, 12, 31, 23, 59, 59).unwrap();
        let year = Utc.with_ymd_and_hms(2027, 1, 1, 0, 0, 0).unwrap();
        assert_eq!(resets_at(Limit::ConversationsPerMonth, now), Some(year));
        assert_eq!(resets_at(Limit::ExportsPerDay, now), Some(year));
        assert_eq!(resets_at(Limit::Seats, now), None);
    }
}
