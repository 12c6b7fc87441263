//! Plans: seats, limits, what time does to a subscription.

use crate::harness::{House, unique};
use crate::lifecycle::due;
use chrono::Duration;
use futures_util::future::join_all;
use http::Method;
use identity::limits::{Limit, check, measure};
use serde_json::json;

async fn plan(house: &House, set: &str) {
    let id = house.organization.id;
    house.sql(format!("update subscriptions set {set} where organization_id = '{id}'")).await;
}

async fn notices(house: &House, kind: &str) -> usize {
    house.events(house.organization.id).await.iter().filter(|event| event.0 == kind).count()
}

#[tokio::test]
async fn check_14_of_parallel_invitations_for_one_free_seat_one_succeeds() {
    let house = House::new().await;
    let admin = house.user("admin").await;
    let token = house.access_token(&admin.email).await;
    plan(&house, "plan = 'pro', seats = 2").await;
    let attempts = (0..10).map(|_| {
        let body =
            json!({ "name": "Nova Pessoa", "email": format!("{}@nova.example", unique("p")), "roles": ["agent"] });
        let (house, token) = (&house, &token);
        async move { house.call(Method::POST, "/api/users", token, Some(&body)).await }
    });
    let answers = join_all(attempts).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        assert_eq!((refused.status.as_u16(), refused.code()), (409, "LIMIT_REACHED"), "{}", refused.body);
        assert_eq!(
            (&refused.body["limit"], &refused.body["current"], &refused.body["max"]),
            (&json!("seats"), &json!(2), &json!(2))
        );
    }
    assert_eq!(notices(&house, "organization.limit_reached").await, 1);
}

#[tokio::test]
async fn fifty_parallel_invitations_take_exactly_the_free_seats() {
    let house = House::new().await;
    let admin = house.user("admin").await;
    let token = house.access_token(&admin.email).await;
    plan(&house, "plan = 'pro', seats = 8").await;
    let attempts = (0..50).map(|_| {
        let body = json!({
            "name": "Nova Pessoa", "email": format!("{}@nova.example", unique("p")), "roles": ["agent"], "send_invitation": false
        });
        let (house, token) = (&house, &token);
        async move { house.call(Method::POST, "/api/users", token, Some(&body)).await }
    });
    let answers = join_all(attempts).await;
    let id = house.organization.id;
    let taken = house.count(format!("select count(*) from memberships where organization_id = '{id}'")).await;
    assert_eq!(taken, 8);
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 7);
    assert!(answers.iter().all(|answer| matches!(answer.status.as_u16(), 201 | 409 | 503)));
}

#[tokio::test]
async fn suspended_and_removed_members_take_no_seat_and_restoring_one_does() {
    let house = House::new().await;
    let admin = house.user("admin").await;
    let (bia, caio) = (house.user("agent").await, house.user("agent").await);
    let token = house.access_token(&admin.email).await;
    plan(&house, "plan = 'free'").await;
    let add = async || {
        let body =
            json!({ "name": "Nova", "email": format!("{}@nova.example", unique("p")), "send_invitation": false });
        house.call(Method::POST, "/api/users", &token, Some(&body)).await
    };
    add().await.is(409, "LIMIT_REACHED");
    house.call(Method::POST, &format!("/api/users/{}/suspend", bia.user_id), &token, None).await;
    assert_eq!(add().await.status, 201);
    house
        .call(Method::POST, &format!("/api/users/{}/restore", bia.user_id), &token, None)
        .await
        .is(409, "LIMIT_REACHED");
    house.call(Method::DELETE, &format!("/api/users/{}", caio.user_id), &token, None).await;
    let restored = house.call(Method::POST, &format!("/api/users/{}/restore", bia.user_id), &token, None).await;
    assert!(restored.status.is_success(), "{}", restored.body);
}

#[tokio::test]
async fn fewer_seats_than_are_taken_are_refused() {
    let house = House::new().await;
    for _ in 0..4 {
        house.user("agent").await;
    }
    let staff = crate::staff::staff(&house, "platform_admin").await;
    let path = format!("/api/platform/organizations/{}", house.organization.id);
    let change = async |body| house.call(Method::PATCH, &path, &staff, Some(&body)).await;
    let refused = change(json!({ "plan": "free" })).await.is(409, "LIMIT_REACHED");
    assert_eq!((&refused.body["current"], &refused.body["max"]), (&json!(4), &json!(3)));
    change(json!({ "plan": "pro", "seats": 3 })).await.is(409, "LIMIT_REACHED");
    change(json!({ "plan": "pro", "seats": 4 })).await.ok();
}

#[tokio::test]
async fn a_limit_is_warned_of_at_80_percent_and_at_100_once_a_period() {
    let house = House::new().await;
    let id = house.organization.id;
    plan(&house, "limits = '{\"custom_roles\": 5, \"conversations_per_month\": 10}'").await;
    let ctx = house.ctx(id);
    let look = async || {
        let mut tx = house.db.tenant(id).await.unwrap();
        measure(&ctx, &mut tx).await.unwrap();
        tx.commit().await.unwrap();
    };
    let conversations = async |from: i64, to: i64| {
        house
            .sql(format!(
                "insert into conversations (id, organization_id, number, audience, channel_kind, status, origin, last_activity_at,
                   created_at, updated_at)
                 select gen_random_uuid(), '{id}', n, 'internal', 'internal', 'open', 'internal', '{0}', '{0}', '{0}'
                 from generate_series({from}, {to}) n",
                house.clock.now().to_rfc3339()
            ))
            .await;
    };
    conversations(1, 7).await;
    look().await;
    assert_eq!(notices(&house, "organization.limit_warning").await, 0);
    conversations(8, 8).await;
    look().await;
    look().await;
    assert_eq!(notices(&house, "organization.limit_warning").await, 1);
    conversations(9, 12).await;
    look().await;
    look().await;
    assert_eq!(notices(&house, "organization.limit_warning").await, 1);
    assert_eq!(notices(&house, "organization.limit_reached").await, 1);
    // What machines begin stops; what customers begin is counted and nothing more.
    let mut tx = house.db.tenant(id).await.unwrap();
    let refused = check(&ctx, &mut tx, Limit::ConversationsPerMonth).await.unwrap_err();
    assert_eq!((refused.code(), &refused.extra()["current"]), ("LIMIT_REACHED", &json!(12)));
    drop(tx);
    house.advance(Duration::days(11));
    look().await;
    assert_eq!(notices(&house, "organization.limit_reached").await, 1);
    conversations(13, 24).await;
    look().await;
    assert_eq!(notices(&house, "organization.limit_warning").await, 2);
    assert_eq!(notices(&house, "organization.limit_reached").await, 2);
}

#[tokio::test]
async fn a_trial_ends_after_14_days_in_the_free_plan() {
    let house = House::alone().await;
    let until = (house.clock.now() + Duration::days(14)).to_rfc3339();
    plan(&house, &format!("plan = 'pro', status = 'trial', trial_ends_at = '{until}'")).await;
    let id = house.organization.id;
    let now = async || {
        house
            .text(format!("select concat_ws(' ', plan, status) from subscriptions where organization_id = '{id}'"))
            .await
    };
    house.advance(Duration::days(14) - Duration::seconds(1));
    due(&house).await;
    assert_eq!(now().await, "pro trial");
    house.advance(Duration::seconds(1));
    due(&house).await;
    assert_eq!(now().await, "free active");
}

#[tokio::test]
async fn a_late_payment_suspends_step_by_step_and_a_payment_opens_again_at_once() {
    let house = House::alone().await;
    let agent = house.user("agent").await;
    let staff = crate::staff::staff(&house, "platform_admin").await;
    let id = house.organization.id;
    let path = format!("/api/platform/organizations/{id}");
    house.call(Method::PATCH, &path, &staff, Some(&json!({ "subscription_status": "past_due" }))).await.ok();
    let state = async || {
        house.text(format!("select concat_ws(' ', status, suspension_mode) from organizations where id = '{id}'")).await
    };
    for (days, expected) in [
        (13, "active"),
        (1, "suspended read_only"),
        (29, "suspended read_only"),
        (1, "suspended blocked"),
        (400, "suspended blocked"),
    ] {
        house.advance(Duration::days(days));
        due(&house).await;
        assert_eq!(state().await, expected);
    }
    house.try_login(&agent.email, crate::harness::PASSWORD).await.is(403, "ORGANIZATION_SUSPENDED");
    let staff = crate::staff::staff(&house, "platform_admin").await;
    house.call(Method::PATCH, &path, &staff, Some(&json!({ "subscription_status": "active" }))).await.ok();
    assert_eq!(state().await, "active");
    house.login(&agent.email).await;
    // A suspension for another reason is not lifted by money.
    let body = json!({ "status": "suspended", "status_reason": "abuse" });
    house.call(Method::PATCH, &path, &staff, Some(&body)).await.ok();
    house.call(Method::PATCH, &path, &staff, Some(&json!({ "seats": 9 }))).await.ok();
    due(&house).await;
    assert_eq!(state().await, "suspended read_only");
}
