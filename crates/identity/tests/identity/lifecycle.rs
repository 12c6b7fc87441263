//! What an organization shows of itself, the states it goes through, and its end.

use crate::harness::{House, unique};
use chrono::Duration;
use http::Method;
use serde_json::{Value, json};

async fn patch(house: &House, token: &str, tag: Option<&str>, body: &Value) -> crate::harness::Answer {
    let bearer = format!("Bearer {token}");
    let mut headers = vec![("authorization", bearer.as_str())];
    headers.extend(tag.map(|tag| ("if-match", tag)));
    house.send(Method::PATCH, "/api/organization", &headers, Some(body)).await
}

async fn suspend(house: &House, mode: Option<&str>) {
    let id = house.organization.id;
    let (status, mode) = match mode {
        Some(mode) => ("suspended", format!("'{mode}'")),
        None => ("active", "null".to_owned()),
    };
    house
        .sql(format!("update organizations set status = '{status}', suspension_mode = {mode} where id = '{id}'"))
        .await;
    house.identity.rights_changed();
}

#[tokio::test]
async fn check_29_one_field_changes_one_field_a_stale_tag_is_412_an_unknown_field_422() {
    let house = House::new().await;
    let admin = house.user("admin").await;
    let token = house.access_token(&admin.email).await;
    let before = house.get("/api/organization", &token).await.ok();
    assert_eq!(before.header("etag"), "\"v1\"");
    patch(&house, &token, None, &json!({ "name": "Outra" })).await.is(428, "PRECONDITION_REQUIRED");
    patch(&house, &token, Some("\"v1\""), &json!({ "nome": "Outra" })).await.is(422, "VALIDATION_FAILED");
    patch(&house, &token, Some("\"v1\""), &json!({ "status": "active" })).await.is(422, "VALIDATION_FAILED");
    let after = patch(&house, &token, Some("\"v1\""), &json!({ "name": " Clínica  Nova " })).await.ok();
    assert_eq!((after.header("etag"), after.text("name").as_str()), ("\"v2\"", "Clínica Nova"));
    for field in ["slug", "kind", "timezone", "default_language", "currency", "country", "status", "created_at"] {
        assert_eq!(after.body[field], before.body[field], "{field}");
    }
    patch(&house, &token, Some("\"v1\""), &json!({ "name": "Zu spät" })).await.is(412, "PRECONDITION_FAILED");
    let nothing = patch(&house, &token, Some("\"v2\""), &json!({ "name": "Clínica Nova" })).await.ok();
    assert_eq!(nothing.header("etag"), "\"v2\"");
    let events = house.events(house.organization.id).await;
    let updated: Vec<_> = events.iter().filter(|(kind, ..)| kind == "organization.updated").collect();
    assert_eq!(updated.len(), 1);
    assert_eq!(updated[0].1["after"], json!({ "name": "Clínica Nova" }));
    let manager = house.user("manager").await;
    let manager = house.access_token(&manager.email).await;
    house.get("/api/organization", &manager).await.ok();
    patch(&house, &manager, Some("\"v2\""), &json!({ "name": "Nossa" })).await.is(403, "PERMISSION_DENIED");
}

#[tokio::test]
async fn every_wrong_field_is_named_and_the_tax_id_is_checked() {
    let house = House::new().await;
    let admin = house.user("admin").await;
    let token = house.access_token(&admin.email).await;
    let wrong = json!({
        "slug": "admin", "name": "x", "kind": "shop", "timezone": "Mars/Olympus", "currency": "real",
        "tax_id": "11.222.333/0001-80", "languages": [], "logo_file_id": null
    });
    let refused = patch(&house, &token, Some("\"v1\""), &wrong).await.is(422, "VALIDATION_FAILED");
    let fields: Vec<_> = refused.body["errors"].as_array().unwrap().iter().map(|e| e["field"].clone()).collect();
    for field in ["slug", "name", "kind", "timezone", "currency", "tax_id", "languages"] {
        assert!(fields.contains(&json!(field)), "{field} in {fields:?}");
    }
    patch(&house, &token, Some("\"v1\""), &json!({ "country": "Brasil" })).await.is(422, "VALIDATION_FAILED");
    let stranger = json!({ "logo_file_id": "01990c5e-8f6a-7000-8000-000000000001" });
    patch(&house, &token, Some("\"v1\""), &stranger).await.is(422, "VALIDATION_FAILED");
    let set =
        patch(&house, &token, Some("\"v1\""), &json!({ "tax_id": "12.ABC.345/01DE-35", "legal_name": "X Ltda" })).await;
    assert_eq!(set.ok().body["tax_id"], "12ABC34501DE35");
    // Not unique: that would tell strangers who is a customer.
    let other = house.other_organization("Clínica Dois").await;
    house.sql(format!("update organizations set tax_id = '12ABC34501DE35' where id = '{}'", other.id)).await;
    let cleared = patch(&house, &token, Some("\"v2\""), &json!({ "tax_id": null, "legal_name": null })).await.ok();
    assert!(cleared.body["tax_id"].is_null() && cleared.body["legal_name"].is_null());
}

#[tokio::test]
async fn a_former_slug_leads_to_the_organization_for_90_days_and_nobody_else_gets_it() {
    let house = House::new().await;
    let admin = house.user("admin").await;
    let token = house.access_token(&admin.email).await;
    let (old, new) = (house.organization.slug.clone(), unique("nova"));
    patch(&house, &token, Some("\"v1\""), &json!({ "slug": new })).await.ok();
    let by = async |name: String| house.identity.organization(&name).await.unwrap().map(|found| found.slug);
    assert_eq!(by(old.clone()).await, Some(new.clone()));
    let signed_in = house
        .post(
            "/api/auth/login",
            &json!({ "email": admin.email, "password": crate::harness::PASSWORD, "organization": old }),
        )
        .await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.body);
    let other = house.other_organization("Clínica Dois").await;
    let their = house.member(&other, &format!("{}@dois.example", unique("ana")), "admin").await;
    let their = house.access_token(&their.email).await;
    patch(&house, &their, Some("\"v1\""), &json!({ "slug": old })).await.is(409, "SLUG_TAKEN");
    patch(&house, &their, Some("\"v1\""), &json!({ "slug": new })).await.is(409, "SLUG_TAKEN");
    // The organization itself may have it back.
    patch(&house, &token, Some("\"v2\""), &json!({ "slug": old })).await.ok();
    patch(&house, &token, Some("\"v3\""), &json!({ "slug": new })).await.ok();
    house.advance(Duration::days(90));
    assert_eq!(by(old.clone()).await, None);
    let their = house.member(&other, &format!("{}@dois.example", unique("eva")), "admin").await;
    let their = house.access_token(&their.email).await;
    patch(&house, &their, Some("\"v1\""), &json!({ "slug": old })).await.ok();
    assert_eq!(by(old.clone()).await, Some(old));
}

#[tokio::test]
async fn a_read_only_organization_is_read_and_nothing_else() {
    let house = House::new().await;
    let (admin, agent) = (house.user("admin").await, house.user("agent").await);
    let token = house.access_token(&admin.email).await;
    suspend(&house, Some("read_only")).await;
    let agents = house.access_token(&agent.email).await;
    house.get("/api/users", &agents).await.ok();
    house.get("/api/organization", &token).await.ok();
    house.get("/api/organization/limits", &token).await.ok();
    patch(&house, &token, Some("\"v1\""), &json!({ "name": "Nova" })).await.is(403, "ORGANIZATION_READ_ONLY");
    let settings = json!({ "mfa.required_for": "all" });
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("if-match", "\"v1\"")];
    house
        .send(Method::PATCH, "/api/organization/settings", &headers, Some(&settings))
        .await
        .is(403, "ORGANIZATION_READ_ONLY");
    let export = house.call(Method::POST, "/api/organization/export", &token, None).await;
    assert_eq!(export.status, 202, "{}", export.body);
}

#[tokio::test]
async fn a_blocked_organization_lets_its_admins_in_to_billing_export_and_audit() {
    let house = House::alone().await;
    let (admin, agent) = (house.user("admin").await, house.user("agent").await);
    let (admins, agents) = (house.access_token(&admin.email).await, house.access_token(&agent.email).await);
    let staff = crate::staff::staff(&house, "platform_admin").await;
    let path = format!("/api/platform/organizations/{}", house.organization.id);
    let blocked = json!({ "status": "suspended", "suspension_mode": "blocked", "status_reason": "abuse" });
    house.call(Method::PATCH, &path, &staff, Some(&blocked)).await.ok();
    // At once, on every node.
    house.get("/api/users", &agents).await.is(401, "AUTH_SESSION_REVOKED");
    house.another_node().get("/api/users", &agents).await.is(401, "AUTH_SESSION_REVOKED");
    house.try_login(&agent.email, crate::harness::PASSWORD).await.is(403, "ORGANIZATION_SUSPENDED");
    house.get("/api/users", &admins).await.is(403, "ORGANIZATION_SUSPENDED");
    house.get("/api/organization/limits", &admins).await.ok();
    assert_eq!(house.get("/api/organization", &admins).await.ok().body["suspension_mode"], "blocked");
    house.login(&admin.email).await;
    let export = house.call(Method::POST, "/api/organization/export", &admins, None).await;
    assert_eq!(export.status, 202, "{}", export.body);
    house.call(Method::POST, "/api/organization/reopen", &admins, None).await.is(409, "INVALID_TRANSITION");
    house.call(Method::PATCH, &path, &staff, Some(&json!({ "status": "active" }))).await.ok();
    house.login(&agent.email).await;
    let kinds: Vec<String> = house.events(house.organization.id).await.into_iter().map(|event| event.0).collect();
    assert_eq!(kinds.iter().filter(|kind| *kind == "organization.status_changed").count(), 2);
    let resumed = house.count("select count(*) from jobs where kind = 'organization.resumed'".to_owned()).await;
    assert_eq!(resumed, 1);
}

#[tokio::test]
async fn closing_needs_a_recent_proof_can_be_canceled_and_makes_a_final_export() {
    let house = House::alone().await;
    let (admin, manager) = (house.user("admin").await, house.user("manager").await);
    let managers = house.access_token(&manager.email).await;
    let close = async |token: &str| {
        house.call(Method::POST, "/api/organization/close", token, Some(&json!({ "reason": "fim" }))).await
    };
    close(&managers).await.is(403, "PERMISSION_DENIED");
    let old = house.access_token(&admin.email).await;
    house.advance(Duration::minutes(11));
    close(&old).await.is(403, "REAUTH_REQUIRED");
    let token = house.access_token(&admin.email).await;
    let closing = close(&token).await.ok();
    assert_eq!((closing.text("status").as_str(), closing.text("status_reason").as_str()), ("closing", "fim"));
    assert!(closing.text("closing_at").starts_with("2026-12-20"));
    close(&token).await.is(409, "INVALID_TRANSITION");
    house.get("/api/users", &managers).await.is(401, "AUTH_SESSION_REVOKED");
    let letters = house.work().await;
    let told: Vec<_> = letters.iter().map(|letter| (letter.to.clone(), letter.data["change"].clone())).collect();
    assert_eq!(told, [(admin.email.clone(), json!("closing")), (admin.email.clone(), json!("export_ready"))]);
    let exports = house.get("/api/organization/exports", &token).await.ok();
    let export = &exports.body["data"][0];
    assert_eq!(export["state"], "ready");
    let content = format!("/api/organization/exports/{}/content", export["id"].as_str().unwrap());
    let (status, archive) = house.send_bytes(Method::GET, &content, &token, Vec::new()).await;
    assert_eq!(status, 200);
    let files = unpacked(&archive);
    let people = files.iter().find(|(name, _)| name == "people.jsonl").unwrap();
    assert!(people.1.contains(&admin.email) && people.1.contains(&manager.email));
    let roles = files.iter().find(|(name, _)| name == "roles.jsonl").unwrap();
    assert_eq!(roles.1.lines().count(), 7);
    for (name, text) in &files {
        assert!(!text.contains("$2b$12$") && !text.contains("token_hash"), "{name}");
    }
    house.call(Method::POST, "/api/organization/reopen", &token, None).await.ok();
    house.login(&manager.email).await;
}

#[tokio::test]
async fn after_30_days_nothing_is_left_but_a_skeleton_and_a_name_that_nobody_gets_for_a_year() {
    let house = House::alone().await;
    let admin = house.user("admin").await;
    let (id, slug) = (house.organization.id, house.organization.slug.clone());
    let token = house.access_token(&admin.email).await;
    let other = house.other_organization("Clínica Dois").await;
    let their = house.member(&other, "eva@dois.example", "admin").await;
    let theirs = house.count(format!("select count(*) from events where organization_id = '{}'", other.id)).await;
    let sealed = house.count(format!("select count(*) from data_keys where organization_id = '{id}'")).await;
    house.call(Method::POST, "/api/organization/close", &token, Some(&json!({}))).await.ok();
    house.work().await;
    due(&house).await;
    let state = async || house.text(format!("select status from organizations where id = '{id}'")).await;
    assert_eq!(state().await, "closing");
    house.advance(Duration::days(30));
    due(&house).await;
    assert_eq!(state().await, "erased");
    assert!(sealed <= 1);
    for table in ["memberships", "roles", "role_assignments", "units", "sessions", "events", "subscriptions", "jobs"] {
        let left = house.count(format!("select count(*) from {table} where organization_id = '{id}'")).await;
        assert_eq!(left, 0, "{table}");
    }
    let keys =
        house.count(format!("select count(*) from data_keys where organization_id = '{id}' and wrapped is not null"));
    assert_eq!(keys.await, 0);
    let skeleton =
        house.text(format!("select concat_ws('|', name, totals) from organizations where id = '{id}'")).await;
    assert!(skeleton.starts_with("Organização apagada|") && skeleton.contains("\"members\": 1"), "{skeleton}");
    assert!(house.identity.organization(&slug).await.unwrap().is_none());
    house.try_login(&admin.email, crate::harness::PASSWORD).await.is(403, "ACCOUNT_DISABLED");
    // Another organization notices nothing, and does not get the name.
    let left = house.count(format!("select count(*) from events where organization_id = '{}'", other.id)).await;
    assert!(left >= theirs);
    let their = house.access_token(&their.email).await;
    patch(&house, &their, Some("\"v1\""), &json!({ "slug": slug })).await.is(409, "SLUG_TAKEN");
    house.advance(Duration::days(365));
    let again = house.access_token("eva@dois.example").await;
    patch(&house, &again, Some("\"v1\""), &json!({ "slug": slug })).await.ok();
}

/// Runs what the schedule of every hour brings.
pub async fn due(house: &House) {
    house
        .sql(format!(
            "insert into jobs (lane, organization_id, kind, payload, run_at, request_id, created_at)
             values (1, '00000000-0000-0000-0000-000000000000', 'identity.organizations_due', 'null', '{0}', 'test', '{0}')",
            house.clock.now().to_rfc3339()
        ))
        .await;
    house.work().await;
}

fn unpacked(archive: &[u8]) -> Vec<(String, String)> {
    use std::io::Read as _;
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(archive));
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        (entry.path().unwrap().display().to_string(), text)
    });
    entries.collect()
}

#[tokio::test]
async fn one_sees_ones_own_organizations_and_no_other() {
    let house = House::new().await;
    let ana = house.user("admin").await;
    let second = house.other_organization("Clínica Dois").await;
    let third = house.other_organization("Clínica Três").await;
    house.member(&second, &ana.email, "agent").await;
    house.member(&third, &format!("{}@tres.example", unique("eva")), "admin").await;
    let token = house.access_token(&ana.email).await;
    let own = house.get("/api/organizations", &token).await.ok();
    let mut slugs: Vec<_> = own.body["data"].as_array().unwrap().iter().map(|one| one["slug"].clone()).collect();
    slugs.sort_by_key(|slug| slug.as_str().unwrap().to_owned());
    let mut expected = vec![json!(house.organization.slug), json!(second.slug)];
    expected.sort_by_key(|slug| slug.as_str().unwrap().to_owned());
    assert_eq!(slugs, expected);
}

/// The archive shows everything as it is: who sees some of it masked gets none of it.
#[tokio::test]
async fn check_21_an_archive_is_not_for_those_who_see_masks() {
    let house = House::new().await;
    let admin = house.access_token(&house.user("admin").await.email).await;
    let closer = house.user("user").await;
    let token = house.access_token(&closer.email).await;
    let role = crate::roles::role(&house, &admin, &["organization.close"]).await;
    let whole = json!({ "scope_type": "organization" });
    assert_eq!(crate::roles::assign(&house, &admin, &role.text("id"), closer.user_id, whole).await.status, 201);
    let asked = async |token: &str| house.call(Method::POST, "/api/organization/export", token, None).await;
    let more = async |permissions: &[&str]| {
        let path = format!("/api/roles/{}", role.text("id"));
        let tag = house.get(&path, &admin).await.ok().header("etag").to_owned();
        let headers = [("authorization", &*format!("Bearer {admin}")), ("if-match", &tag)];
        house.send(Method::PATCH, &path, &headers, Some(&json!({ "permissions": permissions }))).await.ok();
    };
    let all = ["organization.close", "contacts.view_pii", "contacts.view_clinical", "costs.view"];
    for held in 1..all.len() {
        more(&all[..held]).await;
        let refused = asked(&token).await.is(403, "PERMISSION_DENIED");
        assert_eq!(refused.body["required"], all[held]);
    }
    more(&all).await;
    let made = asked(&token).await;
    assert_eq!(made.status, 202, "{}", made.body);
    // Nor one that somebody else asked for.
    more(&all[..3]).await;
    let content = format!("/api/organization/exports/{}/content", made.text("id"));
    house.get(&content, &token).await.is(403, "PERMISSION_DENIED");
    house.get(&content, &admin).await.is(409, "EXPORT_NOT_READY");
}
