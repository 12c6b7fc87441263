//! Guessing is slowed, per typed e-mail.

use crate::harness::{House, PASSWORD, unique};
use chrono::Duration;
use serde_json::json;

#[tokio::test]
async fn from_the_fifth_failure_on_every_try_waits_twice_as_long_also_for_nobody_and_after_a_restart() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let nobody = format!("{}@clinica.example", unique("nobody"));
    for email in [&ana.email, &nobody] {
        for _ in 0..5 {
            house.try_login(email, "not-the-password").await.is(401, "AUTH_CREDENTIALS_INVALID");
        }
        for wait in [2, 4, 8] {
            let refused = house.try_login(email, PASSWORD).await.is(429, "AUTH_THROTTLED");
            assert_eq!(refused.header("retry-after"), wait.to_string());
            // Another process knows it too.
            house.another_node().try_login(email, PASSWORD).await.is(429, "AUTH_THROTTLED");
            house.advance(Duration::seconds(wait));
            house.try_login(email, "not-the-password").await.is(401, "AUTH_CREDENTIALS_INVALID");
        }
    }
    // The right password, in time, clears it.
    house.advance(Duration::seconds(16));
    house.login(&ana.email).await;
    house.try_login(&ana.email, "not-the-password").await.is(401, "AUTH_CREDENTIALS_INVALID");
    house.login(&ana.email).await;
}

#[tokio::test]
async fn tries_in_parallel_do_not_get_round_it() {
    let house = House::new().await;
    let email = format!("{}@clinica.example", unique("nobody"));
    let tries = (0..9).map(|_| house.try_login(&email, "not-the-password"));
    let answers = futures_util::future::join_all(tries).await;
    let told = answers.iter().filter(|answer| answer.status == 401).count();
    assert_eq!(told, 5, "only five learn that they were wrong");
    assert!(answers.iter().all(|answer| matches!(answer.status.as_u16(), 401 | 429)));
}

#[tokio::test]
async fn the_organization_is_told_when_it_was_named() {
    let house = House::alone().await;
    let email = format!("{}@clinica.example", unique("nobody"));
    let body = json!({ "email": email, "password": "wrong", "organization": house.organization.slug });
    for _ in 0..6 {
        house.post("/api/auth/login", &body).await;
    }
    house.work().await;
    let events = house.events(house.organization.id).await;
    let of = |wanted: &str| events.iter().filter(|(kind, ..)| kind == wanted).count();
    assert_eq!((of("auth.login_failed"), of("auth.throttled")), (5, 1));
    assert!(!format!("{events:?}").contains(&email), "no address in the log");
}

#[tokio::test]
async fn every_organization_of_the_person_and_the_platform_are_told_of_failures() {
    let house = House::alone().await;
    let ana = house.user("agent").await;
    let other = house.other_organization("Laboratório Sul").await;
    house.member(&other, &ana.email, "agent").await;
    let third = house.other_organization("Farmácia Norte").await;
    house.try_login(&ana.email, "not-the-password").await.is(401, "AUTH_CREDENTIALS_INVALID");
    house.work().await;
    for organization in [house.organization.id, other.id, store::INSTALLATION] {
        let events = house.events(organization).await;
        let (_, data, audience) = events.iter().find(|(kind, ..)| kind == "auth.login_failed").unwrap();
        assert_eq!((&data["user_id"], &audience["permission"]), (&json!(ana.user_id), &json!("audit.view")));
    }
    assert!(!house.events(third.id).await.iter().any(|(kind, ..)| kind == "auth.login_failed"));
}

#[tokio::test]
async fn what_no_longer_counts_is_forgotten() {
    let house = House::alone().await;
    for n in 0..3 {
        house.try_login(&format!("n{n}@x.example"), "wrong").await;
    }
    assert_eq!(house.identity.forget_old_failures().await.unwrap(), 0);
    house.advance(Duration::hours(1));
    assert_eq!(house.identity.forget_old_failures().await.unwrap(), 3);
}
