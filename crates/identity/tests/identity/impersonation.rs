//! Acting in somebody else's name: members as members, platform staff in organizations.

use crate::harness::House;
use crate::roles::{ask, assign, post, role};
use chrono::Duration;
use http::Method;
use identity::{CreatedUser, PlatformRole};
use serde_json::{Value, json};

const REASON: &str = "Conversas paradas desde a manhã";

/// Somebody of the staff, a member of an organization of his own, signed in with a second factor.
async fn staff(house: &House, role: PlatformRole) -> (CreatedUser, String) {
    let operator = house.other_organization("Operadora").await;
    let email = format!("{}@operadora.example", crate::harness::unique("staff"));
    let user = house.member(&operator, &email, "user").await;
    house.identity.grant_platform_role(&email, Some(role)).await.unwrap();
    let token = house.access_token(&email).await;
    house.sql(format!("update sessions set amr = '{{pwd,otp,mfa}}' where user_id = '{}'", user.user_id)).await;
    house.identity.rights_changed();
    (user, token)
}

async fn set_support_access(house: &House, value: &str) {
    house
        .sql(format!(
            "insert into organization_settings (organization_id, given, updated_at) values ('{}', '{{\"support_access\": \"{value}\"}}', now())
             on conflict (organization_id) do update set given = excluded.given",
            house.organization.id
        ))
        .await;
}

fn request(house: &House, mode: &str) -> Value {
    json!({ "organization": house.organization.slug, "reason": REASON, "mode": mode, "minutes": 20 })
}

async fn kinds(house: &House) -> Vec<String> {
    let events = house.events(house.organization.id).await;
    events.into_iter().map(|(kind, ..)| kind).filter(|kind| kind.starts_with("impersonation.")).collect()
}

#[tokio::test]
async fn a_member_is_seen_through_read_only_by_who_may_do_no_less() {
    let house = House::new().await;
    let boss = house.user("admin").await;
    let token = house.access_token(&boss.email).await;
    let ana = house.user("agent").await;
    let path = format!("/api/users/{}/impersonate", ana.user_id);
    post(&house, &path, &token, json!({ "reason": "x" })).await.is(422, "VALIDATION_FAILED");
    post(&house, &path, &token, json!({ "reason": REASON, "minutes": 31 })).await.is(422, "VALIDATION_FAILED");
    let started = post(&house, &path, &token, json!({ "reason": REASON, "minutes": 15 })).await;
    assert_eq!((started.status.as_u16(), &started.body["expires_in"]), (201, &json!(900)));
    let acting = started.text("access_token");
    let who = house.validate(&acting).await.ok();
    assert_eq!(who.body["user"]["id"], ana.user_id.to_string());
    assert_eq!(who.body["impersonator"]["id"], boss.user_id.to_string());
    assert_eq!(who.body["impersonator"]["kind"], "member");
    house.get("/api/users", &acting).await.ok();
    // Looking is all there is: whatever the route, whatever the role.
    for (method, path) in [
        (Method::POST, "/api/roles"),
        (Method::POST, "/api/auth/switch"),
        (Method::GET, "/api/me/sessions"),
        (Method::PATCH, "/api/users/me"),
    ] {
        ask(&house, method, path, &acting, Some(json!({}))).await.is(403, "IMPERSONATION_FORBIDDEN");
    }
    // At its end it is over, without anybody ending it.
    house.advance(Duration::minutes(15));
    let over = house.get("/api/users", &acting).await;
    assert_eq!(over.status, 401);
    house.identity.close_ended_impersonations(&house.ctx(house.organization.id)).await.unwrap();
    assert_eq!(kinds(&house).await, ["impersonation.started", "impersonation.ended"]);
}

#[tokio::test]
async fn nobody_acts_as_somebody_who_may_do_more() {
    let house = House::new().await;
    let boss = house.user("admin").await;
    let token = house.access_token(&boss.email).await;
    let custom = role(&house, &token, &["users.impersonate", "users.view"]).await;
    let bia = house.user("user").await;
    let whole = json!({ "scope_type": "organization" });
    assert_eq!(assign(&house, &token, &custom.text("id"), bia.user_id, whole).await.status, 201);
    let bia_token = house.access_token(&bia.email).await;
    for target in [&boss, &house.user("agent").await] {
        let path = format!("/api/users/{}/impersonate", target.user_id);
        post(&house, &path, &bia_token, json!({ "reason": REASON })).await.is(403, "GRANT_EXCEEDS_OWN");
    }
    let equal = house.user("user").await;
    let path = format!("/api/users/{}/impersonate", equal.user_id);
    let started = post(&house, &path, &bia_token, json!({ "reason": REASON })).await;
    assert_eq!(started.status, 201, "{}", started.body);
    // And from there nobody goes on to the next one.
    let path = format!("/api/users/{}/impersonate", boss.user_id);
    let again = json!({ "reason": REASON });
    post(&house, &path, &started.text("access_token"), again).await.is(403, "IMPERSONATION_FORBIDDEN");
    // Old proofs do not count.
    house.advance(Duration::minutes(10));
    let path = format!("/api/users/{}/impersonate", equal.user_id);
    post(&house, &path, &token, json!({ "reason": REASON })).await.is(403, "REAUTH_REQUIRED");
}

#[tokio::test]
async fn the_member_is_told_and_can_end_it_at_once() {
    let house = House::new().await;
    let boss = house.user("admin").await;
    let token = house.access_token(&boss.email).await;
    let ana = house.user("agent").await;
    let path = format!("/api/users/{}/impersonate", ana.user_id);
    let acting = post(&house, &path, &token, json!({ "reason": REASON })).await.text("access_token");
    house.get("/api/users", &acting).await.ok();
    assert_eq!(ask(&house, Method::DELETE, "/api/impersonation", &acting, None).await.status, 204);
    house.get("/api/users", &acting).await.is(401, "AUTH_SESSION_REVOKED");
    ask(&house, Method::DELETE, "/api/impersonation", &token, None).await.is(404, "NOT_FOUND");
    let revoked = house.events(house.organization.id).await;
    assert!(
        revoked.iter().any(|(kind, data, _)| kind == "auth.session_revoked" && data["reason"] == "impersonation_ended")
    );
}

#[tokio::test]
async fn check_23_support_is_refused_on_never_and_waits_on_request() {
    let house = House::new().await;
    let admin = house.user("admin").await;
    let admin_token = house.access_token(&admin.email).await;
    let (staff_user, staff_token) = staff(&house, PlatformRole::PlatformSupport).await;
    set_support_access(&house, "never").await;
    post(&house, "/api/platform/support-sessions", &staff_token, request(&house, "write"))
        .await
        .is(403, "SUPPORT_ACCESS_REFUSED");
    assert_eq!(kinds(&house).await, ["impersonation.requested", "impersonation.rejected"]);

    set_support_access(&house, "on_request").await;
    let waits = post(&house, "/api/platform/support-sessions", &staff_token, request(&house, "write")).await;
    assert_eq!((waits.status.as_u16(), waits.text("status").as_str()), (202, "requested"));
    let id = waits.text("id");
    let start = format!("/api/platform/support-sessions/{id}/start");
    post(&house, &start, &staff_token, json!({})).await.is(409, "INVALID_TRANSITION");
    let listed = house.get("/api/support-sessions", &admin_token).await.ok();
    assert_eq!(listed.body["data"][0]["by"]["id"], staff_user.user_id.to_string());
    let path = format!("/api/support-sessions/{id}/approve");
    let agent = house.access_token(&house.user("agent").await.email).await;
    post(&house, &path, &agent, json!({})).await.is(403, "PERMISSION_DENIED");
    post(&house, &path, &admin_token, json!({})).await.ok();
    let acting = post(&house, &start, &staff_token, json!({})).await.text("access_token");

    // Two names in token, validate and log.
    let who = house.validate(&acting).await.ok();
    assert_eq!(who.body["impersonator"]["id"], staff_user.user_id.to_string());
    assert_eq!(who.body["user"]["id"], admin.user_id.to_string());
    assert_eq!(who.body["roles"], json!(["platform_support"]));
    let held = who.body["permissions"].as_array().unwrap();
    for never in ["messaging.reply", "contacts.view_pii", "roles.manage", "organization.billing", "chat.view"] {
        assert!(!held.contains(&json!(never)), "{never}");
    }
    assert!(held.contains(&json!("messaging.assign")));
    let started = house.events(house.organization.id).await;
    let (_, data, _) = started.iter().find(|(kind, ..)| kind == "impersonation.started").unwrap();
    assert_eq!((&data["by"], &data["user_id"]), (&json!(staff_user.user_id), &json!(admin.user_id)));

    // No message to a customer, no approval of more, no roles, in the write mode too.
    let subject = house.identity.subject_of_token(&acting, None).await.unwrap();
    let conversation = kernel::Resource::in_unit(house.organization.id, None);
    let deny = kernel::authorize(&subject, kernel::Permission::MESSAGING_REPLY, &conversation, house.clock.now());
    assert_eq!(deny.unwrap_err(), kernel::Deny::ImpersonationForbidden);
    let new = json!({ "name": "Papel", "permissions": [] });
    post(&house, "/api/roles", &acting, new).await.is(403, "IMPERSONATION_FORBIDDEN");
    post(&house, &path, &acting, json!({})).await.is(403, "IMPERSONATION_FORBIDDEN");

    let noted = house.events(house.organization.id).await;
    let (_, data, _) = noted.iter().find(|(_, data, _)| data["reason"] == "impersonation_forbidden").unwrap();
    assert_eq!(data["impersonator_id"], staff_user.user_id.to_string());

    // Ended by the admin: at once.
    let path = format!("/api/support-sessions/{id}");
    assert_eq!(ask(&house, Method::DELETE, &path, &admin_token, None).await.status, 204);
    house.get("/api/users", &acting).await.is(401, "AUTH_SESSION_REVOKED");
    post(&house, &start, &staff_token, json!({})).await.is(409, "INVALID_TRANSITION");
}

#[tokio::test]
async fn support_that_is_allowed_starts_at_once_and_looks_only_in_the_read_mode() {
    let house = House::new().await;
    house.user("admin").await;
    let (_, staff_token) = staff(&house, PlatformRole::PlatformAdmin).await;
    set_support_access(&house, "allowed").await;
    let started = post(&house, "/api/platform/support-sessions", &staff_token, request(&house, "read")).await;
    assert_eq!(started.status, 201, "{}", started.body);
    let acting = started.text("access_token");
    house.get("/api/users", &acting).await.ok();
    let held = house.validate(&acting).await.ok();
    assert!(held.body["permissions"].as_array().unwrap().iter().all(|one| one.as_str().unwrap().ends_with(".view")));
    post(&house, "/api/roles", &acting, json!({})).await.is(403, "IMPERSONATION_FORBIDDEN");
}

#[tokio::test]
async fn staff_is_staff_with_a_second_factor_and_in_no_other_way() {
    let house = House::new().await;
    let (user, token) = staff(&house, PlatformRole::PlatformSupport).await;
    house.sql(format!("update sessions set amr = '{{pwd}}' where user_id = '{}'", user.user_id)).await;
    house.identity.rights_changed();
    let refused = post(&house, "/api/platform/support-sessions", &token, request(&house, "read")).await;
    refused.is(403, "MFA_REQUIRED");
    // Nobody becomes staff through a role.
    let admin = house.access_token(&house.user("admin").await.email).await;
    let platform = json!({ "name": "Plataforma", "permissions": ["platform.support"] });
    post(&house, "/api/roles", &admin, platform).await.is(422, "VALIDATION_FAILED");
    post(&house, "/api/platform/support-sessions", &admin, request(&house, "read")).await.is(403, "MFA_REQUIRED");
    // And staff is so no more when the operator says so.
    house.identity.grant_platform_role(&user.email, None).await.unwrap();
    house.sql(format!("update sessions set amr = '{{pwd,mfa}}' where user_id = '{}'", user.user_id)).await;
    house.identity.rights_changed();
    let refused = post(&house, "/api/platform/support-sessions", &token, request(&house, "read")).await;
    refused.is(403, "PERMISSION_DENIED");
}
