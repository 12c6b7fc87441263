//! Rate limits and throttles of the calls below `/auth`, with the document's defaults.

use crate::harness::{House, PASSWORD, unique};
use crate::post::{limited, limited_alone};
use chrono::Duration;
use http::Method;
use http_kit::Class;
use serde_json::json;

#[tokio::test]
async fn check_07_six_wrong_passwords_wait_longer_each_time_also_for_nobody_and_after_a_restart_but_a_link_works() {
    let house = House::alone().await;
    let ana = house.user("agent").await;
    let nobody = format!("{}@clinica.example", unique("nobody"));
    for email in [&ana.email, &nobody] {
        for _ in 0..5 {
            house.try_login(email, "not-the-password").await.is(401, "AUTH_CREDENTIALS_INVALID");
        }
        let mut last = 0;
        for _ in 0..5 {
            let refused = house.try_login(email, PASSWORD).await.is(429, "AUTH_THROTTLED");
            let wait: i64 = refused.header("retry-after").parse().unwrap();
            assert!(wait > last, "{wait} after {last}");
            house.another_node().try_login(email, PASSWORD).await.is(429, "AUTH_THROTTLED");
            house.advance(Duration::seconds(wait));
            house.try_login(email, "not-the-password").await.is(401, "AUTH_CREDENTIALS_INVALID");
            last = wait;
        }
    }
    house.work().await;
    let token = house.ask_link("/api/auth/magic-link", &ana.email).await;
    house.post("/api/auth/magic-link/exchange", &json!({ "token": token })).await.ok();
    house.login(&ana.email).await;
}

#[tokio::test]
async fn check_30_one_more_than_allowed_is_refused_with_headers_and_others_are_not_affected() {
    let house =
        limited(&[Class::LoginPair, Class::Session, Class::Validate, Class::Mail, Class::MailTo, Class::Auth]).await;
    let (ana, bia) = (house.user("agent").await, house.user("agent").await);
    let refused = |answer: crate::harness::Answer| {
        let answer = answer.is(429, "RATE_LIMITED");
        assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
        assert!(answer.header("ratelimit").contains("r=0") && answer.header("ratelimit-policy").contains("q="));
    };
    // Login: five a minute for an e-mail from an address, right or wrong.
    for left in (0..5).rev() {
        let answer = house.login(&ana.email).await;
        assert_eq!(answer.header("ratelimit").split(';').nth(1), Some(format!("r={left}").as_str()));
    }
    refused(house.try_login(&ana.email.to_uppercase(), PASSWORD).await);
    let pair = house.login(&bia.email).await;
    // Refresh: ten a minute for a session.
    let mut token = pair.text("refresh_token");
    for _ in 0..10 {
        token = house.refresh(&token).await.ok().text("refresh_token");
    }
    refused(house.refresh(&token).await);
    let other = house.login(&bia.email).await;
    house.refresh(&other.text("refresh_token")).await.ok();
    // Validate: a hundred a minute for a person.
    let access = other.text("access_token");
    for _ in 0..100 {
        house.validate(&access).await.ok();
    }
    refused(house.validate(&access).await);
    house.advance(Duration::minutes(2));
    house.validate(&access).await.ok();
    // Links: three a minute for an e-mail, whether or not it has a login, five for an address.
    let nobody = format!("{}@x.example", unique("nobody"));
    for email in [&ana.email, &nobody] {
        for _ in 0..3 {
            let answer = house.post("/api/auth/magic-link", &json!({ "email": email })).await;
            assert_eq!(answer.status, 202);
        }
        refused(house.post("/api/auth/magic-link", &json!({ "email": email })).await);
        house.advance(Duration::minutes(3));
    }
    for _ in 0..5 {
        house.post("/api/auth/password/forgot", &json!({ "email": unique("n") })).await;
    }
    refused(house.post("/api/auth/password/forgot", &json!({ "email": unique("n") })).await);
    // Everything else below /auth: ten a minute for a person.
    let access = house.access_token(&bia.email).await;
    let body = json!({ "code": "123456" });
    for _ in 0..10 {
        house.call(Method::POST, "/api/auth/reauthenticate", &access, Some(&body)).await;
    }
    refused(house.call(Method::POST, "/api/auth/reauthenticate", &access, Some(&body)).await);
    let access = house.access_token(&ana.email).await;
    house.call(Method::POST, "/api/auth/reauthenticate", &access, Some(&body)).await.is(403, "PROOF_WRONG");
}

#[tokio::test]
async fn an_address_is_limited_whatever_e_mails_it_tries() {
    let house = limited(&[Class::Login]).await;
    for _ in 0..30 {
        house.post("/api/auth/login", &json!({ "email": unique("n"), "password": 7 })).await;
    }
    let ana = house.user("agent").await;
    house.try_login(&ana.email, PASSWORD).await.is(429, "RATE_LIMITED");
    house.advance(Duration::minutes(2));
    house.login(&ana.email).await;
}

/// Sets the organization's own limits through the route.
async fn lower(house: &House, token: &str, limits: serde_json::Value) -> crate::harness::Answer {
    let path = "/api/organization/settings";
    let tag = house.get(path, token).await.ok().header("etag").to_owned();
    let headers = [("authorization", &*format!("Bearer {token}")), ("if-match", &tag)];
    house.send(Method::PATCH, path, &headers, Some(&json!({ "rate_limits": limits }))).await
}

#[tokio::test]
async fn an_organization_lowers_its_limits_at_once_and_never_raises_them() {
    let house = limited(&[Class::People]).await;
    let (boss, ana) = (house.user("admin").await, house.user("manager").await);
    let stranger = house.member(&house.other_organization("Outra").await, &unique("x@y.example"), "manager").await;
    let (boss, ana) = (house.access_token(&boss.email).await, house.access_token(&ana.email).await);
    let stranger = house.access_token(&stranger.email).await;
    // The document's numbers are the ceiling; some limits are not an organization's to set.
    for refused in [
        json!({ "people": { "minute": 31 } }),
        json!({ "people": { "minute": 0 } }),
        json!({ "writing": { "minute": 5 } }),
        json!({ "login": { "minute": 1 } }),
        json!({ "nothing": { "hour": 1 } }),
        json!(7),
    ] {
        let answer = lower(&house, &boss, refused.clone()).await.is(422, "VALIDATION_FAILED");
        assert_eq!(answer.body["errors"][0]["field"], "rate_limits", "{refused}");
    }
    let list = async |token: &str| house.get("/api/users?limit=1", token).await;
    let answer = list(&ana).await.ok();
    assert!(answer.header("ratelimit-policy").contains("\"people-minute\";q=30;w=60"), "{:?}", answer.headers);
    lower(&house, &boss, json!({ "people": { "minute": 3 } })).await.ok();
    // What was used counts: one of three.
    for left in [1, 0] {
        let answer = list(&ana).await.ok();
        assert_eq!(answer.header("ratelimit").split(';').nth(1), Some(format!("r={left}").as_str()));
        assert!(answer.header("ratelimit-policy").contains("\"people-minute\";q=3;w=60"));
    }
    let refused = list(&ana).await.is(429, "RATE_LIMITED");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    assert!(refused.header("ratelimit-policy").contains("q=3;w=60"));
    for _ in 0..5 {
        list(&stranger).await.ok();
    }
    // Taken back: as before, at once.
    lower(&house, &boss, json!(null)).await.ok();
    list(&ana).await.ok();
}

#[tokio::test]
async fn other_nodes_follow_within_two_seconds_and_keys_too() {
    let house = limited_alone(&[Class::Reading]).await;
    let boss = house.user("admin").await;
    let boss = house.access_token(&boss.email).await;
    let elsewhere = house.another_node();
    let list = async || elsewhere.get("/api/units", &boss).await;
    list().await.ok();
    let made = house
        .call(Method::POST, "/api/service-accounts", &boss, Some(&json!({ "name": unique("Robô") })))
        .await
        .text("id");
    let roles = house.get("/api/roles?limit=100", &boss).await.ok();
    let role =
        roles.body["data"].as_array().unwrap().iter().find(|role| role["name"] == "agent").unwrap()["id"].clone();
    let body = json!({ "principal": { "type": "service_account", "id": made }, "scope_type": "organization" });
    let path = format!("/api/roles/{}/assign", role.as_str().unwrap());
    assert_eq!(house.call(Method::POST, &path, &boss, Some(&body)).await.status, 201);
    let path = format!("/api/service-accounts/{made}/keys");
    let key = house.call(Method::POST, &path, &boss, Some(&json!({ "scopes": ["units.view"] }))).await.text("secret");
    elsewhere.get("/api/units", &key).await.ok();
    lower(&house, &boss, json!({ "reading": { "hour": 10 } })).await.ok();
    let since = std::time::Instant::now();
    let lowered = async |token: &str| {
        let policy = elsewhere.get("/api/units", token).await.header("ratelimit-policy").to_owned();
        policy.contains("\"reading\";q=10;w=3600")
    };
    while !(lowered(&boss).await && lowered(&key).await) {
        assert!(since.elapsed().as_secs_f64() < 2.0, "the other node still counts by the old limit");
        tokio::task::yield_now().await;
    }
    // A plan's limit holds where it is the lower one, whatever the organization sets.
    let lowest = json!({ "reading": { "hour": 4 } });
    identity::settings::set_platform_setting(&house.identity, None, "rate_limits", Some(&lowest)).await.unwrap();
    let fresh = house.another_node();
    let policy = fresh.get("/api/units", &boss).await.header("ratelimit-policy").to_owned();
    identity::settings::set_platform_setting(&house.identity, None, "rate_limits", None).await.unwrap();
    assert!(policy.contains("\"reading\";q=4;w=3600"), "{policy}");
}
