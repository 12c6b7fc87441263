//! Assignments: scopes, dates, doubles, and the explanation of a decision.

use crate::harness::House;
use crate::roles::{ask, assign, built_in, post, role};
use chrono::{Duration, SecondsFormat};
use futures_util::future::join_all;
use http::Method;
use identity::CreatedUser;
use serde_json::{Value, json};
use uuid::Uuid;

async fn admin(house: &House) -> (CreatedUser, String) {
    let admin = house.user("admin").await;
    let token = house.access_token(&admin.email).await;
    (admin, token)
}

async fn unit(house: &House) -> String {
    house
        .text(format!("select id::text from units where organization_id = '{}' and is_fallback", house.organization.id))
        .await
}

#[tokio::test]
async fn check_16_the_same_assignment_twice_is_409_and_dates_count_to_the_millisecond() {
    let house = House::new().await;
    let (_, token) = admin(&house).await;
    let ana = house.user("user").await;
    let ana_token = house.access_token(&ana.email).await;
    let id = role(&house, &token, &["roles.view"]).await.text("id");
    let (from, to) = (house.clock.now() + Duration::minutes(2), house.clock.now() + Duration::minutes(4));
    let text = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let dated = json!({ "scope_type": "organization", "effective_from": text(from), "effective_to": text(to) });
    let made = assign(&house, &token, &id, ana.user_id, dated.clone()).await;
    assert_eq!((made.status.as_u16(), &made.body["counts_now"]), (201, &json!(false)));
    assign(&house, &token, &id, ana.user_id, dated).await.is(409, "ASSIGNMENT_EXISTS");
    let open = json!({ "scope_type": "organization" });
    assign(&house, &token, &id, ana.user_id, open.clone()).await.is(409, "ASSIGNMENT_EXISTS");
    // Behind its end there is room; the end itself does not count.
    let later = json!({ "scope_type": "organization", "effective_from": text(to) });
    let behind = assign(&house, &token, &id, ana.user_id, later).await;
    assert_eq!(behind.status, 201);
    let turned = json!({ "scope_type": "organization", "effective_from": text(to), "effective_to": text(from) });
    assign(&house, &token, &id, ana.user_id, turned).await.is(422, "VALIDATION_FAILED");
    ask(&house, Method::DELETE, &format!("/api/role-assignments/{}", behind.text("id")), &token, None).await;
    let moment = Duration::milliseconds(1);
    for (at, status) in [(from - moment, 403), (from, 200), (to - moment, 200), (to, 403)] {
        house.clock.set(at);
        assert_eq!(house.get("/api/roles", &ana_token).await.status, status, "{at}");
    }
}

#[tokio::test]
async fn of_many_same_assignments_at_once_one_is_made() {
    let house = House::new().await;
    let (_, token) = admin(&house).await;
    let ana = house.user("finance").await;
    let id = built_in(&house, &token, "agent").await;
    let answers =
        join_all((0..8).map(|_| assign(&house, &token, &id, ana.user_id, json!({ "scope_type": "team" })))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert!(answers.iter().all(|answer| answer.status == 201 || answer.code() == "ASSIGNMENT_EXISTS"));
}

/// Roles are given by name with a person, and as assignments: one rule for both.
#[tokio::test]
async fn a_role_given_by_name_and_as_an_assignment_at_once_is_held_once() {
    let house = House::new().await;
    let (_, token) = admin(&house).await;
    let ana = house.user("finance").await;
    let (id, path) = (built_in(&house, &token, "agent").await, format!("/api/users/{}", ana.user_id));
    let by_name = (0..6).map(|_| async {
        ask(&house, Method::PATCH, &path, &token, Some(json!({ "roles": ["finance", "agent"] }))).await
    });
    let as_assignment = (0..6).map(|_| assign(&house, &token, &id, ana.user_id, json!({ "scope_type": "team" })));
    let (named, assigned) = tokio::join!(join_all(by_name), join_all(as_assignment));
    assert!(named.iter().all(|answer| answer.status == 200), "{named:?}");
    assert!(assigned.iter().all(|answer| answer.status == 201 || answer.code() == "ASSIGNMENT_EXISTS"));
    let held = format!("select count(*) from role_assignments where membership_id = '{}'", ana.membership_id);
    assert_eq!(house.count(format!("{held} and role_id = '{id}'")).await, 1, "agent");
    assert_eq!(house.count(held).await, 2, "agent and finance");
}

#[tokio::test]
async fn naming_a_persons_roles_leaves_what_is_dated_and_counts_nothing_that_is_over() {
    let house = House::new().await;
    let (_, token) = admin(&house).await;
    let ana = house.user("finance").await;
    let (agent, path) = (built_in(&house, &token, "agent").await, format!("/api/users/{}", ana.user_id));
    let text = |at: chrono::DateTime<chrono::Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let end = house.clock.now() + Duration::minutes(5);
    let dated = json!({ "scope_type": "team", "effective_to": text(end) });
    assert_eq!(assign(&house, &token, &agent, ana.user_id, dated).await.status, 201);
    let name =
        async |roles: Value| ask(&house, Method::PATCH, &path, &token, Some(json!({ "roles": roles }))).await.ok();
    let ends = async || {
        let statement = format!(
            "select string_agg(coalesce(extract(epoch from effective_to)::bigint::text, 'never'), ',' order by created_at, id)
             from role_assignments where membership_id = '{}' and role_id = '{agent}'",
            ana.membership_id
        );
        house.text(statement).await
    };
    name(json!(["finance", "agent"])).await;
    assert_eq!(ends().await, end.timestamp().to_string(), "what he has of it stays as it is dated");
    house.clock.set(end);
    name(json!(["finance", "agent"])).await;
    assert_eq!(ends().await, format!("{},never", end.timestamp()), "what is over is no role that he has");
    // Taking away leaves what is over alone: that is history.
    name(json!(["finance"])).await;
    assert_eq!(ends().await, end.timestamp().to_string());
}

#[tokio::test]
async fn a_scope_names_what_it_needs_and_nothing_else() {
    let house = House::new().await;
    let (_, token) = admin(&house).await;
    let (ana, unit) = (house.user("user").await, unit(&house).await);
    let other = house.other_organization("Outra").await;
    let id = built_in(&house, &token, "agent").await;
    let foreign =
        house.text(format!("select id::text from units where organization_id = '{}' limit 1", other.id)).await;
    for wrong in [
        json!({ "scope_type": "unit" }),
        json!({ "scope_type": "team", "scope_id": unit }),
        json!({ "scope_type": "organization", "scope_id": unit }),
        json!({ "scope_type": "unit", "scope_id": foreign }),
        json!({ "scope_type": "unit", "scope_id": Uuid::nil() }),
        json!({ "scope_type": "channel_account", "scope_id": unit }),
    ] {
        assign(&house, &token, &id, ana.user_id, wrong.clone()).await.is(422, "SCOPE_INVALID");
    }
    let made = assign(&house, &token, &id, ana.user_id, json!({ "scope_type": "unit", "scope_id": unit })).await;
    assert_eq!(made.body["ineffective"], json!(["organization.view"]));
    let body = json!({ "principal": { "type": "user", "id": Uuid::nil() } });
    let refused = post(&house, &format!("/api/roles/{id}/assign"), &token, body).await.is(422, "VALIDATION_FAILED");
    assert_eq!(refused.body["errors"][0]["code"], "PRINCIPAL_INVALID");
}

#[tokio::test]
async fn an_archived_unit_ends_its_assignments() {
    let house = House::new().await;
    let (_, token) = admin(&house).await;
    let ana = house.user("user").await;
    let ana_token = house.access_token(&ana.email).await;
    let unit = house
        .text(format!(
            "select id::text from units where organization_id = '{}' and not is_fallback limit 1",
            house.organization.id
        ))
        .await;
    let id = built_in(&house, &token, "agent").await;
    let made = assign(&house, &token, &id, ana.user_id, json!({ "scope_type": "unit", "scope_id": unit })).await;
    let held = |body: &Value| body["permissions"].as_array().unwrap().contains(&json!("messaging.reply"));
    assert!(held(&house.validate(&ana_token).await.ok().body));
    house.advance(Duration::seconds(1));
    let now = house.clock.now().to_rfc3339();
    house.sql(format!("update units set status = 'archived', updated_at = '{now}' where id = '{unit}'")).await;
    house.identity.rights_changed();
    assert!(!held(&house.validate(&ana_token).await.ok().body));
    let ended = house.get(&format!("/api/role-assignments/{}", made.text("id")), &token).await.ok();
    assert_eq!(ended.body["counts_now"], false);
    house.sql(format!("update units set status = 'active', updated_at = '{now}' where id = '{unit}'")).await;
    house.identity.rights_changed();
    assert!(!held(&house.validate(&ana_token).await.ok().body), "an ended assignment does not come back");
}

#[tokio::test]
async fn the_last_admin_keeps_the_role_also_when_two_demote_each_other() {
    let house = House::new().await;
    let (ana, ana_token) = admin(&house).await;
    let (bia, bia_token) = admin(&house).await;
    let id_of = async |user: &CreatedUser| {
        let held = house.get(&format!("/api/role-assignments?user_id={}", user.user_id), &ana_token).await.ok();
        held.body["data"][0]["id"].as_str().unwrap().to_owned()
    };
    let (of_ana, of_bia) = (id_of(&ana).await, id_of(&bia).await);
    let (path_ana, path_bia) = (format!("/api/role-assignments/{of_ana}"), format!("/api/role-assignments/{of_bia}"));
    let answers = tokio::join!(
        ask(&house, Method::DELETE, &path_bia, &ana_token, None),
        ask(&house, Method::DELETE, &path_ana, &bia_token, None),
    );
    let statuses = [answers.0.status.as_u16(), answers.1.status.as_u16()];
    assert!(statuses.contains(&204) && (statuses.contains(&409) || statuses.contains(&403)), "{statuses:?}");
    let (token, path) = if statuses[0] == 204 { (&ana_token, &path_ana) } else { (&bia_token, &path_bia) };
    ask(&house, Method::DELETE, path, token, None).await.is(409, "LAST_ADMIN");
    let end = (house.clock.now() + Duration::hours(1)).to_rfc3339_opts(SecondsFormat::Secs, true);
    ask(&house, Method::PATCH, path, token, Some(json!({ "effective_to": end }))).await.is(409, "LAST_ADMIN");
}

#[tokio::test]
async fn a_decision_is_explained_with_the_grant_the_masks_and_what_would_allow_it() {
    let house = House::new().await;
    let (_, token) = admin(&house).await;
    let (ana, unit) = (house.user("agent").await, unit(&house).await);
    let explain = async |action: &str, resource: Value| {
        let principal = json!({ "type": "user", "id": ana.user_id.to_string() });
        let body = json!({ "principal": principal, "action": action, "resource": resource });
        post(&house, "/api/authorize/explain", &token, body).await.ok().body
    };
    let mine = explain("messaging.reply", json!({ "type": "conversation", "unit_id": unit })).await;
    assert_eq!((&mine["allowed"], &mine["grant"]["role"]), (&json!(true), &json!("agent")));
    assert_eq!(mine["masks"], json!(["clinical", "money"]));
    let elsewhere = Uuid::from_u128(7).to_string();
    let foreign = explain("messaging.reply", json!({ "type": "conversation", "unit_id": elsewhere })).await;
    assert_eq!((&foreign["allowed"], &foreign["reason"]), (&json!(false), &json!("out_of_scope")));
    assert_eq!(foreign["nearest"], json!({ "role": "agent", "scope_type": "unit", "scope_id": elsewhere }));
    assert_eq!(foreign["masks"], json!(["contact_pii", "clinical", "money"]));
    let never = explain("roles.manage", json!({ "type": "organization" })).await;
    assert_eq!((&never["reason"], &never["nearest"]["role"]), (&json!("missing_permission"), &json!("admin")));
    let agent = house.access_token(&ana.email).await;
    let body = json!({ "principal": { "type": "user", "id": ana.user_id.to_string() }, "action": "messaging.reply" });
    post(&house, "/api/authorize/explain", &agent, body).await.is(403, "PERMISSION_DENIED");
}

#[tokio::test]
async fn a_decision_is_explained_about_a_thing_by_its_id_and_a_strangers_is_not_there() {
    let house = House::new().await;
    let (boss, token) = admin(&house).await;
    let ana = house.user("agent").await;
    let other = house.other_organization("Outra").await;
    let stranger = house.member(&other, &format!("{}@outra.example", crate::harness::unique("x")), "admin").await;
    let ask = async |action: &str, resource: Value| {
        let principal = json!({ "type": "user", "id": ana.user_id.to_string() });
        post(
            &house,
            "/api/authorize/explain",
            &token,
            json!({ "principal": principal, "action": action, "resource": resource }),
        )
        .await
    };
    let about_boss = ask("users.manage", json!({ "type": "user", "id": boss.user_id.to_string() })).await.ok();
    assert_eq!(about_boss.body["reason"], "missing_permission");
    let seen = ask("users.view", json!({ "type": "user", "id": boss.user_id.to_string() })).await.ok();
    assert_eq!(seen.body["allowed"], true);
    let unit = unit(&house).await;
    let own = ask("messaging.reply", json!({ "type": "unit", "id": unit })).await.ok();
    assert_eq!((&own.body["allowed"], &own.body["grant"]["scope"]), (&json!(true), &json!("units")));
    let foreign_unit =
        house.text(format!("select id::text from units where organization_id = '{}' and is_fallback", other.id)).await;
    for (kind, id) in [
        ("user", stranger.user_id.to_string()),
        ("organization", other.id.to_string()),
        ("unit", foreign_unit),
        ("role", Uuid::from_u128(7).to_string()),
        ("service_account", Uuid::from_u128(7).to_string()),
    ] {
        ask("users.view", json!({ "type": kind, "id": id })).await.is(404, "NOT_FOUND");
    }
    ask("users.view", json!({ "type": "unit", "id": unit, "unit_id": unit })).await.is(422, "VALIDATION_FAILED");
    ask("users.view", json!({ "type": "ticket", "id": unit })).await.is(422, "VALIDATION_FAILED");
    ask("users.view", json!({ "type": "cat" })).await.is(422, "VALIDATION_FAILED");
}
