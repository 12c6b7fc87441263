//! What the database says at the end: whether all work is done, and whether what it left is right.

use super::fixtures::Expected;
use super::server::Server;
use sqlx::{PgConnection, Row};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::Instant;

/// Everything that must be empty when nothing is left to do: a name and a count.
const LEFT: &str = "
    select 'webhook bodies not taken apart', count(*) from inbound_raw where state = 'stored'
    union all select 'items not applied', count(*) from inbound_items where state = 'stored'
    union all select 'jobs of kind ' || kind, count(*) from jobs group by kind
    union all select 'sends in state ' || state, count(*) from outbound_sends where state <> 'done' group by state
    union all select 'queued messages', count(*) from messages where status = 'queued'";

/// What must never be there, whatever happened: a name and a count.
const WRONG: &str = "
    select 'dead webhook bodies', count(*) from inbound_raw where state = 'dead'
    union all select 'dead items (' || kind || ': ' || coalesce(error, '') || ')', count(*)
      from inbound_items where state = 'dead' group by kind, error
    union all select 'dead jobs (' || kind || ': ' || error || ')', count(*) from dead_jobs group by kind, error
    union all select 'conversations whose seq has holes', count(*) from (
      select from messages group by organization_id, conversation_id
      having min(seq) <> 1 or max(seq) <> count(*)) holes
    union all select 'conversations whose last_seq is not that of their last message', count(*) from conversations c
      where c.last_seq <> (select coalesce(max(m.seq), 0) from messages m
        where m.organization_id = c.organization_id and m.conversation_id = c.id)
    union all select 'addresses with two active conversations', count(*) from (
      select from conversations where status <> 'closed' and audience = 'external'
      group by organization_id, channel_account_id, address_id having count(*) > 1) twice
    union all select 'messages with two ids of one attempt', count(*) from (
      select from message_external_ids group by organization_id, message_id, direction, part, attempt
      having count(*) > 1) twice
    union all select 'inbound messages without an id of the provider', count(*) from messages m
      where m.direction = 'inbound' and not exists (select from message_external_ids e
        where e.organization_id = m.organization_id and e.message_id = m.id)
    union all select 'attempts without an end', count(*) from send_attempts where outcome is null
    union all select 'parked updates of a message that is known', count(*) from parked_updates p
      where exists (select from message_external_ids e where e.organization_id = p.organization_id
        and e.channel_account_id = p.channel_account_id and e.external_id = p.external_id
        and e.direction = p.direction)";

/// Waits until no work is left.
pub async fn drained(server: &Server, limit: Duration) {
    let mut sql = server.sql().await;
    let end = Instant::now() + limit;
    loop {
        match named(&mut sql, LEFT).await {
            Ok(left) if left.is_empty() => return,
            Ok(left) => assert!(Instant::now() < end, "after {limit:?} there is still work: {left:#?}"),
            // The database went away under us: once more on a new line.
            Err(_) => sql = server.sql().await,
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Everything that is wrong, in words; empty when all is well.
pub async fn wrong(sql: &mut PgConnection) -> Vec<String> {
    named(sql, WRONG).await.unwrap()
}

/// The rows of a question of names and counts that are above nought.
async fn named(sql: &mut PgConnection, question: &'static str) -> sqlx::Result<Vec<String>> {
    let rows = sqlx::query(question).fetch_all(sql).await?;
    let told = rows.iter().map(|row| (row.get::<String, _>(0), row.get::<i64, _>(1)));
    Ok(told.filter(|(_, count)| *count > 0).map(|(name, count)| format!("{count} {name}")).collect())
}

/// One number.
pub async fn count(sql: &mut PgConnection, question: &'static str) -> i64 {
    sqlx::query_scalar(question).fetch_one(sql).await.unwrap()
}

/// Every message that has an id of the provider, with the number of its account; each stands here as often as there
/// are rows of it.
pub async fn messages(sql: &mut PgConnection) -> Vec<Expected> {
    let rows = sqlx::query(
        "select a.external_id, m.direction, e.external_id
         from messages m
         join message_external_ids e on e.organization_id = m.organization_id and e.message_id = m.id
         join channel_accounts a on a.organization_id = e.organization_id and a.id = e.channel_account_id",
    )
    .fetch_all(sql)
    .await
    .unwrap();
    let direction = |word: String| if word == "inbound" { "inbound" } else { "outbound" };
    rows.iter().map(|row| (row.get(0), direction(row.get(1)), row.get(2))).collect()
}

/// Compares what is there with what should be, each once.
pub fn compare(found: &[Expected], expected: &BTreeSet<Expected>) -> Vec<String> {
    let once: BTreeSet<Expected> = found.iter().cloned().collect();
    let lost = expected.difference(&once).map(|message| format!("lost: {message:?}"));
    let more = once.difference(expected).map(|message| format!("not expected: {message:?}"));
    let doubled = (found.len() > once.len()).then(|| format!("{} doubled", found.len() - once.len()));
    lost.chain(more).chain(doubled).collect()
}

/// How one of our messages stands.
#[derive(Debug)]
pub struct Reply {
    pub client_id: String,
    pub status: String,
    /// Whether it is listed as unclear, now or before evidence came.
    pub unclear: bool,
}

/// Every reply that was stored, as often as it was.
pub async fn replies(sql: &mut PgConnection) -> Vec<Reply> {
    let rows = sqlx::query(
        "select client_id, status, coalesce(delivery::text, '') like '%OUTCOME_UNKNOWN%'
         from messages where direction = 'outbound' and client_id is not null",
    )
    .fetch_all(sql)
    .await
    .unwrap();
    rows.iter().map(|row| Reply { client_id: row.get(0), status: row.get(1), unclear: row.get(2) }).collect()
}

/// The texts of all inbound messages, each as often as it is stored.
pub async fn inbound_texts(sql: &mut PgConnection) -> Vec<String> {
    let question = "select segments -> 0 ->> 'text' from messages where direction = 'inbound' and kind = 'text'";
    sqlx::query_scalar(question).fetch_all(sql).await.unwrap()
}
