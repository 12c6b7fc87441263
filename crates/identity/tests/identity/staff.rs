//! Organizations as the platform's staff see and change them.

use crate::harness::{House, unique};
use http::Method;
use serde_json::json;

/// An access token of somebody on the platform's staff, signed in with a second factor in an organization of its own.
pub async fn staff(house: &House, role: &str) -> String {
    let home = house.other_organization("Balcao").await;
    let person = house.member(&home, &format!("{}@balcao.example", unique("staff")), "user").await;
    house
        .sql(format!(
            "insert into platform_staff (user_id, role, granted_at) values ('{}', '{role}', now())",
            person.user_id
        ))
        .await;
    let token = with_second_factor(house, &person).await;
    house.identity.rights_changed();
    token
}

async fn with_second_factor(house: &House, person: &identity::CreatedUser) -> String {
    let signed_in = house.try_login(&person.email, crate::harness::PASSWORD).await;
    let token = match signed_in.body["access_token"].as_str() {
        Some(token) => token.to_owned(),
        None => panic!("{}", signed_in.body),
    };
    house.sql(format!("update sessions set amr = '{{pwd,otp,mfa}}' where user_id = '{}'", person.user_id)).await;
    token
}

#[tokio::test]
async fn staff_see_name_plan_state_and_counts_of_every_organization_and_others_nothing() {
    let house = House::alone().await;
    let admin = house.user("admin").await;
    let other = house.other_organization("Clínica Dois").await;
    for id in [house.organization.id, other.id] {
        house.sql(format!("update organizations set tax_id = '11222333000181' where id = '{id}'")).await;
    }
    let staff = staff(&house, "platform_support").await;
    let page = house.get("/api/platform/organizations?limit=1", &staff).await.ok();
    assert_eq!(page.body["data"].as_array().unwrap().len(), 1);
    let cursor = page.body["next_cursor"].as_str().unwrap();
    let rest = house.get(&format!("/api/platform/organizations?cursor={cursor}"), &staff).await.ok();
    let all: Vec<_> =
        page.body["data"].as_array().unwrap().iter().chain(rest.body["data"].as_array().unwrap()).cloned().collect();
    assert_eq!(all.len(), 3);
    let ours = all.iter().find(|one| one["slug"] == json!(house.organization.slug)).unwrap();
    assert_eq!(
        (&ours["plan"], &ours["seats_taken"], &ours["same_tax_id"], ours.get("tax_id")),
        (&json!("enterprise"), &json!(1), &json!(true), None)
    );
    let found = house.get("/api/platform/organizations?q=dois&status=active", &staff).await.ok();
    assert_eq!(found.body["data"].as_array().unwrap().len(), 1);
    house.get("/api/platform/organizations?status=gone", &staff).await.is(400, "INVALID_PARAMETER");
    let path = format!("/api/platform/organizations/{}", other.id);
    house.call(Method::PATCH, &path, &staff, Some(&json!({ "plan": "free" }))).await.is(403, "PERMISSION_DENIED");
    let token = with_second_factor(&house, &admin).await;
    house.get("/api/platform/organizations", &token).await.is(403, "PERMISSION_DENIED");
    house.call(Method::PATCH, &path, &token, Some(&json!({ "plan": "free" }))).await.is(403, "PERMISSION_DENIED");
    house.get("/api/users", &staff).await.ok();
}

#[tokio::test]
async fn staff_change_plan_seats_limits_and_features_and_the_organization_feels_it_at_once() {
    let house = House::new().await;
    let admin = house.user("admin").await;
    let token = house.access_token(&admin.email).await;
    let staff = staff(&house, "platform_admin").await;
    let path = format!("/api/platform/organizations/{}", house.organization.id);
    let change = async |body| house.call(Method::PATCH, &path, &staff, Some(&body)).await;
    change(json!({ "limits": { "cats": 1 } })).await.is(422, "VALIDATION_FAILED");
    change(json!({ "features": { "sso": false } })).await.is(422, "VALIDATION_FAILED");
    change(json!({ "suspension_mode": "blocked" })).await.is(422, "VALIDATION_FAILED");
    change(json!({ "plan": "gold" })).await.is(422, "VALIDATION_FAILED");
    change(json!({ "plan": "pro", "seats": 7, "limits": { "exports_per_day": 1, "storage_bytes": -1 } })).await.ok();
    let limits = house.get("/api/organization/limits", &token).await.ok();
    let max = |name: &str| {
        let all = limits.body["limits"].as_array().unwrap();
        all.iter().find(|limit| limit["limit"] == json!(name)).unwrap()["max"].clone()
    };
    assert_eq!((max("seats"), max("exports_per_day")), (json!(7), json!(1)));
    assert_eq!((max("storage_bytes"), max("conversations_per_month")), (json!(null), json!(null)));
    assert_eq!(limits.body["subscription"]["plan"], "pro");
    let stale = house
        .send(
            Method::PATCH,
            &path,
            &[("authorization", &format!("Bearer {staff}")), ("if-match", "\"v9\"")],
            Some(&json!({ "plan": "free" })),
        )
        .await;
    stale.is(412, "PRECONDITION_FAILED");
    change(json!({ "plan": "free" })).await.ok();
    let limits = house.get("/api/organization/limits", &token).await.ok();
    assert_eq!(limits.body["features"]["voice"], false);
    let subject = house.identity.subject_of_token(&token, None).await.unwrap();
    assert!(subject.disabled.contains(kernel::Permission::VOICE_USE));
    change(json!({ "features": { "voice": true } })).await.ok();
    let subject = house.identity.subject_of_token(&token, None).await.unwrap();
    assert!(!subject.disabled.contains(kernel::Permission::VOICE_USE));
    change(json!({ "status": "closing" })).await.ok();
    change(json!({ "status": "suspended" })).await.is(409, "INVALID_TRANSITION");
    change(json!({ "status": "active" })).await.ok();
    let missing = "/api/platform/organizations/01990c5e-8f6a-7000-8000-000000000001";
    house.call(Method::PATCH, missing, &staff, Some(&json!({ "plan": "free" }))).await.is(404, "NOT_FOUND");
}
