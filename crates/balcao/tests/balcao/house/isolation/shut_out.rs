//! Credentials that were good once, and people who owe something first: refused by every operation of the API, whatever it
//! asks for, with the reason of it; nothing is changed by asking.

use super::super::client::{Answer, Person};
use super::super::{seconds, until};
use super::cast::Key;
use super::operations::{Operation, operations};
use super::{Ids, Two, picture};
use reqwest::Method;
use serde_json::json;
use sqlx::{AssertSqlSafe, PgConnection};

/// Another process, or a change by hand in the database, is heard of within this time.
const HEARD: std::time::Duration = seconds(10);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ended_credentials_open_nothing() {
    let mut two = Two::new().await;
    let mut sql = two.server.sql().await;
    let operations = operations(&two.us.get("/api/openapi.json").await);
    let Two { server, us, ours, our_ids, .. } = &two;

    // Suspended by an admin: at once.
    let carla = ours.person(server, "carla", "agent").await;
    let id = carla.get("/api/me").await["id"].as_str().unwrap().to_owned();
    us.made(Method::POST, &format!("/api/users/{id}/suspend"), &json!({})).await;
    closed(&mut sql, &operations, &carla, our_ids, (401, "AUTH_SESSION_REVOKED")).await;

    // The session that nobody ended: the membership alone keeps him out.
    let davi = ours.person(server, "davi", "admin").await;
    let id = davi.get("/api/me").await["id"].as_str().unwrap().to_owned();
    run(&mut sql, &format!("update memberships set status = 'suspended', suspended_at = now() where user_id = '{id}'"))
        .await;
    closed(&mut sql, &operations, &davi, our_ids, (403, "MEMBERSHIP_INACTIVE")).await;

    let revoked = Key::make(server, us, "Revogada").await;
    revoked.revoke(us).await;
    closed(&mut sql, &operations, &revoked.bearer, our_ids, (401, "API_KEY_REVOKED")).await;

    let expired = Key::make(server, us, "Vencida").await;
    run(&mut sql, &format!("update api_keys set expires_at = now() where id = '{}'", expired.id)).await;
    closed(&mut sql, &operations, &expired.bearer, our_ids, (401, "API_KEY_EXPIRED")).await;

    let disabled = Key::make(server, us, "Desligada").await;
    let path = format!("/api/service-accounts/{}", disabled.account);
    us.made(Method::PATCH, &path, &json!({ "status": "disabled" })).await;
    closed(&mut sql, &operations, &disabled.bearer, our_ids, (401, "API_KEY_REVOKED")).await;
    two.server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_owes_something_can_do_that_and_nothing_else() {
    let mut two = Two::new().await;
    let mut sql = two.server.sql().await;
    let operations = operations(&two.us.get("/api/openapi.json").await);
    let Two { server, ours, our_ids, .. } = &two;
    for operation in &operations {
        let known = operation.owing.iter().all(|word| ["password", "second_factor"].contains(&word.as_str()));
        assert!(known && (operation.owing.is_empty() || operation.permission == "own"), "{}", operation.name());
    }

    let eva = ours.person(server, "eva", "admin").await;
    let id = eva.get("/api/me").await["id"].as_str().unwrap().to_owned();
    run(&mut sql, &format!("update users set must_change_password = true where id = '{id}'")).await;
    owes(&operations, &eva, our_ids, "password", "PASSWORD_CHANGE_REQUIRED").await;

    let fabio = ours.person(server, "fabio", "admin").await;
    // Asked for, and the seven days to comply are over.
    run(
        &mut sql,
        "insert into organization_settings as s (organization_id, given, updated_at)
         select id, '{\"mfa.required_for\": \"all\"}', now() from organizations where slug = 'casa-a'
         on conflict (organization_id) do update set given = s.given || excluded.given",
    )
    .await;
    run(
        &mut sql,
        "insert into mfa_requirements (organization_id, required_for, since)
         select id, 'all', now() - interval '8 days' from organizations where slug = 'casa-a'
         on conflict (organization_id) do update set required_for = excluded.required_for, since = excluded.since",
    )
    .await;
    run(
        &mut sql,
        "update memberships set joined_at = now() - interval '8 days', created_at = now() - interval '8 days'",
    )
    .await;
    owes(&operations, &fabio, our_ids, "second_factor", "MFA_REQUIRED").await;
    two.server.stop().await;
}

/// Every operation that is not public answers this and changes nothing.
async fn closed(
    sql: &mut PgConnection,
    operations: &[Operation],
    subject: &Person,
    ids: &Ids,
    (status, code): (u16, &str),
) {
    told_by_now(subject, code).await;
    let before = picture(sql, "casa-a").await;
    for operation in operations.iter().filter(|operation| !operation.is_public()) {
        is(&operation.ask(subject, ids).await, status, code, operation);
    }
    assert_eq!(picture(sql, "casa-a").await, before, "{code}: not one row changed");
}

/// What leads out of the debt is open, everything else answers this.
async fn owes(operations: &[Operation], subject: &Person, ids: &Ids, debt: &str, code: &str) {
    until("the debt is heard of", HEARD, async || {
        let answer = subject.ask(Method::GET, "/api/units", None).await.unwrap();
        (answer.body["code"] == code).then_some(())
    })
    .await;
    let mut open = 0;
    for operation in operations.iter().filter(|operation| !operation.is_public()) {
        let answer = operation.ask(subject, ids).await;
        if operation.owing.iter().any(|word| word == debt) {
            assert_ne!(answer.body["code"], code, "{}", operation.name());
            assert!(!operation.looks() || answer.status == 200, "{}: {answer:?}", operation.name());
            open += 1;
        } else {
            is(&answer, 403, code, operation);
        }
    }
    assert!(open >= 4, "{open} ways out");
}

fn is(answer: &Answer, status: u16, code: &str, operation: &Operation) {
    assert_eq!((answer.status, answer.body["code"].as_str()), (status, Some(code)), "{}: {answer:?}", operation.name());
}

async fn told_by_now(subject: &Person, code: &str) {
    until("the end is heard of", HEARD, async || {
        let answer = subject.ask(Method::GET, "/api/auth/validate", None).await.unwrap();
        (answer.body["code"] == code).then_some(())
    })
    .await;
}

async fn run(sql: &mut PgConnection, statement: &str) {
    sqlx::query(AssertSqlSafe(statement.to_owned())).execute(sql).await.unwrap();
}
