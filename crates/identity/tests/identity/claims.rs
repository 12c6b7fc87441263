//! Logins that somebody made with an address that is not his (account pre-hijacking): whoever proves the address first
//! gets the login, and nothing of what was laid there before.

use crate::harness::{House, PASSWORD, unique};
use crate::post::token_of;
use http::Method;
use serde_json::json;

const CHOSEN: &str = "sete-saias-sete-cores";

fn email(prefix: &str) -> String {
    format!("{}@clinica.example", unique(prefix))
}

/// Somebody who registered with an address that is not his, with all that he laid there for later.
struct Trap {
    victim: String,
    user_id: String,
    /// His access and refresh token.
    access: String,
    refresh: String,
}

async fn trap(house: &House) -> Trap {
    house.set(&json!({ "registration.mode": "open", "registration.require_verified_email": false })).await;
    let victim = email("vitima");
    let body =
        json!({ "name": "Impostor", "email": victim, "password": PASSWORD, "organization": house.organization.slug });
    assert_eq!(house.post("/api/users", &body).await.status, 201);
    let signed_in = house.login(&victim).await;
    let user_id = signed_in.body["user"]["id"].as_str().unwrap().to_owned();
    for statement in [
        "insert into totp_factors (user_id, secret_sealed, confirmed_at, created_at) values ('{id}', 'x', now(), now())",
        "insert into recovery_codes (user_id, code_hash, created_at) values ('{id}', '{id}', now())",
        "insert into passkeys (id, user_id, credential_id, credential, name, created_at) values (gen_random_uuid(), '{id}', '{id}', '{}', 'x', now())",
        "insert into user_identities (id, user_id, provider, issuer, subject, created_at) values (gen_random_uuid(), '{id}', 'x', 'https://x.example', '{id}', now())",
    ] {
        house.sql(statement.replace("{id}", &user_id)).await;
    }
    Trap { victim, user_id, access: signed_in.text("access_token"), refresh: signed_in.text("refresh_token") }
}

async fn is_disarmed(house: &House, trap: &Trap) {
    house.validate(&trap.access).await.is(401, "AUTH_SESSION_REVOKED");
    house.another_node().validate(&trap.access).await.is(401, "AUTH_SESSION_REVOKED");
    house.refresh(&trap.refresh).await.is(401, "REFRESH_INVALID");
    house.try_login(&trap.victim, PASSWORD).await.is(401, "AUTH_CREDENTIALS_INVALID");
    for table in ["totp_factors", "recovery_codes", "passkeys", "user_identities"] {
        let left = house.count(format!("select count(*) from {table} where user_id = '{}'", trap.user_id)).await;
        assert_eq!(left, 0, "{table}");
    }
    house.work().await;
    let proven = house.events(house.organization.id).await;
    let (_, data, _) = proven.iter().find(|(kind, ..)| kind == "auth.email_verified").unwrap();
    assert_eq!(data["reason"], "claimed");
}

#[tokio::test]
async fn a_magic_link_takes_a_login_over_that_a_stranger_made() {
    let house = House::alone().await;
    let trap = trap(&house).await;
    let token = house.ask_link("/api/auth/magic-link", &trap.victim).await;
    // No second factor is asked for: there is none of hers.
    let hers = house.post("/api/auth/magic-link/exchange", &json!({ "token": token })).await.ok();
    house.validate(&hers.text("access_token")).await.ok();
    is_disarmed(&house, &trap).await;
    // A second link is an ordinary sign-in and clears nothing.
    let reset = house.ask_link("/api/auth/password/forgot", &trap.victim).await;
    let done = house.post("/api/auth/password/reset", &json!({ "token": reset, "password": CHOSEN })).await;
    assert_eq!(done.status, 204);
    let token = house.ask_link("/api/auth/magic-link", &trap.victim).await;
    house.post("/api/auth/magic-link/exchange", &json!({ "token": token })).await.ok();
    house.try_login(&trap.victim, CHOSEN).await.ok();
}

#[tokio::test]
async fn a_reset_takes_a_login_over_that_a_stranger_made() {
    let house = House::alone().await;
    let trap = trap(&house).await;
    let token = house.ask_link("/api/auth/password/forgot", &trap.victim).await;
    let done = house.post("/api/auth/password/reset", &json!({ "token": token, "password": CHOSEN })).await;
    assert_eq!(done.status, 204, "{}", done.body);
    is_disarmed(&house, &trap).await;
    let hers = house.try_login(&trap.victim, CHOSEN).await.ok();
    house.validate(&hers.text("access_token")).await.ok();
}

#[tokio::test]
async fn links_that_a_stranger_asked_for_before_the_proof_are_dead_after_it() {
    let house = House::alone().await;
    let trap = trap(&house).await;
    let reset = house.ask_link("/api/auth/password/forgot", &trap.victim).await;
    let verify = house.ask_link("/api/auth/verify-email/resend", &trap.victim).await;
    let magic = house.ask_link("/api/auth/magic-link", &trap.victim).await;
    house.post("/api/auth/magic-link/exchange", &json!({ "token": magic })).await.ok();
    house
        .post("/api/auth/password/reset", &json!({ "token": reset, "password": CHOSEN }))
        .await
        .is(400, "LINK_INVALID");
    house.post("/api/auth/verify-email", &json!({ "token": verify })).await.is(400, "LINK_INVALID");
}

#[tokio::test]
async fn whoever_only_typed_an_address_gets_nothing_that_is_promised_to_its_owner() {
    let house = House::alone().await;
    let trap = trap(&house).await;
    let other = house.other_organization("Outra").await;
    let chief = house.access_token(&house.member(&other, &email("chefe"), "admin").await.email).await;
    let made = house.call(Method::POST, "/api/invitations", &chief, Some(&json!({ "email": trap.victim }))).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let letters = house.work().await;
    let own = house.get("/api/me/invitations", &trap.access).await.ok();
    assert_eq!(own.body["data"], json!([]), "not even that there is one");
    let accept = format!("/api/me/invitations/{}/accept", made.text("id"));
    house.call(Method::POST, &accept, &trap.access, None).await.is(404, "NOT_FOUND");
    // Nor by signing in there, even where that organization asks for no proof.
    house
        .sql(format!(
            "insert into organization_settings (organization_id, given, updated_at)
             values ('{}', '{{\"registration.require_verified_email\": false}}', now())",
            other.id
        ))
        .await;
    let body = json!({ "email": trap.victim, "password": PASSWORD, "organization": other.slug });
    house.post("/api/auth/login", &body).await.is(403, "EMAIL_NOT_VERIFIED");
    let switch = json!({ "organization": other.slug });
    house.call(Method::POST, "/api/auth/switch", &trap.access, Some(&switch)).await.is(403, "EMAIL_NOT_VERIFIED");
    // Nor by taking the login to another address.
    let move_on = json!({ "email": email("impostor") });
    house.call(Method::PATCH, "/api/users/me", &trap.access, Some(&move_on)).await.is(403, "EMAIL_NOT_VERIFIED");
    // The owner gets in with the letter.
    let letter = letters.iter().find(|letter| letter.template.name() == "invitation").unwrap();
    let body = json!({ "token": token_of(letter), "password": CHOSEN });
    house.post("/api/invitations/accept", &body).await.ok();
    is_gone(&house, &trap).await;
}

async fn is_gone(house: &House, trap: &Trap) {
    house.validate(&trap.access).await.is(401, "AUTH_SESSION_REVOKED");
    house.try_login(&trap.victim, PASSWORD).await.is(401, "AUTH_CREDENTIALS_INVALID");
}
