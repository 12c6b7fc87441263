//! How organizations begin: the setup of an installation, a sign-up, the platform's staff.

use crate::harness::{House, PASSWORD, no_limits, quick, unique};
use crate::post::token_of;
use http::Method;
use identity::Settings;
use serde_json::{Value, json};

fn admin(email: &str) -> Value {
    json!({ "name": "Ana Souza", "email": email, "password": PASSWORD })
}

/// A house without any organization.
async fn empty() -> House {
    let house = House::alone().await;
    house.sql("truncate organizations cascade".to_owned()).await;
    house
}

#[tokio::test]
async fn the_token_of_the_last_start_sets_the_installation_up_once() {
    let house = empty().await;
    let first = house.identity.setup_token().await.unwrap().unwrap().0;
    let token = house.another_node().identity.setup_token().await.unwrap().unwrap().0;
    let body = |token: &str, email: &str| {
        json!({
            "token": token, "organization": { "name": "Clínica Bem-Estar", "kind": "clinic" }, "admin": admin(email)
        })
    };
    let set_up = async |body: Value| house.post("/api/setup", &body).await;
    set_up(body(first.expose(), "ana@clinica.example")).await.is(403, "SETUP_TOKEN_INVALID");
    set_up(body("made-up", "ana@clinica.example")).await.is(403, "SETUP_TOKEN_INVALID");
    let mut weak = body(token.expose(), "ana@clinica.example");
    weak["admin"]["password"] = json!("clinica bem-estar");
    let refused = set_up(weak).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    let done = set_up(body(token.expose(), "ana@clinica.example")).await;
    assert_eq!(done.status, 201, "{}", done.body);
    assert_eq!(done.body["organization"]["slug"], "clinica-bem-estar");
    set_up(body(token.expose(), "eva@clinica.example")).await.is(410, "SETUP_DONE");
    assert!(house.identity.setup_token().await.unwrap().is_none());
    // Ready for work: roles, units, plan without limits.
    let access = house.login("ana@clinica.example").await.text("access_token");
    assert_eq!(house.get("/api/users/me", &access).await.ok().body["roles"], json!(["admin"]));
    let limits = house.get("/api/organization/limits", &access).await.ok();
    assert_eq!(limits.body["subscription"]["plan"], "enterprise");
    assert_eq!(house.count("select count(*) from units".to_owned()).await, 2);
    assert_eq!(house.count("select count(*) from unit_members".to_owned()).await, 1);
    assert_eq!(house.count("select count(*) from data_keys".to_owned()).await, 1);
}

#[tokio::test]
async fn two_setups_at_once_make_one_organization() {
    let house = empty().await;
    let token = house.identity.setup_token().await.unwrap().unwrap().0;
    let attempts = (0..4).map(|n| {
        let body = json!({
            "token": token.expose(), "organization": { "name": format!("Clínica {n}"), "kind": "clinic" },
            "admin": admin(&format!("ana{n}@clinica.example"))
        });
        let house = &house;
        async move { house.post("/api/setup", &body).await }
    });
    let answers = futures_util::future::join_all(attempts).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1, "{answers:?}");
    assert_eq!(house.count("select count(*) from organizations".to_owned()).await, 1);
}

#[tokio::test]
async fn anybody_founds_an_organization_where_the_installation_allows_it() {
    let house = House::alone().await;
    let slug = unique("nova");
    let body = json!({
        "name": "Nova Clínica", "kind": "clinic", "slug": slug, "timezone": "America/Recife", "language": "es",
        "admin": admin("eva@nova.example")
    });
    house.post("/api/organizations", &body).await.is(403, "SIGN_UP_CLOSED");
    let house = house.with_settings(Settings { sign_up: true, ..quick() });
    let founded = house.post("/api/organizations", &body).await;
    assert_eq!(founded.status, 201, "{}", founded.body);
    assert_eq!(founded.body["organization"]["timezone"], "America/Recife");
    house.post("/api/organizations", &body).await.is(409, "SLUG_TAKEN");
    let mut again = body.clone();
    again["slug"] = json!(unique("nova"));
    house.post("/api/organizations", &again).await.is(409, "EMAIL_TAKEN");
    for (field, value) in
        [("slug", json!("admin")), ("kind", json!("shop")), ("timezone", json!("Mars")), ("status", json!("active"))]
    {
        let mut wrong = body.clone();
        wrong[field] = value;
        house.post("/api/organizations", &wrong).await.is(422, "VALIDATION_FAILED");
    }
    house.try_login("eva@nova.example", PASSWORD).await.is(403, "EMAIL_NOT_VERIFIED");
    let letters = house.work().await;
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].to.as_str(), letters[0].language.as_str()), ("eva@nova.example", "es"));
    let verified = house.post("/api/auth/verify-email", &json!({ "token": token_of(&letters[0]) })).await;
    assert!(verified.status.is_success(), "{}", verified.body);
    let token = house.access_token("eva@nova.example").await;
    let limits = house.get("/api/organization/limits", &token).await.ok();
    let subscription = &limits.body["subscription"];
    assert_eq!((&subscription["plan"], &subscription["status"]), (&json!("pro"), &json!("trial")));
    assert!(subscription["trial_ends_at"].as_str().unwrap().starts_with("2026-12-04"));
    let seats = limits.body["limits"].as_array().unwrap().iter().find(|limit| limit["limit"] == "seats").unwrap();
    assert_eq!((&seats["max"], &seats["current"]), (&json!(5), &json!(1)));
    // Somebody signed in is no stranger, and no staff either.
    let member = house.call(Method::POST, "/api/organizations", &token, Some(&again)).await;
    assert_eq!((member.status.as_u16(), &member.body["required"]), (403, &json!("platform.organizations")));
}

#[tokio::test]
async fn staff_found_one_whose_admin_is_invited() {
    let house = House::alone().await;
    let staff = crate::staff::staff(&house, "platform_admin").await;
    let body = json!({
        "name": "Hospital São João", "kind": "hospital", "admin": { "name": "Rui", "email": "rui@hospital.example" }
    });
    let founded = house.call(Method::POST, "/api/organizations", &staff, Some(&body)).await;
    assert_eq!(founded.status, 201, "{}", founded.body);
    assert_eq!(founded.body["organization"]["slug"], "hospital-sao-joao");
    let letters = house.work().await;
    assert_eq!(letters.len(), 1);
    let accept = json!({ "token": token_of(&letters[0]), "password": PASSWORD });
    let accepted = house.post("/api/invitations/accept", &accept).await;
    assert!(accepted.status.is_success(), "{}", accepted.body);
    assert_eq!(accepted.body["organization"]["slug"], "hospital-sao-joao");
    let support = crate::staff::staff(&house, "platform_support").await;
    house.call(Method::POST, "/api/organizations", &support, Some(&body)).await.is(403, "PERMISSION_DENIED");
}

#[tokio::test]
async fn where_an_organization_is_there_is_nothing_to_set_up() {
    let house = House::with(quick(), no_limits()).await;
    assert!(house.identity.setup_token().await.unwrap().is_none());
    let body =
        json!({ "token": "x", "organization": { "name": "Outra", "kind": "clinic" }, "admin": admin("x@y.example") });
    house.post("/api/setup", &body).await.is(410, "SETUP_DONE");
}
