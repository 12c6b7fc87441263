//! Jobs that name another organization's things: a job reaches no further than the organization of its row, whatever
//! its payload says. Each kind is attacked, or it is said here why it cannot be.

use super::super::ledger::count;
use super::super::server::ALL_ROLES;
use super::super::{seconds, until};
use super::{Ids, Two, covered, picture};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

/// A kind of job and its payload with these ids.
type Attack = (&'static str, fn(&Ids) -> Value);

/// Kinds whose payload names a thing of an organization, and that payload. Of the first three it shows at once whether
/// they were done.
const ATTACKS: &[Attack] = &[
    ("messaging.send_message", |ids| json!({"message_id": ids["waiting_message_id"]})),
    ("messaging.fetch_media", |ids| json!({"attachment_id": ids["attachment_id"]})),
    ("channels.apply_item", |ids| json!({"item_id": ids["inbound_item_id"]})),
    ("audit.export", |ids| json!(ids["audit_export_id"])),
    ("identity.export_organization", |ids| json!({"export_id": ids["export_id"]})),
    ("identity.export_person", |ids| json!({"export_id": ids["privacy_export_id"]})),
    ("identity.erase_membership", |ids| json!({"user_id": ids["user_id"]})),
];

/// Kinds that cannot be aimed at an organization, and why.
const HARMLESS: &[(&str, &str)] = &[
    ("channels.split_inbound", "takes no payload: each body goes to the owner of the number that it names"),
    ("channels.replay_unrouted", "names a provider's number; what was kept for it goes to the number's owner"),
    ("channels.route_unrouted", "names a provider's number; what was kept for it goes to the number's owner"),
    ("channels.sweep_inbound", "takes no payload: the installation's own"),
    ("channels.forget_inbound", "takes no payload: the installation's own"),
    ("audit.deliver_heads", "the installation's own: names no row, brings what it holds to one configured URL"),
    ("audit.upkeep", "takes no payload: the installation's own"),
    ("identity.ending_keys", "takes no payload: the installation's own"),
    ("identity.ended_impersonations", "takes no payload: the installation's own"),
    ("identity.expire_invitations", "takes no payload: the installation's own"),
    ("identity.privacy_upkeep", "takes no payload: the installation's own"),
    ("identity.organizations_due", "takes no payload: the installation's own"),
    ("identity.care_for_organization", "takes no payload: cares for the organization of its row"),
    ("identity.erase_organization", "takes no payload: erases the organization of its row, if its time has come"),
    ("identity.reseal_organization", "names a version of its own row's organization"),
    ("identity.ask_link", "its payload is sealed to the organization of its row"),
    ("identity.register", "its payload is sealed to the organization of its row"),
    ("identity.tell", "its payload is sealed to the organization of its row"),
    ("identity.erase_login", "names a login, which belongs to the installation; erases it only if its own wish is due"),
    ("identity.tell_domain_lost", "names a domain; writes to the admins of the organization of its row"),
    ("mail.send", "its payload is sealed to the organization of its row"),
    ("organization.resumed", "takes no payload: resumes the organization of its row"),
    ("identity.upkeep", "takes no payload: the installation's own"),
    ("messaging.upkeep", "takes no payload: the installation's own"),
    ("house.upkeep", "takes no payload: the installation's own"),
];

/// What each attack would have done, as it stands now: done or not.
const EFFECTS: &str = "
    select (select count(*) from messages where id = $1 and status <> 'queued')
      + (select count(*) from message_attachments where id = $2 and fetch_status <> 'pending')
      + (select count(*) from inbound_items where id = $3 and state <> 'stored')";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_19_no_job_reaches_another_organization() {
    let mut two = Two::new().await;
    covered(
        &two.registered("job_kinds").await,
        ATTACKS.iter().map(|(kind, _)| *kind).chain(HARMLESS.iter().map(|(kind, _)| *kind)),
    );
    // Work of theirs that waits, while nobody works.
    two.server.stop().await;
    two.server.serve("api");
    two.server.ready().await;
    let conversation = two.their_ids["conversation_id"].to_string();
    let client_id = "0199f0a0-0000-7000-8000-00000000000c";
    assert_eq!(two.them.reply(&conversation, client_id, "Até amanhã").await.status, 201);
    let mut sql = two.server.sql().await;
    let waiting = prepare(&mut sql, &two.their_ids).await;
    let mut ids = two.their_ids.clone();
    ids.insert("waiting_message_id", waiting);
    let before = picture(&mut sql, "casa-b").await;

    add(&mut sql, "casa-a", &ids, ATTACKS).await;
    two.server.stop().await;
    two.server.serve(ALL_ROLES);
    two.server.ready().await;
    ended(&two).await;
    let mut sql = two.server.sql().await;
    assert_eq!(effects(&mut sql, &ids).await, 0, "no job of ours did theirs");
    assert_eq!(picture(&mut sql, "casa-b").await, before, "not one row of theirs changed");

    // The same jobs in their own organization do what they say: the attack was with payloads that work.
    add(&mut sql, "casa-b", &ids, &ATTACKS[..3]).await;
    ended(&two).await;
    assert_eq!(effects(&mut sql, &ids).await, 3);
    assert_eq!(two.graph.violations(), Vec::<String>::new());
    two.server.stop().await;
}

/// Takes their own jobs away, and puts an item and a file back to where work on them begins. Answers the reply that
/// has not been sent.
async fn prepare(sql: &mut PgConnection, ids: &Ids) -> Uuid {
    sqlx::query("delete from jobs").execute(&mut *sql).await.unwrap();
    sqlx::query("update inbound_items set state = 'stored', processed_at = null where id = $1")
        .bind(ids["inbound_item_id"])
        .execute(&mut *sql)
        .await
        .unwrap();
    sqlx::query(
        "update message_attachments set fetch_status = 'pending', fetch_error = null, file_id = null where id = $1",
    )
    .bind(ids["attachment_id"])
    .execute(&mut *sql)
    .await
    .unwrap();
    sqlx::query_scalar("select message_id from outbound_sends where state = 'waiting'")
        .fetch_one(&mut *sql)
        .await
        .unwrap()
}

async fn add(sql: &mut PgConnection, slug: &str, ids: &Ids, attacks: &[Attack]) {
    for (kind, payload) in attacks {
        sqlx::query(
            "insert into jobs (lane, organization_id, kind, payload, run_at, request_id, created_at)
             select 0, id, $2, $3, now(), 'attack', now() from organizations where slug = $1",
        )
        .bind(slug)
        .bind(*kind)
        .bind(payload(ids))
        .execute(&mut *sql)
        .await
        .unwrap();
    }
}

/// Waits until the jobs added here are done or dead.
async fn ended(two: &Two) {
    let mut sql = two.server.sql().await;
    until("the jobs have ended", seconds(60), async || {
        (count(&mut sql, "select count(*) from jobs where request_id = 'attack'").await == 0).then_some(())
    })
    .await;
}

async fn effects(sql: &mut PgConnection, ids: &Ids) -> i64 {
    sqlx::query_scalar(EFFECTS)
        .bind(ids["waiting_message_id"])
        .bind(ids["attachment_id"])
        .bind(ids["inbound_item_id"])
        .fetch_one(sql)
        .await
        .unwrap()
}
