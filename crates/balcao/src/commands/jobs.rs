//! `balcao jobs list|replay`.

use super::{Session, with_database};
use crate::cli::Jobs;
use crate::failure::Failure;
use crate::print::columns;
use serde::Serialize;
use serde_json::json;
use store::PlatformReason;
use store::jobs::{DeadJob, Lane, depth, list_dead, replay_dead};

pub async fn run(session: &Session, command: Jobs) -> Result<(), Failure> {
    match command {
        Jobs::List { organization, limit } => list(session, organization.as_deref(), i64::from(limit)).await,
        Jobs::Replay { ids, all } => replay(session, (!all).then_some(ids)).await,
    }
}

/// What `jobs list` answers.
#[derive(Serialize)]
struct Listed {
    waiting: Vec<Waiting>,
    dead: Vec<DeadJob>,
}

#[derive(Serialize)]
struct Waiting {
    lane: &'static str,
    jobs: i64,
    oldest_due_at: Option<chrono::DateTime<chrono::Utc>>,
}

async fn list(session: &Session, organization: Option<&str>, limit: i64) -> Result<(), Failure> {
    let listed = with_database(session, async |opened| {
        let organization = match organization {
            Some(slug) => Some(opened.organization(slug).await?),
            None => None,
        };
        let mut tx = opened.db.platform(PlatformReason::Operator).await?;
        let depths = depth(&mut tx).await?;
        let dead = list_dead(&mut tx, organization, limit).await?;
        let waiting = Lane::ALL.into_iter().map(|lane| {
            let depth = depths.iter().find(|depth| depth.lane == lane as i16);
            Waiting {
                lane: lane.name(),
                jobs: depth.map_or(0, |depth| depth.waiting),
                oldest_due_at: depth.and_then(|depth| depth.oldest_due_at),
            }
        });
        Ok(Listed { waiting: waiting.collect(), dead })
    })
    .await?;
    session.printer.answer(&listed, text);
    Ok(())
}

fn text(listed: &Listed) -> String {
    let mut rows = vec![vec!["LANE".to_owned(), "WAITING".to_owned(), "OLDEST DUE".to_owned()]];
    rows.extend(listed.waiting.iter().map(|lane| {
        vec![
            lane.lane.to_owned(),
            lane.jobs.to_string(),
            lane.oldest_due_at.map_or("-".to_owned(), |at| at.to_rfc3339()),
        ]
    }));
    let mut text = columns(&rows);
    if listed.dead.is_empty() {
        return text + "\nNo dead jobs.";
    }
    let mut rows = vec![["DEAD", "KIND", "LANE", "TRIES", "DIED", "ERROR"].map(str::to_owned).to_vec()];
    rows.extend(listed.dead.iter().map(|job| {
        vec![
            job.id.to_string(),
            job.kind.clone(),
            job.lane().name().to_owned(),
            job.attempts.to_string(),
            job.died_at.to_rfc3339(),
            job.error.clone(),
        ]
    }));
    text.push('\n');
    text + &columns(&rows)
}

async fn replay(session: &Session, ids: Option<Vec<i64>>) -> Result<(), Failure> {
    let replayed = with_database(session, async |opened| {
        let mut tx = opened.db.platform(PlatformReason::Operator).await?;
        let replayed = replay_dead(&mut tx, ids.as_deref(), session.clock.now()).await?;
        tx.commit().await?;
        Ok(replayed)
    })
    .await?;
    session.printer.answer(&json!({"replayed": replayed}), |_| match replayed {
        1 => "1 job goes again.".to_owned(),
        many => format!("{many} jobs go again."),
    });
    Ok(())
}
