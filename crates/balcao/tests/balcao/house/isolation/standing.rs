//! What is left to people and keys of an organization that is suspended or closing, over every operation of the API: the
//! effect table of the document, generated. What comes in from channels meanwhile is channels' own test.

use super::super::client::Person;
use super::super::{seconds, until};
use super::cast::{Key, staff};
use super::operations::{Operation, operations};
use super::{Ids, Two, picture};
use reqwest::Method;
use serde_json::{Value, json};

/// Permissions that stay open besides looking, by the organization's state; of people. What is one's own stays too.
const READ_ONLY: &[&str] = &["organization.billing", "organization.close", "audit.export"];
/// Looking included.
const BLOCKED: &[&str] =
    &["organization.view", "organization.billing", "organization.close", "audit.view", "audit.export"];
const CLOSING: &[&str] = &["organization.view", "organization.close", "audit.view", "audit.export"];

/// Open to every member without a permission, and no one's own: closed with the organization.
const OF_ALL_MEMBERS: &str = "GET /api/units";
/// Reading for `roles.view` by POST, because what is asked does not fit into an address.
const LOOKS_BY_POST: &str = "POST /api/authorize/explain";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_suspended_or_closing_organization_leaves_what_the_document_leaves() {
    let mut two = Two::new().await;
    let mut sql = two.server.sql().await;
    let operations = operations(&two.us.get("/api/openapi.json").await);
    let staff = staff(&two.server, &mut sql).await;
    let agent = two.ours.person(&two.server, "gil", "agent").await;
    let key = Key::make(&two.server, &two.us, "Integração").await.bearer;
    let path = format!("/api/platform/organizations/{}", two.our_ids["organization_id"]);
    // Somebody else: about oneself much is one's own.
    let id = agent.get("/api/me").await["id"].as_str().and_then(|id| id.parse().ok()).expect("an id");
    two.our_ids.insert("user_id", id);
    let change = async |body: Value| staff.made(Method::PATCH, &path, &body).await;

    change(json!({ "status": "suspended", "suspension_mode": "read_only", "status_reason": "Atraso" })).await;
    heard(&two.us, "POST", "ORGANIZATION_READ_ONLY").await;
    let before = picture(&mut sql, "casa-a").await;
    let left = |operation: &Operation| {
        operation.permission == "own"
            || operation.permission.ends_with(".view")
            || READ_ONLY.contains(&operation.permission.as_str())
    };
    sweep(&operations, &two.us, &two.our_ids, "ORGANIZATION_READ_ONLY", &left).await;
    sweep(&operations, &key, &two.our_ids, "ORGANIZATION_READ_ONLY", &|operation: &Operation| {
        operation.permission == "own" || operation.permission.ends_with(".view")
    })
    .await;
    agent.get("/api/conversations").await;
    key.get("/api/conversations").await;
    assert_eq!(picture(&mut sql, "casa-a").await, before, "read only: not one row changed");
    // One's own profile stays one's own.
    let profile = json!({ "theme": "dark" });
    two.us.made(Method::PUT, "/api/me/preferences", &profile).await;

    change(json!({ "status": "suspended", "suspension_mode": "blocked" })).await;
    shut(&mut sql, &two, &operations, (&agent, &key), BLOCKED).await;
    change(json!({ "status": "active" })).await;
    two.us.made(Method::PUT, "/api/me/preferences", &profile).await;
    change(json!({ "status": "closing" })).await;
    shut(&mut sql, &two, &operations, (&agent, &key), CLOSING).await;
    two.server.stop().await;
}

/// Only the admin is in, and only to what is left.
async fn shut(
    sql: &mut sqlx::PgConnection,
    two: &Two,
    operations: &[Operation],
    (agent, key): (&Person, &Person),
    left: &[&str],
) {
    heard(&two.us, "GET", "ORGANIZATION_SUSPENDED").await;
    let before = picture(sql, "casa-a").await;
    sweep(operations, &two.us, &two.our_ids, "ORGANIZATION_SUSPENDED", &|operation: &Operation| {
        let own = operation.permission == "own" && operation.name() != OF_ALL_MEMBERS;
        own || left.contains(&operation.permission.as_str())
    })
    .await;
    for operation in operations.iter().filter(|operation| !operation.is_public()) {
        let of_agent = operation.ask(agent, &two.our_ids).await;
        assert_eq!(
            (of_agent.status, &of_agent.body["code"]),
            (401, &json!("AUTH_SESSION_REVOKED")),
            "{}",
            operation.name()
        );
        let of_key = operation.ask(key, &two.our_ids).await;
        assert_eq!(
            (of_key.status, &of_key.body["code"]),
            (403, &json!("ORGANIZATION_SUSPENDED")),
            "{}",
            operation.name()
        );
    }
    assert_eq!(picture(sql, "casa-a").await, before, "not one row changed");
}

/// What is left is not refused for the organization's state (reads are done; what would change things is left to its own
/// tests), everything else is refused for it, and for nothing else.
async fn sweep(operations: &[Operation], subject: &Person, ids: &Ids, code: &str, left: &impl Fn(&Operation) -> bool) {
    let (mut refused, mut wrong) = (0, Vec::new());
    for operation in operations.iter().filter(|operation| !operation.is_public()) {
        let platform = operation.permission.starts_with("platform.");
        if left(operation) {
            if operation.looks() || operation.name() == LOOKS_BY_POST {
                let answer = operation.ask(subject, ids).await;
                if answer.body["code"] == code {
                    wrong.push(format!("{} should be left: {answer:?}", operation.name()));
                }
            }
            continue;
        }
        // Of what we have none there is nothing to refuse.
        if operation.kinds().any(|kind| !ids.contains_key(kind)) {
            continue;
        }
        let answer = operation.ask(subject, ids).await;
        let told = answer.body["code"].as_str().unwrap_or_default();
        // What keys can never do is refused to them in any state.
        let never = platform || told == "PERSON_REQUIRED";
        if (answer.status, told) != (403, code) && !(never && answer.status == 403) {
            wrong.push(format!("{}: {answer:?}", operation.name()));
        }
        refused += 1;
    }
    assert!(wrong.is_empty(), "{code}: {wrong:#?}");
    assert!(refused > 20, "{refused} operations are closed");
}

/// Waits until this node knows.
async fn heard(admin: &Person, method: &str, code: &str) {
    let method: Method = method.parse().unwrap();
    until("the new state is heard of", seconds(10), async || {
        let body = json!({ "name": "Triagem nova", "permissions": ["messaging.view"] });
        let body = (method == Method::POST).then_some(&body);
        let answer = admin.ask(method.clone(), "/api/roles", body).await.unwrap();
        (answer.body["code"] == code).then_some(())
    })
    .await;
}
