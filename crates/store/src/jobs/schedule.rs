//! Work that recurs: a job is enqueued at each due time, once in the whole cluster.

use super::enqueue::{Lane, NewJob};
use crate::database::Database;
use crate::error::DbError;
use crate::platform_tx::PlatformReason;
use chrono::{DateTime, Duration, Utc};
use kernel::Ctx;
use kernel::ids::OrganizationId;
use uuid::Uuid;

/// A recurring job of the installation.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Also the kind of the job.
    pub name: &'static str,
    pub lane: Lane,
    pub every: Every,
}

/// When it recurs.
#[derive(Clone, Debug)]
pub enum Every {
    /// Each multiple of this since the epoch, in UTC.
    Interval(Duration),
    /// Each day at this wall time in this zone (IANA id); in a gap of the clock at its end.
    DailyAt { hour: i8, minute: i8, zone: &'static str },
}

impl Every {
    /// The last due time at or before `now`.
    pub fn last_due(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Interval(interval) => {
                let step = interval.num_microseconds().filter(|step| *step > 0)?;
                let micros = now.timestamp_micros();
                DateTime::from_timestamp_micros(micros - micros.rem_euclid(step))
            }
            Self::DailyAt { hour, minute, zone } => {
                let zone = jiff::tz::TimeZone::get(zone).ok()?;
                let local = jiff::Timestamp::from_microsecond(now.timestamp_micros()).ok()?.to_zoned(zone.clone());
                for back in 0..=1 {
                    let day = local.date().checked_sub(jiff::Span::new().days(back)).ok()?;
                    let due = day.at(*hour, *minute, 0, 0).to_zoned(zone.clone()).ok()?.timestamp();
                    let due = DateTime::from_timestamp_micros(due.as_microsecond())?;
                    if due <= now {
                        return Some(due);
                    }
                }
                None
            }
        }
    }
}

/// Fires the house's schedules on this node; several nodes may do so at once.
pub struct Schedules {
    db: Database,
    clock: kernel::Clock,
    ids: kernel::Ids,
    schedules: Vec<Schedule>,
}

impl Schedules {
    pub fn new(db: Database, clock: kernel::Clock, ids: kernel::Ids, schedules: Vec<Schedule>) -> Self {
        Self { db, clock, ids, schedules }
    }

    /// Fires what is due, every second until `stop` resolves.
    pub async fn run(&self, mut stop: tokio::sync::watch::Receiver<bool>) {
        while !*stop.borrow() {
            if let Err(error) = self.step().await {
                tracing::warn!(%error, "schedules: step failed");
            }
            tokio::select! {
                () = tokio::time::sleep(std::time::Duration::from_secs(1)) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Enqueues every job whose due time has come and was not served yet; missed ones are served once.
    ///
    /// # Errors
    /// When the database fails; nothing is served twice then.
    pub async fn step(&self) -> Result<usize, DbError> {
        let now = self.clock.now();
        let mut fired = 0;
        for schedule in &self.schedules {
            let Some(due) = schedule.every.last_due(now) else { continue };
            let mut tx = self.db.platform(PlatformReason::Queue).await?;
            let served = sqlx::query!(
                "insert into schedule_runs (name, last_due_at) values ($1, $2)
                 on conflict (name) do update set last_due_at = $2 where schedule_runs.last_due_at < $2",
                schedule.name,
                due
            )
            .execute(tx.conn())
            .await?;
            if served.rows_affected() == 1 {
                let ctx = Ctx::system(
                    OrganizationId(Uuid::nil()),
                    self.clock.clone(),
                    self.ids.clone(),
                    schedule.name.into(),
                );
                tx.enqueue(&ctx, NewJob::new(schedule.lane, schedule.name, &()).unique(schedule.name));
                tx.commit().await?;
                fired += 1;
            }
        }
        Ok(fired)
    }
}
