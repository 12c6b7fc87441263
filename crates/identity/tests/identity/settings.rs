//! Settings: keys, layers, versions.

use crate::harness::{Answer, House};
use http::Method;
use identity::settings::{KEYS, MfaRequirement, RegistrationMode, effective, set_platform_setting};
use serde_json::{Value, json};

async fn patch(house: &House, token: &str, tag: Option<&str>, body: &Value) -> Answer {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("authorization", bearer.as_str())];
    headers.extend(tag.map(|tag| ("if-match", tag)));
    house.send(Method::PATCH, "/api/organization/settings", &headers, Some(body)).await
}

fn setting(answer: &Answer, key: &str) -> (Value, String) {
    let all = answer.body["settings"].as_array().unwrap();
    let found = all.iter().find(|setting| setting["key"] == json!(key)).unwrap();
    (found["value"].clone(), found["source"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn check_29_an_unknown_key_is_422_and_a_stale_tag_412() {
    let house = House::new().await;
    let admin = house.user("admin").await;
    let token = house.access_token(&admin.email).await;
    let before = house.get("/api/organization/settings", &token).await.ok();
    assert_eq!(before.header("etag"), "\"v1\"");
    assert_eq!(before.body["settings"].as_array().unwrap().len(), KEYS.len());
    patch(&house, &token, None, &json!({})).await.is(428, "PRECONDITION_REQUIRED");
    let wrong = json!({
        "session.idle": 5, "session.idle_minutes": 14, "sign_in.methods": [], "registration.mode": "wide", "audit.log_reads": 1
    });
    let refused = patch(&house, &token, Some("\"v1\""), &wrong).await.is(422, "VALIDATION_FAILED");
    let mut codes: Vec<_> =
        refused.body["errors"].as_array().unwrap().iter().map(|e| format!("{} {}", e["field"], e["code"])).collect();
    codes.sort();
    assert_eq!(codes.len(), 5, "{codes:?}");
    assert!(codes.contains(&"\"session.idle\" \"UNKNOWN_FIELD\"".to_owned()), "{codes:?}");
    let change = json!({ "session.idle_minutes": 480, "mfa.required_for": "admins" });
    let after = patch(&house, &token, Some("\"v1\""), &change).await.ok();
    assert_eq!(after.header("etag"), "\"v2\"");
    assert_eq!(setting(&after, "session.idle_minutes"), (json!(480), "organization".to_owned()));
    assert_eq!(setting(&after, "session.max_days"), (json!(30), "default".to_owned()));
    patch(&house, &token, Some("\"v1\""), &json!({})).await.is(412, "PRECONDITION_FAILED");
    // What is as it was makes no version.
    assert_eq!(patch(&house, &token, Some("\"v2\""), &change).await.ok().header("etag"), "\"v2\"");
    let back = patch(&house, &token, Some("\"v2\""), &json!({ "session.idle_minutes": null })).await.ok();
    assert_eq!(setting(&back, "session.idle_minutes"), (json!(10_080), "default".to_owned()));
    let events = house.events(house.organization.id).await;
    let changed: Vec<_> =
        events.iter().filter(|(kind, ..)| kind == "organization.settings_changed").map(|event| &event.1).collect();
    assert_eq!(changed.len(), 2);
    assert_eq!(changed[1]["before"], json!({ "session.idle_minutes": 480 }));
    assert_eq!(changed[1]["after"], json!({ "session.idle_minutes": null }));
    let manager = house.user("manager").await;
    let manager = house.access_token(&manager.email).await;
    house.get("/api/organization/settings", &manager).await.ok();
    patch(&house, &manager, Some("\"v3\""), &json!({})).await.is(403, "PERMISSION_DENIED");
}

#[tokio::test]
async fn a_value_comes_from_the_organization_else_its_plan_else_the_platform_else_the_document() {
    let house = House::alone().await;
    let admin = house.user("admin").await;
    let token = house.access_token(&admin.email).await;
    let key = "password.min_length";
    let now = async || {
        let answer = house.get("/api/organization/settings", &token).await.ok();
        setting(&answer, key)
    };
    let set = async |plan: Option<&'static str>, value: Option<Value>| {
        set_platform_setting(&house.identity, plan, key, value.as_ref()).await
    };
    assert_eq!(now().await, (json!(10), "default".to_owned()));
    set(None, Some(json!(12))).await.unwrap();
    assert_eq!(now().await, (json!(12), "platform".to_owned()));
    set(Some("free"), Some(json!(9))).await.unwrap();
    assert_eq!(now().await, (json!(12), "platform".to_owned()));
    set(Some("enterprise"), Some(json!(14))).await.unwrap();
    assert_eq!(now().await, (json!(14), "plan".to_owned()));
    patch(&house, &token, Some("\"v1\""), &json!({ key: 16 })).await.ok();
    assert_eq!(now().await, (json!(16), "organization".to_owned()));
    patch(&house, &token, Some("\"v2\""), &json!({ key: null })).await.ok();
    set(Some("enterprise"), None).await.unwrap();
    set(None, None).await.unwrap();
    assert_eq!(now().await, (json!(10), "default".to_owned()));
    assert_eq!(set(None, Some(json!(7))).await.unwrap_err().code(), "VALIDATION_FAILED");
    assert_eq!(set(Some("gold"), Some(json!(12))).await.unwrap_err().code(), "VALIDATION_FAILED");
}

#[tokio::test]
async fn the_product_reads_typed_values_and_a_stored_one_that_no_longer_fits_is_left_out() {
    let house = House::new().await;
    let id = house.organization.id;
    house
        .sql(format!(
            "insert into organization_settings (organization_id, given, updated_at) values ('{id}',
               '{{\"registration.mode\": \"domain\", \"mfa.required_for\": \"everybody\", \"session.max_days\": 900, \"old.key\": 1}}', now())"
        ))
        .await;
    let mut tx = house.db.tenant(id).await.unwrap();
    let settings = effective(&mut tx).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(settings.registration_mode, RegistrationMode::Domain);
    assert_eq!((settings.mfa_required_for, settings.session_max_days), (MfaRequirement::None, 30));
}

#[tokio::test]
async fn strangers_never_get_a_role_that_acts_on_the_organization() {
    let house = House::new().await;
    let admin = house.user("admin").await;
    let token = house.access_token(&admin.email).await;
    let role =
        async |name: &str| patch(&house, &token, Some("\"v1\""), &json!({ "registration.default_role": name })).await;
    for (name, code) in [("admin", "ROLE_TOO_POWERFUL"), ("manager", "ROLE_TOO_POWERFUL"), ("wizard", "ROLE_UNKNOWN")] {
        let refused = role(name).await.is(422, "VALIDATION_FAILED");
        assert_eq!(refused.body["errors"][0]["code"], code, "{name}");
    }
    let bearer = format!("Bearer {token}");
    for (tag, name) in [("\"v1\"", "agent"), ("\"v2\"", "user")] {
        let headers = [("authorization", bearer.as_str()), ("if-match", tag)];
        let body = json!({ "registration.default_role": name });
        house.send(Method::PATCH, "/api/organization/settings", &headers, Some(&body)).await.ok();
    }
}
