//! Passwords: what is accepted, how they are kept, changed and chosen anew.

use crate::harness::{House, PASSWORD};
use crate::post::token_of;
use chrono::Duration;
use http::Method;
use mail::Template;
use serde_json::json;

const FORGOT: &str = "/api/auth/password/forgot";
const RESET: &str = "/api/auth/password/reset";
const CHANGE: &str = "/api/me/password";

#[tokio::test]
async fn check_10_73_bytes_are_refused_72_shared_bytes_are_never_equal_and_the_cost_is_12() {
    let house = House::alone().await;
    let ana = house.user("agent").await;
    let token = house.ask_link(FORGOT, &ana.email).await;
    let (long, longer) = ("q7-".repeat(24), format!("{}x", "q7-".repeat(24)));
    assert_eq!((long.len(), longer.len()), (72, 73));
    for (password, code) in [
        (longer.as_str(), "PASSWORD_TOO_LONG"),
        ("cinco-\0-cavalos", "VALIDATION_FAILED"),
        ("curta-9ab", "PASSWORD_TOO_SHORT"),
        ("password123", "PASSWORD_WEAK"),
        ("ClinicaBemEstar2026", "PASSWORD_WEAK"),
        (PASSWORD, "PASSWORD_REUSED"),
    ] {
        house.post(RESET, &json!({ "token": token, "password": password })).await.is(422, code);
    }
    // None of these used the link up.
    assert_eq!(house.post(RESET, &json!({ "token": token, "password": long })).await.status, 204);
    let stored = house.text(format!("select password_hash from users where id = '{}'", ana.user_id)).await;
    assert!(stored.starts_with("$2b$12$"), "{}", &stored[..7]);
    house.try_login(&ana.email, &long).await.ok();
    // One that shares the first 72 bytes is another one: longer is no password at all, and never cut.
    house.try_login(&ana.email, &longer).await.is(401, "AUTH_CREDENTIALS_INVALID");
    house.try_login(&ana.email, &long[..71]).await.is(401, "AUTH_CREDENTIALS_INVALID");
    // The same text typed on another keyboard is the same password (NFKC).
    let token = house.ask_link(FORGOT, &ana.email).await;
    house.post(RESET, &json!({ "token": token, "password": "oficina-\u{fb01}el-e-forte" })).await;
    house.try_login(&ana.email, "oficina-fiel-e-forte").await.ok();
}

#[tokio::test]
async fn a_reset_ends_all_sessions_and_links_signs_nobody_in_and_is_told() {
    let house = House::alone().await;
    let ana = house.user("agent").await;
    let other = house.other_organization("Laboratório Sul").await;
    house.member(&other, &ana.email, "agent").await;
    let login = async |organization: &str| {
        let body = json!({ "email": ana.email, "password": PASSWORD, "organization": organization });
        house.post("/api/auth/login", &body).await.ok().text("access_token")
    };
    let (here, there) = (login(&house.organization.slug).await, login(&other.slug).await);
    let magic = house.ask_link("/api/auth/magic-link", &ana.email).await;
    let token = house.ask_link(FORGOT, &ana.email).await;
    for _ in 0..5 {
        house.try_login(&ana.email, "not-the-password").await;
    }
    house.try_login(&ana.email, PASSWORD).await.is(429, "AUTH_THROTTLED");
    let answer = house.post(RESET, &json!({ "token": token, "password": "quatro-gatos-gordos" })).await;
    assert!(answer.status == 204 && answer.headers.get("set-cookie").is_none() && answer.body.is_null());
    for token in [&here, &there] {
        house.validate(token).await.is(401, "AUTH_SESSION_REVOKED");
        house.another_node().validate(token).await.is(401, "AUTH_SESSION_REVOKED");
    }
    house.post("/api/auth/magic-link/exchange", &json!({ "token": magic })).await.is(400, "LINK_INVALID");
    house.post(RESET, &json!({ "token": token, "password": "cinco-cavalos-caros" })).await.is(400, "LINK_INVALID");
    // The failures from before are forgotten, the old password is gone.
    house.try_login(&ana.email, "quatro-gatos-gordos").await.ok();
    house.try_login(&ana.email, PASSWORD).await.is(401, "AUTH_CREDENTIALS_INVALID");
    let letters = house.work().await;
    assert!(letters.iter().any(|letter| letter.template == Template::PasswordChanged && letter.to == ana.email));
    for organization in [house.organization.id, other.id] {
        let kinds: Vec<String> = house.events(organization).await.into_iter().map(|(kind, ..)| kind).collect();
        for kind in ["auth.password_reset_requested", "auth.password_reset", "auth.session_revoked"] {
            assert!(kinds.iter().any(|found| found == kind), "{kind} in {kinds:?}");
        }
    }
}

#[tokio::test]
async fn a_reset_link_expires_and_is_used_by_one_of_many() {
    let house = House::alone().await;
    let ana = house.user("agent").await;
    let token = house.ask_link(FORGOT, &ana.email).await;
    house.advance(Duration::minutes(30));
    house.post(RESET, &json!({ "token": token, "password": "quatro-gatos-gordos" })).await.is(400, "LINK_INVALID");
    let token = house.ask_link(FORGOT, &ana.email).await;
    let body = json!({ "token": token, "password": "quatro-gatos-gordos" });
    let tries = futures_util::future::join_all((0..3).map(|_| house.post(RESET, &body))).await;
    assert_eq!(tries.iter().filter(|answer| answer.status == 204).count(), 1, "{tries:?}");
}

#[tokio::test]
async fn changing_ones_password_asks_for_the_present_one_and_ends_the_other_sessions() {
    let house = House::alone().await;
    let ana = house.user("agent").await;
    let (other, own) = (house.access_token(&ana.email).await, house.access_token(&ana.email).await);
    let change = async |current: Option<&str>, new: &str| {
        let mut body = json!({ "new_password": new });
        if let Some(current) = current {
            body["current_password"] = json!(current);
        }
        house.call(Method::POST, CHANGE, &own, Some(&body)).await
    };
    change(None, "quatro-gatos-gordos").await.is(422, "VALIDATION_FAILED");
    change(Some("not-the-password"), "quatro-gatos-gordos").await.is(403, "PASSWORD_WRONG");
    change(Some(PASSWORD), PASSWORD).await.is(422, "PASSWORD_REUSED");
    assert_eq!(change(Some(PASSWORD), "quatro-gatos-gordos").await.status, 204);
    house.validate(&own).await.ok();
    house.validate(&other).await.is(401, "AUTH_SESSION_REVOKED");
    house.try_login(&ana.email, PASSWORD).await.is(401, "AUTH_CREDENTIALS_INVALID");
    house.try_login(&ana.email, "quatro-gatos-gordos").await.ok();
    let letters = house.work().await;
    assert!(letters.iter().any(|letter| letter.template == Template::PasswordChanged), "{letters:?}");
    // Guessing it is slowed down like guessing at the door, without shutting the door.
    for _ in 0..5 {
        change(Some("not-the-password"), "cinco-cavalos-caros").await.is(403, "PASSWORD_WRONG");
    }
    change(Some("quatro-gatos-gordos"), "cinco-cavalos-caros").await.is(429, "AUTH_THROTTLED");
    house.try_login(&ana.email, "quatro-gatos-gordos").await.ok();
    let stored = house.everything_stored().await;
    for secret in ["quatro-gatos-gordos", PASSWORD, "not-the-password"] {
        assert!(!stored.contains(secret), "a password lies in the database");
    }
}

#[tokio::test]
async fn the_strictest_policy_of_a_persons_organizations_holds_and_passwords_do_not_come_back() {
    let house = House::alone().await;
    let ana = house.user("agent").await;
    let other = house.other_organization("Laboratório Aurora").await;
    house.member(&other, &ana.email, "agent").await;
    house.set(&json!({ "password.min_length": 14, "password.history": 0 })).await;
    house
        .sql(format!(
            "insert into organization_settings (organization_id, given, updated_at) values ('{}', '{{\"password.history\": 3}}', now())",
            other.id
        ))
        .await;
    // Signed in where the person stays.
    let here = json!({ "email": ana.email, "password": PASSWORD, "organization": house.organization.slug });
    let own = house.post("/api/auth/login", &here).await.ok().text("access_token");
    let change = async |current: &str, new: &str| {
        house.advance(Duration::seconds(1));
        let body = json!({ "current_password": current, "new_password": new });
        house.call(Method::POST, CHANGE, &own, Some(&body)).await
    };
    change(PASSWORD, "oito-ovos-123").await.is(422, "PASSWORD_TOO_SHORT");
    change(PASSWORD, "laboratorio-aurora-x").await.is(422, "PASSWORD_WEAK");
    assert_eq!(change(PASSWORD, "segunda-senha-longa").await.status, 204);
    assert_eq!(change("segunda-senha-longa", "terceira-senha-longa").await.status, 204);
    change("terceira-senha-longa", PASSWORD).await.is(422, "PASSWORD_REUSED");
    change("terceira-senha-longa", "segunda-senha-longa").await.is(422, "PASSWORD_REUSED");
    assert_eq!(change("terceira-senha-longa", "quarta-senha-longa").await.status, 204);
    assert_eq!(change("quarta-senha-longa", PASSWORD).await.status, 204, "three ago is long enough");
    // Where the person was removed nothing is asked any more.
    house
        .sql(format!(
            "update memberships set status = 'removed' where organization_id = '{}' and user_id = '{}'",
            other.id, ana.user_id
        ))
        .await;
    assert_eq!(change(PASSWORD, "laboratorio-aurora-x").await.status, 204);
}

#[tokio::test]
async fn who_must_change_the_password_can_do_nothing_else() {
    let house = House::alone().await;
    let ana = house.user("admin").await;
    house.set(&json!({ "password.max_age_days": 30 })).await;
    let token = house.access_token(&ana.email).await;
    assert_eq!(house.get("/api/users", &token).await.status, 200);
    house.advance(Duration::days(31));
    // Too old by now: the door opens to one command.
    let token = house.access_token(&ana.email).await;
    house.get("/api/users", &token).await.is(403, "PASSWORD_CHANGE_REQUIRED");
    for own in ["/api/me/preferences", "/api/me/sessions", "/api/organizations", "/api/me/mfa"] {
        house.get(own, &token).await.is(403, "PASSWORD_CHANGE_REQUIRED");
    }
    house.call(Method::POST, "/api/me/export", &token, None).await.is(403, "PASSWORD_CHANGE_REQUIRED");
    house.get("/api/me", &token).await.ok();
    let body = json!({ "current_password": PASSWORD, "new_password": "quatro-gatos-gordos" });
    assert_eq!(house.call(Method::POST, CHANGE, &token, Some(&body)).await.status, 204);
    assert_eq!(house.get("/api/users", &token).await.status, 200, "at once, with the same token");
    house.try_login(&ana.email, "quatro-gatos-gordos").await.ok();
}

#[tokio::test]
async fn links_of_a_person_without_a_password_lead_to_one() {
    let house = House::alone().await;
    let ana = house.user("agent").await;
    house.sql(format!("update users set password_hash = null where id = '{}'", ana.user_id)).await;
    house.try_login(&ana.email, "").await.is(401, "AUTH_CREDENTIALS_INVALID");
    let token = token_of(&{
        house.post("/api/auth/magic-link", &json!({ "email": ana.email })).await;
        house.work().await.remove(0)
    });
    let access =
        house.post("/api/auth/magic-link/exchange", &json!({ "token": token })).await.ok().text("access_token");
    let body = json!({ "new_password": "quatro-gatos-gordos" });
    house.advance(Duration::minutes(11));
    house.call(Method::POST, CHANGE, &access, Some(&body)).await.is(403, "REAUTH_REQUIRED");
    let sent = house.call(Method::POST, "/api/auth/reauthenticate", &access, Some(&json!({}))).await;
    assert_eq!((sent.status.as_u16(), sent.text("status").as_str()), (202, "code_sent"));
    let code = house.work().await.remove(0).data["code"].as_str().unwrap().to_owned();
    house
        .call(Method::POST, "/api/auth/reauthenticate", &access, Some(&json!({ "code": "00000000" })))
        .await
        .is(403, "PROOF_WRONG");
    house.call(Method::POST, "/api/auth/reauthenticate", &access, Some(&json!({ "code": code }))).await.ok();
    house
        .call(Method::POST, "/api/auth/reauthenticate", &access, Some(&json!({ "code": code })))
        .await
        .is(403, "PROOF_WRONG");
    assert_eq!(house.call(Method::POST, CHANGE, &access, Some(&body)).await.status, 204);
    house.try_login(&ana.email, "quatro-gatos-gordos").await.ok();
}

#[tokio::test]
async fn a_sign_in_with_the_old_password_does_not_outlive_a_change_that_comes_at_the_same_moment() {
    let house = House::alone().await;
    let ana = house.user("agent").await;
    let token = house.ask_link(FORGOT, &ana.email).await;
    let body = json!({ "token": token, "password": "quatro-gatos-gordos" });
    let sign_ins = futures_util::future::join_all((0..4).map(|_| house.try_login(&ana.email, PASSWORD)));
    let (reset, sign_ins) = tokio::join!(house.post(RESET, &body), sign_ins);
    assert_eq!(reset.status, 204, "{}", reset.body);
    for answer in sign_ins {
        if answer.status == 200 {
            house.validate(&answer.text("access_token")).await.is(401, "AUTH_SESSION_REVOKED");
        } else {
            assert_eq!(answer.code(), "AUTH_CREDENTIALS_INVALID", "{}", answer.body);
        }
    }
}

#[tokio::test]
async fn a_reset_brings_no_earlier_password_back_and_a_refused_one_leaves_the_link_good() {
    let house = House::alone().await;
    let ana = house.user("agent").await;
    house.set(&json!({ "password.history": 2, "password.min_length": 12 })).await;
    let token = house.ask_link("/api/auth/password/forgot", &ana.email).await;
    let reset = async |password: &str| {
        house.post("/api/auth/password/reset", &json!({ "token": token, "password": password })).await
    };
    reset(PASSWORD).await.is(422, "PASSWORD_REUSED");
    reset("curta").await.is(422, "PASSWORD_TOO_SHORT");
    assert_eq!(reset("cinco-cabras-calmas").await.status, 204);
    reset("quatro-gatos-gordos").await.is(400, "LINK_INVALID");
    house.try_login(&ana.email, "cinco-cabras-calmas").await.ok();
}

#[tokio::test]
async fn an_old_password_counts_from_its_last_change() {
    let house = House::alone().await;
    let ana = house.user("agent").await;
    house.set(&json!({ "password.max_age_days": 30 })).await;
    house.advance(Duration::days(29));
    let token = house.ask_link("/api/auth/password/forgot", &ana.email).await;
    let body = json!({ "token": token, "password": "quatro-gatos-gordos" });
    assert_eq!(house.post("/api/auth/password/reset", &body).await.status, 204);
    house.advance(Duration::days(29));
    let token = house.try_login(&ana.email, "quatro-gatos-gordos").await.ok().text("access_token");
    house.get("/api/users", &token).await.ok();
    house.advance(Duration::days(2));
    let token = house.try_login(&ana.email, "quatro-gatos-gordos").await.ok().text("access_token");
    house.get("/api/users", &token).await.is(403, "PASSWORD_CHANGE_REQUIRED");
}
