//! Signing out ends everything of the session at once.

use crate::harness::House;
use chrono::Duration;
use http::Method;
use serde_json::json;
use std::time::Instant;

async fn logout(house: &House, token: &str, body: Option<&serde_json::Value>) -> u16 {
    let bearer = format!("Bearer {token}");
    house.send(Method::POST, "/api/auth/logout", &[("authorization", &bearer)], body).await.status.as_u16()
}

#[tokio::test]
async fn check_02_the_access_token_of_a_moment_ago_is_refused_and_signing_out_again_is_fine() {
    let house = House::new().await;
    let other_node = house.another_node();
    let ana = house.user("agent").await;
    let answer = house.login(&ana.email).await;
    let token = answer.text("access_token");
    house.get("/api/users/me", &token).await.ok();
    other_node.get("/api/users/me", &token).await.ok();

    assert_eq!(logout(&house, &token, None).await, 204);
    for path in ["/api/users/me", "/api/users", "/api/units", "/api/auth/validate"] {
        house.get(path, &token).await.is(401, "AUTH_SESSION_REVOKED");
    }
    house.refresh(&answer.text("refresh_token")).await.is(401, "REFRESH_INVALID");
    // Another node notices within two seconds.
    let since = Instant::now();
    while other_node.get("/api/users/me", &token).await.status == 200 {
        assert!(since.elapsed() < std::time::Duration::from_secs(2), "still let in elsewhere");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(logout(&house, &token, None).await, 204);
    assert_eq!(logout(&house, "nonsense", None).await, 204);
    assert_eq!(house.send(Method::POST, "/api/auth/logout", &[], None).await.status, 204);

    let events = house.events(house.organization.id).await;
    let (_, data, audience) = events.iter().find(|(kind, ..)| kind == "auth.session_revoked").unwrap();
    assert_eq!((data["reason"].as_str(), &audience["only_user"]), (Some("logout"), &json!(ana.user_id)));
    assert!(data["session_id"].is_string());
    assert_eq!(events.iter().filter(|(kind, ..)| kind == "auth.logged_out").count(), 1, "told once");
}

#[tokio::test]
async fn a_token_whose_time_is_over_still_signs_out() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let answer = house.login(&ana.email).await;
    house.advance(Duration::minutes(16));
    house.validate(&answer.text("access_token")).await.is(401, "AUTH_TOKEN_EXPIRED");
    assert_eq!(logout(&house, &answer.text("access_token"), None).await, 204);
    house.refresh(&answer.text("refresh_token")).await.is(401, "REFRESH_INVALID");
}

#[tokio::test]
async fn the_refresh_token_alone_signs_out_and_all_means_every_session_everywhere() {
    let house = House::new().await;
    let other = house.other_organization("Outra").await;
    let ana = house.user("agent").await;
    house.member(&other, &ana.email, "user").await;
    let first = house.login(&ana.email).await;
    house.post("/api/auth/logout", &json!({ "refresh_token": first.text("refresh_token") })).await;
    house.validate(&first.text("access_token")).await.is(401, "AUTH_SESSION_REVOKED");

    let here = house.access_token(&ana.email).await;
    let body = json!({ "email": ana.email, "password": crate::harness::PASSWORD, "organization": other.slug });
    let there = house.post("/api/auth/login", &body).await.ok().text("access_token");
    let bia = house.user("agent").await;
    let hers = house.access_token(&bia.email).await;
    assert_eq!(logout(&house, &here, Some(&json!({ "all": true }))).await, 204);
    for token in [&here, &there] {
        house.validate(token).await.is(401, "AUTH_SESSION_REVOKED");
    }
    house.validate(&hers).await.ok();
}

#[tokio::test]
async fn a_load_that_began_before_the_logout_does_not_bring_the_session_back() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    for _ in 0..6 {
        let token = house.access_token(&ana.email).await;
        // Requests and the logout race; what comes after the answer of the logout must find the door shut.
        let looks = async { futures_util::future::join_all((0..8).map(|_| house.validate(&token))).await };
        let (_, out) = tokio::join!(looks, logout(&house, &token, None));
        assert_eq!(out, 204);
        house.validate(&token).await.is(401, "AUTH_SESSION_REVOKED");
    }
}
