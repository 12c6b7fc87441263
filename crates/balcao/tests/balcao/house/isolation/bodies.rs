//! Mass assignment, over every body of the API: what a client may not say about a thing (whose it is, since when, what it
//! may do) is refused by name wherever the description does not list it, and nothing is changed.

use super::super::server::{ALL_ROLES, Server};
use super::super::world::{Organization, graph, number};
use super::operations::operations;
use super::{Ids, UNLIMITED, picture};
use serde_json::{Value, json};

/// Fields that decide what somebody may do, and what they would be set to.
const SMUGGLED: &[(&str, &str)] = &[
    ("organization_id", "\"0199f0a0-0000-7000-8000-000000000001\""),
    ("id", "\"0199f0a0-0000-7000-8000-000000000001\""),
    ("user_id", "\"0199f0a0-0000-7000-8000-000000000001\""),
    ("role", "\"admin\""),
    ("roles", "[\"admin\"]"),
    ("permissions", "[\"roles.manage\"]"),
    ("status", "\"active\""),
    ("is_system", "true"),
    ("created_at", "\"2020-01-01T00:00:00Z\""),
    ("email_verified_at", "\"2020-01-01T00:00:00Z\""),
    ("password_hash", "\"x\""),
    ("must_change_password", "false"),
    ("granted_by", "\"0199f0a0-0000-7000-8000-000000000001\""),
    ("version", "7"),
];

/// Limits of what is asked without a credential.
const MORE_LIMITS: [&str; 5] = [
    "BALCAO_LIMITS_LOGIN",
    "BALCAO_LIMITS_LOGIN_PAIR",
    "BALCAO_LIMITS_MAIL",
    "BALCAO_LIMITS_MAIL_TO",
    "BALCAO_LIMITS_REGISTRATION",
];

/// Provider webhooks are taken as they come; whatever else they say, it is kept and not believed. Who may not found an
/// organization is refused before the body is looked at.
const NOT_LOOKED_AT: &[&str] = &["POST /api/channels/webhooks/whatsapp", "POST /api/organizations"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attack_no_body_takes_a_field_that_is_not_its_own() {
    let graph = graph(&[number()]).await;
    let limits = UNLIMITED.iter().chain(&MORE_LIMITS);
    let mut server = limits.fold(Server::new(&graph.url()), |server, name| server.with(name, "off"));
    server.serve(ALL_ROLES);
    server.ready().await;
    let house = Organization::create(&server, "casa-a", &number()).await;
    let admin = house.person(&server, "ana", "admin").await;
    let document = admin.get("/api/openapi.json").await;
    let mut sql = server.sql().await;
    let before = picture(&mut sql, "casa-a").await;
    let (mut attacks, mut wrong) = (0, Vec::new());
    for operation in operations(&document) {
        let Some(Value::Object(example)) = &operation.example else { continue };
        if NOT_LOOKED_AT.contains(&operation.name().as_str()) {
            continue;
        }
        for (field, value) in SMUGGLED.iter().filter(|(field, _)| !operation.takes(field)) {
            let mut body = example.clone();
            body.insert((*field).to_owned(), serde_json::from_str(value).unwrap());
            let answer = operation.ask_with(&admin, &Ids::new(), Some(&json!(body))).await;
            let named = answer.body["errors"].as_array().into_iter().flatten().any(|error| error["field"] == *field);
            if answer.status != 422 || !named {
                wrong.push(format!("{} with {field}: {answer:?}", operation.name()));
            }
            attacks += 1;
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(attacks > 300, "{attacks} attacks");
    assert_eq!(picture(&mut sql, "casa-a").await, before, "not one row changed");
    server.stop().await;
}
