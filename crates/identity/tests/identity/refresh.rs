//! Refresh tokens: each good once.

use crate::harness::{House, unique};
use chrono::Duration;

#[tokio::test]
async fn fifty_refreshes_in_a_row_also_over_a_restart_are_one_session() {
    let mut house = House::new().await;
    let ana = house.user("agent").await;
    let mut refresh = house.login(&ana.email).await.text("refresh_token");
    for n in 0..50 {
        if n == 25 {
            house = house.another_node();
        }
        house.advance(Duration::minutes(14));
        let pair = house.refresh(&refresh).await.ok();
        house.validate(&pair.text("access_token")).await.ok();
        let next = pair.text("refresh_token");
        assert_ne!(next, refresh);
        refresh = next;
    }
    assert_eq!(house.count(format!("select count(*) from sessions where user_id = '{}'", ana.user_id)).await, 1);
}

#[tokio::test]
async fn check_03_two_tabs_with_the_same_token_both_go_on() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let token = house.login(&ana.email).await.text("refresh_token");
    let (one, two) = tokio::join!(house.refresh(&token), house.refresh(&token));
    let (one, two) = (one.ok(), two.ok());
    assert_eq!(one.text("refresh_token"), two.text("refresh_token"), "one family, one successor");
    house.advance(Duration::seconds(30));
    let late = house.another_node().refresh(&token).await.ok();
    assert_eq!(late.text("refresh_token"), one.text("refresh_token"));
    for pair in [&one, &two, &late] {
        house.validate(&pair.text("access_token")).await.ok();
    }
    house.refresh(&one.text("refresh_token")).await.ok();
}

#[tokio::test]
async fn check_03_an_older_token_or_one_after_thirty_seconds_ends_the_session_and_is_told() {
    let house = House::new().await;
    for (steps, pause) in [(2, 0), (1, 31), (3, 5)] {
        let ana = house.user("agent").await;
        let first = house.login(&ana.email).await.text("refresh_token");
        let mut last = house.refresh(&first).await.ok();
        for _ in 1..steps {
            last = house.refresh(&last.text("refresh_token")).await.ok();
        }
        house.validate(&last.text("access_token")).await.ok();
        house.advance(Duration::seconds(pause));
        house.refresh(&first).await.is(401, "REFRESH_REUSED");
        // Everything of the session is over, at once, for the thief and for the victim.
        house.validate(&last.text("access_token")).await.is(401, "AUTH_SESSION_REVOKED");
        house.refresh(&last.text("refresh_token")).await.is(401, "REFRESH_INVALID");
        house.refresh(&first).await.is(401, "REFRESH_INVALID");
        let events = house.events(house.organization.id).await;
        assert!(
            events
                .iter()
                .any(|(kind, data, _)| kind == "auth.refresh_reused" && data["user_id"] == ana.user_id.to_string())
        );
        let (_, data, audience) = events.iter().rev().find(|(kind, ..)| kind == "auth.session_revoked").unwrap();
        assert_eq!(
            (data["reason"].as_str(), &audience["only_user"]),
            (Some("refresh_reused"), &serde_json::json!(ana.user_id))
        );
    }
}

#[tokio::test]
async fn sessions_end_unused_after_a_week_and_used_after_thirty_days() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let idle = house.login(&ana.email).await.text("refresh_token");
    let mut used = house.login(&ana.email).await.text("refresh_token");
    for _ in 0..5 {
        house.advance(Duration::days(6));
        if house.clock.now() - crate::harness::start() >= Duration::days(30) {
            break;
        }
        used = house.refresh(&used).await.ok().text("refresh_token");
    }
    house.refresh(&idle).await.is(401, "REFRESH_INVALID");
    house.refresh(&used).await.is(401, "REFRESH_INVALID");
}

#[tokio::test]
async fn made_up_tokens_and_access_tokens_are_no_refresh_tokens() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let access = house.access_token(&ana.email).await;
    for text in [access.as_str(), "", "x", &unique("made-up"), &"A".repeat(5_000)] {
        house.refresh(text).await.is(401, "REFRESH_INVALID");
    }
}

#[tokio::test]
async fn a_suspended_member_does_not_stay_by_refreshing() {
    let house = House::new().await;
    let ana = house.user("agent").await;
    let token = house.login(&ana.email).await.text("refresh_token");
    house.sql(format!("update memberships set status = 'suspended' where id = '{}'", ana.membership_id)).await;
    house.refresh(&token).await.is(403, "MEMBERSHIP_INACTIVE");
    house.sql(format!("update memberships set status = 'active' where id = '{}'", ana.membership_id)).await;
    house.refresh(&token).await.ok();
}
