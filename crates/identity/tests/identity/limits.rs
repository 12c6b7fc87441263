//! Rate limits and throttles of the calls below `/auth`, with the document's defaults.

use crate::harness::{House, PASSWORD, unique};
use crate::post::limited;
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
